"""What took long is done once: the next run, or one that goes on, reads its figures from a file."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from bench.record import record
from helpers.annotations import Face
from helpers.model import CPU_HAS_BF16
from helpers.storage import whole_file
from helpers.train import Recipe

TOLD = 10  # lines that a training prints on its way


# What is known of how a training's figures came about, wherever its table is put together.
MADE = ("machine", "gpu", "torch", "date")


@dataclass(frozen=True)
class Trainings:
    """The trainings of a run's tables: their weights in a folder, their figures in a file.

    The file is part of the repository, so that what took hours does not go with a machine: whoever
    adds a row to a table trains that row. lists: name and hash of the lists that the figures belong
    to.
    """

    weights: Path
    file: Path
    lists: str

    def figures(self, name: str, measured: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The figures of a training: those in the file, else `measured` now and put there.

        name: of the training, with what its figures depend on besides the lists. Returns "made"
        besides: machine and date.
        """
        if not self.has(name):
            record(self._entry(name), {"figures": measured()}, self.file)
        entry = self._known()[self._entry(name)]
        return entry["figures"] | {"made": {key: entry[key] for key in MADE}}

    def has(self, name: str) -> bool:
        """Whether the file has the figures of a training."""
        return self._entry(name) in self._known()

    def _entry(self, name: str) -> str:
        return f"{self.lists} {name}"

    def _known(self) -> dict[str, Any]:
        return json.loads(self.file.read_text("utf-8")) if self.file.exists() else {}


def once(file: Path, number: Callable[[], float]) -> float:
    """A number of a training: from `file` where it is kept, else made and kept there."""
    if not file.exists():
        print(f"training: {file.stem}", flush=True)
        made = number()
        with whole_file(file) as partial:
            partial.write_text(f"{made:.6f}", "utf-8")
    return float(file.read_text("utf-8"))


def core_seconds(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes, summed over all cores."""
    began = process_time()
    work()
    return process_time() - began


def whole_seconds(path: Path, training: Callable[[], object]) -> float:
    """What `core_seconds` says of a training to `path`, with its parts before Ctrl-C stopped it.

    It goes on by itself where `path`.resume is; what was spent on one that begins anew is left out.
    """
    file = path.with_suffix(".stopped")
    goes_on = file.exists() and Path(f"{path}.resume").exists()
    before = float(file.read_text("utf-8")) if goes_on else 0.0
    began = process_time()
    try:
        training()
    except KeyboardInterrupt:
        with whole_file(file) as partial:
            partial.write_text(f"{before + process_time() - began:.6f}", "utf-8")
        raise
    file.unlink(missing_ok=True)
    return before + process_time() - began


def trained(
    recipe: Recipe,
    faces: list[Face],
    epochs: int,
    path: Path,
    *,
    more: Sequence[list[Face]] = (),
    few: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """How a recipe's training went, which happens where it did not before; the weights at `path`.

    Returns "seconds", core seconds of all its parts if it was stopped, and "curve", the validation
    NME after each epoch. A training that was stopped, even by a power cut, goes on inside: from its
    last step after Ctrl-C, else from its last epoch. Its lines go to standard output, for a log.
    """
    file = path.with_suffix(".json")
    known: dict[str, Any] = {"done": False, "curve": []}
    if file.exists():
        known = json.loads(file.read_text("utf-8"))
    if known["done"]:
        return known
    # What was spent on a training that begins anew does not count.
    before = known.get("seconds", 0.0) if Path(f"{path}.resume").exists() else 0.0
    began = process_time()

    def keep(curve: list[float], done: bool = False) -> None:
        seconds = round(before + process_time() - began, 1)
        known.update(seconds=seconds, curve=[round(value, 3) for value in curve], done=done)
        with whole_file(file) as partial:
            partial.write_text(json.dumps(known), "utf-8")

    def on_epoch(history: list[dict[str, float]]) -> None:
        nonlocal before
        if len(history) <= len(known["curve"]):  # it began anew all the same, as with another bf16
            before = 0.0
        keep([line["val_nme"] for line in history])
        if len(history) % max(1, epochs // TOLD) == 0:
            spent, error = known["seconds"] / 60, history[-1]["val_nme"]
            where = f"epoch {len(history)} of {epochs}, validation NME {error:.2f} %"
            print(f"{path.stem}: {where}, {spent:.1f} core minutes", flush=True)

    try:
        history = recipe.train(
            faces,
            epochs,
            path,
            more=more,
            few=few,
            seed=seed,
            bf16=CPU_HAS_BF16,
            on_epoch=on_epoch,
        )
    except KeyboardInterrupt:
        keep(known["curve"], done=len(known["curve"]) == epochs)
        raise
    # Not the curve that is kept: a power cut may have come between the last state and its epoch.
    keep([line["val_nme"] for line in history], done=True)
    return known
