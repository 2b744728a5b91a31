"""All figures of the course, on the data that FACES names: `make bench FACES=PATH`.

What is trained is kept under build/bench, so that a run that was stopped goes on where it was.
The figures go to bench/results.json, or, with --quick, to build/bench-quick.json.
"""

import argparse
import os
from pathlib import Path

import torch

from bench import customary, input_path, results, scoreboard, trees
from bench.contenders import course, mean_face
from helpers.annotations import read_faces
from helpers.sources import get_dataset, label_file

ROOT = Path(__file__).parent.parent
KEPT = ("seed", "told", "validation", "test", "test_clean", "seconds", "bf16")
# Rows of notebook 06b's table: what is switched off.
ROWS = {
    "as it stands": {},
    "full epochs": {"partial_epochs": False},
    "photographs kept whole": {"leaking_twins": False},
    "wider crop": {"raw_box": False},
}


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a short form, about 20 minutes")
    quick = parser.parse_args().quick
    name = os.environ.get("FACES") or "demo"
    folder = get_dataset(name)
    train, test = (read_faces(label_file(folder, part)) for part in ("train", "test"))
    title = Path(name).name.removesuffix(".tar.gz")
    build = ROOT / "build" / ("bench-quick" if quick else "bench") / folder.name
    file = ROOT / "build" / "bench-quick.json" if quick else results.RESULTS
    size = 64 if quick else 112
    # The rows of notebook 06b are a dozen trainings: smaller pictures keep them within the hour.
    settings = {"size": 64, "epochs": 3} if quick else {"size": 80, "epochs": customary.EPOCHS}
    seeds = (0,) if quick else (0, 1, 2)
    epochs = max(2 if quick else 5, round((3_000 if quick else 42_000) / (0.9 * len(train))))

    print(f"{title}: {len(train)} training and {len(test)} test faces", flush=True)
    results.record("input path", input_path.measure(title, train), file)
    _, path = customary.trained(
        train, test, customary.Defects(), build, 0, size=size, epochs=settings["epochs"]
    )
    as_it_stands = customary.contender(path)
    network = course(train, build, epochs, size)
    peer, search = trees.best(train, build, trees.SEARCH[: 1 if quick else None])
    board = {}
    for contender in (mean_face(train), as_it_stands, peer, *network):
        predicted, milliseconds = contender.on(test)
        board[contender.name] = scoreboard.figures(predicted, test, train) | {
            "training_seconds": contender.seconds and round(contender.seconds),
            "megabytes": contender.megabytes() and round(contender.megabytes(), 1),
            "milliseconds": round(milliseconds, 2),
        }
    values = {
        "contenders": board, "training_faces": len(train), "test_faces": len(test), "seed": 0,
        "epochs": epochs, "thresholds": scoreboard.THRESHOLDS.tolist(),
        "trees": [[options, round(value, 2)] for options, value in search],
        "threads": torch.get_num_threads(),
    }  # fmt: skip
    results.record(f"scoreboard {title}", values, file)
    results.record("shipped weights", scoreboard.shipped(), file)
    print(results.scoreboard_table(values), flush=True)

    table = {"rows": {}, "haar": [], "seeds": list(seeds), **settings}
    for row, off in ROWS.items():
        defects = customary.Defects(**off)
        runs = [customary.trained(train, test, defects, build, s, **settings) for s in seeds]
        table["rows"][row] = [{key: run[key] for key in KEPT} for run, _ in runs]
        if not off:  # as it stands: the boxes that it is used on, beside those of the label file
            table["haar"] = [
                customary.on_haar_boxes(customary.contender(path).predict, test) for _, path in runs
            ]
    results.record(f"customary {title}", table, file)
    print(results.customary_table(table))
    print(f"Figures are in {os.path.relpath(file)}; `python -m bench.results` makes the tables.")


if __name__ == "__main__":
    main()
