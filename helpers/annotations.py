"""A label file to faces, and faces to a label file; the points of a .pts file.

Label files are dlib's XML, one `<image>` for each entry, in it a `<box>` with a `<part>` for each
point, or any other of `helpers.formats`. Points are (x, y) in pixels of the picture, with pixel
centres at whole numbers.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np

from helpers.boxes import FEW, box_of
from helpers.formats import Box, Entry, in_order, read_labels, read_text
from helpers.formats import read_points as read_pts
from helpers.formats.dlib import closing, opening
from helpers.formats.table import delimiter_of, without_excel
from helpers.landmarks import NUM_LANDMARKS, mirrored
from helpers.pictures import UNREADABLE as UNREADABLE
from helpers.pictures import encode, picture_size
from helpers.pictures import read_image as read_image  # for those who know it by this module

# What is not plausible, in parts of the box's longer side, with room above what real faces reach.
# Measured on the 6,716 labelled by hand or checked by hand of iBUG's AFW and HELEN, LFPW and
# YouTube Faces, with all 68 points and with parts of them (the 51, the jaw, a mouth, one eye), and
# on the 142 portraits of the London and the Canadian set with 189 points, hair and neck among them.
FAR = 0.5  # a point outside its picture; measured: 0.11
ASIDE = 1.0  # the points' middle from the box's; measured: 0.35 of 68, 0.94 of a chin alone
LARGER = 2.5  # so far apart are the points; measured: 1.40 of 68, 1.80 of 189
SMALLER, SMALLER_FEW = 0.3, 0.04  # so near together; measured: 0.52, of an eye alone 0.05
LITTLE = 0.15  # fewer than `FEW` points fill so little of their box: read, and told
OUTSIDE = 0.1  # of a face's points lie outside the picture: read, and told; measured: 0.10

# The comment of a list whose oddities were told when it was made of the reader's label files.
COLLECTED = "A point at (-1, -1) is missing."

Rule = Callable[[str], str]  # the name of a picture -> what all pictures of its photograph share


@dataclass(frozen=True, eq=False)
class Face:
    """One entry of a label file.

    image: Path of the picture. box: (left, top, width, height) in pixels; it may reach outside
    the picture. landmarks: float32 [n, 2], (x, y) in pixels, pixel centres at whole numbers, NaN
    where a point is missing; n is 68 in dlib's archive. photograph: equal for all entries that
    show the same photograph (see `photograph_of`). names: of the n points, in their order. hidden:
    bool [n], whether each is labelled though something hides it; None where no format said so.
    """

    image: Path
    box: Box
    landmarks: np.ndarray
    photograph: str
    names: tuple[str, ...] = ()
    hidden: np.ndarray | None = None

    @property
    def is_twin(self) -> bool:
        """Whether the picture is the mirrored copy of another one in the archive."""
        return self.image.stem.endswith("_mirror")


# Folders that say that the names in them are those of 300-W.
OF_300W = {"afw", "helen", "lfpw", "ibug", "ytf"}
FRAME = re.compile(
    r"^(?:(?P<clip>.*?)[ _.-]+)?(?:frames?|frm?)[ _.-]?\d+(?:[_-]\d{1,2})?$|"
    r"^(?P<short>.+?)[ _.-]+f\d+(?:[_-]\d{1,2})?$|"  # f12 alone may be anything
    r"^(?P<joined>.*?)frames?[ _.-]?\d+(?:[_-]\d{1,2})?$",
    re.IGNORECASE,
)


def photograph_of(name: str) -> str:
    """Which photograph an entry of a label file shows, from the name of its picture.

    A picture is a photograph of its own, with two exceptions everywhere: `X_mirror.jpg` is the
    twin of `X.jpg`, and the frames of a clip (`clip_frame_12.jpg`, `walk/frame0012.png`) are one.
    In folders named as the parts of 300-W (afw, helen, lfpw, ibug, ytf), also: `X_1.jpg` and
    `X_2.jpg` are two faces of photograph X; three or four digits (`image_0457`) are a photograph's
    own number; all frames of a person in YouTube Faces (`ytf/...`) count as one photograph, named
    after the person's folder.
    `read_faces` takes any other rule; `photographs` prints what a rule has made of a list.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    stem = path.stem.removesuffix("_mirror")
    folders = OF_300W.intersection(path.parts[:-1])
    if "ytf" in folders:
        return str(path.parent)
    if folders:
        return str(path.parent / re.sub(r"_\d{1,2}$", "", stem))
    if frame := FRAME.match(stem):
        clip = frame["clip"] or frame["short"] or frame["joined"] or ""
        return str(path.parent / clip.rstrip(" _.-"))
    return str(path.parent / stem)


