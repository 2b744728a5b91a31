"""What is said of records: where they were measured, with what, and what came out, in sentences."""

from collections.abc import Iterable

from bench.tables import INSTEAD, STANDS, Record, Took, longest, spread, verdict

Results = dict[str, Record]  # all records of results.json, by name

DATA = "ibug_300W_large_face_landmark_dataset"  # whose figures the course shows
SUBSET = (
    "the AFW and part of the HELEN photographs of dlib's archive, scaled so that a face box is at "
    "most 224 pixels"
)
# NME, per cent of the inter-ocular distance, on the official 300-W sets (common, challenging and
# full), as the authors state it.
PUBLISHED: dict[str, tuple[float | None, float | None, float | None, str]] = {
    "ResNet18, direct regression": (3.73, None, 4.39, "Jin et al. 2021, arXiv 2003.03771"),
    "PIPNet, ResNet18": (2.91, None, 3.36, "Jin et al. 2021, arXiv 2003.03771"),
    "HRNet-W18": (2.91, 5.11, 3.34, "Sun et al. 2019, arXiv 1904.04514, README of its code"),
    "SPIGA": (2.59, 4.66, 2.99, "Prados-Torreblanca et al. 2022, arXiv 2210.07233"),
    "STAR": (2.52, None, 2.87, "Zhou et al. 2023, arXiv 2306.02763"),
    "D-ViT": (None, None, 2.85, "Dong et al. 2024, arXiv 2411.07167"),
}

# What data sets are called in a sentence; others by their folder.
CALLED = {"ytf68": "YouTube Faces", "lfpw": "LFPW"}


def title(faces: str, values: Record) -> str:
    """A data set's name and the size of its lists."""
    return f"{faces} ({values['training_faces']} training and {values['test_faces']} test faces)"


def machine(values: Record) -> str:
    """What a figure was measured with, in words."""
    gpu = f" and one {values['gpu']}" if values["gpu"] else ""
    return f"{values['machine']}{gpu}, torch {values['torch']}, {values['date']}"


def trained_on(values: Record, runs: Iterable[Record]) -> str:
    """With what the runs of a table were trained and measured, and when: a sentence.

    Such runs may be of several machines and days; those that do not say so are of the record's.
    """
    made = [run.get("made", values) for run in runs]
    dates = sorted({one["date"] for one in made})
    where = {machine(one).rpartition(", ")[0] for one in made}
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"Trained and measured on {'; '.join(sorted(where))}, {when}."


def named(results: Results, kind: str) -> list[tuple[str, Record]]:
    """The records of one kind, each with the name of its data set or weights."""
    start = f"{kind} "
    return [(k.removeprefix(start), v) for k, v in sorted(results.items()) if k.startswith(start)]


def command(name: str, values: Record) -> str:
    """What is typed to make a record again."""
    kind, _, faces = name.partition(" ")
    if kind == "run":
        return str(values["command"])
    if kind == "london":
        return "make bench FACES=PATH LONDON=PATH"
    if faces in ("", "demo") or kind == "weights":
        return "make bench"
    more = besides(values) or "more faces" in values.get("trials", {})
    return "make bench FACES=PATH" + (" MORE=PATH" if more else "")


def besides(values: Record) -> list[str]:
    """The data sets that a record had besides that of its name, where it says which."""
    return values.get("more") or list(values.get("lists", ()))[1:]


def besides_in_words(results: Results) -> str:
    """Which other data sets the records had, that say so: words for within a sentence."""
    parts: dict[str, list[str]] = {}
    for name, values in sorted(results.items()):
        if more := besides(values):
            parts.setdefault(f"`{' '.join(more)}`", []).append(f'"{name.split()[0]}"')
    told = [f"{more} for {' and '.join(kinds)}" for more, kinds in parts.items()]
    return "; ".join(told) or "none"


def times(results: Results, faces: str = DATA) -> Took:
    """What a face takes each contender, in milliseconds, all from one run."""
    rows = results.get(f"latency {faces}", {"contenders": {}})["contenders"]
    return {name: row["milliseconds"] for name, row in rows.items()}


def where_timed(results: Results, faces: str = DATA) -> str:
    """Where the contenders were timed."""
    where = machine(results[f"latency {faces}"])
    return f'what a face takes, all in one run (`make bench`, part "latency"), on {where}'


def where_measured(results: Results, faces: str, values: Record) -> str:
    """Where a board was measured, and where its contenders were timed: one sentence."""
    timed = f"; {where_timed(results, faces)}" if f"latency {faces}" in results else ""
    return f"Measured on {machine(values)}{timed}."


def learned(board: Record, shown: Iterable[str]) -> str:
    """What the contenders that a table shows learned from, but for the weights that ship."""
    if not board["more"]:
        return "What does not ship learned from the training list alone."
    more = " and ".join(CALLED.get(name, name) for name in dict.fromkeys(board["more"]))
    trees = [name for name in shown if name.endswith("more photographs")]
    told = ', as did the trees with "more photographs"' if trees else ""
    rest = [name for name in shown if not name.startswith(("heat maps", "`")) and name not in trees]
    *names, last = dict.fromkeys(name.split(",")[0] for name in rest)
    return (
        f"The heat maps from nothing learned from the training list and from {more}{told}; "
        f"{', '.join(names)} and {last} from that list alone."
    )


