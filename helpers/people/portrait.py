"""A picture of demo people: who they are, how they are seen, where they stand.

Points are (x, y) in pixels of the picture, with pixel centres at whole numbers.
"""

import numpy as np

from helpers.backgrounds import background
from helpers.camera import camera
from helpers.face_model import FACE_WIDTH, Person, View, face_model
from helpers.mesh import posed, visible_rows, warp_mesh
from helpers.mouth import draw_mouth
from helpers.occluders import OCCLUDERS, occlude
from helpers.render import draw_frame

# RGB of what people wear: white, greys, black, navy, denim, burgundy, olive, beige, teal, rose.
CLOTHES = np.array(
    [
        (0.85, 0.85, 0.86),
        (0.55, 0.56, 0.58),
        (0.3, 0.31, 0.33),
        (0.09, 0.09, 0.1),
        (0.1, 0.13, 0.24),
        (0.25, 0.35, 0.5),
        (0.35, 0.1, 0.13),
        (0.3, 0.3, 0.2),
        (0.68, 0.6, 0.48),
        (0.12, 0.32, 0.34),
        (0.7, 0.47, 0.47),
        (0.5, 0.62, 0.72),
    ]
)
CHANCES = (0.83, 0.09, 0.03, 0.05)  # of nothing before a face, and of each of `OCCLUDERS`
MORE_CHANCES = (0.6, 0.16, 0.06, 0.18)


def sample_person(rng, spread=1.0):
    """A person who does not exist: a `Person` with coefficients drawn from the model.

    spread: above 1 some people have beards.
    """
    model = face_model()
    code = np.clip(rng.standard_normal(len(model["long_from_code"])), -2.4, 2.4)
    rest = np.clip(rng.standard_normal(len(model["style_rest"])), -2, 2)
    style = code @ model["style_from_code"] + model["style_rest"] * rest
    longer = code @ model["long_from_code"] + rng.normal(0, 0.3)
    long = rng.uniform(0.3, 1)
    beard = rng.uniform(0.1, 1) if spread > 1 and longer < 0.3 and rng.random() < 0.4 else 0.0
    return Person(
        code.astype(np.float32),
        style.astype(np.float32),
        curl=rng.beta(1, 3),
        combed=float(rng.choice((0, 0.5, 0.9))),
        long=long if longer > 0.9 else 0.0,
        cloth=tuple(CLOTHES[rng.integers(len(CLOTHES))] * rng.uniform(0.7, 1.2)),
        beard=beard,
        seed=int(rng.integers(2**31)),
    )


def sample_view(rng, spread=1.0):
    """A `View` as photographs have them: mostly frontal, sometimes smiling, seldom eyes shut.

    spread: a factor on how far heads are turned, faces moved and lamps from the usual.
    """
    return View(
        yaw=float(spread * np.clip(rng.normal(0, 12), -28, 28)),
        pitch=float(spread * np.clip(rng.normal(0, 6), -16, 16)),
        roll=float(spread * np.clip(rng.normal(0, 9), -25, 25)),
        mouth_open=float(
            spread * rng.choice((0, rng.uniform(0, 0.35), rng.uniform(0.3, 1)), p=(0.5, 0.3, 0.2))
        ),
        smile=float(spread * rng.choice((rng.uniform(-0.2, 0.2), rng.uniform(0.2, 1)))),
        eyes_closed=float(
            rng.choice((rng.uniform(0, 0.25), rng.uniform(0.25, 0.6), 1), p=(0.85, 0.1, 0.05))
        ),
        brow_raise=float(spread * np.clip(rng.normal(0, 0.5), -0.8, 1.2)),
        light=float(rng.uniform(-75, 75)),
        elevation=float(rng.uniform(0, 60)),
        harshness=float(min(1, spread * rng.beta(1.2, 2))),
        exposure=float(np.exp(spread * rng.normal(0.14, 0.13))),
    )


def photograph(people, views, centres, widths, shape, seed=0, kind=None, occluders=None,
               spread=1.0):  # fmt: skip
    """Several people in one picture.

    centres: middle of each face (x, y) and widths: of each face, in pixels. shape: (H, W).
    kind: one of `BACKGROUNDS`; occluders: for each person one of `OCCLUDERS` or "". What is not
    given is drawn from `seed`. spread: above 1 more is before the faces.
    Returns the picture, RGB uint8 [H, W, 3], and landmarks float32 [n, 68, 2].
    """
    rng = np.random.default_rng([seed, 77])
    picture = background(rng, shape, kind)
    ambience = picture.mean((0, 1)) + 0.4
    ambience = (ambience / ambience.mean()) ** 0.25
    found = []
    for k, (person, view, centre, width) in enumerate(
        zip(people, views, centres, widths, strict=True)
    ):
        zoom = width / FACE_WIDTH
        reduce = next(
            r for r, above in ((1, 0.8), (4 / 3, 0.56), (2, 0.28), (4, 0)) if zoom > above
        )
        points, depth = posed(person, view)
        points = points * zoom + (np.asarray(centre) - points[:68].mean(0) * zoom)
        frame = draw_frame(person, view, reduce, visible_rows(points, shape))
        layer = warp_mesh(frame, reduce, points, depth, shape)
        layer[..., :3] *= ambience
        draw_mouth(layer, points[:68], view)
        alpha = np.clip(layer[..., 3:], 0, 1)
        picture = picture * (1 - alpha) + layer[..., :3]
        chances = MORE_CHANCES if spread > 1 else CHANCES
        occluder = rng.choice(("", *OCCLUDERS), p=chances) if occluders is None else occluders[k]
        if occluder:
            picture = occlude(rng, picture, points[:68], occluder)
        found.append(points[:68])
    blur = rng.choice((0.0, rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.6)), p=(0.5, 0.35, 0.15))
    picture = camera(rng, picture, blur, rng.choice((0.004, 0.012, 0.03), p=(0.5, 0.35, 0.15)))
    return picture, np.array(found, np.float32)


def draw_person(person, view=None, seed=0, shape=None, face_width=None, kind=None, spread=1.0):
    """One person's picture, RGB uint8 [H, W, 3], and landmarks float32 [68, 2].

    What is not given is drawn from `seed`: the view, the shape (H, W) of the picture, and the
    width of the face in pixels (about 0.1 to 0.6 of the picture's). The seed also makes the
    surroundings, which stay the same while the view changes. kind: one of `BACKGROUNDS`. spread:
    as for `sample_view`.
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
    centre = np.clip(np.array([x, y]) * high, low, high - low)
    picture, marks = photograph(
        [person], [view], [centre], [size], shape, seed, kind, spread=spread
    )
    return picture, marks[0]


def sample_frame(rng):
    """Shape (H, W) of a picture, and where the face is in it (as parts) and how wide in pixels."""
    aspect = (1, 3 / 4, 4 / 3, 2 / 3, 3 / 2)[rng.integers(5)]
    longer = rng.integers(320, 641)
    shape = round(longer * min(1, aspect)), round(longer * min(1, 1 / aspect))
    size = min((0.1 + 0.5 * rng.beta(1.7, 1.7)) * shape[1], 0.72 * shape[0], 300)
    return shape, (rng.normal(0.5, 0.12), rng.normal(0.48, 0.08)), size
