"""Schemes: which points a face has, which is the mirror image of which, what divides an error.

A scheme is data, a small TOML file. Those that ship lie in `helpers/schemes`: "68", the points of
iBUG 300-W (Sagonas et al. 2013, "300 Faces in-the-Wild Challenge"), which everything here uses
where none is named; "51", the same without the jaw; "5", those of dlib's small model. Landmarks are
(x, y) in pixels, pixel centres at whole numbers: float [k, 2], or [n, k, 2] for n faces of k
points; NaN where a point is missing. Right and left are the person's own.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SCHEMES = Path(__file__).parent / "schemes"
Colour = tuple[int, int, int]  # RGB, 0 to 255
Group = tuple[int, ...]  # indices of points
Sides = tuple[Group, Group]  # a group on the right of the face, and one on its left

# Colours for parts that name none, apart also for most colour-blind eyes (Okabe and Ito 2008).
PALETTE: tuple[Colour, ...] = (
    *((86, 180, 233), (240, 228, 66), (230, 159, 0), (0, 158, 115)),
    *((255, 110, 110), (204, 121, 167), (255, 255, 255)),
)
NO_PARTNER = -1  # in `Scheme.mirror`, of a point that the other side of the face lacks
KEYS = {"name", "points", "mirror", "one_sided", "lines", "normaliser", "level", "box", "shape"}
KEYS |= {"parts"}


@dataclass(frozen=True)
class Scheme:
    """Which points a face has, and what must be known of them.

    points: their names. mirror: for each, which one takes its place in a mirror image, itself where
    it lies on the midline, `NO_PARTNER` where the scheme has none. parts: name to points; colours:
    name to RGB. lines: to draw. normaliser: the two groups of points whose distance divides an
    error, with its name in `unit`; None: the error is divided by the size of the points' bounding
    box. level: the two groups that are level on an upright face, by default the normaliser's. box:
    the side of the box around a face and how far its centre is above that of the points' bounding
    box, in longer sides of the latter. shape: [k, 2], a mean face, in sides of the box from its
    centre: what boxes are made from where `box` is None.

    Raises ValueError, one sentence, where these do not fit together.
    """

    name: str
    points: tuple[str, ...]
    mirror: Group
    parts: dict[str, Group] = field(default_factory=dict, hash=False)
    colours: dict[str, Colour] = field(default_factory=dict, hash=False)
    lines: tuple[Group, ...] = ()
    normaliser: Sides | None = None
    unit: str = "size of the points"
    level: Sides | None = None
    box: tuple[float, float] | None = None
    shape: tuple[tuple[float, float], ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", self.level or self.normaliser)
        count = len(self.points)
        if not count or len(set(self.points)) != count:
            raise ValueError("a scheme needs points, each with a name of its own.")
        sides = [side for pair in (self.normaliser, self.level) if pair for side in pair]
        for group in (*self.parts.values(), *self.lines, *sides):
            _check_indices(group, count)
        if len(self.mirror) != count:
            raise ValueError(f"{len(self.mirror)} mirror partners for {count} points.")
        _check_indices([i for i in self.mirror if i != NO_PARTNER], count)
        for one, other in enumerate(self.mirror):
            if other != NO_PARTNER and self.mirror[other] != one:
                names = [self.points[i] for i in (one, other)]
                raise ValueError(f"{names[1]!r} mirrors {names[0]!r}, but not the other way round.")
        for what, pair in (("normaliser", self.normaliser), ("level", self.level)):
            if pair and (not all(pair) or set(pair[0]) & set(pair[1])):
                raise ValueError(f"{what} needs a point on each side, and none on both.")
        if self.shape and np.shape(self.shape) != (count, 2):
            raise ValueError(f"shape needs {count} points (x, y).")

    def __len__(self) -> int:
        return len(self.points)

    @property
    def measure(self) -> str:
        """What errors are given in, for a label: "% of inter-ocular distance"."""
        return f"% of {self.unit}"

    @property
    def one_sided(self) -> list[int]:
        """The points that have no partner on the other side: missing in a mirror image."""
        return [i for i, partner in enumerate(self.mirror) if partner == NO_PARTNER]

    def length(self, landmarks: np.ndarray) -> np.ndarray:
        """The length that divides the errors of faces, [n, k, 2] -> [n], in pixels.

        NaN for a face whose normaliser has a side without a known point.
        """
        if self.normaliser:
            right, left = middles(landmarks, self.normaliser)
            return np.linalg.norm(right - left, axis=-1)
        return box_size(landmarks)

    def point_colours(self) -> list[Colour]:
        """The colour of each point: that of its part, grey where it is in none."""
        found: list[Colour] = [(190, 190, 190)] * len(self)
        for part, indices in self.parts.items():
            for index in indices:
                found[index] = self.colours[part]
        return found

    def indices(self, names: Sequence[str]) -> list[int]:
        """Where points stand, by their names; raises ValueError for one that is not there."""
        place = {name: index for index, name in enumerate(self.points)}
        if missing := [name for name in names if name not in place]:
            raise ValueError(f"the scheme {self.name!r} has no point {missing[0]!r}.")
        return [place[name] for name in names]

    def data(self) -> dict[str, Any]:
        """The scheme as plain lists and dictionaries: what a file or a checkpoint holds of it."""
        paired = enumerate(self.mirror)
        saved: dict[str, Any] = {
            "name": self.name,
            "points": list(self.points),
            "mirror": [[one, other] for one, other in paired if one < other],
            "one_sided": self.one_sided,
            "lines": [list(line) for line in self.lines],
        }
        if self.normaliser:
            right, left = map(list, self.normaliser)
            saved["normaliser"] = {"name": self.unit, "right": right, "left": left}
        if self.level:
            saved["level"] = {"right": list(self.level[0]), "left": list(self.level[1])}
        if self.box:
            saved["box"] = {"side": self.box[0], "above": self.box[1]}
        if self.shape:
            saved["shape"] = [list(point) for point in self.shape]
        saved["parts"] = {
            part: {"points": list(points), "colour": list(self.colours[part])}
            for part, points in self.parts.items()
        }
        return saved


def _check_indices(group: Sequence[int], count: int) -> None:
    """Raises ValueError for an index that is none of `count` points."""
    if wrong := [i for i in group if not 0 <= i < count]:
        raise ValueError(f"there is no point {wrong[0]}: the last of {count} is {count - 1}.")


def middles(landmarks: np.ndarray, sides: Sides) -> tuple[np.ndarray, np.ndarray]:
    """The middle of the known points of a group on either side: [..., k, 2] -> two [..., 2]."""
    right, left = (mean_of_known(landmarks[..., list(side), :], -2) for side in sides)
    return right, left


def mean_of_known(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """The mean of the numbers that are known, along an axis; NaN where none is."""
    missing = np.isnan(values)
    if not missing.any():
        return np.mean(values, axis)
    with np.errstate(invalid="ignore"):
        return np.where(missing, 0, values).sum(axis) / (~missing).sum(axis)


def similarity(points: np.ndarray, target: np.ndarray) -> tuple[complex, complex]:
    """The factor and the summand that lay points nearest to others: [k, 2], [k, 2] -> two numbers.

    A point x + iy times the factor, plus the summand, is turned, scaled and shifted: by least
    squares over the points that are known in both (Umeyama 1991). Where these lie on one spot, or
    are one alone, they are shifted only; where there are none, nothing is done.
    """
    known = np.isfinite(points).all(1) & np.isfinite(target).all(1)
    if not known.any():
        return 1, 0
    here, there = points[known] @ (1, 1j), target[known] @ (1, 1j)
    about = here - here.mean()
    size = np.vdot(about, about).real
    turn = complex(np.vdot(about, there - there.mean()) / size) if size else 1
    return turn, complex(there.mean() - turn * here.mean())


def laid_on(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Points turned, scaled and shifted to lie nearest to others (`similarity`): [k, 2]."""
    turn, shift = similarity(points, target)
    moved = turn * (points @ (1, 1j)) + shift
    return np.column_stack([moved.real, moved.imag])


