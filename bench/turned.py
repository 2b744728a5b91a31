"""Faces turned in the plane: how many are found at each angle, and what their landmarks are worth.

`python -m bench.turned PATH` prints it for the test list of an archive. A face is turned within its
picture, about the middle of its box; what lies beyond the picture is black.
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.detector import FOUND, closest
from helpers.annotations import Face, read_image
from helpers.crop import crop_matrix, move, to_grey, warp
from helpers.dataset import load_faces
from helpers.metrics import nme
from helpers.predict import Landmarker

STEP = 15  # degrees between two angles at which faces are looked for
RIGHT_ANGLES = (90, 180, 270)
AROUND = 3  # the turned picture's side, in sides of the box
UNSURE = 0.5  # trust below which an answer counts as said to be unsure

Turned = tuple[np.ndarray, np.ndarray, np.ndarray]  # picture, box, landmarks


def turned_by(face: Face, angle: float) -> Turned:
    """A face turned clockwise by degrees: RGB [S, S, 3], its box float32 [4] and landmarks."""
    grey = to_grey(read_image(face.image))
    side = face.box[2]
    size = round(AROUND * side)
    matrix = crop_matrix(face.box, size, AROUND, angle)
    # A box of the label file does not turn with its face: it stands as the finder's do.
    box = np.array([(size - side) / 2, (size - side) / 2, side, side], np.float32)
    picture = np.repeat(warp(grey, matrix, size)[..., None], 3, 2)
    return picture, box, move(face.landmarks, matrix)


def measure(faces: Sequence[Face], weights: str = "research") -> dict[str, Any]:
    """What shipped weights do with turned faces: plain numbers. Mirrored twins are left out.

    found: per cent of faces with a box that overlaps theirs, for each angle. landmarks: for each
    right angle, "given" the box and "found" without one, on the faces that are found there and
    upright: the NME upright and turned, of those answers that are not said to be unsure, and per
    cent of answers that are.
    """
    landmarker = Landmarker.load(weights, "cpu")
    faces = [face for face in faces if not face.is_twin]
    answers = {angle: _answers(landmarker, faces, angle) for angle in (0, *RIGHT_ANGLES)}
    found = {angle: [rows["found"][0] for rows in answers[angle]] for angle in answers}
    for angle in set(range(0, 360, STEP)) - set(answers):
        found[angle] = [_find(landmarker, turned_by(face, angle)) for face in faces]
    return {
        "faces": len(faces),
        "weights": weights,
        "found": {
            str(angle): round(100 * sum(box is not None for box in found[angle]) / len(faces), 1)
            for angle in sorted(found)
        },
        "landmarks": {
            str(angle): {
                way: _compare([row[way] for row in answers[0]], [row[way] for row in rows])
                for way in ("given", "found")
            }
            for angle, rows in answers.items()
            if angle
        },
    }


def _find(landmarker: Landmarker, turned: Turned) -> np.ndarray | None:
    """The found box that overlaps the face's by FOUND, or None."""
    picture, box, _ = turned
    best, overlap = closest(landmarker.detect(picture), box)
    return best if overlap >= FOUND else None


def _answers(landmarker: Landmarker, faces: Sequence[Face], angle: float) -> list[dict[str, Any]]:
    """For each face and way: (box or None, NME, trust), the latter two None without a box."""
    rows = []
    for face in faces:
        picture, given, truth = turned = turned_by(face, angle)
        row: dict[str, Any] = {}
        for way, box in (("given", given), ("found", _find(landmarker, turned))):
            row[way] = (None, None, None)
            if box is not None:
                boxes = [box] if way == "given" else None  # None: with the finder's angles
                landmarks = landmarker.landmarks(picture, boxes)
                nearest = np.linalg.norm(landmarks.mean(1) - (box[:2] + box[2:] / 2), axis=1)
                chosen = landmarks[[nearest.argmin()]]
                error = float(nme(chosen, truth[None])[0])
                row[way] = (box, error, float(landmarker.trust(picture, chosen)[0]))
        rows.append(row)
    return rows


def _compare(upright: list[Any], turned: list[Any]) -> dict[str, float]:
    """NME of faces that are there in both, upright and turned, and how many are unsure."""
    both = zip(upright, turned, strict=True)
    pairs = [(a, b) for a, b in both if a[0] is not None and b[0] is not None]
    sure = [(a[1], b[1]) for a, b in pairs if b[2] >= UNSURE]
    before, after = np.array(sure).reshape(-1, 2).mean(0)
    return {
        "faces": len(pairs),
        "upright": round(float(before), 2),
        "turned": round(float(after), 2),
        "unsure": round(100 * (1 - len(sure) / len(pairs)), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.turned", description=__doc__.split("\n")[0])
    parser.add_argument("archive")
    values = measure(load_faces("test", parser.parse_args().archive))
    print(values["found"])
    for angle, ways in values["landmarks"].items():
        print(angle, ways)


if __name__ == "__main__":
    main()
