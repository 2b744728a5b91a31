"""The landmarks of any number of photographs, in one label file.

python -m helpers.predict holiday/ --out landmarks.csv
python -m helpers.predict a.jpg b.png --out landmarks.xml --sheet sheet.jpg
"""

import csv
import glob
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from helpers.boxes import box_of
from helpers.checkpoint import SHIPPED
from helpers.crop import scaled
from helpers.draw import paint
from helpers.formats import left_over, numbered, text_of
from helpers.formats.dlib import closing, image_lines, opening
from helpers.formats.labels import Entry, digits, seen_from
from helpers.landmarks import IBUG, Scheme
from helpers.pictures import PICTURES, picture_size, read_scaled, to_stored
from helpers.predict import Landmarker
from helpers.shell import one_sentence, parser_of
from helpers.storage import other_file, short_hash, whole_file

ENDINGS = (".csv", ".xml", ".json", ".pts")
LARGEST = 2048  # pixels: the longer side at which a photograph is looked at
DRAWN, WIDE = 48, 1760  # pictures on the sheet at most, and its width in pixels
Record = dict[str, Any]


def predict_many(
    sources: Sequence[str | Path],
    out: str | Path,
    landmarker: Landmarker,
    checkpoint: str = "",
    sheet: str | Path | None = None,
) -> str:
    """The landmarks of all faces of many photographs, written into one file; the report, as text.

    sources: pictures, and folders with pictures, however nested. out: a label file that
    `read_faces` takes: .csv (with a column `trust`), .xml (dlib's) or .json (COCO keypoints). Or
    .pts, which becomes a folder with a file for each face; to be learned from, these have to lie
    beside their pictures. Points are in pixels of each picture as it is stored, as
    `helpers.pictures.read_image` reads it, not turned by its EXIF tag.
    landmarker: what finds them. checkpoint: its name or file; what other weights have found, of
    that name or another, is not kept.
    sheet: a JPEG to draw, with up to 48 of the pictures and their points; none of the pictures.

    What is found goes into a journal beside `out`, picture by picture. After an interrupt, the
    same call goes on behind the last one; the journal becomes `out` at the end. One picture is in
    memory at a time. A picture that cannot be read is counted, and named in the report, which also
    stands beside `out`. Raises ValueError where there are no pictures, `out` has another ending,
    or two pictures would have one .pts file.
    """
    out = Path(out)
    if out.suffix.lower() not in ENDINGS:
        raise ValueError(f"{out}: must end in {', '.join(ENDINGS)}.")
    paths = list(pictures_in(sources))
    if not paths:
        raise ValueError(f"{', '.join(map(str, sources))}: no pictures there.")
    if sheet:
        if Path(sheet).suffix.lower() not in (".jpg", ".jpeg"):
            raise ValueError(f"{sheet}: must end in .jpg.")
        folders = [Path(source).resolve() for source in sources if Path(source).is_dir()]
        if any(Path(sheet).resolve().is_relative_to(folder) for folder in folders):
            raise ValueError(f"{sheet}: would lie among the pictures; put it elsewhere.")
        other_file(sheet, *paths)
    if out.suffix.lower() == ".pts":  # hours of predictions would be lost to it at the end
        shown: dict[Path, str] = {}
        for path in paths:
            _pts_file(out, seen_from(out, path), 1, shown)
    out.parent.mkdir(parents=True, exist_ok=True)
    journal = out.with_name(f"{out.name}.journal")
    scheme = landmarker.scheme
    head: Record = {"checkpoint": checkpoint, "weights": _weights(checkpoint)}
    head |= {"largest": LARGEST, "points": list(_names(scheme))}
    done = _go_on(journal, head)
    with open(journal, "a", encoding="utf-8") as file:
        bar = tqdm(paths, "predicting", unit="picture")
        for path in bar:
            if path in done and done[path] == _version(path):
                continue
            record = _record(path, landmarker)
            file.write(json.dumps(record) + "\n")
            file.flush()
            done[path] = record["version"]
    wanted = {path: done[path] for path in paths}
    records = lambda: _records(journal, wanted)  # noqa: E731
    written = _write(out, records, scheme)
    report = "\n".join(filter(None, [_report(records(), out), left_over(written)]))
    with whole_file(out.with_name(f"{out.name}.report.txt")) as partial:
        partial.write_text(report + "\n", "utf-8")
    if sheet:
        _draw(Path(sheet), records(), len(paths), scheme)
    journal.unlink()
    return report