def box_size(landmarks: np.ndarray) -> np.ndarray:
    """Root of width x height of the landmarks' bounding box, [n, k, 2] -> [n], in pixels.

    Unlike a distance of eyes, it does not shrink when a head turns (Bulat and Tzimiropoulos
    2017, arXiv 1703.07332).
    """
    extent = np.nanmax(landmarks, axis=1) - np.nanmin(landmarks, axis=1)
    return np.sqrt(np.prod(extent, axis=-1))


def load_scheme(name: str | Path) -> Scheme:
    """The scheme of a TOML file, or one that ships: "68", "51" or "5".

    In a file, points are named, or counted from 0, wherever one is meant; `helpers/schemes` has
    three to start from. Raises ValueError, one sentence that names the file, where it is missing,
    is no TOML or is no scheme.
    """
    shipped = SCHEMES / f"{name}.toml"
    path = shipped if shipped.is_file() else Path(name)
    try:
        return scheme_from(tomllib.loads(path.read_text("utf-8")), path.stem)
    except FileNotFoundError as error:
        known = ", ".join(sorted(file.stem for file in SCHEMES.glob("*.toml")))
        raise ValueError(f"{path}: no such scheme; those that ship are {known}.") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file ({error}).") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def scheme_from(data: Mapping[str, Any], name: str = "") -> Scheme:
    """The scheme that `Scheme.data` or a file describes; raises ValueError where it is none.

    name: where `data` has none.
    """
    if unknown := data.keys() - KEYS:
        raise ValueError(f"a scheme has no {min(unknown)!r}; it has {', '.join(sorted(KEYS))}.")
    names = data.get("points", [])
    if isinstance(names, int):
        names = [f"{i:02d}" for i in range(names)]
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise ValueError("points must be a list of names, or how many there are.")
    numbers = {point: index for index, point in enumerate(names)}
    parts, lines = data.get("parts", {}), data.get("lines", [])
    shape = data.get("shape")
    try:
        return Scheme(
            name=str(data.get("name", name)),
            points=tuple(names),
            mirror=_partners(data, numbers),
            parts={part: _group(one["points"], numbers) for part, one in parts.items()},
            colours={
                part: _colour(one.get("colour", PALETTE[i % len(PALETTE)]))
                for i, (part, one) in enumerate(parts.items())
            },
            lines=tuple(_group(line, numbers) for line in lines),
            normaliser=_sides(data.get("normaliser"), numbers),
            unit=str(data.get("normaliser", {}).get("name", Scheme.unit)),
            level=_sides(data.get("level"), numbers),
            box=(float(data["box"]["side"]), float(data["box"]["above"]))
            if "box" in data
            else None,
            shape=tuple((float(x), float(y)) for x, y in shape) if shape else None,
        )
    except KeyError as error:
        raise ValueError(f"{error} is missing, or is none of the points.") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"something is not of its kind ({error}).") from error


