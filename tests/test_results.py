"""The README's figures are those that were measured, and the shipped weights still earn theirs."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.scoreboard import shipped
from helpers.checkpoint import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
RESULTS = json.loads((ROOT / "bench" / "results.json").read_text("utf-8"))


def test_the_readme_shows_the_figures_of_results_json():
    done = subprocess.run(
        [sys.executable, "-m", "bench.results", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_network_of_the_demo_makes_at_most_half_the_error_of_the_mean_face():
    result = RESULTS["run demo"]
    assert result["test_nme"] <= result["mean_face"] / 2


@pytest.mark.parametrize("name", SHIPPED)
def test_the_committed_weights_score_what_the_results_say(name):
    recorded, now = RESULTS[f"weights {name}"], shipped(name)
    assert now["faces"] == recorded["faces"] == 8
    # The faces are committed pictures, so that only arithmetic can differ between machines.
    assert now["nme"] == pytest.approx(recorded["nme"], abs=0.01)
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
    board = RESULTS["scoreboard ibug_300W_large_face_landmark_dataset"]["contenders"]
    nme = {name: row["nme"] for name, row in board.items()}
    trees, once, twice = (
        nme[name]
        for name in ("regression trees (dlib)", "notebook 04, one pass", "notebook 04, two passes")
    )
    assert trees[2] < once[1]  # clearly: the intervals do not touch
    assert twice[2] < nme["customary notebook"][0] < nme["mean face"][0]
    maps = nme["heat maps, two passes, mirrored"]
    assert maps[0] < 0.85 * trees[0]  # what the recipe is held to


def test_the_false_boxes_that_were_counted_by_eye_are_those_of_the_results():
    notebook = (ROOT / "notebooks" / "07_improve.ipynb").read_text("utf-8")
    board = RESULTS["detector ibug_300W_large_face_landmark_dataset"]["lists"]
    first = next(iter(board.values()))
    row = first["ways"]["the same, checked by the network"]
    assert f"Of the {round(row['false'] * first['faces'])} on the first list" in notebook


def test_the_default_weights_are_a_quarter_better_than_the_trees():
    data = "ibug_300W_large_face_landmark_dataset"
    best = RESULTS[f"shipped {data}"]["contenders"]["`research`, two passes, mirrored"]
    trees = RESULTS[f"scoreboard {data}"]["contenders"]["regression trees (dlib)"]
    assert best["nme"][0] <= 0.75 * trees["nme"][0]


def test_the_detector_finds_97_of_100_and_its_boxes_cost_little():
    lists = RESULTS["detector ibug_300W_large_face_landmark_dataset"]["lists"]
    assert len(lists) == 2
    for board in lists.values():
        row = board["ways"]["the same, checked by the network"]
        assert row["recall"] >= 97 and row["nme_detected"] - row["nme_label"] < 0.3


def test_ten_times_the_faces_take_ten_times_the_time_and_no_more_memory():
    grown = RESULTS["growth ibug_300W_large_face_landmark_dataset"]
    times, memory = (np.divide(grown[k], grown[k][0]) for k in ("seconds", "megabytes"))
    assert list(np.divide(grown["faces"], grown["faces"][0])) == [1, 3, 10]
    assert times == pytest.approx([1, 3, 10], rel=0.25) and memory.max() < 1.2
