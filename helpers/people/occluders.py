"""What may be before a demo person's face: glasses, sunglasses, an object, a hand, a hat."""

import cv2
import numpy as np

from helpers.landmarks import eye_centres
from helpers.people.backgrounds import clouds, muted
from helpers.people.hands import hand
from helpers.people.hats import hat
from helpers.people.overlay import Overlay

OCCLUDERS = ("glasses", "sunglasses", "object")
MORE_OCCLUDERS = ("hand", "hat")  # before less usual people alone


def occlude(
    rng: np.random.Generator, picture: np.ndarray, landmarks: np.ndarray, kind: str
) -> np.ndarray:
    """A copy of a picture with one of `OCCLUDERS` or `MORE_OCCLUDERS` in it.

    picture: RGB float [H, W, 3], 0 to 1. landmarks: [68, 2] in pixels of the picture, of the face
    that it is put before. Where all of this face lies outside, the picture itself comes back.
    Raises ValueError for another kind.
    """
    if kind not in (known := (*OCCLUDERS, *MORE_OCCLUDERS)):
        raise ValueError(f"{kind}: cannot be before a face; there are {', '.join(known)}.")
    reach = np.ptp(landmarks, 0)
    if kind in MORE_OCCLUDERS:  # a forearm reaches far, and a brim as far for a face in profile
        reach = np.full(2, 2.5 * reach.max())
    low = np.floor(landmarks.min(0) - 0.9 * reach).astype(int)
    high = np.ceil(landmarks.max(0) + (1.0, 1.8) * reach).astype(int)
    overlay = Overlay(low, high, picture.shape, fine=2)
    if overlay.is_empty:
        return picture
    if "glasses" in kind:
        colour, alpha = _glasses(rng, overlay, landmarks, dark=kind == "sunglasses")
    elif kind == "hand":
        colour, alpha = hand(rng, overlay, landmarks, _skin(picture, landmarks))
    elif kind == "hat":
        colour, alpha = hat(rng, overlay, landmarks)
    else:
        colour, alpha = _object(rng, overlay, landmarks)
    layer = overlay.averaged(np.dstack([colour * alpha[..., None], alpha]))
    picture = picture.copy()
    overlay.put_over(picture, layer)
    return picture


def _skin(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The colour of a face on its nose and cheeks: RGB [3]."""
    places = np.concatenate([landmarks[28:31], (landmarks[[2, 14]] + landmarks[30]) / 2])
    x, y = np.clip(np.rint(places).astype(int), 0, np.array(picture.shape[1::-1]) - 1).T
    return np.median(picture[y, x], 0)


def _object(
    rng: np.random.Generator, overlay: Overlay, landmarks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Something blurred before a lower corner of the face: colour [h, w, 3] and alpha [h, w]."""
    right, left = eye_centres(landmarks)
    across = left - right
    alpha = overlay.canvas()
    side = rng.choice((-1, 1))
    middle = landmarks[8] + across * side * rng.uniform(0.5, 1.1)
    size = float(np.linalg.norm(across) * rng.uniform(0.5, 1.0))
    angle = rng.uniform(0, 180)
    box = cv2.boxPoints((tuple(middle.tolist()), (size, size * rng.uniform(1, 2.5)), angle))
    overlay.fill(alpha, box, 1.0)
    alpha = cv2.GaussianBlur(alpha, (0, 0), size * overlay.fine * rng.uniform(0.05, 0.2))
    colour = np.broadcast_to(muted(rng, 0.1, 0.8, 0.5), (*alpha.shape, 3))
    return colour * (1 + 0.2 * clouds(rng, alpha.shape, 2))[..., None], alpha


def _glasses(
    rng: np.random.Generator, overlay: Overlay, landmarks: np.ndarray, dark: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Lenses, bridge and temples: colour [h, w, 3] and alpha [h, w]. dark: sunglasses."""
    eyes = eye_centres(landmarks)
    across = eyes[1] - eyes[0]
    down = np.array([-across[1], across[0]])
    power, wide, high = rng.uniform(0.5, 1), rng.uniform(0.36, 0.42), rng.uniform(0.26, 0.36)
    rim = muted(rng, 0.03, 0.35, 0.4).tolist()
    thick = max(1, round(np.linalg.norm(across) * rng.uniform(0.025, 0.07) * overlay.fine))
    shade = muted(rng, 0.02, 0.12, 0.2).tolist() if dark else (0.8, 0.85, 0.9)
    colour, alpha = overlay.canvas(3), overlay.canvas()

    def rod(points: np.ndarray, closed: bool = False) -> None:
        overlay.line(colour, points, rim, thick, closed)
        overlay.line(alpha, points, 1.0, thick, closed)

    # A lens is a superellipse: the smaller the power, the more of a rectangle.
    turn = np.linspace(0, 2 * np.pi, 60)
    x, y = (np.sign(f(turn)) * abs(f(turn)) ** power for f in (np.cos, np.sin))
    for eye, outwards, end in zip(eyes, (-1, 1), landmarks[[0, 16]], strict=True):
        lens = eye + 0.05 * down + np.outer(x, across) * wide + np.outer(y, down) * high
        overlay.fill(colour, lens, shade)
        overlay.fill(alpha, lens, 0.95 if dark else 0.07)
        rod(lens, closed=True)
        hinge = eye + across * wide * outwards
        rod(np.array([hinge, end * 0.8 + hinge * 0.2 - 0.1 * down]))
    middle = (eyes[0] + eyes[1]) / 2 - 0.05 * down
    rod(np.array([eyes[0] + across * wide, middle, eyes[1] - across * wide]))
    return colour, alpha
