"""The lamp on a demo person: how bright it makes each place of the face model's frame."""

from functools import cache

import cv2
import numpy as np

from helpers.people.face_model import enlarge, face_model, smooth
from helpers.people.person import View


def light_on(view: View, reduce: float) -> np.ndarray:
    """The factor of brightness at each place of the frame, 1 being the studio's: float32 [H, W].

    Part of the light comes from all sides and the rest from a lamp, whose share grows with
    `view.harshness` and falls off with the angle to the surface (Lambert's law).
    """
    side, up = np.radians(view.light - view.yaw), np.radians(view.elevation)
    towards = [np.sin(side) * np.cos(up), -np.sin(up), np.cos(side) * np.cos(up)]
    lit = np.maximum(normals() @ np.array(towards, np.float32), 0)
    strength = 0.2 + 0.5 * view.harshness
    shading = np.float32(view.exposure) * ((1 - strength) + strength * lit / 0.85)
    return enlarge(cv2.GaussianBlur(shading, (0, 0), 0.8) ** 0.7, 4, reduce)


@cache
def normals() -> np.ndarray:
    """Unit normals of the mean face at a quarter of the frame, float32 [160, 160, 3].

    They point out of the face: x to the picture's right, y down, z towards the camera.
    """
    depth = face_model()["depth"]
    below = smooth((np.arange(160, dtype=np.float32)[:, None] - 113) / 6)
    depth = depth + (cv2.GaussianBlur(depth, (0, 0), 6) - depth) * below
    slope = [cv2.Sobel(depth, cv2.CV_32F, k, 1 - k, scale=1 / 32) for k in (1, 0)]
    normal = np.dstack([-slope[0], -slope[1], np.full_like(depth, 0.8)])
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)
