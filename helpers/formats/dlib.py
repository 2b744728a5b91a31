"""dlib's XML, as its imglab and the one for the web write it: `<image>`, `<box>`, `<part>`."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from helpers.formats.labels import Entry, Labels, digits, number, read_text, size_of
from helpers.storage import whole_file

SIDES = ("left", "top", "width", "height")


def parse_xml(path: Path) -> ElementTree.Element:
    """The root of an XML file; raises ValueError that names the file where it is broken."""
    text, _ = read_text(path)
    try:
        return ElementTree.fromstring(re.sub(r"^\s*<\?xml.*?\?>", "", text, flags=re.S).lstrip())
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ValueError(f"{path}: not a whole XML file ({error}).") from error


def read(path: Path) -> Labels:
    """The entries of a label file of dlib's. A part that a box lacks is a missing point."""
    root = parse_xml(path)
    entries = []
    for image in root.findall("images/image"):
        name = image.get("file", "")
        where = f"{path}: {name or 'an entry without a file name'}"
        size = size_of(image.get("width"), image.get("height"))
        more = {k: v for k, v in image.attrib.items() if k not in ("file", "width", "height")}
        boxes = image.findall("box")
        entries += [_entry(path, name, size, box, where, more) for box in boxes]
        if not boxes:
            entries.append(Entry(name, size, place=path.parent, extra={"dlib image": more}))
    about = {tag: root.findtext(tag) for tag in ("name", "comment")}
    return Labels(entries, {tag: text for tag, text in about.items() if text is not None})


def parts_of(box: ElementTree.Element) -> tuple[list[ElementTree.Element], bool]:
    """The `<part>`s of a `<box>`, and whether it is to be ignored.

    Whatever stands in one that is, imglab shows it crossed out and dlib leaves it out: only parts
    with a name and a place count.
    """
    parts = box.findall("part")
    if box.get("ignore", "0").lower() in ("0", "false", "no", ""):
        return parts, False
    return [part for part in parts if all(part.get(key) for key in ("name", "x", "y"))], True


def _entry(
    path: Path,
    name: str,
    size: tuple[int, int] | None,
    box: ElementTree.Element,
    where: str,
    more: dict[str, str],
) -> Entry:
    """The entry of one `<box>`."""
    sides = tuple(number(box.get(side), where) for side in SIDES)
    parts, ignored = parts_of(box)
    names = [part.get("name", "") for part in parts]
    twice = {name for name in names if names.count(name) > 1} if len({*names}) < len(names) else ()
    if twice:
        raise ValueError(
            f"{where} has {len(parts)} points, not {len({*names})}: {min(twice)} is there twice."
        )
    points = [[number(part.get(axis), where) for axis in "xy"] for part in parts]
    extra = {k: v for k, v in box.attrib.items() if k not in (*SIDES, "ignore")}
    label = box.findtext("label")
    return Entry(
        name,
        size,
        sides,  # type: ignore[arg-type]
        tuple(names),
        np.array(points, float).reshape(-1, 2),
        np.array([part.get("hidden") == "1" for part in parts], bool),
        ignored,
        path.parent,
        extra={"dlib image": more, "dlib box": extra, "dlib label": label},
    )


def write(path: Path, labels: Labels) -> None:
    """Writes a label file of dlib's, in UTF-8; a missing point has no part in it."""
    lines = opening(labels.about)
    for index, entry in enumerate(labels.entries):
        before = labels.entries[index - 1] if index else None
        if before and before.is_face and entry.is_face and _same_image(before, entry):
            lines[-1:] = [*_box_lines(entry), "  </image>"]
        else:
            lines += image_lines(entry)
    with whole_file(path) as partial:
        partial.write_text("\n".join([*lines, *closing(), ""]), "utf-8")


def opening(about: Mapping[str, Any], encoding: str = "UTF-8") -> list[str]:
    """The lines above the first `<image>`; about: the list's "name" and "comment"."""
    return [
        f"<?xml version='1.0' encoding='{encoding}'?>",
        "<dataset>",
        f"<name>{escape(str(about.get('name') or 'faces'))}</name>",
        f"<comment>{escape(str(about.get('comment') or ''))}</comment>",
        "<images>",
    ]


def image_lines(entry: Entry) -> list[str]:
    """The lines of an `<image>` with one face, or without any."""
    size = f" width='{entry.size[0]}' height='{entry.size[1]}'" if entry.size else ""
    start = f"  <image file={quoteattr(entry.image)}{size}{_attributes(entry, 'dlib image')}>"
    return [start, *(_box_lines(entry) if entry.is_face else []), "  </image>"]


def closing() -> list[str]:
    """The lines below the last `<image>`."""
    return ["</images>", "</dataset>"]


def _same_image(one: Entry, other: Entry) -> bool:
    """Whether two entries stand in one `<image>`."""
    kept = [(e.image, e.size, e.place, e.extra.get("dlib image")) for e in (one, other)]
    return kept[0] == kept[1]


def _box_lines(entry: Entry) -> list[str]:
    """The lines of one `<box>`."""
    if entry.box is None:
        raise ValueError(f"{entry.image}: dlib's format needs a box around each face.")
    sides = "".join(f" {k}='{digits(v)}'" for k, v in zip(SIDES, entry.box, strict=True))
    more = _attributes(entry, "dlib box")
    ignored = " ignore='1'" if entry.ignored else ""
    lines = [f"    <box{sides}{ignored}{more}>"]
    label = entry.extra.get("dlib label")
    lines += [f"      <label>{escape(label)}</label>"] if isinstance(label, str) else []
    for name, (x, y), hidden in zip(entry.names, entry.points, entry.hidden, strict=True):
        if np.isfinite([x, y]).all():
            seen = " hidden='1'" if hidden else ""
            lines.append(
                f"      <part name={quoteattr(name)} x='{digits(x)}' y='{digits(y)}'{seen}/>"
            )
    return [*lines, "    </box>"]


def _attributes(entry: Entry, key: str) -> str:
    """The attributes that this format kept under a key of `extra`, as they stand in a tag."""
    kept = entry.extra.get(key, {})
    return "".join(f" {name}={quoteattr(value)}" for name, value in kept.items())
