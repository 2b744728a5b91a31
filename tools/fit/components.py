"""Principal components: of one table of numbers, of several at once, and as bytes."""

import numpy as np


def components(data: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal components of data [n, d]: mean [d], components [count, d] and codes [n, count].

    The components are one standard deviation long, the codes have variance 1.
    """
    mean = data.mean(0)
    centred = data - mean
    _, vectors = np.linalg.eigh(centred @ centred.T / (len(data) - 1))
    codes = vectors[:, ::-1][:, :count] * np.sqrt(len(data) - 1)
    return mean, (codes.T @ centred) / (len(data) - 1), codes


def joint_components(
    parts: dict[str, np.ndarray], count: int, emphasis: dict[str, float]
) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Principal components of several parts that vary together, such as a jaw and its beard.

    parts: of each name what n people have, [n, ...]. Each part gets the same total variance, times
    the square of its `emphasis` where it has one. Returns the people's codes [n, count], with
    variance 1, and for each part its mean [...] and modes [count, ...], what a step of 1 in each
    code changes. Prints how much of a part's variance the modes keep.
    """
    flat = {name: values.reshape(len(values), -1) for name, values in parts.items()}
    weights = {name: 1 / np.sqrt(values.var(0).sum()) for name, values in flat.items()}
    for name, factor in emphasis.items():
        weights[name] *= factor
    together = np.concatenate([values * weights[name] for name, values in flat.items()], 1)
    _, _, codes = components(together, count)
    found = {}
    for name, values in flat.items():
        mean = values.mean(0)
        modes = codes.T @ (values - mean) / (len(values) - 1)
        kept = np.var(codes @ modes, axis=0).sum() / values.var(0).sum()
        print(f"  {name:12s} {count} modes keep {kept:.1%} of the variance")
        shape = parts[name].shape[1:]
        found[name] = mean.reshape(shape), modes.reshape(count, *shape)
    return codes, found


def as_bytes(modes: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Modes [k, ...] as int8, and the unit of each, float32 [k]: modes are one times the other.

    The unit is `step`, or as much more as a mode needs to fit.
    """
    unit = np.maximum(abs(modes).reshape(len(modes), -1).max(1) / 127, step).astype(np.float32)
    return np.rint(modes / spread(unit, modes)).astype(np.int8), unit


def spread(unit: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """One number for each mode, [k], shaped so that modes [k, ...] can be multiplied by it."""
    return unit.reshape(-1, *[1] * (modes.ndim - 1))
