"""The Face Research Lab London Set: its portraits, and its 189 points brought to the customary 68.

DeBruine and Jones 2017, doi 10.6084/m9.figshare.5047666.v5, CC BY 4.0. A folder of the set holds
`neutral/*.jpg`, beside each a template of its points (`.tem`), and `smiling/*.jpg` of the same
names. The Young Adult White Faces (DeBruine 2016, doi 10.6084/m9.figshare.4220517.v1, CC BY 4.0)
are 40 people in Canada, with the same template and without smiles. Points are (x, y) in pixels of a
picture, with pixel centres at whole numbers.
"""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import cv2
import numpy as np

from helpers.storage import unpack

Read = TypeVar("Read")

# JAW: the template points along the jaw, from landmark 0 to landmark 16. WEIGHTS: the template
# points, by their indices, that each of the landmarks 17 to 67 is a weighted mean of.
_rules = json.loads(Path(__file__).with_name("frl189_to_68.json").read_text("utf-8"))
JAW: list[int] = _rules["jaw_polyline"]
WEIGHTS: dict[int, dict[int, float]] = {
    int(landmark): {int(point): weight for point, weight in weights.items()}
    for landmark, weights in _rules["weights"].items()
}
CHIN = 129  # the template point at the tip of the chin


def read_set(source: Path, reader: Callable[[Path], Read]) -> Read:
    """What a reader of folders, such as `read_london`, reads from a set's archive or folder.

    Raises ValueError that names the source where there is no such file or folder.
    """
    if not source.exists():
        raise ValueError(f"{source}: there is no such archive or folder.")
    if source.is_dir():
        return reader(source)
    with TemporaryDirectory() as place:
        folder = unpack(source, Path(place) / "set")
        try:
            return reader(folder)
        except ValueError as error:  # names the archive, since the folder is gone by then
            raise ValueError(str(error).replace(str(folder), str(source))) from None


def read_london(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All persons of the set: neutral and smiling pictures, and the neutral ones' points.

    Returns two arrays of BGR uint8 [n, H, W, 3], the templates' points float64 [n, 189, 2] and the
    landmarks float64 [n, 68, 2]. Raises ValueError where the folder holds no template, and for a
    picture that is missing or cannot be read.
    """
    pictures, points, landmarks = read_neutral(folder)
    smiles = [t.parents[1] / "smiling" / t.with_suffix(".jpg").name for t in _templates(folder)]
    smiling = np.array([_picture(smile) for smile in smiles])
    return pictures, smiling, points, landmarks


def read_neutral(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The neutral portraits of a set with this template: pictures, points and landmarks.

    As `read_london` has them.
    """
    templates = _templates(folder)
    pictures = np.array([_picture(t.with_suffix(".jpg")) for t in templates])
    points = np.array([np.loadtxt(t, skiprows=1, max_rows=189) for t in templates])
    return pictures, points, np.array([landmarks_of(p) for p in points])


def _picture(path: Path) -> np.ndarray:
    """A picture file, BGR uint8 [H, W, 3]."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"{path}: missing, or not a picture that can be read.")
    return picture


def _templates(folder: Path) -> list[Path]:
    """The templates of all persons of a set, at least one."""
    templates = sorted(Path(folder).rglob("neutral/*.tem"))
    if not templates:
        raise ValueError(f"{folder}: no neutral/*.tem in it.")
    return templates


def landmarks_of(points: np.ndarray) -> np.ndarray:
    """The customary 68 landmarks of one template: [189, 2] -> float64 [68, 2].

    Those of the jaw divide the template's line from ear to chin, and from chin to ear, into eight
    equal lengths; each other one is a weighted mean of template points.
    """
    marks = np.zeros((68, 2))
    for landmark, weights in WEIGHTS.items():
        marks[landmark] = sum(points[i] * w for i, w in weights.items()) / sum(weights.values())
    chin = JAW.index(CHIN)
    for part, target in ((JAW[: chin + 1], slice(0, 9)), (JAW[chin:], slice(8, 17))):
        line = points[part]
        length = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
        along = np.linspace(0, length[-1], 9)
        marks[target] = np.stack([np.interp(along, length, line[:, k]) for k in (0, 1)], 1)
    return marks
