"""Labels in the making, and what the editor answers to the browser, without one."""

import io
import json
import re
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from helpers.annotations import read_faces, read_image
from helpers.boxes import box_of
from helpers.formats import dlib
from helpers.landmarks import IBUG, MIRROR, NO_PARTNER, Scheme, load_scheme
from helpers.metrics import nme
from helpers.pictures import read_photograph
from helpers.widgets.editor import Editor, described, pictures_of
from helpers.widgets.labels import (
    Labels,
    Photograph,
    after,
    fitted,
    mark,
    mean_shape,
)
from helpers.widgets.live import decode

NAMES = ["right eye", "left eye", "nose"]
MINE = Scheme("mine", tuple(NAMES), (1, 0, 2))
PLACES = np.array([(15.0, 12.0), (25.0, 12.0), (20.0, 18.25)])


@pytest.fixture
def pictures(tmp_path):
    """Three pictures of 40 x 30 pixels in a folder with a space in its name."""
    folder = tmp_path / "my faces"
    folder.mkdir()
    for k in range(3):
        Image.new("RGB", (40, 30), (60 + k, 60, 60)).save(folder / f"Grüße & {k}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "labels.xml"


@pytest.fixture
def labels(file, pictures):
    return Labels(file, pictures, NAMES)


def place(labels, at=0, points=PLACES, face=0):
    for number, (x, y) in enumerate(points):
        labels.step(at, {"do": "place", "face": face, "points": {str(number): [x, y]}})


def on_disk(file):
    """For each picture in the file the points of its faces, by name."""
    return {
        image.get("file"): [
            {p.get("name"): (float(p.get("x")), float(p.get("y"))) for p in box.findall("part")}
            for box in image.findall("box")
        ]
        for image in ElementTree.parse(file).iterfind("images/image")
    }


def named(points):
    return {name: tuple(place) for name, place in zip(NAMES, points, strict=True)}


def test_each_step_is_on_disk_as_soon_as_it_is_made(labels, file):
    for number, (x, y) in enumerate(PLACES):
        labels.step(0, {"do": "place", "face": 0, "points": {number: [x, y]}})
        ((face,),) = on_disk(file).values()
        assert face == dict(list(named(PLACES).items())[: number + 1])
    assert list(on_disk(file)) == ["my faces/Grüße & 0.png"]


def test_undo_takes_steps_back_one_by_one_and_redo_makes_them_again(labels, file):
    place(labels)
    states = [on_disk(file)]
    while labels.steps(0)[0]:
        labels.step(0, {"do": "undo"})
        states.append(on_disk(file))
    assert states[-1] == {} and len(states) == 4
    for state in states[-2::-1]:
        labels.step(0, {"do": "redo"})
        assert on_disk(file) == state
    labels.step(0, {"do": "redo"})  # nothing is left to do again
    assert on_disk(file) == states[0]


def test_a_new_step_after_an_undo_forgets_what_was_undone(labels):
    place(labels)
    labels.step(0, {"do": "undo"})
    labels.step(0, {"do": "place", "face": 0, "points": {2: [1, 1]}})
    assert labels.steps(0) == (3, 0)
    labels.step(0, {"do": "redo"})
    assert labels.marks(0)[0].points[2].tolist() == [1, 1]


def test_each_picture_has_steps_of_its_own(labels):
    place(labels, 0)
    place(labels, 1, PLACES + 1)
    labels.step(0, {"do": "undo"})
    assert labels.steps(0) == (2, 1) and labels.steps(1) == (3, 0)
    assert np.array_equal(labels.marks(1)[0].points, PLACES + 1)


def test_steps_of_one_gesture_are_undone_together(labels):
    place(labels)
    for x in (16, 17, 18):
        event = {"do": "place", "face": 0, "points": {0: [x, 12]}, "gesture": "a"}
        labels.step(0, event)
    labels.step(0, event | {"gesture": "b", "points": {0: [19, 12]}})
    labels.step(0, {"do": "undo"})
    assert labels.marks(0)[0].points[0].tolist() == [18, 12]
    labels.step(0, {"do": "undo"})
    assert labels.marks(0)[0].points[0].tolist() == [15, 12]


def test_a_gesture_after_an_undo_is_a_step_again(labels):
    place(labels)
    event = {"do": "place", "face": 0, "points": {0: [16, 12]}, "gesture": "a"}
    labels.step(0, event)
    labels.step(0, {"do": "undo"})
    labels.step(0, event)
    assert labels.steps(0) == (4, 0)


def test_a_hidden_point_is_left_out_and_keeps_its_place_for_later(labels, file):
    place(labels)
    labels.step(0, {"do": "hide", "face": 0, "points": [1]})
    ((face,),) = on_disk(file).values()
    assert face.keys() == {"right eye", "nose"}
    labels.step(0, {"do": "hide", "face": 0, "points": [1], "hidden": False})
    ((face,),) = on_disk(file).values()
    assert face == named(PLACES)


def test_a_hidden_point_that_is_placed_is_hidden_no_more(labels, file):
    place(labels)
    labels.step(0, {"do": "hide", "face": 0, "points": [1]})
    labels.step(0, {"do": "place", "face": 0, "points": {1: [26, 13]}})
    ((face,),) = on_disk(file).values()
    assert face["left eye"] == (26, 13)


def test_another_session_goes_on_from_the_file(labels, file, pictures):
    place(labels)
    place(labels, 1, PLACES + 2)
    labels.step(1, {"do": "hide", "face": 0, "points": [2]})
    labels.step(0, {"do": "box", "face": 0, "box": [5, 4, 28, 24]})
    before = on_disk(file)
    again = Labels(file, pictures, NAMES)
    assert again.labelled == 2 and again.marks(2) is None
    assert again.marks(0)[0].box == (5, 4, 28, 24)
    assert np.isnan(again.marks(1)[0].points[2]).all()
    again.step(1, {"do": "place", "face": 0, "points": {2: [9, 9]}})
    before["my faces/Grüße & 1.png"][0]["nose"] = (9, 9)
    assert on_disk(file) == before


def test_that_nobody_is_on_a_picture_is_kept_too(labels, file, pictures):
    place(labels)
    labels.step(0, {"do": "remove", "face": 0})
    assert on_disk(file) == {"my faces/Grüße & 0.png": []}
    assert Labels(file, pictures, NAMES).marks(0) == ()


def test_a_guess_is_on_disk_once_it_is_kept_or_changed_and_not_before(labels, file):
    labels.suggest(0, [mark(PLACES, (5, 4, 28, 24)), mark(PLACES + 3)])
    assert len(labels.marks(0)) == 2 and not file.exists()
    labels.step(0, {"do": "place", "face": 0, "points": {0: [14, 12]}})
    assert len(on_disk(file)["my faces/Grüße & 0.png"]) == 1
    labels.step(0, {"do": "keep"})
    assert len(on_disk(file)["my faces/Grüße & 0.png"]) == 2
    labels.step(0, {"do": "undo"})
    labels.step(0, {"do": "undo"})
    assert on_disk(file) == {} and labels.marks(0)[0].guess


def test_a_guess_never_replaces_what_is_known(labels):
    place(labels)
    labels.suggest(0, [mark(PLACES + 5)])
    assert np.array_equal(labels.marks(0)[0].points, PLACES)


def test_what_the_file_says_of_other_pictures_stays_as_it_is(labels, file, pictures):
    place(labels)
    place(labels, 1)
    entry = "<image file='elsewhere.jpg'><box top='1' left='2' width='3' height='4' pose='9'/>"
    text = file.read_text("utf-8").replace("</images>", f"{entry}</image></images>")
    file.write_text(text.replace("landmarks</name>", "mine &amp; yours</name>"), "utf-8")
    one = Labels(file, pictures[:1], NAMES)
    one.step(0, {"do": "place", "face": 0, "points": {0: [1, 2]}})
    root = ElementTree.parse(file).getroot()
    assert root.findtext("name") == "mine & yours"
    assert root.find("images/image[@file='elsewhere.jpg']/box").get("pose") == "9"
    assert on_disk(file)["my faces/Grüße & 1.png"] == [named(PLACES)]


def test_what_the_file_says_of_a_box_besides_stays(file, pictures):
    file.write_text(
        "<dataset><images><image file='my faces\\Grüße &amp; 0.png'>"
        "<box top='4' left='5' width='28' height='24' ignore='1'/></image></images></dataset>",
        "utf-8",
    )
    labels = Labels(file, pictures, NAMES)
    place(labels)
    box = ElementTree.parse(file).find("images/image/box")
    assert box.get("ignore") == "1" and len(box.findall("part")) == 3


def test_a_step_leaves_what_the_file_says_besides_of_picture_and_points(file, pictures):
    """A part that dlib's file calls hidden keeps its place and the mark, also when it is moved."""
    file.write_text(
        "<dataset><images>"
        "<image file='my faces/Grüße &amp; 0.png' width='40' height='30' by='Ann &amp; Bo'>"
        "<box top='4' left='5' width='28' height='24' pose='9'>"
        "<part name='right eye' x='15' y='12' hidden='1'/>"
        "<part name='left eye' x='25' y='12' hidden='1' sure='no'/>"
        "<part name='nose' x='20' y='18'/></box></image></images></dataset>",
        "utf-8",
    )
    labels = Labels(file, pictures, NAMES)
    assert not labels.marks(0)[0].hidden.any()
    labels.step(0, {"do": "place", "face": 0, "points": {0: [16, 13], 2: [21, 19]}})
    [image] = ElementTree.parse(file).findall("images/image")
    assert image.get("by") == "Ann & Bo" and image.find("box").get("pose") == "9"
    assert [dict(part.attrib) for part in image.iter("part")] == [
        {"name": "right eye", "x": "16.00", "y": "13.00", "hidden": "1"},
        {"name": "left eye", "x": "25.00", "y": "12.00", "hidden": "1", "sure": "no"},
        {"name": "nose", "x": "21.00", "y": "19.00"},
    ]
    assert dlib.read(file).entries[0].hidden.tolist() == [True, True, False]


def test_a_face_to_be_ignored_may_have_a_part_without_a_place(file, pictures):
    file.write_text(
        "<dataset><images><image file='my faces/Grüße &amp; 0.png'>"
        "<box top='4' left='5' width='28' height='24' ignore='1'><part name='' x='' y=''/>"
        "<part name='nose' x='9' y='8'/></box></image></images></dataset>",
        "utf-8",
    )
    labels = Labels(file, pictures, NAMES)
    labels.step(0, {"do": "place", "face": 0, "points": {0: [5, 6]}})
    ((face,),) = on_disk(file).values()
    assert face == {"right eye": (5, 6), "nose": (9, 8)}


def test_a_number_that_a_face_has_in_two_spellings_is_refused(file, pictures):
    file.write_text(
        "<dataset><images><image file='my faces/Grüße &amp; 0.png'>"
        "<box top='4' left='5' width='28' height='24'><part name='7' x='9' y='8'/>"
        "<part name='07' x='5' y='6'/></box></image></images></dataset>",
        "utf-8",
    )
    with pytest.raises(ValueError, match=r"0\.png has 2 points, not 1: 07 is there twice\."):
        Labels(file, pictures, [f"{k:02d}" for k in range(68)])


def test_an_xml_file_of_another_kind_is_refused_and_stays(file, pictures):
    text = "<annotations><image id='0' name='a.jpg'/></annotations>"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="begins with <annotations>, not with dlib's <dataset>"):
        Labels(file, pictures, NAMES)
    assert file.read_text("utf-8") == text


