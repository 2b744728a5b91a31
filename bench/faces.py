"""NME against the number of training faces, for 136 numbers and for 68 maps: notebook 07b's claim.

Both are trials of notebook 07 that differ in the map alone. Every training is shown as many faces,
the same few of them over and over where there are few, and validated on the same others.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from bench.improve import LOOKS, Training, figures_of
from bench.kept import Trainings
from helpers.annotations import Face
from helpers.dataset import split_by_photograph
from helpers.train import TRIALS

COUNTS = (64, 256, 1_024)  # and all
NETWORKS = {"numbers": "L1", "maps": "heat maps"}  # to the trial whose recipe it has


def measure(
    faces: list[Face],
    test: list[Face],
    kept: Trainings,
    seeds: Iterable[int],
    looks: int = LOOKS,
    counts: Sequence[int] = COUNTS,
) -> dict[str, Any]:
    """Both networks with each number of faces and each seed, trained where not done before.

    Faces are entries of the list, drawn by whole photographs: a mirrored twin comes with its face.
    Returns "counts", the last of them all faces; "numbers" and "maps": for each count a list of
    runs, as `bench.improve.figures_of` gives them; "shown": faces shown to each.
    """
    everyone = len(split_by_photograph(faces)[0])
    counts = [*(count for count in counts if count < everyone), everyone]
    runs: dict[str, list[list[dict[str, Any]]]] = {name: [[] for _ in counts] for name in NETWORKS}
    seeds = list(seeds)
    plan = list(itertools.product(seeds, enumerate(counts), NETWORKS.items()))
    for number, (seed, (row, count), (network, name)) in enumerate(plan, 1):
        print(f"training {number} of {len(plan)}: {network}, {count} faces, seed {seed}")
        few = count if count < everyone else None
        one = Training(name, TRIALS[name].recipe, looks, seed, few=few)
        runs[network][row].append(figures_of(one, faces, test, kept))
        print(f"{network:>12} {runs[network][row][-1]}", flush=True)
    recipe = TRIALS[NETWORKS["maps"]].recipe
    return {
        "counts": counts,
        **runs,
        "shown": Training("", recipe, looks, 0).shown(faces)[1],
        "size": recipe.size,
        "seeds": seeds,
    }
