"""Records of results.json as tables in Markdown; neither a network nor a notebook is needed.

A record is what `python -m bench` measured under one name, as plain numbers. A figure with its
interval is [value, low, high]; in front of those of a part of the list, how many faces it has.
`took` is what a face takes each contender, in milliseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any

Record = dict[str, Any]
Took = dict[str, float]

NME = "NME, % of inter-ocular distance"
# Notebook 06's scoreboard: a contender, and what it learned from.
SIX = {
    "mean face": "the training list",
    "customary notebook": "the training list",
    "notebook 04, two passes": "the training list",
    "regression trees (dlib)": "the training list, with its validation part",
    "heat maps, two passes, mirrored": "the training list, "
    "[YouTube Faces](glossary.ipynb#YouTube-Faces) and [LFPW](glossary.ipynb#LFPW)",
    "`research`, two passes, mirrored": "the training list, YouTube Faces, LFPW "
    "and generated people",
}
STANDS = "as it stands"  # the customary notebook's row that those below it are held against
# Notebook 07's way from 136 numbers to maps, and what happens where a name is forgotten.
STEPS = ("start", "margin", "flip", "flip only", "L1", "heat maps")
# The README's rows: a contender, and what stands there for its name.
FIVE = {
    "mean face": "the mean face, which looks at no picture",
    "regression trees (dlib)": "regression trees (dlib)",
    "notebook 04, two passes": "notebook 04's network (two passes)",
    "heat maps, two passes, mirrored": "the recipe from nothing in half an hour "
    "(heat maps, two passes, mirrored)",
    "`research`, two passes, mirrored": "the best weights that ship "
    "(`research`, two passes, mirrored)",
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown from the texts of its cells."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    lines.insert(1, "|" + len(head) * "---|")
    return "\n".join(lines) + "\n"


def five_table(board: Record, shipped: Record, took: Took) -> str:
    """The README's table: five contenders, how far off, how often they fail, how long they take."""
    rows = board["contenders"] | shipped["contenders"]
    return markdown(
        ["contender", f"{NME} (95 % interval)", "failures above 8 %", "a face"],
        (
            [text, bold(rows[name]["nme"]), f"{rows[name]['failure_8'][0]:.1f} %", ms(took, name)]
            for name, text in FIVE.items()
        ),
    )


def six_table(board: Record, shipped: Record, took: Took) -> str:
    """Notebook 06's scoreboard: what each learned from, how far off it is, what a face takes."""
    rows = board["contenders"] | shipped["contenders"]
    head = ["contender", "learned from", "NME, % (95 % interval)", "failures, %", "a face"]
    return markdown(
        head,
        (
            [
                *(name, source, bold(rows[name]["nme"])),
                *(f"{rows[name]['failure_8'][0]:.1f}", ms(took, name)),
            ]
            for name, source in SIX.items()
        ),
    )


def errors_table(board: Record) -> str:
    """How far off each contender of the scoreboard is, and how often it fails."""
    head = ["contender", NME, "the same, photographs disjoint", "AUC at 8 %"]
    head += ["failures above 8 %, %", "above 10 %, %"]
    rows = []
    for name, row in board["contenders"].items():
        apart = row["nme_disjoint"]
        cells = [name, bold(row["nme"])]
        cells += [f"{apart[1]:.2f} {between(apart[1:])}, {apart[0]} faces" if apart else "-"]
        for figure in (row["auc_8"], row["failure_8"], row["failure_10"]):
            cells += [f"{figure[0]:.1f} {between(figure)}"]
        rows.append(cells)
    return markdown(head, rows)


def costs_table(board: Record, took: Took) -> str:
    """The scoreboard's errors in other units, and what each contender costs."""
    head = ["contender", "NME, % of inter-pupil distance", "of box size"]
    head += ["training, core minutes", "size", "a face"]
    rows = []
    for name, row in board["contenders"].items():
        cells = [name, f"{row['nme_inter-pupil'][0]:.2f}", f"{row['nme_box'][0]:.2f}"]
        cells += [minutes(row), f"{row['megabytes']:.0f} MB" if row["megabytes"] else "-"]
        rows.append([*cells, ms(took, name)])
    return markdown(head, rows)


