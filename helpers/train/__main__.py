"""Trains a network from a shell: `python -m helpers.train --faces demo --epochs 20 --out FILE`."""

import argparse
from pathlib import Path

import numpy as np

from helpers.checkpoint import NETWORKS, load_checkpoint, save_checkpoint
from helpers.dataset import FaceLandmarksDataset, load_faces
from helpers.metrics import nme
from helpers.model import CPU_HAS_BF16, pick_device
from helpers.predict import predict_all
from helpers.recipe import Recipe


def main(arguments=None):
    """Trains from a shell; `python -m helpers.train --help` says with what."""
    try:
        _run(_parser().parse_args(arguments))
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None


def _parser():
    """What may be said in a shell."""
    parser = argparse.ArgumentParser("python -m helpers.train", description=__doc__.splitlines()[0])
    parser.add_argument("--faces", action="append", help="demo, ibug or a path; may be repeated")
    parser.add_argument("--test", help="whose test list is scored; by default the first --faces")
    parser.add_argument("--out", required=True, help="the checkpoint to write")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--network", choices=NETWORKS, default=Recipe.network)
    parser.add_argument("--size", type=int, default=Recipe.size, help="side of the canvas, pixels")
    parser.add_argument("--width", type=int, default=Recipe.width, help="first stage's channels")
    parser.add_argument("--bf16", action="store_true", help="16-bit numbers, on a GPU or a CPU that"
                        " multiplies them itself; on others it is left out")  # fmt: skip
    parser.add_argument("--batch-size", type=int, default=Recipe.batch_size)
    parser.add_argument("--lr", type=float, default=Recipe.lr)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--average", type=float, default=Recipe.average, help="share that a running"
                        " mean of the weights keeps at each step, such as 0.999")  # fmt: skip
    parser.add_argument("--start", help="a checkpoint of the same network to go on from")
    parser.add_argument("--half", action="store_true", help="store 16-bit weights")
    parser.add_argument("--mirror", action="store_true", help="predict with the mirror image, too")
    parser.add_argument("--terms", help="what the weights may be used for, said on loading")
    return parser


def _run(args):
    """Trains, scores and saves as the shell said."""
    if Path(args.out).is_dir():
        raise ValueError(f"--out must be a file: {args.out} is a folder.")
    if args.epochs < 1:
        raise ValueError(f"--epochs must be at least 1, not {args.epochs}.")
    names = args.faces or ["demo"]
    lists = {name: load_faces("train", name) for name in names}
    faces, *more = (lists[name] for name in names)
    test = load_faces("test", args.test or names[0])
    bf16 = args.bf16 and (CPU_HAS_BF16 or pick_device().type != "cpu")
    if args.bf16 and not bf16:
        print("--bf16 is left out: this processor would take ten times as long with it.")
    recipe = Recipe(args.network, args.width, args.size, average=args.average, lr=args.lr,
                    batch_size=args.batch_size)  # fmt: skip
    before = load_checkpoint(args.start)[1] if args.start else {}
    recipe.train(faces, args.epochs, args.out, more=more, seed=args.seed, start=args.start,
                 bf16=bf16, on_epoch=_print_epoch)  # fmt: skip
    model, about = load_checkpoint(args.out)
    # What the weights were trained on before has a part in them, and its terms hold.
    about |= {"faces": before.get("faces", []) + [Path(name).name for name in names]}
    about |= {"faces_seen": before.get("faces_seen", 0) + about["faces_seen"]}
    if terms := args.terms or before.get("terms"):
        about |= {"terms": terms}
    about |= {"mirror": args.mirror}
    save_checkpoint(model, args.out, half=args.half, **about)
    model, _ = load_checkpoint(args.out)  # the figure is that of the stored numbers
    test_set = FaceLandmarksDataset(test, args.size)
    mean_face = FaceLandmarksDataset(faces, args.size).mean_face()
    predicted, truth = predict_all(model, test_set)
    test_nme = float(nme(predicted, truth).mean())
    mean_nme = float(nme(np.broadcast_to(mean_face, truth.shape), truth).mean())
    about |= {"test_nme": test_nme, "mean_face_nme": mean_nme}
    save_checkpoint(model, args.out, half=args.half, **about)
    print(f"Test NME {test_nme:.2f} %, mean face {mean_nme:.2f} % (of inter-ocular distance).")


def _print_epoch(history):
    """The last epoch in one line."""
    line = ", ".join(f"{name} {value:.5g}" for name, value in history[-1].items())
    print(f"epoch {len(history)}: {line}", flush=True)
