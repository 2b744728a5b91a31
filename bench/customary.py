"""The customary notebook for this task, rebuilt as a baseline, and its defects as switches.

Its network (ResNet18 from random weights, one grey channel in, 136 numbers out), its crop (the raw
box), its jitter and rotation, Adam at 1e-4, batches of 64, mean squared error, ten epochs of
`next(iter(loader))`, the checkpoint with the lowest validation loss. Three things are not its own:
the figures, which it never prints; the input size, so that it can be trained on a CPU; and that its
length is counted in steps, since its ten epochs are more steps on its authors' longer list.
"""

import copy
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import models, transforms
from torchvision.transforms import functional

from bench.cascades import cascade
from bench.contenders import Contender, Predict
from bench.kept import Trainings, core_seconds
from helpers.annotations import Face, read_image
from helpers.crop import to_grey
from helpers.dataset import split_by_photograph
from helpers.metrics import nme
from helpers.model import CPU_HAS_BF16
from helpers.storage import whole_file

BATCH, LR = 64, 1e-4
STEPS = 940  # of its ten epochs on the 6,000 training faces of dlib's whole list
SAVED = 5  # epochs from one saved state to the next


@dataclass(frozen=True)
class Defects:
    """What the customary notebook does; each can be switched off.

    partial_epochs: each step draws a new random first batch, so an epoch misses a third of the
    faces. leaking_twins: the split takes entries at random. raw_box: crops exactly the box, not
    1.5 times as much. The jitter of validation faces needs no switch: both figures are given.
    """

    partial_epochs: bool = True
    leaking_twins: bool = True
    raw_box: bool = True

    @property
    def margin(self) -> float:
        """How many times as wide as the box the crop is."""
        return 1.0 if self.raw_box else 1.5


def square(box: Sequence[float], margin: float) -> tuple[int, int, int, int]:
    """The box, widened by the margin about its centre, in whole pixels: left, top, width, height.

    A raw box is taken as it is, and so, where it is no square, squeezed into one.
    """
    left, top, width, height = box
    wide, high = margin * width, margin * height
    left, top = left - (wide - width) / 2, top - (high - height) / 2
    return int(left), int(top), int(wide), int(high)


class CustomaryDataset(Dataset):
    """As tutorials do it: decode, crop, resize, jitter and rotate, for every sample.

    Item i is (image float32 [1, size, size] in -1 to 1, landmarks float32 [68, 2] as parts of the
    crop, -0.5 to 0.5).
    """

    def __init__(
        self, faces: Sequence[Face], size: int, margin: float = 1.0, change: bool = True
    ) -> None:
        self.faces, self.size, self.margin, self.change = faces, size, margin, change
        self.jitter = transforms.ColorJitter(0.3, 0.3, 0.3, 0.1)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        face = self.faces[index]
        left, top, width, height = square(face.box, self.margin)
        image = functional.to_pil_image(cv2.imread(str(face.image), cv2.IMREAD_GRAYSCALE))
        image = functional.crop(image, top, left, height, width)
        image = functional.resize(image, [self.size, self.size])
        landmarks = torch.from_numpy(face.landmarks) - torch.tensor([left, top])
        landmarks = landmarks / torch.tensor([width, height]) - 0.5
        if self.change:
            image = self.jitter(image)
            angle = random.uniform(-10, 10)
            image = functional.rotate(image, angle)
            radians = torch.deg2rad(torch.tensor(-angle))
            turn = torch.tensor([[radians.cos(), -radians.sin()], [radians.sin(), radians.cos()]])
            landmarks = landmarks @ turn.T
        return functional.normalize(functional.to_tensor(image), [0.5], [0.5]), landmarks


def network() -> nn.Module:
    """torchvision's ResNet18 with one channel in and 136 numbers out, from random weights."""
    model = models.resnet18(weights=None)
    model.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    model.fc = nn.Linear(512, 136)
    return model.to(memory_format=torch.channels_last)


def split(faces: list[Face], leaking: bool, seed: int) -> tuple[list[int], list[int]]:
    """Training and validation indices: at random as is customary, or photographs kept whole."""
    if not leaking:
        return split_by_photograph(faces, seed)
    held = len(split_by_photograph(faces, seed)[1])  # as many, so that the two compare
    order = np.random.default_rng(seed).permutation(len(faces)).tolist()
    return order[held:], order[:held]


