"""Makes a data set of people who do not exist; each face also has a mirrored twin.

python -m helpers.people FOLDER
"""

from pathlib import Path

from helpers.people.collect import make_people
from helpers.shell import natural, one_sentence, parser_of, positive
from helpers.storage import whole_folder


@one_sentence()
def main(arguments: list[str] | None = None) -> None:
    """Makes a data set as the command line says (`arguments`, by default the shell's own)."""
    options = parser_of("people", __doc__)
    options.add_argument("folder", type=Path, help="where it goes; must not exist")
    options.add_argument("--train", type=positive, default=512, help="faces to learn from")
    options.add_argument("--test", type=positive, default=128, help="faces to test on")
    options.add_argument("--seed", type=natural, default=0)
    options.add_argument("--spread", type=float, default=1.0, help="above 1, all is less usual")
    args = options.parse_args(arguments)
    if args.folder.exists():
        raise ValueError(f"{args.folder}: is there already; name a new folder.")
    with whole_folder(args.folder) as unfinished:
        make_people(unfinished, args.train, args.test, args.seed, spread=args.spread)


if __name__ == "__main__":
    main()
