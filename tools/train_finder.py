"""Trains the face finder of `helpers.detect`: writes helpers/assets/finder.pt or its like.

    python tools/train_finder.py BANK --london PATH --canada PATH --free PATH --out finder.pt
    python tools/train_finder.py BANK --free PATH --start finder.pt --photographs PATH PATH \\
        --out finder_research.pt

BANK: a folder for the cut-outs of people, which are drawn where they are missing. London, Canada:
the folders of the Face Research Lab London Set and of the Young Adult White Faces, both CC BY 4.0.
Free: folders with `no_faces/*.jpg`, pictures without people. Photographs: folders of data sets in
dlib's layout, whose training lists are half of the scenes; the weights then have their terms. What
a stopped training has reached lies beside its weights, and the same command goes on.

    finder.cutouts       people to be pasted: generated, half of them with the skin of a portrait
    finder.scenes        scenes of them, and what the network's maps should say there
    finder.photographs   scenes of photographs
    finder.train         the loss and the loop
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from finder.cutouts import draw_cutouts, read_portraits
from finder.photographs import photograph_scene, read_photographs
from finder.scenes import Scenes, hard_places, read_grounds, scene
from finder.train import train
from helpers.detect import FaceFinder, folded
from helpers.shell import one_sentence, positive


def cutouts(bank: Path, london: Path, canada: Path, count: int, seed: int) -> dict:
    """The bank of cut-outs, drawn where it is missing: name to array."""
    file = bank / "train.npz"
    if not file.exists():
        if not london or not canada:
            raise ValueError(f"{file} is missing; name --london and --canada to draw it.")
        bank.mkdir(parents=True, exist_ok=True)
        portraits = read_portraits(london, "london") + read_portraits(canada, "canada")
        for name, held, many in (("held", True, 300), ("train", False, count)):
            chosen = [portrait[:2] for portrait in portraits if portrait[2] == held]
            draw_cutouts(bank / f"{name}.npz", chosen, many, seed=seed + held)
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def finder_of(path: Path) -> FaceFinder:
    """The network of a file of weights, ready to look."""
    network = FaceFinder()
    saved = torch.load(path, weights_only=True)
    network.load_state_dict({k: v.float() for k, v in saved.items()}, strict=False)
    return folded(network.eval()).to(memory_format=torch.channels_last)


@one_sentence()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bank", type=Path, help="folder for the cut-outs")
    parser.add_argument("--london", type=Path)
    parser.add_argument("--canada", type=Path)
    parser.add_argument("--free", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--photographs", type=Path, nargs="+", default=[], metavar="FOLDER")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cutouts", type=positive, default=7000)
    parser.add_argument("--steps", type=positive, default=12_000)
    parser.add_argument("--batch", type=positive, default=24)
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    if args.photographs and not args.start:
        parser.error("--photographs needs --start: its weights look for people without a label")
    torch.set_num_threads(1)  # the other core composes scenes
    cv2.setNumThreads(1)  # its threads would not survive the fork of the workers
    bank = cutouts(args.bank, args.london, args.canada, args.cutouts, args.seed)
    grounds = read_grounds(args.free, seed=args.seed)
    known = args.start and finder_of(args.start)
    photographs = args.photographs and read_photographs(args.photographs, known)
    hard = hard_places(grounds, known) if known else []
    print(f"{len(hard)} places without a face that look like one", flush=True)

    def make(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A scene; where there are photographs, every other one is of one."""
        if photographs and rng.random() < 0.5:
            return photograph_scene(rng, photographs, bank, grounds)
        return scene(rng, bank, grounds, hard=hard)

    def scenes_from(first: int) -> Scenes:
        return Scenes(make, args.seed, first)

    options = args.steps, args.batch, args.rate, args.seed, args.workers
    train(scenes_from, args.out, *options, start=args.start)


if __name__ == "__main__":
    main()
