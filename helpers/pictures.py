"""Any picture file to pixels: upright or as it is stored, always 8 bits, RGB; and pixels to a JPEG.

Pillow rather than OpenCV, because it refuses a truncated file (OpenCV fills it with grey); OpenCV
only for more than 8 bits a channel. Both ways in share everything but two steps: `read_photograph`
turns a photograph as its EXIF tag says and scales a huge one; `read_image` leaves a label file's
picture as it is stored, as dlib reads it.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from PIL import Image, features
from PIL.TiffImagePlugin import TiffImageFile

# What Pillow raises for a file that it cannot decode: some broken PNGs are a SyntaxError to it,
# others a ValueError, broken AVIFs a RuntimeError.
UNREADABLE = (OSError, SyntaxError, ValueError, RuntimeError, Image.DecompressionBombError)
# Pixels that a picture may have when it is decoded, unless the variable FACES_PIXELS says another
# number: three bytes each, and as much again while it is converted.
MOST_PIXELS = 250_000_000
# What the names of pictures end in, where a folder is searched for them.
PICTURES = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"),
    *(".heic", ".heif", ".avif"),
)
LARGEST = 4096  # pixels: the longer side of a photograph, unless another is asked for

# What a file that is no picture begins with, and what is said of it.
KINDS = (
    (b"%PDF", "it is a PDF: export its page as a PNG file"),
    (b"version https://git-lfs", "it only points at a picture: fetch it with `git lfs pull`"),
    (b"<!doctype html", "it is a web page, perhaps of a download that failed"),
    (b"<html", "it is a web page, perhaps of a download that failed"),
    (b"<svg", "it is a drawing, SVG: export it as a PNG file"),
    (b"\x76\x2f\x31\x01", "it is OpenEXR: export it as a PNG file"),
    (b"#?radiance", "it is Radiance HDR: export it as a PNG file"),
)
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_opening = threading.Lock()


def read_photograph(file: str | Path | IO[bytes], largest: int | None = LARGEST) -> np.ndarray:
    """Any photograph, upright, in 8 bits and not too large: RGB uint8 [H, W, 3].

    Upright: a telephone stores a picture as its chip lies and notes, in the EXIF data, how it was
    held. More than 8 bits, or floating point: the picture's own range becomes 0 to 255. Whatever
    is transparent becomes white; of an animation comes the first frame. largest: a photograph
    whose longer side has more pixels is scaled to it, a JPEG while it is decoded; None leaves it
    (`read_scaled` says by how much it was scaled).
    file: a path or an open file. Raises ValueError, one sentence that names it, where it cannot be
    read, and where it has more than 250 million pixels, a JPEG after that scaling (the environment
    variable FACES_PIXELS sets another limit).
    """
    return read_scaled(file, largest)[0]


def read_scaled(
    file: str | Path | IO[bytes], largest: int | None = LARGEST, turn: bool = True
) -> tuple[np.ndarray, float]:
    """A photograph as `read_photograph` gives it, and its scale: RGB uint8 [H, W, 3], at most 1.

    turn: whether it is turned as its EXIF tag says.
    A point (x, y) of it lies at ((x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5) of the upright
    photograph in full size; that is exact to half a pixel of the scaled one's edge.
    """
    return _read(file, largest, turn)


def read_image(path: str | Path) -> np.ndarray:
    """The picture of a label file, as it is stored: RGB uint8 [H, W, 3].

    Neither turned by its EXIF tag, which label files do not know, nor scaled; else as
    `read_photograph`, which is the one for a photograph of your own. A TIFF comes upright here too:
    neither Pillow nor OpenCV gives it otherwise.
    Raises ValueError that names a file that cannot be read.
    """
    return _read(path, None, turn=False)[0]


def encode(picture: np.ndarray, quality: int = 90) -> bytes:
    """A picture, RGB uint8 [H, W, 3], as the bytes of a JPEG file; quality: in per cent."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)[1].tobytes()


def picture_size(path: str | Path) -> tuple[int, int]:
    """Width and height of a picture as it is stored; only the file's beginning is read.

    Raises FileNotFoundError where there is none, ValueError, naming it, where it is no picture.
    """
    with _opened(path) as picture:
        return _stored_size(picture)


def stored_and_held(path: str | Path) -> tuple[tuple[int, int], int]:
    """Width and height of a picture as `read_image` gives it, and how it was held, 1 to 8.

    How it was held is its EXIF orientation, by which `read_photograph` turns those pixels: 1 for
    those that need no turn, such as a TIFF's. Only the file's beginning is read, of a PNG all.
    Raises as `picture_size`.
    """
    with _opened(path) as picture:
        is_tiff = isinstance(picture, TiffImageFile)
        return _stored_size(picture), 1 if is_tiff else _held(picture)


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """A picture whose pixels are not read yet; raises as `picture_size`."""
    try:
        with _open(path) as picture:
            yield picture
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise ValueError(_told(path, error)) from error


def _stored_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height of the pixels that an opened picture will have once they are read.

    Pillow turns a TIFF's upright then; newer ones say so when they open it, older ones do not.
    """
    if not isinstance(picture, TiffImageFile):
        return picture.size
    width, height = (picture.tag_v2[tag] for tag in (256, 257))
    return (height, width) if picture.tag_v2.get(274) in (5, 6, 7, 8) else (width, height)


def to_stored(path: str | Path, points: np.ndarray) -> np.ndarray:
    """Points [n, 2] of the upright photograph in full size, in pixels of the picture as stored.

    These are the pixels of `read_image`, of dlib and of label files; `read_photograph` gives the
    upright ones. Both are the same where the file has no EXIF tag that turns it. Raises as
    `picture_size`.
    """
    (width, height), held = stored_and_held(path)
    x, y = np.asarray(points, float).T
    right, down = width - 1, height - 1
    back = {
        2: (right - x, y),
        3: (right - x, down - y),
        4: (x, down - y),
        5: (y, x),
        6: (y, down - x),
        7: (right - y, down - x),
        8: (right - y, x),
    }
    return np.column_stack(back.get(held, (x, y)))


def _open(file: str | Path | IO[bytes]) -> Image.Image:
    """A picture opened, not decoded. Pillow's own limit of pixels is not asked: ours names itself.

    That limit is a global of Pillow, hence the lock.
    """
    with _opening:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file)
        except Image.UnidentifiedImageError:
            if _head(file)[4:8] != b"ftyp":
                raise
            try:
                from pillow_heif import register_heif_opener
            except ImportError:
                raise Image.UnidentifiedImageError from None
            register_heif_opener()
            return Image.open(file)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _read(
    file: str | Path | IO[bytes], largest: int | None, turn: bool
) -> tuple[np.ndarray, float]:
    """The pixels of a file and their scale, for the public functions above."""
    try:
        with _open(file) as picture:
            full = picture.size
            if largest and max(full) > largest:  # only a JPEG's decoder can scale
                part = largest / max(full)
                picture.draft(None, (max(1, round(full[0] * part)), max(1, round(full[1] * part))))
            _check_pixels(file, *picture.size)
            held = _held(picture) if turn else 1
            if _deep(picture, file):
                rgb = _from_deep(_by_opencv(file))
            else:
                picture.load()
                rgb = _from_pillow(picture)
            if picture.format == "TIFF":  # Pillow and OpenCV have turned it already
                held, full = 1, rgb.size
    except _Told:
        raise
    except UNREADABLE as error:
        too_large = isinstance(error, _TooLarge)
        if too_large or _head(file)[:4] not in (b"II*\0", b"MM\0*"):
            raise ValueError(_told(file, error)) from error
        rgb, held = _from_deep(_by_opencv(file)), 1  # of floating point, in three channels
        full = rgb.size
    if largest and max(rgb.size) > largest:
        part = largest / max(full)
        size = (max(1, round(full[0] * part)), max(1, round(full[1] * part)))
        rgb = rgb.resize(size, Image.Resampling.LANCZOS)
    scale = max(rgb.size) / max(full)
    if held in TURNS:
        rgb = rgb.transpose(TURNS[held])
    return np.array(rgb), scale


def _held(picture: Image.Image) -> int:
    """What the EXIF tag "orientation" of a picture says, 1 to 8; broken EXIF data say nothing."""
    try:
        return picture.getexif().get(0x0112, 1)
    except Exception:  # Pillow raises whatever the broken bytes lead to
        return 1


class _Told(ValueError):
    """A sentence that names its file already."""


class _TooLarge(ValueError):
    """A picture has more pixels than memory should hold, or nobody knows how many that are."""


def _check_pixels(file: str | Path | IO[bytes], width: int, height: int) -> None:
    """Raises `_TooLarge` where a picture has more pixels than memory should hold."""
    said = os.environ.get("FACES_PIXELS") or str(MOST_PIXELS)
    if not said.isdecimal():
        raise _TooLarge(f"the environment variable FACES_PIXELS must be a number, not {said!r}")
    most = int(said)
    if width * height > most:
        raise _TooLarge(
            f"it has {width:,} x {height:,} pixels, more than the limit of {most:,} that guards"
            f" the memory: about {6 * width * height / 1e9:.1f} GB are needed; the environment"
            f" variable FACES_PIXELS={width * height} lifts it"
        )


def _deep(picture: Image.Image, file: str | Path | IO[bytes]) -> bool:
    """Whether a picture has several channels of more than 8 bits, which Pillow would cut to 8."""
    if picture.mode not in ("RGB", "RGBA", "LA", "RGBX"):
        return False
    if picture.format == "PNG":
        return _head(file)[24] == 16
    tags = getattr(picture, "tag_v2", {})
    return picture.format == "TIFF" and max(tags.get(258, (8,))) > 8


def _by_opencv(file: str | Path | IO[bytes]) -> np.ndarray:
    """The pixels of a file as OpenCV decodes them, with all their bits; ValueError if it cannot."""
    data = Path(file).read_bytes() if isinstance(file, str | Path) else _all(file)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise _Told(_told(file, error)) from None
    if pixels is None:
        raise _Told(_told(file, None))
    return pixels


def _from_deep(pixels: np.ndarray) -> Image.Image:
    """OpenCV's pixels, grey [H, W], BGR or BGRA [H, W, C], as an RGB picture of 8 bits."""
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        return Image.fromarray(_stretched(pixels.reshape(*pixels.shape[:2], -1)[..., 0])).convert(
            "RGB"
        )
    rgb = Image.fromarray(np.ascontiguousarray(_stretched(pixels[..., 2::-1])))
    if pixels.shape[2] == 4 and pixels.dtype.kind == "u":
        opaque = pixels[..., 3] / np.iinfo(pixels.dtype).max
        rgb.putalpha(Image.fromarray((255 * opaque).round().astype(np.uint8)))
    return _on_white(rgb)


def _from_pillow(picture: Image.Image) -> Image.Image:
    """A decoded picture of Pillow's in any mode as an RGB picture of 8 bits."""
    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_stretched(np.asarray(picture))).convert("RGB")
    return _on_white(picture)


