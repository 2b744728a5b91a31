"""Labels in the making: the faces of a label file, changed step by step, undone, kept on disk.

`Labels` is what the point editor (`helpers.widgets.editor`) works on, without a browser. Every step
is in the file as soon as it is made. Points are (x, y) in pixels of the picture held upright, pixel
centres at whole numbers, to a hundredth of a pixel; the file has them in pixels of the picture as
it is stored, as dlib reads it.
"""

import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from helpers.annotations import read_image
from helpers.boxes import box_of
from helpers.crop import invert, move
from helpers.formats.dlib import SIDES, closing, opening, parse_xml, parts_of
from helpers.formats.labels import seen_from
from helpers.landmarks import Scheme, laid_on
from helpers.pictures import stored_and_held
from helpers.storage import whole_file

Box = tuple[int, int, int, int]
# Quarter turns to the left that hold a picture upright, by its EXIF orientation. Those that mirror
# it are left as they are: in a mirror image right and left points would change places.
TURNS = {3: 2, 6: 3, 8: 1}
HIDDEN = "hidden"  # an attribute of a `<box>`: the points hidden there, a list in JSON


@dataclass(frozen=True, eq=False)
class Mark:
    """One face that is being labelled.

    points: float64 [n, 2]; NaN where a point has no place yet. hidden: bool [n]; where a point,
    with a place or without, is left out. box: (left, top, width, height) in whole pixels, or None
    where it follows from the points. guess: whether nobody has looked at the face; then it is not
    written. other: what else the file says of the box, such as (("ignore", "1"),). of_points: the
    same of points, by name, such as {"07": {"hidden": "1"}}. label: what dlib's imglab calls the
    face, if it does.
    """

    points: np.ndarray
    hidden: np.ndarray
    box: Box | None = None
    guess: bool = False
    other: tuple[tuple[str, str], ...] = ()
    of_points: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    label: str = ""

    @property
    def seen(self) -> np.ndarray:
        """The points that a label file gets: float64 [n, 2], NaN for those to leave out."""
        return np.where(self.hidden[:, None], np.nan, self.points)


class Framed(NamedTuple):
    """A labelled face as `helpers.metrics.mean_face` takes it: its box, its landmarks [n, 2]."""

    box: Box
    landmarks: np.ndarray


def mark(points: np.ndarray, box: Iterable[float] | None = None) -> Mark:
    """A face of points [n, 2], rounded to hundredths of a pixel, and a box in whole pixels."""
    points = np.asarray(points, float).round(2)
    return Mark(points, np.zeros(len(points), bool), None if box is None else _box(box))


def _box(numbers: Iterable[float]) -> Box:
    left, top, width, height = (round(float(number)) for number in numbers)
    return left, top, max(1, width), max(1, height)


def after(marks: Sequence[Mark], event: Mapping[str, Any], count: int) -> tuple[Mark, ...]:
    """The faces of a picture after one step, such as {"do": "hide", "face": 0, "points": [3]}.

    What can be done: "place" points ({number: (x, y)}; of a new face, where `face` is their
    number), "hide" points (or not, {"hidden": False}), draw a "box", "add" a face by its box,
    "remove" one, "keep" what was guessed (of a face without points nothing was). count: of points a
    face has.
    Raises ValueError for anything else.
    """
    do, faces = event.get("do"), list(marks)
    try:
        if do == "add":
            empty = np.full((count, 2), np.nan)
            return (*faces, mark(empty, _checked(event["box"], 4)))
        if do == "keep":
            return tuple(
                replace(face, guess=face.guess and not np.isfinite(face.points).any())
                for face in faces
            )
        k = int(event["face"])
        if do == "place" and k == len(faces):
            faces.append(mark(np.full((count, 2), np.nan)))
        if not 0 <= k < len(faces):
            raise IndexError(k)
        if do == "remove":
            return tuple(faces[:k] + faces[k + 1 :])
        face = replace(faces[k], guess=False)
        if do == "box":
            face = replace(face, box=_box(_checked(event["box"], 4)))
        elif do == "place":
            points, hidden = face.points.copy(), face.hidden.copy()
            for number, place in event["points"].items():
                points[_number(number, count)] = np.round(_checked(place, 2), 2)
                hidden[int(number)] = False
            face = replace(face, points=points, hidden=hidden)
        elif do == "hide":
            hidden = face.hidden.copy()
            for number in event["points"]:
                hidden[_number(number, count)] = bool(event.get("hidden", True))
            face = replace(face, hidden=hidden)
        else:
            raise KeyError(do)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"There is no such step: {dict(event)}.") from error
    faces[k] = face
    return tuple(faces)


