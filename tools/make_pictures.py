"""Makes the README's pictures: the contact sheet of demo people, and what notebook 05 drew.

`python tools/make_pictures.py`, after `python tools/run_notebooks.py --store`. With `--faces` also
the eight demo people of tests/faces, on which committed weights are scored again and again: their
figures in bench/results.json change with them.
"""

import base64
import io
import sys
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image

from helpers.dlib_layout import image_entry, label_list
from helpers.files import whole_file
from helpers.people import SOURCE, contact_sheet, detector_box, draw_person, sample_person

ROOT = Path(__file__).resolve().parent.parent


def drawn_by(notebook: Path, tag: str) -> Image.Image:
    """The last picture among the stored outputs of the cell with a tag."""
    cells = nbformat.read(notebook, as_version=4).cells
    (cell,) = [cell for cell in cells if tag in cell.metadata.get("tags", [])]
    pictures = [output.data["image/jpeg"] for output in cell.outputs if "data" in output]
    return Image.open(io.BytesIO(base64.b64decode(pictures[-1]))).convert("RGB")


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


def main() -> None:
    if "--faces" in sys.argv[1:]:
        make_faces(ROOT / "tests" / "faces")
    pictures = {
        "people.jpg": Image.fromarray(contact_sheet()),
        "result.jpg": drawn_by(ROOT / "notebooks" / "05_predict.ipynb", "readme"),
    }
    for name, picture in pictures.items():
        with whole_file(ROOT / "docs" / name) as partial:
            picture.save(partial, "jpeg", quality=88)
        print(f"docs/{name}: {picture.width} x {picture.height}")


if __name__ == "__main__":
    main()