def test_a_file_of_imglab_whose_header_names_the_wrong_encoding_is_gone_on_with(file, pictures):
    """Its bytes are UTF-8 whatever the header says; and it puts a label into a box."""
    file.write_text(
        "<?xml version='1.0' encoding='ISO-8859-1'?><dataset><images>"
        "<image file='my faces/Grüße &amp; 0.png'><box top='1' left='2' width='30' height='40'>"
        "<label>a &amp; b</label><part name='nose' x='9' y='12'/></box></image></images></dataset>",
        "utf-8",
    )
    labels = Labels(file, pictures, NAMES)
    assert labels.labelled == 1
    labels.step(0, {"do": "place", "face": 0, "points": {0: [5, 6]}})
    [image] = ElementTree.parse(file).findall("images/image")
    assert image.findtext("box/label") == "a & b" and len(image.findall("box/part")) == 2


def test_a_file_that_another_program_has_changed_is_not_overwritten(labels, file):
    place(labels)
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"labels\.xml: another program has changed it"):
        place(labels)
    assert file.read_bytes() == before


def test_a_step_that_could_not_be_written_is_written_with_the_next(labels, file, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    place(labels)
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(OSError, match=r"labels\.xml: could not be written \(No space"):
            labels.step(0, {"do": "place", "face": 0, "points": {0: [1, 2]}})
    assert "No space" in labels.unsaved
    labels.step(0, {"do": "place", "face": 0, "points": {1: [3, 4]}})
    assert not labels.unsaved
    ((face,),) = on_disk(file).values()
    assert face == named(PLACES) | {"right eye": (1, 2), "left eye": (3, 4)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<dataset>", "not a label file that can be read"),
        ("<part name='chin' x='1' y='2'/>", "a point 'chin', which is none of the 3"),
        ("<part name='nose' x='one' y='2'/>", "text or nothing where a number belongs"),
        ("<part name='nose' x='nan' y='2'/>", "not finite"),
        ("<part name='nose' x='1' y='2'/>" * 2, "2 points, not 1: nose is there twice"),
    ],
)
def test_a_file_that_cannot_be_taken_over_whole_is_refused_by_name(file, pictures, text, told):
    if text.startswith("<part"):
        text = (
            "<dataset><images><image file='my faces/Grüße &amp; 0.png'>"
            f"<box top='1' left='2' width='3' height='4'>{text}</box></image></images></dataset>"
        )
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=rf"labels\.xml.*{told}"):
        Labels(file, pictures, NAMES)
    assert file.read_text("utf-8") == text


