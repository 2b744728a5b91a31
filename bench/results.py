"""Writes the figures of results.json into README, docs, cards and notebooks.

`python -m bench.results`; with `--check` it writes nothing and fails where one is out of step.
"""

import argparse
import json
import sys
from pathlib import Path

import nbformat

from bench import RESULTS
from bench.cells import notebook_cells
from bench.pages import cards, docs, readme
from helpers.storage import whole_file

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- made by python -m bench.results -->\n", "<!-- end -->"


def pages() -> dict[Path, str]:
    """Each file that shows figures of results.json, with the text that it has to have."""
    results = json.loads(RESULTS.read_text("utf-8"))
    parts = {"README.md": readme(results), "helpers/assets/README.md": cards(results)}
    texts = {ROOT / name: with_part(ROOT / name, made) for name, made in parts.items()}
    texts[ROOT / "docs" / "results.md"] = docs(results)
    for name, cells in notebook_cells(results).items():
        path = ROOT / "notebooks" / f"{name}.ipynb"
        texts[path] = with_cells(path, cells)
    return texts


def with_part(path: Path, made: str) -> str:
    """A file with another text between its two marks."""
    text = path.read_text("utf-8")
    for mark in (BEGIN, END):
        if text.count(mark) != 1:
            sys.exit(f"{path}: has the mark {mark.strip()!r} {text.count(mark)} times, not once.")
    head, rest = text.split(BEGIN)
    return head + BEGIN + made + END + rest.split(END)[1]


def with_cells(path: Path, cells: dict[str, str]) -> str:
    """A notebook's file with other texts in the cells that have these tags."""
    notebook = nbformat.read(path, as_version=4)
    for tag, text in cells.items():
        cells_with_it = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
        if len(cells_with_it) != 1:
            sys.exit(f"{path}: {len(cells_with_it)} cells have the tag {tag!r}, not one.")
        cells_with_it[0].source = text
    return nbformat.writes(notebook) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.results", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of step")
    check = parser.parse_args().check
    stale = {
        path: text
        for path, text in pages().items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    if check and stale:
        names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
        sys.exit(f"{names}: not the figures of bench/results.json; run python -m bench.results.")
    for path, text in stale.items():
        with whole_file(path) as partial:
            partial.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
