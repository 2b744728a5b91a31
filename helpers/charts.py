"""Charts: how a training went, how the errors of many faces or of one are spread."""

import matplotlib.pyplot as plt
import numpy as np

from helpers.annotations import PARTS
from helpers.draw import COLOURS, paint_pair
from helpers.metrics import point_errors


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
    figure, axis = plt.subplots(figsize=(9.5, 3.8), layout="constrained")
    for name, (errors, faces) in curves.items():
        share = np.interp(threshold, errors, faces)
        axis.plot(errors, faces, label=f"{name}: {share:.0f} % of faces")
    axis.axvline(threshold, color="grey", linestyle="--")
    axis.set(xlabel="error of a face, % of inter-ocular distance", ylabel="faces, %")
    axis.set(xlim=(0, 20), ylim=(0, 101), title=f"error at most {threshold:g} %")
    figure.legend(loc="outside right")
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
