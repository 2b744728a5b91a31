"""All figures of the course, on the data that FACES names: `make bench FACES=PATH`.

What is trained is kept under build/bench, so that a run that was stopped goes on where it was, also
inside a training. The figures go to bench/results.json, or, with --quick, to
build/bench-quick.json. Parts `improve`, `budget`, `faces` and `customary` train for hours on two
cores. What each training came to goes to bench/trainings.json, too, and is not done again while it
stands there. In the background, with a log:

    TQDM_DISABLE=1 FACES=PATH nohup python -m bench --only improve budget >> build/bench.log 2>&1 &
"""

import argparse
import itertools
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench import (
    RESULTS,
    TRAININGS,
    customary,
    detector,
    faces,
    growth,
    improve,
    input_path,
    latency,
    lists,
    london,
    overfitting,
    scoreboard,
    speed,
    trees,
    trust,
    turned,
    video,
)
from bench.cascades import HAS_CASCADES, NO_CASCADES
from bench.contenders import Contender, course, mean_face, recipe, ways
from bench.kept import Trainings
from bench.record import record, set_name
from bench.tables import (
    STANDS,
    budget_table,
    costs_table,
    customary_table,
    errors_table,
    faces_table,
    improve_table,
    lists_table,
    peers_table,
)
from helpers.annotations import Face, read_faces
from helpers.checkpoint import SHIPPED
from helpers.dataset import load_faces
from helpers.predict import Landmarker
from helpers.shell import one_sentence
from helpers.sources import get_dataset, label_file
from helpers.storage import short_hash
from helpers.train import TRIALS

ROOT = Path(__file__).parent.parent
COLUMNS = ("seed", "told", "validation", "test", "seconds", "bf16", "steps", "curve", "made")
LOOKS = 340_000  # faces shown to the recipe from nothing, each as often as its data set is named
LENGTHS = (1, 3)  # how many times the steps of its authors, in notebook 06b's table
# Rows of notebook 06b's table: what is switched off.
ROWS: dict[str, dict[str, bool]] = {
    STANDS: {},
    "full epochs": {"partial_epochs": False},
    "photographs kept whole": {"leaking_twins": False},
    "wider crop": {"raw_box": False},
}


@dataclass
class Run:
    """What is measured on: a data set's title and lists; where to keep and record; how short."""

    title: str
    train: list[Face]
    test: list[Face]
    build: Path
    file: Path
    quick: bool
    name: str  # of the data set, as `get_dataset` takes it
    more: list[str]  # names of others to learn from
    trials: list[str] | None = None  # of notebook 07; without, all
    longest: int = LENGTHS[-1]  # of notebook 06b's trainings, in times its authors' steps

    @property
    def kept(self) -> Trainings:
        """The trainings of notebooks 06b, 07 and 07b, told apart by the lists of the data set."""
        file = self.file.with_name("bench-quick-trainings.json") if self.quick else TRAININGS
        faces = [*self.train, *self.test]
        labels = [(f.image.name, [*map(float, f.box)], f.landmarks.tolist()) for f in faces]
        return Trainings(self.build, file, f"{self.title}-{short_hash(len(self.test), *labels)}")

    @property
    def learn_from(self) -> list[str]:
        """What the recipe from nothing is shown: the data set itself counts twice beside others."""
        return [self.name] * (2 if self.more else 1) + self.more

    @property
    def others(self) -> list[Face]:
        """The training faces of the other data sets, each once."""
        return [face for name in dict.fromkeys(self.more) for face in load_faces("train", name)]

    @property
    def data_sets(self) -> list[str]:
        """The names of all data sets, each once."""
        return list(dict.fromkeys([self.name, *self.more]))

    @property
    def entries(self) -> int:
        """How many faces that is in all."""
        return sum(len(load_faces("train", name)) for name in self.learn_from)

    @property
    def customary(self) -> dict[str, int]:
        """Settings of the customary network: its authors' steps, unless in a hurry."""
        size, steps = (64, 20) if self.quick else (112, customary.STEPS)
        return {"size": size, "steps": steps}

    def record(self, name: str, values: dict[str, Any]) -> None:
        """Keeps what was measured on the data set."""
        record(f"{name} {self.title}", values, self.file)

    def board(self, contenders: list[Contender]) -> dict[str, Any]:
        """All figures of each contender on the test list, and its size.

        How long a face takes it is not among them: `measure_latency` times all in one run.
        """
        rows = {}
        for contender in contenders:
            predicted, _ = contender.on(self.test)
            megabytes = contender.megabytes()
            rows[contender.name] = scoreboard.figures(predicted, self.test, self.train) | {
                "megabytes": megabytes and round(megabytes, 1)
            }
        return rows


def measure_input(run: Run) -> None:
    """How fast faces reach the network."""
    run.record("input", input_path.measure(run.title, run.train))