def _partners(data: Mapping[str, Any], numbers: Mapping[str, int]) -> Group:
    """The mirror partner of each point, from pairs and the points that have none."""
    partners = dict.fromkeys(_group(data.get("one_sided", []), numbers), NO_PARTNER)
    for pair in data.get("mirror", []):
        if len(indices := _group(pair, numbers)) != 2 or partners.keys() & set(indices):
            raise ValueError(f"mirror needs pairs, each point in one at most, unlike {pair}.")
        partners |= {indices[0]: indices[1], indices[1]: indices[0]}
    if wrong := [i for i in partners if not 0 <= i < len(numbers)]:
        raise ValueError(f"mirror has a point {wrong[0]}: the last is {len(numbers) - 1}.")
    return tuple(partners.get(i, i) for i in range(len(numbers)))


def _group(points: Any, numbers: Mapping[str, int]) -> Group:
    """Indices of points that are named or counted; a single one may stand without brackets."""
    points = points if isinstance(points, list | tuple) else [points]
    found = tuple(numbers[point] if isinstance(point, str) else point for point in points)
    if not all(type(index) is int for index in found):
        raise ValueError(f"points are names or whole numbers, unlike {points}.")
    return found


def _sides(data: Mapping[str, Any] | None, numbers: Mapping[str, int]) -> Sides | None:
    """The groups on the right and on the left of the face."""
    return None if data is None else (_group(data["right"], numbers), _group(data["left"], numbers))


def _colour(rgb: Sequence[int]) -> Colour:
    """Three numbers as a colour."""
    if len(rgb) != 3 or not all(type(one) is int and 0 <= one <= 255 for one in rgb):
        raise ValueError(f"a colour is three whole numbers from 0 to 255, unlike {list(rgb)}.")
    red, green, blue = rgb
    return red, green, blue


def write_scheme(scheme: Scheme, path: str | Path) -> None:
    """Writes a scheme as a TOML file that `load_scheme` reads back unchanged."""
    from helpers.storage import whole_file  # here, because who only reads schemes writes nothing

    data = scheme.data()
    parts = data.pop("parts")
    lines = [f"{key} = {_toml(value)}" for key, value in data.items()]
    for part, values in parts.items():
        lines += ["", f"[parts.{_toml(part)}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
    with whole_file(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:
    """A text, number, list or table as TOML writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):  # TOML's basic strings are JSON's, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


# The 68 by name, for what cannot do without them: filters, poses, generated people.
IBUG = load_scheme("68")
NUM_LANDMARKS = len(IBUG)
PARTS: dict[str, range] = {
    part: range(points[0], points[-1] + 1) for part, points in IBUG.parts.items()
}
MIRROR = list(IBUG.mirror)
assert IBUG.normaliser
OUTER_EYE_CORNERS = (IBUG.normaliser[0][0], IBUG.normaliser[1][0])


def must_be_ibug(scheme: Scheme, what: str) -> None:
    """Raises ValueError, which says what needs the 68 points, where a scheme is another one."""
    if scheme.points != IBUG.points:
        raise ValueError(
            f"{what} need the {len(IBUG)} points of the scheme {IBUG.name!r}; these are the "
            f"{len(scheme)} of {scheme.name!r}."
        )


def mirrored(landmarks: np.ndarray, width: int, scheme: Scheme | None = None) -> np.ndarray:
    """The landmarks of a face in the mirror image of its picture: [k, 2] -> [k, 2].

    width: of the picture, in pixels. Each point gets the number of its mirror partner as well,
    since the person's right eye has become the left one; one that has no partner is missing. With
    other than 68 points, `scheme` says which is whose partner.
    """
    scheme = scheme or IBUG
    if len(landmarks) != len(scheme):
        raise ValueError(
            f"A face of {len(landmarks)} points needs a scheme of as many to be mirrored."
        )
    flipped = np.column_stack([width - 1 - landmarks[:, 0], landmarks[:, 1]])[list(scheme.mirror)]
    if scheme.one_sided:
        flipped[scheme.one_sided] = np.nan
    return flipped


def eye_centres(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The centres of the right and of the left eye, [..., 68, 2] -> two arrays [..., 2].

    Each is the mean of its eye's six points (Ren et al. 2014, "Face Alignment at 3000 FPS").
    """
    assert IBUG.level
    return middles(landmarks, IBUG.level)
