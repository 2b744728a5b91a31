"""Augmentation of a batch, on whatever device it lies: the images and their landmarks together."""

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from helpers.annotations import MIRROR
from helpers.crop import compose, crop_matrix, invert

FLIP = torch.tensor(MIRROR)


class Augment(nn.Module):
    """Cuts the canvas from wide crops, changing each face at random; in eval mode, changing none.

    forward(images [B, 1, S, S] uint8, landmarks [B, 68, 2]) -> images [B, 1, size, size] float32
    in -1 to 1, landmarks [B, 68, 2], both in canvas pixels with centres at whole numbers.

    rotation: largest angle, degrees. scale: largest change of size, 0.1 is 10 %. shift: largest
    move, as a part of the canvas. flip: chance of a mirror image. brightness: largest addition,
    as a part of the range from black to white. contrast: largest change of the distance from the
    mean grey. erasing: largest side of a grey square, as a part of the canvas.
    partners: which landmark of the face becomes each of its mirror image.
    generator: where the random numbers come from; torch's global one by default.
    """

    def __init__(self, size=224, rotation=25.0, scale=0.12, shift=0.06, flip=0.5,
                 brightness=0.25, contrast=0.35, erasing=0.4, partners=MIRROR):  # fmt: skip
        super().__init__()
        self.size, self.flip, self.partners = size, flip, list(partners)
        self.ranges = {"angle": rotation, "scale": scale, "shift_x": shift, "shift_y": shift}
        self.ranges |= {"brightness": brightness, "contrast": contrast, "erasing": erasing}

    def forward(self, images, landmarks, generator=None):
        if not self.training:
            return self.apply(images, landmarks)
        count = len(images)
        draw = torch.rand(len(self.ranges) + 3, count, generator=generator).numpy()
        settings = {
            name: largest * (2 * value - 1)
            for (name, largest), value in zip(self.ranges.items(), draw, strict=False)
        }
        settings["flip"] = draw[-3] < self.flip
        settings["erasing"] = np.maximum(settings["erasing"], 0)  # half of the faces keep all
        settings["erase_at"] = draw[-2:].T
        return self.apply(images, landmarks, **settings)

    def apply(self, images, landmarks, angle=0.0, scale=0.0, shift_x=0.0, shift_y=0.0, flip=False,
              brightness=0.0, contrast=0.0, erasing=0.0, erase_at=(0.5, 0.5)):  # fmt: skip
        """The same with settings given: one number for all faces, or one for each ([B])."""
        count, width = len(images), images.shape[-1]
        angle, scale, shift_x, shift_y, flip, brightness, contrast, erasing = (
            np.broadcast_to(value, count)
            for value in (angle, scale, shift_x, shift_y, flip, brightness, contrast, erasing)
        )
        box, margin = (0, 0, width, width), self.size / width  # the middle of the wide crop
        matrices = np.stack([
            crop_matrix(box, self.size, margin, angle[i], 1 + scale[i], (shift_x[i], shift_y[i]),
                        flip[i]) for i in range(count)
        ])  # fmt: skip
        landmarks = move_batch(landmarks, matrices)
        flipped = torch.as_tensor(flip.copy(), device=landmarks.device)[:, None, None]
        landmarks = torch.where(flipped, landmarks[:, self.partners], landmarks)
        # The erased square: its first column and row, and the first ones after it.
        side = np.maximum(erasing, 0)[:, None] / 2
        squares = self.size * np.stack([erase_at - side, erase_at + side], 1)
        squares = np.ceil(squares).clip(0, self.size).astype(int)
        on_cpu = images.device.type == "cpu" and images.dtype == torch.uint8
        paint = paint_by_opencv if on_cpu else paint_by_torch
        return paint(images, matrices, self.size, 1 + contrast, brightness, squares), landmarks


def paint_by_opencv(images, matrices, size, contrast, brightness, squares):
    """The canvases of uint8 images on a CPU: float32 [B, 1, size, size] in -1 to 1.

    Contrast stretches around the mean grey, brightness adds, and 0 to 255 becomes -1 to 1. All of
    that is one table of 256 values for each face, so that its pixels are touched only twice: by
    the warp and by the table. Several times as fast as `paint_by_torch`, which does the same.
    """
    canvases = torch.empty(len(images), 1, size, size)
    levels = np.arange(256, dtype=np.float32)
    for i, image in enumerate(images[:, 0].numpy()):
        warped = cv2.warpAffine(image, matrices[i], (size, size), flags=cv2.INTER_LINEAR)
        mean = cv2.mean(warped)[0]  # twenty times as fast as NumPy's
        tones = (levels - mean) * contrast[i] + mean + 255 * brightness[i]
        canvas = canvases[i, 0].numpy()
        cv2.LUT(warped, (tones / 127.5 - 1).clip(-1, 1).astype(np.float32), dst=canvas)
        (left, top), (right, bottom) = squares[i]
        canvas[top:bottom, left:right] = 0  # grey, the middle of -1 to 1
    return canvases


def paint_by_torch(images, matrices, size, contrast, brightness, squares):
    """The same on whatever device the images lie, uint8 or float32 of 0 to 255.

    torch counts positions from -1 to 1; with align_corners=True those are the centres of the
    first and last pixel, as everywhere here.
    """
    device = images.device
    contrast, brightness, squares = (
        torch.as_tensor(values.copy(), dtype=torch.float32, device=device)
        for values in (contrast, brightness, squares)
    )
    height, width = images.shape[-2:]
    unit_in = np.array([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1]])
    unit_out = invert(np.array([[2 / (size - 1), 0, -1], [0, 2 / (size - 1), -1]]))
    theta = [compose(compose(unit_out, invert(matrix)), unit_in) for matrix in matrices]
    theta = torch.as_tensor(np.stack(theta), dtype=torch.float32, device=device)
    along_x, along_y, start = theta[:, None, None].unbind(-1)  # each [B, 1, 1, 2]
    line = torch.linspace(-1, 1, size, device=device)[:, None]
    # What affine_grid does, as one sum: there it takes longer on a CPU than the sampling itself.
    grid = (along_x * line) + (along_y * line[:, None] + start)
    canvases = functional.grid_sample(images.float(), grid, align_corners=True)
    mean = canvases.mean((1, 2, 3), keepdim=True)
    contrast, brightness = (v.view(-1, 1, 1, 1) for v in (contrast, brightness))
    canvases = (canvases - mean) * contrast + mean + 255 * brightness
    canvases = (canvases / 127.5 - 1).clamp(-1, 1)
    at = torch.arange(size, device=device)
    inside = (at >= squares[:, 0, :, None]) & (at < squares[:, 1, :, None])  # [B, 2, size]
    return canvases * ~(inside[:, 1, :, None] & inside[:, 0, None, :])[:, None]


def move_batch(landmarks, matrices):
    """Landmarks [B, 68, 2] where matrices [B, 2, 3] put them, on the device of the landmarks."""
    matrices = torch.as_tensor(matrices, dtype=landmarks.dtype, device=landmarks.device)
    return landmarks @ matrices[:, :, :2].mT + matrices[:, None, :, 2]
