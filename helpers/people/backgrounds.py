"""What is behind the demo people: six kinds of blurred backgrounds.

Pictures are RGB [H, W, 3] from 0 to 1. `muted` colours and `clouds` serve objects, too.
"""

import cv2
import numpy as np

BACKGROUNDS = ("gradient", "bokeh", "foliage", "room", "street", "wall")
CHANCES = (0.1, 0.17, 0.2, 0.23, 0.15, 0.15)  # of each, where none is asked for


def background(
    rng: np.random.Generator, shape: tuple[int, int], kind: str | None = None
) -> np.ndarray:
    """A blurred background, RGB float32 of shape (H, W, 3).

    kind: one of `BACKGROUNDS`, drawn at random where it is not given. Raises ValueError where it
    is none.
    """
    kind = kind or str(rng.choice(BACKGROUNDS, p=CHANCES))
    if kind not in BACKGROUNDS:
        raise ValueError(f"{kind}: no background; there are {', '.join(BACKGROUNDS)}.")
    height, width = shape
    scale = min(1, 160 / max(shape))  # drawn this small, since it is blurred anyhow
    small = (max(8, round(height * scale)), max(8, round(width * scale)))
    picture, blur = _sharp(rng, small, kind)
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), blur)
    picture = picture * (1 + 0.1 * clouds(rng, small, 2, 2))[..., None]
    picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 1)


def clouds(
    rng: np.random.Generator, shape: tuple[int, ...], octaves: int = 4, first: int = 3
) -> np.ndarray:
    """Smooth noise summed over octaves, float32 of shape (H, W), about -1 to 1.

    first: cells across the picture in the coarsest octave; each further one has twice as many.
    """
    total: np.ndarray = np.zeros(shape, np.float32)
    for k in range(octaves):
        cells = first * 2**k
        noise = rng.standard_normal((cells + 1, cells + 1), np.float32)
        octave = cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC)
        total += octave / 1.8**k
    return total / 1.6


def muted(
    rng: np.random.Generator, low: float = 0.1, high: float = 0.9, chroma: float = 0.35
) -> np.ndarray:
    """A muted colour, such as walls, cloth and streets have: RGB float32 [3].

    low and high bound its brightness, chroma its colourfulness, all from 0 to 1.
    """
    # Most things are brown to yellow or bluish; pink and violet are rare.
    hue = (rng.choice((30, 30, 210, 120)) + rng.normal(0, 22)) % 360
    depth = rng.beta(1, 4) * chroma
    value = rng.uniform(low, high)
    hsv = np.array([[[hue, min(1, depth / max(value, 0.2)), value]]], np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0]


def _sharp(rng: np.random.Generator, shape: tuple[int, int], kind: str) -> tuple[np.ndarray, float]:
    """The background in focus, [H, W, 3], and the standard deviation of its blur in pixels."""
    ys, xs = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    ys, xs = ys / shape[0], xs / shape[1]
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * (xs - 0.5) + np.sin(angle) * (ys - 0.5)) + 0.5
    first, second = muted(rng), muted(rng)
    picture = first + (second - first) * np.clip(slope, 0, 1)[..., None] * rng.uniform(0.2, 0.9)
    blur = rng.uniform(1.5, 6)
    if kind == "bokeh":
        return _bokeh(rng, picture), rng.uniform(0.8, 2)
    if kind == "foliage":
        return _foliage(rng, ys), rng.uniform(0.8, 4)
    if kind == "room":
        return _blocks(rng, picture, outdoors=False), rng.uniform(2.5, 6)
    if kind == "street":
        blue = np.array([0.75, 0.82, 0.9], np.float32)
        sky = blue * rng.uniform(0.7, 1.1) * (1 - 0.25 * ys[..., None])
        return _blocks(rng, sky, outdoors=True), rng.uniform(2.5, 6)
    if kind == "wall":
        return picture * (1 + 0.05 * clouds(rng, shape, 6, 8))[..., None], 0.7
    return picture, blur


def _bokeh(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A darkened picture with lights out of focus: discs whose glow adds up."""
    picture = picture * 0.5
    glow = np.zeros_like(picture)
    height, width = picture.shape[:2]
    for _ in range(rng.integers(12, 45)):
        disc = np.zeros((height, width), np.float32)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(3, 13)
        cv2.circle(disc, (int(x * 8), int(y * 8)), int(radius * 8), 1.0, -1, cv2.LINE_AA, 3)
        warm = np.array([1, rng.uniform(0.55, 0.95), rng.uniform(0.2, 0.9)], np.float32)
        glow += disc[..., None] * warm[:: rng.choice((1, 1, 1, -1))] * rng.uniform(0.1, 0.5)
    return 1 - (1 - picture) * np.exp(-glow)


def _foliage(rng: np.random.Generator, ys: np.ndarray) -> np.ndarray:
    """Leaves, and sky through their gaps. ys [H, W]: height of each pixel, 0 (top) to 1."""
    leaves = clouds(rng, ys.shape, 6, 5)
    green = np.array(
        [rng.uniform(0.2, 0.34), rng.uniform(0.26, 0.36), rng.uniform(0.12, 0.2)], np.float32
    )
    light = np.array([0.85, 0.9, 0.75], np.float32) * rng.uniform(0.7, 1)
    grey = green.mean()
    green = grey + (green - grey) * np.float32(rng.uniform(0.35, 0.9))
    picture = green * np.exp(0.45 * leaves)[..., None]
    sky = np.clip(clouds(rng, ys.shape, 5, 4) * 2 - rng.uniform(0.4, 3) - 2 * (ys - 0.5), 0, 1)
    return picture + (light - picture) * sky[..., None]


def _blocks(rng: np.random.Generator, picture: np.ndarray, outdoors: bool) -> np.ndarray:
    """Furniture or houses: upright quadrilaterals, some with a grid of windows or shelves."""
    size = picture.shape[1::-1]
    picture = np.ascontiguousarray(picture)
    for _ in range(rng.integers(5, 16)):
        wide, high = rng.uniform(0.06, 0.5), rng.uniform(0.15, 0.9)
        left = rng.uniform(-0.2, 1)
        top = (1 - high) * rng.uniform(0.2, 1.1) if outdoors else rng.uniform(-0.2, 0.8)
        right, lean = left + wide, rng.normal(0, 0.03)
        box = np.array([(left, top), (right, top + lean), (right, top + high), (left, top + high)])
        colour = muted(rng, 0.1, 0.9, 0.2)
        cv2.fillPoly(picture, [(box * size * 8).astype(np.int32)], colour.tolist(), cv2.LINE_AA, 3)
        if rng.random() < 0.4:
            rows, columns = rng.integers(2, 7), rng.integers(2, 6)
            inner = (0.6 * colour + 0.4 * muted(rng, 0.1, 1.0, 0.2)).tolist()
            for r, c in np.ndindex(rows, columns):
                at = np.array([left + wide * (c + 0.15) / columns, top + high * (r + 0.2) / rows])
                to = at + np.array([0.7 * wide / columns, 0.6 * high / rows])
                a, b = (at * size).astype(int), (to * size).astype(int)
                cv2.rectangle(picture, a.tolist(), b.tolist(), inner, -1, cv2.LINE_AA)
    return picture * (1 + 0.1 * clouds(rng, picture.shape[:2]))[..., None]
