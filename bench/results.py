"""Measured figures, in one file, and the README's table made from it.

`python -m bench.results` writes the table into the README; `--check` fails where it is stale.
"""

import argparse
import json
import os
import platform
import sys
from datetime import date
from pathlib import Path

import torch

from helpers.files import whole_file

RESULTS = Path(__file__).parent / "results.json"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- made by python -m bench.results -->\n", "<!-- end -->"


def machine() -> dict:
    """The machine and versions that a figure was measured with."""
    vectors = torch.backends.cpu.get_cpu_capability()
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {vectors}",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": date.today().isoformat(),
    }


def record(name: str, values: dict) -> None:
    """Puts a measurement under its name into bench/results.json, in place of an older one."""
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    results[name] = values | machine()
    with whole_file(RESULTS) as partial:
        partial.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n", "utf-8")


def table(results: dict) -> str:
    """The README's lines for the results, in Markdown."""
    lines = ["| what | figure | printed by |", "|---|---|---|"]
    for name, result in sorted(results.items()):
        if name.startswith("run "):
            text = f"test NME **{result['test_nme']:.2f} %**, mean face {result['mean_face']:.2f} %"
            text += f" ({result['faces']} faces)"
            if result["seconds"]:  # not known of a run that was paused or shared its cores
                text += f"; {result['seconds'] / 60:.0f} minutes in all"
            text += f". {result['note']}" if "note" in result else ""
            lines.append(f"| notebooks 01 to 05 on {name[4:]} | {text} | `{result['command']}` |")
    if path := results.get("input path"):
        text = (
            f"{path['cached_per_second']:.0f} faces a second, {path['ratio']:.1f} times the "
            f"customary {path['customary_per_second']:.0f}; "
            f"{100 * path['share_of_step']:.1f} % of a training step"
        )
        lines.append(f"| input path at 224 px, on {path['faces']} | {text} | `make bench` |")
    made = {_machine(result) for result in results.values()}
    lines += ["", "Measured on " + "; and on ".join(sorted(made)) + "."]
    return "\n".join(lines) + "\n"


def _machine(result: dict) -> str:
    """What a figure was measured with, in words."""
    gpu = f" and one {result['gpu']}" if result["gpu"] else ""
    return f"{result['machine']}{gpu}, torch {result['torch']}, {result['date']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if stale")
    check = parser.parse_args().check
    before = README.read_text("utf-8")
    head, rest = before.split(BEGIN)
    after = head + BEGIN + table(json.loads(RESULTS.read_text("utf-8"))) + END + rest.split(END)[1]
    if check and after != before:
        sys.exit("README.md: its table is not that of bench/results.json.")
    if not check:
        with whole_file(README) as partial:
            partial.write_text(after, "utf-8")


if __name__ == "__main__":
    main()
