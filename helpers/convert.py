"""Label files of one format as those of another.

python -m helpers.convert labels.xml labels.json            dlib's XML as COCO keypoints
python -m helpers.convert annotations.xml points --to pts   CVAT's XML as a folder of .pts files
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from helpers.annotations import with_boxes
from helpers.formats import FORMATS, Labels, read_labels, target_format, write_labels
from helpers.shell import one_sentence, parser_of
from helpers.storage import other_file


def convert(source: str | Path, target: str | Path, form: str | None = None) -> str:
    """What was read from one label file and written into another, as a sentence.

    source: a label file, or a folder of .pts or LabelMe files. target: a file or, for formats with
    a file a picture, a folder. form: a key of `helpers.formats.FORMATS`, by default as the ending
    of `target` says. Everything that both formats can hold is kept, to the last digit; pictures
    are neither read nor moved, so their names stay as they are. A format that needs boxes gets
    those around the points. Raises ValueError, one sentence that names a file, where one cannot be
    read or the other cannot hold it.
    """
    source, target = Path(source), Path(target)
    other_file(target, source)
    form = target_format(target, form)
    labels = read_labels(source)
    place = source if source.is_dir() else source.parent
    entries = [
        replace(entry, image=_below(entry.place, place, entry.image)) for entry in labels.entries
    ]
    if form == "dlib":
        entries = with_boxes(entries)
    write_labels(target, Labels(entries, labels.about), form)
    faces = sum(entry.is_face for entry in entries)
    images = len({entry.image for entry in entries})
    return f"{faces:,} faces on {images:,} pictures written to {target}"


def _below(folder: Path, place: Path, image: str) -> str:
    """The name of a picture of a file in a folder below the one that is converted."""
    inner = folder.relative_to(place) if folder.is_relative_to(place) else Path()
    return image if inner == Path() else (inner / image).as_posix()


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Converts a label file."""
    parser = parser_of("convert", __doc__)
    parser.add_argument("source", metavar="IN", help="a label file, or a folder of such")
    parser.add_argument("target", metavar="OUT", help="a file, or a folder (pts, labelme)")
    kinds = "; ".join(f"{name}: {what}" for name, what in FORMATS.items())
    parser.add_argument("--to", choices=list(FORMATS), help=f"{kinds}; else by OUT's ending")
    args = parser.parse_args(arguments)
    print(convert(args.source, args.target, args.to))


if __name__ == "__main__":
    main()
