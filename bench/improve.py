"""What each change of `helpers.trials` is worth: the table of notebook 07."""

import hashlib
import itertools
from dataclasses import replace
from time import process_time

import numpy as np

from bench.contenders import write_text
from helpers.annotations import read_image
from helpers.checkpoint import load_checkpoint
from helpers.crop import to_grey
from helpers.dataset import FaceLandmarksDataset, load_faces, split_by_photograph
from helpers.metrics import nme
from helpers.model import CPU_HAS_BF16
from helpers.predict import Landmarker, predict_all
from helpers.trials import TRIALS

LOOKS = 16_000  # faces shown to each network, as nearly as whole epochs allow
AWAY = 1 / 6  # of its width: how far a box lies aside, as another detector's might
# What may be added when a network predicts: (boxes from its own first landmarks, mirror image).
WAYS = {"second crop": (True, False), "mirror": (False, True), "both": (True, True)}


def measure(faces, test, folder, seeds, looks=LOOKS, others=()) -> dict:
    """Every trial with every seed, trained where that was not done before.

    faces, test: the lists. others: further lists of photographs. Returns "trials": name to a list
    of runs, each with seed, core seconds of training, NME on the test list, and the same from
    boxes that lie aside; "shown": how many faces each trial was shown, in whole epochs; "ways":
    what is added when the heat maps predict, to NME for each seed.
    """
    besides = {None: [], "photographs": [list(others)], "people": [load_faces("train", "demo")]}
    tried = {n: t for n, t in TRIALS.items() if others or t.more != "photographs"}
    trials, ways = {name: [] for name in tried}, {way: [] for way in WAYS}
    for seed, (name, trial) in itertools.product(seeds, tried.items()):
        key = hashlib.sha256(repr(trial.recipe).encode()).hexdigest()[:6]
        path = folder / f"trial {name} {key} {looks} looks seed {seed}.pt"
        seconds = _trained(trial.recipe, faces, besides[trial.more], looks, seed, path)
        figures = {"seed": seed, "seconds": seconds, **score(path, trial.recipe, test)}
        trials[name].append(figures)
        print(f"{name:>12} {figures}", flush=True)
        if name == "heat maps":
            for way, value in _added(path, test).items():
                ways[way].append(value)
    shown = {name: _shown(faces, besides[trial.more], looks)[1] for name, trial in tried.items()}
    return {"trials": trials, "shown": shown, "ways": ways, "looks": looks, "seeds": list(seeds),
            "bf16": CPU_HAS_BF16, "away": round(AWAY, 3)}  # fmt: skip


def _trained(recipe, faces, more, looks, seed, path) -> float:
    """Trains a recipe where that was not done before; its seconds, summed over all cores."""
    seconds = path.with_suffix(".seconds")
    if not seconds.exists():
        print(f"training: {path.stem}", flush=True)
        epochs, _ = _shown(faces, more, looks)
        began = process_time()
        recipe.train(faces, epochs, path, more=more, seed=seed, bf16=CPU_HAS_BF16)
        write_text(seconds, f"{process_time() - began:.1f}")
    return float(seconds.read_text())


def _shown(faces, more, looks) -> tuple[int, int]:
    """How many epochs come nearest to so many faces shown, and how many those are."""
    entries = len(split_by_photograph(faces)[0]) + sum(len(part) for part in more)
    epochs = max(1, round(looks / entries))
    return epochs, epochs * entries


def score(path, recipe, faces) -> dict:
    """NME of a checkpoint in one pass, from the faces' boxes and from boxes that lie aside."""
    model, _ = load_checkpoint(path)
    aside = [replace(f, box=(f.box[0] + AWAY * f.box[2], *f.box[1:])) for f in faces]
    return {
        name: round(float(nme(*predict_all(model, crops)).mean()), 3)
        for name, boxes in (("test", faces), ("aside", aside))
        for crops in [FaceLandmarksDataset(boxes, recipe.size, recipe.margin)]
    }


def _added(path, faces) -> dict:
    """NME of a network with what is added when it predicts."""
    landmarker, truth = Landmarker.load(path), [face.landmarks for face in faces]
    images = [read_image(face.image) for face in faces]
    found = {}
    for way, (again, mirror) in WAYS.items():
        points = [
            landmarker.landmarks(image, [face.box], mirror=mirror)[0]
            if again
            else landmarker.predict_once(to_grey(image), np.float32([face.box]), mirror)[0]
            for image, face in zip(images, faces, strict=True)
        ]
        found[way] = round(float(nme(np.stack(points), truth).mean()), 3)
    return found
