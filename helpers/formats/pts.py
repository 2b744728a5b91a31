"""iBUG's .pts: the points of one face, counted from 1, in a file beside its picture."""

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from helpers.formats.labels import Entry, Labels, digits, numbered, read_text, visible
from helpers.pictures import PICTURES
from helpers.storage import whole_file


def read(path: Path) -> Labels:
    """The face of one .pts file; its picture has the same name, but for `_2` of a second face."""
    return Labels([_entry(path)])


def read_folder(folder: Path) -> Labels:
    """The faces of all .pts files in a folder and the folders in it, by name."""
    return Labels([_entry(path) for path in visible(folder, "*.pts")])


def read_points(path: Path) -> np.ndarray:
    """The points of a file, counted from 0: float64 [n, 2], NaN where it says nan.

    Taken 1 from in decimals, so that no digit is lost. Raises ValueError that names the file.
    """
    text, _ = read_text(path)
    try:
        inner = text.split("{")[1].split("}")[0].split()
        values = [float(Decimal(word) - 1) for word in inner]
        points = np.array(values, float).reshape(-1, 2)
    except (InvalidOperation, ValueError, IndexError) as error:
        raise ValueError(f"{path}: not a whole .pts file.") from error
    count = re.search(r"n_points:\s*(\d+)", text)
    if not len(points) or (count and int(count[1]) != len(points)):
        said = f", not the {count[1]} that it announces" if count else ""
        raise ValueError(f"{path}: not a whole .pts file: it has {len(points)} points{said}.")
    if np.isinf(points).any():
        raise ValueError(f"{path}: has a number that is not finite.")
    return points


def text_of(points: np.ndarray) -> str:
    """The text of a .pts file of points [n, 2] counted from 0, to their last digit."""
    lines = "\n".join(" ".join(map(_from_1, point)) for point in points)
    return f"version: 1\nn_points: {len(points)}\n{{\n{lines}\n}}\n"


def _from_1(value: float) -> str:
    """A coordinate counted from 1, as text."""
    return "nan" if np.isnan(value) else f"{Decimal(digits(value)) + 1:f}"


def write(path: Path, labels: Labels) -> None:
    """Writes the one face of `labels` into a .pts file."""
    faces = [entry for entry in labels.entries if entry.names]
    if len(faces) != 1:
        raise ValueError(f"{path}: a .pts file holds one face, not {len(faces)}: name a folder.")
    with whole_file(path) as partial:
        partial.write_text(text_of(faces[0].points), "ascii")


def write_folder(folder: Path, labels: Labels) -> None:
    """Writes a .pts file for each face: named as its picture, `_2` and so on for further ones.

    Says so where the folder has further ones from before. Raises ValueError where two faces would
    have one file, before any is written.
    """
    seen: dict[str, int] = {}
    faces = [entry for entry in labels.entries if entry.names]
    # A further face of party.jpg must not have the name of party_2.jpg's first one.
    first = {_named(folder, entry.image, 1) for entry in labels.entries}
    shown: dict[Path, str] = {}
    for entry in faces:
        which = seen.get(entry.image, 0) + 1
        while which > 1 and _named(folder, entry.image, which) in first:
            which += 1
        seen[entry.image] = which
        path = _named(folder, entry.image, which)
        if path in shown:
            raise ValueError(
                f"{path}: is the name for a face of {shown[path]} and of {entry.image}."
            )
        shown[path] = entry.image
    for entry, path in zip(faces, shown, strict=True):  # once it is known that all have a name
        with whole_file(path) as partial:
            partial.write_text(text_of(entry.points), "ascii")
    if told := left_over(shown):
        print(told)


def _named(folder: Path, image: str, which: int) -> Path:
    """The file in a folder for a picture's face: 1, 2 and so on."""
    path = folder / Path(image.replace("\\", "/")).with_suffix("")
    if not path.resolve().is_relative_to(folder.resolve()):
        path = folder / path.name
    return path.with_name(f"{path.name}{f'_{which}' if which > 1 else ''}.pts")


def left_over(written: Collection[Path]) -> str:
    """A sentence about files `X_2.pts` and so on that are not of those written but of their names.

    They are read as further faces of the pictures. Nothing where there are none.
    """
    # Each folder is looked through once: there may be thousands of files.
    others = (path for folder in {face.parent for face in written} for path in folder.glob("*.pts"))
    further = (
        path
        for path in others
        if path not in written and path.with_name(f"{_first_face(path)}.pts") in written
    )
    found = sorted(str(path) for path in further if not _picture_called(path, path.stem))
    if not found:
        return ""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    named = f"{', '.join(found[:3])}{more}"
    return f"There before, and not of these faces: {named}. Remove what is of a face no more."


def _entry(path: Path) -> Entry:
    """The face of a file beside its picture."""
    points = read_points(path)
    image = _picture_beside(path)
    names = numbered(len(points))
    return Entry(
        image, names=names, points=points, hidden=np.zeros(len(points), bool), place=path.parent
    )


def _picture_beside(path: Path) -> str:
    """The name of the picture that a .pts file is of; that with .jpg where there is none."""
    own = _picture_called(path, path.stem)
    return own or _picture_called(path, _first_face(path)) or f"{path.stem}.jpg"


def _first_face(path: Path) -> str:
    """The name, without its ending, of the file of a picture's first face: X of X_2."""
    return re.sub(r"_\d+$", "", path.stem)


def _picture_called(path: Path, stem: str) -> str | None:
    """The name of a picture with this stem that lies beside a file; None where there is none."""
    endings = (ending for suffix in PICTURES for ending in (suffix, suffix.upper()))
    return next((stem + end for end in endings if path.with_name(stem + end).exists()), None)
