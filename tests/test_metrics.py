"""NME and what is made of it: by hand, and what it must not depend on."""

import numpy as np
import pytest
from scipy.integrate import trapezoid
from synthetic import face_shape

from helpers.landmarks import PARTS
from helpers.metrics import (
    NORMALISERS,
    auc,
    bootstrap,
    box_size,
    cumulative,
    failure_rate,
    inter_ocular,
    inter_pupil,
    nme,
    part_errors,
    point_errors,
)


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


WRONG_SHAPES = [
    ((3, 68, 2), (2, 68, 2)),
    ((1, 68, 2), (3, 68, 2)),
    ((68, 2), (68, 2)),
    ((2, 136), (2, 136)),
    ((1, 67, 2), (1, 67, 2)),
    ((1, 68, 3), (1, 68, 3)),
]


@pytest.mark.parametrize("predicted, truth", WRONG_SHAPES)
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


def test_normalisers_by_hand():
    truth = np.zeros((1, 68, 2))
    truth[0, 36:42] = (10, 20)
    truth[0, 42:48] = (40, 60)  # 50 from the other eye
    truth[0, 36], truth[0, 45] = (4, 20), (46, 60)  # the corners farther apart, the middles too
    truth[0, 8] = (20, 80)
    assert inter_ocular(truth) == pytest.approx([np.hypot(42, 40)])
    assert inter_pupil(truth) == pytest.approx([np.hypot(32, 40)])
    assert box_size(truth) == pytest.approx([np.sqrt(46 * 80)])


def test_each_normaliser_divides_the_same_pixels():
    predicted, truth = faces()
    pixels = np.linalg.norm(predicted - truth, axis=-1).mean(1)
    for name, length in NORMALISERS.items():
        np.testing.assert_allclose(nme(predicted, truth, name), 100 * pixels / length(truth))


def test_points_and_parts_average_to_the_nme():
    predicted, truth = faces(4)
    errors = point_errors(predicted, truth)
    assert errors.shape == (4, 68)
    np.testing.assert_allclose(errors.mean(1), nme(predicted, truth))
    parts = part_errors(errors)
    weighted = sum(parts[name] * len(points) for name, points in PARTS.items()) / 68
    assert weighted == pytest.approx(errors.mean())


def test_the_error_of_a_part_is_that_of_its_points():
    errors = np.ones((3, 68))
    errors[:, list(PARTS["nose"])] = 4
    assert part_errors(errors) == {name: 4 if name == "nose" else 1 for name in PARTS}


def test_the_cumulative_curve_by_hand():
    errors = [4.0, 1.0, 2.0, 2.0]
    assert cumulative(errors, [0.5, 1, 2, 3.9, 4, 9]).tolist() == [0, 25, 75, 75, 100, 100]


def test_auc_by_hand():
    # Half of the faces from 2 on, all from 4 on, to a limit of 8: (2 x 0.5 + 4 x 1) / 8.
    assert auc([2.0, 4.0], 8) == pytest.approx(100 * (2 * 0.5 + 4 * 1) / 8)
    assert auc([0.0], 8) == 100
    assert auc([9.0, 8.0], 8) == 0


def test_auc_is_the_area_under_the_cumulative_curve():
    errors = np.random.default_rng(0).gamma(3, 2, 200)
    thresholds = np.linspace(0, 8, 200_001)
    area = trapezoid(cumulative(errors, thresholds), thresholds) / 8
    assert auc(errors, 8) == pytest.approx(area, abs=1e-3)


def test_failures_are_above_the_limit_not_at_it():
    assert failure_rate([8.0, 8.1, 1.0, 30.0], 8) == 50
    assert failure_rate([8.0, 8.1, 1.0, 30.0], 10) == 25


def test_the_bootstrap_of_the_mean_is_that_of_theory():
    errors = np.random.default_rng(0).gamma(4, 1.5, 400)
    low, high = bootstrap(errors)
    assert low < errors.mean() < high
    wide = 2 * 1.96 * errors.std() / np.sqrt(len(errors))
    assert high - low == pytest.approx(wide, rel=0.1)


def test_twins_are_one_witness():
    errors = np.random.default_rng(0).gamma(4, 1.5, 200)
    twice, groups = np.repeat(errors, 2), np.repeat(np.arange(200), 2)
    single = np.diff(bootstrap(errors))[0]
    assert np.diff(bootstrap(twice, groups=groups))[0] == pytest.approx(single, rel=0.01)
    assert np.diff(bootstrap(twice))[0] < 0.8 * single


def test_the_bootstrap_takes_any_statistic_and_its_seed_decides():
    errors = np.random.default_rng(0).gamma(4, 1.5, 100)
    low, high = bootstrap(errors, failure_rate)
    assert 0 <= low <= failure_rate(errors) <= high <= 100
    assert bootstrap(errors, seed=1) == bootstrap(errors, seed=1) != bootstrap(errors, seed=2)


@pytest.mark.parametrize("function", [auc, failure_rate, bootstrap, lambda e: cumulative(e, [8])])
@pytest.mark.parametrize(
    "errors, told",
    [([1.0, np.nan], "face 1 "), ([[1.0]], r"\[n\]"), ([], r"\[n\]"), ([np.inf, 1.0], "face 0 ")],
)
def test_errors_that_are_none_are_refused(function, errors, told):
    with pytest.raises(ValueError, match=told):
        function(errors)


def test_groups_of_another_length_are_refused():
    with pytest.raises(ValueError, match="as many groups"):
        bootstrap([1.0, 2.0], groups=["a"])


def test_points_of_another_shape_have_no_parts():
    with pytest.raises(ValueError, match=r"\[n, 68\]"):
        part_errors(np.ones(68))


@pytest.mark.parametrize("normaliser", NORMALISERS)
def test_a_face_without_size_is_refused_and_named(normaliser):
    predicted, truth = faces(4)
    truth[2] = 5.0
    with pytest.raises(ValueError, match="face 2 "):
        nme(predicted, truth, normaliser)
