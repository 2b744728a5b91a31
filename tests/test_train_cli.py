"""Training from a shell."""

import pytest
import torch

from helpers import train_cli
from helpers.heatmap import HeatmapNet
from helpers.predict import Landmarker
from helpers.train_cli import main


def test_it_trains_on_several_archives_scores_another_and_writes_a_checkpoint(
    make_folder, data, tmp_path, capsys
):
    folders = [make_folder(name, train=40, test=8) for name in ("one", "two", "three")]
    out = tmp_path / "small.pt"
    main([
        *["--faces", str(folders[0]), "--faces", str(folders[1]), "--test", str(folders[2])],
        *["--epochs", "1", "--size", "32", "--width", "8", "--batch-size", "8", "--half"],
        *["--out", str(out)],
    ])  # fmt: skip
    landmarker = Landmarker.load(out, device="cpu")
    assert f"{landmarker.about['test_nme']:.2f} %" in capsys.readouterr().out
    assert len(landmarker.about["test_errors"]) == 8
    assert not out.with_name("small.pt.resume").exists()


def test_it_trains_a_heat_map_network_and_keeps_its_terms(data, tmp_path, make_folder, capsys):
    out = tmp_path / "map.pt"
    main([
        *["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "1", "--size", "32"],
        *["--network", "HeatmapNet", "--width", "8", "--batch-size", "8", "--mirror"],
        *["--terms", "research only", "--out", str(out)],
    ])  # fmt: skip
    landmarker = Landmarker.load(out, device="cpu")
    assert isinstance(landmarker.model, HeatmapNet)
    assert (landmarker.mirror, landmarker.about["terms"]) == (True, "research only")


@pytest.mark.parametrize("has", [False, True])
def test_numbers_of_16_bits_are_left_out_where_they_crawl(
    data, tmp_path, make_folder, capsys, monkeypatch, has
):
    monkeypatch.setattr(train_cli, "CPU_HAS_BF16", has)
    monkeypatch.setattr(train_cli, "pick_device", lambda: torch.device("cpu"))
    main([
        *["--faces", str(make_folder("one", train=40, test=8)), "--epochs", "1", "--size", "32"],
        *["--width", "8", "--batch-size", "8", "--bf16", "--out", str(tmp_path / "x.pt")],
    ])  # fmt: skip
    told = capsys.readouterr().out
    assert ("--bf16 is left out" in told) == (not has)
    assert ("mixed precision" in told) == (has or torch.cuda.is_available())


@pytest.mark.parametrize("arguments, told", [
    (["--faces", "nowhere", "--epochs", "1", "--out", "x.pt"], "nowhere"),
    (["--epochs", "0", "--out", "x.pt"], "--epochs must be at least 1, not 0"),
    (["--epochs", "1", "--out", "."], "--out must be a file"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(data, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=told):
        main(arguments)
