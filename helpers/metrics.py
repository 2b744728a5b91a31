"""How good: normalised errors of each face, and what is said of many of them.

Pure functions on arrays. Errors are distances in pixels, divided by a length of the same face,
so that a face near the camera and one far away count the same. Which length it is changes the
figure: the project divides by the inter-ocular distance, and says so wherever it prints one.
"""

import numpy as np

from helpers.annotations import PARTS

OUTER_EYE_CORNERS = (36, 45)


def inter_ocular(landmarks):
    """Distance of the outer eye corners, landmarks [n, 68, 2] -> [n], in pixels.

    The normaliser of the 300-W challenge (Sagonas et al. 2013, "300 Faces in-the-Wild
    Challenge"), and of this project.
    """
    right, left = OUTER_EYE_CORNERS
    return np.linalg.norm(landmarks[:, right] - landmarks[:, left], axis=-1)


def inter_pupil(landmarks):
    """Distance of the eyes' middles, landmarks [n, 68, 2] -> [n], in pixels.

    The middle is the mean of an eye's six points (Ren et al. 2014, "Face Alignment at 3000 FPS").
    """
    right, left = (landmarks[:, list(PARTS[f"{side} eye"])].mean(1) for side in ("right", "left"))
    return np.linalg.norm(right - left, axis=-1)


def box_size(landmarks):
    """Root of width x height of the landmarks' bounding box, [n, 68, 2] -> [n], in pixels.

    Unlike a distance of eyes, it does not shrink when a head turns (Bulat and Tzimiropoulos
    2017, arXiv 1703.07332).
    """
    return np.sqrt(np.prod(np.ptp(landmarks, axis=1), axis=-1))


NORMALISERS = {"inter-ocular": inter_ocular, "inter-pupil": inter_pupil, "box": box_size}


def point_errors(predicted, truth, normaliser="inter-ocular"):
    """Error of each point of each face: [n, 68], per cent of the true face's normaliser.

    predicted, truth: [n, 68, 2], both in pixels of the same picture (or crop). normaliser: one of
    `NORMALISERS`. Raises ValueError on other shapes, on a number that is not finite and on a face
    whose normaliser is zero, and says which face.
    """
    predicted, truth = np.asarray(predicted, float), np.asarray(truth, float)
    if predicted.shape != truth.shape or truth.shape[1:] != (68, 2):
        raise ValueError(f"nme needs two arrays [n, 68, 2], not {predicted.shape}, {truth.shape}.")
    for name, points in (("predicted", predicted), ("truth", truth)):
        broken = ~np.isfinite(points).all((1, 2))
        if broken.any():
            raise ValueError(f"{name} landmarks of face {broken.argmax()} are not all finite.")
    length = NORMALISERS[normaliser](truth)
    if (length == 0).any():
        raise ValueError(f"The {normaliser} size of face {(length == 0).argmax()} is zero.")
    return 100 * np.linalg.norm(predicted - truth, axis=-1) / length[:, None]


def nme(predicted, truth, normaliser="inter-ocular"):
    """Normalised mean error of each face: [n], per cent; arguments as for `point_errors`.

    The mean over the 68 points of the distance between prediction and truth, over the distance of
    the truth's outer eye corners (or another normaliser).
    """
    return point_errors(predicted, truth, normaliser).mean(1)


def part_errors(errors):
    """Mean error of each face part, from `point_errors` [n, 68]: a dictionary by its name."""
    errors = np.asarray(errors, float)
    if errors.ndim != 2 or errors.shape[1] != 68 or not len(errors):
        raise ValueError(f"part_errors needs the errors of points [n, 68], not {errors.shape}.")
    return {part: float(errors[:, list(points)].mean()) for part, points in PARTS.items()}


def cumulative(errors, thresholds):
    """Cumulative error distribution (CED): per cent of faces with at most each error.

    errors: [n], as from `nme`. thresholds: [k], in the same unit -> [k].
    """
    ordered = np.sort(_checked(errors))
    return 100 * np.searchsorted(ordered, thresholds, side="right") / len(ordered)


def auc(errors, limit=8.0):
    """Area under the cumulative error curve from 0 to `limit`, in per cent of the whole.

    100 means no errors at all, 0 that every face has more than `limit` (Yang et al. 2015, "An
    Empirical Study of Recent Face Alignment Methods", arXiv 1511.05049). Exact: a face with error
    e adds a step of the curve at e, so an area from there to the limit.
    """
    return float(100 * np.clip(1 - _checked(errors) / limit, 0, None).mean())


def failure_rate(errors, limit=8.0):
    """Per cent of faces whose error is above `limit` (customary: 8 or 10 %)."""
    return float(100 * (_checked(errors) > limit).mean())


def bootstrap(errors, statistic=np.mean, groups=None, draws=1000, seed=0):
    """The 95 % interval of a statistic of the faces: (low, high).

    The faces are drawn again, with replacement, as often as there are any, and the statistic is
    taken of each such list (Efron 1979, "Bootstrap Methods: Another Look at the Jackknife").
    groups: [n], a name for each face; those of one name are drawn together. Twins, or two faces
    of one photograph, are not two witnesses.
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


def _checked(errors):
    """Errors [n] as floats; raises ValueError, naming the face, where one is not finite."""
    errors = np.asarray(errors, float)
    if errors.ndim != 1 or not len(errors):
        raise ValueError(f"Errors must be one number for each face, [n], not {errors.shape}.")
    if not np.isfinite(errors).all():
        raise ValueError(f"The error of face {(~np.isfinite(errors)).argmax()} is not finite.")
    return errors