def measure_scoreboard(run: Run) -> None:
    """Every contender on the same test list."""
    old, size = customary.Defects(), run.customary["size"]
    _, path = customary.trained(run.train, run.test, old, run.build, 0, **run.customary)
    epochs = max(
        2 if run.quick else 5, round((3_000 if run.quick else 42_000) / (0.9 * len(run.train)))
    )
    network = course(run.train, run.build, epochs, size)
    heat_maps = recipe(run.learn_from, run.entries, run.build, 3_000 if run.quick else LOOKS)
    peer, search = trees.best(run.train, run.build, trees.SEARCH[: 1 if run.quick else None])
    peers, best = [peer], trees.chosen(search or [(trees.FIRST, 0)])
    if run.more:  # what a network learned from is given to its peer as well
        peers.append(trees.with_more(run.train, run.others, run.build, best))
    contenders = [mean_face(run.train), customary.contender(path), *peers, *network, *heat_maps]
    board = run.board(contenders)
    for one in contenders:
        board[one.name]["training_seconds"] = one.seconds and round(one.seconds)
    values = {
        "contenders": board,
        "training_faces": len(run.train),
        "test_faces": len(run.test),
        "seed": 0,
        "epochs": epochs,
        "thresholds": scoreboard.THRESHOLDS.tolist(),
        "trees": [[options, round(value, 2)] for options, value in search],
        "trees_with_more": best if run.more else None,
        "more": [set_name(name) for name in run.more],
        "threads": torch.get_num_threads(),
    }
    run.record("scoreboard", values)
    print(errors_table(values), costs_table(values, {}), sep="\n", flush=True)


def measure_shipped(run: Run) -> None:
    """The weights in the repository, on the demo people and on this test list."""
    if source := os.environ.get("LONDON"):  # first, so that a wrong path is told at once
        with one_sentence():
            portraits = london.measure(Path(source))
        record("london", portraits, run.file)
    contenders = []
    for name, path in SHIPPED.items():
        record(f"weights {name}", scoreboard.shipped(name), run.file)
        contenders += ways(Landmarker.load(name), f"`{name}`", path)
    run.record("shipped", {"contenders": run.board(contenders), "test_faces": len(run.test)})


def measure_lists(run: Run) -> None:
    """The weights in the repository on every data set's test list, turned heads apart."""
    values = lists.measure(run.data_sets, lists.by_default())
    run.record("lists", values)
    print(lists_table(values))


def measure_latency(run: Run) -> None:
    """How long every contender takes for a face, in one run."""
    recorded = json.loads(run.file.read_text("utf-8")) if run.file.exists() else {}
    search = recorded.get(f"scoreboard {run.title}", {}).get("trees") or [[trees.FIRST, 0]]
    best = trees.chosen(search)
    kept = trees.file_of(run.build, best)
    values = latency.measure(run.train, run.test, best, kept)
    run.record("latency", values)
    took = {name: row["milliseconds"] for name, row in values["contenders"].items()}
    print(peers_table(values["peers"], took))


def measure_customary(run: Run) -> None:
    """What each defect of the customary notebook costs, after its authors' steps and later.

    Of its lengths those up to the one that was asked for, and a longer one whose trainings were all
    done before.
    """
    seeds, kept = (0,) if run.quick else (0, 1, 2), run.kept
    table: dict[str, Any] = {"rows": {}, "haar": [], "seeds": list(seeds), **run.customary}
    defects_of = {row: customary.Defects(**off) for row, off in ROWS.items()}
    settings_of = {n: run.customary | {"steps": n * table["steps"]} for n in LENGTHS}

    def done(row: str, longer: int) -> bool:
        titles = (customary.title(defects_of[row], s, **settings_of[longer]) for s in seeds)
        return all(map(kept.has, titles))

    lengths = [n for n in LENGTHS if n <= run.longest or all(done(row, n) for row in ROWS)]
    if not HAS_CASCADES and not all(done(STANDS, n) for n in lengths):  # before they are trained
        sys.exit(f"customary: {NO_CASCADES}")
    for longer, (row, defects) in itertools.product(lengths, defects_of.items()):
        settings = settings_of[longer]
        found = [
            customary.measured(run.train, run.test, defects, kept, seed, **settings)
            for seed in seeds
        ]
        name = row if longer == 1 else f"{row}, {longer} times the steps"
        table["rows"][name] = [{key: figures[key] for key in COLUMNS} for figures in found]
        if row == STANDS:  # the boxes that it is used on, beside those of the label file
            table["haar"] = [figures["haar"] for figures in found]
    run.record("customary", table)
    print(customary_table(table))


def measure_improve(run: Run) -> None:
    """What each change on the way to the best recipe is worth."""
    seeds, looks = ((0,), 1_000) if run.quick else ((0, 1, 2), improve.LOOKS)
    values = improve.measure(run.train, run.test, run.kept, seeds, looks, run.others, run.trials)
    more = [] if "more faces" in values.get("left_out", ()) else run.data_sets[1:]
    values["more"] = [set_name(name) for name in more]
    run.record("improve", values)
    print(improve_table(values))


