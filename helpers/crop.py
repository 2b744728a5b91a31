"""A face to a crop: one 2 x 3 matrix from picture to canvas, its inverse back.

A crop is the part of a picture around a face, put on a canvas: a square of `size` pixels, which
is what a network is shown. Pixel centres are at whole numbers in both, so the canvas reaches from
-0.5 to size - 0.5 and its centre is (size - 1) / 2. Every matrix of the project comes
from `crop_matrix` here; a chain of transforms is one product of matrices, and pixels are resampled
once.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

Box = Sequence[float] | np.ndarray  # (left, top, width, height) in pixels

# In a crop of exactly dlib's box 97 % of faces have a point outside; at 1.5 times, 2 % do.
MARGIN = 1.5


def crop_matrix(
    box: Box,
    size: int,
    margin: float = MARGIN,
    angle: float = 0.0,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    flip: bool = False,
) -> np.ndarray:
    """The matrix that puts a box on a canvas: float64 [2, 3].

    box: (left, top, width, height) in pixels; its larger side times `margin` fills the canvas.
    angle: degrees, turning the face clockwise as seen. scale: above 1 makes the face larger.
    shift: of the face to the right and down, as parts of the canvas (0.1 of 224 is 22.4 pixels).
    flip: mirrors it, left to right.
    """
    left, top, width, height = box
    zoom = scale * size / (margin * max(width, height))
    cos, sin = zoom * np.cos(np.radians(angle)), zoom * np.sin(np.radians(angle))
    mirror = -1.0 if flip else 1.0
    linear = np.array([[mirror * cos, -sin], [mirror * sin, cos]])
    centre = np.array([left + (width - 1) / 2, top + (height - 1) / 2])
    target = (size - 1) / 2 + size * np.asarray(shift, float)
    return np.column_stack([linear, target - linear @ centre])


def invert(matrix: np.ndarray) -> np.ndarray:
    """The matrix of the way back: float64 [2, 3]."""
    return cv2.invertAffineTransform(np.asarray(matrix, float))


def compose(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The matrix that does `first`, then `second`: float64 [2, 3]."""
    return np.column_stack([second[:, :2] @ first[:, :2], move(first[:, 2], second)])


def move(points: ArrayLike, matrix: np.ndarray) -> np.ndarray:
    """Points [..., 2] where the matrix puts them, in the floating type of the points."""
    points = np.asarray(points)
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.result_type(points, np.float32))


def scaled(points: ArrayLike, zoom: ArrayLike) -> np.ndarray:
    """Points [..., 2] where they lie once their picture is `zoom` times as large, or (x, y) times.

    In the floating type of the points. They are places of pixel centres, so this is more than a
    product (notebook 3b): pixel 0 reaches from -0.5 to 0.5, and its centre, 0, comes to lie at
    (zoom - 1) / 2.
    """
    points = np.asarray(points)
    moved = (points + 0.5) * np.asarray(zoom, float) - 0.5
    return moved.astype(np.result_type(points, np.float32))


def warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The canvas uint8 [size, size] or [size, size, 3] that a matrix makes of a picture.

    image: uint8 [H, W] or [H, W, 3]. matrix: [2, 3], from its pixels to those of the canvas.

    What lies outside the picture is black. A picture much larger than its canvas is first
    averaged over whole blocks of pixels, so that fine structure does not turn into noise.
    """
    matrix = np.asarray(matrix, float)
    # Only the part of the picture that lies under the canvas is worked on.
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5
    corners = move(corners, invert(matrix))
    low = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, image.shape[1::-1])
    high = np.clip(np.ceil(corners.max(0)).astype(int) + 3, 0, image.shape[1::-1])
    if (low >= high).any():
        return np.zeros((size, size, *image.shape[2:]), np.uint8)
    block = max(1, int(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    width, height = -(-(high - low) // block)
    part = image[low[1] : high[1], low[0] : high[0]]
    if block > 1:
        bottom, right = height * block - part.shape[0], width * block - part.shape[1]
        part = cv2.copyMakeBorder(part, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        part = cv2.resize(part, (int(width), int(height)), interpolation=cv2.INTER_AREA)
    # The centre of block 0 lies (block - 1) / 2 to the right of the centre of its first pixel.
    from_part = np.column_stack([block * np.eye(2), low + (block - 1) / 2])
    return cv2.warpAffine(part, compose(from_part, matrix), (size, size), flags=cv2.INTER_LINEAR)


def close_up(
    image: np.ndarray, points: ArrayLike, margin: float = 1.5, size: int = 320
) -> tuple[np.ndarray, np.ndarray]:
    """The square around some points [..., 2] of a picture, and the points on it.

    image: uint8 [H, W] or [H, W, 3]. The square is uint8 [size, size] or [size, size, 3], black
    beyond the picture. margin: how many times as wide as the points reach; at least a pixel.
    """
    known = np.asarray(points, float).reshape(-1, 2)
    low, high = known.min(0), known.max(0)
    side = max(*(high - low), 1)
    matrix = crop_matrix((*((low + high - side) / 2), side, side), size, margin)
    return warp(image, matrix, size), move(points, matrix)


def to_grey(image: np.ndarray) -> np.ndarray:
    """The luminance of a picture, RGB uint8 [H, W, 3] -> uint8 [H, W] (ITU-R BT.601)."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
