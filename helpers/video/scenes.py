"""Clips of people who do not exist, with landmarks that are known in every frame.

Each scene is a list of people with what they do: a function from seconds to a `Pose`. Pictures are
RGB uint8, landmarks (x, y) in pixels, pixel centres at whole numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from helpers.people import Person, View, photograph, sample_person

NOISE = 4.0  # standard deviation of a sensor's noise, of 255: a webcam's by lamp light
EYES = 0.7  # the inter-ocular distance in parts of a face's width, about


class Pose(NamedTuple):
    """Where a face is, (x, y) in pixels, how wide, in pixels, and how it is seen."""

    centre: tuple[float, float]
    width: float
    view: View


class Scene:
    """A generated clip: `frames` draws its pictures, `landmarks` are the true ones.

    actors: a person and what it does, each; who comes later stands before the others.
    count: of frames. zoom: 1 makes pictures of 320 x 240, in whose pixels poses are. noise: of the
    sensor, in each frame another, standard deviation of 255. seed: of background and noise.
    """

    def __init__(
        self,
        actors: Sequence[tuple[Person, Callable[[float], Pose]]],
        count: int = 60,
        fps: float = 30.0,
        zoom: float = 1.0,
        noise: float = NOISE,
        seed: int = 0,
    ) -> None:
        self.actors, self.count, self.fps = actors, count, fps
        self.zoom, self.noise, self.seed = zoom, noise, seed
        self.last: list[Pose] = []

    def draw(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """One frame, RGB uint8 [H, W, 3], and its landmarks float32 [n, 68, 2]."""
        people = [person for person, _ in self.actors]
        poses = [acts(index / self.fps) for _, acts in self.actors]
        centres, widths, views = zip(*poses, strict=True)
        if poses != self.last:  # else only the noise is another
            bare = [""] * len(people)
            shape = round(240 * self.zoom), round(320 * self.zoom)
            places = self.zoom * np.array(centres), self.zoom * np.array(widths)
            self.clean = photograph(people, views, *places, shape, self.seed, "wall", bare)
            self.last = poses
        picture, landmarks = self.clean
        grain = np.random.default_rng([self.seed, index]).normal(0, self.noise, picture.shape)
        return np.clip(picture + grain + 0.5, 0, 255).astype(np.uint8), landmarks

    def frames(self) -> Iterator[np.ndarray]:
        """The pictures in order, each RGB uint8 [H, W, 3]."""
        for index in range(self.count):
            yield self.draw(index)[0]

    def film(self) -> tuple[list[np.ndarray], np.ndarray]:
        """All pictures, and the landmarks float32 [t, n, 68, 2]."""
        pictures, landmarks = zip(*map(self.draw, range(self.count)), strict=True)
        return list(pictures), np.array(landmarks)


def somebody(seed: int) -> Person:
    """The person with a number."""
    return sample_person(np.random.default_rng(seed))


def still(seed: int = 3, **settings: object) -> Scene:
    """A face that does nothing: all that moves is the noise."""
    return Scene([(somebody(seed), lambda time: Pose((160, 120), 110, View()))], **settings)  # type: ignore[arg-type]


def moving(seed: int = 3, speed: float = 1.0, **settings: object) -> Scene:
    """A face that moves to the right for a second and back for another, and so on.

    speed: in inter-ocular distances a second.
    """

    def acts(time: float) -> Pose:
        away = abs((time + 0.5) % 2 - 1) - 0.5  # of a second's way
        return Pose((160 - speed * away * EYES * 110, 120), 110, View())

    return Scene([(somebody(seed), acts)], **settings)  # type: ignore[arg-type]


def lively(seed: int = 3, **settings: object) -> Scene:
    """A head that turns to both sides, tilts and nods, blinks, talks and walks about."""

    def acts(time: float) -> Pose:
        swing = np.sin(2 * np.pi * time / 4)
        view = View(
            yaw=28 * swing,
            roll=20 * np.sin(2 * np.pi * time / 5),
            pitch=8 * np.sin(2 * np.pi * time / 3),
            mouth_open=0.4 * max(0.0, np.sin(2 * np.pi * 2.5 * time)),
            smile=0.3 + 0.3 * swing,
            eyes_closed=float(np.exp(-np.square((time % 1.5 - 1) / 0.06))),
        )
        return Pose((160 + 40 * swing, 120 + 10 * np.sin(2 * np.pi * time / 3)), 105, view)

    return Scene([(somebody(seed), acts)], **settings)  # type: ignore[arg-type]


def turning(seed: int = 3, **settings: object) -> Scene:
    """A head that turns by 40 degrees to both sides, and tilts by 45."""

    def acts(time: float) -> Pose:
        yaw = 40 * np.sin(2 * np.pi * time / 4)
        roll = 45 * np.sin(2 * np.pi * time / 5)
        return Pose((160, 120), 105, View(yaw=yaw, roll=roll))

    settings = {"count": 120, **settings}
    return Scene([(somebody(seed), acts)], **settings)  # type: ignore[arg-type]


def crossing(seeds: tuple[int, int] = (3, 8), **settings: object) -> Scene:
    """Two people who walk past each other; the second, who goes to the left, before the first."""

    def acts(way: float, width: float) -> Callable[[float], Pose]:
        return lambda time: Pose(
            (160 + way * (75 * time - 110), 120 - 6 * way), width, View(yaw=12 * way)
        )

    first, second = (somebody(seed) for seed in seeds)
    settings = {"count": 90, **settings}
    return Scene([(first, acts(1, 70)), (second, acts(-1, 80))], **settings)  # type: ignore[arg-type]


def leaving(seed: int = 3, **settings: object) -> Scene:
    """A face that walks out of the picture to the right, stays away, and comes back."""

    def acts(time: float) -> Pose:
        away = np.interp(time, (0.3, 1.0, 1.6, 2.3), (0, 1, 1, 0))
        return Pose((200 + 220 * away, 120), 90, View())

    settings = {"count": 90, **settings}
    return Scene([(somebody(seed), acts)], **settings)  # type: ignore[arg-type]
