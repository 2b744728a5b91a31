"""The inside of an open mouth, which no picture of the face model shows: dark, with teeth."""

from itertools import pairwise

import cv2
import numpy as np


def draw_mouth(layer, landmarks, view):
    """Paints the inside of an open mouth into a person's layer, in place.

    layer: premultiplied RGBA float32 [H, W, 4]; landmarks: [68, 2] in its pixels.
    """
    upper, lower = landmarks[60:65], landmarks[[60, 67, 66, 65, 64]]
    gap = np.linalg.norm(lower - upper, axis=1).max()
    ring = np.concatenate([upper, lower[::-1]])
    low = np.maximum(np.floor(ring.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(ring.max(0)).astype(int) + 3, layer.shape[1::-1])
    if gap < 1.2 or (high <= low).any():
        return
    fine = 4  # drawn four times as large, then averaged
    width, height = (int(v) for v in (high - low) * fine)
    t = np.linspace(0, 4, 41)
    upper, lower = (
        np.stack([np.interp(t, range(5), side[:, k]) for k in (0, 1)], 1) for side in (upper, lower)
    )

    def paint(points, colour):
        place = np.rint(((points - low + 0.5) * fine - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(canvas, [place], colour, cv2.LINE_8, 4)

    canvas = np.zeros((height, width, 4), np.float32)
    paint(np.concatenate([upper, lower[::-1]]), (0.11, 0.035, 0.03, 1))
    inside = canvas[..., 3:].copy()
    wide = np.linalg.norm(landmarks[54] - landmarks[48])
    down = (landmarks[57] - landmarks[51]) / (np.linalg.norm(landmarks[57] - landmarks[51]) + 1e-6)
    edges = np.linspace(4, 36, 9).round().astype(int)  # eight teeth
    for k, (start, end) in enumerate(pairwise(edges)):
        long = wide * (0.09, 0.115, 0.125, 0.14)[min(k, 7 - k)]
        light = (0.42, 0.58, 0.68, 0.76)[min(k, 7 - k)]
        row = upper[start : end + 1]
        tip = row + down * long
        tip[[0, -1]] -= down * long * 0.12
        shrink = (row.mean(0) - tip) * 0.04
        paint(
            np.concatenate([row - down * 0.1 * wide, (tip + shrink)[::-1]]),
            (light, light * 0.94, light * 0.84, 1),
        )
    canvas = cv2.GaussianBlur(canvas, (0, 0), 0.6 + wide * fine * 0.008)
    depth = np.minimum(1, cv2.GaussianBlur(inside, (0, 0), 0.5 + gap * fine * 0.1) ** 1.3)[
        ..., None
    ]
    canvas[..., :3] *= inside * (0.35 + 0.65 * depth)  # lips shade what lies behind them
    canvas[..., 3:] = inside
    canvas = cv2.GaussianBlur(canvas, (0, 0), fine * 0.45)
    canvas = cv2.resize(canvas, (width // fine, height // fine), interpolation=cv2.INTER_AREA)
    canvas[..., :3] *= min(view.exposure, 1.1)
    part = layer[low[1] : high[1], low[0] : high[0]]
    part[:] = part * (1 - canvas[..., 3:]) + canvas
