"""Trains a network from a shell: `python -m helpers.train --faces demo --epochs 20 --out FILE`."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.annotations import Face
from helpers.checkpoint import NETWORKS, load_checkpoint, save_checkpoint
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset, load_faces
from helpers.guess_scheme import doubtful_partners, points_of, scheme_for
from helpers.landmarks import IBUG, Scheme, load_scheme, mean_of_known
from helpers.metrics import mean_face_nme, nme
from helpers.model import CPU_HAS_BF16, pick_device
from helpers.predict import predict_all
from helpers.shell import natural, one_sentence, parser_of, positive
from helpers.train.loop import History
from helpers.train.recipe import Recipe


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, scores and saves a network; `python -m helpers.train --help` lists the options."""
    args = _parser().parse_args(arguments)
    if Path(args.out).is_dir():
        raise ValueError(f"--out must be a file: {args.out} is a folder.")
    if args.start and Path(args.start).resolve() == Path(args.out).resolve():
        raise ValueError(f"{args.out}: is --start and --out; an interrupt would lose the start.")
    if (folder := Path(args.out).absolute().parent).is_dir() and not os.access(folder, os.W_OK):
        raise ValueError(f"{args.out}: could not be written (its folder may not be written to).")
    if not 0 <= args.average < 1:
        raise ValueError(f"--average must be at least 0 and below 1, not {args.average}.")
    names = args.faces or ["demo"]
    if "" in names:
        raise ValueError("--faces must be demo, ibug or a path, not nothing.")
    lists = {name: load_faces("train", name) for name in names}
    test = load_faces("test", args.test or names[0])
    scheme = _scheme(args.scheme, lists[names[0]])
    lists = {name: points_of(scheme, faces) for name, faces in lists.items()}
    train, test = [lists[name] for name in names], points_of(scheme, test)
    if wrong := doubtful_partners(scheme, [face.landmarks for face in train[0]]):
        print(f"Look at the scheme's mirror partners: those of {', '.join(wrong[:5])} do not fit.")
    before = _defaults(args)
    about = {"faces": before.get("faces", []) + [Path(name).name for name in names]}
    about |= {"mirror": args.mirror} | ({"terms": args.terms} if args.terms else {})
    _train(args, train, scheme, about)
    _complete(args, before)
    _score(args, train[0], test)


def _parser() -> argparse.ArgumentParser:
    """The options that a shell may give."""
    parser = parser_of("train", __doc__)
    parser.add_argument("--faces", action="append", help="demo, ibug or a path; may be repeated")
    parser.add_argument("--test", help="whose test list is scored; by default the first --faces")
    parser.add_argument("--out", required=True, help="the checkpoint to write")
    parser.add_argument("--epochs", type=positive, required=True)
    parser.add_argument(
        "--scheme",
        help="which points the faces have: a TOML file, or 68, 51, 5; by default a guess",
    )
    parser.add_argument("--network", choices=NETWORKS, help="by default --start's, or LandmarkNet")
    parser.add_argument("--size", type=positive, help="pixels of the canvas")
    parser.add_argument("--width", type=positive, help="of the first stage")
    parser.add_argument(
        "--bf16",
        action="store_true",
        help="multiply 16-bit numbers (bfloat16), twice as fast on a GPU or a CPU that does so "
        "itself; on others it is left out",
    )
    parser.add_argument("--batch-size", type=positive, default=Recipe.batch_size)
    parser.add_argument("--lr", type=float, default=Recipe.lr)
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument(
        "--average",
        type=float,
        default=Recipe.average,
        help="share that a moving average of the weights (EMA) keeps at each step, such as 0.999",
    )
    parser.add_argument("--start", help="a checkpoint to go on from, perhaps for other points")
    parser.add_argument(
        "--keep-last",
        action="store_true",
        help="keep the last epoch, not the best: where --start has learned from the validation "
        "faces, which are another tenth for another --seed",
    )
    parser.add_argument("--half", action="store_true", help="store 16-bit weights")
    parser.add_argument("--mirror", action="store_true", help="predict with the mirror image, too")
    parser.add_argument("--terms", help="what the weights may be used for, said on loading")
    return parser


