"""Several people at once: a group photograph with face boxes, and a sheet of faces."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from helpers.boxes import detector_box
from helpers.people.person import Person, new_seed, sample_person, sample_view
from helpers.people.portrait import draw_person, photograph


def group(n: int, seed: int = 0, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n different people side by side in one picture.

    spread: as for `sample_view` and `photograph`. Returns RGB uint8 [H, W, 3], landmarks float32
    [n, 68, 2] and boxes (left, top, width, height) float32 [n, 4], both in pixels with pixel
    centres at whole numbers.
    """
    people, rng = group_people(n, seed, spread)
    views = [sample_view(rng, spread) for _ in range(n)]
    light, elevation, harshness = rng.uniform(-60, 60), rng.uniform(10, 50), rng.uniform(0, 0.6)
    for view in views:
        view.yaw, view.roll = 0.6 * view.yaw, 0.6 * view.roll
        view.light, view.elevation, view.harshness, view.exposure = light, elevation, harshness, 1.0
    face = 100 if n > 2 else 130
    shape = (round(2.9 * face), round((2.05 * n + 0.5) * face))
    centres = [
        ((2.05 * k + 1.25 + rng.normal(0, 0.08)) * face, (1.35 + rng.normal(0, 0.12)) * face)
        for k in range(n)
    ]
    widths = face * rng.uniform(0.9, 1.08, n)
    seed = new_seed(rng)
    picture, marks = photograph(people, views, centres, widths, shape, seed, spread=spread)
    return picture, marks, np.array([detector_box(m, rng) for m in marks], np.float32)


def group_people(
    n: int, seed: int, spread: float = 1.0
) -> tuple[list[Person], np.random.Generator]:
    """The people of a group photograph, and the generator that all else about it is drawn from."""
    rng = np.random.default_rng([seed, 9])
    return [sample_person(rng, spread) for _ in range(n)], rng


def contact_sheet(n: int = 48, seed: int = 0, columns: int = 8, tile: int = 160) -> np.ndarray:
    """Faces of n people in a grid, RGB uint8 [rows * tile, columns * tile, 3].

    tile: side of each face's square in pixels. The last row is filled up with white.
    """

    def one(k: int) -> np.ndarray:
        rng = np.random.default_rng([seed, 1000 + k])
        picture, _ = draw_person(
            sample_person(rng),
            seed=new_seed(rng),
            shape=(320, 320),
            face_width=rng.uniform(130, 165),
        )
        return cv2.resize(picture, (tile, tile), interpolation=cv2.INTER_AREA)

    with ThreadPoolExecutor() as pool:
        tiles = list(pool.map(one, range(n)))
    tiles += [np.full_like(tiles[0], 255)] * (-n % columns)
    rows = [np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
    return np.vstack(rows)
