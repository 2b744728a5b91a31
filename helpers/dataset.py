"""Faces to a dataset: cropped once, kept in one array, split so that a photograph stays whole."""

import hashlib
import mmap
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from helpers.annotations import Face, read_faces, read_image
from helpers.crop import MARGIN, crop_matrix, move, to_grey, warp
from helpers.files import whole_file
from helpers.sources import data_folder, get_dataset, label_file

# A cached crop is this much wider than the canvas that is cut from it, so that a turned, shifted
# or smaller face still finds pixels: a square turned by 45 degrees needs 1.41.
ROOM = 1.5


def load_faces(part: str, name: str | None = None) -> list[Face]:
    """The faces of a data set's list, part "train" or "test".

    name: as for `get_dataset`, by default the environment variable FACES or "demo". Where
    FACES_LIMIT is set, as "96" or "96,32", only so many of the training and test entries.
    """
    faces = read_faces(label_file(get_dataset(name), part))
    limits = os.environ.get("FACES_LIMIT", "").split(",")
    limit = limits[0] if part == "train" else limits[-1]
    if limit and not (limit.isdecimal() and int(limit)):
        raise ValueError(f"FACES_LIMIT must be whole numbers such as 96 or 96,32, not {limit!r}.")
    return faces[: int(limit)] if limit else faces


class FaceLandmarksDataset(Dataset):
    """Faces as crops: item i is (image uint8 [1, S, S], landmarks float32 [68, 2]).

    S is 1.5 times `size`: the middle `size` x `size` pixels show the box with its margin, what
    lies around them is room for augmentation. Landmarks are in pixels of the S x S crop, pixel
    centres at whole numbers. The first use crops every face into one memory-mapped array under
    the data folder; later uses read that. Raises ValueError that names a picture that cannot be
    read.
    """

    def __init__(self, faces: list[Face], size: int = 224, margin: float = MARGIN):
        self.faces, self.size = faces, size
        self.width = size + 2 * round(size * (ROOM - 1) / 2)
        margin = margin * self.width / size
        self.matrices = np.stack([crop_matrix(f.box, self.width, margin) for f in faces])
        moved = [move(f.landmarks, m) for f, m in zip(faces, self.matrices, strict=True)]
        self.landmarks = torch.from_numpy(np.stack(moved))
        # Not "r": torch warns of arrays that it may not write to.
        self.crops = np.load(self._cache(margin), mmap_mode="c")

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        crop = torch.from_numpy(self.crops[index].copy())[None]
        self._give_back()
        return crop, self.landmarks[index].clone()

    def __getitems__(self, indices: list[int]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """A batch's faces for a DataLoader: views of the cache, since that copies them anyway."""
        self._give_back()
        return [(torch.from_numpy(self.crops[i])[None], self.landmarks[i]) for i in indices]

    def _give_back(self) -> None:
        """What was read of the mapped file would count as memory of this process until it ends."""
        if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows, which takes it back by itself
            self.crops.base.madvise(mmap.MADV_DONTNEED)

    def mean_face(self, indices=slice(None)) -> torch.Tensor:
        """The mean landmarks [68, 2] of these faces, in pixels of the middle crop."""
        return self.landmarks[indices].mean(0) - (self.width - self.size) / 2

    def _cache(self, margin: float) -> Path:
        """The file with all crops, uint8 [n, S, S], made where it is missing."""
        key = hashlib.sha256(f"1 {self.width} {margin:.6f}".encode())
        for face in self.faces:
            file = face.image.stat()
            key.update(f"{face.image} {file.st_size} {file.st_mtime_ns} {face.box}".encode())
        path = data_folder() / "crops" / f"{key.hexdigest()[:16]}.npy"
        if not path.exists():
            shape = (len(self.faces), self.width, self.width)
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            # Threads suffice: Pillow and OpenCV release Python's lock while they work.
            with whole_file(path) as partial, ThreadPoolExecutor(os.cpu_count()) as pool:
                with open(partial, "wb") as file:
                    np.lib.format.write_array_header_1_0(file, header)
                    done = pool.map(self._crop, self.faces, self.matrices)
                    for crop in tqdm(done, "Cropping", len(self), leave=False):
                        file.write(crop.tobytes())
        return path

    def _crop(self, face: Face, matrix: np.ndarray) -> np.ndarray:
        """The grey crop of one face, uint8 [S, S]."""
        return warp(to_grey(read_image(face.image)), matrix, self.width)


def split_by_photograph(faces: list[Face], seed: int = 0) -> tuple[list[int], list[int]]:
    """Indices of a training and a validation part; no photograph is in both.

    The validation part holds the largest even number of entries not above n x 666 / 6666 (dlib's
    6,666 split into 6000 and 666) that whole photographs allow; which ones, the seed decides.
    """
    groups = defaultdict(list)
    for index, face in enumerate(faces):
        groups[face.photograph].append(index)
    names = sorted(groups)
    order = np.random.default_rng(seed).permutation(len(names))
    chosen = [groups[names[i]] for i in order]
    # sums[i] has bit s set where photographs i, i + 1, ... can make up exactly s entries.
    sums = [1] * (len(chosen) + 1)
    for i in reversed(range(len(chosen))):
        sums[i] = sums[i + 1] | sums[i + 1] << len(chosen[i])
    wanted = len(faces) * 666 // 6666
    wanted -= wanted % 2
    while not sums[0] >> wanted & 1:
        wanted -= 2
    train, validation = [], []
    for i, group in enumerate(chosen):
        missing = wanted - len(validation) - len(group)
        takes_it = missing >= 0 and sums[i + 1] >> missing & 1
        (validation if takes_it else train).extend(group)
    return sorted(train), sorted(validation)
