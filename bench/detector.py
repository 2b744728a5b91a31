"""How many faces the face finder finds, and how fast, beside the detectors it took the place of.

`python -m bench.detector PATH [PATH ...]` prints the table for the test lists of archives; those of
OpenCV's cascades only with an OpenCV that has them (below 5), dlib's only where dlib is installed.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
from PIL import Image
from skimage.data import astronaut  # NASA's portrait of Eileen Collins, public domain

from bench.cascades import HAS_CASCADES, NO_CASCADES, checked_cascades, one_cascade
from bench.record import set_name
from helpers.annotations import Face, read_image
from helpers.boxes import iou
from helpers.crop import crop_matrix, to_grey, warp
from helpers.dataset import load_faces
from helpers.detect import find_faces, load_finder
from helpers.metrics import nme
from helpers.predict import Landmarker
from helpers.storage import whole_file

Find = Callable[[np.ndarray], np.ndarray]  # a grey picture to boxes [n, 4]

FOUND, FALSE = 0.3, 0.3  # overlaps with the label file's box: at least, and less than
FREE, RESEARCH = "face finder, free data", "face finder, research data as well"
SIZES = {"640 x 480": (640, 480), "1280 x 960": (1280, 960)}


def with_finder(name: str, grey: np.ndarray) -> np.ndarray:
    """The boxes of the course's face finder with the weights of that name."""
    return find_faces(grey, finder=load_finder(name)).boxes


def with_dlib(grey: np.ndarray, doubled: int = 1) -> np.ndarray:
    """The boxes of dlib's own detector (histograms of oriented gradients): float32 [n, 4].

    doubled: how many times the picture is enlarged before, for small faces.
    """
    found = [(r.left(), r.top(), r.width(), r.height()) for r in dlib_detector()(grey, doubled)]
    return np.array(found, np.float32).reshape(-1, 4)


@cache
def dlib_detector() -> Any:
    """dlib's frontal face detector."""
    import dlib

    return dlib.get_frontal_face_detector()


def ways() -> dict[str, Find]:
    """The detectors that this machine has, by name."""
    found: dict[str, Find] = {
        FREE: partial(with_finder, "finder"),
        RESEARCH: partial(with_finder, "finder_research"),
    }
    if HAS_CASCADES:
        found |= {"one cascade": one_cascade}
        found |= {"two cascades, checked by a network": checked_cascades}
    else:
        print(f"The cascades are left out: {NO_CASCADES}")
    if find_spec("dlib"):
        found["dlib's detector (HOG)"] = with_dlib
    return found


def measure(
    names: Sequence[str],
    part: str = "test",
    count: int | None = None,
    sheet: str | None = None,
) -> dict[str, Any]:
    """What each way of detection finds on a list of each data set: plain numbers.

    For the face finder of the `research` weights also NME, per cent of the inter-ocular distance,
    of these weights on the found faces, from the label file's boxes (nme_label) and from its own
    (nme_detected). count: so many faces, drawn at random, instead of all. sheet: a folder for a
    picture of each data set's false boxes, to be looked at: which of them are faces, no label file
    says.
    """
    found = ways()
    for find in found.values():
        find(np.zeros((64, 64), np.uint8))  # loaded before the clock runs
    board = {}
    for name in names:
        labelled: dict[Any, list[Sequence[float]]] = {}
        for face in load_faces("train", name) + load_faces("test", name):
            labelled.setdefault(shown(face), []).append(face.box)
        faces = load_faces(part, name)
        if count:
            faces = [faces[i] for i in np.random.default_rng(0).permutation(len(faces))[:count]]
        images = [read_image(face.image) for face in faces]
        known = [np.array(labelled[shown(face)]) for face in faces]
        rows = {}
        for way, find in found.items():
            rows[way], best, false = look(find, images, faces, known)
            if way == RESEARCH:
                rows[way] |= errors(images, faces, best)
            if way in (FREE, RESEARCH) and sheet:
                crops = [warp(to_grey(images[k]), crop_matrix(box, 96), 96) for k, box in false]
                save_sheet(crops, Path(sheet) / f"{set_name(name)}, {way}.png")
        board[set_name(name)] = {"faces": len(faces), "ways": rows}
        print(board, flush=True)
    return {"lists": board, "overlap": FOUND, "times": times(found)}


