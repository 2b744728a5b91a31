"""Why an interrupted training loses nothing, and goes on at the same step to the same figures.

Three things together: an interrupt waits for the end of its step (`deferred_interrupt`); all that
the next step depends on is written down (`save_state`, `load_state`); and whatever is random in a
step follows from seed, epoch and step alone (`generator`), not from how many numbers were drawn
before.
"""

import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from helpers.storage import whole_file

History = list[dict[str, float]]


@dataclass
class Progress:
    """Where a training stands.

    epoch: how many are finished. step: how many are done of the next one. loss: the sum over those
    steps. seen: how many faces the weights have seen in all. history: as `fit` returns it.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    seen: int = 0
    history: History = field(default_factory=list)

    def end_step(self, loss: float, faces: int) -> None:
        """Counts a step with its loss and the faces of its batch."""
        self.loss += loss
        self.step += 1
        self.seen += faces

    def end_epoch(self, val_loss: float, val_nme: float) -> None:
        """Counts an epoch and adds its line to the history."""
        best = min([val_nme] + [line["val_nme"] for line in self.history])
        train_loss = self.loss / self.step
        self.history.append(
            {"train_loss": train_loss, "val_loss": val_loss, "val_nme": val_nme, "best": best}
        )
        self.epoch, self.step, self.loss = self.epoch + 1, 0, 0.0


@contextmanager
def deferred_interrupt() -> Iterator[list[int]]:
    """A block in which an interrupt only fills the list that is given; a second one gets through.

    Used as `with deferred_interrupt() as asked:` around a loop that looks at `asked` where it can
    stop, so that a step is never cut in two. Signals reach the main thread alone: in any other,
    the list stays empty.
    """
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def generator(*seeds: int) -> torch.Generator:
    """Random numbers that follow from the given whole numbers (seed, epoch, step) alone."""
    mixed = 0
    for seed in seeds:
        mixed = (mixed * 1_000_003 + seed) % 2**63
    return torch.Generator().manual_seed(mixed)


def save_state(path: Path, plan: list[Any], parts: dict[str, Any], progress: Progress) -> None:
    """Writes all that the next step depends on: networks, optimizer, where the training stands.

    plan: plain values, such as settings; a training with other values must not go on from here.
    parts: name to object with a `state_dict`.
    """
    saved = {name: part.state_dict() for name, part in parts.items()}
    with whole_file(path) as partial, open(partial, "wb") as file:
        torch.save(saved | {"plan": plan, "state": vars(progress)}, file)


def load_state(
    path: Path, plan: list[Any], parts: dict[str, Any], device: torch.device
) -> Progress:
    """The progress that `save_state` wrote; the parts are put back into the states they had then.

    A new `Progress` where there is no such file. One that cannot be read, or that is of another
    plan, is not used either, and a line says so.
    """
    if not path.exists():
        return Progress()
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        known_plan, progress = saved["plan"], Progress(**saved["state"])
        states = [saved[name] for name in parts]
    except (RuntimeError, LookupError, TypeError, EOFError, OSError, pickle.UnpicklingError):
        print(f"{path} cannot be read; starting over.")
        return Progress()
    if known_plan != plan:
        print(f"{path} is of another training; starting over.")
        return Progress()
    for part, state in zip(parts.values(), states, strict=True):
        part.load_state_dict(state)
    print(f"Going on from epoch {progress.epoch + 1}, step {progress.step}.")
    return progress
