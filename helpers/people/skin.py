"""The skin of a demo person, in the frame of the face model."""

import cv2
import numpy as np

from helpers.people.face_model import DETAILED_PART, FRAME, SKIN_PART, blend, enlarge, face_model
from helpers.people.person import Person


def skin_texture(person: Person, rng: np.random.Generator, reduce: float, rows: int) -> np.ndarray:
    """The texture of the bald head and neck over the whole frame, RGB float32 [rows, W, 3].

    Colours from 0 to 1, at 1 / reduce of the frame; rows: how many are needed. rng: of the pores.
    """
    model = face_model()
    low = blend(model, "low", person.code).transpose(1, 2, 0)
    top, left = (part.start // 4 for part in SKIN_PART)
    right, below = FRAME // 4 - left - low.shape[1], FRAME // 4 - top - low.shape[0]
    low = cv2.copyMakeBorder(low, top, below, left, right, cv2.BORDER_REPLICATE)
    texture = enlarge(low, 4, reduce)[:rows]
    high = blend(model, "high", person.code)
    if reduce > 1:
        high = cv2.resize(high, None, fx=1 / reduce, fy=1 / reduce, interpolation=cv2.INTER_AREA)
    noise = rng.standard_normal(high.shape, np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.8) - cv2.GaussianBlur(noise, (0, 0), 2.5)
    high += np.float32(1.2 / reduce) * noise * cv2.resize(model["grain"], high.shape[::-1])
    y, x = (round(part.start / reduce) for part in DETAILED_PART)
    high = high[: max(0, rows - y)]
    texture[y : y + high.shape[0], x : x + high.shape[1], 0] += high
    texture = np.clip(texture * np.float32(1 / 255), 0, 1)
    return cv2.cvtColor(texture, cv2.COLOR_YCrCb2RGB)
