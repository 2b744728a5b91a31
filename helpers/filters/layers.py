"""Artwork laid over a picture where it hangs, and `wear`, which does all of it.

Only the part of the picture under the artwork is worked on.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from helpers.crop import move, scaled
from helpers.filters.files import Filter, Piece
from helpers.filters.hang import Sheet, areas, flat, mesh_3d, on_head, over_face, similarity
from helpers.filters.head import Pose, checked, face_3d, find_pose
from helpers.triangles import FAR, maps_back, painted


def wear(image: np.ndarray, landmarks: ArrayLike, filter_: Filter) -> np.ndarray:
    """A copy of a picture in which its faces wear a filter: RGB uint8 [H, W, 3].

    image: RGB uint8 [H, W, 3]. landmarks: [68, 2] or [n, 68, 2], in pixels of the picture; they may
    lie outside. Larger faces, which are mostly nearer, are dressed last. A face whose points lie in
    one place or line stays as it is. Raises ValueError for other shapes and types.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"A picture must be RGB uint8 [H, W, 3], not {image.dtype} {image.shape}.")
    picture = np.ascontiguousarray(image).copy()
    for piece, sheet, opacity in worn(landmarks, filter_):
        lay_over(picture, piece, sheet, opacity)
    return picture


def worn(landmarks: ArrayLike, filter_: Filter) -> list[tuple[Piece, Sheet, float]]:
    """What faces wear of a filter, the lowest first: each piece, where it lies, how opaque it is.

    landmarks: as for `wear`, and ValueError as there.
    """
    posed = [(points, find_pose(points)) for points in checked(landmarks)]
    seen = [(points, pose) for points, pose in posed if pose is not None]
    seen.sort(key=lambda face: face[1].eye_distance)
    return [
        (piece, hung(piece, points, pose), opacity)
        for points, pose in seen
        for piece in filter_.pieces
        if (opacity := shown(piece, points, pose)) > 0
    ]


def hung(piece: Piece, landmarks: np.ndarray, pose: Pose) -> Sheet:
    """Where a piece lies in the picture of a face with these landmarks [68, 2] and this pose."""
    if piece.hang == "similarity":
        return flat(piece.size, similarity(piece.at, piece.anchors(landmarks)))
    anchors = piece.anchors(face_3d())
    if piece.hang == "mesh":
        return over_face(piece.at, anchors, landmarks, pose, _in_use(piece))
    sheet = on_head(piece.size, piece.at, anchors, pose, piece.forward, piece.lean, piece.bend)
    # The head in 3-D is the mean one; whose nose is lower than its wears the artwork lower.
    return sheet.moved((piece.anchors(landmarks) - pose.project(anchors)).mean(0))


def shown(piece: Piece, landmarks: np.ndarray, pose: Pose) -> float:
    """How opaque a piece is on a face, 0 to 1, which depends on its mouth where the piece says so.

    The mouth's height is that between the lips' inner edges (62 and 66), in eye distances.
    """
    if piece.mouth_open is None:
        return 1.0
    height = np.linalg.norm(landmarks[66] - landmarks[62]) / pose.eye_distance
    first, last = piece.mouth_open
    return float(np.clip((height - first) / (last - first), 0, 1))


def lay_over(picture: np.ndarray, piece: Piece, sheet: Sheet, opacity: float = 1.0) -> None:
    """Lays a piece over a picture, RGB uint8 [H, W, 3], in place, where its sheet says."""
    corners = sheet.target[sheet.triangles]
    if not len(corners) or not np.isfinite(corners).all():
        return
    corners = np.clip(corners, -FAR, FAR)
    size = np.array(picture.shape[1::-1])
    low = np.clip(np.floor(corners.min((0, 1))).astype(int), 0, size)
    high = np.clip(np.ceil(corners.max((0, 1))).astype(int) + 1, 0, size)
    if (low >= high).any():
        return
    shrinks = np.sqrt(abs(areas(sheet.source[sheet.triangles])).sum() / abs(areas(corners)).sum())
    level = int(np.clip(np.log2(max(shrinks, 1)), 0, len(piece.levels) - 1))
    layer = _layer(piece.levels[level], 2**level, sheet, low, high - low)
    if opacity < 1:
        layer = cv2.convertScaleAbs(layer, alpha=opacity)
    part = picture[low[1] : high[1], low[0] : high[0]]
    alpha = cv2.extractChannel(layer, 3)
    under = cv2.multiply(part, cv2.merge([255 - alpha] * 3), scale=1 / 255)
    part[:] = cv2.add(under, np.ascontiguousarray(layer[..., :3]))


def _layer(
    artwork: np.ndarray, reduce: int, sheet: Sheet, low: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """A part of the picture that holds nothing but the artwork, premultiplied RGBA uint8 [h, w, 4].

    artwork: at 1 / reduce of its size. low, size: the part's upper left pixel, width and height.
    """
    if sheet.matrix is None:
        xs, ys, there = _maps_back(reduce, sheet, low, size)
        layer = cv2.remap(artwork, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        # A pixel has a triangle or none: soft edges, as around the eyes, are made afterwards.
        soft = cv2.blur(there, (3, 3))
        return cv2.multiply(layer, cv2.merge([soft] * 4), scale=1 / 255)
    half = (reduce - 1) / 2
    enlarged = np.array([[reduce, 0, half], [0, reduce, half], [0, 0, 1]])
    to_part = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ sheet.matrix @ enlarged
    return cv2.warpPerspective(artwork, to_part, size.tolist(), flags=cv2.INTER_LINEAR)


def _maps_back(
    reduce: int, sheet: Sheet, low: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where in the artwork each pixel of a part of the picture comes from: x, y float32 [h, w].

    The third array says where there is a triangle: uint8 [h, w], 255 or 0. Arguments as for
    `_layer`.
    """
    corners = sheet.target[sheet.triangles] - low
    kept = (corners.max(1) > -1).all(1) & (corners.min(1) < size).all(1)
    corners, source = corners[kept], sheet.source[sheet.triangles[kept]]
    ids = painted(corners, size)
    xs, ys = maps_back(ids, corners, scaled(source, 1 / reduce))
    return xs, ys, np.where(ids < len(corners), 255, 0).astype(np.uint8)


@lru_cache(maxsize=16)  # by the piece itself: a filter that is loaded anew has others
def _in_use(piece: Piece) -> np.ndarray:
    """Which triangles of `mesh_3d` have any of a piece's artwork on them: bool [t]."""
    points, triangles = mesh_3d()
    source = move(points[:, :2], similarity(piece.anchors(face_3d())[:, :2], piece.at))
    opaque = cv2.dilate(piece.levels[0][..., 3], np.ones((3, 3), np.uint8)) > 0
    return np.isin(np.arange(len(triangles)), painted(source[triangles], piece.size)[opaque])
