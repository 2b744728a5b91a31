"""A generic face in 3-D, and how landmarks say that it is turned and where it is: its pose.

The head's own coordinates: x to the picture's right, y down, z away from the viewer, where the head
looks straight into the camera. The middle of the outer eye corners is 0, their distance is 1, here
called an eye distance.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from helpers.landmarks import NUM_LANDMARKS, OUTER_EYE_CORNERS
from helpers.people.expression import expression
from helpers.people.face_model import depth_at, face_model
from helpers.people.labels import weights
from helpers.people.mesh import CAMERA
from helpers.people.person import View

# The points that a pose is found from: nose and corners of the eyes keep their places on the skull
# when a mouth opens, a face smiles or blinks, or brows go up. So do the ends of the jaw, but a
# turned cheek hides them: their labels move on, in steps, to the edge that is seen.
STEADY = [*range(27, 36), 36, 39, 42, 45]


@cache
def face_3d(mouth_open: float = 0.0) -> np.ndarray:
    """The 68 landmarks of the mean demo person in 3-D: float64 [68, 3], in eye distances.

    mouth_open: 0 to 1. The depth is the generator's guess (`helpers.people.face_model`).
    """
    model = face_model()
    flat = model["uv"] + model["shape_mean"] + expression(View(mouth_open=mouth_open))
    vertices = np.column_stack([flat, -depth_at(model["uv"])]).astype(float)
    corners, shares = weights()
    points = (vertices[corners[:, 0]] * shares[:, 0, :, None]).sum(1)
    right, left = points[list(OUTER_EYE_CORNERS)]
    points = (points - (right + left) / 2) / np.linalg.norm(left - right)
    points.setflags(write=False)  # the same array for everyone
    return points


@cache
def camera_distance() -> float:
    """How far from the face the camera is taken to be, in eye distances: the generator's own.

    A picture does not say it. What depends on it is how much smaller the farther half of a turned
    face looks.
    """
    uv = face_model()["uv"][list(OUTER_EYE_CORNERS)]
    return CAMERA / float(np.linalg.norm(uv[1] - uv[0]))


@dataclass(frozen=True)
class Pose:
    """How a head is turned, and where it is in a picture.

    rotation: float64 [3, 3], from the head's coordinates to the camera's. translation: float64 [3],
    where the head's 0 is, in eye distances from the camera. focal: of the camera, in pixels.
    centre: the (x, y) of the picture that it looks at.
    """

    rotation: np.ndarray
    translation: np.ndarray
    focal: float
    centre: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Where points [n, 3] of the head are in the picture: (x, y), float64 [n, 2]."""
        seen = points @ self.rotation.T + self.translation
        return self.centre + self.focal * seen[:, :2] / seen[:, 2:]

    def distance(self, points: np.ndarray) -> np.ndarray:
        """How far points [n, 3] of the head are from the camera, in eye distances: float64 [n]."""
        return points @ self.rotation[2] + self.translation[2]

    @property
    def eye_distance(self) -> float:
        """An eye distance in pixels, where the head is: unlike the eyes', it does not shrink."""
        return self.focal / float(self.translation[2])


def find_pose(landmarks: np.ndarray) -> Pose | None:
    """The pose of a head from its landmarks [68, 2]; None where they lie in one place or line.

    The camera is taken to look at the middle of the outer eye corners, so the same face has the
    same pose anywhere in a picture. What is told is thus the turn away from the line of sight: a
    head at the side of a picture that looks straight ahead shows a little of its side.

    Two steps. As if seen from far away, the pose is a least-squares fit ("pose from orthography and
    scaling", DeMenthon and Davis 1995); that is never far off and gives the scale. From there
    `cv2.solvePnP` goes to the nearest pose with perspective, so it cannot jump to another one.
    """
    marks = np.asarray(landmarks, float)
    head, points = face_3d()[STEADY], marks[STEADY]
    centre = marks[list(OUTER_EYE_CORNERS)].mean(0)
    middle, seen_at = head.mean(0), points.mean(0)
    linear = np.linalg.lstsq(head - middle, points - seen_at, rcond=None)[0].T
    left, scales, right = np.linalg.svd(linear, full_matrices=False)
    if scales[1] < 0.1 * scales[0] or scales[0] < 1e-3:
        return None
    axes = left @ right  # the nearest rows of a rotation
    rotation = np.vstack([axes, np.cross(*axes)])
    far, scale = camera_distance(), float(scales.mean())
    translation = np.array([*(seen_at - centre) / scale, far]) - rotation @ middle
    focal = far * scale
    camera = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
    start = cv2.Rodrigues(rotation)[0], translation.reshape(3, 1)
    _, turn, moved = cv2.solvePnP(head, points, camera, None, *start, True, cv2.SOLVEPNP_ITERATIVE)
    if not (np.isfinite(turn).all() and moved[2, 0] > 0.1 * far):
        return None
    return Pose(cv2.Rodrigues(turn)[0], moved[:, 0], focal, centre)


def checked(landmarks: ArrayLike) -> np.ndarray:
    """Landmarks [68, 2], [n, 68, 2] or [] as float64 [n, 68, 2]; ValueError for anything else."""
    points = np.asarray(landmarks, float)
    if points.ndim and not len(points):
        return np.zeros((0, NUM_LANDMARKS, 2))
    if points.shape[-2:] != (NUM_LANDMARKS, 2) or points.ndim not in (2, 3):
        raise ValueError(f"Landmarks must be [68, 2] or [n, 68, 2], not {list(points.shape)}.")
    if not np.isfinite(points).all():
        raise ValueError("Landmarks must be finite numbers.")
    return points.reshape(-1, NUM_LANDMARKS, 2)
