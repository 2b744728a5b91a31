"""What notebook 07 shows: trials, detector, growth; and the tables that are made of them."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bench import detector, growth, improve, latency, results
from helpers.annotations import read_faces, read_image
from helpers.checkpoint import load_checkpoint
from helpers.crop import to_grey
from helpers.people import make_people
from helpers.recipe import Recipe
from helpers.sources import label_file
from helpers.trials import TRIALS, Trial


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_people(tmp_path_factory.mktemp("people"), train=50, test=6, seed=5)


@pytest.fixture(scope="module")
def lists(folder):
    return tuple(read_faces(label_file(folder, part)) for part in ("train", "test"))


@pytest.fixture
def small_trials(monkeypatch):
    small = Recipe(width=8, size=32, batch_size=8)
    maps = replace(small, network="HeatmapNet")
    trials = {
        "plain": Trial(small, "as it stands", None),
        "heat maps": Trial(maps, "maps", "plain"),
        "more faces": Trial(maps, "more", "heat maps", "photographs"),
    }
    monkeypatch.setattr(improve, "TRIALS", trials)
    monkeypatch.setattr(results, "TRIALS", trials)
    return trials


def test_each_trial_is_trained_once_and_says_how_many_faces_it_was_shown(
    lists, small_trials, tmp_path, monkeypatch
):
    def measured():
        return improve.measure(*lists, tmp_path, (0, 1), looks=100, others=lists[1] * 3)

    once = measured()
    monkeypatch.setattr(Recipe, "train", None)  # would fail
    assert measured() == once
    assert set(once["trials"]) == set(small_trials)
    assert once["shown"] == {"plain": 92, "heat maps": 92, "more faces": 128}
    for runs in once["trials"].values():
        assert [run["seed"] for run in runs] == [0, 1]
        assert runs[0]["test"] != runs[1]["test"] and runs[0]["test"] != runs[0]["aside"]
    (path,) = tmp_path.glob("trial plain * seed 1.pt")
    crops = improve.FaceLandmarksDataset(lists[1], 32)
    again = improve.nme(*improve.predict_all(load_checkpoint(path)[0], crops)).mean()
    assert once["trials"]["plain"][1]["test"] == round(float(again), 3)


def test_a_changed_trial_is_trained_again(lists, small_trials, tmp_path, monkeypatch):
    monkeypatch.delitem(small_trials, "more faces")
    once = improve.measure(*lists, tmp_path, (0,), looks=50)
    changed = replace(small_trials["plain"].recipe, flip=0.0)
    monkeypatch.setitem(small_trials, "plain", Trial(changed, "no flips", None))
    other = improve.measure(*lists, tmp_path, (0,), looks=50)
    assert other["trials"]["plain"] != once["trials"]["plain"]
    assert other["trials"]["heat maps"] == once["trials"]["heat maps"]


def test_a_change_is_better_only_where_all_seeds_say_so(small_trials):
    def runs(*errors):
        return [{"test": error, "aside": 9.0, "seconds": 60} for error in errors]

    trials = {"plain": runs(6, 7), "heat maps": runs(5, 6.5), "more faces": runs(5.5, 6)}
    shown = {"plain": 1_600, "heat maps": 1_600, "more faces": 1_500}
    values = {"trials": trials, "shown": shown, "ways": {"mirror": [4.8, 6.6]}}
    *_, plain, maps, more, mirror = results.improve_table(values).splitlines()
    assert "| - | 1,600 | 6.50 ± 0.50 | - | 9.00 ± 0.00 | 1.0 |" in plain
    assert "| `plain` | 1,600 | 5.75 ± 0.75 | -0.75, better |" in maps
    assert "| `heat maps` | 1,500 | 5.75 ± 0.25 | +0.00, seeds differ |" in more
    assert "| 5.70 ± 0.90 | -0.05, seeds differ |" in mirror


def test_the_recorded_trials_are_those_of_the_code():
    recorded = results.json.loads(results.RESULTS.read_text("utf-8"))
    (values,) = (value for name, value in recorded.items() if name.startswith("improve "))
    assert set(values["trials"]) == set(values["shown"]) == set(TRIALS)


def test_the_detector_is_scored_against_the_label_file(folder, lists):
    pictures = [to_grey(read_image(face.image)) for face in lists[1]]

    def labelled(grey):
        (k,) = (k for k, other in enumerate(pictures) if np.array_equal(grey, other))
        return k, np.float32([lists[1][k].box])

    def half(grey):
        """Every other face, a little off; in each picture besides a box in the corner."""
        k, boxes = labelled(grey)
        return np.concatenate([boxes + 1, [[0, 0, 5, 5]]])[k % 2 :].astype(np.float32)

    ways = {"all": lambda grey: labelled(grey)[1], "half": half,
            "none": lambda _: np.zeros((0, 4), np.float32)}  # fmt: skip
    (board,) = detector.measure([str(folder)], ways=ways)["lists"].values()
    found = {way: (row["recall"], row["false"]) for way, row in board["ways"].items()}
    assert board["faces"] == len(lists[1])
    assert found == {"all": (100.0, 0.0), "half": (50.0, 1.0), "none": (0.0, 0.0)}


def test_the_peak_of_memory_is_that_of_the_process_alone():
    pages = np.ones(100_000_000)  # 800 MB, which a process started from here must not inherit
    here = growth.peak_megabytes()
    code = "from bench.growth import peak_megabytes; print(peak_megabytes())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert pages.nbytes / 1e6 < here
    assert float(told.stdout) < here - 0.9 * pages.nbytes / 1e6


def test_every_contender_of_the_recorded_tables_is_timed_in_one_run(lists, monkeypatch):
    monkeypatch.setattr(latency, "FACES", 2)
    rows = latency.measure(*lists, latency.trees.FIRST | {"cascade_depth": 1})["contenders"]
    recorded = results.json.loads(results.RESULTS.read_text("utf-8"))
    names = set()
    for kind in ("scoreboard", "shipped", "latency"):
        values = recorded[f"{kind} ibug_300W_large_face_landmark_dataset"]
        names |= set(values["contenders"])
    assert names - set(rows) <= {"regression trees (dlib)"}  # an extra of the benchmark
    assert all(row["milliseconds"] > 0 for row in rows.values())
    assert rows["`fast`, one pass"]["milliseconds"] < rows["`research`, two passes"]["milliseconds"]