def shipped_table(shipped: Record, took: Took) -> str:
    """What the weights in the repository do on real photographs, in all and by yaw."""
    turns = next(iter(shipped["contenders"].values()))["yaw"]
    head = ["weights", "NME", "failures above 8 %, %", "above 10 %, %"]
    head += [f"{turn} ({figure[0]})" for turn, figure in turns.items()]
    rows = []
    for way, row in shipped["contenders"].items():
        by_yaw = [f"{figure[1]:.2f}" for figure in row["yaw"].values()]
        cells = [way, bold(row["nme"]), *(f"{row[f'failure_{n}'][0]:.1f}" for n in (8, 10))]
        rows.append([*cells, *by_yaw, ms(took, way)])
    return markdown([*head, "a face"], rows)


def lists_table(values: Record) -> str:
    """The weights that ship on each test list, turned heads apart."""
    head = ["test list", "contender", NME, "failures above 8 %, %", "of turned heads"]
    rows = []
    for title, board in values["rows"].items():
        for name, row in board["contenders"].items():
            cells = [f"{title} ({board['faces']})", name, bold(row["nme"])]
            cells += [f"{row['failure_8'][0]:.1f} {between(row['failure_8'])}"]
            count, *turned = row.get("turned", [0, None])
            cells += [f"{turned[0]:.0f} % of {count}" if count else "-"]
            rows.append(cells)
    return markdown(head, rows)


def tones_table(london: Record) -> str:
    """NME of the weights in the repository by tone of skin."""
    tones = next(iter(london["weights"].values()))
    return markdown(
        ["weights", *tones],
        (
            [f"`{name}`", *(f"{figure[1]:.2f} {between(figure[1:])}" for figure in row.values())]
            for name, row in london["weights"].items()
        ),
    )


def customary_table(values: Record) -> str:
    """The customary notebook with its defects switched off, one a row.

    A row that begins with `STANDS` is the one that those below it are held against.
    """
    head = ["done instead", "validation NME as it would tell, %", "validation NME, untouched, %"]
    head += ["test NME, %", "change in test NME", "core minutes, quickest seed"]
    rows, beside = [], list[float]()
    for name, runs in values["rows"].items():
        tested = [run["test"] for run in runs]
        beside = tested if name.startswith(STANDS) else beside
        errors = [spread(run[key] for run in runs) for key in ("told", "validation", "test")]
        change = "-" if beside is tested else verdict(tested, beside)
        rows.append([name, *errors, change, quickest(runs)])
    return markdown(head, rows)


# What pages call the customary network's rows that do without a habit.
INSTEAD = {
    "full epochs": "every face once",
    "photographs kept whole": "photographs kept whole",
    "wider crop": "half as wide again",
}


def habits_table(values: Record, path: Record) -> str:
    """The customary notebook's habits, one a row: a figure with it, and with what is done instead.

    All but the last are NME in per cent: of the test faces, of those of them that the other
    detector finds, or of the validation faces where the habit is about these.
    """
    runs = longest(values)
    test = {name: [run["test"] for run in rows] for name, rows in runs.items()}
    told, untouched = ([run[key] for run in runs[STANDS]] for key in ("told", "validation"))
    label, haar = ([run[key] for run in values["haar"]] for key in ("label", "haar"))
    slow, fast = path["customary_per_second"], path["cached_per_second"]
    pairs = {
        habit: (INSTEAD[row], test[STANDS], test[row])
        for habit, row in {
            "epochs that miss faces": "full epochs",
            "mirrored twins on both sides of the split": "photographs kept whole",
            "crop of exactly the box": "wider crop",
        }.items()
    }
    found = f"used on another detector's boxes ({values['haar'][0]['found']} faces)"
    pairs[found] = ("the label file's boxes", haar, label)
    rows = [
        [habit, instead, spread(on), spread(off), verdict(off, on)]
        for habit, (instead, on, off) in pairs.items()
    ]
    ruler = [
        "validation faces jittered (their error)",
        "left as they are",
        spread(told),
        spread(untouched),
    ]
    rows.append([*ruler, "the same network, another figure"])
    speeds = (f"{speed:,} faces a second" for speed in (slow, fast))
    rows.append(["every face decoded again", "kept as a crop", *speeds, f"{fast / slow:.1f} times"])
    head = ["habit", "done instead", "as it stands", "with the change", "change"]
    return markdown(head, rows)


