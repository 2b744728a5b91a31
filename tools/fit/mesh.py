"""The mesh of the face model and the depth of the mean face: the same for everyone.

Points are (x, y) in pixels of the frame.
"""

import cv2
import numpy as np
from scipy.spatial import Delaunay

from fit.frame import XX, YY
from helpers.landmarks import eye_centres
from helpers.people.face_model import BELOW, FRAME, MIDDLE

UNDER_CHIN = 12  # pixels of the frame


def mesh(landmarks: np.ndarray, detail: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [v, 2] in the frame and below, the 68 landmarks first; triangles [t, 3].

    They are dense in the face and densest about the eyes. landmarks: [68, 2], of the mean face.
    detail: further points [k, 2] that are to be vertices, on lids and lips.
    """
    fine = _grid(np.arange(176, 470, 11), np.arange(116, 500, 11))
    coarse = _grid(np.linspace(-20, FRAME + 20, 30), np.linspace(-20, FRAME + BELOW + 20, 46))
    x, y = coarse.T
    far = ~((x > 165) & (x < 480) & (y > 105) & (y < 505))
    grid = np.r_[fine, coarse[far]].astype(float)
    near = np.concatenate(
        [
            _grid(x + np.arange(-36, 37, 6), y + np.arange(-30, 25, 5))
            for x, y in eye_centres(landmarks)
        ]
    )
    vertices = landmarks
    for points, apart in ((detail, 1.5), (near, 3.0), (grid, 5.0)):
        gap = np.linalg.norm(points[:, None] - vertices[None], axis=-1).min(1)
        vertices = np.r_[vertices, points[gap > apart]]
    return vertices, Delaunay(vertices).simplices


def _grid(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """All points with one of these x and one of these y, row by row: [len(ys) * len(xs), 2]."""
    return np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)


def depth_map(landmarks: np.ndarray) -> np.ndarray:
    """Depth of the mean face, towards the camera, in pixels of the frame: float32 [640, 640].

    Made by hand; mouth, nose and chin stand out as far as the labels of turned faces say
    (`tools/measure_labels.py`). landmarks: [68, 2], of the mean face.
    """
    half = _half_width(landmarks[:17])
    rows = np.arange(FRAME)
    edge = np.interp(rows, [100, 290, 330, 400, 435, 450, 460], [-10, 6, 14, 50, 76, 98, 108])[
        :, None
    ]
    face = _face_depth(half, edge)
    neck = -25 + 62 * np.clip(1 - np.square((XX - MIDDLE) / 95), 0, 1) ** 0.5
    shoulders = np.minimum(neck, 20) - 10 * np.clip((YY - 470) / 60, 0, 1)
    body = np.where(YY > 470, shoulders, neck)
    inside = (abs(XX - MIDDLE) < half) & (YY < 458 + UNDER_CHIN)
    behind = np.where(YY > 400, body, -18 - 20 * np.clip((200 - YY) / 100, 0, 1))
    depth = np.where(inside, face, np.minimum(behind, edge + 0 * XX))
    return cv2.GaussianBlur(depth.astype(np.float32), (0, 0), 4)


def _half_width(jaw: np.ndarray) -> np.ndarray:
    """How far the head reaches to a side in each row: float32 [640, 1]. jaw: [17, 2]."""
    rows = np.arange(FRAME)
    below = np.interp(rows, jaw[8:17, 1][::-1], (jaw[8:17, 0] - MIDDLE)[::-1])
    above = np.interp(rows, [110, 140, 190, 240, 290], [10, 70, 104, 110, 107])
    under = UNDER_CHIN * np.clip((rows - 425) / 25, 0, 1)  # the chin is round: skin goes on below
    below = np.interp(rows - under, rows, below)
    half = np.where(rows < 290, above, below) + 8
    return cv2.GaussianBlur(np.tile(half[:, None], (1, 3)).astype(np.float32), (0, 0), 5)[:, :1]


def _face_depth(half: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Depth of the face without what is around it: [640, 640].

    half: how far the head reaches to a side, edge: depth there; both [640, 1].
    """
    x, y = XX - MIDDLE, YY
    middle = np.interp(
        np.arange(FRAME),
        [110, 125, 150, 190, 230, 300, 400, 425, 445, 458, 472],
        [0, 45, 88, 120, 134, 132, 130, 128, 133, 130, 100],
    )[:, None]
    oval = np.clip(1 - np.abs(x / np.maximum(half, 12)) ** 2.4, 0, 1) ** 0.5
    face = edge + (middle - edge) * oval
    along = np.clip((y - 268) / (338 - 268), 0, 1)
    nose = (6 + 36 * along**1.3) * np.exp(-np.square(x / (11 + 9 * along)))
    nose *= np.where(y > 338, np.exp(-np.square((y - 338) / 9)), 1) * np.clip((y - 245) / 25, 0, 1)
    sockets = sum(
        np.exp(-np.square((x - s * 50) / 26) - np.square((y - 282) / 15)) for s in (-1, 1)
    )
    lips = np.exp(-np.square(x / 34) - np.square((y - 384) / 13))
    muzzle = np.exp(-np.square(x / 24) - np.square((y - 372) / 34))
    return face + nose - 13 * sockets + 8 * lips + 12 * muzzle
