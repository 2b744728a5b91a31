"""The camera of the demo pictures: white balance, tone curve, vignette, blur and noise."""

import cv2
import numpy as np


def camera(rng, picture, blur=0.0, noise=0.0):
    """A picture, RGB float32 [H, W, 3] from 0 to 1, as a camera gives it: uint8 [H, W, 3].

    blur: standard deviation in pixels, noise: in units of the picture's range. What else a camera
    does (white balance, saturation, contrast, vignette) is drawn from `rng`.
    """
    height, width = picture.shape[:2]
    warm, tint, contrast = rng.normal(0, 0.05), rng.normal(0, 0.02), rng.normal(0.2, 0.15)
    ys, xs = np.indices((height, width), np.float32, sparse=True)
    dark = 1 - rng.uniform(0, 0.5) * (np.square(xs / width - 0.5) + np.square(ys / height - 0.5))
    luma = rng.standard_normal((height, width), np.float32) * np.float32(0.8 * noise)
    chroma = rng.standard_normal((3, height // 2 + 1, width // 2 + 1), np.float32)
    grey = picture.mean(2)
    vivid = np.float32(rng.normal(1.12, 0.1))
    planes = []
    for plane, gain, grain in zip(cv2.split(picture), (warm, tint, -warm), chroma, strict=True):
        plane = (grey + vivid * (plane - grey)) * np.float32(np.exp(gain))
        plane = np.clip(plane, 0, 1.2)
        bend = np.clip(1 - abs(2 * plane - 1), 0, 1)
        plane = (plane + np.float32(contrast) * (plane - np.float32(0.45)) * bend) * dark
        if blur > 0.3:
            plane = cv2.GaussianBlur(plane, (0, 0), blur)
        grain = cv2.resize(grain * np.float32(0.5 * noise), (width, height))
        plane += (luma + grain) * np.sqrt(np.float32(0.25) + np.clip(plane, 0, 1))
        planes.append(plane)
    return cv2.convertScaleAbs(np.clip(cv2.merge(planes), 0, 1), alpha=255)
