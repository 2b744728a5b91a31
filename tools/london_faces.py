"""The London Set's neutral portraits as a data set that `--faces` takes, with 68 points each.

`python tools/london_faces.py LONDON FOLDER`: LONDON is the folder of the unpacked set
(`neutral/*.jpg` and `.tem`); FOLDER must not exist. Face Research Lab London Set, DeBruine and
Jones 2017, doi 10.6084/m9.figshare.5047666.v5, CC BY 4.0. Its 189 points are brought to the 68 as
`tools/fit_people.py` does it. Eight persons, the last ones, are the test list.
"""

import argparse
from pathlib import Path

import numpy as np

from fit_people import read_london
from helpers.detect import box_around
from helpers.dlib_layout import label_list, write_face
from helpers.unpack import whole_folder

HELD = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("london", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.folder.exists():
        raise SystemExit(f"{arguments.folder}: is there already.")
    pictures, _, _, landmarks = read_london(arguments.london)
    with whole_folder(arguments.folder) as folder:
        (folder / "neutral").mkdir(parents=True)
        entries = []
        for number, (picture, marks) in enumerate(zip(pictures, landmarks, strict=True), 1):
            box = np.rint(box_around(marks)).astype(int).tolist()
            name = f"neutral/person_{number:03d}"
            entries.append(write_face(folder, name, picture[..., ::-1], box, marks))
        for part, chosen in (("train", entries[:-HELD]), ("test", entries[-HELD:])):
            text = label_list(
                f"London Set, {part}", "CC BY 4.0", [e for two in chosen for e in two]
            )
            (folder / f"labels_london_{part}.xml").write_text(text, encoding="iso-8859-1")
    print(f"{arguments.folder}: {2 * len(entries)} faces, twins included.")


if __name__ == "__main__":
    main()
