"""The hair of a demo person, in the frame of the face model: strands, outline, colour."""

from functools import cache

import cv2
import numpy as np

from helpers.people.face_model import MIDDLE, blend, face_model, ramp, smooth
from helpers.people.person import Person

# Rows and columns of the frame where hair may be.
HAIR_PART = (slice(0, 608), slice(104, 536))


@cache
def combed_noise(reduce: float, combed: float, kind: int) -> np.ndarray:
    """Noise drawn out along the strands of hair (line integral convolution), float32 [H, W].

    Strands run round the skull from the crown down; combed (0 to 1) turns them towards the back.
    kind: which noise; few are made, and `strands` bends them differently for every person.
    """
    rows, columns = HAIR_PART
    ys, xs = np.mgrid[rows.start : rows.stop : reduce, columns.start : columns.stop : reduce]
    x, y = (xs - MIDDLE) / 130, (ys - 300) / 180
    angle = np.arctan2(y, x) + np.pi / 2 * (1 - combed * np.exp(-np.square(x / 0.9)))
    below = smooth((ys - 300) / 120)[..., None]
    way = np.dstack([np.cos(2 * angle), np.sin(2 * angle)]) * (1 - below) - (1, 0) * below
    angle = np.arctan2(way[..., 1], way[..., 0]) / 2
    ys, xs = np.indices(angle.shape)
    noise = np.random.default_rng(kind).standard_normal(angle.shape, np.float32)
    for step in (0.7, 1.4, 2.8, 5.6):
        ends = [
            cv2.remap(
                noise,
                (xs + s * np.cos(angle)).astype(np.float32),
                (ys + s * np.sin(angle)).astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
            for s in (step, -step)
        ]
        noise = ends[0] + ends[1]
    return noise / noise.std()


def strands(rng: np.random.Generator, reduce: float, curl: float, combed: float) -> np.ndarray:
    """Strands of one person's hair, about -1 to 1 across them, float32 [H, W].

    curl, combed: as those of a `Person`.
    """
    noise = combed_noise(reduce, combed, int(rng.integers(2)))
    # Locks: broad waves bend all strands a little, narrow ones as much as the hair is curly.
    wave: np.ndarray = np.float32(curl) * rng.standard_normal((36, 26, 2), np.float32)
    wave += np.float32(0.35) * cv2.resize(rng.standard_normal((12, 9, 2), np.float32), (26, 36))
    wave = cv2.resize(
        wave * np.float32(11 / reduce), noise.shape[::-1], interpolation=cv2.INTER_CUBIC
    )
    rows, columns = noise.shape
    ys, xs = np.indices((rows, columns), np.float32, sparse=True)
    return cv2.remap(
        noise, wave[..., 0] + xs, wave[..., 1] + ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )


def one_piece(outline: np.ndarray) -> np.ndarray:
    """The outline of the largest piece of the hair alone, float32 [H, W].

    What the outlines of several people average to has loose tufts at the neck.
    outline: signed distances [H, W] at a quarter of the frame, in its pixels, positive inside.
    """
    outline = outline - 9 * smooth((np.arange(len(outline), dtype=np.float32)[:, None] - 84) / 15)
    _, parts, sizes, _ = cv2.connectedComponentsWithStats((outline > -2).astype(np.uint8))
    largest = 1 + np.argmax(sizes[1:, cv2.CC_STAT_AREA]) if len(sizes) > 1 else 0
    return np.where((parts != largest) & (outline > -9), -9, outline).astype(np.float32)


def hair_layer(
    person: Person,
    outline: np.ndarray,
    shade: np.ndarray,
    rng: np.random.Generator,
    reduce: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour of the hair, where it covers (0 to 1), and where it throws a soft shadow.

    outline: signed distance to the hair's edge, shade: its brightness, both [H, W] at 1 / reduce
    of the part of the frame where hair may be. Returns float32 [H, W, 3], [H, W], [H, W].
    """
    fibre = strands(rng, reduce, person.curl, person.combed)[: len(outline)]
    ys, xs = np.indices(outline.shape, np.float32) * np.float32(reduce)
    aside = abs(xs + HAIR_PART[1].start - MIDDLE)
    edge = outline
    if person.long > 0:
        edge = np.maximum(edge, _long_hair(person, aside, ys))
    rim = 1 - 0.25 * ramp(8 - edge, 12)
    light = np.exp(0.9 * np.minimum(shade / 20, 0.4) + 0.2 * fibre) * rim
    hair = cv2.merge([light * c for c in hair_colour(person)])
    # Over the forehead the hair thins out; against the background single strands stand out.
    thin = np.exp(-np.square(aside / 85) - np.square((ys - 200) / 60))
    fibre = np.clip(fibre, -1.5, 1.2)
    cover = ramp(edge + (2.6 - 1.2 * thin) * fibre, (3 + 6 * thin) * max(1, reduce / 2))
    return hair, cover, cv2.GaussianBlur(ramp(edge + 5, 14), (0, 0), 5 / reduce)


def _long_hair(person: Person, aside: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The outline of hair that falls to the shoulders, as signed distances [H, W].

    aside: distance of each pixel from the middle of the frame, ys: from the top; in its pixels.
    """
    end = 350 + 230 * person.long
    rows = ys[:, :1]
    inner = np.interp(rows, [180, 300, 400, 460, 600], [112, 104, 98, 88, 92])
    outer = np.interp(rows, [140, 260, 380, 520, 640], [108, 142, 156, 156, 140])
    inner, outer = inner.astype(np.float32), (outer + 14 * person.curl).astype(np.float32)
    fall = np.minimum(np.minimum(aside - inner, outer - aside), (end - ys) * 0.5)
    return np.minimum(np.minimum(fall, (ys - 150) * 0.5), 28)


def hair_colour(person: Person) -> np.ndarray:
    """The colour of a person's hair as it goes with the skin: RGB float32 [3], 0 to 1."""
    luma, red, blue = blend(face_model(), "hair_colour", person.code)
    cheek = (slice(50, 62), slice(24, 32))  # within the skin that is kept at a quarter
    skin = face_model()["low_mean"][0][cheek].mean()
    skin += person.code @ face_model()["low_modes"][:, 0][:, *cheek].mean((1, 2))
    luma = np.clip(0.94 * luma, 16, max(16, 1.2 * (skin - 80)))  # fair hair only on fair skin
    # Between black and white, hair is brown or fair: what averages to grey is made warmer.
    warmth = np.exp(-np.square((luma - 90) / 45))
    red, blue = max(red, 128 + 7 * warmth), min(blue, 128 - 12 * warmth)
    plain = np.clip(np.array([[[luma, red, blue]]], np.float32) / 255, 0, 1)
    return cv2.cvtColor(plain, cv2.COLOR_YCrCb2RGB)[0, 0]
