"""Faces followed from frame to frame: where a face was, it is looked for first.

Landmarks are (x, y), boxes (left, top, width, height), in pixels of the frame, pixel centres at
whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from helpers.boxes import iou, nms, share_inside, upright
from helpers.crop import to_grey
from helpers.detect import find_faces
from helpers.landmarks import IBUG, must_be_ibug
from helpers.predict import Landmarker, mean_distance
from helpers.video.smooth import OneEuro

SURE = 0.5  # trust from which on something new is a face
DOUBT = 0.15  # trust below which a face may be lost
PATIENCE = 3  # frames in a row of doubt after which it is
CHECK = 6  # frames between two questions how far a face can be trusted
JUMP = 0.12  # of the box's side that landmarks move against what was expected: asked at once
# A crop stays where the next would hardly differ: by this part of its side, by so many degrees.
# Else landmarks tremble with the crop, and the crop with them, even where two frames are the same.
HOLD, HOLD_ANGLE = 0.015, 1.5
SAME = 0.4  # overlap (IoU) from which on two boxes are of one face
CLOSE = 0.05  # overlap from which on a face may hide the other, and both are watched
INSIDE = 0.35  # of a box's area on the picture, below which a face has left it
NEAR = 0.1  # overlap of boxes twice as large from which on a face may be one that was lost
REMEMBER = 2.0  # seconds for which a lost face is looked for
COAST = 0.5  # seconds for which it is thought to have gone on as it went
STEADY = 0.3  # how much of a face's speed is that of the last frame

Points = Sequence[np.ndarray] | np.ndarray  # landmarks of n faces, [68, 2] each
Crop = tuple[np.ndarray, float]  # a box [4], and the angle that levels the face, as of `upright`


class Tracked(NamedTuple):
    """A face in a frame.

    number: the same in all frames, from 1 on. landmarks: float32 [68, 2]. trust: how far they can
    be trusted, 0 to 1, as `Landmarker.trust` said last.
    """

    number: int
    landmarks: np.ndarray
    trust: float


@dataclass(eq=False)
class Face:
    """What is known of a face that is followed, or was: landmarks as the network saw them last.

    crop: the last. speed: of its middle, (x, y) in pixels a second. seen: when, in seconds. doubts:
    frames in a row in which it was not trusted. jumped: whether it is not where it was expected.
    smooth: its filter, or None.
    """

    number: int
    landmarks: np.ndarray
    trust: float
    seen: float
    smooth: OneEuro | None
    crop: Crop | None = None
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))
    doubts: int = 0
    jumped: bool = False

    def expected(self, time: float) -> np.ndarray:
        """Its landmarks at a time, had it gone on as it went: [68, 2]."""
        return self.landmarks + self.speed * min(time - self.seen, COAST)

    def next_crop(self, landmarks: np.ndarray) -> Crop:
        """The level crop around where its landmarks are expected; the last one, if that will do."""
        box, angle = upright(landmarks)
        if self.crop is None or differs((box, angle), self.crop):
            self.crop = box, angle
        return self.crop

    def goes_on(self, landmarks: np.ndarray, time: float) -> None:
        """Takes the landmarks of a new frame."""
        if time > self.seen:
            speed = (landmarks.mean(0) - self.landmarks.mean(0)) / (time - self.seen)
            self.speed = self.speed + STEADY * (speed - self.speed)
        self.landmarks, self.seen = landmarks, time


class Tracker:
    """Follows the faces of a clip; `step` takes one frame after the other.

    The landmarks of a frame make the crops of the next, level and close, so each face costs one
    pass of the network; while a face rests, so does its crop. The face finder, which costs more,
    looks at the first frame, at every `interval`-th, more often while there is nobody, and around
    a face that was lost. A face keeps its number; one that comes back within two seconds, near
    where it was or where it went, gets its old one.

    landmarker: puts the landmarks. smooth: whether a One-Euro filter smooths them, with
    `min_cutoff` and `beta` (`helpers.video.OneEuro`). fps: frames a second, where `step` is not
    told the time. interval: frames between two looks of the finder at the whole frame. Raises
    ValueError for a landmarker of other points than the 68.
    """

    def __init__(
        self,
        landmarker: Landmarker,
        smooth: bool = True,
        fps: float = 30.0,
        interval: int = 15,
        **filter_settings: float,
    ) -> None:
        must_be_ibug(getattr(landmarker, "scheme", IBUG), "faces that are followed")
        self.landmarker, self.smooth, self.fps, self.interval = landmarker, smooth, fps, interval
        self.filter_settings = filter_settings
        self.faces: list[Face] = []
        self.lost: list[Face] = []
        self.count = 0  # of frames
        self.looks = 0  # of the finder at a whole frame
        self.last_look = -interval
        self.numbers = 0
        self.time = 0.0

    def step(self, frame: np.ndarray, time: float | None = None) -> list[Tracked]:
        """The faces of the next frame, by their numbers.

        frame: RGB uint8 [H, W, 3]. time: of the frame, in seconds, by default that of a clip with
        `fps` frames a second.
        """
        self.time = self.count / self.fps if time is None else time
        grey = to_grey(frame)
        self._follow(grey)
        self._judge(grey)
        self._look(grey)
        self.count += 1
        return [self._told(face) for face in sorted(self.faces, key=lambda face: face.number)]

    def _told(self, face: Face) -> Tracked:
        points = face.smooth(face.landmarks, self.time) if face.smooth else face.landmarks
        return Tracked(face.number, np.array(points, np.float32), face.trust)

    def _follow(self, grey: np.ndarray) -> None:
        """Predicts on crops around the landmarks of the last frame."""
        if not self.faces:
            return
        expected = [face.expected(self.time) for face in self.faces]
        crops = [face.next_crop(p) for face, p in zip(self.faces, expected, strict=True)]
        found = self._predict(grey, crops)
        off = mean_distance(found, np.array(expected)) / boxes_of(expected)[:, 2]
        # Of two on one face, that stays which was expected there.
        boxes = boxes_of(found)
        overlaps = np.triu(iou(boxes, boxes), 1)
        gone = {one if off[one] > off[two] else two for one, two in np.argwhere(overlaps > SAME)}
        gone |= set(np.flatnonzero(share_inside(boxes, grey.shape) < INSIDE))
        for index, face in enumerate(self.faces):
            if index not in gone:  # what was seen in its place is another
                face.goes_on(found[index], self.time)
                face.jumped = bool(off[index] > JUMP)
        self._lose([self.faces[index] for index in gone])

    def _judge(self, grey: np.ndarray) -> None:
        """Asks how far faces can be trusted: each now and then, and whoever is in doubt."""
        boxes = boxes_of([face.landmarks for face in self.faces])
        beside = (iou(boxes, boxes) > CLOSE).sum(1) > 1  # each overlaps itself
        due = [
            face
            for face, close in zip(self.faces, beside, strict=True)
            if close or face.doubts or face.jumped or (self.count + face.number) % CHECK == 0
        ]
        trusts = self.landmarker.trust(grey, np.array([face.landmarks for face in due]))
        for face, trust in zip(due, trusts, strict=True):
            face.trust = float(trust)
            face.doubts = face.doubts + 1 if trust < DOUBT else 0
        self._lose([face for face in due if face.doubts >= PATIENCE])

    def _lose(self, faces: Sequence[Face]) -> None:
        """Moves faces to those that are looked for."""
        self.faces = [face for face in self.faces if face not in faces]
        self.lost += faces

    def _look(self, grey: np.ndarray) -> None:
        """Lets the finder look for new faces and for lost ones."""
        self.lost = [face for face in self.lost if self.time - face.seen <= REMEMBER]
        wait = self.interval if self.faces else min(self.interval, 3)
        if self.count - self.last_look >= wait:
            self.last_look = self.count
            self.looks += 1
            boxes, _, angles = find_faces(grey, None, self.landmarker.finder)
        else:
            boxes, angles = self._look_around(grey)
        # What is followed already needs no second number.
        taken = boxes_of([face.landmarks for face in self.faces])
        new = np.setdiff1d(np.arange(len(boxes)), matched(taken, boxes, SAME)[1])
        if not len(new):
            return
        first = self.landmarker.predict_once(grey, boxes[new], angles=angles[new])
        found = self._predict(grey, [upright(points) for points in first])
        trusts = self.landmarker.trust(grey, found)
        boxes = boxes_of(found)
        sure = (trusts >= SURE) & (share_inside(boxes, grey.shape) >= INSIDE)
        if len(taken):
            sure &= iou(boxes, taken).max(1) < SAME
        found, trusts, boxes = found[sure], trusts[sure], boxes[sure]
        # Around two faces that were lost beside each other, the finder sees one twice.
        once = np.sort(nms(boxes, trusts, SAME))
        found, trusts, boxes = found[once], trusts[once], boxes[once]
        places = self._places(grey)
        again = dict(
            zip(*matched(twice_as_large(boxes), twice_as_large(places), NEAR), strict=True)
        )
        back = []
        for index, (points, trust) in enumerate(zip(found, trusts, strict=True)):
            if index in again:
                number = self.lost[again[index]].number
                back.append(self.lost[again[index]])
            else:
                self.numbers += 1
                number = self.numbers
            smooth = OneEuro(**self.filter_settings) if self.smooth else None
            self.faces.append(Face(number, points, float(trust), self.time, smooth))
        self.lost = [face for face in self.lost if face not in back]

    def _look_around(self, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the finder sees where lost faces may be: boxes [n, 4] and angles [n]."""
        boxes, angles = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
        for left, top, side, _ in self._places(grey):
            low = np.clip([left - side, top - side], 0, grey.shape[::-1]).astype(int)
            high = np.clip([left + 2 * side, top + 2 * side], 0, grey.shape[::-1]).astype(int)
            if (high - low < 0.5 * side).any():
                continue
            part = np.ascontiguousarray(grey[low[1] : high[1], low[0] : high[0]])
            found = find_faces(part, side / 2, self.landmarker.finder)
            boxes.append(found.boxes + np.array([*low, 0, 0], np.float32))
            angles.append(found.angles)
        return np.concatenate(boxes), np.concatenate(angles)

    def _places(self, grey: np.ndarray) -> np.ndarray:
        """Where lost faces may be: boxes [n, 4], their centres in the picture."""
        boxes = boxes_of([face.expected(self.time) for face in self.lost])
        half = boxes[:, 2:] / 2
        boxes[:, :2] = np.clip(boxes[:, :2] + half, 0, grey.shape[::-1]) - half
        return boxes

    def _predict(self, grey: np.ndarray, crops: Sequence[Crop]) -> np.ndarray:
        """Landmarks [n, 68, 2] from one pass over n crops."""
        boxes, angles = zip(*crops, strict=True)
        one = self.landmarker
        return one.predict_once(grey, np.array(boxes), one.mirror, one.closer, angles)


