"""The weights in the repository by tone of skin, on the London Set's 102 neutral portraits.

In one studio under one light, so that the brightness of a cheek is the tone of the skin. The box
is made from the set's own points, which are brought to the customary 68 as `tools/fit_people.py`
does it. The generated people were fitted to this very set, and all weights that ship have learned
from such: it says nothing of how well they do on others, only whether they do evenly.
"""

import cv2
import numpy as np

from helpers.checkpoint import SHIPPED
from helpers.detect import box_around
from helpers.metrics import bootstrap, nme
from helpers.predict import Landmarker
from tools.fit_people import read_london

TONES = ("darkest third", "middle third", "lightest third")


def cheeks(picture, landmarks):
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


def measure(folder) -> dict:
    """For each of the shipped weights and each third by tone: [faces, NME and its interval]."""
    pictures, _, _, landmarks = read_london(folder)
    tone = np.array([cheeks(p, marks) for p, marks in zip(pictures, landmarks, strict=True)])
    third = np.searchsorted(np.quantile(tone, (1 / 3, 2 / 3)), tone)
    rows = {}
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
