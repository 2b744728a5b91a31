"""Fits the statistical face model of the demo people to the London Set.

    python tools/fit_people.py --london PATH

PATH is the set's archive (.tar.gz) or the folder unpacked from it. Writes
`helpers/assets/people.npz`. Needs scipy, which the course itself does not.

Every photograph is warped to the mean shape's frame (640 x 640 pixels) and cut into skin, hair
and clothes. What is kept: principal components of shape and skin, and of the outlines of hair
and clothes as signed distances. No photograph, and no person's coefficients.
"""

import argparse
import json
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.spatial import Delaunay

ROOT = Path(__file__).resolve().parents[1]
ASSET = ROOT / "helpers" / "assets" / "people.npz"
RULES = json.loads((Path(__file__).parent / "frl189_to_68.json").read_text())

FRAME = 640  # side of the mean shape's frame, that of the photographs
BELOW = 480  # rows that `helpers.face_model` adds below, where the body goes on
FACE = (slice(132, 476), slice(184, 456))  # rows and columns kept at full resolution
SKIN = (slice(96, 608), slice(160, 480))  # rows and columns kept at a quarter of it
MODES, STYLE_MODES = 60, 28
SKIN_CLASS, HAIR, CLOTHES = 1, 2, 3

JAW = RULES["jaw_polyline"]
# Landmarks that are template points themselves need no knot of their own.
OWN_KNOT = [i for i in range(68) if len(RULES["weights"].get(str(i), "two")) > 1]
TEMPLATE_KNOT = [i for i in range(189) if i not in JAW]
DETAIL = [*range(18, 34), *range(34, 44), *range(87, 109)]  # template points on lids and lips
# Upper and lower lid of both eyes, from left to right.
LIDS = [18, 19, 20, 21, 22, 18, 28, 29, 30, 22, 23, 24, 25, 26, 27, 23, 31, 32, 33, 27]
EDGE = np.linspace(-60, FRAME + 60, 6)
ANCHORS = np.array([(x, y) for x in EDGE for y in EDGE if {x, y} & {EDGE[0], EDGE[-1]}])


def landmarks_of(points):
    """The customary 68 points [68, 2] from the set's 189."""
    marks = np.zeros((68, 2))
    for index, weights in RULES["weights"].items():
        total = sum(weights.values())
        marks[int(index)] = sum(points[int(i)] * w for i, w in weights.items()) / total
    chin = JAW.index(129)
    for part, target in ((JAW[: chin + 1], slice(0, 9)), (JAW[chin:], slice(8, 17))):
        line = points[part]
        length = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
        along = np.linspace(0, length[-1], 9)
        marks[target] = np.stack([np.interp(along, length, line[:, k]) for k in (0, 1)], 1)
    return marks


def read_london(folder):
    """Neutral and smiling pictures, BGR uint8 [n, 640, 640, 3]; points [n, 189 and 68, 2]."""
    templates = sorted(folder.rglob("neutral/*.tem"))
    smiles = [t.parents[1] / "smiling" / t.with_suffix(".jpg").name for t in templates]
    if not templates:
        sys.exit(f"{folder}: no neutral/*.tem in it.")
    pictures = np.array([cv2.imread(str(t.with_suffix(".jpg"))) for t in templates])
    points = np.array([np.loadtxt(t, skiprows=1, max_rows=189) for t in templates])
    smiling = np.array([cv2.imread(str(s)) for s in smiles])
    return pictures, smiling, points, np.array([landmarks_of(p) for p in points])


def similarity(source, target):
    """The turn, scale and shift (complex) that takes points to others with least squares."""
    a, b = source @ [1, 1j], target @ [1, 1j]
    turn = np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean())
    return turn, b.mean() - turn * a.mean()


def moved(points, turn, shift):
    z = points @ [1, 1j] * turn + shift
    return np.stack([z.real, z.imag], -1)


