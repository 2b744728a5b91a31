"""What makes a training that is interrupted lose nothing."""

import pickle
import signal
import threading
from contextlib import contextmanager

import torch

from helpers.files import whole_file


@contextmanager
def deferred_interrupt():
    """Inside, an interrupt only fills the list that is given; a second one comes through.

    Used as `with deferred_interrupt() as asked:` around a loop that looks at `asked` where it can
    stop, so that a step is never cut in two. Signals reach the main thread alone: in any other,
    the list stays empty.
    """
    asked = []

    def ask(number, _frame):
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


def save_state(path, plan, parts, state):
    """Writes all that the next step depends on: networks, optimizers, where the loop stands.

    plan: a list of plain values that a training must share to go on from here. parts: name to
    object with a `state_dict`. state: a dictionary of numbers, lists and strings.
    """
    with whole_file(path) as partial:
        saved = {name: part.state_dict() for name, part in parts.items()}
        with open(partial, "wb") as file:
            torch.save(saved | {"plan": plan, "state": state}, file)


def load_state(path, plan, parts, state, device):
    """Puts everything back as `save_state` found it, unless the file is of another plan."""
    if not path.exists():
        return
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        known = saved["plan"], saved["state"], *(saved[name] for name in parts)
    except (RuntimeError, LookupError, TypeError, EOFError, OSError, pickle.UnpicklingError):
        print(f"{path} cannot be read; starting over.")
        return
    if known[0] != plan:
        print(f"{path} is of another training; starting over.")
        return
    for part, values in zip(parts.values(), known[2:], strict=True):
        part.load_state_dict(values)
    state.update(known[1])
    print(f"Going on from epoch {state['epoch'] + 1}, step {state['step']}.")
