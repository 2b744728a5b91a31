"""Puts a filter on every face of a picture or a clip.

python -m helpers.filters IN OUT --filter NAME
python -m helpers.filters --list
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.annotations import UNREADABLE
from helpers.filters import Filter, filter_names, load_filter, wear
from helpers.landmarks import must_be_ibug
from helpers.pictures import read_photograph
from helpers.predict import Landmarker
from helpers.shell import one_sentence, parser_of
from helpers.storage import whole_file

VIDEO = "helpers.video"  # by its name, since it stands above this room
ANIMATED = ("GIF", "WEBP", "PNG")


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Does as the command line says (`arguments`, by default the shell's own)."""
    parser = parser_of("filters", __doc__)
    parser.add_argument("source", nargs="?", metavar="IN", help="a picture or a clip")
    parser.add_argument("target", nargs="?", metavar="OUT", help="the file to write")
    parser.add_argument("--filter", help="a name that --list shows, or the path of a .toml file")
    parser.add_argument("--weights", help="as for Landmarker.load; by default the best")
    parser.add_argument("--list", action="store_true", help="what there is to wear, and no more")
    args = parser.parse_args(arguments)
    if args.list:
        for name in filter_names():
            print(f"{name:<12} {load_filter(name).about}")
        return
    if not (args.source and args.target and args.filter):
        parser.error("IN, OUT and --filter are needed (or --list)")
    filter_ = load_filter(args.filter)
    source, target = Path(args.source), Path(args.target)
    if not source.is_file():
        raise ValueError(f"{source}: there is no such file.")
    if target.exists() and target.samefile(source):
        raise ValueError(f"{target}: is the file to read; name another one to write.")
    picture = _picture(source)
    if picture is None and not find_spec(VIDEO):
        raise ValueError(f"{source}: not a picture that can be read (a JPEG or PNG file can).")
    if picture is not None and target.suffix.lower() not in Image.registered_extensions():
        raise ValueError(f"{target}: must end as a picture does, such as .jpg or .png.")
    landmarker = Landmarker.load(args.weights)
    must_be_ibug(landmarker.scheme, "filters")
    if picture is None:
        _dress_clip(source, target, filter_, landmarker)
        return
    landmarks = landmarker.landmarks(picture)
    with whole_file(target) as partial:
        kind = Image.registered_extensions()[target.suffix.lower()]
        Image.fromarray(wear(picture, landmarks, filter_)).save(partial, kind, quality=92)
    print(f"{target}: {_counted(len(landmarks))}")


def _picture(path: Path) -> np.ndarray | None:
    """The picture of a file, upright and in its own size: RGB uint8 [H, W, 3]; None if it is none.

    One of several frames, such as an animated GIF, is a clip. A telephone's JPEG may hold further
    pictures (MPO), which are no frames.
    """
    try:
        with Image.open(path) as opened:
            if opened.format in ANIMATED and getattr(opened, "n_frames", 1) > 1:
                return None
    except UNREADABLE:
        pass  # `read_photograph` may know more kinds
    try:
        return read_photograph(path, None)
    except ValueError:
        return None


def _dress_clip(source: Path, target: Path, filter_: Filter, landmarker: Landmarker) -> None:
    """Writes a clip whose faces wear a filter; its sound stays."""
    report = import_module(VIDEO).filtered(
        source,
        target,
        lambda frame, faces: wear(frame, [face.landmarks for face in faces], filter_),
        landmarker,
    )
    print(f"{target}: {report.frames} frames, {_counted(report.faces)}, {report.fps:.0f} a second")


def _counted(faces: int) -> str:
    """So many faces, in words."""
    return {0: "no face seen", 1: "1 face"}.get(faces, f"{faces} faces")


if __name__ == "__main__":
    main()
