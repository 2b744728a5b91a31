"""Augmentation: a batch of crops varied at random on its device, images and landmarks together."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from helpers.crop import compose, crop_matrix, invert
from helpers.landmarks import MIRROR, NO_PARTNER

FLIP = torch.tensor(MIRROR)  # of the 68
Setting = float | np.ndarray  # one number for all faces of a batch, or one for each, [B]


class Augment(nn.Module):
    """Cuts the canvas from wide crops, changing each face at random; in eval mode, changing none.

    forward(images [B, 1, S, S] uint8, landmarks [B, k, 2]) -> images [B, 1, size, size] float32
    in -1 to 1, landmarks [B, k, 2], both in canvas pixels with centres at whole numbers.

    rotation: largest angle, degrees. scale: largest change of size, 0.1 is 10 %. shift: largest
    move, as a part of the canvas. flip: chance of a mirror image. brightness: largest addition,
    as a part of the range from black to white. contrast: largest change of the distance from the
    mean grey. erasing: largest side of a grey square, as a part of the canvas.
    partners: for each landmark of a mirror image, which one of the face it is, as `Scheme.mirror`;
    those without a partner are missing there, NaN.
    """

    def __init__(
        self,
        size: int = 224,
        rotation: float = 25.0,
        scale: float = 0.12,
        shift: float = 0.06,
        flip: float = 0.5,
        brightness: float = 0.25,
        contrast: float = 0.35,
        erasing: float = 0.4,
        partners: Sequence[int] = MIRROR,
    ) -> None:
        super().__init__()
        self.size, self.flip, self.partners = size, flip, list(partners)
        self.ranges = {"angle": rotation, "scale": scale, "shift_x": shift, "shift_y": shift}
        self.ranges |= {"brightness": brightness, "contrast": contrast, "erasing": erasing}

    def forward(
        self,
        images: torch.Tensor,
        landmarks: torch.Tensor,
        generator: torch.Generator | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch on its canvases; a generator, or else torch's own, gives the random numbers."""
        if not self.training:
            return self.apply(images, landmarks)
        count = len(images)
        *draws, mirror, x, y = torch.rand(len(self.ranges) + 3, count, generator=generator).numpy()
        settings = {
            name: largest * (2 * draw - 1)
            for (name, largest), draw in zip(self.ranges.items(), draws, strict=True)
        }
        settings["flip"] = mirror < self.flip
        settings["erasing"] = np.maximum(settings["erasing"], 0)  # half of the faces keep all
        settings["erase_at"] = np.column_stack([x, y])
        return self.apply(images, landmarks, **settings)

    def apply(  # type: ignore[override]  # hides Module.apply, of use to modules with weights only
        self,
        images: torch.Tensor,
        landmarks: torch.Tensor,
        angle: Setting = 0.0,
        scale: Setting = 0.0,
        shift_x: Setting = 0.0,
        shift_y: Setting = 0.0,
        flip: Setting = False,
        brightness: Setting = 0.0,
        contrast: Setting = 0.0,
        erasing: Setting = 0.0,
        erase_at: tuple[float, float] | np.ndarray = (0.5, 0.5),
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch on its canvases, with given settings instead of random ones.

        erase_at: the middle of the erased square, (x, y) in parts of the canvas, or [B, 2].
        """
        count, width = len(images), images.shape[-1]
        angles, scales, right, down, flips, brightness, contrast, erasing = (
            np.broadcast_to(setting, count)
            for setting in (angle, scale, shift_x, shift_y, flip, brightness, contrast, erasing)
        )
        middle, margin = (0, 0, width, width), self.size / width  # of the wide crop
        changes = zip(angles, 1 + scales, zip(right, down, strict=True), flips, strict=True)
        matrices = np.stack([crop_matrix(middle, self.size, margin, *one) for one in changes])
        landmarks = move_batch(landmarks, matrices)
        if flips.any():
            flipped = torch.as_tensor(flips.copy(), device=landmarks.device)[:, None, None]
            landmarks = torch.where(flipped, self._renamed(landmarks), landmarks)
        look = Look(1 + contrast, brightness, self._squares(erasing, np.asarray(erase_at)))
        on_cpu = images.device.type == "cpu" and images.dtype == torch.uint8
        paint = paint_by_opencv if on_cpu else paint_by_torch
        return paint(images, matrices, self.size, look), landmarks

    def _renamed(self, landmarks: torch.Tensor) -> torch.Tensor:
        """The landmarks of mirror images by their right names."""
        if landmarks.shape[1] != len(self.partners):
            told = f"{landmarks.shape[1]} landmarks and {len(self.partners)} mirror partners"
            raise ValueError(f"{told}: `partners` must be those of the landmarks' scheme.")
        alone = [i for i, partner in enumerate(self.partners) if partner == NO_PARTNER]
        renamed = landmarks[:, self.partners]
        renamed[:, alone] = torch.nan
        return renamed

    def _squares(self, erasing: np.ndarray, erase_at: np.ndarray) -> np.ndarray:
        """The squares to erase, as `Look` takes them."""
        half = np.maximum(erasing, 0)[:, None] / 2
        squares = self.size * np.stack([erase_at - half, erase_at + half], 1)
        return np.ceil(squares).clip(0, self.size).astype(int)


@dataclass
class Look:
    """How the canvases of a batch are lit, and what is erased on them.

    contrast: [B], stretches around the mean grey of the canvas. brightness: [B], is added, in parts
    of the range from black to white. squares: int [B, 2, 2], erased: (column, row) of the first
    pixel, and of the first one after the last.
    """

    contrast: np.ndarray
    brightness: np.ndarray
    squares: np.ndarray


def paint_by_opencv(
    images: torch.Tensor, matrices: np.ndarray, size: int, look: Look
) -> torch.Tensor:
    """The canvases of uint8 images on a CPU: float32 [B, 1, size, size] in -1 to 1.

    images: [B, 1, S, S]. matrices: [B, 2, 3], from image to canvas.
    Contrast, brightness and the change of range from 0..255 to -1..1 are one table of 256 values
    for each face, so that its pixels are touched only twice: by the warp and by the table. Several
    times as fast as `paint_by_torch`, which does the same.
    """
    canvases = torch.empty(len(images), 1, size, size)
    levels = np.arange(256, dtype=np.float32)
    for i, image in enumerate(images[:, 0].numpy()):
        warped = cv2.warpAffine(image, matrices[i], (size, size), flags=cv2.INTER_LINEAR)
        mean = cv2.mean(warped)[0]  # twenty times as fast as NumPy's
        tones = (levels - mean) * look.contrast[i] + mean + 255 * look.brightness[i]
        canvas = canvases[i, 0].numpy()
        cv2.LUT(warped, (tones / 127.5 - 1).clip(-1, 1).astype(np.float32), dst=canvas)
        (left, top), (right, bottom) = look.squares[i]
        canvas[top:bottom, left:right] = 0  # grey, the middle of -1 to 1
    return canvases


def paint_by_torch(
    images: torch.Tensor, matrices: np.ndarray, size: int, look: Look
) -> torch.Tensor:
    """The canvases of `paint_by_opencv`, made on whatever device the images lie.

    The images may be float32 of 0 to 255, too. torch counts positions from -1 to 1; with
    align_corners=True those are the centres of the first and last pixel, as everywhere here.
    """
    device = images.device
    contrast, brightness, squares = (
        torch.as_tensor(values.copy(), dtype=torch.float32, device=device)
        for values in (look.contrast, look.brightness, look.squares)
    )
    height, width = images.shape[-2:]
    unit_in = np.array([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1]])
    unit_out = invert(np.array([[2 / (size - 1), 0, -1], [0, 2 / (size - 1), -1]]))
    back = [compose(compose(unit_out, invert(matrix)), unit_in) for matrix in matrices]
    theta = torch.as_tensor(np.stack(back), dtype=torch.float32, device=device)
    grid = functional.affine_grid(theta, [len(images), 1, size, size], align_corners=True)
    canvases = functional.grid_sample(images.float(), grid, align_corners=True)
    mean = canvases.mean((1, 2, 3), keepdim=True)
    contrast, brightness = (values.view(-1, 1, 1, 1) for values in (contrast, brightness))
    canvases = (canvases - mean) * contrast + mean + 255 * brightness
    canvases = (canvases / 127.5 - 1).clamp(-1, 1)
    at = torch.arange(size, device=device)
    inside = (at >= squares[:, 0, :, None]) & (at < squares[:, 1, :, None])  # [B, 2, size]
    return canvases * ~(inside[:, 1, :, None] & inside[:, 0, None, :])[:, None]


def move_batch(landmarks: torch.Tensor, matrices: np.ndarray) -> torch.Tensor:
    """Landmarks [B, k, 2] where matrices [B, 2, 3] put them, on the device of the landmarks."""
    linear = torch.as_tensor(matrices, dtype=landmarks.dtype, device=landmarks.device)
    return landmarks @ linear[:, :, :2].mT + linear[:, None, :, 2]