def longest(values: Record) -> dict[str, list[Record]]:
    """The runs of the longest trainings: "as it stands" and the name of each switch to its runs."""
    end = [name for name in values["rows"] if name.startswith(STANDS)][-1].removeprefix(STANDS)
    switches = (STANDS, "full epochs", "photographs kept whole", "wider crop")
    return {switch: values["rows"][switch + end] for switch in switches}


def steps_table(values: Record) -> str:
    """Notebook 07's six steps: the error without and with each, and what it costs in training."""
    head = ["change", "NME without it, %", "NME with it, %", "change in NME"]
    head += ["training, ms of a core for a face"]
    costs, rows = values["core_ms"], []
    for name in (step for step in STEPS if step in values["words"]):
        words = values["words"][name]
        here, before = values["trials"][name], values["trials"][words["beside"]]
        errors, others = ([run["test"] for run in runs] for runs in (here, before))
        change = f"`{name}`, against `{words['beside']}`: {words['what']}"
        cells = [change, spread(others), spread(errors)]
        rows.append([*cells, verdict(errors, others), f"{costs[words['beside']]} → {costs[name]}"])
    return markdown(head, rows)


def improve_table(values: Record) -> str:
    """What each change of notebook 07 is worth: the mean over the seeds, and the farthest seed."""
    head = ["change", "beside", "faces shown", NME, "change in NME"]
    head += ["from boxes that lie aside", "training, ms of a core for a face"]
    trials, costs, rows = values["trials"], values["core_ms"], []
    for name, runs in trials.items():
        words, errors = values["words"][name], [run["test"] for run in runs]
        other, gain = words["beside"], "-"
        if other:
            gain = verdict(errors, [run["test"] for run in trials[other]])
        cells = [f"`{name}`: {words['what']}", f"`{other}`" if other else "-"]
        cells += [f"{values['shown'][name]:,}", spread(errors), gain]
        rows.append([*cells, spread(run["aside"] for run in runs), f"{costs[name]}"])
    beside = values["added_to"]
    for way, errors in values["ways"].items():
        cells = [f"{way}, when it predicts", f"`{beside}`", "-", spread(errors)]
        once = [run["test"] for run in trials[beside]]
        rows.append([*cells, verdict(errors, once), "-", "-"])
    return markdown(head, rows)


def budget_table(values: Record) -> str:
    """NME of two trials of notebook 07 against the faces that each training was shown."""
    first, second = values["trials"]
    head = ["faces shown", f"`{first}`: {NME}", f"`{second}`", f"`{second}` instead of `{first}`"]
    rows = []
    for shown, *pair in zip(values["shown"], *values["trials"].values(), strict=True):
        here, there = ([run["test"] for run in runs] for runs in pair)
        rows.append([f"{shown:,}", spread(here), spread(there), verdict(there, here)])
    return markdown(head, rows)


def faces_table(values: Record) -> str:
    """NME against the number of training faces, for 136 numbers and for 68 maps."""
    head = ["training faces", f"136 numbers: {NME}", "68 maps", "maps instead of numbers"]
    rows = []
    for count, *pair in zip(values["counts"], values["numbers"], values["maps"], strict=True):
        numbers, maps = ([run["test"] for run in runs] for runs in pair)
        rows.append([f"{count:,}", spread(numbers), spread(maps), verdict(maps, numbers)])
    return markdown(head, rows)


def trust_table(values: Record) -> str:
    """Of all answers with so much trust, how many there were, and how many were right."""
    lows = values["edges"]
    rows = [
        [f"`{name}`", *(f"{right:.1f} % of {count}" for count, _, right in row)]
        for name, row in values["rows"].items()
    ]
    return markdown(["weights", *(f"trust from {low:.2f}" for low in lows)], rows)


