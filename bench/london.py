"""The weights in the repository by tone of skin, on the London Set's 102 neutral portraits.

All were taken in one studio under one light, so that the brightness of a cheek is the tone of the
skin. The truth is the set's own points, brought to the customary 68 by `tools/london_set.py`, and
the box is drawn around these. The generated people were fitted to this very set, and all three
weights that ship have learned from such, and from the skin of portraits of 94 of these 102 people
(`tools/real_skin.py`): the figures say nothing of how well they do on others, only whether they do
evenly.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from helpers.boxes import box_around
from helpers.checkpoint import SHIPPED
from helpers.metrics import bootstrap, nme
from helpers.predict import Landmarker
from tools.london_set import read_london, read_set

TONES = ("darkest third", "middle third", "lightest third")


def cheeks(picture: np.ndarray, landmarks: np.ndarray) -> float:
    """Mean luminance of both cheeks, 0 to 255: discs between mouth corner, jaw and nose.

    picture: BGR uint8 [H, W, 3], as OpenCV reads it; landmarks: [68, 2] in its pixels.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    mask = np.zeros_like(grey)
    for corner, side in ((48, 3), (54, 13)):
        centre = (landmarks[corner] + landmarks[side] + landmarks[33]) / 3
        radius = np.linalg.norm(landmarks[45] - landmarks[36]) / 12
        cv2.circle(mask, tuple(int(v) for v in centre.round()), round(radius), 1, -1)
    return cv2.mean(grey, mask)[0]


def measure(source: Path) -> dict[str, Any]:
    """NME of each of the shipped weights on each third of the faces by tone of skin.

    source: the set's archive, or the folder unpacked from it. Returns {"weights": {NAME: {TONE:
    [faces, NME, and the ends of its 95 % interval]}}, "faces": their number}. Raises ValueError
    that names what cannot be read.
    """
    pictures, _, _, landmarks = read_set(source, read_london)
    tone = np.array([cheeks(p, marks) for p, marks in zip(pictures, landmarks, strict=True)])
    third = np.searchsorted(np.quantile(tone, (1 / 3, 2 / 3)), tone)
    rows: dict[str, dict[str, list[float]]] = {}
    for name in SHIPPED:
        landmarker = Landmarker.load(name)
        found = [
            landmarker.landmarks(np.ascontiguousarray(picture[..., ::-1]), [box_around(marks)])[0]
            for picture, marks in zip(pictures, landmarks, strict=True)
        ]
        errors = nme(found, landmarks)
        rows[name] = {}
        for k, text in enumerate(TONES):
            chosen = errors[third == k]
            figure = [float(chosen.mean()), *bootstrap(chosen)]
            rows[name][text] = [len(chosen), *(round(float(value), 2) for value in figure)]
    return {"weights": rows, "faces": len(tone)}
