"""Keeps what the generator of people draws, so that a change of it does not go unnoticed.

    python tools/pin_people.py    writes tests/people.json, after VERSION was raised

The pictures differ by a grey level or so from one processor to another (fused multiplications), so
what is kept of a picture is not a hash of its bytes but the mean of each of 8 x 8 parts.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from helpers.annotations import read_faces
from helpers.people import VERSION, draw_person, group, make_people, portrait, sample_person
from helpers.shell import one_sentence
from helpers.sources import label_file
from helpers.storage import whole_file

FILE = Path(__file__).resolve().parent.parent / "tests" / "people.json"
SPREADS = (1.0, 1.0, 1.0, 1.4, 1.4)  # of each person: usual ones, and some with beards
# How far the figures of two processors, or of two versions of OpenCV, may lie apart, in pixels and
# grey levels. OpenCV 4 looks a depth up to a 32nd of a pixel, OpenCV 5 exactly: measured between
# 4.14 and 5.0, landmarks lie 0.09 pixels apart at most, and the means 0.03 grey levels.
TOLERANCE = {"landmarks": 0.12, "boxes": 0.02, "means": 0.3}

Figures = dict[str, dict[str, list[float]]]  # of each thing that was drawn, by its name


def drawn() -> Figures:
    """What this code draws: a few people, some of them in one picture, and the boxes of a set."""
    figures = {}
    for seed, spread in enumerate(SPREADS):
        person = sample_person(np.random.default_rng([77, seed]), spread)
        # OpenCV's versions decode JPEG differently, so what is pinned is the picture before that.
        with mock.patch.object(portrait, "worn", lambda rng, picture: picture):
            picture, landmarks = draw_person(person, seed=seed, spread=spread)
        figures[f"face {seed}"] = _rounded(landmarks=landmarks, means=_means(picture))
    picture, landmarks, boxes = group(2, seed=77)
    figures["group"] = _rounded(landmarks=landmarks, boxes=boxes, means=_means(picture))
    with tempfile.TemporaryDirectory() as folder:
        make_people(folder, train=3, test=2, seed=77)
        faces = [f for part in ("train", "test") for f in read_faces(label_file(folder, part))]
    figures["data set"] = _rounded(boxes=np.array([face.box for face in faces]))
    return figures


def _means(picture: np.ndarray) -> np.ndarray:
    """The mean colours of 8 x 8 parts of a picture uint8 [H, W, 3]: float32 [8, 8, 3]."""
    return cv2.resize(picture.astype(np.float32), (8, 8), interpolation=cv2.INTER_AREA)


def _rounded(**arrays: np.ndarray) -> dict[str, list[float]]:
    """Arrays as they are kept: flat, to two decimals."""
    return {name: [round(float(v), 2) for v in array.ravel()] for name, array in arrays.items()}


def changed(before: Figures, now: Figures) -> list[str]:
    """The names of what is in both and differs by more than two processors do."""

    def same(kind: str, one: list[float], other: list[float]) -> bool:
        alike = len(one) == len(other)
        return alike and np.allclose(one, other, rtol=0, atol=TOLERANCE[kind])

    return [
        f"{name}'s {kind}"
        for name, figures in now.items()
        for kind, values in figures.items()
        if name in before and not same(kind, before[name].get(kind, []), values)
    ]


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the figures; those that are stored under the same VERSION stay as they are."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    stored = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    before, now = stored.get("figures", {}), drawn()
    if stored.get("version") == VERSION:
        if others := changed(before, now):
            names = ", ".join(others)
            raise ValueError(f"{FILE.name}: {names} differ under the same VERSION: raise it first.")
        now = {name: before.get(name, figures) for name, figures in now.items()}
    with whole_file(FILE) as partial:
        partial.write_text(json.dumps({"version": VERSION, "figures": now}) + "\n", "utf-8")
    print(f"{FILE}: {len(now)} of version {VERSION}")


if __name__ == "__main__":
    main()
