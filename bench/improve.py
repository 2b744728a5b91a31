"""What each change of `helpers.train.trials` is worth: the table of notebook 07.

At a budget where the seeds agree: `budgets` trains two of the trials for less, and says how far
they do then. Both take hours on two cores, one training after the other, and go on inside the
training at which they were stopped; what a whole training came to is in a file
(`bench.kept.Trainings`).
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.kept import Trainings, core_seconds, trained
from helpers.annotations import Face, read_image
from helpers.checkpoint import load_checkpoint
from helpers.crop import to_grey
from helpers.dataset import FaceLandmarksDataset, load_faces, split_by_photograph
from helpers.metrics import nme
from helpers.model import CPU_HAS_BF16
from helpers.predict import Landmarker, predict_all
from helpers.storage import short_hash
from helpers.train import TRIALS, Recipe, Trial

LOOKS = 150_000  # faces shown to each network at least, in whole epochs
# What `budgets` tries, and with which trials: one with numbers, one with maps.
BUDGETS = (16_000, 50_000, LOOKS)  # each about three times the one before
BUDGET_TRIALS = ("L1", "heat maps")
TIMED = 320  # entries of the list with which it is timed what a face takes in training
EVERY = 5_000  # faces shown from one point of a recorded learning curve to the next
AWAY = 1 / 6  # of its width: how far a box lies aside, as another detector's might
ADDED_TO = "flip"  # notebook 4's recipe, whose networks predict in other ways, too
# What may be added when a network predicts: (boxes from its own first landmarks, mirror image).
WAYS = {"second crop": (True, False), "mirror": (False, True), "both": (True, True)}


@dataclass(frozen=True)
class Training:
    """One training of a table: a trial's name and recipe, and for how long it learns from what.

    looks: faces shown at least, in whole epochs. more: lists to learn from besides. few: of the
    training faces only.
    """

    name: str
    recipe: Recipe
    looks: int
    seed: int
    more: Sequence[list[Face]] = ()
    few: int | None = None

    @property
    def title(self) -> str:
        """A name with all that the figures depend on, but the lists of faces and of the test."""
        some = f" {self.few} faces" if self.few else ""
        others = [face.landmarks.round(2).tolist() for part in self.more for face in part]
        also = f" and {short_hash(others)}" if self.more else ""
        recipe = short_hash(self.recipe, EVERY, AWAY)
        return f"trial {self.name} {recipe} {self.looks} looks{some}{also} seed {self.seed}"

    def shown(self, faces: list[Face]) -> tuple[int, int]:
        """How many epochs it has, and how many faces those show: batches are whole."""
        entries = len(split_by_photograph(faces)[0]) + sum(len(part) for part in self.more)
        each = max(1, entries // self.recipe.batch_size) * self.recipe.batch_size
        epochs = -(-self.looks // each)
        return epochs, epochs * each

    def done(self, faces: list[Face], folder: Path) -> tuple[dict[str, Any], Path]:
        """What `bench.kept.trained` tells of it, and its checkpoint; it happens if it did not."""
        path = folder / f"{self.title}.pt"
        epochs, _ = self.shown(faces)
        options = {"more": self.more, "few": self.few, "seed": self.seed}
        return trained(self.recipe, faces, epochs, path, **options), path


def measure(
    faces: list[Face],
    test: list[Face],
    kept: Trainings,
    seeds: Iterable[int],
    looks: int = LOOKS,
    others: list[Face] | None = None,
    names: Iterable[str] | None = None,
) -> dict[str, Any]:
    """The trials with every seed, trained where that was not done before.

    faces, test: the lists. others: further photographs; without, their trial is left out. names: of
    the trials to do, by default all. Those that they are held against are done with them, and what
    was done before stays. Returns "words": what each trial is, and beside which; "trials": name to
    a list of runs, as `figures_of` gives them; "shown": how many faces each trial was shown, in
    whole epochs; "core_ms": milliseconds of a core that training takes for a face, all in one run;
    "ways": what is added when the networks of the trial "added_to" predict, to NME for each seed;
    "left_out": the other trials' names, and what they are.
    """
    seeds = list(seeds)
    plan = {
        name: [Training(name, t.recipe, looks, seed, _besides(t, others)) for seed in seeds]
        for name, t in TRIALS.items()
        if others or t.more != "photographs"
    }
    wanted = set(plan if names is None else names)
    wanted |= {name for name, row in plan.items() if all(kept.has(one.title) for one in row)}
    while missing := {TRIALS[name].beside for name in wanted} - wanted - {None}:
        wanted |= missing
    rows = {name: row for name, row in plan.items() if name in wanted}
    trials: dict[str, list[dict[str, Any]]] = {name: [] for name in rows}
    in_turn = list(itertools.chain(*zip(*rows.values(), strict=True)))  # all with a seed, the next
    for number, one in enumerate(in_turn, 1):
        print(f"training {number} of {len(in_turn)}: {one.name}, seed {one.seed}", flush=True)
        trials[one.name].append(figures_of(one, faces, test, kept))
        print(f"{one.name:>12} {trials[one.name][-1]}", flush=True)
    added = [_added(one, faces, test, kept) for one in rows.get(ADDED_TO, [])]
    return {
        "words": {n: {"what": TRIALS[n].what, "beside": TRIALS[n].beside} for n in rows},
        "trials": trials,
        "shown": {name: row[0].shown(faces)[1] for name, row in rows.items()},
        "core_ms": core_ms({name: row[0].recipe for name, row in rows.items()}, faces),
        "added_to": ADDED_TO,
        "ways": {way: [errors[way] for errors in added] for way in WAYS} if added else {},
        "left_out": {name: trial.what for name, trial in TRIALS.items() if name not in rows},
        "looks": looks,
        "seeds": seeds,
        "away": round(AWAY, 3),
    }


def _besides(trial: Trial, others: list[Face] | None) -> list[list[Face]]:
    """The lists that a trial learns from besides."""
    if trial.more == "people":
        return [load_faces("train", "demo")]
    return [others] if trial.more and others else []


def core_ms(recipes: dict[str, Recipe], faces: list[Face]) -> dict[str, float]:
    """Milliseconds of one core that an epoch takes a face, its crop already made, by name.

    What an epoch ends with, validation and saving, is part of it.
    """
    some, costs = faces[:TIMED], dict[Recipe, float]()
    for recipe in recipes.values():
        if recipe in costs:
            continue
        FaceLandmarksDataset(some, recipe.size, recipe.margin)  # its crops are kept
        with TemporaryDirectory() as folder:

            def train(epochs: int, recipe: Recipe = recipe, folder: str = folder) -> None:
                recipe.train(some, epochs, Path(folder, f"{epochs}.pt"), bf16=CPU_HAS_BF16)

            one, three = (core_seconds(lambda n=n: train(n)) for n in (1, 3))
        _, shown = Training("", recipe, 1, 0).shown(some)
        costs[recipe] = round(1000 * (three - one) / (2 * shown), 1)
    return {name: costs[recipe] for name, recipe in recipes.items()}


def budgets(
    faces: list[Face],
    test: list[Face],
    kept: Trainings,
    seeds: Iterable[int],
    tried: Sequence[int] = BUDGETS,
) -> dict[str, Any]:
    """NME of two trials against the faces that each training was shown; each with every seed.

    Every training has its whole schedule, so that its rate falls to zero at its own end: a learning
    curve of one long training, whose rate is still high half-way, says less. Returns "trials": name
    to a list of runs for each budget, as `figures_of` gives them; "shown": faces shown, for each.
    """
    seeds = list(seeds)
    trials: dict[str, list[list[dict[str, Any]]]] = {name: [] for name in BUDGET_TRIALS}
    for looks, name in itertools.product(tried, BUDGET_TRIALS):
        row = [Training(name, TRIALS[name].recipe, looks, seed) for seed in seeds]
        print(f"budget of {looks:,} faces: {name}", flush=True)
        trials[name].append([figures_of(one, faces, test, kept) for one in row])
    first = TRIALS[BUDGET_TRIALS[0]].recipe
    shown = [Training("", first, looks, 0).shown(faces)[1] for looks in tried]
    return {"trials": trials, "shown": shown, "seeds": seeds}


def figures_of(
    one: Training, faces: list[Face], test: list[Face], kept: Trainings
) -> dict[str, Any]:
    """What a training came to: it happens where it did not before.

    Returns "seed", "seconds" (of one core, on the machine of the training), "bf16" (whether it
    computed with 16 bits), "test" (NME on the test list), "aside" (the same from boxes that lie
    aside), "made" (machine and date), and the learning curve: "curve", NME on the validation part,
    and "curve_shown", after how many faces.
    """

    def measured() -> dict[str, Any]:
        told, path = one.done(faces, kept.weights)
        return _on_the_way(one, faces, told) | _score(path, one.recipe, test)

    return kept.figures(one.title, measured)


def _on_the_way(one: Training, faces: list[Face], told: dict[str, Any]) -> dict[str, Any]:
    """Seed, core seconds and learning curve of a training, a point for every so many faces."""
    epochs, shown = one.shown(faces)
    each = shown // epochs
    points = [k for k in range(epochs) if (k + 1) * each // EVERY > k * each // EVERY]
    points = points if points and points[-1] == epochs - 1 else [*points, epochs - 1]
    return {
        "seed": one.seed,
        "seconds": told["seconds"],
        "bf16": CPU_HAS_BF16,
        "curve_shown": [(k + 1) * each for k in points],
        "curve": [told["curve"][k] for k in points],
    }


def _score(path: Path, recipe: Recipe, faces: list[Face]) -> dict[str, float]:
    """NME of a checkpoint in one pass, from the faces' boxes and from boxes that lie aside."""
    model, _ = load_checkpoint(path)
    aside = [replace(f, box=(f.box[0] + AWAY * f.box[2], *f.box[1:])) for f in faces]
    return {
        name: round(float(nme(*predict_all(model, crops)).mean()), 3)
        for name, boxes in (("test", faces), ("aside", aside))
        for crops in [FaceLandmarksDataset(boxes, recipe.size, recipe.margin)]
    }


def _added(one: Training, faces: list[Face], test: list[Face], kept: Trainings) -> dict[str, float]:
    """NME of a training's network with what is added when it predicts."""

    def measured() -> dict[str, float]:
        _, path = one.done(faces, kept.weights)
        landmarker, truth = Landmarker.load(path), [face.landmarks for face in test]
        pairs = [(read_image(face.image), np.array([face.box], np.float32)) for face in test]
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

    return kept.figures(f"{one.title}, {' and '.join(WAYS)}", measured)
