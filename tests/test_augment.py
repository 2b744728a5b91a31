"""Augmentation: every face its own settings, the points always with the picture."""

import numpy as np
import pytest
import torch
from synthetic import draw_dots, face_shape

from helpers.augment import FLIP, Augment

SIZE, WIDTH = 64, 96  # of the canvas and of the wide crop


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def noise(count, seed=0):
    """Wide crops of noise and points in them: [count, 1, 96, 96] uint8 and [count, 68, 2]."""
    shape = (count, 1, WIDTH, WIDTH)
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=seeded(seed))
    return images, WIDTH * torch.rand(count, 68, 2, generator=seeded(seed + 1))


def same_face(count):
    """One wide crop and its points, `count` times."""
    images, landmarks = noise(1)
    return images.expand(count, -1, -1, -1), landmarks.expand(count, -1, -1)


def test_flipping_twice_brings_every_point_back_to_its_own_number():
    assert sorted(FLIP.tolist()) == list(range(68))
    assert FLIP[FLIP].tolist() == list(range(68))


def test_points_on_the_midline_keep_their_number():
    on_midline = [i for i, j in enumerate(FLIP.tolist()) if i == j]
    assert on_midline == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


PAIRS = [
    *((0, 16), (17, 26), (21, 22), (31, 35), (32, 34)),  # jaw, brows, nose
    *((36, 45), (39, 42), (37, 44), (41, 46), (40, 47)),  # eyes
    *((48, 54), (50, 52), (59, 55), (60, 64), (61, 63), (67, 65)),  # lips
]


@pytest.mark.parametrize("one, other", PAIRS)
def test_points_right_and_left_change_places(one, other):
    assert (FLIP[one], FLIP[other]) == (other, one)


PARTS = {
    "jaw": (range(0, 17), range(0, 17)),
    "brows": (range(17, 22), range(22, 27)),
    "nose": (range(27, 36), range(27, 36)),
    "eyes": (range(36, 42), range(42, 48)),
    "outer lips": (range(48, 60), range(48, 60)),
    "inner lips": (range(60, 68), range(60, 68)),
}


@pytest.mark.parametrize("part, mirrored", PARTS.values(), ids=PARTS)
def test_each_part_of_the_face_becomes_its_mirrored_part(part, mirrored):
    assert set(FLIP[list(part)].tolist()) == set(mirrored)


def test_a_face_alike_on_both_sides_is_still_itself_when_flipped():
    middle, scale = (WIDTH - 1) / 2, 20
    face = torch.from_numpy(middle + scale * face_shape()).float()[None]
    images = torch.zeros(1, 1, WIDTH, WIDTH, dtype=torch.uint8)
    augment = Augment(SIZE)
    _, plain = augment.apply(images, face)
    _, flipped = augment.apply(images, face, flip=True)
    assert (flipped - plain).norm(dim=-1).max() < 0.05 * scale
    # The same points under their old numbers: the left eye where the right one should be.
    unpermuted = flipped[:, FLIP]
    assert (unpermuted - plain).norm(dim=-1).mean() > 0.5 * scale


def test_a_flip_takes_each_landmark_to_the_mirror_image_of_its_partner():
    dots = np.array([[30.25, 40.5], [61.0, 47.75]])  # the outer corners of the two eyes
    landmarks = torch.full((1, 68, 2), 48.0)
    landmarks[0, [36, 45]] = torch.from_numpy(dots).float()
    faint = draw_dots(dots[1:], WIDTH, WIDTH, sigma=2)[..., 0] // 2
    picture = draw_dots(dots[:1], WIDTH, WIDTH, sigma=2)[..., 0] + faint
    images, points = Augment(SIZE).apply(
        torch.from_numpy(picture)[None, None], landmarks, flip=True
    )
    offset = (WIDTH - SIZE) / 2
    x, y = points[0, 45].tolist()
    assert (x, y) == pytest.approx((SIZE - 1 - (30.25 - offset), 40.5 - offset), abs=1e-3)
    grey = images[0, 0].numpy()
    at = {i: grey[round(points[0, i, 1].item()), round(points[0, i, 0].item())] for i in (36, 45)}
    assert at[45] > 0.7 > 0.1 > at[36]  # the bright dot was point 36 and is point 45


def test_shapes_and_types_are_those_that_the_network_takes():
    images, landmarks = noise(5)
    images, landmarks = Augment(SIZE).train()(images, landmarks, seeded(0))
    assert images.shape == torch.Size([5, 1, SIZE, SIZE])
    assert landmarks.shape == torch.Size([5, 68, 2])
    assert images.dtype == landmarks.dtype == torch.float32