def _number(number: str | int, count: int) -> int:
    if not 0 <= int(number) < count:
        raise IndexError(number)
    return int(number)


def _checked(numbers: Sequence[float], count: int) -> list[float]:
    found = [float(number) for number in numbers]
    if len(found) != count or not np.isfinite(found).all():
        raise ValueError(f"There have to be {count} finite numbers, not {list(numbers)}.")
    return found


class Photograph:
    """A picture file, held upright by its EXIF tag.

    path: of the file. Its header is read when it is needed, its pixels each time that they are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _header(self) -> tuple[tuple[int, int], int]:
        """(width, height) as stored, and quarter turns to the left that hold it upright."""
        try:
            stored, held = stored_and_held(self.path)
        except FileNotFoundError as error:
            raise ValueError(f"{self.path}: is missing.") from error
        return stored, TURNS.get(held, 0)

    @property
    def stored(self) -> tuple[int, int]:
        """(width, height) of the picture as it is stored."""
        return self._header[0]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture held upright."""
        return self.stored[::-1] if self._header[1] % 2 else self.stored

    def pixels(self) -> np.ndarray:
        """The picture held upright: RGB uint8 [H, W, 3]; raises ValueError that names the file."""
        return np.ascontiguousarray(np.rot90(read_image(self.path), self._header[1]))

    @property
    def upright(self) -> np.ndarray:
        """The matrix from pixels as stored to pixels held upright: float64 [2, 3]."""
        (width, height), turns = self._header
        right, low = width - 1, height - 1
        rows = {
            0: [[1, 0, 0], [0, 1, 0]],
            1: [[0, 1, 0], [-1, 0, right]],
            2: [[-1, 0, right], [0, -1, low]],
            3: [[0, -1, low], [1, 0, 0]],
        }
        return np.array(rows[turns], float)


def _turned(box: Sequence[float], matrix: np.ndarray) -> Box:
    """A box after quarter turns: its corner pixels moved, and again (left, top, width, height)."""
    left, top, width, height = box
    corners = move([(left, top), (left + width - 1.0, top + height - 1.0)], matrix)
    low, high = corners.min(0), corners.max(0)
    return _box((*low, *(high - low + 1)))


