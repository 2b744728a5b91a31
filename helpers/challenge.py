"""A challenge for a course: own faces for each student, a budget, a score on secret faces.

python -m helpers.challenge --seed 7                       a student's faces, and the rules
python -m helpers.challenge --seed 7 --checkpoint my.pt    the score on the student's test list
python -m helpers.challenge --secret TEXT --checkpoint a.pt b.pt    the teacher's ranking
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.annotations import Face, read_faces
from helpers.checkpoint import load_checkpoint
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset, split_by_photograph
from helpers.metrics import bootstrap, mean_face_nme, nme
from helpers.model import Network, pick_device
from helpers.people import VERSION, make_people
from helpers.predict import predict_all
from helpers.shell import one_sentence, parser_of
from helpers.sources import label_file
from helpers.storage import folder_for, whole_folder

# Faces that the weights may have seen. It is not minutes, so that a fast machine wins nothing.
BUDGET = 20_000
OWN = {"train": 512, "test": 128}  # people of a student's lists; each has a mirrored twin
SECRET = {"train": 128, "test": 256}  # the teacher's; of the train list only its mean face is used

RULES = """\
Your faces, which nobody else has, for FACES=PATH, get_dataset(PATH) or the line below it:
    {folder}
    python -m helpers.train --faces "{folder}" --epochs {epochs} --out my.pt
1. Learn from this training list alone, and begin with random weights. All else is your choice.
2. The weights may have seen {budget:,} faces (steps x batch size): {epochs} epochs. Minutes do not
   count. `fit` writes the number down; a loop of your own says
   save_checkpoint(..., about={{"faces_seen": n}}).
3. Places are given on other people, whom nobody has seen. Your own test list says where you are:
    python -m helpers.challenge --seed {seed} --checkpoint my.pt"""


def people_seed(whose: int | str) -> int:
    """The seed of `make_people` for a student's number (int) or the teacher's secret (str).

    A student's is odd, the teacher's even, and so is that of the demo people, 0: a student never
    meets the people of either. Raises ValueError for a number below 0.
    """
    if isinstance(whose, str):
        return 2 * int.from_bytes(hashlib.sha256(whose.encode()).digest()[:8], "big")
    if whose < 0:
        raise ValueError(f"A student's seed is a whole number from 0 on, not {whose}.")
    return 2 * whose + 1


def challenge_folder(whose: int | str, train: int, test: int) -> Path:
    """The folder with the faces of a student (int) or a secret (str), made where it is missing.

    train, test: how many people its two lists show; the seed is that of `people_seed`.
    """
    seed = people_seed(whose)
    name = f"challenge-{'secret' if isinstance(whose, str) else whose}"
    folder = folder_for(name, VERSION, seed, train, test)
    if not folder.exists():
        with whole_folder(folder) as unfinished:
            make_people(unfinished, train, test, seed)
    return folder


def ranking(
    checkpoints: Sequence[tuple[str, Network, dict[str, Any]]],
    train: Sequence[Face],
    test: Sequence[Face],
) -> str:
    """The table of checkpoints (name, network, about) on the test faces, as text; best first.

    One pass from the given boxes. Only a checkpoint that is known to keep to the budget has a
    place; the others, and the mean face of the `train` faces, stand below. The interval draws
    whole photographs. Raises ValueError, with its name, for a network whose points are not finite.
    """
    mean = mean_face_nme(train, test)
    rows = [(True, mean, f"{mean:6.2f} %  the mean face")]  # without a place?, NME, line
    for name, model, about in checkpoints:
        faces = FaceLandmarksDataset(list(test), model.size, about.get("margin", MARGIN))
        try:
            errors = nme(*predict_all(model.to(pick_device()), faces))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        low, high = bootstrap(errors, groups=[face.photograph for face in test])
        out, words = _standing(about.get("faces_seen"))
        line = f"{errors.mean():6.2f} % ({low:.2f} to {high:.2f})  {name}: {words}"
        rows.append((out, float(errors.mean()), line))
    head = f"NME, per cent of the inter-ocular distance, {len(test):,} faces (95 % interval):"
    places = enumerate(sorted(rows), 1)
    return "\n".join([head, *(f"{'-' if out else n:>3} {line}" for n, (out, _, line) in places)])


def _standing(seen: Any) -> tuple[bool, str]:
    """Whether a checkpoint gets no place for the faces that it has seen, and what is said of it."""
    if not isinstance(seen, int):
        return True, "budget unknown"
    if seen > BUDGET:
        return True, f"{seen:,} faces seen, OVER THE BUDGET of {BUDGET:,}"
    return False, f"{seen:,} faces seen"


@one_sentence()
def main(
    arguments: Sequence[str] | None = None,
    own: dict[str, int] = OWN,
    secret: dict[str, int] = SECRET,
) -> None:
    """Makes a student's faces, or scores checkpoints."""
    parser = parser_of("challenge", __doc__)
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--seed", dest="whose", metavar="N", type=int, help="a student's number")
    whose.add_argument("--secret", dest="whose", metavar="TEXT", help="the teacher's; never shown")
    parser.add_argument("--checkpoint", nargs="+", default=[], metavar="FILE")
    args = parser.parse_args(arguments)
    if isinstance(args.whose, str) and not (args.whose and args.checkpoint):
        parser.error("--secret needs a text, and --checkpoint the files to rank")
    checkpoints = [(path, *load_checkpoint(path)) for path in args.checkpoint]
    folder = challenge_folder(args.whose, **(secret if isinstance(args.whose, str) else own))
    train, test = (read_faces(label_file(folder, part)) for part in ("train", "test"))
    epochs = BUDGET // len(split_by_photograph(train)[0])
    told = RULES.format(folder=folder, epochs=epochs, budget=BUDGET, seed=args.whose)
    print(ranking(checkpoints, train, test) if checkpoints else told)


if __name__ == "__main__":
    main()
