"""Trains a network from a shell: `python -m helpers.train --faces demo --epochs 20 --out FILE`."""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import ConcatDataset, Subset

from helpers.checkpoint import NETWORKS, load_checkpoint, save_checkpoint
from helpers.dataset import FaceLandmarksDataset, load_faces, split_by_photograph
from helpers.heatmap import heatmap_loss
from helpers.metrics import nme
from helpers.predict import predict_all
from helpers.train import fit


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
    parser.add_argument("--network", choices=NETWORKS, default="LandmarkNet")
    parser.add_argument("--size", type=int, default=112, help="side of the canvas, pixels")
    parser.add_argument("--width", type=int, default=64, help="channels of the first stage")
    parser.add_argument("--bf16", action="store_true", help="16-bit numbers, for CPUs with AMX")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=0)
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
    train_parts, val_parts, starts = [], [], []
    for name in names:
        faces = load_faces("train", name)
        dataset = FaceLandmarksDataset(faces, args.size)
        train, validation = split_by_photograph(faces, args.seed)
        train_parts.append(Subset(dataset, train))
        val_parts.append(Subset(dataset, validation))
        starts.append(dataset.mean_face(train))
    # One data set hands a loader whole batches; several joined ones, face after face.
    train_set, val_set = (
        parts[0] if len(parts) == 1 else ConcatDataset(parts) for parts in (train_parts, val_parts)
    )
    test_set = FaceLandmarksDataset(load_faces("test", args.test or names[0]), args.size)
    torch.manual_seed(args.seed)
    model = NETWORKS[args.network](args.width, args.size)
    loss_function = heatmap_loss
    if args.network == "LandmarkNet":
        model.start_at(starts[0])
        loss_function = nn.functional.mse_loss
    fit(model, train_set, val_set, args.epochs, args.out, batch_size=args.batch_size, lr=args.lr,
        seed=args.seed, loss_function=loss_function, bf16=args.bf16,
        on_epoch=_print_epoch)  # fmt: skip
    model, about = load_checkpoint(args.out)
    predicted, truth = predict_all(model, test_set)
    errors = nme(predicted, truth)
    test_nme = float(errors.mean())
    mean_nme = float(nme(np.broadcast_to(starts[0], truth.shape), truth).mean())
    about |= {"faces": [Path(name).name for name in names]}
    about |= {"test_nme": test_nme, "mean_face_nme": mean_nme}
    about |= {"test_errors": errors[:8].tolist(), "mirror": args.mirror}
    about |= {"terms": args.terms} if args.terms else {}
    save_checkpoint(model, args.out, half=args.half, **about)
    print(f"Test NME {test_nme:.2f} %, mean face {mean_nme:.2f} % (of inter-ocular distance).")


def _print_epoch(history):
    """The last epoch in one line."""
    line = ", ".join(f"{name} {value:.5g}" for name, value in history[-1].items())
    print(f"epoch {len(history)}: {line}", flush=True)