class Labels:
    """The faces of pictures and the label file that they are kept in, step by step.

    file: dlib's XML, made with the first step; where it is there already, work goes on from it.
    pictures: paths. What the file says of other pictures is kept as it is, and so are further
    attributes of these pictures, their boxes and their points: a `<part>` with hidden='1' is a
    point like the others, and has it still when it has been moved. names: of the points, as the
    file calls them. scheme: what boxes follow from where none is drawn.
    Raises ValueError that names the file where it is broken, or has a point of another name or
    one twice.
    """

    def __init__(
        self,
        file: str | Path,
        pictures: Sequence[str | Path],
        names: Sequence[str],
        scheme: Scheme | None = None,
    ) -> None:
        self.file, self.scheme = Path(file), scheme
        self.names = [str(name) for name in names]
        if len(set(self.names)) != len(self.names) or not self.names:
            raise ValueError("Every point needs a name of its own.")
        self.photographs = [Photograph(Path(path)) for path in pictures]
        self._marks: dict[int, tuple[Mark, ...]] = {}
        self._past: dict[int, list[tuple[Mark, ...] | None]] = {}
        self._future: dict[int, list[tuple[Mark, ...] | None]] = {}
        self._gesture: tuple[int, object] | None = None
        # The entries of the file: the number of one of our pictures, or text to be left as it is.
        self._entries: list[int | str] = []
        self._elements: dict[int, list[ElementTree.Element]] = {}
        self._texts: dict[int, str] = {}
        self._of_pictures: dict[int, dict[str, str]] = {}  # further attributes of their `<image>`s
        self._head = {"name": "landmarks", "comment": "labelled in the point editor"}
        self.unsaved = ""  # why the last step is not in the file
        self._stamp = self._look()
        if self._stamp:
            self._read()

    def marks(self, at: int) -> tuple[Mark, ...] | None:
        """The faces of the picture of this number; None where nothing is known of it yet."""
        if at not in self._marks and at in self._elements:
            boxes = [box for one in self._elements[at] for box in one.findall("box")]
            self._marks[at] = tuple(self._mark(at, box) for box in boxes)
        return self._marks.get(at)

    def frame(self, one: Mark) -> Box | None:
        """The box of a face, or the one that follows from its points; None without either."""
        if one.box or not np.isfinite(one.seen).all(1).any():
            return one.box
        return _box(box_of(one.seen, self.scheme, least=8))

    def suggest(self, at: int, guesses: Sequence[Mark]) -> None:
        """Puts a first guess into a picture of which nothing is known; it is no step."""
        if self.marks(at) is None and guesses:
            self._marks[at] = tuple(replace(one, guess=True) for one in guesses)

    def change(self, at: int, marks: Sequence[Mark], gesture: object = None) -> None:
        """Makes a step: the faces of a picture are now these; the file is written.

        gesture: what several steps have in common that are undone as one, such as a key held down.
        Raises ValueError or OSError, one sentence, where the file cannot be written; the step
        is then written with the next one.
        """
        past = self._past.setdefault(at, [])
        if gesture is None or (at, gesture) != self._gesture:
            past.append(self.marks(at))
        self._gesture = (at, gesture)
        self._future[at] = []
        self._set(at, tuple(marks))

    def step(self, at: int, event: Mapping[str, Any]) -> None:
        """Makes the step that an event stands for (`after`), or takes one back ("undo", "redo").

        Nothing happens where there is none to take back or to make again.
        """
        if event.get("do") in ("undo", "redo"):
            self._travel(at, event["do"] == "undo")
        else:
            marks = after(self.marks(at) or (), event, len(self.names))
            self.change(at, marks, event.get("gesture"))

    def steps(self, at: int) -> tuple[int, int]:
        """How many steps in a picture can be undone, and how many redone."""
        return len(self._past.get(at, ())), len(self._future.get(at, ()))

    def _travel(self, at: int, back: bool) -> None:
        past, future = self._past.setdefault(at, []), self._future.setdefault(at, [])
        here, there = (past, future) if back else (future, past)
        if here:
            there.append(self.marks(at))
            self._gesture = None
            self._set(at, here.pop())

    def _set(self, at: int, marks: tuple[Mark, ...] | None) -> None:
        self._elements.pop(at, None)
        self._texts.pop(at, None)
        if marks is None:
            self._marks.pop(at, None)
        else:
            self._marks[at] = marks
        if at not in self._entries:
            self._entries.append(at)
        self.save()

    def is_labelled(self, at: int) -> bool:
        """Whether the file has an entry of this picture, be it that nobody is on it."""
        if at in self._elements:  # as it was read
            return True
        marks = self._marks.get(at)
        return marks is not None and (not marks or not all(one.guess for one in marks))

    @property
    def labelled(self) -> int:
        """How many of the pictures the file has an entry of."""
        return sum(self.is_labelled(at) for at in range(len(self.photographs)))

    def framed(self, without: int | None = None) -> Iterator[Framed]:
        """All labelled faces in their boxes, but for those of one picture."""
        for at in range(len(self.photographs)):
            if at == without or not self.is_labelled(at):
                continue
            try:
                marks = self.marks(at) or ()
            except ValueError:  # its picture cannot be read; told when it is opened
                continue
            for one in marks:
                box = self.frame(one)
                if box and not one.guess:
                    yield Framed(box, one.seen)

    def save(self) -> None:
        """Writes the file, whole or not at all; `unsaved` says of a step why it is not there.

        Raises ValueError where another program has changed it, OSError where it cannot be written.
        """
        try:
            self._write()
        except (OSError, ValueError) as error:
            self.unsaved = str(error)
            raise
        self.unsaved = ""

    def _write(self) -> None:
        if self._look() != self._stamp:
            raise ValueError(
                f"{self.file}: another program has changed it meanwhile, so nothing is written. "
                "Run this cell again to go on from what it says now."
            )
        entries = [one if isinstance(one, str) else self._entry(one) for one in self._entries]
        lines = [*opening(self._head), *filter(None, entries), *closing(), ""]
        with whole_file(self.file) as path:
            path.write_bytes("\n".join(lines).encode("utf-8"))
        self._stamp = self._look()

    def _look(self) -> tuple[int, int] | None:
        """What tells whether the file has been changed; None where there is none."""
        try:
            state = self.file.stat()
        except FileNotFoundError:
            return None
        return state.st_mtime_ns, state.st_size

    def _entry(self, at: int) -> str:
        """The `<image>` of a picture as text; empty where there is nothing to write."""
        if not self.is_labelled(at):
            return ""
        if at not in self._texts:
            read = self._elements.get(at)
            text = "\n".join(map(_as_text, read)) if read else self._written(at)
            self._texts[at] = text
        return self._texts[at]

    def _written(self, at: int) -> str:
        photograph = self.photographs[at]
        width, height = photograph.stored
        back = invert(photograph.upright)
        lines = [
            f"  <image file={_quoted(seen_from(self.file, photograph.path))} "
            f"width='{width}' height='{height}'{_attributes(self._of_pictures.get(at, {}))}>"
        ]
        for one in self._marks[at]:
            box = self.frame(one)
            if one.guess or box is None:
                continue
            left, top, wide, high = _turned(box, back)
            sides = f"top='{top}' left='{left}' width='{wide}' height='{high}'"
            others = dict(one.other)
            if one.hidden.any():
                names = [name for name, gone in zip(self.names, one.hidden, strict=True) if gone]
                others[HIDDEN] = json.dumps(names, ensure_ascii=False)
            lines.append(f"    <box {sides}{_attributes(others)}>")
            if one.label:
                lines.append(f"      <label>{escape(one.label)}</label>")
            places = move(one.seen, back) + 0.0  # no -0.00
            lines += [
                f"      <part name={_quoted(name)} x='{x:.2f}' y='{y:.2f}'"
                f"{_attributes(one.of_points.get(name, {}))}/>"
                for name, (x, y) in zip(self.names, places, strict=True)
                if np.isfinite(x)
            ]
            lines.append("    </box>")
        return "\n".join([*lines, "  </image>"])

    def _read(self) -> None:
        try:
            root = parse_xml(self.file)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{self.file}: not a label file that can be read ({error}). Choose another name."
            ) from error
        if root.tag != "dataset":
            raise ValueError(
                f"{self.file}: begins with <{root.tag}>, not with dlib's <dataset>, and would be "
                "lost. Choose another name."
            )
        for tag in self._head:
            self._head[tag] = root.findtext(tag) or self._head[tag]
        ours = {_place(one.path): at for at, one in enumerate(self.photographs)}
        for image in root.findall("images/image"):
            name = image.get("file", "")
            path = self.file.parent / name
            if not path.exists():
                path = self.file.parent / name.replace("\\", "/")
            at = ours.get(_place(path))
            if at is None:
                self._entries.append(_as_text(image))
                continue
            if at not in self._elements:
                self._entries.append(at)
            self._elements.setdefault(at, []).append(image)
            self._of_pictures.setdefault(at, {}).update(_others(image, ("file", "width", "height")))
            self._check(image)

    def _check(self, image: ElementTree.Element) -> None:
        """Raises ValueError where a face cannot be taken over whole."""
        where = f"{self.file}: {image.get('file')}"
        for box in image.findall("box"):
            parts, _ = parts_of(box)
            names = [self._known(part.get("name", "")) for part in parts]
            if None in names:
                unknown = parts[names.index(None)].get("name")
                raise ValueError(
                    f"{where} has a point {unknown!r}, which is none of the {len(self.names)} "
                    "of this editor. Choose another name for the file, or these points."
                )
            twice = {self.names[k] for k in names if k is not None and names.count(k) > 1}
            if twice:
                raise ValueError(
                    f"{where} has {len(parts)} points, not {len({*names})}: {min(twice)} is there "
                    "twice."
                )
            try:
                numbers = [float(box.attrib[side]) for side in SIDES]
                for part in parts:
                    numbers += [float(part.attrib["x"]), float(part.attrib["y"])]
            except (KeyError, ValueError) as error:
                raise ValueError(f"{where} has text or nothing where a number belongs.") from error
            if not np.isfinite(numbers).all():
                raise ValueError(f"{where} has a number that is not finite.")

    def _known(self, name: str) -> int | None:
        """The number of a point by its name in the file; "7" is "07"."""
        if name in self.names:
            return self.names.index(name)
        plain = [one.lstrip("0") or "0" for one in self.names]
        bare = name.lstrip("0") or "0"
        numbers = re.fullmatch(r"\d+", name) and all(re.fullmatch(r"\d+", n) for n in self.names)
        return plain.index(bare) if numbers and bare in plain else None

    def _mark(self, at: int, box: ElementTree.Element) -> Mark:
        """The face of a `<box>`, in pixels of the picture held upright."""
        upright = self.photographs[at].upright
        points = np.full((len(self.names), 2), np.nan)
        of_points = {}
        for part in parts_of(box)[0]:
            number = self._known(part.get("name", ""))
            assert number is not None  # or the file had been refused
            points[number] = float(part.attrib["x"]), float(part.attrib["y"])
            of_points[self.names[number]] = _others(part, ("name", "x", "y"))
        frame = _turned([float(box.attrib[side]) for side in SIDES], upright)
        others = _others(box, SIDES)
        names = _listed(others.get(HIDDEN))
        if names is not None:
            del others[HIDDEN]
        hidden = np.array([name in (names or ()) for name in self.names]) & np.isnan(points[:, 0])
        found, label = mark(move(points, upright), frame), box.findtext("label") or ""
        return replace(
            found, hidden=hidden, other=tuple(others.items()), of_points=of_points, label=label
        )


