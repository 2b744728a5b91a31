"""Scenes for the face finder to learn from: people of a bank of cut-outs before what there is.

A scene is composed for each step anew: people of any size, at any angle in the plane, in front of
each other, cut by the border, before photographs without faces, drawn backgrounds and clutter.
What is no face (parts of bodies, faceless heads, textures) is pasted in just the same way, so that
no edge tells what a face is. Points are (x, y) in pixels, pixel centres at whole numbers.
"""

import math
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from helpers.boxes import box_around, upright
from helpers.crop import compose, crop_matrix, move, scaled, to_grey
from helpers.detect import STRIDE, UNIT, find_faces
from helpers.landmarks import MIRROR
from helpers.people.backgrounds import background, clouds

SIZE = 192  # pixels: side of a scene
SMALLEST, LARGEST = 12, 115  # sides of the boxes to be found
HUGE = 165  # from this side on a face is none: `detect.look` finds it in a smaller copy
DRAWN = 250  # backgrounds, which come last in the list of them
KINDS = "body", "faceless", "piece", "texture", "plain"  # of what is no face
HARD = 0.25  # score from which on a place without a face is worth a scene
MIXED = 100  # scenes that wait to be drawn from
CHANNELS = 8  # of the targets, see `targets_of`
# Pictures of scikit-image without people. Not in it: coins (there are heads on them).
FREE = (
    "brick cell chelsea clock_motion coffee color grass gravel horse hubble_deep_field ihc logo"
    " moon page phantom retina rocket text motorcycle_left"
).split()
HELD_OUT = ("bled-2608425_640", "poppy-2447327_640", "road-1072821_640", "flower-2071522_640")
HELD_OUT += ("rocket", "motorcycle_left", "coffee")


class Scenes(IterableDataset):
    """Endless scenes: (image uint8 [1, 192, 192], targets float32 [8, 24, 24]).

    make: takes a random generator, gives a scene as `scene` does. Each is used thrice. Scene i
    depends on the seed and i alone; start: the first i.
    """

    def __init__(self, make, seed=0, start=0):
        self.make, self.seed, self.start = make, seed, start

    def __iter__(self):
        cv2.setNumThreads(1)
        info = get_worker_info()
        index, step = (info.id, info.num_workers) if info else (0, 1)
        index += self.start
        kept = []
        while True:
            rng = np.random.default_rng([self.seed, index])
            image, faces = self.make(rng)
            kept += again(rng, image, targets_of(faces))
            if len(kept) > 3 * MIXED:  # so that copies of a scene are not in one batch
                for _ in range(3):
                    pair = kept.pop(rng.integers(len(kept)))
                    image, targets = (torch.from_numpy(np.ascontiguousarray(a)) for a in pair)
                    yield image[None], targets
            index += step


def again(rng, image, targets):
    """A scene thrice: as it is, mirrored, and turned by a right angle. Composing takes long."""
    mirrored = targets[..., ::-1] * np.float32([1, 1, 1, -1, 1, 1, 1, -1])[:, None, None]
    image_too, turned = image, targets
    for _ in range(rng.integers(1, 4)):
        image_too = np.rot90(image_too)  # against the clock: right is up, up is left
        turned = np.rot90(turned, axes=(1, 2))
        turned = turned[[0, 1, 2, 4, 3, 5, 7, 6]]
        turned = turned * np.float32([1, 1, 1, 1, -1, 1, -1, 1])[:, None, None]
    return [(image, targets), (image[:, ::-1], mirrored), (image_too, turned)]


