"""The peer: dlib's cascade of regression trees (Kazemi and Sullivan 2014), trained on our lists.

Needs `pip install dlib-bin`, which the course itself does not. dlib takes points in whole pixels.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from bench.contenders import Contender
from bench.kept import once
from helpers.annotations import Face, read_image
from helpers.crop import to_grey
from helpers.dataset import split_by_photograph
from helpers.metrics import nme
from helpers.storage import whole_file

# Tried one after the other on the validation part; what is not named is as in the first.
FIRST: dict[str, Any] = {
    "cascade_depth": 10,
    "tree_depth": 4,
    "nu": 0.1,
    "oversampling_amount": 10,
    "oversampling_translation_jitter": 0.05,
}
NAME = "regression trees (dlib)"
THREADS = 2
SEARCH = [
    FIRST,
    FIRST | {"cascade_depth": 15},
    FIRST | {"oversampling_amount": 20, "oversampling_translation_jitter": 0.1},
    FIRST
    | {
        "cascade_depth": 15,
        "oversampling_amount": 20,
        "oversampling_translation_jitter": 0.1,
    },
]


def chosen(table: Sequence[tuple[dict[str, Any], float]]) -> dict[str, Any]:
    """The setting with the lowest validation NME of a search."""
    return min(table, key=lambda row: row[1])[0]


def _words(settings: dict[str, Any]) -> str:
    """Settings in a file's name."""
    return " ".join(f"{name} {value}" for name, value in settings.items())


def file_of(folder: Path, settings: dict[str, Any]) -> Path:
    """The file of the predictor that `best` trained with these settings on all faces."""
    return folder / f"trees {_words(settings)} all.dat"


def with_more(
    train: list[Face], more: list[Face], folder: Path, settings: dict[str, Any]
) -> Contender:
    """The peer with these settings, trained on further photographs as well."""
    path = folder / f"trees {_words(settings)} all and {len(more)} more.dat"
    seconds = once(path.with_suffix(".seconds"), lambda: grow([*train, *more], settings, path))
    return contender(path, seconds, f"{NAME}, more photographs")


def grow(
    faces: Sequence[Face], settings: dict[str, Any], path: Path, threads: int = THREADS
) -> float:
    """Core seconds of training a shape predictor on faces, which is then at `path`."""
    import dlib

    options = dlib.shape_predictor_training_options()
    options.num_threads, options.random_seed = threads, "0"
    for name, value in settings.items():
        setattr(options, name, value)
    images = [to_grey(read_image(face.image)) for face in faces]
    objects = [[_detection(face)] for face in faces]
    began = process_time()
    predictor = dlib.train_shape_predictor(images, objects, options)
    seconds = process_time() - began
    with whole_file(path) as unfinished:
        predictor.save(str(unfinished))
    return seconds


def _rectangle(box: Sequence[float]) -> Any:
    """A box as dlib has it."""
    import dlib

    left, top, width, height = (round(float(value)) for value in box)
    return dlib.rectangle(left, top, left + width - 1, top + height - 1)


def _detection(face: Face) -> Any:
    """A face's box and landmarks as dlib has them."""
    import dlib

    points = [dlib.point(*(round(float(v)) for v in point)) for point in face.landmarks]
    return dlib.full_object_detection(_rectangle(face.box), points)


def contender(path: Path, seconds: float | None = None, name: str = NAME) -> Contender:
    """A trained predictor as a contender."""
    import dlib

    predictor = dlib.shape_predictor(str(path))

    def predict(image: np.ndarray, box: Sequence[float]) -> np.ndarray:
        shape = predictor(to_grey(image), _rectangle(box))
        return np.array([(shape.part(i).x, shape.part(i).y) for i in range(68)], np.float32)

    return Contender(name, predict, seconds, path)


def best(
    train: list[Face],
    folder: Path,
    search: Sequence[dict[str, Any]] = SEARCH,
    threads: int = THREADS,
) -> tuple[Contender, list[tuple[dict[str, Any], float]]]:
    """The peer in its best setting, and the table of the search: (settings, validation NME).

    Each setting is trained without the validation part and scored on it; the best is trained
    again on all training faces. The test list takes no part.
    """
    table = []
    for settings in search if len(search) > 1 else ():
        score = folder / f"trees {_words(settings)}.nme"
        table.append((settings, once(score, partial(_validated, train, settings, score, threads))))
    settings = chosen(table or [(search[0], 0)])
    path = file_of(folder, settings)
    seconds = once(path.with_suffix(".seconds"), lambda: grow(train, settings, path, threads))
    return contender(path, seconds), table


def _validated(train: list[Face], settings: dict[str, Any], score: Path, threads: int) -> float:
    """NME on the validation part of trees that were trained without it."""
    here, held = split_by_photograph(train)
    path, faces = score.with_suffix(".dat"), [train[i] for i in held]
    grow([train[i] for i in here], settings, path, threads)
    points, _ = contender(path).on(faces)
    path.unlink()  # tens of megabytes, and the figure is all that is asked for
    return float(nme(points, [face.landmarks for face in faces]).mean())
