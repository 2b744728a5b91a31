"""Boxes around faces: how dlib's detector draws them, and how much two of them overlap.

A box is (left, top, width, height) in pixels, pixel centres at whole numbers; n boxes are an array
float32 [n, 4]. It covers its pixels whole, from left - 0.5 to left + width - 0.5. When a picture
is scaled, all four numbers are multiplied by the scale. Landmarks are not simply multiplied, since
they are places of pixel centres: `helpers.crop.scaled`.
"""

from typing import TYPE_CHECKING

import numpy as np

from helpers.crop import crop_matrix, invert, move
from helpers.landmarks import IBUG, Scheme, middles, similarity

if TYPE_CHECKING:  # who only draws boxes needs no PyTorch, so it is imported where it is used
    import torch

# dlib's rule, measured on the AFW and HELEN part of its training list (`python
# tools/measure_boxes.py`): a square whose side is SIDE times the longer side of the landmarks'
# bounding box, and whose centre is higher than the bounding box's by ABOVE times that longer side.
assert IBUG.box
SIDE, ABOVE = IBUG.box

FEW = 30  # fewer points are taken to mark the inner face alone, which is half as large as the face


def box_around(landmarks: np.ndarray, side: float = SIDE, above: float = ABOVE) -> np.ndarray:
    """The box that a detector such as dlib's would draw around landmarks [68, 2]: float32 [4].

    side, above: as `Scheme.box` has them, for other points.
    """
    low, high = landmarks.min(0), landmarks.max(0)
    longer = max(high - low)
    left, top = (low + high) / 2 - (0, above * longer) - (side * longer - 1) / 2
    return np.array([left, top, side * longer, side * longer], np.float32)


def box_of(points: np.ndarray, scheme: Scheme | None = None, least: float = 1.0) -> np.ndarray:
    """The box of a face that has none, from its points [k, 2]: float32 [4].

    Points that are not known are NaN. By the scheme's rule where all are known, else as its mean
    face lies on those that are. Without a scheme, or where that does not fit at all, `box_around`
    the known ones, and twice as large where a face has fewer points than `FEW`. least: of its
    side, in pixels. Raises ValueError where no point is known.
    """
    known = np.isfinite(points).all(1)
    if not known.any():
        raise ValueError("Of this face no point is known, and so no box.")
    extent = np.ptp(points[known], axis=0).max()
    if scheme and scheme.box and known.all():
        box = box_around(points, *scheme.box)
    elif scheme and scheme.shape and np.ptp(np.array(scheme.shape)[known], axis=0).any():
        box, _ = _with_mean_face(points, np.asarray(scheme.shape))
    else:
        box = np.zeros(4, np.float32)
    # Laid on scattered points, such as a network's that has learned little, a mean face shrinks.
    if 2 * box[2] <= extent or not extent:
        box = box_around(points[known])
        if len(points) < FEW:
            box = _enlarged(box, 2 * box[2])
    return box if box[2] >= least else _enlarged(box, least)


def _enlarged(box: np.ndarray, side: float) -> np.ndarray:
    """A square box [4] about its own centre, with another side."""
    grown = (side - box[2]) / 2
    return np.array([box[0] - grown, box[1] - grown, side, side], np.float32)


