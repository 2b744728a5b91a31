"""Writes the repository's address into the notebooks: their Colab badges and first cells.

The address stands in one place, `[project.urls] Repository` of pyproject.toml.

    python tools/stamp.py            writes it
    python tools/stamp.py --check    fails where a notebook is out of step
"""

import argparse
import sys
import tomllib
from pathlib import Path

import nbformat

from helpers.files import whole_file

ROOT = Path(__file__).resolve().parent.parent
TRAINS = {"04_train"}  # notebooks for which Colab is asked for a GPU

FIRST_CELL = """\
import sys

if "google.colab" in sys.modules and "{folder}" not in sys.path:
    import os  # on Colab, this cell gets the course's code; anywhere else it does nothing

    clone = "git clone -q --depth 1 {address}"
    if not os.path.isdir("{folder}") and os.system(clone) != 0:
        raise RuntimeError(f"The course's code did not arrive. This failed: {{clone}}")
    sys.path.insert(0, "{folder}")"""

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"


def read_address(project: Path = ROOT / "pyproject.toml") -> str:
    """The address of the repository, as pyproject.toml has it."""
    return tomllib.loads(project.read_text("utf-8"))["project"]["urls"]["Repository"].rstrip("/")


def first_cell(address: str) -> str:
    """The source of the first code cell."""
    folder = address.rsplit("/", 1)[-1].removesuffix(".git")  # as `git clone` names it
    return FIRST_CELL.format(address=address, folder=folder)


def badge(address: str, name: str) -> str:
    """The markdown of the badge of notebooks/`name`.ipynb."""
    place = address.removeprefix("https://github.com/").removesuffix(".git")
    colab = "https://colab.research.google.com/github"
    return BADGE.format(link=f"{colab}/{place}/blob/main/notebooks/{name}.ipynb")


def stamp(notebook, name: str, address: str):
    """Puts badge, first cell and metadata into a notebook (in place) and returns it.

    The two cells are known by their tags, `badge` and `colab`; where one is missing, the badge
    becomes the very first cell and the other one is put before all code.
    """
    cells = notebook.cells
    if not _tagged(cells, "badge"):
        cells.insert(0, nbformat.v4.new_markdown_cell(id="badge", metadata={"tags": ["badge"]}))
    _tagged(cells, "badge").source = badge(address, name)
    if not _tagged(cells, "colab"):
        kinds = [cell.cell_type for cell in cells]
        place = kinds.index("code") if "code" in kinds else len(cells)
        new = nbformat.v4.new_code_cell(id="colab", metadata={"tags": ["colab"]})
        cells.insert(place, new)
    _tagged(cells, "colab").source = first_cell(address)
    notebook.metadata = notebook_metadata(name)
    return notebook


def notebook_metadata(name: str):
    """All that a notebook's metadata holds: nothing of the machine or version that ran it."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    if name in TRAINS:
        metadata |= {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
    return nbformat.from_dict(metadata)


def _tagged(cells, tag: str):
    """The first cell with that tag, or None."""
    return next((cell for cell in cells if tag in cell.metadata.get("tags", [])), None)


def read_notebook(path: Path):
    """A notebook of format 4."""
    return nbformat.read(path, as_version=4)


def as_text(notebook) -> str:
    """A notebook as its file holds it."""
    return nbformat.writes(notebook) + "\n"


def write_whole(path: Path, text: str) -> None:
    """Writes a file whole or not at all, with the same line ends on every system."""
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8", newline="\n")


def numbered(folder: Path) -> list[Path]:
    """The notebooks of the course in a folder, in their order."""
    return sorted(folder.glob("*.ipynb"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of step")
    parser.add_argument("--notebooks", type=Path, default=ROOT / "notebooks", metavar="DIR")
    arguments = parser.parse_args()
    address, behind = read_address(), []
    for path in numbered(arguments.notebooks):
        text = as_text(stamp(read_notebook(path), path.stem, address))
        if text != path.read_text("utf-8"):
            behind.append(path.name)
            if not arguments.check:
                write_whole(path, text)
    if behind:
        print("out of step:" if arguments.check else "stamped:", ", ".join(behind))
    return int(arguments.check and bool(behind))


if __name__ == "__main__":
    sys.exit(main())
