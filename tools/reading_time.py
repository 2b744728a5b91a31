"""Prints how many minutes a reader needs for each notebook, by what is in it.

    python tools/reading_time.py

The paces are those of people who read to learn: text 200 words a minute (Carver 1992, "Reading
rate: theory, research, and practical implications", Journal of Reading 36), code 500 lines an hour,
as fast as reviewers read it who still find faults (Cohen 2006, "Best kept secrets of peer code
review"). A picture has 20 seconds and a printed output 10, by our own clock. Exercises, sliders
and waiting come on top. `TEACHING.md` has the minutes; a test holds them.
"""

import re
from pathlib import Path

from nbformat import NotebookNode

from stamp import ROOT, numbered, read_notebook

WORDS, LINES, PICTURES, PRINTED = 200, 500 / 60, 3, 6  # a minute
AFTERNOONS = ("01", "02", "03", "03b", "03c", "04", "04b", "05")


def prose(cell: NotebookNode) -> str:
    """What a reader reads of a markdown cell: no exercises, no table, no address of a link."""
    if cell.metadata.get("tags"):
        return ""
    text = re.split(r"^## (?:Exercises|Project)", cell.source, flags=re.MULTILINE)[0]
    text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\]\([^)]*\)", "]", text)


def minutes(notebook: NotebookNode) -> int:
    """Minutes to read a notebook with its outputs, without exercises."""
    total = 0.0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            total += len(prose(cell).split()) / WORDS
            if re.search(r"^## Exercises", cell.source, flags=re.MULTILINE):
                break
            continue
        if "colab" not in cell.metadata.get("tags", []):
            total += sum(bool(line.strip()) for line in cell.source.splitlines()) / LINES
        for output in cell.get("outputs", []):
            drawn = any(kind.startswith("image/") for kind in output.get("data", {}))
            total += 1 / (PICTURES if drawn else PRINTED)
    return round(total)


def number(path: Path) -> str:
    """The number that a notebook's name begins with."""
    return path.stem.split("_")[0]


def main() -> None:
    course = [path for path in numbered(ROOT / "notebooks") if path.stem[0].isdigit()]
    found = {number(path): minutes(read_notebook(path)) for path in course}
    for path in course:
        print(f"{path.stem:>20}: {found[number(path)]:3} minutes")
    print(f"01 to 05: {sum(found[name] for name in AFTERNOONS)} minutes")


if __name__ == "__main__":
    main()
