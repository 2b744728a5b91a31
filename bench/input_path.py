"""How fast faces reach the network: the crop cache against the customary per-sample pipeline.

`make bench FACES=PATH` measures both in one run, with one thread each and the same output size,
and what share the input path has of a training step of notebook 04's network at 224 pixels, with
batches of 64, on all cores of the CPU.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

import cv2
import torch
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.transforms import functional

from bench.results import record
from helpers.annotations import read_faces
from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset
from helpers.model import LandmarkNet, to_target
from helpers.sources import get_dataset, label_file

SIZE, BATCH = 224, 64


class CustomaryDataset(torch.utils.data.Dataset):
    """As tutorials do it: decode, crop the raw box, resize, jitter and rotate, for every sample."""

    def __init__(self, faces):
        self.faces = faces
        self.jitter = transforms.ColorJitter(0.3, 0.3, 0.3, 0.1)

    def __len__(self):
        return len(self.faces)

    def __getitem__(self, index):
        face = self.faces[index]
        left, top, width, height = (int(value) for value in face.box)
        image = functional.to_pil_image(cv2.imread(str(face.image), cv2.IMREAD_GRAYSCALE))
        image = functional.resize(functional.crop(image, top, left, height, width), [SIZE, SIZE])
        image = self.jitter(image)
        landmarks = torch.from_numpy(face.landmarks) - torch.tensor([left, top])
        landmarks = landmarks / torch.tensor([width, height])
        angle = random.uniform(-10, 10)
        image = functional.rotate(image, angle)
        radians = torch.deg2rad(torch.tensor(-angle))
        turn = torch.tensor([[radians.cos(), -radians.sin()], [radians.sin(), radians.cos()]])
        landmarks = (landmarks - 0.5) @ turn.T
        return functional.normalize(functional.to_tensor(image), [0.5], [0.5]), landmarks


def faces_per_second(batches, count) -> float:
    """How many faces the first `count` batches bring in a second."""
    started, seen = time.perf_counter(), 0
    for images, _ in batches:
        seen += len(images)
        if (count := count - 1) == 0:
            break
    return seen / (time.perf_counter() - started)


def augmented(dataset):
    """Shuffled batches from the cache, augmented, without end."""
    augment = Augment(SIZE).train()
    while True:
        for images, landmarks in DataLoader(dataset, BATCH, shuffle=True, drop_last=True):
            yield augment(images, landmarks)


def training_step(images, landmarks) -> float:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="keep it in bench/results.json")
    arguments = parser.parse_args()
    name = os.environ.get("FACES") or "demo"
    faces = read_faces(label_file(get_dataset(name), "train"))
    if len(faces) < BATCH:
        raise SystemExit(f"{name}: {len(faces)} training faces are fewer than a batch of {BATCH}.")
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:  # so that the cache is built, and timed, anew
        os.environ["FACES_DATA"] = folder
        started = time.perf_counter()
        dataset = FaceLandmarksDataset(faces, SIZE)
        building = time.perf_counter() - started
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        faces_per_second(augmented(dataset), 2)  # warm
        cached = faces_per_second(augmented(dataset), 12)
        customary = faces_per_second(
            DataLoader(CustomaryDataset(faces), BATCH, shuffle=True, drop_last=True), 6
        )
        torch.set_num_threads(threads)
        faces_per_second(augmented(dataset), 2)
        batch_time = BATCH / faces_per_second(augmented(dataset), 12)
        share = batch_time / training_step(*next(augmented(dataset)))
        dataset.crops = None  # Windows removes no file that is still mapped
    print(f"{name}: {len(faces)} training faces, {SIZE} pixels, batches of {BATCH}")
    print(f"crop cache built in     {building:8.1f} s, once")
    print(f"cache, batch, augment   {cached:8.0f} faces a second, one thread")
    print(f"customary, per sample   {customary:8.0f} faces a second, one thread")
    print(f"ratio                   {cached / customary:8.1f}")
    print(f"share of a step         {100 * share:8.1f} % of a training step, {threads} threads")
    if arguments.record:
        record("input path", {
            "faces": Path(name).name.removesuffix(".tar.gz"),
            "cached_per_second": round(cached), "customary_per_second": round(customary),
            "ratio": round(cached / customary, 2), "share_of_step": round(share, 4),
            "cache_seconds": round(building, 1),
        })  # fmt: skip


if __name__ == "__main__":
    main()