def _on_white(picture: Image.Image) -> Image.Image:
    """An RGB picture; where it is transparent, in whole or in part, white shines through."""
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, picture).convert("RGB")


def _stretched(values: np.ndarray) -> np.ndarray:
    """Numbers of any kind as uint8 of the same shape: their own least is 0, their largest 255.

    8-bit numbers stay as they are. What is not a number counts as the least.
    """
    if values.dtype == np.uint8:
        return values
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0, 0)
    span = max(float(high) - float(low), np.finfo(float).tiny)
    known = np.nan_to_num(values, nan=low, posinf=high, neginf=low).astype(float)
    parts = (known - float(low)) / span
    return np.clip(255 * parts, 0, 255).round().astype(np.uint8)


# What the EXIF tag "orientation" asks for.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _head(file: str | Path | IO[bytes]) -> bytes:
    """The first bytes of a file, which say what it is; the file stays at its beginning."""
    if isinstance(file, str | Path):
        try:
            with open(file, "rb") as opened:
                return opened.read(64).ljust(32, b" ")
        except OSError:
            return b" " * 32
    file.seek(0)
    head = file.read(64).ljust(32, b" ")
    file.seek(0)
    return head


def _all(file: IO[bytes]) -> bytes:
    """All bytes of an open file."""
    file.seek(0)
    return file.read()


