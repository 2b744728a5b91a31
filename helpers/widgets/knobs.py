"""A picture with knobs: the widget under all that can be turned in the notebooks.

The kernel's half of assets/knobs.js. A picture is drawn by a pure function of settings; a setting
is changed by a knob above the picture, or by something in the picture that can be dragged. At most
one wish is under way, and the next is the newest: a slow kernel draws fewer pictures, never old
ones.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from IPython.core.getipython import get_ipython

from helpers.draw import on_page
from helpers.pictures import encode
from helpers.widgets.frontend import script, style

NOTE = "In a live notebook this picture has knobs: run this cell."
Settings = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture to show, and what belongs to it.

    picture: RGB uint8 [H, W, 3]. alt: what is seen in it, for who cannot see it. told: a sentence
    under it. handles: what can be dragged or clicked in it, from `line`, `frame` and `clicks`.
    """

    picture: np.ndarray
    alt: str = ""
    told: str = ""
    handles: Sequence[Settings] = ()


def line(
    name: str,
    label: str,
    low: float,
    high: float,
    step: float,
    area: Sequence[float],
    notes: Sequence[str] = (),
) -> Any:
    """An upright line in a chart that can be dragged; where it stands is the setting `name`.

    area: of the chart in the picture (left, top, right, bottom), in pixels; its left edge stands
    for the value `low`, its right one for `high`. step: of the arrow keys, and what a place is
    rounded to. notes: what to show of each step from `low` on, where the pointer is over it or
    the line has the focus; the line then goes to where the chart is clicked.
    """
    span = {"low": low, "high": high, "step": step, "notes": list(notes)}
    return {"kind": "line", "name": name, "label": label, "area": list(map(float, area))} | span


def frame(
    name: str, label: str, within: Sequence[float], colour: str = "rgb(255, 255, 255)"
) -> Any:
    """A frame in the picture that can be dragged and made larger; its box is the setting `name`.

    The setting is [left, top, width, height] in pixels of the picture. within: the part of the
    picture that it stays in (left, top, right, bottom).
    """
    within = list(map(float, within))
    return {"kind": "frame", "name": name, "label": label, "within": within, "colour": colour}


def clicks(name: str, area: Sequence[float]) -> Any:
    """A part of the picture (left, top, right, bottom) where a click is the setting `name`, [x, y].

    Both in pixels of the picture, pixel centres at whole numbers.
    """
    return {"kind": "clicks", "name": name, "area": list(map(float, area))}


def pick(name: str, setting: str, box: Sequence[float], label: str) -> Any:
    """A place in the picture to press: the setting becomes its box, [left, top, width, height]."""
    value = list(map(float, box))
    return {"kind": "pick", "name": name, "setting": setting, "value": value, "label": label}


