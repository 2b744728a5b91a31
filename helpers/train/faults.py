"""What broke? A short training, and the same six times over with something wrong: notebook 04b.

A fault is a `Training` that does one thing otherwise, so that its source is what was done wrong.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset
from helpers.landmarks import MIRROR, NUM_LANDMARKS
from helpers.metrics import nme
from helpers.model import LandmarkNet, to_pixels, to_target
from helpers.train.loop import one_cycle
from helpers.train.resume import generator

Batch = tuple[Tensor, Tensor]  # images [B, 1, S, S] and landmarks [B, 68, 2]


class Training:
    """A short training as it should be, of a network small enough to be trained in seconds.

    Landmarks are (x, y) in pixels of the canvas, pixel centres at whole numbers.

    dataset: the crops. here, held: indices of the faces to learn from and of those to look at.
    width: of the network's first stage. seed: of weights, batches and augmentation.

    losses: the loss of each step so far. errors: {step: NME of the held faces after it}, per cent
    of the inter-ocular distance.
    """

    rate = 2e-3
    batch_size = 32
    flip = 0.0
    partners: Sequence[int] = MIRROR

    def __init__(
        self,
        dataset: FaceLandmarksDataset,
        here: list[int],
        held: list[int],
        width: int = 16,
        seed: int = 0,
    ) -> None:
        self.seed, self.size = seed, dataset.size
        crops = torch.from_numpy(dataset.crops[here + held])[:, None]
        landmarks = dataset.landmarks[here + held]
        self.faces = crops[: len(here)], self.labels(landmarks[: len(here)])
        self.augment = Augment(self.size, flip=self.flip, partners=self.partners)
        self.held = self.augment.eval()(crops[len(here) :], landmarks[len(here) :])
        torch.manual_seed(seed)
        self.model = LandmarkNet(width, self.size).to(memory_format=torch.channels_last)
        self.model.start_at(dataset.mean_face(here))
        self.losses: list[float] = []
        self.errors: dict[int, float] = {}

    def run(self, steps: int = 160, look: int = 20, batch: int | None = None) -> None:
        """Trains; looks at the held faces after every `look` steps.

        batch: the number of the one batch to take each time, by default another each.
        """
        optimizer = torch.optim.AdamW(self.model.parameters(), self.rate)
        schedule = one_cycle(optimizer, self.rate, steps)
        for step in range(1, steps + 1):
            images, landmarks = self.batch(step if batch is None else batch)
            self.model.train()
            loss = nn.functional.mse_loss(self.model(images), self.targets(landmarks))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            self.losses.append(loss.item())
            if step % look == 0:
                self.errors[step] = self.error()

    def batch(self, number: int) -> Batch:
        """The batch of a step as the network is shown it: canvases and landmarks."""
        numbers = generator(self.seed, number)
        crops, landmarks = self.faces
        chosen = torch.randint(len(crops), (self.batch_size,), generator=numbers)
        return self.vary(crops[chosen], landmarks[chosen], numbers)

    def error(self) -> float:
        """The mean NME of the held faces, per cent of the inter-ocular distance."""
        images, truth = self.held
        return float(nme(self.answer(images), truth).mean())

    def labels(self, landmarks: Tensor) -> Tensor:
        """The landmarks [n, 68, 2] that belong to the faces."""
        return landmarks

    def vary(self, crops: Tensor, landmarks: Tensor, numbers: Generator) -> Batch:
        """A batch of crops augmented, its landmarks along with it."""
        return self.augment.train()(crops, landmarks, numbers)

    def targets(self, landmarks: Tensor) -> Tensor:
        """What the network is to answer, [B, 136]."""
        return to_target(landmarks, self.size)

    @torch.no_grad()
    def answer(self, images: Tensor) -> Tensor:
        """The network's landmarks [B, 68, 2] on canvases [B, 1, S, S]."""
        self.model.eval()
        return to_pixels(self.model(images), self.size)


class FlipNotRenamed(Training):
    """Mirror images whose right eye keeps the name of the left one."""

    flip = 0.5
    partners = range(NUM_LANDMARKS)


class ForgottenEval(Training):
    """Predicts as in training: by batch normalisation each face depends on the others."""

    @torch.no_grad()
    def answer(self, images: Tensor) -> Tensor:
        self.model.train()
        return to_pixels(self.model(images), self.size)


class RateTimes100(Training):
    """Steps a hundred times too large."""

    rate = 100 * Training.rate


class TargetsInPixels(Training):
    """Asks for pixels, and reads the answer as parts of the canvas."""

    def targets(self, landmarks: Tensor) -> Tensor:
        return landmarks.flatten(1)


class PointsNotMoved(Training):
    """Turns, shifts and scales the picture alone."""

    def vary(self, crops: Tensor, landmarks: Tensor, numbers: Generator) -> Batch:
        images, _ = self.augment.train()(crops, landmarks, numbers)
        _, unmoved = self.augment.eval()(crops, landmarks)
        return images, unmoved


class ShuffledLabels(Training):
    """Gives each face the landmarks of another one, always the same."""

    def labels(self, landmarks: Tensor) -> Tensor:
        return landmarks[torch.randperm(len(landmarks), generator=generator(self.seed))]


CAUSES: dict[str, type[Training]] = {
    "flip without renaming": FlipNotRenamed,
    "forgotten eval()": ForgottenEval,
    "learning rate times 100": RateTimes100,
    "points not moved with the image": PointsNotMoved,
    "shuffled labels": ShuffledLabels,
    "targets in pixels": TargetsInPixels,
}
# Whoever reads on knows the answers of notebook 04b: place in CAUSES of each training.
_PLACES = {"A": 4, "B": 2, "C": 0, "D": 5, "E": 1, "F": 3}
CAUSE_OF = {letter: list(CAUSES)[place] for letter, place in _PLACES.items()}
