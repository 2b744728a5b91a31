"""A data set of people with real skin: portraits, carried to the face model, posed and lit anew.

    python tools/real_skin.py FOLDER --london PATH --canada PATH --free PATH [PATH ...]

London, Canada: the folders of the Face Research Lab London Set and of the Young Adult White Faces,
both CC BY 4.0; free: folders with `no_faces/*.jpg` (see `tools/train_finder.py`). Writes dlib's
layout, grey, a mirrored twin of each face; what is learned from it stays free for any use. Heads
are turned by up to 75 degrees, and some have a hat, or a hand before the face. The persons that the
face finder holds back take no part. The test list has people of the last seeds; their skin is also
in the training list. Takes scipy.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from finder.cutouts import cut_out, read_frames, read_portraits
from finder.scenes import (
    ground,
    lit,
    log_uniform,
    over,
    paste_part,
    placing,
    read_grounds,
    spoil,
    tone,
    warped,
)
from helpers.annotations import label_list, write_face
from helpers.boxes import box_around, detector_box
from helpers.crop import move
from helpers.landmarks import MIRROR
from helpers.people import sample_view
from helpers.people.occluders import MORE_OCCLUDERS, occlude
from helpers.shell import one_sentence, positive
from helpers.storage import whole_folder

SIZE = 256  # pixels: side of a picture
SPREAD = 1.3  # of the views, see `sample_view`
TOLD = "Portraits, CC BY 4.0 (DeBruine and Jones 2017; DeBruine 2016), posed and lit anew"


def sample_turned_view(rng):
    """A `View`; a quarter of the heads are turned anywhere up to 75 degrees."""
    view = sample_view(rng, SPREAD)
    if rng.random() < 0.25:
        view.yaw = float(rng.uniform(-75, 75))
    return view


def picture_of(seed, grounds):
    """One person before a background: grey uint8 [256, 256], landmarks float32 [68, 2]."""
    rng = np.random.default_rng([seed, 32])
    grey, alpha, points = cut_out(2 * seed + 1, sample_turned_view)
    canvas = ground(rng, grounds, SIZE)
    owner = np.zeros((SIZE, SIZE), np.uint8)
    box = box_around(points)
    centre, wanted = box[:2] + (box[2:] - 1) / 2, log_uniform(rng, 70, 170)
    at = SIZE / 2 + rng.normal(0, 0.06 * SIZE, 2)
    matrix, mirrored = placing(rng, centre, box[2], wanted, at, 0.0)
    points = move(points, matrix)[MIRROR] if mirrored else move(points, matrix)
    colour, alpha, corner = warped(grey, alpha, matrix, SIZE)
    colour = tone(rng, colour, 0.6)
    if rng.random() < 0.4:
        lit(rng, colour)
    over(canvas, owner, colour, alpha, corner, 1)
    if rng.random() < 0.2:  # something before the face
        side = wanted * rng.uniform(0.2, 0.6)
        at, kind = points[rng.integers(68)], ("texture", "plain")[rng.integers(2)]
        paste_part(rng, {}, grounds, canvas, owner, side, at, kind)
    if rng.random() < 0.2:
        what = MORE_OCCLUDERS[rng.integers(len(MORE_OCCLUDERS))]
        colour = np.repeat(canvas[..., None] / np.float32(255), 3, 2)
        canvas[:] = (255 * occlude(rng, colour, points, what)).clip(0, 255).mean(2)
    return spoil(rng, canvas, owner)[0], points.astype(np.float32)


GROUNDS = []  # in each process that draws


def _share(grounds):
    """Gives a worker the backgrounds; the frames came with the fork."""
    cv2.setNumThreads(1)
    GROUNDS[:] = grounds


def _picture(seed):
    """The picture of a seed, in a worker."""
    return picture_of(seed, GROUNDS)


@one_sentence()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--london", type=Path, required=True)
    parser.add_argument("--canada", type=Path, required=True)
    parser.add_argument("--free", type=Path, nargs="+", required=True, metavar="FOLDER")
    parser.add_argument("--train", type=positive, default=4000)
    parser.add_argument("--test", type=positive, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=positive, default=2)
    args = parser.parse_args()
    if args.folder.exists():
        raise ValueError(f"{args.folder}: is there already.")
    portraits = read_portraits(args.london, "london") + read_portraits(args.canada, "canada")
    read_frames([portrait[:2] for portrait in portraits if not portrait[2]], args.workers)
    grounds = read_grounds(args.free, seed=args.seed)
    first = 500_000 * args.seed
    with whole_folder(args.folder) as folder:
        for part, seeds in (
            ("train", range(first, first + args.train)),
            ("test", range(first + 400_000, first + 400_000 + args.test)),
        ):
            (folder / part).mkdir(parents=True)
            entries = []
            with ProcessPoolExecutor(args.workers, initializer=_share, initargs=(grounds,)) as pool:
                drawn = tqdm(pool.map(_picture, seeds, chunksize=20), part, len(seeds))
                for number, (grey, points) in enumerate(drawn, 1):
                    box = detector_box(points, np.random.default_rng([args.seed, number])).tolist()
                    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
                    entries += write_face(folder, f"{part}/{number:05d}", picture, box, points)
            text = label_list(f"Real skin, {part}", TOLD, entries)
            (folder / f"labels_skin_{part}.xml").write_text(text, encoding="iso-8859-1")
    print(f"{args.folder}: {2 * (args.train + args.test)} faces, twins included.")


if __name__ == "__main__":
    main()
