"""The weights `fast` say on PyTorch, where no ONNX Runtime is, what they say on it."""

import sys

import numpy as np
import pytest
import torch

import fast_in_pytorch
from helpers.annotations import read_faces, read_image
from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.heatmap import HeatmapNet
from helpers.metrics import nme
from helpers.model import LandmarkNet
from helpers.predict import Landmarker

SOURCE, TARGET, FACES = fast_in_pytorch.SOURCE, fast_in_pytorch.TARGET, fast_in_pytorch.FACES


@pytest.fixture
def no_onnxruntime(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # importing it is an ImportError now


@pytest.fixture(scope="module")
def small():
    """A small network whose weights are whole multiples of scales, and these."""
    torch.manual_seed(0)
    model = HeatmapNet(width=8, size=32).eval()
    weights = model.state_dict()
    scales = {name: torch.rand(len(t)) / 99 for name, t in weights.items() if t.dim() == 4}
    for name, scale in scales.items():
        steps = torch.randint(-128, 128, weights[name].shape, dtype=torch.int8)
        weights[name] = steps * scale.view(-1, 1, 1, 1)
    model.load_state_dict(weights)
    return model, scales


def test_on_the_committed_faces_both_say_nearly_the_same():
    faces = read_faces(FACES)
    there, here = Landmarker.load("fast"), Landmarker.load(TARGET, device="cpu")
    truth = [face.landmarks for face in faces]
    expected, found = (
        np.stack([one.landmarks(read_image(f.image), [f.box], passes=1)[0] for f in faces])
        for one in (there, here)
    )
    assert abs(nme(found, truth).mean() - nme(expected, truth).mean()) < 0.05
    apart = nme(found, expected)  # as if the one were the truth about the other
    assert 0 < apart.mean() < 0.5


def test_what_is_known_of_it_and_its_terms_go_along(capsys):
    there, here = Landmarker.load("fast"), Landmarker.load(TARGET, device="cpu")
    assert here.about == there.about
    assert (here.margin, here.mirror, here.model.size) == (1.5, False, 128)
    assert capsys.readouterr().out.count("research and education only.\n") == 2


def test_the_file_is_small_and_what_the_tool_makes_of_the_onnx_file(tmp_path):
    assert TARGET.stat().st_size <= 2_000_000
    fast_in_pytorch.convert(SOURCE, tmp_path / "fast.pt")
    (made, _), (kept, _) = load_checkpoint(tmp_path / "fast.pt"), load_checkpoint(TARGET)
    for one, other in zip(made.parameters(), kept.parameters(), strict=True):
        assert torch.equal(one, other)


def test_with_onnx_runtime_fast_runs_on_it(capsys):
    assert not list(Landmarker.load("fast").model.parameters())
    assert "onnxruntime" not in capsys.readouterr().out


def test_without_onnx_runtime_fast_runs_on_pytorch_and_says_so(no_onnxruntime, capsys):
    landmarker = Landmarker.load("fast", device="cpu")
    assert isinstance(landmarker.model, HeatmapNet)
    said, terms = capsys.readouterr().out.splitlines()
    assert "`pip install onnxruntime`" in said and "times as fast on a CPU" in said
    assert said.startswith("fast: ") and said.endswith(".") and said.count(". ") == 0
    assert terms == "fast: research and education only."


def test_without_onnx_runtime_other_weights_say_nothing_of_it(no_onnxruntime, capsys):
    Landmarker.load("free", device="cpu")
    assert "onnxruntime" not in capsys.readouterr().out


def test_without_onnx_runtime_a_readers_file_is_refused_with_what_to_install(no_onnxruntime):
    with pytest.raises(ValueError, match=r"fast\.onnx: .*`pip install onnxruntime`") as error:
        Landmarker.load(SOURCE)  # as a path, not by its name
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_a_missing_onnx_file_is_missing_with_or_without_onnx_runtime(no_onnxruntime, tmp_path):
    with pytest.raises(ValueError, match=r"gone\.onnx: there is no such file"):
        Landmarker.load(tmp_path / "gone.onnx")


def test_a_training_cannot_go_on_from_fast_by_its_name():
    """Without the statistics of its batch norms it would begin far from where it left off."""
    with pytest.raises(ValueError, match=r"fast\.onnx: .*predicts only"):
        load_checkpoint("fast")


def test_eight_bit_weights_come_back_exactly_in_a_fraction_of_the_bytes(small, tmp_path):
    model, scales = small
    save_checkpoint(model, tmp_path / "whole.pt")
    save_checkpoint(model, tmp_path / "small.pt", {"margin": 1.7}, scales=scales)
    loaded, about = load_checkpoint(tmp_path / "small.pt")
    assert about == {"margin": 1.7}
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    whole, less = ((tmp_path / f"{name}.pt").stat().st_size for name in ("whole", "small"))
    assert less < 0.6 * whole  # a small network's file holds much besides its weights


@pytest.mark.parametrize("half", [False, True])
def test_a_checkpoint_without_scales_is_as_before(half, tmp_path):
    model = LandmarkNet(width=8, size=64)
    save_checkpoint(model, tmp_path / "net.pt", half=half)
    saved = torch.load(tmp_path / "net.pt", weights_only=True)
    assert set(saved) == {"weights", "network", "about", "width", "size", "scheme"}
    loaded, _ = load_checkpoint(tmp_path / "net.pt")
    expected = model.head.weight.half().float() if half else model.head.weight
    assert torch.equal(loaded.head.weight, expected)


STEM = "stem.0.weight"
BROKEN = {
    "gone": lambda scales: scales.pop(STEM),
    "NaN": lambda scales: scales[STEM].__setitem__(3, torch.nan),
    "infinite": lambda scales: scales[STEM].__setitem__(3, torch.inf),
    "zero": lambda scales: scales[STEM].__setitem__(3, 0),
    "negative": lambda scales: scales[STEM].neg_(),
    "too short": lambda scales: scales.update({STEM: scales[STEM][:-1]}),
    "one for all": lambda scales: scales.update({STEM: scales[STEM][0]}),
    "no tensor": lambda scales: scales.update({STEM: 0.5}),
    "whole numbers": lambda scales: scales.update({STEM: torch.ones(8, dtype=torch.int64)}),
    "of nothing": lambda scales: scales.update({"stem.9.weight": torch.ones(8)}),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_broken_scale_is_refused_with_the_files_name(small, tmp_path, damage):
    path = tmp_path / "net.pt"
    save_checkpoint(small[0], path, scales=small[1])
    saved = torch.load(path, weights_only=True)
    damage(saved["scales"])
    torch.save(saved, path)
    with pytest.raises(ValueError, match=r"net\.pt: .*\.$"):
        load_checkpoint(path)


@pytest.mark.parametrize("scales", [None, [], 5, "text"])
def test_scales_of_another_kind_are_refused_with_the_files_name(small, tmp_path, scales):
    path = tmp_path / "net.pt"
    save_checkpoint(small[0], path, scales=small[1])
    torch.save(torch.load(path, weights_only=True) | {"scales": scales}, path)
    with pytest.raises(ValueError, match=r"net\.pt: .*\.$"):
        load_checkpoint(path)


def test_the_tool_prints_error_and_time_of_both(capsys):
    fast_in_pytorch.main(["--compare"])
    said = capsys.readouterr().out
    assert said.startswith("tests/faces, 8 faces, one pass: NME ") and "times as long" in said
