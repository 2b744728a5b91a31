"""Pictures and faces made of numbers, of which everything is known: what the tests look at."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from helpers.annotations import Face, photograph_of

# Which landmark of a face becomes which one of its mirror image.
MIRRORED = [
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),  # nose
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # outer lip
    *(64, 63, 62, 61, 60, 67, 66, 65),  # inner lip
]


def schematic_face():
    """68 points of a symmetric face about (0, 0), about 1 wide: float [68, 2]."""
    jaw = np.linspace(np.pi, 0, 17)
    eye = np.radians(180 - 60 * np.arange(6))
    outer, inner = np.radians(180 - 30 * np.arange(12)), np.radians(180 - 45 * np.arange(8))
    ring = lambda t, x, y, a, b: np.c_[x + a * np.cos(t), y - b * np.sin(t)]  # noqa: E731
    line = lambda x0, x1, y, n: np.c_[np.linspace(x0, x1, n), np.full(n, y)]  # noqa: E731
    parts = [
        np.c_[0.45 * np.cos(jaw), 0.6 * np.sin(jaw) - 0.15],
        *(line(-0.4, -0.1, -0.3, 5), line(0.1, 0.4, -0.3, 5)),
        *(np.c_[np.zeros(4), np.linspace(-0.2, 0.05, 4)], line(-0.12, 0.12, 0.1, 5)),
        *(ring(eye, -0.22, -0.18, 0.08, 0.03), ring(eye, 0.22, -0.18, 0.08, 0.03)),
        *(ring(outer, 0, 0.25, 0.17, 0.07), ring(inner, 0, 0.25, 0.12, 0.03)),
    ]
    return np.concatenate(parts)


def draw_dots(dots, width, height, sigma=4.0):
    """Gaussian blobs [n, 2] with sub-pixel centres on black: RGB uint8 [height, width, 3]."""
    dots = np.asarray(dots, float)
    across = np.exp(-(((np.arange(width) - dots[:, :1]) / sigma) ** 2) / 2)
    down = np.exp(-(((np.arange(height) - dots[:, 1:]) / sigma) ** 2) / 2)
    grey = np.clip(np.rint(250 * down.T @ across), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def grid_of_dots(corner, spacing, seed=0):
    """68 points in rows of nine, each moved by a part of a pixel: [68, 2]."""
    column, row = np.arange(68) % 9, np.arange(68) // 9
    moved = np.random.default_rng(seed).uniform(-0.5, 0.5, (68, 2))
    return np.asarray(corner) + spacing * np.column_stack([column, row]) + moved


def misses(image, points):
    """How far each point is from the centroid of the light around it, in pixels: [at most n].

    image: [H, W], black between its dots. Only of points whose surroundings are all in the image:
    a disc that reaches not quite half-way to the nearest other point.
    """
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    radius = int(0.43 * apart[apart > 0].min())
    height, width = image.shape
    inside = (points >= radius + 1) & (points <= np.array([width, height]) - radius - 2)
    distances = []
    for x, y in points[inside.all(1)]:
        left, top = round(x) - radius, round(y) - radius
        rows, columns = np.mgrid[: 2 * radius + 1, : 2 * radius + 1]
        disc = (columns - radius) ** 2 + (rows - radius) ** 2 <= radius**2
        light = disc * image[top : top + 2 * radius + 1, left : left + 2 * radius + 1].astype(float)
        centre = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
        distances.append(np.hypot(*(centre + np.array([left - x, top - y]))))
    return np.array(distances)


def write_labels(path, entries):
    """Writes a label file in dlib's XML; entries: (name of the picture, box, landmarks)."""
    root = ElementTree.Element("dataset")
    images = ElementTree.SubElement(root, "images")
    for name, box, landmarks in entries:
        image = ElementTree.SubElement(images, "image", file=str(name))
        sides = zip(("left", "top", "width", "height"), map(str, box), strict=True)
        element = ElementTree.SubElement(image, "box", dict(sides))
        for index, (x, y) in enumerate(landmarks):
            ElementTree.SubElement(element, "part", name=f"{index:02d}", x=f"{x:.6f}", y=f"{y:.6f}")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="ISO-8859-1", xml_declaration=True)
    return path


def face_shape():
    """A face seen from the front, alike on both sides: [68, 2], from -1 to 1, y downwards."""
    turn = np.linspace(0, np.pi, 17)
    jaw = np.column_stack([-0.9 * np.cos(turn), -0.2 + 1.1 * np.sin(turn)])
    arch = [-0.5, -0.58, -0.6, -0.58, -0.54]
    right_brow = np.column_stack([np.linspace(-0.72, -0.2, 5), arch])
    left_brow = np.column_stack([np.linspace(0.2, 0.72, 5), arch[::-1]])
    bridge = np.column_stack([np.zeros(4), np.linspace(-0.3, 0.08, 4)])
    nostrils = np.column_stack([np.linspace(-0.16, 0.16, 5), [0.18, 0.2, 0.22, 0.2, 0.18]])
    lids_y = np.array([-0.3, -0.36, -0.36, -0.3, -0.26, -0.26])
    right_eye = np.column_stack([[-0.52, -0.44, -0.33, -0.25, -0.33, -0.44], lids_y])
    left_eye = np.column_stack([[0.25, 0.33, 0.44, 0.52, 0.44, 0.33], lids_y])
    upper_x, upper_y = np.linspace(-0.3, 0.3, 7), [0.48, 0.42, 0.39, 0.41, 0.39, 0.42, 0.48]
    lower_x, lower_y = np.linspace(0.2, -0.2, 5), [0.57, 0.61, 0.62, 0.61, 0.57]
    lips = np.column_stack([[*upper_x, *lower_x], [*upper_y, *lower_y]])
    mouth_x = [-0.24, -0.1, 0, 0.1, 0.24, 0.1, 0, -0.1]
    mouth = np.column_stack([mouth_x, [0.48, 0.46, 0.465, 0.46, 0.48, 0.52, 0.525, 0.52]])
    parts = [jaw, right_brow, left_brow, bridge, nostrils, right_eye, left_eye, lips, mouth]
    return np.concatenate(parts)


def face_picture(seed, width=120, height=100):
    """A cartoon of a face before noise, with its box and landmarks: (RGB uint8, box, [68, 2])."""
    random = np.random.default_rng(seed)
    side = random.uniform(40, 60)
    centre = np.array([width, height]) / 2 + random.uniform(-8, 8, 2)
    landmarks = centre + face_shape() * side / 2 + random.normal(0, 0.3, (68, 2))
    left, top = centre - side / 2
    box = (round(left), round(top), round(side), round(side))
    noise = random.integers(0, 60, (height, width, 1))
    lit = draw_dots(landmarks, width, height, sigma=1.5)
    return np.clip(lit + noise, 0, 255).astype(np.uint8), box, landmarks


def make_faces(folder, count, seed=0):
    """Cartoon faces as PNG pictures in a folder: list[Face]."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    faces = []
    for index in range(count):
        picture, box, landmarks = face_picture(seed + index)
        path = folder / f"face_{index:04d}.png"
        Image.fromarray(picture).save(path, compress_level=0)  # all files are of one length
        faces.append(Face(path, box, landmarks.astype(np.float32), photograph_of(path.name)))
    return faces
