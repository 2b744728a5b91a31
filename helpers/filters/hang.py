"""The three ways in which artwork hangs on a face: a similarity, a pose, a mesh.

Each says where artwork lies in the picture. Points are (x, y), pixel centres at whole numbers, both
in the artwork and in the picture.
"""

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from matplotlib.tri import Triangulation

from helpers.crop import move
from helpers.filters.head import Pose, face_3d
from helpers.landmarks import PARTS

# How far the mouth is open in the face over which artwork for a mesh is painted; and where the mesh
# is found: Delaunay's triangles cross a corner of a mouth that is less open.
MOUTH_OPEN, MOUTH_WIDE = 0.4, 0.6
# Points around the face, so that a mesh also reaches over the forehead and beside the cheeks:
# (x, y, z) of the right half in the head's coordinates, the left half is their mirror image.
AROUND = np.array(
    [
        *[(0, -0.9, 0.02), (-0.45, -0.82, 0.1), (-0.78, -0.5, 0.4)],  # where hair begins
        *[(0, -1.7, 0.5), (-1.0, -1.5, 0.6), (-1.7, -0.7, 0.3)],
        *[(-1.8, 0.45, 0.2), (-1.5, 1.5, 0.4), (0, 2.0, 0.3)],
    ]
)
GRID = (5, 17)  # rows and columns of vertices that bend a piece


