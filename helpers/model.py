"""The network: ResNet18 on one grey channel, 136 numbers out."""

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock

NUM_OUTPUTS = 136
# Whether the CPU multiplies 16-bit numbers itself, about twice as fast; one that does not crawls.
CPU_HAS_BF16 = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()


def pick_device() -> torch.device:
    """The fastest device at hand: a GPU (CUDA, Apple's) or else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class LandmarkNet(nn.Module):
    """ResNet18 (He et al. 2016, arXiv 1512.03385) with a one-channel first layer.

    forward(images [B, 1, size, size] in -1 to 1) -> [B, 136], x and y of the 68 landmarks in
    turn, each as x / size - 0.5. `to_pixels` turns them into landmarks [B, 68, 2].

    width: channels of the first stage; each further stage doubles them. 64 is ResNet18; 32 has a
    quarter of its weights; a multiple of 8. Any input size works, since the last stage is
    averaged over positions.
    """

    def __init__(self, width: int = 64, size: int = 224):
        super().__init__()
        self.width, self.size = width, size
        self.stem = stem(width)
        self.stage1 = stage(width, width, stride=1)
        self.stage2 = stage(width, 2 * width, stride=2)
        self.stage3 = stage(2 * width, 4 * width, stride=2)
        self.stage4 = stage(4 * width, 8 * width, stride=2)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(8 * width, NUM_OUTPUTS)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.stage4(self.stage3(self.stage2(self.stage1(self.stem(images)))))
        return self.head(self.pool(features))

    @torch.no_grad()
    def start_at(self, landmarks: torch.Tensor) -> None:
        """Makes landmarks [68, 2], such as the mean face, the answer before any training.

        The last layer's weights become small and its bias these points, in canvas pixels.
        """
        self.head.weight.mul_(0.1)
        self.head.bias.copy_(to_target(landmarks[None], self.size)[0])


def stem(width: int) -> nn.Sequential:
    """The first convolution and pooling: one grey channel to `width` of a quarter of the size."""
    if width < 8 or width % 8:
        # Torch 2.15 writes past its memory in a channels-last convolution of 4 channels.
        raise ValueError(f"The width must be a multiple of 8, not {width}.")
    return nn.Sequential(
        nn.Conv2d(1, width, kernel_size=7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    )


def stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Two residual blocks; where the shape changes, the skip connection is a 1 x 1 convolution."""
    skip = None
    if stride != 1 or inputs != outputs:
        skip = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False),
            nn.BatchNorm2d(outputs),
        )
    return nn.Sequential(BasicBlock(inputs, outputs, stride, skip), BasicBlock(outputs, outputs))


def to_target(landmarks: torch.Tensor, size: int) -> torch.Tensor:
    """Landmarks [B, 68, 2] in canvas pixels to what the network is asked for, [B, 136]."""
    return (landmarks / size - 0.5).flatten(1)


def to_pixels(outputs: torch.Tensor, size: int) -> torch.Tensor:
    """What the network says, [B, 136], to landmarks [B, 68, 2] in canvas pixels."""
    return (outputs.float().view(-1, NUM_OUTPUTS // 2, 2) + 0.5) * size
