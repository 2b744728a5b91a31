"""People to be pasted into scenes: grey pictures with alpha and landmarks, drawn once.

Half of them wear the skin of a portrait of the London or the Canada set, carried to the frame of
the face model and posed in space like a generated person: photographs of turned heads, with exact
landmarks. Points are (x, y) in pixels, pixel centres at whole numbers.
"""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from fit.frame import ANCHORS
from fit.regions import background_of
from helpers.boxes import box_around
from helpers.crop import scaled, to_grey
from helpers.people import sample_person, sample_view
from helpers.people.face_model import BELOW, FACE_WIDTH, FRAME, face_model, ramp
from helpers.people.labels import labelled
from helpers.people.light import light_on
from helpers.people.mesh import posed, warp_mesh
from helpers.people.mouth import draw_mouth
from helpers.people.occluders import OCCLUDERS, occlude
from helpers.people.render import draw_frame
from london_set import landmarks_of

SHAPE = (352, 288)  # rows and columns of a cut-out
MIDDLE = (144.0, 140.0)  # where the face is in it
HELD = {"london": 8, "canada": 5}  # persons, the last ones, that nothing is learned from


def read_portraits(folder, name):
    """The portraits of a set: [(RGB uint8 [H, W, 3], landmarks [68, 2], whether held out)].

    Smiling pictures have no points: the course's `free` network, which learned from generated
    people, finds their landmarks, starting from the box of the same person's neutral face.
    """
    from helpers.predict import Landmarker

    landmarker, found = Landmarker.load("free", "cpu"), []
    templates = sorted(Path(folder).rglob("neutral/*.tem"))
    for k, template in enumerate(templates):
        held = k >= len(templates) - HELD[name]
        marks = landmarks_of(np.loadtxt(template, skiprows=1, max_rows=189))
        found.append((read(template.with_suffix(".jpg")), marks, held))
        smiling = template.parents[1] / "smiling" / template.with_suffix(".jpg").name
        if smiling.exists():
            picture = read(smiling)
            found.append((picture, landmarker.landmarks(picture, [box_around(marks)])[0], held))
    return found


