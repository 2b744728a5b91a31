"""The texts of the notebooks' cells that show figures of the benchmark; each has a tag."""

from bench.pages import scoreboard
from bench.tables import (
    Record,
    budget_table,
    customary_table,
    detector_table,
    detector_times_table,
    faces_table,
    improve_table,
    together_table,
)
from bench.words import (
    DATA,
    SUBSET,
    Results,
    ends_in_words,
    habits_in_words,
    machine,
    times,
    title,
    where_timed,
)


def notebook_cells(results: Results) -> dict[str, dict[str, str]]:
    """For each notebook the texts of its tagged cells that hold figures."""
    return {
        "06_evaluate": {"scoreboard": _scoreboard_cell(results)},
        "06b_customary": {"customary": _customary_cell(results)},
        "07_improve": {
            "improve": _improve_cell(results),
            **({"budget": _budget_cell(results)} if f"budget {DATA}" in results else {}),
            "detector": _detector_cell(results[f"detector {DATA}"]),
            "together": _together_cell(results),
        },
        **({"07b_heatmaps": {"faces": _faces_cell(results)}} if f"faces {DATA}" in results else {}),
    }


def _scoreboard_cell(results: Results) -> str:
    where = f"{_elsewhere(results)} In brackets the 95 % interval, drawing whole photographs."
    return f"## The scoreboard\n\n{where}\n\n{scoreboard(results)}"


def _customary_cell(results: Results) -> str:
    values = results[f"customary {DATA}"]
    bf16 = ", 16-bit arithmetic (bf16)" if values["rows"]["as it stands"][0]["bf16"] else ""
    length = f"{values['steps']} steps" if "steps" in values else f"{values['epochs']} epochs"
    settings = f"{values['size']} pixels, {length}, seeds {values['seeds']}{bf16}"
    return (
        f"## The table\n\n{_elsewhere(results)} {settings}.\n\n{customary_table(values)}\n"
        f"{habits_in_words(values, results[f'input {DATA}'])}\nMeasured on {machine(values)}."
    )


def _improve_cell(results: Results) -> str:
    values = results[f"improve {DATA}"]
    bf16 = " in 16-bit arithmetic (bf16)" if values["bf16"] else ""
    return (
        f"## The table\n\n{_elsewhere(results)} Every network was shown about "
        f"{values['looks']:,} faces, as whole epochs allow{bf16}, with seeds {values['seeds']}: "
        "the mean, ± the seed that is farthest from it. A change is called better or worse where "
        f"all seeds say so.\n\n{improve_table(values)}\nMeasured on {machine(values)}."
    )


def _budget_cell(results: Results) -> str:
    values = results[f"budget {DATA}"]
    return (
        "## How long is long enough?\n\n"
        f"{_elsewhere(results)} Two of the trials, shown ever more faces; each training has its "
        f"whole schedule. Seeds {values['seeds']}: the mean, ± the seed that is farthest from "
        f"it.\n\n{budget_table(values)}\nMeasured on {machine(values)}."
    )


def _faces_cell(results: Results) -> str:
    values = results[f"faces {DATA}"]
    return (
        "## Few faces and many\n\n"
        f"{_elsewhere(results)} Numbers and maps learn from a part of the training list or from "
        f"all, every network shown {values['shown']:,} faces of {values['size']} pixels, few of "
        f"them over and over; half of them are mirrored twins. Seeds {values['seeds']}: the mean, "
        "± the seed that is farthest from it. Maps are called better or worse where all seeds say "
        f"so.\n\n{faces_table(values)}\nMeasured on {machine(values)}."
    )


def _detector_cell(values: Record) -> str:
    return (
        "## A box to begin with\n\nAll of that needs a box. What finds one, on the test lists that "
        "`make bench` was given: a face is found where a box overlaps the label file's by 0.3 "
        "(intersection over union); a box is false where it overlaps every labelled face of the "
        "picture by less than 0.3. NME, % of the inter-ocular distance, is that of the `research` "
        f"weights on the faces found.\n\n{detector_table(values)}\nThe time of one picture, in the "
        f"same run:\n\n{detector_times_table(values)}\nMeasured on {machine(values)}."
    )


def _together_cell(results: Results) -> str:
    board, shipped = results[f"scoreboard {DATA}"], results[f"shipped {DATA}"]
    return (
        "## Everything together\n\nOn the same test list, from the label file's boxes: what `make "
        "bench` trained from nothing, and the weights that ship. Their cards "
        "([helpers/assets](../helpers/assets/README.md)) say what they learned from.\n\n"
        f"{together_table(board, shipped, times(results))}\n"
        f"{ends_in_words(board, shipped, times(results))}\n"
        f"Measured on {machine(board)}; what ships on {machine(shipped)}; {where_timed(results)}."
    )


def _elsewhere(results: Results) -> str:
    """What a figure in a notebook is of, which the notebook did not measure."""
    return (
        "Not from this notebook: `make bench` measured this on "
        f"{title(DATA, results[f'scoreboard {DATA}'])}, {SUBSET} (`tools/cut_subset.py` cuts it). "
        "As dlib splits it: its lists share photographs, and it is **not the official 300-W "
        "split**."
    )