SETTINGS = [
    *({}, {"brightness": 0.5}, {"brightness": -0.5}, {"contrast": 0.9}, {"contrast": -0.9}),
    *({"erasing": 0.6}, {"brightness": 0.5, "contrast": 0.9, "angle": 45.0, "shift_x": 0.2}),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_pixels_stay_between_minus_one_and_one(settings):
    images, _ = Augment(SIZE).apply(*noise(2), **settings)
    assert images.min() >= -1
    assert images.max() <= 1


def test_black_is_minus_one_and_white_is_one():
    images, landmarks = noise(2)
    images[0], images[1] = 0, 255
    images, _ = Augment(SIZE).apply(images, landmarks)
    torch.testing.assert_close(images[0], torch.full_like(images[0], -1))
    torch.testing.assert_close(images[1], torch.full_like(images[1], 1))


@pytest.mark.parametrize("size, width", [(64, 96), (65, 97), (224, 336)])
def test_in_eval_mode_the_middle_is_cut_out_exactly(size, width):
    images = torch.randint(0, 256, (3, 1, width, width), dtype=torch.uint8, generator=seeded(0))
    landmarks = width * torch.rand(3, 68, 2, generator=seeded(1))
    low, high = (width - size) // 2, (width + size) // 2
    canvas, points = Augment(size).eval()(images, landmarks)
    pixels = ((canvas + 1) * 127.5).round().to(torch.uint8)
    assert torch.equal(pixels, images[:, :, low:high, low:high])
    torch.testing.assert_close(points, landmarks - low, atol=1e-4, rtol=0)


def test_in_eval_mode_the_generator_is_left_alone():
    generator = seeded(3)
    Augment(SIZE).eval()(*noise(2), generator)
    assert torch.equal(generator.get_state(), seeded(3).get_state())


def test_each_face_of_a_batch_gets_its_own_settings():
    count = 16
    images, points = Augment(SIZE).train()(*same_face(count), seeded(0))
    for kind in (images, points):
        assert len({tensor.numpy().tobytes() for tensor in kind}) == count


def test_each_range_alone_varies_from_face_to_face():
    for name in ("rotation", "scale", "shift", "flip", "brightness", "contrast", "erasing"):
        off = dict.fromkeys(("rotation", "scale", "shift", "flip"), 0.0)
        off |= dict.fromkeys(("brightness", "contrast", "erasing"), 0.0)
        images, points = Augment(SIZE, **(off | {name: 0.3})).train()(*same_face(16), seeded(0))
        assert len({tensor.numpy().tobytes() for tensor in images}) > 1, name
        moves = name in ("rotation", "scale", "shift", "flip")
        assert (len({tensor.numpy().tobytes() for tensor in points}) > 1) == moves, name


def test_settings_given_for_each_face_are_those_of_each_face():
    augment, (images, landmarks) = Augment(SIZE), noise(3)
    settings = {
        "angle": np.array([0.0, 30.0, -45.0]),
        "scale": np.array([0.2, 0.0, -0.1]),
        "shift_x": np.array([0.0, 0.1, 0.0]),
        "flip": np.array([True, False, True]),
        "contrast": np.array([0.0, -0.5, 0.5]),
        "erasing": np.array([0.3, 0.0, 0.5]),
        "erase_at": np.array([[0.2, 0.4], [0.5, 0.5], [0.9, 0.1]]),
    }
    together = augment.apply(images, landmarks, **settings)
    for i in range(3):
        one = {name: values[i] for name, values in settings.items()}
        alone = augment.apply(images[i : i + 1], landmarks[i : i + 1], **one)
        torch.testing.assert_close(together[0][i : i + 1], alone[0], atol=1e-4, rtol=0)
        torch.testing.assert_close(together[1][i : i + 1], alone[1], atol=1e-4, rtol=0)


def test_the_same_seed_gives_the_same_batch_whatever_the_global_one_is():
    augment, batch = Augment(SIZE).train(), noise(4)
    torch.manual_seed(1)
    first = augment(*batch, seeded(7))
    torch.manual_seed(2)
    second, other = augment(*batch, seeded(7)), augment(*batch, seeded(8))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_without_a_generator_the_global_seed_decides():
    augment, batch = Augment(SIZE).train(), noise(4)
    torch.manual_seed(1)
    first = augment(*batch)
    torch.manual_seed(1)
    assert all(torch.equal(a, b) for a, b in zip(first, augment(*batch), strict=True))


@pytest.mark.parametrize(
    "settings",
    [{"brightness": 0.4}, {"contrast": -0.8}, {"erasing": 0.5, "erase_at": (0.3, 0.6)}],
)
def test_light_and_erasing_change_the_picture_and_move_no_point(settings):
    augment, batch = Augment(SIZE), noise(2)
    plain_images, plain_points = augment.apply(*batch)
    images, points = augment.apply(*batch, **settings)
    assert torch.equal(points, plain_points)
    assert not torch.equal(images, plain_images)


def test_brightness_adds_and_contrast_keeps_the_mean():
    images, landmarks = noise(1)
    images = images // 4 + 96  # so that nothing is clipped
    augment = Augment(SIZE)
    plain, _ = augment.apply(images, landmarks)
    brighter, _ = augment.apply(images, landmarks, brightness=0.1)
    torch.testing.assert_close(brighter - plain, torch.full_like(plain, 0.2))
    flatter, _ = augment.apply(images, landmarks, contrast=-0.5)
    torch.testing.assert_close(flatter.mean(), plain.mean())
    torch.testing.assert_close(flatter.std(), plain.std() / 2)


def test_erasing_puts_a_grey_square_where_it_is_told():
    images, landmarks = noise(1)
    images, _ = Augment(SIZE).apply(images // 8, landmarks, erasing=0.25, erase_at=(0.25, 0.75))
    rows, columns = np.nonzero(images[0, 0].numpy() == 0)  # grey: half-way from -1 to 1
    assert columns.mean() == pytest.approx(0.25 * SIZE, abs=1)
    assert rows.mean() == pytest.approx(0.75 * SIZE, abs=1)
    assert len(rows) == pytest.approx((0.25 * SIZE) ** 2, rel=0.2)


def test_the_random_settings_keep_to_their_ranges():
    count = 400
    middle = (WIDTH - 1) / 2
    landmarks = torch.full((count, 68, 2), middle)
    landmarks[:, 0, 0] += 10  # a point to the right of the middle, and 8 is the middle itself
    images = torch.zeros(count, 1, WIDTH, WIDTH, dtype=torch.uint8)
    augment = Augment(SIZE, rotation=20, scale=0.1, shift=0.05, flip=0.0).train()
    _, points = augment(images, landmarks, seeded(0))
    arm = points[:, 0] - points[:, 8]
    angle = torch.rad2deg(torch.atan2(arm[:, 1], arm[:, 0]))
    length = arm.norm(dim=1) / 10
    shift = (points[:, 8] - (SIZE - 1) / 2) / SIZE
    for values, largest in ((angle, 20), (length - 1, 0.1), (shift, 0.05)):
        assert 0.95 * largest < values.max() <= largest * 1.001
        assert 0.95 * largest < -values.min() <= largest * 1.001


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_as_many_faces_are_flipped_as_the_chance_says(chance):
    landmarks = torch.zeros(400, 68, 2)
    landmarks[:, 36, 0], landmarks[:, 45, 0] = 30, 60
    images = torch.zeros(400, 1, WIDTH, WIDTH, dtype=torch.uint8)
    augment = Augment(SIZE, rotation=0, scale=0, shift=0, flip=chance).train()
    _, points = augment(images, landmarks, seeded(0))
    unflipped = 30 - (WIDTH - SIZE) / 2
    share = (points[:, 36, 0] - unflipped).abs().gt(1).float().mean().item()
    assert share == pytest.approx(chance, abs=0.08 if 0 < chance < 1 else 0)


def test_torch_and_opencv_put_the_same_pixels_on_the_canvas():
    smooth = torch.nn.functional.interpolate(
        torch.rand(4, 1, 12, 12, generator=torch.Generator().manual_seed(0)),
        size=96,
        mode="bicubic",
    )
    images = (smooth.clamp(0, 1) * 255).round().byte()
    points = torch.rand(4, 68, 2) * 90
    settings = {
        "angle": np.array([0.0, 20, -40, 5]),
        "scale": 0.1,
        "shift_x": 0.03,
        "flip": True,
        "contrast": np.array([0, 0.3, -0.3, 0]),
        "brightness": np.array([0, 0.2, 0, -0.2]),
        "erasing": np.array([0.3, -0.2, 0.0, 0.4]),
        "erase_at": (0.9, 0.23),
    }
    by_opencv, _ = Augment(64).apply(images, points, **settings)
    by_torch, _ = Augment(64).apply(images.float(), points, **settings)
    assert (by_opencv - by_torch).abs().max() < 4 / 127.5
    assert torch.equal(by_opencv[0] == 0, by_torch[0] == 0)  # the erased square
