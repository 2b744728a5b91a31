"""Draws the artwork of the filters that come with the course: `python tools/draw_filters.py`.

Each function draws one picture of `helpers/filters/gallery`, with transparent ground, from curves,
light and noise alone. Names after it draw only those: `python tools/draw_filters.py dog_ears`.
"""

import sys
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from canvas import FINE, Canvas, Points, curve, ellipse, gradient, mirrored, tufts
from helpers.filters.files import GALLERY
from helpers.filters.hang import template_points
from helpers.storage import whole_file

GOLD = (0.86, 0.68, 0.30)  # of thin wire


def glasses() -> Image.Image:
    """Round glasses of dark horn."""
    canvas = Canvas(512, 208)
    brown = np.array([0.30, 0.14, 0.07])
    spots = np.clip(canvas.noise(14, 8, 25) * 0.5 + 0.45, 0, 1)[..., None]
    horn = brown * (1 - spots) + np.array([0.62, 0.36, 0.14]) * spots
    frame = np.zeros(canvas.shape, np.float32)
    for x in (152, 360):
        lens = curve(
            [
                (x - 86, 92),
                (x - 60, 38),
                (x, 22),
                (x + 60, 38),
                (x + 86, 92),
                (x + 66, 154),
                (x, 178),
                (x - 66, 154),
            ]
        )
        glass = canvas.area(lens)
        canvas.put(glass, (0.75, 0.86, 0.95), 0.10)
        shine = canvas.area(curve([(x - 62, 84), (x - 34, 46), (x - 8, 40), (x - 52, 116)]))
        canvas.put(cv2.GaussianBlur(shine, (0, 0), 4 * FINE) * glass, (1, 1, 1), 0.4)
        frame = np.maximum(frame, canvas.stroke(np.vstack([lens, lens[:1]]), 15))
    bridge = canvas.stroke(curve([(236, 84), (246, 70), (266, 70), (276, 84)], closed=False), 14)
    ends = [
        canvas.area(curve([(e, 66), (f, 72), (f, 92), (e, 98)])) for e, f in ((16, 68), (496, 444))
    ]
    frame = np.maximum.reduce([frame, bridge, *ends])
    canvas.solid(frame, horn, 8, shine=0.75)
    return canvas.picture()


def sunglasses() -> Image.Image:
    """The front of aviators, to be bent a little."""
    canvas = Canvas(400, 200)
    frame = np.zeros(canvas.shape, np.float32)
    for side in (False, True):

        def placed(points: Points, side: bool = side) -> np.ndarray:
            return mirrored(points, 400) if side else np.asarray(points, float)

        lens = placed(
            curve(
                [
                    (28, 52),
                    (62, 32),
                    (130, 30),
                    (176, 44),
                    (182, 84),
                    (158, 146),
                    (112, 170),
                    (62, 152),
                    (32, 106),
                ]
            )
        )
        glass = canvas.area(lens)
        dark = gradient(canvas, (0.05, 0.06, 0.10), (0.42, 0.24, 0.16), 30, 175)
        canvas.put(glass, dark, 0.94)
        shine = canvas.area(
            placed(curve([(62, 48), (106, 42), (62, 130), (44, 100)]))
            - ((0, 0) if not side else (-60, 0))
        )
        canvas.put(cv2.GaussianBlur(shine, (0, 0), 5 * FINE) * glass, (0.8, 0.88, 1), 0.45)
        frame = np.maximum(frame, canvas.stroke(np.vstack([lens, lens[:1]]), 6))
    for y, bow in ((44, -8), (66, -14)):
        frame = np.maximum(
            frame, canvas.stroke(curve([(174, y), (200, y + bow), (226, y)], False), 6)
        )
    canvas.solid(frame, GOLD, 4, shine=0.9)
    return canvas.picture()


def sunglasses_temples() -> Image.Image:
    """The temples of the aviators, which reach round the head, to be bent."""
    canvas = Canvas(800, 120)
    temple = curve([(214, 56), (150, 54), (70, 58), (6, 68)], closed=False)
    both = [canvas.stroke(line, 9, 13) for line in (temple, mirrored(temple, 800))]
    canvas.solid(np.maximum(*both), GOLD, 4, shine=0.9)
    return canvas.picture()


