"""Who is scored: each contender puts landmarks on a face, given the photograph and a box.

A contender is a function predict(image RGB uint8 [H, W, 3], box (left, top, width, height)) ->
landmarks float32 [68, 2] in pixels of the photograph.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench.kept import once, whole_seconds
from bench.record import set_name
from helpers import metrics
from helpers.annotations import Face, read_image
from helpers.checkpoint import load_checkpoint, load_onnx
from helpers.export import export
from helpers.predict import Landmarker
from helpers.storage import short_hash
from helpers.train import Recipe
from helpers.train.__main__ import main as train_from_shell

Predict = Callable[[np.ndarray, Any], np.ndarray]

WIDTH, SIZE = 48, 128  # of the recipe's network
RECIPE = (
    f"--network HeatmapNet --size {SIZE} --width {WIDTH} --batch-size 32 --lr 1.5e-3"
    " --mirror --half --bf16"
)


@dataclass
class Contender:
    """Who it is, what its training took, how large it is on disk, and how it predicts.

    seconds: of training, summed over all cores. What else the machine does makes it longer (waiting
    cores count), if less than a clock.
    """

    name: str
    predict: Predict
    seconds: float | None = None
    file: Path | None = None

    def on(self, faces: Sequence[Face]) -> tuple[np.ndarray, float]:
        """Landmarks float32 [n, 68, 2] of faces, from their label file's boxes; and milliseconds.

        These are the median time of a prediction: crop and way back are in it, reading is not.
        """
        points, times = [], []
        for face in faces:
            image = read_image(face.image)
            began = perf_counter()
            points.append(self.predict(image, face.box))
            times.append(perf_counter() - began)
        return np.stack(points).astype(np.float32), 1000 * float(np.median(times))

    def megabytes(self) -> float | None:
        """Size on disk, None for what needs no file."""
        return self.file.stat().st_size / 1e6 if self.file else None


def mean_face(train: Sequence[Face]) -> Contender:
    """Looks at no picture: the mean landmarks of the training faces, in the box."""
    mean = metrics.mean_face(train)
    return Contender("mean face", lambda _, box: metrics.place_face(mean, box))


def course(
    train: list[Face], folder: Path, epochs: int, size: int = 112, seed: int = 0
) -> list[Contender]:
    """Notebook 04's network with its recipe: with one pass of `landmarks`, and with two."""
    recipe = Recipe(size=size)
    path = folder / f"course {short_hash(recipe)} {epochs} epochs seed {seed}.pt"
    seconds = once(
        path.with_suffix(".seconds"),
        lambda: whole_seconds(path, lambda: recipe.train(train, epochs, path, seed=seed)),
    )
    return ways(Landmarker(*load_checkpoint(path)), "notebook 04", path, seconds)


def recipe(
    names: list[str], entries: int, folder: Path, looks: int, seed: int = 0
) -> list[Contender]:
    """The best recipe that begins from nothing, as `python -m helpers.train` runs it.

    names: of the data sets to learn from, a weighty one named twice; the first one's test list is
    scored. entries: how many training faces they have in all. looks: how many faces are shown.
    """
    epochs = max(1, round(looks / (0.9 * entries)))
    key = short_hash(RECIPE, [set_name(name) for name in names])
    path = folder / f"recipe {key} {epochs} epochs seed {seed}.pt"
    words = [*RECIPE.split(), "--seed", str(seed), "--epochs", str(epochs), "--out", str(path)]
    words += [word for name in names for word in ("--faces", name)]
    spent = once(
        path.with_suffix(".seconds"), lambda: whole_seconds(path, lambda: train_from_shell(words))
    )
    exported = path.with_suffix(".onnx")
    export(path, exported)
    return [
        *ways(Landmarker(*load_checkpoint(path)), "heat maps", path, spent),
        *ways(Landmarker(*load_onnx(exported), "cpu"), "heat maps, ONNX", exported, spent),
    ]


def ways(
    landmarker: Landmarker, name: str, path: Path, seconds: float | None = None
) -> list[Contender]:
    """A network with one pass and with two; where its checkpoint says so, also with the mirror."""

    def one_pass(image: np.ndarray, box: Any) -> np.ndarray:
        return landmarker.landmarks(image, [box], mirror=False, passes=1)[0]

    def two_passes(image: np.ndarray, box: Any) -> np.ndarray:
        return landmarker.landmarks(image, [box], mirror=False)[0]

    def with_mirror(image: np.ndarray, box: Any) -> np.ndarray:
        return landmarker.landmarks(image, [box], mirror=True)[0]

    found = {"one pass": one_pass, "two passes": two_passes}
    if landmarker.mirror:
        found["two passes, mirrored"] = with_mirror
    return [Contender(f"{name}, {way}", predict, seconds, path) for way, predict in found.items()]
