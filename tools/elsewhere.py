"""Tests the course where its readers are: with Colab's packages, the oldest and the newest.

    python tools/elsewhere.py colab     every notebook as Colab runs it: its packages, a bare clone
    python tools/elsewhere.py oldest    tests and notebooks with the lowest versions admitted
    python tools/elsewhere.py newest    the same with the newest, on the newest Python of Debian
    python tools/elsewhere.py colab 05_predict              this notebook alone
    python tools/elsewhere.py compare pip-freeze.gpu.txt    what Colab's list has in place of ours

Each environment is made once, under build/elsewhere; the commit that is checked out is what is
tested. The newest Python comes from a Debian in a folder, made by `debootstrap`; only root can make
and enter one, and only on Linux. Elsewhere the Python at hand takes its place, and a line says so.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from run_notebooks import PROGRESS
from stamp import ROOT, numbered, read_address

BUILD = ROOT / "build" / "elsewhere"
COLAB = ROOT / "tests" / "colab"
COLAB_LIST = COLAB / "newest.txt"
DEBIAN = "trixie"
PACKAGES = "python3,python3-venv,git,ca-certificates,libgl1,libglib2.0-0t64"
OUTSIDE = ("etc/ssl/certs/ca-certificates.crt", "etc/resolv.conf", "etc/hosts")
SUBSET = "96,32"  # entries of the training and of the test list, as `make test` takes them


@dataclass
class Place:
    """An environment: a folder with a virtual environment, `venv`, in it.

    folder: as this process names it. rooted: whether it is the root of a Debian of its own, which
    programs are started in by `chroot`; else they are started as they are.
    """

    folder: Path
    rooted: bool = False

    def name(self, path: str) -> str:
        """A path in the folder, as a program that is started there names it."""
        return f"/{path}" if self.rooted else str(self.folder / path)

    def run(self, *words: str, at: str = ".", **settings: str) -> None:
        """Starts a program in a folder of the place; raises CalledProcessError where it fails.

        It sees this environment's variables but those of its Python, and the settings besides.
        """
        seen = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        seen |= {"HOME": self.name("home")} | settings
        outside = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        path = outside if self.rooted else seen["PATH"]
        seen["PATH"] = f"{self.name('venv/bin')}:{path}"  # so that a cell's `!pip` is the place's
        words = ("env", "-C", self.name(at), *words)
        if self.rooted:
            # Mounted in a namespace of its own, so that nothing is left mounted afterwards.
            mounts = f'mount -t proc proc "{self.folder}/proc"'
            mounts += f' && mount --bind /dev/pts "{self.folder}/dev/pts"'  # for `!` in a cell
            enter = f'{mounts} && exec chroot "{self.folder}" "$@"'
            words = ("unshare", "--mount", "sh", "-c", enter, "sh", *words)
        subprocess.run(words, check=True, env=seen)

    def python(self, *words: str, at: str = ".", **settings: str) -> None:
        """Starts the Python of the virtual environment."""
        self.run(self.name("venv/bin/python"), *words, at=at, **settings)

    def put(self, source: Path, path: str) -> None:
        """Copies a file or a folder into the place, instead of what is there."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)

    def packages(self) -> str:
        """The versions of all that is installed, a line each."""
        self.run("sh", "-c", f"{self.name('venv/bin/python')} -m pip freeze > packages.txt")
        return (self.folder / "packages.txt").read_text("utf-8")


def newest_python(folder: Path) -> Place:
    """A place with the newest Python that can be had: Debian's newest, else the one at hand."""
    can = platform.system() == "Linux" and os.geteuid() == 0 and shutil.which("debootstrap")
    if not can:
        print(f"No Debian can be made here: Python {platform.python_version()} takes its place.")
        return Place(folder)
    if not (folder / "etc" / "debian_version").exists():
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", DEBIAN]
        subprocess.run([*command, str(folder)], check=True, stdout=subprocess.DEVNULL)
    place = Place(folder, rooted=True)
    for file in OUTSIDE:  # the network, and whom it believes, are those outside
        if Path("/", file).exists():
            place.put(Path("/", file), file)
    return place


def install(place: Place, *requirements: str) -> None:
    """Makes the virtual environment of a place and installs into it, if that has not been done."""
    (place.folder / "home").mkdir(parents=True, exist_ok=True)
    done = place.folder / "installed.txt"
    wanted = "\n".join(requirements)
    if done.exists() and done.read_text("utf-8") == wanted:
        return
    began = time.monotonic()
    python = "python3" if place.rooted else sys.executable
    place.run(python, "-m", "venv", "--clear", place.name("venv"))
    place.python("-m", "pip", "install", "-q", *requirements)
    done.write_text(wanted, "utf-8")
    print(f"== installation: {time.monotonic() - began:.0f} s", flush=True)


def check_out(place: Place, bare: bool = False) -> str:
    """Puts the commit that is checked out into the place: the folder of the clone, in the place."""
    name = "course.git" if bare else "course"
    shutil.rmtree(place.folder / name, ignore_errors=True)
    kind = ["--bare"] if bare else []
    source = f"file://{ROOT}"  # copies; a link to this clone's objects would lead out of the place
    clone = ["git", "-c", "safe.directory=*", "clone", "-q", *kind, source]
    subprocess.run([*clone, str(place.folder / name)], check=True)
    return name


