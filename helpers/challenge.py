"""A challenge for a course: faces of one's own, a budget for training, a score on secret faces.

python -m helpers.challenge --seed 7                       a student's faces, and the rules
python -m helpers.challenge --seed 7 --checkpoint my.pt    the score on the student's test list
python -m helpers.challenge --secret TEXT --checkpoint a.pt b.pt    the teacher's ranking
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

from helpers.annotations import read_faces
from helpers.checkpoint import load_checkpoint
from helpers.crop import MARGIN, crop_matrix, move
from helpers.dataset import FaceLandmarksDataset, split_by_photograph
from helpers.metrics import bootstrap, nme
from helpers.model import pick_device
from helpers.people import make_people
from helpers.predict import predict_all
from helpers.sources import DEMO_MAKERS, data_folder, label_file
from helpers.unpack import whole_folder

BUDGET = 20_000  # faces that the weights may have seen; not minutes: a fast machine wins nothing
OWN = {"train": 512, "test": 128}  # people of a student's lists; each has a mirrored twin
SECRET = {"train": 128, "test": 256}  # the teacher's; of the train list only its mean face is used

RULES = """\
Your faces, which nobody else has, for FACES=PATH, get_dataset(PATH) or the line below it:
    {folder}
    python -m helpers.train --faces "{folder}" --epochs {epochs} --out my.pt
1. Learn from this training list alone, and begin with random weights. All else is your choice.
2. The weights may have seen {budget:,} faces (steps x batch size): {epochs} epochs. Minutes do not
   count. `fit` writes the number down; a loop of your own says save_checkpoint(..., faces_seen=n).
3. Places are given on other people, whom nobody has seen. Your own test list says where you are:
    python -m helpers.challenge --seed {seed} --checkpoint my.pt"""


def people_seed(whose):
    """The seed of `make_people` for a student's number (int) or the teacher's secret (str).

    One is odd and the other even, as the demo's 0 is, so that a student never meets the people of
    either. Raises ValueError for a number below 0.
    """
    if isinstance(whose, str):
        return 2 * int.from_bytes(hashlib.sha256(whose.encode()).digest()[:8], "big")
    if whose < 0:
        raise ValueError(f"A student's seed is a whole number from 0 on, not {whose}.")
    return 2 * whose + 1


def challenge_folder(whose, train, test):
    """The folder with the faces of a student (int) or a secret (str), made where it is missing."""
    seed = people_seed(whose)
    # A new folder whenever what makes the people has changed.
    code = b"".join((Path(__file__).parent / name).read_bytes() for name in DEMO_MAKERS)
    key = hashlib.sha256(repr((seed, train, test)).encode() + code).hexdigest()[:8]
    folder = data_folder() / f"challenge-{'secret' if isinstance(whose, str) else whose}-{key}"
    if not folder.exists():
        with whole_folder(folder) as unfinished:
            make_people(unfinished, train, test, seed)
    return folder


def mean_face_nme(train, test):
    """What the mean face of the training faces scores on the test faces: NME in per cent."""
    lists = [[move(f.landmarks, crop_matrix(f.box, 112)) for f in part] for part in (train, test)]
    return nme(np.broadcast_to(np.mean(lists[0], 0), np.shape(lists[1])), lists[1]).mean()


def ranking(checkpoints, train, test):
    """The table of checkpoints [(name, network, about)] on the test faces, as text; best first.

    One pass from the given boxes. Only a checkpoint that is known to keep to the budget has a
    place; the others, and the mean face, stand below. The interval draws whole photographs.
    """
    mean_face = mean_face_nme(train, test)
    rows = [(True, mean_face, f"{mean_face:6.2f} %  the mean face")]
    for name, model, about in checkpoints:
        faces = FaceLandmarksDataset(test, model.size, about.get("margin", MARGIN))
        try:
            errors = nme(*predict_all(model.to(pick_device()), faces))
        except ValueError as error:  # a network that diverged: its points are not finite
            raise ValueError(f"{name}: {error}") from None
        low, high = bootstrap(errors, groups=[face.photograph for face in test])
        known = isinstance(seen := about.get("faces_seen"), int)
        out = not known or seen > BUDGET
        words = f"{seen:,} faces seen" if known else "budget unknown"
        words += f", OVER THE BUDGET of {BUDGET:,}" if known and out else ""
        line = f"{errors.mean():6.2f} % ({low:.2f} to {high:.2f})  {name}: {words}"
        rows.append((out, errors.mean(), line))
    rows = [f"{'-' if out else n:>3} {line}" for n, (out, _, line) in enumerate(sorted(rows), 1)]
    head = f"NME, per cent of the inter-ocular distance, {len(test):,} faces (95 % interval):"
    return "\n".join([head, *rows])


def main(arguments=None, own=OWN, secret=SECRET):
    """Makes a student's faces, or scores checkpoints."""
    parser = argparse.ArgumentParser("python -m helpers.challenge", description=main.__doc__)
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--seed", dest="whose", metavar="N", type=int, help="a student's number")
    whose.add_argument("--secret", dest="whose", metavar="TEXT", help="the teacher's; never shown")
    parser.add_argument("--checkpoint", nargs="+", default=[], metavar="FILE")
    args = parser.parse_args(arguments)
    if isinstance(args.whose, str) and not (args.whose and args.checkpoint):
        parser.error("--secret needs a text, and --checkpoint the files to rank")
    try:
        checkpoints = [(path, *load_checkpoint(path)) for path in args.checkpoint]
        folder = challenge_folder(args.whose, **(secret if isinstance(args.whose, str) else own))
        train, test = (read_faces(label_file(folder, part)) for part in ("train", "test"))
        epochs = BUDGET // len(split_by_photograph(train)[0])
        told = RULES.format(folder=folder, epochs=epochs, budget=BUDGET, seed=args.whose)
        print(ranking(checkpoints, train, test) if checkpoints else told)
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
