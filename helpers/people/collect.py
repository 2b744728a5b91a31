"""Demo people: photograph-like pictures of people who do not exist, with exact landmarks.

A person is drawn at random from a statistical face model (Cootes et al. 1998) fitted to the Face
Research Lab London Set, then posed, lit and put before a background. Points are (x, y) in pixels
of the picture, with pixel centres at whole numbers.

`portrait` says who is seen and how, and puts the rest together: `render` and `hair` paint a person
in the frame of the `face_model`, `mesh` poses it (with the `expression`) and carries it over the
`backgrounds`, then come `mouth`, `occluders` and `camera`. This module writes the data set.
"""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from helpers.dlib_layout import label_list, write_face
from helpers.face_model import Person, View
from helpers.groups import contact_sheet, detector_box, group
from helpers.portrait import draw_person, photograph, sample_person, sample_view

__all__ = [
    "Person",
    "View",
    "cast",
    "contact_sheet",
    "detector_box",
    "draw_person",
    "group",
    "make_people",
    "photograph",
    "sample_person",
    "sample_view",
]

SOURCE = (
    "People who do not exist, drawn from a statistical face model. The model was fitted to the "
    "Face Research Lab London Set by Lisa DeBruine and Benedict Jones (2017), figshare, "
    "doi 10.6084/m9.figshare.5047666.v5, CC BY 4.0; altered: nobody in these pictures is in it. "
    "Licence of these pictures: CC BY 4.0."
)


def _counts(total):
    """How many people each photograph of a list shows: two in every 24th, else one."""
    counts = []
    while sum(counts) < total:
        counts.append(2 if len(counts) % 24 == 6 and sum(counts) + 2 <= total else 1)
    return counts


def cast(train=512, test=128, seed=0):
    """The people of a data set, without their pictures: (list for train, list for test)."""
    lists = []
    for part, total in enumerate((train, test)):
        lists.append([])
        for index, count in enumerate(_counts(total)):
            rng = np.random.default_rng([seed, part, index])
            if count > 1:
                rng = np.random.default_rng([int(rng.integers(2**31)), 9])
            lists[-1] += [sample_person(rng) for _ in range(count)]
    return tuple(lists)


def _photo(seed, part, index, count, spread=1.0):
    """One photograph and its faces [(landmarks, box)], all from a generator of its own."""
    rng = np.random.default_rng([seed, part, index])
    if count > 1:
        picture, marks, boxes = group(count, int(rng.integers(2**31)))
        return picture, list(zip(marks, boxes.astype(int), strict=True))
    person = sample_person(rng, spread)
    picture, marks = draw_person(person, seed=int(rng.integers(2**31)), spread=spread)
    return picture, [(marks, detector_box(marks, rng))]


def _write(folder, part, seed, index, count, spread):
    """Draws and saves one photograph and its twin; returns its entries of the label file."""
    picture, faces = _photo(seed, part, index, count, spread)
    rng = np.random.default_rng([seed, part, index, 3])
    quality, entries = int(rng.integers(70, 96)), []
    for k, (marks, box) in enumerate(faces):
        suffix = f"_{k + 1}" if count > 1 else ""
        name = f"people/{('train', 'test')[part]}/{index + 1:04d}{suffix}"
        entries += write_face(folder, name, picture, box, marks, quality)
    return entries


def _write_list(folder, part, name, total, seed, pool, spread):
    """Draws and saves one list's photographs and its label file."""
    (folder / "people" / name).mkdir(parents=True)
    jobs = [
        pool.submit(_write, folder, part, seed, index, count, spread)
        for index, count in enumerate(_counts(total))
    ]
    entries = [e for job in tqdm(jobs, desc=f"people, {name}") for e in job.result()]
    text = label_list(f"Demo people - {name} images", SOURCE, entries)
    (folder / f"labels_people_{name}.xml").write_text(text, encoding="iso-8859-1")


def make_people(folder, train=512, test=128, seed=0, workers=None, spread=1.0):
    """Writes a data set in dlib's layout into an empty folder: train + test faces and their twins.

    Label files `labels_people_train.xml` and `labels_people_test.xml`, pictures under `people/`,
    a mirrored twin of each with its own entry right after, and a .pts file (which counts from 1)
    beside each unmirrored picture. One photograph in 24 holds two people, and is saved under both
    names as in dlib's archive. spread: above 1, heads turn farther, faces move more, lamps are
    harsher, more is before the faces, and there are beards. The same seed gives the same pixels,
    whatever `workers` is.
    """
    folder = Path(folder)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # each worker draws a photograph of its own: threads within cost time
    try:
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            for part, (name, total) in enumerate((("train", train), ("test", test))):
                _write_list(folder, part, name, total, seed, pool, spread)
    finally:
        cv2.setNumThreads(threads)
    return folder


def main(arguments=None):
    """Makes a data set of people who do not exist, such as the free weights learned from."""
    parser = argparse.ArgumentParser("python -m helpers.people", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where it goes; must not exist")
    parser.add_argument("--train", type=int, default=512, help="faces to learn from, twins apart")
    parser.add_argument("--test", type=int, default=128, help="faces to test on, twins apart")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spread", type=float, default=1.0, help="above 1, all is less usual")
    args = parser.parse_args(arguments)
    try:
        args.folder.mkdir(parents=True)
    except OSError as error:
        raise SystemExit(f"{args.folder}: {error.strerror}.") from None
    make_people(args.folder, args.train, args.test, args.seed, spread=args.spread)


if __name__ == "__main__":
    main()