def hat() -> Image.Image:
    """A top hat with a red band, without its brim, to be bent round the head."""
    canvas = Canvas(760, 420)
    ys, xs = (axis / FINE for axis in np.indices(canvas.shape, np.float32, sparse=True))
    body = canvas.area([(4, 30), (756, 30), (756, 402), (4, 402)])
    angle = np.radians((xs - 379.5) / 760 * 270)  # round the head, 0 at the front
    sheen = np.exp(-np.square((angle + 0.55) / 0.2)) + 0.45 * np.exp(
        -np.square((angle - 0.8) / 0.16)
    )
    shade = 0.62 + 0.38 * np.cos(np.clip(angle, -np.pi / 2, np.pi / 2))
    silk = np.array([0.13, 0.125, 0.15]) * (1 + 0.13 * canvas.noise(1.2, 26)[..., None])
    canvas.put(body, silk * shade[..., None])
    canvas.put(body * sheen, (0.75, 0.76, 0.85), 0.26)
    edge = np.exp(-np.square((ys - 34) / 4))
    canvas.put(body * edge, (0.5, 0.5, 0.58), 0.5)
    band = body * ((ys > 282) & (ys < 356))  # what is below is seen from under the brim
    red = np.array([0.70, 0.07, 0.12]) * (1 + 0.10 * canvas.noise(1, 14)[..., None])
    canvas.put(band, red * shade[..., None])
    canvas.put(band * sheen, (1, 0.7, 0.7), 0.25)
    canvas.put(body * np.exp(-np.square((ys - 282) / 3)), (0.03, 0.01, 0.02), 0.6)
    return canvas.picture()


def hat_brim() -> Image.Image:
    """The brim of the top hat, which curls up at the sides, to be bent round the head."""
    canvas = Canvas(770, 120)
    across = np.linspace(4, 766, 90)
    angle = np.radians((across - 384.5) / 770 * 270)
    middle = 78 - 26 * np.sin(angle) ** 2
    silk = np.array([0.14, 0.135, 0.16]) * (1 + 0.13 * canvas.noise(20, 1.2)[..., None])
    canvas.put(canvas.stroke(np.column_stack([across, middle - 10]), 30), 0.75 * silk)
    canvas.solid(canvas.stroke(np.column_stack([across, middle]), 18), silk, 9, shine=0.3)
    return canvas.picture()


def crown() -> Image.Image:
    """A golden crown with stones, to be bent round the head."""
    width, middle = 948, 474
    canvas = Canvas(width, 290)
    gold = gradient(canvas, (1.0, 0.86, 0.38), (0.80, 0.52, 0.12), 20, 280)
    gold = gold * (1 + 0.03 * canvas.noise(10, 2)[..., None])
    tips = [(middle + 135 * k, 26 + 14 * abs(k)) for k in range(-3, 4)]
    across = np.linspace(4, width - 4, 60)

    def down(x: np.ndarray) -> np.ndarray:
        """How much lower the front sits than the sides."""
        return 9 - 19 * np.minimum(np.square((x - middle) / 300), 1)

    outline: list[tuple[float, float]] = [(4, 168)]
    for x, y in tips:
        outline += [(x - 8, y), (x + 8, y), (x + 67.5, 168)]
    outline[-1] = (width - 4, 168)
    body = canvas.area([*outline, *np.column_stack([across, 275 + down(across)])[::-1]])
    canvas.solid(body, gold, 16, shine=0.55)
    inner = cv2.erode(body, np.ones((3, 3)), iterations=9 * FINE)
    canvas.put(cv2.GaussianBlur(inner, (0, 0), 2 * FINE), (0.62, 0.33, 0.05), 0.22)
    for y, thick in ((256, 12), (206, 8)):
        rim = canvas.stroke(np.column_stack([across, y + down(across)]), thick)
        rim *= cv2.dilate(body, np.ones((5, 5)))
        canvas.shadow(rim, 2.5, 0.4, (0, 4), body)
        canvas.solid(rim, gold * 1.05, thick / 2, shine=0.7)
    stones = ((0.75, 0.04, 0.14), (0.06, 0.28, 0.75), (0.03, 0.52, 0.28))
    for x, y in tips:
        canvas.solid(canvas.area(ellipse(x, y - 4, 17, 17)), gold * 1.08, 14, shine=0.9)
    for k in range(-5, 6):
        x, large = middle + 80 * k, 1.25 if k == 0 else 1.0
        y = 231 + float(down(np.array(x)))
        setting = canvas.area(ellipse(x, y - 8, 21 * large, 17 * large))
        canvas.shadow(setting, 2, 0.5, (0, 3), body)
        canvas.solid(setting, gold * 0.95, 6, shine=0.6)
        stone = canvas.area(ellipse(x, y - 8, 16 * large, 12 * large))
        canvas.solid(stone, np.array(stones[k % 3]) * 1.2, 9, shine=0.9)
        glow = canvas.area(ellipse(x + 4, y - 4, 8 * large, 5 * large))
        canvas.put(
            cv2.GaussianBlur(glow, (0, 0), 3 * FINE) * stone, np.array(stones[k % 3]) + 0.45, 0.6
        )
    return canvas.picture()


