"""The network is ResNet18 with another beginning and end; its checkpoints are whole or refused."""

import os
import re

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from helpers.checkpoint import checkpoint_for, load_checkpoint, save_checkpoint
from helpers.model import LandmarkNet, to_pixels, to_target


@pytest.fixture(scope="module")
def torchvisions():
    """torchvision's ResNet18 with a one-channel first and a 136-number last layer."""
    network = resnet18(num_classes=136)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return network.eval()


@pytest.fixture(scope="module")
def small():
    """A small network with statistics of its own, as after a training."""
    torch.manual_seed(0)
    network = LandmarkNet(width=8, size=64)
    network.train()(torch.randn(4, 1, 64, 64))
    return network.eval()


def test_it_has_the_parameters_of_resnet18(torchvisions):
    ours = [tuple(p.shape) for p in LandmarkNet(64).parameters()]
    assert ours == [tuple(p.shape) for p in torchvisions.parameters()]


def test_with_the_weights_of_resnet18_it_says_the_same(torchvisions):
    network = LandmarkNet(64)
    theirs = torchvisions.state_dict().values()
    network.load_state_dict(dict(zip(network.state_dict(), theirs, strict=True)))
    images = torch.rand(2, 1, 96, 96) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(network.eval()(images), torchvisions(images))


@pytest.mark.parametrize("size", [64, 112])
def test_any_size_goes_in_and_136_numbers_come_out(small, size):
    assert small(torch.zeros(3, 1, size, size)).shape == torch.Size([3, 136])


def test_what_the_network_is_asked_for_and_what_it_says_are_inverse():
    landmarks = 224 * torch.rand(5, 68, 2)
    targets = to_target(landmarks, 224)
    assert targets.shape == torch.Size([5, 136])
    assert targets.abs().max() <= 0.5
    torch.testing.assert_close(to_pixels(targets, 224), landmarks, atol=1e-4, rtol=0)


def test_x_and_y_take_turns_in_parts_of_the_canvas():
    landmarks = torch.zeros(1, 68, 2)
    landmarks[0, 1] = torch.tensor([50.0, 75.0])
    assert to_target(landmarks, 100)[0, :4].tolist() == [-0.5, -0.5, 0.0, 0.25]


def test_a_checkpoint_brings_back_the_network_and_what_is_known_of_it(small, tmp_path):
    path = tmp_path / "new folder" / "net.pt"
    about = {"margin": 1.4, "faces": "demo", "history": [{"val_nme": 9.5}]}
    save_checkpoint(small, path, about)
    loaded, known = load_checkpoint(path)
    assert (loaded.width, loaded.size, known) == (8, 64, about)
    assert not loaded.training
    images = torch.rand(2, 1, 64, 64)
    assert torch.equal(loaded(images), small(images))


def refused(path):
    """The message with which a file is refused: one sentence, the file's name first."""
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}: ")) as error:
        load_checkpoint(path)
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_a_missing_checkpoint_is_refused(tmp_path):
    assert "no such checkpoint" in refused(tmp_path / "gone.pt")


