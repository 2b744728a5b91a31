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
    generator: where the random numbers come from; torch's global one by default.
    """

    def __init__(self, size=224, rotation=25.0, scale=0.12, shift=0.06, flip=0.5,
                 brightness=0.25, contrast=0.35, erasing=0.4):  # fmt: skip
        super().__init__()
        self.size, self.flip = size, flip
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
        images = warp_batch(images, matrices, self.size)
        landmarks = move_batch(landmarks, matrices)
        flipped = torch.as_tensor(flip.copy(), device=landmarks.device)[:, None, None]
        landmarks = torch.where(flipped, landmarks[:, FLIP], landmarks)

        def each(values):
            return torch.as_tensor(values.copy(), dtype=torch.float32, device=images.device)

        # Contrast stretches around the mean grey, brightness adds, and 0 to 255 becomes -1 to 1:
        # one factor and one offset for each face, in place, since every pass over a batch counts.
        grey = images.mean((1, 2, 3))
        factor = 1 + each(contrast)
        offset = grey * (1 - factor) / 127.5 + 2 * each(brightness) - 1
        images = images.mul_((factor / 127.5).view(-1, 1, 1, 1)).add_(offset.view(-1, 1, 1, 1))
        images = images.clamp_(-1, 1)
        if erasing.any():
            self._erase(images, each(erasing), each(np.broadcast_to(erase_at, (count, 2))))
        return images, landmarks

    def _erase(self, images, side, centre):
        """Puts a grey square of `side` at `centre` (parts of the canvas) into each image."""
        erased = side.nonzero()[:, 0]
        at = torch.arange(self.size, device=images.device) / self.size
        near = (at - centre[erased, :, None]).abs() < side[erased, None, None] / 2  # [b, 2, size]
        keep = ~(near[:, 1, :, None] & near[:, 0, None, :])
        images[erased] *= keep[:, None]  # grey is 0, the middle of -1 to 1


def warp_batch(images, matrices, size):
    """Images [B, 1, H, W] on canvases, float32 [B, 1, size, size]; matrices as for `crop.warp`.

    Whole numbers (uint8) that lie on the CPU go through OpenCV, face by face, as in `crop.warp`:
    that is several times as fast there. Everything else is sampled by torch, which counts
    positions from -1 to 1; with align_corners=True those are the centres of the first and last
    pixel, as everywhere here.
    """
    if images.dtype == torch.uint8 and images.device.type == "cpu":
        canvases = np.empty((len(images), size, size), np.uint8)
        for image, matrix, canvas in zip(images[:, 0].numpy(), matrices, canvases, strict=True):
            cv2.warpAffine(image, matrix, (size, size), dst=canvas, flags=cv2.INTER_LINEAR)
        return torch.from_numpy(canvases)[:, None].float()
    images = images.float()
    height, width = images.shape[-2:]
    unit_in = np.array([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1]])
    unit_out = invert(np.array([[2 / (size - 1), 0, -1], [0, 2 / (size - 1), -1]]))
    theta = [compose(compose(unit_out, invert(matrix)), unit_in) for matrix in matrices]
    theta = torch.as_tensor(np.stack(theta), dtype=torch.float32, device=images.device)
    along_x, along_y, start = theta[:, None, None].unbind(-1)  # each [B, 1, 1, 2]
    line = torch.linspace(-1, 1, size, device=images.device)[:, None]
    # What affine_grid does, as one sum: there it takes longer on a CPU than the sampling itself.
    grid = (along_x * line) + (along_y * line[:, None] + start)
    return functional.grid_sample(images, grid, align_corners=True)


def move_batch(landmarks, matrices):
    """Landmarks [B, 68, 2] where matrices [B, 2, 3] put them, on the device of the landmarks."""
    matrices = torch.as_tensor(matrices, dtype=landmarks.dtype, device=landmarks.device)
    return landmarks @ matrices[:, :, :2].mT + matrices[:, None, :, 2]
