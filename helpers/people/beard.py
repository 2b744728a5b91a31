"""The beard of a demo person, in the frame of the face model: where it grows, and its stubble."""

import cv2
import numpy as np

from helpers.people.face_model import FRAME, face_model, mix, reduced, smooth
from helpers.people.person import Person


def add_beard(
    colour: np.ndarray,
    person: Person,
    hair_colour: np.ndarray,
    rng: np.random.Generator,
    reduce: float,
) -> np.ndarray:
    """The picture of the skin with a beard on it, RGB float32 [H, W, 3].

    colour: the skin, at 1 / reduce of the frame. hair_colour: RGB [3]. person.beard: 0 (none)
    through stubble to 1 (full).
    """
    growth = _growth(len(colour), reduce)
    fine = rng.standard_normal(growth.shape, np.float32)
    # Short strokes, mostly downwards.
    hairs: np.ndarray = cv2.GaussianBlur(fine, (0, 0), 0.7, sigmaY=1.4)
    hairs /= hairs.std()
    patches: np.ndarray = rng.standard_normal((18, 14), np.float32)
    patches = cv2.resize(patches, growth.shape[::-1], interpolation=cv2.INTER_CUBIC)
    growth = smooth(growth * 1.2 - 0.35 + 0.1 * patches)
    density = person.beard * (1 + 0.3 * person.beard + (0.5 - 0.4 * person.beard) * hairs)
    cover = np.clip(growth * density, 0, 0.96)
    light = 0.85 + 0.16 * hairs
    return mix(colour, cv2.merge([light * c for c in hair_colour]), cover)


def _growth(rows: int, reduce: float) -> np.ndarray:
    """How well a beard grows at each place, 0 to 1: float32 [rows, W] at 1 / reduce of the frame.

    It grows on jaw and chin, on the lower cheeks and between nose and mouth, but not on the lips.
    """
    marks = reduced(face_model()["uv"][:68], reduce)
    tall = marks[8, 1] - marks[33, 1]  # from nose to chin
    jaw = marks[2:15] + np.array([0, 0.06 * tall])
    # Back from the left end of the jaw to its right one: over the cheeks, and below the nose.
    above = (
        (14, -0.12, -0.2),  # a landmark, and how far right and down of it the border goes
        (54, 0.3, -0.25),
        (35, 0, 0.12),
        (33, 0, 0.08),
        (31, 0, 0.12),
        (48, -0.3, -0.25),
        (2, 0.12, -0.2),
    )
    border = [marks[index] + (right * tall, down * tall) for index, right, down in above]
    shape = (rows, round(FRAME / reduce))
    area = _filled(np.concatenate([jaw, border]), shape)
    area = cv2.GaussianBlur(area, (0, 0), max(0.8, 0.07 * tall))
    lips = _filled(marks[48:60], shape)
    return area * (1 - cv2.GaussianBlur(lips, (0, 0), max(0.6, 0.02 * tall)))


def _filled(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A mask that is 1 within a polygon of points [n, 2] and 0 around it: float32 [H, W]."""
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1.0)
    return mask
