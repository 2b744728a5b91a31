"""A filter from its files: a TOML file that says what hangs where, and the artwork beside it.

    about = "Ears, a nose, and a tongue where the mouth is open"

    [[piece]]                          # one table for each piece of artwork, the lowest first
    artwork = "dog_ears.png"           # beside the TOML file; transparent where nothing is
    hang = "pose"                      # or "similarity", or "mesh"
    landmarks = [0, 16]                # a landmark, or a list whose middle it is; for both points
    at = [[96, 380], [416, 380]]       # the pixels of the artwork that lie on these two
    forward = 0.2                      # pose: towards the viewer, in distances of the eye corners
    lean = 10                          # pose: degrees by which the upper part leans back
    bend = 120                         # pose: degrees of a cylinder's round that its width spans
    mouth_open = [0.1, 0.2]            # begins to show, and shows wholly, at such a mouth's height

`similarity` puts the two pixels on the two landmarks in the picture; `pose` on those of the 3-D
head, which is turned as the face is; `mesh` stretches artwork painted over `hang.template_points`.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from helpers.annotations import UNREADABLE
from helpers.landmarks import NUM_LANDMARKS

GALLERY = Path(__file__).parent / "gallery"
WAYS = ("similarity", "pose", "mesh")
NEEDED = {"artwork", "hang", "landmarks", "at"}
FOR_POSE = {"forward", "lean", "bend"}
LARGEST = 2048  # pixels of an artwork's side: larger ones only cost time


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece of artwork, and how it hangs.

    levels: the artwork at 1, 1/2, 1/4 ... of its size, RGBA uint8 [h, w, 4], colours multiplied
    by how opaque they are. hang: one of `WAYS`. landmarks: two groups of numbers, of which the
    middles count. at: float64 [2, 2], where these lie in the artwork. Else as in the TOML file.
    """

    levels: tuple[np.ndarray, ...]
    hang: str
    landmarks: tuple[tuple[int, ...], tuple[int, ...]]
    at: np.ndarray
    forward: float = 0.0
    lean: float = 0.0
    bend: float = 0.0
    mouth_open: tuple[float, float] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the artwork in pixels."""
        height, width = self.levels[0].shape[:2]
        return width, height

    def anchors(self, points: np.ndarray) -> np.ndarray:
        """The two points that the piece hangs on, of a face's points [68, d]: [2, d]."""
        return np.array([points[list(group)].mean(0) for group in self.landmarks])


@dataclass(frozen=True, eq=False)
class Filter:
    """What a face can wear: its name, a sentence about it, its pieces, the lowest first."""

    name: str
    about: str
    pieces: tuple[Piece, ...]


def filter_names() -> list[str]:
    """The names of the filters that come with the course, and of those put beside them."""
    return sorted(path.stem for path in GALLERY.glob("*.toml"))


def load_filter(name: str | Path) -> Filter:
    """The filter of a name in `filter_names`, or of the path of a TOML file of the reader's own.

    Raises ValueError, one sentence that names the file, where there is no such filter, the file
    cannot be read, something in it is missing, unknown or of the wrong kind, or the artwork cannot
    be read.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = GALLERY / f"{name}.toml"
        if str(name) not in filter_names():
            known = ", ".join(filter_names())
            raise ValueError(
                f"There is no filter {name}: there are {known}, and paths of .toml files."
            )
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file ({error}).") from error
    try:
        return _filter(path, table)
    except _Wrong as wrong:
        raise ValueError(f"{path}: {wrong}") from wrong.__cause__


class _Wrong(Exception):
    """What is wrong with a filter, without the name of its file."""


def _filter(path: Path, table: dict[str, Any]) -> Filter:
    """The filter of a TOML file's table; raises `_Wrong`."""
    pieces = table.get("piece")
    if not isinstance(pieces, list) or not pieces or not all(isinstance(p, dict) for p in pieces):
        raise _Wrong("needs at least one [[piece]].")
    if unknown := table.keys() - {"about", "piece"}:
        raise _Wrong(f"does not know {min(unknown)}; before the pieces stands `about` alone.")
    made = []
    for number, piece in enumerate(pieces, 1):
        try:
            made.append(_piece(path.parent, piece))
        except _Wrong as wrong:
            raise _Wrong(f"piece {number}: {wrong}") from wrong.__cause__
    return Filter(path.stem, str(table.get("about", "")), tuple(made))


