"""Fitting the face model: two sets of portraits made one, and what labels of turned faces tell."""

import shutil

import cv2
import numpy as np
import pytest

import measure_labels
from fit.frame import align, align_more, moved
from fit.looks import as_of_one_studio
from fit.regions import under_white_light
from helpers.landmarks import MIRROR
from london_set import landmarks_of, read_london, read_neutral, read_set


def test_skins_of_another_studio_get_the_colours_that_go_with_their_brightness():
    rng = np.random.default_rng(0)
    light = rng.uniform(60, 220, 30)
    low = rng.normal(0, 1, (30, 3, 4, 4))
    low += np.stack([light, 170 - 0.1 * light, 90 + 0.2 * light], 1)[..., None, None]
    low[20:, 1] += 25  # redder light
    even = as_of_one_studio(low, 20)
    np.testing.assert_array_equal(even[:20], low[:20])
    np.testing.assert_array_equal(even[:, 0], low[:, 0])  # as bright as they were
    wanted = 170 - 0.1 * light[20:], 90 + 0.2 * light[20:]
    for channel, colour in zip((1, 2), wanted, strict=True):
        np.testing.assert_allclose(even[20:, channel].mean((1, 2)), colour, atol=1.5)
        spread = even[20:, channel] - even[20:, channel].mean((1, 2), keepdims=True)
        before = low[20:, channel] - low[20:, channel].mean((1, 2), keepdims=True)
        np.testing.assert_allclose(spread, before)  # a freckle stays a freckle


def test_a_wall_seen_in_coloured_light_is_made_grey():
    portrait = np.full((120, 100, 3), (220, 190, 205), np.uint8)
    portrait[30:, 30:70] = (90, 120, 180)
    found = under_white_light(portrait)
    assert np.ptp(found[5, 5].astype(int)) <= 1
    assert found[60, 50] == pytest.approx(np.array([90, 120, 180]) * 205 / (220, 190, 205), abs=1)


def test_further_portraits_are_brought_into_a_frame_that_stays_as_it_is():
    rng = np.random.default_rng(1)
    points = 200 + 60 * rng.standard_normal((1, 189, 2)) + rng.normal(0, 3, (6, 189, 2))
    landmarks = np.array([landmarks_of(one) for one in points])
    alignment = align(points, landmarks)
    turn, shift = 1.7 * np.exp(0.3j), 40 - 25j
    other = np.array([moved(one, (turn, shift)) for one in points])
    more = align_more(alignment, other, np.array([landmarks_of(one) for one in other]))
    assert more.mean is alignment.mean and more.uv is alignment.uv
    # The same people, photographed larger and tilted, lie where they lay.
    np.testing.assert_allclose(more.aligned, alignment.aligned, atol=1)


def test_what_stands_out_farther_than_predicted_is_read_off_turned_faces():
    turns = np.array([-35.0, -20, 20, 35])
    depth = np.zeros(68)
    depth[[8, 48, 54]] = 0.2, 0.1, 0.1
    away = np.zeros((4, 68, 2))
    away[..., 0] = np.sin(np.radians(turns))[:, None] * depth
    assert np.allclose(depth, depth[MIRROR])
    found = measure_labels.farther_out(away, turns)
    np.testing.assert_allclose(found, np.tile(depth, (4, 1)), atol=1e-9)


def test_a_set_without_smiles_is_read_and_one_without_templates_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no neutral/\*\.tem in it"):
        read_neutral(tmp_path)
    with pytest.raises(ValueError, match=r"no neutral/\*\.tem in it"):
        read_london(tmp_path)


def test_a_set_is_read_from_its_archive_too_and_a_picture_that_is_none_is_named(tmp_path):
    folder = tmp_path / "set" / "neutral"
    folder.mkdir(parents=True)
    lines = "\n".join(f"{k} {2 * k % 7}" for k in range(189))
    (folder / "001.tem").write_text(f"189\n{lines}\n")
    archive = tmp_path / "set.tar.gz"
    for source, told in ((tmp_path / "set", r"set.neutral.001\.jpg"), (archive, r"set\.tar\.gz")):
        shutil.make_archive(tmp_path / "set", "gztar", tmp_path / "set")
        with pytest.raises(ValueError, match=f"{told}.*: missing, or not a picture"):
            read_set(source, read_neutral)
    cv2.imwrite(str(folder / "001.jpg"), np.full((8, 9, 3), 200, np.uint8))
    shutil.make_archive(tmp_path / "set", "gztar", tmp_path / "set")
    for source in (tmp_path / "set", archive):
        pictures, points, landmarks = read_set(source, read_neutral)
        assert (pictures.shape, points.shape) == ((1, 8, 9, 3), (1, 189, 2))
        assert landmarks.shape == (1, 68, 2)
    with pytest.raises(ValueError, match="gone: there is no such archive or folder"):
        read_set(tmp_path / "gone", read_neutral)
