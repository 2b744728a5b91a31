"""README, docs and cards: the tables of the benchmark with the words around them, in Markdown."""

import itertools

from bench.tables import (
    FIVE,
    STANDS,
    Record,
    Took,
    budget_table,
    costs_table,
    customary_table,
    detector_table,
    detector_times_table,
    errors_table,
    faces_table,
    five_table,
    improve_table,
    lists_table,
    markdown,
    peers_table,
    shipped_table,
    spread,
    tones_table,
    trust_table,
    turned_table,
)
from bench.words import (
    DATA,
    PUBLISHED,
    SUBSET,
    Results,
    besides_in_words,
    command,
    ends_in_words,
    goals_in_words,
    learned,
    left_out_in_words,
    machine,
    named,
    search_in_words,
    seen_before,
    times,
    title,
    trained_on,
    where_measured,
)

# Records that are not named after the part of the benchmark that makes them.
PART_OF = {"weights": "shipped", "london": "shipped", "speed": "growth"}
LIST = f"""\
`{DATA}` is here
{SUBSET}
and a picture at most 800; `python tools/cut_subset.py SOURCE FOLDER` cuts the same faces, at the
same scale, out of [dlib's own](http://dlib.net/files/data/{DATA}.tar.gz).
It is split as dlib splits it, which is not the official 300-W split: its test list shares
photographs with its training list (another face of the same picture), and the column "photographs
disjoint" leaves those out.
So none of these figures may be set beside a published table of 300-W. Whoever has iBUG's own
archives gets those that may: `python -m bench.official FOLDER` measures the weights that ship on
the official test sets (common, challenging, full) and prints published figures beside them.
"""
READING = """\
NME is the mean distance between a predicted point and the true one, in per cent of the distance
between the outer eye corners of the same face, or of the length that the column names. AUC is the
area under the cumulative curve of the faces' NME up to 8 %, in per cent. A failure is a face whose
NME is above the limit. In brackets are 95 % bootstrap intervals that draw whole photographs. Core
minutes are summed over all cores; "ms of a core for a face" are those for each face that a training
is shown, validation included. "A face" is the median time of a prediction on the CPU, one face
at a time, crop and way back included; all contenders were timed in one run.
"""
SEEDS = (
    "The mean, ± how far off the farthest seed is. Better and worse are said where every seed "
    "with a change beats every seed without it, or the other way round."
)
AGAIN = """\
`PATH` stands for an archive or a folder: of `FACES`, the list above; of `MORE`, what the best
recipe learns from besides, several with spaces between, and twice what is to count twice (here
{besides}); of `LONDON`, the Face Research Lab London Set.
`make bench` makes all parts, and goes on where it was stopped; one part alone is
`FACES=PATH python -m bench --only PART`. Trainings whose figures stand in
[bench/trainings.json](../bench/trainings.json) are not done again. `RECORD=1` keeps what a run of
the notebooks scored.
"""


def readme(results: Results) -> str:
    """The README's five contenders, and one sentence on where they were measured."""
    board, latency = results[f"scoreboard {DATA}"], results[f"latency {DATA}"]
    table = five_table(board, results[f"shipped {DATA}"], times(results))
    return (
        f"{table}\nMeasured on {title(DATA, board)}, the times all in one run on "
        f"{machine(latency)}. {learned(board, FIVE)} What `research` learned from stands on its "
        "[card](helpers/assets/README.md). All other figures and machines, and why no figure here "
        "may be set beside a published one, are in [docs/results.md](docs/results.md).\n"
    )


