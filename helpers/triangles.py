"""Triangles carried from one picture to another: which one a pixel shows, and what of it.

Corners are (x, y) in pixels, pixel centres at whole numbers.
"""

import cv2
import numpy as np

FAR = 1e5  # pixels: what lies farther out is not on any picture


def painted(corners: np.ndarray, size: np.ndarray | tuple[int, int]) -> np.ndarray:
    """Which of the triangles [t, 3, 2] each pixel shows, and t where there is none: int [h, w].

    A later triangle lies before an earlier one. size: width and height in pixels.
    """
    ids = np.full((size[1], size[0]), len(corners), np.int32)
    for index, triangle in enumerate(np.rint(np.clip(corners, -FAR, FAR) * 256).astype(np.int32)):
        cv2.fillConvexPoly(ids, triangle, index, cv2.LINE_8, 8)
    return ids.astype(np.intp)


def maps_back(
    ids: np.ndarray, corners: np.ndarray, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where in the other picture each pixel comes from: x and y, float32 [h, w], for `cv2.remap`.

    ids: as `painted` makes them from the corners [t, 3, 2]. source: the same corners in the other
    picture. Each triangle is one affine map; pixels without one come from outside of the picture.
    """
    homogeneous = np.dstack([corners, np.ones(corners.shape[:2])])
    back = np.linalg.solve(homogeneous, source)  # [t, 3, 2]
    outside = [[[0, 0], [0, 0], [-99, -99]]]
    back = np.concatenate([back, outside]).astype(np.float32).transpose(2, 1, 0)
    ys, xs = (np.arange(count, dtype=np.float32) for count in ids.shape)
    maps = []
    for across, down, shift in back:  # in place, since this takes most of the time
        one, other = across.take(ids), down.take(ids)
        one *= xs
        other *= ys[:, None]
        one += other
        one += shift.take(ids)
        maps.append(one)
    return maps[0], maps[1]
