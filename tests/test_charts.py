"""Charts that are touched: the curve that is clicked, the face that it leads to, and the bars."""

import numpy as np
import pytest

from helpers.charts import (
    LAST,
    cumulative_chart,
    cumulative_curves,
    cumulative_faces,
    face_report,
    timelines,
    training_chart,
)
from helpers.landmarks import scheme_from
from helpers.metrics import cumulative

ERRORS = {"poor": np.array([6.0, 11.0, 16.0, 17.0]), "good": np.array([5.0, 2.0, 4.0, 3.0])}
LEVELS = np.linspace(0, LAST, 201)
CURVES = {name: (LEVELS, cumulative(values, LEVELS)) for name, values in ERRORS.items()}


@pytest.fixture
def asked():
    return []


@pytest.fixture
def draw(asked):
    def face(name, index):
        asked.append((name, index))
        return np.full((40, 30, 3), 77, np.uint8)

    return cumulative_faces(ERRORS, face)


def place(draw, error, share):
    """Where an error and a share of faces lie in the picture: (x, y)."""
    left, top, right, bottom = draw(8.0).handles[0]["area"]
    return left + error / LAST * (right - left), bottom - share / 101 * (bottom - top)


@pytest.mark.parametrize(
    ("at", "expected"),
    [((2.1, 24), ("good", 1)), ((5, 98), ("good", 0)), ((11, 49), ("poor", 1)), ((17, 99), None)],
)
def test_a_click_on_a_curve_leads_to_the_face_with_that_error(draw, asked, at, expected):
    spot = place(draw, *at)
    del asked[:]
    shown = draw(8.0, spot)
    if expected:
        assert asked == [expected]
        assert f"{expected[0]}, face {expected[1]}: NME" in shown.told
    assert (shown.picture == 77).all(2).sum() > 10_000  # the face is in it


def test_before_any_click_the_face_is_the_one_at_the_threshold(draw, asked):
    draw(4.4)
    assert asked == [("good", 2)]


def test_the_shares_at_the_threshold_are_told():
    draw = cumulative_chart(CURVES)
    assert "poor: 25 % of faces, good: 100 % of faces" in draw(8.0).alt
    assert "poor: 0 % of faces, good: 75 % of faces" in draw(4.5).alt


def test_the_line_stands_at_the_threshold():
    draw = cumulative_chart(CURVES)
    left, top, right, bottom = map(round, draw(8.0).handles[0]["area"])
    changed = (draw(8.0).picture != draw(13.0).picture).any(2)[top + 8 : bottom - 8, left:right]
    columns = np.flatnonzero(changed.sum(0) > 50)
    expected = [(right - left) * threshold / LAST for threshold in (8, 13)]
    assert np.abs(columns[:, None] - expected).min(0).max() < 2
    assert np.abs(columns[:, None] - expected).min(1).max() < 4


def test_a_chart_drawn_again_is_the_same():
    draw = cumulative_chart(CURVES)
    first = draw(8.0).picture
    draw(3.0, (2.0, 25.0))
    np.testing.assert_array_equal(draw(8.0).picture, first)
    np.testing.assert_array_equal(cumulative_curves(CURVES, 8.0), first)


def test_a_bar_is_as_high_as_the_error_of_its_point():
    truth = np.random.default_rng(0).uniform(20, 80, (68, 2))
    truth[36], truth[45] = (20, 50), (70, 50)  # 50 pixels apart
    image = np.zeros((100, 100, 3), np.uint8)
    flat = face_report(image, truth, truth)
    chart = np.s_[60:, 400:]
    scale = (380 - 45) / 1.3  # pixels from 0 to 40 %; above it stands the legend
    for pixels, share in ((10, 0.5), (20, 1), (60, 1)):  # 20, 40 and 120 %: cut at 40
        wrong = truth.copy()
        wrong[10] += (0, pixels)
        bar = (face_report(image, truth, wrong)[chart] != flat[chart]).any(2)
        assert bar.sum(0).max() == pytest.approx(share * scale, abs=4)
    np.testing.assert_array_equal(face_report(image, truth, truth), flat)


def test_all_reports_have_one_shape_and_are_as_wide_as_a_page():
    truth = np.random.default_rng(0).uniform(0, 40, (68, 2))
    for mean_face, height in ((None, 410), (truth + 1, 320)):
        for shape in ((50, 90), (90, 50)):
            report = face_report(np.zeros(shape, np.uint8), truth, truth, mean_face=mean_face)
            assert report.shape == (height, 960, 3)