def dog_ears() -> Image.Image:
    """Two hanging ears of a brown dog."""
    canvas = Canvas(600, 360, seed=4)
    browns = ((0.36, 0.20, 0.10), (0.47, 0.27, 0.14), (0.27, 0.14, 0.07), (0.55, 0.34, 0.19))
    shape = [
        (196, 88),
        (168, 40),
        (118, 22),
        (66, 52),
        (34, 122),
        (22, 206),
        (40, 292),
        (78, 330),
        (118, 300),
        (144, 226),
        (176, 160),
    ]
    for side in (False, True):
        ear = mirrored(curve(shape), 600) if side else curve(shape)
        mask = canvas.area(ear)
        tip = np.array([72.0, 420.0]) if not side else np.array([527.0, 420.0])
        canvas.strands(
            np.ones(canvas.shape, np.float32), tufts(canvas, ear, tip, 400, 22), browns[:3], 2
        )
        streaks = canvas.noise(1.2, 16, 14 if not side else -14)[..., None]
        canvas.solid(mask, np.array(browns[0]) * (1.05 + 0.13 * streaks), 46, shine=0.05)
        canvas.strands(
            np.ones(canvas.shape, np.float32), tufts(canvas, ear, tip, 1500, 30), browns, 1.3
        )
        fold = curve([(190, 92), (160, 110), (132, 160), (124, 230), (150, 200), (180, 150)])
        fold = canvas.area(mirrored(fold, 600) if side else fold)
        canvas.put(cv2.GaussianBlur(fold, (0, 0), 8 * FINE) * mask, (0.10, 0.05, 0.03), 0.45)
        glow = canvas.area(
            mirrored(ellipse(92, 120, 30, 66, 18), 600) if side else ellipse(92, 120, 30, 66, 18)
        )
        canvas.put(cv2.GaussianBlur(glow, (0, 0), 16 * FINE) * mask, (0.95, 0.72, 0.48), 0.28)
    return canvas.picture()


def dog_nose() -> Image.Image:
    """A dog's wet nose."""
    canvas = Canvas(200, 150)
    nose = canvas.area(
        curve(
            [
                (100, 14),
                (150, 20),
                (186, 48),
                (182, 84),
                (150, 108),
                (118, 124),
                (100, 136),
                (82, 124),
                (50, 108),
                (18, 84),
                (14, 48),
                (50, 20),
            ]
        )
    )
    black = np.array([0.10, 0.085, 0.09]) * (1 + 0.12 * canvas.noise(2, 2)[..., None])
    canvas.solid(nose, black, 40, shine=0.35)
    for x in (58, 142):
        hole = canvas.area(
            curve(
                [(x - 22, 84), (x - 6, 66), (x + 20, 74), (x + 14, 92), (x - 10, 100)]
                if x < 100
                else [(x + 22, 84), (x + 6, 66), (x - 20, 74), (x - 14, 92), (x + 10, 100)]
            )
        )
        canvas.put(cv2.GaussianBlur(hole, (0, 0), 2 * FINE), (0.01, 0.005, 0.01), 0.95)
    canvas.put(canvas.stroke([(100, 92), (100, 136)], 3), (0.01, 0.01, 0.01), 0.8)
    shine = canvas.area(curve([(64, 38), (100, 28), (128, 34), (110, 50), (76, 52)]))
    canvas.put(cv2.GaussianBlur(shine, (0, 0), 6 * FINE) * nose, (0.95, 0.97, 1), 0.75)
    return canvas.picture()


