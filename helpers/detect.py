"""Where the faces of a picture are: a small network draws a map of face centres.

A cell of the map says whether the centre of a face is in it, how large that face is and how it is
turned in the plane. A face leaves one peak; what little is left twice, non-maximum suppression
(NMS) removes. Boxes are (left, top, width, height) in pixels, of the kind that dlib's detector
draws, but upright in the head's own frame: centre and side hold, and the angle says how it lies.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from helpers.boxes import box_around as box_around  # for those who know it by this module
from helpers.boxes import nms
from helpers.crop import crop_matrix, invert, move, warp

ASSETS = Path(__file__).parent / "assets"
STRIDE = 8  # pixels of the network's input for each cell of its map
DEEPEST = 32  # pixels for each cell of its last stage
UNIT = 32.0  # pixels: a face of this side has the log size 0
SEEN = 15  # pixels: a face of this side in the network's input is surely found
LARGEST = 1024  # pixels: the longer side of the input is at most this, unless `smallest` asks
COARSER, LOOKS = 4, 3  # the network also sees copies that are 4 and 16 times smaller
# Score of what counts as a face, for the weights of each name: chosen on generated people and
# held-out studio portraits. That of the second is above all that it sees in eighteen pictures
# without people.
SURE = {"finder": 0.5, "finder_research": 0.48}
MOST, AT_ONCE = 2000, 200  # closer looks at a picture, and how many are computed together
CROP, FACE = 96, 44  # pixels: sides of a crop for the closer look, and of the face's box in it
LEAST = 0.8  # of the smallest box that is looked for: what is smaller is more often none
SAME = 0.35  # overlap (IoU) from which on two boxes are of one face


class Found(NamedTuple):
    """The faces of a picture, from left to right.

    boxes: float32 [n, 4]. scores: float32 [n], how sure each is, 0 to 1. angles: float32 [n],
    degrees by which `crop_matrix` has to turn each face clockwise to level its eyes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    angles: np.ndarray


