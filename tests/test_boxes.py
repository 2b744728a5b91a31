"""Boxes: as dlib's detector draws them, level with the eyes, and one for each face."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import face_shape

from helpers.boxes import box_around, box_of, detector_box, iou, nms, share_inside, upright
from helpers.landmarks import IBUG, load_scheme


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


def test_the_detectors_box_is_on_average_that_of_the_rule():
    """The rule itself is the most frequent step of dlib's image pyramid."""
    landmarks = np.random.default_rng(0).uniform(0, 100, (68, 2))
    landmarks[30, 0] = (landmarks[0, 0] + landmarks[16, 0]) / 2  # looks at the camera
    rng = np.random.default_rng(1)
    drawn = np.array([detector_box(landmarks, rng) for _ in range(400)])
    expected = box_around(landmarks)
    assert np.median(drawn[:, 2]) == pytest.approx(expected[2], rel=0.03)
    centres = drawn[:, :2] + (drawn[:, 2:] - 1) / 2
    middle = expected[:2] + (expected[2:] - 1) / 2
    assert centres.mean(0) == pytest.approx(middle, abs=float(0.02 * expected[2]))


def test_overlap_is_the_shared_part_of_what_both_cover():
    boxes = np.float32([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 2, 2]])
    expected = [[1, 1 / 3, 0], [1 / 3, 1, 0]]
    np.testing.assert_allclose(iou(boxes[:2], boxes), expected, atol=1e-6)
    assert iou(np.zeros((0, 4)), boxes).shape == (0, 3)


def test_of_boxes_on_one_face_the_best_stays():
    boxes = np.float32([[0, 0, 10, 10], [1, 0, 10, 10], [50, 50, 10, 10]])
    assert nms(boxes, np.array([0.7, 0.9, 0.8])).tolist() == [1, 2]
    assert nms(boxes[:0], np.array([])).tolist() == []


def test_share_inside_counts_whole_pixels_from_edge_to_edge():
    boxes = np.float32([[0, 0, 10, 10], [-5, 0, 10, 10], [95, 40, 10, 20], [300, 300, 5, 5]])
    np.testing.assert_allclose(share_inside(boxes, (50, 100)), [1, 0.5, 0.25, 0])


def test_a_face_without_a_box_gets_that_of_its_scheme_or_one_around_its_points():
    face = 100 * face_shape() + (300, 200)
    wide = replace(IBUG, box=(1.5, 0.2))
    assert box_of(face, wide).tolist() == box_around(face, 1.5, 0.2).tolist()
    assert box_of(face).tolist() == box_around(face).tolist()
    few = face[:29]
    left, top, side, _ = box_around(few)
    assert box_of(few) == pytest.approx([left - side / 2, top - side / 2, 2 * side, 2 * side])
    assert box_of(face[:30]).tolist() == box_around(face[:30]).tolist()
    half = np.where(np.arange(68)[:, None] < 20, face, np.nan)  # a face of many points, few known
    assert box_of(half).tolist() == box_around(face[:20]).tolist()
    with pytest.raises(ValueError, match="no point is known"):
        box_of(np.full((5, 2), np.nan))


@pytest.mark.parametrize("points", [[(7, 9)], [(7, 9)] * 5, [(7, 9)] + [(np.nan, np.nan)] * 4])
def test_a_face_of_one_place_has_a_box_all_the_same(points):
    scheme = load_scheme("5") if len(points) == 5 else None
    assert box_of(np.float64(points), scheme).tolist() == [7, 9, 1, 1]
    assert box_of(np.float64(points), scheme, least=8).tolist() == [3.5, 5.5, 8, 8]


def test_a_mean_face_that_does_not_fit_makes_no_box():
    scheme = load_scheme("5")
    laid = 200 * np.array(scheme.shape) + (320, 240)
    assert box_of(laid, scheme) == pytest.approx([220.5, 140.5, 200, 200])
    scattered = laid[[2, 1, 0, 3, 4]]  # as of a network that has learned little
    assert box_of(scattered, scheme).tolist() == box_of(scattered).tolist()
