"""Scenes from the photographs of archives' training lists: turned and scaled, half of all scenes.

Where the weights that a training starts from see somebody who has no label, nothing is asked, but
for what `no_faces.json` names: ears, hands, letters, cups that an earlier training took for faces,
picked out by eye. They teach most, so some scenes are drawn about one of them. The file has, for
pictures of dlib's archive, LFPW and YouTube Faces, [left, top, side] in pixels.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from finder.scenes import (
    LARGEST,
    SIZE,
    described,
    ground,
    lit,
    log_uniform,
    over,
    paste_part,
    spoil,
    tone,
    warped,
)
from helpers.annotations import read_faces, read_image
from helpers.boxes import box_around, iou
from helpers.crop import crop_matrix, move, scaled, to_grey
from helpers.detect import find_faces
from helpers.landmarks import MIRROR
from helpers.sources import label_file

NO_FACES = Path(__file__).with_name("no_faces.json")
FRAMES = 3  # of the frames of a video, whose name begins with "ytf", one in so many


class Photograph(NamedTuple):
    """A grey picture uint8 [H, W] and what is in it; boxes are (left, top, width, height).

    landmarks: [n, 68, 2] of the labelled faces. others: [m, 4], who may be there without a label.
    no_faces: [k, 4], what looks like a face and is none.
    """

    grey: np.ndarray
    landmarks: np.ndarray
    others: np.ndarray
    no_faces: np.ndarray


def read_photographs(folders, finder):
    """The photographs of the training lists of data sets in dlib's layout, for scenes."""
    named = json.loads(NO_FACES.read_text("utf-8"))
    pictures = {}
    for folder in folders:
        faces = [face for face in read_faces(label_file(folder, "train")) if not face.is_twin]
        for k, face in enumerate(faces):
            video = face.photograph.startswith("ytf")
            if not video or k % FRAMES == 0:
                key = folder, face.image if video else face.photograph
                pictures.setdefault(key, []).append(face)
    kept = []
    for (folder, _), faces in pictures.items():
        grey = to_grey(read_image(faces[0].image))
        marks = np.stack([face.landmarks for face in faces])
        zoom = min(1.0, 130 / min(box_around(points)[2] for points in marks), 800 / max(grey.shape))
        grey = cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        marks = scaled(marks, zoom)
        boxes = find_faces(grey, sure=0.45, finder=finder).boxes
        labelled = np.stack([box_around(points) for points in marks])
        boxes = boxes[iou(boxes, labelled).max(1, initial=0) < 0.2]
        name = faces[0].image.relative_to(folder).as_posix()
        wrong = np.array([(x, y, side, side) for x, y, side in named.get(name, [])], float)
        wrong = zoom * wrong.reshape(-1, 4)
        boxes = boxes[iou(boxes, wrong).max(1, initial=0) < 0.4]
        photograph = Photograph(grey, marks.astype(np.float32), boxes, wrong)
        kept += [photograph] * (3 if len(wrong) else 1)
    return kept


def photograph_scene(rng, photographs, bank, grounds):
    """A scene as `scenes.scene` makes it, of a photograph."""
    grey, marks, others, wrong = photographs[rng.integers(len(photographs))]
    canvas, owner = ground(rng, grounds, SIZE), np.zeros((SIZE, SIZE), np.uint8)
    about_none = len(wrong) and rng.random() < 0.7
    middle_of = wrong if about_none else [box_around(mark) for mark in marks]
    box = middle_of[rng.integers(len(middle_of))]
    angle = rng.uniform(0, 360) if rng.random() < 0.3 else rng.normal(0, 14)
    wanted = log_uniform(rng, 10, LARGEST) if rng.random() < 0.9 else log_uniform(rng, LARGEST, 500)
    room = min(0.3 * wanted, SIZE / 2)
    mirrored = rng.random() < 0.5
    matrix = crop_matrix(box, wanted, 1, angle, flip=mirrored)
    middle = (wanted - 1) / 2
    matrix[:, 2] += rng.uniform(room, SIZE - room, 2) - middle
    edge = np.zeros(grey.shape, np.uint8)
    edge[4:-4, 4:-4] = 255
    placed = warped(grey, cv2.blur(edge, (7, 7)), matrix, SIZE)
    points = [move(p, matrix)[MIRROR] if mirrored else move(p, matrix) for p in marks]
    if placed:
        colour, alpha, corner = placed
        over(canvas, owner, tone(rng, colour, 0.6), alpha, corner, 0)
        if rng.random() < 0.2:
            lit(rng, canvas)
    for k, mark in enumerate(points, 1):
        own = np.zeros_like(owner)
        cv2.fillConvexPoly(own, cv2.convexHull(mark.astype(np.float32)).astype(np.int32), 1)
        owner[own > 0] = k
    for mark in points:
        if rng.random() < 0.15:
            side = np.ptp(mark, 0).max()
            at = mark[rng.integers(68)] + rng.normal(0, 0.25 * side, 2)
            paste_part(rng, bank, grounds, canvas, owner, side * rng.uniform(0.25, 0.8), at)
    canvas, coarse = spoil(rng, canvas, owner)
    rows = [described(mark, canvas, owner == k, coarse) for k, mark in enumerate(points, 1)]
    zoom = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    for left, top, side, _ in others:
        x, y = move(np.array([left + (side - 1) / 2, top + (side - 1) / 2]), matrix)
        rows.append((x, y, 1.3 * side * zoom, 1, 0, 0.3, side * zoom))
    return canvas, np.array(rows).reshape(-1, 7)
