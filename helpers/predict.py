"""Any photograph to landmarks: find the faces, crop, predict, crop again, map back."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.utils.data import DataLoader

from helpers.augment import Augment
from helpers.boxes import has_upright, iou, share_inside, upright
from helpers.checkpoint import SHIPPED, load_checkpoint, load_onnx, weights_file
from helpers.crop import MARGIN, Box, crop_matrix, invert, move, to_grey, warp
from helpers.dataset import Crops, check_size
from helpers.detect import FaceFinder, find_faces, load_finder
from helpers.landmarks import IBUG, Scheme
from helpers.model import Network, pick_device, to_pixels

# The margin of the second crop, as a part of the first one's. A box made from landmarks is surer
# than a detector's, so its crop may be closer; of 0.75 to 1, this was best on the validation faces
# of dlib's archive.
SECOND = 0.85
# How far two passes differ, in parts of the box, where a face may lie or stand on its head: between
# validation faces that are upright and those that lie (`python -m bench.trust` prints both).
LOST = 0.04
# The chance that the NME is below 10 % is the sigmoid of the first number plus the second times the
# logarithm of `disagreement`: fitted to validation faces by `python -m bench.trust`.
TRUST = (-16.0, -5.3)
BLANK = 8  # grey values: with less contrast there is nothing to be seen
INSIDE = 0.2  # of a box's area lies on the picture, or there is too little of a face to see


class Landmarker:
    """Puts landmarks on the faces of a photograph: 68, or those of the network's own scheme.

    Pictures are RGB uint8 [H, W, 3]; boxes are (left, top, width, height) and landmarks (x, y),
    in pixels of the picture, pixel centres at whole numbers.

    model: the network; its scheme says which k points it places. about: what is known of it, as a
    checkpoint has it; "margin", of the crops, and "mirror" (see `landmarks`) are used. device: as
    for `load`.
    """

    def __init__(
        self,
        model: Network,
        about: dict[str, Any] | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        self.device = torch.device(device) if device else pick_device()
        self.scheme: Scheme = getattr(model, "scheme", IBUG)  # any module that answers will do
        self.model = model.eval().to(self.device).to(memory_format=torch.channels_last)
        self.about = about or {}
        self.margin: float = self.about.get("margin", MARGIN)
        self.closer = SECOND * self.margin
        self.mirror: bool = self.about.get("mirror", False)

    @classmethod
    def load(
        cls,
        checkpoint: str | Path | None = None,
        device: str | torch.device | None = None,
    ) -> "Landmarker":
        """The landmarker of a checkpoint, by default of the best weights of the project.

        checkpoint: a file that training wrote, an ONNX file that `helpers.export` made of one, or
        the name of weights that come with the project: "research" (the default), "free" or
        "fast". Their terms are printed. device: "cpu", "cuda", "mps", or None for the fastest at
        hand; an ONNX file, such as "fast", runs on the CPU. Without ONNX Runtime, "fast" runs on
        PyTorch, and a sentence says so. Raises ValueError where the file is missing, broken or of
        another network, or needs ONNX Runtime and that is not installed.
        """
        checkpoint = checkpoint or next(iter(SHIPPED))
        file = weights_file(checkpoint)
        if file.suffix == ".onnx":
            found = cls(*load_onnx(file), "cpu")
        else:
            found = cls(*load_checkpoint(file), device)
        if terms := found.about.get("terms"):
            print(f"{checkpoint}: {terms}.")
        if not has_upright(found.scheme):
            print(
                f"{checkpoint}: its scheme {found.scheme.name!r} has neither two sides nor a mean "
                "face, so there is one pass, no face is turned upright, and trust is 1 for all."
            )
        return found

    def detect(self, image: np.ndarray, smallest: float | None = None) -> np.ndarray:
        """The boxes of the faces in a picture, like those of the training set: float32 [n, 4].

        From left to right, however they are turned in the plane (`helpers.detect`). smallest: side
        in pixels of the smallest box to look for, by default a 68th of the picture's longer side,
        and 15 where that is at most 1,024 pixels.
        Raises ValueError for other than RGB uint8 [H, W, 3].
        """
        return find_faces(to_grey(_checked_image(image)), smallest, self.finder).boxes

    @cached_property
    def finder(self) -> FaceFinder:
        """The network that finds faces, on this device; under the same terms as the landmarks.

        Weights without terms of their own get the one that learned from free data alone.
        """
        name = "finder_research" if self.about.get("terms") else "finder"
        return load_finder(name, str(self.device))

    def landmarks(
        self,
        image: np.ndarray,
        boxes: ArrayLike | None = None,
        mirror: bool | None = None,
        passes: int = 2,
    ) -> np.ndarray:
        """The landmarks of the faces in a picture: float32 [n, k, 2]; n = 0 where there is none.

        boxes: [n, 4], by default those that `detect` finds.
        passes: 2 predicts, crops again around the first landmarks, eyes level, and predicts again.
        These second crops are like those of the training set, whatever drew the boxes. The answer
        is the mean of both, or the second alone where the given box was far off. Where both differ
        much, the face may lie or stand on its head: then it is looked at turned as the face finder
        says, and by right angles, and of these answers that with the least `disagreement` is taken,
        if it is by much the least. 1 leaves all
        that out, for good boxes of upright faces and time that is short.
        mirror: whether each pass averages over a mirror image, which takes twice as long; by
        default as the checkpoint says.
        Raises ValueError for other shapes and types, and for a box that is not in the picture.
        """
        grey = to_grey(_checked_image(image))
        if passes not in (1, 2):
            raise ValueError(f"There is one pass or there are two, not {passes}.")
        mirror = self.mirror if mirror is None else mirror
        turns = [np.full(1, turn) for turn in (90.0, 180.0, 270.0)]
        if boxes is None:
            boxes, _, angles = find_faces(grey, None, self.finder)
            turns.insert(0, angles)
        boxes = _checked_boxes(boxes, grey.shape)
        if not len(boxes):
            return np.zeros((0, len(self.scheme), 2), np.float32)
        if passes == 1 or not has_upright(self.scheme):
            return self.predict_once(grey, boxes, mirror)
        answer, differ = self.two_passes(grey, boxes, mirror)
        lost = np.flatnonzero(differ > LOST)
        if len(lost):
            doubt = self.disagreement(grey, answer[lost])
        for turn in turns if len(lost) else ():
            doubtful = doubt > LOST
            lost, doubt = lost[doubtful], doubt[doubtful]
            if not len(lost):
                break
            angles = np.broadcast_to(turn, len(boxes))[lost]
            turned, _ = self.two_passes(grey, boxes[lost], mirror, angles)
            found = self.disagreement(grey, turned)
            # By much, since the level answer is mostly right, and not to be doubted much itself.
            better = found < np.minimum(0.6 * doubt, 1.5 * LOST)
            answer[lost[better]], doubt[better] = turned[better], found[better]
        return answer

    def two_passes(
        self, grey: np.ndarray, boxes: np.ndarray, mirror: bool, angles: ArrayLike = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The landmarks after two passes [n, k, 2], and how far the passes differ [n].

        angles: as for `predict_once`, of the first pass. The difference is that of a point on
        average, in parts of the box's side.
        """
        first = self.predict_once(grey, boxes, mirror, angles=angles)
        surer, levels = self.level_boxes(first)
        second = self.predict_once(grey, surer, mirror, self.closer, levels)
        differ = mean_distance(first, second) / surer[:, 2]
        near = np.diagonal(iou(boxes, surer)) > 0.5
        return np.where(near[:, None, None], (first + second) / 2, second), differ

    def level_boxes(self, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The boxes of faces turned upright, float32 [n, 4], and their angles [n]; see `upright`.

        landmarks: [n, k, 2], n at least 1.
        """
        boxes, angles = zip(*(upright(points, self.scheme) for points in landmarks), strict=True)
        return np.array(boxes, np.float32), np.array(angles)

    def trust(self, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """How far landmarks [n, k, 2] of a picture can be trusted: float32 [n], 0 to 1.

        The chance that their NME is below 10 %, as far as their `disagreement` tells. Low where
        there is no face, and where the landmarks lie on it the wrong way round. It cannot know
        what the network has never been taught: 0.9 for the weights `free`, which have hardly seen
        real faces, is a little too much on photographs (notebook 06 shows by how much). It was
        fitted to the 68; for other points it orders faces, and is no chance.
        """
        return chance_right(self.disagreement(image, landmarks))

    def disagreement(self, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """How far the network disagrees with landmarks [n, k, 2], and with itself: float32 [n].

        It looks once more, at a level crop around the landmarks and at its mirror image. The sum
        of two distances, each that of a point on average and in parts of the box's side: between
        the landmarks and the new answer, and between that of the crop and that of the mirror
        image. The error grows with it (notebook 06 draws both). It is 1 where the picture is all
        but of one shade: a network that is shown nothing may well agree with itself.
        image: RGB uint8 [H, W, 3] or grey [H, W].
        """
        if not len(landmarks) or not has_upright(self.scheme):
            return np.zeros(len(landmarks), np.float32)
        grey = image if image.ndim == 2 else to_grey(image)
        boxes, angles = self.level_boxes(landmarks)
        one, other = self.predict_both(grey, boxes, self.closer, mirror=True, angles=angles)
        apart = mean_distance(one, other) + mean_distance((one + other) / 2, landmarks)
        blank = np.array([contrast(grey, points) for points in landmarks]) < BLANK
        return np.where(blank, 1, apart / boxes[:, 2]).astype(np.float32)

    def predict_once(
        self,
        grey: np.ndarray,
        boxes: np.ndarray | Sequence[Box],
        mirror: bool = False,
        margin: float | None = None,
        angles: ArrayLike = 0.0,
    ) -> np.ndarray:
        """The landmarks after one pass (crop, predict, map back): float32 [n, k, 2].

        grey: uint8 [H, W]. boxes: [n, 4]. mirror: looks at each crop and at its mirror image, and
        takes the mean of both answers. margin: of the crops, by default that of the training.
        angles: by which the crops turn a face clockwise, degrees, one for all or one for each.
        Raises ValueError where `grey` is another kind of array.
        """
        return np.mean(self.predict_both(grey, boxes, margin, mirror, angles), axis=0)

    @torch.inference_mode()
    def predict_both(
        self,
        grey: np.ndarray,
        boxes: np.ndarray | Sequence[Box],
        margin: float | None = None,
        mirror: bool = True,
        angles: ArrayLike = 0.0,
    ) -> list[np.ndarray]:
        """The answers of one pass: to the crops and, with `mirror`, to their mirror images.

        A list of one or two arrays float32 [n, k, 2], both in pixels of the picture. Arguments as
        for `predict_once`.
        """
        grey, size, margin = _checked_grey(grey), self.model.size, margin or self.margin
        turned = zip(boxes, np.broadcast_to(angles, len(boxes)), strict=True)
        matrices = [crop_matrix(box, size, margin, angle) for box, angle in turned]
        crops = np.stack([warp(grey, matrix, size) for matrix in matrices])
        # By NumPy, which for a single small crop takes a third of PyTorch's time.
        images = torch.from_numpy(crops[:, None].astype(np.float32) / 127.5 - 1).to(self.device)
        answers = [to_pixels(self.model(images), size)]
        if mirror:
            other = to_pixels(self.model(images.flip(3)), size)[:, list(self.scheme.mirror)]
            other[..., 0] = size - 1 - other[..., 0]
            alone = self.scheme.one_sided  # of these, a mirror image tells nothing
            other[:, alone] = answers[0][:, alone]
            answers.append(other)
        back = [invert(matrix) for matrix in matrices]
        return [
            np.stack([move(*one) for one in zip(points.cpu().numpy(), back, strict=True)])
            for points in answers
        ]


def with_68(landmarker: Landmarker) -> Landmarker:
    """The landmarker, or where it places other points than the 68 the free weights: told then."""
    if landmarker.scheme.points == IBUG.points:
        return landmarker
    print(f'From here on the weights "free": these {len(landmarker.scheme)} points are not the 68.')
    return Landmarker.load("free", landmarker.device)


def contrast(grey: np.ndarray, landmarks: np.ndarray) -> float:
    """The standard deviation of a grey picture around landmarks [k, 2]; 0 outside of it."""
    (left, top), (right, low) = np.clip(
        [np.floor(landmarks.min(0)), np.ceil(landmarks.max(0)) + 1], 0, grey.shape[::-1]
    ).astype(int)
    part = grey[top:low, left:right]
    return float(part.std()) if part.size else 0.0


def chance_right(disagreement: np.ndarray, curve: tuple[float, float] = TRUST) -> np.ndarray:
    """The chance that landmarks have an NME below 10 %, by `Landmarker.disagreement` [n]: [n]."""
    level, slope = curve
    return 1 / (1 + np.exp(-level - slope * np.log(np.maximum(disagreement, 1e-6))))


def mean_distance(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far points [n, k, 2] lie from others [n, k, 2], the mean over a face's k: [n]."""
    return np.linalg.norm(points - others, axis=2).mean(1)


@torch.inference_mode()
def predict_all(
    model: Network, dataset: Crops, batch_size: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and true landmarks of a data set: two arrays float32 [n, k, 2].

    Both in canvas pixels of the middle crops, as in training; one pass, from the given boxes.
    """
    pairs = [
        (to_pixels(model(images), model.size).cpu(), landmarks.cpu())
        for images, landmarks in middle_crops(model, dataset, batch_size)
    ]
    predicted, truth = (torch.cat(part).numpy() for part in zip(*pairs, strict=True))
    return predicted, truth


def middle_crops(
    model: Network, dataset: Crops, batch_size: int = 64
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The faces of a data set in batches, as a network in use is shown them: not augmented.

    Yields images [B, 1, size, size] in -1 to 1 and landmarks [B, k, 2] in canvas pixels, both on
    the network's device. Puts the network into eval mode. Raises ValueError where the data set is
    for networks of another size.
    """
    device = next((weights.device for weights in model.parameters()), torch.device("cpu"))
    model.eval()
    cut = Augment(model.size).eval()
    for images, landmarks in DataLoader(dataset, batch_size):
        check_size(images, model.size)
        yield cut(images.to(device), landmarks.to(device))


def _checked_boxes(boxes: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes as float32 [n, 4]; raises ValueError where they are no boxes of a picture [H, W]."""
    boxes = np.asarray(boxes, np.float32)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise ValueError(f"Boxes must be numbers [n, 4], not an array {boxes.shape}.")
    if (boxes[:, 2:] <= 0).any():
        raise ValueError("Every box needs a width and a height above 0.")
    if (np.abs(boxes) <= 1).all():
        raise ValueError(
            f"These boxes are in parts of the picture, {boxes[0].round(3).tolist()}, not in "
            "pixels: multiply them by its width and height."
        )
    off = share_inside(boxes, shape) < INSIDE
    if off.any():
        box = [round(float(number), 1) for number in boxes[off.argmax()]]
        raise ValueError(
            f"Box {off.argmax()}, (left, top, width, height) = {box}, lies off the picture, which "
            f"has {shape[1]} x {shape[0]} pixels."
        )
    return boxes


def _checked_image(image: np.ndarray) -> np.ndarray:
    """The picture itself; raises ValueError where it is not RGB uint8 [H, W, 3]."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        shape = f"{image.dtype} {list(image.shape)}"
        raise ValueError(f"A picture must be RGB uint8 [H, W, 3], not {shape}.")
    return image


def _checked_grey(grey: np.ndarray) -> np.ndarray:
    """The grey picture itself; raises ValueError where it is not uint8 [H, W]."""
    if not isinstance(grey, np.ndarray) or grey.dtype != np.uint8 or grey.ndim != 2:
        kind, shape = getattr(grey, "dtype", type(grey).__name__), list(np.shape(grey))
        raise ValueError(f"A grey picture must be uint8 [H, W], of `to_grey`, not {kind} {shape}.")
    return grey


if __name__ == "__main__":
    from helpers.predict_many import main

    main()
