"""The camera of the demo pictures: white balance, tone curve, vignette, blur and noise.

And what befalls pictures afterwards, or before they are sharp: `worn`.
"""

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


def worn(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A picture as many are, RGB uint8 [H, W, 3]: shaken, coarse, stored with few bytes.

    Each by chance, so that many stay as they are; what is seen stays where it is.
    """
    if rng.random() < 0.2:  # the camera or the head moved on a straight line
        length, angle = rng.uniform(2, 9), rng.uniform(0, np.pi)
        drawn = np.zeros((11, 11), np.uint8)
        reach = length / 2 * np.array([np.cos(angle), np.sin(angle)])
        ends = np.rint(16 * (5 + np.array([-reach, reach]))).astype(int).tolist()
        cv2.line(drawn, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
        line = drawn + drawn[::-1, ::-1].astype(np.float32)  # even, so that nothing moves aside
        picture = cv2.filter2D(picture, -1, line / line.sum(), borderType=cv2.BORDER_REPLICATE)
    if rng.random() < 0.25:
        size = picture.shape[1::-1]
        factor = rng.uniform(1.3, 3)
        smaller = [max(8, round(side / factor)) for side in size]
        picture = cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))]
        stored = cv2.imencode(".jpg", picture[..., ::-1], quality)[1]
        picture = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR))[..., ::-1]
    return picture
