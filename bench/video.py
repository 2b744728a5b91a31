"""How many frames a second: of a clip whose face gets a filter, and of the live widget.

`python -m bench.video` prints it, with the time of each stage. The clip is a generated one of 640 x
480 pixels with one lively face and sound: decode, follow the face, draw the filter, encode. The
widget runs in JupyterLab and Chromium where they are installed (`tools/measure_live.py`).
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
import torch
from imageio_ffmpeg import get_ffmpeg_exe

from helpers.filters import load_filter, wear
from helpers.predict import Landmarker
from helpers.video import Tracked, Tracker, filtered, read_clip, write_clip
from helpers.video.scenes import lively

FRAMES = 240
LEAST = 25  # frames a second that are promised, on 2 cores with the weights "fast"
LEAST_LIVE = 10  # the same for the live widget
FILTER = "tiger"  # a mesh over the whole face: the one that takes longest
LIVE = Path(__file__).parents[1] / "tools" / "measure_live.py"

T = TypeVar("T")


def measure(weights: str = "fast", count: int = FRAMES, filter_: str = FILTER) -> dict[str, Any]:
    """Milliseconds a frame of each stage alone, and frames a second of all, which overlap.

    weights: as for `Landmarker.load`. count: of frames. filter_: its name.
    """
    landmarker, worn = Landmarker.load(weights, "cpu"), load_filter(filter_)

    def draw(frame: np.ndarray, faces: list[Tracked]) -> np.ndarray:
        return wear(frame, [face.landmarks for face in faces], worn)

    with TemporaryDirectory() as name:
        folder = Path(name)
        source = _clip(folder / "source.mp4", count)
        clip = read_clip(source)
        frames, decode = _timed(lambda: list(clip.frames()))
        Tracker(landmarker).step(frames[0])  # whatever is made on first use
        tracker = Tracker(landmarker, fps=clip.fps)
        faces, track = _timed(lambda: [tracker.step(frame) for frame in frames])
        _, drawing = _timed(lambda: [draw(*pair) for pair in zip(frames, faces, strict=True)])
        _, encode = _timed(lambda: write_clip(folder / "plain.mp4", frames, clip.fps, source))
        report = filtered(source, folder / "out.mp4", draw, landmarker, progress=False)
    stages = {"decode": decode, "track": track, "filter": drawing, "encode": encode}
    return {
        "fps": round(report.fps, 1),
        "milliseconds": {stage: round(1000 * took / count, 2) for stage, took in stages.items()},
        "weights": weights,
        "filter": filter_,
        "frames": report.frames,
        "size": list(clip.size),
        "looks": tracker.looks,
        "threads": torch.get_num_threads(),
    }


def measure_live(seconds: int = 20, filter_: str = FILTER) -> dict[str, Any] | None:
    """The live widget's frames a second, and milliseconds a frame of each stage.

    None where there is no browser to run it in.
    """
    command = [sys.executable, str(LIVE), "--json", "--seconds", str(seconds), "--filter", filter_]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"No figures of the live widget. {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def lines(values: dict[str, Any]) -> list[str]:
    """What `measure` found, and `measure_live` as values["live"], for a reader."""
    width, height = values["size"]
    found = [
        f"{values['frames']} frames of {width} x {height}, weights `{values['weights']}`, "
        f"filter {values['filter']}",
        f"a frame: {_stages(values['milliseconds'])}",
        f"end to end: {values['fps']} frames a second (promised: {LEAST})",
    ]
    if live := values.get("live"):
        found += [
            f"live, a frame: {_stages(live['milliseconds'])}",
            f"live: {live['fps']} frames a second (promised: {LEAST_LIVE})",
        ]
    return found


def _stages(milliseconds: dict[str, float]) -> str:
    return ", ".join(f"{stage} {took} ms" for stage, took in milliseconds.items())


def _clip(path: Path, count: int) -> Path:
    """A clip of a generated person, with a tone."""
    tone = path.with_suffix(".wav")
    sine = f"sine=frequency=440:duration={count / 30}"
    ffmpeg = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    subprocess.run([*ffmpeg, "-i", sine, str(tone)], check=True)
    write_clip(path, lively(count=count, zoom=2).frames(), 30, sound_of=tone)
    return path


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work gives, and how many seconds it took."""
    began = perf_counter()
    done = work()
    return done, perf_counter() - began


def main() -> None:
    print(*lines(measure() | {"live": measure_live()}), sep="\n")


if __name__ == "__main__":
    main()
