"""Who is scored: each contender puts landmarks on a face, given the photograph and a box.

A contender is a function predict(image RGB uint8 [H, W, 3], box (left, top, width, height)) ->
landmarks float32 [68, 2] in pixels of the photograph.
"""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from helpers.annotations import read_image
from helpers.checkpoint import load_checkpoint
from helpers.crop import crop_matrix, invert, move
from helpers.export import export, load_onnx
from helpers.files import whole_file
from helpers.predict import Landmarker
from helpers.recipe import Recipe
from helpers.train_cli import main as train_from_shell

WIDTH, SIZE = 48, 128  # of the recipe's network
RECIPE = (
    f"--network HeatmapNet --size {SIZE} --width {WIDTH} --batch-size 32 --lr 1.5e-3"
    " --mirror --half --bf16"
)


@dataclass
class Contender:
    """Who it is, what its training took, how large it is on disk, and how it predicts.

    seconds: of training, summed over all cores; of a training that was stopped, those since it
    went on. What else the machine does makes it longer (waiting cores count), if less than a clock.
    """

    name: str
    predict: callable
    seconds: float | None = None
    file: Path | None = None

    def on(self, faces):
        """Landmarks of faces from their label file's boxes: float32 [n, 68, 2].

        And the median time of a prediction in milliseconds, crop and way back included, reading
        the photograph not.
        """
        points, times = [], []
        for face in faces:
            image = read_image(face.image)
            began = perf_counter()
            points.append(self.predict(image, face.box))
            times.append(perf_counter() - began)
        return np.stack(points).astype(np.float32), 1000 * float(np.median(times))

    def megabytes(self):
        """Size on disk, None for what needs no file."""
        return self.file.stat().st_size / 1e6 if self.file else None


def mean_face(train) -> Contender:
    """Looks at no picture: the mean landmarks of the training faces, in the box."""
    matrices = [crop_matrix(face.box, 224) for face in train]
    crops = [move(face.landmarks, m) for face, m in zip(train, matrices, strict=True)]
    mean = np.mean(crops, axis=0)
    return Contender("mean face", lambda _, box: move(mean, invert(crop_matrix(box, 224))))


def course(train, folder, epochs, size=112, seed=0) -> list[Contender]:
    """Notebook 04's network with its recipe: with one pass of `landmarks`, and with two."""
    path = folder / f"course {size} px {epochs} epochs seed {seed}.pt"
    seconds = path.with_suffix(".seconds")
    if not seconds.exists():
        began = process_time()
        Recipe(size=size).train(train, epochs, path, seed=seed)
        write_text(seconds, f"{process_time() - began:.1f}")
    return ways(Landmarker(*load_checkpoint(path)), "notebook 04", path, float(seconds.read_text()))


def recipe(names, entries, folder, looks, seed=0) -> list[Contender]:
    """The best recipe that begins from nothing, as `python -m helpers.train` runs it.

    names: of the data sets to learn from, a weighty one named twice; the first one's test list is
    scored. entries: how many training faces they have in all. looks: how many faces are shown.
    """
    epochs = max(1, round(looks / (0.9 * entries)))
    path = folder / f"recipe {len(names)} sets {epochs} epochs seed {seed}.pt"
    seconds = path.with_suffix(".seconds")
    if not seconds.exists():
        words = [*RECIPE.split(), "--seed", str(seed)]
        words += ["--epochs", str(epochs), "--out", str(path)]
        began = process_time()
        train_from_shell(words + [word for name in names for word in ("--faces", name)])
        write_text(seconds, f"{process_time() - began:.1f}")
    exported = path.with_suffix(".onnx")
    export(path, exported)
    spent = float(seconds.read_text())
    return [
        *ways(Landmarker(*load_checkpoint(path)), "heat maps", path, spent),
        *ways(Landmarker(*load_onnx(exported), "cpu"), "heat maps, ONNX", exported, spent),
    ]


def ways(landmarker, name, path, seconds=None) -> list[Contender]:
    """A network with one pass and with two; where its checkpoint says so, also with the mirror."""

    def one_pass(image, box):
        return landmarker.landmarks(image, [box], mirror=False, passes=1)[0]

    def two_passes(image, box):
        return landmarker.landmarks(image, [box], mirror=False)[0]

    def with_mirror(image, box):
        return landmarker.landmarks(image, [box], mirror=True)[0]

    found = {"one pass": one_pass, "two passes": two_passes}
    if landmarker.mirror:
        found["two passes, mirrored"] = with_mirror
    return [Contender(f"{name}, {way}", predict, seconds, path) for way, predict in found.items()]


def write_text(path, text):
    """Writes a small file whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8")
