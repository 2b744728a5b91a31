"""A measurement goes into a file of results together with the machine that made it."""

import json
import os
import platform
import re
from datetime import date
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import cv2
import torch

from bench import RESULTS
from helpers.storage import whole_file

# What not everyone has, each with the module by which its package is known: dlib and ONNX Runtime
# come in packages of several names.
MODULES = {"onnxruntime": "onnxruntime", "dlib-bin": "_dlib_pybind11", "mediapipe": "mediapipe"}


def record(name: str, values: dict[str, Any], file: Path = RESULTS) -> None:
    """Puts a measurement under its name into a file of results, in place of an older one."""
    values = values | this_machine()  # which takes longer than what follows
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    results[name] = values
    with whole_file(file) as partial:
        partial.write_text(as_text(results), "utf-8", newline="\n")


def this_machine() -> dict[str, Any]:
    """The machine and the versions that a figure is measured with, and the day."""
    vectors = torch.backends.cpu.get_cpu_capability()
    packages = packages_distributions()
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {vectors}",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        **{name: version(packages[of][0]) for name, of in MODULES.items() if of in packages},
        "date": date.today().isoformat(),
    }


def as_text(results: dict[str, Any]) -> str:
    """Results as their file holds them: JSON by name, and a list of numbers on one line.

    A curve is one thing to read, not forty.
    """
    text = json.dumps(dict(sorted(results.items())), indent=2) + "\n"
    return re.sub(r"\[[^][{}]*\]", _on_one_line, text)


def _on_one_line(numbers: re.Match[str]) -> str:
    return re.sub(r"(?<=\[) | (?=\])", "", " ".join(numbers[0].split()))


def set_name(faces: str) -> str:
    """The name of a data set in a record: what `get_dataset` takes, without folder and ending."""
    return Path(faces).name.removesuffix(".tar.gz")
