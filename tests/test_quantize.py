"""A network with 8-bit numbers says nearly what the exported one says, in fewer bytes."""

import numpy as np
import pytest
from skimage.data import astronaut

from helpers import quantize
from helpers.annotations import read_faces
from helpers.export import export
from helpers.predict import Landmarker
from helpers.sources import label_file

BOXES = [[180, 76, 90, 90], [182, 74, 92, 92]]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An exported network and the same with 8-bit numbers."""
    folder = tmp_path_factory.mktemp("quantize")
    export("free", folder / "net.onnx")
    return folder / "net.onnx", folder / "small.onnx"


def test_eight_bits_move_the_points_a_little_and_take_a_quarter_of_the_bytes(
    files, make_folder, data
):
    path, small = files
    faces = read_faces(label_file(make_folder(train=16, test=4), "train"))
    quantize.quantize(path, small, faces)
    there, here = (Landmarker.load(file) for file in files)
    expected, found = (one.landmarks(astronaut(), BOXES) for one in (there, here))
    moved = np.linalg.norm(found - expected, axis=2).mean() / 90
    assert 0 < moved < 0.01  # of the box
    assert small.stat().st_size < 0.3 * path.stat().st_size
    assert here.about == there.about and here.model.size == there.model.size
    alone = [here.landmarks(astronaut(), [box])[0] for box in BOXES]
    np.testing.assert_allclose(found, alone, atol=0.01)


def test_what_is_no_export_is_refused_in_a_shell_by_its_name(tmp_path, data):
    with pytest.raises(SystemExit, match=r"gone\.onnx: there is no such file"):
        quantize.main([str(tmp_path / "gone.onnx"), str(tmp_path / "small.onnx")])
    assert not list(tmp_path.glob("small*"))


def test_a_file_for_one_face_at_a_time_is_quantized_too(tmp_path, make_folder, data):
    one, small = tmp_path / "one.onnx", tmp_path / "small.onnx"
    export("free", one, count=1)
    quantize.quantize(one, small, read_faces(label_file(make_folder(train=4, test=1), "train")))
    assert small.stat().st_size < 0.3 * one.stat().st_size
