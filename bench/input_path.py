"""How fast faces reach the network: the crop cache against the customary per-sample pipeline.

`make bench FACES=PATH` measures both in one run, with one thread each and the same output size,
and what share the input path has of a training step of notebook 04's network at 224 pixels, with
batches of 64, on all cores of the CPU.
"""

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import cv2
import torch
from torch.utils.data import DataLoader

from bench.customary import CustomaryDataset
from helpers.annotations import Face
from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset
from helpers.model import LandmarkNet, to_target

SIZE, BATCH = 224, 64
Batch = tuple[torch.Tensor, torch.Tensor]  # images and landmarks


def faces_per_second(batches: Iterable[Batch], count: int) -> float:
    """How many faces the first `count` batches bring in a second."""
    started, seen = time.perf_counter(), 0
    for images, _ in batches:
        seen += len(images)
        if (count := count - 1) == 0:
            break
    return seen / (time.perf_counter() - started)


def augmented(dataset: FaceLandmarksDataset) -> Iterator[Batch]:
    """Shuffled batches from the cache, augmented, without end."""
    augment = Augment(SIZE).train()
    while True:
        for images, landmarks in DataLoader(dataset, BATCH, shuffle=True, drop_last=True):
            yield augment(images, landmarks)


def training_step(images: torch.Tensor, landmarks: torch.Tensor) -> float:
    """Seconds that one step of notebook 04's network takes, the better of two."""
    model = LandmarkNet(64, SIZE).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters())
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        loss = torch.nn.functional.mse_loss(model(images), to_target(landmarks, SIZE))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for PyTorch and OpenCV, as many as before afterwards."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


def measure(name: str, faces: list[Face]) -> dict[str, Any]:
    """Figures of both input paths on faces of a data set with that name, which are printed, too.

    Raises SystemExit where there is not one batch of faces.
    """
    if len(faces) < BATCH:
        raise SystemExit(f"{name}: {len(faces)} training faces are fewer than a batch of {BATCH}.")
    # An empty folder, so that the cache is built, and timed, anew.
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, FACES_DATA=folder):
        started = time.perf_counter()
        dataset = FaceLandmarksDataset(faces, SIZE)
        building = time.perf_counter() - started
        with threads(1):
            faces_per_second(augmented(dataset), 2)  # warm
            cached = faces_per_second(augmented(dataset), 12)
            loader = DataLoader(CustomaryDataset(faces, SIZE), BATCH, shuffle=True, drop_last=True)
            customary = faces_per_second(loader, 6)
        faces_per_second(augmented(dataset), 2)
        batch_time = BATCH / faces_per_second(augmented(dataset), 12)
        share = batch_time / training_step(*next(augmented(dataset)))
        dataset.crops = None  # Windows removes no file that is still mapped
    print(f"{name}: {len(faces)} training faces, {SIZE} pixels, batches of {BATCH}")
    print(f"crop cache built in     {building:8.1f} s, once")
    print(f"cache, batch, augment   {cached:8.0f} faces a second, one thread")
    print(f"customary, per sample   {customary:8.0f} faces a second, one thread")
    print(f"ratio                   {cached / customary:8.1f}")
    print(f"share of a step         {100 * share:8.1f} %, with {torch.get_num_threads()} threads")
    return {
        "faces": name,
        "cached_per_second": round(cached),
        "customary_per_second": round(customary),
        "ratio": round(cached / customary, 2),
        "share_of_step": round(share, 4),
        "cache_seconds": round(building, 1),
    }
