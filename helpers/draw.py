"""Pictures of all that: landmarks on faces, heat maps, faces in a grid."""

import io

import cv2
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, display

from helpers.annotations import PARTS

# One colour for each face part (RGB), apart also for most colour-blind eyes (Okabe and Ito 2008).
COLOURS = {
    "jaw": (86, 180, 233),
    "right brow": (240, 228, 66),
    "left brow": (230, 159, 0),
    "nose": (0, 158, 115),
    "right eye": (255, 110, 110),
    "left eye": (204, 121, 167),
    "mouth": (255, 255, 255),
}
TRUTH, PREDICTION = (64, 255, 96), (255, 128, 0)


def paint(image, landmarks, colour=None, zoom=1, numbers=False):
    """A copy of a picture with landmarks on it: RGB uint8 [zoom * H, zoom * W, 3].

    image: RGB [H, W, 3] or grey [H, W], uint8. landmarks: [68, 2] or [n, 68, 2], in pixels of
    the picture. colour: RGB for all points, by default one for each face part. numbers: writes
    each point's index beside it.
    """
    if image.ndim == 2:
        image = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_GRAY2RGB)
    canvas = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    for points in np.asarray(landmarks, float).reshape(-1, 68, 2):
        points = (points + 0.5) * zoom - 0.5  # the centre of pixel 0 moves to the middle of a block
        radius = max(1.0, np.ptp(points, axis=0).max() / 110)
        for part, indices in PARTS.items():
            for index in indices:
                # OpenCV takes whole numbers, of 1/16 pixel with shift=4.
                at = tuple(int(v) for v in np.round(points[index] * 16))
                cv2.circle(canvas, at, int(radius * 16) + 12, (0, 0, 0), -1, cv2.LINE_AA, 4)
                dot = colour or COLOURS[part]
                cv2.circle(canvas, at, int(radius * 16), dot, -1, cv2.LINE_AA, 4)
                if numbers:
                    _write(canvas, str(index), points[index] + radius, colour or COLOURS[part])
    return canvas


def _write(canvas, text, at, colour):
    """A small label, dark-rimmed so that it can be read on any ground."""
    place = (round(at[0]), round(at[1]))
    for ink, width in (((0, 0, 0), 3), (colour, 1)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.38, ink, width, cv2.LINE_AA)


def paint_pair(image, truth, predicted, zoom=1):
    """A copy of a picture with the truth in green and the prediction in orange."""
    canvas = paint(image, truth, TRUTH, zoom)
    return paint(canvas, (np.asarray(predicted) + 0.5) * zoom - 0.5, PREDICTION)


def paint_maps(image, maps, zoom=2):
    """A grey picture with heat maps over it in orange: RGB uint8 [zoom * S, zoom * S, 3].

    image: [S, S] uint8. maps: chances [K, h, w], of which each is drawn relative to its largest.
    """
    side = zoom * len(image)
    grey = cv2.cvtColor(cv2.resize(image, (side, side)), cv2.COLOR_GRAY2RGB)
    maps = np.asarray(maps, np.float32)
    heat = (maps / maps.max((1, 2), keepdims=True)).max(0)
    heat = 0.8 * cv2.resize(heat, (side, side))[..., None]
    return (grey * (1 - heat) + np.array(PREDICTION) * heat).round().astype(np.uint8)


def show(pictures, titles=(), columns=8, width=1.6, row_titles=()):
    """Shows pictures in a grid, row by row; a title above each, and one beside each row.

    pictures: a sequence of [H, W, 3] or [H, W] arrays. width: of each, in inches.
    """
    columns = min(columns, len(pictures))
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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg")  # photographs as PNG make a notebook megabytes large
    plt.close(figure)
    display(Image(buffer.getvalue()))