def photographs(faces: Sequence[Face], most: int = 12) -> str:
    """Which pictures count as one photograph, as text: the first `most`, those of several first."""
    groups: dict[str, list[str]] = {}
    for face in faces:
        groups.setdefault(face.photograph, []).append(face.image.name)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    lines = [f"{len(faces):,} faces of {len(groups):,} photographs"]
    for name, pictures in ordered[:most]:
        shown = ", ".join(pictures[:3]) + (", ..." if len(pictures) > 3 else "")
        lines.append(f"{len(pictures):>6}  {name}: {shown}"[:90])
    return "\n".join(lines + (["   ..."] if len(ordered) > most else []))


def read_faces(path: str | Path, photograph: Rule | None = None) -> list[Face]:
    """The faces of a label file, in its order; pictures are sought beside the file.

    path: dlib's XML, or a file of another format that `helpers.formats` knows (COCO, CVAT,
    LabelMe, CSV, .pts), or a folder of such files. Pictures in a CSV file's own cells are left to
    `helpers.sources.get_dataset`.
    photograph: a rule, name of a picture -> the name of its photograph. By default what the file
    `photographs.csv` beside the label file says, if there is one (columns `image` and
    `photograph`); else what a column `photograph` of a CSV says; else `photograph_of`.
    The points of all faces have the same names and order: digits by their number, words as the
    face with the most points has them. A point that a face lacks is NaN, and so is one at (0, 0),
    and one whose x and y are the same whole number below 0, such as (-1, -1). Boxes that are
    marked as ignored, faces without any point and faces whose points are all the same
    (placeholders) are left out. A sentence that counts and names such entries is printed. A face
    without a box gets one around its points.

    Raises ValueError, one sentence that names the file and the entry, where the file is broken, a
    coordinate is not a finite number, a face has a point twice or one that the others do not know,
    68 points are numbered from 1, a picture is missing, cannot be read or has another size than
    the file says, a box lies outside its picture or away from its points, points lie far outside,
    or the file holds no faces.
    """
    labels = read_labels(path)
    told = labels.about.get("comment") != COLLECTED
    return faces_of(Path(path), labels.entries, photograph, told)


def faces_of(
    path: Path, entries: Sequence[Entry], photograph: Rule | None = None, told: bool = True
) -> list[Face]:
    """The faces of entries of one or several label files, as `read_faces` makes them.

    path: what the sentences begin with. told: whether anything is printed, and a list without
    faces refused. Entries of several folders have photographs of these folders' own.
    """
    notes = _Told(path)
    kept = usable(entries, notes)
    if told and not kept:
        notes.tell()
        count = sum(entry.is_face for entry in entries)
        more = f" but {count:,} that are left out" if count else ""
        raise ValueError(f"{path}: holds no faces{more}.")
    names = _names(path, kept)
    for entry in kept:
        if len(entry.names) < len(names) or np.isnan(entry.points).any():
            notes.add("faces lack some of their points, which are read as missing", entry)
    rules = {place: photograph or _rule_in(place) for place in {entry.place for entry in kept}}
    finder = _Finder(len(rules) > 1, notes)
    found = [_face(path, entry, names, rules[entry.place], finder, notes) for entry in kept]
    if told:
        notes.tell()
    return found


def point_names(path: str | Path) -> tuple[str, ...]:
    """The names of the points that `read_faces` gives the faces of a label file, in its order.

    No picture is looked at. Raises ValueError where the names of the faces do not agree.
    """
    return _names(Path(path), usable(read_labels(path).entries))


