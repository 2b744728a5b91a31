"""A data set of people who do not exist: who is in it, and its pictures and label files.

Points are (x, y) in pixels of the picture, with pixel centres at whole numbers.
"""

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from helpers.annotations import label_list, write_face
from helpers.boxes import detector_box
from helpers.people.groups import group, group_people
from helpers.people.person import Person, new_seed, sample_person
from helpers.people.portrait import draw_person

# To be raised whenever the same seed gives other pictures or landmarks, so that data sets are made
# anew. A test compares a few faces with those of this version.
VERSION = 3
SOURCE = (
    "People who do not exist, drawn from a statistical face model. The model was fitted to the "
    "Face Research Lab London Set by Lisa DeBruine and Benedict Jones (2017), figshare, "
    "doi 10.6084/m9.figshare.5047666.v5, and to the Young Adult White Faces by Lisa DeBruine "
    "(2016), figshare, doi 10.6084/m9.figshare.4220517.v1, both CC BY 4.0; altered: nobody in "
    "these pictures is in them. "
    "Licence of these pictures: CC BY 4.0."
)
PARTS = ("train", "test")


def make_people(
    folder: str | Path,
    train: int = 512,
    test: int = 128,
    seed: int = 0,
    workers: int | None = None,
    spread: float = 1.0,
) -> Path:
    """Writes a data set in dlib's layout into an empty folder, and returns the folder.

    train + test faces and their mirrored twins: label files `labels_people_train.xml` and
    `labels_people_test.xml`, pictures under `people/`, a twin of each with its own entry right
    after, and a .pts file (which counts from 1) beside each unmirrored picture. One photograph in
    24 holds two people, and is saved under both names as in dlib's archive; `photographs.csv` says
    which pictures show one photograph. spread: above 1, heads turn farther, faces move more, lamps
    are harsher, more is before the faces, hands and hats too, some pictures are shaken or coarse,
    and there are beards. The same seed gives the same pixels, whatever `workers` (threads) is.
    Raises FileExistsError where the folder holds such a data set.
    """
    folder = Path(folder)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # each worker draws a photograph of its own: threads within cost time
    try:
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            same = [
                line
                for part, total in enumerate((train, test))
                for line in _write_list(pool, folder, seed, part, total, spread)
            ]
            (folder / "photographs.csv").write_text("\n".join(["image,photograph", *same, ""]))
    finally:
        cv2.setNumThreads(threads)
    return folder


def cast(train: int = 512, test: int = 128, seed: int = 0) -> tuple[list[Person], list[Person]]:
    """The people of a data set, without their pictures: (list for train, list for test)."""
    return _people(seed, 0, train), _people(seed, 1, test)


def _people(seed: int, part: int, total: int) -> list[Person]:
    """The people of one list (0 for train, 1 for test), in its order."""
    people = []
    for index, count in enumerate(_counts(total)):
        rng = _generator(seed, part, index)
        if count > 1:
            people += group_people(count, new_seed(rng))[0]
        else:
            people.append(sample_person(rng))
    return people


def _counts(total: int) -> list[int]:
    """How many people each photograph of a list shows: two in every 24th, else one."""
    counts: list[int] = []
    while sum(counts) < total:
        counts.append(2 if len(counts) % 24 == 6 and sum(counts) + 2 <= total else 1)
    return counts


def _generator(seed: int, part: int, index: int) -> np.random.Generator:
    """The generator that a photograph and its people are drawn from, and no other photograph."""
    return np.random.default_rng([seed, part, index])


def _write_list(
    pool: Executor, folder: Path, seed: int, part: int, total: int, spread: float
) -> list[str]:
    """Draws and saves one list's pictures and its label file; returns lines "image,photograph"."""
    name = PARTS[part]
    (folder / "people" / name).mkdir(parents=True)
    jobs = [
        pool.submit(_write, folder, seed, part, index, count, spread)
        for index, count in enumerate(_counts(total))
    ]
    drawn = [job.result() for job in tqdm(jobs, desc=f"people, {name}")]
    entries = [entry for faces in drawn for face in faces.values() for entry in face]
    text = label_list(f"Demo people - {name} images", SOURCE, entries)
    (folder / f"labels_people_{name}.xml").write_text(text, encoding="iso-8859-1")
    return [
        f"{picture}{twin}.jpg,{next(iter(faces))}"
        for faces in drawn
        for picture in faces
        for twin in ("", "_mirror")
    ]


def _write(
    folder: Path, seed: int, part: int, index: int, count: int, spread: float
) -> dict[str, list[str]]:
    """Draws and saves a photograph and its twin: name of each face's picture to its entries."""
    picture, faces = _photo(seed, part, index, count, spread)
    quality = int(np.random.default_rng([seed, part, index, 3]).integers(70, 96))
    entries = {}
    for k, (marks, box) in enumerate(faces, 1):
        suffix = f"_{k}" if count > 1 else ""
        name = f"people/{PARTS[part]}/{index + 1:04d}{suffix}"
        entries[name] = write_face(folder, name, picture, box.tolist(), marks, quality)
    return entries


def _photo(
    seed: int, part: int, index: int, count: int, spread: float = 1.0
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """One photograph, RGB uint8 [H, W, 3], and its faces: landmarks [68, 2] and box, int [4]."""
    rng = _generator(seed, part, index)
    if count > 1:
        picture, marks, boxes = group(count, new_seed(rng), spread)
        return picture, list(zip(marks, boxes.astype(int), strict=True))
    person = sample_person(rng, spread)
    picture, landmarks = draw_person(person, seed=new_seed(rng), spread=spread)
    return picture, [(landmarks, detector_box(landmarks, rng))]