@dataclass(frozen=True)
class Sheet:
    """Where a piece of artwork lies in a picture.

    source: vertices in the artwork, target: the same in the picture, both float64 [v, 2].
    triangles: the vertices' numbers, int [t, 3], the farthest first, without those that are seen
    from behind. matrix: [3, 3] from the artwork to the picture where the piece is flat.
    """

    source: np.ndarray
    target: np.ndarray
    triangles: np.ndarray
    matrix: np.ndarray | None = None

    def moved(self, by: np.ndarray) -> "Sheet":
        """The same sheet moved by (x, y) pixels of the picture."""
        matrix = self.matrix
        if matrix is not None:
            matrix = np.array([[1, 0, by[0]], [0, 1, by[1]], [0, 0, 1]]) @ matrix
        return replace(self, target=self.target + by, matrix=matrix)

    def in_triangles(self) -> "Sheet":
        """The same sheet for whoever draws triangles alone, each with an affine map of its own.

        Flat artwork seen in perspective becomes a grid, whose triangles are small enough for that.
        """
        if self.matrix is None or np.allclose(self.matrix[2], (0, 0, 1)) or not len(self.triangles):
            return replace(self, matrix=None)
        width, height = np.rint(self.source[2] - self.source[0]).astype(int).tolist()
        source, triangles = _grid((width, height))
        target = cv2.perspectiveTransform(source[None], self.matrix)[0]
        return _seen_from_before(source, target, triangles)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The matrix that turns, scales and moves two points [2, 2] onto two others: float64 [2, 3].

    Raises ValueError where the two points are one.
    """
    # As complex numbers, such a map is one factor and one summand.
    (a, b), (c, d) = ([complex(*point) for point in pair] for pair in (source, target))
    if a == b:
        raise ValueError("Two different points are needed to hang something on.")
    factor = (d - c) / (b - a)
    shift = c - factor * a
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )


def flat(size: tuple[int, int], matrix: np.ndarray) -> Sheet:
    """The sheet of flat artwork of size (width, height) that a matrix [2, 3] or [3, 3] carries."""
    corners = _corners(size)
    if len(matrix) == 2:
        matrix = np.vstack([matrix, [0, 0, 1]])
    target = cv2.perspectiveTransform(corners[None], matrix)[0]
    return _seen_from_before(corners, target, np.array([[0, 1, 2], [0, 2, 3]]), matrix)


def on_head(
    size: tuple[int, int],
    at: np.ndarray,
    anchors: np.ndarray,
    pose: Pose,
    forward: float = 0.0,
    lean: float = 0.0,
    bend: float = 0.0,
) -> Sheet:
    """The sheet of artwork that stands upright on a head and turns with it.

    size: (width, height) of the artwork. Its points `at` [2, 2] lie on the points `anchors` [2, 3]
    of the head. forward: moves it towards the viewer, in eye distances. lean: degrees by which
    what is above the anchors leans back. bend: degrees of a cylinder's round that the width of the
    artwork is bent to, 0 for a flat piece.
    """
    onto = similarity(at, anchors[:, :2])
    middle = anchors.mean(0) - (0, 0, forward)
    width = np.hypot(*onto[:, 0]) * size[0]

    def in_space(points: np.ndarray) -> np.ndarray:
        across, down = (move(points, onto) - middle[:2]).T
        behind = np.zeros(len(points))
        if bend:
            radius = width / np.radians(bend)
            across, behind = (
                radius * np.sin(across / radius),
                radius * (1 - np.cos(across / radius)),
            )
        tilt = np.radians(lean)
        return middle + np.column_stack(
            [
                across,
                down * np.cos(tilt) + behind * np.sin(tilt),
                behind * np.cos(tilt) - down * np.sin(tilt),
            ]
        )

    if not bend:
        corners = _corners(size)
        target = pose.project(in_space(corners)).astype(np.float32)
        return flat(size, cv2.getPerspectiveTransform(corners.astype(np.float32), target))
    source, triangles = _grid(size)
    points = in_space(source)
    return _seen_from_before(source, pose.project(points), _far_first(triangles, points, pose))


def over_face(
    at: np.ndarray,
    anchors: np.ndarray,
    landmarks: np.ndarray,
    pose: Pose,
    used: np.ndarray | None = None,
) -> Sheet:
    """The sheet of artwork that follows every landmark [68, 2]: a triangle mesh, affine in each.

    The artwork is painted over the mean face (`template_points`), so that its points `at` [2, 2]
    lie on the points `anchors` [2, 3] of the head. Eyes and the open mouth are left out. used:
    which triangles of `mesh_3d` are wanted, bool [t], by default all.
    """
    points, triangles = mesh_3d()
    triangles = triangles if used is None else triangles[used]
    source = move(points[:, :2], similarity(anchors[:, :2], at))
    target = np.vstack([landmarks, pose.project(points[68:])])
    return _seen_from_before(source, target, _far_first(triangles, points, pose))


@cache
def mesh_3d() -> tuple[np.ndarray, np.ndarray]:
    """The mesh over a face: vertices float64 [v, 3] of the head, triangles int [t, 3].

    The first 68 vertices are the landmarks, of a face whose mouth is a little open.
    """
    left_half = AROUND[AROUND[:, 0] < 0] * (-1, 1, 1)
    points, wide = (np.vstack([face_3d(w), AROUND, left_half]) for w in (MOUTH_OPEN, MOUTH_WIDE))
    triangles = Triangulation(*wide[:, :2].T).triangles  # Delaunay's
    holes = [PARTS["right eye"], PARTS["left eye"], range(60, 68)]
    seen_through = np.any([np.isin(triangles, hole).all(1) for hole in holes], axis=0)
    return points, triangles[~seen_through]


def template_points(at: np.ndarray, landmarks: tuple[int, int] = (36, 45)) -> np.ndarray:
    """Where the 68 landmarks lie in artwork for a mesh, to paint over: float64 [68, 2].

    at: the points [2, 2] of the artwork on which the two landmarks lie.
    """
    onto = similarity(face_3d()[list(landmarks), :2], at)
    return move(face_3d(MOUTH_OPEN)[:, :2], onto)


def _corners(size: tuple[int, int]) -> np.ndarray:
    """The corners of artwork of size (width, height), clockwise: float64 [4, 2]."""
    right, bottom = size[0] - 0.5, size[1] - 0.5
    return np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])


@cache
def _grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [v, 2] all over artwork of size (width, height), and triangles [t, 3]."""
    rows, columns = GRID
    x, y = np.linspace(-0.5, size[0] - 0.5, columns), np.linspace(-0.5, size[1] - 0.5, rows)
    points = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    right, below = first + 1, first + columns
    upper = np.column_stack([first, right, below + 1])
    return points, np.vstack([upper, np.column_stack([first, below + 1, below])])


def _far_first(triangles: np.ndarray, points: np.ndarray, pose: Pose) -> np.ndarray:
    """Triangles [t, 3] of points [v, 3] of the head, those farthest from the camera first."""
    return triangles[np.argsort(-pose.distance(points)[triangles].mean(1), kind="stable")]


def _seen_from_before(
    source: np.ndarray, target: np.ndarray, triangles: np.ndarray, matrix: np.ndarray | None = None
) -> Sheet:
    """A sheet without the triangles that lie the wrong way round in the picture."""
    seen = areas(source[triangles]) * areas(target[triangles]) > 0
    return Sheet(source, target, triangles[seen], matrix)


def areas(corners: np.ndarray) -> np.ndarray:
    """The areas of triangles [t, 3, 2], negative where they run the other way round: [t]."""
    (x, y), (u, v) = ((corners[:, k] - corners[:, 0]).T for k in (1, 2))
    return (x * v - y * u) / 2
