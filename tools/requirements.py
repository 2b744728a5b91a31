"""Writes requirements.txt and environment.yml from pyproject.toml, where versions stand once.

python tools/requirements.py            writes them
python tools/requirements.py --check    fails where one says something else
"""

import argparse
import sys
import tomllib
from pathlib import Path

from helpers.storage import whole_file

ROOT = Path(__file__).resolve().parent.parent
CONDA = {"torch": "pytorch"}  # packages that conda-forge has under another name
# Packages whose name at conda-forge is another one, or another thing's.
FROM_PIP = ("opencv-python", "playwright")


def read_groups(project: Path = ROOT / "pyproject.toml") -> dict[str, list[str]]:
    """What the course imports, and each optional group: title to requirements such as "x>=1"."""
    table = tomllib.loads(project.read_text("utf-8"))["project"]
    optional = table["optional-dependencies"]
    return {
        "what the course imports": table["dependencies"],
        "to read and run the notebooks": optional["notebooks"],
        "what tests and tools need besides": optional["dev"],
    }


def requirements(groups: dict[str, list[str]]) -> str:
    """The text of requirements.txt: all groups, for a reader."""
    lines = [
        "# Made from pyproject.toml by `python tools/requirements.py`, which knows the reasons."
    ]
    for title, packages in groups.items():
        lines += ["", f"# {title}", *packages]
    return "\n".join(lines) + "\n"


def environment(groups: dict[str, list[str]], python: str) -> str:
    """The text of environment.yml: the same for conda."""
    packages = [package for group in groups.values() for package in group]
    by_pip = [package for package in packages if package.startswith(FROM_PIP)]
    names = [package for package in packages if package not in by_pip]
    for name, other in CONDA.items():
        names = [other + n.removeprefix(name) if n.startswith(f"{name}>") else n for n in names]
    lines = [
        "# Made by `python tools/requirements.py` from pyproject.toml:",
        "# `conda env create -f environment.yml`, then `conda activate face-landmarks`.",
        "name: face-landmarks",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        *(f"  - {name}" for name in [f"python{python}", "pip", "setuptools>=77", *names]),
        "  - pip:",
        *(f"      - {package}" for package in [*by_pip, "-e ."]),
    ]
    return "\n".join(lines) + "\n"


def texts() -> dict[Path, str]:
    """Both files and what they have to say."""
    groups = read_groups()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        ROOT / "requirements.txt": requirements(groups),
        ROOT / "environment.yml": environment(groups, project["requires-python"]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of step")
    check = parser.parse_args().check
    behind = [path for path, text in texts().items() if path.read_text("utf-8") != text]
    for path in behind:
        print(f"{path.name}: {'is not' if check else 'now is'} what pyproject.toml says")
        if not check:
            with whole_file(path) as partial:
                partial.write_text(texts()[path], "utf-8", newline="\n")
    return int(check and bool(behind))


if __name__ == "__main__":
    sys.exit(main())
