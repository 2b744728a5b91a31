"""A scheme guessed from labelled faces, and whether a written one fits them.

`python -m helpers.guess_scheme FACES mine.toml` writes one, and a picture of it beside it. What a
label file does not say, the faces do: on their mean, points mirror each other that lie opposite. A
guess is there to be looked at (`helpers.draw.paint_scheme`), mended and kept
(`helpers.landmarks.write_scheme`).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image
from scipy.optimize import linear_sum_assignment

from helpers.annotations import Face
from helpers.dataset import load_faces
from helpers.draw import paint_scheme
from helpers.landmarks import (
    IBUG,
    NO_PARTNER,
    SCHEMES,
    Scheme,
    laid_on,
    load_scheme,
    mean_of_known,
    write_scheme,
)
from helpers.metrics import mean_face
from helpers.shell import one_sentence, parser_of
from helpers.storage import whole_file

ROUNDS = 10  # of laying faces, or a face and its mirror image, on each other: few are needed
# In root mean square distances of the mean face's points from its middle: how far two points, of
# which each is the other's mirror image, may lie from where they should, ...
OPPOSITE = 0.2
ALIKE = 0.1  # ... and two mean faces on average, to be of the same scheme.
FEW = 30  # points


def scheme_for(faces: Sequence[Face]) -> Scheme:
    """The scheme of labelled faces: the 68 where these are theirs, else `guess_scheme`'s.

    The 68 are theirs where they have as many points that are counted, or their names. Raises
    ValueError where faces have different points.
    """
    counts = sorted({len(face.landmarks) for face in faces})
    if len(counts) != 1:
        raise ValueError(f"Faces of one list have one number of points, not {counts[:4]}.")
    [count], names = counts, faces[0].names
    if any(face.names != names for face in faces):
        raise ValueError("Faces of one list have points with the same names, in the same order.")
    counted = _are_counted(names)
    if (count == len(IBUG) and counted) or set(names) == set(IBUG.points):
        return IBUG
    for file in sorted(SCHEMES.glob("*.toml")):
        if set((known := load_scheme(file)).points) == set(names):
            return known
    guess = guess_scheme(np.array([face.landmarks for face in faces]), names or None)
    return guess if guess.box else with_shape(guess, faces)


def with_shape(scheme: Scheme, faces: Sequence[Face]) -> Scheme:
    """The scheme with the mean face of these faces; ValueError for a point that none of them has.

    A scheme without a rule for boxes makes them from it.
    """
    mean = mean_face(faces).astype(float)  # whose digits a file shows as they are rounded
    if missing := np.flatnonzero(np.isnan(mean).any(1)).tolist():
        raise ValueError(f"The point {scheme.points[missing[0]]!r} is missing in every face.")
    return replace(scheme, shape=tuple((float(x), float(y)) for x, y in mean.round(4)))


def points_of(scheme: Scheme, faces: list[Face]) -> list[Face]:
    """The faces with the points of a scheme in its order; the list itself where it has these.

    Points are found by their names. Those of a label file that counts them have the order of the
    scheme, or of the 68 where it is a part of these. Raises ValueError, which names a picture and
    what it lacks, where a scheme is not that of the faces.
    """
    if not faces or all(face.names == scheme.points for face in faces):
        return faces
    return [_with_points(scheme, face) for face in faces]


def _with_points(scheme: Scheme, face: Face) -> Face:
    """A face with the points of a scheme; raises ValueError as `points_of` says."""
    names, count = face.names, len(face.landmarks)
    if _are_counted(names) and not _named_in(scheme, names):
        names = {len(IBUG): IBUG.points, len(scheme): scheme.points}.get(count, ())
    place = {name: index for index, name in enumerate(names)}
    missing = [name for name in scheme.points if name not in place]
    if missing and count != len(scheme):
        raise ValueError(
            f"{face.image}: has {count} points, the scheme {scheme.name!r} {len(scheme)}."
        )
    if missing:
        has = ", ".join(names[:3]) + (", ..." if count > 3 else "")
        raise ValueError(
            f"{face.image}: lacks the point {missing[0]!r} of the scheme {scheme.name!r}; it has "
            f"{has}."
        )
    some = [place[name] for name in scheme.points]
    hidden = None if face.hidden is None else face.hidden[some]
    return replace(face, landmarks=face.landmarks[some], names=scheme.points, hidden=hidden)


def _named_in(scheme: Scheme, names: Sequence[str]) -> bool:
    """Whether a scheme means the points of these names, and not the first few that are counted."""
    whole = len(names) == len(scheme) or not _are_counted(scheme.points)
    return whole and set(scheme.points) <= set(names)


def _are_counted(names: Sequence[str]) -> bool:
    """Whether names of points tell nothing but their order: "00", "01" or "p1", "p2" and so on."""
    parts = [re.fullmatch(r"(.*?)([0-9]+)", name) for name in names]
    found = [(part[1], int(part[2]) - i) for i, part in enumerate(parts) if part]
    return len(found) == len(names) and len(set(found)) <= 1


def guess_scheme(
    landmarks: ArrayLike, points: Sequence[str] | None = None, name: str = "guessed"
) -> Scheme:
    """The scheme that labelled faces seem to follow: one that ships, or mirror partners found.

    landmarks: [n, k, 2], NaN where a point is missing; most faces roughly upright. points: their
    names, by default "00", "01" ... Points are partners where a mirror image of the mean face puts
    one near the other; a point that nothing lies opposite has none. The normaliser is a guess: of
    the pairs that lie well apart, the one whose distance varies least against the size of the face.
    Raises ValueError for other shapes, and for a point that no face has.
    """
    marks = np.asarray(landmarks, float)
    if marks.ndim != 3 or marks.shape[2] != 2 or not marks.size:
        raise ValueError(f"Landmarks must be [n, k, 2] to guess from, not {list(marks.shape)}.")
    shape = mean_shape(marks)
    for file in sorted(SCHEMES.glob("*.toml")) if _are_counted(points or ()) else ():
        known = load_scheme(file)
        if len(known) == len(shape) and _apart(np.asarray(known.shape), shape) < ALIKE:
            return known
    names = tuple(points or [f"{i:02d}" for i in range(len(shape))])
    mirror = _opposite(shape)
    pair = _steady_pair(marks, shape, mirror)
    return Scheme(
        name,
        names,
        mirror,
        normaliser=pair and ((pair[0],), (pair[1],)),
        unit=f"distance of {names[pair[0]]} and {names[pair[1]]}" if pair else Scheme.unit,
        shape=tuple((float(x), float(y)) for x, y in shape.round(4)),
    )


def mean_shape(landmarks: np.ndarray) -> np.ndarray:
    """The mean of faces laid on each other by shift, scale and rotation: [n, k, 2] -> [k, 2].

    About its middle, its points 1 away from there on average (root mean square); upright as the
    faces are on average (generalised Procrustes analysis, Gower 1975). Missing points are left out.
    """
    faces = np.array([_unit(points) for points in landmarks])
    for _ in range(ROUNDS):
        mean = mean_of_known(faces, 0)
        if (missing := np.isnan(mean).any(1)).any():
            raise ValueError(f"The point {missing.argmax()} is missing in every face.")
        faces = np.array([laid_on(points, mean) for points in landmarks])
    return _unit(mean_of_known(faces, 0))


def doubtful_partners(scheme: Scheme, landmarks: ArrayLike) -> list[str]:
    """Which points a scheme's mirror partners do not fit, by the mean of faces [n, k, 2]: names.

    A wrong table of partners spoils a training in silence: each mirror image then teaches that a
    point lies where another one does. Empty where all is well.
    """
    shape = mean_shape(np.asarray(landmarks, float))
    paired = [i for i, partner in enumerate(scheme.mirror) if partner != NO_PARTNER]
    if len(paired) < 2:
        return []
    renamed = (shape * (-1, 1))[list(scheme.mirror)]
    away = laid_on(renamed[paired], shape[paired]) - shape[paired]
    far = np.linalg.norm(away, axis=1) > 2 * OPPOSITE
    return [scheme.points[paired[i]] for i in np.flatnonzero(far)]


def _unit(points: np.ndarray) -> np.ndarray:
    """Points [k, 2] about the middle of those that are known, 1 away from it on average."""
    about = points - mean_of_known(points, 0)
    size = np.sqrt(np.nanmean(np.square(about).sum(1)))
    return about / max(size, 1e-9)


def _apart(shape: np.ndarray, other: np.ndarray) -> float:
    """How far two mean faces [k, 2] differ on average, laid on each other."""
    away = laid_on(shape, other) - other
    return float(np.sqrt(np.square(away).sum(1).mean()))


def _opposite(shape: np.ndarray) -> tuple[int, ...]:
    """The mirror partner of each point of a mean face [k, 2].

    Of several first guesses where the midline is, that from which the best pairs are found. Points
    without a partner pull the middle of a small set aside, so there all midlines are tried that
    pairs of its points could have.
    """
    x = shape[:, 0]
    middles = {0.0, float(x.min() + x.max()) / 2}
    if len(x) <= FEW:
        middles |= set(np.add.outer(x, x).ravel() / 2)
    mirror, _ = min((_pairs(shape, middle) for middle in sorted(middles)), key=lambda one: one[1])
    return mirror


def _pairs(shape: np.ndarray, middle: float) -> tuple[tuple[int, ...], float]:
    """The partners of points if the midline is about x = `middle`, and how badly they fit.

    The mirror image is laid on the face by the partners known so far, points are assigned to each
    other (Kuhn 1955), and so on.
    """
    flipped = shape * (-1, 1)
    image = flipped + np.array([2 * middle, 0])
    every = np.arange(len(shape))
    for _ in range(ROUNDS):
        distance = np.linalg.norm(image[:, None] - shape, axis=2)
        cost = np.minimum(distance + distance.T, 4 * OPPOSITE)  # who has none moves no others
        _, partner = linear_sum_assignment(cost)
        near = (partner[partner] == every) & (distance[every, partner] < OPPOSITE)
        if not near.any():
            break
        image = laid_on(flipped, np.where(near[:, None], shape[partner], np.nan))
    mirror = tuple(int(i) for i in np.where(near, partner, NO_PARTNER))
    return mirror, float(cost[every, partner].sum())


def _steady_pair(
    marks: np.ndarray, shape: np.ndarray, mirror: Sequence[int]
) -> tuple[int, int] | None:
    """The partners, right and left, whose distance varies least against the size of the face.

    Of those that most faces have: a face without both has no error.
    """
    pairs = [(i, j) for i, j in enumerate(mirror) if i < j]
    if not pairs:
        return None
    wide = {pair: float(abs(np.subtract(*shape[list(pair), 0]))) for pair in pairs}
    known = {pair: int(np.isfinite(marks[:, pair]).all((1, 2)).sum()) for pair in pairs}
    common = [pair for pair in pairs if known[pair] >= 0.8 * max(known.values())]
    far = [pair for pair in common if wide[pair] >= 0.4 * max(wide[one] for one in common)]

    def variation(pair: tuple[int, int]) -> float:
        apart = np.linalg.norm(marks[:, pair[0]] - marks[:, pair[1]], axis=1)
        size = np.sqrt(np.nanmean(np.square(marks - np.nanmean(marks, 1)[:, None]).sum(2), 1))
        share = apart / size
        share = share[~np.isnan(share)]
        return float(share.std() / share.mean()) if len(share) else np.inf

    one, other = min(far, key=variation)
    return (one, other) if shape[one, 0] < shape[other, 0] else (other, one)


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the scheme of labelled faces as a TOML file, and a picture of it beside that."""
    parser = parser_of("guess_scheme", __doc__)
    parser.add_argument("faces", help="demo, ibug or a path: whose training list")
    parser.add_argument("file", help="the TOML file to write")
    args = parser.parse_args(arguments)
    path = Path(args.file)
    picture = path.with_suffix(".png")
    if path.suffix != ".toml":
        raise ValueError(f"{path}: must end in .toml.")
    if picture.exists() and not path.exists():  # of an earlier run both would be there
        raise ValueError(f"{picture}: is there already and would be lost; choose another name.")
    scheme = scheme_for(load_faces("train", args.faces))
    write_scheme(scheme, path)
    with whole_file(picture) as partial:
        Image.fromarray(paint_scheme(scheme)).save(partial, "png")
    print(f"{path} and {picture}: {len(scheme)} points, errors in {scheme.measure}.")
    print("Look whether lines join what lies opposite, name points and parts, then train with it.")


if __name__ == "__main__":
    main()
