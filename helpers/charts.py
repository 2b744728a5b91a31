"""Charts: how a training went, how the errors of many faces or of one are spread."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from helpers.draw import PAGE, paint_pair
from helpers.landmarks import IBUG, Scheme, mean_of_known
from helpers.metrics import cumulative, point_errors
from helpers.widgets.knobs import Shown, clicks, line

LAST, HIGHEST = 20, 101  # per cent: where the axes of a cumulative error curve end

# Of a report about a face, in pixels: the side of each answer's picture, by how many there are, the
# room between them and above them.
SIDES, GAP, TITLE = {1: 380, 2: 290}, 10, 30

LOSSES = {"train_loss": "training", "val_loss": "validation"}  # of a history, and what they are


RECORDED = Path(__file__).parents[1] / "bench" / "results.json"


def recorded(figure: str) -> Any:
    """What was measured beforehand under this name by `python -m bench`: plain numbers.

    It stands in bench/results.json, beside the folder of this package in the course's repository.
    Raises KeyError where no figure has that name.
    """
    return json.loads(RECORDED.read_text("utf-8"))[figure]


def curves(
    history: Sequence[Mapping[str, float]], baseline: float | None = None, scheme: Scheme = IBUG
) -> None:
    """Shows loss and NME of each epoch, from the history that `helpers.train.fit` returns.

    baseline: an NME in per cent to draw as a line, such as the mean face's. What lies far above it
    is cut off, so that what lies below can be told apart. scheme: what the errors are divided by.
    """
    epochs = range(1, len(history) + 1)
    _figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, 3), layout="constrained")
    left.semilogy(epochs, [line["train_loss"] for line in history], "o-", label="training")
    left.semilogy(epochs, [line["val_loss"] for line in history], "o-", label="validation")
    left.set(xlabel="epoch", ylabel="loss")
    right.plot(epochs, [line["val_nme"] for line in history], "o-C1", label="validation")
    if baseline:
        right.axhline(baseline, color="grey", linestyle="--", label="mean face")
    most = 1.4 * baseline if baseline else None
    right.set(xlabel="epoch", ylabel=f"NME, {scheme.measure}", ylim=(0, most))
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend()
    plt.show()


def long_curves(
    panels: Mapping[str, Mapping[str, Sequence[float]]], baseline: float | None = None
) -> None:
    """Shows how long trainings went: the losses of each in a panel, all their NMEs in the last.

    panels: for each title "train_loss", "val_loss" and "val_nme", one number for each epoch.
    baseline: an NME in per cent to draw as a line, such as the mean face's. What lies above it is
    cut off, so that the ends of the trainings, a few per cent apart, can be told apart.
    """
    _figure, axes = plt.subplots(1, len(panels) + 1, figsize=(PAGE, 3.2), layout="constrained")
    losses = [value for one in panels.values() for key in LOSSES for value in one[key]]
    for axis, (title, one) in zip(axes, panels.items(), strict=False):
        for key, label in LOSSES.items():
            axis.semilogy(range(1, len(one[key]) + 1), one[key], label=label)
        axis.set(title=title, ylabel="loss", ylim=(0.8 * min(losses), 1.2 * max(losses)))
    for title, one in panels.items():
        axes[-1].plot(range(1, len(one["val_nme"]) + 1), one["val_nme"], label=title)
    if baseline:
        axes[-1].axhline(baseline, color="grey", linestyle="--", label="mean face")
    axes[-1].set(title="validation error (↓ better)", ylabel="NME, % of inter-ocular distance")
    least = min(min(one["val_nme"]) for one in panels.values())
    axes[-1].set_ylim(0.8 * least, 1.1 * baseline if baseline else None)
    last = max(len(one["val_nme"]) for one in panels.values())
    for axis in axes:
        axis.set(xlabel="epoch", xticks=[1, *range(10, last + 1, 10)])
        axis.legend(fontsize=8)
    plt.show()


def training_chart(
    history: Sequence[Mapping[str, float]], baseline: float | None = None
) -> Callable[..., Shown]:
    """The curves of a training with a line to drag through its epochs: draw(epoch) -> `Shown`.

    What is told is what `fit` knew after that epoch: losses, NME, and whose weights its file kept.
    history, baseline: as for `curves`. Raises ValueError where there was no epoch.
    """
    if not history:
        raise ValueError("There are no curves before the first epoch.")
    count, last = len(history), max(2, len(history))  # one epoch alone would be no axis
    epochs = range(1, count + 1)
    rows = {name: [row[name] for row in history] for name in ("train_loss", "val_loss", "val_nme")}
    figure = Figure(figsize=(PAGE, 4.4))
    upper, lower = figure.add_axes((0.1, 0.56, 0.88, 0.36)), figure.add_axes((0.1, 0.12, 0.88, 0.4))
    upper.semilogy(epochs, rows["train_loss"], "o-", label="training")
    upper.semilogy(epochs, rows["val_loss"], "o-", label="validation")
    upper.set(ylabel="loss", xticklabels=[])
    lower.plot(epochs, rows["val_nme"], "o-C1", label="validation")
    if baseline:
        lower.axhline(baseline, color="grey", linestyle="--", label="mean face")
    most = 1.4 * baseline if baseline else 1.05 * max(rows["val_nme"])
    lower.set(xlabel="epoch", ylabel="NME, %", ylim=(0, most))
    for axis in (upper, lower):
        axis.set_xlim(1 - 0.03 * (last - 1), 1 + 1.03 * (last - 1))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(loc="upper right")
    marks = [axis.axvline(1, color="grey", animated=True) for axis in (upper, lower)]
    dot = lower.plot([], [], "o", color="black", markersize=8, animated=True, clip_on=False)[0]
    title = upper.set_title(" ", animated=True)
    ground = _Ground(figure)
    (left, top, right, _), (*_, bottom) = ground.area(upper), ground.area(lower)
    edge = 0.03 / 1.06 * (right - left)
    area = (left + edge, top, right - edge, bottom)
    notes = [
        f"epoch {epoch}\nNME {nme:.2f} %\nloss {train:.2g} in training\n{val:.2g} in validation"
        for epoch, train, val, nme in zip(epochs, *rows.values(), strict=True)
    ]

    def draw(epoch: float) -> Shown:
        now = min(max(round(epoch), 1), count)
        best = int(np.argmin(rows["val_nme"][:now])) + 1
        losses, nme = [rows[name][now - 1] for name in list(rows)[:2]], rows["val_nme"][now - 1]
        for mark in marks:
            mark.set_xdata([now, now])
        dot.set_data([best], [min(rows["val_nme"][best - 1], most)])  # at the rim if cut off
        text = f"Epoch {now} of {count}: validation NME {nme:.2f} %"
        title.set_text(text)
        picture = ground.drawn_over(*marks, dot, title)
        told = f"{text}, loss {losses[0]:.2g} in training and {losses[1]:.2g} in validation. "
        told += f"The file holds the weights of epoch {best} (the black dot)."
        handle = line("epoch", "epoch", 1, last, 1, area, notes)
        return Shown(picture, f"The curves of a training. {told}", told, [handle])

    return draw


def by_count(
    errors: Mapping[str, Mapping[int, Sequence[float]]], counted: str = "training faces"
) -> None:
    """Shows how an error falls with a number: of faces to learn from, of faces shown.

    errors: for each name {number: NME of each seed, per cent}. A dot is a seed, the line goes
    through their means. counted: what the number is of, for the axis. The other axis begins
    shortly below the least error.
    """
    _figure, axis = plt.subplots(figsize=(PAGE, 3.4), layout="constrained")
    for row, (name, runs) in enumerate(errors.items()):
        numbers, colour = list(runs), f"C{row}"
        axis.plot(numbers, [np.mean(runs[n]) for n in numbers], "-", color=colour, label=name)
        for number, seeds in runs.items():
            axis.plot([number] * len(seeds), seeds, "o", color=colour, alpha=0.6, markersize=4)
    numbers = sorted({number for runs in errors.values() for number in runs})
    axis.set(xscale="log", xlabel=counted, ylabel="NME, % of inter-ocular distance (↓ better)")
    least = min(min(seeds) for runs in errors.values() for seeds in runs.values())
    axis.set(ylim=(0.9 * least, None))
    axis.set_xticks(numbers, [f"{number:,}" for number in numbers])
    axis.minorticks_off()
    axis.legend()
    plt.show()


def without_and_with(
    pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]], limits: tuple[float, float]
) -> None:
    """Shows the error of each seed without a change, in grey, and with it, in blue; a row each.

    pairs: for each change (NME of the seeds without it, NME of those with it), per cent. limits:
    the ends of the axis. Where all seeds of a row lie within, an arrow leads from mean to mean;
    those beyond are told by their mean.
    """
    low, high = limits
    figure, axis = plt.subplots(figsize=(PAGE, 0.7 + 0.3 * len(pairs)), layout="constrained")
    kinds = ("without the change", "grey", -0.13), ("with it", "C0", 0.13)
    for row, errors in enumerate(pairs.values()):
        if row % 2:
            axis.axhspan(row - 0.5, row + 0.5, color="0.95", zorder=0)
        for values, (what, colour, height) in zip(errors, kinds, strict=True):
            inside = [value for value in values if low <= value <= high]
            label = None if row else what
            places = [row + height] * len(inside)
            axis.plot(inside, places, "o", color=colour, markersize=5, label=label)
            if beyond := [value for value in values if value > high]:
                text = f"{np.mean(beyond):.1f} % →"
                axis.text(high, row, text, color=colour, ha="right", va="center")
            if beyond := [value for value in values if value < low]:
                text = f"← {np.mean(beyond):.1f} %"
                axis.text(low, row, text, color=colour, ha="left", va="center")
        if all(low <= value <= high for values in errors for value in values):
            before, after = (float(np.mean(values)) for values in errors)
            axis.annotate("", (after, row), (before, row), arrowprops={"arrowstyle": "->"})
    figure.legend(loc="outside upper center", ncols=2, fontsize=8)
    axis.set_yticks(range(len(pairs)), list(pairs))
    axis.set_ylim(len(pairs) - 0.5, -0.5)
    axis.grid(axis="y", alpha=0.3)
    axis.set(xlim=limits, xlabel="better ←   NME, % of inter-ocular distance   → worse")
    plt.show()


def training_rows(
    rows: Mapping[str, tuple[Sequence[float], Mapping[int, float], Mapping[str, np.ndarray]]],
) -> np.ndarray:
    """Trainings below each other, the first one's curves in grey on all: RGB uint8 [H, W, 3].

    rows: for each name, the loss of each step, {step: NME, per cent}, and faces by their titles,
    uint8 [H, W, 3] each. The NME is drawn up to 40 %.
    """
    losses, errors, faces = next(iter(rows.values()))
    widths = [1.0, 1.0] + [1.2] * len(faces)
    figure, axes = plt.subplots(
        *(len(rows), len(widths)),
        figsize=(PAGE, round(1.2 * PAGE / sum(widths) + 0.1, 1) * len(rows)),  # faces are square
        dpi=200,  # sharp where it is made smaller
        squeeze=False,
        width_ratios=widths,
        layout="constrained",
    )
    for (name, (own, looks, seen)), (left, right, *others) in zip(rows.items(), axes, strict=True):
        left.semilogy(losses, color="silver")
        left.semilogy(own)
        left.set_ylim(min(4e-4, *own), max(2e-2, 2 * max(own)))
        left.yaxis.set_minor_formatter("")
        left.set_ylabel(name, fontsize=14)
        for axis in (left, right):
            axis.tick_params(labelsize=8, labelbottom=False)
        right.plot(list(errors), list(errors.values()), color="silver")
        right.plot(list(looks), list(looks.values()))
        right.set(ylim=(0, 40))
        for axis, (title, face) in zip(others, seen.items(), strict=True):
            axis.imshow(face)
            axis.set(xticks=[], yticks=[], frame_on=False)
            axis.set_title(title, fontsize=9)
    axes[0, 0].set_title("training loss", fontsize=9)
    axes[0, 1].set_title("NME of new faces, %", fontsize=9)
    for axis in axes[-1, :2]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("step", fontsize=9)
    return as_picture(figure)


def as_picture(figure: Figure) -> np.ndarray:
    """A Matplotlib figure as a picture, RGB uint8 [H, W, 3]; the figure is closed."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return picture


