"""The network that draws a map for each landmark: heat maps, and their mean positions."""

import torch
from torch import nn
from torch.nn import functional

from helpers.landmarks import IBUG, Scheme
from helpers.model import Network, stage, stem

STRIDE = 4  # pixels of the canvas for each cell of a map


class HeatmapNet(Network):
    """ResNet18 without its last average, so that its maps keep where something was seen.

    The last three stages see ever more of the face, ever more coarsely. Each is brought to the
    same channels and size and added (Lin et al. 2017, "Feature Pyramid Networks", arXiv
    1612.03144). The last stage does not double its channels: half of ResNet18's weights are
    there, and they earn nothing here. width: a multiple of 8. size: a multiple of 32.
    """

    def __init__(self, width: int = 48, size: int = 128, scheme: Scheme = IBUG) -> None:
        super().__init__(width, size, scheme)
        if size % 32:
            raise ValueError(f"The size must be a multiple of 32, not {size}.")
        self.stem = stem(width)
        self.stage1 = stage(width, width, stride=1)
        self.stage2 = stage(width, 2 * width, stride=2)
        self.stage3 = stage(2 * width, 4 * width, stride=2)
        self.stage4 = stage(4 * width, 4 * width, stride=2)
        self.laterals = nn.ModuleList(
            nn.Conv2d(factor * width, 2 * width, kernel_size=1) for factor in (2, 4, 4)
        )
        self.head = nn.Sequential(
            nn.Conv2d(2 * width, 2 * width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * width, len(scheme), kernel_size=1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.outputs(images)[0]

    def outputs(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What `heatmap_loss` compares with the targets: the points [B, 2 k] and their maps."""
        maps = self.maps(images)
        return soft_argmax(maps, self.size).flatten(1), maps

    def maps(self, images: torch.Tensor) -> torch.Tensor:
        """The maps [B, k, size / 4, size / 4]; a softmax makes each a probability of cells."""
        features = self.stage1(self.stem(images))
        cells = [side // STRIDE for side in images.shape[2:]]
        levels = []
        stages = (self.stage2, self.stage3, self.stage4)
        for step, lateral in zip(stages, self.laterals, strict=True):
            features = step(features)
            levels.append(functional.interpolate(lateral(features), cells, mode="bilinear"))
        return self.head(levels[0] + levels[1] + levels[2])


def cell_centres(cells: int, size: int, device: torch.device | None = None) -> torch.Tensor:
    """Where the centres of a map's columns (or rows) lie: [cells], each as x / size - 0.5.

    Cell i covers the pixels from 4 i to 4 i + 3, whose centre is 4 i + 1.5.
    """
    stride = size / cells
    return (stride * torch.arange(cells, device=device) + (stride - 1) / 2) / size - 0.5


def soft_argmax(maps: torch.Tensor, size: int) -> torch.Tensor:
    """The mean position under the softmax of each map: [B, K, h, w] -> [B, K, 2], x / size - 0.5.

    Unlike the position of the largest cell, it lies between cells and has a gradient (Sun et al.
    2018, "Integral Human Pose Regression", arXiv 1711.08229).
    """
    chances = maps.float().contiguous().flatten(2).softmax(2)
    y, x = (cell_centres(cells, size, maps.device) for cells in maps.shape[2:])
    places = torch.cartesian_prod(y, x).flip(1)  # (x, y) of each cell, row after row
    return chances @ places


def gaussians(targets: torch.Tensor, cells: int, width: float) -> torch.Tensor:
    """A Gaussian of `width` cells around each point: [B, 2 K] -> [B, K, cells, cells].

    targets: x and y in turn, each as x / size - 0.5. Each map sums to 1.
    """
    centres = cell_centres(cells, STRIDE * cells, targets.device)
    # A Gaussian of the plane is the product of one along x and one along y.
    along_x, along_y = (
        (-((centres - at) * cells / width).square() / 2).softmax(2)
        for at in targets.unflatten(1, (-1, 2)).split(1, 2)
    )
    return along_y[..., None] * along_x[:, :, None]


def heatmap_loss(
    outputs: tuple[torch.Tensor, torch.Tensor],
    targets: torch.Tensor,
    width: float = 1.0,
    share: float = 0.05,
) -> torch.Tensor:
    """The loss of a `HeatmapNet`: its (points, maps) against targets [B, 2 k], a scalar.

    The mean distance of the points, in cells of the map, and a share of the cross-entropy between
    the map and a Gaussian of `width` cells around the true point: without it, a map may balance
    two wrong places around the right one.
    """
    points, maps = outputs
    maps = maps.float().contiguous()
    cells = maps.shape[-1]
    offsets = (points - targets).unflatten(1, (-1, 2))
    distance = cells * offsets.norm(dim=2).mean()
    wanted = gaussians(targets, cells, width)
    # The cross-entropy of a softmax, without making its logarithm for every cell.
    cross = maps.flatten(2).logsumexp(2) - (wanted * maps).sum((2, 3))
    return distance + share * cross.mean()
