"""A picture of demo people: where they stand, what is before and behind them, and the landmarks.

Points are (x, y) in pixels of the picture, with pixel centres at whole numbers.
"""

from collections.abc import Sequence

import numpy as np

from helpers.people.backgrounds import background
from helpers.people.camera import camera, worn
from helpers.people.face_model import FACE_WIDTH
from helpers.people.labels import labelled
from helpers.people.mesh import posed, visible_rows, warp_mesh
from helpers.people.mouth import draw_mouth
from helpers.people.occluders import MORE_OCCLUDERS, OCCLUDERS, occlude
from helpers.people.person import Person, View, sample_view
from helpers.people.render import draw_frame

CHANCES = (0.83, 0.09, 0.03, 0.05)  # of nothing before a face, and of each of `OCCLUDERS`
MORE_CHANCES = (0.46, 0.14, 0.06, 0.12, 0.11, 0.11)  # and of `MORE_OCCLUDERS`
# `reduce` of the frame that a person is drawn in, and the zoom above which it is fine enough.
REDUCE = ((1, 1.0), (4 / 3, 0.75), (2, 0.36), (4, 0))


def photograph(
    people: Sequence[Person],
    views: Sequence[View],
    centres: Sequence[Sequence[float]] | np.ndarray,
    widths: Sequence[float] | np.ndarray,
    shape: tuple[int, int],
    seed: int = 0,
    kind: str | None = None,
    occluders: Sequence[str] | None = None,
    spread: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Several people in one picture, RGB uint8 [H, W, 3], and landmarks float32 [n, 68, 2].

    centres: middle of each face (x, y) and widths: of each face, in pixels. shape: (H, W).
    kind: one of `BACKGROUNDS`; occluders: for each person one of
    `OCCLUDERS` or `MORE_OCCLUDERS`, or "". What is not
    given is drawn from `seed`. spread: above 1 more is before the faces, hands and hats too, and
    pictures are less sharp.
    Raises ValueError where people, views, centres and widths are not equally many.
    """
    rng = np.random.default_rng([seed, 77])
    picture = background(rng, shape, kind)
    ambience = picture.mean((0, 1)) + 0.4
    ambience = (ambience / ambience.mean()) ** 0.25
    found = []
    for k, (person, view, centre, width) in enumerate(
        zip(people, views, centres, widths, strict=True)
    ):
        layer, landmarks = _layer(person, view, centre, width, shape, ambience)
        alpha = np.clip(layer[..., 3:], 0, 1)
        picture = picture * (1 - alpha) + layer[..., :3]
        kinds, chances = (MORE_OCCLUDERS, MORE_CHANCES) if spread > 1 else ((), CHANCES)
        if occluders is None:
            what = str(rng.choice(("", *OCCLUDERS, *kinds), p=chances))
        else:
            what = occluders[k]
        if what:
            picture = occlude(rng, picture, landmarks, what)
        found.append(landmarks)
    blur = rng.choice((0.0, rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.6)), p=(0.5, 0.35, 0.15))
    picture = camera(rng, picture, blur, rng.choice((0.004, 0.012, 0.03), p=(0.5, 0.35, 0.15)))
    if spread > 1:
        picture = np.ascontiguousarray(worn(rng, picture))
    return picture, np.array(found, np.float32)


def _layer(
    person: Person,
    view: View,
    centre: Sequence[float] | np.ndarray,
    width: float,
    shape: tuple[int, int],
    ambience: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """One person alone: premultiplied RGBA float32 [H, W, 4], and landmarks [68, 2].

    centre, width, shape: as for `photograph`. ambience: RGB [3], the colour of the light around.
    """
    zoom = width / FACE_WIDTH
    reduce = next(reduce for reduce, above in REDUCE if zoom > above)
    points, depth = posed(person, view)
    points = points * zoom + (np.asarray(centre) - points[:68].mean(0) * zoom)
    frame = draw_frame(person, view, reduce, visible_rows(points, shape))
    layer = warp_mesh(frame, reduce, points, depth, shape)
    layer[..., :3] *= ambience
    draw_mouth(layer, points[:68], view)
    return layer, labelled(points)


def draw_person(
    person: Person,
    view: View | None = None,
    seed: int = 0,
    shape: tuple[int, int] | None = None,
    face_width: float | None = None,
    kind: str | None = None,
    spread: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """One person's picture, RGB uint8 [H, W, 3], and landmarks float32 [68, 2].

    What is not given is drawn from `seed`: the view, the shape (H, W) of the picture, and the
    width of the face in pixels (about 0.1 to 0.6 of the picture's). The seed also makes the
    surroundings, which stay the same while the view changes. kind: one of `BACKGROUNDS`. spread:
    as for `sample_view` and `photograph`.
    """
    view, shape, centre, size = place(view, seed, shape, face_width, spread)
    picture, marks = photograph(
        [person], [view], centre[None], [size], shape, seed, kind, spread=spread
    )
    return picture, marks[0]


def place(
    view: View | None = None,
    seed: int = 0,
    shape: tuple[int, int] | None = None,
    face_width: float | None = None,
    spread: float = 1.0,
) -> tuple[View, tuple[int, int], np.ndarray, float]:
    """How and where `draw_person` shows a person: view, shape (H, W), centre (x, y), face's width.

    Arguments as there.
    """
    rng = np.random.default_rng([seed, 5])
    drawn = sample_view(rng, spread)
    frame, (x, y), size = sample_frame(rng)
    shape = shape or frame
    size = face_width or min(size * shape[1] / frame[1], 0.72 * shape[0])
    view = view or drawn
    # The farther the head is turned or tilted, the more room its landmarks take.
    room = np.array([0.6, 0.72]) * size + 2
    low, high = np.minimum(room, np.array(shape[::-1]) / 2), np.array(shape[::-1])
    return view, shape, np.clip(np.array([x, y]) * high, low, high - low), size


def sample_frame(
    rng: np.random.Generator,
) -> tuple[tuple[int, int], tuple[float, float], float]:
    """The shape (H, W) of a picture, the middle (x, y) of the face in it, and the face's width.

    The middle is in parts of width and height, 0 to 1; the face's width in pixels.
    """
    aspect = (1, 3 / 4, 4 / 3, 2 / 3, 3 / 2)[rng.integers(5)]
    longer = rng.integers(256, 513)
    shape = round(longer * min(1, aspect)), round(longer * min(1, 1 / aspect))
    size = min((0.1 + 0.5 * rng.beta(1.7, 1.7)) * shape[1], 0.72 * shape[0], 240)
    return shape, (rng.normal(0.5, 0.12), rng.normal(0.48, 0.08)), size