def timelines(
    panels: Mapping[str, Mapping[str, np.ndarray]], fps: float, ylabel: str = ""
) -> np.ndarray:
    """Values over the time of a clip, panels side by side, drawn: RGB uint8 [H, W, 3].

    panels: for each title, the values [t] of each name, one a frame. fps: frames a second. ylabel:
    what the values are, and their unit.
    """
    figure, axes = plt.subplots(
        1, len(panels), figsize=(PAGE, 3.2), squeeze=False, layout="constrained"
    )
    for axis, (title, lines) in zip(axes[0], panels.items(), strict=True):
        for name, values in lines.items():
            axis.plot(np.arange(len(values)) / fps, values, label=name)
        axis.set(xlabel="seconds", title=title)
        axis.legend(fontsize=8)
    axes[0, 0].set_ylabel(ylabel)
    return as_picture(figure)


def cumulative_curves(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], threshold: float = 8.0
) -> np.ndarray:
    """The cumulative error curves (CED) of several contenders, drawn: RGB uint8 [H, W, 3].

    curves: for each name (errors [k] in per cent, per cent of faces with at most each error [k]).
    threshold: the error at which each curve is read off, for the legend.
    """
    return cumulative_chart(curves)(threshold).picture


def cumulative_chart(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> Callable[..., Shown]:
    """Cumulative error curves with a threshold that can be dragged: draw(threshold) -> `Shown`.

    curves: as for `cumulative_curves`. draw takes a `spot` besides, (error, per cent of faces), to
    mark. Only what depends on the two is drawn each time.
    """
    figure = Figure(figsize=(PAGE, 3.8))
    axis = figure.add_axes((0.07, 0.14, 0.53, 0.76))
    lines = [axis.plot(*curve, label=name)[0] for name, curve in curves.items()]
    axis.set(xlabel="better ←   error of a face, % of inter-ocular distance   → worse")
    axis.set(ylabel="faces, %")
    axis.set(xlim=(0, LAST), ylim=(0, HIGHEST))
    mark = axis.axvline(0, color="grey", linestyle="--", animated=True)
    dot = axis.plot([], [], "o", color="black", markersize=8, animated=True)[0]
    title = axis.text(LAST / 2, 104, "", ha="center", size=12, animated=True)
    ground = _Ground(figure)
    area = ground.area(axis)

    def draw(threshold: float, spot: Sequence[float] | None = None) -> Shown:
        read = {n: np.interp(threshold, *curve) for n, curve in curves.items()}
        told = [f"{name}: {share:.0f} % of faces" for name, share in read.items()]
        mark.set_xdata([threshold, threshold])
        title.set_text(f"error at most {threshold:g} %")
        legend = figure.legend(lines, told, loc="upper left", bbox_to_anchor=(0.61, 0.92))
        dot.set_data([[value] for value in spot] if spot else [[], []])
        picture = ground.drawn_over(mark, dot, title, legend)
        legend.remove()
        handle = line("threshold", "threshold, % error", 0, LAST, 0.5, area)
        alt = f"Cumulative error curves. Error at most {threshold:g} %: " + ", ".join(told) + "."
        return Shown(picture, alt, handles=[handle])

    return draw


def cumulative_faces(
    errors: Mapping[str, np.ndarray], face: Callable[[str, int], np.ndarray]
) -> Callable[..., Shown]:
    """Cumulative error curves, and the face where one of them is clicked: draw(threshold, click).

    errors: for each name the error of each face [n], in per cent. face: from a name and a number
    below n to the picture of that face, RGB uint8 [H, W, 3]. click: (x, y) in pixels of the chart,
    or None for the threshold on the last curve. The face is the one whose error on the nearest
    curve is nearest to the place of the click.
    """
    levels = np.linspace(0, LAST, 201)
    curves = {name: (levels, cumulative(values, levels)) for name, values in errors.items()}
    chart = cumulative_chart(curves)

    side = 230

    def draw(threshold: float, click: Sequence[float] | None = None) -> Shown:
        name, error = list(errors)[-1], threshold
        if click:
            left, top, right, bottom = area
            error = LAST * (click[0] - left) / (right - left)
            share = HIGHEST * (bottom - click[1]) / (bottom - top)
            name = min(curves, key=lambda one: abs(np.interp(error, *curves[one]) - share))
        index = int(np.abs(errors[name] - error).argmin())
        found = errors[name][index]
        shown = chart(threshold, (found, np.interp(found, *curves[name])))
        shown.picture[-side - 10 : -10, -side - 60 : -60] = face_box(face(name, index), side)
        text = f"{name}, face {index}: NME {found:.1f} %"
        told = f"{text} (the black dot). Click a curve to see another face."
        handles = [*shown.handles, clicks("click", area)]
        return Shown(shown.picture, f"{shown.alt} Beside them {text}.", told, handles)

    area = chart(0).handles[0]["area"]
    return draw


def face_report(
    image: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    limit: float = 40.0,
    scheme: Scheme = IBUG,
    mean_face: np.ndarray | None = None,
) -> np.ndarray:
    """Truth (green), prediction (orange), and the error of each point as a bar: RGB uint8.

    image: of one face, uint8 [H, W, 3] or [H, W]. truth, predicted: [k, 2] in its pixels, of the
    points of the scheme. limit: where the scale of the bars ends, per cent; the same for all faces,
    which makes them comparable. mean_face: another answer [k, 2], to stand beside the prediction.
    """
    answers = {"": predicted} if mean_face is None else {"": predicted, "mean face: ": mean_face}
    errors = [point_errors(one[None], truth[None], scheme=scheme)[0] for one in answers.values()]
    ground, bars, texts = _report_ground(limit, scheme, len(answers))
    for bar, error in zip(bars, np.minimum(errors[0], limit), strict=True):
        bar.set_height(error)
    for text, name, values in zip(texts[1:], answers, errors, strict=True):
        text.set_text(f"{name}NME {mean_of_known(values, 0):.1f} %")
    picture = ground.drawn_over(*bars, *texts)
    side = SIDES[len(answers)]
    for k, answer in enumerate(answers.values()):
        face = face_box(paint_pair(image, truth, answer, zoom=2), side)
        picture[-side:, k * (side + GAP) : k * (side + GAP) + side] = face
    return picture


def face_box(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture in the middle of a white square, as large as it fits: RGB uint8 [side, side, 3]."""
    factor = side / max(picture.shape[:2])
    width, height = (max(1, round(factor * n)) for n in picture.shape[1::-1])
    square = np.full((side, side, 3), 255, np.uint8)
    left, top = (side - width) // 2, (side - height) // 2
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    square[top : top + height, left : left + width] = cv2.resize(
        picture, (width, height), interpolation=way
    )
    return square


@cache
def _report_ground(
    limit: float, scheme: Scheme, answers: int
) -> tuple["_Ground", list[Any], list[Any]]:
    """What all reports have in common, the bars; the legend and a text for each answer."""
    side = SIDES[answers]
    figure = Figure(figsize=(PAGE, (side + TITLE + 0.1) / 100))  # older Matplotlib rounds down
    width, height = 100 * figure.get_size_inches()
    left, low = answers * (side + GAP) + 50, 45
    axis = figure.add_axes(
        (left / width, low / height, (width - left - 10) / width, (side - low) / height)
    )
    # Darker than on a picture: white becomes grey.
    darker = lambda colour: tuple(0.8 * value / 255 for value in colour)  # noqa: E731
    count, colours = len(scheme), [darker(colour) for colour in scheme.point_colours()]
    bars: list[Any] = list(axis.bar(range(count), [0] * count, color=colours, animated=True))
    parts = [Patch(color=darker(scheme.colours[part]), label=part) for part in scheme.parts]
    axis.set(xlabel="point", ylabel=f"error, {scheme.measure}")
    axis.set(ylim=(0, 1.3 * limit), yticks=np.linspace(0, limit, 5))  # above, room for the legend
    axis.set_title(f"error of each point, cut at {limit:g} %", size=10)
    legend = axis.legend(handles=parts, fontsize=7, ncols=3, loc="upper center")
    texts: list[Any] = [legend] + [
        figure.text((k * (side + GAP) + side / 2) / width, 1 - 0.7 * TITLE / height, "", size=12)
        for k in range(answers)
    ]
    for text in texts[1:]:
        text.set_ha("center")
    for text in texts:
        text.set_animated(True)
    return _Ground(figure), bars, texts


class _Ground:
    """A chart that is drawn once, for artists that change to be drawn over it again and again."""

    def __init__(self, figure: Figure) -> None:
        self.canvas = FigureCanvasAgg(figure)
        self.canvas.draw()
        self.ground = self.canvas.copy_from_bbox(figure.bbox)

    def area(self, axis: Any) -> tuple[float, float, float, float]:
        """Where an axis lies in the picture: left, top, right, bottom, in pixels."""
        box, height = axis.bbox, self.canvas.figure.bbox.height
        return box.x0 - 0.5, height - box.y1 - 0.5, box.x1 - 0.5, height - box.y0 - 0.5

    def drawn_over(self, *artists: Any) -> np.ndarray:
        """The chart with some artists over it: RGB uint8 [H, W, 3]."""
        self.canvas.restore_region(self.ground)
        for artist in artists:
            self.canvas.figure.draw_artist(artist)
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()
