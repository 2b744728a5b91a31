"""Yaw from landmarks alone, and the collection that a face is from."""

from pathlib import Path

import numpy as np
import pytest

from helpers.annotations import Face
from helpers.landmarks import MIRROR
from helpers.people import View, sample_person
from helpers.people.mesh import posed
from helpers.pose import subset, yaw


def turned(angle, seed=0, roll=0.0):
    """Landmarks [1, 68, 2] of a demo person whose head is turned."""
    person = sample_person(np.random.default_rng(seed))
    return posed(person, View(yaw=angle, roll=roll))[0][None, :68]


@pytest.mark.parametrize("angle", [-25, -10, 0, 10, 25])
def test_yaw_is_found_to_some_five_degrees(angle):
    found = [yaw(turned(angle, seed))[0] for seed in range(12)]
    assert np.abs(np.array(found) - angle).mean() < 6


def test_turning_further_is_seen_as_further():
    found = [yaw(turned(angle))[0] for angle in (-30, -20, -10, 0, 10, 20, 30)]
    assert found == sorted(found)


def test_a_mirrored_face_looks_the_other_way():
    face = turned(20)
    mirrored = (face * (-1, 1))[:, MIRROR]
    assert yaw(mirrored)[0] == pytest.approx(-yaw(face)[0], abs=2)


def test_size_place_and_roll_do_not_matter():
    face = turned(20)
    assert yaw(3 * face + 100)[0] == pytest.approx(yaw(face)[0], abs=1e-6)
    assert yaw(turned(20, roll=20))[0] == pytest.approx(yaw(face)[0], abs=3)


@pytest.mark.parametrize(
    "path, expected",
    [
        ("x/afw/815038_1.jpg", "AFW"),
        ("x/helen/trainset/1_1_mirror.jpg", "HELEN"),
        ("x/ibug/image_084.jpg", "iBUG"),
        ("x/lfpw/testset/image_0001.png", "LFPW"),
        ("x/people/test/0001.jpg", "other"),
        ("ibug/x/afw/1_1.jpg", "AFW"),
    ],
)
def test_the_collection_follows_from_the_folder(path, expected):
    face = Face(Path(path), (0, 0, 1, 1), np.zeros((68, 2), np.float32), "")
    assert subset(face) == expected
