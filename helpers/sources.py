"""Where the faces come from: generated people, dlib's archive, or the reader's own label files.

All of them end as a folder with two label files of dlib's, and the pictures beside them or where
these name them. Nothing after this module knows which it was.
"""

import csv
import hashlib
import json
import os
import re
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from helpers.annotations import COLLECTED, Face, faces_of, read_faces, usable
from helpers.formats import FORMATS, Entry, Labels, label_files, read_labels, write_labels
from helpers.people import VERSION, make_people
from helpers.storage import download, folder_for, short_hash, unpack, whole_folder

IBUG = "http://dlib.net/files/data/ibug_300W_large_face_landmark_dataset.tar.gz"
IBUG_ENTRIES = {"train": 6666, "test": 1008}
COLLECTED_VERSION = 5  # to be raised whenever the same label files would be collected otherwise
DEMO = {"train": 400, "test": 100, "seed": 0}


def get_dataset(name: str | Path | None = None, entries: dict[str, int] | None = None) -> Path:
    """The folder that holds the label files of a data set, fetched or made where it is missing.

    name: "demo" (people who do not exist, made in about half a minute), "ibug" (dlib's archive,
    1.7 GB from dlib.net), the path of a folder in dlib's layout, or the path or address of an
    archive (.tar.gz, .tar or .zip) of one. Also the path of one label file of any format that
    `helpers.formats` knows, or a folder or archive with such files, however nested: they become
    two label files of dlib's (see `collected`). None: what the environment variable FACES says,
    else "demo".
    entries: {"train": n, "test": n}, how many faces an archive must hold, where that is known.
    What is fetched or made is checked once and kept under `data_folder()`: a second call is
    instant. Raises ValueError for bad content, OSError for disk or network.
    """
    name = str(name or os.environ.get("FACES") or "demo")
    if name == "demo":
        return _labels_in(_demo())
    if name == "ibug":
        return _labels_in(_from_web(IBUG, entries or IBUG_ENTRIES))
    if re.match("https?://", name):
        return _labels_in(_from_web(name, entries))
    path = Path(name).expanduser().resolve()
    if path.is_dir():
        return _labels_in(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such archive or folder (and not "demo" or "ibug").')
    if path.suffix.lower() in (".xml", ".json", ".csv", ".tsv", ".pts"):
        return collected(path)
    version = path.stat()
    folder = folder_for(path.name, path, version.st_size, version.st_mtime_ns)
    if not folder.exists():
        unpack(path, folder, check=partial(_check, entries))
    return _labels_in(folder)


def label_file(folder: str | Path, part: str) -> Path:
    """The label file of a part, "train" or "test", of a data set's folder.

    Raises ValueError where there is none, or more than one.
    """
    found = sorted(Path(folder).glob(f"labels*_{part}.xml"))
    if len(found) != 1:
        raise ValueError(f"{folder}: has {len(found)} files labels*_{part}.xml, not one.")
    return found[0]


def tree(folder: str | Path, most: int = 9) -> str:
    """What lies in a folder, as text: its own files by name, those of its subfolders counted.

    They are counted by kind, and the subfolders listed as deep as `most` lines allow.
    """
    folder = Path(folder)
    files = [path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()]
    inner = [file for file in files if len(file.parts) > 1]
    for depth in range(4, 0, -1):
        counts = Counter((file.parent.parts[:depth], file.suffix[1:]) for file in inner)
        places = sorted({place for place, _ in counts})
        if len(places) <= most:
            break
    lines = [f"{folder.name}/"]
    for place in places:
        kinds = [f"{n:,} {kind}" for (at, kind), n in sorted(counts.items()) if at == place]
        lines.append(f"    {'/'.join(place) + '/':<20} {', '.join(kinds)}")
    lines += [f"    {file}" for file in sorted(files) if len(file.parts) == 1]
    return "\n".join(lines)


def _labels_in(folder: Path) -> Path:
    """The folder itself, or its one subfolder, whichever holds both label files.

    Where none has them, label files of other formats are collected. Raises ValueError where there
    are none of these either.
    """
    found = [f for f in (folder, *sorted(folder.glob("*/"))) if [*f.glob("labels*_train.xml")]]
    if not found:
        return collected(folder)
    if folder not in found and len(found) > 1:
        raise ValueError(f"{folder}: {NEEDED}; {len(found)} subfolders have them.")
    for part in ("train", "test"):
        label_file(found[0], part)  # raises where there is not exactly one
    return found[0]


NEEDED = "must hold labels*_train.xml and labels*_test.xml, or one subfolder with them"


def collected(path: Path) -> Path:
    """A folder with labels_train.xml and labels_test.xml, made of label files of any format.

    path: one label file, or a folder with any number, however nested. A file is of the part that
    its name or a folder's above it says ("train"; "test", "val" or "valid"); where none is of the
    test part, every fifth photograph becomes that, by name, and at least one. Pictures stay where
    they are: the label files name their full paths; those in the cells of a CSV file are stored
    beside them. Made once for each state of the label files. Raises ValueError where there are no
    label files, or `read_faces` refuses one.
    """
    files = [path] if path.is_file() else label_files(path)
    if not files:
        kinds = "; ".join(FORMATS.values())
        raise ValueError(f"{path}: {NEEDED}, or label files of another kind: {kinds}.")
    beside = [file.parent / "photographs.csv" for file in files]
    stats = [
        (str(f), f.stat().st_size, f.stat().st_mtime_ns)
        for f in (*files, *{*beside})
        if f.is_file()
    ]
    folder = folder_for(
        path.stem if path.is_file() else path.name, COLLECTED_VERSION, sorted(stats)
    )
    if not folder.exists():
        with whole_folder(folder) as unfinished:
            _collect(files, path, unfinished)
    return folder


def _collect(files: list[Path], root: Path, folder: Path) -> None:
    """Fills a folder with the two label files, and the photographs that their pictures show."""
    entries: dict[str, list[Entry]] = {"train": [], "test": []}
    for file in tqdm(files, "reading label files", leave=False, disable=len(files) < 100):
        entries[_part_of(file, root)] += _with_pictures(file, folder)
    # All in one, so that every face gets the same points; then apart again.
    faces = faces_of(root, entries["train"] + entries["test"])
    tested = {face.image for face in faces[len(usable(entries["train"])) :]}
    faces = _each_once(faces)
    parts = {
        "train": [face for face in faces if face.image not in tested],
        "test": [face for face in faces if face.image in tested],
    }
    if not (parts["train"] and parts["test"]):
        parts = _dealt(faces)
    for part, some in parts.items():
        about = {"name": root.name, "comment": COLLECTED}
        labels = Labels([_entry(face, folder) for face in some], about)
        write_labels(folder / f"labels_{part}.xml", labels)
    rows = [(_final(face.image, folder), face.photograph) for face in faces]
    with open(folder / "photographs.csv", "w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([("image", "photograph"), *rows])


def _each_once(faces: list[Face]) -> list[Face]:
    """The faces without those whose points another face of the same picture has, which is told.

    So it is where a folder holds the same labels in two formats. Which file a face came from does
    not matter: nobody has the same points twice.
    """
    kept: dict[Path, list[Face]] = {}
    for face in faces:
        others = kept.setdefault(face.image.resolve(), [])
        if not any(_same_points(face, other) for other in others):
            others.append(face)
    once = {id(face) for some in kept.values() for face in some}
    if twice := len(faces) - len(once):
        print(f"{twice:,} faces are there twice, as in two formats: each is taken once.")
    return [face for face in faces if id(face) in once]


def _same_points(face: Face, other: Face) -> bool:
    """Whether the points of two faces of one picture lie within a hundredth of the box's side."""
    apart = np.abs(face.landmarks - other.landmarks)
    known = ~np.isnan(apart).any(1)
    return bool(known.any() and apart[known].max() <= max(face.box[2:]) / 100)


def _final(image: Path, folder: Path) -> str:
    """The name of a picture in a collected label file: relative within its folder, else full."""
    return str(image.relative_to(folder) if image.is_relative_to(folder) else image.resolve())


def _entry(face: Face, folder: Path) -> Entry:
    """The entry of a face in a collected label file."""
    hidden = np.zeros(len(face.names), bool) if face.hidden is None else face.hidden
    # As short as float32 can say it: 0.1 and not 0.10000000149.
    points = np.array([[float(str(value)) for value in point] for point in face.landmarks])
    points[np.isnan(points).any(1)] = -1  # a part that is left out would be unknown to its list
    return Entry(_final(face.image, folder), None, face.box, face.names, points, hidden)


def _part_of(file: Path, root: Path) -> str:
    """Which list a label file belongs to, by its name and the folders below the data set's."""
    inner = file.relative_to(root).with_suffix("").parts if root.is_dir() else (file.stem,)
    words = re.split(r"[^a-z]+", " ".join(inner).lower().replace("2017", ""))
    testing = {"test", "testset", "testing", "val", "valid", "validation", "eval"}
    return "test" if testing & {*words} else "train"


def _dealt(faces: list[Face]) -> dict[str, list[Face]]:
    """Every fifth photograph, by name, as the test part; a single one is in both, which is told."""
    names = sorted({face.photograph for face in faces})
    testing = {*names[4::5]} or {names[-1]}
    parts = {
        "train": [face for face in faces if face.photograph not in testing],
        "test": [face for face in faces if face.photograph in testing],
    }
    if len(names) == 1:
        print("There is a single photograph: it is in the training list and in the test list.")
        return {"train": faces, "test": faces}
    print(
        f"No label file says test: every fifth photograph, {len(testing):,} of {len(names):,},"
        " is tested on and not learned from."
    )
    return parts


def _with_pictures(file: Path, folder: Path) -> list[Entry]:
    """The entries of a label file; pictures in its own cells are stored in the folder."""
    entries = read_labels(file).entries
    # Two label files may have one name, in folders of their own.
    place = folder / f"pictures of {file.stem} {short_hash(str(file))}"
    for index, entry in enumerate(entries):
        if entry.pixels is not None:
            place.mkdir(exist_ok=True)
            Image.fromarray(entry.pixels).save(place / f"{index:05d}.png")
            entries[index] = replace(entry, image=f"{index:05d}.png", place=place)
    return entries


def _check(entries: dict[str, int] | None, folder: Path) -> None:
    """Raises ValueError where a face cannot be read, or a list has other than `entries` faces."""
    if not [*folder.glob("labels*_train.xml"), *folder.glob("*/labels*_train.xml")]:
        if files := label_files(folder):  # of other formats: collected when all is in its place
            with TemporaryDirectory() as place, redirect_stdout(None):  # told then, not twice
                _collect(files, folder, Path(place))
            return
    folder = _labels_in(folder)
    for part in ("train", "test"):
        count = len(read_faces(label_file(folder, part)))
        expected = (entries or {}).get(part, count)
        if count != expected:
            raise ValueError(f"{label_file(folder, part)}: has {count:,} faces, not {expected:,}.")


def _from_web(url: str, entries: dict[str, int] | None) -> Path:
    """The folder of an archive on the web, downloaded and unpacked where it is missing.

    The archive itself is removed then; its checksum stays in SOURCE.json.
    """
    name = PurePosixPath(urlsplit(url).path).name or "archive"
    folder = folder_for(name, url)
    if folder.exists():
        return folder
    archive = folder.with_name(f"{folder.name}.tar.gz")
    try:
        download(url, archive, copies=2)
    except ConnectionError as error:
        raise ConnectionError(f'{error} get_dataset("demo") needs no network.') from None
    with open(archive, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    source = {"url": url, "bytes": archive.stat().st_size, "sha256": digest}

    def check_and_record(unpacked: Path) -> None:
        _check(entries, unpacked)
        (unpacked / "SOURCE.json").write_text(json.dumps(source, indent=2) + "\n")

    try:
        unpack(archive, folder, check=check_and_record)
    except ValueError as error:
        archive.unlink(missing_ok=True)  # else the next call would unpack the same file again
        raise ValueError(f"{error} It came from {url} and is removed.") from None
    archive.unlink(missing_ok=True)
    print(f"SHA-256 of {name}, recorded in {folder / 'SOURCE.json'}:\n{digest}")
    return folder


def _demo() -> Path:
    """The folder of the generated people, made anew when the generator has a new version."""
    folder = folder_for("demo", VERSION, DEMO)
    if not folder.exists():
        with whole_folder(folder) as unfinished:
            make_people(unfinished, **DEMO)
    return folder