def dog_tongue() -> Image.Image:
    """A tongue that hangs out of a mouth."""
    canvas = Canvas(200, 260)
    tongue = canvas.area(
        curve(
            [
                (46, 12),
                (100, 4),
                (154, 12),
                (166, 90),
                (170, 176),
                (146, 234),
                (100, 252),
                (54, 234),
                (30, 176),
                (34, 90),
            ]
        )
    )
    pink = gradient(canvas, (0.72, 0.22, 0.28), (0.96, 0.50, 0.52), 0, 190)
    canvas.solid(tongue, pink * (1 + 0.035 * canvas.noise(3, 3)[..., None]), 34, shine=0.22)
    groove = canvas.stroke(curve([(100, 20), (98, 100), (101, 200)], False), 6, 2)
    canvas.put(cv2.GaussianBlur(groove, (0, 0), 3 * FINE), (0.55, 0.10, 0.16), 0.75)
    shine = canvas.area(ellipse(66, 180, 12, 36, 8))
    canvas.put(cv2.GaussianBlur(shine, (0, 0), 6 * FINE), (1, 0.93, 0.93), 0.5)
    dark = gradient(canvas, (1, 1, 1), (0, 0, 0), 0, 60)[..., 0]
    canvas.put(tongue * dark, (0.22, 0.03, 0.06), 0.6)
    return canvas.picture()


def cat_ears() -> Image.Image:
    """Two upright ears of a grey cat."""
    canvas = Canvas(600, 270, seed=7)
    greys = ((0.42, 0.40, 0.41), (0.55, 0.53, 0.53), (0.30, 0.28, 0.30), (0.70, 0.68, 0.67))
    for side in (False, True):

        def placed(points: Points, side: bool = side) -> np.ndarray:
            return mirrored(points, 600) if side else np.asarray(points, float)

        ear = placed(
            curve(
                [
                    (74, 250),
                    (60, 160),
                    (66, 70),
                    (84, 18),
                    (126, 44),
                    (186, 104),
                    (236, 176),
                    (226, 214),
                    (150, 244),
                ]
            )
        )
        tip = placed([(80, -60)])[0]
        mask, everywhere = canvas.area(ear), np.ones(canvas.shape, np.float32)
        canvas.strands(everywhere, tufts(canvas, ear, tip, 350, 18), greys[:3], 2)
        canvas.solid(mask, np.array(greys[0]) * (1 + 0.12 * canvas.noise(1.2, 14)[..., None]), 26)
        canvas.strands(everywhere, tufts(canvas, ear, tip, 1200, 24), greys, 1.3)
        inner = placed(
            curve(
                [
                    (98, 226),
                    (86, 150),
                    (90, 78),
                    (98, 58),
                    (130, 88),
                    (176, 142),
                    (206, 186),
                    (190, 206),
                    (140, 222),
                ]
            )
        )
        soft = cv2.GaussianBlur(canvas.area(inner), (0, 0), 5 * FINE)
        canvas.put(soft, gradient(canvas, (0.90, 0.60, 0.60), (0.62, 0.36, 0.38), 60, 230), 0.95)
        whites = ((0.95, 0.93, 0.92), (0.85, 0.82, 0.81))
        foot = placed(curve([(92, 236), (90, 170), (120, 190), (200, 200), (190, 226)]))
        canvas.strands(
            mask, tufts(canvas, foot, placed([(120, 40)])[0], 170, 70, 0.22), whites, 1.4
        )
    return canvas.picture()


