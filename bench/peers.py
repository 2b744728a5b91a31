"""From a picture to landmarks, detector included and excluded: the weights that ship beside peers.

The peers are dlib (detector and regression trees) and MediaPipe's face mesh (Kartynnik et al. 2019,
"Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", arXiv 1907.06724), each
where it is installed (bench/requirements.txt). All are given the same pictures of one face each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench import trees
from bench.detector import with_dlib
from helpers.annotations import Face, read_image
from helpers.boxes import box_around, iou
from helpers.crop import crop_matrix, move, to_grey, warp
from helpers.metrics import point_errors
from helpers.predict import Landmarker

# A picture shows so many times the label file's box, as before a webcam, and has so many pixels.
AROUND, PIXELS = 2.5, 480
FOUND = 0.3  # overlap (IoU) of the boxes around found and true landmarks, from which on it is found
JAW = 17  # points that the mesh has elsewhere: it follows the skull, not the outline that is seen
NOT_INSTALLED = "{}: not measured, since it is not installed (bench/requirements.txt)."

# Which points of the mesh, or the middle of which two, stand for each of the 68: from Peizhi Yan's
# mediapipe2dlib (2024, github.com/PeizhiYan/Mediapipe_2_Dlib_Landmarks).
MESH: list[tuple[int, ...]] = [
    *((127,), (234,), (93,), (132, 58), (58, 172), (136,), (150,), (176,), (152,)),
    *((400,), (379,), (365,), (397, 288), (361,), (323,), (454,), (356,)),
    *((70,), (63,), (105,), (66,), (107,), (336,), (296,), (334,), (293,), (300,)),
    *((168, 6), (197, 195), (5,), (4,), (75,), (97,), (2,), (326,), (305,)),
    *((33,), (160,), (158,), (133,), (153,), (144,)),
    *((362,), (385,), (387,), (263,), (373,), (380,)),
    *((61,), (39,), (37,), (0,), (267,), (269,), (291,), (321,), (314,), (17,), (84,), (91,)),
    *((78,), (82,), (13,), (312,), (308,), (317,), (14,), (87,)),
]


@dataclass
class Scene:
    """A picture of one face: RGB uint8 [H, W, 3], its box and its true landmarks [68, 2]."""

    image: np.ndarray
    box: np.ndarray
    landmarks: np.ndarray


@dataclass
class Peer:
    """Who it is, and its two ways to landmarks float32 [n, 68, 2] of the faces in a picture.

    whole(image): detector included. alone(scene): without, from the label file's box or, as
    `box_from` says, from another. trained: whether its NME means anything.
    """

    name: str
    whole: Callable[[np.ndarray], np.ndarray]
    alone: Callable[[Scene], np.ndarray]
    box_from: str = "label file"
    trained: bool = True


def scene(face: Face) -> Scene:
    """The picture of a face as it would stand before a webcam, cut out of its photograph."""
    matrix = crop_matrix(face.box, PIXELS, AROUND)
    image = warp(read_image(face.image), matrix, PIXELS)
    corner, sides = np.array(face.box[:2]), np.array(face.box[2:])
    low, high = move(np.stack([corner - 0.5, corner + sides - 0.5]), matrix)  # its edges
    box = np.concatenate([low + 0.5, high - low])
    return Scene(image, box, move(face.landmarks, matrix))


def ours(name: str, passes: int) -> Peer:
    """Weights that ship, with the face finder that belongs to them."""
    landmarker = Landmarker.load(name, "cpu")
    way = "one pass" if passes == 1 else "two passes"
    mirror = landmarker.mirror and passes == 2

    return Peer(
        f"`{name}`, {way}{', mirrored' if mirror else ''}",
        lambda image: landmarker.landmarks(image, None, mirror, passes),
        lambda scene: landmarker.landmarks(scene.image, [scene.box], mirror, passes),
    )


def dlibs(path: Path, trained: bool) -> Peer:
    """dlib's detector and regression trees. path: of the trees; trained: as for `Peer`."""
    one = trees.contender(path)

    def whole(image: np.ndarray) -> np.ndarray:
        found = [one.predict(image, box) for box in with_dlib(to_grey(image), 0)]
        return np.reshape(found, (-1, 68, 2))

    return Peer(
        "dlib: HOG detector, regression trees",
        whole,
        lambda scene: one.predict(scene.image, scene.box)[None],
        trained=trained,
    )


def to_68(mesh: np.ndarray) -> np.ndarray:
    """The 68 landmarks that stand for points of MediaPipe's mesh [468, 2]: float32 [68, 2]."""
    return np.stack([mesh[list(points)].mean(0) for points in MESH]).astype(np.float32)


