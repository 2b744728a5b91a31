"""Pictures of all that: landmarks on faces, faces in a grid, curves of a training."""

import io

import cv2
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, display

from helpers.annotations import PARTS
from helpers.metrics import point_errors

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


def curves(history, baseline=None):
    """Loss and NME after each epoch, from the history that `train.fit` returns.

    baseline: an NME to draw as a line, such as the mean face's.
    """
    epochs = range(1, len(history) + 1)
    _figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    left.semilogy(epochs, [line["train_loss"] for line in history], "o-", label="training")
    left.semilogy(epochs, [line["val_loss"] for line in history], "o-", label="validation")
    left.set(xlabel="epoch", ylabel="mean squared error")
    right.plot(epochs, [line["val_nme"] for line in history], "o-C1", label="validation")
    if baseline:
        right.axhline(baseline, color="grey", linestyle="--", label="mean face")
    right.set(xlabel="epoch", ylabel="NME, % of inter-ocular distance", ylim=(0, None))
    for axis in (left, right):
        axis.legend()
    plt.show()


def as_picture(figure):
    """A Matplotlib figure as a picture, RGB uint8 [H, W, 3]; the figure is closed."""
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return picture


def cumulative_curves(curves, threshold=8.0):
    """The cumulative errors of several contenders, read off at a threshold: RGB uint8 [H, W, 3].

    curves: for each name (errors [k], per cent of faces with at most each error [k]).
    """
    figure, axis = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for name, (errors, faces) in curves.items():
        share = np.interp(threshold, errors, faces)
        axis.plot(errors, faces, label=f"{name}: {share:.0f} % of faces")
    axis.axvline(threshold, color="grey", linestyle="--")
    axis.set(xlabel="error of a face, % of inter-ocular distance", ylabel="faces, %")
    axis.set(xlim=(0, 20), ylim=(0, 101), title=f"error at most {threshold:g} %")
    axis.legend(loc="lower right")
    return as_picture(figure)


def face_report(image, truth, predicted):
    """Truth (green), prediction (orange), and the error of each point as a bar: RGB uint8.

    image: of one face, [H, W, 3] or [H, W]; truth, predicted: [68, 2] in its pixels.
    """
    errors = point_errors(predicted[None], truth[None])[0]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.8), width_ratios=(1, 1.5), layout="constrained"
    )
    left.imshow(paint_pair(image, truth, predicted, zoom=2))
    left.set(xticks=[], yticks=[], frame_on=False, title=f"NME {errors.mean():.1f} %")
    for part, points in PARTS.items():
        colour = np.array(COLOURS[part]) / 255 * 0.8  # white, on white, becomes grey
        right.bar(list(points), errors[list(points)], color=colour, label=part)
    right.set(xlabel="point", ylabel="error, % of inter-ocular distance", ylim=(0, None))
    right.legend(fontsize=7, ncols=4)
    return as_picture(figure)