def seen_before(board: Record) -> str:
    """What the `research` face finder knows of a test list: one sentence.

    board: the scoreboard of the list, which counts the faces of photographs of their own.
    """
    faces = board["test_faces"]
    own = next(iter(board["contenders"].values()))["nme_disjoint"]
    shared = faces - own[0] if own else faces
    return (
        "The face finder of `research` learned from photographs of the training list, which also "
        f"show {shared} of the {faces} test faces."
    )


def search_in_words(tried: list[tuple[Record, float]], with_more: Record | None = None) -> str:
    """What was tried for the trees before one setting was chosen: some sentences.

    with_more: the setting of those that learned from more photographs, where there are some.
    """
    if not tried:
        return "The trees have the first setting; no other was tried."
    first = tried[0][0]
    told = []
    for settings, error in tried:
        new = {k: v for k, v in settings.items() if settings is first or v != first[k]}
        told.append(f"{', '.join(f'{key} {value}' for key, value in new.items())}: {error:.2f} %")
    other = ""
    if with_more and with_more != min(tried, key=lambda row: row[1])[0]:
        place = [settings for settings, _ in tried].index(with_more) + 1
        other = f" The trees with more photographs were trained before, with setting {place}."
    return (
        f"The trees' setting was chosen by its validation NME. Tried were {'; '.join(told)}. "
        "(After the first, only what differs from it is named.)"
    ) + other


def habits_in_words(values: Record, board: Record) -> str:
    """What the customary notebook's table says, and how far its network had come: some sentences.

    board: the scoreboard of the same lists, for the mean face.
    """
    runs = {name: [run["test"] for run in rows] for name, rows in longest(values).items()}
    stands, mean_face = runs.pop(STANDS), board["contenders"]["mean face"]["nme"][0]
    pairs = {INSTEAD[name]: (errors, stands) for name, errors in runs.items()}
    label, haar = ([run[key] for run in values["haar"]] for key in ("label", "haar"))
    pairs["the label file's boxes"] = label, haar
    said = {name: verdict(*pair).split(", ")[1] for name, pair in pairs.items()}
    told = f"As it stands its test error is {spread(stands)} %, the mean face's {mean_face:.2f} %. "
    if sum(stands) / len(stands) > 0.7 * mean_face:
        told += (
            "So this network had learned little. What a habit costs a network that has learned "
            "more is not known from this table. "
        )
    texts = {"better": "Better in every seed", "worse": "Worse in every seed"}
    texts["seeds differ"] = "Not decided by these seeds"
    for end, text in texts.items():
        names = [f"*{name}*" for name in said if said[name] == end]
        if names:
            told += f"{text}: {', '.join(names)}. "
    return told.strip()


def changes_in_words(values: Record) -> str:
    """How many of notebook 07's changes are better and worse, and which of them are undecided."""
    errors = {name: [run["test"] for run in runs] for name, runs in values["trials"].items()}
    said = {
        f"`{name}`": verdict(errors[name], errors[words["beside"]])
        for name, words in values["words"].items()
        if words["beside"]
    }
    other = values["added_to"]
    for way, found in values["ways"].items():
        said[f"{way} when `{other}` predicts"] = verdict(found, errors[other])
    better, worse, open_ = (
        [name for name, told in said.items() if told.endswith(end)]
        for end in ("better", "worse", "seeds differ")
    )
    told = f"Of all {len(said)} changes {len(better)} are better and {len(worse)} worse"
    told += f"; not decided: {', '.join(open_)}." if open_ else "."
    return f"{told} {left_out_in_words(values)}".strip()


def left_out_in_words(values: Record) -> str:
    """Which trials of notebook 07 are not in its table: a line, or nothing."""
    names = [f"{what} (`{name}`)" for name, what in values["left_out"].items()]
    return f"Not tried for so long yet: {'; '.join(names)}.\n" if names else ""


def maps_in_words(values: Record) -> str:
    """For which numbers of faces maps were better than 136 numbers, and for which not.

    A list, and what it says of notebook 07b's reasons, among which augmentation is one against
    maps: these trainings had it.
    """
    texts = {"better": "Maps were better with", "worse": "Maps were worse with"}
    texts["seeds differ"] = "The seeds differ with"
    said: dict[str, list[str]] = {end: [] for end in texts}
    counts = [f"{count:,}" for count in values["counts"]]
    numbers, maps = (
        [[run["test"] for run in runs] for runs in values[n]] for n in ("numbers", "maps")
    )
    for count, one, other in zip(counts, numbers, maps, strict=True):
        said[verdict(other, one).split(", ")[1]].append(count)
    told = "".join(
        f"- {texts[end]} {', '.join(found)} faces.\n" for end, found in said.items() if found
    )
    more = zip(counts, maps, counts[1:], numbers[1:], strict=False)
    saved = [
        f"{few} faces beat numbers from {many}"
        for few, one, many, other in more
        if verdict(one, other).endswith("better")
    ]
    if saved:
        told += f"- In every seed, maps from {'; maps from '.join(saved)}.\n"
    if len(said["better"]) == len(counts):
        told += (
            "\nAugmentation moved these faces, which is one of the four cases from above. Maps "
            "were better all the same. So the place is not all that a map saves. What else it is, "
            "this table does not say; network and loss differ, too.\n"
        )
    return told


