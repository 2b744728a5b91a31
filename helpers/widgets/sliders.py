"""Sliders and buttons around pure functions that return a picture.

Each is a `helpers.widgets.knobs.Knobs`. Where no kernel answers, as in the page on
GitHub, the picture that it begins with takes its place.
"""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import ipywidgets
import numpy as np

from helpers.pictures import read_photograph
from helpers.widgets.frontend import show_note
from helpers.widgets.knobs import NOTE, Knobs, Shown


def browser(
    count: int,
    render: Callable[[int], np.ndarray | Shown],
    text: str = "face",
    frame: tuple[int, int] = (640, 480),
) -> Knobs:
    """A slider over `count` pictures, each drawn by render(index): RGB uint8 [H, W, 3] or `Shown`.

    frame: (width, height) of the box that all of them are fitted into, in pixels of the screen, so
    that nothing jumps where one is higher than another.
    """
    slider = ipywidgets.IntSlider(0, 0, count - 1, description=text)
    return shell(render, {"index": slider}, {}, frame)


def shell(
    render: Callable[..., np.ndarray | Shown],
    controls: Mapping[str, Any],
    start: Mapping[str, Any],
    frame: tuple[int, int] | None = None,
) -> Knobs:
    """Controls above the picture that render(**values) draws; the picture changes with them.

    render: gives RGB uint8 [H, W, 3], or `Shown` (`knobs.py`). controls: for each parameter of
    `render` a widget of ipywidgets that says what its knob is and holds its value. start: the
    values to begin with, where not the widget's own, and those of settings that are changed in the
    picture itself. frame: (width, height) of the box that the picture is fitted into, by default
    its own. A cell that is run again goes on with the reader's settings.
    """
    more = {name: value for name, value in start.items() if name not in controls}
    for name in start.keys() & controls.keys():
        controls[name].value = start[name]
    show_note(NOTE)
    return Knobs(render, controls, more, frame=frame)


def open_photograph(
    file: str | Path | IO[bytes], largest: int = 1280, name: str | None = None
) -> np.ndarray:
    """A reader's own photograph, upright and at most `largest` pixels wide and high: RGB uint8.

    `helpers.pictures.read_photograph`, made small enough to be shown. file: a path or an open
    file. name: what to call it. Raises ValueError that names it where it cannot be read.
    """
    if name is not None and not isinstance(file, str | Path):
        file.name = name  # type: ignore[misc]
    return read_photograph(file, largest)


def uploader(render: Callable[[np.ndarray], np.ndarray | Shown], picture: np.ndarray) -> Knobs:
    """Choose, photograph, drop or paste a picture; below it, what render(photograph) makes of it.

    Both are RGB uint8 [H, W, 3]; `render` may give a `Shown`. picture: the photograph
    to begin with. The browser sends no more than 1280 pixels, however large the file.
    """

    def take(content: bytes, name: str) -> dict[str, np.ndarray]:
        return {"photograph": open_photograph(io.BytesIO(content), name=name)}

    show_note(NOTE)
    start = {"photograph": picture}
    return Knobs(lambda photograph: render(photograph), {}, start, on_upload=take)
