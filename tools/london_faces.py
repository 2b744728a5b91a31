"""The London Set's neutral portraits as a data set that `--faces` takes, with 68 points each.

    python tools/london_faces.py LONDON FOLDER

LONDON is the folder of the unpacked set (see `tools/london_set.py`); FOLDER must not exist. Eight
persons, the last ones, are the test list.
"""

import argparse
from pathlib import Path

import numpy as np

from helpers.annotations import label_list, write_face
from helpers.boxes import box_around
from helpers.shell import one_sentence
from helpers.storage import whole_folder
from london_set import read_london

HELD = 8


@one_sentence()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("london", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.folder.exists():
        raise ValueError(f"{arguments.folder}: is there already.")
    pictures, _, _, landmarks = read_london(arguments.london)
    with whole_folder(arguments.folder) as folder:
        (folder / "neutral").mkdir(parents=True)
        faces = []
        for number, (picture, marks) in enumerate(zip(pictures, landmarks, strict=True), 1):
            box = np.rint(box_around(marks)).astype(int).tolist()
            name = f"neutral/person_{number:03d}"
            faces.append(write_face(folder, name, picture[..., ::-1], box, marks))
        for part, chosen in (("train", faces[:-HELD]), ("test", faces[-HELD:])):
            entries = [entry for face in chosen for entry in face]  # each and its mirrored twin
            text = label_list(f"London Set, {part}", "CC BY 4.0", entries)
            (folder / f"labels_london_{part}.xml").write_text(text, encoding="iso-8859-1")
    print(f"{arguments.folder}: {2 * len(faces)} faces, twins included.")


if __name__ == "__main__":
    main()
