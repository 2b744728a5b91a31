"""The weights that ship on the official 300-W test sets: `python -m bench.official FOLDER`.

FOLDER is what iBUG distributes: `helen/testset`, `lfpw/testset` and `ibug`, pictures with .pts
files beside them (its `afw` and the training parts are not looked at). Some of them suffice, and
they may lie one folder deeper. Prints NME, AUC and failure rate beside what papers state for the
same sets.
"""

import argparse
from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bench.tables import bold, markdown
from bench.words import PUBLISHED
from helpers.annotations import Face, photograph_of, read_image, read_points
from helpers.boxes import box_around, share_inside
from helpers.checkpoint import SHIPPED
from helpers.metrics import auc, bootstrap, failure_rate, inter_ocular, nme
from helpers.predict import INSIDE, Landmarker
from helpers.shell import one_sentence

# How many faces each part has; which parts make the sets that papers report.
COUNTS = {"helen/testset": 330, "lfpw/testset": 224, "ibug": 135}
SETS = {
    "common": ("helen/testset", "lfpw/testset"),
    "challenging": ("ibug",),
    "full": tuple(COUNTS),
}
PICTURES = {".jpg", ".jpeg", ".png"}
BOX = (
    "Each network is given the tight bounding box of the true points, as in the published tables, "
    "made the square that it was trained with (helpers.boxes.box_around)."
)
PARTIAL = (
    "A published figure is of the whole set: where a column's head says how many faces of how "
    "many, what was measured here may not be set beside it."
)

OWN = (
    "Weights of your own may have learned from these very photographs: dlib's training list holds "
    "many of the official test sets."
)

Row = dict[str, Any]


def find_parts(folder: str | Path) -> dict[str, list[Path]]:
    """The .pts files of each part of `COUNTS`, in the order of their names; [] where none are.

    A part is looked for in the folder and one folder deeper; its name may be in capitals. Mirrored
    twins and hidden files are no faces of it. Raises ValueError where no part is there.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file: unpack it, and name the folder" if folder.exists() else "no such folder"
        raise ValueError(f"{folder}: {what}.")
    found: dict[str, list[Path]] = {}
    for part in COUNTS:
        places = (place for start in (folder, *_folders(folder)) for place in _below(start, part))
        found[part] = next(filter(None, map(_points_files, places)), [])
    if not any(found.values()):
        parts = ", ".join(COUNTS)
        raise ValueError(
            f"{folder}: holds none of {parts} with .pts files, here or one deeper. "
            "Name the folder that these are in."
        )
    return found


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _below(folder: Path, part: str) -> list[Path]:
    """The folders that lie at a path such as "helen/testset" below a folder, in any case."""
    places = [folder]
    for name in part.split("/"):
        places = [path for at in places for path in _folders(at) if path.name.lower() == name]
    return places


def _points_files(folder: Path) -> list[Path]:
    """The .pts files of a folder, by name, without mirrored twins and hidden files."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".pts"
        and path.is_file()
        and not path.name.startswith(".")
        and not path.stem.endswith("_mirror")
    )


def read_face(file: Path) -> tuple[Face, np.ndarray]:
    """The face of a .pts file, its box that around its points; and the picture beside the file.

    The picture is RGB uint8 [H, W, 3]. Raises ValueError that names the file where one of the two
    is missing or cannot be read, or where the points can be of no face in that picture.
    """
    landmarks = read_points(file)
    beside = sorted(file.parent.glob(f"{escape(file.stem)}.*"))
    pictures = [path for path in beside if path.suffix.lower() in PICTURES]
    if not pictures:
        raise ValueError(f"{file}: has no .jpg or .png beside it.")
    image, box = read_image(pictures[0]), box_around(landmarks)
    if not inter_ocular(landmarks[None])[0]:
        raise ValueError(f"{file}: both outer eye corners are the same point.")
    if share_inside(box[None], image.shape)[0] < INSIDE:
        raise ValueError(f"{file}: its points lie off the picture.")
    photograph = photograph_of(f"{file.parent}/{file.stem}.jpg")
    return Face(pictures[0], tuple(box.tolist()), landmarks.astype(np.float32), photograph), image