def cat_face() -> Image.Image:
    """A cat's nose and whiskers, painted over the template."""
    canvas = Canvas(600, 420, seed=9)
    points = template_points(np.array([[220.0, 190], [380, 190]]))
    for side in (-1, 1):
        root = (
            points[50 if side < 0 else 52] * 0.25
            + points[31 if side < 0 else 35] * 0.55
            + points[48 if side < 0 else 54] * 0.2
        )
        for k, (rise, length) in enumerate(((-34, 205), (-6, 225), (24, 205))):
            at = np.add(root, (side * (8 + 5 * k), -6 + 9 * k))
            way = np.array([side * length, rise])
            line = curve(
                [at, at + way * 0.4 + (0, -16), at + way * 0.75 + (0, -14), at + way], False
            )
            canvas.shadow(canvas.stroke(line, 3.5, 1), 1.2, 0.45, (1, 2.5))
            canvas.put(canvas.stroke(line, 4.2, 1.2), (0.98, 0.98, 1.0))
            canvas.put(canvas.area(ellipse(*at, 3.6, 3.6)), (0.16, 0.10, 0.10), 0.85)
    tip = points[30] * 0.45 + points[33] * 0.55
    nose = canvas.area(
        curve(
            [
                tip + p
                for p in (
                    (-25, -13),
                    (0, -18),
                    (25, -13),
                    (22, 2),
                    (7, 14),
                    (0, 19),
                    (-7, 14),
                    (-22, 2),
                )
            ]
        )
    )
    canvas.solid(nose, (0.93, 0.52, 0.55), 10, shine=0.35)
    for side in (-1, 1):
        hole = canvas.area(ellipse(*np.add(tip, (side * 11, 5)), 4.5, 3, -side * 25))
        canvas.put(cv2.GaussianBlur(hole, (0, 0), FINE), (0.35, 0.10, 0.14), 0.8)
    return canvas.picture()


def moustache() -> Image.Image:
    """A handlebar moustache."""
    canvas = Canvas(480, 190, seed=2)
    browns = ((0.20, 0.11, 0.06), (0.28, 0.16, 0.09), (0.13, 0.07, 0.04), (0.40, 0.25, 0.15))
    half = [
        (240, 84),
        (206, 58),
        (158, 60),
        (110, 92),
        (66, 106),
        (32, 90),
        (22, 58),
        (10, 78),
        (18, 120),
        (62, 148),
        (120, 146),
        (180, 132),
        (226, 120),
        (240, 112),
    ]
    for side in (False, True):
        lobe = mirrored(curve(half), 480) if side else curve(half)
        mask = canvas.area(lobe)
        canvas.solid(mask, np.array(browns[0]), 26)
        spine = curve([(240, 96), (190, 92), (130, 114), (74, 128), (32, 112), (14, 74)], False)
        paths = []
        for _ in range(520):
            k, span = canvas.rng.integers(0, len(spine) - 12), canvas.rng.integers(7, 12)
            reach = 34 * np.sin(np.pi * (0.12 + 0.80 * (1 - k / len(spine)))) ** 0.7
            off = canvas.rng.uniform(-1, 1) * reach
            fade = np.linspace(1, 0.75, span)[:, None]
            paths.append(spine[k : k + span] + np.array([0.15 * off, off]) * fade)
        paths = [mirrored(p, 480) if side else p for p in paths]
        grown = cv2.dilate(mask, np.ones((3, 3)), iterations=2 * FINE)
        canvas.strands(grown, paths, browns, 1.5)
        glow = ellipse(170, 84, 40, 12, -10)
        glow = canvas.area(mirrored(glow, 480) if side else glow)
        canvas.put(cv2.GaussianBlur(glow, (0, 0), 7 * FINE) * mask, (0.75, 0.55, 0.40), 0.33)
    return canvas.picture()