def read_grounds(folders, drawn=DRAWN, seed=0, held_out=False):
    """Grey pictures without faces: `no_faces` of folders, scikit-image's, and drawn ones.

    held_out: those that nothing is learned from, without drawn ones.
    """
    import skimage.data

    data = Path(skimage.data.__file__).parent
    files = [file for folder in folders for file in sorted(Path(folder).rglob("no_faces/*.jpg"))]
    files += [next(data.glob(f"{name}.*")) for name in FREE]
    files = [file for file in files if (file.stem in HELD_OUT) == held_out]
    grounds = []
    for file in files:
        grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        zoom = min(1, 640 / max(grey.shape))
        grounds.append(cv2.resize(grey, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA))
    rng = np.random.default_rng([seed, 8])
    for _ in range(0 if held_out else drawn):
        picture = background(rng, (320, 320))
        grounds.append(to_grey((255 * picture).astype(np.uint8)))
    return grounds


def log_uniform(rng, low, high):
    """A number between two, each octave as likely as any other."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def hard_places(grounds, finder):
    """Where a finder sees faces in pictures without any: [(number of the picture, box [4])].

    These places teach most. It looks at each picture at three sizes.
    """
    found = []
    for k, picture in enumerate(grounds):
        for zoom in (1, 0.5, 0.25):
            small = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
            for left, top, side, _ in find_faces(small, finder=finder, sure=HARD).boxes:
                place = scaled([left, top], 1 / zoom)
                found.append((k, np.array([*place, side / zoom, side / zoom])))
    return found


def hard_ground(rng, grounds, hard, size):
    """A background about a place that was taken for a face once: float32 [size, size]."""
    index, box = hard[rng.integers(len(hard))]
    angle = rng.uniform(0, 360) if rng.random() < 0.5 else rng.normal(0, 14)
    wanted = log_uniform(rng, SMALLEST, LARGEST)
    matrix = crop_matrix(box, wanted, 1, angle, flip=rng.random() < 0.5)
    matrix[:, 2] += rng.uniform(0.2 * size, 0.8 * size, 2) - (wanted - 1) / 2
    shrunk = grounds[index]
    while abs(np.linalg.det(matrix[:, :2])) < 0.3:  # average first, see `warped`
        shrunk = cv2.resize(shrunk, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        matrix = compose(np.float64([[2, 0, 0.5], [0, 2, 0.5]]), matrix)
    canvas = cv2.warpAffine(shrunk, matrix, (size, size), borderMode=cv2.BORDER_REFLECT)
    return tone(rng, canvas)


def scene(rng, bank, grounds, size=SIZE, scale=1.0, hard=()):
    """One scene: grey uint8 [size, size] and its faces [n, 7].

    Of each face: centre x, y and side of the upright box, cosine and sine of the angle that
    levels it, the visible part of it (0 to 1), and the side that would be left if the scene were
    as coarse as it is blurred. scale: a factor on the sizes of faces. hard: as `hard_places` has
    them; a fifth of the scenes are about one of them.
    """
    about_none = hard and rng.random() < 0.2
    canvas = hard_ground(rng, grounds, hard, size) if about_none else ground(rng, grounds, size)
    owner = np.zeros((size, size), np.uint8)  # which face is seen in a pixel, 0 for none
    for _ in range(0 if about_none else rng.choice((0, 1, 3, 8), p=(0.5, 0.25, 0.15, 0.1))):
        clutter(rng, canvas)
    sides = [] if about_none else [scale * side for side in sample_sides(rng)]
    jobs = [("face", side) for side in sides]
    for _ in range(0 if about_none else rng.choice((0, 1, 2, 4), p=(0.5, 0.25, 0.15, 0.1))):
        jobs.append(("part", log_uniform(rng, 12, 200)))
    jobs.sort(key=lambda job: job[1] * rng.uniform(0.7, 1.4))  # the near ones are large, and last
    marks = []
    for what, side in jobs:
        if what == "face":
            marks.append(paste_face(rng, bank, canvas, owner, side, len(marks) + 1))
        else:
            paste_part(rng, bank, grounds, canvas, owner, side)
    for points in marks:  # something before a face: a hand, a hat, a microphone
        if rng.random() < 0.18:
            side = np.ptp(points, 0).max()
            at = points[rng.integers(68)] + rng.normal(0, 0.25 * side, 2)
            paste_part(rng, bank, grounds, canvas, owner, side * rng.uniform(0.25, 0.9), at)
    canvas, coarse = spoil(rng, canvas, owner)
    return canvas, np.array(
        [described(points, canvas, owner == k, coarse) for k, points in enumerate(marks, 1)]
    ).reshape(-1, 7)


def sample_sides(rng):
    """How many faces there are, and the sides of their boxes in pixels."""
    kind = rng.random()
    if kind < 0.15:
        return []
    if kind < 0.24:
        return [log_uniform(rng, LARGEST, 3 * HUGE)]
    if kind < 0.46:
        return [log_uniform(rng, 11, LARGEST)]
    count = rng.integers(2, 5) if kind < 0.75 else rng.integers(5, 13)
    usual = log_uniform(rng, 12, 90 if count < 5 else 40)
    return list(usual * np.exp(rng.normal(0, 0.3, count)))


def described(points, image, seen, coarse):
    """A face as a row of `scene`, from its landmarks [68, 2] and where it is seen, bool [H, W]."""
    (left, top, side, _), angle = upright(points)
    hull = cv2.contourArea(cv2.convexHull(points.astype(np.float32)))
    x, y = left + (side - 1) / 2, top + (side - 1) / 2
    turn = math.radians(angle)
    visible = min(1.0, np.count_nonzero(seen) / max(hull, 1))
    if visible > 0.3 and np.ptp(np.percentile(image[seen], (20, 80))) < 10:
        visible = 0.3  # too dark or too bright for anyone to see it
    return x, y, side, math.cos(turn), math.sin(turn), visible, side / coarse


def targets_of(faces, size=SIZE):
    """What the network's maps should be: float32 [8, size / 8, size / 8].

    Channels: 0 heat, a Gaussian around each centre; 1 where the heat counts; 2 how much the other
    channels count, in all 1 for each face; 3 to 7 what `FaceFinder` says of a face, the cosine
    and sine as they are.
    """
    cells = size // STRIDE
    targets = np.zeros((CHANNELS, cells, cells), np.float32)
    targets[1] = 1
    row, column = np.mgrid[:cells, :cells].astype(np.float32)
    best = np.zeros((cells, cells), np.float32)
    for x, y, side, cos, sin, visible, clear in faces:
        # In cells; the centre of cell i is at stride * i + (stride - 1) / 2.
        right, below = ((at - (STRIDE - 1) / 2) / STRIDE for at in (x, y))
        nearest = round(right), round(below)
        outside = not all(0 <= at < cells for at in nearest)
        far = np.square(column - right) + np.square(row - below)
        if side > HUGE:
            continue
        if outside or visible < 0.55 or clear < SMALLEST or side > LARGEST:
            # Neither a face that must be found nor a place without one.
            if visible > 0.12 or clear < SMALLEST:
                targets[1][far < max(1.5, 0.35 * side / STRIDE) ** 2] = 0
            continue
        width = 0.55 + 0.06 * side / STRIDE
        apart = np.square(column - nearest[0]) + np.square(row - nearest[1])
        heat = np.exp(-apart / (2 * width**2))
        targets[0] = np.maximum(targets[0], heat)
        near = (heat > 0.3) & (heat > best)
        best[near] = heat[near]
        targets[2][near] = heat[near] / heat[near].sum()
        values = right - column, below - row, math.log(side / UNIT), cos, sin
        for k, value in enumerate(values, 3):
            targets[k][near] = np.broadcast_to(value, near.shape)[near]
    targets[1][targets[0] > 0.3] = 1
    return targets


# --- what is before what ------------------------------------------------------------------------


def ground(rng, grounds, size):
    """A background, float32 [size, size], 0 to 255: of one picture, or of two joined softly."""
    canvas = one_ground(rng, grounds, size)
    if rng.random() < 0.3:
        mask = clouds(rng, (size, size), int(rng.integers(1, 5)), int(rng.integers(1, 5)))
        mask = np.clip(mask * rng.choice((2, 10, 40)) + rng.normal(), 0, 1)
        canvas += (one_ground(rng, grounds, size) - canvas) * mask
    return canvas


def one_ground(rng, grounds, size):
    """A part of one background, or a plain one: float32 [size, size]."""
    if rng.random() < 0.06:
        return np.full((size, size), rng.uniform(0, 255), np.float32)
    real = len(grounds) - DRAWN if len(grounds) > DRAWN else len(grounds)
    picture = grounds[rng.integers(real if rng.random() < 0.7 else len(grounds))]
    canvas = window(rng, picture, size, log_uniform(rng, 0.35, 3.0))
    return tone(rng, canvas)


def window(rng, picture, size, zoom):
    """A square of a picture, somewhere, turned and perhaps mirrored: [size, size]."""
    height, width = picture.shape
    zoom = max(zoom, 0.7 * size / max(height, width))
    angle = rng.uniform(0, 360) if rng.random() < 0.4 else rng.normal(0, 6)
    centre = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    matrix = crop_matrix((*centre, 1, 1), size, size, angle, zoom, flip=rng.random() < 0.5)
    flags = cv2.INTER_LINEAR if zoom > 0.6 else cv2.INTER_AREA
    return cv2.warpAffine(picture, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT)


def tone(rng, picture, strength=1.0):
    """Other brightness, contrast and gamma: uint8 [H, W] to float32 [H, W], 0 to 255."""
    unit = np.linspace(0, 1, 256) ** np.exp(strength * rng.normal(0, 0.4))
    gain, lift = np.exp(strength * rng.normal(-0.1, 0.22)), strength * rng.normal(0, 0.08)
    table = 255 * np.clip((unit - 0.5) * gain + 0.5 + lift, 0, 1)
    return cv2.LUT(picture, table.astype(np.float32))


def lit(rng, picture):
    """Brighter on one side than on the other, in place."""
    height, width = picture.shape
    right, down = rng.normal(0, 0.5, 2)
    slope = np.linspace(-right, right, width, dtype=np.float32)[None]
    picture *= np.exp(slope + np.linspace(-down, down, height, dtype=np.float32)[:, None])


def over(canvas, owner, colour, alpha, corner, who):
    """Puts float colour [h, w] over the canvas where alpha (0 to 1) is, from (x, y) on, in place.

    Pixels of faces that it hides are theirs no longer. who: 0, or the number of a new face.
    """
    x, y = corner
    part = (slice(max(0, y), y + len(alpha)), slice(max(0, x), x + alpha.shape[1]))
    cut = (slice(max(0, -y), None), slice(max(0, -x), None))
    under = canvas[part]
    colour, alpha = (a[cut][: under.shape[0], : under.shape[1]] for a in (colour, alpha))
    under += (colour - under) * alpha
    owner[part][alpha > 0.5] = who


def warped(picture, alpha, matrix, size):
    """A picture and its alpha where a matrix puts them: uint8 and float32 [h, w], their corner."""
    zoom = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    while zoom < 0.6 and min(picture.shape) > 3:  # average first, or fine structure turns to noise
        picture, alpha = (
            cv2.resize(a, (a.shape[1] // 2, a.shape[0] // 2), interpolation=cv2.INTER_AREA)
            for a in (picture, alpha)
        )
        matrix = compose(np.float64([[2, 0, 0.5], [0, 2, 0.5]]), matrix)
        zoom *= 2
    height, width = picture.shape
    ends = move(np.float64([[0, 0], [width, 0], [0, height], [width, height]]), matrix)
    low = np.maximum(np.floor(ends.min(0)), -1).astype(int)
    high = np.minimum(np.ceil(ends.max(0)) + 1, size + 1).astype(int)
    if (high <= low).any():
        return None
    matrix = np.column_stack([matrix[:, :2], matrix[:, 2] - low])
    room = tuple(int(v) for v in high - low)
    colour = cv2.warpAffine(picture, matrix, room, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(alpha, matrix, room)
    return colour, alpha.astype(np.float32) / 255, tuple(low.tolist())


def placing(rng, centre, side, wanted, at, angle):
    """A matrix that turns and scales a cut-out about its face, narrows it and may mirror it."""
    matrix = crop_matrix((*(centre - (side - 1) / 2), side, side), wanted, 1, angle)
    narrow = np.float64([[np.exp(rng.normal(-0.04, 0.1)), rng.normal(0, 0.05)], [0, 1]])
    if rng.random() < 0.5:
        narrow[:, 0] *= -1
    linear = matrix[:, :2] @ narrow
    return np.column_stack([linear, at - linear @ centre]), narrow[0, 0] < 0


def paste_face(rng, bank, canvas, owner, wanted, who):
    """Puts a person in, whose face's box has about the side that is wanted; their landmarks."""
    size = len(canvas)
    index = rng.integers(len(bank["grey"]))
    picture, alpha, points = (bank[k][index] for k in ("grey", "alpha", "landmarks"))
    box = box_around(points)
    centre = box[:2] + (box[2:] - 1) / 2
    angle = rng.uniform(0, 360) if rng.random() < 0.3 else rng.normal(0, 14)
    room = min(0.3 * wanted, size / 2)
    at = rng.uniform(room, size - room, 2)
    matrix, mirrored = placing(rng, centre, box[2], wanted, at, angle)
    if rng.random() < 0.12:  # the head alone: of someone behind something
        mask = np.zeros_like(alpha)
        axes = (box[2:] * rng.uniform((0.55, 0.62), (0.8, 0.9))).astype(int).tolist()
        cv2.ellipse(mask, centre.astype(int).tolist(), axes, 0, 0, 360, 255, -1)
        alpha = np.minimum(alpha, cv2.GaussianBlur(mask, (0, 0), 5))
    points = move(points, matrix)[MIRROR] if mirrored else move(points, matrix)
    if placed := warped(picture, alpha, matrix, size):
        colour, alpha, corner = placed
        colour = tone(rng, colour, 0.6)
        if rng.random() < 0.4:
            lit(rng, colour)
        if rng.random() < 0.3 and wanted > 25:  # another edge
            alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 2.0))
        over(canvas, owner, colour, alpha, corner, 0)
        # Of the person, only the face within its landmarks is the face.
        hull = cv2.convexHull(points.astype(np.float32)).astype(np.int32)
        own = np.zeros_like(owner)
        cv2.fillConvexPoly(own, hull, 1)
        owner[own > 0] = who
    return points