def peers_table(values: Record, took: Took) -> str:
    """From a picture to landmarks: what the weights that ship and their peers take and find.

    took: what a face takes without the detector. Who is not in it has its own clock's time.
    """
    head = ["contender", "detector and landmarks, ms", "landmarks alone, ms", "faces found, %"]
    head += [NME, "the same without the jaw"]
    rows = []
    for name, row in values["rows"].items():
        trees = "regression trees (dlib)" if name.startswith("dlib") else name
        times = [f"{row['whole']:.1f}", f"{took.get(trees, row['alone']):.1f}"]
        errors = [f"{row[key]:.2f}" if key in row else "-" for key in ("nme", "nme_51")]
        rows.append([name, *times, f"{row['found']:.1f}", *errors])
    return markdown(head, rows)


def detector_times_table(values: Record) -> str:
    """What each detector takes for a picture, by the picture's size."""
    sizes = list(next(iter(values["times"].values())))
    rows = [
        [way, *(f"{took[size]:.1f}" for size in sizes)] for way, took in values["times"].items()
    ]
    return markdown(["detector", *(f"ms, {size}" for size in sizes)], rows)


def detector_table(values: Record) -> str:
    """What each detector finds on each test list."""
    head = ["test list", "detector", "faces found, %", "false boxes a picture"]
    head += ["NME from the label file's boxes", "from its own"]
    rows = []
    for name, board in values["lists"].items():
        for way, row in board["ways"].items():
            cells = [f"{name} ({board['faces']})", way, f"{row['recall']:.1f}"]
            cells += [f"{row['false']:.2f}"]
            cells += [f"{row[k]:.2f}" if k in row else "-" for k in ("nme_label", "nme_detected")]
            rows.append(cells)
    return markdown(head, rows)


def turned_table(values: Record) -> str:
    """What faces turned in the plane cost: the share found, and NME against upright ones."""
    head = [
        "turned clockwise by",
        "faces found, %",
        "the box",
        NME,
        "the same upright",
        "unsure, %",
    ]
    rows = []
    for angle, ways in values["landmarks"].items():
        for way, row in ways.items():
            cells = [f"{angle} degrees", f"{values['found'][angle]:.1f}", way]
            cells += [f"{row[key]:.2f}" for key in ("turned", "upright")]
            rows.append([*cells, f"{row['unsure']:.1f}"])
    return markdown(head, rows)


def between(figure: Sequence[float]) -> str:
    """The interval of a figure, in brackets."""
    digits = 2 if figure[0] < 10 else 1
    return f"({figure[1]:.{digits}f} to {figure[2]:.{digits}f})"


def bold(figure: Sequence[float]) -> str:
    """A figure in bold type, and its interval."""
    return f"**{figure[0]:.2f}** {between(figure)}"


def minutes(row: Record) -> str:
    """What a contender's training took, in minutes summed over all cores."""
    seconds = row.get("training_seconds")
    return f"{seconds / 60:.0f}" if seconds else "-"


def ms(took: Took, name: str) -> str:
    """What a face takes a contender, if it was timed."""
    if name not in took:
        return "-"
    return "< 0.1 ms" if took[name] < 0.05 else f"{took[name]:.1f} ms"


def quickest(runs: Iterable[Record]) -> str:
    """Core minutes of the quickest run: another program makes a training longer, never shorter."""
    return f"{min(run['seconds'] for run in runs) / 60:.1f}"


def spread(numbers: Iterable[float]) -> str:
    """The mean of runs with different seeds, and how far the farthest is from it."""
    numbers = list(numbers)
    mean = sum(numbers) / len(numbers)
    return f"{mean:.2f} ± {max(abs(number - mean) for number in numbers):.2f}"


def verdict(errors: Sequence[float], others: Sequence[float]) -> str:
    """The difference of the means, and whether every seed with a change beats every one without.

    Three seeds with and three without are parted like this by chance once in ten times, one way or
    the other; pairs of the same seed agree by chance once in four.
    """
    difference = sum(errors) / len(errors) - sum(others) / len(others)
    better, worse = max(errors) < min(others), min(errors) > max(others)
    change = f"{difference:+.2f}"
    change = "0.00" if float(change) == 0 else change
    return f"{change}, {'better' if better else 'worse' if worse else 'seeds differ'}"