def ends_in_words(board: Record, shipped: Record, took: Took) -> str:
    """The fastest and the most accurate of what ships, and how far the trees are behind: a list."""
    rows = shipped["contenders"]
    fastest = min(rows, key=lambda name: took[name])
    best = min(rows, key=lambda name: rows[name]["nme"][0])
    trees = board["contenders"]["regression trees (dlib)"]["nme"][0]
    return "".join(
        f"- The {text} way of `landmarks` that ships is {name}: {rows[name]['nme'][0]:.2f} %, "
        f"{100 * (1 - rows[name]['nme'][0] / trees):.0f} % less than the trees' {trees:.2f} %, in "
        f"{took[name]:.1f} ms a face, crop and way back included.\n"
        for text, name in (("fastest", fastest), ("most accurate", best))
    )


def goals_in_words(results: Results) -> list[list[str]]:
    """What was aimed at with weights and recipe, what stands, what was tried, what may come next.

    Rows of a table. What stands is of this list, on which a goal may be met that the official one
    would not grant, and the other way round.
    """
    board, shipped = results[f"scoreboard {DATA}"], results[f"shipped {DATA}"]
    rows, took = board["contenders"] | shipped["contenders"], times(results)
    trees = rows["regression trees (dlib)"]["nme"][0]
    ways = {
        "research": "`research`, two passes, mirrored",
        "free": "`free`, two passes, mirrored",
        "fast": "`fast`, two passes",
    }
    recipe = "heat maps, two passes, mirrored"
    shown = ways | {"recipe": recipe, "one pass": "`fast`, one pass"}
    errors = {name: rows[way]["nme"][0] for name, way in shown.items()}
    gained = {name: 1 - error / trees for name, error in errors.items()}
    below = {name: f"{100 * gain:.0f} %" for name, gain in gained.items()}
    quick = took["`fast`, one pass"]
    minutes = rows[recipe]["training_seconds"] / board["threads"] / 60
    turned = [
        f"on {title} {' and '.join(f'`{name}` {_turned(part, ways[name])}' for name in ways)}"
        for title, part in results.get(f"lists {DATA}", {"rows": {}})["rows"].items()
        if any("turned" in row for row in part["contenders"].values())
    ]
    return [
        [
            "`research` 33 % below the trees that learned from the same photographs",
            f"{below['research']} ({errors['research']:.2f} and {trees:.2f} %): "
            f"{_met(gained['research'] >= 0.33)}",
            "LFPW, YouTube Faces and generated people besides; 160 pixels; labels mixed with its "
            "own answers; means over more looks and with `fast`, which change next to nothing. "
            "Next, not tried yet: 192 pixels, blur and pasted occluders on photographs, a loss on "
            "the hard points",
        ],
        [
            "`fast` 20 % below the trees, 2 ms a face in one pass",
            f"{below['one pass']} in one pass: {_met(gained['one pass'] >= 0.2)} (two: "
            f"{below['fast']}); {quick:.2f} ms: {_met(quick <= 2)}",
            "Labels mixed half-way with `research`'s answers, then 8 bits. One seed",
        ],
        [
            "the recipe from nothing 20 % below the trees after 30 minutes on two cores",
            f"{below['recipe']} after {minutes:.0f} minutes: {_met(gained['recipe'] >= 0.2)}",
            "One seed; networks like it differ a little from seed to seed (notebook 7). Next: two "
            "more seeds, and the levers of the first row",
        ],
        [
            "on the official common set `research` 2.9, `fast` 3.3, `free` 4.5 %",
            f"not measured; on this list {errors['research']:.2f}, {errors['fast']:.2f} and "
            f"{errors['free']:.2f} %",
            "`free`: points and depth moved to where labels have them; what is left is largest at "
            "jaw and mouth. Next: where the jaw's points lie on a turned head, which changes "
            "every generated face",
        ],
        [
            "failures above 8 % on large poses: `research` 15, `free` 25 %",
            f"heads turned by 30 degrees and more: {'; '.join(turned) or 'not measured'}",
            "Portraits turned up to 75 degrees for `free`. Next: the same for `research`",
        ],
    ]


def _met(met: bool) -> str:
    """Whether a goal is."""
    return "met" if met else "not met"


def _turned(part: Record, way: str) -> str:
    """Failures of a contender among the turned heads of a list."""
    count, share, *_ = part["contenders"][way]["turned"]
    return f"{share:.0f} % of {count}"
