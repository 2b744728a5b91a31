"""The statistical face model of the demo people: its arrays, a person's numbers, a view's angles.

At the end is the arithmetic of pictures in the frame, which all that draws in it shares.
The model's frame is 640 x 640 pixels with the mean face upright in it, and rows below for the
body. `reduce` is how many frame pixels go to one pixel of a picture of it (1, 4 / 3, 2 or 4).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

ASSET = Path(__file__).parent / "assets" / "people.npz"
FRAME = 640
BELOW = 480  # rows added under the frame, where the body goes on
FACE_WIDTH = 214.0  # of the mean face in the frame, between landmarks 0 and 16


@dataclass(eq=False)
class Person:
    """Who it is: coefficients in standard deviations of the London Set, and dress.

    code: shape and skin, float32 [60]. style: outlines of hair and clothes, float32 [28].
    curl: how wavy the hair is, 0 to 1. combed: 0 down, 1 back. long: how far below the ears the
    hair reaches, 0 (as the style has it) to 1 (shoulders). cloth: RGB of the clothes, 0 to 1.
    beard: 0 (none) to 1 (full). seed: of fine detail.
    """

    code: np.ndarray
    style: np.ndarray
    curl: float = 0.2
    combed: float = 0.0
    long: float = 0.0
    cloth: tuple = (0.85, 0.85, 0.88)
    beard: float = 0.0
    seed: int = 0


@dataclass
class View:
    """How a person is seen. Angles in degrees; expressions from 0 (London's neutral) to 1.

    yaw: head turned to the picture's left (negative) or right. pitch: up (positive) or down.
    roll: tilted clockwise as seen. light: direction it comes from, -90 (left) to 90 (right);
    elevation: from above. harshness: 0 (overcast) to 1 (bare lamp). exposure: factor of brightness.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    mouth_open: float = 0.0
    smile: float = 0.0
    eyes_closed: float = 0.0
    brow_raise: float = 0.0
    light: float = 0.0
    elevation: float = 30.0
    harshness: float = 0.0
    exposure: float = 1.0


@cache
def face_model():
    """The arrays of `assets/people.npz`, as float32 where they are not indices."""
    with np.load(ASSET, allow_pickle=False) as stored:
        model = {k: stored[k] for k in stored.files}
    for name in [k for k in model if k.endswith("_scale")]:
        modes = name.replace("_scale", "_modes")
        scale = model.pop(name)
        model[modes] = model[modes] * scale.reshape(-1, *[1] * (model[modes].ndim - 1))
    return {k: v.astype(np.float32 if v.dtype.kind == "f" else np.int32) for k, v in model.items()}


def blend(model, name, code):
    """Mean plus modes times coefficients, of one of the model's arrays. code: float32 [k]."""
    # Not a matrix product: einsum sums in one thread, so always in the same order.
    return model[f"{name}_mean"] + np.einsum("k,k...->...", code, model[f"{name}_modes"])


def smooth(t):
    """0 below 0, 1 above 1, and an even way between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def ramp(distance, width):
    """0 outside, 1 inside, straight over `width` about an outline."""
    return np.clip(distance * (1 / np.asarray(width, np.float32)) + np.float32(0.5), 0, 1)


def mix(under, over, amount):
    """Puts one picture [H, W, 3] over another where amount [H, W] is 1."""
    return cv2.blendLinear(under, over, 1 - amount, amount)


def times(picture, factor):
    """A picture [H, W, 3] times a plane [H, W]."""
    return cv2.multiply(picture, cv2.merge([factor] * 3))


def enlarge(image, step, reduce):
    """A map stored at 1 / step of the frame, at 1 / reduce of it, with rows added below."""
    image = cv2.copyMakeBorder(image, 0, BELOW // step, 0, 0, cv2.BORDER_REPLICATE)
    size = (round(image.shape[1] * step / reduce), round(image.shape[0] * step / reduce))
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
