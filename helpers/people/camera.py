"""The camera of the demo pictures: white balance, tone curve, vignette, blur and noise."""

import cv2
import numpy as np


def camera(
    rng: np.random.Generator, picture: np.ndarray, blur: float = 0.0, noise: float = 0.0
) -> np.ndarray:
    """A picture as a camera gives it: RGB float32 [H, W, 3] from 0 to 1 -> uint8 [H, W, 3].

    blur: standard deviation in pixels, noise: in units of the picture's range. What else a camera
    does (white balance, saturation, contrast, vignette) is drawn from `rng`.
    """
    height, width = picture.shape[:2]
    warm, tint, contrast = rng.normal(0, 0.05), rng.normal(0, 0.02), rng.normal(0.2, 0.15)
    ys, xs = np.indices((height, width), np.float32, sparse=True)
    dark = 1 - rng.uniform(0, 0.5) * (np.square(xs / width - 0.5) + np.square(ys / height - 0.5))
    # White balance and saturation are one matrix: each colour's distance from grey grows.
    vivid = rng.normal(1.12, 0.1)
    gains = np.exp(np.array([warm, tint, -warm]))
    mix: np.ndarray = gains[:, None] * (vivid * np.eye(3) + (1 - vivid) / 3)
    seen: np.ndarray = cv2.transform(picture.astype(np.float32), mix)
    np.clip(seen, 0, 1.2, out=seen)
    bend = np.maximum(1 - abs(2 * seen - 1), 0)
    seen += np.float32(contrast) * (seen - np.float32(0.45)) * bend
    seen *= dark[..., None]
    if blur > 0.3:
        seen = cv2.GaussianBlur(seen, (0, 0), blur)
    grain: np.ndarray = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), np.float32)
    grain = cv2.resize(grain * np.float32(0.5 * noise), (width, height))
    grain = grain + rng.standard_normal((height, width, 1), np.float32) * np.float32(0.8 * noise)
    seen += grain * np.sqrt(np.float32(0.25) + np.clip(seen, 0, 1))
    return cv2.convertScaleAbs(np.clip(seen, 0, 1), alpha=255)