@torch.inference_mode()
def error(model: nn.Module, dataset: Dataset) -> tuple[float, float]:
    """Mean squared error and NME (per cent, inter-ocular) of a network on a `CustomaryDataset`.

    Both in parts of the crop, as training counts: where a box is no square, a little different from
    pixels (in the second decimal of the mean).
    """
    model.eval()
    pairs = [(model(x).view(-1, 68, 2), y) for x, y in DataLoader(dataset, BATCH)]
    predicted, truth = (torch.cat(part) for part in zip(*pairs, strict=True))
    loss = float(((predicted - truth) ** 2).mean())
    return loss, float(nme(predicted.numpy(), truth.numpy()).mean())


def train(
    faces: list[Face],
    test: list[Face],
    defects: Defects,
    path: Path,
    reached: Path,
    seed: int,
    size: int = 112,
    steps: int = STEPS,
) -> dict[str, Any]:
    """Trains the baseline with these defects; its weights and figures are at `path`.

    reached: where the training's state is kept. One that was stopped goes on from there and comes
    to the same figures; so does one with more steps than an earlier one had, since the rate of
    learning does not depend on where it ends.

    Returns the figures: `told` (validation NME on jittered and rotated faces, as the customary
    notebook would print), `validation` (the same faces, untouched), `test`, each for the epoch
    with the lowest jittered validation loss; `curve` (validation NME, untouched, after each epoch);
    `seconds` of training, summed over all cores; and the settings. steps: at least so many, in
    whole epochs.
    """
    torch.manual_seed(seed)
    here, held = ([faces[i] for i in part] for part in split(faces, defects.leaking_twins, seed))
    train_set, jittered = (CustomaryDataset(part, size, defects.margin) for part in (here, held))
    untouched, test_set = (
        CustomaryDataset(part, size, defects.margin, change=False) for part in (held, test)
    )
    loader = DataLoader(train_set, BATCH, shuffle=True)
    epochs = math.ceil(steps / len(loader))
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), LR)
    state: dict[str, Any] = {"seconds": 0.0, "loss": math.inf, "curve": []}
    kept: dict[str, torch.Tensor] = {}
    saved = torch.load(reached, weights_only=True) if reached.exists() else None
    if saved and len(saved["state"]["curve"]) <= epochs:
        state, kept = saved["state"], saved["kept"]
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        print(f"going on from epoch {len(state['curve']) + 1} of {epochs}", flush=True)
    while len(state["curve"]) < epochs:
        epoch = len(state["curve"])
        # What is random in an epoch follows from its number, wherever the training was stopped.
        random.seed(1000 * seed + epoch)
        torch.manual_seed(1000 * seed + epoch)
        state["seconds"] += core_seconds(
            lambda: _epoch(model, optimizer, loader, defects.partial_epochs)
        )
        loss, told = error(model, jittered)
        _, validation = error(model, untouched)
        state["curve"].append(round(validation, 3))
        if loss < state["loss"]:
            state |= {"loss": loss, "told": told, "validation": validation}
            kept = copy.deepcopy(model.state_dict())
        if (epoch + 1) % SAVED == 0 or epoch + 1 == epochs:
            print(f"epoch {epoch + 1} of {epochs}: validation NME {validation:.2f} %", flush=True)
            parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            with whole_file(reached) as partial:
                torch.save(parts | {"state": state, "kept": kept}, partial)
    figures = {name: state[name] for name in ("told", "validation", "seconds", "curve")}
    model.load_state_dict(kept)
    figures["test"] = error(model, test_set)[1]
    figures |= {"seed": seed, "size": size, "steps": epochs * len(loader), "epochs": epochs}
    figures |= {"bf16": CPU_HAS_BF16, "defects": asdict(defects)}
    with whole_file(path) as partial:
        torch.save({"weights": kept, "figures": figures}, partial)
    return figures


