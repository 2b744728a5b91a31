"""Several demo people at once: a group photograph with face boxes, and a sheet of faces."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from helpers.portrait import draw_person, photograph, sample_person, sample_view


def detector_box(landmarks, rng):
    """A box (left, top, side, side) in whole pixels, off the landmarks as dlib's detector's are.

    landmarks: [68, 2]. Measured on the AFW and HELEN part of dlib's train list: the side is 1.08
    (or, one step of the detector's image pyramid down, 0.90) times the longer side of the
    landmarks' bounding box; its centre lies 0.085 of that above the bounding box's, and follows
    the nose tip aside by 0.49 of its offset between the jaw's ends.
    """
    low, high = landmarks.min(0), landmarks.max(0)
    longer = (high - low).max()
    side = longer * rng.choice((0.90, 1.08, 1.29), p=(0.28, 0.70, 0.02)) * rng.normal(1, 0.012)
    turned = landmarks[30, 0] - (landmarks[0, 0] + landmarks[16, 0]) / 2
    offset = np.array([0.49 * turned, -0.085 * longer]) + longer * rng.normal(0, (0.037, 0.05))
    left, top = (low + high) / 2 + offset - (side - 1) / 2
    return np.rint([left, top, side, side]).astype(int)


def group(n, seed=0):
    """n different people side by side in one picture.

    Returns RGB uint8 [H, W, 3], landmarks float32 [n, 68, 2] and boxes float32 [n, 4].
    """
    rng = np.random.default_rng([seed, 9])
    people = [sample_person(rng) for _ in range(n)]
    views = [sample_view(rng) for _ in range(n)]
    for view in views:
        view.yaw, view.roll = 0.6 * view.yaw, 0.6 * view.roll
    light, elevation, harshness = rng.uniform(-60, 60), rng.uniform(10, 50), rng.uniform(0, 0.6)
    for view in views:
        view.light, view.elevation, view.harshness, view.exposure = light, elevation, harshness, 1.0
    face = 100 if n > 2 else 130
    shape = (round(2.9 * face), round((2.05 * n + 0.5) * face))
    centres = [
        ((2.05 * k + 1.25 + rng.normal(0, 0.08)) * face, (1.35 + rng.normal(0, 0.12)) * face)
        for k in range(n)
    ]
    widths = face * rng.uniform(0.9, 1.08, n)
    picture, marks = photograph(people, views, centres, widths, shape, int(rng.integers(2**31)))
    return picture, marks, np.array([detector_box(m, rng) for m in marks], np.float32)


def contact_sheet(n=48, seed=0, columns=8, tile=160):
    """Faces of n people in a grid of so many columns, RGB uint8; tile: side of each, in pixels."""

    def one(k):
        rng = np.random.default_rng([seed, 1000 + k])
        picture, _ = draw_person(
            sample_person(rng),
            seed=int(rng.integers(2**31)),
            shape=(320, 320),
            face_width=rng.uniform(130, 165),
        )
        return cv2.resize(picture, (tile, tile), interpolation=cv2.INTER_AREA)

    with ThreadPoolExecutor() as pool:
        tiles = list(pool.map(one, range(n)))
    tiles += [np.full_like(tiles[0], 255)] * (-n % columns)
    rows = [np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
    return np.vstack(rows)