def _defaults(args: argparse.Namespace) -> dict[str, Any]:
    """What the checkpoint of --start says; the network's kind and shape are its own by default."""
    model, about = load_checkpoint(args.start) if args.start else (None, {})
    args.network = args.network or (type(model).__name__ if model else Recipe.network)
    args.width = args.width or (model.width if model else Recipe.width)
    args.size = args.size or (model.size if model else Recipe.size)
    return about


def _scheme(name: str | None, faces: list[Face]) -> Scheme:
    """The scheme of --scheme, or that of the faces, which is printed where it is not the 68."""
    if name:
        return load_scheme(name)
    scheme = scheme_for(faces)
    if scheme != IBUG:
        pairs = ", ".join(
            f"{scheme.points[i]} - {scheme.points[j]}" for i, j in enumerate(scheme.mirror) if i < j
        )
        print(f"Scheme {scheme.name}: {len(scheme)} points; mirror partners {pairs or 'none'};")
        print(
            f"errors in {scheme.measure}. `python -m helpers.guess_scheme` writes it, to be mended."
        )
    return scheme


def _train(
    args: argparse.Namespace, lists: Sequence[list[Face]], scheme: Scheme, about: dict[str, Any]
) -> None:
    """Trains as the options say, on the first list of faces and more; the weights are at --out.

    about: what the weights learned from and what they may be used for. It is said from the first
    epoch on, so that a training that is stopped leaves no file that lacks it.
    """
    bf16 = args.bf16 and (CPU_HAS_BF16 or pick_device().type != "cpu")
    if args.bf16 and not bf16:
        print("--bf16 is left out: this processor would take ten times as long with it.")
    recipe = Recipe(
        args.network,
        args.width,
        args.size,
        average=args.average,
        lr=args.lr,
        batch_size=args.batch_size,
    )
    recipe.train(
        lists[0],
        args.epochs,
        args.out,
        more=lists[1:],
        seed=args.seed,
        start=args.start,
        scheme=scheme,
        about=about,
        bf16=bf16,
        keep_last=args.keep_last,
        on_epoch=_print_epoch,
    )


def _complete(args: argparse.Namespace, before: dict[str, Any]) -> None:
    """Adds the faces that --start had seen to the checkpoint at --out, stored as --half says.

    before: what the checkpoint of --start says.
    """
    model, about = load_checkpoint(args.out)
    about["faces_seen"] += before.get("faces_seen", 0)
    save_checkpoint(model, args.out, about, half=args.half)


def _score(args: argparse.Namespace, train: list[Face], test: list[Face]) -> None:
    """Measures the stored checkpoint on the test list, prints its NME and adds it to the file."""
    model, about = load_checkpoint(args.out)
    predicted, truth = predict_all(
        model, FaceLandmarksDataset(test, args.size, about.get("margin", MARGIN))
    )
    scheme = model.scheme
    errors = nme(predicted, truth, scheme=scheme)
    test_nme, mean_nme = float(mean_of_known(errors, 0)), mean_face_nme(train, test, scheme)
    about |= {"test_nme": test_nme, "mean_face_nme": mean_nme}
    save_checkpoint(model, args.out, about, half=args.half)
    print(f"Test NME {test_nme:.2f} %, mean face {mean_nme:.2f} % (of {scheme.unit}).")
    if left_out := int(np.isnan(errors).sum()):
        print(f"{left_out} of {len(errors)} test faces lack a point that errors are divided by.")


def _print_epoch(history: History) -> None:
    """Prints the last epoch in one line."""
    line = ", ".join(f"{name} {value:.5g}" for name, value in history[-1].items())
    print(f"epoch {len(history)}: {line}", flush=True)


if __name__ == "__main__":
    main()
