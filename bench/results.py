"""Measured figures, in one file, and the tables of README and notebooks made from it.

`python -m bench.results` writes the tables; `--check` fails where one is stale.
"""

import argparse
import json
import os
import platform
import re
import sys
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import cv2
import nbformat
import torch

from helpers.files import whole_file
from helpers.trials import TRIALS

RESULTS = Path(__file__).parent / "results.json"
README = Path(__file__).parent.parent / "README.md"
CARDS = README.parent / "helpers" / "assets" / "README.md"
MODULES = {"onnxruntime": "onnxruntime", "dlib-bin": "dlib"}  # packages that not everyone has
BEGIN, END = "<!-- made by python -m bench.results -->\n", "<!-- end -->"


def machine() -> dict:
    """The machine and versions that a figure was measured with."""
    vectors = torch.backends.cpu.get_cpu_capability()
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {vectors}",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "opencv": cv2.__version__,
        **{name: version(name) for name in ("onnxruntime", "dlib-bin") if find_spec(MODULES[name])},
        "date": date.today().isoformat(),
    }


def record(name: str, values: dict, file: Path = RESULTS) -> None:
    """Puts a measurement under its name into a file of results, in place of an older one."""
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    results[name] = values | machine()
    text = json.dumps(dict(sorted(results.items())), indent=2) + "\n"
    # A list of numbers on one line: a curve is one thing to read, not forty.
    text = re.sub(
        r"\[[^][{}]*\]", lambda m: re.sub(r"(?<=\[) | (?=\])", "", " ".join(m[0].split())), text
    )
    with whole_file(file) as partial:
        partial.write_text(text, "utf-8")


def table(results: dict) -> str:
    """The README's lines for the results, in Markdown."""
    lines = []
    for name, values in sorted(results.items()):
        kind, _, faces = name.partition(" ")
        if kind == "scoreboard":
            lines += [f"On {title(faces, values)}:", "", scoreboard_table(values)]
    lines += ["| what | figure | printed by |", "|---|---|---|"]
    for name, result in sorted(results.items()):
        if name.startswith("run "):
            text = f"test NME **{result['test_nme']:.2f} %**, mean face {result['mean_face']:.2f} %"
            text += f" ({result['faces']} faces); {result['seconds'] / 60:.0f} minutes in all"
            lines.append(f"| notebooks on {name[4:]} | {text} | `{result['command']}` |")
    for name, path in sorted(results.items()):
        if name.startswith("input "):
            text = (
                f"{path['cached_per_second']:.0f} faces a second, {path['ratio']:.1f} times the "
                f"customary {path['customary_per_second']:.0f}; "
                f"{100 * path['share_of_step']:.1f} % of a training step"
            )
            command = "make bench" + (" FACES=PATH" if path["faces"] != "demo" else "")
            lines.append(f"| input path at 224 px, on {path['faces']} | {text} | `{command}` |")
    for name, own in sorted(results.items()):
        if name.startswith("weights "):
            text = f"test NME {own['test_nme']:.2f} % on {own['test_faces']} demo people"
            text += f"; {own['bytes'] / 1e6:.1f} MB"
            lines.append(f"| shipped weights `{name[8:]}` | {text} | `make bench` |")
    made = {_machine(result) for result in results.values()}
    lines += ["", "Measured on " + "; and on ".join(sorted(made)) + "."]
    return "\n".join(lines) + "\n"


def title(faces: str, values: dict) -> str:
    """A data set's name and the size of its lists."""
    return f"{faces} ({values['training_faces']} training and {values['test_faces']} test faces)"


