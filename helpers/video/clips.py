"""Clips in and out: any clip to upright RGB frames, and frames to a clip that keeps its sound.

All of it is ffmpeg's work, whose program the package imageio-ffmpeg carries.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

from helpers.storage import whole_file

# Pixels as wide as they are high. ffmpeg turns a clip as its rotation flag says before that.
SQUARE = "scale=iw*sar:ih,setsar=1"
USUAL_FPS = 30.0  # where a clip does not say how many frames a second it has
MOST_FPS = 500.0  # what is above is a clock's ticks, of which some recorders tell
# How frames are written. Players know the colours of H.264 in 4:2:0 alone, and by this standard.
H264 = (
    "-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p -colorspace bt709 "
    "-color_primaries bt709 -color_trc bt709 -color_range tv"
).split()
# The first sound that there is; silence after its end.
SOUND = "-map 0:v -map 1:a:0? -c:v copy -c:a aac -b:a 192k -af apad".split()
SOUNDS = r"Stream #.*: Audio: "  # how ffmpeg tells that there is some
ASSETS = Path(__file__).parents[1] / "assets"
# Clips of real people that may be shown (CC BY 4.0, Intel Corporation; see assets/README.md).
EXAMPLES = {"yes": ASSETS / "clip_yes.mkv", "two heads": ASSETS / "clip_two_heads.mp4"}
ENDINGS = (".mp4", ".mov", ".mkv", ".gif")


@dataclass(frozen=True)
class Clip:
    """A clip of which `frames` gives the pictures, one after the other.

    fps: frames a second. size: (width, height) as it is shown: turned as its rotation flag says,
    and with square pixels. count: of its frames, as far as its header tells it, else None. sound:
    whether it has any.
    """

    path: Path
    fps: float
    size: tuple[int, int]
    count: int | None
    sound: bool

    def frames(self) -> Iterator[np.ndarray]:
        """Its frames in order, each RGB uint8 [H, W, 3], equally far apart in time.

        Where a clip's own frames are not (telephones save power that way), some come twice and
        some not at all, so that they stay with the sound. A file that breaks off gives the frames
        before that; raises OSError, which names it, where ffmpeg itself does not get to the end.
        """
        width, height = self.size
        into = ["-r", f"{self.fps:g}", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        process = subprocess.Popen(
            [*_reading(self.path), *into],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=3 * width * height,
        )
        with process:
            assert isinstance(process.stdout, BufferedReader)
            try:
                while True:
                    frame = np.empty((height, width, 3), np.uint8)
                    if process.stdout.readinto(frame.data.cast("B")) < frame.nbytes:
                        break
                    yield frame
                if process.wait():
                    raise OSError(f"{self.path}: ffmpeg broke off while it read this clip.")
            finally:  # also where nobody wants the rest
                process.kill()


def read_clip(path: str | Path) -> Clip:
    """The clip in a file, or ValueError with a sentence that names the file and what it lacks.

    Whatever ffmpeg reads: MP4, MOV, MKV, WebM, AVI, GIF.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file.")
    # A frame in the PPM format says how large it is.
    first = ["-frames:v", "1", "-c:v", "ppm", "-f", "image2pipe", "-"]
    told = subprocess.run(
        [*_reading(path, "info"), *first], stdin=subprocess.DEVNULL, capture_output=True
    )
    header = told.stderr.decode("utf-8", "replace").partition("Output #0")[0]
    video = re.search(r"Stream #.*: Video: .*", header)
    # ffmpeg knows old text screens ("tty"), and takes any text for one.
    if not video or "Input #0, tty" in header:
        raise ValueError(
            f"{path}: not a clip that can be read (an MP4, MOV, WebM or GIF file can)."
        )
    size = re.match(rb"P6\s+(\d+)\s+(\d+)\s", told.stdout)
    if not size:
        raise ValueError(f"{path}: a clip without a single frame that can be read.")
    rate = re.search(r"([\d.]+) fps", video[0])
    fps = float(rate[1]) if rate else 0.0
    fps = fps if 0 < fps <= MOST_FPS else USUAL_FPS
    sound = re.search(SOUNDS, header) is not None
    return Clip(path, fps, (int(size[1]), int(size[2])), _count(header, fps), sound)


