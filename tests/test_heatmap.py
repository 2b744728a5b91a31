"""Heat maps: the mean position lies where the map says, and the loss wants the true place."""

import numpy as np
import pytest
import torch

from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.draw import PREDICTION, paint_maps
from helpers.heatmap import HeatmapNet, cell_centres, gaussians, heatmap_loss, soft_argmax
from helpers.model import to_pixels, to_target


@pytest.fixture(scope="module")
def small():
    """A small network with statistics of its own, as after a training."""
    torch.manual_seed(0)
    network = HeatmapNet(width=8, size=64)
    network.train()(torch.randn(4, 1, 64, 64))
    return network.eval()


def map_of(points, size, width=1.0):
    """Maps [1, K, size / 4, size / 4] whose softmax is a Gaussian around points [K, 2], pixels."""
    centres = 4 * torch.arange(size // 4) + 1.5
    x, y = ((points[:, i, None] - centres) / (4 * width) for i in (0, 1))
    return -(y[:, :, None] ** 2 + x[:, None] ** 2)[None] / 2


def test_a_cell_lies_at_the_middle_of_its_four_pixels():
    centres = (cell_centres(16, 64) + 0.5) * 64
    assert centres.tolist() == [1.5 + 4 * i for i in range(16)]


def test_all_of_a_map_in_one_cell_is_the_centre_of_that_cell():
    maps = torch.full((1, 1, 16, 16), -1e4)
    maps[0, 0, 3, 10] = 0
    x, y = (soft_argmax(maps, 64)[0, 0] + 0.5) * 64
    assert (float(x), float(y)) == pytest.approx((41.5, 13.5), abs=1e-4)


def test_two_cells_of_three_to_one_are_weighed_as_on_paper():
    maps = torch.full((1, 1, 16, 16), -1e4)
    maps[0, 0, 0, 0], maps[0, 0, 0, 4] = np.log(3), 0.0
    x, y = (soft_argmax(maps, 64)[0, 0] + 0.5) * 64
    assert (float(x), float(y)) == pytest.approx((1.5 + 16 / 4, 1.5), abs=1e-4)


def test_the_mean_position_finds_points_between_cells():
    points = 16 + 32 * torch.rand(68, 2, generator=torch.Generator().manual_seed(0))
    found = to_pixels(soft_argmax(map_of(points, 64), 64).flatten(1), 64)[0]
    torch.testing.assert_close(found, points, atol=0.01, rtol=0)


def test_the_loss_is_least_where_the_map_is_the_truths_gaussian():
    points = 16 + 32 * torch.rand(68, 2, generator=torch.Generator().manual_seed(1))
    target = to_target(points[None], 64)

    def loss(shift=0.0, width=1.0):
        maps = map_of(points + shift, 64, width)
        return float(heatmap_loss((soft_argmax(maps, 64).flatten(1), maps), target))

    best = loss()
    assert best < min(loss(shift=1.0), loss(shift=-1.0), loss(width=0.6), loss(width=1.6))
    # One pixel in x and in y is a quarter of a cell each; the entropy's share comes on top.
    assert loss(shift=4.0) - best > np.sqrt(2)


def test_the_loss_is_a_number_where_a_point_lies_far_outside():
    maps = torch.zeros(1, 68, 16, 16, requires_grad=True)
    target = to_target(torch.full((1, 68, 2), 900.0), 64)
    loss = heatmap_loss((soft_argmax(maps, 64).flatten(1), maps), target)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(maps.grad).all()


def test_a_loss_is_given_its_maps_too(small):
    images = torch.randn(2, 1, 64, 64)
    points, maps = small.outputs(images)
    assert (points.shape, maps.shape) == ((2, 136), (2, 68, 16, 16))
    assert torch.equal(small(images), points)


def test_a_size_that_the_stages_cannot_halve_is_refused():
    with pytest.raises(ValueError, match="multiple of 32, not 100"):
        HeatmapNet(8, 100)


def test_a_checkpoint_brings_back_a_network_of_its_kind(small, tmp_path):
    save_checkpoint(small, tmp_path / "map.pt", {"margin": 1.4})
    loaded, about = load_checkpoint(tmp_path / "map.pt")
    assert isinstance(loaded, HeatmapNet)
    assert about == {"margin": 1.4}
    images = torch.rand(2, 1, 64, 64)
    assert torch.equal(loaded(images), small(images))


def squares(count, size=64):
    """Pictures with a white square somewhere, and where: all 68 landmarks are its centre."""
    rng = np.random.default_rng(0)
    images = torch.full((count, 1, size, size), -1.0)
    places = rng.integers(12, size - 12, (count, 2))
    for image, (x, y) in zip(images, places, strict=True):
        image[0, y - 3 : y + 4, x - 3 : x + 4] = 1
    return images, torch.tensor(places, dtype=torch.float32)[:, None].repeat(1, 68, 1)


def test_it_learns_where_a_white_square_is():
    torch.manual_seed(0)
    model = HeatmapNet(width=8, size=64).train()
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    images, landmarks = squares(200)
    for _ in range(40):
        loss = heatmap_loss(model.outputs(images[:64]), to_target(landmarks[:64], 64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        points = model(images[64:])
    error = (to_pixels(points, 64) - landmarks[64:]).norm(dim=2).mean()
    guess = (landmarks[64:] - 31.5).norm(dim=2).mean()
    assert error < 0.1 * guess


def test_a_gaussian_is_read_off_again_where_it_was_put():
    points = torch.tensor([[[20.0, 30.0], [41.3, 33.3]]])
    maps = gaussians(to_target(points, 64), 16, 1.0)
    assert maps.shape == (1, 2, 16, 16)
    assert maps.sum((2, 3)) == pytest.approx(1, abs=1e-5)
    found = (soft_argmax(maps.log(), 64) + 0.5) * 64
    np.testing.assert_allclose(found, points, atol=0.05)


def test_a_larger_picture_has_more_cells_and_the_maps_move_with_what_is_seen(small):
    here, there = torch.zeros(2, 1, 1, 192, 192)
    here[..., 64:96, 64:96] = there[..., 64:96, 96:128] = torch.randn(32, 32)
    with torch.no_grad():
        first, second = small.maps(here), small.maps(there)
    assert first.shape == (1, 68, 48, 48)
    moved = first.roll(8, dims=3)  # 32 pixels are eight cells
    inner = (..., slice(12, 30), slice(18, 36))
    np.testing.assert_allclose(moved[inner], second[inner], atol=0.05 * float(first.std()))


def test_maps_are_painted_where_the_points_are():
    image = np.full((64, 64), 100, np.uint8)
    maps = gaussians(to_target(torch.tensor([[[21.5, 41.5]]]), 64), 16, 0.7)[0]
    picture = paint_maps(image, maps, zoom=2)
    assert picture.shape == (128, 128, 3)
    change = np.abs(picture.astype(int) - 100).sum(2)
    assert np.unravel_index(change.argmax(), change.shape) == pytest.approx((83.5, 43.5), abs=2)
    assert (picture[83, 43] > 0.7 * np.array(PREDICTION)).all()
    assert change[:40].max() == 0
