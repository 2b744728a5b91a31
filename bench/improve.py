"""What each change of `helpers.train.trials` is worth: the table of notebook 07.

At a budget where the curves have flattened: `budgets` trains two of the trials for less and for
longer, and says where that is. Both take days on two cores, one training after the other, and go on
inside the training at which they were stopped.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.kept import trained
from helpers.annotations import Face, read_image
from helpers.checkpoint import load_checkpoint
from helpers.crop import to_grey
from helpers.dataset import FaceLandmarksDataset, load_faces, split_by_photograph
from helpers.metrics import nme
from helpers.model import CPU_HAS_BF16
from helpers.predict import Landmarker, predict_all
from helpers.storage import short_hash
from helpers.train import TRIALS, Recipe

LOOKS = 150_000  # faces shown to each network at least, in whole epochs
# What `budgets` tries, and with which trials: one with numbers, one with maps.
BUDGETS = (16_000, 50_000, 150_000, 300_000)
BUDGET_TRIALS = ("flip", "heat maps")
EVERY = 5_000  # faces shown from one point of a recorded learning curve to the next
AWAY = 1 / 6  # of its width: how far a box lies aside, as another detector's might
# What may be added when a network predicts: (boxes from its own first landmarks, mirror image).
WAYS = {"second crop": (True, False), "mirror": (False, True), "both": (True, True)}


def measure(
    faces: list[Face],
    test: list[Face],
    folder: Path,
    seeds: Iterable[int],
    looks: int = LOOKS,
    others: Sequence[Face] = (),
) -> dict[str, Any]:
    """Every trial with every seed, trained where that was not done before.

    faces, test: the lists. others: further photographs. Returns "words": what each trial is, and
    beside which; "trials": name to a list of runs, each with seed, core seconds of training, NME
    on the test list, the same from boxes that lie aside, and the learning curve: "curve", NME on
    the validation part, and "curve_shown", after how many faces; "shown": how many faces each trial
    was shown, in whole epochs; "ways": what is added when the heat maps predict, to NME for each
    seed.
    """
    besides = {None: [], "photographs": [list(others)], "people": [load_faces("train", "demo")]}
    tried = {n: t for n, t in TRIALS.items() if others or t.more != "photographs"}
    trials: dict[str, list[dict[str, Any]]] = {name: [] for name in tried}
    ways: dict[str, list[float]] = {way: [] for way in WAYS}
    plan = list(itertools.product(seeds, tried.items()))
    for number, (seed, (name, trial)) in enumerate(plan, 1):
        print(f"training {number} of {len(plan)}: {name}, seed {seed}", flush=True)
        run, path = run_trial(name, trial.recipe, faces, besides[trial.more], looks, seed, folder)
        trials[name].append(run | score(path, trial.recipe, test))
        print(f"{name:>12} {trials[name][-1]}", flush=True)
        if name == "heat maps":
            for way, value in _added(path, test).items():
                ways[way].append(value)
    shown = {
        name: shown_in(trial.recipe, faces, besides[trial.more], looks)[1]
        for name, trial in tried.items()
    }
    return {
        "words": {name: {"what": t.what, "beside": t.beside} for name, t in tried.items()},
        "trials": trials,
        "shown": shown,
        "ways": ways,
        "looks": looks,
        "seeds": list(seeds),
        "bf16": CPU_HAS_BF16,
        "away": round(AWAY, 3),
    }


def budgets(
    faces: list[Face],
    test: list[Face],
    folder: Path,
    seeds: Iterable[int],
    tried: Sequence[int] = BUDGETS,
) -> dict[str, Any]:
    """NME of two trials against the faces that each training was shown; each with every seed.

    Every training has its whole schedule, so that its rate falls to zero at its own end: a learning
    curve of one long training, whose rate is still high half-way, says less. Returns "trials": name
    to a list of runs for each budget, as `measure` gives them; "shown": faces shown, for each.
    """
    trials: dict[str, list[list[dict[str, Any]]]] = {name: [] for name in BUDGET_TRIALS}
    for looks, name in itertools.product(tried, BUDGET_TRIALS):
        recipe, runs = TRIALS[name].recipe, []
        for seed in seeds:
            print(f"budget of {looks:,} faces: {name}, seed {seed}", flush=True)
            run, path = run_trial(name, recipe, faces, [], looks, seed, folder)
            runs.append(run | score(path, recipe, test))
        trials[name].append(runs)
    first = TRIALS[BUDGET_TRIALS[0]].recipe
    shown = [shown_in(first, faces, [], looks)[1] for looks in tried]
    return {"trials": trials, "shown": shown, "seeds": list(seeds), "bf16": CPU_HAS_BF16}


def run_trial(
    name: str,
    recipe: Recipe,
    faces: list[Face],
    more: list[list[Face]],
    looks: int,
    seed: int,
    folder: Path,
    few: int | None = None,
) -> tuple[dict[str, Any], Path]:
    """Seed, core seconds and learning curve of a recipe's training; and its checkpoint.

    It happens where it did not before (`bench.kept.trained`). few: of the training faces only.
    """
    some = f" {few} faces" if few else ""
    path = folder / f"trial {name} {short_hash(recipe)} {looks} looks{some} seed {seed}.pt"
    epochs, shown = shown_in(recipe, faces, more, looks)
    told = trained(recipe, faces, epochs, path, more=more, few=few, seed=seed)
    each = shown // epochs
    kept = [k for k in range(epochs) if (k + 1) * each // EVERY > k * each // EVERY]
    kept = kept if kept and kept[-1] == epochs - 1 else [*kept, epochs - 1]
    run = {
        "seed": seed,
        "seconds": told["seconds"],
        "curve_shown": [(k + 1) * each for k in kept],
        "curve": [told["curve"][k] for k in kept],
    }
    return run, path


def shown_in(
    recipe: Recipe, faces: list[Face], more: list[list[Face]], looks: int
) -> tuple[int, int]:
    """How many epochs show at least so many faces, and how many those are: batches are whole."""
    entries = len(split_by_photograph(faces)[0]) + sum(len(part) for part in more)
    each = max(1, entries // recipe.batch_size) * recipe.batch_size
    epochs = -(-looks // each)
    return epochs, epochs * each


def score(path: Path, recipe: Recipe, faces: list[Face]) -> dict[str, float]:
    """NME of a checkpoint in one pass, from the faces' boxes and from boxes that lie aside."""
    model, _ = load_checkpoint(path)
    aside = [replace(f, box=(f.box[0] + AWAY * f.box[2], *f.box[1:])) for f in faces]
    return {
        name: round(float(nme(*predict_all(model, crops)).mean()), 3)
        for name, boxes in (("test", faces), ("aside", aside))
        for crops in [FaceLandmarksDataset(boxes, recipe.size, recipe.margin)]
    }


def _added(path: Path, faces: list[Face]) -> dict[str, float]:
    """NME of a network with what is added when it predicts."""
    landmarker, truth = Landmarker.load(path), [face.landmarks for face in faces]
    pairs = [(read_image(face.image), np.array([face.box], np.float32)) for face in faces]
    found = {}
    for way, (again, mirror) in WAYS.items():
        points = [
            landmarker.landmarks(image, box, mirror=mirror)
            if again
            else landmarker.predict_once(to_grey(image), box, mirror)
            for image, box in pairs
        ]
        found[way] = round(float(nme(np.concatenate(points), truth).mean()), 3)
    return found
