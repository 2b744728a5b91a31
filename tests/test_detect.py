"""The face finder finds faces where they are, however they are turned, and nothing elsewhere."""

import cv2
import numpy as np
import pytest
import torch
from skimage.data import astronaut, brick, camera, coffee  # free for any use

from helpers import detect
from helpers.boxes import box_around, iou, upright
from helpers.crop import crop_matrix, move, to_grey, warp
from helpers.detect import (
    ASSETS,
    STRIDE,
    FaceFinder,
    find_faces,
    folded,
    load_finder,
    padded,
    peaks,
)
from helpers.people import View, draw_person, group, sample_person

PICTURE = astronaut()
GREY = to_grey(PICTURE)
FINDERS = ("finder", "finder_research")


@pytest.fixture(params=FINDERS)
def finder(request):
    return load_finder(request.param)


def best_overlap(boxes, box):
    return iou(boxes, np.array([box])).max()


def test_every_face_of_a_group_is_found_where_it_is_and_nothing_else(finder):
    picture, _, boxes = group(5, seed=0)
    found = find_faces(to_grey(picture), finder=finder).boxes
    assert len(found) == len(boxes)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert all(best_overlap(found, box) > 0.5 for box in boxes)


@pytest.mark.parametrize(
    "picture",
    [brick(), to_grey(coffee()), camera()[:120, 300:], GREY[:9, :9], GREY[:1, :1]],
    ids=["brick", "cup", "sky", "9", "1"],
)
def test_where_no_face_is_none_is_found(picture, finder):
    found = find_faces(np.ascontiguousarray(picture), finder=finder)
    assert [part.shape for part in found] == [(0, 4), (0,), (0,)]


def test_heads_are_found_at_every_angle_in_the_plane_and_the_angle_levels_most(finder):
    found, level = [], []
    for seed in (0, 1, 5):
        person = sample_person(np.random.default_rng(seed))
        picture, landmarks = draw_person(person, View(), seed, (400, 400), face_width=110)
        for angle in range(0, 360, 30):
            matrix = crop_matrix((0, 0, 400, 400), 400, 1, angle)
            faces = find_faces(warp(to_grey(picture), matrix, 400), finder=finder)
            box, expected = upright(move(landmarks, matrix))
            overlaps = iou(faces.boxes, box[None])[:, 0]
            found.append(overlaps.max(initial=0) > 0.5)
            if found[-1]:
                off = faces.angles[overlaps.argmax()] - expected
                level.append(abs((off + 180) % 360 - 180) < 30)
    assert np.mean(found) >= 0.95 and np.mean(level) >= 0.9


def test_a_face_cut_off_at_the_border_is_found(finder):
    (face,) = find_faces(GREY, finder=finder).boxes
    left = int(face[0] + 0.2 * face[2])
    part = np.ascontiguousarray(GREY[:, left:])
    found = find_faces(part, finder=finder).boxes
    assert best_overlap(found + np.float32([left, 0, 0, 0]), face) > 0.5


def moved(boxes, zoom):
    """Boxes where a picture that is enlarged has them: edges of pixels scale, centres do not."""
    half = np.float32([0.5, 0.5, 0, 0])
    return (boxes + half) * zoom - half


