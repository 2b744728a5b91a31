"""The body of a demo person and the clothes on it, in the frame of the face model.

Outlines are signed distances [H, W], in pixels of the frame and positive inside, at 1 / reduce of
the frame with the rows below it.
"""

import cv2
import numpy as np

from helpers.people.face_model import BELOW, FRAME, MIDDLE, mix, ramp, smooth, times
from helpers.people.person import Person

CLOTHES_FROM = 400  # first row where clothes may be


def torso(body: np.ndarray, reduce: float) -> tuple[np.ndarray, np.ndarray]:
    """The outline of the body with round shoulders and arms, and its shading: two float32 [H, W].

    body: the outline as the model has it, which knows the shoulders' slope and no arms. The
    shading is a factor of brightness, below 1 in the gap between arm and chest.
    """
    ys, aside = _places(len(body), reduce)
    arm = 266 + 34 * smooth((ys - 500) / 260) - aside
    round_off = 26 * np.log(np.exp(-np.clip(body, -99, 99) / 26) + np.exp(-arm / 26))
    below = smooth((ys - 440) / 60)  # the head stays as it is
    gap = np.exp(-np.square((aside - 205 - 0.03 * (ys - 700)) / 7)) * smooth((ys - 650) / 160)
    return body + (np.minimum(body, -round_off) - body) * below, 1 - 0.35 * gap


def neckline(clothes: np.ndarray, reduce: float) -> np.ndarray:
    """The outline of the clothes, closed below the collarbones: float32 [H, W].

    clothes: the outline as the model has it, which is open where the photographs end.
    """
    ys, aside = _places(len(clothes), reduce)
    closed = 0.8 * aside + 0.6 * (ys - 650) - 120 * (1 - smooth((ys - 500) / 60))
    return np.maximum(clothes, closed)


def dress(
    colour: np.ndarray,
    person: Person,
    outline: np.ndarray,
    rng: np.random.Generator,
    reduce: float,
) -> np.ndarray:
    """The picture of the skin with the clothes over it, RGB float32 [H, W, 3].

    colour: the skin, changed in place. outline: of the clothes. rng: of folds and weave.
    """
    top = round(CLOTHES_FROM / reduce)
    outline = outline[top:]
    if not outline.size:
        return colour
    folds = ((FRAME + BELOW) // 150, FRAME // 46)  # rows and columns: cloth hangs, folds run down
    fold = cv2.resize(
        rng.standard_normal(folds, np.float32),
        outline.shape[::-1],
        interpolation=cv2.INTER_CUBIC,
    )
    weave = cv2.blur(rng.standard_normal(outline.shape, np.float32), (2, 2))
    border = np.exp(-np.square((outline - 9) / 1.5))
    light = 1 + np.float32(0.06) * fold + np.float32(0.03) * weave - np.float32(0.12) * border
    cloth = cv2.merge([light * np.float32(c) for c in person.cloth])
    hem = cv2.GaussianBlur(ramp(outline + 5, 14), (0, 0), 4 / reduce)  # its shadow on the skin
    skin = times(colour[top:], 1 - 0.3 * hem)
    colour[top:] = mix(skin, cloth, ramp(outline, 1.5 * max(1, reduce / 2)))
    return colour


def _places(rows: int, reduce: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of a picture are: from the top [rows, 1] and from the middle [1, W].

    Both float32, in pixels of the frame.
    """
    ys = np.arange(rows, dtype=np.float32)[:, None] * np.float32(reduce)
    return ys, abs(np.arange(0, FRAME, reduce, dtype=np.float32)[None] - MIDDLE)
