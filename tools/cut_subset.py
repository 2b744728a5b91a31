"""Cuts the subset of dlib's archive that the README's figures on real photographs are from.

    python tools/cut_subset.py SOURCE FOLDER

SOURCE: dlib's own archive (`ibug_300W_large_face_landmark_dataset.tar.gz`, 1.7 GB), its unpacked
folder, or "ibug", which downloads it. FOLDER: where to write; it must not exist yet. The result
goes where an archive goes: `make run FACES=FOLDER`. Research only, as dlib's archive is.

Which faces: those named in tools/subset.txt, on the list, train or test, where dlib has them. They
are all 337 of AFW and 870 of HELEN's 2,000 training faces: in the order of their names (as text),
the first ones, up to 2302927584_1. Each comes with its mirrored twin.

How large: a picture is scaled by min(1, 224 / the longer side of the face's box, 800 / its own
longer side), to whole pixels each way; small ones stay as they are. Landmarks come from the .pts
file, which has decimals where dlib's label file has none; they are scaled about pixel edges, so
that a landmark stays on what it marked, and rounded to whole pixels. A twin is the mirror image of
the small picture and of its landmarks. A box is scaled and rounded side by side, a twin's own too.

All this was found by measurement, on the subset's labels and on five pictures of it whose
full-size .pts files are public: there the rule gives the size and all 680 coordinates as they are.
What cannot be the same to the bit: how pixels were averaged is not known (here: Pillow's Lanczos
filter), nor is the writer of the JPEG files (quality 85, colour halved), and a box may differ by a
pixel. Figures will therefore differ a little.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from helpers.annotations import (
    Face,
    image_entry,
    label_list,
    points_file,
    read_faces,
    read_image,
    read_points,
)
from helpers.crop import scaled
from helpers.landmarks import mirrored
from helpers.shell import one_sentence
from helpers.sources import get_dataset, label_file
from helpers.storage import whole_folder

NAMES = Path(__file__).with_name("subset.txt")
COUNTS = {"train": 2072, "test": 342}  # entries of the subset's two lists
LONGEST_BOX, LONGEST_PICTURE, QUALITY = 224, 800, 85
COMMENT = (
    "AFW and HELEN part of the data at http://ibug.doc.ic.ac.uk/resources/300-W/, scaled. "
    "Research use only."
)


def small_size(size: tuple[int, int], box: Sequence[float]) -> tuple[int, int]:
    """What a picture's size (width, height) becomes; box: (left, top, width, height), pixels."""
    scale = min(1, LONGEST_BOX / max(box[2:]), LONGEST_PICTURE / max(size))
    return round(scale * size[0]), round(scale * size[1])


def cut_face(face: Face, twin: Face, path: Path, name: str) -> list[str]:
    """Writes a face's scaled picture, its twin and .pts file; returns their two entries.

    face, twin: `Face`s of the full archive. path, name: of the picture without its suffix, where
    it is written and in the label file.
    """
    picture = Image.fromarray(read_image(face.image))
    points = read_points(face.image.with_suffix(".pts"))
    if abs(points - face.landmarks).max() > 2:  # the label file's are rounded
        raise ValueError(f"{face.image}: its .pts file has other points than the label file.")
    width, height = small_size(picture.size, face.box)
    zoom = np.array([width, height]) / picture.size
    points = np.rint(scaled(points, zoom))
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)  # a copy if it fits
    flipped = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    path.parent.mkdir(parents=True, exist_ok=True)
    Path(f"{path}.pts").write_text(points_file(points), "ascii")
    entries = []
    for end, image, marks, sides in (
        (".jpg", picture, points, face.box),
        ("_mirror.jpg", flipped, mirrored(points, width), twin.box),
    ):
        image.save(f"{path}{end}", quality=QUALITY)
        box = np.rint(sides * np.tile(zoom, 2)).astype(int)
        entry = image_entry(f"{name}{end}", (height, width), box, marks)
        entries.append(entry.replace(".00'", "'"))  # whole pixels, as dlib writes them
    return entries


def cut(source: str, folder: str | Path, names: Sequence[str], counts: dict[str, int]) -> None:
    """Writes the subset of a data set, whole or not at all.

    source: as for `get_dataset`. folder: new. names: of the faces, without suffix, as "afw/1_1".
    counts: how many entries {"train": n, "test": n} must come of it. Raises ValueError or OSError
    in one sentence.
    """
    folder = Path(folder)
    if folder.exists():
        raise ValueError(f"{folder}: is there already; name a new folder.")
    root = get_dataset(source)
    labels = {part: label_file(root, part) for part in counts}
    found = {part: _by_name(root, file) for part, file in labels.items()}
    lacking = sorted(set(names).difference(*found.values()))
    if lacking:
        raise ValueError(f"{root}: lacks {len(lacking):,} faces of the subset, as {lacking[0]}.")
    with whole_folder(folder) as unfinished:
        for part, faces in found.items():
            entries = []
            for name in tqdm(sorted(faces.keys() & set(names)), part):  # sorted as text
                if f"{name}_mirror" not in faces:
                    raise ValueError(f"{labels[part]}: {name} has no mirrored twin.")
                entries += cut_face(faces[name], faces[f"{name}_mirror"], unfinished / name, name)
            text = label_list(f"iBUG 300-W, AFW and HELEN part, {part}", COMMENT, entries)
            file = unfinished / labels[part].name
            file.write_text(text, encoding="iso-8859-1")
            count = len(read_faces(file))
            if count != counts[part]:
                told = f"{count:,} entries of the subset, not {counts[part]:,}"
                raise ValueError(f"{labels[part]}: has {told}.")


def _by_name(root: Path, labels: Path) -> dict[str, Face]:
    """The faces of a label file by their pictures' names, without suffix, as "afw/1_1_mirror"."""
    faces = read_faces(labels)
    return {face.image.relative_to(root).with_suffix("").as_posix(): face for face in faces}


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Cuts the subset from a shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", metavar="SOURCE", help="dlib's archive, its folder, or ibug")
    parser.add_argument("folder", metavar="FOLDER", help="where to write; new")
    args = parser.parse_args(arguments)
    cut(args.source, args.folder, NAMES.read_text("ascii").split(), COUNTS)
    for part, count in COUNTS.items():
        print(f"{part}: {count:,} entries")


if __name__ == "__main__":
    main()
