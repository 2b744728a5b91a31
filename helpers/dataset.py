"""Faces to a dataset: cropped once, kept in one array, split so that a photograph stays whole.

A crop shows one face (`helpers.crop`); the file that keeps the crops of a data set is its cache.
"""

import mmap
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import ConcatDataset, Dataset, Subset
from tqdm.auto import tqdm

from helpers.annotations import Face, point_names, read_faces, read_image
from helpers.crop import MARGIN, crop_matrix, move, to_grey, warp
from helpers.formats import numbered
from helpers.landmarks import IBUG
from helpers.sources import get_dataset, label_file
from helpers.storage import data_folder, short_hash, whole_file

# A cached crop is this much wider than the canvas that is cut from it, so that a turned, shifted
# or smaller face still finds pixels: a square turned by 45 degrees needs 1.41.
ROOM = 1.5
LEAST = {"train": 80, "test": 16}  # faces, where figures are to be averages over many
CACHE_VERSION = 1  # to be raised whenever the same faces give other crops: they are made anew then


def load_faces(part: str, name: str | None = None) -> list[Face]:
    """The faces of one list of a data set, part "train" or "test".

    name: as for `get_dataset`, by default the environment variable FACES or "demo". Where the
    variable FACES_LIMIT is set, as "96" or "96,32", only the first so many of the training and of
    the test list. A point that the other list alone has is missing in all of these faces. Raises
    ValueError where FACES_LIMIT is anything else, and as `get_dataset` does.
    """
    folder = get_dataset(name)
    faces = read_faces(label_file(folder, part))
    if faces[0].names != numbered(len(IBUG)):  # the 68 are all there: no need to read both lists
        faces = _with_names(faces, point_names(label_file(folder, _OTHER[part])), part)
    limits = os.environ.get("FACES_LIMIT", "").split(",")
    limit = limits[0] if part == "train" else limits[-1]
    if limit and not (limit.isdecimal() and int(limit)):
        raise ValueError(f"FACES_LIMIT must be whole numbers such as 96 or 96,32, not {limit!r}.")
    return faces[: int(limit)] if limit else faces


def faces_with_68() -> str | None:
    """The name of faces that all have the 68 points, and are many: None, that of FACES, or "demo".

    For `load_faces` and `get_dataset`, where something needs the 68 or an average over many faces.
    Where "demo" stands in for FACES, a sentence says so.
    """
    if (os.environ.get("FACES") or "demo") == "demo":
        return None
    lists = {part: load_faces(part) for part in LEAST}
    train, test = lists.values()
    count = len(train[0].landmarks)
    if count != len(IBUG) or train[0].names not in ((), numbered(len(IBUG)), IBUG.points):
        why = f"your faces have {count} points of their own"
    elif any(np.isnan(face.landmarks).any() for face in train + test):
        why = "some of your faces lack points"
    elif any(len(lists[part]) < least for part, least in LEAST.items()):
        why = f"{len(train)} and {len(test)} faces are few"
    else:
        return None
    print(f"The demo people stand in here, for the 68 points of many: {why}.")
    return "demo"


_OTHER = {"train": "test", "test": "train"}


def _with_names(faces: list[Face], names: tuple[str, ...], part: str) -> list[Face]:
    """The faces with the points of both lists, in the order of the richer one, or of training's.

    names: of the other list's points.
    """
    own = faces[0].names
    if own == names or set(names) < set(own) or (set(names) == set(own) and part == "train"):
        return faces
    if not set(own) <= set(names):
        strange = next(name for name in own if name not in names)
        raise ValueError(
            f"{faces[0].image}: has the point {strange!r}, which the "
            f"{_OTHER[part]} list does not know: both lists need the same names."
        )
    some = [names.index(name) for name in own]
    return [_spread(face, names, some) for face in faces]


def _spread(face: Face, names: tuple[str, ...], some: list[int]) -> Face:
    """A face whose points become those at the indices `some` of more; the others are missing."""
    landmarks = np.full((len(names), 2), np.nan, np.float32)
    landmarks[some] = face.landmarks
    hidden = face.hidden
    if hidden is not None:
        hidden = np.zeros(len(names), bool)
        hidden[some] = face.hidden
    return replace(face, landmarks=landmarks, names=names, hidden=hidden)


Crop = tuple[torch.Tensor, torch.Tensor]  # image uint8 [1, S, S], landmarks float32 [k, 2]


