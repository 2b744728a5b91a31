"""Where the faces come from: generated people, dlib's archive, or any other in its layout.

All of them end as a folder with two label files and the pictures beside them; nothing after this
module knows which it was.
"""

import hashlib
import json
import os
import re
from collections import Counter
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from helpers.annotations import read_faces
from helpers.download import download
from helpers.unpack import unpack, whole_folder

IBUG = "http://dlib.net/files/data/ibug_300W_large_face_landmark_dataset.tar.gz"
IBUG_ENTRIES = {"train": 6666, "test": 1008}
DEMO = {"train": 512, "test": 128, "seed": 0}
DEMO_MAKERS = """people.py annotations.py dlib_layout.py groups.py portrait.py backgrounds.py
    mesh.py occluders.py camera.py face_model.py expression.py render.py hair.py beard.py mouth.py
    assets/people.npz""".split()


def get_dataset(name=None, entries=None):
    """The folder that holds the label files of a data set, fetched or made where it is missing.

    name: "demo" (people who do not exist, made in about half a minute), "ibug" (dlib's archive,
    1.7 GB from dlib.net), or the path or address of a .tar.gz or the path of a folder in that
    layout. None: what the environment variable FACES says, else "demo".
    entries: {"train": n, "test": n}, how many an archive must hold, where that is known.
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
    version = path.stat()
    folder = _folder_for(path.name, path, version.st_size, version.st_mtime_ns)
    if not folder.exists():
        unpack(path, folder, check=partial(_check, entries))
    return _labels_in(folder)


def data_folder():
    """Where data are kept: FACES_DATA, else `data` in the checkout, else in the working folder."""
    checkout = Path(__file__).resolve().parent.parent
    default = (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "data"
    return Path(os.environ.get("FACES_DATA") or default).resolve()


def label_file(folder, part):
    """The label file of a part, "train" or "test". Raises ValueError where there is not one."""
    found = sorted(Path(folder).glob(f"labels*_{part}.xml"))
    if len(found) != 1:
        raise ValueError(f"{folder}: has {len(found)} files labels*_{part}.xml, not one.")
    return found[0]


def tree(folder, most=9):
    """What lies under a folder, as text: label files by name, the rest counted by kind.

    Folders are listed as deep as `most` lines allow.
    """
    folder = Path(folder)
    files = [path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file()]
    inner = [file for file in files if len(file.parts) > 1]
    for depth in range(4, 0, -1):
        folders = Counter((file.parent.parts[:depth], file.suffix[1:]) for file in inner)
        names = sorted({name for name, _ in folders})
        if len(names) <= most:
            break
    lines = [f"{folder.name}/"]
    for name in names:
        kinds = (f"{n:,} {kind}" for (of, kind), n in sorted(folders.items()) if of == name)
        lines.append(f"    {'/'.join(name) + '/':<20} {', '.join(kinds)}")
    return "\n".join(lines + [f"    {file}" for file in sorted(files) if len(file.parts) == 1])


def _labels_in(folder):
    """The folder itself or its one subfolder that holds both label files."""
    found = [f for f in (folder, *sorted(folder.glob("*/"))) if [*f.glob("labels*_train.xml")]]
    if not found or (folder not in found and len(found) > 1):
        raise ValueError(
            f"{folder}: must hold labels*_train.xml and labels*_test.xml, or one subfolder with"
            f" them; {len(found)} subfolders have them."
        )
    label_file(found[0], "train"), label_file(found[0], "test")
    return found[0]


def _check(entries, folder):
    """Believes an unpacked folder when every face can be read and there are as many as known."""
    folder = _labels_in(folder)
    for part in ("train", "test"):
        count = len(read_faces(label_file(folder, part)))
        expected = (entries or {}).get(part, count)
        if count != expected:
            raise ValueError(f"{label_file(folder, part)}: has {count:,} faces, not {expected:,}.")


def _from_web(url, entries):
    """The folder of an archive on the web. The archive is removed when it is unpacked."""
    name = PurePosixPath(urlsplit(url).path).name or "archive"
    folder = _folder_for(name, url)
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

    def check_and_record(unpacked):
        _check(entries, unpacked)
        (unpacked / "SOURCE.json").write_text(json.dumps(source, indent=2) + "\n")

    try:
        unpack(archive, folder, check=check_and_record)
    except ValueError as error:
        archive.unlink(missing_ok=True)  # else it would be believed to be whole the next time
        raise ValueError(f"{error} It came from {url} and is removed.") from None
    archive.unlink(missing_ok=True)
    print(f"SHA-256 of {name}, recorded in {folder / 'SOURCE.json'}:\n{digest}")
    return folder


def _demo():
    """The folder of the generated people: a new one whenever what makes them has changed."""
    makers = [Path(__file__).parent / name for name in DEMO_MAKERS]
    version = [hashlib.sha256(file.read_bytes()).hexdigest() for file in makers]
    folder = _folder_for("demo", DEMO, version)
    if not folder.exists():
        from helpers.people import make_people  # here, because a second call does without

        with whole_folder(folder) as unfinished:
            make_people(unfinished, **DEMO)
    return folder


def _folder_for(name, *version):
    """A folder of the data that nothing else has: a name to read and a key of the version."""
    key = hashlib.sha256(repr(version).encode()).hexdigest()[:8]
    stem = re.sub(r"(\.tar)?\.t?gz$", "", name)
    return data_folder() / f"{stem}-{key}"
