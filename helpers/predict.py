"""Any photograph to landmarks: find the faces, crop, predict, crop again, map back."""

from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from helpers.augment import FLIP, Augment
from helpers.checkpoint import SHIPPED, load_checkpoint
from helpers.crop import MARGIN, crop_matrix, invert, move, to_grey, warp
from helpers.detect import find_faces, overlap, upright
from helpers.export import load_onnx
from helpers.model import pick_device, to_pixels

# A box made from landmarks is surer than a detector's, so its crop may be closer: best on the
# validation faces of dlib's archive, of 0.75 to 1 times the margin.
SECOND = 0.85


class Landmarker:
    """Puts 68 landmarks on the faces of a photograph.

    Pictures are RGB uint8 [H, W, 3]; boxes are (left, top, width, height) and landmarks (x, y),
    in pixels of the picture, pixel centres at whole numbers.
    """

    def __init__(self, model, about=None, device=None):
        self.device = torch.device(device) if device else pick_device()
        self.model = model.eval().to(self.device, memory_format=torch.channels_last)
        self.about = about or {}
        self.margin = self.about.get("margin", MARGIN)
        self.closer = SECOND * self.margin  # of the second crop
        self.mirror = self.about.get("mirror", False)

    @classmethod
    def load(cls, checkpoint=None, device=None):
        """The landmarker of a checkpoint, by default of the best weights of the project.

        checkpoint: a file that training wrote, an ONNX file that `helpers.export` made of one, or
        the name of weights that come with the project: "research" (the default), "free" or
        "fast". Their terms are printed. device: "cpu", "cuda", "mps", or None for the fastest at
        hand; an ONNX file, such as "fast", runs on the CPU. Raises ValueError where the file is
        missing, broken or of another network.
        """
        checkpoint = checkpoint or next(iter(SHIPPED))
        file = Path(SHIPPED.get(checkpoint, checkpoint))
        if file.suffix == ".onnx":
            found = cls(*load_onnx(file), "cpu")
        else:
            found = cls(*load_checkpoint(file), device)
        if terms := found.about.get("terms"):
            print(f"{checkpoint}: {terms}.")
        return found

    def detect(self, image):
        """The boxes of the faces in a picture, like those of the training set: float32 [n, 4].

        From left to right; upright faces that look at the camera (`helpers.detect`).
        """
        return find_faces(to_grey(_checked(image)))

    def landmarks(self, image, boxes=None, mirror=None, passes=2):
        """The landmarks of the faces in the boxes, by default those it detects: [n, 68, 2].

        Predicts twice: whatever differs between these boxes and those of the training set is gone
        from the second crop, which is made from the first landmarks, eyes level. The answer is
        the mean of both, or the second alone where the given box was far off. boxes: [n, 4].
        mirror: whether each pass averages over a mirror image, which takes twice as long; by
        default as the checkpoint says. passes: 1 leaves the second out, for boxes that are good
        and time that is short. Returns float32, with n = 0 where there is no face. Raises
        ValueError for other shapes and types.
        """
        grey = to_grey(_checked(image))
        boxes = self.detect(image) if boxes is None else np.asarray(boxes, np.float32)
        if boxes.size == 0:
            return np.zeros((0, 68, 2), np.float32)
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
            raise ValueError(f"Boxes must be numbers [n, 4], not an array {boxes.shape}.")
        if (boxes[:, 2:] <= 0).any():
            raise ValueError("Every box needs a width and a height above 0.")
        if passes not in (1, 2):
            raise ValueError(f"There is one pass or there are two, not {passes}.")
        mirror = self.mirror if mirror is None else mirror
        first = self.predict_once(grey, boxes, mirror)
        if passes == 1:
            return first
        surer, angles = zip(*(upright(points) for points in first), strict=True)
        surer = np.array(surer, np.float32)
        second = self.predict_once(grey, surer, mirror, self.closer, angles)
        near = overlap(boxes, surer) > 0.5
        return np.where(near[:, None, None], (first + second) / 2, second)

    def predict_once(self, grey, boxes, mirror=False, margin=None, angles=0.0):
        """One pass: crop each box, predict, map back. grey [H, W], boxes [n, 4] -> [n, 68, 2].

        mirror: looks at each crop and at its mirror image, and takes the mean of both answers.
        margin: of the crops, by default that of the training. angles: by which they turn a face
        clockwise, degrees, one for all or one for each.
        """
        answers = self.predict_both(grey, boxes, margin, mirror, angles)
        return sum(answers) / len(answers)

    @torch.inference_mode()
    def predict_both(self, grey, boxes, margin=None, mirror=True, angles=0.0):
        """The answers of one pass: to the crops and, with `mirror`, to their mirror images.

        A list of one or two arrays [n, 68, 2], both in pixels of the picture.
        """
        size, margin = self.model.size, margin or self.margin
        turned = zip(boxes, np.broadcast_to(angles, len(boxes)), strict=True)
        matrices = [crop_matrix(box, size, margin, angle) for box, angle in turned]
        crops = np.stack([warp(grey, matrix, size) for matrix in matrices])
        images = torch.from_numpy(crops)[:, None].to(self.device).float() / 127.5 - 1
        answers = [to_pixels(self.model(images), size)]
        if mirror:
            other = to_pixels(self.model(images.flip(3)), size)[:, FLIP]
            other[..., 0] = size - 1 - other[..., 0]
            answers.append(other)
        answers = [points.cpu().numpy() for points in answers]
        back = [invert(matrix) for matrix in matrices]
        return [np.stack([move(*both) for both in zip(a, back, strict=True)]) for a in answers]


@torch.inference_mode()
def predict_all(model, dataset, batch_size=64):
    """Predicted and true landmarks of a `FaceLandmarksDataset`: two float32 arrays [n, 68, 2].

    Both in canvas pixels of the middle crops, as in training; one pass, from the given boxes.
    """
    device = next((weights.device for weights in model.parameters()), torch.device("cpu"))
    model.eval()
    cut = Augment(model.size).eval()
    pairs = []
    for images, landmarks in DataLoader(dataset, batch_size):
        images, landmarks = cut(images.to(device), landmarks)
        pairs.append((to_pixels(model(images), model.size).cpu(), landmarks))
    return tuple(torch.cat(part).numpy() for part in zip(*pairs, strict=True))


def _checked(image):
    """The picture, if it is RGB uint8 [H, W, 3]."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        shape = f"{image.dtype} {list(image.shape)}"
        raise ValueError(f"A picture must be RGB uint8 [H, W, 3], not {shape}.")
    return image