def paste_part(rng, bank, grounds, canvas, owner, side, at=None, kind=None):
    """Puts in what is no face, with the same edges: one of `KINDS`, at random if none is given."""
    size = len(canvas)
    at = rng.uniform(0, size, 2) if at is None else at
    kind = kind or rng.choice(KINDS, p=(0.28, 0.17, 0.12, 0.28, 0.15))
    if kind in ("body", "faceless", "piece"):
        index = rng.integers(len(bank["grey"]))
        picture, alpha, points = (bank[k][index] for k in ("grey", "alpha", "landmarks"))
        low, high = points.min(0), points.max(0)
        middle, reach = (low + high) / 2, high - low
        if kind == "body":  # what is below the chin, whole or an oval piece
            alpha = alpha.copy()
            edge = int(np.clip(high[1] + 0.04 * reach[1], 0, len(alpha) - 24))
            alpha[:edge] = 0
            alpha[edge : edge + 8] //= 2
            middle = np.float32([middle[0], min(high[1] + 0.6 * reach[1], 300)])
            if rng.random() < 0.5:
                mask = np.zeros_like(alpha)
                axes = (rng.uniform(0.3, 0.7, 2) * reach.max()).astype(int).tolist()
                cv2.ellipse(mask, middle.astype(int).tolist(), axes, 0, 0, 360, 255, -1)
                alpha = np.minimum(alpha, cv2.GaussianBlur(mask, (0, 0), rng.uniform(1, 6)))
        elif kind == "piece":  # an ear, an eye or the mouth, as large as a face
            middle = points[rng.choice((0, 2, 14, 16, 37, 44, 51, 57))] + rng.normal(0, 4, 2)
            reach = reach * rng.uniform(0.25, 0.4)
            mask = np.zeros_like(alpha)
            axes = (0.6 * reach).astype(int).tolist()
            cv2.ellipse(mask, middle.astype(int).tolist(), axes, 0, 0, 360, 255, -1)
            alpha = np.minimum(alpha, cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 4)))
        else:  # hair, ears and shoulders around a smudge, or around something else
            picture = picture.copy()
            mask = np.zeros(picture.shape, np.float32)
            axes = (reach * rng.uniform(0.52, 0.62)).astype(int).tolist()
            cv2.ellipse(mask, middle.astype(int).tolist(), axes, 0, 0, 360, 1, -1)
            mask = cv2.GaussianBlur(mask, (0, 0), 4)
            if rng.random() < 0.5:
                other = cv2.resize(picture, (6, 7), interpolation=cv2.INTER_AREA)
                other = cv2.resize(other, picture.shape[::-1], interpolation=cv2.INTER_CUBIC)
            else:
                other = window(rng, grounds[rng.integers(len(grounds))], 352, rng.uniform(0.5, 2))
                other = other[:, : picture.shape[1]]
            picture = (picture * (1 - mask) + other * mask).astype(np.uint8)
    else:
        wide, high = 128, int(128 * rng.uniform(0.4, 1))
        if kind == "texture":
            picture = window(rng, grounds[rng.integers(len(grounds))], 128, rng.uniform(0.3, 2))
            picture = picture[:high]
        else:
            shade = clouds(rng, (high, wide), 2, 2) * rng.uniform(0, 60) + rng.uniform(0, 255)
            picture = np.clip(shade, 0, 255).astype(np.uint8)
        alpha = np.zeros((high, wide), np.uint8)
        if rng.random() < 0.6:
            axes = [wide // 2 - 8, max(2, high // 2 - 8)]
            cv2.ellipse(alpha, (wide // 2, high // 2), axes, 0, 0, 360, 255, -1)
        else:
            alpha[6:-6, 6:-6] = 255
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 4))
        middle, reach = np.float32([wide / 2, high / 2]), np.float32([wide, high])
    matrix, _ = placing(rng, middle, reach.max(), side, at, rng.uniform(0, 360))
    if placed := warped(picture, alpha, matrix, size):
        colour, alpha, corner = placed
        over(canvas, owner, tone(rng, colour), alpha, corner, 0)


def clutter(rng, canvas):
    """Draws something with the parts of a face, but none: discs, pairs, bars, text; in place."""
    size = len(canvas)
    x, y = rng.integers(0, size, 2).tolist()
    large = round(log_uniform(rng, 4, 90))
    grey, other = rng.uniform(0, 255, 2).tolist()
    kind = rng.integers(6)
    layer = canvas.copy()
    if kind == 0:
        axes = (large, max(1, round(large * rng.uniform(0.3, 1))))
        cv2.ellipse(layer, (x, y), axes, rng.uniform(0, 360), 0, 360, grey, -1, cv2.LINE_AA)
    elif kind == 1:  # two discs, perhaps with rings: wheels, lamps, buttons
        gap, turn = large * rng.uniform(2.2, 5), rng.uniform(0, 2 * np.pi)
        for end in (-0.5, 0.5):
            at = int(x + end * gap * np.cos(turn)), int(y + end * gap * np.sin(turn))
            cv2.circle(layer, at, large, grey, -1, cv2.LINE_AA)
            cv2.circle(layer, at, max(1, large // 2), other, -1, cv2.LINE_AA)
    elif kind == 2:
        box = cv2.boxPoints(((x, y), (2 * large, large * rng.uniform(0.1, 3)), rng.uniform(0, 180)))
        cv2.fillPoly(layer, [box.astype(np.int32)], grey, cv2.LINE_AA)
    elif kind == 3:  # stripes, a fence
        along = np.arange(size, dtype=np.float32)
        wave = np.sin(along * (2 * np.pi / (2 + large / 3)) + rng.uniform(0, 6))
        wave = wave[None] if rng.random() < 0.5 else wave[:, None]
        high, wide = rng.integers(20, size, 2)
        part = (slice(y, y + high), slice(x, x + wide))
        layer[part] += rng.uniform(10, 60) * np.broadcast_to(wave, layer.shape)[part]
    elif kind == 4:
        text = "".join(chr(c) for c in rng.integers(33, 127, rng.integers(1, 9)))
        thick = max(1, round(large / rng.choice((3, 5, 10))))
        cv2.putText(layer, text, (x, y), rng.choice(8), large / 20, grey, thick, cv2.LINE_AA)
    else:  # rings
        for radius in range(large, 2, -max(3, large // 4)):
            cv2.circle(layer, (x, y), radius, (grey, other)[radius % 2], -1, cv2.LINE_AA)
    blur = rng.choice((0, 1, 3))
    canvas[:] = cv2.GaussianBlur(layer, (0, 0), blur) if blur and kind != 3 else layer


def spoil(rng, canvas, owner):
    """What camera and file do to a scene: light, blur, coarse pixels, noise, JPEG. uint8 [S, S].

    Also returns by how much smaller a face might as well be, 1 or more.
    """
    size, coarse = len(canvas), 1.0
    if rng.random() < 0.2:
        lit(rng, canvas)
    canvas = tone(rng, np.clip(canvas, 0, 255).astype(np.uint8), 0.5)
    if rng.random() < 0.05:  # night
        canvas *= np.float32(rng.uniform(0.15, 0.5))
    if rng.random() < 0.2:
        spread = log_uniform(rng, 0.4, 2)
        canvas = cv2.GaussianBlur(canvas, (0, 0), spread)
        coarse = max(1, 0.9 * spread)
    elif rng.random() < 0.06:
        length = int(rng.integers(3, 8))
        line = np.zeros((length, length), np.float32)
        turn, half = rng.uniform(0, np.pi), (length - 1) / 2
        x, y = half * np.cos(turn), half * np.sin(turn)
        ends = [(round(half + e * x), round(half + e * y)) for e in (-1, 1)]
        cv2.line(line, *ends, 1)
        canvas, coarse = cv2.filter2D(canvas, -1, line / line.sum()), max(1, length / 3)
    elif rng.random() < 0.18:
        factor = rng.uniform(1.2, 3)
        small = cv2.resize(canvas, [round(size / factor)] * 2, interpolation=cv2.INTER_AREA)
        ways = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
        way = ways[rng.choice(3, p=(0.5, 0.4, 0.1))]
        canvas, coarse = cv2.resize(small, (size, size), interpolation=way), factor
    if rng.random() < 0.35:
        canvas = canvas + rng.standard_normal(canvas.shape, np.float32) * np.float32(
            log_uniform(rng, 1, 15)
        )
    if rng.random() < 0.05:
        canvas = cv2.GaussianBlur(canvas, (0, 0), 1) * 1.8 - canvas * 0.8  # the reverse of sharp
    if rng.random() < 0.08:  # the picture ends, as where it is padded to whole cells
        end = int(rng.integers(0.5 * size, size))
        parts = np.s_[end:, :], np.s_[:, end:]
        part = parts[rng.integers(2)]
        canvas[part], owner[part] = 127.5, 0
    image = np.clip(canvas, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 90))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_GRAYSCALE)
    return image, coarse
