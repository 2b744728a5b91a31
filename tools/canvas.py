"""Painting by code: curves, bodies with round edges, fur, on a transparent picture.

Points are (x, y) in pixels of the artwork, colours RGB from 0 to 1.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image

FINE = 3  # drawn so many times larger, then averaged
LIGHT = np.array([-0.35, -0.6, 0.72])  # where it comes from: left, above, before

Colour = Sequence[float]  # RGB, 0 to 1
Points = Sequence[tuple[float, float]] | np.ndarray  # (x, y) in pixels of the artwork


class Canvas:
    """A transparent picture to paint on; masks and points are for its enlarged pixels."""

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        self.shape = height * FINE, width * FINE
        self.layer = np.zeros((*self.shape, 4), np.float32)  # premultiplied
        self.rng = np.random.default_rng(seed)

    def area(self, points: Points) -> np.ndarray:
        """A mask that is 1 within a polygon: float32 [H, W]."""
        mask = np.zeros(self.shape, np.float32)
        cv2.fillPoly(mask, [_fixed(points)], 1.0, cv2.LINE_AA, 4)
        return mask

    def stroke(self, points: Points, width: float, tip: float | None = None) -> np.ndarray:
        """A mask that is 1 along a line, `width` wide at its start and `tip` at its end."""
        mask = np.zeros(self.shape, np.float32)
        points, last = np.asarray(points, float), width if tip is None else tip
        for share, (one, other) in zip(
            np.linspace(width, last, len(points) - 1),
            pairwise(points),
            strict=True,
        ):
            ends = [tuple(end) for end in _fixed([one, other]).tolist()]
            cv2.line(mask, *ends, 1.0, max(1, round(share * FINE)), cv2.LINE_AA, 4)
        return mask

    def noise(self, along: float, across: float, angle: float = 0.0) -> np.ndarray:
        """Noise of mean 0 and spread 1 in streaks, lengths in pixels, turned by degrees: [H, W]."""
        height, width = self.shape
        side = int(np.hypot(height, width)) // 2 + 8
        grain = self.rng.standard_normal((side, side)).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), along * FINE / 2, sigmaY=across * FINE / 2)
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), -angle, 2)
        turn[:, 2] += np.array([width, height]) / 2 - side / 2
        grain = cv2.warpAffine(grain, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
        return (grain - grain.mean()) / grain.std()

    def put(self, mask: np.ndarray, colour: Colour | np.ndarray, opacity: float = 1.0) -> None:
        """Paints a colour, RGB [3] or [H, W, 3], over what is there, where a mask is."""
        alpha = np.clip(mask * opacity, 0, 1)[..., None]
        paint = np.clip(np.broadcast_to(np.asarray(colour, np.float32), (*self.shape, 3)), 0, 1)
        self.layer[..., :3] = self.layer[..., :3] * (1 - alpha) + paint * alpha
        self.layer[..., 3:] = self.layer[..., 3:] * (1 - alpha) + alpha

    def solid(
        self,
        mask: np.ndarray,
        colour: Colour | np.ndarray,
        round_to: float,
        shine: float = 0.0,
        depth: float = 1.0,
    ) -> None:
        """Paints a body with round edges: lit from above, with a highlight if it shines."""
        bright, light = lit(mask, round_to * FINE, depth)
        self.put(mask, np.asarray(colour) * bright[..., None] + shine * light[..., None])

    def shadow(
        self,
        mask: np.ndarray,
        soft: float,
        opacity: float,
        moved: tuple[float, float],
        within: np.ndarray | None = None,
    ) -> None:
        """Darkens what lies beneath a mask, softly and moved aside; only `within` another mask."""
        move = np.array([[1, 0, moved[0] * FINE], [0, 1, moved[1] * FINE]], float)
        dark = cv2.warpAffine(mask, move, self.shape[::-1])
        dark = cv2.GaussianBlur(dark, (0, 0), soft * FINE)
        self.put(dark if within is None else dark * within, (0.05, 0.03, 0.03), opacity)

    def strands(
        self, mask: np.ndarray, paths: Sequence[np.ndarray], colours: Sequence[Colour], width: float
    ) -> None:
        """Paints thin hairs along paths, each of a colour drawn at random, where a mask is."""
        for path in paths:
            shade = np.array(colours[self.rng.integers(len(colours))]) * self.rng.uniform(0.8, 1.15)
            low = np.clip(np.floor(path.min(0) - 4).astype(int) * FINE, 0, None)
            high = np.ceil(path.max(0) + 5).astype(int) * FINE
            part = (slice(low[1], high[1]), slice(low[0], high[0]))
            line = np.zeros(mask[part].shape, np.float32)
            if not line.size:
                continue
            for k, (one, other) in enumerate(pairwise(path)):
                wide = max(1, round(width * FINE * (1 - k / len(path))))
                ends = [tuple(e) for e in (_fixed([one, other]) - low * 16).tolist()]
                cv2.line(line, *ends, 1.0, wide, cv2.LINE_AA, 4)
            alpha = (line * mask[part] * 0.75)[..., None]
            layer = self.layer[part]
            layer[..., :3] = layer[..., :3] * (1 - alpha) + np.clip(shade, 0, 1) * alpha
            layer[..., 3:] = layer[..., 3:] * (1 - alpha) + alpha

    def picture(self) -> Image.Image:
        """What was painted, RGBA in its own size."""
        size = self.shape[1] // FINE, self.shape[0] // FINE
        small = cv2.resize(self.layer, size, interpolation=cv2.INTER_AREA)
        colour = small[..., :3] / np.maximum(small[..., 3:], 1e-4)
        rgba = np.dstack([colour, small[..., 3:]])
        rgba[small[..., 3] < 1 / 510] = 0
        whole = (np.clip(rgba, 0, 1) * 255).round().astype(np.uint8)
        whole[..., :3] &= 0xFC  # nobody sees the last two bits, and the file is a third smaller
        return Image.fromarray(whole)


def _fixed(points: Points) -> np.ndarray:
    """Points of the artwork as OpenCV draws them at 1/16 pixel of the enlarged one: int32."""
    return np.rint(((np.asarray(points, float) + 0.5) * FINE - 0.5) * 16).astype(np.int32)


def curve(points: Points, closed: bool = True, steps: int = 12) -> np.ndarray:
    """A smooth line through points (Catmull and Rom 1974): [n, 2]."""
    p = np.asarray(points, float)
    p = (
        np.vstack([p[-1:], p, p[:2]])
        if closed
        else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    )
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = [
        (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        / 2
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.vstack(parts if closed else [*parts, p[-2:-1]])


def ellipse(x: float, y: float, across: float, down: float, angle: float = 0.0) -> np.ndarray:
    """An ellipse about (x, y) with these half axes, turned clockwise by degrees: [n, 2]."""
    turn, tilt = np.linspace(0, 2 * np.pi, 90, endpoint=False), np.radians(angle)
    u, v = across * np.cos(turn), down * np.sin(turn)
    return np.column_stack(
        [x + u * np.cos(tilt) - v * np.sin(tilt), y + u * np.sin(tilt) + v * np.cos(tilt)]
    )


def mirrored(points: Points, width: int) -> np.ndarray:
    """Points of artwork of a width, mirrored left to right."""
    return np.asarray(points, float) * (-1, 1) + (width - 1, 0)


def lit(mask: np.ndarray, round_to: float, depth: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Brightness and highlights of a body with round edges, whose outline is a mask: two [H, W]."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    t = np.clip(inside / round_to, 0, 1)
    height = np.sqrt(1 - (1 - t) ** 2) * round_to * depth
    height = cv2.GaussianBlur(height, (0, 0), max(1.0, round_to / 6))
    normal = np.dstack(
        [
            -cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8),
            -cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8),
            np.ones_like(height),
        ]
    )
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    towards = LIGHT / np.linalg.norm(LIGHT)
    half = np.add(towards, (0, 0, 1))
    half /= np.linalg.norm(half)
    bright = 0.55 + 0.62 * np.clip(normal @ towards, 0, 1)
    return bright.astype(np.float32), (np.clip(normal @ half, 0, 1) ** 40).astype(np.float32)


def gradient(canvas: Canvas, top: Colour, bottom: Colour, from_y: float, to_y: float) -> np.ndarray:
    """A colour that goes from one to another downwards: float32 [H, W, 3]."""
    rows = np.arange(canvas.shape[0])[:, None, None] / FINE
    share = np.clip((rows - from_y) / (to_y - from_y), 0, 1)
    both = np.asarray(top) * (1 - share) + np.asarray(bottom) * share
    return np.broadcast_to(both, (*canvas.shape, 3)).astype(np.float32)


def tufts(
    canvas: Canvas,
    outline: np.ndarray,
    tip: np.ndarray,
    count: int,
    length: float,
    spread: float = 0.35,
) -> list[np.ndarray]:
    """Paths of hairs that begin within an outline and lie towards its tip: each [4, 2]."""
    low, high = outline.min(0), outline.max(0)
    contour, paths = outline.astype(np.float32)[:, None], []
    while len(paths) < count:
        root = canvas.rng.uniform(low, high)
        if cv2.pointPolygonTest(contour, root.tolist(), False) < 0:
            continue
        way = np.arctan2(*(tip - root)[::-1]) + canvas.rng.normal(0, spread)
        bent = way + canvas.rng.normal(0, 0.25)
        step = length * canvas.rng.uniform(0.6, 1.3) / 3
        first = root + step * np.array([np.cos(way), np.sin(way)])
        second = first + step * np.array([np.cos((way + bent) / 2), np.sin((way + bent) / 2)])
        paths.append(
            np.array([root, first, second, second + step * np.array([np.cos(bent), np.sin(bent)])])
        )
    return paths
