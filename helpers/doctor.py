"""Says what this machine has for the course, and what to do about whatever is missing.

`python -m helpers.doctor` in a shell, `doctor()` in notebook 01. Each line is a `Finding`: "ok";
"may", where something would be gained; or "must", where the course cannot do without.

Half of the packages may be missing, so only the standard library is imported up here: each check
imports what it needs itself, and `guarded` makes a finding of whatever goes wrong in it.
"""

import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

from helpers.shell import one_sentence, parser_of

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"  # in a checkout; not installed
DISTRIBUTION = "face-landmarks-course"
ASSETS = Path(__file__).parent / "assets"
MEMINFO = Path("/proc/meminfo")
# Packages that are imported under another name than the one they are installed by.
MODULES = {
    "opencv-python": "cv2",
    "pillow": "PIL",
    "scikit-image": "skimage",
    "imageio-ffmpeg": "imageio_ffmpeg",
    "ipython": "IPython",
}
# Packages that the notebooks do without, and what is gained by each.
GAINS = {
    "onnx": "writes networks for ONNX Runtime",
    "onnxscript": "writes networks for ONNX Runtime",
    "onnxruntime": "about half the time a face on a CPU",
}
# Bytes. Notebook 04's kernel grew to 1.3 GB; the demo people, their crops and the networks of the
# whole course take 0.4 GB.
LEAST_MEMORY, LEAST_DISK = 2e9, 0.5e9
# Notebook 04's training: batches in an epoch of the demo people, and, by the kind of device,
# epochs and pixels. A test compares them with the notebook.
BATCHES, BATCH = 22, 32
EPOCHS = {"cpu": 5, "gpu": 40}
SIZES = {"cpu": 112, "gpu": 224}
WIDTH, NAMES = 90, 20  # characters of a line, and of it for mark and name


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: what was looked at, what is there, and what to do about it.

    advice: empty where nothing is to be done. must: whether the course cannot do without it.
    """

    name: str
    value: str
    advice: str = ""
    must: bool = False


def needed_versions() -> tuple[str, list[str]]:
    """What is needed: of Python, as ">=3.11", and the packages, each as "torch>=2.4".

    They are read from pyproject.toml in a checkout, since what is installed from it may be of an
    older one, else from the installed package. Raises ValueError where there is neither.
    """
    try:
        if PROJECT.exists():
            import tomllib  # here, because an older Python has none and is to be told so

            project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
            return project["requires-python"], project["dependencies"]
        about = importlib.metadata.metadata(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise ValueError(f"{PROJECT}: is not there, and {DISTRIBUTION} is not installed.") from None
    except ModuleNotFoundError:
        return ">=3.11", []  # a Python that old cannot go on; the packages come after it
    every = about.get_all("Requires-Dist") or []
    return about["Requires-Python"], [line for line in every if ";" not in line]  # ";": an extra


def fits(version: str, needed: str) -> bool:
    """Whether a version such as "2.14.1+cu130" is in a range such as ">=2.4,<3"."""
    have = _numbers(version)
    bounds = re.findall(r"(>=|<)\s*([\d.]+)", needed)
    return all((have >= _numbers(n)) == (sign == ">=") for sign, n in bounds)


def in_words(needed: str) -> str:
    """A range such as ">=4.8,<5" as "4.8 or newer, below 5"."""
    floors, ends = (re.findall(rf"{sign}\s*([\d.]+)", needed) for sign in (">=", "<"))
    return ", ".join([*(f"{n} or newer" for n in floors), *(f"below {n}" for n in ends)])


def python(needed: str) -> Finding:
    """The version of Python, against what is needed."""
    version = platform.python_version()
    if fits(version, needed):
        return Finding("Python", version)
    advice = f"{in_words(needed)} is needed, from python.org; then `make run PYTHON=...` names it"
    return Finding("Python", version, advice, must=True)


def package(requirement: str) -> Finding:
    """The version of a package that loads, against what is needed, such as "torch>=2.4".

    It is imported: what is installed but lacks a library of the system is of no use.
    """
    name, needed = _split(requirement)
    module, must = MODULES.get(name, name), name not in GAINS
    install = f'pip install "{requirement}"' + ("" if must else f": {GAINS[name]}")
    try:
        version = importlib.import_module(module).__version__
    except ModuleNotFoundError as error:
        if error.name == module:
            return Finding(name, "not installed", install, must)
        return Finding(name, f"does not load without {error.name}", install, must)
    except Exception as error:  # a broken package may raise anything
        if name == "opencv-python" and ".so" in str(error):
            install = "on Debian, Ubuntu: apt install libgl1 libglib2.0-0"
        return Finding(name, f"does not load: {_short(error)}", install, must)
    if not fits(version, needed):
        return Finding(name, version, f"{in_words(needed)} is needed: {install}", must)
    return Finding(name, version)


def gpu() -> Finding:
    """The GPU that PyTorch would train on: its name and memory, or none."""
    import torch

    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        return Finding("GPU", f"{card.name}, {_bytes(card.total_memory)}, by CUDA")
    if torch.backends.mps.is_available():
        return Finding("GPU", "Apple's, which shares the computer's memory")
    if shutil.which("nvidia-smi"):
        advice = "PyTorch's CUDA build, from pytorch.org, and a driver that is new enough for it"
        return Finding("GPU", f"an NVIDIA driver, but torch {torch.__version__} sees none", advice)
    return Finding("GPU", "none, and none needed")


def cpu() -> Finding:
    """The cores that this process may use, and whether they multiply bfloat16."""
    known = hasattr(os, "sched_getaffinity")  # on Linux, where fewer than all may be lent
    cores = f"{len(os.sched_getaffinity(0)) if known else os.cpu_count()} cores"
    try:
        from helpers.model import CPU_HAS_BF16
    except ModuleNotFoundError as error:
        return Finding("CPU", f"{cores}; bfloat16 not known without {error.name}")
    if CPU_HAS_BF16:
        gain = "`python -m helpers.train --bf16` takes half the time"
        return Finding("CPU", f"{cores}, which multiply short numbers (bfloat16): {gain}")
    return Finding("CPU", f"{cores}, which do not multiply bfloat16 (--bf16 would be left out)")


def memory() -> Finding:
    """The computer's memory: all of it, and what is free."""
    total, free = memory_bytes()
    if total is None:
        return Finding("memory", "unknown")
    value = f"{_bytes(total)}, free: {_bytes(free)}"
    if (total if free is None else free) < LEAST_MEMORY:
        advice = f"notebook 04 may take {_bytes(LEAST_MEMORY)}: close other programs and kernels"
        return Finding("memory", value, advice)
    return Finding("memory", value)


