"""The yaw of a head and the collection that a face is from: by these, errors are told apart."""

from functools import cache

import numpy as np

from helpers.annotations import Face
from helpers.landmarks import IBUG
from helpers.people.face_model import depth_at, face_model

SUBSETS = {"afw": "AFW", "helen": "HELEN", "ibug": "iBUG", "lfpw": "LFPW"}
# Jaw, nose and eyes, which keep their places on the skull when a mouth opens or brows go up.
RIGID = [0, 1, 2, 3, 13, 14, 15, 16, *range(27, 48)]


def yaw(landmarks: np.ndarray) -> np.ndarray:
    """How far heads are turned, in degrees, from their landmarks alone: [n, 68, 2] -> float64 [n].

    Positive to the picture's right. landmarks: (x, y) in pixels, of any scale and origin. The mean
    face is turned and scaled to fit them best, as if seen from far away ("pose from orthography
    and scaling", DeMenthon and Davis 1995, "Model-Based Object Pose in 25 Lines of Code"). The
    mean face's depth is a guess, so the angle is good to some five degrees: enough to tell a
    frontal face from a turned one. Raises ValueError for other points than the 68.
    """
    points = np.asarray(landmarks, float)
    if points.ndim != 3 or points.shape[1:] != (len(IBUG), 2):
        expected = f"the {len(IBUG)} points of the scheme {IBUG.name!r}, [n, {len(IBUG)}, 2]"
        raise ValueError(f"A yaw needs {expected}, not {list(points.shape)}.")
    points = points[:, RIGID]
    points = points - points.mean(1, keepdims=True)
    camera = np.einsum("kp,npc->nck", np.linalg.pinv(_skull()), points)  # [n, 2, 3]
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    x_axis, y_axis = np.moveaxis(left @ right, 1, 0)  # the nearest rows of a rotation
    return -np.degrees(np.arcsin(np.clip(np.cross(x_axis, y_axis)[:, 0], -1, 1)))


@cache
def _skull() -> np.ndarray:
    """The rigid points of the mean face about their middle: x, y and depth, float64 [p, 3]."""
    model = face_model()
    uv = model["uv"][RIGID]
    points = np.column_stack([uv + model["shape_mean"][RIGID], depth_at(uv)]).astype(float)
    return points - points.mean(0)


def subset(face: Face) -> str:
    """Which of the collections in 300-W a face is from: AFW, HELEN, iBUG, LFPW, or "other"."""
    known = [SUBSETS[part] for part in face.image.parts if part in SUBSETS]
    return known[-1] if known else "other"
