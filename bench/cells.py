"""The texts of the notebooks' cells that show figures of the benchmark; each has a tag.

A table here has at most six rows and five columns; docs/results.md has all of each.
"""

from bench.tables import (
    STANDS,
    budget_table,
    faces_table,
    habits_table,
    longest,
    six_table,
    steps_table,
)
from bench.words import (
    DATA,
    Results,
    changes_in_words,
    habits_in_words,
    maps_in_words,
    times,
)

PAGE = "../docs/results.md"


def notebook_cells(results: Results) -> dict[str, dict[str, str]]:
    """For each notebook the texts of its tagged cells that hold figures."""
    return {
        "06_evaluate": {"scoreboard": _scoreboard_cell(results)},
        "06b_customary": {"customary": _customary_cell(results)},
        "07_improve": {"improve": _improve_cell(results), "budget": _budget_cell(results)},
        "07b_heatmaps": {"faces": _faces_cell(results)},
    }


def _scoreboard_cell(results: Results) -> str:
    board, shipped = results[f"scoreboard {DATA}"], results[f"shipped {DATA}"]
    return (
        f"## One scoreboard\n\nMeasured beforehand on the {board['test_faces']} real test faces "
        "from above. They are **not the official 300-W split**.\n\n"
        f"{six_table(board, shipped, times(results))}\n"
        "In brackets is the 95 % interval, drawing whole photographs. A failure is a face above "
        "8 %. *Mirrored*: the mean with the answer to the mirror image ([notebook 7]"
        "(07_improve.ipynb)). [Notebook 6b](06b_customary.ipynb) takes the *customary notebook* "
        f"apart. `research` are the weights of notebook 1. {_whole('the-scoreboard')}"
    )


def _customary_cell(results: Results) -> str:
    values, board = results[f"customary {DATA}"], results[f"scoreboard {DATA}"]
    steps, short = longest(values)[STANDS][0]["steps"], values["rows"][STANDS][0]["steps"]
    alike = "of the same" if short == steps else f"with {short:,}"
    error = board["contenders"]["customary notebook"]["nme"][0]
    return (
        f"## The answer in one table\n\n{_where(results)} Each network was trained for "
        f"{steps:,} steps at {values['size']} pixels. (Notebook 6's {error:.2f} % is another run "
        f"{alike}.) "
        "The errors are NME in per cent, of the test faces where a row does not say otherwise. "
        f"{_seeds(values['seeds'])}"
        f"\n\n{habits_table(values, results[f'input {DATA}'])}\n"
        f"{habits_in_words(values, board)}\n\n{_whole('what-the-customary-habits-cost')}"
    )


def _improve_cell(results: Results) -> str:
    values = results[f"improve {DATA}"]
    return (
        f"## What each change did, and what it cost\n\n{_where(results)} Each network was shown "
        f"about {values['looks']:,} faces. {_seeds(values['seeds'])}\n\n{steps_table(values)}\n"
        f"{changes_in_words(values)}\n\n{_whole('what-each-change-is-worth')}"
    )


def _budget_cell(results: Results) -> str:
    values = results[f"budget {DATA}"]
    return (
        "## How long is long enough?\n\nTwo of the trials once more, with shorter trainings, each "
        f"with its whole schedule.\n\n{budget_table(values)}\n"
        f"{_whole('what-each-change-is-worth')} The same as a picture:"
    )


def _faces_cell(results: Results) -> str:
    values = results[f"faces {DATA}"]
    return (
        f"## And on real photographs?\n\n{_where(results)} Every network was shown "
        f"{values['shown']:,} crops of {values['size']} pixels, augmented anew each time; where "
        f"faces are few, they came over and over. The last row has all but those for validation. "
        f"{len(values['seeds'])} seeds; ±, *better* and *worse* are those of "
        "[notebook 7](07_improve.ipynb).\n\n"
        f"{faces_table(values)}\n{maps_in_words(values)}\n{_whole('few-faces-and-many')} "
        "The same as a picture, with a dot for each seed:"
    )


def _where(results: Results) -> str:
    """On which faces a figure was measured, in notebooks after 6, which tells of them."""
    board = results[f"scoreboard {DATA}"]
    return (
        f"Measured beforehand on the real photographs of [notebook 6](06_evaluate.ipynb): "
        f"{board['training_faces']:,} faces to learn from and {board['test_faces']} test faces, "
        "**not the official 300-W split**."
    )


def _seeds(seeds: list[int]) -> str:
    """What stands behind ±, better, worse and the differences: four sentences."""
    return (
        f"Every training was done with {len(seeds)} seeds: the table has their mean, and ± how far "
        "off the farthest seed is. *Better* means that every seed with the change beats every seed "
        "without it. Where that is not so, the seeds differ, and nothing is proven. "
        "Differences were taken before rounding."
    )


def _whole(part: str) -> str:
    """Where the whole table stands, with its machine and date."""
    return f"All rows, and where it was measured: [docs/results.md]({PAGE}#{part})."
