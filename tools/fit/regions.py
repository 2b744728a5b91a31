"""Portraits cut into background, skin, hair and clothes, by colour and by where each is usual.

Everything is in the frame of the face model: maps are [640, 640].
"""

import cv2
import numpy as np

from fit.frame import XX, YY
from helpers.people.face_model import FRAME, MIDDLE

BACKGROUND, SKIN, HAIR, CLOTHES = 0, 1, 2, 3


def _inner_face() -> np.ndarray:
    """Where eyes, nose, mouth and beard are, and never hair: bool [640, 640]."""
    half = [(214, 291), (215, 325), (221, 362), (232, 395), (248, 425), (285, 450), (321, 456)]
    other_half = [(2 * 320.5 - x, y) for x, y in half[-2::-1]]
    brow = [(412, 250), (395, 238), (340, 245), (300, 245), (245, 238), (228, 250)]
    ring = (np.array([*half, *other_half, *brow]) - (320, 340)) * 0.95 + (320, 340)
    inside = np.zeros((FRAME, FRAME), np.uint8)
    cv2.fillPoly(inside, [ring.astype(np.int32)], 1)
    return inside > 0


INNER_FACE = _inner_face()


def cut(pictures: np.ndarray) -> np.ndarray:
    """The class of every pixel, uint8 [n, 640, 640]: BACKGROUND, SKIN, HAIR or CLOTHES.

    pictures: BGR uint8 [n, 640, 640, 3]. A pixel goes to the class whose colours on that person
    (a normal distribution) explain it best; at first by a guess of where each class is, then twice
    more by where it was found on all people.
    """
    labs = [cv2.cvtColor(p.astype(np.float32) / 255, cv2.COLOR_BGR2LAB) for p in pictures]
    labs = [cv2.GaussianBlur(lab, (0, 0), 0.8) for lab in labs]
    free = [background_of(lab) for lab in labs]
    classes = np.zeros(np.shape(free), np.uint8)
    prior = None
    for _ in range(3):
        for i, lab in enumerate(labs):
            scores = _scores(lab, free[i], classes[i], prior)
            classes[i] = np.where(free[i], BACKGROUND, np.argmax(scores, 0) + 1)
        shares = [(classes == k).mean(0) for k in (SKIN, HAIR, CLOTHES)]
        prior = np.stack([cv2.GaussianBlur(s, (0, 0), 5) for s in shares])
    return classes


def background_of(lab: np.ndarray) -> np.ndarray:
    """Where the plain wall of the studio is seen: bool [640, 640].

    lab: CIELAB float32 [640, 640, 3]. The wall's colour is a cubic surface, fitted four times to
    what has been found of it; a place must be joined to the top or the sides of the picture.
    """
    u, v = XX / 320 - 1, YY / 320 - 1
    terms = np.stack([u**a * v**b for a in range(4) for b in range(4 - a)], -1)
    sample = (YY < 60) | ((YY < 440) & (abs(XX - MIDDLE) > 250))
    for _ in range(4):
        thin = sample & (XX % 4 == 0) & (YY % 4 == 0)
        surface = terms @ np.linalg.lstsq(terms[thin], lab[thin], rcond=None)[0]
        distance = np.sqrt((np.square(lab - surface) * (0.5, 2, 2)).sum(-1))
        sample = ((YY < 60) | ((YY < 530) & (abs(XX - MIDDLE) > 170))) & (distance < 4)
    near = distance < 4.5
    near[:2] = True
    _, parts, sizes, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8), connectivity=4)
    outside = np.unique(np.r_[parts[0], parts[:400, 2], parts[:400, -3]])
    free = near & np.isin(parts, outside)
    # Gaps between strands of hair, closed off from the rest.
    gaps = np.isin(parts, np.flatnonzero(sizes[:, cv2.CC_STAT_AREA] > 60))
    free |= near & gaps & (YY < 470) & ~INNER_FACE
    # White shirts leak where the light on them equals the wall's: below a shoulder all is shirt.
    body = (~free & (YY > 440)).astype(np.uint8)
    body = cv2.morphologyEx(body, cv2.MORPH_OPEN, np.ones((3, 3))) > 0
    return free & ~((np.cumsum(body, 0) > 6) & (YY > 470))


