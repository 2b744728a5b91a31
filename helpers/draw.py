"""Pictures to look at: landmarks drawn on faces, heat maps laid over them, pictures in a grid."""

import io
from collections.abc import Sequence
from itertools import pairwise

import cv2
import matplotlib.pyplot as plt
import numpy as np
import PIL.Image
from IPython.core.getipython import get_ipython
from IPython.display import Image, display
from numpy.typing import ArrayLike

from helpers.crop import scaled
from helpers.landmarks import IBUG, Colour, Scheme, middles

FONT = cv2.FONT_HERSHEY_SIMPLEX
COLOURS = IBUG.colours  # one for each part of the face
TRUTH, PREDICTION, APART = (64, 255, 96), (255, 128, 0), (255, 255, 255)
PAGE = 9.6  # inches: how wide each picture and each chart is, so that those of a notebook line up
DOTS = 100  # pixels an inch

# A notebook cuts a chart of Matplotlib to what is drawn, unless it is told not to.
if (notebook := get_ipython()) and "inline" in plt.get_backend():
    notebook.run_line_magic("matplotlib", "inline")
    notebook.run_line_magic("config", "InlineBackend.print_figure_kwargs = {'bbox_inches': None}")


def paint(
    image: np.ndarray,
    landmarks: ArrayLike,
    colour: Colour | None = None,
    zoom: int = 1,
    numbers: bool = False,
    scheme: Scheme | None = None,
    lines: bool = False,
) -> np.ndarray:
    """A copy of a picture with landmarks on it: RGB uint8 [zoom * H, zoom * W, 3].

    image: RGB [H, W, 3] or grey [H, W], uint8. landmarks: [k, 2] or [n, k, 2], in pixels of
    the picture; missing ones, NaN, are left out. colour: RGB for all points, by default one for
    each face part of the scheme. numbers: writes each point's index beside it. scheme: by default
    the 68 where there are as many, else points are of one colour. lines: draws those of the scheme.
    Raises ValueError where the scheme has another number of points.
    """
    if image.ndim == 2:
        image = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_GRAY2RGB)
    canvas = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    marks = np.asarray(landmarks, float)
    if not marks.size:
        return canvas
    if scheme is None and marks.shape[-2] == len(IBUG):
        scheme = IBUG
    if scheme and len(scheme) != marks.shape[-2]:
        told = f"{marks.shape[-2]} landmarks are not the {len(scheme)} of {scheme.name!r}"
        raise ValueError(f"{told}: draw them with a scheme of their own.")
    parts = scheme is not None and scheme.parts
    colours = scheme.point_colours() if scheme and parts else [PREDICTION] * marks.shape[-2]
    for points in scaled(marks, zoom).reshape(-1, *marks.shape[-2:]):
        if not (known := np.isfinite(points).all(1)).any():
            continue
        extent = np.ptp(points[known], axis=0).max()
        radius = _radius(extent, known.sum(), max(canvas.shape))
        if scheme and lines:
            _lines(canvas, points, scheme, colour)
        for index, (point, own) in enumerate(zip(points, colours, strict=True)):
            if not known[index]:
                continue
            ink = colour or own
            _dot(canvas, point, radius, ink)
        if numbers:
            _write_numbers(canvas, points, radius, scale=max(0.38, extent / 1300))
    return canvas


def _radius(extent: float, count: int, side: int) -> float:
    """How large the dots of a face are, in pixels: large enough to be seen, the fewer the larger.

    extent: of its known points, `count` of them; side: the picture's longer one; both in pixels.
    """
    if count >= len(IBUG):
        return max(1.3, extent / 90)
    return max(1.3, extent / 90 * (len(IBUG) / count) ** 0.5, side / 160)


def _lines(canvas: np.ndarray, points: np.ndarray, scheme: Scheme, colour: Colour | None) -> None:
    """Draws the scheme's lines through the known points of a face, dark-rimmed as the dots."""
    colours = scheme.point_colours()
    for line in scheme.lines:
        for one, other in pairwise(line):
            ends = np.round(16 * points[[one, other]])
            if np.isfinite(ends).all():
                start, end = (tuple(map(int, at)) for at in ends)
                for ink, width in (((0, 0, 0), 3), (colour or colours[one], 1)):
                    cv2.line(canvas, start, end, ink, width, cv2.LINE_AA, shift=4)


def _dot(canvas: np.ndarray, at: np.ndarray, radius: float, colour: Colour) -> None:
    """Draws a dot, dark-rimmed so that it can be seen on any ground; at and radius in pixels."""
    x, y = (int(value) for value in np.round(at * 16))  # shift=4: whole numbers of 1/16 pixel
    for ink, size in (((0, 0, 0), int(radius * 16) + 12), (colour, int(radius * 16))):
        cv2.circle(canvas, (x, y), size, ink, -1, cv2.LINE_AA, shift=4)


def _write_numbers(canvas: np.ndarray, points: np.ndarray, radius: float, scale: float) -> None:
    """Writes beside each known point its index, where it covers other points and numbers least.

    scale: of the letters, as OpenCV counts it.
    """
    around = [np.array([np.cos(a), np.sin(a)]) for a in np.radians(range(0, 360, 30))]
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y in points if np.isfinite(x)]
    for index, point in enumerate(points):
        if not np.isfinite(point).all():
            continue
        (width, height), _ = cv2.getTextSize(str(index), FONT, scale, 1)
        half = np.array([width, height]) / 2
        middles = [point + (radius + 2 + half) * way for way in around]
        boxes = [(*(at - half), *(at + half)) for at in middles]
        box = min(boxes, key=lambda one: sum(_shared(one, other) for other in taken))
        taken.append(box)
        for ink, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):  # read on any ground
            place = round(box[0]), round(box[3])
            cv2.putText(canvas, str(index), place, FONT, scale, ink, thick, cv2.LINE_AA)


