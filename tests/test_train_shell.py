"""Training from a shell."""

import subprocess
import sys

import pytest
import torch

from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.dataset import FaceLandmarksDataset, load_faces
from helpers.heatmap import HeatmapNet
from helpers.metrics import nme
from helpers.model import LandmarkNet
from helpers.predict import Landmarker, predict_all
from helpers.train import __main__ as train_cli
from helpers.train.__main__ import main


def test_it_trains_on_several_archives_scores_another_and_writes_a_checkpoint(
    make_folder, data, tmp_path, capsys
):
    sizes = {"one": 8, "two": 8, "three": 6}
    folders = [make_folder(name, train=40, test=test) for name, test in sizes.items()]
    out = tmp_path / "small.pt"
    words = [
        *["--faces", str(folders[0]), "--faces", str(folders[1]), "--test", str(folders[2])],
        *["--epochs", "1", "--size", "32", "--width", "8", "--batch-size", "8", "--half"],
        *["--out", str(out)],
    ]
    main(words)
    landmarker = Landmarker.load(out, device="cpu")
    assert f"{landmarker.about['test_nme']:.2f} %" in capsys.readouterr().out
    assert landmarker.about["faces"] == ["one", "two"]
    assert landmarker.about["faces_seen"] == 72  # 36 of the first, 40 of the second, whole batches
    scored = FaceLandmarksDataset(load_faces("test", str(folders[2])), 32)
    again = nme(*predict_all(landmarker.model, scored)).mean()
    assert landmarker.about["test_nme"] == pytest.approx(again, rel=1e-4)
    assert not out.with_name("small.pt.resume").exists()


def test_it_trains_a_heat_map_network_and_keeps_its_terms(data, tmp_path, make_folder, capsys):
    out = tmp_path / "map.pt"
    words = [
        *["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "1", "--size", "32"],
        *["--network", "HeatmapNet", "--width", "8", "--batch-size", "8", "--mirror"],
        *["--terms", "research only", "--out", str(out)],
    ]
    main(words)
    landmarker = Landmarker.load(out, device="cpu")
    assert isinstance(landmarker.model, HeatmapNet)
    assert (landmarker.mirror, landmarker.about["terms"]) == (True, "research only")


def test_what_goes_on_from_other_weights_keeps_their_terms_and_counts_their_faces(
    data, tmp_path, make_folder
):
    folder, one, two = str(make_folder("one", train=40, test=8)), tmp_path / "1.pt", tmp_path / "2"
    words = ["--faces", folder, "--epochs", "1", "--size", "32", "--width", "8"]
    words += ["--batch-size", "8"]
    main([*words, "--terms", "research only", "--out", str(one)])
    main([*words, "--start", str(one), "--out", str(two)])
    about = load_checkpoint(two)[1]
    assert (about["terms"], about["faces"]) == ("research only", ["one", "one"])
    assert about["faces_seen"] == 2 * 32


def test_a_training_that_is_stopped_leaves_a_file_with_its_terms(
    data, tmp_path, make_folder, monkeypatch
):
    def stop(history):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_cli, "_print_epoch", stop)
    words = ["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "2", "--size", "32"]
    words += ["--width", "8", "--batch-size", "8", "--mirror", "--terms", "research only"]
    with pytest.raises(SystemExit):
        main([*words, "--out", str(tmp_path / "stopped.pt")])
    about = load_checkpoint(tmp_path / "stopped.pt")[1]
    assert (about["terms"], about["mirror"], about["faces"]) == ("research only", True, ["one"])


@pytest.mark.parametrize(
    "words, told",
    [
        (["--width", "16"], "of width 8, not LandmarkNet of width 16"),
        (["--network", "HeatmapNet", "--width", "8"], "a LandmarkNet of width 8, not HeatmapNet"),
    ],
)
def test_it_does_not_go_on_from_another_network(data, tmp_path, make_folder, words, told):
    one = tmp_path / "1.pt"
    save_checkpoint(LandmarkNet(8, 32), one)
    with pytest.raises(SystemExit, match=f"1.pt: .*{told}"):
        words = [
            *["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "1"],
            *["--size", "32", "--batch-size", "8", "--start", str(one)],
            *["--out", str(tmp_path / "2.pt"), *words],
        ]
        main(words)


@pytest.mark.parametrize("has", [False, True])
def test_numbers_of_16_bits_are_left_out_where_they_crawl(
    data, tmp_path, make_folder, capsys, monkeypatch, has
):
    monkeypatch.setattr(train_cli, "CPU_HAS_BF16", has)
    monkeypatch.setattr(train_cli, "pick_device", lambda: torch.device("cpu"))
    words = [
        *["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "1", "--size", "32"],
        *["--width", "8", "--batch-size", "8", "--bf16", "--out", str(tmp_path / "x.pt")],
    ]
    main(words)
    told = capsys.readouterr().out
    assert ("--bf16 is left out" in told) == (not has)
    assert ("mixed precision" in told) == (has or torch.cuda.is_available())


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["--faces", "nowhere", "--epochs", "1", "--out", "x.pt"], "nowhere"),
        (["--epochs", "1", "--out", "."], "--out must be a file"),
        (["--epochs", "1", "--out", "x.pt", "--start", "./x.pt"], "x.pt: is --start and --out"),
    ],
)
def test_a_mistake_is_one_sentence(data, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=told):
        main(arguments)


@pytest.mark.parametrize("setting", ["--epochs", "--batch-size", "--size", "--width"])
@pytest.mark.parametrize("value", ["0", "-3", "1.5"])
def test_sizes_that_cannot_be_are_told_before_anything_is_read(capsys, setting, value):
    words = ["--epochs", "1", "--out", "x.pt", "--faces", "nowhere"]
    with pytest.raises(SystemExit) as stop:
        main([*words, f"{setting}={value}"])
    assert stop.value.code == 2
    told = f"{setting}: must be a whole number of at least 1, not {value}"
    assert told in capsys.readouterr().err


def test_a_diverging_training_ends_in_a_sentence(data, tmp_path, make_folder):
    words = ["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "1", "--size", "32"]
    words += ["--width", "8", "--batch-size", "8", "--lr", "1e9", "--out", str(tmp_path / "x.pt")]
    told = "the loss became (NaN|infinite) in epoch 1, step . lower the rate .lr is 1e.09"
    with pytest.raises(SystemExit, match=told.replace("step . ", "step .: ")):
        main(words)


def test_the_shell_runs_its_file_once(tmp_path):
    """`python -m` warns where the package has imported the module that it is about to run."""
    for package in ("helpers.train", "helpers.people"):
        # Only this warning: older PyTorch, imported under "error", fails on others of its own.
        command = [sys.executable, "-W", "error::RuntimeWarning", "-m", package, "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert package in done.stdout and not done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--average", "1.5"], "--average must be at least 0 and below 1, not 1.5"),
        (["--seed", "-5"], "must be a whole number of at least 0, not -5"),
        (["--faces", ""], "--faces must be demo, ibug or a path, not nothing"),
    ],
)
def test_an_option_that_cannot_be_is_named(words, told, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--epochs", "1", "--out", str(tmp_path / "x.pt")])
    assert told in f"{stopped.value}{capsys.readouterr().err}"
