"""The looks of a demo person in the frame of the face model: skin, clothes, light, and hair.

All is put together there as one RGBA picture, which `helpers.mesh` carries to the photograph.
"""

from functools import cache

import cv2
import numpy as np

from helpers.beard import add_beard
from helpers.expression import close_lids
from helpers.face_model import BELOW, FRAME, blend, enlarge, face_model, mix, ramp, smooth, times
from helpers.hair import HAIR_COLUMNS, HAIR_ROWS, hair_colour, hair_layer, one_piece

FACE = (132, 184)  # first row and column of the part kept at full resolution
SKIN = (96, 160)  # the same of the part kept at a quarter of it
CLOTHES_FROM = 400  # first row where clothes may be


def draw_frame(person, view, reduce=1, bottom=FRAME + BELOW):
    """The person in the model's frame, premultiplied RGBA float32 [H, W, 4], colours 0 to 1.

    reduce: 1, 4 / 3, 2 or 4. bottom: the first row of the frame that is not needed.
    """
    rng = np.random.default_rng([person.seed, 1])
    rows = round(bottom / reduce)
    stored = {}
    for name, step in (("clothes", 8), ("body", 8), ("hair", 4), ("shade", 8)):
        part = blend(face_model(), name, person.style)
        if step == 8:  # stored so coarsely that its steps would show in an outline
            part = cv2.GaussianBlur(part, (0, 0), 1.2)
        if name == "hair":
            part = one_piece(part)
        stored[name] = enlarge(part, step, reduce)[:rows]

    colour = skin_texture(person, rng, reduce, rows)
    if person.beard:
        own = np.random.default_rng([person.seed, 2])  # so that the rest stays as it is without
        colour = add_beard(colour, person, hair_colour(person), own, reduce)
    body, crease = torso(stored["body"], reduce)
    alpha = ramp(body, 1.6 * reduce)
    shade = (0.75 + 0.25 * ramp(body - 8, 26)) * crease
    if view.smile:
        crease = enlarge(face_model()["smile_shade"], 4, reduce)[:rows]
        shade *= np.exp(np.float32(1.6 * view.smile) * crease)
    colour = dress(colour, person, neckline(stored["clothes"], reduce), rng, reduce)

    part = (
        slice(0, min(rows, round(HAIR_ROWS / reduce))),
        slice(*(round(c / reduce) for c in HAIR_COLUMNS)),
    )
    hair, cover, shadow = hair_layer(
        person, stored["hair"][part], stored["shade"][part], rng, reduce
    )
    shade[part] *= 1 - 0.35 * shadow
    colour[part] = mix(colour[part], hair, cover)
    shade[part] += (1 - shade[part]) * cover
    alpha[part] = np.maximum(alpha[part], cover)
    close_lids(colour, view, reduce)
    colour = times(colour, light_on(view, reduce)[:rows] * shade * alpha)
    return cv2.merge([*cv2.split(colour), alpha])


def skin_texture(person, rng, reduce, rows):
    """The bald head and neck over the whole frame, RGB float32 [rows, W, 3], 0 to 1."""
    model = face_model()
    low = blend(model, "low", person.code).transpose(1, 2, 0)
    top, left = SKIN[0] // 4, SKIN[1] // 4
    right, below = FRAME // 4 - left - low.shape[1], FRAME // 4 - top - low.shape[0]
    low = cv2.copyMakeBorder(low, top, below, left, right, cv2.BORDER_REPLICATE)
    texture = enlarge(low, 4, reduce)[:rows]
    high = blend(model, "high", person.code)
    noise = rng.standard_normal(high.shape, np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.8) - cv2.GaussianBlur(noise, (0, 0), 2.5)
    high += 1.2 * noise * cv2.resize(model["grain"], high.shape[::-1])
    if reduce > 1:
        high = cv2.resize(high, None, fx=1 / reduce, fy=1 / reduce, interpolation=cv2.INTER_AREA)
    y, x = (round(start / reduce) for start in FACE)
    high = high[: max(0, rows - y)]
    texture[y : y + high.shape[0], x : x + high.shape[1], 0] += high
    texture = np.clip(texture * np.float32(1 / 255), 0, 1)
    return cv2.cvtColor(texture, cv2.COLOR_YCrCb2RGB)