def align(knots, marks):
    """Procrustes alignment by the landmarks: knots [n, k, 2] in the frame, and the transforms."""
    mean = marks.mean(0)
    mean[:, 0] += FRAME / 2 - mean[:, 0].mean()
    start = mean.copy()
    for _ in range(5):
        ways = [similarity(m, mean) for m in marks]
        mean = np.mean([moved(m, *w) for m, w in zip(marks, ways, strict=True)], 0)
        mean = moved(mean, *similarity(mean, start))
    return np.array([moved(k, *w) for k, w in zip(knots, ways, strict=True)]), ways


def to_frame(picture, uv, knots, way):
    """A photograph warped to the mean shape's frame by a thin-plate spline."""
    turn, shift = way
    anchors = moved(ANCHORS, 1 / turn, -shift / turn)
    step = 8
    grid = np.arange(0, FRAME + step, step)
    query = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    spline = RBFInterpolator(np.r_[uv, ANCHORS], np.r_[knots, anchors], smoothing=0.5)
    coarse = spline(query).reshape(len(grid), len(grid), 2).astype(np.float32)
    xs, ys = np.meshgrid(*[np.arange(FRAME, dtype=np.float32) / step] * 2)
    way_back = cv2.remap(coarse, xs, ys, cv2.INTER_CUBIC)
    return cv2.remap(
        picture,
        way_back[..., 0],
        way_back[..., 1],
        cv2.INTER_LANCZOS4,
        borderMode=cv2.BORDER_REPLICATE,
    )


# --- cutting a photograph into background, skin, hair and clothes ------------------------------

YY, XX = np.mgrid[0:FRAME, 0:FRAME].astype(np.float32)
INNER = np.zeros((FRAME, FRAME), np.uint8)  # eyes, nose, mouth, beard: never hair
_ring = [(214, 291), (215, 325), (221, 362), (232, 395), (248, 425), (285, 450), (321, 456)]
_ring += [(2 * 320.5 - x, y) for x, y in _ring[-2::-1]] + [(412, 250), (395, 238), (340, 245)]
_ring = np.array([*_ring, (300, 245), (245, 238), (228, 250)])
cv2.fillPoly(INNER, [((_ring - (320, 340)) * 0.95 + (320, 340)).astype(np.int32)], 1)
INNER = INNER > 0


def background_of(lab):
    """Where the plain studio background is seen: a cubic surface of colour, joined to the top."""
    u, v = XX / 320 - 1, YY / 320 - 1
    terms = np.stack([u**a * v**b for a in range(4) for b in range(4 - a)], -1)
    sample = (YY < 60) | ((YY < 440) & (abs(XX - 320) > 250))
    for _ in range(4):
        thin = sample & (XX % 4 == 0) & (YY % 4 == 0)
        surface = terms @ np.linalg.lstsq(terms[thin], lab[thin], rcond=None)[0]
        distance = np.sqrt((np.square(lab - surface) * (0.5, 2, 2)).sum(-1))
        sample = ((YY < 60) | ((YY < 530) & (abs(XX - 320) > 170))) & (distance < 4)
    near = distance < 4.5
    near[:2] = True
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8), connectivity=4)
    outside = np.unique(np.r_[parts[0], parts[:400, 2], parts[:400, -3]])
    free = near & np.isin(parts, outside)
    # Gaps between strands of hair, closed off from the rest.
    gaps = np.isin(parts, np.flatnonzero(sizes[:, 4] > 60))
    free |= near & gaps & (YY < 470) & ~INNER
    # White shirts leak where the light on them equals the wall's: below a shoulder all is shirt.
    body = ~free & (YY > 440)
    body[:, :] = cv2.morphologyEx(body.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3))) > 0
    return free & ~((np.cumsum(body, 0) > 6) & (YY > 470))


def gaussian_score(lab, mean, covariance):
    difference = lab - mean.astype(np.float32)
    score = -0.5 * (difference @ np.linalg.inv(covariance).astype(np.float32) * difference).sum(-1)
    return np.maximum(score - 0.5 * np.log(np.linalg.det(covariance)), -60).astype(np.float32)


