"""Who is scored: each contender puts landmarks on a face, given the photograph and a box.

A contender is a function predict(image RGB uint8 [H, W, 3], box (left, top, width, height)) ->
landmarks float32 [68, 2] in pixels of the photograph.
"""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch
from torch.utils.data import Subset

from helpers.annotations import read_image
from helpers.crop import crop_matrix, invert, move, to_grey
from helpers.dataset import FaceLandmarksDataset, split_by_photograph
from helpers.files import whole_file
from helpers.model import LandmarkNet, load_checkpoint
from helpers.predict import Landmarker
from helpers.train import fit


@dataclass
class Contender:
    """Who it is, what its training took, how large it is on disk, and how it predicts.

    seconds: of training, summed over all cores, so that a machine that was also doing something
    else tells the same.
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
    """Notebook 04's network with its recipe: with one pass, and with the two of `landmarks`."""
    path = folder / f"course {size} px {epochs} epochs seed {seed}.pt"
    seconds = path.with_suffix(".seconds")
    if not seconds.exists():
        dataset = FaceLandmarksDataset(train, size)
        parts = [Subset(dataset, part) for part in split_by_photograph(train)]
        torch.manual_seed(seed)
        model = LandmarkNet(64, size)
        model.start_at(dataset.mean_face(parts[0].indices))
        began = process_time()
        fit(model, *parts, epochs, path, batch_size=32, lr=1.5e-3, seed=seed)
        write_text(seconds, f"{process_time() - began:.1f}")
    landmarker = Landmarker(*load_checkpoint(path))

    def one_pass(image, box):
        return landmarker.predict_once(to_grey(image), np.float32([box]))[0]

    def two_passes(image, box):
        return landmarker.landmarks(image, [box])[0]

    took = float(seconds.read_text())
    return [
        Contender("notebook 04, one pass", one_pass, took, path),
        Contender("notebook 04, two passes", two_passes, took, path),
    ]


def write_text(path, text):
    """Writes a small file whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, "utf-8")
