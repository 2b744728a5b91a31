"""What notebook 07 shows: trials, detector, growth; and the tables that are made of them."""

import json
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import (
    RESULTS,
    TRAININGS,
    contenders,
    detector,
    faces,
    growth,
    improve,
    kept,
    latency,
    overfitting,
    turned,
)
from bench.cells import notebook_cells
from bench.pages import docs
from bench.tables import (
    budget_table,
    customary_table,
    faces_table,
    habits_table,
    improve_table,
    steps_table,
    turned_table,
)
from bench.words import DATA, changes_in_words, habits_in_words, maps_in_words
from helpers import charts, predict
from helpers.annotations import read_faces, read_image
from helpers.checkpoint import load_checkpoint
from helpers.crop import to_grey
from helpers.model import to_pixels
from helpers.people import make_people
from helpers.sources import label_file
from helpers.train import TRIALS, Recipe, Trial
from helpers.train import recipe as recipes


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
    for module in (improve, faces):
        monkeypatch.setattr(module, "TRIALS", trials)
    monkeypatch.setattr(improve, "ADDED_TO", "heat maps")
    monkeypatch.setattr(improve, "core_ms", lambda recipes, faces: dict.fromkeys(recipes, 1.0))
    return trials


@pytest.fixture
def place(tmp_path):
    return kept.Trainings(tmp_path / "weights", tmp_path / "trainings.json", "lists")


def test_each_trial_is_trained_once_and_says_how_many_faces_it_was_shown(
    lists, small_trials, place, monkeypatch
):
    def measured():
        return improve.measure(*lists, place, (0, 1), looks=100, others=lists[1] * 3)

    once = measured()
    monkeypatch.setattr(Recipe, "train", None)  # would fail
    assert measured() == once
    assert set(once["trials"]) == set(once["words"]) == set(small_trials)
    assert once["words"]["heat maps"] == {"what": "maps", "beside": "plain"}
    # At least as many as asked for, in whole batches: 92 faces, or 92 and 36, in batches of 8.
    assert once["shown"] == {"plain": 176, "heat maps": 176, "more faces": 128}
    for runs in once["trials"].values():
        assert [run["seed"] for run in runs] == [0, 1]
        assert runs[0]["test"] != runs[1]["test"] and runs[0]["test"] != runs[0]["aside"]
    assert [len(errors) for errors in once["ways"].values()] == [2, 2, 2]
    assert once["left_out"] == {}
    (path,) = place.weights.glob("trial plain * seed 1.pt")
    crops = improve.FaceLandmarksDataset(lists[1], 32)
    again = improve.nme(*improve.predict_all(load_checkpoint(path)[0], crops)).mean()
    assert once["trials"]["plain"][1]["test"] == round(float(again), 3)


def test_a_trial_comes_with_those_it_is_held_against_and_the_rest_are_named(
    lists, small_trials, place
):
    values = improve.measure(*lists, place, (0,), looks=50, names=["heat maps"])
    assert set(values["trials"]) == set(values["core_ms"]) == {"plain", "heat maps"}
    assert values["left_out"] == {"more faces": "more"}
    plain = improve.measure(*lists, place, (0,), looks=50, names=["plain"])
    assert set(plain["trials"]) == {"plain", "heat maps"}  # what was done before stays
    other = improve.measure(*lists, place, (1,), looks=50, names=["plain"])
    assert other["ways"] == {} and "`plain`: as it stands" in improve_table(other)


def test_the_crops_are_made_before_it_is_timed_what_a_face_takes(lists, monkeypatch):
    monkeypatch.setattr(improve, "TIMED", 40)  # another list than that whose crops are kept
    did, crop, train = [], improve.FaceLandmarksDataset, Recipe.train

    def cropped(faces, *settings):
        did.append(len(faces))
        return crop(faces, *settings)

    def trained(recipe, faces, epochs, *settings, **options):
        did.append(f"{epochs} of {len(faces)}")
        return train(recipe, faces, epochs, *settings, **options)

    monkeypatch.setattr(improve, "FaceLandmarksDataset", cropped)
    monkeypatch.setattr(Recipe, "train", trained)
    small = Recipe(width=8, size=32, batch_size=8)
    costs = improve.core_ms({"one": small, "the same": small}, lists[0])
    assert did == [40, "1 of 40", "3 of 40"]
    assert costs["one"] == costs["the same"] > 0


