"""How good: the normalised error of each face (NME), and figures that sum up many faces.

Pure functions on arrays. Errors are distances in pixels, divided by a length of the same face,
so that a face near the camera and one far away count the same. Which length it is changes the
figure: the project divides by the inter-ocular distance, or by what another scheme names, and says
so wherever it prints one.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from helpers.crop import Box, crop_matrix, invert, move
from helpers.landmarks import (
    IBUG,
    Scheme,
    box_size,
    eye_centres,
    mean_of_known,
    must_be_ibug,
)


class Labelled(Protocol):
    """A face with its box and its landmarks [k, 2], such as `helpers.annotations.Face`."""

    @property
    def box(self) -> Box: ...

    @property
    def landmarks(self) -> np.ndarray: ...


def inter_ocular(landmarks: np.ndarray) -> np.ndarray:
    """Distance of the outer eye corners, landmarks [n, 68, 2] -> [n], in pixels.

    The normaliser of the 300-W challenge (Sagonas et al. 2013, "300 Faces in-the-Wild
    Challenge"), and of this project.
    """
    return IBUG.length(landmarks)


def inter_pupil(landmarks: np.ndarray) -> np.ndarray:
    """Distance of the eyes' centres, landmarks [n, 68, 2] -> [n], in pixels.

    As Ren et al. 2014, "Face Alignment at 3000 FPS", measure it.
    """
    right, left = eye_centres(landmarks)
    return np.linalg.norm(right - left, axis=-1)


NORMALISERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "inter-ocular": inter_ocular,
    "inter-pupil": inter_pupil,
    "box": box_size,
}


def point_errors(
    predicted: ArrayLike,
    truth: ArrayLike,
    normaliser: str | None = None,
    scheme: Scheme = IBUG,
) -> np.ndarray:
    """Error of each point of each face: [n, k], per cent of a length of the true face.

    predicted, truth: [n, k, 2], both in pixels of the same picture (or crop), of the k points of
    the scheme. normaliser: which length, a name of `NORMALISERS`, by default the scheme's own. A
    true point that is missing, NaN, has the error NaN; so has a face whose normaliser has no known
    point on one side. Raises ValueError on other shapes, on another number that is not finite, on
    a face without any point and on one whose length is zero, and says which face.
    """
    predicted, truth = np.asarray(predicted, float), np.asarray(truth, float)
    shape = f"[n, {len(scheme)}, 2]"
    if predicted.shape != truth.shape or truth.shape[1:] != (len(scheme), 2):
        raise ValueError(f"nme needs two arrays {shape}, not {predicted.shape}, {truth.shape}.")
    missing = np.isnan(truth).all(2)
    for name, points in (("predicted", predicted), ("truth", truth)):
        finite = np.isfinite(points).all(2) | (missing & (name == "truth"))
        if (broken := ~finite.all(1)).any():
            raise ValueError(f"{name} landmarks of face {broken.argmax()} are not all finite.")
    if missing.all(1).any():
        raise ValueError(f"All points of face {missing.all(1).argmax()} are missing.")
    if normaliser in ("inter-ocular", "inter-pupil"):
        must_be_ibug(scheme, f"{normaliser} distances")
    length = NORMALISERS[normaliser](truth) if normaliser else scheme.length(truth)
    if (length == 0).any():
        what = f"{normaliser} size" if normaliser else scheme.unit
        raise ValueError(f"The {what} of face {(length == 0).argmax()} is zero.")
    return 100 * np.linalg.norm(predicted - truth, axis=-1) / length[:, None]


def nme(
    predicted: ArrayLike,
    truth: ArrayLike,
    normaliser: str | None = None,
    scheme: Scheme = IBUG,
) -> np.ndarray:
    """Normalised mean error (NME) of each face: [n], per cent.

    The mean over the points of the distance between prediction and truth, divided by the distance
    of the truth's outer eye corners, or what else the scheme or `normaliser` says. Missing points
    are left out. Arguments and errors as for `point_errors`; NaN where all of a face's are NaN.
    """
    return mean_of_known(point_errors(predicted, truth, normaliser, scheme), 1)


def part_errors(errors: ArrayLike, scheme: Scheme = IBUG) -> dict[str, float]:
    """The mean error of each part of the face by its name, from `point_errors` [n, k].

    NaN errors, of missing points, are left out. Raises ValueError for another shape.
    """
    errors = np.asarray(errors, float)
    if errors.ndim != 2 or errors.shape[1] != len(scheme) or not len(errors):
        shape = f"[n, {len(scheme)}]"
        raise ValueError(f"part_errors needs the errors of points {shape}, not {errors.shape}.")
    return {
        part: float(mean_of_known(errors[:, list(points)], (0, 1)))
        for part, points in scheme.parts.items()
    }


def mean_face(faces: Sequence[Labelled]) -> np.ndarray:
    """The mean landmarks of faces in their boxes: [k, 2], in sides of the box from its centre.

    Missing points are left out; NaN where a point is missing in all faces.
    """
    moved = [move(face.landmarks, crop_matrix(face.box, 1, 1)) for face in faces]
    return mean_of_known(np.array(moved), 0)


def place_face(landmarks: np.ndarray, box: Box) -> np.ndarray:
    """Landmarks [k, 2] as `mean_face` gives them, put into a box: [k, 2], pixels."""
    return move(landmarks, invert(crop_matrix(box, 1, 1)))


def mean_face_nme(
    train: Sequence[Labelled], test: Sequence[Labelled], scheme: Scheme = IBUG
) -> float:
    """The NME to beat, in per cent: that of a guess that looks at no picture.

    It puts the mean face of the `train` faces into the boxes of the `test` faces.
    """
    mean = mean_face(train)
    guesses = [place_face(mean, face.box) for face in test]
    errors = nme(guesses, [face.landmarks for face in test], scheme=scheme)
    return float(mean_of_known(errors, 0))


def cumulative(errors: ArrayLike, thresholds: ArrayLike) -> np.ndarray:
    """Cumulative error distribution (CED): per cent of faces with at most each error.

    errors: [n], as from `nme`. thresholds: [k], in the same unit -> [k].
    """
    ordered = np.sort(_checked(errors))
    return 100 * np.searchsorted(ordered, thresholds, side="right") / len(ordered)


def auc(errors: ArrayLike, limit: float = 8.0) -> float:
    """Area under the CED curve from an error of 0 to `limit`, in per cent of the whole.

    100 means no errors at all, 0 that every face has more than `limit` (Yang et al. 2015, "An
    Empirical Study of Recent Face Alignment Methods", arXiv 1511.05049). Exact: a face with error
    e is a step of the curve at e, which adds the area from there to the limit.
    """
    return float(100 * np.clip(1 - _checked(errors) / limit, 0, None).mean())


def failure_rate(errors: ArrayLike, limit: float = 8.0) -> float:
    """Per cent of faces whose error is above `limit` (customary: 8 or 10 %)."""
    return float(100 * (_checked(errors) > limit).mean())


def bootstrap(
    errors: ArrayLike,
    statistic: Callable[[np.ndarray], float] = np.mean,
    groups: ArrayLike | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95 % interval of a statistic of the errors [n] of n faces: (low, high).

    As many faces as there are, are drawn with replacement, `draws` times, and the statistic is
    taken of each such list (Efron 1979, "Bootstrap Methods: Another Look at the Jackknife").
    groups: [n], a name for each face; those of one name are drawn together, since twins, or two
    faces of one photograph, are not independent. Raises ValueError where an error is not finite or
    the groups are not as many as the errors.
    """
    errors = _checked(errors)
    names = np.arange(len(errors)) if groups is None else np.asarray(groups)
    if names.shape != errors.shape:
        raise ValueError(f"{len(errors)} errors need as many groups, not {names.shape}.")
    _, number = np.unique(names, return_inverse=True)
    members = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = rng.integers(len(members), size=len(members))
        values.append(statistic(errors[np.concatenate([members[i] for i in drawn])]))
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def _checked(errors: ArrayLike) -> np.ndarray:
    """Errors [n] as floats; raises ValueError, naming the face, where one is not finite."""
    errors = np.asarray(errors, float)
    if errors.ndim != 1 or not len(errors):
        raise ValueError(f"Errors must be one number for each face, [n], not {errors.shape}.")
    if not np.isfinite(errors).all():
        raise ValueError(f"The error of face {(~np.isfinite(errors)).argmax()} is not finite.")
    return errors