def cut(pictures):
    """Class of every pixel, uint8 [n, 640, 640]: colour, then colour and where it is usual."""
    labs = [cv2.cvtColor(p.astype(np.float32) / 255, cv2.COLOR_BGR2LAB) for p in pictures]
    labs = [cv2.GaussianBlur(lab, (0, 0), 0.8) for lab in labs]
    free = [background_of(lab) for lab in labs]
    side = abs(XX - 320)
    cap = (YY > 118) & (YY < 158) & (side < 60)
    cheeks = INNER & (YY > 290) & (YY < 370)
    likely_hair = 3.0 * ((YY < 165) | ((YY < 290) & (side > 108)))
    likely_hair -= 6.0 * ((YY > 400) & (side < 70)) + 3.0 * ((abs(YY - 220) < 40) & (side < 85))
    likely_hair -= 2.0 * ((abs(YY - 322) < 43) & (abs(side - 117) < 13))
    shirt_mean, shirt_spread = np.array([93.0, 0, 0]), np.diag([60.0, 8, 8])
    classes = np.zeros(np.shape(free), np.uint8)
    prior = None
    for _ in range(3):
        for i, lab in enumerate(labs):
            skin = cheeks if prior is None else (classes[i] == SKIN_CLASS) & (YY < 520)
            hair = cap & ~free[i]
            if prior is not None and (classes[i] == HAIR).sum() > 300:
                hair = classes[i] == HAIR
            scores = []
            for where in (skin, hair):
                spread = np.cov(lab[where].T) + np.diag([20, 6, 6])
                scores.append(gaussian_score(lab, np.median(lab[where], 0), spread))
            scores.append(gaussian_score(lab, shirt_mean, shirt_spread))
            scores = np.stack(scores)
            if prior is None:
                scores[1] += likely_hair
                scores[2, :470] = -60
            else:
                scores += 1.5 * np.log(prior + 0.02)
            scores[0] += 100.0 * INNER
            scores = [cv2.GaussianBlur(s, (0, 0), 1.5) for s in scores]
            classes[i] = np.where(free[i], 0, np.argmax(scores, 0) + 1)
        shares = [(classes == k).mean(0) for k in (SKIN_CLASS, HAIR, CLOTHES)]
        prior = np.stack([cv2.GaussianBlur(s, (0, 0), 5) for s in shares])
    return classes


def signed_distance(mask, reach=28.0):
    """Pixels to the outline, positive inside, bent so that far away counts little."""
    mask = mask.astype(np.uint8)
    inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, 5) for m in (mask, 1 - mask))
    return reach * np.tanh((inside - outside) / reach)


def spread_out(image, known):
    """Fills the unknown pixels smoothly from the known ones (a pyramid down and up again)."""
    weights = [known.astype(np.float32)]
    levels = [image * weights[0][..., None]]
    while min(levels[-1].shape[:2]) > 2:
        levels.append(cv2.pyrDown(levels[-1]).reshape(-1, *_half(levels[-1])))
        weights.append(cv2.pyrDown(weights[-1]))
    filled = levels[-1] / np.maximum(weights[-1], 1e-6)[..., None]
    for level, weight in zip(levels[-2::-1], weights[-2::-1], strict=True):
        coarse = cv2.resize(filled, level.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        sure = np.minimum(1, 2 * weight)[..., None]
        own = level / np.maximum(weight, 1e-6)[..., None]
        filled = own * sure + coarse.reshape(level.shape) * (1 - sure)
    return filled


def _half(level):
    return (level.shape[1] + 1) // 2, level.shape[2]


# --- principal components ----------------------------------------------------------------------


def components(data, count):
    """Mean, components scaled to one standard deviation [count, d], and codes [n, count]."""
    mean = data.mean(0)
    centred = data - mean
    values, vectors = np.linalg.eigh(centred @ centred.T / (len(data) - 1))
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    codes = vectors * np.sqrt(len(data) - 1)
    return mean, (codes.T @ centred) / (len(data) - 1), codes


def as_bytes(modes, step):
    """Modes as int8 in units of `step`; finer steps for modes that would not fit."""
    scale = np.maximum(abs(modes).reshape(len(modes), -1).max(1) / 127, step).astype(np.float32)
    return np.rint(modes / scale.reshape(-1, *[1] * (modes.ndim - 1))).astype(np.int8), scale


def smaller(image, factor):
    size = (image.shape[1] // factor, image.shape[0] // factor)
    return cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)


def ycc(picture):
    return cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb).astype(np.float32)


