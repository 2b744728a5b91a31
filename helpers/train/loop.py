"""The loop: progress, validation, the best checkpoint kept, an interrupt that loses nothing."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from helpers.augment import Augment
from helpers.checkpoint import plain, save_checkpoint
from helpers.dataset import Crop, Crops, check_size
from helpers.metrics import nme
from helpers.model import Network, pick_device, to_pixels, to_target
from helpers.predict import middle_crops
from helpers.train.losses import Loss, of_known_points
from helpers.train.resume import (
    History,
    Progress,
    deferred_interrupt,
    generator,
    load_state,
    save_state,
)


def fit(
    model: Network,
    train_set: Crops,
    val_set: Crops,
    epochs: int,
    out: str | Path,
    *,
    batch_size: int = 64,
    lr: float = 1e-3,
    seed: int = 0,
    augment: Augment | None = None,
    loss_function: Loss = nn.functional.mse_loss,
    device: str | torch.device | None = None,
    bf16: bool = False,
    average: float = 0.0,
    keep_last: bool = False,
    on_epoch: Callable[[History], None] | None = None,
    about: dict[str, Any] | None = None,
) -> History:
    """Trains a network; the weights of the epoch with the lowest validation NME are at `out`.

    Returns the history, a list with one dictionary for each epoch: train_loss (of augmented faces,
    while the weights change) and val_loss (of untouched ones, after it), both of `loss_function`;
    val_nme (per cent of the inter-ocular distance, or of what the scheme divides by), and best, the
    lowest of these so far.

    train_set, val_set: as `FaceLandmarksDataset`. lr: the highest learning rate. augment: by
    default `Augment(model.size)` with the mirror partners of the network's scheme.
    loss_function(model.outputs(images), targets [B, 2 k]) -> scalar; what is missing of a face is
    kept from it (`of_known_points`).
    bf16: multiplies 16-bit numbers, which CPUs with AVX512-BF16 or AMX do twice as fast, and others
    very slowly. average: validates and keeps not the weights of the last step but their exponential
    moving average (EMA; Polyak and Juditsky 1992), in which each step keeps this share of the
    average so far, such as 0.999. keep_last: the weights at `out` are the last epoch's, whatever
    validation says: for a network that has learned from the validation faces before, which would
    praise the epoch that has moved the least. on_epoch(history) is called after each epoch, to draw
    curves.
    about: what else the checkpoint is to say, as for `save_checkpoint`; `faces_seen` and `history`
    are added.

    An interrupt (Ctrl-C, the notebook's stop button) ends the step at hand, writes everything to
    `out` + ".resume" and raises KeyboardInterrupt; the same call made again goes on from there
    and comes to the same figures (`helpers.train.resume` says why). The file is also written after
    each epoch, and removed at the end.

    Raises ValueError where there are too few faces, their crops are for networks of another size,
    a setting is impossible, `about` cannot be stored, or the loss is not finite any more.
    """
    _check_settings(epochs, batch_size, lr, len(train_set), len(val_set))
    if len(train_set) < batch_size:
        batch_size = len(train_set)
        print(f"A batch has {batch_size} faces: there are no more to learn from.")
    said = plain(about or {})  # what cannot be stored is told now, not after an epoch
    device = torch.device(device) if device else pick_device()
    mixed = bf16 or device.type == "cuda"
    precision = torch.bfloat16 if bf16 else torch.float16
    print(f"Training on {device}{' with mixed precision' if mixed else ''}.")
    model.to(device).to(memory_format=torch.channels_last)
    augment = augment or Augment(model.size, partners=model.scheme.mirror)
    steps = epochs * (len(train_set) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = one_cycle(optimizer, lr, steps)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed and not bf16)
    ema = _moving_average(model, average) if average else None
    kept = cast(Network, ema.module) if ema else model  # what is validated and saved
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule, "scaler": scaler}
    parts |= {"average": ema} if ema else {}
    # What must be equal for an interrupted training to be continued.
    plan = [
        *(epochs, batch_size, lr, seed, len(train_set), len(val_set), model.width, model.size),
        *(augment.ranges, augment.flip, augment.partners, bf16, average, said),
        list(model.scheme.points),
        *(getattr(loss_function, "__name__", ""), *_first_sums(train_set, val_set)),
    ]
    resume = Path(f"{out}.resume")
    progress = load_state(resume, plan, parts, device)
    with deferred_interrupt() as asked:
        while progress.epoch < epochs:
            model.train()
            augment.train()
            batches = _batches(train_set, batch_size, seed, progress)
            for images, landmarks in tqdm(batches, f"Epoch {progress.epoch + 1}", leave=False):
                check_size(images, model.size)
                numbers = generator(seed, progress.epoch, progress.step + 1)
                images, landmarks = augment(images.to(device), landmarks.to(device), numbers)
                with torch.autocast(device.type, precision, enabled=mixed):
                    targets = to_target(landmarks, model.size)
                    loss = of_known_points(loss_function, model.outputs(images), targets)
                value = loss.item()
                _check_finite(value, progress.epoch + 1, progress.step + 1, lr)
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                schedule.step()
                if ema:
                    ema.update_parameters(model)
                progress.end_step(value, len(images))
                if asked:
                    save_state(resume, plan, parts, progress)
                    raise KeyboardInterrupt(f"Stopped; the same call goes on from {resume}.")
            val_loss, val_nme = validate(kept, val_set, loss_function)
            _check_finite(val_loss, progress.epoch + 1, progress.step, lr)
            progress.end_epoch(val_loss, val_nme)
            if keep_last or val_nme <= progress.history[-1]["best"]:
                so_far = {"faces_seen": progress.seen, "history": progress.history}
                save_checkpoint(kept, out, said | so_far)
            save_state(resume, plan, parts, progress)
            if on_epoch:
                on_epoch(progress.history)
        resume.unlink(missing_ok=True)
        if asked:
            raise KeyboardInterrupt(f"Stopped after the last step; the weights are in {out}.")
    return progress.history


def one_cycle(optimizer: torch.optim.Optimizer, lr: float, steps: int) -> OneCycleLR:
    """The learning rate of each of so many steps: up to `lr` in a fifth of them, then down to 0.

    As "1cycle" of Smith and Topin 2018 (arXiv 1708.07120).
    """
    # A fifth of 5 steps ends at step 0, which OneCycleLR divides by.
    return OneCycleLR(optimizer, lr, steps, pct_start=0.4 if steps == 5 else 0.2)


@torch.no_grad()
def validate(model: Network, val_set: Crops, loss_function: Loss) -> tuple[float, float]:
    """The mean loss and the mean NME (per cent of what the scheme divides by) of untouched faces.

    (nan, nan) or (inf, inf) where the network's answers are not finite numbers any more. Faces
    whose normaliser's points are missing have a part in the loss alone. Raises ValueError where
    that is so of all.
    """
    losses, errors = [], []
    for images, landmarks in middle_crops(model, val_set):
        outputs = model.outputs(images)
        loss = of_known_points(loss_function, outputs, to_target(landmarks, model.size)).item()
        if not math.isfinite(loss):
            return loss, loss
        points = outputs[0] if isinstance(outputs, tuple) else outputs
        predicted = to_pixels(points, model.size).cpu()
        errors.append(nme(predicted, landmarks.cpu(), scheme=model.scheme))
        losses.append((loss, len(images)))
    count = sum(size for _, size in losses)
    known = sum(int((~np.isnan(error)).sum()) for error in errors)
    if not known:
        raise ValueError(
            f"No face of the validation part has the points that errors are divided by: the "
            f"{model.scheme.unit} of the scheme {model.scheme.name!r}. Name two points there that "
            "more faces have (normaliser)."
        )
    mean_error = float(sum(np.nansum(error) for error in errors) / known)
    return sum(loss * size for loss, size in losses) / count, mean_error


def _batches(dataset: Crops, batch_size: int, seed: int, progress: Progress) -> DataLoader[Crop]:
    """The batches of an epoch that are still to come, in the order of its seed; all are full."""
    steps = len(dataset) // batch_size
    order = torch.randperm(len(dataset), generator=generator(seed, progress.epoch))
    batches = order[: steps * batch_size].view(steps, batch_size)
    return DataLoader(dataset, batch_sampler=batches[progress.step :].tolist())


def _moving_average(model: Network, share: float) -> AveragedModel:
    """A copy of the network for the EMA of its weights, which keeps `share` at each update."""
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(share), use_buffers=True)


def _check_settings(epochs: int, batch_size: int, lr: float, train: int, val: int) -> None:
    """Raises ValueError for an impossible setting or too few faces, and names it."""
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}.")
    if not lr > 0:
        raise ValueError(f"lr, the learning rate, must be above 0, not {lr}.")
    if train < 2 or val < 1:
        counts = f"{train} training and {val} validation faces"
        raise ValueError(f"{counts} are too few: a batch has at least 2, validation at least 1.")


def _check_finite(loss: float, epoch: int, step: int, lr: float) -> None:
    """Raises ValueError that says what to do about a loss that is not a finite number any more."""
    if not math.isfinite(loss):
        became = "NaN" if math.isnan(loss) else "infinite"
        where = f"epoch {epoch}, step {step}"
        raise ValueError(f"the loss became {became} in {where}: lower the rate (lr is {lr:g}).")


def _first_sums(*sets: Crops) -> list[float]:
    """A number from the first face of each data set, which tells it from others."""
    return [float(faces[0][1].nansum()) for faces in sets]
