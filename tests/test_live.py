"""From the bytes of a frame to what the browser draws, without a browser."""

import io
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from synthetic import face_shape

from helpers.filters import filter_names, load_filter, wear
from helpers.filters.files import GALLERY
from helpers.filters.hang import Sheet
from helpers.filters.layers import lay_over
from helpers.people import View, draw_person, sample_person
from helpers.pictures import encode
from helpers.video import Tracked
from helpers.widgets.live import answer, decode, draw_answer, live

FRAME = np.full((120, 160, 3), 90, np.uint8)


def face(x=80.0, y=60.0, size=80.0):
    return face_shape() * size + (x, y)


def test_the_step_sees_the_frame_and_its_landmarks_come_back():
    seen = []

    def step(image):
        seen.append(image)
        return [face(), face(x=50)]

    frame = np.zeros((120, 160, 3), np.uint8)
    frame[:, 80:] = (250, 30, 30)
    found = answer(encode(frame), step)
    assert seen[0].dtype == np.uint8 and np.abs(seen[0].astype(int) - frame).mean() < 3
    back = np.reshape(found["landmarks"], (2, 68, 2))
    assert np.abs(back - [face(), face(x=50)]).max() < 0.01
    assert found["worn"] == {}


def test_an_answer_can_be_sent_as_it_is_and_says_what_each_stage_took():
    filters = [load_filter(name) for name in filter_names()]
    found = answer(encode(FRAME), lambda image: np.float32([face()]), filters)
    assert json.loads(json.dumps(found)) == found
    assert list(found["worn"]) == filter_names() and all(found["worn"].values())
    assert found["milliseconds"].keys() == {"decode", "step", "hang"}
    assert min(found["milliseconds"].values()) >= 0


@pytest.mark.parametrize("nobody", [[], np.zeros((0, 68, 2), np.float32)])
def test_a_frame_without_a_face_has_an_empty_answer(nobody):
    found = answer(encode(FRAME), lambda image: nobody, [load_filter("dog")])
    assert found["landmarks"] == [] and found["worn"] == {"dog": []}


@pytest.mark.parametrize(
    "frame", [b"", b"no picture", encode(FRAME)[:40]], ids=["none", "text", "cut"]
)
def test_bytes_that_are_no_picture_are_refused(frame):
    with pytest.raises(ValueError, match=f"{len(frame)} bytes arrived that is no picture"):
        decode(frame)


@pytest.mark.parametrize(
    "wrong", [face()[:67], face().T, face() * np.nan, np.zeros(68), None, Tracked(1, face(), 1.0)]
)
def test_a_step_that_gives_no_landmarks_is_told_what_it_has_to_give(wrong):
    with pytest.raises(ValueError, match=r"`step` has to give landmarks \[68, 2\] for each face"):
        answer(encode(FRAME), lambda image: [wrong])


def test_a_step_that_forgets_to_return_is_told_so():
    with pytest.raises(ValueError, match=r"`step` has to give landmarks .*, not NoneType\.$"):
        answer(encode(FRAME), lambda image: None)


def test_two_ways_to_draw_of_one_name_are_refused():
    glasses = load_filter("glasses")
    for filters in ([glasses, glasses], [replace(glasses, name="points")]):
        with pytest.raises(ValueError, match="Two ways to draw are named"):
            live(lambda image: [face()], filters)


@pytest.mark.parametrize("view", [View(mouth_open=1), View(yaw=40, roll=45, mouth_open=0.3)])
@pytest.mark.parametrize("name", filter_names())
def test_the_sheets_of_an_answer_are_what_python_draws(name, view):
    """They are triangles with an affine map each, also where Python draws in perspective."""
    person = sample_person(np.random.default_rng(4))
    picture, landmarks = draw_person(person, view, shape=(360, 480), face_width=150)
    filter_, drawn = load_filter(name), picture.copy()
    for one in answer(encode(picture), lambda image: [landmarks], [filter_])["worn"][name]:
        source, target = (np.reshape(one[key], (-1, 2)) for key in ("source", "target"))
        sheet = Sheet(source, target, np.reshape(one["triangles"], (-1, 3)))
        lay_over(drawn, filter_.pieces[one["piece"]], sheet, one["opacity"])
    expected = wear(picture, landmarks, filter_)
    there = (expected != picture).any(2)
    assert there.sum() > 500
    assert np.abs(drawn.astype(int) - expected)[there].mean() < 4
    assert (there ^ (drawn != picture).any(2)).sum() < 0.05 * there.sum()


