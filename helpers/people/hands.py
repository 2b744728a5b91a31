"""A hand before a demo person's face, of the same skin: forearm, palm, four fingers and a thumb."""

import numpy as np

from helpers.people.hats import head_axes
from helpers.people.overlay import Overlay

# Where a hand lies: chin, jaw, cheeks, mouth, nose and temples.
PLACES = (8, 5, 11, 3, 13, 57, 30, 0, 16)
# Of each finger, with a palm's half width as unit: its root beside the palm's middle, its length.
FINGERS = ((-0.78, 1.35), (-0.26, 1.6), (0.26, 1.5), (0.78, 1.2))


def hand(
    rng: np.random.Generator, overlay: Overlay, landmarks: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A hand that comes from below or aside.

    landmarks: [68, 2] in pixels of the picture. skin: RGB [3] of the face, 0 to 1. Returns, on a
    canvas of the overlay, the colour RGB float [h, w, 3], 0 to 1 and not premultiplied, and alpha
    [h, w].
    """
    _, across, down = head_axes(landmarks)
    aside = rng.choice((-1, 1))
    near = 0.15 * rng.standard_normal(2) @ (across, down)
    at = landmarks[PLACES[rng.integers(len(PLACES))]] + near
    # Fingers point up and aside, as when a head is rested on a hand or a mouth is covered.
    turn = -aside * rng.uniform(0, 1.2)
    size = np.linalg.norm(across) * rng.uniform(0.36, 0.5)  # half of the palm's width
    along = size * np.array([np.sin(turn), -np.cos(turn)])
    beside = np.array([-along[1], along[0]])
    x, y = overlay.along(at, beside, along)
    soft = 1.5 / (overlay.fine * size)
    colour, alpha = np.ones_like(x), np.zeros_like(x)

    def bone(start: tuple[float, float], end: tuple[float, float], thick: float) -> None:
        """Draws a rod with round ends over what is there, lit in its middle."""
        nonlocal colour, alpha
        (x0, y0), (dx, dy) = start, np.subtract(end, start)
        share = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
        away = np.hypot(x - x0 - share * dx, y - y0 - share * dy) / thick
        cover = np.clip(0.5 + (1 - away) * thick / soft, 0, 1)
        colour = colour + (0.62 + 0.42 * np.sqrt(np.clip(1 - away**2, 0, 1)) - colour) * cover
        alpha = np.maximum(alpha, cover)

    bone((0, -1.6), (0.3 * aside, -7), 0.75)
    for side in (-0.45, 0.45, 0):
        bone((side, -1.2 - 0.2 * (side == 0)), (1.3 * side, -0.1), 0.6)
    curled, apart = rng.uniform(0.45, 1), rng.uniform(0, 0.35)
    for root, length in FINGERS:
        bone((root, -0.2), (root * (1 + apart), length * curled), rng.uniform(0.23, 0.28))
    bone((-0.8 * aside, -1.1), (-rng.uniform(1.2, 1.7) * aside, rng.uniform(-0.2, 0.5)), 0.3)
    return skin * (rng.uniform(0.8, 1.15) * colour)[..., None], alpha