def write_clip(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: float,
    sound_of: str | Path | None = None,
) -> int:
    """Writes frames RGB uint8 [H, W, 3] into a clip, whole or not at all; returns how many.

    path: ends in .mp4, .mov, .mkv or .gif. sound_of: another file, whose sound is kept where there
    is some, up to the last frame; a GIF has none. A width or height that is odd, which H.264 does
    not know, gets one more column or row like its last. Raises ValueError where there is no frame,
    where frames differ in size or where the name ends otherwise, and OSError where the file cannot
    be written.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path}: a clip's name has to end in {', '.join(ENDINGS)}.")
    if sound_of is not None and not Path(sound_of).is_file():
        raise ValueError(f"{sound_of}: there is no such file.")
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise ValueError(f"{path}: there is no frame to write.")
    with whole_file(path) as partial:
        pictures = _alike(path, chain([first], rest), first.shape[:2])
        if sound_of is None or path.suffix.lower() == ".gif" or not _has_sound(sound_of):
            return _encode(partial, pictures, first.shape, fps)
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            silent = Path(folder) / f"silent{path.suffix}"
            count = _encode(silent, pictures, first.shape, fps)
            # Only now it is known when the sound has to end.
            both = ["-i", _named(silent), "-i", _named(sound_of), *SOUND, *_quick_start(path)]
            with _running([*both, "-t", f"{count / fps:.6f}", _named(partial)]):
                pass
    return count


def _alike(path: Path, frames: Iterable[np.ndarray], size: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The frames; ValueError that names the clip at one that is not RGB uint8 [*size, 3]."""
    for frame in frames:
        if frame.shape != (*size, 3) or frame.dtype != np.uint8:
            wanted, kind = [*size, 3], f"{frame.dtype} {list(frame.shape)}"
            raise ValueError(f"{path}: a frame must be RGB uint8 {wanted}, not {kind}.")
        yield frame


def _encode(path: Path, frames: Iterable[np.ndarray], shape: tuple[int, ...], fps: float) -> int:
    """Writes frames of a shape [H, W, 3] into a silent clip; returns how many."""
    height, width = shape[:2]
    command = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", f"{fps:g}", "-i", "-"]
    if path.suffix.lower() == ".gif":  # 256 colours, chosen for this clip
        command += ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"]
    else:
        even = f"pad={width + width % 2}:{height + height % 2}"
        even += f",fillborders=right={width % 2}:bottom={height % 2}:mode=smear"
        command += ["-vf", f"{even},scale=out_color_matrix=bt709:out_range=tv", *H264]
    count = 0
    with _running([*command, *_quick_start(path), _named(path)]) as pipe:
        for frame in frames:
            pipe.write(np.ascontiguousarray(frame).data)
            count += 1
    return count


@contextmanager
def _running(arguments: list[str]) -> Iterator[IO[bytes]]:
    """A pipe into ffmpeg; after the block it has ended well, or OSError says what it said."""
    command = [get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-y", *arguments]
    gave_up = None
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told
        )
        assert process.stdin is not None
        with process:
            try:
                yield process.stdin
                process.stdin.close()
            except BrokenPipeError as error:  # it gave up, or another pipe broke
                gave_up = error
            except BaseException:
                process.kill()
                raise
        if process.returncode or gave_up:
            told.seek(0)
            last = told.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise OSError(f"ffmpeg: {''.join(last) or gave_up or process.returncode}") from gave_up


def _quick_start(path: Path) -> list[str]:
    """Options with which a browser may begin to show a clip before it has all of it."""
    return ["-movflags", "+faststart"] if path.suffix.lower() in (".mp4", ".mov") else []


def _reading(path: Path, level: str = "error") -> list[str]:
    """The beginning of a command that reads the moving picture of a file."""
    ffmpeg = [get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-v", level]
    # A capital V: the picture of a record's sleeve does not count.
    return [*ffmpeg, "-i", _named(path), "-map", "0:V:0", "-vf", SQUARE]


def _has_sound(path: str | Path) -> bool:
    """Whether there is sound in a file."""
    command = [get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-i", _named(path)]
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).stderr
    return re.search(SOUNDS, told.decode("utf-8", "replace")) is not None


def _named(path: str | Path) -> str:
    """A file's name as ffmpeg takes it; a colon or a dash in it could mean something else."""
    return f"file:{Path(path).resolve()}"


def _count(header: str, fps: float) -> int | None:
    """How many frames a clip has, by the duration in the header that ffmpeg prints, or None."""
    took = re.search(r"Duration: (\d+):(\d+):([\d.]+)(?:, start: ([\d.]+))?", header)
    if not took:
        return None
    hours, minutes, seconds, start = (float(part or 0) for part in took.groups())
    return max(1, round((3600 * hours + 60 * minutes + seconds - start) * fps))