@pytest.mark.parametrize("part", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_checkpoint_is_refused(small, tmp_path, part):
    path = tmp_path / "net.pt"
    save_checkpoint(small, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    refused(path)


NO_CHECKPOINTS = [
    *(b"no checkpoint at all\n", b"<html>404</html>", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"),
    *(b"I5\n.", b"u0", b"\x8c\x04\xcc\xb5\xb5\xb5."),  # what pickle stumbles over
    b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 11\n",
]


@pytest.mark.parametrize("content", NO_CHECKPOINTS)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "net.pt"
    path.write_bytes(content)
    refused(path)


def test_a_checkpoint_with_damage_in_its_names_is_refused(small, tmp_path):
    path = tmp_path / "net.pt"
    save_checkpoint(small, path)
    path.write_bytes(path.read_bytes().replace(b"stage1.0.bn1", b"stage1.0.\xffn1"))
    refused(path)


OTHER_THINGS = [
    *({}, [1, 2], 5, "text"),
    {"weights": {}, "width": 8, "size": 64},
    {"weights": {}, "width": 8, "size": 64, "about": {}},
    {"weights": [], "width": 8, "size": 64, "about": {}},
    {"weights": {}, "width": "wide", "size": 64, "about": {}},
]


@pytest.mark.parametrize("saved", OTHER_THINGS, ids=str)
def test_a_checkpoint_of_something_else_is_refused(tmp_path, saved):
    torch.save(saved, tmp_path / "net.pt")
    refused(tmp_path / "net.pt")


def test_a_checkpoint_without_word_of_itself_is_refused(small, tmp_path):
    weights = small.state_dict()
    torch.save({"weights": weights, "width": 8, "size": 64}, tmp_path / "net.pt")
    refused(tmp_path / "net.pt")


def test_the_checkpoint_of_another_network_is_refused(torchvisions, tmp_path):
    torch.save(torchvisions.state_dict(), tmp_path / "resnet.pt")
    refused(tmp_path / "resnet.pt")
    torch.save(torchvisions, tmp_path / "whole.pt")
    refused(tmp_path / "whole.pt")


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_a_checkpoint_runs_no_code(tmp_path):
    torch.save({"weights": Harmful(tmp_path / "made")}, tmp_path / "net.pt")
    refused(tmp_path / "net.pt")
    assert not (tmp_path / "made").exists()


def test_weights_of_another_width_are_refused(small, tmp_path):
    path = tmp_path / "net.pt"
    weights = LandmarkNet(width=16).state_dict()
    torch.save({"weights": weights, "width": 8, "size": 64, "about": {}}, path)
    assert "another network" in refused(path)


def test_an_existing_checkpoint_survives_a_failed_write(small, tmp_path):
    path = tmp_path / "net.pt"
    save_checkpoint(small, path, {"name": "first"})
    numbers = (n for n in range(3))
    with pytest.raises(ValueError, match=r"about\['runs'\]\['numbers'\] is a generator"):
        save_checkpoint(small, path, {"name": "second", "runs": {"numbers": numbers}})
    assert load_checkpoint(path)[1] == {"name": "first"}
    assert list(tmp_path.iterdir()) == [path]


def test_numpy_numbers_and_paths_about_a_network_become_plain_ones(small, tmp_path):
    path = tmp_path / "net.pt"
    about = {
        "test_nme": np.float32(2.5),
        "seed": np.int64(3),
        "yaw": np.array([0.5, 1.5]),
        "folder": tmp_path,
        "history": [{"val_nme": np.float64(9.5)}],
    }
    save_checkpoint(small, path, about)
    plain = {"test_nme": 2.5, "seed": 3, "yaw": [0.5, 1.5], "folder": str(tmp_path)}
    assert load_checkpoint(path)[1] == plain | {"history": [{"val_nme": 9.5}]}


def test_the_name_of_a_data_sets_checkpoint_goes_with_the_data_when_they_move(
    make_folder, data, monkeypatch
):
    here = make_folder("here", train=8)
    before = checkpoint_for(here)
    there = here.rename(here.with_name("there"))
    assert checkpoint_for(there) == before
    assert checkpoint_for(make_folder("other", train=10)) != before
    monkeypatch.setenv("FACES_LIMIT", "96")
    assert checkpoint_for(there) != before


def test_an_existing_checkpoint_is_replaced_by_a_good_write(small, tmp_path):
    path = tmp_path / "net.pt"
    for name in ("first", "second"):
        save_checkpoint(small, path, {"name": name})
    assert load_checkpoint(path)[1] == {"name": "second"}
    assert list(tmp_path.iterdir()) == [path]


def test_the_outputs_are_points_in_float32_whatever_the_precision():
    outputs = torch.from_numpy(np.linspace(-0.5, 0.5, 136, dtype=np.float16))[None]
    points = to_pixels(outputs, 64)
    assert (points.dtype, points.shape) == (torch.float32, torch.Size([1, 68, 2]))


def test_a_width_that_torch_would_crash_on_is_refused():
    for width in (0, 4, 12):
        with pytest.raises(ValueError, match="multiple of 8"):
            LandmarkNet(width)
