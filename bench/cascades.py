"""What the face finder took the place of: OpenCV's cascades, and a network that checks them.

A cascade is a row of quick tests: a window of the picture counts as a face if it passes them all.
Boxes are (left, top, width, height) in pixels, of the kind that dlib's detector draws.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from helpers.boxes import box_around, nms
from helpers.crop import scaled
from helpers.predict import Landmarker

HAS_CASCADES = hasattr(cv2, "CascadeClassifier")  # OpenCV 5 gave them up
NO_CASCADES = f"OpenCV {cv2.__version__} has no cascades; `pip install 'opencv-python<5'` has them."
CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")
LARGEST = 800  # pixels of the longer side: of a larger picture, a smaller copy is searched
ROOM = 0.25  # of the picture's shorter side, added all around for faces at the border
# How far, in parts of the box, the landmarks of a face and of its mirror image may differ.
DOUBT = 0.05
SAME = 0.3  # overlap (IoU) from which on two boxes are of one face


def one_cascade(grey: np.ndarray) -> np.ndarray:
    """The first cascade alone, believed from four neighbours on: boxes float32 [n, 4]."""
    wide = cascade(CASCADES[0]).detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=4, minSize=(max(20, min(grey.shape) // 20),) * 2
    )
    return like_dlibs(np.reshape(wide, (-1, 4)).astype(float))


def checked_cascades(grey: np.ndarray, most: float = DOUBT) -> np.ndarray:
    """The faces in a grey picture uint8 [H, W], from left to right: float32 [n, 4].

    Two frontal cascades (Viola and Jones 2001) propose boxes, far too many. The course's `free`
    network looks at each as it is and in a mirror: on a face both answers agree, on a wall they do
    not. It looks once more, closer, at those that are left. The box is the mean of the proposed one
    and that of the landmarks, since each is off in its own way.

    most: the largest difference of both answers, in parts of the box. Profiles and heads that lie
    on a shoulder are not found.
    """
    proposed = boxes = propose(grey)
    doubt = np.zeros(len(proposed), np.float32)
    for margin in (checker().margin, checker().closer):
        if not len(boxes):
            return boxes
        there, mirrored = checker().predict_both(grey, boxes, margin)
        boxes = np.stack([box_around(points) for points in (there + mirrored) / 2])
        difference = np.linalg.norm(there - mirrored, axis=2).mean(1) / boxes[:, 2]
        doubt = np.maximum(doubt, difference)
        sure = doubt < most
        proposed, boxes, doubt = proposed[sure], boxes[sure], doubt[sure]
    boxes = (proposed + boxes) / 2
    kept = boxes[nms(boxes, -doubt, SAME)]
    return kept[np.argsort(kept[:, 0], kind="stable")]


@cache
def checker() -> Landmarker:
    """The network that looks at proposals."""
    return Landmarker.load("free", device="cpu")


def propose(grey: np.ndarray) -> np.ndarray:
    """Boxes in which a face may be, several for each face: float32 [n, 4]."""
    return like_dlibs(cascade_boxes(grey))


def like_dlibs(boxes: np.ndarray) -> np.ndarray:
    """The boxes that dlib's detector would draw where a cascade drew these [n, 4]: float32 [n, 4].

    Its two numbers are medians over the faces of dlib's training list that dlib's detector and the
    first cascade find.
    """
    centre = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + boxes[:, 2:] * (0, 0.066)
    side = 0.93 * boxes[:, 2:]
    return np.concatenate([centre - (side - 1) / 2, side], 1).astype(np.float32)


def cascade_boxes(grey: np.ndarray, names: Sequence[str] = CASCADES) -> np.ndarray:
    """The boxes of OpenCV's cascades in a grey picture, one cascade after the other: [n, 4]."""
    zoom = min(1, LARGEST / max(grey.shape))
    size = [max(1, round(zoom * side)) for side in grey.shape[::-1]]
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if zoom < 1 else grey
    room = round(ROOM * min(small.shape))
    wide = cv2.copyMakeBorder(small, room, room, room, room, cv2.BORDER_REPLICATE)
    # Faces below 1/20 of the picture are not looked for, nor any below the cascade's 20 pixels.
    smallest = max(20, min(small.shape) // 20)
    found = [
        cascade(name).detectMultiScale(
            wide, scaleFactor=1.1, minNeighbors=1, minSize=(smallest, smallest)
        )
        for name in names
    ]
    boxes = np.concatenate([np.reshape(part, (-1, 4)) for part in found]).astype(float)
    boxes[:, :2] = scaled(boxes[:, :2] - room, 1 / zoom)
    boxes[:, 2:] /= zoom
    return boxes


@cache
def cascade(name: str) -> "cv2.CascadeClassifier":
    """One of the cascades that come with OpenCV, by the name of its file."""
    from cv2.data import haarcascades

    return cv2.CascadeClassifier(str(Path(haarcascades) / name))
