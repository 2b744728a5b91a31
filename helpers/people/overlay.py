"""Drawing over a part of a picture without jagged edges: enlarged first, then averaged."""

from collections.abc import Sequence

import cv2
import numpy as np

SHIFT = 4  # binary places after the point in OpenCV's drawing: sixteenths of a pixel
Colour = float | Sequence[float]  # of a canvas with one channel, or with several


class Overlay:
    """A rectangle of a picture, and canvases of it that are `fine` times as large to draw on.

    low, high: its corners (x, y) in pixels of the picture, whole numbers, the second one outside
    of it; what lies outside the picture is cut off. shape: (H, W, ...) of the picture.
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, shape: tuple[int, ...], fine: int):
        self.low = np.maximum(low, 0)
        self.high = np.minimum(high, shape[1::-1])
        self.fine = fine

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the rectangle lies in the picture."""
        return bool((self.high <= self.low).any())

    def canvas(self, *channels: int) -> np.ndarray:
        """A canvas with nothing on it: float32 [h, w, *channels], all 0."""
        width, height = (self.high - self.low) * self.fine
        return np.zeros((height, width, *channels), np.float32)

    def along(
        self, origin: np.ndarray, across: np.ndarray, down: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where a canvas's pixels are as multiples of two axes at right angles: x and y, [h, w].

        origin and axes: [2] each, in pixels of the picture.
        """
        rows, columns = self.canvas().shape
        x = (np.arange(columns) + 0.5) / self.fine - 0.5 + self.low[0] - origin[0]
        y = (np.arange(rows)[:, None] + 0.5) / self.fine - 0.5 + self.low[1] - origin[1]
        return (
            (x * across[0] + y * across[1]) / (across @ across),
            (x * down[0] + y * down[1]) / (down @ down),
        )

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2] of the picture as places on a canvas: int32, in sixteenths of a pixel."""
        return np.rint(((points - self.low + 0.5) * self.fine - 0.5) * 2**SHIFT).astype(np.int32)

    def fill(self, canvas: np.ndarray, points: np.ndarray, colour: Colour) -> None:
        """Fills a polygon [n, 2], in pixels of the picture, on a canvas."""
        cv2.fillPoly(canvas, [self.place(points)], colour, cv2.LINE_8, SHIFT)

    def line(
        self,
        canvas: np.ndarray,
        points: np.ndarray,
        colour: Colour,
        thickness: int,
        closed: bool = False,
    ) -> None:
        """Draws a line through points [n, 2] of the picture; thickness: in pixels of the canvas."""
        cv2.polylines(canvas, [self.place(points)], closed, colour, thickness, cv2.LINE_8, SHIFT)

    def averaged(self, canvas: np.ndarray) -> np.ndarray:
        """A canvas [h, w, c] at the picture's own size: float32 [h / fine, w / fine, c]."""
        size = (canvas.shape[1] // self.fine, canvas.shape[0] // self.fine)
        return cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)

    def put_over(self, picture: np.ndarray, layer: np.ndarray) -> None:
        """Puts a premultiplied RGBA layer [h, w, 4] over the rectangle of an RGB(A) picture."""
        part = picture[self.low[1] : self.high[1], self.low[0] : self.high[0]]
        part[:] = part * (1 - layer[..., 3:]) + layer[..., : picture.shape[2]]
