"""How many faces the detector finds, and what each of its parts is worth.

`python -m bench.detector PATH [PATH ...]` prints the table for the test lists of archives;
`--train` looks at 150 photographs of the training lists instead, on which its limit was chosen.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np

from helpers import detect
from helpers.annotations import read_image
from helpers.crop import to_grey
from helpers.dataset import load_faces
from helpers.metrics import nme
from helpers.predict import Landmarker

FOUND, FALSE = 0.5, 0.3  # overlaps with the label file's box: at least, and less than


def one_cascade(grey):
    """The detector as it was: the first cascade alone, believed from four neighbours on."""
    wide = detect.cascade(detect.CASCADES[0]).detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=4, minSize=(max(20, min(grey.shape) // 20),) * 2
    )
    boxes = np.reshape(wide, (-1, 4)).astype(float)
    centre = boxes[:, :2] + (boxes[:, 2:] - 1) / 2 + boxes[:, 2:] * (0, 0.066)
    side = 0.93 * boxes[:, 2:]
    return np.concatenate([centre - (side - 1) / 2, side], 1).astype(np.float32)


def unchecked(grey):
    """Both cascades with room around the picture, and nobody who looks at what they say."""
    boxes = detect.propose(grey)
    return detect.apart(boxes, np.zeros(len(boxes)))


WAYS = {
    "one cascade": one_cascade,
    "two cascades, room at the border": unchecked,
    "the same, checked by the network": detect.find_faces,
}


def measure(names, part="test", count=None) -> dict:
    """For each data set and each way of detection: plain numbers.

    faces; recall, per cent of faces with a box that overlaps the label file's by half; false boxes
    a picture, which overlap none that any list of the data set has for that photograph (some are
    faces all the same, of people whom nobody labelled); milliseconds a picture. For the last way
    also NME, per cent of the inter-ocular distance, of the default weights on the found faces,
    from the label file's boxes and from the detector's.
    """
    landmarker = Landmarker.load(device="cpu")
    board = {}
    for name in names:
        labelled = {}
        for face in load_faces("train", name) + load_faces("test", name):
            labelled.setdefault((face.photograph, face.is_twin), []).append(face.box)
        faces = load_faces(part, name)
        if count:
            faces = [faces[i] for i in np.random.default_rng(0).permutation(len(faces))[:count]]
        images = [read_image(face.image) for face in faces]
        rows = {}
        for way, find in WAYS.items():
            began = perf_counter()
            found = [find(to_grey(image)) for image in images]
            took = perf_counter() - began
            best = [closest(boxes, face.box) for boxes, face in zip(found, faces, strict=True)]
            false = sum(
                closest(labelled[face.photograph, face.is_twin], box)[1] < FALSE
                for boxes, face in zip(found, faces, strict=True)
                for box in boxes
            )
            hit = [overlap >= FOUND for _, overlap in best]
            rows[way] = {
                "recall": round(100 * float(np.mean(hit)), 1),
                "false": round(false / len(faces), 3),
                "milliseconds": round(1000 * took / len(faces)),
            }
        chosen = np.flatnonzero(hit)
        truth = [faces[i].landmarks for i in chosen]
        for kind, boxes in (("label", [f.box for f in faces]), ("detected", [b for b, _ in best])):
            points = [landmarker.landmarks(images[i], [boxes[i]])[0] for i in chosen]
            rows[way][f"nme_{kind}"] = round(float(nme(np.stack(points), truth).mean()), 2)
        board[Path(name).name.removesuffix(".tar.gz")] = {"faces": len(faces), "ways": rows}
        print(board, flush=True)
    return {"lists": board, "overlap": FOUND}


def closest(boxes, box):
    """The box of [n, 4] that overlaps another one most, and by how much; (None, 0) of none."""
    if not len(boxes):
        return None, 0.0
    boxes = np.asarray(boxes, np.float32)
    shared = detect.overlap(boxes, np.tile(np.float32(box), (len(boxes), 1)))
    return boxes[shared.argmax()], float(shared.max())


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.detector", description=__doc__.split("\n")[0])
    parser.add_argument("archive", nargs="+")
    parser.add_argument("--train", action="store_true", help="150 training photographs of each")
    arguments = parser.parse_args()
    part, count = ("train", 150) if arguments.train else ("test", None)
    measure(arguments.archive, part, count)


if __name__ == "__main__":
    main()