def test_everything(place: Place, names: Sequence[str]) -> None:
    """Runs unit tests and notebooks in a place, as `make test` does here; or some notebooks."""
    course = check_out(place)
    place.python("-m", "pip", "install", "-q", "--no-deps", "-e", place.name(course))
    # The browser is `make test`'s: a Debian in a folder has none.
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--ignore=tests/browser", "tests"]
    if not names:
        place.python(*tests, at=course, MPLBACKEND="Agg")
    without = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # the debugger's warning, as in `make test`
    execute(place, names, lambda notebook: f"{course}/notebooks", **without)


def execute(
    place: Place, names: Sequence[str], folder_of: Callable[[Path], str], **settings: str
) -> None:
    """Executes notebooks in a place, on few demo people; exits where one fails or warns.

    names: of the notebooks, by default of all. folder_of: a notebook's file to the folder of the
    place in which it lies and runs.
    """
    # In one folder for data, else each notebook would make its people anew.
    settings |= {"FACES_LIMIT": SUBSET, "FACES_DATA": place.name("data")}
    run = ["-m", "nbconvert", "--to", "notebook", "--execute", "--log-level=ERROR"]
    for path in numbered(ROOT / "notebooks"):
        if names and path.stem not in names:
            continue
        began, folder = time.monotonic(), folder_of(path)
        place.python(*run, path.name, "--output", "run.ipynb", at=folder, **settings)
        if told := list(warnings_in(place.folder / folder / "run.ipynb")):
            sys.exit(f"{path.name} warns: {told[0]}")
        print(f"{path.stem:<14} {time.monotonic() - began:6.0f} s  ok", flush=True)


def oldest(names: Sequence[str]) -> None:
    """Tests with the lowest versions that requirements.txt admits."""
    place = Place(BUILD / "oldest")
    lowest = place.folder / "lowest.txt"
    place.folder.mkdir(parents=True, exist_ok=True)
    # uv, because pip cannot choose the lowest versions; pip installs what it has chosen.
    resolve = ["uv", "pip", "compile", "-q", "--resolution", "lowest-direct"]
    resolve += ["--python", sys.executable, "--no-annotate", "--no-header"]
    subprocess.run(
        [sys.executable, "-m", *resolve, ROOT / "requirements.txt", "-o", lowest], check=True
    )
    install(place, *lowest.read_text("utf-8").split("\n")[:-1])
    test_everything(place, names)


def newest(names: Sequence[str]) -> None:
    """Tests with the newest versions on the newest Python."""
    place = newest_python(BUILD / "newest")
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    install(place, *[line for line in lines if line and not line.startswith("#")])
    test_everything(place, names)


def colab(names: Sequence[str]) -> None:
    """Runs each notebook from its first cell in an empty folder, as Colab would."""
    place = newest_python(BUILD / "colab")
    install(place, *pinned(COLAB_LIST.read_text("utf-8")))
    before = place.packages()
    (site,) = (place.folder / "venv" / "lib").glob("python3.*/site-packages")
    place.put(COLAB / "google", f"{site.relative_to(place.folder)}/google")
    startup = "home/.ipython/profile_default/startup/colab.py"
    place.put(COLAB / "startup.py", startup)
    repository = place.name(check_out(place, bare=True))
    settings = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.file://{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": read_address(),
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
    }

    def empty_folder(path: Path) -> str:
        """A folder for a notebook with nothing in it but the notebook."""
        folder = f"content/{path.stem}"
        shutil.rmtree(place.folder / folder, ignore_errors=True)
        place.put(path, f"{folder}/{path.name}")
        return folder

    execute(place, names, empty_folder, **settings)
    if before != (after := place.packages()):
        changed = set(after.splitlines()) ^ set(before.splitlines())
        sys.exit(f"A notebook changed what is installed: {', '.join(sorted(changed))}.")


def warnings_in(notebook: Path) -> Iterator[str]:
    """What the cells of an executed notebook wrote to stderr, progress bars apart."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                lines = re.split(r"[\r\n]+", "".join(output["text"]))
                yield from (line for line in lines if line.strip() and not PROGRESS.search(line))


def pinned(text: str) -> list[str]:
    """The lines "name==version" of a list of packages, without comments and local versions."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return [re.sub(r"\+.*", "", line) for line in lines if "==" in line]


def compare(newer: Path) -> None:
    """Prints which versions of our list of Colab's packages another list has otherwise."""
    ours, theirs = (
        {name.lower().replace("_", "-"): version for name, version in found}
        for found in (
            (line.split("==") for line in pinned(file.read_text("utf-8")))
            for file in (COLAB_LIST, newer)
        )
    )
    for name, version in ours.items():
        if theirs.get(name) != version:
            print(f"{name}: {version} here, {theirs.get(name, 'not')} there")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = {"colab": colab, "oldest": oldest, "newest": newest}
    parser.add_argument("where", choices=[*ways, "compare"])
    parser.add_argument("names", nargs="*", help="of notebooks, or a newer pip-freeze.gpu.txt")
    arguments = parser.parse_args()
    try:
        if arguments.where == "compare":
            if len(arguments.names) != 1:
                parser.error("compare needs a list, such as pip-freeze.gpu.txt")
            compare(Path(arguments.names[0]))
        else:
            known = {path.stem for path in numbered(ROOT / "notebooks")}
            if unknown := ", ".join(sorted({*arguments.names} - known)):
                parser.error(f"there is no notebook {unknown} among those that are run")
            ways[arguments.where](arguments.names)
    except subprocess.CalledProcessError as error:
        words = [str(word) for word in error.cmd]
        sys.exit(f"{arguments.where}: failed with {error.returncode}: {' '.join(words[-8:])}")


if __name__ == "__main__":
    main()
