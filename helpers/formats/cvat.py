"""CVAT for images 1.1: `<image>` with shapes; a face is a skeleton, or points, perhaps in a box.

The layout is that of docs.cvat.ai/docs/other/xml_format. A face is one of these: a `<skeleton>`;
a `<points>` shape with all its points in one; or several `<points>` of one point each, named by
their labels. Shapes with the same `group_id` belong together, without it a box to the points in it.
Other shapes, such as polygons, are no part of a face; they are written back as they came.
"""

import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from helpers.formats.dlib import parse_xml
from helpers.formats.labels import Box, Entry, Labels, digits, number, numbered, size_of
from helpers.storage import whole_file

CORNERS = ("xtl", "ytl", "xbr", "ybr")
OWN = ("skeleton", "points", "box")  # the shapes that faces are made of
STATE = ("points", "outside", "occluded")  # where a point is, and whether it is there


def read(path: Path) -> Labels:
    """The entries of a CVAT file, in its order."""
    root = parse_xml(path)
    if root.find("track") is not None and root.find("image") is None:
        raise ValueError(f"{path}: is CVAT's for videos: export it as CVAT for images 1.1.")
    entries = []
    for image in root.findall("image"):
        name = image.get("name", "")
        where = f"{path}: {name or 'an image without a name'}"
        size = size_of(image.get("width"), image.get("height"))
        more = {k: v for k, v in image.attrib.items() if k not in ("name", "width", "height")}
        start: dict[str, Any] = {"image": name, "size": size, "place": path.parent}
        others = [ElementTree.tostring(s, "unicode").strip() for s in image if s.tag not in OWN]
        of_image = {"cvat image": more, "cvat others": others}
        faces = _faces(image, where)
        entries += [
            Entry(**start, **face, extra=of_image | {"cvat": extra}) for face, extra in faces
        ]
        if not faces:
            entries.append(Entry(**start, extra=of_image))
    meta = root.find("meta")
    about = {} if meta is None else {"cvat meta": ElementTree.tostring(meta, "unicode").strip()}
    return Labels(entries, about)