def skin_textures(pictures, classes):
    """Skin everywhere in SKIN: what hair and clothes hide is filled from what others show."""
    n = len(pictures)
    known = (classes == SKIN_CLASS).astype(np.uint8)
    known = np.array([cv2.erode(k, np.ones((7, 7))) for k in known]) > 0
    known = (known | INNER)[:, SKIN[0], SKIN[1]]
    skins = np.array([spread_out(ycc(p[SKIN]), k) for p, k in zip(pictures, known, strict=True)])
    hidden = ~known
    hidden_soft = np.array([cv2.GaussianBlur(h.astype(np.float32), (0, 0), 3) for h in hidden])
    given = skins.copy()
    for _ in range(6):
        # Few modes, so that the filling is what skin usually is there, not a guess of hair.
        mean, modes, codes = components(skins.reshape(n, -1), 12)
        guess = (mean + codes @ modes).reshape(skins.shape)
        skins = given + hidden_soft[..., None] * (guess - given)
        skins = np.where(hidden[..., None], skins, given)
    return skins


def bare_head(classes):
    """Where the body would be seen without the hair: the person's own skin, a usual skull, ears."""
    usual = (classes == SKIN_CLASS).sum(0) / np.maximum((classes != HAIR).sum(0), 1)
    skull = np.square((XX - 320) / 118) + np.square((YY - 270) / 138) < 1
    head = (skull & (YY < 360)) | ((usual > 0.5) & (YY < 375) & (YY > 200))
    return [np.isin(c, (SKIN_CLASS, CLOTHES)) | head | ((c > 0) & (YY > 520)) for c in classes]


def depth_map(mean_marks):
    """Depth of the mean face in frame pixels, towards the camera; made by hand, not measured."""
    x, y = XX - 320, YY
    rows = np.arange(FRAME)
    jaw = mean_marks[:17]
    half = np.interp(rows, jaw[8:17, 1][::-1], (jaw[8:17, 0] - 320)[::-1])
    half = (
        np.where(
            rows < 290, np.interp(rows, [110, 140, 190, 240, 290], [10, 70, 104, 110, 107]), half
        )
        + 8
    )
    half = cv2.GaussianBlur(np.tile(half[:, None], (1, 3)).astype(np.float32), (0, 0), 5)[:, :1]
    middle = np.interp(
        rows,
        [110, 125, 150, 190, 230, 300, 400, 440, 462],
        [0, 45, 88, 120, 134, 132, 128, 122, 100],
    )[:, None]
    edge = np.interp(rows, [100, 290, 330, 400, 456], [-10, 6, 14, 50, 98])[:, None]
    round_ = np.clip(1 - np.abs(x / np.maximum(half, 12)) ** 2.4, 0, 1) ** 0.5
    face = edge + (middle - edge) * round_
    along = np.clip((y - 268) / (338 - 268), 0, 1)
    nose = (6 + 36 * along**1.3) * np.exp(-np.square(x / (11 + 9 * along)))
    nose *= np.where(y > 338, np.exp(-np.square((y - 338) / 9)), 1) * np.clip((y - 245) / 25, 0, 1)
    sockets = sum(
        np.exp(-np.square((x - s * 50) / 26) - np.square((y - 282) / 15)) for s in (-1, 1)
    )
    lips = np.exp(-np.square(x / 34) - np.square((y - 384) / 13))
    face = face + nose - 13 * sockets + 8 * lips
    neck = -25 + 62 * np.clip(1 - np.square(x / 95), 0, 1) ** 0.5
    body = np.where(y > 470, np.minimum(neck, 20) - 10 * np.clip((y - 470) / 60, 0, 1), neck)
    inside = (abs(x) < half) & (y < 458)
    behind = np.where(y > 400, body, -18 - 20 * np.clip((200 - y) / 100, 0, 1))
    depth = np.where(inside, face, np.minimum(behind, edge + 0 * x))
    return cv2.GaussianBlur(depth.astype(np.float32), (0, 0), 4)


