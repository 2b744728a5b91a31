"""A recipe: all that is chosen for the training of a network, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import ConcatDataset, Subset

from helpers.annotations import Face
from helpers.augment import Augment
from helpers.checkpoint import NETWORKS, SHIPPED, load_checkpoint
from helpers.crop import MARGIN
from helpers.dataset import Crops, FaceLandmarksDataset, split_by_photograph
from helpers.guess_scheme import points_of, scheme_for, with_shape
from helpers.heatmap import heatmap_loss
from helpers.landmarks import Scheme
from helpers.model import LandmarkNet, Network
from helpers.storage import short_hash
from helpers.train.loop import History, fit
from helpers.train.losses import LOSSES

# A crop is at least so many times as wide as the mean face reaches from the box's middle, so that
# points outside the box, such as a hairline, are on the canvas: MARGIN does so with the 68's chin.
ROOM_FOR_POINTS = 2.7


@dataclass(frozen=True)
class Recipe:
    """How a network is made and trained; the defaults are notebook 04's.

    network: a name of `NETWORKS`. width: channels of its first stage. size: side of the canvas, in
    pixels. margin: of the crop, times the box; more where points lie far outside of it. loss: of a
    `LandmarkNet`, a name of `LOSSES`; a `HeatmapNet` has its own. mean_face: whether a
    `LandmarkNet` starts from it. flip: chance of a mirror image. rename: whether a mirrored face's
    right eye becomes its left one. average, batch_size, lr: as for `fit`.
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

    def train(
        self,
        faces: list[Face],
        epochs: int,
        out: str | Path,
        *,
        more: Sequence[list[Face]] = (),
        few: int | None = None,
        seed: int = 0,
        start: str | Path | None = None,
        scheme: Scheme | None = None,
        about: dict[str, Any] | None = None,
        **options: Any,
    ) -> History:
        """Trains a network on faces, which are split by photograph; the best weights are at `out`.

        more: lists of faces to learn from besides, without what validation holds; where one *is*
        `faces`, its training part counts once more. few: learns from so many faces of the training
        part alone, shown over and over, so that an epoch is as long as with all. start: a
        checkpoint of the same network, to go on from, perhaps on a larger canvas, or for other
        points: of those, it keeps the last layer's part for each that has the same name (`go_on`).
        scheme: which points to learn, by default `scheme_for(faces)`; they are taken by their names
        (`points_of`). about: what else the checkpoint is to say; its margin is added, and the terms
        of `start` where `about` has none. options: `device`, `bf16`, `keep_last` and
        `on_epoch`, as for `fit`. Returns the history, as `fit` does. Raises ValueError
        where `start` is another network or the scheme is not that of the faces.
        """
        scheme = scheme or scheme_for(faces)
        given, faces = faces, points_of(scheme, faces)
        more = [faces if one is given else points_of(scheme, one) for one in more]
        here, held = split_by_photograph(faces, seed)
        scheme, margin = framed(scheme, [faces[i] for i in here], self.margin)
        said = {"margin": margin} | (_terms_of(start) if start else {}) | (about or {})
        dataset = FaceLandmarksDataset(faces, self.size, margin)
        if few:
            here = _over_and_over(faces, here, few, seed)
            said["few"] = few
        own, val_set = Subset(dataset, here), Subset(dataset, held)
        train_set = self._with_more(own, more, faces, held, margin)
        torch.manual_seed(seed)
        model: Network = NETWORKS[self.network](self.width, self.size, scheme)
        if start:
            go_on(start, model, dataset.mean_face(here))
            # An interrupted training must not go on from other weights than it began with.
            said["start"] = short_hash(Path(SHIPPED.get(str(start), start)).read_bytes())
        elif self.mean_face and isinstance(model, LandmarkNet):
            model.start_at(dataset.mean_face(here))
        partners = scheme.mirror if self.rename else range(len(scheme))
        return fit(
            model,
            train_set,
            val_set,
            epochs,
            out,
            batch_size=self.batch_size,
            lr=self.lr,
            seed=seed,
            augment=Augment(self.size, flip=self.flip, partners=partners),
            loss_function=heatmap_loss if self.network == "HeatmapNet" else LOSSES[self.loss],
            average=self.average,
            about=said,
            **options,
        )

    def _with_more(
        self,
        own: Crops,
        more: Sequence[list[Face]],
        faces: list[Face],
        held: list[int],
        margin: float,
    ) -> Crops:
        """The training part of `faces`, joined with the lists in `more`, cropped alike.

        Pictures that validation holds (indices into `faces`) are left out of those lists.
        """
        parts = [own]
        held_out = {faces[i].image.resolve() for i in held}
        for others in more:
            if others is faces:
                parts.append(own)
                continue
            rest = [face for face in others if face.image.resolve() not in held_out]
            parts.append(FaceLandmarksDataset(rest, self.size, margin))
        # One data set hands a loader whole batches; several joined ones, face after face.
        return own if len(parts) == 1 else ConcatDataset(parts)


