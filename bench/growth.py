"""Time and memory of a training against the number of faces: `python -m bench.growth COUNT`.

Each number of faces is measured in a process of its own, since the peak of a process never falls.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from helpers.dataset import load_faces
from helpers.model import CPU_HAS_BF16
from helpers.train import Recipe

COUNTS = (1_000, 3_000, 10_000)


def measure(counts: Iterable[int] = COUNTS) -> dict[str, list[float]]:
    """One epoch of a narrow network on so many faces: name to a list, one value for each count.

    faces; seconds of the epoch, validation included, with the crops made before; megabytes, the
    largest resident memory of the process, crops made in it.
    """
    rows = []
    for count in counts:
        words = [sys.executable, "-m", "bench.growth", str(count)]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    return {key: [row[key] for row in rows] for key in rows[0]}


def main() -> None:
    """Trains on COUNT faces, the training list over and over, and prints what it took."""
    count = int(sys.argv[1])
    known = load_faces("train")
    faces = (known * -(-count // len(known)))[:count]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FACES_DATA"] = folder  # the crops of a copied list are nobody else's
        recipe, out = Recipe(width=16, size=112), Path(folder) / "grown.pt"
        times: list[float] = []
        recipe.train(
            faces, 2, out, bf16=CPU_HAS_BF16, on_epoch=lambda _: times.append(time.perf_counter())
        )
    seconds, megabytes = round(times[1] - times[0], 1), round(peak_megabytes())
    print(json.dumps({"faces": count, "seconds": seconds, "megabytes": megabytes}))


def peak_megabytes() -> float:
    """The largest resident memory of this process so far."""
    # Linux hands getrusage's figure on from the process that started this one; VmHWM begins anew.
    if (status := Path("/proc/self/status")).exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1e3
    import resource  # not on Windows, where nothing but this needs it

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


if __name__ == "__main__":
    main()
