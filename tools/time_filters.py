"""Times `wear` for each filter on one face of a picture of 640 x 480 pixels.

`python tools/time_filters.py`. Time of the processor, so that other programs disturb it little.
"""

from time import process_time

import numpy as np

from helpers.filters import filter_names, load_filter, wear
from helpers.people import View, photograph, sample_person


def main(runs: int = 50) -> None:
    person, view = sample_person(np.random.default_rng(1)), View(yaw=10, mouth_open=0.6)
    for width in (120, 220):
        place = [(320, 280)], [width], (480, 640)
        picture, marks = photograph([person], [view], *place, 0, "wall", [""])
        for name in filter_names():
            filter_, times = load_filter(name), []
            for _ in range(runs):
                began = process_time()
                wear(picture, marks, filter_)
                times.append(1000 * (process_time() - began))
            print(f"face {width} pixels wide, {name:<10}: {np.median(times[1:]):5.2f} ms")


if __name__ == "__main__":
    main()
