"""Where the faces of a picture are: OpenCV's cascade, and its boxes made like those of training.

Boxes are (left, top, width, height) in pixels.
"""

from pathlib import Path

import cv2
import numpy as np


def find_faces(grey):
    """The faces in a grey picture uint8 [H, W], from left to right: float32 [n, 4].

    OpenCV's frontal cascade (Viola and Jones 2001) finds upright faces that look at the camera;
    profiles and faces tilted by more than about 25 degrees escape.
    """
    boxes = cascade_boxes(grey)
    # From the cascade's box to dlib's, as its training list has it: medians of side and centre
    # over the faces that both find (`python tools/measure_boxes.py`).
    centre = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + boxes[:, 2:] * (0, 0.066)
    side = 0.93 * boxes[:, 2:]
    return np.concatenate([centre - (side - 1) / 2, side], 1).astype(np.float32)


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
