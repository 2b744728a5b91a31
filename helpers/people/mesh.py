"""The mesh that carries a person from the model's frame to the photograph: shape, pose, warp.

Its vertices have places in the frame (`uv`, pixels) and depths. The first 68 are the landmarks,
so these are exact by construction. Points in a picture are (x, y), pixel centres at whole numbers.
"""

from functools import cache

import cv2
import numpy as np

from helpers.expression import expression
from helpers.face_model import BELOW, FRAME, blend, face_model, smooth


def posed(person, view):
    """Vertices [v, 2] in units of the frame about the middle of the face, and depths [v]."""
    model = face_model()
    uv = model["uv"]
    flat = uv + blend(model, "shape", person.code) + expression(view)
    depth = cv2.remap(
        model["depth"],
        (uv[:, 0] + 0.5) / 4 - 0.5,
        (uv[:, 1] + 0.5) / 4 - 0.5,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).ravel()
    head = 1 - 0.7 * smooth((uv[:, 1] - 462) / 90)
    x, y, z = flat[:, 0] - 320, flat[:, 1] - 400, depth + 20
    pitch = np.radians(view.pitch) * head
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    yaw = np.radians(view.yaw) * head
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    y = y + 4000 * (uv[:, 1] > FRAME + BELOW - 20)  # the last rows reach out of any picture
    roll = np.radians(view.roll) * (0.55 + 0.45 * (head - 0.3) / 0.7)
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    y = y + 85  # the camera looks at the eyes, not at the mouth
    scale = 1400 / (1400 - z)
    return np.stack([x * scale, y * scale], 1), z


@cache
def drawn_triangles():
    """The triangles where a person may be; beside and above the head there never is one."""
    model = face_model()
    x, y = model["uv"][model["triangles"]].transpose(2, 0, 1)
    beside = (x > 500).all(1) | (x < 140).all(1)
    return np.flatnonzero(~((y < 24).all(1) | (beside & (y < 420).all(1))))


def warp_mesh(frame, reduce, points, depth, shape):
    """Carries the frame's picture along the mesh into one of shape (H, W): float32 [H, W, 4].

    frame: float32 [.., .., 4], at 1 / reduce of the model's frame. points: [v, 2] in pixels of the
    result, depth: [v]. Farther triangles are painted first, so that a turned face hides its own
    far cheek. Each pixel knows its triangle, and with it one affine map back.
    """
    model = face_model()
    uv = (model["uv"].astype(np.float64) + 0.5) / reduce - 0.5
    corners = points[model["triangles"]].astype(np.float64)
    size = np.array(shape[::-1])
    inside = (corners.max(1) > -1).all(1) & (corners.min(1) < size).all(1)
    edges = corners[:, 1:] - corners[:, :1]
    area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    kept = drawn_triangles()
    kept = kept[(inside & (abs(area) > 1e-3))[kept]]
    layer = np.zeros((*shape, 4), np.float32)
    if not len(kept):
        return layer
    kept = kept[np.argsort(depth[model["triangles"][kept]].mean(1), kind="stable")]
    low = np.clip(np.floor(corners[kept].min((0, 1))).astype(int), 0, size - 1)
    high = np.clip(np.ceil(corners[kept].max((0, 1))).astype(int) + 1, 1, size)
    ids = np.full((high - low)[::-1], len(kept), np.int32)
    fixed = np.rint((corners[kept] - low) * 256).astype(np.int32)
    for index, triangle in enumerate(fixed):
        cv2.fillConvexPoly(ids, triangle, index, cv2.LINE_8, 8)
    back = np.dstack([corners[kept] - low, np.ones((len(kept), 3))])
    affine = np.linalg.solve(back, uv[model["triangles"][kept]]).transpose(2, 1, 0).reshape(6, -1)
    affine = np.column_stack([affine, [0, 0, -99, 0, 0, -99]]).astype(np.float32)
    ys, xs = np.indices(ids.shape, np.float32, sparse=True)
    maps = [affine[k][ids] * xs + affine[k + 1][ids] * ys + affine[k + 2][ids] for k in (0, 3)]
    layer[low[1] : high[1], low[0] : high[0]] = cv2.remap(
        frame, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
    )
    return layer


def visible_rows(points, shape):
    """How many rows of the frame reach into a picture of shape (H, W), in steps of 32.

    points: [v, 2], the vertices in pixels of the picture.
    """
    seen = face_model()["uv"][points[:, 1] < shape[0] + 4, 1]
    return int(np.clip(np.ceil((seen.max() + 40) / 32) * 32, 320, FRAME + BELOW))
