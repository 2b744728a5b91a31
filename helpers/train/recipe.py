"""A recipe: all that is chosen when a network is trained, in one place."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import ConcatDataset, Subset

from helpers.annotations import MIRROR
from helpers.augment import Augment
from helpers.checkpoint import NETWORKS, SHIPPED, load_checkpoint
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset, split_by_photograph
from helpers.heatmap import heatmap_loss
from helpers.losses import LOSSES
from helpers.train import fit


@dataclass(frozen=True)
class Recipe:
    """How a network is made and trained; the defaults are notebook 04's.

    network: a name of `NETWORKS`. width: channels of its first stage. size: pixels of the canvas.
    margin: of the crop. loss: of a `LandmarkNet`, a name of `LOSSES`; a `HeatmapNet` has its own.
    mean_face: whether a `LandmarkNet` starts from it. flip: chance of a mirror image. rename:
    whether a mirrored face's right eye becomes its left one. average: as for `fit`.
    """

    network: str = "LandmarkNet"
    width: int = 64
    size: int = 112
    margin: float = MARGIN
    loss: str = "MSE"
    mean_face: bool = True
    flip: float = 0.5
    rename: bool = True
    average: float = 0.0
    batch_size: int = 32
    lr: float = 1.5e-3

    def train(self, faces, epochs, out, *, more=(), seed=0, start=None, **options) -> list[dict]:
        """Trains a network on faces, which are split by photograph; the best weights are at `out`.

        more: lists of faces to learn from besides, without what validation holds; where one *is*
        `faces`, its training part counts once more. start: a checkpoint of the same network, to
        go on from, perhaps on a larger canvas. options: as for `fit`. Returns the history. Raises
        ValueError where `start` is another network.
        """
        dataset = FaceLandmarksDataset(faces, self.size, self.margin)
        here, held = split_by_photograph(faces, seed)
        parts = [Subset(dataset, here)]
        unseen = {faces[i].image.resolve() for i in held}
        for others in more:
            if others is faces:
                parts.append(parts[0])
                continue
            others = [face for face in others if face.image.resolve() not in unseen]
            parts.append(FaceLandmarksDataset(others, self.size, self.margin))
        # One data set hands a loader whole batches; several joined ones, face after face.
        train_set = parts[0] if len(parts) == 1 else ConcatDataset(parts)
        torch.manual_seed(seed)
        maps = self.network == "HeatmapNet"
        model = NETWORKS[self.network](self.width, self.size)
        if start:
            known, _ = load_checkpoint(start)
            if (type(known), known.width) != (type(model), model.width):
                found = f"a {type(known).__name__} of width {known.width}"
                raise ValueError(f"{start}: {found}, not {self.network} of width {self.width}.")
            model.load_state_dict(known.state_dict())  # convolutions take any canvas
            # An interrupted training is not to go on from other weights than it began with.
            file = Path(SHIPPED.get(start, start))
            options["start"] = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        elif self.mean_face and not maps:
            model.start_at(dataset.mean_face(here))
        augment = Augment(self.size, flip=self.flip, partners=MIRROR if self.rename else range(68))
        settings = {"batch_size": self.batch_size, "lr": self.lr, "average": self.average}
        settings |= {"loss_function": heatmap_loss if maps else LOSSES[self.loss]}
        settings |= {"seed": seed, "augment": augment, "margin": self.margin} | options
        return fit(model, train_set, Subset(dataset, held), epochs, out, **settings)
