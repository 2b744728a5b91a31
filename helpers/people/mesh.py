"""The mesh that carries a person from the model's frame to the photograph: shape, pose, warp.

Its vertices have places in the frame (`uv`, pixels) and depths. The first 68 are the points of the
portraits' template; `labels` says where between the vertices the landmarks lie. Points in a picture
are (x, y), pixel centres at whole numbers.
"""

from functools import cache

import cv2
import numpy as np

from helpers.people.expression import expression
from helpers.people.face_model import (
    BELOW,
    FRAME,
    MIDDLE,
    blend,
    depth_at,
    face_model,
    reduced,
    smooth,
)
from helpers.people.person import Person, View
from helpers.triangles import maps_back, painted

CAMERA = 1400  # distance of the camera from the face, in pixels of the frame


def posed(person: Person, view: View) -> tuple[np.ndarray, np.ndarray]:
    """The vertices [v, 2] and depths [v] of a person's mesh, as the camera sees them.

    Both are in pixels of the frame: vertices (x, y) about the middle of the face, depths towards
    the camera. The body turns less than the head.
    """
    model = face_model()
    uv = model["uv"]
    flat = uv + blend(model, "shape", person.code) + expression(view)
    depth = depth_at(uv)
    head = 1 - 0.7 * smooth((uv[:, 1] - 462) / 90)
    x, y, z = flat[:, 0] - MIDDLE, flat[:, 1] - 400, depth + 20
    pitch = np.radians(view.pitch) * head
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    yaw = np.radians(view.yaw) * head
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    y = y + 4000 * (uv[:, 1] > FRAME + BELOW - 20)  # the last rows reach out of any picture
    roll = np.radians(view.roll) * (0.55 + 0.45 * (head - 0.3) / 0.7)
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    y = y + 85  # the camera looks at the eyes, not at the mouth
    scale = CAMERA / (CAMERA - z)
    return np.stack([x * scale, y * scale], 1), z


def warp_mesh(
    frame: np.ndarray,
    reduce: float,
    points: np.ndarray,
    depth: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """The frame's picture carried along the mesh into one of shape (H, W): float32 [H, W, 4].

    frame: float32 [.., .., 4], at 1 / reduce of the model's frame. points: the vertices, [v, 2] in
    pixels of the result, depth: [v]. Farther triangles are painted first, so that a turned face
    hides its own far cheek.
    """
    triangles = face_model()["triangles"]
    uv = reduced(face_model()["uv"].astype(np.float64), reduce)
    corners = points[triangles].astype(np.float64)
    size = np.array(shape[::-1])
    layer = np.zeros((*shape, 4), np.float32)
    kept = drawn_triangles()
    kept = kept[_may_be_seen(corners, size)[kept]]
    if not len(kept):
        return layer
    kept = kept[np.argsort(depth[triangles[kept]].mean(1), kind="stable")]
    low = np.clip(np.floor(corners[kept].min((0, 1))).astype(int), 0, size - 1)
    high = np.clip(np.ceil(corners[kept].max((0, 1))).astype(int) + 1, 1, size)
    corners = corners[kept] - low
    ids = painted(corners, high - low)
    layer[low[1] : high[1], low[0] : high[0]] = cv2.remap(
        frame,
        *maps_back(ids, corners, uv[triangles[kept]]),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return layer


@cache
def drawn_triangles() -> np.ndarray:
    """Indices of the triangles where a person may be, as none is beside and above the head: [k]."""
    model = face_model()
    x, y = model["uv"][model["triangles"]].transpose(2, 0, 1)
    beside = (x > 500).all(1) | (x < 140).all(1)
    return np.flatnonzero(~((y < 24).all(1) | (beside & (y < 420).all(1))))


def visible_rows(points: np.ndarray, shape: tuple[int, int]) -> int:
    """How many rows of the frame reach into a picture of shape (H, W), in steps of 32.

    points: [v, 2], the vertices in pixels of the picture.
    """
    seen = face_model()["uv"][points[:, 1] < shape[0] + 4, 1]
    return int(np.clip(np.ceil((seen.max() + 40) / 32) * 32, 320, FRAME + BELOW))


def _may_be_seen(corners: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Which triangles reach into a picture and are no mere lines: bool [t].

    corners: [t, 3, 2] in pixels of the picture. size: its width and height.
    """
    inside = (corners.max(1) > -1).all(1) & (corners.min(1) < size).all(1)
    edges = corners[:, 1:] - corners[:, :1]
    area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    return inside & (abs(area) > 1e-3)
