"""All figures of the course, on the data that FACES names: `make bench FACES=PATH`.

What is trained is kept under build/bench, so that a run that was stopped goes on where it was.
The figures go to bench/results.json, or, with --quick, to build/bench-quick.json.
"""

import argparse
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from bench import (
    customary,
    detector,
    growth,
    improve,
    input_path,
    latency,
    london,
    results,
    scoreboard,
    speed,
    trees,
)
from bench.contenders import course, mean_face, recipe, ways
from helpers.annotations import Face, read_faces
from helpers.checkpoint import SHIPPED
from helpers.dataset import load_faces
from helpers.predict import Landmarker
from helpers.sources import get_dataset, label_file

ROOT = Path(__file__).parent.parent
KEPT = ("seed", "told", "validation", "test", "test_clean", "seconds", "bf16")
LOOKS = 300_000  # faces shown to the recipe from nothing, each as often as its data set is named
# Rows of notebook 06b's table: what is switched off.
ROWS = {
    "as it stands": {},
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

    @property
    def learn_from(self):
        """What the recipe from nothing is shown: the data set itself counts twice beside others."""
        return [self.name] * (2 if self.more else 1) + self.more

    @property
    def entries(self):
        """How many faces that is in all."""
        return sum(len(load_faces("train", name)) for name in self.learn_from)

    @property
    def customary(self):
        """Settings of the customary network: ten epochs of 112 pixels, unless in a hurry."""
        size, epochs = (64, 3) if self.quick else (112, customary.EPOCHS)
        return {"size": size, "epochs": epochs}

    def record(self, name, values):
        results.record(f"{name} {self.title}", values, self.file)


def measure_input(run: Run) -> None:
    """How fast faces reach the network."""
    run.record("input", input_path.measure(run.title, run.train))


def measure_scoreboard(run: Run) -> None:
    """Every contender on the same test list."""
    settings = run.customary
    _, path = customary.trained(run.train, run.test, customary.Defects(), run.build, 0, **settings)
    epochs = max(
        2 if run.quick else 5, round((3_000 if run.quick else 42_000) / (0.9 * len(run.train)))
    )
    network = course(run.train, run.build, epochs, settings["size"])
    heat_maps = recipe(run.learn_from, run.entries, run.build, 3_000 if run.quick else LOOKS)
    peer, search = trees.best(run.train, run.build, trees.SEARCH[: 1 if run.quick else None])
    board = {}
    for contender in (mean_face(run.train), customary.contender(path), peer, *network, *heat_maps):
        predicted, milliseconds = contender.on(run.test)
        board[contender.name] = scoreboard.figures(predicted, run.test, run.train) | {
            "training_seconds": contender.seconds and round(contender.seconds),
            "megabytes": contender.megabytes() and round(contender.megabytes(), 1),
            "milliseconds": round(milliseconds, 2),
        }
    values = {
        "contenders": board, "training_faces": len(run.train), "test_faces": len(run.test),
        "seed": 0, "epochs": epochs, "thresholds": scoreboard.THRESHOLDS.tolist(),
        "trees": [[options, round(value, 2)] for options, value in search],
        "more": [Path(name).name.removesuffix(".tar.gz") for name in run.more],
        "threads": torch.get_num_threads(),
    }  # fmt: skip
    run.record("scoreboard", values)
    print(results.scoreboard_table(values), flush=True)


def measure_shipped(run: Run) -> None:
    """The weights in the repository, on the demo people and on this test list."""
    for name in SHIPPED:
        results.record(f"weights {name}", scoreboard.shipped(name), run.file)
    board = {}
    for name in SHIPPED:
        for contender in ways(Landmarker.load(name), f"`{name}`", SHIPPED[name]):
            predicted, milliseconds = contender.on(run.test)
            figures = scoreboard.figures(predicted, run.test, run.train)
            board[contender.name] = figures | {
                "megabytes": round(contender.megabytes(), 1),
                "milliseconds": round(milliseconds, 2),
            }
    run.record("shipped", {"contenders": board, "test_faces": len(run.test)})
    if folder := os.environ.get("LONDON"):
        results.record("london", london.measure(Path(folder)), run.file)


def measure_latency(run: Run) -> None:
    """How long every contender takes for a face, in one run."""
    recorded = json.loads(run.file.read_text("utf-8")) if run.file.exists() else {}
    search = recorded.get(f"scoreboard {run.title}", {}).get("trees") or [[trees.FIRST, 0]]
    best = min(search, key=lambda row: row[1])[0]
    run.record("latency", latency.measure(run.train, run.test, best))


def measure_customary(run: Run) -> None:
    """What each defect of the customary notebook costs."""
    seeds = (0,) if run.quick else (0, 1, 2)
    table = {"rows": {}, "haar": [], "seeds": list(seeds), **run.customary}
    for row, off in ROWS.items():
        defects = customary.Defects(**off)
        found = [
            customary.trained(run.train, run.test, defects, run.build, seed, **run.customary)
            for seed in seeds
        ]
        table["rows"][row] = [{key: figures[key] for key in KEPT} for figures, _ in found]
        if not off:  # as it stands: the boxes that it is used on, beside those of the label file
            predicts = [customary.contender(path).predict for _, path in found]
            table["haar"] = [customary.on_haar_boxes(predict, run.test) for predict in predicts]
    run.record("customary", table)
    print(results.customary_table(table))


def measure_improve(run: Run) -> None:
    """What each change on the way to the best recipe is worth."""
    others = [face for name in run.more for face in load_faces("train", name)]
    seeds, looks = ((0,), 1_000) if run.quick else ((0, 1, 2), improve.LOOKS)
    values = improve.measure(run.train, run.test, run.build, seeds, looks, others)
    run.record("improve", values)
    print(results.improve_table(values))


def measure_growth(run: Run) -> None:
    """Time and memory of a training against the number of faces, and what its step takes."""
    results.record("speed", speed.measure(3 if run.quick else speed.STEPS), run.file)
    run.record("growth", growth.measure((200, 600, 2_000) if run.quick else growth.COUNTS))


def measure_detector(run: Run) -> None:
    """How many faces are found, on this test list and on those of the other data sets."""
    count = 40 if run.quick else None
    run.record("detector", detector.measure([run.name, *run.more], count=count))


PARTS = {
    "input": measure_input,
    "scoreboard": measure_scoreboard,
    "shipped": measure_shipped,
    "latency": measure_latency,
    "improve": measure_improve,
    "growth": measure_growth,
    "detector": measure_detector,
    "customary": measure_customary,
}


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short form, about 20 minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts alone")
    args = parser.parse_args()
    os.environ.pop("FACES_LIMIT", None)  # a figure of fewer faces would stand under the same name
    name = os.environ.get("FACES") or "demo"
    more = os.environ.get("MORE", "").split()
    folder, *others = [get_dataset(one) for one in (name, *more)]
    files = [label_file(place, part) for place in (folder, *others) for part in ("train", "test")]
    # What was trained on other lists under the same folder name must not be taken for this.
    key = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
    kind = "bench-quick" if args.quick else "bench"
    run = Run(
        title=Path(name).name.removesuffix(".tar.gz"),
        train=read_faces(files[0]),
        test=read_faces(files[1]),
        build=ROOT / "build" / kind / f"{folder.name}-{key}",
        file=ROOT / "build" / "bench-quick.json" if args.quick else results.RESULTS,
        quick=args.quick,
        name=name,
        more=more,
    )
    print(f"{run.title}: {len(run.train)} training and {len(run.test)} test faces", flush=True)
    for part in args.only:
        PARTS[part](run)
    print(f"Figures are in {os.path.relpath(run.file)}; `python -m bench.results` makes tables.")


if __name__ == "__main__":
    main()