class Knobs(anywidget.AnyWidget):
    """A picture under its knobs; `helpers.widgets.shell` makes and shows it.

    render: draws the picture of the settings, render(**settings) -> RGB uint8 [H, W, 3] or `Shown`.
    controls: for each setting a widget of ipywidgets, which says what the knob is (a slider, a
    tick, a choice, a number) and holds its value: whoever sets the value turns the knob. A Button
    among them is pressed. more: settings without a knob, changed in the picture.
    on_upload: makes of the bytes and the name of a picture that the reader gives the settings that
    change with it; without it there is no such button. frame: (width, height) of the box that all
    pictures are shown in, by default that of the first.
    """

    _esm = script("knobs")
    _css = style("knobs")
    # ipywidgets 7 would show the widget by this method, without the still picture.
    _ipython_display_ = None

    controls: Any = traitlets.List().tag(sync=True)
    values: Any = traitlets.Dict().tag(sync=True)
    pressed = traitlets.Unicode().tag(sync=True)
    uploads = traitlets.Bool(False).tag(sync=True)
    upload: Any = traitlets.Any(b"").tag(sync=True)  # bytes; a memoryview when it has just come
    upload_name = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Int(0).tag(sync=True)
    answered = traitlets.Int(0).tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    frame: Any = traitlets.List().tag(sync=True)
    size: Any = traitlets.List().tag(sync=True)
    handles: Any = traitlets.List().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    told = traitlets.Unicode().tag(sync=True)
    trouble = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        render: Callable[..., np.ndarray | Shown],
        controls: Mapping[str, Any],
        more: Mapping[str, Any] | None = None,
        on_upload: Callable[[bytes, str], Mapping[str, Any]] | None = None,
        frame: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(
            controls=[described(name, control) for name, control in controls.items()],
            uploads=on_upload is not None,
            frame=list(frame or ()),
        )
        self._render, self._on_upload = render, on_upload
        self.knobs, self._more, self._turning = dict(controls), dict(more or {}), False
        self._keep = kept(self)
        self._show(self._drawn())
        for control in controls.values():
            if not isinstance(control, ipywidgets.Button):
                control.observe(self._turned, "value")

    @property
    def settings(self) -> Settings:
        """What the picture is drawn with, by name."""
        knobs = self.knobs.items()
        values = {n: c.value for n, c in knobs if not isinstance(c, ipywidgets.Button)}
        return values | self._more

    def set(self, **settings: Any) -> None:
        """Changes settings, and draws the picture of them."""
        self._put(settings)
        self._redraw()

    def _put(self, settings: Mapping[str, Any]) -> None:
        with self._all_at_once():
            for name, value in settings.items():
                if name in self.knobs:
                    self.knobs[name].value = value
                else:
                    self._more[name] = value

    def _drawn(self) -> Shown:
        shown = self._render(**self.settings)
        return shown if isinstance(shown, Shown) else Shown(shown)

    def _show(self, shown: Shown) -> None:
        height, width = shown.picture.shape[:2]
        with self.hold_sync():
            self.frame = self.frame or [width, height]
            self.size, self.picture = [width, height], encode(shown.picture)
            self._shown = shown.picture
            self.alt = shown.alt or self._alt()
            self.told, self.trouble = shown.told, False
            self.handles = [dict(handle) for handle in shown.handles]
            self.values = self._values()

    def _alt(self) -> str:
        """The settings in words, for want of better ones."""
        told = [
            f"{control['label']} {self.knobs[control['name']].value}"
            for control in self.controls
            if control["kind"] != "press"
        ]
        return "The picture at " + ", ".join(told) + "." if told else "A picture."

    def _values(self) -> Settings:
        """The settings as the browser needs them: a choice by its number."""
        values = self.settings
        for name, control in self.knobs.items():
            if name in values and hasattr(control, "options"):
                values[name] = control.index
        return {n: v for n, v in values.items() if isinstance(v, int | float | str | list | None)}

    @contextmanager
    def _all_at_once(self) -> Iterator[None]:
        """A block in which knobs are turned without a picture for each."""
        before, self._turning = self._turning, True
        try:
            yield
        finally:
            self._turning = before

    def _turned(self, _change: object) -> None:
        if not self._turning:
            self._redraw()

    def _redraw(self) -> None:
        """Shows the picture of the settings, or why there is none."""
        try:
            self._show(self._drawn())
        except Exception as error:  # a function of the reader's own may raise anything
            self._tell(error)
        self._keep(self.settings)

    def _tell(self, error: Exception) -> None:
        """Says in the page what went wrong."""
        named = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        self.told, self.trouble = f"{named}{error}", True

    @traitlets.observe("asked")
    def _answer(self, _change: object) -> None:
        """Does what the browser wishes: `values`, `pressed` and `upload` came with the number."""
        with self.hold_sync():
            try:
                self._take()
            except Exception as error:  # unanswered, the browser would wait for ever
                self._tell(error)
            else:
                self._redraw()
            self.pressed, self.upload = "", b""
            self.answered = self.asked

    def _take(self) -> None:
        choices = {n for n, control in self.knobs.items() if hasattr(control, "options")}
        with self._all_at_once():
            self._put({n: v for n, v in self.values.items() if n not in choices})
            for name in choices & self.values.keys():
                self.knobs[name].index = self.values[name]
            if self.pressed:
                self.knobs[self.pressed].click()
            if len(self.upload) and self._on_upload:
                self._put(self._on_upload(bytes(self.upload), self.upload_name))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        shown: Any = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        if "google.colab" in sys.modules:  # whose choice among several is not documented
            return data, metadata
        still = {"text/plain": self.alt, "image/jpeg": encode(on_page(self._shown))}
        return data | still, metadata | {"image/jpeg": {"alt": self.alt}}


def described(name: str, control: Any) -> Settings:
    """What a widget of ipywidgets says of a knob, as the browser needs it.

    Raises ValueError for a widget that is none of a slider, a number, a tick, a choice, a button.
    """
    told = {"name": name, "label": control.description or name.replace("_", " ")}
    if isinstance(control, ipywidgets.Button):
        return told | {"kind": "press"}
    if hasattr(control, "options"):
        options = control.options.items() if hasattr(control.options, "items") else control.options
        labels = [one[0] if isinstance(one, tuple) else str(one) for one in options]
        return told | {"kind": "choice", "options": labels}
    if isinstance(control.value, bool):
        return told | {"kind": "tick"}
    if isinstance(control.value, int | float) and hasattr(control, "min"):
        whole, least = isinstance(control.value, int), control.step or 0
        step = least or (1 if whole else 0.01)
        limits = {"min": control.min, "max": control.max, "step": step}
        return told | {"kind": "number", "whole": whole} | limits
    raise ValueError(f"{name}: a {type(control).__name__} is no knob for a picture.")


_kept: dict[str, Settings] = {}


def kept(widget: Knobs) -> Callable[[Settings], None]:
    """Gives a widget the settings that a reader left in this cell; a function that keeps new ones.

    Where the cell begins with other settings than it did, these count. Outside of a notebook
    nothing is kept.
    """
    cell = _this_cell()
    if cell is None:
        return lambda settings: None
    key = json.dumps([cell, widget.settings], default=str, sort_keys=True)
    for name, value in _kept.get(key, {}).items():
        with suppress(traitlets.TraitError):  # an option that the cell has no more
            widget._put({name: value})
    return lambda settings: _kept.update({key: settings})


def _this_cell() -> str | None:
    """The cell that runs: JupyterLab's name for it, or its text; None outside of a notebook."""
    shell = get_ipython()
    if shell is None:
        return None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return parent.get("metadata", {}).get("cellId") or (shell.user_ns.get("In") or [""])[-1]
