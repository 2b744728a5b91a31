"""How dlib's boxes lie about the landmarks: SIDE and ABOVE of `helpers.boxes`.

`python tools/measure_boxes.py ARCHIVE` prints medians over the unmirrored faces of an archive's
training list.
"""

import argparse

import numpy as np

from helpers.annotations import read_faces
from helpers.sources import get_dataset, label_file


def centre(boxes: np.ndarray) -> np.ndarray:
    """Middles of boxes [n, 4]: [n, 2]."""
    return boxes[:, :2] + (boxes[:, 2:] - 1) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive")
    arguments = parser.parse_args()
    faces = read_faces(label_file(get_dataset(arguments.archive), "train"))
    faces = [face for face in faces if not face.is_twin]
    boxes = np.array([face.box for face in faces])
    landmarks = np.stack([face.landmarks for face in faces])
    low, high = landmarks.min(1), landmarks.max(1)
    side = (high - low).max(1)
    ratio = boxes[:, 2:].max(1) / side
    offset = (centre(boxes) - (low + high) / 2) / side[:, None]
    print(f"{len(faces)} boxes, against the larger side of the landmarks' bounding box:")
    print(f"  side {np.median(ratio):.3f}, centre {np.median(offset, 0).round(3)} (x, y)")


if __name__ == "__main__":
    main()
