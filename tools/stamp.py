"""Writes the first three cells of each notebook: badge, Colab cell, and "you are here".

The repository's address stands in one place, `[project.urls] Repository` of pyproject.toml; the
order of the notebooks in another, `COURSE` of `helpers.diagram`.

    python tools/stamp.py            writes it
    python tools/stamp.py --check    fails where a notebook is out of step
"""

import argparse
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.diagram import here
from helpers.storage import whole_file

ROOT = Path(__file__).resolve().parent.parent
TRAINS = {"04_train"}  # notebooks for which Colab is asked for a GPU

# The title and the metadata fold the cell away, on Colab and in JupyterLab.
COLAB_CELL = """\
# @title Colab only: get the course's code (elsewhere this does nothing) {{ display-mode: "form" }}
import sys

if "google.colab" in sys.modules and "{folder}" not in sys.path:
    import os

    clone = "git clone -q --depth 1 {address}"
    if not os.path.isdir("{folder}") and os.system(clone) != 0:
        raise RuntimeError(f"The course's code did not arrive. This failed: {{clone}}")
    sys.path.insert(0, "{folder}")"""
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({link})"


def read_address(project: Path = ROOT / "pyproject.toml") -> str:
    """The address of the repository, as pyproject.toml has it."""
    return tomllib.loads(project.read_text("utf-8"))["project"]["urls"]["Repository"].rstrip("/")


def colab_cell(address: str) -> str:
    """The source of the cell that gets the course's code on Colab."""
    folder = address.rsplit("/", 1)[-1].removesuffix(".git")  # as `git clone` names it
    return COLAB_CELL.format(address=address, folder=folder)


def badge(address: str, name: str) -> str:
    """The markdown of the badge of notebooks/`name`.ipynb."""
    place = address.removeprefix("https://github.com/").removesuffix(".git")
    colab = "https://colab.research.google.com/github"
    return BADGE.format(link=f"{colab}/{place}/blob/main/notebooks/{name}.ipynb")


def stamp(notebook: NotebookNode, name: str, address: str) -> NotebookNode:
    """Puts badge, Colab cell, "you are here" and metadata into a notebook (in place); returns it.

    The three cells are known by their tags, `badge`, `colab` and `here`. They become the first,
    wherever they were, so that no paragraph is torn from its code; a missing one is made.
    """
    first = _taken(notebook.cells, "badge") or nbformat.v4.new_markdown_cell(id="badge")
    first.source, first.metadata = badge(address, name), nbformat.from_dict({"tags": ["badge"]})
    second = _taken(notebook.cells, "colab") or nbformat.v4.new_code_cell(id="colab")
    second.source = colab_cell(address)
    second.metadata = nbformat.from_dict({"tags": ["colab"]} | FOLDED)
    third = _taken(notebook.cells, "here") or nbformat.v4.new_markdown_cell(id="here")
    third.source, third.metadata = here(name), nbformat.from_dict({"tags": ["here"]})
    notebook.cells[:0] = [first, second, third]
    notebook.metadata = notebook_metadata(name)
    return notebook


def notebook_metadata(name: str) -> NotebookNode:
    """All that a notebook's metadata holds: nothing of the machine or version that ran it."""
    # As JupyterLab writes them, or a notebook would count as changed when it is opened; the
    # language's version, which differs from machine to machine, tools/lab adds and takes away.
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata: dict[str, object] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    if name in TRAINS:
        metadata |= {"accelerator": "GPU", "colab": {"gpuType": "T4"}}
    return nbformat.from_dict(metadata)


def _taken(cells: list[NotebookNode], tag: str) -> NotebookNode | None:
    """The first cell with that tag, taken out of the list, or None."""
    tags = [cell.metadata.get("tags", []) for cell in cells]
    return next((cells.pop(i) for i, own in enumerate(tags) if tag in own), None)


def read_notebook(path: Path) -> NotebookNode:
    """A notebook of format 4."""
    return nbformat.read(path, as_version=4)


def as_text(notebook: NotebookNode) -> str:
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
