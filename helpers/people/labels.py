"""Where the 68 landmarks lie on the mesh of a demo person: where iBUG's labels have them.

The mesh's own first 68 vertices come from the template of the portraits that the face model was
fitted to. It has the same 68 places by name, but people who label after iBUG's scheme put some of
them elsewhere, the brows' points above all. Measured by `python tools/measure_labels.py` in two
rounds: on 1,298 faces of AFW, HELEN and LFPW, then what was left on 798 of AFW and HELEN.
"""

from functools import cache

import numpy as np

from helpers.landmarks import MIRROR, OUTER_EYE_CORNERS, eye_centres
from helpers.people.face_model import MIDDLE as MIDDLE_X
from helpers.people.face_model import face_model

STEPS, REACH = 12, 0.7  # places on the way of a jaw's point to the middle, and how far that goes

# From the mesh's point to the label's, to the right and down, in thousandths of the distance of the
# outer eye corners: of the points on the left of the picture, and of those in the middle. The
# points on the right are their mirror images. The lips' inner edges are left where they are: there
# the measurement says how far mouths stand open, not where the edge is.
LEFT = {
    **{0: (-21, -4), 1: (-15, 16), 2: (-8, 28), 3: (-3, 26), 4: (7, 15), 5: (17, -14)},
    **{6: (19, -28), 7: (6, -9), 17: (-9, -31), 18: (-13, -39), 19: (45, -47), 20: (87, -33)},
    **{21: (28, -36), 31: (27, 10), 32: (-3, 1), 36: (-3, 2), 37: (-9, -12), 38: (15, -11)},
    **{39: (-13, -6), 40: (12, -2), 41: (-17, -1), 48: (4, -8), 49: (10, 3), 50: (16, 2)},
    **{58: (36, 1), 59: (21, 11)},
}
MIDDLE = {8: -25, 27: 40, 28: 32, 29: 7, 30: -8, 33: 19, 51: 5, 57: -10}


@cache
def places() -> np.ndarray:
    """Where the landmarks lie in the frame of the face model: float64 [68, 2], its pixels."""
    uv = face_model()["uv"][:68].astype(np.float64)
    away = np.zeros((68, 2))
    for point, (right, down) in LEFT.items():
        away[point], away[MIRROR[point]] = (right, down), (-right, down)
    for point, down in MIDDLE.items():
        away[point] = 0, down
    outer = uv[list(OUTER_EYE_CORNERS)]
    return uv + away / 1000 * np.linalg.norm(outer[1] - outer[0])


@cache
def weights() -> tuple[np.ndarray, np.ndarray]:
    """The vertices that places on the mesh lie between, and their shares: two [68, STEPS, 3].

    The first place of each landmark is its own. A point of the jaw has others on its way straight
    to the middle of the face, where the edge of a turned face may be; the rest have their own only.
    """
    own = places()
    inwards = np.zeros((68, 2))
    inwards[:17, 0] = MIDDLE_X - own[:17, 0]
    way = np.linspace(0, REACH, STEPS)[:, None, None]
    return between((own + way * inwards).transpose(1, 0, 2))


def between(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that places [p, s, 2] in the frame lie between, and their shares: [p, s, 3]."""
    model = face_model()
    corners = model["uv"][model["triangles"]].astype(np.float64)
    # Barycentric coordinates: the shares of a triangle's corners that make up a point, none below 0
    # where it is inside.
    sides = np.dstack([corners, np.ones((len(corners), 3))])
    with_area = np.flatnonzero(abs(np.linalg.det(sides)) > 1e-6)
    points = np.concatenate([places, np.ones((*places.shape[:2], 1))], 2)
    shares = np.einsum("psi,tij->pstj", points, np.linalg.inv(sides[with_area]))
    best = shares.min(3).argmax(2)
    chosen = np.take_along_axis(shares, best[..., None, None], 2)[:, :, 0]
    return model["triangles"][with_area[best]], chosen


def labelled(vertices: np.ndarray) -> np.ndarray:
    """The landmarks [68, 2] on a mesh whose vertices [v, 2] lie so in a picture.

    Where a turned cheek hides the jaw's own edge, people label the edge that they see (which makes
    the points two-dimensional ones; Zhu et al. 2015, "High-Fidelity Pose and Expression
    Normalization", call it landmark marching): of the places on its way inwards, that which lies
    farthest out.
    """
    corners, shares = weights()
    way = (vertices[corners] * shares[..., None]).sum(2)
    found = way[:, 0].copy()
    right, left = eye_centres(found)
    across = (left - right) / np.linalg.norm(left - right)
    outwards = way[:17] @ across
    outwards[:8] *= -1  # the points up to the chin's are on the picture's left
    farthest = outwards.argmax(1)
    farthest[8] = 0
    found[:17] = way[np.arange(17), farthest]
    return found