def places(rows, reduce):
    """Rows [rows, 1] and distances from the middle [1, W] of a picture, in the frame's pixels."""
    ys = np.arange(rows, dtype=np.float32)[:, None] * np.float32(reduce)
    return ys, abs(np.arange(0, FRAME, reduce, dtype=np.float32)[None] - FRAME / 2)


def torso(body, reduce):
    """Outline of the body with round shoulders and arms, and how dark it is between these.

    body: signed distance [H, W] to the outline that the model has, which knows the shoulders'
    slope and no arms. Returns two float32 [H, W].
    """
    ys, aside = places(len(body), reduce)
    arm = 266 + 34 * smooth((ys - 500) / 260) - aside
    round_off = 26 * np.log(np.exp(-np.clip(body, -99, 99) / 26) + np.exp(-arm / 26))
    below = smooth((ys - 440) / 60)  # the head stays as it is
    gap = np.exp(-np.square((aside - 205 - 0.03 * (ys - 700)) / 7)) * smooth((ys - 650) / 160)
    return body + (np.minimum(body, -round_off) - body) * below, 1 - 0.35 * gap


def neckline(clothes, reduce):
    """Outline of the clothes, closed below the collarbones, where the photographs ended."""
    ys, aside = places(len(clothes), reduce)
    closed = 0.8 * aside + 0.6 * (ys - 650) - 120 * (1 - smooth((ys - 500) / 60))
    return np.maximum(clothes, closed)


def dress(colour, person, outline, rng, reduce):
    """The picture of the skin with the clothes over it: folds, weave, and the collar's shadow.

    colour: RGB float32 [H, W, 3], outline: signed distance [H, W] to the edge of the clothes.
    """
    top = round(CLOTHES_FROM / reduce)
    outline = outline[top:]
    if not outline.size:
        return colour
    size = (FRAME // 46, (FRAME + BELOW) // 150)  # cloth hangs: folds run down
    fold = cv2.resize(
        rng.standard_normal(size[::-1], np.float32),
        outline.shape[::-1],
        interpolation=cv2.INTER_CUBIC,
    )
    weave = cv2.blur(rng.standard_normal(outline.shape, np.float32), (2, 2))
    border = np.exp(-np.square((outline - 9) / 1.5))
    light = 1 + np.float32(0.06) * fold + np.float32(0.03) * weave - np.float32(0.12) * border
    cloth = cv2.merge([light * np.float32(c) for c in person.cloth])
    hem = cv2.GaussianBlur(ramp(outline + 5, 14), (0, 0), 4 / reduce)
    skin = times(colour[top:], 1 - 0.3 * hem)
    colour[top:] = mix(skin, cloth, ramp(outline, 1.5 * max(1, reduce / 2)))
    return colour


@cache
def normals():
    """Unit normals of the mean face at a quarter of the frame, float32 [160, 160, 3]."""
    depth = face_model()["depth"]
    below = smooth((np.arange(160, dtype=np.float32)[:, None] - 113) / 6)
    depth = depth + (cv2.GaussianBlur(depth, (0, 0), 6) - depth) * below
    slope = [cv2.Sobel(depth, cv2.CV_32F, k, 1 - k, scale=1 / 32) for k in (1, 0)]
    normal = np.dstack([-slope[0], -slope[1], np.full_like(depth, 0.8)])
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def light_on(view, reduce):
    """How much brighter or darker than in the studio each place of the frame is lit, [H, W]."""
    side, up = np.radians(view.light - view.yaw), np.radians(view.elevation)
    towards = np.float32([np.sin(side) * np.cos(up), -np.sin(up), np.cos(side) * np.cos(up)])
    lit = np.maximum(normals() @ towards, 0)
    strength = 0.2 + 0.5 * view.harshness
    shading = np.float32(view.exposure) * ((1 - strength) + strength * lit / 0.85)
    return enlarge(cv2.GaussianBlur(shading, (0, 0), 0.8) ** 0.7, 4, reduce)