class FaceFinder(nn.Module):
    """Picture to maps: is a face's centre here, and how large and how turned is it?

    forward(images [B, 1, H, W] in -1 to 1, H and W multiples of 32) -> [B, 6, H / 8, W / 8]. The
    channels of a cell: the logit that a face's centre is in it; from the cell's centre to the
    face's, x and y in cells; the logarithm of the box's side over 32 pixels; cosine and sine of
    the angle that levels the face, not normed. A face is a point, so there are no anchor boxes
    (Zhou et al. 2019, "Objects as Points", arXiv 1904.07850).

    Down to a quarter, an eighth, a 16th and a 32nd of the size, where a cell sees some 300
    pixels, and up again to the eighth with what the finer steps saw added (Lin et al. 2017,
    "Feature Pyramid Networks", arXiv 1612.03144).
    """

    sure = 0.5  # score from which on something counts as a face

    def __init__(self, widths: tuple[int, int, int, int] = (24, 40, 72, 96)) -> None:
        super().__init__()
        quarter, eighth, sixteenth, last = widths
        self.quarter = nn.Sequential(step(1, quarter, kernel=7, stride=4), Residual(quarter))
        self.eighth = down(quarter, eighth, residuals=2)
        self.sixteenth = down(eighth, sixteenth, residuals=3)
        self.last = down(sixteenth, last, residuals=2)
        self.laterals = nn.ModuleList(nn.Conv2d(width, eighth, 1) for width in widths[1:])
        self.smooth = step(eighth, eighth)
        self.head = nn.Sequential(step(eighth, eighth), nn.Conv2d(eighth, 6, 1))
        # At first no cell claims a face: else the many empty cells would drown the few others.
        nn.init.constant_(self.head.get_parameter("1.bias")[:1], -4.0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        eighth = self.eighth(self.quarter(images))
        sixteenth = self.sixteenth(eighth)
        levels = eighth, sixteenth, self.last(sixteenth)
        fine, middle, coarse = (
            lateral(seen) for lateral, seen in zip(self.laterals, levels, strict=True)
        )
        joint = self.smooth(middle + functional.interpolate(coarse, scale_factor=2.0))
        return self.head(fine + functional.interpolate(joint, scale_factor=2.0))


class Residual(nn.Module):
    """Adds to features [B, C, H, W] what one more step makes of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.step = step(channels, channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.step(features)


def step(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU: [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def down(inputs: int, outputs: int, residuals: int) -> nn.Sequential:
    """A step to half the size, and residual steps there."""
    return nn.Sequential(
        step(inputs, outputs, stride=2), *(Residual(outputs) for _ in range(residuals))
    )


@cache
def load_finder(name: str = "finder", device: str = "cpu") -> FaceFinder:
    """The network with the weights that come with the project, on a device, ready to look.

    name: "finder", which learned from data that are free for any use, or "finder_research".
    """
    saved = torch.load(ASSETS / f"{name}.pt", map_location="cpu", weights_only=True)
    finder = FaceFinder()
    missing = finder.load_state_dict({k: v.float() for k, v in saved.items()}, strict=False)
    # Stored without the counters of batch norms, which only a training needs.
    assert not missing.unexpected_keys
    finder.sure = SURE[name]
    return folded(finder.eval()).to(device).to(memory_format=torch.channels_last)


def folded(finder: FaceFinder) -> FaceFinder:
    """The network with each batch norm folded into the convolution before it: the same function.

    After training, a batch norm is but a factor and a summand for each channel.
    """
    for module in list(finder.modules()):
        if not isinstance(module, nn.Sequential):
            continue
        first, second = module[0], module[1]
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            module[0] = nn.utils.fuse_conv_bn_eval(first, second)
            module[1] = nn.Identity()
    return finder


def find_faces(
    grey: np.ndarray,
    smallest: float | None = None,
    finder: FaceFinder | None = None,
    sure: float | None = None,
) -> Found:
    """The faces in a grey picture uint8 [H, W].

    smallest: side in pixels of the smallest box to look for; by default 15 pixels, or in a picture
    of more than 1024 a 68th of its longer side. The smaller, the larger is the copy that the
    network sees, and the longer it takes. finder: by default `load_finder()`. sure: the score from
    which on something counts as a face, by default the finder's own.
    """
    finder = finder or load_finder()
    zoom = min(1.0, SEEN / smallest if smallest else LARGEST / max(grey.shape))
    sure = finder.sure if sure is None else sure
    least = LEAST * SEEN / zoom
    size = [max(1, round(zoom * side)) for side in grey.shape[::-1]]
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if zoom < 1 else grey
    # A closer look cannot lift a score of less than `sure` squared above `sure`.
    rows = overview(small, finder, sure**2)
    rows[:, :4] /= zoom
    parts = [closer_look(grey, rows[i : i + AT_ONCE], finder) for i in range(0, len(rows), AT_ONCE)]
    rows = np.concatenate([rows[:0], *parts])
    rows = apart(rows[(rows[:, 4] > sure) & (rows[:, 2] > least)])
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return Found(rows[:, :4], rows[:, 4], rows[:, 5])


@torch.inference_mode()
def overview(grey: np.ndarray, finder: FaceFinder, least: float) -> np.ndarray:
    """Where faces may be in a picture uint8 [H, W] of about the network's scale: float32 [n, 6].

    Each row: left, top, width, height, score (above `least`), angle. The network knows faces of
    some 12 to 120 pixels. So it also looks at copies 4 and 16 times as small, an image pyramid,
    where what was too large for it is not: that takes but 1/16 and 1/256 of the time.
    """
    images = as_input(grey[None], finder)
    found = []
    for look in range(LOOKS):
        if look:
            images = functional.avg_pool2d(images, COARSER, ceil_mode=True, count_include_pad=False)
        found.append(peaks(finder(padded(images))[0], least, COARSER**look))
    return apart(torch.cat(found).cpu().numpy())[:MOST]


@torch.inference_mode()
def closer_look(grey: np.ndarray, rows: np.ndarray, finder: FaceFinder) -> np.ndarray:
    """The same faces [n, 6], as `overview` gives them, seen once more in crops of the picture.

    Levelled, and of the size that the network knows best. A wall that looked like a face once
    seldom does so twice, so the new score is the geometric mean of both.
    """
    if not len(rows):
        return rows
    matrices = [crop_matrix(row[:4], CROP, CROP / FACE, row[5]) for row in rows]
    crops = np.stack([warp(grey, matrix, CROP) for matrix in matrices])
    maps = finder(padded(as_input(crops, finder)))
    edge = CROP // STRIDE // 4  # the face's centre is in the middle half of the crop
    heat = maps[:, 0, edge:-edge, edge:-edge]
    cell = heat.flatten(1).argmax(1)
    row, column = cell // heat.shape[2] + edge, cell % heat.shape[2] + edge
    seen = decoded(maps[torch.arange(len(maps)), :, row, column].T, row, column).cpu().numpy()
    better = []
    for old, new, matrix in zip(rows, seen, matrices, strict=True):
        side = new[2] * old[2] / FACE
        left, top = move(new[:2] + (new[2] - 1) / 2, invert(matrix)) - (side - 1) / 2
        angle = (old[5] + new[5] + 180) % 360 - 180
        better.append((left, top, side, side, np.sqrt(old[4] * new[4]), angle))
    return np.array(better, np.float32)


def apart(rows: np.ndarray) -> np.ndarray:
    """The surest row of each face, and so on down: those [n, 6] that overlap no surer one much."""
    return rows[nms(rows[:, :4], rows[:, 4], SAME)]


def as_input(greys: np.ndarray, finder: FaceFinder) -> torch.Tensor:
    """Grey pictures uint8 [B, H, W] as the network takes them: [B, 1, H, W] on its device."""
    device = next(finder.parameters()).device
    return torch.from_numpy(greys)[:, None].to(device).float() / 127.5 - 1


def padded(images: torch.Tensor) -> torch.Tensor:
    """Images [B, 1, H, W] with grey rows below and columns to the right, to whole cells."""
    height, width = images.shape[2:]
    room = (0, -width % DEEPEST, 0, -height % DEEPEST)
    return functional.pad(images, room).contiguous(memory_format=torch.channels_last)


def peaks(maps: torch.Tensor, least: float, zoom: int = 1) -> torch.Tensor:
    """What may be faces in the network's maps [6, h, w], one for each peak: [n, 6], see `overview`.

    A peak is a cell that no neighbour exceeds: max pooling leaves it as it is. least: its score is
    above. zoom: pixels of the picture for each that the network saw.
    """
    heat = maps[0]
    peak = (heat == functional.max_pool2d(heat[None], 3, 1, 1)[0]) & (heat.sigmoid() > least)
    row, column = torch.nonzero(peak, as_tuple=True)
    return decoded(maps[:, row, column], row, column, zoom)


def decoded(
    cells: torch.Tensor, row: torch.Tensor, column: torch.Tensor, zoom: int = 1
) -> torch.Tensor:
    """What cells [6, n] of a map in these rows and columns [n] say: faces [n, 6], see `overview`.

    Cell i covers the pixels from stride * i on, so its centre is stride * i + (stride - 1) / 2.
    """
    logit, right, below, size, cos, sin = cells
    stride = STRIDE * zoom
    x = stride * (column + right) + (stride - 1) / 2
    y = stride * (row + below) + (stride - 1) / 2
    side = size.clamp(-3, 3).exp() * UNIT * zoom
    left, top = x - (side - 1) / 2, y - (side - 1) / 2
    angle = torch.rad2deg(torch.atan2(sin, cos))
    return torch.stack([left, top, side, side, logit.sigmoid(), angle], 1)
