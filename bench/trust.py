"""How far `Landmarker.trust` can be believed: its curve, and how often it was right.

`python -m bench.trust PATH [PATH ...]` fits the curve to the validation faces of archives and
prints how often landmarks of each trust were right on their test lists. What is looked at, for
every face: its box, a box beside it, the picture turned under an upright box, and a box without a
face; one pass and two, so that there is enough that is wrong. Of the validation faces, `research`
has learned from most (LFPW and YouTube Faces came in whole, and its last steps held back another
tenth of dlib's archive), and `fast` from all but those of dlib's archive.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bench.record import set_name
from helpers.annotations import Face, read_image
from helpers.boxes import iou
from helpers.checkpoint import SHIPPED
from helpers.crop import crop_matrix, move, to_grey, warp
from helpers.dataset import load_faces, split_by_photograph
from helpers.metrics import nme
from helpers.predict import Landmarker, chance_right

LIMIT = 10.0  # per cent NME: landmarks below it are right
MOST = 25  # faces of a list that are looked at
EDGES = (0.0, 0.1, 0.5, 0.9, 0.99, 1.01)  # of the classes of trust in the table

Case = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # picture, box, landmarks or None


def cases(face: Face, known: list[Sequence[float]], rng: np.random.Generator) -> Iterator[Case]:
    """Pictures grey [H, W] with a box and the landmarks in it, None where there is no face.

    known: the boxes of all faces that are labelled in the picture.
    """
    grey, box = to_grey(read_image(face.image)), np.array(face.box, float)
    side = box[2]
    yield grey, box, face.landmarks
    zoom = rng.uniform(0.75, 1.35)
    corner = box[:2] + side * rng.uniform(-0.25, 0.25, 2) + (1 - zoom) * side / 2
    yield grey, np.array([*corner, *(zoom * box[2:])]), face.landmarks
    for angle in (rng.choice((90, 180, 270)), rng.uniform(-180, 180)):
        size = round(3 * side)
        matrix = crop_matrix(box, size, 3.0, angle)
        yield warp(grey, matrix, size), np.full(4, size / 3), move(face.landmarks, matrix)
    for _ in range(20):
        small = side * rng.uniform(0.5, 1.2)
        corner = rng.uniform(0, 1, 2) * np.maximum(1, np.array(grey.shape[::-1]) - small)
        none = np.array([*corner, small, small])
        if iou(none[None], np.array(known)).max() < 0.02:
            yield grey, none, None
            break


def look(landmarker: Landmarker, faces: list[Face], everyone: list[Face], seed: int) -> np.ndarray:
    """The disagreement and the NME (infinite without a face) of every case: float64 [n, 2]."""
    rows = []
    for index, face in enumerate(faces):
        known = [other.box for other in everyone if other.image == face.image]
        for grey, box, truth in cases(face, known, np.random.default_rng([seed, index])):
            image = np.repeat(grey[..., None], 3, 2)
            for passes in (1, 2):
                found = landmarker.landmarks(image, [box], passes=passes)
                error = np.inf if truth is None else nme(found, truth[None])[0]
                rows.append((landmarker.disagreement(grey, found)[0], error))
    return np.array(rows)


def fitted(disagreement: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Level and slope of the sigmoid over the logarithm that tells best what is right, bool [n].

    Logistic regression by Newton's method: the log likelihood is concave, so a few steps suffice.
    """
    rows = np.column_stack([np.ones(len(right)), np.log(disagreement)])
    weights = np.zeros(2)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        # A touch of weight decay keeps the steps finite where the two kinds are wholly apart.
        slope = rows.T @ (chance - right) + 0.01 * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + 0.01 * np.eye(2)
        weights -= np.linalg.solve(bend, slope)
    return float(weights[0]), float(weights[1])


def differences(landmarker: Landmarker, faces: list[Face]) -> dict[str, float]:
    """How far two passes differ, in parts of the box: of upright faces and of those that lie.

    The 99th percentile of upright ones and the first of those turned by 90, 180 and 270 degrees.
    """
    found: dict[int, list[float]] = {turn: [] for turn in (0, 90, 180, 270)}
    for face in faces:
        grey = to_grey(read_image(face.image))
        for turn, values in found.items():
            size = round(3 * face.box[2])
            turned = warp(grey, crop_matrix(face.box, size, 3.0, turn), size)
            box = np.full((1, 4), size / 3, np.float32)
            values.append(float(landmarker.two_passes(turned, box, landmarker.mirror)[1][0]))
    lying = [value for turn, values in found.items() if turn for value in values]
    return {
        "upright": round(float(np.percentile(found[0], 99)), 4),
        "lying": round(float(np.percentile(lying, 1)), 4),
    }


def measure(names: Sequence[str], most: int = MOST) -> dict[str, Any]:
    """The curve for all shipped weights, and how often each was right, by its trust."""
    chosen: dict[str, list[tuple[list[Face], list[Face]]]] = {"validation": [], "test": []}
    for name in names:
        train, test = load_faces("train", name), load_faces("test", name)
        held = [train[i] for i in split_by_photograph(train)[1]]
        for part, faces, everyone in (("validation", held, train), ("test", test, test)):
            faces = [face for face in faces if not face.is_twin]
            order = np.random.default_rng(0).permutation(len(faces))[:most]
            chosen[part].append(([faces[i] for i in order], everyone))
    seen: dict[str, dict[str, np.ndarray]] = {}
    for name in SHIPPED:
        landmarker = Landmarker.load(name, "cpu")
        seen[name] = {
            part: np.concatenate([look(landmarker, *lists, seed=k) for k, lists in enumerate(all_)])
            for part, all_ in chosen.items()
        }
        print(name, {part: len(rows) for part, rows in seen[name].items()}, flush=True)
    everything = np.concatenate([parts["validation"] for parts in seen.values()])
    curve = fitted(everything[:, 0], everything[:, 1] < LIMIT)
    best = Landmarker.load(next(iter(SHIPPED)), "cpu")
    return {
        "curve": [round(number, 1) for number in curve],
        "limit": LIMIT,
        "edges": EDGES[:-1],
        "rows": {name: reliability(parts["test"], curve) for name, parts in seen.items()},
        "passes": differences(best, [face for faces, _ in chosen["validation"] for face in faces]),
        "lists": [set_name(name) for name in names],
    }


def reliability(rows: np.ndarray, curve: tuple[float, float]) -> list[list[float]]:
    """For each class of trust: how many of `look`'s rows, their mean trust, how many are right.

    The latter two in per cent.
    """
    trust = chance_right(rows[:, 0], curve)
    table = []
    for low, high in pairwise(EDGES):
        here = (trust >= low) & (trust < high)
        right = rows[here, 1] < LIMIT
        table.append(
            [int(here.sum()), *(round(100 * float(v.mean()), 1) for v in (trust[here], right))]
            if here.any()
            else [0, 0.0, 0.0]
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.trust", description=__doc__.split("\n")[0])
    parser.add_argument("archive", nargs="+")
    print(measure(parser.parse_args().archive))


if __name__ == "__main__":
    main()
