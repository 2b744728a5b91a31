"""NME: by hand, and what it must not depend on."""

import numpy as np
import pytest
from synthetic import face_shape

from helpers.metrics import inter_ocular, nme


def faces(count=3, seed=0):
    """Predictions and truth, both [count, 68, 2]."""
    random = np.random.default_rng(seed)
    truth = 100 + 50 * face_shape() + random.normal(0, 2, (count, 68, 2))
    return truth + random.normal(0, 3, truth.shape), truth


def test_by_hand():
    truth = np.zeros((2, 68, 2))
    truth[:, 45] = (30, 40)  # 50 pixels from point 36, which is at (0, 0)
    predicted = truth + np.array([3, 4])  # every point 5 pixels off
    predicted[1] = truth[1]
    predicted[1, 8] += (0, 34)  # one point 34 pixels off: 34 / 68 on average
    np.testing.assert_allclose(nme(predicted, truth), [10.0, 1.0])


def test_the_normaliser_is_the_distance_of_the_outer_eye_corners():
    truth = np.zeros((1, 68, 2))
    truth[0, 36], truth[0, 45] = (10, 10), (13, 14)
    assert inter_ocular(truth).tolist() == [5.0]


def test_a_perfect_prediction_has_none():
    _, truth = faces()
    assert nme(truth, truth).tolist() == [0, 0, 0]


def test_one_value_for_each_face():
    predicted, truth = faces(5)
    together = nme(predicted, truth)
    assert together.shape == (5,)
    alone = [nme(predicted[i : i + 1], truth[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(together, alone)


def test_the_truth_gives_the_normaliser_not_the_prediction():
    predicted, truth = faces()
    assert not np.allclose(nme(predicted, truth), nme(truth, predicted))
    predicted[:, 45] = predicted[:, 36]
    assert np.isfinite(nme(predicted, truth)).all()


@pytest.mark.parametrize("scale, angle, shift", [(0.1, 0, 0), (7, 0, 0), (1, 40, 0), (3, 99, -50)])
def test_size_turn_and_place_of_the_face_do_not_matter(scale, angle, shift):
    predicted, truth = faces()
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = scale * np.array([[cos, -sin], [sin, cos]])
    moved = nme(predicted @ turn.T + shift, truth @ turn.T + shift)
    np.testing.assert_allclose(moved, nme(predicted, truth))


def test_whole_numbers_and_short_floats_are_taken_too():
    predicted, truth = faces()
    predicted, truth = predicted.round(), truth.round()
    for kind in (np.int32, np.float32):
        result = nme(predicted.astype(kind), truth.astype(kind))
        np.testing.assert_allclose(result, nme(predicted, truth))


@pytest.mark.parametrize("predicted, truth", [
    ((3, 68, 2), (2, 68, 2)), ((68, 2), (68, 2)), ((1, 67, 2), (1, 67, 2)),
    ((2, 136), (2, 136)), ((1, 68, 3), (1, 68, 3)), ((1, 68, 2), (3, 68, 2)),
])  # fmt: skip
def test_other_shapes_are_refused_and_named(predicted, truth):
    with pytest.raises(ValueError, match=r"\[n, 68, 2\]") as error:
        nme(np.ones(predicted), np.ones(truth))
    assert str(predicted) in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("broken", ["predicted", "truth"])
def test_a_number_that_is_none_is_refused_and_its_face_named(broken, value):
    arrays = dict(zip(("predicted", "truth"), faces(4), strict=True))
    arrays[broken][2, 30, 1] = value
    with pytest.raises(ValueError, match=f"{broken} landmarks of face 2 "):
        nme(**arrays)


def test_a_face_without_distance_between_the_eyes_is_refused_and_named():
    predicted, truth = faces(4)
    truth[1, 36] = truth[1, 45]
    with pytest.raises(ValueError, match="face 1 "):
        nme(predicted, truth)
