"""All figures shown are those that were measured, and the shipped weights still earn theirs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from stored import cell_text, numbers, output_of

import bench
from bench.__main__ import LOOKS
from bench.cells import notebook_cells
from bench.pages import cards, docs, readme
from bench.results import BEGIN, with_part
from bench.scoreboard import shipped
from bench.tables import FIVE, SIX, longest, spread, verdict
from bench.words import DATA, goals_in_words, learned
from finder.cutouts import HELD
from helpers.checkpoint import SHIPPED
from helpers.predict import LOST, TRUST
from stamp import read_notebook

ROOT = Path(__file__).resolve().parent.parent
RESULTS = json.loads(bench.RESULTS.read_text("utf-8"))


def test_every_figure_stands_in_one_record_and_no_older_one_is_left_beside_it():
    """Whoever measures on another archive, or a figure in a part of its own, drops the old one."""
    sets = {}
    for name in RESULTS:
        kind, _, of = name.partition(" ")
        sets.setdefault(kind, set()).add(of)
    # The notebooks run on both; as `make run` does it, two at a time, their figures are others.
    assert sets.pop("run") <= {"demo", "demo, two notebooks at a time", DATA}
    assert sets.pop("weights") == set(SHIPPED)
    assert {kind: of for kind, of in sets.items() if of not in ({DATA}, {""})} == {}
    boards = [RESULTS[f"{kind} {DATA}"]["contenders"] for kind in ("scoreboard", "shipped")]
    timed = RESULTS[f"latency {DATA}"]["contenders"]
    for rows in boards:
        assert not any("milliseconds" in row for row in rows.values())  # those of one run count
        again = {name for name in rows if name.endswith("more photographs")}  # as large, as fast
        assert set(rows) - again <= set(timed)
    assert not set(boards[0]) & set(boards[1])  # no contender is scored twice


def test_readme_docs_cards_and_notebooks_show_the_figures_of_results_json():
    done = subprocess.run(
        [sys.executable, "-m", "bench.results", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_contender_takes_as_many_milliseconds_on_every_page():
    """All are from one run, so that whatever else the machine did then met them all."""
    cells = [text for cells in notebook_cells(RESULTS).values() for text in cells.values()]
    lines = "\n".join([readme(RESULTS), docs(RESULTS), cards(RESULTS), *cells]).splitlines()
    contender_of, seen = {text: name for name, text in FIVE.items()}, {}
    for line in lines:
        if line.endswith(" ms |"):
            name, *_, took = line.strip("| ").split(" | ")
            seen.setdefault(contender_of.get(name, name), set()).add(took)
    assert set(seen) == set(RESULTS[f"latency {DATA}"]["contenders"])
    assert {name: took for name, took in seen.items() if len(took) > 1} == {}


@pytest.mark.parametrize("name", ["06_evaluate", "06b_customary", "07_improve", "07b_heatmaps"])
def test_a_table_on_a_page_has_at_most_six_rows_and_five_columns(name):
    for cell in read_notebook(ROOT / "notebooks" / f"{name}.ipynb").cells:
        for table in re.findall(r"(?:^\|.*\n?)+", cell.source, re.M):
            head, _, *rows = table.splitlines()
            assert len(rows) <= 6 and head.count("|") <= 1 + 5, cell.id


def test_the_whole_of_each_table_is_where_its_page_says():
    headings = re.findall(r"^## (.*)$", docs(RESULTS), re.M)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    notebooks = [read_notebook(path) for path in (ROOT / "notebooks").glob("*.ipynb")]
    sources = "\n".join(cell.source for notebook in notebooks for cell in notebook.cells)
    linked = set(re.findall(r"docs/results\.md#([\w-]+)", sources))
    assert linked and linked <= anchors


def test_a_page_that_lacks_a_mark_is_named(tmp_path):
    page = tmp_path / "page.md"
    for text, mark in (("nothing", "made by"), (f"{BEGIN}table\n", "end")):
        page.write_text(text, "utf-8")
        with pytest.raises(SystemExit, match=f"page.md: has the mark '<!-- {mark}.*' 0 times"):
            with_part(page, "new")


def test_a_data_set_is_linked_to_the_glossary_where_a_cell_first_names_it():
    for cells in notebook_cells(RESULTS).values():
        for text in cells.values():
            for name in ("AFW", "HELEN", "LFPW"):
                before, named, rest = text.partition(name)
                link = f"](glossary.ipynb#{name})"
                assert not named or (before.endswith("[") and rest.startswith(link))
    assert "glossary" not in docs(RESULTS)


def test_what_was_learned_from_before_is_said_under_a_table():
    text, board = docs(RESULTS), RESULTS[f"scoreboard {DATA}"]
    assert text.count("which also show 118 of the 342 test faces.") == 2  # detectors, turned faces
    learned_from = RESULTS["london"]["faces"] - HELD["london"]
    assert f"learned from the skin of {learned_from} of these people" in text
    assert "`research` has learned from most of them, and `fast` from all but those of" in text
    # Under a table only those that stand in it are said to have learned from the list alone.
    told = learned(board, FIVE)
    assert "; mean face, regression trees (dlib) and notebook 04 from that list alone." in told
    assert '`ytf68 lfpw lfpw` for "scoreboard"' in text


def test_the_readme_has_five_contenders_and_leads_to_all_figures():
    text = readme(RESULTS)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 5 and {row.count("|") for row in rows} == {1 + 4}
    assert "(docs/results.md)" in text and (ROOT / "docs" / "results.md").is_file()


def test_the_recipe_from_nothing_took_half_an_hour():
    board = RESULTS[f"scoreboard {DATA}"]
    row = board["contenders"]["heat maps, two passes, mirrored"]
    assert row["training_seconds"] / board["threads"] <= 30 * 60


def test_the_network_of_the_demo_makes_at_most_half_the_error_of_the_mean_face():
    result = RESULTS["run demo"]
    assert result["test_nme"] <= result["mean_face"] / 2


# OpenCV 4 and 5 warp a picture by grids of different fineness. For that a point of `free` or
# `research` moves by 0.01 pixels, one of `fast`, whose 8 bits answer in steps, by 0.1: the mean of
# these eight faces comes to 3.11 in place of 3.12, and that of 200 to the same within 0.001.
ROUNDING = {"fast": 0.03}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_committed_weights_score_what_the_results_say(name):
    recorded, now = RESULTS[f"weights {name}"], shipped(name)
    assert now["faces"] == recorded["faces"] == 8
    # The faces are committed pictures, so that only arithmetic can differ between machines.
    assert now["nme"] == pytest.approx(recorded["nme"], abs=ROUNDING.get(name, 0.01))
    assert now["test_nme"] == pytest.approx(recorded["test_nme"], abs=0.05)
    assert now["bytes"] == recorded["bytes"] <= 12_000_000  # the same file, and not a larger one


def test_every_shipped_file_has_a_card_with_its_terms():
    cards = (ROOT / "helpers" / "assets" / "README.md").read_text("utf-8")
    for path in SHIPPED.values():
        name = re.escape(path.name)
        card = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", cards, re.S | re.M)[1]
        for line in ("Trained on", "Terms", "How good", "Fails on", "Made by"):
            assert f"- {line}: " in card, f"{name}: {line}"


def test_every_contender_of_the_scoreboard_has_all_figures():
    boards = [values for name, values in RESULTS.items() if name.startswith("scoreboard ")]
    assert boards
    for board in boards:
        for row in board["contenders"].values():
            mean, low, high = row["nme"]
            assert low < mean < high
            curve = row["cumulative"]
            assert curve == sorted(curve)  # it never falls
            assert 0 <= curve[0] <= curve[-1] <= 100
            assert sum(count for count, *_ in row["yaw"].values()) == board["test_faces"]
            # The curve and the failure rate are two sayings of the same faces.
            at_8 = curve[board["thresholds"].index(8.0)]
            assert at_8 == pytest.approx(100 - row["failure_8"][0], abs=0.1)


def test_the_recorded_contenders_stand_as_notebook_06_says():
    board = RESULTS[f"scoreboard {DATA}"]["contenders"]
    nme = {name: row["nme"] for name, row in board.items()}
    trees, once, twice = (
        nme[name]
        for name in ("regression trees (dlib)", "notebook 04, one pass", "notebook 04, two passes")
    )
    assert trees[2] < once[1]  # clearly: the intervals do not touch
    assert twice[2] < nme["customary notebook"][0] < nme["mean face"][0]
    maps = nme["heat maps, two passes, mirrored"]
    assert maps[0] < 0.85 * trees[0]  # what the recipe is held to


def test_the_scoreboard_of_notebook_06_says_who_learned_from_what():
    board = RESULTS[f"scoreboard {DATA}"]
    assert set(board["more"]) == {"ytf68", "lfpw"}
    maps = SIX["heat maps, two passes, mirrored"]
    assert "[YouTube Faces](glossary.ipynb#YouTube-Faces) and [LFPW]" in maps
    assert "generated people" in SIX["`research`, two passes, mirrored"]
    # "Here it flatters nobody": those of other photographs are no harder.
    for name in ("notebook 04, two passes", "regression trees (dlib)"):
        row = board["contenders"][name]
        assert row["nme_disjoint"][1] <= row["nme"][0]


def test_the_recorded_trials_say_what_notebook_07_says_of_them():
    values = RESULTS[f"improve {DATA}"]
    trials = {
        key: {name: [run[key] for run in runs] for name, runs in values["trials"].items()}
        for key in ("test", "aside")
    }
    assert values["looks"] >= 150_000 and values["seeds"] == [0, 1, 2]
    said = {
        name: verdict(trials["test"][name], trials["test"][values["words"][name]["beside"]])
        for name in trials["test"]
        if name != "plain"
    }
    assert not values["left_out"] and len(said) == 12
    assert said["margin"].endswith("worse") and said["flip"].endswith("seeds differ")
    assert said["heat maps"].endswith("better")  # solution 7.1
    assert said["more faces"].endswith("worse") and said["average"].endswith("seeds differ")
    assert said["generated"].endswith("seeds differ")
    losses = ("L1", "Wing", "SoftWing")  # "hardly matters, as long as it does not square"
    assert all(said[name].endswith("better") for name in losses)
    assert np.ptp([trials["test"][name] for name in losses]) < 0.1
    times = np.mean(trials["test"]["flip only"]) / np.mean(trials["test"]["margin"])
    assert times == pytest.approx(5, abs=0.3)  # "five times as large"
    pairs = zip(trials["test"]["average"], trials["test"]["heat maps"], strict=True)
    assert max(abs(one - other) for one, other in pairs) < 0.01  # "changes nothing"
    assert LOOKS > 2 * values["looks"]  # of notebook 6's heat maps: "more than twice as many"
    low, high = RESULTS[f"scoreboard {DATA}"]["contenders"]["regression trees (dlib)"]["nme"][1:]
    assert low < min(trials["test"]["L1"]) < max(trials["test"]["L1"]) < high  # "level"
    assert max(trials["test"]["heat maps"]) < low
    assert max(trials["aside"]["margin"]) < min(trials["aside"]["start"])
    against = {name: words["beside"] for name, words in RESULTS[f"improve {DATA}"]["words"].items()}
    text = cell_text("07_improve", "improve-14")
    for names, other in (
        (("Wing", "SoftWing"), "flip"),
        (("size",), "L1"),
        (("average", "more faces", "generated"), "heat maps"),
    ):
        assert {against[name] for name in names} == {other}
        (part,) = [one for one in re.split(r"[;:.] ", text) if f"against `{other}`" in one]
        assert [name for name in names if f"`{name}`" not in part.split(" against ")[0]] == []
    took = RESULTS[f"latency {DATA}"]["contenders"]
    once, both = (took[f"`free`, two passes{way}"]["milliseconds"] for way in ("", ", mirrored"))
    assert both / once == pytest.approx(2, abs=0.3)  # "about twice the time"


def test_the_recorded_budgets_say_what_notebook_07_says_of_them():
    values = RESULTS[f"budget {DATA}"]
    numbers, maps = (
        [[run["test"] for run in runs] for runs in rows] for rows in values["trials"].values()
    )
    for one, other in zip(numbers, maps, strict=True):  # "the same at every length"
        assert verdict(other, one).endswith("better")
    for rows in (numbers, maps):  # "nearly one percentage point in the last step, too"
        assert 0.8 < np.mean(rows[-2]) - np.mean(rows[-1]) < 1
    said = cell_text("07_improve", "improve-longer-seen")
    assert [f"± {spread(row).split()[-1]}" in said for row in numbers] == [True, True, True]


def test_the_recorded_maps_say_what_the_end_of_notebook_07b_says_of_them():
    values = RESULTS[f"faces {DATA}"]
    assert values["shown"] >= 150_000 and values["seeds"] == [0, 1, 2] and values["size"] == 128
    numbers, maps = (
        [[run["test"] for run in runs] for runs in values[name]] for name in ("numbers", "maps")
    )
    for one, other in zip(numbers, maps, strict=True):  # "with all of them, too"
        assert verdict(other, one).endswith("better")
    assert max(maps[-2]) < min(numbers[-1])  # "needed fewer faces for the same error"


def test_a_second_crop_raises_the_mean_of_notebook_04s_network_alone():
    found = {
        name: row["nme"][0]
        for part in ("scoreboard", "shipped")
        for name, row in RESULTS[f"{part} {DATA}"]["contenders"].items()
    }
    names = [name for name in found if name.endswith(", one pass")]
    raised = [n for n in names if found[n.replace("one pass", "two passes")] > found[n]]
    assert raised == ["notebook 04, one pass"] and len(names) > 4
    values = RESULTS[f"improve {DATA}"]  # "of two such networks of three"
    once = [run["test"] for run in values["trials"][values["added_to"]]]
    lower = [both < one for both, one in zip(values["ways"]["second crop"], once, strict=True)]
    assert sorted(lower) == [False, True, True]
    assert "mean error of two of three networks" in cell_text("05_predict", "490d2d23")
    assert "The errors of heat maps fall." in cell_text("05_predict", "490d2d23")
    assert "The errors of the heat maps fall a little" in cell_text("06_evaluate", "d3356250")


def test_the_recorded_habits_say_what_notebook_06b_says_of_them():
    runs = longest(RESULTS[f"customary {DATA}"])
    rows = ("as it stands", "wider crop", "photographs kept whole", "full epochs")
    stands, *others = ([run["test"] for run in runs[name]] for name in rows)
    said = [verdict(other, stands).split(", ")[1] for other in others]
    assert said == ["worse", "better", "seeds differ"]
    for run in runs["as it stands"]:  # "its error on validation faces is larger than on the list"
        assert run["validation"] > run["test"]
    assert min(stands) - max(others[1]) < 0.01  # "are all but equal"
    for run in RESULTS[f"customary {DATA}"]["haar"]:  # "another detector's boxes in use, much"
        assert run["haar"] - run["label"] > 1.5


def test_stored_outputs_show_what_the_prose_beside_them_says():
    # 06: a random split praises the learner that remembers; one by photograph does not.
    random, grouped = (
        numbers(line)[:2] for line in output_of("06_evaluate", "4962df96").splitlines() if line
    )
    assert random[0] < 0.1 * random[1] and grouped[0] == pytest.approx(grouped[1], rel=0.2)
    # 06: looking straight ahead in a good box, the mean face is hardly off; a turned head is.
    errors = re.findall(r"(network|mean face) (\d+) %", output_of("06_evaluate", "87a39962"))
    errors = [int(error) for _, error in errors]
    turned, covered, *hard, easy = (errors[k : k + 4] for k in range(0, 20, 4))
    assert min(turned) > 10 and max(errors[5::2]) < 6
    assert all(row[0] > row[1] and row[2] > row[3] for row in hard)  # in the blur, in the dark
    assert easy[0] == easy[1] and easy[2] < easy[3]
    assert 0 <= covered[0] - covered[1] <= 1 and 0 <= covered[2] - covered[3] <= 1
    # 06b: who measures jittered faces measures something else each time, and larger.
    untouched, jittered = (
        numbers(line) for line in output_of("06b_customary", "a8178890").splitlines() if line
    )
    assert len(set(untouched)) == 1 and min(jittered) > max(untouched) and len(set(jittered)) > 1
    # 07: a flip without new names is no small mistake.
    margin, flipped = (
        numbers(line)[0] for line in output_of("07_improve", "improve-11").splitlines() if line
    )
    assert flipped > 3 * margin and margin < 12
    # 07b: maps learn more from few faces, but four times the faces are worth far more.
    lines = [line for line in output_of("07b_heatmaps", "cell-19").splitlines() if line]
    spans = {int(line[0]): line[1:5] for line in map(numbers, lines)}
    by_numbers, by_maps = ({n: np.mean(s[k : k + 2]) for n, s in spans.items()} for k in (0, 2))
    said = [line.split()[-1] for line in lines]
    assert said == ["better", "better", "undecided"]
    for few, many in ((32, 128), (128, 512)):
        gain = max(by_numbers[n] - by_maps[n] for n in (few, many))
        assert 0 < 3 * gain < by_numbers[few] - by_numbers[many]
    # 07b: what is hidden has a broad map, and the eye beside it keeps its own.
    cells = [numbers(line) for line in output_of("07b_heatmaps", "cell-23").splitlines() if line]
    for seen, hidden in (cells[:2], cells[2:]):
        assert hidden[1] > 1.5 * seen[1] and abs(hidden[0] - seen[0]) <= 1


def test_the_long_training_says_what_notebook_04_says_of_it():
    ways = RESULTS["overfitting"]
    ahead = np.array(ways["augmented"]["val_nme"]) < ways["unchanged"]["val_nme"]
    text = cell_text("04_train", "long-seen")
    assert "most of the first thirty epochs the varied faces are behind" in text
    assert ahead[:30].sum() < 10
    assert "From the forty-first on they are always ahead" in text
    assert not ahead[39] and ahead[40:].all()


def test_the_tones_of_skin_say_what_notebook_11_says_of_them():
    sure = {}
    for name, thirds in RESULTS["london"]["weights"].items():
        (_, light, low, high), (_, dark, least, most) = (
            thirds[f"{tone} third"] for tone in ("lightest", "darkest")
        )
        assert dark == max(third[1] for third in thirds.values())
        sure[name] = dark - light > np.hypot(high - low, most - least) / 2
    text = cell_text("11_people", "cell-38")
    assert all(sure.values())
    assert "For all three that is more than chance explains" in text


def test_the_recipe_from_nothing_is_a_sixth_better_than_the_trees_whatever_these_learn_from():
    board = RESULTS[f"scoreboard {DATA}"]["contenders"]
    trees = [row["nme"][0] for name, row in board.items() if name.startswith("regression trees")]
    assert len(trees) == 2
    recipe = board["heat maps, two passes, mirrored"]["nme"][0]
    assert recipe <= 3.69  # a fifth below the trees as they were before their best setting
    assert recipe <= 5 / 6 * min(trees)
    once = board["notebook 04, one pass"]["nme"][0]
    text = cell_text("06_evaluate", "d3356250")
    assert f"With one pass that network had {once:.2f} %" in text
    epochs = RESULTS[f"scoreboard {DATA}"]["epochs"]
    assert f"{epochs} epochs on these photographs" in text
    once, twice = (board[f"notebook 04, {passes}"] for passes in ("one pass", "two passes"))
    assert f"from {once['median'][0]:.2f} to {twice['median'][0]:.2f} %" in text
    assert twice["nme"][0] > once["nme"][0] and twice["failure_10"][0] > once["failure_10"][0]


def test_the_gap_of_free_on_photographs_is_widest_where_notebook_11_says():
    weights = RESULTS[f"shipped {DATA}"]["contenders"]
    parts, turns = (
        [weights[f"`{name}`, two passes, mirrored"][kind] for name in ("free", "research")]
        for kind in ("parts", "yaw")
    )
    gaps = {part: figure[0] - parts[1][part][0] for part, figure in parts[0].items()}
    assert sorted(gaps, key=gaps.__getitem__)[-2:] == ["jaw", "mouth"]
    by_turn = [figure[1] - turns[1][turn][1] for turn, figure in turns[0].items()]
    assert max(by_turn) == by_turn[-1] and min(by_turn) > 1
    assert "The gap is widest at mouth and jaw." in cell_text("11_people", "cell-36")


def test_the_default_weights_are_a_good_fifth_better_than_the_trees():
    best = RESULTS[f"shipped {DATA}"]["contenders"]["`research`, two passes, mirrored"]
    trees = RESULTS[f"scoreboard {DATA}"]["contenders"]["regression trees (dlib)"]
    assert best["nme"][0] <= 3.45  # a quarter below the trees as they were
    assert best["nme"][0] <= 0.78 * trees["nme"][0]


def test_a_goal_that_is_not_reached_is_said_not_to_be():
    said = [row[1] for row in goals_in_words(RESULTS)]
    assert [text.count("not met") for text in said[:3]] == [1, 1, 1]
    results = json.loads(json.dumps(RESULTS))
    results[f"scoreboard {DATA}"]["contenders"]["regression trees (dlib)"]["nme"][0] = 6.0
    better = [row[1] for row in goals_in_words(results)]
    assert all("not met" not in text and ": met" in text for text in better[:3])
    results[f"latency {DATA}"]["contenders"]["`fast`, one pass"]["milliseconds"] = 2.01
    assert goals_in_words(results)[1][1].endswith("2.01 ms: not met")


def test_the_face_finder_finds_most_faces_and_its_boxes_cost_little():
    lists = RESULTS[f"detector {DATA}"]["lists"]
    assert len(lists) == 2
    for board in lists.values():
        ours, free = (
            board["ways"][f"face finder, {data}"] for data in ("research data as well", "free data")
        )
        assert ours["recall"] >= 94 and free["recall"] >= 90
        assert ours["nme_detected"] - ours["nme_label"] < 0.3


def test_ten_times_the_faces_take_ten_times_the_time_and_no_more_memory():
    grown = RESULTS[f"growth {DATA}"]
    times, memory = (np.divide(grown[k], grown[k][0]) for k in ("seconds", "megabytes"))
    assert list(np.divide(grown["faces"], grown["faces"][0])) == [1, 3, 10]
    assert times == pytest.approx([1, 3, 10], rel=0.25) and memory.max() < 1.2


def test_trust_is_the_fitted_curve_and_was_right_as_often_as_it_said():
    values = RESULTS[f"trust {DATA}"]
    assert values["curve"] == list(TRUST)
    assert values["passes"]["upright"] < LOST < values["passes"]["lying"]
    for name in SHIPPED:
        for count, trust, right in values["rows"][name]:
            if count >= 300:  # `free` is believed a little too much on photographs
                assert right == pytest.approx(trust, abs=5), name