def _weights(checkpoint: str) -> str | None:
    """What tells the weights of a checkpoint from others of its name; None where it is no file."""
    file = Path(SHIPPED.get(checkpoint, checkpoint))
    return short_hash(file.read_bytes()) if file.is_file() else None


def pictures_in(sources: Sequence[str | Path]) -> Iterator[str]:
    """The paths of the pictures that files, folders and patterns such as *.jpg name, each once.

    Raises ValueError for a name that is nothing.
    """
    seen: set[str] = set()
    for source in map(str, sources):
        matches = [source] if os.path.exists(source) else sorted(glob.glob(source))
        if not matches:
            raise ValueError(f"{source}: there is no such file or folder.")
        for match in matches:
            for path in _below(match) if os.path.isdir(match) else [match]:
                if (place := os.path.normcase(os.path.abspath(path))) not in seen:
                    seen.add(place)
                    yield path


def _below(folder: str) -> Iterator[str]:
    """The pictures in a folder and those in it, by name; hidden ones left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(PICTURES) and not name.startswith("."):
                yield os.path.join(place, name)


def _version(path: str) -> list[int] | None:
    """What tells one state of a file from another; None where it is gone."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return [state.st_size, state.st_mtime_ns]


def _record(path: str, landmarker: Landmarker) -> Record:
    """What is found in one picture, for the journal."""
    record: Record = {"image": path, "version": _version(path)}
    try:
        _check_name(path)
        photograph, scale = read_scaled(path, LARGEST)
        landmarks = landmarker.landmarks(photograph)
        trust = landmarker.trust(photograph, landmarks)
        full = [to_stored(path, scaled(points, 1 / scale)) for points in landmarks]
        record["size"] = picture_size(path)
    except (ValueError, OSError, MemoryError) as error:
        return record | {"error": str(error) or f"{path}: memory did not suffice."}
    faces = [
        {"points": np.round(points, 2).tolist(), "trust": round(float(sure), 3)}
        for points, sure in zip(full, trust, strict=True)
    ]
    return record | {"faces": faces}


def _check_name(path: str) -> None:
    """Raises ValueError where the name of a file is no text that a label file can hold."""
    if any(ord(letter) < 32 for letter in path):
        raise ValueError(f"{path!r}: its name has a character that no text has; rename it.")
    if (named := path.encode("utf-8", "replace").decode()) != path:
        raise ValueError(f"{named}: where ? stands its name is not UTF-8; rename it.")


def _go_on(journal: Path, head: Record) -> dict[str, Any]:
    """The pictures that a journal has, with their versions; begun anew where it is of another.

    A last line that an interrupt cut off is removed.
    """
    done: dict[str, Any] = {}
    whole = 0
    if journal.exists():
        with open(journal, "rb") as file:
            for index, line in enumerate(file):
                try:
                    record = json.loads(line)
                except ValueError:
                    break
                if index == 0 and record != head:
                    print(f"{journal}: is of other weights or settings; it is begun anew.")
                    break
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                if index:
                    done[record["image"]] = record["version"]
    if whole:
        os.truncate(journal, whole)
        print(f"{len(done):,} pictures are already in {journal}: it goes on behind them.")
    else:
        journal.write_text(json.dumps(head) + "\n", "utf-8")
    return done


