"""COCO keypoints: one JSON file with `images`, `annotations` and `categories`.

The layout is that of cocodataset.org/#format-data: `keypoints` holds x, y and v for each point,
where v is 0 for one that is not labelled (x and y should be 0 then), 1 for one that is labelled
though hidden, and 2 for one that is seen.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from helpers.formats.labels import (
    Entry,
    Labels,
    all_names,
    in_order,
    number,
    numbered,
    plain,
    read_text,
    size_of,
)
from helpers.storage import whole_file

OWN = ("image_id", "bbox", "keypoints", "num_keypoints")


def parse_json(path: Path) -> Any:
    """The content of a JSON file; raises ValueError that names the file where it is broken."""
    try:
        return json.loads(read_text(path)[0])
    except (ValueError, RecursionError) as error:  # ValueError: of a number too long, too
        raise ValueError(f"{path}: not a whole JSON file ({error}).") from error


def read(path: Path) -> Labels:
    """The entries of a COCO file: one for each annotation that has keypoints."""
    data = parse_json(path)
    try:
        images = {image["id"]: image for image in data["images"]}
        names = {c["id"]: tuple(map(str, c.get("keypoints") or ())) for c in data["categories"]}
        annotations = [a for a in data["annotations"] if a.get("keypoints") or names == {}]
        entries = [_entry(path, images, names, a) for a in annotations]
        used = {annotation["image_id"] for annotation in annotations}
        for key, image in images.items():
            if key not in used:
                size = size_of(image.get("width"), image.get("height"))
                entries.append(Entry(_name(path, image), size, place=path.parent))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not COCO keypoints ({error} is missing or wrong).") from error
    others = [a for a in data["annotations"] if not a.get("keypoints")]
    return Labels(entries, {"coco": data | {"annotations": others}})


def _name(path: Path, image: dict) -> str:
    """The name of an image's file; raises ValueError where it has none."""
    if not isinstance(name := image["file_name"], str) or not name:
        raise ValueError(f"{path}: image {image.get('id')} has no file_name that is text.")
    return name


def _entry(path: Path, images: dict, names: dict, annotation: dict) -> Entry:
    """The entry of one annotation."""
    image = images.get(annotation["image_id"])
    if image is None:
        raise ValueError(
            f"{path}: an annotation is of image {annotation['image_id']}, which the"
            " file does not list."
        )
    name = _name(path, image)
    where = f"{path}: {name}"
    values = [number(value, where) for value in annotation["keypoints"]]
    known = names.get(annotation.get("category_id")) or numbered(len(values) // 3)
    if len(values) != 3 * len(known):
        raise ValueError(
            f"{where} has {len(values)} keypoint numbers, not 3 for each of the"
            f" {len(known)} points of its category."
        )
    triples = np.array(values).reshape(-1, 3)
    points = np.where(triples[:, 2:] > 0, triples[:, :2], np.nan)
    box = annotation.get("bbox")
    if box is not None and len(box) != 4:
        raise ValueError(f"{where} has a bbox of {len(box)} numbers, not 4.")
    kept = {key: value for key, value in annotation.items() if key not in OWN}
    # Some tools leave coordinates beside the 0 that says that a point is not labelled.
    absent = {
        point: [plain(x), plain(y)]
        for point, (x, y, state) in zip(known, triples, strict=True)
        if not state > 0 and (x or y)
    }
    return Entry(
        name,
        size_of(image.get("width"), image.get("height")),
        tuple(number(side, where) for side in box) if box else None,  # type: ignore[arg-type]
        known,
        points,
        triples[:, 2] == 1,
        bool(annotation.get("iscrowd")) or bool(annotation.get("ignore")),
        path.parent,
        extra={"coco": kept, "coco absent": absent},
    )


def write(path: Path, labels: Labels) -> None:
    """Writes a COCO file; what one that was read said besides stays in it."""
    kept = labels.about.get("coco", {})
    faces = [entry for entry in labels.entries if entry.is_face]
    names = all_names(faces)
    categories = kept.get("categories") or [
        {"id": 1, "name": "face", "supercategory": "person", "keypoints": names, "skeleton": []}
    ]
    points_of = {c["id"]: tuple(map(str, c.get("keypoints") or ())) for c in categories}
    images = list(kept.get("images", ()))
    numbers = {image["file_name"]: image["id"] for image in images}
    used = {entry.extra["coco"].get("id") for entry in faces if "coco" in entry.extra}
    annotations = list(kept.get("annotations", ()))
    used |= {annotation.get("id") for annotation in annotations}
    fresh = iter(index for index in range(1, len(used) + len(faces) + 2) if index not in used)
    for entry in labels.entries:
        if entry.image not in numbers:
            numbers[entry.image] = 1 + max(
                (n for n in numbers.values() if isinstance(n, int)), default=0
            )
            size = {"width": entry.size[0], "height": entry.size[1]} if entry.size else {}
            images.append({"id": numbers[entry.image], "file_name": entry.image} | size)
        if entry.is_face:
            own = dict(entry.extra.get("coco", {}))
            if "id" not in own:
                own = {"id": next(fresh), "category_id": categories[0]["id"]} | own
                own |= {"iscrowd": int(entry.ignored)}
                if entry.box:
                    own["area"] = plain(entry.box[2] * entry.box[3])
            of = points_of.get(own.get("category_id")) or entry.names
            annotations.append(own | _numbers(entry, of) | {"image_id": numbers[entry.image]})
    data = kept | {"images": images, "annotations": annotations, "categories": categories}
    with whole_file(path) as partial:
        partial.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _numbers(entry: Entry, names: tuple[str, ...]) -> dict[str, Any]:
    """Keypoints, their count and the box of an annotation."""
    points, hidden = in_order(entry, names)
    absent = entry.extra.get("coco absent", {})
    keypoints: list[float | int] = []
    for name, (x, y), behind in zip(names, points, hidden, strict=True):
        there = bool(np.isfinite([x, y]).all())
        gone = [*absent.get(name, (0, 0)), 0]
        keypoints += [plain(x), plain(y), 1 if behind else 2] if there else gone
    seen = {"keypoints": keypoints, "num_keypoints": int(np.isfinite(points).all(1).sum())}
    return seen | ({"bbox": [plain(side) for side in entry.box]} if entry.box else {})
