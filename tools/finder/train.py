"""The training of the face finder: its loss and its loop."""

import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from helpers.detect import STRIDE, UNIT, FaceFinder
from helpers.storage import whole_file


def finder_loss(maps, targets):
    """What the maps [B, 6, h, w] lack against targets [B, 8, h, w] of `scenes.targets_of`.

    A scalar for each of: heat, place, size, angle; the first three are summed over cells and
    divided by the number of faces. The heat's is the focal loss of CornerNet and CenterNet (Law
    and Deng 2018, arXiv 1808.01244): sure cells count little, and a cell beside a centre little
    when it claims to be one.
    """
    maps = maps.float()
    heat, counts, near = targets[:, 0], targets[:, 1], targets[:, 2]
    logit = maps[:, 0].clamp(-12, 12)
    chance = logit.sigmoid()
    faces = near.sum().clamp(min=1)
    hit = -functional.logsigmoid(logit) * (1 - chance) ** 2 * (heat == 1)
    empty = -functional.logsigmoid(-logit) * chance**2 * (1 - heat) ** 4 * (heat < 1) * counts
    off = (maps[:, 1:4] - targets[:, 3:6]).abs()
    half = (targets[:, 5].exp() * UNIT / STRIDE / 2).clamp(min=1)  # of a face, in cells
    turn = functional.normalize(maps[:, 4:6], dim=1)
    wrong = 1 - (turn * targets[:, 6:8]).sum(1)
    return (
        (hit + empty).sum() / faces,
        (off[:, :2].sum(1) / half * near).sum() / faces,
        (off[:, 2] * near).sum() / faces,
        (wrong * near).sum() / faces,
    )


SHARES = (1.0, 1.0, 1.0, 0.5)  # of heat, place, size and angle in what is learned from


def rate(step, steps, highest):
    """The learning rate of a step: up for a twentieth of the training, then down as a cosine."""
    warm = 0.05 * steps
    if step < warm:
        return highest * (step + 1) / warm
    return highest * (0.01 + 0.99 * (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2)


def save_weights(path, averaged):
    """The averaged network in half precision: one file, a dictionary of tensors."""
    weights = averaged.module.state_dict()
    kept = {k: v.half() for k, v in weights.items() if "num_batches" not in k}
    with whole_file(path) as partial, open(partial, "wb") as file:
        torch.save(kept, file)


def train(data, out, steps=12_000, batch=32, highest=3e-3, seed=0, workers=2, log=100, start=None):
    """Trains for so many steps and writes the weights; goes on from `out`.state if it is there.

    data: takes the number of the first scene, gives an iterable dataset from there on. start:
    weights to begin with, by default random ones.
    """
    torch.manual_seed(seed)
    finder = FaceFinder()
    if start:
        saved = torch.load(start, weights_only=True)
        finder.load_state_dict({k: v.float() for k, v in saved.items()}, strict=False)
    finder = finder.to(memory_format=torch.channels_last)
    averaged = AveragedModel(finder, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True)
    decayed = [p for p in finder.parameters() if p.ndim > 1]
    rest = [p for p in finder.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0.0}], highest
    )
    parts = {"finder": finder, "averaged": averaged, "optimizer": optimizer}
    state, first = Path(f"{out}.state"), 0
    if state.exists():
        saved = torch.load(state, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        first = saved["step"]
        print(f"Going on from step {first}.", flush=True)
    loader = DataLoader(data(first * batch // 3), batch, num_workers=workers)
    sums, since = np.zeros(4), time.time()
    for step, (images, targets) in enumerate(loader, first):
        if step >= steps:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, highest)
        images = (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            maps = finder(images)
        losses = finder_loss(maps, targets)
        optimizer.zero_grad()
        sum(share * loss for share, loss in zip(SHARES, losses, strict=True)).backward()
        torch.nn.utils.clip_grad_norm_(finder.parameters(), 5.0)
        optimizer.step()
        if step < 1000:  # the average starts late, or it would remember what was random
            averaged.module.load_state_dict(finder.state_dict())
        averaged.update_parameters(finder)
        sums += [loss.item() for loss in losses]
        if (step + 1) % log == 0:
            heat, place, size, angle = sums / log
            print(
                f"step {step + 1:6d}  heat {heat:.3f}  place {place:.3f}  size {size:.3f}"
                f"  angle {angle:.3f}  {(time.time() - since) / log:.3f} s a step",
                flush=True,
            )
            sums, since = np.zeros(4), time.time()
        if (step + 1) % 500 == 0 or step + 1 == steps:
            save_weights(out, averaged)
            saved = {name: part.state_dict() for name, part in parts.items()}
            with whole_file(state) as partial, open(partial, "wb") as file:
                torch.save(saved | {"step": step + 1}, file)