def _faces(image: ElementTree.Element, where: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The faces of an image: what an Entry is made of, and what only this format says."""
    shapes = [s for s in image if s.tag in ("skeleton", "points")]
    boxes = [(box, _box(box, where)) for box in image.findall("box")]
    groups: list[list[ElementTree.Element]] = []
    singles: dict[object, list[ElementTree.Element]] = {}
    for shape in shapes:
        single = shape.tag == "points" and ";" not in shape.get("points", "")
        group = shape.get("group_id") or None
        if not single:
            groups.append([shape])
            continue
        key = group or _box_with(_xy(shape, where)[0], boxes)
        if key not in singles:
            singles[key] = []
            groups.append(singles[key])
        singles[key].append(shape)
    faces = [_face(members, where) for members in groups]
    own = _boxes_of(groups, [face["points"] for face, _ in faces], boxes)
    for which, (face, extra) in enumerate(faces):
        if which in own:
            box, face["box"] = boxes[own[which]]
            extra |= {"box": _attributes(box, CORNERS), "box inside": _inside(box)}
    for index, (box, at) in enumerate(boxes):
        if index not in own.values():
            extra = {"box": _attributes(box, CORNERS), "box inside": _inside(box)}
            faces.append(({"box": at}, extra))
    return faces


def _boxes_of(
    groups: list[list[ElementTree.Element]],
    points: list[np.ndarray],
    boxes: list[tuple[ElementTree.Element, Box]],
) -> dict[int, int]:
    """Which box is whose: the number of a face -> that of its box.

    The same `group_id` tells; else the face's middle lies in the box, and nearest to its centre.
    Where there is one face alone and one box alone, it has it.
    """
    own: dict[int, int] = {}
    for face, members in enumerate(groups):
        group = members[0].get("group_id")
        same = [i for i, (box, _) in enumerate(boxes) if group and box.get("group_id") == group]
        if same and same[0] not in own.values():
            own[face] = same[0]
    pairs = []
    for face, places in enumerate(points):
        if face in own or not np.isfinite(places).any():
            continue
        for index, (box, (left, top, width, height)) in enumerate(boxes):
            half = np.array([width, height]) / 2
            away = abs(np.nanmean(places, 0) - (left, top) - half)
            alone = len(groups) == len(boxes) == 1
            if not box.get("group_id") and ((away <= half).all() or alone):
                pairs.append((np.hypot(*away), face, index))
    for _, face, index in sorted(pairs):
        if face not in own and index not in own.values():
            own[face] = index
    return own


def _face(members: list[ElementTree.Element], where: str) -> tuple[dict, dict]:
    """The points of one face, from one skeleton, one shape of many points, or many of one."""
    first = members[0]
    if first.tag == "skeleton" or len(members) > 1 or ";" not in first.get("points", ""):
        skeleton = first.tag == "skeleton"
        shapes = list(first.findall("points")) if skeleton else members
        names = tuple(shape.get("label", "") for shape in shapes)
        if len({*names}) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(
                f"{where} has the point {twice} twice in one face; group_id tells"
                " the faces of a picture apart."
            )
        points = np.array([_xy(shape, where)[0] for shape in shapes], float).reshape(-1, 2)
        gone = np.array([shape.get("outside") == "1" for shape in shapes], bool)
        hidden = np.array([shape.get("occluded") == "1" for shape in shapes], bool)
        points[gone] = np.nan
        extra = {
            "style": "skeleton" if skeleton else "singles",
            "shape": _attributes(first, ()) if skeleton else {},
            "points": [_attributes(s, ("label", *STATE)) for s in shapes],
            "gone": [_of(s, STATE) if out else {} for s, out in zip(shapes, gone, strict=True)],
            "inside": "" if skeleton else [_inside(shape) for shape in shapes],
        }
        if skeleton:
            extra["inside"] = _inside(first)
        return {"names": names, "points": points, "hidden": hidden & ~gone}, extra
    points = _xy(first, where)
    extra = {"style": "points", "shape": _attributes(first, ("points",)), "inside": _inside(first)}
    hidden = np.full(len(points), first.get("occluded") == "1")
    return {"names": numbered(len(points)), "points": points, "hidden": hidden}, extra


def _xy(shape: ElementTree.Element, where: str) -> np.ndarray:
    """The coordinates of a shape: float64 [n, 2]."""
    pairs = [pair.split(",") for pair in shape.get("points", "").split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"{where} has text or nothing where a number belongs.")
    return np.array([[number(value, where) for value in pair] for pair in pairs], float)


def _box(box: ElementTree.Element, where: str) -> Box:
    """The sides of a `<box>`, subtracted in decimals, so that no digit is lost."""
    left, top, right, bottom = (
        Decimal(digits(number(box.get(corner), where))) for corner in CORNERS
    )
    return float(left), float(top), float(right - left), float(bottom - top)


def _box_with(point: np.ndarray, boxes: list[tuple[ElementTree.Element, Box]]) -> int | None:
    """Which of some boxes a point lies in: the smallest; the only one takes all."""
    if len(boxes) == 1:
        return 0
    inside = [
        (box[2] * box[3], index)
        for index, (_, box) in enumerate(boxes)
        if 0 <= point[0] - box[0] <= box[2] and 0 <= point[1] - box[1] <= box[3]
    ]
    return min(inside)[1] if inside else None


def _attributes(shape: ElementTree.Element, but: tuple[str, ...]) -> dict[str, str]:
    """The attributes of a shape, but for those that an Entry holds."""
    return {key: value for key, value in shape.attrib.items() if key not in but}


def _of(shape: ElementTree.Element, names: tuple[str, ...]) -> dict[str, str]:
    """Those of a shape's attributes that have one of the names."""
    return {key: value for key, value in shape.attrib.items() if key in names}


def _inside(shape: ElementTree.Element) -> str:
    """The `<attribute>`s of a shape, as text."""
    inner = shape.findall("attribute")
    return "".join(ElementTree.tostring(one, "unicode").strip() for one in inner)


def write(path: Path, labels: Labels) -> None:
    """Writes a CVAT file: skeletons, unless a face was read as another kind of shape."""
    lines = ["<?xml version='1.0' encoding='utf-8'?>", "<annotations>", "  <version>1.1</version>"]
    lines += [labels.about["cvat meta"]] if "cvat meta" in labels.about else []
    open_image: str | None = None
    others: list[str] = []
    count = 0
    for index, entry in enumerate(labels.entries):
        if entry.image != open_image or not entry.is_face:
            lines += [*others, "  </image>"] if open_image is not None else []
            others = [f"    {shape}" for shape in entry.extra.get("cvat others", ())]
            more = entry.extra.get("cvat image") or {"id": str(count)}
            size = {"width": entry.size[0], "height": entry.size[1]} if entry.size else {}
            lines.append(f"  <image{_written({**more, 'name': entry.image, **size})}>")
            open_image, count = entry.image, count + 1
        if entry.is_face:
            lines += _shape_lines(entry, str(index + 1))
    lines += [*others, "  </image>"] if open_image is not None else []
    with whole_file(path) as partial:
        partial.write_text("\n".join([*lines, "</annotations>", ""]), "utf-8")


def _shape_lines(entry: Entry, group: str) -> list[str]:
    """The lines of one face. A file of another format gets a group for each, so none mix."""
    kept = entry.extra.get("cvat", {})
    fresh = {"label": "face", "source": "manual", "group_id": group}
    lines = []
    if entry.box:
        left, top, width, height = (Decimal(digits(side)) for side in entry.box)
        corners = dict(zip(CORNERS, (left, top, left + width, top + height), strict=True))
        own = kept.get("box") or ({} if kept else {**fresh, "occluded": "0", "z_order": "0"})
        corners = {key: f"{value:f}" for key, value in corners.items()}  # type: ignore[misc]
        lines.append(f"    <box{_written({**own, **corners})}>{kept.get('box inside', '')}</box>")
    if not entry.names:
        return lines
    pairs = [
        f"{digits(x)},{digits(y)}" if np.isfinite([x, y]).all() else "0,0" for x, y in entry.points
    ]
    style = kept.get("style", "skeleton")
    shape = kept.get("shape") or ({} if kept else {**fresh, "z_order": "0"})
    if style == "points":
        inside = kept.get("inside", "")
        return [
            *lines,
            f"    <points{_written({**shape, 'points': ';'.join(pairs)})}>{inside}</points>",
        ]
    own_points = kept.get("points") or [{}] * len(pairs)
    was = kept.get("gone") or [{}] * len(pairs)  # what stood at a point that is still missing
    inside = kept.get("inside", "") if style == "singles" else [""] * len(pairs)
    points = []
    for index, pair in enumerate(pairs):
        gone = not np.isfinite(entry.points[index]).all()
        state = {"outside": str(int(gone))} if style == "skeleton" else {}
        state |= {"occluded": str(int(entry.hidden[index]))}
        tag = {"label": entry.names[index], **state, "points": pair, **own_points[index]}
        tag |= was[index] if gone else {}
        points.append(f"      <points{_written(tag)}>{inside[index]}</points>")
    if style == "singles":
        return [*lines, *points]
    return [
        *lines,
        f"    <skeleton{_written(shape)}>{kept.get('inside', '')}",
        *points,
        "    </skeleton>",
    ]


def _written(attributes: dict[str, Any]) -> str:
    """Attributes as they stand in a tag."""
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in attributes.items())
