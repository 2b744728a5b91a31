"""Makes the README's pictures: the contact sheet of demo people, and what notebook 05 drew.

`python tools/make_pictures.py`, after `python tools/run_notebooks.py --store`.
"""

import base64
import io
from pathlib import Path

import nbformat
from PIL import Image

from helpers.files import whole_file
from helpers.people import contact_sheet

ROOT = Path(__file__).resolve().parent.parent


def drawn_by(notebook: Path, tag: str) -> Image.Image:
    """The last picture among the stored outputs of the cell with a tag."""
    cells = nbformat.read(notebook, as_version=4).cells
    (cell,) = [cell for cell in cells if tag in cell.metadata.get("tags", [])]
    pictures = [output.data["image/jpeg"] for output in cell.outputs if "data" in output]
    return Image.open(io.BytesIO(base64.b64decode(pictures[-1]))).convert("RGB")


def main() -> None:
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