def test_a_frame_without_a_widget_wears_landmarks_or_a_filter():
    found = answer(encode(FRAME), lambda image: [face()])
    assert (draw_answer(FRAME, found) != FRAME).any()
    hat = load_filter("hat")
    there = np.array([face()]).round(2)
    assert (draw_answer(FRAME, found, hat) == wear(FRAME, there, hat)).all()


def test_the_outlines_touch_every_landmark():
    outlines = live(lambda image: []).outlines
    assert {index for line in outlines for index in line["points"]} == set(range(68))


def sent_by(widget, monkeypatch, content, buffers):
    """What the widget answers to a message from the browser."""
    sent = []
    monkeypatch.setattr(type(widget), "send", lambda self, content: sent.append(content))
    widget._handle_custom_msg(content, buffers)
    return sent


def test_the_widget_answers_a_frame_to_the_view_that_sent_it(monkeypatch):
    widget = live(lambda image: [face()])
    asked = {"frame": 7, "view": "a"}
    frame = memoryview(encode(FRAME))
    (found,) = sent_by(widget, monkeypatch, asked, [frame])
    assert (found["frame"], found["view"]) == (7, "a")
    assert np.shape(found["landmarks"]) == (1, 136)


@pytest.mark.parametrize("buffers", [[], [b"no picture"]])
def test_a_frame_that_cannot_be_used_is_told_in_the_widget(monkeypatch, buffers):
    (found,) = sent_by(live(lambda image: []), monkeypatch, {"frame": 1, "view": "a"}, buffers)
    assert "no picture" in found["error"] and found["frame"] == 1


def test_only_the_filter_that_is_chosen_travels_with_a_frame(monkeypatch):
    widget = live(lambda image: [face()], [load_filter("hat"), load_filter("dog")], still=FRAME)
    assert list(widget.artwork) == ["hat", "dog"] == list(widget.still_answer["worn"])
    for way, expected in (("dog", ["dog"]), ("points", [])):
        asked = {"frame": 1, "view": "a", "way": way}
        (found,) = sent_by(widget, monkeypatch, asked, [encode(FRAME)])
        assert list(found["worn"]) == expected


def test_the_browser_gets_each_piece_with_its_own_colours():
    dog = load_filter("dog")
    sent = live(lambda image: [], dog).artwork["dog"]
    assert len(sent) == len(dog.pieces)
    with Image.open(GALLERY / "dog_nose.png") as opened:
        own = np.asarray(opened.convert("RGBA")).astype(int)
    got = np.asarray(Image.open(io.BytesIO(sent[-1]))).astype(int)
    solid = own[..., 3] > 128
    assert (got[..., 3] == own[..., 3]).all() and np.abs(got - own)[solid].max() <= 2


def test_a_step_that_fails_later_is_told_in_the_widget(monkeypatch):
    calls = []

    def step(image):
        calls.append(image)
        return [] if len(calls) == 1 else 1 / 0

    (found,) = sent_by(live(step), monkeypatch, {"frame": 1, "view": "a"}, [encode(FRAME)])
    assert found["error"] == "ZeroDivisionError: division by zero"


def test_where_no_widget_can_be_shown_a_still_picture_with_landmarks_takes_its_place():
    widget = live(lambda image: [face()], still=FRAME)
    data, _ = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert " at 0x" not in data["text/plain"]
    page = decode(data["image/jpeg"])
    drawn = page[:, : FRAME.shape[1]]
    assert page.shape[1] == 960
    assert drawn.shape == FRAME.shape and np.abs(drawn.astype(int) - FRAME).max() > 60


def test_on_colab_the_widget_is_all_there_is_to_choose_from(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", io)
    data, _ = live(lambda image: [face()], still=FRAME)._repr_mimebundle_()
    assert not [kind for kind in data if kind.startswith("image/")]


def test_the_widget_says_where_the_pictures_go(monkeypatch):
    assert "this notebook's kernel and nowhere else" in live(lambda image: []).promise
    monkeypatch.setitem(sys.modules, "google.colab", io)
    assert "a machine of Google's" in live(lambda image: []).promise


def test_settings_that_no_camera_has_are_refused():
    with pytest.raises(ValueError, match="'user' or 'environment', not 'back'"):
        live(lambda image: [], camera="back")
    with pytest.raises(ValueError, match="64 to 1920 pixels wide, not 8"):
        live(lambda image: [], width=8)
