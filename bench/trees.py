"""The peer: dlib's cascade of regression trees (Kazemi and Sullivan 2014), trained on our lists.

Needs `pip install dlib-bin`, which the course itself does not. dlib takes points in whole pixels.
"""

from time import process_time

import numpy as np

from bench.contenders import Contender, write_text
from helpers.annotations import read_image
from helpers.crop import to_grey
from helpers.dataset import split_by_photograph
from helpers.files import whole_file
from helpers.metrics import nme

# Tried one after the other on the validation part; what is not named is as in the first.
FIRST = {
    "cascade_depth": 10,
    "tree_depth": 4,
    "nu": 0.1,
    "oversampling_amount": 10,
    "oversampling_translation_jitter": 0.05,
}
SEARCH = [
    FIRST,
    FIRST | {"cascade_depth": 15},
    FIRST | {"oversampling_amount": 20, "oversampling_translation_jitter": 0.1},
]


def _words(settings):
    """Settings in a file's name."""
    return " ".join(f"{name} {value}" for name, value in settings.items())


def grow(faces, settings, path, threads):
    """Trains a shape predictor on faces; returns its seconds, summed over all cores."""
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
    with whole_file(path) as partial:
        predictor.save(str(partial))
    return seconds


def _rectangle(box):
    import dlib

    left, top, width, height = (round(float(value)) for value in box)
    return dlib.rectangle(left, top, left + width - 1, top + height - 1)


def _detection(face):
    import dlib

    points = [dlib.point(*(round(float(v)) for v in point)) for point in face.landmarks]
    return dlib.full_object_detection(_rectangle(face.box), points)


def contender(path, seconds=None):
    """A trained predictor as a contender."""
    import dlib

    predictor = dlib.shape_predictor(str(path))

    def predict(image, box):
        shape = predictor(to_grey(image), _rectangle(box))
        return np.float32([(shape.part(i).x, shape.part(i).y) for i in range(68)])

    return Contender("regression trees (dlib)", predict, seconds, path)


def best(train, folder, search=SEARCH, threads=2):
    """The peer in its best setting: a contender, and the table of the search.

    Each setting is trained without the validation part and scored on it; the best is trained
    again on all training faces. The test list takes no part. Table: (settings, validation NME).
    """
    here, held = split_by_photograph(train)
    held = [train[i] for i in held]
    table = []
    for settings in search if len(search) > 1 else ():
        score = folder / f"trees {_words(settings)}.nme"
        if not score.exists():
            print(f"training: trees, {_words(settings)}", flush=True)
            path = score.with_suffix(".dat")
            grow([train[i] for i in here], settings, path, threads)
            points, _ = contender(path).on(held)
            value = nme(points, [face.landmarks for face in held]).mean()
            write_text(score, f"{value:.6f}")
            path.unlink()  # tens of megabytes, and the figure is all that is asked for
        table.append((settings, float(score.read_text())))
    settings = min(table, key=lambda row: row[1])[0] if table else search[0]
    path = folder / f"trees {_words(settings)} all.dat"
    seconds = path.with_suffix(".seconds")
    if not seconds.exists():
        print(f"training: trees on all training faces, {_words(settings)}", flush=True)
        write_text(seconds, f"{grow(train, settings, path, threads):.1f}")
    return contender(path, float(seconds.read_text())), table
