"""The weights that ship on the test lists of all data sets, turned heads apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.contenders import Contender, ways
from bench.record import set_name
from bench.scoreboard import interval
from helpers.checkpoint import SHIPPED
from helpers.dataset import load_faces
from helpers.metrics import failure_rate, nme
from helpers.pose import yaw
from helpers.predict import Landmarker

TURNED = 30  # degrees of yaw, from which on a head counts as turned


def by_default() -> list[Contender]:
    """The weights that ship, each as `landmarks` predicts by default."""
    return [ways(Landmarker.load(name), f"`{name}`", path)[-1] for name, path in SHIPPED.items()]


def measure(names: Sequence[str], contenders: Sequence[Contender]) -> dict[str, Any]:
    """For each data set of `names`, in "rows", how contenders do on its test list.

    From the label files' boxes. Of a contender: "nme" and "failure_8", each [value, low, high] with
    the ends of its 95 % interval, drawing whole photographs; "turned", the same of failures among
    heads turned by `TURNED` degrees and more, how many these are in front.
    """
    return {"rows": {set_name(name): _of_list(name, contenders) for name in names}}


def _of_list(name: str, contenders: Sequence[Contender]) -> dict[str, Any]:
    """How many faces a test list has, and the figures of each contender on it."""
    faces = load_faces("test", name)
    truth = np.stack([face.landmarks for face in faces])
    photographs = np.array([face.photograph for face in faces])
    turned = abs(yaw(truth)) >= TURNED
    rows = {}
    for contender in contenders:
        errors = nme(contender.on(faces)[0], truth)
        rows[contender.name] = {
            "nme": interval(errors, photographs, np.mean),
            "failure_8": interval(errors, photographs, failure_rate),
        }
        if turned.any():
            of_them = interval(errors[turned], photographs[turned], failure_rate)
            rows[contender.name]["turned"] = [int(turned.sum()), *of_them]
    return {"faces": len(faces), "contenders": rows}
