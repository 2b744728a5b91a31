"""A demo person in the frame of the face model: skin, beard, clothes, hair and light together."""

import cv2
import numpy as np

from helpers.people.beard import add_beard
from helpers.people.clothes import dress, neckline, torso
from helpers.people.expression import close_lids
from helpers.people.face_model import BELOW, FRAME, blend, enlarge, face_model, mix, ramp, times
from helpers.people.hair import HAIR_PART, hair_colour, hair_layer, one_piece
from helpers.people.light import light_on
from helpers.people.person import Person, View
from helpers.people.skin import skin_texture


def draw_frame(
    person: Person, view: View, reduce: float = 1, bottom: int = FRAME + BELOW
) -> np.ndarray:
    """The person in the model's frame, premultiplied RGBA float32 [H, W, 4], colours 0 to 1.

    reduce: 1, 4 / 3, 2 or 4. bottom: the first row of the frame that is not needed.
    """
    rng = np.random.default_rng([person.seed, 1])
    rows = round(bottom / reduce)
    stored = _style_maps(person, reduce, rows)
    colour = skin_texture(person, rng, reduce, rows)
    if person.beard:
        own = np.random.default_rng([person.seed, 2])  # so that the rest stays as it is without
        colour = add_beard(colour, person, hair_colour(person), own, reduce)
    body, gap = torso(stored["body"], reduce)
    alpha = ramp(body, 1.6 * reduce)
    shade = (0.75 + 0.25 * ramp(body - 8, 26)) * gap
    if view.smile:
        folds = enlarge(face_model()["smile_shade"], 4, reduce)[:rows]
        shade *= np.exp(np.float32(1.6 * view.smile) * folds)
    colour = dress(colour, person, neckline(stored["clothes"], reduce), rng, reduce)

    where, across = HAIR_PART
    part = (
        slice(0, min(rows, round(where.stop / reduce))),
        slice(round(across.start / reduce), round(across.stop / reduce)),
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


def _style_maps(person: Person, reduce: float, rows: int) -> dict[str, np.ndarray]:
    """What `person.style` means: outlines of hair, body and clothes, and the hair's brightness.

    Each float32 [rows, W], at 1 / reduce of the frame.
    """
    maps = {}
    for name, step in (("clothes", 8), ("body", 8), ("hair", 4), ("shade", 8)):
        part = blend(face_model(), name, person.style)
        if step == 8:  # stored so coarsely that its steps would show in an outline
            part = cv2.GaussianBlur(part, (0, 0), 1.2)
        if name == "hair":
            part = one_piece(part)
        maps[name] = enlarge(part, step, reduce)[:rows]
    return maps
