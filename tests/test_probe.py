"""The prediction explorer: points follow the frame, the patch hides, the maps are the network's."""

import numpy as np
import pytest

from helpers.metrics import nme
from helpers.people import draw_person, group, sample_person
from helpers.predict import Landmarker
from helpers.widgets.probe import CROP, GREY, PHOTOGRAPH, Scene, ask, covered, explorer, look


@pytest.fixture(scope="module")
def landmarker():
    return Landmarker.load("free", device="cpu")


@pytest.fixture(scope="module")
def person():
    """A picture of one person and their landmarks."""
    return draw_person(sample_person(np.random.default_rng(4)), shape=(480, 640), face_width=200)


@pytest.fixture(scope="module")
def scene(landmarker, person):
    return Scene.of(person[0], landmarker)


def test_an_answer_is_that_of_one_pass(landmarker, scene):
    answer = ask(landmarker, scene.grey, scene.boxes[0])
    expected = landmarker.predict_once(scene.grey, scene.boxes)[0]
    np.testing.assert_allclose(answer.landmarks, expected, atol=0.01)
    assert answer.maps.shape[0] == 68
    np.testing.assert_allclose(answer.maps.sum((1, 2)), 1, atol=1e-4)


def test_the_maps_are_brightest_where_the_points_are(landmarker, scene):
    answer = ask(landmarker, scene.grey, scene.boxes[0])
    row, column = np.unravel_index(answer.maps[30].argmax(), answer.maps[30].shape)
    stride = len(answer.crop) / len(answer.maps[30])
    place = stride * np.array([column, row]) + (stride - 1) / 2
    assert np.abs(place - answer.in_crop[30]).max() < 1.5 * stride


def test_a_box_lies_around_the_same_pixels_in_what_is_shown():
    photograph = np.zeros((225, 300, 3), np.uint8)
    photograph[20:60, 10:40] = 255
    scene = Scene(photograph, np.float32([[10, 20, 30, 40]]))
    left, top, width, height = map(round, scene.shown(scene.boxes[0]))
    expected = np.zeros(scene.small.shape[:2], bool)
    expected[top : top + height, left : left + width] = True
    assert scene.scale == 2 and ((scene.small[..., 0] > 127) == expected).all()
    assert scene.back(scene.shown(scene.boxes[0])).tolist() == [10, 20, 30, 40]


def test_a_box_goes_to_what_is_shown_and_back(scene):
    box = scene.boxes[0]
    np.testing.assert_allclose(scene.back(scene.shown(box)), box, atol=0.1)
    assert scene.small.shape[1] <= PHOTOGRAPH[0] and scene.small.shape[0] <= PHOTOGRAPH[1]


def test_the_points_are_worse_where_the_frame_is_dragged_away(landmarker, scene, person):
    left, top, side, _ = scene.boxes[0]
    errors = [
        nme(
            ask(landmarker, scene.grey, np.float32([left + off * side, top, side, side])).landmarks[
                None
            ],
            person[1][None],
        )[0]
        for off in (0, 0.6)
    ]
    assert errors[0] < 5 < errors[1]


def test_a_patch_is_grey_where_it_lies_and_nowhere_else():
    picture = np.zeros((20, 30), np.uint8)
    patched = covered(picture, (-2, 5, 6, 4))
    assert (patched[5:9, :4] == GREY).all() and (patched == GREY).sum() == 16
    assert not picture.any()


def test_a_patch_beside_the_picture_greys_nothing_of_what_is_shown(landmarker, scene):
    box = scene.shown(scene.boxes[0])
    clear, aside = (
        look(landmarker, scene, box, patch, boxes=False, points=False, crop=False).picture
        for patch in (None, (-50, 10, 20, 20))
    )
    assert (aside == clear).all()


def test_the_patch_moves_the_points_most_where_it_hides_them(landmarker, scene, person):
    eye = person[1][36:42].mean(0)
    side = 0.25 * scene.boxes[0][2]
    patch = scene.shown((*(eye - side / 2), side, side))
    shown = look(landmarker, scene, scene.shown(scene.boxes[0]), patch)
    assert "most the right eye" in shown.told or "most the right brow" in shown.told
    x, y = scene.shown((*eye, 1, 1))[:2]
    dots = look(landmarker, scene, scene.shown(scene.boxes[0]), patch, points=False).picture
    assert (dots[round(y), round(x)] == GREY).all()


def test_each_tick_changes_the_picture(landmarker, scene):
    box = scene.shown(scene.boxes[0])
    all_of_it = look(landmarker, scene, box, maps=True)
    for name in ("boxes", "points", "crop", "maps"):
        ticks = {"boxes": True, "points": True, "crop": True, "maps": True} | {name: False}
        less = look(landmarker, scene, box, **ticks).picture
        same = less.shape == all_of_it.picture.shape
        assert not same or (less != all_of_it.picture).any() or name == "crop"


def test_the_faces_that_were_found_are_counted_and_can_be_picked(landmarker):
    picture, _, _ = group(2, seed=0)
    scene = Scene.of(picture, landmarker, "friends.jpg")
    shown = look(landmarker, scene, **{k: v for k, v in scene.start().items() if k == "box"})
    assert shown.told == "friends.jpg: 2 faces found."
    picks = [one for one in shown.handles if one["kind"] == "pick"]
    assert [one["label"] for one in picks] == ["look at face 2"]
    np.testing.assert_allclose(scene.back(picks[0]["value"]), scene.boxes[1], atol=1)


def test_where_there_is_no_face_it_says_so_and_the_frame_is_there_all_the_same(landmarker):
    wall = np.full((300, 400, 3), 128, np.uint8)
    widget = explorer(landmarker, wall)
    assert widget.told == "The picture: no face found. Drag the frame to where one is."
    assert [one["kind"] for one in widget.handles] == ["frame"]


def test_the_widget_answers_ticks_the_frame_and_a_new_picture(landmarker, person, tmp_path):
    from helpers.pictures import encode

    widget = explorer(landmarker, person[0])
    assert widget.size == [PHOTOGRAPH[0] + 12 + CROP, PHOTOGRAPH[1]]
    first = widget.picture
    values = dict(widget.values) | {"probe": True}
    widget.set_state({"values": values, "asked": 1})
    assert widget.picture != first and "The grey patch moves the points by" in widget.told
    small = encode(person[0][::2, ::2].copy())
    widget.set_state({"upload": memoryview(small), "upload_name": "mine.jpg", "asked": 2})
    assert widget.told.startswith("mine.jpg: 1 face found.")
