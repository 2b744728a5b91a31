"""Drawings that explain: the map of the course, ResNet18 for faces; and excerpts of code.

Drawings are SVG, so that they are small and sharp at any size. `python tools/make_pictures.py`
writes them into docs/.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import log2

import numpy as np
import torch
from IPython.display import SVG

from helpers.filters.head import face_3d
from helpers.landmarks import PARTS
from helpers.model import LandmarkNet

INK, LINE, SOFT, MARK = "#1f2933", "#2b6cb0", "#d6e4f0", "#d9480f"


@dataclass(frozen=True)
class Stop:
    """A part of the course: its name, what it is about, and its notebooks by their file names."""

    name: str
    about: str
    notebooks: tuple[str, ...]


# The notebooks in the order in which they are read. A new one needs a place here.
COURSE = (
    Stop(
        "Faces",
        "pictures and points",
        ("01_download", "02_visualize", "03_dataset", "03b_augment"),
    ),
    Stop("A network", "and how it learns", ("03c_network", "04_train", "04b_what_broke")),
    Stop("Any photograph", "find, crop, predict", ("05_predict",)),
    Stop("How good?", "and how sure?", ("06_evaluate", "06b_customary")),
    Stop("Better", "one change at a time", ("07_improve", "07b_heatmaps")),
    Stop(
        "Play",
        "masks, clips, people",
        ("08_filters", "08b_video", "08c_live", "09_own_faces", "11_people"),
    ),
)


def number(notebook: str) -> str:
    """The number of a notebook: `03b_augment` is 3b."""
    return notebook.split("_")[0].removeprefix("0")


def here(notebook: str) -> str:
    """One line of Markdown with all notebooks of the course, the given one in bold."""
    parts = []
    for stop in COURSE:
        links = [
            f"**{number(one)} (you are here)**"
            if one == notebook
            else f"[{number(one)}]({one}.ipynb)"
            for one in stop.notebooks
        ]
        parts.append(f"{stop.name} {' '.join(links)}")
    return f"{' → '.join(parts)} · [glossary](glossary.ipynb)"


def course() -> SVG:
    """The map of the course: its parts along a line, under each its notebooks."""
    step, middle = 160, 62
    marks = [f'<path d="M80 {middle}H{step * len(COURSE) - 80}" stroke="{LINE}" stroke-width="6"/>']
    for row, stop in enumerate(COURSE):
        x = step * row + step / 2
        marks += [
            f'<circle cx="{x}" cy="{middle}" r="48" fill="white" stroke="{LINE}" stroke-width="4"/>'
        ]
        marks += _face(x, middle - 6, 56, ICONS[row])
        marks += [_text(x, 136, stop.name, 16, bold=True), _text(x, 155, stop.about, 12)]
        for k, notebook in enumerate(stop.notebooks):
            words = notebook.split("_", 1)[1].replace("_", " ")
            marks.append(_text(x, 180 + 19 * k, f"{number(notebook)}  {words}", 13))
    most = max(len(stop.notebooks) for stop in COURSE)
    return _svg(step * len(COURSE), 174 + 19 * most, marks)


# What is drawn of the face at each stop: lines, a box, dots, errors, glasses.
ICONS: tuple[frozenset[str], ...] = (
    frozenset({"lines", "box"}),
    frozenset({"layers"}),
    frozenset({"lines", "dots"}),
    frozenset({"dots", "errors"}),
    frozenset({"dots", "fewer errors"}),
    frozenset({"lines", "glasses"}),
)


def _face(x: float, y: float, width: float, what: frozenset[str]) -> Iterator[str]:
    """The mean demo person around (x, y), `width` wide, as lines, dots or layers."""
    flat = face_3d()[:, :2]
    low, high = flat.min(0), flat.max(0)
    points = (flat - (low + high) / 2) * width / (high - low)[0] + (x, y + 6)
    if "layers" in what:
        for k, side in enumerate((50, 36, 24, 14)):
            left = x - 34 + 18 * k
            yield _rect(left, y + 6 - side / 2, 11, side, SOFT, LINE)
    if "box" in what:
        yield _rect(x - 34, y - 26, 68, 62, "none", MARK)
    if "lines" in what:
        for part, indices in PARTS.items():
            closed = "eye" in part
            yield _path(points[list(indices)], "Z" if closed else "")
    if "errors" in what or "fewer errors" in what:
        far = 4.5 if "errors" in what else 1.6
        ways = np.random.default_rng(1).normal(0, far, points.shape)
        lines = zip(points, ways, strict=True)
        errors = "".join(f"M{x0:.1f} {y0:.1f}l{dx:.1f} {dy:.1f}" for (x0, y0), (dx, dy) in lines)
        yield f'<path d="{errors}" stroke="{MARK}" stroke-width="1.6"/>'
    if "dots" in what:
        dots = "".join(f"M{px:.1f} {py:.1f}h0" for px, py in points)
        yield f'<path d="{dots}" stroke="{LINE}" stroke-width="3" stroke-linecap="round"/>'
    if "glasses" in what:
        for eye in ("right eye", "left eye"):
            ex, ey = points[list(PARTS[eye])].mean(0)
            yield (
                f'<circle cx="{ex:.1f}" cy="{ey:.1f}" r="10.5" fill="{MARK}" fill-opacity="0.25" '
                f'stroke="{MARK}" stroke-width="2.5"/>'
            )


def resnet18(size: int = 224) -> SVG:
    """ResNet18 for faces: each part as a block with its sizes, the two changed layers marked.

    size: side of the canvas, in pixels. A block is as high as its maps are, and the thicker the
    more channels it has; all sizes are those of a picture that went through `LandmarkNet`.
    """
    marks = [_rect(20, 75, 100, 100, "none", INK), *_face(70, 116, 66, frozenset({"lines"}))]
    marks += _labels(70, "picture", 1, size)
    x = 160.0
    for name, shape in _shapes(size):
        channels, side = shape[1], shape[2] if len(shape) == 4 else 1
        high, wide = 16 + 134 * (side / size) ** 0.5, 4 + 6 * log2(channels)
        line, fill = (MARK, "#ffe8d9") if name in CHANGED else (LINE, SOFT)
        top = 125 - high / 2
        marks += _block(x, top, wide, high, line, fill)
        marks += _labels(x + wide / 2, name, channels, side)
        if name.startswith("stage"):
            bow = f"q{wide / 4:.0f} -22 {wide / 2:.0f} 0"
            marks.append(
                f'<path d="M{x:.0f} {top - 4:.0f}{bow}{bow}" fill="none" stroke="{INK}" '
                'stroke-width="1.6"/>'
            )
        x += wide + 52
    marks += [*_face(x + 30, 116, 66, frozenset({"dots"})), _text(x + 30, 230, "68 points", 12)]
    marks.append(
        _text(x / 2, 276, "Each stage: two blocks, each with a skip connection (arcs)", 12)
    )
    return _svg(int(x) + 80, 306, marks)


def _labels(x: float, name: str, channels: int, side: int) -> Iterator[str]:
    """The name above a block, and its sizes below; in orange what was changed."""
    yield _text(x, 36, name, 14, bold=True)
    yield _text(
        x,
        230,
        f"{channels} channel{'s' if channels > 1 else ''}" if side > 1 else f"{channels}",
        12,
    )
    yield _text(x, 246, f"{side} x {side}" if side > 1 else "numbers", 12)
    for row, words in enumerate(CHANGED.get(name, ())):
        yield _text(x, 270 + 16 * row, words, 12, MARK, bold=True)


def excerpt(function: Callable, first: str, last: str) -> str:
    """The lines of a function's code from the first that holds `first` to one that holds `last`.

    Raises ValueError where there is no such line.
    """
    lines = inspect.getsource(function).splitlines()
    for start, line in enumerate(lines):
        if first in line:
            for end in range(start, len(lines)):
                if last in lines[end]:
                    return textwrap.dedent("\n".join(lines[start : end + 1]))
    raise ValueError(f"{function.__name__} has no lines from {first!r} to {last!r}.")


# The layers of ResNet18 that were changed for faces, and how.
CHANGED = {"stem": ("1 channel in,", "not 3"), "head": ("136 numbers out,", "not 1000")}


@torch.no_grad()
def _shapes(size: int) -> Iterator[tuple[str, torch.Size]]:
    """The parts of the network by name, each with the shape of what it gives."""
    values = torch.zeros(1, 1, size, size)
    for name, part in LandmarkNet(size=size).eval().named_children():
        values = part(values)
        yield name, values.shape


def _block(x: float, y: float, wide: float, high: float, line: str, fill: str) -> Iterator[str]:
    """A block seen from the front and a little from above."""
    yield _rect(x, y, wide, high, fill, line)
    for corners in (
        [(x, y), (x + 9, y - 7), (x + wide + 9, y - 7), (x + wide, y)],
        [
            (x + wide, y),
            (x + wide + 9, y - 7),
            (x + wide + 9, y + high - 7),
            (x + wide, y + high),
        ],
    ):
        yield _path(np.array(corners), "Z", line, "white")


def _rect(x: float, y: float, wide: float, high: float, fill: str, line: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{fill}" '
        f'stroke="{line}" stroke-width="2"/>'
    )


def _path(points: np.ndarray, end: str = "", line: str = INK, fill: str = "none") -> str:
    corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{corners}{end}" fill="{fill}" stroke="{line}" stroke-width="1.6"/>'


def _text(x: float, y: float, words: str, size: int, colour: str = INK, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="middle" '
        f'fill="{colour}"{weight}>{words}</text>'
    )


def _svg(width: int, height: int, marks: Iterable[str]) -> SVG:
    """A drawing on white ground, so that it can be read on a dark page too."""
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="Helvetica, Arial, sans-serif">'
    )
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return SVG("\n".join([start, ground, *marks, "</svg>"]))
