"""Whether drawn people are as unlike those of the portraits as these are unlike each other."""

from collections.abc import Iterable

import numpy as np

from fit.components import spread
from helpers.people import Person

# A space to measure distances in: where the set's people are, [n, d], and the matrix [k, d] that
# takes the code of a drawn person there.
Space = tuple[np.ndarray, np.ndarray]


def shape_and_skin(
    model: dict[str, np.ndarray], parts: dict[str, np.ndarray], codes: np.ndarray
) -> dict[str, Space]:
    """Three spaces to tell people apart in: that of the code, that of shape, that of the skin.

    parts: what the set's people have, [n, ...], by the names of the model; codes: theirs, [n, k].
    Shape and skin each by their own 30 principal axes, in standard deviations.
    """
    count = codes.shape[1]
    spaces = {"all together": (codes, np.eye(count))}
    for name, text in (("shape", "shape"), ("low", "skin")):
        values = parts[name].reshape(len(codes), -1)
        values = values - values.mean(0)
        axes = np.linalg.svd(values, full_matrices=False)[2][:30]
        along = values @ axes.T
        modes = model[f"{name}_modes"]
        modes = modes * spread(model.get(f"{name}_scale", np.ones(count, np.float32)), modes)
        to_space = modes.reshape(count, -1) @ axes.T / along.std(0)
        spaces[text] = along / along.std(0), to_space
    return spaces


def nearest(spaces: dict[str, Space], people: Iterable[Person]) -> tuple[np.ndarray, np.ndarray]:
    """How far drawn people [m], and those of the portraits [n], are from the nearest of these.

    The portraits' people from the nearest other one. In the first of the spaces; prints it for all.
    Distances are divided by the median distance between two of them: 1 is 'as unlike each other as
    two people are'.
    """
    drawn = np.array([p.code for p in people])
    result = []
    print("distance to the nearest person of the portraits      min  median")
    for name, (real, to_space) in spaces.items():
        between = np.linalg.norm(real[:, None] - real[None], axis=-1)
        unit = np.median(between[np.triu_indices(len(real), 1)])
        between = (between + np.diag(np.full(len(real), np.inf))).min(1) / unit
        found = drawn @ to_space
        away = np.array([np.linalg.norm(real - f, axis=1).min() for f in found]) / unit
        for who, d in (("their own", between), (f"{len(drawn)} drawn", away)):
            print(f"  {name:14s} {who:24s} {d.min():14.2f} {np.median(d):7.2f}")
        result.append((away, between))
    return result[0]