def scoreboard_table(values: dict) -> str:
    """The scoreboard in Markdown; `values` as `python -m bench` recorded them."""
    lines = [
        "| contender | NME, % of inter-ocular distance | the same, photographs disjoint "
        "| AUC at 8 % | failures above 8 %, % | above 10 %, % | NME, % of inter-pupil distance "
        "| of box size | training, core minutes | size | a face |",
        "|" + 11 * "---|",
    ]
    for name, row in values["contenders"].items():
        apart = row["nme_disjoint"]
        cells = [
            name,
            f"**{row['nme'][0]:.2f}** {between(row['nme'])}",
            f"{apart[1]:.2f} {between(apart[1:])}, {apart[0]} faces" if apart else "-",
            f"{row['auc_8'][0]:.1f} {between(row['auc_8'])}",
            f"{row['failure_8'][0]:.1f} {between(row['failure_8'])}",
            f"{row['failure_10'][0]:.1f} {between(row['failure_10'])}",
            f"{row['nme_inter-pupil'][0]:.2f}",
            f"{row['nme_box'][0]:.2f}",
            f"{row['training_seconds'] / 60:.0f}" if row["training_seconds"] else "-",
            f"{row['megabytes']:.0f} MB" if row["megabytes"] else "-",
            f"{row['milliseconds']:.1f} ms",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def search_in_words(values: dict) -> str:
    """What was tried for the trees: one sentence."""
    first, *others = values["trees"]
    tried = [(first[0], first[1])] + [
        ({k: v for k, v in settings.items() if v != first[0][k]}, error)
        for settings, error in others
    ]
    words = "; ".join(
        f"{', '.join(f'{key} {value}' for key, value in settings.items())}: {error:.2f} %"
        for settings, error in tried
    )
    return (
        f"The trees' setting was chosen by its validation NME. Tried were {words}. (After the "
        "first, only what differs from it is named.)"
    )


def shipped_table(results: dict) -> str:
    """What the weights in the repository do on real photographs, in Markdown."""
    lines = []
    for name, values in sorted(results.items()):
        if not name.startswith("shipped "):
            continue
        turns = next(iter(values["contenders"].values()))["yaw"]
        lines += [
            f"NME in per cent of the inter-ocular distance on {name[8:]}, {values['test_faces']} "
            "test faces, from the label file's boxes, with 95 % intervals; also by yaw (degrees, "
            "with the number of faces). `make bench FACES=PATH`.", "",
            "| weights | NME | failures above 10 %, % | "
            + " | ".join(f"{turn} ({figure[0]})" for turn, figure in turns.items())
            + " | a face |",
            "|" + (4 + len(turns)) * "---|",
        ]  # fmt: skip
        for way, row in values["contenders"].items():
            cells = [way, f"**{row['nme'][0]:.2f}** {between(row['nme'])}"]
            cells += [f"{row['failure_10'][0]:.1f}"]
            cells += [f"{figure[1]:.2f}" for figure in row["yaw"].values()]
            lines.append(f"| {' | '.join(cells)} | {row['milliseconds']:.1f} ms |")
        lines += ["", f"Measured on {_machine(values)}."]
    if tones := results.get("london"):
        names = next(iter(tones["weights"].values()))
        lines += [
            "", "NME by tone of skin (luminance of the cheeks) on the "
            f"{tones['faces']} neutral portraits of the London Set, with 95 % intervals. Its "
            "points are another convention, brought to the 68, which is part of every figure. "
            "`make bench FACES=PATH LONDON=PATH`.", "",
            f"| weights | {' | '.join(names)} |", "|" + (1 + len(names)) * "---|",
        ]  # fmt: skip
        for name, row in tones["weights"].items():
            cells = [f"{figure[1]:.2f} {between(figure[1:])}" for figure in row.values()]
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def between(figure: list[float]) -> str:
    """The interval of a figure [value, low, high], in brackets."""
    digits = 2 if figure[0] < 10 else 1
    return f"({figure[1]:.{digits}f} to {figure[2]:.{digits}f})"


def customary_table(values: dict) -> str:
    """The customary notebook with its defects switched off, in Markdown."""
    lines = [
        "| done instead | validation NME as it would tell, % | validation NME, untouched, % "
        "| test NME, % | core minutes, quickest seed |",
        "|---|---|---|---|---|",
    ]
    for name, runs in values["rows"].items():
        cells = [name]
        cells += [spread([run[key] for run in runs]) for key in ("told", "validation", "test")]
        # Whatever else a machine does makes a training look longer, never shorter.
        cells.append(f"{min(run['seconds'] for run in runs) / 60:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def improve_table(values: dict) -> str:
    """What each change of notebook 07 is worth, in Markdown: over the seeds, mean and farthest."""
    lines = [
        "| change | beside | faces shown | NME, % of inter-ocular distance | change in NME "
        "| from boxes that lie aside | core minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in values["trials"].items():
        trial = TRIALS[name]
        gain = "-"
        if trial.beside:
            other = values["trials"][trial.beside]
            gain = verdict([a["test"] - b["test"] for a, b in zip(runs, other, strict=True)])
        minutes = min(run["seconds"] for run in runs) / 60
        cells = [f"`{name}`: {trial.what}", f"`{trial.beside}`" if trial.beside else "-"]
        cells += [f"{values['shown'][name]:,}"]
        cells += [spread([run["test"] for run in runs]), gain]
        cells += [spread([run["aside"] for run in runs]), f"{minutes:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    maps = [run["test"] for run in values["trials"]["heat maps"]]
    for way, errors in values["ways"].items():
        gain = verdict([a - b for a, b in zip(errors, maps, strict=True)])
        cells = [f"{way}, when it predicts", "`heat maps`", "-", spread(errors), gain, "-", "-"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def together_table(board: dict, shipped: dict, latency: dict) -> str:
    """What was trained from nothing beside what ships, in Markdown: error, time and size.

    What a face takes is from `latency`, where all were timed in one run.
    """
    lines = [
        "| contender | NME, % of inter-ocular distance | training, core minutes | size | a face |",
        "|---|---|---|---|---|",
    ]
    for values in (board, shipped):
        for name, row in values["contenders"].items():
            minutes = row.get("training_seconds")
            cells = [name, f"**{row['nme'][0]:.2f}** {between(row['nme'])}"]
            cells += [f"{minutes / 60:.0f}" if minutes else "-"]
            cells += [f"{row['megabytes']:.1f} MB" if row.get("megabytes") else "-"]
            took = latency["contenders"][name]["milliseconds"]
            lines.append(f"| {' | '.join(cells)} | {took:.1f} ms |")
    return "\n".join(lines) + "\n"


def ends_in_words(board: dict, shipped: dict, latency: dict) -> str:
    """The fastest and the most accurate of what ships, and how far the trees are behind it."""
    rows = shipped["contenders"]
    took = {name: latency["contenders"][name]["milliseconds"] for name in rows}
    fastest = min(rows, key=took.get)
    best = min(rows, key=lambda name: rows[name]["nme"][0])
    trees = board["contenders"]["regression trees (dlib)"]["nme"][0]
    return "".join(
        f"- The {text} way of `landmarks` that ships is {name}: {rows[name]['nme'][0]:.2f} %, "
        f"{100 * (1 - rows[name]['nme'][0] / trees):.0f} % less than the trees' {trees:.2f} %, in "
        f"{took[name]:.1f} ms a face, crop and way back included.\n"
        for text, name in (("fastest", fastest), ("most accurate", best))
    )


def detector_table(values: dict) -> str:
    """What each part of the detector is worth, in Markdown."""
    lines = [
        "| test list | detector | faces found, % | false boxes a picture | ms a picture "
        "| NME from the label file's boxes | from its own |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, board in values["lists"].items():
        for way, row in board["ways"].items():
            cells = [f"{name} ({board['faces']})", way, f"{row['recall']:.1f}"]
            cells += [f"{row['false']:.2f}", str(row["milliseconds"])]
            cells += [f"{row[k]:.2f}" if k in row else "-" for k in ("nme_label", "nme_detected")]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def verdict(differences: list[float]) -> str:
    """The mean difference, and whether all seeds agree on its sign."""
    low, high = min(differences), max(differences)
    said = "better" if high < 0 else "worse" if low > 0 else "seeds differ"
    return f"{sum(differences) / len(differences):+.2f}, {said}"


def habits_in_words(values: dict, path: dict) -> str:
    """The defects that need no training of their own: a Markdown list."""
    runs, haar = values["rows"]["as it stands"], values["haar"]
    label, own = (spread([run[key] for run in haar]) for key in ("label", "haar"))
    clean, test, told, untouched = (
        spread([run[key] for run in runs]) for key in ("test_clean", "test", "told", "validation")
    )
    return (
        f"- **Jitter on validation**: it tells {told} % where the same faces, untouched, give "
        f"{untouched} %; with the epoch chosen on these, test NME is {clean} %, else {test} %.\n"
        f"- **Haar boxes at prediction**: on the {haar[0]['found']} test faces that its cascade "
        f"finds, NME {label} % from the label file's boxes, {own} % from the cascade's.\n"
        f"- **Decoding for every sample**: {path['customary_per_second']} faces a second instead "
        f"of {path['cached_per_second']} from the crop cache, one thread each.\n"
    )


def spread(numbers: list[float]) -> str:
    """The mean of runs with different seeds, and how far the farthest is from it."""
    mean = sum(numbers) / len(numbers)
    return f"{mean:.2f} ± {max(abs(number - mean) for number in numbers):.2f}"


def _machine(result: dict) -> str:
    """What a figure was measured with, in words."""
    gpu = f" and one {result['gpu']}" if result["gpu"] else ""
    return f"{result['machine']}{gpu}, torch {result['torch']}, {result['date']}"


def notebook_cells(results: dict) -> dict[str, dict[str, str]]:
    """For each notebook the texts of its tagged cells that hold figures."""
    data = "ibug_300W_large_face_landmark_dataset"
    board, habits = results[f"scoreboard {data}"], results[f"customary {data}"]
    where = (
        f"Not from this notebook: `make bench` measured this on {title(data, board)}, the AFW "
        "and part of the HELEN photographs of dlib's archive, scaled so that a face box is at "
        "most 224 pixels (`tools/cut_subset.py` cuts it). As dlib splits it: its lists share "
        "photographs, and it is **not the official 300-W split**."
    )
    made = f"Measured on {_machine(board)}."
    trials, shipped, finds, quick = (
        results[f"{kind} {data}"] for kind in ("improve", "shipped", "detector", "latency")
    )
    sets = " in 16-bit arithmetic (bf16)" if trials["bf16"] else ""
    bf16 = ", 16-bit arithmetic (bf16)" if habits["rows"]["as it stands"][0]["bf16"] else ""
    seeds = f"{habits['size']} pixels, {habits['epochs']} epochs, seeds {habits['seeds']}{bf16}"
    return {
        "06_evaluate": {
            "scoreboard": f"## The scoreboard\n\n{where} In brackets the 95 % interval, drawing "
            f"whole photographs.\n\n{scoreboard_table(board)}\n{search_in_words(board)}\n\n{made}"
        },
        "07_improve": {
            "improve": f"## The table\n\n{where} Every network was shown about {trials['looks']:,} "
            f"faces, as whole epochs allow{sets}, with seeds {trials['seeds']}: the "
            "mean, ± the seed that is farthest from it. A change is called better or worse where "
            "all seeds say so.\n\n"
            f"{improve_table(trials)}\nMeasured on {_machine(trials)}.",
            "detector": "## A box to begin with\n\nAll of that needs a box. What finds one, on the "
            "test lists that `make bench` was given: a face is found where a box overlaps the "
            "label file's by half (intersection over union); a box is false where it overlaps "
            "every labelled face of the picture by less than 0.3. NME, % of the inter-ocular "
            "distance, is that of the `research` weights on the faces found.\n\n"
            f"{detector_table(finds)}\n"
            f"Measured on {_machine(finds)}.",
            "together": "## Everything together\n\nOn the same test list, from the label file's "
            "boxes: what `make bench` trained from nothing, and the weights that ship. Their cards "
            "([helpers/assets](../helpers/assets/README.md)) say what they learned from.\n\n"
            f"{together_table(board, shipped, quick)}\n{ends_in_words(board, shipped, quick)}\n"
            f"Measured on {_machine(board)}; what ships on {_machine(shipped)}; what a face takes, "
            f'all in one run (`make bench`, part "latency"), on {_machine(quick)}.',
        },
        "06b_customary": {
            "customary": f"## The table\n\n{where} {seeds}.\n\n{customary_table(habits)}\n"
            f"{habits_in_words(habits, results[f'input {data}'])}\n{made}"
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if stale")
    check = parser.parse_args().check
    results = json.loads(RESULTS.read_text("utf-8"))
    texts = {}
    for path, made in ((README, table(results)), (CARDS, shipped_table(results))):
        head, rest = path.read_text("utf-8").split(BEGIN)
        texts[path] = head + BEGIN + made + END + rest.split(END)[1]
    for name, cells in notebook_cells(results).items():
        path = README.parent / "notebooks" / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for tag, text in cells.items():
            (cell,) = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
            cell.source = text
        texts[path] = nbformat.writes(notebook) + "\n"
    stale = [path for path, text in texts.items() if path.read_text("utf-8") != text]
    if check and stale:
        names = ", ".join(path.name for path in stale)
        sys.exit(f"{names}: the tables are not those of bench/results.json.")
    for path in stale:
        with whole_file(path) as partial:
            partial.write_text(texts[path], "utf-8", newline="\n")


if __name__ == "__main__":
    main()
