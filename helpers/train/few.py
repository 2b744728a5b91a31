"""Few labels: a network that ships, taught by twenty faces of one's own."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from helpers.annotations import Face
from helpers.augment import Augment
from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset
from helpers.guess_scheme import points_of
from helpers.heatmap import HeatmapNet, heatmap_loss
from helpers.landmarks import IBUG, Scheme
from helpers.model import CPU_HAS_BF16, to_target
from helpers.train.loop import one_cycle
from helpers.train.losses import of_known_points
from helpers.train.recipe import framed, go_on
from helpers.train.resume import generator

BATCH = 8


def fine_tune(
    faces: list[Face],
    out: str | Path,
    *,
    steps: int = 40,
    lr: float = 5e-4,
    scheme: Scheme = IBUG,
    start: str | Path = "free",
    seed: int = 0,
    about: dict[str, Any] | None = None,
) -> list[float]:
    """Teaches a trained network the points of a few faces; the loss of each step, and a file.

    Few faces are too few to spare some for validation: the number of steps is fixed beforehand, and
    the weights after the last one are at `out`. In each step, `BATCH` faces are drawn and
    augmented. Batch normalisation keeps the averages that it has learned from many faces, as
    those of eight tell little. lr: the highest learning rate. scheme: which points the faces have.
    start: a checkpoint of a `HeatmapNet`, or "free" or "research"; of points with other names than
    its own the last layer is new (`helpers.train.recipe.go_on`). about: as for `save_checkpoint`;
    its margin, and the terms of the start, are added. Raises ValueError where there is no face or
    no step, where a face has other points than the scheme, and for another kind of network.
    """
    if not faces:
        raise ValueError("There is no face to learn from.")
    if steps < 1:
        raise ValueError(f"{steps} steps: a training needs at least one.")
    faces = points_of(scheme, faces)
    known, said = load_checkpoint(start)
    if not isinstance(known, HeatmapNet):
        raise ValueError(f"{start}: a {type(known).__name__}; a HeatmapNet is needed.")
    assert known.width  # only a network for ONNX Runtime has none
    scheme, margin = framed(scheme, faces, said.get("margin", MARGIN))
    torch.manual_seed(seed)
    model = HeatmapNet(known.width, known.size, scheme)
    crops = FaceLandmarksDataset(faces, model.size, margin)
    go_on(start, model, crops.mean_face())
    start_near(known, model)
    model.eval().to(memory_format=torch.channels_last)
    augment = Augment(model.size, partners=scheme.mirror)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = one_cycle(optimizer, lr, steps + 1)
    losses = []
    for step in tqdm(range(steps), "Fine-tuning", leave=False):
        dice = generator(seed, 0, step)
        drawn = torch.randint(len(crops), (BATCH,), generator=dice).tolist()
        images, landmarks = map(torch.stack, zip(*crops.__getitems__(drawn), strict=True))
        images, landmarks = augment(images, landmarks, dice)
        targets = to_target(landmarks, model.size)
        with torch.autocast("cpu", torch.bfloat16, enabled=CPU_HAS_BF16):
            loss = of_known_points(heatmap_loss, model.outputs(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    kept = {key: said[key] for key in ("terms", "mirror") if key in said}
    save_checkpoint(model, out, kept | {"margin": margin} | (about or {}), half=True)
    return losses


def start_near(known: HeatmapNet, model: HeatmapNet) -> None:
    """Lets each point that `known` has no name for start as its nearest point on the mean face.

    Its map in the last layer of `model` becomes a copy of that point's. Nothing is changed where
    one of the schemes has no mean face.
    """
    here, there = model.scheme, known.scheme
    new = [i for i, name in enumerate(here.points) if name not in there.points]
    if not new or here.shape is None or there.shape is None:
        return
    away = np.array(here.shape)[new][:, None] - np.array(there.shape)
    nearest = np.linalg.norm(away, axis=2).argmin(1)
    with torch.no_grad():
        for mine, theirs in zip(
            model.head[3].parameters(), known.head[3].parameters(), strict=True
        ):
            mine[new] = theirs[nearest]
