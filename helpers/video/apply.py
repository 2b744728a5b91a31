"""A clip in, a clip out: decode, follow the faces, draw, encode."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from helpers.predict import Landmarker
from helpers.video.clips import read_clip, write_clip
from helpers.video.track import Tracked, Tracker

Draw = Callable[[np.ndarray, list[Tracked]], np.ndarray]


class Report(NamedTuple):
    """What came of a clip: how many frames, how many different faces, frames a second."""

    frames: int
    faces: int
    fps: float


def filtered(
    source: str | Path,
    target: str | Path,
    draw: Draw,
    landmarker: Landmarker,
    progress: bool = True,
    smooth: bool = True,
) -> Report:
    """Writes a clip with something drawn on each frame; the sound stays.

    source, target: files, as for `read_clip` and `write_clip`; `target` is whole or not there.
    draw(frame, faces) -> frame: both RGB uint8 [H, W, 3]; it may draw into the frame that it is
    given. progress: whether a bar is shown. smooth: as for `Tracker`.
    Raises ValueError or OSError with a sentence that names the file where one cannot be read or
    written.
    """
    clip = read_clip(source)
    tracker = Tracker(landmarker, smooth, clip.fps)
    name = Path(source).name

    def drawn() -> Iterator[np.ndarray]:
        frames = clip.frames()
        for frame in tqdm(frames, name, clip.count, unit="frame", disable=not progress):
            yield draw(frame, tracker.step(frame))

    began = perf_counter()
    frames = write_clip(target, drawn(), clip.fps, sound_of=source)
    return Report(frames, tracker.numbers, frames / (perf_counter() - began))
