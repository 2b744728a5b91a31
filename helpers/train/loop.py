"""The loop: progress, validation, the best checkpoint kept, an interrupt that loses nothing.

`python -m helpers.train --faces demo --epochs 20 --out FILE` runs it from a shell (`train_cli`).
"""

from pathlib import Path

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from helpers.augment import Augment
from helpers.checkpoint import save_checkpoint
from helpers.metrics import nme
from helpers.model import pick_device, to_target
from helpers.predict import predict_all
from helpers.resume import deferred_interrupt, load_state, save_state


def fit(model, train_set, val_set, epochs, out, *, batch_size=64, lr=1e-3, seed=0, augment=None,
        loss_function=nn.functional.mse_loss, device=None, bf16=False, average=0.0,
        on_epoch=None, **about):  # fmt: skip
    """Trains a network; the weights with the lowest validation NME are at `out`.

    Returns the history, a list with one dictionary for each epoch: train_loss, val_loss,
    val_nme (per cent of the inter-ocular distance), and best so far. on_epoch(history) is called
    after each epoch, to draw curves. bf16: multiplies 16-bit numbers, which CPUs with AVX512-BF16
    or AMX do twice as fast, and others very slowly. average: validates and keeps not the weights
    of the last step but their running mean, in which each step keeps this share of the mean so
    far, such as 0.999 (Polyak and Juditsky 1992). `about` goes into the checkpoint, as does
    `faces_seen`.

    An interrupt (Ctrl-C, the notebook's stop button) ends the step at hand, writes everything to
    `out` + ".resume" and raises KeyboardInterrupt; the same call made again goes on from there
    and comes to the same figures, since all that is random follows from the seed, the epoch and
    the step. The file is also written after each epoch, and removed at the end.
    """
    device = torch.device(device) if device else pick_device()
    mixed = bf16 or device.type == "cuda"
    precision = torch.bfloat16 if bf16 else torch.float16
    print(f"Training on {device}{' with mixed precision' if mixed else ''}.")
    model.to(device, memory_format=torch.channels_last)
    augment = augment or Augment(model.size)
    steps = len(train_set) // batch_size
    if not steps or not len(val_set):
        counts = f"{len(train_set)} training and {len(val_set)} validation faces"
        raise ValueError(f"{counts} are too few: a batch has {batch_size}, validation at least 1.")
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs * steps, pct_start=0.2)
    scaler = torch.amp.GradScaler(device.type, enabled=mixed and not bf16)
    state = {"epoch": 0, "step": 0, "loss": 0.0, "seen": 0, "history": []}
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule, "scaler": scaler}
    if average:
        parts["average"] = AveragedModel(
            model, multi_avg_fn=get_ema_multi_avg_fn(average), use_buffers=True
        )
    kept = parts["average"].module if average else model
    plan = [epochs, batch_size, lr, seed, len(train_set), len(val_set), model.width, model.size,
            augment.ranges, augment.flip, augment.partners, bf16, average, about,
            getattr(loss_function, "__name__", ""), *_first_sums(train_set, val_set)]  # fmt: skip
    resume = Path(f"{out}.resume")
    load_state(resume, plan, parts, state, device)
    with deferred_interrupt() as asked:
        while state["epoch"] < epochs:
            order = torch.randperm(len(train_set), generator=_generator(seed, state["epoch"]))
            batches = order[: steps * batch_size].view(steps, batch_size)[state["step"] :]
            loader = DataLoader(train_set, batch_sampler=batches.tolist())
            model.train()
            augment.train()
            for images, landmarks in tqdm(loader, f"Epoch {state['epoch'] + 1}", leave=False):
                numbers = _generator(seed, state["epoch"], state["step"] + 1)
                images, landmarks = augment(images.to(device), landmarks.to(device), numbers)
                with torch.autocast(device.type, precision, enabled=mixed):
                    loss = loss_function(model(images), to_target(landmarks, model.size))
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                schedule.step()
                if average:
                    parts["average"].update_parameters(model)
                state["loss"] += loss.detach().item()
                state["step"] += 1
                state["seen"] += len(images)
                if asked:
                    save_state(resume, plan, parts, state)
                    raise KeyboardInterrupt(f"Stopped; the same call goes on from {resume}.")
            _validate(kept, val_set, state, out, about)
            save_state(resume, plan, parts, state)
            if on_epoch:
                on_epoch(state["history"])
        resume.unlink(missing_ok=True)
        if asked:
            raise KeyboardInterrupt(f"Stopped after the last step; the weights are in {out}.")
    return state["history"]


def _validate(model, val_set, state, out, about):
    """Ends an epoch: adds its line to the history, and keeps the weights if they are the best."""
    predicted, truth = predict_all(model, val_set)
    error = float(nme(predicted, truth).mean())
    best = min([error] + [line["val_nme"] for line in state["history"]])
    state["history"].append({
        "train_loss": state["loss"] / state["step"],
        "val_loss": float(((predicted - truth) ** 2).mean() / model.size**2),
        "val_nme": error,
        "best": best,
    })  # fmt: skip
    state.update(epoch=state["epoch"] + 1, step=0, loss=0.0)
    if error <= best:
        save_checkpoint(model, out, **about, faces_seen=state["seen"], history=state["history"])


def _first_sums(*sets):
    """A number from the first face of each data set, by which others are told apart."""
    return [float(faces[0][1].sum()) for faces in sets]


def _generator(*seeds):
    """Random numbers that follow from the given whole numbers alone."""
    mixed = 0
    for seed in seeds:
        mixed = (mixed * 1_000_003 + seed) % 2**63
    return torch.Generator().manual_seed(mixed)


if __name__ == "__main__":
    from helpers.train_cli import main

    main()
