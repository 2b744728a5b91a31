"""Landmarks that tremble, made calm: the One-Euro filter, and what it gains and costs.

Landmarks are (x, y) in pixels; sizes and speeds are in parts of the inter-ocular distance (that of
the outer eye corners), so that they do not depend on how large a face is.
"""

import numpy as np

from helpers.landmarks import OUTER_EYE_CORNERS

# Chosen on the clips of `helpers.video.scenes`: at rest they must tremble four times less, whoever
# is seen, and be two frames late at most in motion.
MIN_CUTOFF, BETA, SPEED_CUTOFF = 0.2, 4.0, 1.5


class OneEuro:
    """Smooths the landmarks of one face from frame to frame: much at rest, little in motion.

    A low-pass filter whose cutoff frequency grows with speed (Casiez et al. 2012, "1 € Filter: A
    Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems").

    min_cutoff: hertz, of a point at rest; the lower, the calmer. beta: by how many hertz the cutoff
    grows for a speed of one inter-ocular distance a second; the higher, the less it lags behind.
    speed_cutoff: hertz, of the speed itself, which has to be smoothed too.
    """

    def __init__(
        self, min_cutoff: float = MIN_CUTOFF, beta: float = BETA, speed_cutoff: float = SPEED_CUTOFF
    ) -> None:
        self.min_cutoff, self.beta, self.speed_cutoff = min_cutoff, beta, speed_cutoff
        self.last: np.ndarray | None = None
        self.speed = np.zeros(0)
        self.time, self.count = 0.0, 0

    def __call__(self, landmarks: np.ndarray, time: float) -> np.ndarray:
        """The landmarks [68, 2] smoothed, float32; the first are returned as they are.

        time: of the frame, in seconds; where it has not gone on, nothing changes.
        """
        if self.last is None:
            self.last, self.time = landmarks.copy(), time
            self.speed = np.zeros_like(self.last)
        step = time - self.time
        if step > 0:
            self.count += 1
            speed = (landmarks - self.last) / (step * eye_distance(self.last))
            # The first frames count alike, as in a mean: the very first is no better.
            new = max(share(self.speed_cutoff, step), 1 / self.count)
            self.speed = self.speed + new * (speed - self.speed)
            # One speed for both coordinates, so that a point's path is not bent.
            fast = np.linalg.norm(self.speed, axis=-1, keepdims=True)
            cutoff = self.min_cutoff + self.beta * fast
            new = np.maximum(share(cutoff, step), 1 / (self.count + 1))
            self.last = self.last + new * (landmarks - self.last)
            self.time = time
        return np.array(self.last, np.float32)  # a copy: what it remembers is its own


def share(cutoff: np.ndarray | float, step: float) -> np.ndarray | float:
    """How much of what is new a low-pass filter takes in a step: 0 to 1.

    cutoff: hertz. step: seconds.
    """
    return 1 / (1 + 1 / (2 * np.pi * cutoff * step))


def smoothed(
    landmarks: np.ndarray, fps: float, min_cutoff: float = MIN_CUTOFF, beta: float = BETA
) -> np.ndarray:
    """The landmarks [t, 68, 2] of one face in all frames of a clip, smoothed: float32."""
    smooth = OneEuro(min_cutoff, beta)
    return np.array([smooth(points, index / fps) for index, points in enumerate(landmarks)])


def eye_distance(landmarks: np.ndarray) -> np.ndarray:
    """The inter-ocular distance, of the outer eye corners: [..., 68, 2] -> [...]; at least 1."""
    right, left = (landmarks[..., corner, :] for corner in OUTER_EYE_CORNERS)
    return np.maximum(np.linalg.norm(left - right, axis=-1), 1.0)


def jitter(landmarks: np.ndarray) -> float:
    """How much the landmarks [t, 68, 2] of a face at rest tremble, in % of the eye distance.

    The standard deviation of a landmark's place over the frames, the mean of all 68.
    """
    variance = landmarks.var(0).sum(-1)
    return float(100 * np.sqrt(variance).mean() / eye_distance(landmarks.mean(0)))


def lag(truth: np.ndarray, landmarks: np.ndarray) -> float:
    """By how many frames landmarks [t, 68, 2] follow the true ones [t, 68, 2].

    For a face that moves there and back: how far the points are behind, beside their steps from
    frame to frame (least squares). An error that stays the same, whichever way the face moves, is
    none of it.
    """
    steps = np.gradient(truth, axis=0)
    steps, behind = steps - steps.mean(0), truth - landmarks
    return float((steps * (behind - behind.mean(0))).sum() / np.square(steps).sum())
