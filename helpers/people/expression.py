"""Facial expressions: how far jaw, lips, brows and lids move in the frame of the face model."""

import cv2
import numpy as np

from helpers.face_model import face_model, smooth, times


def expression(view):
    """Displacements [v, 2] of the mesh's vertices, in pixels of the frame."""
    uv = face_model()["uv"]
    moves = np.zeros_like(uv)
    moves[:, 1] += _drop_jaw(uv, 34 * view.mouth_open)
    for side in (-1, 1):
        x, y = uv[:, 0] - 320 - side * 50, uv[:, 1] - 246
        moves[:, 1] -= view.brow_raise * 9 * np.exp(-np.square(x / 50) - np.square(y / 24))
    moves += 1.8 * view.smile * face_model()["smile_moves"]
    for upper, under in face_model()["lids"]:
        moves[:, 1] += _lower_lid(uv, upper, under, view.eyes_closed)
    return moves


def _drop_jaw(uv, drop):
    """How far down each vertex [v, 2] goes when the middle of the lower lip goes down by drop."""
    x, y = uv[:, 0] - 320, uv[:, 1]
    mouth = uv[[60, 61, 62, 63, 64, 65, 66, 67]].mean(0)
    corner = abs(uv[[60, 64], 0] - 320).mean()
    slit = np.interp(
        x,
        uv[[60, 61, 62, 63, 64], 0] - 320,
        (uv[[60, 61, 62, 63, 64], 1] + uv[[60, 67, 66, 65, 64], 1]) / 2,
    )
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


def _lower_lid(uv, upper, under, closed):
    """How far down each vertex [v, 2] goes with an upper lid, closed from 0 to 1.

    upper, under: the edges of both lids of one eye, [n, 2] from left to right.
    """
    x, y = uv.T
    top = np.interp(x, *upper.T)
    gap = np.interp(x, *under.T) - top
    share = np.clip(1 - (y - top) / np.maximum(gap, 0.5), 0, 1)
    above = np.clip(1 - (top - y) / 26, 0, 1)
    within = (x >= upper[0, 0]) & (x <= upper[-1, 0])
    return within * closed * 0.94 * gap * np.where(y >= top - 1e-3, share, above)


def close_lids(colour, view, reduce):
    """Slides the eyeball's picture under the lid, so that the mesh leaves it undistorted.

    colour: RGB float32 [H, W, 3] at 1 / reduce of the frame, changed in place.
    """
    if view.eyes_closed <= 0:
        return
    for lids in face_model()["lids"]:
        upper, under = (lids + 0.5) / reduce - 0.5
        low = np.floor([upper[0, 0], upper[:, 1].min()]).astype(int)
        high = np.ceil([upper[-1, 0], under[:, 1].max()]).astype(int) + 1
        ys, xs = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
        top, bottom = np.interp(xs[0], *upper.T), np.interp(xs[0], *under.T)
        inside = (ys > top) & (ys < bottom)
        from_y = np.where(inside, bottom - (bottom - ys) * (1 - 0.9 * view.eyes_closed), ys)
        part = (slice(low[1], high[1]), slice(low[0], high[0]))
        eye = cv2.remap(colour, xs, from_y.astype(np.float32), cv2.INTER_LINEAR)
        # The last open slit lies in the shade of the lashes.
        dark = np.where(inside, 1 - 0.7 * smooth(2 * view.eyes_closed - 1), 1).astype(np.float32)
        colour[part] = times(eye, dark)
