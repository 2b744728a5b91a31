"""What may be before a demo person's face: glasses, sunglasses, an object."""

import cv2
import numpy as np

from helpers.backgrounds import clouds, muted

OCCLUDERS = ("glasses", "sunglasses", "object")


def occlude(rng, picture, landmarks, kind):
    """A copy of a picture, RGB float [H, W, 3] from 0 to 1, with one of `OCCLUDERS` in it.

    landmarks: [68, 2] in pixels of the picture, of the face that it is put before.
    """
    fine = 2  # drawn twice as large, then averaged
    low = np.maximum(np.floor(landmarks.min(0) - 0.9 * np.ptp(landmarks, 0)), 0).astype(int)
    high = np.ceil(landmarks.max(0) + (1.0, 1.8) * np.ptp(landmarks, 0)).astype(int)
    high = np.minimum(high, picture.shape[1::-1])
    if (high <= low).any():
        return picture
    width, height = (int(v) for v in (high - low) * fine)
    colour, alpha = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)

    def place(points):
        """Picture pixels as sixteenths of the fine ones, which OpenCV draws with."""
        return np.rint(((np.asarray(points) - low + 0.5) * fine - 0.5) * 16).astype(np.int32)

    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    across = eyes[1] - eyes[0]
    if "glasses" in kind:
        _glasses(rng, colour, alpha, place, landmarks, eyes, kind == "sunglasses", fine)
    else:
        side = rng.choice((-1, 1))
        corner = landmarks[8] + across * side * rng.uniform(0.5, 1.1)
        size = np.linalg.norm(across) * rng.uniform(0.5, 1.0)
        angle = rng.uniform(0, 180)
        box = cv2.boxPoints((tuple(corner.tolist()), (size, size * rng.uniform(1, 2.5)), angle))
        cv2.fillPoly(alpha, [place(box)], 1.0, cv2.LINE_8, 4)
        alpha = cv2.GaussianBlur(alpha, (0, 0), size * fine * rng.uniform(0.05, 0.2))
        colour[:] = muted(rng, 0.1, 0.8, 0.5)
        colour *= (1 + 0.2 * clouds(rng, (height, width), 2))[..., None]
    layer = np.dstack([colour * alpha[..., None], alpha])
    layer = cv2.resize(layer, (width // fine, height // fine), interpolation=cv2.INTER_AREA)
    picture = picture.copy()
    part = picture[low[1] : high[1], low[0] : high[0]]
    part[:] = part * (1 - layer[..., 3:]) + layer[..., :3]
    return picture


def _glasses(rng, colour, alpha, place, landmarks, eyes, dark, fine):
    """Draws lenses, bridge and temples into pictures of colour and alpha, in place.

    place: takes picture pixels to those of the two, which are `fine` times as many. eyes: the
    centres of both, in picture pixels. dark: sunglasses.
    """
    across = eyes[1] - eyes[0]
    down = np.array([-across[1], across[0]])
    turn = np.linspace(0, 2 * np.pi, 60)
    power, wide, high = rng.uniform(0.5, 1), rng.uniform(0.36, 0.42), rng.uniform(0.26, 0.36)
    rim = muted(rng, 0.03, 0.35, 0.4).tolist()
    thick = max(1, round(np.linalg.norm(across) * rng.uniform(0.025, 0.07) * fine))
    shade = muted(rng, 0.02, 0.12, 0.2).tolist() if dark else (0.8, 0.85, 0.9)
    outer = landmarks[[0, 16]]
    for k, eye in enumerate(eyes):
        bend = [np.sign(f(turn)) * abs(f(turn)) ** power for f in (np.cos, np.sin)]
        ring = eye + 0.05 * down + np.outer(bend[0], across) * wide + np.outer(bend[1], down) * high
        cv2.fillPoly(colour, [place(ring)], shade, cv2.LINE_8, 4)
        cv2.fillPoly(alpha, [place(ring)], 0.95 if dark else 0.07, cv2.LINE_8, 4)
        side = eye + across * wide * (-1, 1)[k]
        lines = ([ring, True], [np.array([side, outer[k] * 0.8 + side * 0.2 - 0.1 * down]), False])
        for line, closed in lines:
            cv2.polylines(colour, [place(line)], closed, rim, thick, cv2.LINE_8, 4)
            cv2.polylines(alpha, [place(line)], closed, 1.0, thick, cv2.LINE_8, 4)
    bridge = np.array(
        [eyes[0] + across * wide, (eyes[0] + eyes[1]) / 2 - 0.05 * down, eyes[1] - across * wide]
    )
    cv2.polylines(colour, [place(bridge)], False, rim, thick, cv2.LINE_8, 4)
    cv2.polylines(alpha, [place(bridge)], False, 1.0, thick, cv2.LINE_8, 4)