def times(found: dict[str, Find], repeats: int = 9) -> dict[str, dict[str, float]]:
    """Milliseconds a picture, the median of some looks, for each detector and size of a picture.

    The picture is scikit-image's of an astronaut, enlarged: what matters is its size.
    """
    rows: dict[str, dict[str, float]] = {}
    for way, find in found.items():
        rows[way] = {}
        for name, size in SIZES.items():
            grey = cv2.resize(to_grey(astronaut()), size)
            spent = []
            for _ in range(repeats):
                began = perf_counter()
                find(grey)
                spent.append(perf_counter() - began)
            rows[way][name] = round(1000 * float(np.median(spent)), 1)
    return rows


def look(
    find: Find, images: list[np.ndarray], faces: list[Face], known: list[np.ndarray]
) -> tuple[dict[str, float], list[Any], list[tuple[int, Any]]]:
    """What a detector finds, as figures; the found box of each face, or None; the false boxes.

    known: for each picture all boxes that any list of the data set has. Figures: recall, per cent
    of faces with a box that overlaps the label file's by FOUND; false boxes a picture, which
    overlap none of the known ones (some are faces all the same, of people whom nobody labelled).
    A false box is (number of the picture, box).
    """
    found = [find(to_grey(image)) for image in images]
    near = [closest(boxes, face.box) for boxes, face in zip(found, faces, strict=True)]
    best = [box if overlap >= FOUND else None for box, overlap in near]
    false = [
        (k, box)
        for k, boxes in enumerate(found)
        for box in boxes
        if closest(known[k], box)[1] < FALSE
    ]
    figures = {
        "recall": round(100 * sum(box is not None for box in best) / len(faces), 1),
        "false": round(len(false) / len(faces), 3),
    }
    return figures, best, false


def errors(images: list[np.ndarray], faces: list[Face], best: list[Any]) -> dict[str, float]:
    """NME of the default weights on found faces, from the label file's boxes and from these."""
    chosen = [k for k, box in enumerate(best) if box is not None]
    if not chosen:
        return {}
    landmarker = Landmarker.load("research", device="cpu")
    truth = [faces[k].landmarks for k in chosen]
    figures = {}
    for kind, boxes in (("label", [face.box for face in faces]), ("detected", best)):
        points = [landmarker.landmarks(images[k], [boxes[k]])[0] for k in chosen]
        figures[f"nme_{kind}"] = round(float(nme(np.stack(points), truth).mean()), 2)
    return figures


def save_sheet(crops: list[np.ndarray], path: Path, columns: int = 12) -> None:
    """Pictures uint8 [S, S] side by side in one file."""
    if crops:
        crops = crops + [np.zeros_like(crops[0])] * (-len(crops) % columns)
        rows = [np.hstack(crops[k : k + columns]) for k in range(0, len(crops), columns)]
        with whole_file(path) as unfinished:
            Image.fromarray(np.vstack(rows)).save(unfinished, "PNG")


def shown(face: Face) -> Any:
    """Which picture a face is in: equal for the entries that show the same one at the same scale.

    All frames of a person of YouTube Faces have one `photograph`; each is a picture of its own.
    """
    if face.photograph.startswith("ytf"):
        return face.image
    with Image.open(face.image) as picture:
        return face.photograph, face.is_twin, picture.size


def closest(boxes: np.ndarray, box: Sequence[float]) -> tuple[np.ndarray | None, float]:
    """The box of [n, 4] that overlaps another one most, and by how much; (None, 0) of none."""
    if not len(boxes):
        return None, 0.0
    shared = iou(boxes, np.array([box]))[:, 0]
    return boxes[shared.argmax()], float(shared.max())


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.detector", description=__doc__.split("\n")[0])
    parser.add_argument("archive", nargs="+")
    parser.add_argument("--sheet", help="a folder for pictures of the false boxes")
    arguments = parser.parse_args()
    measure(arguments.archive, sheet=arguments.sheet)


if __name__ == "__main__":
    main()
