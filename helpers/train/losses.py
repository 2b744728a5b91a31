"""Losses of a direct regression: what each makes of a point that is far off, or nearly right.

All take outputs and targets [B, 136], x and y in turn, each as x / size - 0.5, and return a scalar.
"""

import math

import torch
from torch.nn import functional

PER_CENT = 100  # wing and soft wing count in per cent of the canvas


def wing(outputs, targets, width=10.0, curve=2.0):
    """Wing loss: a logarithm up to `width` per cent of the canvas, a straight line beyond.

    Near zero its slope is width / curve, so that small errors count for more than under L1 (Feng
    et al. 2018, "Wing Loss for Robust Facial Landmark Localisation", arXiv 1711.06753).
    """
    off = PER_CENT * (outputs - targets).abs()
    log = width * torch.log1p(off / curve)
    line = off - width + width * math.log1p(width / curve)
    return torch.where(off < width, log, line).mean()


def soft_wing(outputs, targets, inner=2.0, width=20.0, curve=0.5):
    """Soft wing loss: a straight line up to `inner` per cent of the canvas, a logarithm beyond.

    Neither the last tenth of a pixel nor a point that is far off rules the sum (Lin et al. 2021,
    "Structure-Coherent Deep Feature Learning for Robust Face Alignment").
    """
    off = PER_CENT * (outputs - targets).abs()
    log = width * torch.log1p(off / curve) + inner - width * math.log1p(inner / curve)
    return torch.where(off < inner, off, log).mean()


LOSSES = {
    "MSE": functional.mse_loss,
    "L1": functional.l1_loss,
    "Wing": wing,
    "SoftWing": soft_wing,
}