def tiger() -> Image.Image:
    """A face painted as a tiger, over the template."""
    canvas = Canvas(512, 512, seed=3)
    points = template_points(np.array([[176.0, 232], [336, 232]]))
    jaw = points[:17] * 0.96 + points[30] * 0.04
    top = [(352, 152), (318, 108), (256, 96), (194, 108), (160, 152)]
    edge = cv2.GaussianBlur(canvas.area(curve([*jaw, *top])), (0, 0), 6 * FINE)
    edge = np.clip(edge * 1.5 - 0.25, 0, 1)
    orange = gradient(canvas, (0.98, 0.56, 0.10), (0.94, 0.46, 0.10), 100, 400)
    orange = orange * (1 + 0.05 * canvas.noise(2, 12)[..., None])
    canvas.put(edge, orange, 0.86)

    def soft(outline: Points, blur: float) -> np.ndarray:
        return cv2.GaussianBlur(canvas.area(outline), (0, 0), blur * FINE) * edge

    white = (0.99, 0.96, 0.90)
    muzzle = curve(
        [
            (256, points[33, 1] - 8),
            (312, points[33, 1]),
            (348, points[54, 1]),
            (318, points[57, 1] + 22),
            (256, points[8, 1] - 8),
            (194, points[57, 1] + 22),
            (164, points[48, 1]),
            (200, points[33, 1]),
        ]
    )
    canvas.put(soft(muzzle, 7), white, 0.92)
    for side in (False, True):

        def placed(outline: Points, side: bool = side) -> np.ndarray:
            return mirrored(outline, 513) if side else np.asarray(outline, float)

        brow = curve([(174, 208), (190, 176), (226, 180), (240, 206), (206, 202)])
        canvas.put(soft(placed(brow), 4), white, 0.95)
        below = curve([(172, 248), (204, 262), (234, 254), (214, 280), (180, 276)])
        canvas.put(soft(placed(below), 5), white, 0.85)
        stripes = (
            [(256, 104), (240, 112), (232, 132), (244, 124), (256, 128)],
            [(250, 140), (228, 146), (210, 164), (232, 158), (250, 158)],
            [(250, 168), (236, 172), (228, 186), (240, 182), (252, 184)],
            [(204, 106), (186, 122), (178, 150), (194, 136), (210, 124)],
            [(158, 160), (150, 178), (158, 200), (166, 184), (170, 170)],
            [(112, 226), (146, 230), (164, 246), (138, 246), (112, 244)],
            [(112, 268), (148, 268), (172, 286), (140, 286), (114, 284)],
            [(118, 306), (152, 304), (176, 318), (148, 322), (122, 322)],
            [(132, 346), (158, 338), (178, 344), (160, 358), (140, 364)],
            [(152, 384), (172, 370), (190, 372), (176, 388), (160, 398)],
        )
        for stripe in stripes:
            canvas.put(soft(placed(curve(stripe)), 1.2), (0.08, 0.05, 0.05), 0.94)
        # Right at the lids' edges: skin between them and the line would look like heavier lids.
        lid = points[[36, 37, 38, 39]] + np.array([(-5, 0), (-2, -3), (2, -3), (7, 4)])
        lower = points[[39, 40, 41, 36]] + np.array([(7, 4), (2, 2), (-2, 2), (-5, 0)])
        liner = canvas.stroke(np.vstack([curve(lid, False), curve(lower, False)]), 5)
        liner = liner if not side else cv2.flip(liner, 1)
        canvas.put(cv2.GaussianBlur(liner, (0, 0), 1.4 * FINE) * edge, (0.06, 0.04, 0.04), 0.95)
        for x, y in ((210, 352), (196, 362), (214, 368)):
            canvas.put(canvas.area(placed(ellipse(x, y, 3.2, 3.2))) * edge, (0.1, 0.06, 0.06), 0.85)
    nose = curve(
        [
            points[30] + p
            for p in ((-27, 6), (0, -4), (27, 6), (22, 20), (8, 28), (0, 34), (-8, 28), (-22, 20))
        ]
    )
    canvas.put(soft(nose, 1.5), (0.86, 0.42, 0.42), 0.95)
    rim = canvas.stroke(np.vstack([nose, nose[:1]]), 3)
    canvas.put(cv2.GaussianBlur(rim, (0, 0), FINE) * edge, (0.1, 0.05, 0.05), 0.8)
    seam = canvas.stroke([(256, points[33, 1] + 6), (256, points[51, 1] - 2)], 3.4)
    canvas.put(seam * edge, (0.1, 0.05, 0.05), 0.85)
    # Lips are pale and dark along the slit alone: all dark, they would look like an open mouth.
    canvas.put(soft(curve([*points[48:60]]), 2), (0.80, 0.52, 0.46), 0.75)
    slit = canvas.stroke(np.vstack([points[60:68], points[60:61]]), 5)
    slit = np.maximum(slit, canvas.stroke(points[[48, 60]], 3, 5))
    slit = np.maximum(slit, canvas.stroke(points[[54, 64]], 3, 5))
    canvas.put(cv2.GaussianBlur(slit, (0, 0), FINE) * edge, (0.1, 0.05, 0.05), 0.85)
    return canvas.picture()


