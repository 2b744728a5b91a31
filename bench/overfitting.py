"""A training that is long enough to see a network learn its faces by heart: notebook 04's curves.

The network of notebook 04 learns from the same demo people twice: once from each face as it is,
once from faces that are varied anew each time. All else is equal. Which epoch's weights are kept
does not matter here: the curves are what is wanted.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Subset

from helpers.augment import Augment
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset, load_faces, split_by_photograph
from helpers.metrics import nme
from helpers.model import CPU_HAS_BF16, LandmarkNet
from helpers.storage import short_hash, whole_file
from helpers.train import fit

EPOCHS, WIDTH, SIZE = 60, 64, 112
UNCHANGED = ("rotation", "scale", "shift", "flip", "brightness", "contrast", "erasing")
KEYS = ("train_loss", "val_loss", "val_nme")  # of each epoch


def measure(
    folder: Path, epochs: int = EPOCHS, width: int = WIDTH, size: int = SIZE
) -> dict[str, Any]:
    """Both trainings on the demo people, each done where it was not done before.

    folder: where weights and curves are kept; a training that was stopped goes on inside. Returns
    the setting; "mean_face", the NME to beat on the same validation faces; and for "unchanged" and
    "augmented" faces a list for each of `KEYS`, with one value for each epoch.
    """
    dataset = FaceLandmarksDataset(load_faces("train", "demo"), size, margin=MARGIN)
    train, validation = split_by_photograph(dataset.faces)
    truth = dataset.landmarks[validation].numpy()
    mean_face = dataset.landmarks[train].mean(0).numpy()
    # Curves of another setting, or of people of another version, are not taken for these.
    key = short_hash(epochs, width, size, dataset.landmarks.numpy().tobytes())
    ways = {
        "unchanged": Augment(size, **dict.fromkeys(UNCHANGED, 0.0)),
        "augmented": Augment(size),
    }
    return {
        "epochs": epochs,
        "width": width,
        "size": size,
        "training_faces": len(train),
        "validation_faces": len(validation),
        "seed": 0,
        "bf16": CPU_HAS_BF16,
        "mean_face": round(float(nme(np.broadcast_to(mean_face, truth.shape), truth).mean()), 3),
        **{
            name: curves_of(
                *(augment, dataset, train, validation, epochs, width),
                folder / f"overfitting {name} {key}",
            )
            for name, augment in ways.items()
        },
    }


def curves_of(
    augment: Augment,
    dataset: FaceLandmarksDataset,
    train: list[int],
    validation: list[int],
    epochs: int,
    width: int,
    path: Path,
) -> dict[str, list[float]]:
    """The curves of one training: from `path`.json where they are kept, else made and kept there.

    train, validation: indices of the data set's faces.
    """
    kept = path.with_suffix(".json")
    if not kept.exists():
        torch.manual_seed(0)
        model = LandmarkNet(width, dataset.size)
        model.start_at(dataset.mean_face(train))
        parts = Subset(dataset, train), Subset(dataset, validation)
        pace = {"batch_size": 32, "lr": 1.5e-3, "bf16": CPU_HAS_BF16}
        weights = path.with_suffix(".pt")
        weights.parent.mkdir(parents=True, exist_ok=True)
        history = fit(model, *parts, epochs, weights, augment=augment, on_epoch=tell, **pace)
        curves = {key: [float(f"{line[key]:.4g}") for line in history] for key in KEYS}
        with whole_file(kept) as partial:
            partial.write_text(json.dumps(curves), "utf-8")
    return json.loads(kept.read_text("utf-8"))


def tell(history: list[dict[str, float]]) -> None:
    """Prints every tenth epoch, for a log."""
    if len(history) % 10 == 0:
        print(f"epoch {len(history)}: validation NME {history[-1]['val_nme']:.2f} %", flush=True)
