"""Formats of label files, a module each: dlib, pts, coco, cvat, labelme and table (CSV).

Each reads a file into `Labels` and writes them back unchanged, to the last digit. What may be used
from outside: `Entry` and `Labels`, `read_labels`, `write_labels`, `FORMATS`, `label_files` (those
of a folder), `text_of`, `read_points` and `left_over` (of .pts files).
"""

import re
from pathlib import Path

from helpers.formats import coco, cvat, dlib, labelme, pts, table
from helpers.formats.coco import parse_json
from helpers.formats.labels import (
    Box,
    Entry,
    Labels,
    all_names,
    in_order,
    numbered,
    read_text,
    visible,
)
from helpers.formats.pts import left_over, read_points, text_of

FORMATS = {
    "dlib": "dlib's XML, one file",
    "pts": ".pts, a file beside each picture",
    "coco": "COCO keypoints, one JSON file",
    "cvat": "CVAT for images 1.1, one XML file",
    "labelme": "LabelMe, a JSON file beside each picture",
    "csv": "CSV as Kaggle's facial keypoints, one file",
}
KNOW_IGNORED = ("dlib", "coco")  # mark what is not to be learned from
ENDINGS = {".xml": "dlib", ".json": "coco", ".csv": "csv", ".pts": "pts"}
READERS = {
    "dlib": dlib.read,
    "pts": pts.read,
    "coco": coco.read,
    "cvat": cvat.read,
    "labelme": labelme.read,
    "csv": table.read,
}
WRITERS = {
    "dlib": dlib.write,
    "pts": pts.write,
    "coco": coco.write,
    "cvat": cvat.write,
    "labelme": labelme.write,
    "csv": table.write,
}


def format_of(path: Path) -> str:
    """The format of a label file, by its ending and, for XML and JSON, by what it holds.

    Raises ValueError, one sentence that names the file, where it is none of them.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise ValueError(f"{path}: cannot be read (there is no such file).")
    if ending == ".xml":
        tag = _root(path)
        if tag == "annotation":
            raise ValueError(f"{path}: is Pascal VOC's XML, which has boxes and no points.")
        if tag not in ("", "annotations", "dataset"):
            raise ValueError(
                f"{path}: begins with <{tag}>, neither dlib's <dataset> nor CVAT's <annotations>."
            )
        return "cvat" if tag == "annotations" else "dlib"
    if ending == ".json":
        data = parse_json(path)
        if labelme.is_labelme(data):
            return "labelme"
        if isinstance(data, dict) and "annotations" in data and "images" in data:
            return "coco"
        raise ValueError(
            f"{path}: neither COCO keypoints (images, annotations, categories) nor"
            " LabelMe's (shapes, imagePath)."
        )
    if ending in (".csv", ".tsv"):
        return "csv"
    if ending == ".pts":
        return "pts"
    kinds = ", ".join(FORMATS.values())
    raise ValueError(f"{path}: no label file that is known here ({kinds}).")


def _root(path: Path) -> str:
    """The first tag of an XML file, for which not all of it is parsed."""
    text = re.sub(r"<\?.*?\?>|<!--.*?-->", "", read_text(path)[0][:4096], flags=re.S)
    found = re.search(r"<\s*([A-Za-z_][\w.:-]*)", text)
    return found[1] if found else ""


def read_labels(path: str | Path) -> Labels:
    """The entries of a label file, or of a folder of .pts or LabelMe files, as they stand there.

    Raises ValueError, one sentence that names the file, where it is broken or of another format.
    """
    path = Path(path)
    if not path.is_dir():
        return READERS[format_of(path)](path)
    if found := labelme.read_folder(path).entries:
        return Labels(found)
    if found := pts.read_folder(path).entries:
        return Labels(found)
    raise ValueError(f"{path}: holds neither .pts files nor LabelMe's JSON files.")


def target_format(path: Path, form: str | None = None) -> str:
    """The format to write a label file in: `form`, else as its ending says (.xml is dlib's).

    Raises ValueError where neither is a key of FORMATS.
    """
    form = form or ENDINGS.get(path.suffix.lower())
    if form is None:
        raise ValueError(f"{path}: its ending names no format; --to takes {', '.join(FORMATS)}.")
    if form not in FORMATS:
        raise ValueError(f"{form}: no format that is known here ({', '.join(FORMATS)}).")
    return form


def write_labels(path: str | Path, labels: Labels, form: str | None = None) -> None:
    """Writes entries as a label file or, for `pts` and `labelme`, a folder of them.

    form: a key of FORMATS, by default as the ending says (.xml is dlib's, .json COCO's). Raises
    ValueError where the format cannot hold what there is.
    """
    path = Path(path)
    form = target_format(path, form)
    ignored = [one.image for one in labels.entries if one.ignored]
    if ignored and form not in KNOW_IGNORED:
        raise ValueError(
            f"{path}: {form} cannot say that a face is ignored, as one of {ignored[0]} is; "
            f"{' and '.join(KNOW_IGNORED)} can."
        )
    folders = {"pts": pts.write_folder, "labelme": labelme.write_folder}
    single = path.suffix.lower() in (".pts", ".json") and not path.is_dir()
    if form in folders and not single:
        folders[form](path, labels)
    else:
        WRITERS[form](path, labels)


def label_files(folder: Path) -> list[Path]:
    """The label files in a folder and the folders in it; .pts files only where nothing else is.

    Of JSON, XML, CSV and TSV files, those of a known format. Raises ValueError for broken JSON.
    """
    found = []
    for path in visible(folder):
        if path.suffix.lower() not in (".xml", ".json", ".csv", ".tsv"):
            continue
        if path.suffix.lower() in (".csv", ".tsv"):
            known = "_x" in table.without_excel(read_text(path)[0]).split("\n", 1)[0]
        elif path.suffix.lower() == ".xml":
            known = _root(path) in ("dataset", "annotations")
        else:
            data = parse_json(path)
            known = labelme.is_labelme(data) or (isinstance(data, dict) and "annotations" in data)
        found += [path] if known else []
    return found or visible(folder, "*.pts")


__all__ = [
    "FORMATS",
    "Box",
    "Entry",
    "Labels",
    "all_names",
    "format_of",
    "in_order",
    "label_files",
    "left_over",
    "numbered",
    "read_labels",
    "read_points",
    "read_text",
    "target_format",
    "text_of",
    "write_labels",
]