@pytest.mark.parametrize(
    "event",
    [
        {"do": "fly", "face": 0},
        {"do": "place", "face": 5, "points": {0: [1, 2]}},
        {"do": "place", "face": 0, "points": {3: [1, 2]}},
        {"do": "place", "face": 0, "points": {0: [1, float("nan")]}},
        {"do": "hide", "face": 0, "points": [-1]},
        {"do": "box", "face": 0, "box": [1, 2, 3]},
        {"do": "box", "face": -1, "box": [1, 2, 3, 4]},
        {},
    ],
)
def test_a_step_that_there_is_not_is_refused_and_changes_nothing(labels, file, event):
    place(labels)
    before = file.read_bytes()
    with pytest.raises(ValueError):
        labels.step(0, event)
    assert file.read_bytes() == before and labels.steps(0) == (3, 0)


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_points_on_an_upright_picture_are_on_disk_where_they_are_in_the_stored_one(
    tmp_path, orientation, kind
):
    path = tmp_path / f"phone.{kind}"
    picture = np.zeros((30, 40, 3), np.uint8)
    picture[7, 31] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture).save(path, exif=exif)
    labels = Labels(tmp_path / "labels.xml", [path], NAMES[:1])
    photograph = labels.photographs[0]
    shown = photograph.pixels()
    assert shown.shape[1::-1] == photograph.size
    (y, x) = np.argwhere(shown[..., 0])[0]
    labels.step(0, {"do": "place", "face": 0, "points": {0: [int(x), int(y)]}})
    labels.step(0, {"do": "box", "face": 0, "box": [int(x) - 1, int(y) - 1, 4, 3]})
    image = ElementTree.parse(labels.file).find("images/image")
    part, box = image.find("box/part"), image.find("box")
    stored = read_image(path)  # which is how whoever learns from the file sees it
    ((row, column),) = np.argwhere(stored[..., 0])
    assert (float(part.get("x")), float(part.get("y"))) == (column, row)
    assert (int(image.get("width")), int(image.get("height"))) == stored.shape[1::-1]
    left, top, width, height = (int(box.get(s)) for s in ("left", "top", "width", "height"))
    assert left <= column < left + width and top <= row < top + height and width * height == 12
    again = Labels(labels.file, [path], NAMES[:1]).marks(0)[0]
    assert again.points[0].tolist() == [x, y]
    assert again.box == (x - 1, y - 1, 4, 3)
    if kind == "tiff" or orientation in (1, 3, 6, 8):  # a mirror image would swap right and left
        assert np.array_equal(shown, read_photograph(path))
    if kind == "png":
        assert (column, row) == (31, 7)


