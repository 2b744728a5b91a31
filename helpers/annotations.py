"""From a label file to faces: one picture, one box and 68 landmarks each.

Label files are dlib's XML: one `<image>` for each entry, in it a `<box>` with 68 `<part>`s.
Points are (x, y) in pixels of the picture, with pixel centres at whole numbers.
"""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

NUM_LANDMARKS = 68

# Face parts of the 68-point scheme of iBUG 300-W (Sagonas et al. 2013), as index ranges.
PARTS = {
    "jaw": range(0, 17),
    "right brow": range(17, 22),
    "left brow": range(22, 27),
    "nose": range(27, 36),
    "right eye": range(36, 42),
    "left eye": range(42, 48),
    "mouth": range(48, 68),
}


# Which landmark takes each one's place when a face is mirrored: a left eye becomes a right one.
# fmt: off
MIRROR = [
    16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,  # jaw
    26, 25, 24, 23, 22, 21, 20, 19, 18, 17,                    # brows
    27, 28, 29, 30, 35, 34, 33, 32, 31,                        # nose
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,            # eyes
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,            # outer lips
    64, 63, 62, 61, 60, 67, 66, 65,                            # inner lips
]
# fmt: on


@dataclass(frozen=True, eq=False)
class Face:
    """One entry of a label file.

    image: Path of the picture. box: (left, top, width, height) in pixels; it may reach outside
    the picture. landmarks: float32 [68, 2], (x, y) in pixels, pixel centres at whole numbers.
    photograph: equal for all entries that show the same photograph (see `photograph_of`).
    """

    image: Path
    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    photograph: str

    @property
    def is_twin(self) -> bool:
        """Whether the picture is the mirrored copy of another one in the archive."""
        return self.image.stem.endswith("_mirror")


def photograph_of(name: str) -> str:
    """Which photograph an entry of a label file shows, from the name of its picture.

    `X_mirror.jpg` is the twin of `X.jpg`; `X_1.jpg` and `X_2.jpg` are two faces of photograph X.
    Three or four digits (`image_0457`) are a photograph's own number. A frame of a video
    (`ytf/...`) is known by its person's folder, which stands for all frames of that person.
    """
    path = PurePosixPath(name)
    if path.parts[0] == "ytf":
        return str(path.parent)
    return str(path.parent / re.sub(r"_\d{1,2}$", "", path.stem.removesuffix("_mirror")))


def read_faces(xml_path: str | Path) -> list[Face]:
    """Reads the faces of a label file, in its order; pictures are sought beside the file.

    Raises ValueError with one sentence that names the file where the XML is broken, a face has
    other than 68 numbered points, a number is none, a picture is missing or no picture at all, a
    box lies outside its picture, or there is no face at all.
    """
    xml_path = Path(xml_path)
    try:
        images = ElementTree.parse(xml_path).getroot().findall("images/image")
    except OSError as error:
        raise ValueError(f"{xml_path}: cannot be read ({error.strerror}).") from error
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # or of no known encoding
        raise ValueError(f"{xml_path}: not a whole XML file ({error}).") from error
    faces = [_face(xml_path, image, box) for image in images for box in image.findall("box")]
    if not faces:
        raise ValueError(f"{xml_path}: holds no faces.")
    return faces


def _face(xml_path: Path, image: ElementTree.Element, box: ElementTree.Element) -> Face:
    """The face of one `<box>`, checked."""
    name = image.get("file", "")
    path = xml_path.parent / name
    where = f"{xml_path}: {name or 'an entry without a file name'}"
    parts = box.findall("part")  # dlib's files may have a <label> beside them
    try:
        left, top, width, height = (float(box.get(k)) for k in ("left", "top", "width", "height"))
        points = {part.get("name"): (float(part.get("x")), float(part.get("y"))) for part in parts}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} has text or nothing where a number belongs.") from error
    names = [f"{i:02d}" for i in range(NUM_LANDMARKS)]
    if set(points) != set(names) or len(parts) != NUM_LANDMARKS:
        raise ValueError(f"{where} has {len(parts)} points, not 68 numbered 00 to 67.")
    landmarks = np.array([points[n] for n in names], np.float32)
    if not (np.isfinite(landmarks).all() and np.isfinite([left, top, width, height]).all()):
        raise ValueError(f"{where} has a number that is not finite.")
    try:
        with Image.open(path) as picture:  # reads the header only: pixels are decoded when needed
            columns, rows = picture.size
    except FileNotFoundError as error:
        raise ValueError(f"{where} is missing beside the label file.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{where} is not a picture that can be read.") from error
    inside = left < columns and top < rows and left + width > 0 and top + height > 0
    if width <= 0 or height <= 0 or not inside:
        raise ValueError(f"{where} has a box outside its {columns} x {rows} picture.")
    return Face(path, (left, top, width, height), landmarks, photograph_of(name))


def read_image(path: str | Path) -> np.ndarray:
    """Decodes a picture: RGB uint8 [H, W, 3], as stored.

    Pillow rather than OpenCV, because it refuses a truncated file (OpenCV fills it with grey)
    and does not turn the picture by its EXIF tag, which the label files do not know.
    Raises ValueError that names the file.
    """
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow says of some broken PNGs that they are a SyntaxError, of others a ValueError.
        raise ValueError(f"{path}: not a picture that can be read ({error}).") from error
