"""A domain shift: scans of colour negatives, such as lie in a box from before telephones did.

Points are (x, y) in pixels of the picture, with pixel centres at whole numbers.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from helpers.annotations import Face
from helpers.boxes import detector_box
from helpers.landmarks import IBUG, NUM_LANDMARKS
from helpers.people.collect import VERSION
from helpers.people.extra import extra_points
from helpers.people.person import new_seed, sample_person
from helpers.people.portrait import draw_person
from helpers.storage import data_folder, short_hash, whole_file

FILM = (1.0, 0.68, 0.5)  # the colour of film on which nothing was exposed: orange
DENSITY = 0.8  # how much of the light is kept back where the picture was white
BLUR, GRAIN = 1.0, 0.035  # pixels; in parts of white
SIDE = 320  # pixels of a picture of `film_people`


def negative(picture: np.ndarray, seed: int = 0) -> np.ndarray:
    """A picture as a scan of a colour negative shows it: RGB uint8 [H, W, 3], as `picture` is.

    What was bright is dark, on orange film, a little out of focus and with grain, which is drawn
    from the seed.
    """
    rng = np.random.default_rng([seed, 31])
    light = cv2.GaussianBlur(picture.astype(np.float32) / 255, (0, 0), BLUR)
    scan = (1 - DENSITY * light) * np.array(FILM, np.float32)
    grain = cv2.GaussianBlur(rng.standard_normal(picture.shape[:2]), (0, 0), 0.6)
    scan = scan + GRAIN * grain[..., None] / grain.std()
    return np.round(255 * np.clip(scan, 0, 1)).astype(np.uint8)


def film_people(count: int, seed: int = 0) -> tuple[list[Face], np.ndarray]:
    """People who do not exist on negatives: faces with 68 points, and the points that these lack.

    The latter are those of `helpers.people.extra`, float32 [count, 5, 2]: pupils, ear lobes and
    hairline, NaN where one is hidden. Boxes are as imprecise as a detector's. Pictures are drawn
    once and kept in the data folder; the first of them are the same whatever the count.
    """
    settings = VERSION, seed, SIDE, FILM, DENSITY, BLUR, GRAIN
    folder = data_folder() / "negatives" / short_hash(*settings)
    paths = [folder / f"{index:03d}.png" for index in range(count)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = pool.map(_expose, paths, ([seed, index] for index in range(count)))
        drawn = list(tqdm(jobs, "people on film", count, leave=False))
    faces = []
    for index, (path, points) in enumerate(zip(paths, drawn, strict=True)):
        known = points[:NUM_LANDMARKS]
        left, top, width, height = map(
            float, detector_box(known, np.random.default_rng([seed, index, 18]))
        )
        faces.append(Face(path, (left, top, width, height), known, path.name, IBUG.points))
    return faces, np.array([points[NUM_LANDMARKS:] for points in drawn])


def _expose(path: Path, seeds: list[int]) -> np.ndarray:
    """All points [73, 2] of one person, whose picture is drawn at `path` if it is missing."""
    kept = path.with_suffix(".npy")
    if not (kept.exists() and path.exists()):
        rng = np.random.default_rng([*seeds, 17])
        person, shot, shape = sample_person(rng), new_seed(rng), (SIDE, SIDE)
        width = float(rng.uniform(110, 160))
        picture, known = draw_person(person, seed=shot, shape=shape, face_width=width)
        others = extra_points(person, seed=shot, shape=shape, face_width=width)
        with whole_file(path) as partial:
            Image.fromarray(negative(picture, shot)).save(partial, format="PNG")
        with whole_file(kept) as partial, open(partial, "wb") as file:
            np.save(file, np.vstack([known, others]))
    return np.load(kept)