def _place(path: Path) -> str:
    """A path by which two names of the same file can be told to be that."""
    return os.path.normcase(os.path.abspath(path))


def _others(element: ElementTree.Element, known: Sequence[str]) -> dict[str, str]:
    """The attributes of an element but for the known ones."""
    return {name: text for name, text in element.attrib.items() if name not in known}


def _listed(text: str | None) -> list[str] | None:
    """The names of a JSON list; None for another text, which is not ours."""
    try:
        found = json.loads(text or "")
    except json.JSONDecodeError:
        return None
    return list(map(str, found)) if isinstance(found, list) else None


def _attributes(kept: Mapping[str, str]) -> str:
    """Attributes as they stand in a tag, each after a space."""
    return "".join(f" {name}={_quoted(text)}" for name, text in kept.items())


def _quoted(text: str) -> str:
    """A text as the value of an attribute, in the quotes that dlib takes."""
    return "'" + escape(text, {"'": "&apos;"}) + "'"


def _as_text(image: ElementTree.Element) -> str:
    return "  " + ElementTree.tostring(image, "unicode").strip()


def fitted(shape: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """A shape [n, 2] moved, turned and scaled to lie as near to points [n, 2] as it can: [n, 2].

    By least squares over those that both have (the others are NaN); None where these are
    fewer than two.
    """
    both = np.isfinite(shape).all(1) & np.isfinite(points).all(1)
    if both.sum() < 2 or not np.ptp(shape[both], axis=0).any():
        return None
    return laid_on(shape, points)


def mean_shape(shapes: Sequence[np.ndarray]) -> np.ndarray | None:
    """The mean of shapes [n, 2] of which points may be missing (NaN); None without any.

    Each is first fitted to the one with the most points.
    """
    if not shapes:
        return None
    first = max(shapes, key=lambda shape: np.isfinite(shape).sum())
    moved = [found for shape in shapes if (found := fitted(shape, first)) is not None]
    if not moved:
        return None
    stack = np.array(moved)
    there = np.isfinite(stack)
    total, count = np.where(there, stack, 0).sum(0), there.sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
