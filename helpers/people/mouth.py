"""The mouth's opening: where its edges are, and its inside, which the face model does not show."""

from itertools import pairwise

import cv2
import numpy as np

from helpers.people.overlay import Overlay
from helpers.people.person import View

# Landmarks along the inner edge of each lip, from left to right.
UPPER_LIP = [60, 61, 62, 63, 64]
LOWER_LIP = [60, 67, 66, 65, 64]


def draw_mouth(layer: np.ndarray, landmarks: np.ndarray, view: View) -> None:
    """Paints the inside of an open mouth into a person's layer, in place.

    layer: premultiplied RGBA float32 [H, W, 4]; landmarks: [68, 2] in its pixels.
    """
    upper, lower = landmarks[UPPER_LIP], landmarks[LOWER_LIP]
    gap = float(np.linalg.norm(lower - upper, axis=1).max())
    ring = np.concatenate([upper, lower[::-1]])
    low, high = np.floor(ring.min(0)).astype(int) - 2, np.ceil(ring.max(0)).astype(int) + 3
    overlay = Overlay(low, high, layer.shape, fine=4)
    if gap < 1.2 or overlay.is_empty:
        return
    upper, lower = _densely(upper), _densely(lower)
    canvas = overlay.canvas(4)
    overlay.fill(canvas, np.concatenate([upper, lower[::-1]]), (0.11, 0.035, 0.03, 1))
    inside = canvas[..., 3:].copy()
    width = float(np.linalg.norm(landmarks[54] - landmarks[48]))
    down = (landmarks[57] - landmarks[51]) / (np.linalg.norm(landmarks[57] - landmarks[51]) + 1e-6)
    _draw_teeth(overlay, canvas, upper, down, width)
    canvas = cv2.GaussianBlur(canvas, (0, 0), 0.6 + width * overlay.fine * 0.008)
    depth = cv2.GaussianBlur(inside, (0, 0), 0.5 + gap * overlay.fine * 0.1) ** 1.3
    # Lips shade what lies behind them.
    canvas[..., :3] *= inside * (0.35 + 0.65 * np.minimum(1, depth)[..., None])
    canvas[..., 3:] = inside
    canvas = overlay.averaged(cv2.GaussianBlur(canvas, (0, 0), overlay.fine * 0.45))
    canvas[..., :3] *= min(view.exposure, 1.1)
    overlay.put_over(layer, canvas)


def _densely(lip: np.ndarray) -> np.ndarray:
    """The edge of a lip, [5, 2], with nine more points in each gap: [41, 2]."""
    t = np.linspace(0, 4, 41)
    return np.stack([np.interp(t, range(5), lip[:, k]) for k in (0, 1)], 1)


def _draw_teeth(
    overlay: Overlay,
    canvas: np.ndarray,
    upper: np.ndarray,
    down: np.ndarray,
    width: float,
) -> None:
    """Paints eight teeth on an RGBA canvas.

    upper: [41, 2], the edge of the upper lip that they hang from. down: [2], the unit vector from
    lip to chin. width: of the mouth. All in pixels of the picture.
    """
    edges = np.linspace(4, 36, 9).round().astype(int)
    for k, (start, end) in enumerate(pairwise(edges)):
        from_side = min(k, 7 - k)
        long = width * (0.09, 0.115, 0.125, 0.14)[from_side]
        light = (0.42, 0.58, 0.68, 0.76)[from_side]
        row = upper[start : end + 1]
        tip = row + down * long
        tip[[0, -1]] -= down * long * 0.12
        shrink = (row.mean(0) - tip) * 0.04
        tooth = np.concatenate([row - down * 0.1 * width, (tip + shrink)[::-1]])
        overlay.fill(canvas, tooth, (light, light * 0.94, light * 0.84, 1))
