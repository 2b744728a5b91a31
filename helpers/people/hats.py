"""Hats on demo people: a knitted one, a cap with its peak, one with a brim all round.

A head's own coordinates: x across the face and y down it, from the middle between the ears, in half
widths of the head, so that a hat tilts with the head that wears it.
"""

import numpy as np

from helpers.people.backgrounds import muted
from helpers.people.face_model import smooth
from helpers.people.overlay import Overlay

HATS = ("knitted", "cap", "brim")


def head_axes(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A head's origin, its axis across and its axis down, each [2], in pixels of the picture.

    landmarks: [68, 2]. The axes are about half as long as the head is wide: half of the distance of
    the jaw's ends, or 1.4 times the nose, which stays as long when the head turns to a profile.
    """
    right, left = landmarks[0], landmarks[16]
    across = left - right
    length = max(np.linalg.norm(across) / 2, 1.4 * np.linalg.norm(landmarks[33] - landmarks[27]))
    across = across / np.linalg.norm(across) * length
    return (right + left) / 2, across, np.array([-across[1], across[0]])


def hat(
    rng: np.random.Generator, overlay: Overlay, landmarks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One of `HATS`, with its shadow on the forehead if it has a peak or a brim.

    landmarks: [68, 2] in pixels of the picture. Returns, on a canvas of the overlay, the colour RGB
    float [h, w, 3], 0 to 1 and not premultiplied, and alpha [h, w].
    """
    kind = HATS[rng.integers(len(HATS))]
    axes = head_axes(landmarks)
    x, y = overlay.along(*axes)
    brow = _along(landmarks[17:27].mean(0), *axes)[1]
    nose = _along(landmarks[30], *axes)[0]
    rim = brow - rng.uniform(0.02, 0.3)  # where the hat ends on the forehead
    soft = 1.5 / (overlay.fine * np.linalg.norm(axes[1]))  # a pixel and a half of the canvas

    def inside(distance: np.ndarray) -> np.ndarray:
        return np.clip(0.5 - distance / soft, 0, 1)

    wide, tall = rng.uniform(1.08, 1.2), rng.uniform(1, 1.25)
    power = 2.2 if kind == "knitted" else rng.uniform(2.4, 4)
    up = (rim - y) / tall
    dome = (abs(x / wide) ** power + np.maximum(up, 0) ** power) ** (1 / power) - 1
    lower = rim + 0.14 * (1 - np.square(x / wide)) - y  # the rim hangs down in front
    alpha = inside(np.maximum(dome, -lower))
    light = 1 - 0.3 * np.square(x / wide) + 0.15 * up
    if kind == "knitted":
        ribs = np.where(up < rng.uniform(0.2, 0.4), 45, 22)
        light = light * (1 + 0.12 * np.sin(ribs * x))
    else:
        ahead = nose if kind == "cap" else 0.2 * nose  # a peak points where the face does
        reach, depth = (0.8, rng.uniform(0.3, 0.6)) if kind == "cap" else (1.75, 0.3)
        front = np.square((x - ahead) / (wide * reach)) + np.square((y - rim - 0.05) / depth) - 1
        front = inside(np.maximum(front, rim - y) if kind == "cap" else front)
        light = light + (0.8 - 0.3 * smooth((y - rim) / depth) - light) * front
        alpha = np.maximum(alpha, front)
    shadow = 0.35 * (abs(x) < wide) * np.clip(1 - (y - rim) / 0.5, 0, 1) * (y > rim)
    whole = np.maximum(alpha, shadow * (kind != "knitted"))
    light = light * alpha / np.maximum(whole, 1e-6)
    return muted(rng, 0.1, 0.8, 0.6) * np.clip(light, 0, 1.3)[..., None], whole


def _along(
    point: np.ndarray, origin: np.ndarray, across: np.ndarray, down: np.ndarray
) -> tuple[float, float]:
    """A point [2] of the picture in a head's own coordinates: x and y."""
    away = point - origin
    return float(away @ across / (across @ across)), float(away @ down / (down @ down))