def test_a_point_comes_back_to_the_last_digit(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    points = np.random.default_rng(0).integers(-(10**6), 10**6, (500, 2)) / 100
    names = [f"point {k}" for k in range(500)]
    labels = Labels(tmp_path / "labels.xml", [tmp_path / "a.png"], names)
    labels.change(0, [mark(points, (0, 0, 10, 10))])
    again = Labels(tmp_path / "labels.xml", [tmp_path / "a.png"], names).marks(0)[0]
    assert np.array_equal(again.points, points)


def test_the_box_follows_the_points_until_it_is_drawn():
    left, top, width, height = box_of(PLACES)
    assert (np.array([left, top]) < PLACES).all()
    assert (PLACES < np.array([left + width, top + height])).all()
    (face,) = after([mark(PLACES)], {"do": "box", "face": 0, "box": [1, 2, 30, 20]}, 3)
    assert face.box == (1, 2, 30, 20)


@pytest.mark.parametrize("name", ["5", "51", "68"])
@pytest.mark.parametrize("degrees", [0, 25])
def test_points_of_which_few_are_there_have_the_box_of_their_scheme(name, degrees):
    scheme = load_scheme(name)
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = 200 * np.array(scheme.shape) @ rotation + (320, 240)
    expected = (320 - 99.5, 240 - 99.5, 200, 200)
    eyes = np.full_like(points, np.nan)
    for one, other in [scheme.normaliser]:
        eyes[[*one, *other]] = points[[*one, *other]]
    assert box_of(eyes, scheme) == pytest.approx(expected, abs=1)
    if not scheme.box:
        assert box_of(points, scheme) == pytest.approx(expected, abs=1)
    two = replace(
        load_scheme("5"),
        points=("a", "b"),
        mirror=(1, 0),
        parts={},
        colours={},
        lines=(),
        normaliser=None,
        level=None,
        shape=((-0.2, -0.2), (0.2, -0.2)),
    )
    assert box_of(np.array([(280.0, 200.0), (360.0, 200.0)]), two) == pytest.approx(expected, abs=1)


def test_a_mean_face_is_fitted_whichever_way_a_face_is_turned():
    turned = 3 * PLACES @ [[0, 1], [-1, 0]] + (70, 8)
    assert np.allclose(fitted(PLACES, turned), turned)
    missing = np.where([[True], [True], [False]], turned, np.nan)
    assert np.allclose(fitted(PLACES, missing), turned)  # where the missing one would be
    assert fitted(PLACES, np.full((3, 2), np.nan)) is None


def test_the_mean_of_faces_makes_do_with_the_points_that_each_has():
    missing = PLACES.copy()
    missing[2] = np.nan
    wide = PLACES * 2 + (0, 5)
    assert np.allclose(mean_shape([missing, wide]), wide)
    assert mean_shape([]) is None


def test_the_first_guess_lies_in_a_box_as_the_labelled_faces_lie_in_theirs(pictures, file):
    editor, box = Editor(pictures, file, None, MINE), (5, 4, 28, 24)
    editor.labels.change(0, [mark(PLACES, box)])
    (points,) = editor._guess(1, [(100, 50, 56, 48)])
    # One face and its mirror image, whose noses lie on one line: the mean of both.
    assert np.allclose(
        np.diff(points[:2], axis=0), [[2 * (PLACES[1, 0] - PLACES[0, 0]), 0]], atol=4
    )
    assert np.allclose(points.mean(0) - (127.5, 73.5), 2 * (PLACES.mean(0) - (18.5, 15.5)), atol=2)


def test_what_was_hidden_is_so_when_the_file_is_read_again(pictures, file):
    labels = Labels(file, pictures, NAMES)
    labels.step(0, {"do": "place", "face": 0, "points": {"0": [9, 9]}})
    labels.step(0, {"do": "hide", "face": 0, "points": [1]})
    written = file.read_text("utf-8")
    again = Labels(file, pictures, NAMES)
    assert again.marks(0)[0].hidden.tolist() == [False, True, False]
    again.step(0, {"do": "place", "face": 0, "points": {"2": [4, 4]}})
    assert file.read_text("utf-8").count("hidden=") == 1
    again.step(0, {"do": "hide", "face": 0, "points": [1], "hidden": False})
    assert "hidden" not in file.read_text("utf-8")
    file.write_text(re.sub("hidden='.*?'", "hidden='1'", written), "utf-8")
    (one,) = Labels(file, pictures, NAMES).marks(0)
    assert one.other == (("hidden", "1"),) and not one.hidden.any()  # another program's


def test_a_box_without_any_point_is_no_guess_to_keep(pictures, file):
    labels = Labels(file, pictures, NAMES)
    labels.suggest(0, [mark(np.full((3, 2), np.nan), (1, 2, 30, 30)), mark(PLACES)])
    labels.step(0, {"do": "keep"})
    assert [one.guess for one in labels.marks(0)] == [True, False]


# The widget.


class Model:
    """A model that knows where the three points are; asked for, it notes the boxes."""

    def __init__(self, points=PLACES):
        self.points, self.asked = np.asarray(points), []

    def detect(self, image):
        return np.float32([[5, 4, 28, 24]])

    def landmarks(self, image, boxes):
        self.asked.append(np.asarray(boxes))
        return np.float32([self.points] * len(boxes))


@pytest.fixture
def tell(monkeypatch):
    """Sends an event to an editor as a browser does: tell(editor, do="open") -> its answer."""
    sent = []
    monkeypatch.setattr(Editor, "send", lambda self, *answer: sent.append(answer))

    def telling(editor, at=0, **event):
        editor._handle_custom_msg({"at": at, "view": "a", "number": 7} | event, [])
        answer, buffers = sent[-1]
        assert (answer["view"], answer["number"]) == ("a", 7)
        json.dumps(answer, allow_nan=False)
        return answer | {"buffers": buffers}

    return telling


def test_the_picture_is_opened_with_the_models_guess(pictures, file, tell):
    editor = Editor(pictures, file, Model(), MINE)
    found = tell(editor, do="open")
    assert decode(found["buffers"][0]).shape == (30, 40, 3)
    (face,) = found["faces"]
    assert face["guess"] and face["points"] == PLACES.tolist() and face["box"] == [5, 4, 28, 24]
    assert not file.exists() and not found["is_labelled"]


def test_a_large_picture_is_shown_smaller_and_its_points_are_in_its_own_pixels(tmp_path, tell):
    Image.new("RGB", (4096, 3072)).save(tmp_path / "large.jpg")
    model = Model((PLACES + 0.5) * 51.2 - 0.5)
    editor = Editor(tmp_path, tmp_path / "labels.xml", model, MINE)
    found = tell(editor, do="open")
    assert decode(found["buffers"][0]).shape == (1536, 2048, 3) and found["size"] == [4096, 3072]
    expected = (PLACES + 0.5) * 102.4 - 0.5
    assert np.allclose(found["faces"][0]["points"], expected, atol=0.01)
    assert np.allclose(model.asked[0], [[5, 4, 28, 24]], atol=1)  # it saw the small one


def test_a_model_of_other_points_only_finds_the_faces(pictures, file, tell):
    editor = Editor(pictures, file, Model(np.zeros((68, 2))), MINE)
    found = tell(editor, do="open")
    assert found["faces"][0]["points"] == [None] * 3 and found["faces"][0]["box"] == [5, 4, 28, 24]
    assert not found["can"]["guess"]
    tell(editor, do="place", face=0, points={str(k): list(p) for k, p in enumerate(PLACES)})
    (face,) = tell(editor, at=1, do="open")["faces"]  # the mean of the faces labelled so far
    eyes = np.subtract(face["points"][1], face["points"][0])
    assert face["guess"] and eyes[0] > 5 and abs(eyes[1]) < 1


def test_what_goes_wrong_is_told_in_the_widget(pictures, file, tell):
    class Broken(Model):
        def detect(self, image):
            raise KeyError("left eye")

    editor = Editor(pictures, file, Broken(), MINE)
    assert "image/jpeg" not in editor._repr_mimebundle_()[0]
    found = tell(editor, do="open")
    assert found["told"] == "KeyError: 'left eye'" and len(found["buffers"]) == 1
    editor = Editor(pictures, file, None, MINE)
    assert "There is no such step" in tell(editor, do="fly", face=0)["told"]
    assert "There is no picture 9" in tell(editor, at=9, do="open")["told"]
    assert "Draw a box" in tell(editor, do="guess", face=0)["told"]


def test_a_picture_that_cannot_be_read_is_told_and_the_others_go_on(pictures, file, tell):
    pictures[0].write_bytes(b"no picture")
    editor = Editor(pictures, file, None, MINE)
    assert "Grüße & 0.png" in tell(editor, do="open")["told"]
    assert tell(editor, at=1, do="open")["told"] == ""


def test_a_telephones_picture_in_the_folder_is_not_passed_over(pictures, file, tell):
    heic = pictures[0].with_name("zzz.HEIC")
    heic.write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 90)
    found = pictures_of(heic.parent)
    assert found == [*pictures, heic]
    told = tell(Editor(found, file, None, MINE), at=len(pictures), do="open")["told"]
    assert "zzz.HEIC: not a picture that can be read (it is HEIC" in told


