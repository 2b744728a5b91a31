"""Who a demo person is and how they are seen: their numbers, and how these are drawn at random."""

from dataclasses import dataclass

import numpy as np

from helpers.people.face_model import face_model

# RGB of what people wear.
CLOTHES = np.array(
    [
        (0.85, 0.85, 0.86),  # white
        (0.55, 0.56, 0.58),  # grey
        (0.3, 0.31, 0.33),  # dark grey
        (0.09, 0.09, 0.1),  # black
        (0.1, 0.13, 0.24),  # navy
        (0.25, 0.35, 0.5),  # denim
        (0.35, 0.1, 0.13),  # burgundy
        (0.3, 0.3, 0.2),  # olive
        (0.68, 0.6, 0.48),  # beige
        (0.12, 0.32, 0.34),  # teal
        (0.7, 0.47, 0.47),  # rose
        (0.5, 0.62, 0.72),  # light blue
    ]
)


@dataclass(eq=False)
class Person:
    """Who it is: coefficients in standard deviations of the portraits, and dress.

    code: shape and skin, float32 [60]. style: outlines of hair and clothes, float32 [28].
    curl: how wavy the hair is, 0 to 1. combed: 0 down, 1 back. long: how far below the ears the
    hair reaches, 0 (as the style has it) to 1 (shoulders). cloth: RGB of the clothes, 0 to 1.
    beard: 0 (none) to 1 (full). seed: of fine detail.
    """

    code: np.ndarray
    style: np.ndarray
    curl: float = 0.2
    combed: float = 0.0
    long: float = 0.0
    cloth: tuple[float, float, float] = (0.85, 0.85, 0.88)
    beard: float = 0.0
    seed: int = 0


@dataclass
class View:
    """How a person is seen: pose, expression and light.

    Angles are in degrees; of expressions 0 is London's neutral, 1 strong; `sample_view`
    also gives some beyond either.
    yaw: head turned to the picture's left (negative) or right. pitch: up (positive) or down.
    roll: tilted clockwise as seen. light: direction it comes from, -90 (left) to 90 (right);
    elevation: from above. harshness: 0 (overcast) to 1 (bare lamp). exposure: factor of brightness.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    mouth_open: float = 0.0
    smile: float = 0.0
    eyes_closed: float = 0.0
    brow_raise: float = 0.0
    light: float = 0.0
    elevation: float = 30.0
    harshness: float = 0.0
    exposure: float = 1.0


def new_seed(rng: np.random.Generator) -> int:
    """A seed for what takes one instead of a generator."""
    return int(rng.integers(2**31))


def sample_person(rng: np.random.Generator, spread: float = 1.0) -> Person:
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
        seed=new_seed(rng),
    )


def sample_view(rng: np.random.Generator, spread: float = 1.0) -> View:
    """A `View` as photographs have them: mostly frontal, sometimes smiling, seldom eyes shut.

    spread: above 1, heads are turned farther, some nearly to a profile, faces move more and lamps
    are harsher.
    """
    view = View(
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
    if spread > 1 and rng.random() < 0.2:
        view.yaw = float(rng.choice((-1, 1)) * rng.uniform(30, 65))
    return view
