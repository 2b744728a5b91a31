"""Facial expressions: how far jaw, lips, brows and lids move in the frame of the face model."""

import cv2
import numpy as np

from helpers.people.face_model import MIDDLE, face_model, reduced, smooth, times
from helpers.people.mouth import LOWER_LIP, UPPER_LIP
from helpers.people.person import View


def expression(view: View) -> np.ndarray:
    """How far each vertex of the mesh moves, (x, y) in pixels of the frame: float32 [v, 2]."""
    uv = face_model()["uv"]
    moves = np.zeros_like(uv)
    moves[:, 1] += _drop_jaw(uv, 34 * view.mouth_open)
    for side in (-1, 1):
        x, y = uv[:, 0] - MIDDLE - side * 50, uv[:, 1] - 246
        moves[:, 1] -= view.brow_raise * 9 * np.exp(-np.square(x / 50) - np.square(y / 24))
    moves += 1.8 * view.smile * face_model()["smile_moves"]
    for upper, lower in face_model()["lids"]:
        moves[:, 1] += _close_lid(uv, upper, lower, view.eyes_closed)
    return moves


def _drop_jaw(uv: np.ndarray, drop: float) -> np.ndarray:
    """How far down each vertex goes when the mouth is opened: [v].

    uv: [v, 2]. drop: how far down the middle of the lower lip goes. All in pixels of the frame.
    """
    x, y = uv[:, 0] - MIDDLE, uv[:, 1]
    mouth = uv[60:68].mean(0)
    corner = abs(uv[[60, 64], 0] - MIDDLE).mean()
    upper, lower = uv[UPPER_LIP], uv[LOWER_LIP]
    slit = np.interp(x, upper[:, 0] - MIDDLE, (upper[:, 1] + lower[:, 1]) / 2)
    aside = np.maximum(abs(x) - corner, 0)
    level = 0.32 * drop * np.exp(-np.square(aside / 34))
    inner = np.clip(1 - np.square(x / corner), 0, 1)
    lip = level + (drop - level) * inner**0.7
    down = smooth((y - mouth[1]) / (432 - mouth[1]))
    jaw = drop * (1 - smooth((abs(x) - 45) / 62)) * (1 - smooth((y - 462) / 70))
    return np.where(
        y > slit + 1e-3,  # the lower lip and what is below it
        lip * (1 - down) + jaw * down,
        level * (1 - inner) * np.exp(-np.square((slit - y) / 26)),
    )


def _close_lid(uv: np.ndarray, upper: np.ndarray, lower: np.ndarray, closed: float) -> np.ndarray:
    """How far down each vertex goes when the upper lid of one eye is closed: [v].

    uv: [v, 2]. upper, lower: the edges of the eye's lids, [n, 2] from left to right. All in
    pixels of the frame. closed: 0 to 1.
    """
    x, y = uv.T
    top = np.interp(x, *upper.T)
    gap = np.interp(x, *lower.T) - top
    share = np.clip(1 - (y - top) / np.maximum(gap, 0.5), 0, 1)
    above = np.clip(1 - (top - y) / 26, 0, 1)
    within = (x >= upper[0, 0]) & (x <= upper[-1, 0])
    return within * closed * 0.94 * gap * np.where(y >= top - 1e-3, share, above)


def close_lids(colour: np.ndarray, view: View, reduce: float) -> None:
    """Slides the eyeballs' picture under the upper lids, in place.

    The mesh, which squeezes the open part of the eye, then leaves the eyeball undistorted.
    colour: RGB float32 [H, W, 3] at 1 / reduce of the frame.
    """
    if view.eyes_closed <= 0:
        return
    for lids in face_model()["lids"]:
        upper, lower = reduced(lids, reduce)
        low = np.floor([upper[0, 0], upper[:, 1].min()]).astype(int)
        high = np.ceil([upper[-1, 0], lower[:, 1].max()]).astype(int) + 1
        ys, xs = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
        top, bottom = np.interp(xs[0], *upper.T), np.interp(xs[0], *lower.T)
        inside = (ys > top) & (ys < bottom)
        from_y = np.where(inside, bottom - (bottom - ys) * (1 - 0.9 * view.eyes_closed), ys)
        part = (slice(low[1], high[1]), slice(low[0], high[0]))
        eye = cv2.remap(colour, xs, from_y.astype(np.float32), cv2.INTER_LINEAR)
        # The last open slit lies in the shade of the lashes.
        dark = np.where(inside, 1 - 0.7 * smooth(2 * view.eyes_closed - 1), 1).astype(np.float32)
        colour[part] = times(eye, dark)