def test_a_labelled_picture_that_has_gone_leaves_the_others_as_they_are(pictures, file, tell):
    place(Labels(file, pictures, NAMES))
    before = on_disk(file)
    pictures[0].unlink()
    editor = Editor(pictures, file, None, MINE)
    assert tell(editor, at=1, do="place", face=0, points={"0": [1, 2]})["told"] == ""
    assert on_disk(file) == before | {"my faces/Grüße & 1.png": [{"right eye": (1, 2)}]}


def test_the_editor_begins_with_the_first_picture_that_is_not_labelled(pictures, file):
    place(Labels(file, pictures, NAMES))
    assert Editor(pictures, file, None, MINE).at == 1


def test_the_68_points_have_a_mean_face_before_anything_is_labelled(pictures, file, tell):
    editor = Editor(pictures, file)
    found = tell(editor, do="add", box=[5, 4, 28, 24])
    (face,) = found["faces"]
    assert face["guess"] and len(face["points"]) == 68 and found["can"]["mean"]
    tell(editor, do="keep")
    (read,) = read_faces(file)
    assert np.allclose(read.landmarks, face["points"], atol=0.006)
    assert read.box == (5, 4, 28, 24)
    mirror_image = (read.landmarks * (-1, 1))[MIRROR]
    assert nme(fitted(mirror_image, read.landmarks)[None], read.landmarks[None])[0] < 5


