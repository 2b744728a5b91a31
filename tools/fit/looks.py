"""What portraits in the frame look like: texture of the skin, colour of the hair, and the smile.

Pictures are BGR uint8 [n, 640, 640, 3], classes uint8 [n, 640, 640] as `fit.regions.cut` gives
them. Brightness and colours are YCrCb, 0 to 255.
"""

import cv2
import numpy as np

from fit.components import components
from fit.frame import XX, YY, smaller
from fit.regions import HAIR, INNER_FACE, SKIN
from helpers.people.face_model import DETAILED_PART, FRAME, MIDDLE, SKIN_PART

# Rows and columns of the frame where a smile is looked for.
SMILE_PART = (slice(100, 520), slice(140, 500))


def skin_textures(pictures: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each person's skin, coarse and fine: [n, 3, 128, 80] and [n, 344, 272].

    Coarse: YCrCb over SKIN_PART, at a quarter of the frame. Fine: the brightness over
    DETAILED_PART, minus that of the coarse one.
    """
    skins = _whole_skins(pictures, classes)
    low = np.array([smaller(s, 4).transpose(2, 0, 1) for s in skins])
    starts = [part.start for part in SKIN_PART]
    inside = tuple(
        slice(part.start - start, part.stop - start)
        for part, start in zip(DETAILED_PART, starts, strict=True)
    )
    high = np.array([_detail(s, coarse)[inside] for s, coarse in zip(skins, low, strict=True)])
    # Strands of a fringe that were taken for skin would be streaks on other people's foreheads.
    calm = 1 - 0.75 * np.exp(-((np.square((XX - MIDDLE) / 80) + np.square((YY - 198) / 48)) ** 3))
    return low, high.mean(0) + (high - high.mean(0)) * calm[DETAILED_PART]


def as_of_one_studio(low: np.ndarray, own: int) -> np.ndarray:
    """Coarse skins [n, 3, h, w] as if one studio's lamps and camera had seen all of them.

    own: how many, the first ones, are of that studio. There, the colour of a skin follows its
    brightness; the others are given the mean colour that theirs goes with, and differ from it no
    more.
    """
    tone = low.mean((2, 3))
    low = low.copy()
    for channel in (1, 2):
        line = np.polyfit(tone[:own, 0], tone[:own, channel], 1)
        rest = tone[:, channel] - np.polyval(line, tone[:, 0])
        calm = min(1, rest[:own].std() / rest[own:].std())
        wanted = np.polyval(line, tone[own:, 0]) + calm * (rest[own:] - rest[own:].mean())
        low[own:, channel] += (wanted - tone[own:, channel])[:, None, None]
    return low


def _detail(skin: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Brightness of a skin [h, w, 3] minus that of its coarse copy [3, h / 4, w / 4]: [h, w]."""
    blurred = cv2.resize(coarse[0], skin.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return skin[..., 0] - blurred


def _whole_skins(pictures: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The skin everywhere in SKIN_PART, YCrCb float32 [n, 512, 320, 3].

    What hair and clothes hide is filled from what others show: with few principal components, so
    that it is what skin usually is there, not a guess of hair.
    """
    n = len(pictures)
    known = (classes == SKIN).astype(np.uint8)
    known = np.array([cv2.erode(k, np.ones((7, 7))) for k in known]) > 0
    known = (known | INNER_FACE)[:, *SKIN_PART]
    parts = [_ycrcb(picture[SKIN_PART]) for picture in pictures]
    skins = np.array([spread_out(part, k) for part, k in zip(parts, known, strict=True)])
    hidden = ~known
    hidden_soft = np.array([cv2.GaussianBlur(h.astype(np.float32), (0, 0), 3) for h in hidden])
    given = skins.copy()
    for _ in range(6):
        mean, modes, codes = components(skins.reshape(n, -1), 12)
        guess = (mean + codes @ modes).reshape(skins.shape)
        skins = given + hidden_soft[..., None] * (guess - given)
        skins = np.where(hidden[..., None], skins, given)
    return skins


def spread_out(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture whose unknown pixels are filled smoothly from the known ones: float32 [H, W, c].

    By a pyramid down and up again. image: [H, W, c], known: bool [H, W].
    """
    weights: list[np.ndarray] = [known.astype(np.float32)]
    levels: list[np.ndarray] = [image * weights[0][..., None]]
    while min(levels[-1].shape[:2]) > 2:
        _, width, channels = levels[-1].shape
        levels.append(cv2.pyrDown(levels[-1]).reshape(-1, (width + 1) // 2, channels))
        weights.append(cv2.pyrDown(weights[-1]))
    filled = levels[-1] / np.maximum(weights[-1], 1e-6)[..., None]
    for level, weight in zip(levels[-2::-1], weights[-2::-1], strict=True):
        coarse = cv2.resize(filled, level.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        sure = np.minimum(1, 2 * weight)[..., None]
        own = level / np.maximum(weight, 1e-6)[..., None]
        filled = own * sure + coarse.reshape(level.shape) * (1 - sure)
    return filled


def _ycrcb(picture: np.ndarray) -> np.ndarray:
    """A BGR picture in YCrCb, float32 [H, W, 3], 0 to 255."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb).astype(np.float32)


def hair_statistics(
    pictures: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour of each person's hair [n, 3], its brightness inside [n, 80, 80], and its length [n].

    The colour is YCrCb, that of all others where a person has no hair. The brightness is the
    logarithm of its ratio to that colour's. The length is the area of hair beside the neck, in
    thousands of pixels, at most 8.
    """
    colours, shades = [], []
    for picture, kind in zip(pictures, classes, strict=True):
        hair = cv2.erode((kind == HAIR).astype(np.uint8), np.ones((11, 11))) > 0
        where = hair if hair.sum() > 500 else (kind == HAIR) & (YY < 200)
        image = _ycrcb(picture)
        colour = np.median(image[where], 0) if where.sum() > 100 else np.full(3, np.nan)
        colours.append(colour)
        ratio = np.log((image[..., :1] + 8) / (np.nan_to_num(colour[0], nan=60) + 8))
        shades.append(smaller(cv2.GaussianBlur(spread_out(ratio, where), (0, 0), 6), 8))
    known = np.array(colours)
    known = np.where(np.isnan(known), np.nanmean(known, 0), known)
    beside_neck = (classes[:, 375:520] == HAIR).sum((1, 2)) / 1000
    return known, np.array(shades), np.minimum(beside_neck, 8)


def smile_statistics(neutral: np.ndarray, smiling: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The median way from neutral to smiling: moves [640, 640, 2] and log brightness [640, 640].

    Found by dense optical flow (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse
    Search"), since the smiling pictures have no template points. Moves are in pixels of the frame,
    brightness is the logarithm of its ratio. Both pictures: warped by the neutral one's points.
    """
    pairs = zip(neutral, smiling, strict=True)
    moves, ratios = zip(*(_smile(*pair) for pair in pairs), strict=True)
    aside = _even(np.median(moves, 0), mirror=(-1, 1))
    return aside, _even(np.median(ratios, 0)[..., None], mirror=1)[..., 0]


def _smile(neutral: np.ndarray, smiling: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One person's moves [210, 180, 2] and log brightness [210, 180] over SMILE_PART, at a half."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    xs, ys = XX[SMILE_PART] - SMILE_PART[1].start, YY[SMILE_PART] - SMILE_PART[0].start
    # The head moved too: brow and nose bridge, which keep still, tell how.
    still = (ys > 70) & (ys < 200) & (abs(xs - 180) < 110) & (xs % 4 == 0) & (ys % 4 == 0)
    places = np.stack([xs[still], ys[still]], 1)
    grey, other = (
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[SMILE_PART].copy()
        for picture in (neutral, smiling)
    )
    pose = np.eye(3)
    for _ in range(2):
        found = flow.calc(grey, _turned(other, pose), None)
        step, _ = cv2.estimateAffinePartial2D(
            places, places + found[still], ransacReprojThreshold=1.5
        )
        pose = pose @ np.vstack([step, [0, 0, 1]])
    turned = _turned(other, pose)
    found = flow.calc(grey, turned, None)
    back = cv2.remap(turned, xs + found[..., 0], ys + found[..., 1], cv2.INTER_LINEAR)
    return found[::2, ::2], np.log((back[::2, ::2] + 15.0) / (grey[::2, ::2] + 15.0))


def _turned(picture: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """A picture [H, W] moved back by a pose [3, 3], which takes the result's points to its own."""
    return cv2.warpAffine(
        picture,
        pose[:2],
        picture.shape[::-1],
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )


def _even(median: np.ndarray, mirror: float | tuple[float, float]) -> np.ndarray:
    """A map over SMILE_PART made smooth and alike left and right: [210, 180, c] -> [640, 640, c].

    mirror: what a mirror image does to the values. Away from the mouth it fades to 0.
    """
    even = cv2.GaussianBlur(median.astype(np.float32), (0, 0), 1.5).reshape(median.shape)
    even = (even + even[:, ::-1] * np.asarray(mirror, np.float32)) / 2
    whole = np.zeros((FRAME, FRAME, even.shape[-1]), np.float32)
    whole[SMILE_PART] = cv2.resize(even, (360, 420)).reshape(420, 360, -1)
    near = np.exp(-((np.square((XX - MIDDLE) / 125) + np.square((YY - 350) / 125)) ** 3))
    return whole * near[..., None]
