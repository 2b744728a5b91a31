"""What has to be installed stands once, in three groups."""

import ast
import re
import sys

import requirements

MODULES = [*(requirements.ROOT / "helpers").rglob("*.py")]


def names(packages):
    return {re.split(r"[<>=]", package)[0] for package in packages}


def test_requirements_and_environment_say_what_the_project_says():
    for path, text in requirements.texts().items():
        assert path.read_text("utf-8") == text, "run `python tools/requirements.py`"


def test_a_reader_gets_every_group_by_pip_and_by_conda():
    groups = requirements.read_groups()
    packages = {package for group in groups.values() for package in group}
    by_pip = requirements.requirements(groups)
    assert packages == {line for line in by_pip.splitlines() if line and not line.startswith("#")}
    by_conda = requirements.environment(groups, ">=3.11.4").replace("pytorch>", "torch>")
    listed = {line.strip(" -") for line in by_conda.splitlines() if line.startswith("  ")}
    assert packages <= listed and {"python>=3.11.4", "e ."} <= listed


def test_the_package_alone_brings_no_tools():
    """`pip install .` takes the first group only, which must have what `helpers` imports."""
    course, *others = (names(group) for group in requirements.read_groups().values())
    assert {"pytest", "ruff", "nbval", "mypy"} <= set.union(*others)
    assert not course & set.union(*others)
    known = {"cv2": "opencv-python", "PIL": "pillow", "IPython": "ipython"}
    known |= {"imageio_ffmpeg": "imageio-ffmpeg"}
    found = {name.split(".")[0] for path in MODULES for name in imports(path)}
    found -= {"helpers", *sys.stdlib_module_names}
    found -= {"traitlets"}  # ipywidgets and anywidget bring it
    found -= {"pillow_heif"}  # used where it is; a telephone's HEIC names it where it is not
    assert {known.get(name, name) for name in found} == course - {
        *("scikit-image", "onnx"),  # a notebook's portrait, torch.onnx.export
    }


def imports(path):
    """The modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
