"""An archive again, its training labels mixed with a network's answers.

    python tools/mix_labels.py ARCHIVE FOLDER [--share 0.5] [--without FILE]

Two people who label a face put a point of the jaw at two places, and no network can see who it was.
A large one answers with what such people do on average. So each point of the training list is moved
some way from its label to the answer of `research` (two passes, mirrored), and the small one learns
from that: distillation, at its plainest (Hinton et al. 2015, arXiv 1503.02531). Prints how far
apart the two are, in per cent of the eye distance. The test list is copied as it is.

--without: a file with a group of pictures a line, by their names in the label files, that show the
same photograph. Training faces of a group that has a picture in the test list are left out. The
archive's terms are those of the copy, too.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers.annotations import read_image
from helpers.formats import Labels, read_labels, write_labels
from helpers.metrics import nme
from helpers.predict import Landmarker
from helpers.shell import one_sentence
from helpers.sources import get_dataset, label_file
from helpers.storage import whole_folder


def mixed(labels: Labels, landmarker: Landmarker, share: float) -> Labels:
    """The labels, each point moved by `share` of the way to the network's answer.

    A face without a box, or with other points than the network's, stays as it is.
    """
    apart, entries = [], []
    for entry in tqdm(labels.entries):
        if entry.box is not None and len(entry.points) == len(landmarker.scheme):
            picture = read_image(entry.place / entry.image)
            answer = landmarker.landmarks(picture, [entry.box], mirror=True)[0]
            apart.append(nme(answer[None], entry.points[None])[0])
            entry = replace(entry, points=(1 - share) * entry.points + share * answer)
        entries.append(entry)
    if not apart:
        raise ValueError(
            "None of these faces has a box and the network's points: nothing is mixed."
        )
    print(f"{len(apart)} answers, on average {np.nanmean(apart):.2f} % from their labels.")
    return replace(labels, entries=entries)


def without(labels: Labels, groups: list[list[str]], others: Labels) -> Labels:
    """The labels without the pictures of a group that has one in the other list."""
    there = {entry.image for entry in others.entries}
    known = there | {entry.image for entry in labels.entries}
    if strange := [name for group in groups for name in group if name not in known]:
        raise ValueError(f"{strange[0]}: is to be left out, but stands in neither list.")
    shown = {name for group in groups if there & set(group) for name in group}
    kept = [entry for entry in labels.entries if entry.image not in shown]
    print(f"{len(labels.entries) - len(kept)} faces of the test list's photographs are left out.")
    return replace(labels, entries=kept)


@one_sentence()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--without", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.folder.exists():
        raise ValueError(f"{args.folder}: is there already.")
    archive = get_dataset(args.archive)
    train = label_file(archive, "train")
    labels = read_labels(train)
    if args.without:
        groups = [line.split() for line in args.without.read_text("utf-8").splitlines()]
        labels = without(labels, groups, read_labels(label_file(archive, "test")))
    labels = mixed(labels, Landmarker.load("research", device="cpu"), args.share)
    with whole_folder(args.folder) as folder:
        shutil.copytree(archive, folder, dirs_exist_ok=True)
        write_labels(folder / train.name, labels)


if __name__ == "__main__":
    main()
