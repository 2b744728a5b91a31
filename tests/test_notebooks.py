"""What every notebook of the course, and the tree around it, looks like when it is committed."""

import ast
import re
import statistics
import subprocess
import sys

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbval.plugin import metadata_tags

import draw_filters
import run_notebooks
from reading_time import AFTERNOONS, exercises, in_class, minutes, number, prose
from run_notebooks import MAX_BYTES, WIDGET
from stamp import ROOT, as_text, numbered, read_address, read_notebook, stamp

NOTEBOOKS = numbered(ROOT / "notebooks")
COURSE = [path for path in NOTEBOOKS if path.stem[0].isdigit()]
MODULES = sorted((ROOT / "helpers").rglob("*.py"))
# What tells a tool how to lay out, check or test a cell: a reader did not come for it.
NOISE = re.compile(r"NBVAL_|#\s*(?:fmt:|isort:|noqa|type: ignore)")
MACHINE = re.compile(r"/(?:root|home|work|tmp|Users|private/var)/|[A-Z]:\\\\?Users")

# What a reader can take in: letters in a printed line, words of a notebook, lines of a cell.
LINE, WORDS, LINES = 90, 1300, 5

# Every picture or clip that may be in the repository: of people who do not exist, of an object, or
# of people whose terms say that they may be shown.
PICTURES = {
    "docs/curves.jpg",
    "docs/explorer.jpg",
    "docs/filters.jpg",
    "docs/modes.jpg",
    "docs/people.jpg",
    "docs/probe.jpg",
    "docs/result.jpg",
    "helpers/assets/clip_two_heads.mp4",
    "helpers/assets/clip_yes.mkv",
    "helpers/assets/selfie.jpg",
    *(f"helpers/assets/selfie_{distance}cm.jpg" for distance in (15, 30, 45, 60)),
    "helpers/assets/selfie_tilted.jpg",
    *(f"helpers/assets/turned_{number}.jpg" for number in (1, 2, 3, 4)),
    *(f"tests/faces/{index}.jpg" for index in range(8)),
    *(f"helpers/filters/gallery/{draw.__name__}.png" for draw in draw_filters.ARTWORK),
}
PICTURE_TYPES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic"}
PICTURE_TYPES |= {".mp4", ".mkv", ".mov", ".webm", ".avi"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return read_notebook(path)


@pytest.fixture
def code(notebook):
    """The code cells that hold any code."""
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def texts(output):
    """The texts of an output; pictures, which are base64, are not among them."""
    yield output.get("text", "")
    yield from (v for k, v in output.get("data", {}).items() if k.startswith("text/"))


def test_a_notebook_is_valid_and_small(path, notebook):
    nbformat.validate(notebook)
    assert path.stat().st_size <= MAX_BYTES


def test_no_widget_state_that_github_would_refuse(notebook, code):
    assert "widgets" not in notebook.metadata
    assert not [c.execution_count for c in code for o in c.outputs if WIDGET in o.get("data", {})]


def test_outputs_are_stored_in_the_order_of_one_run(code):
    assert any(cell.outputs for cell in code)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_outputs_hold_no_error_and_no_warning(code):
    kinds = {(o.output_type, o.get("name")) for cell in code for o in cell.outputs}
    assert not [kind for kind in kinds if kind[0] == "error" or kind[1] == "stderr"]


def test_each_picture_is_of_the_kind_that_it_says(code):
    starts = {"image/jpeg": "/9j/", "image/png": "iVBORw0KGgo"}  # in base64
    data = [output.get("data", {}) for cell in code for output in cell.outputs]
    pictures = [(kind, value) for item in data for kind, value in item.items() if kind in starts]
    assert not [kind for kind, value in pictures if not value.startswith(starts[kind])]


def test_outputs_name_no_folder_of_a_machine(code):
    found = [t for cell in code for o in cell.outputs for t in texts(o) if MACHINE.search(t)]
    assert not found


def test_badge_colab_cell_and_metadata_are_in_step_with_the_address(path):
    stamped = as_text(stamp(read_notebook(path), path.stem, read_address()))
    assert stamped == path.read_text("utf-8"), "run python tools/stamp.py"


def test_the_second_cell_is_for_colab_alone_and_folded_away(notebook):
    first, second = notebook.cells[:2]
    assert first.metadata.tags == ["badge"] and second.metadata.tags == ["colab"]
    assert second.source.startswith("# @title Colab only: ")
    assert second.metadata.cellView == "form" and second.metadata.jupyter.source_hidden


def test_code_cells_are_taken_in_at_a_glance(code):
    assert not [cell.source for cell in code if len(cell.source.splitlines()) > 20]


def test_half_of_the_code_cells_of_the_course_are_at_most_five_lines_long():
    cells = [c for path in COURSE for c in read_notebook(path).cells if c.cell_type == "code"]
    cells = [c for c in cells if c.source.strip() and "colab" not in c.metadata.get("tags", [])]
    assert statistics.median(len(cell.source.splitlines()) for cell in cells) <= LINES


def test_no_printed_line_is_wider_than_a_page(path, code):
    printed = [o.text for cell in code for o in cell.outputs if o.output_type == "stream"]
    wide = [line for text in printed for line in text.splitlines() if len(line) > LINE]
    assert not wide


def sections():
    """The solutions of each numbered notebook: name "1" or "3b" -> number -> its cells."""
    found, here = {}, None
    for cell in read_notebook(ROOT / "notebooks" / "solutions.ipynb").cells:
        parts = [cell.source]
        if cell.cell_type == "markdown":
            parts = re.split(r"^(?=\*\*)", cell.source, flags=re.M)
        for part in parts:
            if title := re.match(r"\*\*(?:(\d+[bc]?)\.(\d)\*\*|Project of the (\w+) )", part):
                name, exercise, project = title.groups()
                here = found.setdefault(name or "project", {}).setdefault(exercise or project, [])
            if here is not None:
                here.append((cell.cell_type, part))
    return found


def test_every_exercise_and_project_has_its_solution_and_none_is_left_over():
    asked = {"project": []}
    for path in COURSE:
        text = "\n".join(c.source for c in read_notebook(path).cells if c.cell_type == "markdown")
        (exercises,) = re.findall(r"^## Exercises$(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
        asked[number(path).lstrip("0")] = re.findall(r"^(\d)\. ", exercises, flags=re.M)
        asked["project"] += re.findall(r"^## Project of the (\w+) ", text, flags=re.M)
    assert all(numbers == ["1", "2", "3"] for name, numbers in asked.items() if name != "project")
    assert {name: list(solved) for name, solved in sections().items()} == asked


def test_every_solution_says_how_large_the_answer_is():
    """Printed by its code, or in words what a picture has to show. A repair's check speaks."""
    silent = []
    for name, solved in sections().items():
        for exercise, cells in solved.items():
            code = "\n".join(source for kind, source in cells if kind == "code")
            words = " ".join(" ".join(s for kind, s in cells if kind == "markdown").split())
            said = "print(" in code or "checks.check_" in code or "What must be seen:" in words
            silent += [] if said else [f"{name}.{exercise}"]
    assert not silent


def test_a_notebook_is_read_in_half_an_hour(path, notebook):
    """Words of the text beside tables, exercises and what all notebooks have at their top."""
    count = sum(len(prose(cell).split()) for cell in notebook.cells if cell.cell_type == "markdown")
    assert count <= WORDS or path not in COURSE


def test_the_minutes_are_those_of_the_notebooks_as_they_are():
    text = (ROOT / "TEACHING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d\d[bc]?) [^|]*\| (\d+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    solutions = read_notebook(ROOT / "notebooks" / "solutions.ipynb")
    reading = {number(path): minutes(read_notebook(path)) for path in COURSE}
    found = {n: (m, in_class(m), exercises(solutions, n)) for n, m in reading.items()}
    assert {name: tuple(map(int, told)) for name, *told in rows} == found
    assert sum(reading[name] for name in AFTERNOONS) <= 180
    plan = text.split("## Two afternoons")[1].split("\n## ")[0]
    told = re.findall(r"\b(0\d[bc]?) \((\d+)\)", plan)
    assert len(told) >= 8
    assert [one for one in told if int(one[1]) != found[one[0]][1]] == []


def test_no_code_cell_speaks_to_a_tool(code):
    assert not [cell.source for cell in code if NOISE.search(cell.source)]


def test_what_nbval_compares_is_said_by_tags_that_it_knows():
    cells = [cell for path in NOTEBOOKS for cell in read_notebook(path).cells]
    tags = {tag for cell in cells for tag in cell.metadata.get("tags", [])}
    ours = {tag for tag in tags if tag.lower().startswith("nbval")}
    assert ours and ours <= set(metadata_tags)


def test_a_notebook_imports_helpers_by_name_and_silences_nothing(code):
    plain = TransformerManager().transform_cell
    trees = [ast.parse(plain(cell.source)) for cell in code]
    assert any(name.split(".")[0] == "helpers" for tree in trees for name, _ in imports(tree))
    assert not [name for tree in trees for name, what in imports(tree) if what == "*"]
    assert not [cell.source for cell in code if silences(cell.source)]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_by_name_and_silences_nothing(module):
    source = module.read_text("utf-8")
    assert not [name for name, what in imports(ast.parse(source)) if what == "*"]
    assert not silences(source)


def imports(tree):
    """All (module, what is imported from it) of a piece of code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def silences(source):
    """Whether code switches warnings off for everyone; inside catch_warnings() is another thing."""
    globally = r"filterwarnings\(\s*[\"']ignore|^(warnings\.)?simplefilter\(\s*[\"']ignore"
    return re.search(globally, source, re.MULTILINE) is not None


def test_the_pages_of_a_run_lead_to_each_other(tmp_path, monkeypatch):
    """No notebook is executed: what it holds is made into its page."""
    for name in ("FACES", "MPLBACKEND", "PYDEVD_DISABLE_FILE_VALIDATION"):
        monkeypatch.setenv(name, "demo")  # `main` changes them, and this puts them back
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(sys, "argv", ["run_notebooks.py", "--build", str(tmp_path)])
    monkeypatch.setattr(run_notebooks, "get_faces", lambda faces: None)
    monkeypatch.setattr(run_notebooks, "execute", lambda *_: None)

    def run_all(paths, build):
        return True, [run_notebooks.run(path, build, False)[2] for path in paths][-1] or "a score"

    monkeypatch.setattr(run_notebooks, "run_all", run_all)
    assert run_notebooks.main() == 0
    pages = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.html")}
    assert set(pages) == {f"{path.stem}.html" for path in NOTEBOOKS}
    links = {link for page in pages.values() for link in re.findall(r'href="(\w[^":#]*)["#]', page)}
    assert "solutions.html" in links
    assert links <= set(pages)


def test_whoever_looks_at_the_trained_network_comes_after_its_training():
    look = {path.stem for path in NOTEBOOKS if "checkpoint.exists()" in path.read_text("utf-8")}
    assert look == set(run_notebooks.AFTER)


def test_long_notebooks_begin_and_none_before_the_network_that_it_looks_at():
    paths = {path.stem: path for path in NOTEBOOKS if path.stem[0].isdigit()}
    waiting, run = list(paths.values()), run_notebooks.next_in
    assert run(waiting, []) == [paths[name] for name in run_notebooks.LONG[:2]]
    two = [paths[name] for name in ("05_predict", "08_filters")]
    assert run(two, [paths["04_train"]]) == [paths["08_filters"]]
    assert run(two[:1], [paths["04_train"]]) == run(two, waiting[:2]) == []
    assert run(two, []) == two  # both, in order, once nothing is ahead of them


def test_a_notebook_that_fails_ends_a_run_of_several_at_a_time(tmp_path, capsys):
    """Each in a process of its own, as `make run` has it."""
    paths = [tmp_path / f"{name}.ipynb" for name in "abcdefgh"]
    for path in paths:
        cell = nbformat.v4.new_code_cell("1 / 0" if path.stem == "a" else "1", id="one")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    ran, result = run_notebooks.run_all(paths, tmp_path)
    told = capsys.readouterr().out
    assert not ran and result is None and "ZeroDivisionError" in told
    assert re.search(r"^a +\d+ s  failed", told, re.M)
    assert re.search(r"^h +-    skipped", told, re.M)


@pytest.mark.parametrize(("set_before", "after"), [(None, "3"), ("5", "5")])
def test_those_that_run_at_a_time_share_the_cores(set_before, after, monkeypatch):
    monkeypatch.setattr(run_notebooks.os, "sched_getaffinity", lambda pid: range(6), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", set_before or "")  # so that it is put back
    if not set_before:
        monkeypatch.delenv("OMP_NUM_THREADS")
    run_notebooks.share_cores()
    assert run_notebooks.os.environ["OMP_NUM_THREADS"] == after


@pytest.mark.parametrize(
    ("code", "told"), [("1 / 0", "ZeroDivisionError"), ("import os; os._exit(1)", "Kernel died")]
)
def test_a_cell_that_ends_a_run_is_named(tmp_path, code, told):
    """Also where the kernel dies with it, as without memory."""
    cells = [nbformat.v4.new_code_cell(source) for source in ("1", code, "2")]
    error = run_notebooks.execute(nbformat.v4.new_notebook(cells=cells), tmp_path)
    assert error.startswith("cell 2 of 3: ") and told in error


def test_a_score_in_other_words_is_refused_in_a_sentence():
    with pytest.raises(SystemExit, match=r"^Not recorded: 'test NME: good' is not"):
        run_notebooks.record_score("demo", "test NME: good", True, 300)


def test_the_readme_maps_every_notebook():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [path.name for path in NOTEBOOKS if path.stem not in readme]


def test_every_picture_in_the_repository_is_one_that_may_be_there():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [name for name in listed.stdout.split("\0") if name]
    pictures = {n for n in files if "." + n.rsplit(".", 1)[-1].lower() in PICTURE_TYPES}
    assert not pictures - PICTURES
