"""Makes the README's pictures: the course, demo people, what notebook 01 draws, and every filter.

`python tools/make_pictures.py`, after `python tools/run_notebooks.py --store`. With `--faces` also
the eight demo people of tests/faces, on which committed weights are scored again and again: their
figures in bench/results.json change with them.
"""

import argparse
import base64
import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from helpers.annotations import image_entry, label_list
from helpers.boxes import detector_box
from helpers.diagram import course, resnet18
from helpers.filters import filter_names, load_filter, wear
from helpers.people import SOURCE, View, contact_sheet, draw_person, photograph, sample_person
from helpers.storage import whole_file
from stamp import ROOT, read_notebook, write_whole


def drawn_by(notebook: Path, tag: str) -> Image.Image:
    """The last picture among the stored outputs of the cell with a tag."""
    cells = read_notebook(notebook).cells
    (cell,) = [cell for cell in cells if tag in cell.metadata.get("tags", [])]
    pictures = [output.data["image/jpeg"] for output in cell.outputs if "data" in output]
    return Image.open(io.BytesIO(base64.b64decode(pictures[-1]))).convert("RGB")


def filter_sheet(tile: int = 144) -> np.ndarray:
    """Every filter on three people who turn, tilt and talk: RGB uint8 [H, W, 3], a column each."""
    views = [
        View(yaw=-28, smile=0.7),
        View(yaw=12, mouth_open=0.9),
        View(yaw=32, roll=18, smile=0.8),
    ]
    rows = []
    for view, seed in zip(views, (1, 7, 42), strict=True):
        person = sample_person(np.random.default_rng(seed))
        place = [(150, 195)], [118], (320, 300)
        picture, marks = photograph([person], [view], *place, seed, "bokeh", [""])
        rows.append([wear(picture, marks, load_filter(name)) for name in filter_names()])
    tiles = [np.vstack([row[k] for row in rows]) for k in range(len(filter_names()))]
    sheet = np.hstack(tiles)
    width = len(tiles) * tile
    return cv2.resize(
        sheet, (width, round(width * sheet.shape[0] / sheet.shape[1])), interpolation=cv2.INTER_AREA
    )


def make_faces(folder: Path, count: int = 8) -> None:
    """Writes demo people of seeds that no other data set has, and their label file."""
    entries = []
    for index in range(count):
        rng = np.random.default_rng([2026, index])
        person, seed = sample_person(rng), int(rng.integers(2**31))
        picture, marks = draw_person(person, seed=seed, shape=(240, 240), face_width=90)
        with whole_file(folder / f"{index}.jpg") as partial:
            Image.fromarray(picture).save(partial, "jpeg", quality=88)
        box = detector_box(marks, rng)
        entries.append(image_entry(f"{index}.jpg", picture.shape, box, marks))
    with whole_file(folder / "labels_faces_test.xml") as partial:
        text = label_list("Demo people - faces that tests score", SOURCE, entries)
        partial.write_text(text, "iso-8859-1")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", action="store_true", help="also the demo people of tests/faces")
    if parser.parse_args(arguments).faces:
        make_faces(ROOT / "tests" / "faces")
    for name, drawing in {"course.svg": course(), "resnet18.svg": resnet18()}.items():
        write_whole(ROOT / "docs" / name, drawing.data + "\n")
        print(f"docs/{name}")
    pictures = {
        "filters.jpg": Image.fromarray(filter_sheet()),
        "people.jpg": Image.fromarray(contact_sheet()),
        "result.jpg": drawn_by(ROOT / "notebooks" / "01_download.ipynb", "readme"),
    }
    for name, picture in pictures.items():
        with whole_file(ROOT / "docs" / name) as partial:
            picture.save(partial, "jpeg", quality=88)
        print(f"docs/{name}: {picture.width} x {picture.height}")


if __name__ == "__main__":
    main()
