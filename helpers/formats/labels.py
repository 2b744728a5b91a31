"""What all formats of label files have in common: entries, and what a file says besides."""

import math
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Entry:
    """One face of a label file as it stands there, or a picture without any.

    image: the picture's name in the file. size: its width and height, where the file says them.
    box: (left, top, width, height), where it has one. names, points, hidden: of n points their
    names, float64 [n, 2] in pixels counted from 0, NaN where a point is missing, and whether each
    is labelled though something hides it. ignored: marked as not to be learned from. place: the
    folder in which the picture is sought. photograph: what the file's own column says of it.
    pixels: the picture, grey uint8 [H, W], where the file itself holds it. extra: whatever else
    the format had to say, for whoever writes the same format again.
    """

    image: str
    size: tuple[int, int] | None = None
    box: Box | None = None
    names: tuple[str, ...] = ()
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    hidden: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    ignored: bool = False
    place: Path = Path()
    photograph: str | None = None
    pixels: np.ndarray | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_face(self) -> bool:
        """Whether it is a face, and not a picture that stands in the list without one."""
        return self.box is not None or bool(self.names)


@dataclass(frozen=True, eq=False)
class Labels:
    """A label file: its entries in their order, and what it says of itself (`about`)."""

    entries: list[Entry]
    about: dict[str, Any] = field(default_factory=dict)


def number(text: object, where: str) -> float:
    """A finite number from a file; raises ValueError, a sentence that begins with `where`."""
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{where} has text or nothing where a number belongs.") from error
    if not math.isfinite(value):
        raise ValueError(f"{where} has a number that is not finite.")
    return value


def whole(text: object) -> int | None:
    """A whole number of at least 1, such as a picture's width; None where it is none."""
    try:
        value = int(str(text))
    except ValueError:
        return None
    return value if value > 0 else None


def size_of(width: object, height: object) -> tuple[int, int] | None:
    """A picture's size from two texts; None unless both are whole numbers of at least 1."""
    columns, rows = whole(width), whole(height)
    return (columns, rows) if columns and rows else None


def digits(value: float) -> str:
    """A number as the shortest text that reads back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def plain(value: float) -> float | int:
    """A number for JSON: whole ones without a decimal point, as they came."""
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


def seen_from(file: Path, path: str | Path) -> str:
    """What a label file calls a picture: its path from there, or in full on another drive."""
    try:
        return Path(os.path.relpath(path, file.parent)).as_posix()
    except ValueError:
        return Path(path).resolve().as_posix()


def visible(folder: Path, pattern: str = "*") -> list[Path]:
    """The files in a folder and the folders in it, by name; hidden ones and a Mac's left out."""
    hidden = (".", "__MACOSX")
    return [
        path
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
        and not any(part.startswith(hidden) for part in path.relative_to(folder).parts)
    ]


def all_names(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The names of the points of all entries, each once, in the order of their first use."""
    return tuple(dict.fromkeys(name for entry in entries for name in entry.names))


def numbered(count: int) -> tuple[str, ...]:
    """The names of points that have none in their format: "00", "01" and so on."""
    return tuple(f"{index:02d}" for index in range(count))


def in_order(entry: Entry, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Points [n, 2] and hidden [n] of an entry in the order of `names`; NaN where it has none."""
    if entry.names == tuple(names):
        return entry.points.copy(), entry.hidden.copy()
    known = {name: index for index, name in enumerate(entry.names)}
    points = np.full((len(names), 2), np.nan)
    hidden = np.zeros(len(names), bool)
    for index, name in enumerate(names):
        if name in known:
            points[index] = entry.points[known[name]]
            hidden[index] = entry.hidden[known[name]]
    return points, hidden


def read_text(path: Path) -> tuple[str, str | None]:
    """The text of a file, and the encoding that an XML header claims for it.

    Bytes that are UTF-8 are read as that, whatever the header claims: dlib's imglab writes
    "ISO-8859-1" above the names of files as the system has them. Raises ValueError where the file
    cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}).") from error
    found = re.match(rb"[^<]{0,4}<\?xml[^>]*encoding\s*=\s*[\"']([\w.:-]+)", data)
    claimed = found[1].decode("ascii") if found else None
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:2] in (b"<\0", b"\0<")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", claimed, "cp1252"):
        try:
            if encoding:
                return data.decode(encoding), claimed
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1"), claimed