def test_a_mean_face_is_made_symmetric_by_the_mirror_partners(pictures, file, tell):
    editor = Editor(pictures, file, None, MINE)
    crooked = PLACES + np.array([(0, 0), (0, 0), (2, 0)])
    tell(editor, do="place", face=0, points={str(k): list(p) for k, p in enumerate(crooked)})
    (face,) = tell(editor, at=1, do="add", box=[5, 4, 28, 24])["faces"]
    right, left, nose = np.array(face["points"])
    assert np.linalg.norm(nose - right) == pytest.approx(np.linalg.norm(nose - left), rel=0.02)


def test_a_point_that_the_other_side_lacks_pulls_no_mean_face_aside(pictures, file, tell):
    editor = Editor(pictures, file, None, Scheme("mine", tuple(NAMES), (1, 0, NO_PARTNER)))
    aside = PLACES + np.array([(0, 0), (0, 0), (4, 0)])
    tell(editor, do="place", face=0, points={str(k): list(p) for k, p in enumerate(aside)})
    (face,) = tell(editor, at=1, do="add", box=[5, 4, 28, 24])["faces"]
    assert np.allclose(fitted(aside, np.array(face["points"])), face["points"], atol=0.02)


def test_a_scheme_that_ships_has_a_mean_face_and_its_own_names(pictures, file, tell):
    editor = Editor(pictures, file, None, load_scheme("5"))
    (face,) = tell(editor, do="add", box=[5, 4, 28, 24])["faces"]
    assert face["guess"] and len(face["points"]) == 5
    tell(editor, do="keep")
    (read,) = read_faces(file)
    assert read.names == load_scheme("5").points


