"""The networks: what all of them share, and ResNet18 on one grey channel, two numbers a point."""

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock

from helpers.landmarks import IBUG, Scheme

# Whether the CPU has instructions for 16-bit numbers (bfloat16). With them a training takes about
# half the time; without them such numbers take many times as long as 32-bit ones.
CPU_HAS_BF16 = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()


def pick_device() -> torch.device:
    """The fastest device at hand: a GPU (CUDA, Apple's) or else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class Network(nn.Module):
    """A network that places landmarks: what training and prediction ask of each of them.

    forward(images [B, 1, size, size] in -1 to 1) -> [B, 2 k], x and y of the k landmarks in
    turn, each as x / size - 0.5. `to_pixels` turns them into landmarks [B, k, 2].

    size: side of the canvas, in pixels. width: channels of the first stage, or None where that
    is not known, as of a file for ONNX Runtime. scheme: which points it places, by default the 68.
    """

    def __init__(self, width: int | None, size: int, scheme: Scheme = IBUG) -> None:
        super().__init__()
        if width is not None and (width < 8 or width % 8):
            # Torch 2.15 writes past its memory in a channels-last convolution of 4 channels.
            raise ValueError(f"The width must be a multiple of 8, not {width}.")
        self.width, self.size, self.scheme = width, size, scheme

    def outputs(self, images: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """What a loss compares with the targets: the answer itself, where a network adds nothing.

        A network that adds something returns a tuple, in which the answer comes first.
        """
        return self(images)


class LandmarkNet(Network):
    """ResNet18 (He et al. 2016, arXiv 1512.03385) with a one-channel first layer.

    width: channels of the first stage; each further stage doubles them. 64 is ResNet18; 32 has a
    quarter of its weights; a multiple of 8. Any input size works, since the last stage is
    averaged over positions.
    """

    def __init__(self, width: int = 64, size: int = 224, scheme: Scheme = IBUG) -> None:
        super().__init__(width, size, scheme)
        self.stem = stem(width)
        self.stage1 = stage(width, width, stride=1)
        self.stage2 = stage(width, 2 * width, stride=2)
        self.stage3 = stage(2 * width, 4 * width, stride=2)
        self.stage4 = stage(4 * width, 8 * width, stride=2)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(8 * width, 2 * len(scheme))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.stage4(self.stage3(self.stage2(self.stage1(self.stem(images)))))
        return self.head(self.pool(features))

    @torch.no_grad()
    def start_at(self, landmarks: torch.Tensor) -> None:
        """Makes landmarks [k, 2], such as the mean face, the answer before any training.

        The last layer's weights become small and its bias these points, in canvas pixels.
        """
        self.head.weight.mul_(0.1)
        self.head.bias.copy_(to_target(landmarks[None], self.size)[0])


def stem(width: int) -> nn.Sequential:
    """The first layers: one grey channel to `width` ones, a quarter as wide and high."""
    return nn.Sequential(
        nn.Conv2d(1, width, kernel_size=7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )


def stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Two blocks with skip connections, from `inputs` channels to `outputs`.

    A stride of 2 halves the size. Where the shape changes, the skip connection is a
    1 x 1 convolution.
    """
    skip = None
    if stride != 1 or inputs != outputs:
        skip = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False),
            nn.BatchNorm2d(outputs),
        )
    first = BasicBlock(inputs, outputs, stride, skip)
    return nn.Sequential(first, BasicBlock(outputs, outputs))


def to_target(landmarks: torch.Tensor, size: int) -> torch.Tensor:
    """Landmarks [B, k, 2] in canvas pixels to what a network should answer, [B, 2 k]."""
    return (landmarks / size - 0.5).flatten(1)


def to_pixels(outputs: torch.Tensor, size: int) -> torch.Tensor:
    """A network's answer [B, 2 k] to landmarks [B, k, 2] in canvas pixels."""
    return (outputs.float().view(len(outputs), -1, 2) + 0.5) * size