def _shared(one: Sequence[float], other: Sequence[float]) -> float:
    """The area that two boxes (left, top, right, bottom) have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def paint_pair(
    image: np.ndarray, truth: ArrayLike, predicted: ArrayLike, zoom: int = 1
) -> np.ndarray:
    """A copy of a picture with the truth in green, the prediction in orange; else as `paint`.

    A white line leads from each true point to its prediction: as long as the error is large.
    """
    canvas = paint(image, np.empty((0, 2)), zoom=zoom)
    known, found = (scaled(np.asarray(p, float), zoom).reshape(-1, 2) for p in (truth, predicted))
    for ends in np.stack([known, found], axis=1):
        if np.isfinite(ends).all():
            start, end = (tuple(map(int, np.round(16 * at))) for at in ends)
            cv2.line(canvas, start, end, APART, 1, cv2.LINE_AA, shift=4)
    canvas = paint(canvas, known, TRUTH)
    return paint(canvas, found, PREDICTION)


def paint_scheme(scheme: Scheme, side: int = 480) -> np.ndarray:
    """A scheme to look at, on its mean face: RGB uint8 [side, side, 3].

    Points have their numbers and the colours of their parts. Grey lines join mirror partners, and a
    white one what the errors are divided by. Raises ValueError for a scheme without a mean face.
    """
    if scheme.shape is None:
        raise ValueError(f"The scheme {scheme.name!r} has no mean face to be drawn on.")
    shape = np.asarray(scheme.shape)
    low, high = shape.min(0), shape.max(0)
    points = side / 2 + (shape - (low + high) / 2) * 0.84 * side / max((high - low).max(), 1e-9)
    canvas = np.full((side, side, 3), 40, np.uint8)
    pairs = [(points[i], points[j], (95, 95, 95)) for i, j in enumerate(scheme.mirror) if i < j]
    if scheme.normaliser:
        pairs.append((*middles(points, scheme.normaliser), (255, 255, 255)))
    for one, other, ink in pairs:
        start, end = (tuple(np.rint(at).astype(int).tolist()) for at in (one, other))
        cv2.line(canvas, start, end, ink, 1, cv2.LINE_AA)
    return paint(canvas, points, numbers=True, scheme=scheme, lines=True)


def paint_maps(image: np.ndarray, maps: ArrayLike, zoom: int = 2) -> np.ndarray:
    """A grey picture with heat maps over it in orange: RGB uint8 [zoom * S, zoom * S, 3].

    image: [S, S] uint8. maps: chances [K, h, w], of which each is drawn relative to its largest.
    """
    side = zoom * len(image)
    grey = cv2.cvtColor(cv2.resize(image, (side, side)), cv2.COLOR_GRAY2RGB)
    chances = np.asarray(maps, np.float32)
    heat = (chances / chances.max((1, 2), keepdims=True)).max(0)
    heat = 0.8 * cv2.resize(heat, (side, side))[..., None]
    return (grey * (1 - heat) + np.array(PREDICTION) * heat).round().astype(np.uint8)


def show(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str] = (),
    columns: int = 8,
    width: float = 1.6,
    row_titles: Sequence[str] = (),
) -> None:
    """Shows pictures in a grid, row by row; a title above each, and one beside each row.

    pictures: uint8 [H, W, 3] or [H, W] each. columns: at most so many. width: of each picture, in
    inches, or less where a row would not fit the page. The grid stands at the left of the page.
    Raises ValueError where there is none.
    """
    if not len(pictures):
        raise ValueError("There is no picture to show.")
    columns = min(columns, len(pictures))
    width = min(width, PAGE / columns)
    rows = -(-len(pictures) // columns)
    heights = [p.shape[0] / p.shape[1] for p in pictures]
    height = rows * width * max(heights) + (0.3 * rows if len(titles) else 0)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * width, height), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[], frame_on=False)
    for axis, picture in zip(axes.flat, pictures, strict=False):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
    for axis, title in zip(axes.flat, titles, strict=False):
        axis.set_title(title, fontsize=9)
    for axis, title in zip(axes[:, 0], row_titles, strict=False):
        axis.set_ylabel(title, fontsize=9)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS, bbox_inches=None)
    plt.close(figure)
    grid = PIL.Image.open(drawn).convert("RGB")
    page = PIL.Image.fromarray(on_page(np.asarray(grid)))
    buffer = io.BytesIO()
    page.save(buffer, "jpeg")  # photographs as PNG make a notebook megabytes large
    told = [title for title in (*row_titles, *titles) if title]
    text = f"{len(pictures)} picture{'' if len(pictures) == 1 else 's'}"
    alt = ": ".join([text, ", ".join(told)]) if told else text
    # Colab's IPython knows no `Image(alt=)`, which would say the same.
    display(Image(buffer.getvalue()), metadata={"image/jpeg": {"alt": alt}})


def on_page(picture: np.ndarray) -> np.ndarray:
    """A picture at the left of a white page, as wide as those of `show`: uint8 [H, 960, 3].

    picture: RGB uint8 [H, W, 3] or grey [H, W], which stays grey; a wider one is made smaller.
    """
    width = round(PAGE * DOTS)
    if (factor := width / picture.shape[1]) < 1:
        size = (width, max(1, round(factor * len(picture))))
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    room = [(0, 0), (0, width - picture.shape[1]), (0, 0)][: picture.ndim]
    return np.pad(picture, room, constant_values=255)