def _piece(folder: Path, table: dict[str, Any]) -> Piece:
    """One piece of a filter whose files are in a folder; raises `_Wrong`."""
    if missing := NEEDED - table.keys():
        raise _Wrong(f"{min(missing)} is missing.")
    if table["hang"] not in WAYS:
        raise _Wrong(f"hang must be one of {', '.join(WAYS)}, not {table['hang']}.")
    known = NEEDED | {"mouth_open"} | (FOR_POSE if table["hang"] == "pose" else set())
    if unknown := table.keys() - known:
        raise _Wrong(f'{min(unknown)} is nothing that hang = "{table["hang"]}" knows.')
    at = _value(table, "at", _two_points, "two points, such as [[100, 205], [300, 205]]")
    landmarks = _value(
        table, "landmarks", _two_groups, "two landmarks from 0 to 67, or lists of them"
    )
    numbers = {key: _value(table, key, _number, "a number") for key in FOR_POSE & table.keys()}
    between = None
    if "mouth_open" in table:
        between = _value(table, "mouth_open", _rising, "two numbers, the smaller first")
    levels = tuple(_levels(folder / str(table["artwork"])))
    return Piece(levels, table["hang"], landmarks, at, **numbers, mouth_open=between)


def _value(table: dict[str, Any], key: str, read: Callable[[Any], Any], what: str) -> Any:
    """table[key] as `read` takes it; raises `_Wrong`, which says what it must be."""
    try:
        return read(table[key])
    except (TypeError, ValueError) as error:
        raise _Wrong(f"{key} must be {what}, not {table[key]}.") from error


def _number(value: Any) -> float:
    if isinstance(value, bool) or not np.isfinite(value):
        raise ValueError
    return float(value)


def _two_points(value: Any) -> np.ndarray:
    points = np.array([[_number(x) for x in point] for point in value])
    if points.shape != (2, 2) or (points[0] == points[1]).all():
        raise ValueError
    return points


def _two_groups(value: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    groups = [tuple(one) if isinstance(one, list) else (one,) for one in value]
    numbers = [number for group in groups for number in group]
    whole = all(type(number) is int and 0 <= number < NUM_LANDMARKS for number in numbers)
    if len(groups) != 2 or not all(groups) or not whole or set(groups[0]) == set(groups[1]):
        raise ValueError
    return groups[0], groups[1]


def _rising(value: Any) -> tuple[float, float]:
    first, last = (_number(one) for one in value)
    if not first < last:
        raise ValueError
    return first, last


def _levels(path: Path) -> list[np.ndarray]:
    """The artwork of a file at 1, 1/2, 1/4 ... of its size, premultiplied; raises `_Wrong`."""
    try:
        with Image.open(path) as opened:
            artwork = np.asarray(opened.convert("RGBA"))
    except FileNotFoundError as error:
        raise _Wrong(f"{path.name}: there is no such file.") from error
    except UNREADABLE as error:
        raise _Wrong(f"{path.name}: not a picture that can be read.") from error
    if max(artwork.shape) > LARGEST:
        raise _Wrong(f"{path.name}: larger than {LARGEST} pixels.")
    opaque = artwork[..., 3:].astype(np.uint16)
    colour = (artwork[..., :3] * opaque + 127) // 255
    whole: np.ndarray = np.dstack([colour, opaque]).astype(np.uint8)
    levels = [whole]
    while min(whole.shape[:2]) >= 8:
        # With an even size, a pixel of the smaller one is exactly four of the larger one.
        odd = whole.shape[0] % 2, whole.shape[1] % 2
        whole = np.pad(whole, ((0, odd[0]), (0, odd[1]), (0, 0)))
        half = whole.shape[1] // 2, whole.shape[0] // 2
        whole = np.asarray(cv2.resize(whole, half, interpolation=cv2.INTER_AREA))
        levels.append(whole)
    return levels
