"""Portraits brought into the frame of the face model: alignment of their points, and the warp.

The points that hold a portrait to the frame are its knots: of the London Set's 189 those that are
not on the jaw, and those of the 68 landmarks that are none of the 189. Points are (x, y) in
pixels, with pixel centres at whole numbers.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from helpers.landmarks import similarity
from helpers.people.face_model import FRAME
from london_set import JAW, WEIGHTS

# Column and row of each pixel of the frame.
YY, XX = np.mgrid[0:FRAME, 0:FRAME].astype(np.float32)

TEMPLATE_KNOTS = [i for i in range(189) if i not in JAW]
# Landmarks that are template points themselves need no knot of their own.
LANDMARK_KNOTS = [i for i in range(68) if len(WEIGHTS.get(i, ())) != 1]
_own = {landmark: len(TEMPLATE_KNOTS) + k for k, landmark in enumerate(LANDMARK_KNOTS)}
# The knot that each landmark is.
KNOT_OF_LANDMARK = [
    _own[i] if i in _own else TEMPLATE_KNOTS.index(next(iter(WEIGHTS[i]))) for i in range(68)
]

# Points about the frame that stay where they are.
_EDGE = np.linspace(-60, FRAME + 60, 6)
ANCHORS = np.array([(x, y) for x in _EDGE for y in _EDGE if {x, y} & {_EDGE[0], _EDGE[-1]}])

Similarity = tuple[complex, complex]  # takes a point z = x + iy to turn * z + shift


@dataclass(eq=False)
class Alignment:
    """The knots of n portraits in the frame.

    portraits: the knots where they are in the portraits, float64 [n, k, 2]. ways: from each
    portrait to the frame. aligned: the knots in the frame, float64 [n, k, 2], and mean: their
    mean [k, 2]. uv: the places in the frame to which portraits are warped, the mean with the lips
    kept apart [k, 2].
    """

    portraits: np.ndarray
    ways: list[Similarity]
    aligned: np.ndarray
    mean: np.ndarray
    uv: np.ndarray

    def warped(self, pictures: np.ndarray) -> np.ndarray:
        """The portraits [n, H, W, 3] warped to the frame: [n, 640, 640, 3]."""
        each = zip(pictures, self.portraits, self.ways, strict=True)
        return np.array([to_frame(picture, self.uv, knots, way) for picture, knots, way in each])

    def template_points(self, indices: list[int]) -> np.ndarray:
        """Points of the template, none of the jaw, in the frame: float64 [len(indices), 2]."""
        return np.array([self.uv[TEMPLATE_KNOTS.index(i)] for i in indices])


def align(points: np.ndarray, landmarks: np.ndarray) -> Alignment:
    """Portraits' points brought in line by their landmarks (generalised Procrustes analysis).

    points: [n, 189, 2] and landmarks: [n, 68, 2], in pixels of the portraits.
    """
    knots = np.concatenate([points[:, TEMPLATE_KNOTS], landmarks[:, LANDMARK_KNOTS]], 1)
    mean = landmarks.mean(0)
    mean[:, 0] += FRAME / 2 - mean[:, 0].mean()
    start = mean.copy()
    for _ in range(5):
        ways = [similarity(m, mean) for m in landmarks]
        mean = np.mean([moved(m, w) for m, w in zip(landmarks, ways, strict=True)], 0)
        mean = moved(mean, similarity(mean, start))
    aligned = np.array([moved(k, w) for k, w in zip(knots, ways, strict=True)])
    mean = aligned.mean(0)
    return Alignment(knots, ways, aligned, mean, _lips_apart(mean))


def align_more(alignment: Alignment, points: np.ndarray, landmarks: np.ndarray) -> Alignment:
    """Further portraits in the frame of an alignment, which stays as it is: of these alone.

    points, landmarks: as for `align`.
    """
    knots = np.concatenate([points[:, TEMPLATE_KNOTS], landmarks[:, LANDMARK_KNOTS]], 1)
    mean = alignment.mean[KNOT_OF_LANDMARK]
    ways = [similarity(marks, mean) for marks in landmarks]
    aligned = np.array([moved(k, w) for k, w in zip(knots, ways, strict=True)])
    return Alignment(knots, ways, aligned, alignment.mean, alignment.uv)


def _lips_apart(mean: np.ndarray) -> np.ndarray:
    """The mean knots [k, 2] with a slit of two pixels between the lips, which touch: [k, 2]."""
    uv = mean.copy()
    for upper, lower in ((61, 67), (62, 66), (63, 65)):
        a, b = KNOT_OF_LANDMARK[upper], KNOT_OF_LANDMARK[lower]
        missing = max(0, 2.0 - (uv[b, 1] - uv[a, 1])) / 2
        uv[a, 1] -= missing
        uv[b, 1] += missing
    return uv


def moved(points: np.ndarray, way: Similarity) -> np.ndarray:
    """Points [n, 2] where a similarity takes them: [n, 2]."""
    turn, shift = way
    z = points @ [1, 1j] * turn + shift
    return np.stack([z.real, z.imag], -1)


def to_frame(picture: np.ndarray, uv: np.ndarray, knots: np.ndarray, way: Similarity) -> np.ndarray:
    """A portrait [H, W, 3] warped to the frame by a thin-plate spline: [640, 640, 3].

    uv: where the knots are in the frame, knots: where they are in the portrait, both [k, 2].
    """
    turn, shift = way
    anchors = moved(ANCHORS, (1 / turn, -shift / turn))
    step = 8
    grid = np.arange(0, FRAME + step, step)
    query = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    spline = RBFInterpolator(np.r_[uv, ANCHORS], np.r_[knots, anchors], smoothing=0.5)
    coarse = spline(query).reshape(len(grid), len(grid), 2).astype(np.float32)
    xs, ys = np.meshgrid(*[np.arange(FRAME, dtype=np.float32) / step] * 2)
    way_back = cv2.remap(coarse, xs, ys, cv2.INTER_CUBIC)
    return cv2.remap(
        picture,
        way_back[..., 0],
        way_back[..., 1],
        cv2.INTER_LANCZOS4,
        borderMode=cv2.BORDER_REPLICATE,
    )


def smaller(image: np.ndarray, factor: int) -> np.ndarray:
    """A map at 1 / factor of its size, averaged: [H, W, ...] -> [H / factor, W / factor, ...]."""
    size = (image.shape[1] // factor, image.shape[0] // factor)
    return cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)