def differs(crop: Crop, other: Crop) -> bool:
    """Whether two crops differ by more than a face at rest makes them."""
    (box, angle), (last, last_angle) = crop, other
    moved = np.abs(box[:2] + box[2:] / 2 - last[:2] - last[2:] / 2).max()
    grown = abs(box[2] - last[2])
    turned = abs((angle - last_angle + 180) % 360 - 180)
    return bool(max(moved, grown) > HOLD * last[2] or turned > HOLD_ANGLE)


def boxes_of(landmarks: Points) -> np.ndarray:
    """The boxes of faces in their own frame (`helpers.boxes.upright`): [n, 68, 2] -> [n, 4]."""
    return np.array([upright(points)[0] for points in landmarks], np.float32).reshape(-1, 4)


def twice_as_large(boxes: np.ndarray) -> np.ndarray:
    """Boxes [n, 4] about their centres."""
    return np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, 2 * boxes[:, 2:]])


def matched(boxes: np.ndarray, others: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Which box [n, 4] is which of the others [m, 4]: two arrays of indices [k].

    Each at most once, so that the overlaps (IoU) of all pairs together are as large as can be
    (the assignment problem; Kuhn 1955); pairs that overlap less than `least` are none.
    """
    overlaps = iou(boxes, others)
    one, other = linear_sum_assignment(overlaps, maximize=True)
    good = overlaps[one, other] >= least
    return one[good], other[good]
