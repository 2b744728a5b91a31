"""The beard of a demo person, in the frame of the face model: where it grows, and its stubble."""

import cv2
import numpy as np

from helpers.face_model import FRAME, face_model, mix, smooth


def add_beard(colour, person, hair_colour, rng, reduce):
    """The picture of the skin with a beard on it, RGB float32 [H, W, 3].

    colour: at 1 / reduce of the frame. person.beard: 0 (none) through stubble to 1 (full).
    """
    growth = _where(len(colour), reduce)
    fine = rng.standard_normal(growth.shape, np.float32)
    hairs = cv2.GaussianBlur(fine, (0, 0), 0.7, sigmaY=1.4)  # short strokes, mostly downwards
    hairs /= hairs.std()
    patches = cv2.resize(rng.standard_normal((18, 14), np.float32), growth.shape[::-1],
                         interpolation=cv2.INTER_CUBIC)  # fmt: skip
    growth = smooth(growth * 1.2 - 0.35 + 0.1 * patches)
    density = person.beard * (1 + 0.3 * person.beard + (0.5 - 0.4 * person.beard) * hairs)
    cover = np.clip(growth * density, 0, 0.96)
    light = 0.85 + 0.16 * hairs
    return mix(colour, cv2.merge([light * c for c in hair_colour]), cover)


def _where(rows, reduce):
    """How well a beard grows at each place, float32 [rows, W], 0 to 1: jaw, chin, upper lip."""
    marks = (face_model()["uv"][:68] + 0.5) / reduce - 0.5
    columns = round(FRAME / reduce)
    chin, nose = marks[8], marks[33]
    tall = chin[1] - nose[1]
    jaw = marks[2:15] + np.array([0, 0.06 * tall])
    # From jaw end to jaw end over the cheeks, and above the mouth below the nose.
    cheeks = [marks[14] + (-0.12 * tall, -0.2 * tall), marks[54] + (0.3 * tall, -0.25 * tall),
              marks[35] + (0, 0.12 * tall), marks[33] + (0, 0.08 * tall),
              marks[31] + (0, 0.12 * tall), marks[48] + (-0.3 * tall, -0.25 * tall),
              marks[2] + (0.12 * tall, -0.2 * tall)]  # fmt: skip
    area = np.zeros((rows, columns), np.float32)
    cv2.fillPoly(area, [np.rint(np.concatenate([jaw, cheeks])).astype(np.int32)], 1.0)
    area = cv2.GaussianBlur(area, (0, 0), max(0.8, 0.07 * tall))
    lips = np.zeros((rows, columns), np.float32)
    cv2.fillPoly(lips, [np.rint(marks[48:60]).astype(np.int32)], 1.0)
    return area * (1 - cv2.GaussianBlur(lips, (0, 0), max(0.6, 0.02 * tall)))
