"""The repair exercises: what they hand to the reader is broken, and the solution is accepted."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from helpers import checks
from helpers.checks import check_modes

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SEPARATE = sorted(path for path in NOTEBOOKS.glob("*.ipynb") if path.stem[0].isdigit())


def code_cells(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def answer(capsys, source):
    """What a check prints about the functions in a cell."""
    imports = "import re\nfrom pathlib import PurePosixPath\nimport numpy as np\nimport torch\n"
    imports += "from helpers import checks\nfrom helpers.augment import FLIP\n"
    imports += "from helpers.crop import crop_matrix, invert, move\n"
    exec(imports + source, {})
    return capsys.readouterr().out


def check_name(source):
    return re.search(r"check_(?!_)\w+", source.splitlines()[-1])[0]


@pytest.mark.parametrize("path", SEPARATE, ids=lambda path: path.stem)
def test_the_last_cell_of_each_notebook_is_broken_and_the_check_says_how(path, capsys):
    assert answer(capsys, "".join(code_cells(path)[-1]["source"])).startswith("Not yet: ")


@pytest.mark.parametrize("path", SEPARATE, ids=lambda path: path.stem)
def test_the_solution_of_each_repair_is_accepted(path, capsys):
    name = check_name("".join(code_cells(path)[-1]["source"]))
    sources = ["".join(cell["source"]) for cell in code_cells(NOTEBOOKS / "solutions.ipynb")]
    (solution,) = [source for source in sources if f"checks.{name}(" in source]
    assert answer(capsys, solution).startswith("Right: ")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("centre", "said"), [(True, "Right: "), (False, "Not yet: ")])
def test_modes_are_right_with_either_sign_but_not_where_the_mean_was_kept(
    sign, centre, said, capsys
):
    def fit(shapes, count):
        mean = shapes.mean(0)
        _, _, modes = np.linalg.svd(shapes - centre * mean, full_matrices=False)
        return mean, sign * modes[:count]

    check_modes(fit)
    assert capsys.readouterr().out.startswith(said)


def test_a_check_says_that_a_function_returns_nothing_or_another_thing(capsys):
    for name in ("flip", "nme", "low_pass", "photograph", "modes", "similarity", "map_back"):
        getattr(checks, f"check_{name}")(lambda *given: None)
        assert capsys.readouterr().out == "Not yet: it returns nothing; is `return` missing?\n"
    checks.check_inverse(lambda matrix: matrix.tolist()[0])
    assert capsys.readouterr().out.startswith("Not yet: it returns a list; something else")


def test_a_mistake_in_the_readers_own_code_is_shown_as_it_is():
    with pytest.raises(ZeroDivisionError):
        checks.check_inverse(lambda matrix: 1 / 0)
    with pytest.raises(IndexError):
        checks.check_inverse(lambda matrix: matrix[7])
