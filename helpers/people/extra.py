"""Points of demo people that the 68 lack: pupils, ear lobes, the hairline, any place on the mesh.

Points are (x, y) in pixels of the picture, with pixel centres at whole numbers.
"""

from collections.abc import Sequence

import numpy as np

from helpers.people.face_model import FACE_WIDTH, FRAME, MIDDLE, blend, face_model
from helpers.people.labels import between
from helpers.people.mesh import drawn_triangles, posed
from helpers.people.person import Person, View
from helpers.people.portrait import place

# Places in the frame of the face model, its pixels; the skin of all people is brought there.
EXTRA: dict[str, tuple[float, float]] = {
    "right pupil": (272, 282),
    "left pupil": (368, 282),
    "right ear lobe": (212, 360),
    "left ear lobe": (428, 360),
}
HAIRLINE = "hairline"  # above the nose; each person has it elsewhere
FOREHEAD = 232  # row of the frame below which no hairline is
SHUT = 0.6  # of `View.eyes_closed`, from which on no pupil is seen


def extra_points(
    person: Person,
    names: Sequence[str] = (*EXTRA, HAIRLINE),
    view: View | None = None,
    seed: int = 0,
    shape: tuple[int, int] | None = None,
    face_width: float | None = None,
    spread: float = 1.0,
) -> np.ndarray:
    """Exact points besides the 68 on the picture that `draw_person` makes: float32 [k, 2].

    names: of `EXTRA`, and `HAIRLINE`. The other arguments have to be those that `draw_person` got.
    NaN where a point is not seen: behind a shut lid, long hair, or a face that is turned away. What
    stands before a face, as glasses do, hides none, as with the 68.
    """
    view, _, centre, width = place(view, seed, shape, face_width, spread)
    places = np.array([_hairline(person) if name == HAIRLINE else EXTRA[name] for name in names])
    found = on_mesh(person, view, centre, width, places)
    for index, name in enumerate(names):
        shut = name.endswith("pupil") and view.eyes_closed >= SHUT
        if shut or (name.endswith("lobe") and person.long > 0):
            found[index] = np.nan
    return found


def on_mesh(
    person: Person, view: View, centre: np.ndarray, width: float, places: np.ndarray
) -> np.ndarray:
    """Where places [k, 2] of the frame are in a picture: float32 [k, 2], NaN where hidden.

    view, centre, width: as `place` gives them.
    """
    vertices, depth = posed(person, view)
    zoom = width / FACE_WIDTH
    vertices = vertices * zoom + (np.asarray(centre) - vertices[:68].mean(0) * zoom)
    corners, shares = (one[:, 0] for one in between(places[:, None]))
    points = (vertices[corners] * shares[..., None]).sum(1)
    own_depth = (depth[corners] * shares).sum(1)
    # Hidden is what lies under a triangle that is nearer by more than its own slope.
    triangles = face_model()["triangles"][drawn_triangles()]
    sides = np.dstack([vertices[triangles], np.ones((len(triangles), 3))])
    solid = abs(np.linalg.det(sides)) > 1e-6
    ones = np.ones((len(points), 1))
    over = np.einsum("pi,tij->ptj", np.hstack([points, ones]), np.linalg.inv(sides[solid]))
    above = (over * depth[triangles[solid]]).sum(2)
    hidden = ((over.min(2) > 1e-6) & (above > own_depth[:, None] + 4)).any(1)
    return np.where(hidden[:, None], np.nan, points).astype(np.float32)


def _hairline(person: Person) -> tuple[float, float]:
    """Where a person's hair begins above the nose, in the frame; the hair's outline is stored."""
    outline = blend(face_model(), "hair", person.style)
    step = FRAME / len(outline)
    column = outline[: round(FOREHEAD / step), round(MIDDLE / step)]
    hair = np.flatnonzero(column > 0)
    row = hair[-1] + 1 if len(hair) else 0
    return float(MIDDLE), float((row + 0.5) * step - 0.5)