def memory_bytes() -> tuple[int | None, int | None]:
    """All memory and the free part of it, in bytes; None for what this system does not tell."""
    if MEMINFO.exists():
        kilobytes = dict(re.findall(r"(\w+):\s+(\d+) kB", MEMINFO.read_text()))
        return 1024 * int(kilobytes["MemTotal"]), 1024 * int(kilobytes["MemAvailable"])
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), None
    except (AttributeError, ValueError, OSError):  # on Windows, which has no sysconf
        return None, None


def disk() -> Finding:
    """The room that is left where the data are kept."""
    from helpers.storage import data_folder

    folder = data_folder()
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    value = f"{_bytes(free)} free in {_place(folder)}"
    if free < LEAST_DISK:
        advice = f"the course takes {_bytes(LEAST_DISK)}: make room, or FACES_DATA=FOLDER elsewhere"
        return Finding("disk", value, advice, must=True)
    return Finding("disk", value)


def demo_people() -> Finding:
    """Whether the people who do not exist are made, and how large they are."""
    from helpers.people import VERSION
    from helpers.sources import DEMO
    from helpers.storage import folder_for

    folder = folder_for("demo", VERSION, DEMO)
    if folder.exists():
        return Finding("demo people", f"made, {_bytes(_size(folder))}")
    return Finding("demo people", "not made yet", "get_dataset() makes them, in half a minute")


def archives() -> Finding:
    """Which other data sets are there, unpacked, and how large each is."""
    from helpers.storage import data_folder

    labels = [p for way in ("*", "*/*") for p in data_folder().glob(f"{way}/labels*_train.xml")]
    folders = {data_folder() / path.relative_to(data_folder()).parts[0] for path in labels}
    others = sorted(folder for folder in folders if not folder.name.startswith("demo-"))
    sizes = [f"{folder.name}, {_bytes(_size(folder))}" for folder in others]
    return Finding("archives", "; ".join(sizes) or "none, and none needed")


def weights() -> Finding:
    """Whether the networks that ship are there, and the model of the demo people.

    Their cards, the headings of a page beside them, say which files these are.
    """
    cards = ASSETS / "README.md"
    text = cards.read_text("utf-8") if cards.exists() else ""
    names = re.findall(r"^## (\S+\.\w+)$", text, re.MULTILINE) or [cards.name]
    missing = [n for n in names if not (ASSETS / n).exists() or not (ASSETS / n).stat().st_size]
    if missing:
        advice = "`git checkout helpers/assets` in a clone brings them back, else install again"
        return Finding("weights", f"missing: {', '.join(missing)}", advice, must=True)
    return Finding("weights", ", ".join(names))


def training() -> Finding:
    """How long notebook 04 trains here on the demo people, from a few steps that are measured."""
    from helpers.model import pick_device

    device = pick_device().type
    kind = "cpu" if device == "cpu" else "gpu"
    count, seconds = measure(training_step(device, SIZES[kind]))
    steps = EPOCHS[kind] * BATCHES
    measured = f"{count} steps of {BATCH} faces at {SIZES[kind]} pixels in {seconds:.1f} s"
    return Finding(
        "training",
        f"{about_minutes(steps * seconds / count)} for the {steps:,} steps of notebook 04"
        f" (measured: {measured})",
    )


