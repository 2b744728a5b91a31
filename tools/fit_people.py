"""Fits the statistical face model of the demo people to 142 portraits.

    python tools/fit_people.py --london PATH --canada PATH

PATH is the archive of the London Set, or of the Young Adult White Faces, or the folder unpacked
from it. Writes `helpers/assets/people.npz`.

Every portrait is warped to the mean shape's frame (640 x 640 pixels) and cut into skin, hair and
clothes. What is kept: principal components of shape and skin, and of the outlines of hair and
clothes as signed distances. No photograph, and no person's coefficients. In the order of the work:

    london_set       the portraits, and their 189 points brought to the 68
    fit.frame        their alignment, and the warp to the frame
    fit.regions      background, skin, hair and clothes told apart
    fit.looks        texture of the skin, colour of the hair, what a smile does
    fit.mesh         the mesh, and the depth of the mean face
    fit.components   principal components
    fit.model        the arrays of the model, from all of these
    fit.nearest      whether drawn people are unlike those of the set: if not, nothing is written
"""

import argparse
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np

from fit.model import Model, fit
from fit.nearest import nearest
from helpers.people import Person, cast, face_model
from helpers.people.face_model import ASSET
from helpers.shell import one_sentence
from helpers.storage import whole_file
from london_set import read_london, read_neutral, read_set


def people_of(model: Model) -> list[Person]:
    """The people of the default data set as they are drawn from a model, which is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ASSET.name
        np.savez_compressed(file, **model)
        face_model.face_model.cache_clear()
        with mock.patch.object(face_model, "ASSET", file):
            people = [person for part in cast() for person in part]
    face_model.face_model.cache_clear()
    return people


def save(model: Model) -> None:
    """Writes the model and prints what it weighs."""
    with one_sentence(), whole_file(ASSET) as partial:
        np.savez_compressed(partial, **model)
    for name, value in model.items():
        print(f"  {name:16s} {value.dtype} {value.shape} {len(zlib.compress(value.tobytes())):,}")
    print(f"{ASSET}: {ASSET.stat().st_size / 1e6:.2f} MB")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--london", "--canada"):
        parser.add_argument(name, type=Path, required=True, help="archive or folder of the set")
    args = parser.parse_args(arguments)
    with one_sentence():
        portraits = read_set(args.london, read_london), read_set(args.canada, read_neutral)
    model, spaces = fit(*portraits)
    people = people_of(model)
    drawn, among = nearest(spaces, people)
    if drawn.min() < among.min():
        raise SystemExit(
            "A person of the default set is too near to one of the portraits: other seed."
        )
    model["nearest"] = drawn
    model["nearest_among"] = np.array(among.min())
    model["nearest_of"] = np.array(sum(p.code.sum() for p in people))  # to know these people by
    save(model)


if __name__ == "__main__":
    main()
