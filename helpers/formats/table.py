"""CSV in the layout of Kaggle's "facial keypoints detection": a row a face, two columns a point.

Columns NAME_x and NAME_y hold a point, empty or "nan" where it is missing; `Image` holds the grey
pixels of a square picture, from left to right and from top to bottom. Instead of pixels there may
be a column `image` (or `file`, `filename`, `path`) with the name of a picture; `left`, `top`,
`width`, `height` with the box, and `photograph` with what keeps pictures of one photograph
together.
"""

import csv
import io
import math
import re
import sys
from pathlib import Path

import numpy as np

from helpers.formats.labels import Entry, Labels, all_names, digits, in_order, number, read_text
from helpers.storage import whole_file

NAMED = ("image", "file", "filename", "file_name", "image_path", "path", "image_name")
SIDES = ("left", "top", "width", "height")


def read(path: Path) -> Labels:
    """The entries of a CSV file, a row each; missing cells are missing points."""
    text, _ = read_text(path)
    limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the pixels are one long cell
    try:
        text = without_excel(text)
        delimiter = delimiter_of(text)
        rows = _rows(text, delimiter)
    except csv.Error as error:
        raise ValueError(f"{path}: not a whole CSV file ({error}).") from error
    finally:
        csv.field_size_limit(limit)
    head = [cell.strip() for cell in rows[0]] if rows else []
    if head.count("") > 1:  # Excel writes empty columns; cells are told apart by their names
        unnamed = [k for k, cell in enumerate(head) if not cell]
        if any(row[k].strip() for row in rows[1:] for k in unnamed if k < len(row)):
            raise ValueError(f"{path}: has several columns without a name.")
        rows = [[cell for k, cell in enumerate(row) if k not in unnamed] for row in rows]
        head = [cell for cell in head if cell]
    names = [cell[:-2] for cell in head if cell.endswith("_x") and f"{cell[:-2]}_y" in head]
    if not names:
        raise ValueError(f"{path}: has no columns NAME_x and NAME_y for any point.")
    if not {cell.lower() for cell in head} & {*NAMED}:
        raise ValueError(f"{path}: has no column that names the picture, such as image.")
    if twice := next((cell for cell in head if head.count(cell) > 1), None):
        raise ValueError(f"{path}: has the column {twice} twice.")
    entries = [
        _entry(path, head, names, cells, index + 1)
        for index, cells in enumerate(rows[1:])
        if any(map(str.strip, cells))
    ]
    return Labels(entries, {"csv columns": head, "csv delimiter": delimiter})


def without_excel(text: str) -> str:
    """A table without the blank lines and the line `sep=;` that may stand before its first row."""
    return re.sub(r'\A"?sep=."?\r?\n', "", text.lstrip("\r\n"))


def delimiter_of(text: str) -> str:
    """What stands between the cells of a table: comma, semicolon or tab, by its first row."""
    return max(",;\t", key=text.split("\n", 1)[0].count)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The cells of a table; raises csv.Error where a quotation mark stays open to its end."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):  # all rows behind the mark would be one cell
            raise
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _entry(path: Path, head: list[str], names: list[str], cells: list[str], row: int) -> Entry:
    """The face of one row."""
    if len(cells) != len(head):
        raise ValueError(f"{path}: row {row} has {len(cells)} cells, not {len(head)}.")
    cell = dict(zip(head, map(str.strip, cells), strict=True))
    pixels = cell.get("Image", "")
    image = "" if _is_pixels(pixels) else pixels
    for column in head:
        if column.lower() in NAMED and column != "Image" and cell[column]:
            if _is_pixels(cell[column]):
                raise ValueError(f"{path}: column {column} holds pixels: call it Image.")
            image = cell[column]
            break
    where = f"{path}: {image or f'row {row}'}"
    points = np.array(
        [[_coordinate(cell[f"{name}_{axis}"], where) for axis in "xy"] for name in names], float
    )
    points[np.isnan(points).any(1)] = np.nan
    sides = [_coordinate(cell.get(side, ""), where) for side in SIDES]
    box = None if np.isnan(sides).any() else tuple(sides)
    if _is_pixels(pixels):
        picture = _picture(pixels, where)
        size = picture.shape[::-1]
    else:
        picture, size = None, None
    return Entry(
        image or f"row {row:05d}.png",
        size,
        box,  # type: ignore[arg-type]
        tuple(names),
        points,
        np.zeros(len(names), bool),
        place=path.parent,
        photograph=cell.get("photograph") or None,
        pixels=picture,
        extra={"csv": {k: v for k, v in cell.items() if k != "Image" or picture is None}},
    )


def _coordinate(text: str, where: str) -> float:
    """The number in a cell, NaN where there is none; a German Excel writes 30,5 for 30.5."""
    if text.lower() in ("", "nan", "na", "null", "none"):
        return np.nan
    return number(re.sub(r"^(-?\d+),(\d+)$", r"\1.\2", text), where)


def _is_pixels(text: str) -> bool:
    """Whether a cell holds pixels and not the name of a picture."""
    start = text[:40].split()
    return len(start) > 1 and all(word.isdecimal() for word in start)


def _picture(text: str, where: str) -> np.ndarray:
    """The pixels of a cell: uint8 [H, H]."""
    try:
        values = np.array(text.split(), int)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{where} has no pixel of 0 to 255 where one belongs.") from error
    side = math.isqrt(len(values))
    if side * side != len(values):
        raise ValueError(f"{where} has {len(values)} pixels, which are no square.")
    if values.min() < 0 or values.max() > 255:
        raise ValueError(f"{where} has a pixel that is not 0 to 255.")
    return values.astype(np.uint8).reshape(side, side)


def write(path: Path, labels: Labels) -> None:
    """Writes a CSV file; one that was read keeps its columns."""
    faces = [entry for entry in labels.entries if entry.names or entry.box]
    names = all_names(faces)
    columns = labels.about.get("csv columns")
    if columns is None:
        boxes = any(entry.box for entry in faces)
        columns = ["image", *(SIDES if boxes else ())]
        columns += [f"{name}_{axis}" for name in names for axis in "xy"]
        columns += ["photograph"] if any(entry.photograph for entry in faces) else []
    columns = [
        *columns,
        *(["Image"] if any(e.pixels is not None for e in faces) and "Image" not in columns else []),
    ]
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(
            file, delimiter=labels.about.get("csv delimiter", ","), lineterminator="\n"
        )
        writer.writerow(columns)
        for entry in faces:
            cells = _cells(entry, names)
            writer.writerow([cells.get(column, "") for column in columns])


def _cells(entry: Entry, names: tuple[str, ...]) -> dict[str, str]:
    """The cells of a face by column."""
    cells = {"image": entry.image, "photograph": entry.photograph or ""}
    if entry.box:
        cells |= {side: digits(value) for side, value in zip(SIDES, entry.box, strict=True)}
    cells |= entry.extra.get("csv", {})
    points, _ = in_order(entry, names)
    for name, point in zip(names, points, strict=True):
        for axis, value in zip("xy", point, strict=True):
            cells[f"{name}_{axis}"] = "" if np.isnan(value) else digits(value)
    if entry.pixels is not None:
        cells["Image"] = " ".join(map(str, entry.pixels.ravel().tolist()))
    return cells
