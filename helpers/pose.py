"""Which way a head is turned, and of what kind a face is: what errors are told apart by."""

from functools import cache

import cv2
import numpy as np

from helpers.annotations import Face
from helpers.face_model import face_model

SUBSETS = {"afw": "AFW", "helen": "HELEN", "ibug": "iBUG", "lfpw": "LFPW"}
# Jaw, nose and eyes, which keep their places on the skull when a mouth opens or brows go up.
RIGID = [0, 1, 2, 3, 13, 14, 15, 16, *range(27, 48)]


def yaw(landmarks):
    """How far heads are turned, from their landmarks alone: [n, 68, 2] -> [n], degrees.

    Positive to the picture's right. The turned and scaled mean face that fits best is looked for,
    seen from far away ("pose from orthography and scaling", DeMenthon and Davis 1995). The mean
    face's depth is a guess, so the angle is good to some five degrees: enough to tell a frontal
    face from a turned one.
    """
    points = np.asarray(landmarks, float)[:, RIGID]
    points = points - points.mean(1, keepdims=True)
    camera = np.einsum("kp,npc->nck", np.linalg.pinv(_skull()), points)  # [n, 2, 3]
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    x_axis, y_axis = np.moveaxis(left @ right, 1, 0)  # the nearest rows of a rotation
    return -np.degrees(np.arcsin(np.clip(np.cross(x_axis, y_axis)[:, 0], -1, 1)))


@cache
def _skull():
    """The rigid points of the mean face, x, y and depth about their middle: [p, 3]."""
    model = face_model()
    uv = model["uv"][RIGID]
    at = (uv + 0.5) / 4 - 0.5  # depth is stored at a quarter of the frame
    depth = cv2.remap(model["depth"], at[:, :1], at[:, 1:], cv2.INTER_LINEAR)
    points = np.column_stack([uv + model["shape_mean"][RIGID], depth]).astype(float)
    return points - points.mean(0)


def subset(face: Face) -> str:
    """Which of the collections in 300-W a face is from: AFW, HELEN, iBUG, LFPW, or "other"."""
    known = [SUBSETS[part] for part in face.image.parts if part in SUBSETS]
    return known[-1] if known else "other"
