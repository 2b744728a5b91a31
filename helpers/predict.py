"""Any photograph to landmarks: find the faces, crop, predict, crop again, map back."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from helpers.augment import Augment
from helpers.crop import MARGIN, crop_matrix, invert, move, to_grey, warp
from helpers.model import load_checkpoint, pick_device, to_pixels

SHIPPED = Path(__file__).parent / "assets" / "demo.pt"
TRAIN_COMMAND = "python -m helpers.train --faces demo --epochs 20 --out FILE"


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

    @classmethod
    def load(cls, checkpoint=None, device=None):
        """The landmarker of a checkpoint, by default of the weights that ship with the project.

        device: "cpu", "cuda", "mps", or None for the fastest at hand. Raises ValueError where
        the checkpoint is missing, broken or of another network.
        """
        if checkpoint is None and not SHIPPED.exists():
            raise ValueError(f"{SHIPPED}: no weights here; train some with `{TRAIN_COMMAND}`.")
        return cls(*load_checkpoint(checkpoint or SHIPPED), device)

    def detect(self, image):
        """The boxes of the faces in a picture, like those of the training set: float32 [n, 4].

        From left to right. OpenCV's frontal cascade (Viola and Jones 2001) finds upright faces
        that look at the camera; profiles and faces tilted by more than about 25 degrees escape.
        """
        boxes = cascade_boxes(to_grey(_checked(image)))
        # From the cascade's box to dlib's, as its training list has it: medians of side and
        # centre over the faces that both find (`python tools/measure_boxes.py`).
        centre = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + boxes[:, 2:] * (0, 0.066)
        side = 0.93 * boxes[:, 2:]
        return np.concatenate([centre - (side - 1) / 2, side], 1).astype(np.float32)

    def landmarks(self, image, boxes=None):
        """The landmarks of the faces in the boxes, by default those it detects: [n, 68, 2].

        Predicts twice: whatever differs between these boxes and those of the training set is gone
        from the second crop, which is made from the first landmarks. boxes: [n, 4]. Returns
        float32, with n = 0 where there is no face. Raises ValueError for other shapes and types.
        """
        grey = to_grey(_checked(image))
        boxes = self.detect(image) if boxes is None else np.asarray(boxes, np.float32)
        if boxes.size == 0:
            return np.zeros((0, 68, 2), np.float32)
        if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
            raise ValueError(f"Boxes must be numbers [n, 4], not an array {boxes.shape}.")
        if (boxes[:, 2:] <= 0).any():
            raise ValueError("Every box needs a width and a height above 0.")
        first = self.predict_once(grey, boxes)
        return self.predict_once(grey, np.stack([box_around(points) for points in first]))

    @torch.inference_mode()
    def predict_once(self, grey, boxes):
        """One pass: crop each box, predict, map back. grey [H, W], boxes [n, 4] -> [n, 68, 2]."""
        size = self.model.size
        matrices = [crop_matrix(box, size, self.margin) for box in boxes]
        crops = np.stack([warp(grey, matrix, size) for matrix in matrices])
        images = torch.from_numpy(crops)[:, None].to(self.device).float() / 127.5 - 1
        points = to_pixels(self.model(images), size).cpu().numpy()
        return np.stack([move(p, invert(m)) for p, m in zip(points, matrices, strict=True)])


def box_around(landmarks):
    """The box that a detector such as dlib's would put around 68 landmarks: (l, t, w, h).

    Measured on dlib's training list (`python tools/measure_boxes.py`): its box is square, 1.08
    times the larger side of the landmarks' bounding box, and its centre lies 0.085 of that side
    above the centre of the bounding box.
    """
    low, high = landmarks.min(0), landmarks.max(0)
    side = max(high - low)
    left, top = (low + high) / 2 - (0, 0.085 * side) - (1.08 * side - 1) / 2
    return np.array([left, top, 1.08 * side, 1.08 * side], np.float32)


@torch.inference_mode()
def predict_all(model, dataset, batch_size=64):
    """Predicted and true landmarks of a `FaceLandmarksDataset`: two float32 arrays [n, 68, 2].

    Both in canvas pixels of the middle crops, as in training; one pass, from the given boxes.
    """
    device = next(model.parameters()).device
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


def cascade_boxes(grey):
    """The boxes of OpenCV's frontal cascade in a grey picture, from left to right: [n, 4]."""
    if not hasattr(cv2, "CascadeClassifier"):
        raise RuntimeError("OpenCV 5 has no cascades: install `opencv-python<5`.")
    path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"
    # Faces below 1/20 of the picture are not looked for, nor any below the cascade's 20 pixels.
    smallest = max(20, min(grey.shape) // 20)
    boxes = cv2.CascadeClassifier(str(path)).detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=4, minSize=(smallest, smallest)
    )
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return boxes[np.argsort(boxes[:, 0], kind="stable")]
