"""Prints how long each widget's picture takes: milliseconds in the kernel, the median of twenty.

python tools/measure_widgets.py
"""

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

import numpy as np

from helpers.charts import cumulative_faces, face_report
from helpers.draw import paint
from helpers.people import Person, View, draw_person, photograph, sample_person
from helpers.people.face_model import face_model
from helpers.pictures import encode
from helpers.predict import Landmarker
from helpers.widgets.probe import Scene, look

TURNS = 20


def widgets() -> Iterator[tuple[str, Callable[[int], np.ndarray]]]:
    """Each widget's name, and a function that draws the picture of its k-th setting."""
    person = sample_person(np.random.default_rng(4))
    picture, points = draw_person(person, shape=(480, 640), face_width=200)
    yield "02, the data set's browser", lambda k: paint(picture, points + k)
    noise = np.random.default_rng(0).gamma(4, 1.5, (3, 300))
    curves = cumulative_faces(dict(zip("abc", noise, strict=True)), lambda *_: picture)
    yield "06, the curve's threshold and face", lambda k: curves(k / 2, (200, 100)).picture
    yield "06, the worst faces", lambda k: face_report(picture, points, points + k)
    modes = face_model()

    def person_of(k: int) -> np.ndarray:
        code = np.zeros(len(modes["shape_modes"]), np.float32)
        code[0] = k / TURNS
        made = Person(code, code @ modes["style_from_code"])
        place = [(186, 201)], [208], (372, 372)
        return photograph([made], [View()], *place, 0, "wall", [""])[0]

    yield "11, the modes", person_of
    landmarker = Landmarker.load("free", device="cpu")
    scene = Scene.of(picture, landmarker)
    left, top, width, height = scene.start()["box"]
    patch = scene.start()["patch"]

    def moved(k: int) -> np.ndarray:
        return look(landmarker, scene, (left + k, top, width, height), maps=True).picture

    def hidden(k: int) -> np.ndarray:
        place = (patch[0] + k, *patch[1:])
        return look(landmarker, scene, (left, top, width, height), place, maps=True).picture

    yield "05, the frame", moved
    yield "05, the grey patch", hidden


def main() -> None:
    for name, draw in widgets():
        draw(0)
        took = []
        for turn in range(TURNS):
            began = perf_counter()
            encode(draw(turn))
            took.append(1000 * (perf_counter() - began))
        print(f"{name:>36}: {median(took):6.1f} ms, at most {max(took):6.1f}")


if __name__ == "__main__":
    main()