def test_a_training_that_was_stopped_goes_on_inside_and_sums_up_its_seconds(lists, tmp_path):
    small = Recipe(width=8, size=32, batch_size=8)
    whole = kept.trained(small, lists[0], 4, tmp_path / "whole.pt")
    assert whole["done"] and len(whole["curve"]) == 4
    train, shown = Recipe.train, []

    class Stopped(Recipe):
        def train(self, *settings, on_epoch, **options):
            def stop(history):
                on_epoch(history)
                shown.append(len(history))
                if shown == [1, 2]:
                    signal.raise_signal(signal.SIGINT)  # as Ctrl-C, in the third epoch

            return train(self, *settings, on_epoch=stop, **options)

    path, stopped = tmp_path / "stopped.pt", Stopped(**vars(small))
    with pytest.raises(KeyboardInterrupt):
        kept.trained(stopped, lists[0], 4, path)
    so_far = json.loads(path.with_suffix(".json").read_text())
    assert not so_far["done"] and so_far["curve"] == whole["curve"][:2]
    so_far["seconds"] += 1000
    path.with_suffix(".json").write_text(json.dumps(so_far))
    found = kept.trained(stopped, lists[0], 4, path)
    assert shown == [1, 2, 3, 4] and found["curve"] == whole["curve"]
    assert 1000 < found["seconds"] < 2000
    one, other = (
        load_checkpoint(tmp_path / f"{n}.pt")[0].state_dict() for n in ("whole", "stopped")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_power_cut_before_the_last_epoch_is_told_leaves_the_curve_whole(lists, tmp_path):
    train = Recipe.train

    class Cut(Recipe):
        def train(self, *settings, on_epoch, **options):
            def cut(history):
                if len(history) == 2:  # its state is saved by now
                    raise SystemError("the power is gone")
                on_epoch(history)

            return train(self, *settings, on_epoch=cut, **options)

    small, path = Recipe(width=8, size=32, batch_size=8), tmp_path / "cut.pt"
    with pytest.raises(SystemError):
        kept.trained(Cut(**vars(small)), lists[0], 2, path)
    assert len(json.loads(path.with_suffix(".json").read_text())["curve"]) == 1
    found = kept.trained(small, lists[0], 2, path)
    assert found["done"] and len(found["curve"]) == 2


def test_seconds_of_a_training_that_begins_anew_after_all_do_not_count(
    lists, tmp_path, monkeypatch
):
    small, path = Recipe(width=8, size=32, batch_size=8), tmp_path / "anew.pt"
    known = {"done": False, "curve": [9.0], "seconds": 1000.0}
    path.with_suffix(".json").write_text(json.dumps(known))
    Path(f"{path}.resume").write_bytes(b"of another training")
    found = kept.trained(small, lists[0], 2, path)
    assert found["seconds"] < 1000 and len(found["curve"]) == 2


def test_the_seconds_of_a_stopped_training_are_those_of_its_parts(tmp_path):
    path = tmp_path / "one.pt"

    def stopped():
        Path(f"{path}.resume").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.whole_seconds(path, stopped)
    so_far = path.with_suffix(".stopped")
    so_far.write_text(str(float(so_far.read_text()) + 1000))
    assert 1000 < kept.whole_seconds(path, lambda: None) < 1100
    assert not so_far.exists() and kept.whole_seconds(path, lambda: None) < 1000


def test_what_was_trained_by_another_recipe_is_not_taken_for_this(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(contenders, "once", lambda file, _: seen.append(file.name) or 0.0)
    for name in ("export", "load_onnx", "load_checkpoint", "Landmarker"):
        monkeypatch.setattr(contenders, name, lambda *_: ())
    monkeypatch.setattr(contenders, "ways", lambda *_: [])
    for sets in (["a", "a", "b"], ["/elsewhere/a", "a", "b"], ["a", "b", "b"]):
        contenders.recipe(sets, 100, tmp_path, 1_000)
    monkeypatch.setattr(contenders, "RECIPE", "--network LandmarkNet")
    contenders.recipe(["a", "a", "b"], 100, tmp_path, 1_000)
    assert seen[0] == seen[1] and len(set(seen)) == 3


def test_the_learning_curve_has_a_point_every_so_many_faces(
    lists, small_trials, place, monkeypatch
):
    monkeypatch.setattr(improve, "EVERY", 150)
    recipe = small_trials["plain"].recipe
    run = improve.figures_of(improve.Training("plain", recipe, 400, 0), *lists, place)
    (path,) = place.weights.glob("trial plain *.pt")
    whole = json.loads(path.with_suffix(".json").read_text())["curve"]
    assert run["curve_shown"] == [176, 352, 440]  # of epochs of 88 faces, and the last
    assert run["curve"] == [whole[1], whole[3], whole[4]]


def test_budgets_are_trained_each_with_its_whole_schedule(lists, small_trials, place, monkeypatch):
    monkeypatch.setattr(improve, "BUDGET_TRIALS", ("plain", "heat maps"))
    values = improve.budgets(*lists, place, (0, 1), (80, 160))
    assert values["shown"] == [88, 176]
    short, long = ([run["test"] for run in runs] for runs in values["trials"]["plain"])
    assert len(short) == 2 and short != long
    table = budget_table(values)
    assert "| faces shown | `plain`: NME, % of inter-ocular distance | `heat maps` | " in table
    assert f"| 176 | {np.mean(long):.2f} ± " in table


def test_numbers_and_maps_learn_from_few_faces_and_from_all(
    lists, small_trials, place, monkeypatch
):
    monkeypatch.setattr(faces, "NETWORKS", {"numbers": "plain", "maps": "heat maps"})
    watched, fit = [], recipes.fit

    def watch(model, train_set, val_set, epochs, *settings, **options):
        watched.append((type(model).__name__, train_set.indices, val_set.indices, epochs))
        return fit(model, train_set, val_set, epochs, *settings, **options)

    monkeypatch.setattr(recipes, "fit", watch)
    values = faces.measure(*lists, place, (0, 1), looks=160, counts=(10, 1_000))
    assert values["counts"] == [10, 92]  # 1,000 are more than all
    assert values["shown"] == 176
    for network in ("numbers", "maps"):
        assert [[run["seed"] for run in runs] for runs in values[network]] == [[0, 1], [0, 1]]
    assert [name for name, *_ in watched[:4]] == 2 * ["LandmarkNet", "HeatmapNet"]
    for _, few, held, epochs in watched:
        assert len(few) == 92 and epochs == 2 and not set(few) & set(held)
    assert [len(set(few)) for _, few, *_ in watched] == 2 * [10, 10, 92, 92]
    assert watched[0][1] == watched[1][1] != watched[4][1]  # the same faces for both, by the seed
    assert sum(lists[0][i].is_twin for i in set(watched[0][1])) == 5  # each face with its twin
    numbers, maps = ([run["test"] for run in values[n][0]] for n in ("numbers", "maps"))
    assert values["numbers"][0] != values["numbers"][1]
    row = faces_table(values).splitlines()[2]
    change = np.mean(maps) - np.mean(numbers)
    assert row.startswith(f"| 10 | {np.mean(numbers):.2f} ± ") and f" | {change:+.2f}, " in row
    monkeypatch.setattr(Recipe, "train", None)  # would fail
    assert faces.measure(*lists, place, (0, 1), looks=160, counts=(10, 1_000)) == values


def test_figures_of_trainings_outlive_the_machine_that_made_them(
    lists, small_trials, place, monkeypatch
):
    once = improve.measure(*lists, place, (0,), looks=50)
    shutil.rmtree(place.weights)
    monkeypatch.setattr(Recipe, "train", None)  # would fail
    assert improve.measure(*lists, place, (0,), looks=50) == once
    made = {run["made"]["torch"] for runs in once["trials"].values() for run in runs}
    assert made == {torch.__version__}
    elsewhere = replace(place, lists="other lists")
    with pytest.raises(TypeError):  # what other lists gave is not taken for these
        improve.measure(*lists, elsewhere, (0,), looks=50)


def test_maps_save_faces_only_where_every_seed_says_so():
    def runs(*pairs):
        return [[{"test": error} for error in pair] for pair in pairs]

    ahead = {
        "counts": [64, 1_000, 1_865],
        "numbers": runs((7, 7.2), (5, 5.2), (4.5, 4.6)),
        "maps": runs((6, 6.2), (4.4, 4.49), (4, 4.1)),
    }
    told = maps_in_words(ahead)
    assert told.startswith("- Maps were better with 64, 1,000, 1,865 faces.\n- In every seed, maps")
    assert "maps from 1,000 faces beat numbers from 1,865.\n" in told
    assert "from 64 faces beat" not in told  # 6 is more than 5.2
    assert "the place is not all that a map saves" in told
    level = ahead | {"maps": runs((6, 6.2), (4.4, 4.55), (4, 4.55))}
    assert maps_in_words(level) == (
        "- Maps were better with 64, 1,000 faces.\n- The seeds differ with 1,865 faces.\n"
    )


def test_a_habit_is_held_against_the_notebook_after_as_many_steps():
    def runs(*errors):
        return [{"told": 9, "validation": 9, "test": e, "seconds": 60} for e in errors]

    rows = {
        "as it stands": runs(9, 8.5),
        "full epochs": runs(8, 7.5),
        "as it stands, 3 times the steps": runs(5, 6),
        "full epochs, 3 times the steps": runs(6.5, 7),
    }
    *_, first, early, second, late = customary_table({"rows": rows}).splitlines()
    assert "| - |" in first and "| - |" in second
    assert "| -1.00, better |" in early
    assert "| +1.25, worse |" in late


def test_notebook_06b_tells_of_the_longest_trainings_and_no_more_than_their_seeds_bear():
    def runs(*errors):
        return [{"told": e + 2, "validation": e + 1, "test": e, "seconds": 60} for e in errors]

    names = ("as it stands", "full epochs", "photographs kept whole", "wider crop")
    early, late = ((15, 16), (14, 14), (14, 14), (14, 14)), ((5, 6), (4, 4.5), (5.5, 6), (7, 8))
    rows = {name: runs(*errors) for name, errors in zip(names, early, strict=True)}
    rows |= {f"{n}, 3 times the steps": runs(*e) for n, e in zip(names, late, strict=True)}
    haar = [{"label": 4.0, "haar": 6.0, "found": 7}]
    path = {"customary_per_second": 100, "cached_per_second": 550}
    table = habits_table({"rows": rows, "haar": haar}, path).splitlines()
    assert len(table) == 2 + 6 and {line.count("|") for line in table} == {1 + 5}
    assert "| 5.50 ± 0.50 | 4.25 ± 0.25 | -1.25, better |" in table[2]
    assert table[3].endswith("| +0.25, seeds differ |") and table[4].endswith("| +2.00, worse |")
    assert "| 100 faces a second | 550 faces a second | 5.5 times |" in table[7]
    board = {"contenders": {"mean face": {"nme": [15.0, 14.0, 16.0]}}}
    told = habits_in_words({"rows": rows, "haar": haar}, board)
    assert "had learned little" not in told
    assert (
        "Better in every seed: *every face once*, *the label file's boxes*. "
        "Worse in every seed: *half as wide again*." in told
    )
    short = {"rows": dict(list(rows.items())[:4]), "haar": haar}
    assert "had learned little" in habits_in_words(short, board)


def test_notebook_06b_says_how_long_the_networks_of_its_table_were_trained():
    results = json.loads(RESULTS.read_text("utf-8"))
    values = results[f"customary {DATA}"]
    names = ("as it stands", "full epochs", "photographs kept whole", "wider crop")
    run = {"told": 9.0, "validation": 9.0, "test": 9.0, "seconds": 60}
    longer = {f"{name}, 3 times the steps": [run | {"steps": 2_842}] for name in names}
    short = {name: [run | {"steps": 960}] for name in names}
    for rows, said in (
        (short | longer, "(Notebook 6's 8.87 % is another run with 960.)"),
        (short, "(Notebook 6's 8.87 % is another run of the same.)"),
    ):
        values["rows"] = rows
        text = notebook_cells(results)["06b_customary"]["customary"]
        steps = list(rows.values())[-1][0]["steps"]
        assert f"for {steps:,} steps at 112 pixels. {said}" in text


def test_a_changed_trial_is_trained_again(lists, small_trials, place, monkeypatch):
    monkeypatch.delitem(small_trials, "more faces")
    once = improve.measure(*lists, place, (0,), looks=50)
    changed = replace(small_trials["plain"].recipe, flip=0.0)
    monkeypatch.setitem(small_trials, "plain", Trial(changed, "no flips", None))
    other = improve.measure(*lists, place, (0,), looks=50)
    assert other["trials"]["plain"] != once["trials"]["plain"]
    assert other["trials"]["heat maps"] == once["trials"]["heat maps"]


def test_a_change_is_better_only_where_every_seed_with_it_beats_every_seed_without():
    def runs(*errors):
        return [{"test": error, "aside": 9.0, "seconds": 60} for error in errors]

    trials = {"plain": runs(6.8, 7), "heat maps": runs(5, 6.5), "more faces": runs(4.9, 6.4)}
    shown = {"plain": 1_600, "heat maps": 1_600, "more faces": 1_500}
    beside = {"plain": None, "heat maps": "plain", "more faces": "heat maps"}
    words = {name: {"what": f"{name} in words", "beside": beside[name]} for name in trials}
    values = {"words": words, "trials": trials, "shown": shown}
    values |= {"added_to": "heat maps", "ways": {"mirror": [4.8, 6.6]}}
    values |= {"core_ms": {"plain": 3.5, "heat maps": 5.0, "more faces": 5.0}}
    values |= {"left_out": {"average": "moving average"}}
    *_, plain, maps, more, mirror = improve_table(values).splitlines()
    assert plain.startswith("| `plain`: plain in words | - |")
    assert "| - | 1,600 | 6.90 ± 0.10 | - | 9.00 ± 0.00 | 3.5 |" in plain
    assert "| `plain` | 1,600 | 5.75 ± 0.75 | -1.15, better |" in maps
    # Both pairs of the same seed agree, which happens by chance; the seeds themselves do not.
    assert "| `heat maps` | 1,500 | 5.65 ± 0.75 | -0.10, seeds differ |" in more
    assert "| 5.70 ± 0.90 | -0.05, seeds differ |" in mirror
    assert changes_in_words(values) == (
        "Of all 3 changes 1 are better and 0 worse; not decided: `more faces`, "
        "mirror when `heat maps` predicts. "
        "Not tried for so long yet: moving average (`average`)."
    )


def test_each_step_of_notebook_07_says_what_it_is_held_against():
    recorded = json.loads(RESULTS.read_text("utf-8"))[f"improve {DATA}"]
    head, _, first, *_ = steps_table(recorded).splitlines()
    assert head.endswith("| training, ms of a core for a face |")
    assert first.startswith("| `start`, against `plain`: start from the mean face | ")


def test_the_recorded_trials_are_those_of_the_code():
    recorded = json.loads(RESULTS.read_text("utf-8"))
    (values,) = (value for name, value in recorded.items() if name.startswith("improve "))
    if values["looks"] < improve.LOOKS:
        pytest.skip("recorded before the trials had their budget; the long run takes its place")
    done = {name: trial for name, trial in TRIALS.items() if name not in values["left_out"]}
    assert set(values["trials"]) == set(values["shown"]) == set(values["core_ms"]) == set(done)
    words = {name: {"what": t.what, "beside": t.beside} for name, t in done.items()}
    assert values["words"] == words
    assert values["left_out"] == {n: t.what for n, t in TRIALS.items() if n not in done}


def test_the_tables_show_what_is_kept_of_each_training_and_no_other_recipe_is_kept():
    results, known = (json.loads(file.read_text("utf-8")) for file in (RESULTS, TRAININGS))
    lists = next(entry for entry in known if " trial " in entry).split(" trial ")[0]
    values, few = results[f"improve {DATA}"], results[f"faces {DATA}"]
    shown = [
        (improve.Training(name, TRIALS[name].recipe, values["looks"], run["seed"]), run)
        for name, runs in values["trials"].items()
        for run in runs
    ]
    shown += [
        (improve.Training(n, TRIALS[n].recipe, improve.LOOKS, run["seed"], few=count), run)
        for network, n in faces.NETWORKS.items()
        for count, runs in zip(faces.COUNTS, few[network], strict=False)
        for run in runs
    ]
    # The hash of further photographs: they are not at hand everywhere.
    alike = {re.sub(r" and [0-9a-f]{8} ", " ", entry): of_it for entry, of_it in known.items()}
    assert len(alike) == len(known)
    for one, run in shown:
        kept_of_it = alike[f"{lists} {one.title}"]
        assert kept_of_it["figures"] | {"made": run["made"]} == run
        assert run["made"].items() <= kept_of_it.items()
    told = (re.match(rf"{lists} trial (.+) ([0-9a-f]{{8}}) \d+ looks", entry) for entry in known)
    for name, recipe in (match.groups() for match in told if match):
        assert f" {recipe} " in improve.Training(name, TRIALS[name].recipe, 1, 0).title


def test_the_long_training_is_done_once_for_each_way_and_keeps_every_epoch(
    lists, tmp_path, monkeypatch
):
    monkeypatch.setattr(overfitting, "load_faces", lambda part, name: lists[0])
    once = overfitting.measure(tmp_path, epochs=2, width=8, size=32)
    monkeypatch.setattr(overfitting, "fit", None)  # would fail
    assert overfitting.measure(tmp_path, epochs=2, width=8, size=32) == once
    for way in ("unchanged", "augmented"):
        assert {key: len(once[way][key]) for key in overfitting.KEYS} == {
            "train_loss": 2,
            "val_loss": 2,
            "val_nme": 2,
        }
    assert once["unchanged"] != once["augmented"]
    monkeypatch.setattr(overfitting, "curves_of", lambda *settings: settings[-1])
    paths = [overfitting.measure(tmp_path, 2, w, 32)["unchanged"] for w in (8, 16)]
    monkeypatch.setattr(overfitting, "load_faces", lambda part, name: lists[0][2:])
    paths.append(overfitting.measure(tmp_path, 2, 8, 32)["unchanged"])
    assert len(set(paths)) == 3 and paths[0].with_suffix(".json").exists()
    assert once["training_faces"] + once["validation_faces"] == len(lists[0])


def test_the_recorded_long_training_learns_its_faces_by_heart_only_where_they_never_change():
    """Notebook 04 says so beside its curves."""
    values = json.loads(RESULTS.read_text("utf-8"))["overfitting"]
    gap = {
        way: values[way]["val_loss"][-1] / values[way]["train_loss"][-1]
        for way in ("unchanged", "augmented")
    }
    assert gap["unchanged"] > 3 and gap["augmented"] < 1.5
    assert values["augmented"]["val_nme"][-1] < values["unchanged"]["val_nme"][-1]


def test_the_axis_of_epochs_has_whole_numbers_and_what_is_far_above_is_cut_off(monkeypatch):
    drawn = []
    monkeypatch.setattr(charts.plt, "show", lambda: drawn.append(charts.plt.gcf()))
    line = {"train_loss": 0.01, "val_loss": 0.02, "val_nme": 60.0}
    charts.curves([line, line | {"val_nme": 9.0}], baseline=15.0)
    one = {key: [0.1, 0.01, 0.001] for key in ("train_loss", "val_loss")} | {"val_nme": [20, 9, 8]}
    charts.long_curves({"some": one, "others": one}, baseline=15.0)
    for figure, ends in zip(drawn, ((0, 1.4 * 15), (0.8 * 8, 1.1 * 15)), strict=True):
        for axis in figure.axes:
            assert all(float(tick).is_integer() for tick in axis.get_xticks())
        assert figure.axes[-1].get_ylim() == pytest.approx(ends)
        charts.plt.close(figure)


def test_notebooks_show_budgets_and_few_faces_as_they_are_recorded():
    results = json.loads(RESULTS.read_text("utf-8"))
    machine = {key: results[f"latency {DATA}"][key] for key in ("machine", "gpu", "torch", "date")}
    runs = [[{"test": 6.0}, {"test": 7.0}]]
    budget = {"trials": {"L1": runs, "heat maps": runs}, "shown": [150_336], "seeds": [0, 1]}
    few = {"counts": [64], "numbers": runs, "maps": runs, "shown": 150_336, "size": 128}
    results[f"budget {DATA}"] = budget | machine
    results[f"faces {DATA}"] = few | {"seeds": [0, 1]} | machine
    cells = notebook_cells(results)
    row = "| 150,336 | 6.50 ± 0.50 | 6.50 ± 0.50 | 0.00, seeds differ |"
    assert row in cells["07_improve"]["budget"]
    assert "150,336 crops of 128 pixels" in cells["07b_heatmaps"]["faces"]
    assert (
        "| 64 | 6.50 ± 0.50 | 6.50 ± 0.50 | 0.00, seeds differ |"
        in (cells["07b_heatmaps"]["faces"])
    )
    assert "- The seeds differ with 64 faces.\n" in cells["07b_heatmaps"]["faces"]
    assert "## Few faces and many" in docs(results) and "150,336" in docs(results)


def test_the_chart_of_few_faces_has_a_dot_for_each_seed_and_a_line_through_the_means(monkeypatch):
    drawn = []
    monkeypatch.setattr(charts.plt, "show", lambda: drawn.append(charts.plt.gcf()))
    charts.by_count({"numbers": {64: [8.0, 9.0], 256: [6.0, 7.0]}, "maps": {64: [7.0, 7.5]}})
    (axis,) = drawn[0].axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in axis.get_lines()}
    assert lines["numbers"] == [[64, 8.5], [256, 6.5]] and lines["maps"] == [[64, 7.25]]
    dots = [line.get_xydata().tolist() for line in axis.get_lines() if line.get_marker() == "o"]
    assert dots == [[[64, 8], [64, 9]], [[256, 6], [256, 7]], [[64, 7], [64, 7.5]]]
    assert axis.get_xlabel() == "training faces" and axis.get_xscale() == "log"
    charts.plt.close(drawn[0])


def test_seeds_without_and_with_a_change_stand_in_one_row_and_far_ones_are_told(monkeypatch):
    drawn = []
    monkeypatch.setattr(charts.plt, "show", lambda: drawn.append(charts.plt.gcf()))
    rows = {"some": ([7, 8], [6, 6.5]), "far": ([7], [33.0, 34.0]), "near": ([6], [5.5, 4.0])}
    charts.without_and_with(rows, (5, 10))
    (axis,) = drawn[0].axes
    dots = [line.get_xdata().tolist() for line in axis.get_lines()]
    assert dots == [[7, 8], [6, 6.5], [7], [], [6], [5.5]]
    arrow, *beyond = axis.texts
    assert arrow.xyann[0] == 7.5 and arrow.xy[0] == 6.25
    assert [text.get_text() for text in beyond] == ["33.5 % →", "← 4.0 %"]
    (legend,) = drawn[0].legends
    assert [text.get_text() for text in legend.texts] == ["without the change", "with it"]
    assert axis.get_xscale() == "linear" and axis.get_xlabel().startswith("better ←")
    assert [label.get_text() for label in axis.get_yticklabels()] == [*rows]
    charts.plt.close(drawn[0])


def test_the_detector_is_scored_against_the_label_file(folder, lists, monkeypatch):
    pictures = [to_grey(read_image(face.image)) for face in lists[1]]

    def labelled(grey):
        """The number of a picture, and its box; other pictures are only there for the clock."""
        k = next((k for k, other in enumerate(pictures) if np.array_equal(grey, other)), None)
        return (0, np.zeros((0, 4))) if k is None else (k, np.float32([lists[1][k].box]))

    def half(grey):
        """Every other face, a little off; in each picture besides a box in the corner."""
        k, boxes = labelled(grey)
        return np.concatenate([boxes + 1, [[0, 0, 5, 5]]])[k % 2 :].astype(np.float32)

    ways = {
        "all": lambda grey: labelled(grey)[1],
        "half": half,
        "none": lambda _: np.zeros((0, 4), np.float32),
    }
    monkeypatch.setattr(detector, "ways", lambda: ways)
    values = detector.measure([str(folder)])
    (board,) = values["lists"].values()
    assert values["times"].keys() == ways.keys()
    found = {way: (row["recall"], row["false"]) for way, row in board["ways"].items()}
    assert board["faces"] == len(lists[1])
    assert found == {"all": (100.0, 0.0), "half": (50.0, 1.0), "none": (0.0, 0.0)}


def test_the_detectors_that_are_left_out_are_named(monkeypatch, capsys):
    monkeypatch.setattr(detector, "HAS_CASCADES", False)
    assert not [name for name in detector.ways() if "cascade" in name]
    assert "The cascades are left out: OpenCV " in capsys.readouterr().out


def test_a_turned_face_stands_under_its_turned_landmarks(lists):
    face = lists[1][0]
    upright, lying = (turned.turned_by(face, angle) for angle in (0, 90))
    middle = (len(upright[0]) - 1) / 2
    assert (upright[1] == lying[1]).all() and upright[1][0] + upright[1][2] / 2 == middle + 0.5
    # Clockwise on the picture, where y points down: what was above is on the right.
    away = upright[2] - middle
    assert np.abs(lying[2] - middle - np.stack([-away[:, 1], away[:, 0]], 1)).max() < 0.6
    assert np.abs(np.rot90(upright[0], -1).astype(int) - lying[0]).mean() < 2


def test_turned_faces_are_found_and_held_against_the_upright_ones(lists, monkeypatch):
    monkeypatch.setattr(turned, "STEP", 90)
    values = json.loads(json.dumps(turned.measure(lists[1], "free")))
    assert values["faces"] == len([face for face in lists[1] if not face.is_twin])
    assert set(values["found"]) == {"0", "90", "180", "270"}
    assert min(values["found"].values()) > 60
    for ways in values["landmarks"].values():
        assert abs(ways["given"]["turned"] - ways["given"]["upright"]) < 0.5
    assert "| 90 degrees |" in turned_table(values)


def test_the_benchmark_starts_from_the_repositorys_root():
    """Also without the paths that pytest adds: `bench.london` reads its set with a tool."""
    command = [sys.executable, "-m", "bench", "--help"]
    root = RESULTS.parent.parent
    done = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "--quick" in done.stdout


def test_what_a_process_of_its_own_fails_on_is_seen(monkeypatch, capfd):
    monkeypatch.chdir(RESULTS.parent.parent)
    with pytest.raises(subprocess.CalledProcessError):
        growth.measure(["many"])
    assert "invalid literal for int() with base 10: 'many'" in capfd.readouterr().err


def test_the_peak_of_memory_is_that_of_the_process_alone():
    pages = np.ones(100_000_000)  # 800 MB, which a process started from here must not inherit
    here = growth.peak_megabytes()
    code = "from bench.growth import peak_megabytes; print(peak_megabytes())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert pages.nbytes / 1e6 < here
    assert float(told.stdout) < here - 0.9 * pages.nbytes / 1e6


def test_every_contender_of_the_recorded_tables_is_timed_in_one_run(lists, monkeypatch):
    looks = []

    def counted(answers, size):
        looks.append(len(answers))
        return to_pixels(answers, size)

    # A clock that counts how often a network looked: what it shows does not depend on the machine.
    monkeypatch.setattr(predict, "to_pixels", counted)
    monkeypatch.setattr(contenders, "perf_counter", lambda: len(looks) / 1000)
    monkeypatch.setattr(latency, "FACES", 2)
    rows = latency.measure(*lists, latency.trees.FIRST | {"cascade_depth": 1})["contenders"]
    recorded = json.loads(RESULTS.read_text("utf-8"))
    names = set()
    for kind in ("scoreboard", "shipped", "latency"):
        values = recorded[f"{kind} ibug_300W_large_face_landmark_dataset"]
        names |= set(values["contenders"])
    assert {name.split(",")[0] for name in names - set(rows)} <= {latency.trees.NAME}  # an extra
    for name, row in rows.items():
        passes = 1 if "one pass" in name else 2 if "two passes" in name else 0
        assert row["milliseconds"] == passes * (2 if "mirrored" in name else 1), name
