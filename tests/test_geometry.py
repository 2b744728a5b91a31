"""One geometry: a bright dot stays under its landmark, to 0.05 pixels, wherever it is taken."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from synthetic import draw_dots, grid_of_dots, misses, write_labels
from torch import nn

from helpers.annotations import read_faces, read_image
from helpers.augment import Augment
from helpers.boxes import upright
from helpers.crop import MARGIN, close_up, compose, crop_matrix, invert, move, scaled, to_grey, warp
from helpers.dataset import FaceLandmarksDataset
from helpers.model import to_pixels, to_target
from helpers.predict import SECOND, Landmarker

TOLERANCE = 0.05  # pixels
DOTS = grid_of_dots((200, 220), spacing=48)
BOXES = {
    "even": (250, 250, 300, 300),
    "odd": (251, 247, 301, 301),
    "not square": (240, 262, 310, 275),
    "fractional": (250.25, 250.5, 300.75, 299.5),
    "out of the picture": (-20, -11, 300, 289),
    "out on the other side": (420, 400, 300, 290),
}


def label_file(folder, box):
    """A label file of one face whose landmarks are bright dots, beside its lossless picture."""
    Image.fromarray(draw_dots(DOTS, 640, 620)).save(folder / "dots.png")
    return write_labels(folder / "labels_train.xml", [("dots.png", box, DOTS)])


def dataset_of(folder, box, size):
    """The dots after the label file and the cache."""
    return FaceLandmarksDataset(read_faces(label_file(folder, box)), size)


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FACES_DATA", str(tmp_path / "data"))


def test_dots_are_under_the_landmarks_that_read_faces_gives(tmp_path):
    face = read_faces(label_file(tmp_path, BOXES["even"]))[0]
    distances = misses(to_grey(read_image(face.image)), face.landmarks)
    assert len(distances) == 68
    assert distances.max() < TOLERANCE


@pytest.mark.parametrize("size", [224, 161, 112])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_dots_are_under_the_landmarks_of_the_cache(tmp_path, box, size):
    image, landmarks = dataset_of(tmp_path, box, size)[0]
    distances = misses(image[0].numpy(), landmarks.numpy())
    assert len(distances) >= 25
    assert distances.max() < TOLERANCE


@pytest.mark.parametrize("zoom", [0.5, 2, 3])
def test_dots_are_under_their_points_once_a_picture_is_resized(zoom):
    picture = draw_dots(DOTS, 840, 840)[..., 0]
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=how)
    distances = misses(resized, scaled(DOTS, zoom))
    assert len(distances) == 68 and distances.max() < TOLERANCE


def light(images):
    """What `Augment` returns, -1 to 1, as light on black: [B, size, size] in 0 to 255."""
    return (images[:, 0].numpy() + 1) * 127.5


EXTREMES = {
    "nothing": {},
    "turned right": {"angle": 45.0},
    "turned left": {"angle": -45.0},
    "larger": {"scale": 0.3},
    "smaller": {"scale": -0.3},
    "shifted right and down": {"shift_x": 0.2, "shift_y": 0.2},
    "shifted left and up": {"shift_x": -0.2, "shift_y": -0.2},
    "flipped": {"flip": True},
    "all": {"angle": 45.0, "scale": 0.3, "shift_x": 0.2, "shift_y": -0.2, "flip": True},
    "all, the other way": {"angle": -45.0, "scale": -0.3, "shift_x": -0.2, "shift_y": 0.2},
}


@pytest.mark.parametrize("settings", EXTREMES.values(), ids=EXTREMES.keys())
def test_dots_are_under_their_landmarks_after_augmenting_to_the_extreme(tmp_path, settings):
    dataset = dataset_of(tmp_path, BOXES["odd"], 224)
    image, landmarks = dataset[0]
    images, points = Augment(224).apply(image[None], landmarks[None], **settings)
    distances = misses(light(images)[0], points[0].numpy())
    assert len(distances) >= 25
    assert distances.max() < TOLERANCE


def test_dots_are_under_their_landmarks_after_augmenting_at_random(tmp_path):
    image, landmarks = dataset_of(tmp_path, BOXES["odd"], 224)[0]
    augment = Augment(224, rotation=45, scale=0.3, shift=0.2, brightness=0, contrast=0, erasing=0)
    count = 24
    images, points = augment.train()(
        image.expand(count, -1, -1, -1), landmarks.expand(count, -1, -1), generator(0)
    )
    distances = [misses(light(images)[i], points[i].numpy()) for i in range(count)]
    assert min(map(len, distances)) >= 20
    assert np.concatenate(distances).max() < TOLERANCE


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("angle, flip", [(0, False), (33, False), (-90, True)])
@pytest.mark.parametrize("zoom", [0.07, 0.1, 0.333, 0.5, 0.9, 1.0, 1.7, 5.0])
def test_dots_are_under_their_points_after_a_warp(zoom, angle, flip):
    fine = 1 / min(zoom, 1)  # however strong the reduction, the dots must not be lost in it
    width = int(220 * fine)
    dots = grid_of_dots((30 * fine, 40 * fine), spacing=20 * fine)
    picture = draw_dots(dots, width, width - 3, sigma=2 * fine)[..., 0]
    box, size = (0.4 * width, 0.45 * width, 31, 29), 400
    matrix = crop_matrix(box, size, margin=size / (31 * zoom), angle=angle, flip=flip)
    distances = misses(warp(picture, matrix, size), move(dots, matrix))
    assert len(distances) >= 9
    assert distances.max() < TOLERANCE


def test_pixel_0_0_lands_where_its_centre_is_moved_to():
    picture = np.zeros((9, 9), np.uint8)
    picture[0, 0] = 255
    matrix = crop_matrix((-4, -4, 9, 9), 90, margin=1)  # the box has pixel (0, 0) in its middle
    np.testing.assert_allclose(move([0.0, 0.0], matrix), [44.5, 44.5])
    # The second point, which is out of sight, says how far the light may be looked for.
    points = move([[0.0, 0.0], [0.0, -5.0]], matrix)
    assert misses(warp(picture, matrix, 90), points)[0] < TOLERANCE


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_the_middle_of_the_box_goes_to_the_middle_of_the_canvas(box, flip):
    left, top, width, height = box
    middle = np.array([left + (width - 1) / 2, top + (height - 1) / 2])
    matrix = crop_matrix(box, 224, angle=30, scale=1.3, flip=flip)
    np.testing.assert_allclose(move(middle, matrix), [111.5, 111.5], atol=1e-9)


def test_a_box_without_margin_fills_the_canvas_from_edge_to_edge():
    matrix = crop_matrix((10, 20, 57, 57), 224, margin=1)
    edges = np.array([[9.5, 19.5], [66.5, 76.5]])  # pixel centres at whole numbers
    np.testing.assert_allclose(move(edges, matrix), [[-0.5, -0.5], [223.5, 223.5]])


def test_the_settings_turn_grow_shift_and_mirror_the_way_they_say():
    box, right_of_middle = (0, 0, 101, 101), np.array([60.0, 50.0])
    plain = move(right_of_middle, crop_matrix(box, 101, margin=1))
    np.testing.assert_allclose(plain, [60, 50])
    clockwise = move(right_of_middle, crop_matrix(box, 101, margin=1, angle=90))
    np.testing.assert_allclose(clockwise, [50, 60])  # y is downwards
    larger = move(right_of_middle, crop_matrix(box, 101, margin=1, scale=2))
    np.testing.assert_allclose(larger, [70, 50])
    shifted = move(right_of_middle, crop_matrix(box, 101, margin=1, shift=(0.1, 0.2)))
    np.testing.assert_allclose(shifted, [70.1, 70.2])
    mirrored = move(right_of_middle, crop_matrix(box, 101, margin=1, flip=True))
    np.testing.assert_allclose(mirrored, [40, 50])


MATRICES = [
    crop_matrix((3, 5, 71, 64), 224, angle=-45, scale=0.7, shift=(0.2, -0.1), flip=True),
    crop_matrix((-300.5, 900, 1801, 2000), 112, angle=170),
    crop_matrix((12, 7, 9, 9), 224, 2.25, shift=(-0.2, 0.2)),
]


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_crop_and_its_inverse_bring_a_point_back(matrix):
    points = np.random.default_rng(0).uniform(-500, 3000, (50, 2))
    np.testing.assert_allclose(move(move(points, matrix), invert(matrix)), points, atol=1e-6)
    np.testing.assert_allclose(compose(matrix, invert(matrix)), np.eye(2, 3), atol=1e-6)
    np.testing.assert_allclose(compose(invert(matrix), matrix), np.eye(2, 3), atol=1e-6)


def test_compose_does_its_first_matrix_first():
    points = np.random.default_rng(0).uniform(0, 500, (50, 2))
    first, second, _ = MATRICES
    in_turn = move(move(points, first), second)
    np.testing.assert_allclose(move(points, compose(first, second)), in_turn, atol=1e-6)
    assert np.abs(move(points, compose(second, first)) - in_turn).max() > 1


def test_moved_points_keep_their_floating_type_and_shape():
    points = np.zeros((4, 68, 2), np.float32)
    assert move(points, MATRICES[0]).dtype == np.float32
    assert move(points, MATRICES[0]).shape == (4, 68, 2)
    assert move(points.astype(float), MATRICES[0]).dtype == np.float64


def test_a_crop_that_sees_nothing_of_the_picture_is_black():
    picture = np.full((50, 60, 3), 255, np.uint8)
    crop = warp(picture, crop_matrix((900, 900, 50, 50), 64), 64)
    assert crop.shape == (64, 64, 3)
    assert not crop.any()


def test_a_strong_reduction_averages_rather_than_picks():
    noise = np.random.default_rng(0).integers(0, 256, (1600, 1600), dtype=np.uint8)
    crop = warp(noise, crop_matrix((0, 0, 1600, 1600), 160, margin=1), 160)[2:-2, 2:-2]
    assert crop.mean() == pytest.approx(127.5, abs=1)
    assert crop.std() < 1.3 * noise.std() / 10  # of a hundred pixels each


class SeesTheDot(nn.Module):
    """In place of a network: 68 points around the one dot that it sees in each crop."""

    size = 128

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, images):
        brightness = (images[:, 0].double() + 1) / 2
        at, total = torch.arange(self.size).double(), brightness.sum((1, 2))
        x, y = (brightness.sum(1) * at).sum(1) / total, (brightness.sum(2) * at).sum(1) / total
        dots = torch.stack([x, y], 1)
        self.seen.append(dots.numpy())
        return to_target(dots[:, None] + torch.from_numpy(RING * self.size), self.size)


TURN = 2 * np.pi * np.arange(68) / 68
RING = 0.25 * np.column_stack([np.cos(TURN), np.sin(TURN)])  # their mean is zero


def test_the_landmarker_brings_a_dot_back_to_where_it_is_in_the_picture():
    dots = np.array([[170.3, 120.8], [640.45, 210.1], [1100.77, 560.6]])
    boxes = np.array([[60, -30, 201, 255], [560, 130, 180, 150], [1003.5, 480.25, 233, 231]])
    picture = draw_dots(dots, 1200, 640, sigma=8)
    network = SeesTheDot()
    landmarks = Landmarker(network, device="cpu").landmarks(picture, boxes)
    # Twice: first in the boxes given, then in boxes around the first landmarks.
    np.testing.assert_allclose(landmarks.mean(1), dots, atol=TOLERANCE)
    first_zoom = 128 / (1.5 * boxes[:, 2:].max(1))
    for dot, zoom, box, *seen in zip(dots, first_zoom, boxes, *network.seen, strict=True):
        around, angle = upright(dot + RING * 128 / zoom)
        first, second = (box, 128, MARGIN), (around, 128, SECOND * MARGIN, angle)
        for crop, where in ((first, seen[0]), (second, seen[1])):
            back = invert(crop_matrix(*crop))
            np.testing.assert_allclose(move(where, back), dot, atol=TOLERANCE)


def test_what_the_network_says_is_undone_exactly():
    points = torch.from_numpy(DOTS[None])
    back = to_pixels(to_target(points, 224), 224)
    torch.testing.assert_close(back.double(), points, atol=1e-4, rtol=0)


def test_a_close_up_holds_its_points_and_moves_them_along():
    picture = np.zeros((60, 90, 3), np.uint8)
    points = np.float32([[20, 10], [60, 30], [40, 22]])
    for x, y in points.astype(int):
        picture[y, x] = 255
    square, moved = close_up(picture, points, margin=1.5, size=120)
    assert square.shape == (120, 120, 3)
    assert np.ptp(moved[:, 0]) == pytest.approx(120 / 1.5)  # the wider of the two ways
    for x, y in moved.round().astype(int):
        assert square[y - 1 : y + 2, x - 1 : x + 2].max() > 100
    pairs = close_up(picture, np.stack([points, points + 2]))[1]
    assert pairs.shape == (2, 3, 2)
    assert np.isfinite(close_up(picture, points[:1])[1]).all()  # a single point has no width