def measure_budget(run: Run) -> None:
    """How long a training of notebook 07 has to be."""
    seeds, tried = ((0,), (500, 1_000)) if run.quick else ((0, 1, 2), improve.BUDGETS)
    values = improve.budgets(run.train, run.test, run.kept, seeds, tried)
    run.record("budget", values)
    print(budget_table(values))


def measure_faces(run: Run) -> None:
    """What numbers and maps learn from few faces, and from many."""
    if run.quick:
        values = faces.measure(run.train, run.test, run.kept, (0,), 1_000, (64,))
    else:
        values = faces.measure(run.train, run.test, run.kept, (0, 1, 2))
    run.record("faces", values)
    print(faces_table(values))


def measure_overfitting(run: Run) -> None:
    """How a long training on the demo people goes, with faces varied and as they are."""
    short = {"width": 16, "size": 64} if run.quick else {}
    record("overfitting", overfitting.measure(run.build, **short), run.file)


def measure_growth(run: Run) -> None:
    """Time and memory of a training against the number of faces, and what its step takes."""
    record("speed", speed.measure(3 if run.quick else speed.STEPS), run.file)
    run.record("growth", growth.measure((200, 600, 2_000) if run.quick else growth.COUNTS))


def measure_detector(run: Run) -> None:
    """How many faces are found, on this test list and on those of the other data sets."""
    count = 40 if run.quick else None
    run.record("detector", detector.measure(run.data_sets, count=count))


def measure_trust(run: Run) -> None:
    """How far the shipped weights' own word for their landmarks can be believed."""
    most = 10 if run.quick else trust.MOST
    run.record("trust", trust.measure(run.data_sets, most))


def measure_turned(run: Run) -> None:
    """How many faces are found however they are turned, and what their landmarks are worth."""
    run.record("turned", turned.measure(run.test[: 20 if run.quick else None]))


def measure_video(run: Run) -> None:
    """How many frames a second of a clip with one face, and of the live widget."""
    values = video.measure(count=30 if run.quick else video.FRAMES)
    recorded = json.loads(run.file.read_text("utf-8")) if run.file.exists() else {}
    live = video.measure_live(seconds=5 if run.quick else 20)
    if live := live or recorded.get("video", {}).get("live"):  # without a browser, those of before
        values["live"] = live
    record("video", values, run.file)
    print(*video.lines(values), sep="\n", flush=True)


PARTS = {
    "input": measure_input,
    "scoreboard": measure_scoreboard,
    "shipped": measure_shipped,
    "lists": measure_lists,
    "latency": measure_latency,
    "improve": measure_improve,
    "budget": measure_budget,
    "faces": measure_faces,
    "overfitting": measure_overfitting,
    "growth": measure_growth,
    "detector": measure_detector,
    "trust": measure_trust,
    "turned": measure_turned,
    "video": measure_video,
    "customary": measure_customary,  # last, since not every OpenCV has what it needs
}


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short form, about 20 minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts alone")
    parser.add_argument(
        "--trials",
        nargs="+",
        choices=TRIALS,
        metavar="TRIAL",
        help="of notebook 07's trials these alone, and those that were done before",
    )
    parser.add_argument(
        "--longest",
        type=int,
        choices=LENGTHS,
        help="of notebook 06b's trainings those up to this length, in times its authors' steps, and"
        " those that were done before",
    )
    args = parser.parse_args()
    if args.trials and "improve" not in args.only:
        parser.error("--trials are those of the part improve, which is not asked for")
    if args.longest and "customary" not in args.only:
        parser.error("--longest is about the part customary, which is not asked for")
    os.environ.pop("FACES_LIMIT", None)  # a figure of fewer faces would stand under the same name
    name = os.environ.get("FACES") or "demo"
    more = os.environ.get("MORE", "").split()
    if lacking := [n for n in args.trials or [] if TRIALS[n].more == "photographs" and not more]:
        parser.error(f"'{lacking[0]}' needs other archives: MORE='PATH PATH'")
    folder, *others = [get_dataset(one) for one in (name, *more)]
    files = [label_file(place, part) for place in (folder, *others) for part in ("train", "test")]
    # What was trained on other lists under the same folder name must not be taken for this.
    key = short_hash(*(file.read_bytes() for file in files))
    kind = "bench-quick" if args.quick else "bench"
    run = Run(
        title=set_name(name),
        train=read_faces(files[0]),
        test=read_faces(files[1]),
        build=ROOT / "build" / kind / f"{folder.name}-{key}",
        file=ROOT / "build" / "bench-quick.json" if args.quick else RESULTS,
        quick=args.quick,
        name=name,
        more=more,
        trials=args.trials,
        longest=args.longest or LENGTHS[-1],
    )
    print(f"{run.title}: {len(run.train)} training and {len(run.test)} test faces", flush=True)
    for part in args.only:
        try:
            PARTS[part](run)
        except KeyboardInterrupt:
            sys.exit(f"Stopped in {part}; the same command goes on from there.")
    print(f"Figures are in {os.path.relpath(run.file)}; `python -m bench.results` makes tables.")


if __name__ == "__main__":
    main()