def mediapipes() -> Peer | None:
    """MediaPipe's face mesh with its own detector; None where it is not installed.

    It takes no boxes. Without the detector it is given the same picture as a video's next frame,
    and looks where it found the face before.
    """
    try:
        from google.protobuf import message_factory, symbol_database
        from mediapipe.python.solutions.face_mesh import FaceMesh
    except ImportError:
        return None
    database: Any = symbol_database.SymbolDatabase
    if not hasattr(database, "GetPrototype"):
        # MediaPipe asks for it; the protobuf that onnx needs calls it by another name.
        database.GetPrototype = lambda _, kind: message_factory.GetMessageClass(kind)
    still = FaceMesh(static_image_mode=True, max_num_faces=1)
    video = FaceMesh(static_image_mode=False, max_num_faces=1)

    def look(mesh: Any, image: np.ndarray) -> np.ndarray:
        faces = mesh.process(image).multi_face_landmarks or []
        size = np.array(image.shape[1::-1])
        points = [[(point.x, point.y) for point in face.landmark] for face in faces]
        # Parts of the picture, from its edge: pixel centres lie half a pixel further on.
        found = [to_68(np.array(mesh) * size - 0.5) for mesh in points]
        return np.reshape(found, (-1, 68, 2)).astype(np.float32)

    return Peer(
        "MediaPipe: face mesh",
        lambda image: look(still, image),
        lambda scene: look(video, scene.image),
        box_from="its last landmarks",
    )


def peers(trees_file: Path | None, trained: bool) -> list[Peer]:
    """All that this machine has. trees_file: dlib's regression trees, None where there are none."""
    found = [ours("research", 2), ours("free", 2), ours("fast", 2), ours("fast", 1)]
    if trees_file:
        found.append(dlibs(trees_file, trained))
    else:
        print(NOT_INSTALLED.format("dlib"))
    if mesh := mediapipes():
        found.append(mesh)
    else:
        print(NOT_INSTALLED.format("MediaPipe's face mesh"))
    return found


def measure(faces: Sequence[Face], contenders: Sequence[Peer]) -> dict[str, Any]:
    """What each contender takes for a picture, and how exact it is, on the same faces.

    Returns "rows", by name: "whole" and "alone", milliseconds, the median picture; "box_from";
    "found", per cent of faces that it finds by itself; "nme" and "nme_51", the latter without the
    jaw, per cent of the inter-ocular distance, detector included, on the faces that all found
    ("common" of "faces"). No NME for what is not trained.
    """
    scenes = [scene(face) for face in faces]
    rows: dict[str, dict[str, Any]] = {}
    answers: dict[str, list[np.ndarray | None]] = {}
    for one in contenders:
        one.whole(scenes[0].image)  # loaded before the clock runs
        whole: list[float] = []
        alone: list[float] = []
        points: list[np.ndarray | None] = []
        for seen in scenes:
            began = perf_counter()
            found = one.whole(seen.image)
            whole.append(perf_counter() - began)
            points.append(_that_of(seen, found))
            one.alone(seen)  # MediaPipe finds the face now, and looks there again below
            began = perf_counter()
            one.alone(seen)
            alone.append(perf_counter() - began)
        answers[one.name] = points
        rows[one.name] = {
            "whole": round(1000 * float(np.median(whole)), 2),
            "alone": round(1000 * float(np.median(alone)), 2),
            "box_from": one.box_from,
            "found": round(100 * sum(p is not None for p in points) / len(points), 1),
        }
    judged = [one.name for one in contenders if one.trained]
    common = [k for k in range(len(scenes)) if all(answers[n][k] is not None for n in judged)]
    for name in judged if common else ():
        predicted = np.array([answers[name][k] for k in common])
        errors = point_errors(predicted, [scenes[k].landmarks for k in common])
        rows[name] |= {
            "nme": round(float(errors.mean()), 2),
            "nme_51": round(float(errors[:, JAW:].mean()), 2),
        }
    for name, row in rows.items():
        print(f"{name:>38} {row}", flush=True)
    return {"rows": rows, "faces": len(scenes), "common": len(common), "pixels": PIXELS}


def _that_of(seen: Scene, found: np.ndarray) -> np.ndarray | None:
    """The landmarks [68, 2] of those found [n, 68, 2] that are of the picture's face, or None."""
    if not len(found):
        return None
    boxes = np.stack([box_around(points) for points in found])
    overlap = iou(boxes, box_around(seen.landmarks)[None])[:, 0]
    return found[overlap.argmax()] if overlap.max() >= FOUND else None