def detector_box(landmarks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The box around landmarks [68, 2] as imprecise as dlib's detector draws it: int [4].

    In whole pixels. Measured as SIDE and ABOVE are: 28 % of the boxes are one step of the
    detector's image pyramid smaller, 2 % one larger; the centre follows the nose tip aside by
    0.49 of its offset from the middle of the jaw's ends.
    """
    low, high = landmarks.min(0), landmarks.max(0)
    longer = (high - low).max()
    side = longer * rng.choice((0.90, SIDE, 1.29), p=(0.28, 0.70, 0.02)) * rng.normal(1, 0.012)
    turned = landmarks[30, 0] - (landmarks[0, 0] + landmarks[16, 0]) / 2
    offset = np.array([0.49 * turned, -ABOVE * longer]) + longer * rng.normal(0, (0.037, 0.05))
    left, top = (low + high) / 2 + offset - (side - 1) / 2
    return np.rint([left, top, side, side]).astype(int)


def has_upright(scheme: Scheme) -> bool:
    """Whether `upright` can make boxes from the points of a scheme."""
    spread = scheme.shape and np.ptp(scheme.shape, axis=0).max()
    return bool(scheme.box and scheme.level) or bool(spread)


def upright(landmarks: np.ndarray, scheme: Scheme = IBUG) -> tuple[np.ndarray, float]:
    """The box for a crop in which the eyes of landmarks [k, 2] are level, and the angle for it.

    A box float32 [4] and clockwise degrees, for `crop_matrix`, which turns about the box's centre.
    Where the scheme has no rule for boxes, its mean face is laid on the landmarks as well as
    turning and scaling can, and the box goes with it. That works for any two points and more,
    whether the scheme knows of eyes or not.
    """
    if not (scheme.box and scheme.level):
        return _with_mean_face(landmarks, np.asarray(scheme.shape))
    right, left = middles(landmarks, scheme.level)
    angle = -np.degrees(np.arctan2(*(left - right)[::-1]))
    # Only a rotation; about which point does not matter, since `invert` undoes it.
    level = crop_matrix((0, 0, 1, 1), 1, 1, angle)
    box = box_around(move(landmarks, level), *scheme.box)
    half = (box[2:] - 1) / 2
    corner = move(box[:2] + half, invert(level)) - half
    return np.array([*corner, *box[2:]], np.float32), angle


def _with_mean_face(landmarks: np.ndarray, shape: np.ndarray) -> tuple[np.ndarray, float]:
    """The box, and the angle that levels it, of the mean face laid on landmarks [k, 2].

    shape: [k, 2], the mean face in sides of its box from the box's centre.
    """
    turn, centre = similarity(shape, landmarks)  # (0, 0), the box's centre, comes to lie there
    side = max(abs(turn), 1.0)
    corner = np.array([centre.real, centre.imag]) - (side - 1) / 2
    return np.array([*corner, side, side], np.float32), float(-np.degrees(np.angle(turn)))


def iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union (IoU) of each box [n, 4] with each other one [m, 4]: float32 [n, m].

    The area that two boxes share over the area that they cover together: 1 where they are the
    same, 0 where they lie apart.
    """
    from torchvision.ops import box_iou

    return box_iou(_corners(boxes), _corners(others)).numpy()


def share_inside(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How much of the area of each box [n, 4] lies on a picture of shape (H, W): [n], 0 to 1."""
    low, high = boxes[:, :2] - 0.5, boxes[:, :2] + boxes[:, 2:] - 0.5
    edge = np.array(shape[1::-1]) - 0.5
    seen = np.clip(np.minimum(high, edge) - np.maximum(low, -0.5), 0, None)
    return seen.prod(1) / boxes[:, 2:].prod(1)


def nms(boxes: np.ndarray, scores: np.ndarray, most: float = 0.3) -> np.ndarray:
    """The indices of the boxes that non-maximum suppression (NMS) keeps, the best first: int64 [k].

    NMS removes a box [n, 4] that overlaps a better one, which it has kept, by more than `most`
    (IoU). scores: [n], larger is better.
    """
    import torch
    from torchvision.ops import nms as suppress

    return suppress(_corners(boxes), torch.as_tensor(np.float32(scores)), most).numpy()


def _corners(boxes: np.ndarray) -> "torch.Tensor":
    """Boxes [n, 4] as torchvision takes them, (left, top, right, bottom): a tensor [n, 4]."""
    import torch
    from torchvision.ops import box_convert

    tensor = torch.as_tensor(np.asarray(boxes, np.float32)).reshape(-1, 4)
    return box_convert(tensor, "xywh", "xyxy")
