"""An archive again, its training labels mixed with a network's answers.

    python tools/mix_labels.py ARCHIVE FOLDER [--share 0.5] [--without FILE]

Two people put a point of the jaw at two places, and a small network cannot know whose face it was
given. A large one answers with what such people do on average. So each point of the training list
is moved some way from its label to the answer of `research` (two passes, mirrored), and the small
one learns from that: distillation, at its plainest (Hinton et al. 2015, arXiv 1503.02531). Prints
by how much the points moved. The test list is copied as it is.

--without: a file with a photograph a line, the groups of `same` pictures apart from each other
by blanks: training faces that show what the test list shows, too, are left out. The archive's terms
are those of the copy.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from helpers.annotations import read_faces, read_image
from helpers.formats import Labels, read_labels, write_labels
from helpers.metrics import nme
from helpers.predict import Landmarker
from helpers.shell import one_sentence
from helpers.sources import get_dataset, label_file
from helpers.storage import whole_folder


def mixed(labels: Labels, folder: Path, landmarker: Landmarker, share: float) -> Labels:
    """The labels with each point moved by `share` of the way to the network's answer.

    folder: in which the pictures lie. What has no box, or not the network's points, stays as it is.
    """
    moved, entries = [], []
    for entry in tqdm(labels.entries):
        if entry.box is None or len(entry.points) != len(landmarker.scheme):
            entries.append(entry)
            continue
        answer = landmarker.landmarks(read_image(folder / entry.image), [entry.box], mirror=True)
        moved.append(float(nme(answer, entry.points[None])[0]))
        entries.append(replace(entry, points=(1 - share) * entry.points + share * answer[0]))
    print(f"The network answers {np.nanmean(moved):.2f} % of the eye distance from the labels.")
    return replace(labels, entries=entries)


def shown_in_test(folder: Path, same: Path) -> set[str]:
    """The pictures' names whose group has one in the test list. same: a group a line."""
    test = {face.image.name for face in read_faces(label_file(folder, "test"))}
    groups = [line.split() for line in same.read_text("utf-8").splitlines()]
    return {name for group in groups if {Path(n).name for n in group} & test for name in group}


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
    list_file = label_file(archive, "train")
    labels = read_labels(list_file)
    if args.without:
        left_out = shown_in_test(archive, args.without)
        kept = [entry for entry in labels.entries if entry.image not in left_out]
        print(f"{len(labels.entries) - len(kept)} faces are left out.")
        labels = replace(labels, entries=kept)
    with whole_folder(args.folder) as folder:
        shutil.copytree(archive, folder, dirs_exist_ok=True)
        answers = mixed(labels, archive, Landmarker.load("research", device="cpu"), args.share)
        write_labels(folder / list_file.name, answers)


if __name__ == "__main__":
    main()