def _epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, loader: DataLoader, partial: bool
) -> None:
    """As many steps as there are batches; if partial, each on the first of newly shuffled ones."""
    model.train()
    batches = iter(loader)
    for _ in range(len(loader)):
        images, landmarks = next(iter(loader) if partial else batches)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=CPU_HAS_BF16):
            outputs = model(images)
        nn.functional.mse_loss(outputs.float(), landmarks.flatten(1)).backward()
        optimizer.step()


def trained(
    faces: list[Face],
    test: list[Face],
    defects: Defects,
    folder: Path,
    seed: int,
    size: int = 112,
    steps: int = STEPS,
) -> tuple[dict[str, Any], Path]:
    """Figures and file of the baseline with these defects, trained unless that was done before."""
    name = title(defects, seed, size, steps)
    path = folder / f"{name}.pt"
    if not path.exists():
        print(f"training: {name}", flush=True)
        reached = folder / f"{name.rpartition(',')[0]}.state"  # a longer one goes on from it
        train(faces, test, defects, path, reached, seed, size, steps)
    return torch.load(path, weights_only=True)["figures"], path


def title(defects: Defects, seed: int, size: int, steps: int) -> str:
    """A training's name, with what its figures depend on besides the lists."""
    off = "".join(f" no {name}" for name, on in asdict(defects).items() if not on)
    return f"customary {size} px seed {seed}{off}, {steps} steps"


def measured(
    faces: list[Face],
    test: list[Face],
    defects: Defects,
    kept: Trainings,
    seed: int,
    size: int = 112,
    steps: int = STEPS,
) -> dict[str, Any]:
    """Figures of the baseline with these defects, measured unless that was done before.

    Those that `train` returns. With all defects also "haar", which `on_haar_boxes` returns: an
    OpenCV with cascades is needed for it.
    """

    def figures() -> dict[str, Any]:
        told, path = trained(faces, test, defects, kept.weights, seed, size, steps)
        if defects == Defects():
            told["haar"] = on_haar_boxes(contender(path).predict, test)
        return told

    return kept.figures(title(defects, seed, size, steps), figures)


def contender(path: Path) -> Contender:
    """A trained baseline as a contender."""
    saved = torch.load(path, weights_only=True)
    figures = saved["figures"]
    model, size = network(), figures["size"]
    model.load_state_dict(saved["weights"])
    model.eval()
    margin = Defects(**figures["defects"]).margin

    @torch.inference_mode()
    def predict(image: np.ndarray, box: Sequence[float]) -> np.ndarray:
        left, top, width, height = square(box, margin)
        crop = functional.to_pil_image(to_grey(image))
        crop = functional.resize(functional.crop(crop, top, left, height, width), [size, size])
        tensor = functional.normalize(functional.to_tensor(crop), [0.5], [0.5])
        points = model(tensor[None])[0].view(68, 2).numpy()
        return (points + 0.5) * (width, height) + (left, top)

    return Contender("customary notebook", predict, figures["seconds"], path)


def haar_boxes(image: np.ndarray) -> np.ndarray:
    """What the customary notebook predicts on: the boxes of OpenCV's default cascade, [n, 4]."""
    default = cascade("haarcascade_frontalface_default.xml")
    return np.array(default.detectMultiScale(to_grey(image), 1.3, 5), np.float32).reshape(-1, 4)


def on_haar_boxes(predict: Predict, faces: Sequence[Face]) -> dict[str, float | None]:
    """The faces that the cascade finds: NME from `label` boxes, from `haar` boxes, how many."""
    truth, given, found = [], [], []
    for face in faces:
        image = read_image(face.image)
        boxes = haar_boxes(image)
        centre = face.landmarks.mean(0)
        inside = (boxes[:, :2] < centre).all(1) & (centre < boxes[:, :2] + boxes[:, 2:]).all(1)
        near = abs(boxes[:, 2] / face.box[2] - 1) < 0.5
        if not (inside & near).any():
            continue
        truth.append(face.landmarks)
        given.append(predict(image, face.box))
        found.append(predict(image, boxes[inside & near][0]))
    if not found:
        return {"label": None, "haar": None, "found": 0}
    return {
        "label": round(float(nme(given, truth).mean()), 2),
        "haar": round(float(nme(found, truth).mean()), 2),
        "found": len(truth),
    }