def usable(entries: Iterable[Entry], told: "_Told | None" = None) -> list[Entry]:
    """The entries that `faces_of` makes a face of, one each, without the points that are marks.

    told: what was left out is noted there.
    """
    told = told or _Told(Path())
    faces = (entry for entry in entries if entry.is_face)
    return [_without_marks(entry, told) for entry in faces if not _left_out(entry, told)]


class _Told:
    """What is told of a list, not entry by entry: how many, and the first by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, list[str]] = {}

    def add(self, what: str, entry: Entry) -> None:
        """Notes one entry."""
        self.found.setdefault(what, []).append(entry.image)

    def tell(self) -> None:
        """Prints a sentence for each kind."""
        for what, names in self.found.items():
            first = ", ".join(dict.fromkeys(names[:3])) + (", ..." if len(names) > 3 else "")
            told = f"{self.path.name}: {len(names):,} {what}"
            gap = "\n    " if len(told) + len(first) > 86 else " "  # a page shows 90 letters
            print(f"{told}{gap}({first}).")


def _left_out(entry: Entry, told: _Told) -> bool:
    """Whether an entry is not to be learned from, which is told."""
    points = entry.points[np.isfinite(entry.points).all(1)]
    seen = points[~_is_mark(points)]
    if entry.ignored:
        told.add("boxes marked as ignored are left out", entry)
    elif not len(points):
        told.add("boxes without any point are left out", entry)
    elif not len(seen) or (len(seen) > 1 and (seen == seen[0]).all()):
        told.add("faces whose points all lie on one spot, placeholders, are left out", entry)
    else:
        return False
    return True


def _without_marks(entry: Entry, told: _Told) -> Entry:
    """An entry whose points at (0, 0), (-1, -1) and the like are missing, which is told."""
    marks = _is_mark(entry.points)
    if not marks.any():
        return entry
    told.add("faces have points at (-1, -1) or (0, 0), which are read as missing", entry)
    return replace(entry, points=np.where(marks[:, None], np.nan, entry.points))


def _is_mark(points: np.ndarray) -> np.ndarray:
    """Which points [n, 2] stand for "missing": (0, 0), (-1, -1) and the like; bool [n].

    No point of the faces that the limits above are measured on lies at such a place; a .pts file's
    (-1, -1) is (-2, -2) here, and other tools write -99.
    """
    x, y = points.T
    return (x == y) & (x <= 0) & (x == np.round(x))


@cache
def _key(name: str) -> str:
    """The name of a point without what does not tell: "7" and "07", or "nose" and "nose "."""
    name = name.strip()
    return f"{int(name):02d}" if re.fullmatch(r"[0-9]+", name) else name


def _names(path: Path, entries: Sequence[Entry]) -> tuple[str, ...]:
    """The names of the points of all faces; raises ValueError where they do not agree.

    Those of the face that has the most, those that several faces have, and all numbers. So a face
    that lacks some is welcome; a word that a single poorer face has is a slip of the pen.
    """
    named = [tuple(map(_key, entry.names)) for entry in entries]
    richest = max(named, key=len, default=())
    count = Counter(name for names in named for name in {*names})
    numbers = all(name.isdecimal() for name in count)
    more = [name for name, times in count.items() if numbers or times > 1]
    known = dict.fromkeys([*richest, *more])  # in their order
    for entry, names in zip(entries, named, strict=True):
        where = f"{path}: {entry.image}"
        if len({*names}) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{where} has {len(names)} points, of which {twice} is there twice.")
        if not known.keys() >= {*names}:
            strange = [name for name in names if name not in known]
            first = entries[named.index(richest)].image
            raise ValueError(
                f"{where} has the point {strange[0]}, which the {len(richest)} of {first} do not"
                f" have: all faces of a list need the same names."
            )
    if numbers and {int(name) for name in richest} == set(range(1, NUM_LANDMARKS + 1)):
        raise ValueError(
            f"{path}: {entries[named.index(richest)].image} numbers its 68 points from 1 to 68;"
            " they must be numbered from 0 to 67, or each would be read as its neighbour."
        )
    return tuple(sorted(known, key=int) if numbers else known)


class _Finder:
    """Finds the picture that an entry names, and keeps what it has seen of the disk."""

    def __init__(self, several: bool, told: "_Told") -> None:
        self.several = several  # folders of label files
        self.told = told
        self.sizes: dict[Path, tuple[int, int]] = {}
        self.below = cache(self._below)
        self.named: dict[Path, str] = {}  # pictures not found where they should be: by which name

    def find(self, entry: Entry) -> Path:
        """The path of the picture of an entry; where nothing is found, that which its name says."""
        folder, name = entry.place, entry.image
        for text in _spellings(name):
            if (path := folder / text).is_file():
                return path
        path = next(self._elsewhere(folder, name), folder / name)
        if self.named.setdefault(path, name) != name:  # then one of the two is missing
            return folder / name
        slashed = name.replace("\\", "/")
        as_named = "/" in slashed and _ends(path, slashed)
        if path.parent not in (folder, *_of_pictures(folder)) and not as_named:
            self.told.add("pictures were taken from a folder further down", entry)
        return path

    def _elsewhere(self, folder: Path, name: str) -> Iterator[Path]:
        """Where else a picture may be: the one file that ends as its name says.

        Below the label file's folder, or in a folder `images` beside it. The full path of another
        machine is cut from the front, until its end is that of a file.
        """
        for text in _spellings(name):
            if not (parts := PurePosixPath(text).parts):
                continue
            foreign = text.startswith("/") or re.match(r"[A-Za-z]:|\w+://", text)
            for cut in range(1, len(parts)) if foreign else [0]:
                for place in (folder, *_of_pictures(folder)):
                    end = "/".join(parts[cut:])
                    found = self.below(place).get(parts[-1].casefold(), [])
                    found = [path for path in found if _ends(path, end)]
                    exact = [path for path in found if path.name == parts[-1]]
                    for some in (exact, found):  # Windows and macOS take a.jpg and A.JPG for one
                        if len(some) == 1:
                            yield some[0]

    @staticmethod
    def _below(folder: Path) -> dict[str, list[Path]]:
        """All files below a folder, by name in small letters."""
        files: dict[str, list[Path]] = {}
        for path in folder.rglob("*") if folder.is_dir() else ():
            files.setdefault(path.name.casefold(), []).append(path)
        return files


def _of_pictures(folder: Path) -> list[Path]:
    """The folders beside a label file's own that may hold its pictures, by custom."""
    above = folder.name.lower() in ("annotations", "labels")
    return [folder / "images", *([folder.parent / "images", folder.parent] if above else [])]