def under_white_light(picture: np.ndarray) -> np.ndarray:
    """A portrait BGR uint8 [H, W, 3] whose wall, seen in its upper corners, is made grey."""
    corner = picture.shape[0] // 12
    wall = np.median(picture[:corner, [*range(corner), *range(-corner, 0)]], (0, 1))
    return np.clip(picture * (wall.mean() / wall), 0, 255).astype(np.uint8)


def _scores(
    lab: np.ndarray, free: np.ndarray, classes: np.ndarray, prior: np.ndarray | None
) -> np.ndarray:
    """Log likelihood of skin, hair and clothes at every pixel of one portrait: [3, 640, 640].

    lab: CIELAB float32 [640, 640, 3]. free: where the background is. classes: as found so far.
    prior: how often each of the three is at a place, [3, 640, 640], None at first.
    """
    side = abs(XX - MIDDLE)
    hair = (YY > 118) & (YY < 158) & (side < 60) & ~free
    if prior is None:
        skin = INNER_FACE & (YY > 290) & (YY < 370)
    else:
        skin = (classes == SKIN) & (YY < 520)
        if (classes == HAIR).sum() > 300:
            hair = classes == HAIR
    found = []
    for where in (skin, hair):
        spread = np.cov(lab[where].T) + np.diag([20, 6, 6])
        found.append(_gaussian_score(lab, np.median(lab[where], 0), spread))
    white = np.array([93.0, 0, 0])  # as the shirts in this studio are
    found.append(_gaussian_score(lab, white, np.diag([60.0, 8, 8])))
    scores = np.stack(found)
    if prior is None:
        scores[1] += _likely_hair()
        scores[2, :470] = -60
    else:
        scores += 1.5 * np.log(prior + 0.02)
    scores[0] += 100.0 * INNER_FACE
    return np.stack([cv2.GaussianBlur(s, (0, 0), 1.5) for s in scores])


def _gaussian_score(lab: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Logarithm of a normal density at each pixel's colour, at least -60: float32 [640, 640].

    Up to a constant. mean [3] and covariance [3, 3]: of the colours, CIELAB.
    """
    difference = lab - mean.astype(np.float32)
    score = -0.5 * (difference @ np.linalg.inv(covariance).astype(np.float32) * difference).sum(-1)
    return np.maximum(score - 0.5 * np.log(np.linalg.det(covariance)), -60).astype(np.float32)


def _likely_hair() -> np.ndarray:
    """A first guess of where hair is, added to its scores: [640, 640], positive where likely."""
    side = abs(XX - MIDDLE)
    likely = 3.0 * ((YY < 165) | ((YY < 290) & (side > 108)))
    likely -= 6.0 * ((YY > 400) & (side < 70)) + 3.0 * ((abs(YY - 220) < 40) & (side < 85))
    likely -= 2.0 * ((abs(YY - 322) < 43) & (abs(side - 117) < 13))
    return likely


def bare_heads(classes: np.ndarray) -> list[np.ndarray]:
    """Where each body would be seen without the hair: n masks, bool [640, 640].

    That is the person's own skin and clothes, with a usual skull and usual ears. classes: as `cut`
    gives them.
    """
    usual = (classes == SKIN).sum(0) / np.maximum((classes != HAIR).sum(0), 1)
    skull = np.square((XX - MIDDLE) / 118) + np.square((YY - 270) / 138) < 1
    head = (skull & (YY < 360)) | ((usual > 0.5) & (YY < 375) & (YY > 200))
    return [np.isin(c, (SKIN, CLOTHES)) | head | ((c > 0) & (YY > 520)) for c in classes]


def signed_distance(mask: np.ndarray, reach: float = 28.0) -> np.ndarray:
    """Pixels to the outline of a mask, positive inside, bent so that far away counts little.

    mask: bool [H, W]. reach: the most that the distance can be. Returns float32 [H, W].
    """
    mask = mask.astype(np.uint8)
    inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, 5) for m in (mask, 1 - mask))
    return reach * np.tanh((inside - outside) / reach)