def _records(journal: Path, wanted: dict[str, list[int] | None]) -> Iterator[Record]:
    """The records of the pictures that are wanted, one at a time, each once.

    A journal has a picture again that was changed, or away, and came back as it was.
    """
    missing = dict(wanted)
    with open(journal, encoding="utf-8") as file:
        next(file)
        for line in file:
            record = json.loads(line)
            path = record["image"]
            if path in missing and missing[path] == record["version"]:
                del missing[path]
                yield record


def _names(scheme: Scheme) -> tuple[str, ...]:
    """What a file calls the points: of the 68, their numbers, as dlib's files do."""
    return numbered(len(scheme)) if scheme.points == IBUG.points else scheme.points


def _entries(records: Iterator[Record], out: Path, scheme: Scheme) -> Iterator[tuple[Entry, float]]:
    """The faces of the records, and how far each can be trusted."""
    names = _names(scheme)
    for record in records:
        for face in record.get("faces", ()):
            points = np.array(face["points"], float)
            left, top, width, height = (round(float(s), 1) for s in box_of(points, scheme))
            image = seen_from(out, record["image"])
            hidden = np.zeros(len(points), bool)
            size = (record["size"][0], record["size"][1])
            yield (
                Entry(image, size, (left, top, width, height), names, points, hidden),
                face["trust"],
            )


def _write(out: Path, records: Any, scheme: Scheme) -> dict[Path, str]:
    """Writes the file of all faces, one face after the other. records(): the records, anew.

    Returns the .pts files and their pictures, where these were asked for.
    """
    writer = {".csv": _csv, ".xml": _xml, ".json": _json}.get(out.suffix.lower())
    shown: dict[Path, str] = {}
    if writer is None:
        # A further face of party.jpg must not have the name of party_2.jpg's first one.
        first = {_pts_file(out, seen_from(out, r["image"]), 1, {}) for r in records()}
        seen: dict[str, int] = {}
        for entry, _ in _entries(records(), out, scheme):
            which = seen.get(entry.image, 0) + 1
            while which > 1 and _pts_file(out, entry.image, which, {}) in first:
                which += 1
            seen[entry.image] = which
            with whole_file(_pts_file(out, entry.image, which, shown)) as partial:
                partial.write_text(text_of(entry.points), "ascii")
        return shown
    with whole_file(out) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        writer(file, out, records, scheme)
    return shown


def _pts_file(out: Path, image: str, which: int, shown: dict[Path, str]) -> Path:
    """The .pts file in the folder `out` of a picture's face: 1, 2 and so on.

    shown: the files so far, and their pictures; it is added. Raises ValueError where it is there.
    """
    name = Path(image.replace("../", "")).with_suffix("")
    inner = name.relative_to(name.anchor)  # a picture on another drive is named in full
    path = out / f"{inner}{f'_{which}' if which > 1 else ''}.pts"
    if path in shown:
        told = f"is the name for a face of {shown[path]} and of {image}"
        raise ValueError(f"{path}: {told}; a .csv, .xml or .json takes all.")
    shown[path] = image
    return path


def _csv(file: Any, out: Path, records: Any, scheme: Scheme) -> None:
    """The faces as a CSV file."""
    rows = csv.writer(file, lineterminator="\n")
    columns = [f"{name}_{axis}" for name in _names(scheme) for axis in "xy"]
    rows.writerow(["image", "left", "top", "width", "height", "trust", *columns])
    for entry, trust in _entries(records(), out, scheme):
        assert entry.box is not None
        numbers = [*entry.box, trust, *entry.points.ravel()]
        rows.writerow([entry.image, *map(digits, numbers)])


def _xml(file: Any, out: Path, records: Any, scheme: Scheme) -> None:
    """The faces as dlib's XML."""
    file.write("\n".join(opening({"name": "predicted landmarks"})) + "\n")
    for entry, _ in _entries(records(), out, scheme):
        file.write("\n".join(image_lines(entry)) + "\n")
    file.write("\n".join(closing()) + "\n")