def _ends(path: Path, end: str) -> bool:
    """Whether a path ends as these names say, whatever letters are capitals."""
    return ("/" + path.as_posix()).casefold().endswith("/" + end.casefold())


def _spellings(name: str) -> Iterator[str]:
    """How a picture may be called on this disk that a label file calls by this name.

    With slashes for back-slashes; with letters in one code point or two (macOS); and where the
    label file's bytes were of another encoding than its header claims.
    """
    for text in (name, name.replace("\\", "/")):
        yield text
        if not text.isascii():
            yield unicodedata.normalize("NFC", text)
            yield unicodedata.normalize("NFD", text)
    if name.isascii():
        return
    slashes = name.replace("\\", "/")
    for claimed in ("latin-1", "cp1252"):
        for real in ("utf-8", "gb18030", "shift_jis", "euc_kr", "big5", "cp1251", "cp1250"):
            try:
                yield slashes.encode(claimed).decode(real)
            except UnicodeError:
                continue


def _rule_in(place: Path) -> Rule:
    """The rule of the file photographs.csv in a folder; `photograph_of` where there is none."""
    file = place / "photographs.csv"
    if not file.is_file():
        return photograph_of
    try:
        text = without_excel(read_text(file)[0])
        lines = csv.DictReader(
            text.splitlines(), delimiter=delimiter_of(text), skipinitialspace=True
        )
        rows = list(lines)
    except csv.Error as error:
        raise ValueError(f"{file}: not a whole CSV file ({error}).") from error
    if not rows or not {"image", "photograph"} <= set(rows[0]):
        raise ValueError(f"{file}: needs the columns image and photograph.")
    known = {row["image"]: row["photograph"] for row in rows if row["image"]}  # not a blank row
    if short := [image for image, photograph in known.items() if not photograph]:
        raise ValueError(f"{file}: does not say of which photograph {short[0]} is.")

    def rule(name: str) -> str:
        if name not in known:
            raise ValueError(f"{file}: does not say of which photograph {name} is.")
        return known[name]

    return rule


