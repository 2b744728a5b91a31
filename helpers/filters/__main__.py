"""Puts a filter on every face of a picture or a clip.

python -m helpers.filters IN OUT --filter NAME
python -m helpers.filters --list
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.annotations import UNREADABLE
from helpers.filters import Filter, filter_names, load_filter, wear
from helpers.landmarks import must_be_ibug
from helpers.pictures import read_photograph
from helpers.predict import Landmarker
from helpers.shell import one_sentence, parser_of
from helpers.storage import other_file, whole_file
from helpers.video import ENDINGS, filtered

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
    other_file(target, source)
    kind = Image.registered_extensions().get(target.suffix.lower())
    is_picture = kind in Image.SAVE  # Pillow reads more kinds than it writes
    try:
        picture = _picture(source)
    except ValueError as error:
        if is_picture and target.suffix.lower() not in ENDINGS:
            clips = f"a clip's OUT ends in {', '.join(ENDINGS)}"
            raise ValueError(f"{str(error).rstrip('.')}; {clips}.") from error
        picture = None
    if picture is not None and not is_picture:
        raise ValueError(f"{target}: must end as a picture does, such as .jpg or .png.")
    landmarker = Landmarker.load(args.weights)
    must_be_ibug(landmarker.scheme, "filters")
    if picture is None:
        _dress_clip(source, target, filter_, landmarker)
        return
    landmarks = landmarker.landmarks(picture)
    with whole_file(target) as partial:
        Image.fromarray(wear(picture, landmarks, filter_)).save(partial, kind, quality=92)
    print(f"{target}: {_counted(len(landmarks))}")


def _picture(path: Path) -> np.ndarray | None:
    """The picture of a file, upright and in its own size: RGB uint8 [H, W, 3]; None for a clip.

    One of several frames, such as an animated GIF, is a clip. A telephone's JPEG may hold further
    pictures (MPO), which are no frames. Raises ValueError where it cannot be read as a picture.
    """
    try:
        with Image.open(path) as opened:
            if opened.format in ANIMATED and getattr(opened, "n_frames", 1) > 1:
                return None
    except UNREADABLE:
        pass  # `read_photograph` may know more kinds
    return read_photograph(path, None)


def _dress_clip(source: Path, target: Path, filter_: Filter, landmarker: Landmarker) -> None:
    """Writes a clip whose faces wear a filter; its sound stays."""
    report = filtered(
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
