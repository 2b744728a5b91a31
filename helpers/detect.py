"""Where the faces of a picture are: OpenCV's cascades propose, the landmark network disposes.

Boxes are (left, top, width, height) in pixels, of the kind that dlib's detector draws.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from helpers.crop import crop_matrix, invert, move

CASCADES = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")
LARGEST = 800  # pixels: a larger picture is looked at in a smaller copy
ROOM = 0.25  # of the picture's shorter side, added all around: a face at the border needs some
# How far, in parts of the box, the landmarks of a face and of its mirror image may differ. Chosen
# on training photographs: `python -m bench.detector PATH --train` shows what other limits do.
DOUBT = 0.05
SAME = 0.3  # overlap from which two boxes are of one face


def find_faces(grey, most=DOUBT):
    """The faces in a grey picture uint8 [H, W], from left to right: float32 [n, 4].

    Two frontal cascades (Viola and Jones 2001) propose boxes, far too many. The course's own
    `free` network, whatever landmarks are asked for later, looks at each twice, as it is and in a
    mirror: on a face both answers agree, on a wall they do not. The box is the mean of the proposed
    one and that of the landmarks, since each is off in its own way.

    most: the largest difference of both, in parts of the box. Profiles and heads that lie on a
    shoulder escape.
    """
    proposed, doubt, landmarker = propose(grey), 0.0, checker()
    boxes = proposed
    for margin in (landmarker.margin, landmarker.closer):
        if not len(boxes):
            return boxes
        boxes, more = _agreed(*landmarker.predict_both(grey, boxes, margin))
        doubt = np.maximum(doubt, more)
        sure = doubt < most
        proposed, boxes, doubt = proposed[sure], boxes[sure], doubt[sure]
    kept = apart((proposed + boxes) / 2, doubt)
    return kept[np.argsort(kept[:, 0], kind="stable")]


def propose(grey):
    """Boxes in which a face may be, several for each: float32 [n, 4]."""
    return like_dlibs(cascade_boxes(grey))


def like_dlibs(boxes):
    """The boxes that dlib's detector would draw where a cascade drew these: float32 [n, 4].

    Medians of side and centre over the faces of dlib's training list that both find, the first
    cascade for both (`python tools/measure_boxes.py`).
    """
    centre = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + boxes[:, 2:] * (0, 0.066)
    side = 0.93 * boxes[:, 2:]
    return np.concatenate([centre - (side - 1) / 2, side], 1).astype(np.float32)


def cascade_boxes(grey, names=CASCADES):
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
    boxes[:, :2] = (boxes[:, :2] - room + 0.5) / zoom - 0.5  # edges of pixels scale, centres do not
    boxes[:, 2:] /= zoom
    return boxes


@cache
def checker():
    """The network that looks at proposals: `free`, so that no terms come with a box."""
    from helpers.predict import Landmarker  # here, since that module asks this one for boxes

    return Landmarker.load("free")


@cache
def cascade(name):
    """One of the cascades that come with OpenCV."""
    if not hasattr(cv2, "CascadeClassifier"):
        raise RuntimeError("OpenCV 5 has no cascades: install `opencv-python<5`.")
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / name))


def _agreed(there, mirrored):
    """The boxes of two answers' mean [n, 4], and how far they differ, in parts of the box [n]."""
    boxes = np.stack([box_around(points) for points in (there + mirrored) / 2])
    return boxes, np.linalg.norm(there - mirrored, axis=2).mean(1) / boxes[:, 2]


def apart(boxes, doubt):
    """The surest box of each face: those [n, 4] that overlap no surer one by more than SAME."""
    kept = np.zeros((0, 4), np.float32)
    for box in boxes[np.argsort(doubt, kind="stable")]:
        if not len(kept) or overlap(np.tile(box, (len(kept), 1)), kept).max() < SAME:
            kept = np.concatenate([kept, box[None]])
    return kept


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


def upright(landmarks):
    """The box around 68 landmarks as if their eyes were level, and the angle that levels them.

    ((left, top, width, height), degrees), as `crop_matrix` takes them: it turns about the middle
    of the box.
    """
    right, left = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    angle = -np.degrees(np.arctan2(*(left - right)[::-1]))
    level = crop_matrix((0, 0, 1, 1), 1, 1, angle)  # turns, about anywhere
    box = box_around(move(landmarks, level))
    half = (box[2:] - 1) / 2
    return (*(move(box[:2] + half, invert(level)) - half), *box[2:]), angle


def overlap(boxes, others):
    """How much two lists of boxes [n, 4] overlap: intersection over union, [n]."""
    low = np.maximum(boxes[:, :2], others[:, :2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], others[:, :2] + others[:, 2:])
    shared = np.maximum(high - low, 0).prod(1)
    return shared / (boxes[:, 2:].prod(1) + others[:, 2:].prod(1) - shared)