def flowers() -> Image.Image:
    """A wreath of flowers, to be bent round the head."""
    canvas = Canvas(840, 220, seed=12)
    greens = ((0.20, 0.42, 0.16), (0.30, 0.54, 0.22), (0.14, 0.32, 0.14))

    def height(x: float) -> float:
        return 116 + 20 * (1 - ((x - 420) / 340) ** 2)

    for x in np.linspace(24, 816, 50):
        for _ in range(2):
            angle, size = canvas.rng.uniform(0, 360), canvas.rng.uniform(20, 32)
            way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
            aside = np.array([-way[1], way[0]])
            root = np.array([x, height(x)]) + canvas.rng.uniform(-6, 6, 2)
            leaf = curve(
                [
                    root,
                    root + way * size * 0.5 + aside * 9,
                    root + way * size * 1.25,
                    root + way * size * 0.5 - aside * 9,
                ]
            )
            leaf[:, 0] = np.clip(leaf[:, 0], 3, 836)
            canvas.solid(canvas.area(leaf), greens[canvas.rng.integers(3)], 6, shine=0.08)
            canvas.put(canvas.stroke([root, root + way * size], 1.5, 0.8), (0.5, 0.68, 0.4), 0.6)
    kinds = (
        (0.96, 0.54, 0.66),
        (0.99, 0.95, 0.93),
        (0.62, 0.44, 0.82),
        (0.98, 0.74, 0.30),
        (0.90, 0.26, 0.32),
    )
    places = [
        (30, 20),
        (78, 24),
        (136, 22),
        (192, 24),
        (256, 30),
        (320, 27),
        (420, 40),
        (366, 26),
        (480, 27),
        (536, 31),
        (592, 26),
        (650, 24),
        (704, 22),
        (760, 25),
        (808, 20),
    ]
    for k, (x, size) in enumerate(places):
        y = height(x) + canvas.rng.uniform(-9, 9)
        colour = np.array(kinds[(2 * k) % 5])
        for ring, petals in ((1.0, 7), (0.64, 5)):
            start = canvas.rng.uniform(0, 360)
            for angle in start + np.arange(petals) * 360 / petals:
                way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
                centre = np.array([x, y]) + way * size * 0.62 * ring
                petal = canvas.area(ellipse(*centre, size * 0.52 * ring, size * 0.40 * ring, angle))
                canvas.shadow(
                    petal, 2.5, 0.28, (1, 2), (canvas.layer[..., 3] > 0.5).astype(np.float32)
                )
                canvas.solid(petal, colour * (1.02 if ring == 1 else 1.12), size * 0.3 * ring)
        heart = canvas.area(ellipse(x, y, size * 0.22, size * 0.22))
        canvas.solid(heart, (0.98, 0.80, 0.25), size * 0.2, shine=0.2)
    return canvas.picture()


ARTWORK: tuple[Callable[[], Image.Image], ...] = (
    *(
        glasses,
        sunglasses,
        sunglasses_temples,
        hat,
        hat_brim,
        crown,
        dog_ears,
        dog_nose,
        dog_tongue,
        cat_ears,
        cat_face,
    ),
    *(moustache, tiger, flowers),
)


def main() -> None:
    for draw in ARTWORK:
        if sys.argv[1:] and draw.__name__ not in sys.argv[1:]:
            continue
        file = GALLERY / f"{draw.__name__}.png"
        with whole_file(file) as partial:
            draw().save(partial, "png", optimize=True)
        print(f"{file.name}: {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