def _face(
    path: Path,
    entry: Entry,
    names: tuple[str, ...],
    rule: Rule,
    finder: _Finder,
    told: _Told,
) -> Face:
    """The face of one entry; raises ValueError as `read_faces` says."""
    where = f"{path}: {entry.image or 'an entry without a file name'}"
    if not entry.image:
        raise ValueError(f"{where} stands in the list.")
    image = finder.find(entry)
    if image not in finder.sizes:
        finder.sizes[image] = _picture_size(image, where)
    columns, rows = finder.sizes[image]
    if entry.size and entry.size != (columns, rows):
        said = f"{entry.size[0]} x {entry.size[1]}"
        turned = entry.size == (rows, columns)
        why = "turned upright by its EXIF tag" if turned else "of another size"
        raise ValueError(
            f"{where} has {columns} x {rows} pixels, and {said} in the label file: its points were"
            f" set on another copy of the picture, {why}."
        )
    ordered = Entry(
        entry.image, names=tuple(map(_key, entry.names)), points=entry.points, hidden=entry.hidden
    )
    points, hidden = in_order(ordered, names)
    there = points[np.isfinite(points).all(1)]
    several = entry.pixels is None and len(points) > 1 and len(there) > 0
    if not entry.box and several and not np.ptp(there, axis=0).any():
        raise ValueError(f"{where} has no box, and its points lie on one spot: give it a box.")
    box = entry.box or _box_of(entry.points, entry)
    left, top, width, height = box
    if max(map(abs, entry.box or (0,))) <= 1 and np.abs(there).max() <= 1:
        raise ValueError(
            f"{where} has its box and points in parts of the picture, not in pixels: multiply them"
            f" by its {columns} and {rows}."
        )
    inside = left < columns and top < rows and left + width > 0 and top + height > 0
    if width <= 0 or height <= 0 or not inside:
        raise ValueError(f"{where} has a box outside its {columns} x {rows} picture.")
    _check_points(there, box, (columns, rows), where, entry, told)
    given = entry.photograph if rule is photograph_of else None
    group = given or rule(entry.image)
    if rule is photograph_of and not given and finder.several:
        group = str(entry.place / group)
    return Face(
        image, box, points.astype(np.float32), group, names, hidden if entry.hidden.any() else None
    )


def _check_points(
    points: np.ndarray, box: Box, size: tuple[int, int], where: str, entry: Entry, told: _Told
) -> None:
    """Raises ValueError where points [n, 2] lie far outside the picture or away from the box."""
    sides = np.array(box[2:])
    longer = sides.max()
    over = np.maximum(-points, points - (np.array(size) - 1)).max(1)
    if over.max() > FAR * longer:
        raise ValueError(
            f"{where} has {(over > 0).sum()} of {len(points)} points outside its {size[0]} x"
            f" {size[1]} picture, one of them by {over.max():.0f} pixels."
        )
    low, high = points.min(0), points.max(0)
    aside = (np.abs((low + high) / 2 - (np.array(box[:2]) + sides / 2)) / sides).max()
    apart = (high - low).max() / longer
    few, single = len(entry.names) < FEW, len(points) < 5
    small = not single and apart < (SMALLER_FEW if few else SMALLER)
    if entry.box and (aside > ASIDE or apart > LARGER or small):
        raise ValueError(
            f"{where} has a box, {tuple(round(side) for side in box)}, that its points do not fit:"
            f" they lie at x {low[0]:.0f} to {high[0]:.0f}, y {low[1]:.0f} to {high[1]:.0f}."
        )
    if entry.box and not single and few and apart < LITTLE:
        told.add("faces fill little of their boxes: are these around whole people?", entry)
    if (over > 1).mean() > OUTSIDE:
        told.add("faces have more than a tenth of their points outside the picture", entry)


def _box_of(points: np.ndarray, entry: Entry) -> Box:
    """The box of a face that has none: around its points, or the picture of a cell itself."""
    if entry.pixels is not None:
        height, width = entry.pixels.shape
        return (0, 0, width, height)
    left, top, width, height = map(float, box_of(points))
    return (left, top, width, height)