class FaceLandmarksDataset(Dataset[Crop]):
    """Faces as crops: item i is (image uint8 [1, S, S], landmarks float32 [k, 2]).

    S is 1.5 times `size`: the middle `size` x `size` pixels show the box with its margin, what lies
    around them is room for augmentation. Landmarks are (x, y) in pixels of the S x S crop, pixel
    centres at whole numbers. The first use crops every face into one memory-mapped array under the
    data folder; later uses read that. A missing landmark is NaN. Raises FileNotFoundError that
    names a picture that is missing, ValueError one that cannot be read, or whose face has no point
    or other points than the first.
    """

    def __init__(self, faces: list[Face], size: int = 224, margin: float = MARGIN) -> None:
        _check_points(faces)
        self.faces, self.size = faces, size
        self.width = wide(size)
        margin = margin * self.width / size
        self.matrices = np.stack([crop_matrix(f.box, self.width, margin) for f in faces])
        moved = [move(f.landmarks, m) for f, m in zip(faces, self.matrices, strict=True)]
        self.landmarks = torch.from_numpy(np.stack(moved))
        # Not "r": torch warns of arrays that it may not write to.
        self.crops = np.load(self._cache(margin), mmap_mode="c")

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> Crop:
        crop = torch.from_numpy(self.crops[index].copy())[None]
        self._give_back()
        return crop, self.landmarks[index].clone()

    def __getitems__(self, indices: list[int]) -> list[Crop]:
        """The faces of a batch, for a DataLoader: not copied, since the DataLoader copies them."""
        self._give_back()
        return [(torch.from_numpy(self.crops[i])[None], self.landmarks[i]) for i in indices]

    def _give_back(self) -> None:
        """Lets the system take back the memory of the pages that were read.

        Otherwise all that was ever read of the file counts as memory of this process.
        """
        if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows, which takes it back by itself
            self.crops.base.madvise(mmap.MADV_DONTNEED)

    def mean_face(self, indices: Sequence[int] | slice = slice(None)) -> torch.Tensor:
        """The mean landmarks [k, 2] of some faces, by default all, in canvas pixels.

        The canvas is the middle `size` x `size` pixels of a crop. Missing points are left out.
        """
        points = self.landmarks[indices]
        mean = points.nanmean(0) if points.isnan().any() else points.mean(0)
        return mean - (self.width - self.size) / 2

    def _cache(self, margin: float) -> Path:
        """The file with all crops, uint8 [n, S, S], made where it is missing."""
        files = [(face.image, face.image.stat(), face.box) for face in self.faces]
        known = [(str(path), file.st_size, file.st_mtime_ns, box) for path, file, box in files]
        key = short_hash(CACHE_VERSION, self.width, round(margin, 6), known)
        path = data_folder() / "crops" / f"{len(self)} faces of {self.width} px, {key}.npy"
        if not path.exists():
            try:
                with whole_file(path) as partial:
                    self._write_crops(partial)
            except OSError:
                if not path.exists():  # else another process was quicker; Windows keeps its file
                    raise
        return path

    def _write_crops(self, path: Path) -> None:
        """Writes the crops of all faces one after the other, so that few are in memory at once."""
        shape = (len(self), self.width, self.width)
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        # Threads suffice: Pillow and OpenCV release Python's lock while they work.
        with ThreadPoolExecutor(os.cpu_count()) as pool, open(path, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            crops = pool.map(self._crop, self.faces, self.matrices)
            for crop in tqdm(crops, "Cropping", len(self), leave=False):
                file.write(crop.tobytes())

    def _crop(self, face: Face, matrix: np.ndarray) -> np.ndarray:
        """The grey crop of one face, uint8 [S, S]."""
        return warp(to_grey(read_image(face.image)), matrix, self.width)


def _check_points(faces: list[Face]) -> None:
    """Raises ValueError, which names its picture, for a face without points or with other ones."""
    for face in faces:
        count, first = len(face.landmarks), len(faces[0].landmarks)
        if count != first:
            raise ValueError(f"{face.image}: has {count} points, others of its list {first}.")
        if np.isnan(face.landmarks).any(1).all():
            raise ValueError(f"{face.image}: all points of a face are missing.")


# What a network learns from or is measured on: a data set, a part of one, or several joined.
Crops = FaceLandmarksDataset | Subset[Crop] | ConcatDataset[Crop]


def wide(size: int) -> int:
    """The side of the crop around a canvas of this side: with room for augmentation, in pixels."""
    return size + 2 * round(size * (ROOM - 1) / 2)


def check_size(crops: torch.Tensor, size: int) -> None:
    """Raises ValueError where crops [B, 1, S, S] are not those of canvases of this size.

    Nothing else would tell: the network is shown its faces larger or smaller than it knows them.
    """
    if (width := crops.shape[-1]) != wide(size):
        told = f"Crops of {width} pixels are not for a network of {size}, which needs {wide(size)}"
        raise ValueError(f"{told}: FaceLandmarksDataset(faces, {size}).")


def split_by_photograph(faces: list[Face], seed: int = 0) -> tuple[list[int], list[int]]:
    """Indices of a training and a validation part of n faces; no photograph is in both.

    The seed decides the order in which photographs are dealt out. Validation takes each one that
    still fits into n x 666 / 6666 faces (so that dlib's 6,666 split into 6000 and 666), training
    takes the rest. Where none fits, as of a few photographs, validation takes one of the smallest.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, face in enumerate(faces):
        groups[face.photograph].append(index)
    names = sorted(groups)
    wanted = len(faces) * 666 // 6666
    wanted -= wanted % 2  # twins come in pairs
    train: list[int] = []
    validation: list[int] = []
    for i in np.random.default_rng(seed).permutation(len(names)):
        group = groups[names[i]]
        fits = len(validation) + len(group) <= wanted
        (validation if fits else train).extend(group)
    if not validation and len(groups) > 1:
        order = np.random.default_rng(seed).permutation(len(names))
        validation = min((groups[names[i]] for i in order), key=len)
        train = [index for index in train if index not in set(validation)]
    return sorted(train), sorted(validation)