def hair_statistics(pictures, classes):
    """Colour of each person's hair [n, 3], its brightness inside [n, 80, 80], and its length [n].

    The length is the area of hair beside the neck, in thousands of pixels, at most 8.
    """
    colours, shades = [], []
    for picture, kind in zip(pictures, classes, strict=True):
        hair = cv2.erode((kind == HAIR).astype(np.uint8), np.ones((11, 11))) > 0
        where = hair if hair.sum() > 500 else (kind == HAIR) & (YY < 200)
        image = ycc(picture)
        colour = np.median(image[where], 0) if where.sum() > 100 else np.full(3, np.nan)
        colours.append(colour)
        ratio = np.log((image[..., :1] + 8) / (np.nan_to_num(colour[0], nan=60) + 8))
        shades.append(smaller(cv2.GaussianBlur(spread_out(ratio, where), (0, 0), 6), 8))
    colours = np.array(colours)
    colours = np.where(np.isnan(colours), np.nanmean(colours, 0), colours)
    beside_neck = (classes[:, 375:520] == HAIR).sum((1, 2)) / 1000
    return colours, np.array(shades), np.minimum(beside_neck, 8)


def smile_statistics(frames, smiling, uv, knots, ways):
    """The median way from neutral to smiling: moves [640, 640, 2] and log brightness [640, 640].

    Found by dense optical flow, since the smiling pictures have no template points.
    """
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    part = (slice(100, 520), slice(140, 500))
    xs, ys = XX[part] - 140, YY[part] - 100
    still = (ys > 70) & (ys < 200) & (abs(xs - 180) < 110) & (xs % 4 == 0) & (ys % 4 == 0)
    places = np.stack([xs[still], ys[still]], 1)
    moves, ratios = [], []
    for frame, picture, knot, way in zip(frames, smiling, knots, ways, strict=True):
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[part].copy()
        other = cv2.cvtColor(to_frame(picture, uv, knot, way), cv2.COLOR_BGR2GRAY)[part].copy()
        pose = np.eye(3)
        for _ in range(2):  # the head moved too: brow and nose bridge tell how
            turned = cv2.warpAffine(
                other,
                pose[:2],
                other.shape[::-1],
                borderMode=cv2.BORDER_REPLICATE,
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            )
            found = flow.calc(grey, turned, None)
            step, _ = cv2.estimateAffinePartial2D(
                places, places + found[still], ransacReprojThreshold=1.5
            )
            pose = pose @ np.vstack([step, [0, 0, 1]])
        turned = cv2.warpAffine(
            other,
            pose[:2],
            other.shape[::-1],
            borderMode=cv2.BORDER_REPLICATE,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        found = flow.calc(grey, turned, None)
        back = cv2.remap(turned, xs + found[..., 0], ys + found[..., 1], cv2.INTER_LINEAR)
        moves.append(found[::2, ::2])
        ratios.append(np.log((back[::2, ::2] + 15.0) / (grey[::2, ::2] + 15.0)))
    near = np.exp(-((np.square((XX - 320) / 125) + np.square((YY - 350) / 125)) ** 3))
    result = []
    for median, mirror in ((np.median(moves, 0), (-1, 1)), (np.median(ratios, 0)[..., None], 1)):
        median = cv2.GaussianBlur(median.astype(np.float32), (0, 0), 1.5).reshape(median.shape)
        median = (median + median[:, ::-1] * np.float32(mirror)) / 2
        whole = np.zeros((FRAME, FRAME, median.shape[-1]), np.float32)
        whole[part] = cv2.resize(median, (360, 420)).reshape(420, 360, -1)
        result.append(whole * near[..., None])
    return result[0], result[1][..., 0]


def mesh(uv_marks, detail):
    """Vertices [v, 2] in the frame, dense in the face, the 68 landmarks first; triangles [t, 3].

    detail: further points [k, 2] that are to be vertices, on lids and lips.
    """
    fine = np.stack(np.meshgrid(np.arange(176, 470, 11), np.arange(116, 500, 11)), -1).reshape(
        -1, 2
    )
    wide = np.linspace(-20, FRAME + 20, 30)
    down = np.linspace(-20, FRAME + BELOW + 20, 46)
    coarse = np.stack(np.meshgrid(wide, down), -1).reshape(-1, 2)
    far = ~(
        (coarse[:, 0] > 165) & (coarse[:, 0] < 480) & (coarse[:, 1] > 105) & (coarse[:, 1] < 505)
    )
    grid = np.r_[fine, coarse[far]].astype(float)
    eyes = [uv_marks[36:42].mean(0), uv_marks[42:48].mean(0)]
    near = [
        np.stack(np.meshgrid(x + np.arange(-36, 37, 6), y + np.arange(-30, 25, 5)), -1)
        for x, y in eyes
    ]
    vertices = uv_marks
    for points, apart in ((detail, 1.5), (np.reshape(near, (-1, 2)), 3.0), (grid, 5.0)):
        gap = np.linalg.norm(points[:, None] - vertices[None], axis=-1).min(1)
        vertices = np.r_[vertices, points[gap > apart]]
    return vertices, Delaunay(vertices).simplices


def fit(folder):
    """The model as a dictionary of arrays, and what the report needs."""
    pictures, smiling, points, marks = read_london(folder)
    knots = np.concatenate([points[:, TEMPLATE_KNOT], marks[:, OWN_KNOT]], 1)
    aligned, ways = align(knots, marks)
    mean = aligned.mean(0)
    index = {t: k for k, t in enumerate(TEMPLATE_KNOT)}
    index = [
        len(TEMPLATE_KNOT) + OWN_KNOT.index(i)
        if i in OWN_KNOT
        else index[int(next(iter(RULES["weights"][str(i)])))]
        for i in range(68)
    ]
    uv = mean.copy()
    # The lips touch: in the frame a slit of two pixels keeps upper and lower lip apart.
    for upper, lower in ((61, 67), (62, 66), (63, 65)):
        a, b = index[upper], index[lower]
        missing = max(0, 2.0 - (uv[b, 1] - uv[a, 1])) / 2
        uv[a, 1] -= missing
        uv[b, 1] += missing
    print(f"{len(pictures)} people, {mean.shape[0]} points; warping ...")
    frames = np.array(
        [to_frame(p, uv, k, w) for p, k, w in zip(pictures, knots, ways, strict=True)]
    )
    classes = cut(frames)
    model = {}

    of_template = {t: uv[k] for k, t in enumerate(TEMPLATE_KNOT)}
    vertices, triangles = mesh(uv[index], np.array([of_template[t] for t in DETAIL]))
    model["lids"] = np.array([of_template[t] for t in LIDS], np.float32).reshape(2, 2, 5, 2)
    moves = np.concatenate([mean[None] - uv, aligned - mean])
    moves = np.concatenate([moves, np.zeros((len(moves), len(ANCHORS), 2))], 1)
    spline = RBFInterpolator(
        np.r_[uv, ANCHORS], moves.transpose(1, 0, 2).reshape(moves.shape[1], -1), smoothing=0.5
    )
    moves = spline(vertices).reshape(len(vertices), -1, 2).transpose(1, 0, 2)
    depth = depth_map(mean[index])
    smile, smile_shade = smile_statistics(frames, smiling, uv, knots, ways)
    at = vertices.astype(np.float32)
    model["smile_moves"] = cv2.remap(smile, at[:, 0], at[:, 1], cv2.INTER_LINEAR)[:, 0]
    model["smile_shade"] = smaller(smile_shade, 4).astype(np.float16)

    skins = skin_textures(frames, classes)
    low = np.array([smaller(s, 4).transpose(2, 0, 1) for s in skins])
    top, left = FACE[0].start - SKIN[0].start, FACE[1].start - SKIN[1].start
    rows, columns = FACE[0].stop - FACE[0].start, FACE[1].stop - FACE[1].start
    high = []
    for skin, coarse in zip(skins, low, strict=True):
        blurred = cv2.resize(coarse[0], skin.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        high.append((skin[..., 0] - blurred)[top : top + rows, left : left + columns])
    # Strands of a fringe that were taken for skin would be streaks on other people's foreheads.
    calm = 1 - 0.75 * np.exp(-((np.square((XX - 320) / 80) + np.square((YY - 198) / 48)) ** 3))
    high = np.array(high)
    high = high.mean(0) + (high - high.mean(0)) * calm[FACE]
    hair_colours, shades, length = hair_statistics(frames, classes)

    n = len(frames)
    parts = {"shape": moves[1:], "low": low, "high": high, "hair_colour": hair_colours}
    flat = {k: v.reshape(n, -1) for k, v in parts.items()}
    # Shape and skin vary together (a jaw and its beard): each gets the same total variance.
    weights = {k: 1 / np.sqrt(v.var(0).sum()) for k, v in flat.items()}
    weights["hair_colour"] *= 0.5
    weights["high"] *= 0.7
    _, _, codes = components(np.concatenate([flat[k] * weights[k] for k in flat], 1), MODES)
    for name, values in flat.items():
        modes = codes.T @ (values - values.mean(0)) / (n - 1)
        model[f"{name}_mean"] = values.mean(0).reshape(parts[name].shape[1:]).astype(np.float32)
        kept = np.var(codes @ modes, axis=0).sum() / values.var(0).sum()
        print(f"  {name:12s} {MODES} modes keep {kept:.1%} of the variance")
        model[f"{name}_modes"] = modes.reshape(MODES, *parts[name].shape[1:])
    model["shape_mean"] = moves[0].astype(np.float32)
    model["low_modes"], model["low_scale"] = as_bytes(model["low_modes"], 0.5)
    model["high_modes"], model["high_scale"] = as_bytes(model["high_modes"], 0.6)
    for name in ("shape_modes", "hair_colour_modes"):
        model[name] = model[name].astype(np.float16)
    residual = high - (
        model["high_mean"]
        + np.tensordot(codes, model["high_modes"] * model["high_scale"][:, None, None], 1)
    )
    grain = smaller(np.sqrt(cv2.GaussianBlur(np.square(residual).mean(0), (0, 0), 2)), 4)
    model["grain"] = grain.astype(np.float16)

    heads = bare_head(classes)
    outlines = {
        "hair": [smaller(signed_distance(c == HAIR), 4) for c in classes],
        "body": [smaller(signed_distance(h), 8) for h in heads],
        "clothes": [
            smaller(signed_distance((c == CLOTHES) | ((YY > 500) & (abs(XX - 320) > 150))), 8)
            for c in classes
        ],
        "shade": list(shades * 20),
    }
    outlines = {k: np.array(v) for k, v in outlines.items()}
    flat = {k: v.reshape(n, -1) for k, v in outlines.items()}
    scale = {k: 1 / np.sqrt(v.var(0).sum()) for k, v in flat.items()}
    scale["hair"] *= 2
    _, _, style = components(np.concatenate([flat[k] * scale[k] for k in flat], 1), STYLE_MODES)
    for name, values in flat.items():
        modes = style.T @ (values - values.mean(0)) / (n - 1)
        kept = np.var(style @ modes, axis=0).sum() / values.var(0).sum()
        print(f"  {name:12s} {STYLE_MODES} modes keep {kept:.1%} of the variance")
        shape = outlines[name].shape[1:]
        model[f"{name}_mean"] = values.mean(0).reshape(shape).astype(np.float16)
        step = 0.25 if name == "shade" else 0.5
        model[f"{name}_modes"], model[f"{name}_scale"] = as_bytes(modes.reshape(-1, *shape), step)
    # How a person's looks foretell the style (long hair, neckline): ridge regression.
    ridge = codes.T @ codes + 60 * np.eye(MODES)
    model["style_from_code"] = np.linalg.solve(ridge, codes.T @ style).astype(np.float32)
    model["style_rest"] = (style - codes @ model["style_from_code"]).std(0).astype(np.float32)
    model.update(
        uv=vertices.astype(np.float32),
        triangles=triangles.astype(np.int16),
        depth=smaller(depth, 4).astype(np.float16),
    )
    # Whose hair is long: the direction of code along which it gets longer, standardised.
    longer = np.linalg.solve(ridge, codes.T @ (length - length.mean()))
    model["long_from_code"] = (longer / np.linalg.norm(longer)).astype(np.float32)
    spaces = {"all together": (codes, np.eye(MODES))}
    for name in ("shape", "low"):
        values = parts[name].reshape(n, -1)
        values = values - values.mean(0)
        axes = np.linalg.svd(values, full_matrices=False)[2][:30]
        along = values @ axes.T
        modes = model[f"{name}_modes"] * model.get(
            f"{name}_scale", np.ones(MODES, np.float32)
        ).reshape(MODES, *[1] * (model[f"{name}_modes"].ndim - 1))
        spaces[{"shape": "shape", "low": "skin"}[name]] = (
            along / along.std(0),
            modes.reshape(MODES, -1) @ axes.T / along.std(0),
        )
    return model, spaces


def report(spaces, people):
    """Prints how far the default set's people are from the London Set's; returns the distances.

    Distances are in standard deviations, divided by the median distance between two people of
    the London Set: 1 is 'as unlike each other as two people are'.
    """
    drawn = np.array([p.code for p in people])
    result = {}
    print("distance to the nearest person of the London Set     min  median")
    for name, (london, to_space) in spaces.items():
        between = np.linalg.norm(london[:, None] - london[None], axis=-1)
        unit = np.median(between[np.triu_indices(len(london), 1)])
        between = (between + np.diag(np.full(len(london), np.inf))).min(1) / unit
        found = drawn @ to_space
        away = np.array([np.linalg.norm(london - f, axis=1).min() for f in found]) / unit
        for who, d in (("London's own", between), (f"{len(drawn)} drawn", away)):
            print(f"  {name:14s} {who:24s} {d.min():14.2f} {np.median(d):7.2f}")
        result[name] = (away, between)
    return result["all together"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--london", type=Path, required=True, help="archive or folder of the set")
    source = parser.parse_args().london
    with tempfile.TemporaryDirectory() as folder:
        if source.is_file():
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
            source = Path(folder)
        model, spaces = fit(source)
    np.savez_compressed(ASSET, **model)
    sys.path.insert(0, str(ROOT))
    from helpers.people import cast  # here, because it reads the model just written

    people = [person for part in cast() for person in part]
    model["nearest"], among = report(spaces, people)
    model["nearest_in_london"] = np.array(among.min())
    model["nearest_of"] = np.array(sum(p.code.sum() for p in people))
    if model["nearest"].min() < among.min():
        sys.exit("A person of the default set is too near to one of the London Set: other seed.")
    np.savez_compressed(ASSET, **model)
    for name, value in model.items():
        print(f"  {name:16s} {value.dtype} {value.shape} {len(zlib.compress(value.tobytes())):,}")
    print(f"{ASSET.relative_to(ROOT)}: {ASSET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
