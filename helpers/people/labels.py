"""A data set in the layout of dlib's archive: pictures with twins, label file and .pts files.

Landmarks are (x, y) in pixels, with pixel centres at whole numbers.
"""

import cv2
import numpy as np

from helpers.annotations import MIRROR


def image_entry(name, shape, box, landmarks):
    """A label file's entry of one face.

    name: the picture's path in the data set, shape: its (H, W, ...). box: (left, top, width,
    height) in whole pixels. landmarks: [68, 2].
    """
    left, top, width, height = box
    lines = [
        f"  <image file='{name}' width='{shape[1]}' height='{shape[0]}'>",
        f"    <box top='{top}' left='{left}' width='{width}' height='{height}'>",
    ]
    lines += [
        f"      <part name='{i:02d}' x='{x:.2f}' y='{y:.2f}'/>"
        for i, (x, y) in enumerate(landmarks)
    ]
    return "\n".join([*lines, "    </box>", "  </image>"])


def label_list(name, comment, entries):
    """The text of a whole label file, to be stored in the encoding that it names."""
    lines = [
        "<?xml version='1.0' encoding='ISO-8859-1'?>",
        "<dataset>",
        f"<name>{name}</name>",
        f"<comment>{comment}</comment>",
        "<images>",
        *entries,
        "</images>",
        "</dataset>",
        "",
    ]
    return "\n".join(lines)


def points_file(landmarks):
    """The text of a .pts file, which counts pixels from 1."""
    lines = "\n".join(f"{x + 1:.2f} {y + 1:.2f}" for x, y in landmarks)
    return f"version: 1\nn_points: {len(landmarks)}\n{{\n{lines}\n}}\n"


def write_face(folder, name, picture, box, landmarks, quality=95):
    """Saves a picture, its mirrored twin and a .pts file; returns both entries of the label file.

    name: path in the folder, without extension. picture: RGB uint8 [H, W, 3]. box: (left, top,
    width, height) in whole pixels. landmarks: [68, 2]. quality: of the JPEGs, in per cent.
    """
    width = picture.shape[1]
    twin = np.column_stack([width - 1 - landmarks[:, 0], landmarks[:, 1]])[MIRROR]
    twin_box = (width - box[0] - box[2], *box[1:])
    entries = []
    for path, image, points, frame in (
        (f"{name}.jpg", picture, landmarks, box),
        (f"{name}_mirror.jpg", picture[:, ::-1], twin, twin_box),
    ):
        bgr = np.ascontiguousarray(image[..., ::-1])
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        (folder / path).write_bytes(data.tobytes())
        entries.append(image_entry(path, picture.shape, frame, points))
    (folder / f"{name}.pts").write_text(points_file(landmarks))
    return entries