def go_on(start: str | Path, model: Network, mean_face: torch.Tensor) -> None:
    """Gives a network the weights of a checkpoint, be it of the same points or of others.

    Of the last layer, points with a name that the checkpoint knows keep their part; the others'
    are new, and a `LandmarkNet` answers with their places on the mean face [k, 2] (canvas pixels)
    at first. Raises ValueError where the checkpoint is of another network.
    """
    known, _ = load_checkpoint(start)
    if (type(known), known.width) != (type(model), model.width):
        found = f"a {type(known).__name__} of width {known.width}"
        raise ValueError(f"{start}: {found}, not {type(model).__name__} of width {model.width}.")
    if isinstance(model, LandmarkNet):
        model.start_at(mean_face)
    last = "head." if isinstance(model, LandmarkNet) else "head.3."
    names = known.scheme.points
    pairs = [(i, names.index(n)) for i, n in enumerate(model.scheme.points) if n in names]
    new, old = ([pair[side] for pair in pairs] for side in (0, 1))
    mine, weights = model.state_dict(), known.state_dict()
    for name in [name for name in weights if name.startswith(last)]:
        rows = mine[name].clone().unflatten(0, (len(model.scheme), -1))
        rows[new] = weights[name].unflatten(0, (len(names), -1))[old]
        weights[name] = rows.flatten(0, 1)
    model.load_state_dict(weights)  # convolutions take any canvas


def _terms_of(start: str | Path) -> dict[str, Any]:
    """The terms of a checkpoint, which hold for what goes on from it; empty where it has none."""
    _, about = load_checkpoint(start)
    return {"terms": about["terms"]} if "terms" in about else {}


def framed(scheme: Scheme, faces: list[Face], margin: float = MARGIN) -> tuple[Scheme, float]:
    """What a training needs of its faces: the scheme with their mean face, the margin of crops.

    Where a scheme has a rule for boxes, both stay as they are; else boxes are made from the mean
    face, and the margin is such that points outside the box are on the canvas. Raises ValueError
    for a point that none of the faces has.
    """
    if scheme.box:
        return scheme, margin
    scheme = with_shape(scheme, faces)
    reach = float(np.abs(np.array(scheme.shape)).max())
    return scheme, max(margin, round(ROOM_FOR_POINTS * reach, 2))


def _over_and_over(faces: list[Face], here: list[int], few: int, seed: int) -> list[int]:
    """As many indices as `here`, of so few of its faces, which are drawn by whole photographs.

    So a mirrored twin comes with its face: with half the faces go half the people.
    """
    order = np.random.default_rng(seed).permutation(sorted({faces[i].photograph for i in here}))
    place = {photograph: k for k, photograph in enumerate(order)}
    chosen = sorted(here, key=lambda i: place[faces[i].photograph])[:few]
    return (chosen * -(-len(here) // len(chosen)))[: len(here)]
