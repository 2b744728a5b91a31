"""An exported network says what the checkpoint says, and bad files get one clear sentence."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage.data import astronaut

from helpers import export, quantize
from helpers.checkpoint import save_checkpoint
from helpers.heatmap import HeatmapNet
from helpers.model import LandmarkNet
from helpers.predict import Landmarker

BOX = [[180, 76, 90, 90]]


@pytest.fixture(scope="module", params=[LandmarkNet, HeatmapNet])
def files(request, tmp_path_factory):
    """A checkpoint, with statistics of its own as after a training, and its ONNX file."""
    torch.manual_seed(0)
    network = request.param(width=8, size=64)
    network.train()(torch.randn(8, 1, 64, 64))
    folder = tmp_path_factory.mktemp("export")
    save_checkpoint(network, folder / "net.pt", {"margin": 1.7, "mirror": True})
    export.main([str(folder / "net.pt"), str(folder / "net.onnx")])
    return folder / "net.pt", folder / "net.onnx"


@pytest.mark.parametrize("faces", [1, 5])
def test_it_says_what_pytorch_says_for_any_number_of_faces(files, faces):
    there, here = (Landmarker.load(file, device="cpu") for file in files)
    boxes = np.float32(BOX * faces) + np.arange(faces, dtype=np.float32)[:, None]
    expected = there.landmarks(astronaut(), boxes)
    assert np.ptp(expected, axis=0).max() > 0.1 or faces == 1  # the boxes do matter
    np.testing.assert_allclose(here.landmarks(astronaut(), boxes), expected, atol=0.01)


def test_no_folder_of_this_machine_is_in_the_file(files):
    assert str(Path(export.__file__).parents[1]).encode() not in files[1].read_bytes()


def test_what_is_known_of_the_checkpoint_goes_along(files):
    there, here = (Landmarker.load(file, device="cpu") for file in files)
    assert here.about == there.about
    assert (here.margin, here.mirror, here.model.size) == (1.7, True, 64)


def test_shipped_weights_are_exported_by_their_name(tmp_path):
    export.main(["research", str(tmp_path / "research.onnx")])
    landmarker = Landmarker.load(tmp_path / "research.onnx")
    expected = Landmarker.load("research", device="cpu").landmarks(astronaut(), BOX)
    np.testing.assert_allclose(landmarker.landmarks(astronaut(), BOX), expected, atol=0.01)


@pytest.mark.parametrize("content", [None, b"", b"no such thing"])
def test_a_file_that_is_no_export_is_refused_by_its_name(content, tmp_path):
    path = tmp_path / "net.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.onnx: "):
        Landmarker.load(path)


def test_a_foreign_onnx_file_is_refused_by_its_name(files, tmp_path):
    import onnx

    model = onnx.load(files[1])
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(ValueError, match=r"foreign\.onnx: .*not one of this project"):
        Landmarker.load(tmp_path / "foreign.onnx")


def test_a_checkpoint_that_is_not_there_is_named_in_the_shell(tmp_path):
    with pytest.raises(SystemExit, match=r"gone\.pt: no such checkpoint"):
        export.main([str(tmp_path / "gone.pt"), str(tmp_path / "net.onnx")])
    assert not (tmp_path / "net.onnx").exists()


def test_a_file_for_one_face_is_read_by_opencv_too(tmp_path):
    model = HeatmapNet(width=8, size=64).eval()
    save_checkpoint(model, tmp_path / "one.pt")
    export.export(tmp_path / "one.pt", tmp_path / "one.onnx", count=1)
    images = torch.rand(1, 1, 64, 64)
    net = cv2.dnn.readNetFromONNX(str(tmp_path / "one.onnx"))
    net.setInput(images.numpy())
    with torch.no_grad():
        assert np.allclose(net.forward(), model(images), atol=1e-4)


def test_a_file_for_so_many_faces_takes_any_number(tmp_path):
    model = LandmarkNet(width=8, size=64).eval()
    save_checkpoint(model, tmp_path / "three.pt")
    export.export(tmp_path / "three.pt", tmp_path / "three.onnx", count=3)
    exported = Landmarker.load(tmp_path / "three.onnx").model
    for faces in (1, 3, 7):
        images = torch.rand(faces, 1, 64, 64)
        with torch.no_grad():
            np.testing.assert_allclose(exported(images), model(images), atol=1e-4)


def test_a_missing_package_is_named(files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(SystemExit, match=r"x\.onnx: to write it needs onnx and onnxscript"):
        export.main([str(files[0]), str(tmp_path / "x.onnx")])


def test_a_file_is_not_written_over_itself(files):
    network, exported = files
    before = network.read_bytes(), exported.read_bytes()
    with pytest.raises(SystemExit, match="is the file to read; name another one to write"):
        export.main([str(network), str(network)])
    with pytest.raises(SystemExit, match="is the file to read; name another one to write"):
        quantize.main([str(exported), str(exported)])
    assert before == (network.read_bytes(), exported.read_bytes())
