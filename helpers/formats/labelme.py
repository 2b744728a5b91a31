"""LabelMe: a JSON file beside each picture, whose shapes are points and rectangles.

Shapes with the same `group_id` are one face; those without one are the picture's only face.
"""

import json
import os.path
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from helpers.formats.coco import parse_json
from helpers.formats.labels import Box, Entry, Labels, digits, number, plain, size_of, visible
from helpers.storage import whole_file

OWN = ("shapes", "imagePath", "imageWidth", "imageHeight")


def is_labelme(data: Any) -> bool:
    """Whether the content of a JSON file is LabelMe's."""
    return isinstance(data, dict) and "shapes" in data and "imagePath" in data


def read(path: Path) -> Labels:
    """The faces of one picture."""
    data = parse_json(path)
    if not is_labelme(data) or not isinstance(data["shapes"], list):
        raise ValueError(f"{path}: not LabelMe's JSON: it has no shapes or no imagePath.")
    name = str(data["imagePath"])
    where = f"{path}: {name}"
    size = size_of(data.get("imageWidth"), data.get("imageHeight"))
    more = {key: value for key, value in data.items() if key not in OWN}
    groups: dict[Any, list[dict[str, Any]]] = {}
    others = []
    try:
        for shape in data["shapes"]:
            kind = shape.get("shape_type", "polygon")
            if kind in ("point", "rectangle"):
                groups.setdefault(shape.get("group_id"), []).append(shape)
            else:
                others.append(shape)
        entries = [_entry(shapes, where, name, size, path) for shapes in groups.values()]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{where} has a shape that is not LabelMe's ({error}).") from error
    if not entries:
        entries = [Entry(name, size, place=path.parent)]
    entries[0].extra.update({"labelme": more, "labelme others": others})
    for entry in entries:
        entry.extra["labelme file"] = path.name
    return Labels(entries)


def read_folder(folder: Path) -> Labels:
    """The faces of all LabelMe files in a folder and the folders in it, by name."""
    files = visible(folder, "*.json")
    return Labels(
        [entry for path in files if is_labelme(parse_json(path)) for entry in read(path).entries]
    )


def _entry(shapes: list[dict[str, Any]], where: str, name: str, size: Any, path: Path) -> Entry:
    """One face."""
    points = [shape for shape in shapes if shape["shape_type"] == "point"]
    frames = [shape for shape in shapes if shape["shape_type"] == "rectangle"]
    names = tuple(str(shape["label"]) for shape in points)
    if len({*names}) < len(names) or len(frames) > 1:
        what = next((n for n in names if names.count(n) > 1), "rectangle")
        raise ValueError(
            f"{where} has {what} twice in one face: give each face of the picture"
            " a group_id of its own."
        )
    values = [_pair(shape["points"][0], where) for shape in points]
    hidden = [bool((shape.get("flags") or {}).get("hidden")) for shape in points]
    but = ("points", "label")
    extra = {
        "labelme shapes": [{k: v for k, v in s.items() if k not in but} for s in points],
        "labelme frame": [{k: v for k, v in s.items() if k != "points"} for s in frames],
        "labelme corners": [s["points"] for s in frames],
    }
    return Entry(
        name,
        size,
        _box(frames[0], where) if frames else None,
        names,
        np.array(values, float).reshape(-1, 2),
        np.array(hidden, bool),
        place=path.parent,
        extra=extra,
    )


def _box(frame: dict[str, Any], where: str) -> Box:
    """The box of a rectangle, whichever two opposite corners, or all four, it is given by."""
    if len(frame["points"]) < 2:
        raise ValueError(f"{where} has a rectangle of fewer than two corners.")
    pairs = [_pair(corner, where) for corner in frame["points"]]
    xs, ys = ([Decimal(digits(value)) for value in values] for values in zip(*pairs, strict=True))
    left, top = min(xs), min(ys)
    return float(left), float(top), float(max(xs) - left), float(max(ys) - top)


def _pair(point: Sequence[Any], where: str) -> tuple[float, float]:
    """The x and y of a point; raises ValueError where it has not both."""
    if len(point) < 2:
        raise ValueError(f"{where} has a point without x and y.")
    return number(point[0], where), number(point[1], where)


def write_folder(folder: Path, labels: Labels) -> None:
    """Writes a JSON file for each picture, named as the picture.

    Raises ValueError where two pictures would have one file, before any is written.
    """
    pictures: dict[tuple[str, object], list[Entry]] = {}
    for entry in labels.entries:
        key = (entry.image, entry.extra.get("labelme file"))
        pictures.setdefault(key, []).append(entry)
    shown: dict[Path, str] = {}
    files = []
    for (image, _), entries in pictures.items():
        # LabelMe seeks a picture from where its file lies, which is mostly beside it.
        beside = folder / PurePosixPath(image.replace("\\", "/"))
        name, path = beside.name, Path(os.path.normpath(beside.with_suffix(".json")))
        if not path.resolve().is_relative_to(folder.resolve()):
            name, path = image, folder / path.name
        if other := shown.get(path.resolve()):
            raise ValueError(f"{path}: is the name for the faces of {other} and of {image}.")
        shown[path.resolve()] = image
        files.append((path, entries, name))
    for one in files:  # once it is known that all have a name
        _write(*one)


def write(path: Path, labels: Labels) -> None:
    """Writes the faces of one picture."""
    if len({entry.image for entry in labels.entries}) != 1:
        raise ValueError(f"{path}: a file of LabelMe's holds one picture: name a folder.")
    first = labels.entries[0]
    name = first.image if "labelme" in first.extra else Path(first.image).name
    _write(path, labels.entries, name)


def _write(path: Path, entries: list[Entry], picture: str) -> None:
    """One file. picture: its name, as seen from the file."""
    shapes = []
    several = sum(entry.is_face for entry in entries) > 1
    for index, entry in enumerate(entries):
        group = {"group_id": index + 1 if several else None}
        fresh: dict[str, Any] = {**group, "description": "", "flags": {}}
        shapes += _frame(entry, fresh)
        kept = entry.extra.get("labelme shapes") or [None] * len(entry.names)
        for name, (x, y), hidden, own in zip(
            entry.names, entry.points, entry.hidden, kept, strict=True
        ):
            if np.isfinite([x, y]).all():
                flags = {"flags": {"hidden": True}} if hidden else {}
                more = own or {**fresh, "shape_type": "point", **flags}
                shapes.append({"label": name, "points": [[plain(x), plain(y)]], **more})
    first = entries[0]
    size = {"imageHeight": first.size[1], "imageWidth": first.size[0]} if first.size else {}
    about = first.extra.get("labelme") or {"version": "5.5.0", "flags": {}, "imageData": None}
    shapes += first.extra.get("labelme others", [])
    data = {**about, "shapes": shapes, "imagePath": picture, **size}
    with whole_file(path) as partial:
        partial.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _frame(entry: Entry, fresh: dict[str, Any]) -> list[dict[str, Any]]:
    """The rectangle of a face, if it has a box: as it was drawn, if it was."""
    if entry.box is None:
        return []
    left, top, width, height = (Decimal(digits(side)) for side in entry.box)
    corners = [
        [plain(float(left)), plain(float(top))],
        [plain(float(left + width)), plain(float(top + height))],
    ]
    kept = entry.extra.get("labelme frame")
    own = kept[0] if kept else {"label": "face", "shape_type": "rectangle", **fresh}
    drawn = entry.extra.get("labelme corners")
    return [{**own, "points": drawn[0] if drawn else corners}]
