"""Losses of a direct regression: what each makes of a point that is far off, or nearly right.

All take outputs and targets [B, 2 k], x and y in turn, each as x / size - 0.5, and return a scalar.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

PER_CENT = 100  # wing and soft wing count in per cent of the canvas

# loss(network.outputs(images), targets [B, 2 k]) -> scalar
Loss = Callable[[Any, torch.Tensor], torch.Tensor]


def wing(
    outputs: torch.Tensor, targets: torch.Tensor, width: float = 10.0, curve: float = 2.0
) -> torch.Tensor:
    """Wing loss: a logarithm up to `width` per cent of the canvas, a straight line beyond.

    Near zero its slope is width / curve, so that small errors count for more than under L1 (Feng
    et al. 2018, "Wing Loss for Robust Facial Landmark Localisation", arXiv 1711.06753).
    """
    off = PER_CENT * (outputs - targets).abs()
    log = width * torch.log1p(off / curve)
    line = off - width + width * math.log1p(width / curve)
    return torch.where(off < width, log, line).mean()


def soft_wing(
    outputs: torch.Tensor,
    targets: torch.Tensor,
    inner: float = 2.0,
    width: float = 20.0,
    curve: float = 0.5,
) -> torch.Tensor:
    """Soft wing loss: a straight line up to `inner` per cent of the canvas, a logarithm beyond.

    Neither the last tenth of a pixel nor a point that is far off rules the sum (Lin et al. 2021,
    "Structure-Coherent Deep Feature Learning for Robust Face Alignment").
    """
    off = PER_CENT * (outputs - targets).abs()
    log = width * torch.log1p(off / curve) + inner - width * math.log1p(inner / curve)
    return torch.where(off < inner, off, log).mean()


def of_known_points(loss: Loss, outputs: Any, targets: torch.Tensor) -> torch.Tensor:
    """The loss of the points whose targets are known; those of missing points are NaN.

    Where any is missing, the known points of all faces are handed to the loss as one face:
    [1, 2 m], and maps [1, m, h, w].
    """
    known = ~targets.isnan().unflatten(1, (-1, 2)).any(2)
    if known.all():
        return loss(outputs, targets)

    def picked(values: torch.Tensor) -> torch.Tensor:
        return values.unflatten(1, (-1, 2))[known].reshape(1, -1)

    if isinstance(outputs, tuple):
        points, maps = outputs
        return loss((picked(points), maps[known][None]), picked(targets))
    return loss(picked(outputs), picked(targets))


LOSSES: dict[str, Loss] = {
    "MSE": functional.mse_loss,
    "L1": functional.l1_loss,
    "Wing": wing,
    "SoftWing": soft_wing,
}