def _picture_size(path: Path, where: str) -> tuple[int, int]:
    """Width and height of a picture; raises ValueError that begins with `where`."""
    try:
        return picture_size(path)  # reads the header only: pixels are decoded when needed
    except FileNotFoundError as error:
        raise ValueError(f"{where} is missing beside the label file.") from error
    except ValueError as error:
        why = str(error).removeprefix(f"{path}: not a picture that can be read").rstrip(".")
        raise ValueError(f"{where} is not a picture that can be read{why}.") from error


def image_entry(name: str, shape: Sequence[int], box: Sequence[int], landmarks: np.ndarray) -> str:
    """The entry of one face in a label file, as text.

    name: the picture's path in the data set. shape: of the picture, (H, W, ...). box: (left, top,
    width, height) in whole pixels. landmarks: [68, 2].
    """
    left, top, width, height = box
    lines = [
        f"  <image file='{name}' width='{shape[1]}' height='{shape[0]}'>",
        f"    <box top='{top}' left='{left}' width='{width}' height='{height}'>",
    ]
    lines += [
        f"      <part name='{i:02d}' x='{x:.2f}' y='{y:.2f}'/>"
        for i, (x, y) in enumerate(landmarks)
    ]
    return "\n".join([*lines, "    </box>", "  </image>"])


def label_list(name: str, comment: str, entries: Sequence[str]) -> str:
    """The text of a whole label file, to be stored in Latin-1, as dlib's own lists are."""
    about = {"name": name, "comment": comment}
    return "\n".join([*opening(about, "ISO-8859-1"), *entries, *closing(), ""])


def read_points(path: str | Path) -> np.ndarray:
    """The landmarks of a .pts file, counted from 0 as everywhere here: float64 [68, 2], (x, y).

    Such files, which iBUG puts beside its pictures, count pixels from 1. Raises ValueError that
    names the file where it is missing or does not hold 68 points. `read_faces` takes any number.
    """
    points = read_pts(Path(path))
    if len(points) != NUM_LANDMARKS:
        raise ValueError(f"{path}: not a .pts file with 68 points; it has {len(points)}.")
    if not np.isfinite(points).all():
        raise ValueError(f"{path}: has a number that is not finite.")
    return points


def points_file(landmarks: np.ndarray) -> str:
    """The text of a .pts file of landmarks [n, 2]; such files count pixels from 1."""
    lines = "\n".join(f"{x + 1:.2f} {y + 1:.2f}" for x, y in landmarks)
    return f"version: 1\nn_points: {len(landmarks)}\n{{\n{lines}\n}}\n"


def write_face(
    folder: Path,
    name: str,
    picture: np.ndarray,
    box: Sequence[int],
    landmarks: np.ndarray,
    quality: int = 95,
) -> list[str]:
    """Saves a picture, its mirrored twin and a .pts file; returns both entries of the label file.

    name: path in the folder, without extension. picture: RGB uint8 [H, W, 3]. box: (left, top,
    width, height) in whole pixels. landmarks: [68, 2] in pixels. quality: of the JPEGs, per cent.
    """
    width = picture.shape[1]
    twin = mirrored(landmarks, width)
    twin_box = (width - box[0] - box[2], *box[1:])
    entries = []
    for path, image, points, frame in (
        (f"{name}.jpg", picture, landmarks, box),
        (f"{name}_mirror.jpg", picture[:, ::-1], twin, twin_box),
    ):
        (folder / path).write_bytes(encode(image, quality))
        entries.append(image_entry(path, picture.shape, frame, points))
    (folder / f"{name}.pts").write_text(points_file(landmarks))
    return entries


def with_boxes(entries: Sequence[Entry]) -> list[Entry]:
    """Entries of which every face with points has a box: its own, else one around its points."""
    found = []
    for entry in entries:
        if not entry.box and np.isfinite(entry.points).all(1).any():
            seen = np.where(_is_mark(entry.points)[:, None], np.nan, entry.points)
            some = np.isfinite(seen).all(1).any()
            entry = replace(entry, box=_box_of(seen if some else entry.points, entry))
        found.append(entry)
    return found
