"""A recipe: all that is chosen when a network is trained, in one place."""

from dataclasses import dataclass

import torch
from torch.utils.data import ConcatDataset, Subset

from helpers.annotations import MIRROR
from helpers.augment import Augment
from helpers.checkpoint import NETWORKS, load_checkpoint
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

        more: lists of faces to learn from besides, whole; where one *is* `faces`, its training
        part counts once more. start: a checkpoint of the same network, to go on from, perhaps on
        a larger canvas. options: as for `fit`. Returns the history.
        """
        dataset = FaceLandmarksDataset(faces, self.size, self.margin)
        here, held = split_by_photograph(faces, seed)
        parts = [Subset(dataset, here)]
        for others in more:
            own = others is faces
            parts.append(parts[0] if own else FaceLandmarksDataset(others, self.size, self.margin))
        # One data set hands a loader whole batches; several joined ones, face after face.
        train_set = parts[0] if len(parts) == 1 else ConcatDataset(parts)
        torch.manual_seed(seed)
        maps = self.network == "HeatmapNet"
        if start:
            model, _ = load_checkpoint(start)
            model.size = self.size  # convolutions take a canvas of any size
        else:
            model = NETWORKS[self.network](self.width, self.size)
            if self.mean_face and not maps:
                model.start_at(dataset.mean_face(here))
        augment = Augment(self.size, flip=self.flip, partners=MIRROR if self.rename else range(68))
        settings = {"batch_size": self.batch_size, "lr": self.lr, "average": self.average}
        settings |= {"loss_function": heatmap_loss if maps else LOSSES[self.loss]}
        settings |= {"seed": seed, "augment": augment, "margin": self.margin} | options
        return fit(model, train_set, Subset(dataset, held), epochs, out, **settings)