def _json(file: Any, out: Path, records: Any, scheme: Scheme) -> None:
    """The faces as COCO keypoints: the images first, then the faces."""
    numbers: dict[str, int] = {}
    file.write('{"images": [')
    for record in records():
        image = seen_from(out, record["image"])
        if "faces" in record and image not in numbers:
            file.write("\n" if not numbers else ",\n")
            numbers[image] = len(numbers) + 1
            size = {"width": record["size"][0], "height": record["size"][1]}
            file.write(json.dumps({"id": numbers[image], "file_name": image} | size))
    file.write('\n], "annotations": [')
    for index, (entry, trust) in enumerate(_entries(records(), out, scheme)):
        keypoints = [value for x, y in entry.points for value in (x, y, 2)]
        found = {
            "id": index + 1,
            "image_id": numbers[entry.image],
            "category_id": 1,
            "bbox": entry.box,
            "area": entry.box and entry.box[2] * entry.box[3],
            "iscrowd": 0,
            "score": trust,
            "num_keypoints": len(scheme),
            "keypoints": keypoints,
        }
        file.write(("\n" if not index else ",\n") + json.dumps(found))
    category = {
        "id": 1,
        "name": "face",
        "supercategory": "person",
        "keypoints": _names(scheme),
        "skeleton": [],
    }
    file.write('\n], "categories": [' + json.dumps(category) + "]}\n")


def _report(records: Iterator[Record], out: Path) -> str:
    """How many pictures and faces there are, and what could not be read."""
    pictures = faces = 0
    without, errors = [], []
    for record in records:
        pictures += 1
        faces += len(record.get("faces", ()))
        if "error" in record:
            errors.append(record["error"])
        elif not record["faces"]:
            without.append(record["image"])
    lines = [f"{faces:,} faces in {pictures:,} pictures, written to {out}."]
    if without:
        lines += [f"No face was found in {len(without):,}:", *(f"  {name}" for name in without)]
    if errors:
        lines += [f"{len(errors):,} could not be read:", *(f"  {error}" for error in errors)]
    return "\n".join(lines)


def _draw(sheet: Path, records: Iterator[Record], count: int, scheme: Scheme) -> None:
    """Draws up to 48 of the pictures with their points, spread over the whole list."""
    step = max(1, -(-count // DRAWN))
    columns = max(2, math.ceil(math.sqrt(count / step)))  # the fewer pictures, the larger
    side = WIDE // columns
    cells = []
    for index, record in enumerate(records):
        if index % step or "faces" not in record:
            continue
        picture, scale = read_scaled(record["image"], side, turn=False)
        for face in record["faces"]:
            picture = paint(picture, scaled(face["points"], scale), scheme=scheme)
        cell = np.full((side, side, 3), 255, np.uint8)
        cell[: picture.shape[0], : picture.shape[1]] = picture
        cells.append(cell)
    if not cells:
        return
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    with whole_file(sheet) as partial:
        Image.fromarray(np.vstack(rows)).save(partial, "jpeg", quality=90)


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Predicts the landmarks of many photographs."""
    parser = parser_of("predict", __doc__)
    parser.add_argument("sources", nargs="+", metavar="IN", help="pictures, or folders of them")
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="landmarks.csv, .xml (dlib), .json (COCO) or .pts (a folder)",
    )
    parser.add_argument("--checkpoint", default="research", help="weights, a name or a file")
    parser.add_argument("--sheet", metavar="FILE", help="a JPEG with some pictures, points drawn")
    args = parser.parse_args(arguments)
    landmarker = Landmarker.load(args.checkpoint)
    try:
        report = predict_many(args.sources, args.out, landmarker, args.checkpoint, args.sheet)
    except KeyboardInterrupt:
        raise SystemExit("Interrupted; the same command goes on where it was.") from None
    lines = report.split("\n")
    print(
        "\n".join(
            lines[:20] + ([f"... all of it in {args.out}.report.txt"] if len(lines) > 20 else [])
        )
    )


if __name__ == "__main__":
    main()