def test_the_mean_face_stands_beside_the_prediction_of_the_same_face():
    truth = np.random.default_rng(0).uniform(20, 80, (68, 2))
    image = np.zeros((100, 100, 3), np.uint8)
    same, other = (face_report(image, truth, truth, mean_face=truth + n) for n in (0, 9))
    differ = np.flatnonzero((same != other).any((0, 2)))
    assert 300 <= differ.min() and differ.max() < 590  # neither the prediction nor its bars
    first, second = same[-290:, :290], same[-290:, 300:590]
    np.testing.assert_array_equal(first, second)


NMES = [20.0, 9.0, 7.5, 8.0, 7.0, 7.2]
HISTORY = [
    {"train_loss": 0.01 / k, "val_loss": 0.02 / k, "val_nme": nme} for k, nme in enumerate(NMES, 1)
]


@pytest.mark.parametrize(("epoch", "best"), [(1, 1), (3, 3), (4, 3), (5, 5), (6, 5)])
def test_at_each_epoch_it_is_told_whose_weights_were_kept(epoch, best):
    shown = training_chart(HISTORY, 15.0)(epoch)
    assert f"Epoch {epoch} of 6: validation NME {NMES[epoch - 1]:.2f} %" in shown.told
    assert f"the weights of epoch {best} " in shown.told and shown.told in shown.alt


def test_the_line_through_both_curves_stands_at_its_epoch():
    draw = training_chart(HISTORY, 15.0)
    (handle,) = draw(1).handles
    left, top, right, bottom = map(round, handle["area"])
    assert (handle["low"], handle["high"], handle["step"]) == (1, 6, 1)
    for epoch in (2, 4):
        changed = (draw(epoch).picture != draw(6).picture).any(2)[top:bottom, left - 5 : right - 5]
        column = changed.sum(0)[: (right - left) * 9 // 10].argmax() - 5
        assert column == pytest.approx((right - left) * (epoch - 1) / 5, abs=2)


def test_an_error_far_above_the_mean_faces_does_not_press_the_others_together():
    """The curve after it is drawn as if it were not there."""
    wild = [HISTORY[0] | {"val_nme": 90.0}, *HISTORY[1:]]
    one, other = (
        training_chart(history, 15.0)(6).picture[230:, 400:] for history in (HISTORY, wild)
    )
    np.testing.assert_allclose(one.astype(int), other, atol=2)


def test_every_chart_with_a_line_is_as_wide_as_a_page():
    pictures = [cumulative_curves(CURVES), training_chart(HISTORY)(1).picture]
    pictures.append(timelines({"left": {"a": LEVELS}, "right": {"b": LEVELS}}, 30, "x, pixels"))
    assert {picture.shape[1] for picture in pictures} == {960}


def test_timelines_say_what_they_show():
    plain, named = (timelines({"a": {"b": LEVELS}}, 30, text) for text in ("", "x, pixels"))
    assert (named[:, :20] != 255).any() and (named != plain).any()


def test_each_epoch_has_a_note_with_its_own_figures():
    (handle,) = training_chart(HISTORY, 15.0)(1).handles
    assert len(handle["notes"]) == len(HISTORY)
    for epoch, (row, note) in enumerate(zip(HISTORY, handle["notes"], strict=True), 1):
        first, error, train, val = note.split("\n")
        assert (first, error) == (f"epoch {epoch}", f"NME {row['val_nme']:.2f} %")
        assert f"{row['train_loss']:.2g} " in train and f"{row['val_loss']:.2g} " in val


def test_a_training_of_one_epoch_has_curves_and_none_has_no():
    assert "Epoch 1 of 1" in training_chart(HISTORY[:1])(2).told
    with pytest.raises(ValueError, match="before the first epoch"):
        training_chart([])


def test_each_bar_of_another_scheme_stands_at_its_point():
    scheme = scheme_from(
        {
            "name": "mine",
            "points": ["tip", "corner", "other corner", "loose"],
            "mirror": [[1, 2]],
            "normaliser": {"right": [1], "left": [2]},
            "parts": {
                "eyes": {"points": [1, 2]},
                "nose": {"points": [0]},
            },  # not in the points' order, and not all
        }
    )
    truth = np.float32([[50, 60], [20, 30], [70, 30], [40, 80]])
    image = np.zeros((100, 100, 3), np.uint8)
    flat = face_report(image, truth, truth, scheme=scheme)
    middles = []
    for point in range(4):
        wrong = truth.copy()
        wrong[point] += (0, 10)
        report = face_report(image, truth, wrong, scheme=scheme)
        middles.append(np.flatnonzero((report != flat)[60:, 430:].any((0, 2))).mean())
    assert middles == sorted(middles) and np.ptp(np.diff(middles)) < 3