def _told(file: str | Path | IO[bytes], error: BaseException | None) -> str:
    """One sentence of what is wrong with a file: its name, what it is, and what helps."""
    name = file if isinstance(file, str | Path) else getattr(file, "name", None) or "The upload"
    head = _head(file)
    start = head.lstrip().lower()
    why = next((text for magic, text in KINDS if start.startswith(magic.lower())), None)
    if head[4:8] == b"ftyp":
        heic = head[8:12] in HEIC
        why = "it is HEIC, as telephones store: `pip install pillow-heif`, or export it as JPEG"
        if head[8:12] == b"avif" and "avif" in features.modules and features.check("avif"):
            why = "it is AVIF, and damaged"
        elif head[8:12] == b"avif":
            why = "it is AVIF: `pip install -U pillow`, or export it as JPEG"
        elif not heic:
            why = "it is a video, for helpers.video"
    if why is None and isinstance(error, FileNotFoundError):
        return f"{name}: there is no such file."
    if isinstance(file, str | Path) and Path(file).is_dir():
        return f"{name}: is a folder, not a picture."
    if why is None and not head.strip() and not isinstance(error, PermissionError):
        why = "it is empty"
    if why is None:
        plain = isinstance(error, Image.UnidentifiedImageError) or not str(error or "")
        why = "a JPEG or PNG file can" if plain else str(error).split("\n")[0]
    return f"{name}: not a picture that can be read ({why})."