@pytest.mark.parametrize("zoom", [0.5, 1, 4])
def test_a_larger_picture_has_larger_boxes(finder, zoom):
    (here,) = find_faces(GREY, finder=finder).boxes
    other = cv2.resize(GREY, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    found = find_faces(other, finder=finder).boxes
    assert best_overlap(moved(found, 1 / zoom), here) > 0.6


def test_a_picture_that_is_made_smaller_has_its_boxes_around_the_same_pixels(finder, monkeypatch):
    monkeypatch.setattr(detect, "closer_look", lambda grey, rows, finder: rows)
    small = to_grey(group(2, seed=0)[0])[:256, :256]
    large = np.kron(small, np.ones((8, 8), np.uint8))  # seen at a half: 1024 pixels
    half = np.kron(small, np.ones((4, 4), np.uint8))
    found, expected = (find_faces(one, finder=finder, sure=0.05) for one in (large, half))
    assert len(found.boxes) and large.shape == (2048, 2048)
    np.testing.assert_allclose(found.boxes, 2 * expected.boxes, atol=1e-3)


def test_small_faces_in_a_large_photograph_are_found_and_smallest_says_how_small(finder):
    """Six faces whose boxes are 60 pixels in twelve megapixels of a grass-like ground."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.normal(120, 12, (300, 400)), (4000, 3000))
    scene = np.clip(ground, 0, 255).astype(np.uint8)
    faces = []
    for k in range(6):
        person = sample_person(np.random.default_rng([5, k]))
        view = View(yaw=10 * (k - 3), roll=5 * (k - 2))
        picture, landmarks = draw_person(person, view, seed=k, shape=(360, 360), face_width=150)
        zoom = 60 / box_around(landmarks)[2]
        small = cv2.resize(to_grey(picture), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        top, left = 300 + 1300 * (k // 3), 400 + 1200 * (k % 3)
        scene[top : top + len(small), left : left + small.shape[1]] = small
        faces.append(box_around((landmarks + 0.5) * zoom - 0.5 + (left, top)))
    found = find_faces(scene, finder=finder).boxes
    assert sum(best_overlap(found, face) > 0.3 for face in faces) == 6
    assert len(find_faces(scene, smallest=200, finder=finder).boxes) == 0


def test_a_peak_is_read_off_where_it_was_put():
    """A face 40 pixels wide about (75, 51), turned by 30 degrees, in the cell of its centre."""
    maps = torch.full((6, 16, 16), -9.0)
    centre = torch.tensor([75.0, 51.0])
    cell = ((centre - (STRIDE - 1) / 2) / STRIDE).round().long()
    away = (centre - (STRIDE * cell + (STRIDE - 1) / 2)) / STRIDE
    values = [4.0, *away.tolist(), np.log(40 / 32), np.cos(np.pi / 6), np.sin(np.pi / 6)]
    maps[:, cell[1], cell[0]] = torch.tensor(values, dtype=torch.float32)
    (row,) = peaks(maps, 0.2).numpy()
    assert row[:2] + (row[2:4] - 1) / 2 == pytest.approx(centre.numpy(), abs=1e-4)
    assert row[2:] == pytest.approx([40, 40, 1 / (1 + np.exp(-4)), 30], abs=1e-3)
    (coarse,) = peaks(maps, 0.2, zoom=4).numpy()  # of a picture that is four times as large
    assert coarse[2] == pytest.approx(160, abs=1e-3)
    assert coarse[0] + 79.5 == pytest.approx(4 * 75 + 1.5, abs=1e-3)


def test_folding_batch_norms_changes_nothing():
    torch.manual_seed(0)
    finder = FaceFinder((8, 8, 8, 8)).train()
    finder(torch.randn(4, 1, 64, 64))  # statistics of its own, as after a training
    finder.eval()
    images = padded(torch.randn(1, 1, 50, 70))
    assert images.shape == (1, 1, 64, 96)
    with torch.no_grad():
        before = finder(images)
        torch.testing.assert_close(folded(finder)(images), before, atol=1e-4, rtol=1e-4)
    assert before.shape == (1, 6, 8, 12)


def test_weights_are_at_most_a_megabyte_each():
    assert all((ASSETS / f"{name}.pt").stat().st_size < 1_000_000 for name in FINDERS)


def test_more_faces_than_are_looked_at_together_are_found():
    face, _ = draw_person(
        sample_person(np.random.default_rng(3)), seed=3, shape=(96, 96), face_width=48
    )
    crowd = np.tile(face, (15, 18, 1))
    found = find_faces(to_grey(crowd), finder=load_finder("finder_research")).boxes
    assert len(found) >= 15 * 18 > detect.AT_ONCE  # and between two perhaps a third