def measure(
    landmarkers: dict[str, Landmarker], parts: dict[str, list[Path]]
) -> tuple[dict[str, dict[str, Row]], list[str]]:
    """What `figures` tells of each landmarker, by its name; and a sentence for each face left out.

    The landmarks are those that `landmarks` gives by itself: two passes, mirrored where the weights
    say so. parts: as `find_parts` gives them.
    """
    errors: dict[str, list[float]] = {name: [] for name in landmarkers}
    of_part, photographs, left_out = [], [], []
    for part, files in parts.items():
        for file in tqdm(files, part, leave=False):
            try:
                face, image = read_face(file)
            except ValueError as error:
                left_out.append(str(error))
                continue
            of_part.append(part)
            photographs.append(face.photograph)
            for name, landmarker in landmarkers.items():
                points = landmarker.landmarks(image, [face.box])
                errors[name].append(float(nme(points, face.landmarks[None])[0]))
    where, shown = np.array(of_part), np.array(photographs)
    rows = {name: figures(np.array(values), where, shown) for name, values in errors.items()}
    return rows, left_out


def figures(errors: np.ndarray, parts: np.ndarray, photographs: np.ndarray) -> dict[str, Row]:
    """What is told of the errors [n] of faces, for each set of which there are some.

    "faces", how many; "nme", with the ends of its 95 % interval, drawing whole photographs; AUC and
    failure rate at 8 and 10 %. All but the first in per cent. parts, photographs: of faces, [n].
    """
    rows: dict[str, Row] = {}
    for name, members in SETS.items():
        chosen = np.isin(parts, members)
        if chosen.any():
            values = errors[chosen]
            ends = bootstrap(values, groups=photographs[chosen])
            rows[name] = {"faces": len(values), "nme": [float(values.mean()), *ends]}
            for limit in (8, 10):
                rows[name][f"auc_{limit}"] = auc(values, limit)
                rows[name][f"failure_{limit}"] = failure_rate(values, limit)
    return rows


def report(measured: dict[str, dict[str, Row]]) -> str:
    """Two tables in Markdown: NME beside published figures, and what else is told of each set.

    measured: for each of the weights what `figures` tells.
    """
    some = next(iter(measured.values()))
    head = ["method", *(f"{name} ({share(name, some)})" for name in SETS), "source"]
    rows = []
    for weights, sets in measured.items():
        cells = (f"**{sets[name]['nme'][0]:.2f}**" if name in sets else "-" for name in SETS)
        rows.append([f"`{weights}`", *cells, "measured here"])
    for method, (*values, source) in PUBLISHED.items():
        rows.append([method, *(f"{v:.2f}" if v else "-" for v in values), source])
    note = "" if all(share(name, some).isdecimal() for name in SETS) else f"\n{PARTIAL}\n"
    return (
        f"NME, % of inter-ocular distance, on each set and its number of faces:\n\n"
        f"{markdown(head, rows)}{note}\nWhat was measured here, in full:\n\n{details(measured)}"
    )


def details(measured: dict[str, dict[str, Row]]) -> str:
    """NME with its interval, AUC and failure rates of each of the weights on each set."""
    head = ["weights", "set", "faces", "NME, % (95 % interval)", "AUC at 8 %", "AUC at 10 %"]
    head += ["failures above 8 %, %", "above 10 %, %"]
    keys = ("auc_8", "auc_10", "failure_8", "failure_10")
    rows = []
    for weights, sets in measured.items():
        for name, row in sets.items():
            cells = [f"`{weights}`", name, str(row["faces"]), bold(row["nme"])]
            rows.append([*cells, *(f"{row[key]:.1f}" for key in keys)])
    return markdown(head, rows)


def share(name: str, sets: dict[str, Row]) -> str:
    """How many faces of a set were measured, as text: "554", or "330 of 554"."""
    whole = sum(COUNTS[part] for part in SETS[name])
    here = sets[name]["faces"] if name in sets else 0
    return str(whole) if here == whole else f"{here} of {whole}"


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Says what is there, measures it, and prints the tables."""
    parser = argparse.ArgumentParser("python -m bench.official", description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="what iBUG distributes, unpacked")
    parser.add_argument(
        "--weights", nargs="+", default=list(SHIPPED), help="names or files, all that ship if none"
    )
    args = parser.parse_args(arguments)
    parts = find_parts(args.folder)
    for part, files in parts.items():
        what = "complete" if len(files) == COUNTS[part] else "not the whole list"
        said = f"{len(files)} of {COUNTS[part]} .pts files, {what}" if files else "missing"
        print(f"{part:>13}: {said}")
        if files:
            print(f"{'':>15}in {files[0].parent}")
    print(BOX, flush=True)
    if args.weights == list(SHIPPED):
        print("None of the weights that ship has learned from a photograph of these sets.")
    else:
        print(OWN)
    measured, left_out = measure({name: Landmarker.load(name) for name in args.weights}, parts)
    for sentence in left_out:
        print(f"Left out: {sentence}")
    if not any(measured.values()):
        raise ValueError(f"{args.folder}: not one of its faces can be read.")
    print(f"\n{report(measured)}", end="")


if __name__ == "__main__":
    main()
