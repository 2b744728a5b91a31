"""The point editor: photographs in a notebook, and points on them to drag right.

`Editor` makes the widget (JupyterLab, Notebook 6 and 7, Colab). The browser (assets/editor.js)
sends small events, one for each step; the kernel makes the step in
`helpers.widgets.labels.Labels`, writes the label file, and answers with what it now says of the
picture, which is what is then shown.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import anywidget
import cv2
import numpy as np
import traitlets

from helpers.crop import scaled
from helpers.draw import on_page
from helpers.formats.labels import visible
from helpers.landmarks import IBUG, Scheme
from helpers.metrics import mean_face, place_face
from helpers.pictures import PICTURES, encode
from helpers.widgets.frontend import script, show_note, style
from helpers.widgets.labels import (
    Labels,
    Mark,
    after,
    fitted,
    mark,
    mean_shape,
)

SHOWN = 2048  # pixels: the longer side of a picture in the browser
MOST = 50  # faces that a mean face is made from


class Guesser(Protocol):
    """What makes a first guess, such as `helpers.predict.Landmarker`."""

    def detect(self, image: np.ndarray) -> np.ndarray: ...

    def landmarks(self, image: np.ndarray, boxes: Any) -> np.ndarray: ...


class Editor(anywidget.AnyWidget):
    """A widget in which the points on photographs are dragged right, one photograph at a time.

    pictures: paths, or a folder of pictures. out: the label file (dlib's XML), written at every
    step; where it is there already, work goes on from it, and what it says of other pictures
    stays. `helpers.annotations.read_faces` reads it.
    landmarker: makes the first guess. Where it knows other points than these, it only finds the
    faces, and the mean of the faces labelled so far is put into their boxes.
    scheme: which points a face has (`helpers.landmarks.load_scheme`), by default the 68. The label
    file has the names of its points, and of the 68 their numbers, as dlib's files do. Its lines
    are drawn, its mirror partners make the mean face symmetric, and where it has no mean face,
    that of the faces labelled so far is taken.
    A point that is hidden has no `<part>` in the file; a guess that nobody has kept or changed is
    not in it. Where no widget can be shown, as on GitHub, a still picture takes its place.
    Raises ValueError where there are no pictures, a name is there twice, or the file cannot be
    taken up.
    """

    _esm = script("editor")
    _css = style("editor")
    # ipywidgets 7 would show the widget by this method, without the still picture.
    _ipython_display_ = None

    about: Any = traitlets.Dict().tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        pictures: str | Path | Sequence[str | Path],
        out: str | Path,
        landmarker: Guesser | None = None,
        scheme: Scheme = IBUG,
    ) -> None:
        paths = pictures_of(pictures)
        self.scheme = scheme
        self.labels = Labels(out, paths, names_in_file(scheme), scheme)
        self._landmarker = landmarker
        self._model_fits = landmarker is not None
        self._looked: set[int] = set()
        about = {
            "points": described(scheme),
            "lines": [list(line) for line in scheme.lines],
            "pictures": [path.name for path in paths],
            "file": self.labels.file.name,
        }
        super().__init__(about=about, at=self._first())
        self.on_msg(self._on_event)

    def _first(self) -> int:
        """The picture to begin with: the first that is not labelled."""
        count = len(self.labels.photographs)
        return next((at for at in range(count) if not self.labels.is_labelled(at)), 0)

    def _on_event(self, _widget: object, event: dict[str, Any], _buffers: object) -> None:
        """Makes a step and answers; what goes wrong is told in the widget."""
        at, told, buffers = -1, "", []
        try:
            at = int(event["at"])
            if not 0 <= at < len(self.labels.photographs):
                raise ValueError(f"There is no picture {at}.")
            if event["do"] == "open":
                image, scale = self._shown(at)
                self.at, buffers = at, [encode(image)]
                self._suggest(at, image, scale)
            else:
                self._step(at, event)
        except (ValueError, OSError) as error:
            told = str(error)
        except Exception as error:  # a landmarker of the reader's own may raise anything
            told = f"{type(error).__name__}: {error}"
        answer = {"view": event.get("view"), "number": event.get("number"), "told": told}
        try:
            answer |= self.state(at)
        except (ValueError, IndexError):
            answer |= {"at": at, "faces": None}
        self.send(answer, buffers)

    def state(self, at: int) -> dict[str, Any]:
        """What the browser shows of a picture: plain lists and numbers, points in its pixels.

        "faces", each with its "box", "points" ([x, y], or None without a place), those that are
        "hidden", whether it is a "guess", and the "mean" face laid over it; "unsaved", why the last
        step is not in the file.
        """
        undo, redo = self.labels.steps(at)
        mean = self._mean(at)
        return {
            "at": at,
            "size": list(self.labels.photographs[at].size),
            "faces": [self._face(one, mean) for one in self.labels.marks(at) or ()],
            "labelled": self.labels.labelled,
            "is_labelled": self.labels.is_labelled(at),
            "unsaved": self.labels.unsaved,
            "undo": undo,
            "redo": redo,
            "can": {"guess": self._model_fits, "mean": mean is not None},
        }

    def _face(self, one: Mark, mean: np.ndarray | None) -> dict[str, Any]:
        over, box = None, self.labels.frame(one)
        if mean is not None:
            over = fitted(mean, one.seen) if np.isfinite(one.seen[:, 0]).sum() > 2 else None
            if over is None and one.box:
                over = place_face(mean, one.box)
        return {
            "box": box and list(box),
            "points": _plain(one.points),
            "hidden": np.flatnonzero(one.hidden).tolist(),
            "guess": one.guess,
            "mean": None if over is None else _plain(over),
        }

    def _suggest(self, at: int, image: np.ndarray, scale: float) -> None:
        """Puts a first guess into a picture that is opened for the first time."""
        if at in self._looked or self.labels.marks(at) is not None or not self._landmarker:
            return
        boxes = np.asarray(self._landmarker.detect(image), float).reshape(-1, 4)
        full = boxes / scale
        guesses = zip(self._guess(at, full), full, strict=True)
        self.labels.suggest(at, [mark(points, box) for points, box in guesses])
        self._looked.add(at)

    def _step(self, at: int, event: dict[str, Any]) -> None:
        do = event["do"]
        if do not in ("add", "guess", "mean"):
            return self.labels.step(at, event)
        marks = list(self.labels.marks(at) or ())
        if do == "add":
            marks = list(after(marks, event, len(self.labels.names)))
        k = len(marks) - 1 if do == "add" else int(event["face"])
        box = self.labels.frame(marks[k]) if 0 <= k < len(marks) else None
        if box is None:
            raise ValueError("Draw a box around the face first.")
        points = self._guess(at, [box], mean_only=do == "mean")[0]
        found = np.isfinite(points).any()
        if not found and do != "add":
            raise ValueError("There is no other labelled face yet whose points could be put here.")
        marks[k] = replace(
            marks[k],
            points=points.round(2),
            hidden=np.zeros(len(points), bool),
            guess=bool(found) if do == "add" else marks[k].guess,
        )
        self.labels.change(at, marks)

    def _guess(
        self, at: int, boxes: Sequence[Sequence[float]] | np.ndarray, mean_only: bool = False
    ) -> list[np.ndarray]:
        """First guesses [n, 2] of the faces in boxes: the model's, else the mean face, else NaN."""
        count = len(self.labels.names)
        if self._model_fits and self._landmarker and len(boxes) and not mean_only:
            image, scale = self._shown(at)
            small = np.asarray(boxes, np.float32) * np.float32(scale)
            found = np.asarray(self._landmarker.landmarks(image, small), float)
            if found.shape == (len(boxes), count, 2):
                return list(scaled(found, 1 / scale))
            self._model_fits = False
        mean = self._mean(at)
        empty = np.full((count, 2), np.nan)
        return [empty if mean is None else place_face(mean, box) for box in boxes]

    def _mean(self, at: int) -> np.ndarray | None:
        """The mean face [n, 2] to compare a picture's faces with, in sides of its box, or None."""
        if self.scheme.shape:
            return np.array(self.scheme.shape)
        known = (one for one in self.labels.framed(at) if np.isfinite(one.landmarks).sum() > 2)
        faces = list(islice(known, MOST))
        mean = mean_shape([one.landmarks for one in faces])
        if mean is None:
            return None
        partners = np.array(self.scheme.mirror)
        flipped = (mean * (-1, 1))[partners]
        flipped[self.scheme.one_sided] = np.nan
        other = fitted(flipped, mean)
        if other is not None:
            mean = np.where(np.isfinite(other), (mean + other) / 2, mean)
        return fitted(mean, mean_face(faces))

    def _shown(self, at: int) -> tuple[np.ndarray, float]:
        """A picture at the size that the browser gets, and that as a part of its own size."""
        image = self.labels.photographs[at].pixels()
        height, width = image.shape[:2]
        scale = min(1.0, SHOWN / max(width, height))
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return image, image.shape[1] / self.labels.photographs[at].size[0]

    def still(self, at: int) -> np.ndarray:
        """A picture with its points, for where there is no widget: RGB uint8, 640 pixels wide."""
        image, scale = self._shown(at)
        self._suggest(at, image, scale)
        zoom = min(1.0, 640 / image.shape[1])
        canvas = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        for one in self.labels.marks(at) or ():
            places = scaled(one.seen, scale * zoom)
            for (x, y), point in zip(places, self.about["points"], strict=True):
                if np.isfinite(x):
                    there = (round(16 * x), round(16 * y))
                    for ink, radius in (((0, 0, 0), 44), (tuple(point["rgb"]), 30)):
                        cv2.circle(canvas, there, radius, ink, -1, cv2.LINE_AA, shift=4)
        return canvas

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        show_note("In a live notebook this is a point editor: run this cell.")
        shown: Any = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        told = "A point editor, where this notebook runs in JupyterLab or on Colab."
        data = data | {"text/plain": told}
        if "google.colab" in sys.modules:  # whose choice among several is not documented
            return data, metadata
        try:
            return data | {"image/jpeg": encode(on_page(self.still(self.at)))}, metadata
        except Exception:  # of a picture or of the model; told when the picture is opened
            return data, metadata


def pictures_of(pictures: str | Path | Sequence[str | Path]) -> list[Path]:
    """The paths of pictures: those given, each once, or all in a folder and its folders, sorted.

    Raises ValueError where there are none.
    """
    if isinstance(pictures, str | Path):
        path = Path(pictures)
        found = [one for one in visible(path) if one.suffix.lower() in PICTURES]
        found = [path] if path.is_file() else found
    else:
        found = list(dict.fromkeys(map(Path, pictures)))
    if not found:
        raise ValueError(f"{pictures}: no pictures ({', '.join(PICTURES)}) are there.")
    return found


def names_in_file(scheme: Scheme) -> list[str]:
    """What a label file calls the points of a scheme: their names; the 68 "00" to "67"."""
    if scheme.points == IBUG.points:
        return [f"{i:02d}" for i in range(len(scheme))]
    return list(scheme.points)


def described(scheme: Scheme) -> list[dict[str, Any]]:
    """For each point its "name" as the reader meets it, and its colour "rgb"."""
    part_of = {i: part for part, points in scheme.parts.items() for i in points}
    found = []
    for i, name in enumerate(names_in_file(scheme)):
        part = part_of.get(i)
        text = f"{name}, {part}" if part and part not in name else name
        found.append({"name": text, "rgb": list(scheme.point_colours()[i])})
    return found


def _plain(points: np.ndarray) -> list[list[float] | None]:
    """Points [n, 2] as lists, to a hundredth of a pixel; None for those that are NaN."""
    return [[float(x), float(y)] if np.isfinite(x) else None for x, y in points.round(2)]