def training_step(device: str, size: int) -> Callable[[], object]:
    """A function that does one step of notebook 04's training, on made-up faces of that size."""
    import torch

    from helpers.augment import Augment
    from helpers.model import LandmarkNet, to_target

    model = LandmarkNet(width=64, size=size).to(device).to(memory_format=torch.channels_last)
    augment, optimizer = Augment(size), torch.optim.AdamW(model.parameters())
    wide = size * 3 // 2  # crops have room around the canvas, as `FaceLandmarksDataset` cuts them
    images = torch.zeros(BATCH, 1, wide, wide, dtype=torch.uint8)
    landmarks = torch.full((BATCH, 68, 2), wide / 2)

    def step() -> float:
        canvases, points = augment(images.to(device), landmarks.to(device))
        with torch.autocast(device, torch.float16, enabled=device == "cuda"):
            loss = torch.nn.functional.mse_loss(model(canvases), to_target(points, size))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()  # waits for the GPU

    return step


def measure(step: Callable[[], object], most: int = 12, limit: float = 3.0) -> tuple[int, float]:
    """The number of steps that were done, and the seconds that they took.

    They end after `most` steps or `limit` seconds, but not before the second, since one alone says
    little. One goes before them and is not counted: it also sets memory and kernels up.
    """
    step()
    begin, count, seconds = perf_counter(), 0, 0.0
    while count < 2 or (count < most and seconds < limit):
        step()
        count, seconds = count + 1, perf_counter() - begin
    return count, seconds


def about_minutes(seconds: float) -> str:
    """Seconds in whole minutes, as "about 2 minutes"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:,} minute{'s' if minutes > 1 else ''}"


def all_checks() -> list[tuple[str, Callable[[], Finding]]]:
    """What is looked at, in order: a name, and the check."""
    version, packages = needed_versions()
    return [
        ("Python", partial(python, version)),
        *((_split(requirement)[0], partial(package, requirement)) for requirement in packages),
        ("GPU", gpu),
        ("CPU", cpu),
        ("memory", memory),
        ("disk", disk),
        ("demo people", demo_people),
        ("archives", archives),
        ("weights", weights),
        ("training", training),
    ]


def guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """What the check finds, or a finding that says why it could not look."""
    try:
        return check()
    except ModuleNotFoundError as error:
        return Finding(name, f"not known without {error.name}", "install that, then ask again")
    except Exception as error:  # a doctor goes on to the next line, whatever this one met
        advice = "mend what is said above, then ask again"
        return Finding(name, f"not known: {type(error).__name__}: {_short(error)}", advice)


def as_text(finding: Finding) -> str:
    """A finding as lines of at most 90 characters: mark, name and value, with the advice below."""
    mark = "must" if finding.must else "may" if finding.advice else "ok"
    below = " " * NAMES
    fill = partial(textwrap.fill, width=WIDTH, break_on_hyphens=False)
    first = f"{mark:<5} {finding.name:<13} "
    text = fill(finding.value, initial_indent=first, subsequent_indent=below)
    if finding.advice:
        arrow, under = f"{below}-> ", f"{below}   "
        text += "\n" + fill(finding.advice, initial_indent=arrow, subsequent_indent=under)
    return text


def verdict(findings: Sequence[Finding]) -> str:
    """The last line, which says whether the course can be begun."""
    names = [finding.name for finding in findings if finding.must]
    text = f"To mend first: {', '.join(names)}." if names else "All that the course needs is here."
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def doctor() -> None:
    """Prints what this machine has for the course, and what to do about whatever is missing."""
    _print_all()


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code for a shell: 1 where the course cannot do without something, else 0."""
    parser_of("doctor", __doc__).parse_args(arguments)
    return int(any(finding.must for finding in _print_all()))


def _print_all() -> list[Finding]:
    """All findings, each printed as soon as it is there."""
    findings = []
    for name, check in all_checks():
        findings.append(guarded(name, check))
        print(as_text(findings[-1]), flush=True)
    print(verdict(findings))
    return findings


def _split(requirement: str) -> tuple[str, str]:
    """A requirement such as "torch>=2.4" as its name and its range."""
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    return name, requirement[len(name) :]


def _numbers(version: str) -> list[int]:
    """The numbers that a version begins with: [2, 14, 1] of "2.14.1+cu130"."""
    return [int(n) for n in re.findall(r"\d+", re.split(r"[^\d.]", version, maxsplit=1)[0])]


def _short(error: Exception) -> str:
    """What an error says, in at most two lines."""
    return textwrap.shorten(str(error), 120, placeholder=" ...")


def _bytes(count: float | None) -> str:
    """Bytes in words: "37 MB", "7.3 GB", or "unknown" for None."""
    if count is None:
        return "unknown"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _size(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _place(folder: Path) -> str:
    """A folder as a reader knows it: from the checkout's own folder on, where it lies in that."""
    home = PROJECT.parent
    return str(folder.relative_to(home) if folder.is_relative_to(home) else folder)


if __name__ == "__main__":
    sys.exit(main())