def docs(results: Results) -> str:
    """The page of all figures: what the list is, each table, and how to measure it again."""
    parts = [
        "# Measured figures",
        "Made by `python -m bench.results` from [bench/results.json](../bench/results.json): "
        "what is changed here by hand is lost.",
        f"## What the list is\n\n{LIST}",
        f"## How to read the tables\n\n{READING}",
        "## The scoreboard",
        *(
            f"On {title(faces, board)}:\n\n{scoreboard(results, faces)}\n\n"
            f"{learned(board, board['contenders'])}"
            for faces, board in named(results, "scoreboard")
        ),
        f"## The weights that ship\n\n{cards(results)}\n{ends(results)}",
        *(f"## On all test lists\n\n{all_lists(values)}" for _, values in named(results, "lists")),
        f"## Goals, and how far they are\n\n{goals(results)}",
        f"## What each change is worth\n\n{changes(results)}",
        *(f"## Few faces and many\n\n{few_faces(values)}" for _, values in named(results, "faces")),
        f"## What the customary habits cost\n\n{customary(results)}",
        f"## Which detector finds a face\n\n{detectors(results)}",
        *(
            f"## Detector included, on {faces}\n\n{peers(values, times(results, faces))}"
            for faces, values in named(results, "latency")
            if "peers" in values
        ),
        *(
            f"## Turned faces, on {faces}\n\n{turned(values, results[f'scoreboard {faces}'])}"
            for faces, values in named(results, "turned")
        ),
        f"## How far trust can be trusted\n\n{believed(results[f'trust {DATA}'])}",
        f"## Published results: another list\n\n{published()}",
        f"## Other figures\n\n{others_table(results)}",
        "## Machines, versions, dates, and how to measure again\n\n"
        f"{AGAIN.format(besides=besides_in_words(results))}",
        machines_table(results),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def cards(results: Results) -> str:
    """What the weights in the repository do on real photographs, by yaw and by tone of skin."""
    parts = [
        f"NME in per cent of the inter-ocular distance on {faces}, {values['test_faces']} test "
        "faces, from the label file's boxes, with 95 % intervals; also by yaw (degrees, with the "
        f"number of faces). `{command(f'shipped {faces}', values)}`.\n\n"
        f"{shipped_table(values, times(results, faces))}\n{where_measured(results, faces, values)}"
        for faces, values in named(results, "shipped")
    ]
    if london := results.get("london"):
        parts.append(
            "NME by tone of skin (luminance of the cheeks) on the "
            f"{london['faces']} neutral portraits of the London Set, with 95 % intervals. Its "
            "points are another convention, brought to the 68, which is part of every figure. All "
            "three weights have learned from the skin of 94 of these people, as their portraits "
            "show it (`tools/real_skin.py`). "
            f"`{command('london', london)}`.\n\n{tones_table(london)}\n"
            f"Measured on {machine(london)}."
        )
    return "\n\n".join(parts) + "\n"


def ends(results: Results) -> str:
    """The fastest and the most accurate of what ships, beside the trees: a list."""
    board, shipped = results[f"scoreboard {DATA}"], results[f"shipped {DATA}"]
    return ends_in_words(board, shipped, times(results))


def all_lists(values: Record) -> str:
    """The weights that ship on every test list, turned heads apart."""
    return (
        "Each set of weights as `landmarks` predicts by default, from the label files' boxes, with "
        "95 % intervals that draw whole photographs. A head is turned where its yaw is 30 degrees "
        "or more.\n\n"
        f"{lists_table(values)}\nMeasured on {machine(values)}."
    )


def goals(results: Results) -> str:
    """What was aimed at, what stands, what was tried, and what would come next: a table."""
    head = ["goal", "what stands", "tried, and the next lever"]
    return (
        "Goals that were set for the weights that ship and for the recipe. Those on the official "
        "300-W common set can be checked by whoever has it (`python -m bench.official FOLDER`); "
        "its photographs are not among those measured here.\n\n"
        f"{markdown(head, goals_in_words(results))}"
    )


def changes(results: Results) -> str:
    """The trials of notebook 07, and how long a training has to be."""
    values, budget = results[f"improve {DATA}"], results[f"budget {DATA}"]
    trials = itertools.chain(*values["trials"].values())
    runs = itertools.chain(*itertools.chain(*budget["trials"].values()))
    return (
        "The trials of [notebook 7](../notebooks/07_improve.ipynb). Every network was shown about "
        f"{values['looks']:,} faces, as whole epochs allow, with seeds {values['seeds']}. {SEEDS}"
        f"\n\n{improve_table(values)}\n{left_out_in_words(values)}{trained_on(values, trials)} "
        f"Core milliseconds: {machine(values)}."
        "\n\nTwo of the trials, shown fewer faces and as many, each training with its whole "
        f"schedule:\n\n{budget_table(budget)}\n{trained_on(budget, runs)}"
    )


def few_faces(values: Record) -> str:
    """Numbers and maps that learned from a part of the training list, or from all of it."""
    runs = itertools.chain(*values["numbers"], *values["maps"])
    return (
        f"Every network was shown {values['shown']:,} crops of {values['size']} pixels, augmented "
        "anew each time; where faces are few, they came over and over. Half of the faces are "
        f"mirrored twins. Seeds {values['seeds']}. {SEEDS}"
        f"\n\n{faces_table(values)}\n{trained_on(values, runs)}"
    )


def customary(results: Results) -> str:
    """The customary notebook with its defects switched off, and its figures by another detector."""
    values, path = results[f"customary {DATA}"], results[f"input {DATA}"]
    label, haar = (spread(run[key] for run in values["haar"]) for key in ("label", "haar"))
    steps = values["rows"][STANDS][0]["steps"]  # to the end of an epoch
    found, runs = values["haar"][0]["found"], itertools.chain(*values["rows"].values())
    return (
        "The notebook that [notebook 6b](../notebooks/06b_customary.ipynb) takes apart, "
        f"{values['size']} pixels, {steps} steps, seeds {values['seeds']}. {SEEDS} "
        '"As it would tell" is the error on jittered validation faces, which is how that notebook '
        f"validates.\n\n{customary_table(values)}\nIts cascade finds {found} of the test faces: "
        f"on these the one as it stands has {haar} % from the cascade's boxes and {label} % from "
        f"the label file's. It decodes {path['customary_per_second']:,} faces a second, each anew "
        f"every time; {path['cached_per_second']:,} are read a second where they are kept as "
        f"crops.\n\n{trained_on(values, runs)}"
    )


def detectors(results: Results) -> str:
    """What finds a face, how often and how fast: two tables."""
    values, board = results[f"detector {DATA}"], results[f"scoreboard {DATA}"]
    return (
        "A face is found where a box overlaps the label file's by 0.3 (intersection over union); a "
        "box is false where it overlaps every labelled face of the picture by less. Not every "
        "false box is one: in the background stand people whom nobody labelled. NME, % of the "
        "inter-ocular distance, is that of the `research` weights on the faces "
        f"found.\n\n{detector_table(values)}\n{seen_before(board)}\n\n"
        "The time of one picture, in the same "
        f"run:\n\n{detector_times_table(values)}\nMeasured on {machine(values)}."
    )


def believed(values: Record) -> str:
    """How often the shipped weights were right where they said so: a table."""
    return (
        f"Of all answers with so much trust, how many have an NME below {values['limit']:g} %: on "
        f"test faces of {', '.join(values['lists'])}, from their boxes, from boxes beside them, in "
        "turned pictures, and from boxes without a "
        f"face.\n\n{trust_table(values)}\n"
        "Trust was fitted to validation faces of the same data sets: `research` has learned from "
        f"most of them, and `fast` from all but those of {values['lists'][0]}.\n\n"
        f"Measured on {machine(values)}."
    )


def published() -> str:
    """Figures that others published, on the official split, which is not ours."""
    rows = [[name, f"{full:.2f}", source] for name, (_, _, full, source) in PUBLISHED.items()]
    return (
        "On the official 300-W split (full test set, inter-ocular), as their authors state them. "
        "None was measured here, and none may be compared with a table above.\n\n"
        f"{markdown(['method', 'NME, %', 'source'], rows)}"
    )


def scoreboard(results: Results, faces: str = DATA) -> str:
    """The scoreboard of a data set in two tables, what was tried for the trees, and the machine."""
    board = results[f"scoreboard {faces}"]
    tried = search_in_words(board["trees"], board.get("trees_with_more"))
    return (
        f"{errors_table(board)}\nThe same errors in other units, and what each contender costs:\n\n"
        f"{costs_table(board, times(results, faces))}\n{tried}\n\n"
        f"{where_measured(results, faces, board)}"
    )


def peers(latency: Record, took: Took) -> str:
    """The weights that ship beside dlib and MediaPipe, from a picture to landmarks.

    took: as for `peers_table`.
    """
    values = latency["peers"]
    judged = all("nme" in row for row in values["rows"].values())
    unjudged = "" if judged else '; where "-" stands, the trees were grown for the clock alone'
    return (
        f"All were given the same {values['faces']} pictures of one face each, "
        f"{values['pixels']} pixels square, cut out of the test list's photographs around its "
        "boxes. Landmarks alone are those of the tables above, in the same run; MediaPipe takes no "
        "boxes, so it looks where it found the face before. NME is that of the landmarks from the "
        "contender's own detector, on the "
        f"{values['common']} faces that all with an NME found{unjudged}. "
        "MediaPipe's mesh has other points: those that stand for the 68 are Peizhi Yan's choice "
        "([mediapipe2dlib](https://github.com/PeizhiYan/Mediapipe_2_Dlib_Landmarks)), and its jaw "
        "follows the skull, not the outline that is seen; the last column leaves the jaw out. What "
        f"differs in convention is part of its figure.\n\n{peers_table(values, took)}\n"
        f"Measured on {machine(latency)}."
    )


def turned(values: Record, board: Record) -> str:
    """How many faces are found at each angle, and what landmarks of lying faces are worth.

    board: the scoreboard of the same lists.
    """
    found = values["found"].values()
    return (
        f"Each of {values['faces']} test faces was turned within its picture in steps of "
        f"{360 // len(values['found'])} degrees, without its mirrored twin. The face finder of "
        f"`{values['weights']}` found {min(found):.1f} to {max(found):.1f} % of them, the least at "
        f"{', '.join(a for a, n in values['found'].items() if n == min(found))} degrees. "
        f"Landmarks of the faces that lie or stand on their heads:\n\n{turned_table(values)}\n"
        "An answer is unsure where its trust is below 0.5; NME is that of the others. "
        f"{seen_before(board)}\n\n"
        f"Measured on {machine(values)}."
    )


def others_table(results: Results) -> str:
    """What else was measured: the runs of the notebooks, the input path, the weights' own test."""
    rows = []
    for faces, run in named(results, "run"):
        text = f"test NME **{run['test_nme']:.2f} %**, mean face {run['mean_face']:.2f} % "
        text += f"({run['faces']} faces)"
        if seconds := run.get("seconds"):
            text += f"; all of them in {seconds // 60} min {seconds % 60} s"
        rows.append([f"notebooks on {faces}", text, f"run {faces}"])
    for faces, path in named(results, "input"):
        text = f"{path['cached_per_second']} faces a second, {path['ratio']:.1f} times the "
        text += f"customary {path['customary_per_second']}; "
        text += f"{100 * path['share_of_step']:.1f} % of a training step"
        rows.append([f"input path at 224 px, on {faces}", text, f"input {faces}"])
    for faces, grown in named(results, "growth"):
        ends = zip(grown["faces"], grown["seconds"], grown["megabytes"], strict=True)
        text = "; ".join(f"{n:,} faces {s:.1f} s and at most {mb:.0f} MB" for n, s, mb in ends)
        rows.append([f"an epoch on ever more faces of {faces}", text, f"growth {faces}"])
    speed = results["speed"]["faces_per_second"]
    text = "; ".join(f"{way}: {count}" for way, count in speed.items())
    rows.append(["faces a second in training, heat maps at 128 px", text, "speed"])
    for weights, own in named(results, "weights"):
        text = f"test NME {own['test_nme']:.2f} % on {own['test_faces']} demo people; "
        text += f"{own['bytes'] / 1e6:.1f} MB"
        rows.append([f"shipped weights `{weights}`", text, f"weights {weights}"])
    return markdown(
        ["what", "figure", "printed by"],
        ([what, text, f"`{command(name, results[name])}`"] for what, text, name in rows),
    )


def machines_table(results: Results) -> str:
    """For each record of results.json: what makes it, and where, when and with what it was made."""
    versions = {"python": "Python", "torch": "torch", "opencv": "OpenCV"}
    versions |= {"onnxruntime": "ONNX Runtime", "dlib-bin": "dlib", "mediapipe": "MediaPipe"}
    rows = []
    for name, values in sorted(results.items()):
        kind = name.split()[0]
        part = "-" if kind == "run" else f"`{PART_OF.get(kind, kind)}`"
        gpu = f" and one {values['gpu']}" if values["gpu"] else ""
        used = [f"{text} {values[key]}" for key, text in versions.items() if key in values]
        cells = [name, f"`{command(name, values)}`", part, values["machine"] + gpu]
        rows.append([*cells, ", ".join(used), values["date"]])
    return markdown(["record", "made by", "part", "machine", "versions", "date"], rows)