def test_points_have_the_colours_and_lines_of_their_scheme(pictures, file):
    about = Editor(pictures, file).about
    assert about["lines"] == [list(line) for line in IBUG.lines]
    assert [tuple(one["rgb"]) for one in about["points"]] == IBUG.point_colours()
    assert described(IBUG)[36]["name"] == "36, right eye"
    assert described(load_scheme("5"))[0]["name"] == "left eye 3"


def test_pictures_are_all_of_a_folder_and_its_folders_or_those_given(pictures, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    assert pictures_of(tmp_path) == pictures
    assert pictures_of([pictures[0], str(pictures[0])]) == [pictures[0]]
    with pytest.raises(ValueError, match="no pictures"):
        pictures_of(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="Every point needs a name of its own"):
        Labels(tmp_path / "labels.xml", pictures, ["eye", "eye"])


def test_where_no_widget_can_be_shown_a_still_picture_takes_its_place(pictures, file, monkeypatch):
    labels = Labels(file, pictures, NAMES)
    place(labels)
    editor = Editor(pictures[:1], file, None, MINE)
    data, _ = editor._repr_mimebundle_()
    assert " at 0x" not in data["text/plain"]
    still = np.asarray(Image.open(io.BytesIO(data["image/jpeg"])))
    assert np.abs(still.astype(int) - 60).max() > 60
    guessed, plain = (
        Editor(pictures[1:2], file, model, MINE).still(0) for model in (Model(), None)
    )
    assert (guessed != plain).any()  # with the model's guess
    monkeypatch.setitem(sys.modules, "google.colab", io)
    assert not [kind for kind in editor._repr_mimebundle_()[0] if kind.startswith("image/")]


def test_a_photograph_that_is_missing_is_told_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.jpg: is missing"):
        _ = Photograph(tmp_path / "gone.jpg").size


def test_boxes_go_to_the_model_and_back_by_the_scale_of_the_picture_that_it_sees(tmp_path):
    Image.new("RGB", (4096, 3072)).save(tmp_path / "large.png")
    given = []

    class Model:
        def detect(self, image):
            assert image.shape == (1536, 2048, 3)
            return np.float32([[100, 50, 200, 201]])

        def landmarks(self, image, boxes):
            given.append(boxes.tolist())
            return np.float32([[(150, 100), (250, 100), (200, 180)]])

    editor = Editor([tmp_path / "large.png"], tmp_path / "labels.xml", Model(), MINE)
    editor._suggest(0, *editor._shown(0))
    assert editor.state(0)["faces"][0]["box"] == [200, 100, 400, 402]
    assert given == [[[100, 50, 200, 201]]]


def test_hidden_files_of_a_mac_are_no_pictures(pictures):
    (pictures[0].parent / "._a.jpg").write_bytes(b"not a picture")
    assert pictures_of(pictures[0].parent) == list(pictures)
