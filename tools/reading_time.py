"""Prints how many minutes a reader needs for each notebook, by what is in it.

    python tools/reading_time.py

Estimates, since no reader was timed. The paces are those of people who read to learn: text and
tables 200 words a minute (Carver 1992, "Reading rate: theory, research, and practical
implications", Journal of Reading 36), code 500 lines an hour, as fast as reviewers read it who
still find faults (Cohen 2006, "Best kept secrets of peer code review"), code that a cell prints
likewise. A picture has 20 seconds and another output 10, by our own clock. Sliders and waiting
come on top. In class it takes half as long again, for predictions and questions. An exercise has
five minutes, and half a minute for each line of its solution. `TEACHING.md` has the minutes; a test
holds them.
"""

import re
from pathlib import Path

from nbformat import NotebookNode

from stamp import ROOT, numbered, read_notebook

WORDS, LINES, PICTURES, PRINTED = 200, 500 / 60, 3, 6  # a minute
IN_CLASS, EXERCISE, WRITTEN = 1.5, 5, 2  # times the reading, minutes each, lines a minute
AFTERNOONS = ("01", "02", "03", "03b", "03c", "04", "04b", "05")


def prose(cell: NotebookNode) -> str:
    """What a reader reads of a markdown cell: no exercises, no table, no address of a link."""
    if {"badge", "here"} & set(cell.metadata.get("tags", [])):
        return ""
    text = re.split(r"^## (?:Exercises|Project)", cell.source, flags=re.MULTILINE)[0]
    text = re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\]\([^)]*\)", "]", text)


def minutes(notebook: NotebookNode) -> int:
    """Minutes to read a notebook with its outputs, without exercises."""
    total = 0.0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            table = re.sub(r"^(?!\|).*$|^\|[-| ]*$", "", cell.source, flags=re.MULTILINE)
            total += len(f"{prose(cell)} {table}".replace("|", " ").split()) / WORDS
            if re.search(r"^## Exercises", cell.source, flags=re.MULTILINE):
                break
            continue
        if "colab" not in cell.metadata.get("tags", []):
            total += sum(bool(line.strip()) for line in cell.source.splitlines()) / LINES
        source = re.search(r"getsource|excerpt", cell.source)  # printed code is code to read
        for output in cell.get("outputs", []):
            if source:
                total += (
                    sum(bool(line.strip()) for line in output.get("text", "").splitlines()) / LINES
                )
                continue
            drawn = any(kind.startswith("image/") for kind in output.get("data", {}))
            total += 1 / (PICTURES if drawn else PRINTED)
    return round(total)


def in_class(reading: int) -> int:
    """Minutes to go through a notebook with a class, to the nearest five."""
    return 5 * round(IN_CLASS * reading / 5)


def exercises(solutions: NotebookNode, name: str) -> int:
    """Minutes for the three exercises of the notebook with that number, to the nearest five.

    solutions: the notebook with all of them, a heading such as "## 3b. Augment" for each notebook.
    Projects, which are for home, do not count.
    """
    lines, here, project = 0, False, False
    for cell in solutions.cells:
        if heading := re.search(r"^## (\w+)\.", cell.source, flags=re.MULTILINE):
            here = heading[1] == name.lstrip("0")
        if begins := re.findall(r"^\*\*(Project|\d)", cell.source, flags=re.MULTILINE):
            project = begins[-1] == "Project"  # until the next exercise begins
        if cell.cell_type == "code" and here and not project:
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    return 5 * round((3 * EXERCISE + lines / WRITTEN) / 5)


def number(path: Path) -> str:
    """The number that a notebook's name begins with."""
    return path.stem.split("_")[0]


def main() -> None:
    course = [path for path in numbered(ROOT / "notebooks") if path.stem[0].isdigit()]
    found = {number(path): minutes(read_notebook(path)) for path in course}
    solutions = read_notebook(ROOT / "notebooks" / "solutions.ipynb")
    for path in course:
        reading, name = found[number(path)], number(path)
        rest = f"{in_class(reading):3} in class, {exercises(solutions, name):3} for exercises"
        print(f"{path.stem:>20}: {reading:3} minutes to read, {rest}")
    print(f"01 to 05: {sum(found[name] for name in AFTERNOONS)} minutes")


if __name__ == "__main__":
    main()
