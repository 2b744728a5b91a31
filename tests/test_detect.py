"""The detector finds faces where they are, and nothing where there is none."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut, brick, camera  # public domain

from bench import detector
from helpers import detect
from helpers.crop import to_grey
from helpers.detect import box_around, find_faces, overlap, upright
from helpers.people import group

PICTURE = astronaut()
GREY = to_grey(PICTURE)


def best_overlap(boxes, box):
    return overlap(boxes, np.tile(np.float32(box), (len(boxes), 1))).max()


def test_every_face_of_a_group_is_found_where_it_is_and_nothing_else():
    picture, _, boxes = group(5, seed=0)
    found = find_faces(to_grey(picture))
    assert len(found) == len(boxes)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert all(best_overlap(found, box) > 0.6 for box in boxes)


def test_a_face_cut_off_at_the_border_is_found_where_one_cascade_misses_it():
    (face,) = find_faces(GREY)
    left = int(face[0] + 0.2 * face[2])
    part = np.ascontiguousarray(GREY[:, left:])
    assert len(detector.one_cascade(part)) == 0
    (found,) = find_faces(part)
    assert best_overlap(found[None] + np.float32([left, 0, 0, 0]), face) > 0.6


@pytest.mark.parametrize("picture", [brick(), camera()[:120, 300:], GREY[:1, :1], GREY[:9, :9]])
def test_where_no_face_is_none_is_found(picture):
    assert find_faces(np.ascontiguousarray(picture)).shape == (0, 4)


def test_what_only_a_cascade_takes_for_a_face_is_not_one():
    """The astronaut's picture makes the cascades propose more than her face."""
    proposed = detect.propose(GREY)
    (face,) = find_faces(GREY)
    false = [box for box in proposed if best_overlap(face[None], box) < 0.2]
    assert false  # without these, the test would say nothing


def test_a_mirrored_picture_has_mirrored_boxes():
    (here,), (there,) = find_faces(GREY), find_faces(np.ascontiguousarray(GREY[:, ::-1]))
    there[0] = GREY.shape[1] - there[0] - there[2]
    assert best_overlap(here[None], there) > 0.85


def test_a_larger_picture_has_larger_boxes():
    large = cv2.resize(GREY, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    (here,), (there,) = find_faces(GREY), find_faces(large)
    assert best_overlap(4 * here[None] + np.float32([1.5, 1.5, 0, 0]), there) > 0.85


@pytest.mark.parametrize("angle", [-30, 0, 20])
def test_an_upright_box_is_the_box_of_the_face_before_it_was_turned(angle):
    level = np.random.default_rng(0).uniform(0, 100, (68, 2))
    level[36:42], level[42:48] = (30, 40), (70, 40)
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    expected = box_around(level)
    centre = expected[:2] + (expected[2:] - 1) / 2
    box, found = upright(level @ matrix.T)
    assert found == pytest.approx(-angle)
    assert box[2:] == pytest.approx(expected[2:], rel=1e-5)
    assert np.add(box[:2], (np.array(box[2:]) - 1) / 2) == pytest.approx(matrix @ centre, abs=1e-3)


def test_of_boxes_on_one_face_the_surest_stays():
    boxes = np.float32([[0, 0, 10, 10], [1, 0, 10, 10], [50, 50, 10, 10]])
    kept = detect.apart(boxes, np.array([0.03, 0.01, 0.02]))
    assert kept.tolist() == [[1, 0, 10, 10], [50, 50, 10, 10]]
