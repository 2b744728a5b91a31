"""How many faces the detector finds, and what each of its parts is worth.

`python -m bench.detector PATH [PATH ...]` prints the table for the test lists of archives;
`--train` looks at 150 photographs of the training lists instead, with other limits of doubt as
well: on these the limit was chosen.
"""

import argparse
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from helpers import detect
from helpers.annotations import read_image
from helpers.crop import crop_matrix, to_grey, warp
from helpers.dataset import load_faces
from helpers.files import whole_file
from helpers.metrics import nme
from helpers.predict import Landmarker

FOUND, FALSE = 0.5, 0.3  # overlaps with the label file's box: at least, and less than


def one_cascade(grey):
    """The detector as it was: the first cascade alone, believed from four neighbours on."""
    wide = detect.cascade(detect.CASCADES[0]).detectMultiScale(
        grey, scaleFactor=1.1, minNeighbors=4, minSize=(max(20, min(grey.shape) // 20),) * 2
    )
    return detect.like_dlibs(np.reshape(wide, (-1, 4)).astype(float))


def unchecked(grey):
    """Both cascades with room around the picture, and nobody who looks at what they say."""
    boxes = detect.propose(grey)
    return detect.apart(boxes, np.zeros(len(boxes)))


WAYS = {
    "one cascade": one_cascade,
    "two cascades, room at the border": unchecked,
    "the same, checked by the network": detect.find_faces,
}
# Other limits of doubt, to choose among on training photographs.
LIMITS = {
    f"with a limit of {most}": partial(detect.find_faces, most=most)
    for most in (0.03, 0.04, 0.06, 0.08)
}


def measure(names, part="test", count=None, ways=WAYS, sheet=None) -> dict:
    """For each data set and each way of detection: plain numbers.

    faces; recall, per cent of faces with a box that overlaps the label file's by half; false boxes
    a picture, which overlap none that any list of the data set has for that picture (some are
    faces all the same, of people whom nobody labelled); milliseconds a picture. For the detector
    as it is also NME, per cent of the inter-ocular distance, of the default weights on the found
    faces, from the label file's boxes and from the detector's. sheet: a folder for a picture of
    each data set's false boxes, to be looked at: which of them are faces, no label file says.
    """
    landmarker = Landmarker.load(device="cpu")
    detect.checker()  # loaded before the clock runs
    board = {}
    for name in names:
        labelled = {}
        for face in load_faces("train", name) + load_faces("test", name):
            labelled.setdefault(shown(face), []).append(face.box)
        faces = load_faces(part, name)
        if count:
            faces = [faces[i] for i in np.random.default_rng(0).permutation(len(faces))[:count]]
        images = [read_image(face.image) for face in faces]
        rows = {}
        for way, find in ways.items():
            began = perf_counter()
            found = [find(to_grey(image)) for image in images]
            took = perf_counter() - began
            best = [closest(boxes, face.box) for boxes, face in zip(found, faces, strict=True)]
            false = [
                (k, box)
                for k, boxes in enumerate(found)
                for box in boxes
                if closest(labelled[shown(faces[k])], box)[1] < FALSE
            ]
            hit = [overlap >= FOUND for _, overlap in best]
            rows[way] = {
                "recall": round(100 * float(np.mean(hit)), 1),
                "false": round(len(false) / len(faces), 3),
                "milliseconds": round(1000 * took / len(faces)),
            }
            if find is not detect.find_faces or not any(hit):
                continue
            if sheet:
                crops = [warp(to_grey(images[k]), crop_matrix(box, 96), 96) for k, box in false]
                save_sheet(crops, Path(sheet) / f"{Path(name).name.removesuffix('.tar.gz')}.png")
            chosen, drawn = np.flatnonzero(hit), [face.box for face in faces]
            truth = [faces[i].landmarks for i in chosen]
            for kind, boxes in (("label", drawn), ("detected", [box for box, _ in best])):
                points = [landmarker.landmarks(images[i], [boxes[i]])[0] for i in chosen]
                rows[way][f"nme_{kind}"] = round(float(nme(np.stack(points), truth).mean()), 2)
        board[Path(name).name.removesuffix(".tar.gz")] = {"faces": len(faces), "ways": rows}
        print(board, flush=True)
    return {"lists": board, "overlap": FOUND}


def save_sheet(crops, path, columns=12) -> None:
    """Pictures uint8 [S, S] side by side in one file."""
    if crops:
        crops = crops + [np.zeros_like(crops[0])] * (-len(crops) % columns)
        rows = [np.hstack(crops[k : k + columns]) for k in range(0, len(crops), columns)]
        with whole_file(path) as partial:
            Image.fromarray(np.vstack(rows)).save(partial, "PNG")


def shown(face):
    """Which picture a face is in: equal for the entries that show the same one at the same scale.

    All frames of a person of YouTube Faces have one `photograph`; each is a picture of its own.
    """
    if face.photograph.startswith("ytf"):
        return face.image
    with Image.open(face.image) as picture:
        return face.photograph, face.is_twin, picture.size


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
    parser.add_argument("--sheet", help="a folder for pictures of the false boxes")
    arguments = parser.parse_args()
    part, count, ways = ("train", 150, WAYS | LIMITS) if arguments.train else ("test", None, WAYS)
    measure(arguments.archive, part, count, ways, arguments.sheet)


if __name__ == "__main__":
    main()
