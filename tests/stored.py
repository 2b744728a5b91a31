"""What the stored notebooks say and show, for tests that hold the one against the other."""

import re

from stamp import ROOT, read_notebook


def cell_of(name, cell_id):
    """A cell of a stored notebook."""
    cells = read_notebook(ROOT / "notebooks" / f"{name}.ipynb").cells
    (cell,) = [cell for cell in cells if cell.id == cell_id]
    return cell


def cell_text(name, cell_id):
    """What a cell of prose says, on one line."""
    return " ".join(cell_of(name, cell_id).source.split())


def output_of(name, cell_id):
    """What a stored cell printed, and what is told of its pictures."""
    cell = cell_of(name, cell_id)
    texts = [output.get("text", "") for output in cell.outputs]
    told = [kind.get("alt", "") for o in cell.outputs for kind in o.get("metadata", {}).values()]
    return "\n".join(texts + told)


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]