def read(path):
    """A picture file as RGB uint8 [H, W, 3]."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def to_frame(picture, landmarks):
    """A portrait in the frame of the face model, its plain background gone: RGBA [640, 640, 4].

    A thin-plate spline takes the model's mean landmarks to those of the portrait. Premultiplied,
    float32, 0 to 1.
    """
    mean = face_model()["uv"][:68]
    turned = np.linalg.lstsq(np.c_[mean, np.ones(68)], landmarks, rcond=None)[0]
    anchors = np.c_[ANCHORS, np.ones(len(ANCHORS))] @ turned
    spline = RBFInterpolator(np.r_[mean, ANCHORS], np.r_[landmarks, anchors], smoothing=0.5)
    grid = np.arange(0, FRAME + 8, 8)
    query = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    coarse = spline(query).reshape(len(grid), len(grid), 2).astype(np.float32)
    xs, ys = np.meshgrid(*[np.arange(FRAME, dtype=np.float32) / 8] * 2)
    maps = cv2.split(cv2.remap(coarse, xs, ys, cv2.INTER_CUBIC))
    frame = cv2.remap(picture, *maps, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    colour = frame.astype(np.float32) / 255
    lab = cv2.GaussianBlur(cv2.cvtColor(colour, cv2.COLOR_RGB2LAB), (0, 0), 0.8)
    alpha = 1 - background_of(lab).astype(np.float32)
    # Without its outermost pixels, where the bright wall shines through hair.
    alpha = cv2.morphologyEx(alpha, cv2.MORPH_OPEN, np.ones((3, 3)))
    alpha = cv2.GaussianBlur(cv2.erode(alpha, np.ones((3, 3))), (0, 0), 1)
    return np.dstack([colour * alpha[..., None], alpha])


def sample_turn(rng):
    """A `View` whose head may be turned as far as a profile; the picture is rolled later."""
    view = sample_view(rng, 1.3)
    view.roll = float(rng.normal(0, 5))
    if rng.random() < 0.55:
        view.yaw = float(rng.uniform(-78, 78))
        view.pitch = float(np.clip(rng.normal(0, 14), -35, 35))
    return view


def cut_out(seed, sample=sample_turn):
    """One person: grey uint8 [352, 288], alpha uint8 [352, 288], landmarks float32 [68, 2].

    Who has an odd seed wears one of the real `FRAMES`, if there are any. sample: takes a random
    generator, gives a `View`.
    """
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, 31])
    person, view = sample_person(rng, 1.3), sample(rng)
    width = rng.uniform(88, 112) if rng.random() < 0.8 else rng.uniform(170, 215)  # a close-up
    zoom = width / FACE_WIDTH
    reduce = 2 if zoom < 0.56 else 4 / 3 if zoom < 0.8 else 1
    points, depth = posed(person, view)
    points = points * zoom + (np.asarray(MIDDLE) - points[:68].mean(0) * zoom)
    frame = draw_frame(person, view, reduce, FRAME + BELOW)
    if FRAMES and seed % 2:
        real = FRAMES[rng.integers(len(FRAMES))].astype(np.float32) / 255
        real = cv2.resize(real, None, fx=1 / reduce, fy=1 / reduce, interpolation=cv2.INTER_AREA)
        rows = len(real)
        real[..., :3] *= light_on(view, reduce)[:rows, :, None]
        ys = np.arange(rows, dtype=np.float32)[:, None, None] * reduce
        share = ramp(rng.uniform(480, 590) - ys, 60)  # below is the generated body
        frame[:rows] = frame[:rows] * (1 - share) + real * share
    layer = warp_mesh(frame, reduce, points, depth, SHAPE)
    if view.mouth_open or not seed % 2:
        draw_mouth(layer, points[:68], view)
    alpha = np.clip(layer[..., 3], 0, 1)
    black, white = layer[..., :3], layer[..., :3] + (1 - alpha[..., None])
    if what := rng.choice(("", *OCCLUDERS), p=(0.62, 0.2, 0.08, 0.1)):
        # Put before black and before white, so that what is before a person has an alpha, too.
        again = int(rng.integers(2**31))
        black, white = (
            occlude(np.random.default_rng(again), ground, points[:68], what)
            for ground in (black, white)
        )
        alpha = np.clip(1 - (white - black).mean(2), 0, 1)
    colour = np.clip(black / np.maximum(alpha, 0.02)[..., None], 0, 1)
    grey = to_grey((255 * colour).astype(np.uint8))
    return grey, (255 * alpha).astype(np.uint8), labelled(points).astype(np.float32)


def whole_portrait(picture, landmarks):
    """A portrait before its own plain background, as a cut-out whose edges are soft."""
    zoom = SHAPE[1] / picture.shape[1]
    grey = cv2.resize(to_grey(picture), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    grey = grey[: SHAPE[0]]
    edge = np.zeros(SHAPE, np.uint8)
    edge[6 : len(grey) - 6, 6:-6] = 255
    grey = cv2.copyMakeBorder(grey, 0, SHAPE[0] - len(grey), 0, 0, cv2.BORDER_REPLICATE)
    marks = scaled(landmarks, zoom)
    return grey, cv2.GaussianBlur(edge, (0, 0), 3), marks.astype(np.float32)


def read_frames(portraits, workers=2):
    """Takes the skin of portraits [(picture, landmarks)] to the model's frame, for `cut_out`."""
    cv2.setNumThreads(1)  # its threads would not survive the fork of the workers
    with ProcessPoolExecutor(workers) as pool:
        FRAMES[:] = pool.map(_frame, portraits, chunksize=4)


def draw_cutouts(path, portraits, count, seed=0, workers=2):
    """Draws a bank of cut-outs into a file .npz: grey, alpha [n, 352, 288], landmarks [n, 68, 2].

    portraits: [(picture, landmarks)] to learn from; each is in the bank also as it is.
    """
    read_frames(portraits, workers)
    seeds = range(seed * 1_000_000, seed * 1_000_000 + count)
    with ProcessPoolExecutor(workers, initializer=_share, initargs=(FRAMES,)) as pool:
        drawn = list(pool.map(cut_out, seeds, chunksize=50))
    drawn += [whole_portrait(*portrait) for portrait in portraits]
    grey, alpha, marks = (np.stack(part) for part in zip(*drawn, strict=True))
    np.savez(path, grey=grey, alpha=alpha, landmarks=marks)


FRAMES = []  # of real portraits, in each process that draws


def _share(frames):
    """Gives a worker the frames."""
    FRAMES[:] = frames


def _frame(portrait):
    """A portrait in the model's frame, as bytes."""
    cv2.setNumThreads(1)
    return (255 * np.clip(to_frame(*portrait), 0, 1)).astype(np.uint8)
