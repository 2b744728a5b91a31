"""The second cell of every notebook: on Colab it brings the course's code, elsewhere nothing."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from stamp import ROOT, as_text, colab_cell, read_address, stamp

# Runs a cell in a fresh interpreter that knows nothing of this checkout (-I), and tells what is
# there afterwards. The editable installation is taken out: Colab has none.
STAGE = """
import json, sys, types
sys.meta_path = [f for f in sys.meta_path if "__editable__" not in getattr(f, "__module__", "")]
cell, on_colab, runs = json.loads(sys.argv[1])
if on_colab:
    sys.modules["google"] = types.ModuleType("google")
    sys.modules["google.colab"] = types.ModuleType("google.colab")
before, path = set(sys.modules), list(sys.path)
for _ in range(runs):
    exec(cell, {})
told = {"modules": sorted(set(sys.modules) - before), "added": len(sys.path) - len(path)}
try:
    import helpers
    told["helpers"] = helpers.__file__
except ImportError:
    told["helpers"] = None
told["torch"] = "torch" in sys.modules
print("TOLD" + json.dumps(told))
"""


def git(*arguments, cwd=None):
    """Runs git as a person who has no settings of their own."""
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a bare clone of a repository that holds the package as it is now."""
    folder = tmp_path_factory.mktemp("origin")
    leave_out = shutil.ignore_patterns("__pycache__", "assets")
    shutil.copytree(ROOT / "helpers", folder / "tree" / "helpers", ignore=leave_out)
    git("init", "-q", cwd=folder / "tree")
    git("add", ".", cwd=folder / "tree")
    git("commit", "-q", "-m", "all", cwd=folder / "tree")
    git("clone", "-q", "--bare", "tree", "face-landmarks.git", cwd=folder)
    return (folder / "face-landmarks.git").as_uri()


@pytest.fixture
def cell(address):
    """The Colab cell of a stamped notebook, with the address of the bare clone."""
    return stamp(lesson(), "01_download", address).cells[1].source


def lesson():
    """A notebook with a title, a paragraph and its code, never stamped."""
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    cells = [markdown("# 1."), markdown("This imports it:"), code("import helpers")]
    return nbformat.v4.new_notebook(cells=cells)


def run(cell, folder, on_colab=True, runs=1):
    """Runs the cell in a folder: (what STAGE told or None, everything it printed)."""
    command = [sys.executable, "-I", "-c", STAGE, json.dumps([cell, on_colab, runs])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    told = [line[4:] for line in done.stdout.splitlines() if line.startswith("TOLD")]
    return (json.loads(told[0]) if told else None), done.stdout + done.stderr


def test_on_colab_the_package_comes_from_the_clone_and_torch_is_left_alone(cell, tmp_path):
    told, said = run(cell, tmp_path)
    assert told, said
    expected = tmp_path / "face-landmarks" / "helpers" / "__init__.py"
    assert told["helpers"] is not None and expected.samefile(told["helpers"])
    assert not told["torch"]
    assert "pip" not in cell


def test_a_second_run_does_nothing(cell, tmp_path):
    told, said = run(cell, tmp_path, runs=2)
    assert told and told["added"] == 1, said


def test_a_restarted_kernel_takes_what_is_there_without_the_network(cell, address, tmp_path):
    run(cell, tmp_path)
    offline = cell.replace(address, address.replace("face-landmarks.git", "gone.git"))
    assert offline != cell
    told, said = run(offline, tmp_path)
    assert told and told["helpers"], said


def test_anywhere_else_nothing_happens(cell, tmp_path):
    told, said = run(cell, tmp_path, on_colab=False)
    assert told == {"modules": [], "added": 0, "helpers": None, "torch": False}, said
    assert list(tmp_path.iterdir()) == []


def test_a_failed_clone_says_so_and_leaves_nothing(address, tmp_path):
    told, said = run(colab_cell(address.replace("origin", "nowhere")), tmp_path)
    assert told is None
    assert "RuntimeError: The course's code did not arrive." in said
    assert list(tmp_path.iterdir()) == []


def test_the_cell_is_short_and_its_title_says_who_needs_it():
    source = colab_cell(read_address())
    title = source.splitlines()[0]
    assert title.startswith("# @title Colab only: ")
    assert title.endswith(' { display-mode: "form" }')
    assert len([line for line in source.splitlines() if line.strip()]) <= 8
    assert max(map(len, source.splitlines())) <= 100
    assert read_address() in source


def test_the_cell_stands_right_after_the_badge_folded_away_and_tears_nothing_apart():
    before = lesson().cells
    first, second, third, *rest = stamp(lesson(), "01_download", read_address()).cells
    assert [c.metadata.tags for c in (first, second, third)] == [["badge"], ["colab"], ["here"]]
    assert second.metadata.cellView == "form" and second.metadata.jupyter.source_hidden
    assert [cell.source for cell in rest] == [cell.source for cell in before]


@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_a_cell_that_stands_elsewhere_is_moved_and_not_doubled(place):
    stamped = stamp(lesson(), "01_download", read_address())
    expected = as_text(stamped)
    stamped.cells.insert(place, stamped.cells.pop(1))
    assert as_text(stamp(stamped, "01_download", read_address())) == expected
