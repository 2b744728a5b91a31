"""How dlib's boxes lie about the landmarks, and beside those of OpenCV's cascades.

`python tools/measure_boxes.py ARCHIVE` prints the medians that `helpers.detect` works with, from
the unmirrored faces of an archive's training list. It works with those of the first cascade for
both, since the network's answer takes the place of the box.
"""

import argparse

import numpy as np
from tqdm import tqdm

from helpers.annotations import read_faces, read_image
from helpers.crop import to_grey
from helpers.detect import CASCADES, cascade_boxes
from helpers.sources import get_dataset, label_file


def centre(boxes):
    """Middles of boxes [n, 4]: [n, 2]."""
    return boxes[:, :2] + (boxes[:, 2:] - 1) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive")
    parser.add_argument("--pictures", type=int, default=250, help="how many the cascades look at")
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

    for name in CASCADES:
        pairs = []
        for face, box in zip(tqdm(faces[: arguments.pictures]), boxes, strict=False):
            found = cascade_boxes(to_grey(read_image(face.image)), (name,))
            if len(found):
                distance = np.abs(centre(found) - centre(box[None])).max(1)
                if distance.min() < 0.35 * box[2]:
                    pairs.append((found[distance.argmin()], box))
        found, box = (np.array(part) for part in zip(*pairs, strict=True))
        offset = (centre(box) - centre(found)) / found[:, 2:]
        print(f"{len(pairs)} of {arguments.pictures} boxes beside those of {name}:")
        ratio = box[:, 2:].max(1) / found[:, 2]
        print(f"  side {np.median(ratio):.3f}, centre {np.median(offset, 0).round(3)} (x, y)")


if __name__ == "__main__":
    main()
