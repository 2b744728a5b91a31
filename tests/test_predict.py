"""Any photograph to landmarks, and one clear sentence for what is no photograph."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut  # a portrait in the public domain, by NASA
from synthetic import face_shape

from helpers import checkpoint, predict
from helpers.augment import FLIP
from helpers.boxes import box_around, upright
from helpers.checkpoint import save_checkpoint
from helpers.crop import to_grey
from helpers.model import LandmarkNet
from helpers.people import View, draw_person, sample_person
from helpers.predict import SECOND, TRUST, Landmarker

# Read off the portrait by eye: outer corners of the eyes, corners of the mouth.
FEATURES = np.array([[193, 101], [259, 104], [203, 140], [243, 141]])
# The bounding box of its face from brows to chin and from ear to ear, by eye too.
LOW, HIGH = np.array([182, 89]), np.array([269, 178])


@pytest.fixture(scope="module")
def landmarker():
    torch.manual_seed(0)
    return Landmarker(LandmarkNet(width=8, size=64), device="cpu")


@pytest.fixture(scope="module")
def portrait():
    return astronaut()


@pytest.fixture
def part(portrait):
    """The part of the portrait with the face: a quarter of the work for the detector."""
    return portrait[:256, 100:356].copy()


def test_one_face_is_found_on_the_astronaut_where_it_is(landmarker, portrait):
    boxes = landmarker.detect(portrait)
    assert (boxes.shape, boxes.dtype) == ((1, 4), np.float32)
    left, top, width, height = boxes[0]
    assert (FEATURES > (left, top)).all()
    assert (FEATURES < (left + width, top + height)).all()


def test_a_detected_box_is_like_those_of_the_training_set(landmarker, portrait):
    found = landmarker.detect(portrait)[0]
    like_dlibs = box_around(np.array([LOW, HIGH], np.float32))
    side = like_dlibs[2]
    assert found[2:] == pytest.approx([side, side], rel=0.15)
    assert np.abs(found[:2] + found[2:] / 2 - like_dlibs[:2] - side / 2).max() < 0.1 * side


def test_two_faces_are_found_from_left_to_right(landmarker, part):
    boxes = landmarker.detect(np.hstack([part, part]))
    assert boxes.shape == (2, 4)
    assert boxes[1, 0] - boxes[0, 0] == pytest.approx(256, abs=8)


def test_a_face_twice_as_large_has_a_box_twice_as_large(landmarker, part):
    larger = part.repeat(2, axis=0).repeat(2, axis=1)
    (small,), (large,) = landmarker.detect(part), landmarker.detect(larger)
    np.testing.assert_allclose(large, 2 * small, rtol=0.1, atol=4)


def test_where_there_is_no_face_none_is_found(landmarker):
    empty = np.full((300, 400, 3), 128, np.uint8)
    boxes, points = landmarker.detect(empty), landmarker.landmarks(empty)
    assert (boxes.shape, boxes.dtype) == ((0, 4), np.float32)
    assert (points.shape, points.dtype) == ((0, 68, 2), np.float32)


def test_with_the_mirror_a_mirrored_face_has_mirrored_landmarks(landmarker, portrait):
    """Without it, a network with random weights answers left and right as it likes."""
    grey = np.ascontiguousarray(portrait[:, :, 1])
    boxes = np.array([[[180.0, 76, 90, 90]], [[512 - 180 - 90.0, 76, 90, 90]]])
    for mirror in (False, True):
        (plain,), (other,) = (
            landmarker.predict_once(picture, box, mirror)
            for picture, box in zip((grey, grey[:, ::-1].copy()), boxes, strict=True)
        )
        back = other[FLIP] * (-1, 1) + (511, 0)
        assert (np.abs(back - plain).max() < 0.01) == mirror


def test_landmarks_are_float32_one_set_for_each_box(landmarker, portrait):
    boxes = np.array([[180, 76, 90, 90], [100, 100, 200, 150], [-20, -20, 60, 60.5]])
    points = landmarker.landmarks(portrait, boxes)
    assert (points.shape, points.dtype) == ((3, 68, 2), np.float32)
    assert np.isfinite(points).all()
    alone = [landmarker.landmarks(portrait, box[None])[0] for box in boxes]
    np.testing.assert_allclose(points, alone, atol=0.01)


def test_boxes_may_be_a_plain_list(landmarker, portrait):
    points = landmarker.landmarks(portrait, [(180, 76, 90, 90)])
    assert points.shape == (1, 68, 2)


def test_without_boxes_the_detected_ones_are_used(landmarker, part):
    detected = landmarker.landmarks(part, landmarker.detect(part))
    assert detected.shape == (1, 68, 2)
    np.testing.assert_array_equal(landmarker.landmarks(part), detected)


@pytest.mark.parametrize("boxes", [[], np.zeros((0, 4))], ids=["list", "array"])
def test_no_boxes_no_landmarks(landmarker, portrait, boxes):
    points = landmarker.landmarks(portrait, boxes)
    assert (points.shape, points.dtype) == ((0, 68, 2), np.float32)


def test_the_picture_is_left_as_it_was(landmarker, part):
    before = part.copy()
    landmarker.landmarks(part)
    np.testing.assert_array_equal(part, before)


def sentence(error):
    message = str(error.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


NO_PICTURES = {
    "grey": np.zeros((50, 60), np.uint8),
    "with alpha": np.zeros((50, 60, 4), np.uint8),
    "empty": np.zeros((0, 60, 3), np.uint8),
    "float": np.zeros((50, 60, 3), np.float32),
    "bool": np.zeros((50, 60, 3), bool),
    "batch": np.zeros((2, 50, 60, 3), np.uint8),
    "a name": "portrait.jpg",
    "nothing": None,
}


@pytest.mark.parametrize("picture", NO_PICTURES.values(), ids=NO_PICTURES)
@pytest.mark.parametrize("method", ["detect", "landmarks"])
def test_what_is_no_rgb_picture_is_refused_in_one_sentence(landmarker, method, picture):
    with pytest.raises(ValueError, match="RGB uint8") as error:
        getattr(landmarker, method)(picture)
    sentence(error)


@pytest.mark.parametrize("image", [torch.zeros(1, 1, 50, 60), np.zeros((50, 60)), "portrait.jpg"])
def test_one_pass_takes_a_grey_picture_and_nothing_else(landmarker, image):
    with pytest.raises(ValueError, match=r"uint8 \[H, W\], of `to_grey`, not ") as error:
        landmarker.predict_once(image, [(10, 10, 30, 30)])
    sentence(error)


NO_BOXES = [
    *([1, 2, 30, 40], [[1, 2, 30]], np.ones((2, 2, 4))),
    *([[1, 2, np.nan, 40]], [[np.inf, 2, 30, 40]]),
    *([[1, 2, 0, 40]], [[1, 2, 30, -40]], [[9, 9, 30, 30], [1, 2, 30, 0]]),
]


@pytest.mark.parametrize("boxes", NO_BOXES, ids=str)
def test_what_is_no_box_is_refused_in_one_sentence(landmarker, portrait, boxes):
    with pytest.raises(ValueError, match=r"[Bb]ox") as error:
        landmarker.landmarks(portrait, boxes)
    sentence(error)


@pytest.mark.parametrize("corner", [(5000, 5000), (-900, -900), (200, 505), (-75, 200)])
def test_a_box_off_the_picture_is_refused_by_its_number(landmarker, portrait, corner):
    good = [180, 80, 90, 90]
    with pytest.raises(ValueError, match=r"Box 1, .* = \[.*90.0\], lies off .* 512 x 512") as error:
        landmarker.landmarks(portrait, [good, [*corner, 90, 90]])
    sentence(error)


def test_a_box_in_parts_of_the_picture_is_refused(landmarker, portrait):
    with pytest.raises(
        ValueError, match=r"parts of the picture, .*0\.37.* pixels: multiply"
    ) as error:
        landmarker.landmarks(portrait, [[0.3, 0.3, 0.37, 0.37]])
    sentence(error)


@pytest.mark.parametrize("box", [(-40, 100, 100, 100), (460, 450, 90, 90)])
def test_a_face_that_the_border_cuts_has_landmarks(landmarker, portrait, box):
    assert landmarker.landmarks(portrait, [box]).shape == (1, 68, 2)


def test_the_box_around_landmarks_is_dlibs():
    side, middle = 100.0, np.array([150.0, 160.0])
    points = middle + (face_shape() / np.ptp(face_shape(), axis=0).max() * side)
    points += middle - (points.min(0) + points.max(0)) / 2
    left, top, width, height = box_around(points)
    assert (width, height) == pytest.approx((108, 108), abs=1)
    # Pixel centres are at whole numbers: the middle of n pixels is (n - 1) / 2 from the first.
    assert left + (width - 1) / 2 == pytest.approx(150, abs=0.01)
    assert top + (height - 1) / 2 == pytest.approx(160 - 8.5, abs=1)


def test_the_box_moves_and_grows_with_the_landmarks():
    points = 100 + 30 * face_shape()
    left, top, side, _ = box_around(points)
    moved = box_around(points + np.array([17, -9]))
    np.testing.assert_allclose(moved, [left + 17, top - 9, side, side], atol=1e-3)
    _, _, doubled, _ = box_around(2 * points)
    assert doubled == pytest.approx(2 * side)


class Pointing(torch.nn.Module):
    """A network that always answers with a face in the middle, so many pixels of 64 large."""

    size = 64

    def __init__(self, side):
        super().__init__()
        shape = face_shape()
        self.points = 33 + side * shape / np.ptp(shape, axis=0).max()

    def forward(self, images):
        answer = torch.tensor(self.points / 64 - 0.5).flatten().float()
        return answer.expand(len(images), -1)


@pytest.mark.parametrize("side, alone", [(39, False), (12, True)])
def test_the_answer_is_the_mean_of_both_passes_unless_the_box_was_far_off(side, alone, portrait):
    landmarker = Landmarker(Pointing(side), device="cpu")
    boxes = np.float32([[180, 80, 90, 90]])
    first = landmarker.predict_once(to_grey(portrait), boxes)
    surer, angle = upright(first[0])
    closer = SECOND * landmarker.margin
    second = landmarker.predict_once(to_grey(portrait), [surer], margin=closer, angles=angle)
    assert np.abs(first - second).max() > 1
    expected = second if alone else (first + second) / 2
    np.testing.assert_allclose(landmarker.landmarks(portrait, boxes), expected, atol=1e-3)
    only = landmarker.landmarks(portrait, boxes, passes=1)
    np.testing.assert_allclose(only, first, atol=1e-3)


@pytest.fixture(scope="module", params=["research", "free", "fast"])
def shipped(request):
    return Landmarker.load(request.param, "cpu")


@pytest.mark.parametrize("noise", [0, 3])
def test_nothing_is_trusted_where_nothing_is_seen(shipped, noise):
    rng, points = np.random.default_rng(0), 150 + 60 * face_shape()
    blank = np.clip(rng.normal(128, noise, (300, 300)), 0, 255).astype(np.uint8)
    for _ in range(3):  # as a face is followed that has gone
        assert shipped.trust(blank, points[None])[0] < 0.01
        points = shipped.landmarks(np.dstack([blank] * 3), [box_around(points)], passes=1)[0]
    outside = points + 1000
    assert shipped.trust(blank, outside[None])[0] < 0.01


def test_true_landmarks_are_trusted_and_false_ones_are_not(shipped):
    person = sample_person(np.random.default_rng(3))
    picture, landmarks = draw_person(person, View(), seed=3, shape=(400, 400), face_width=110)
    middle = landmarks.mean(0)
    given = {
        "true": landmarks,
        "upside down": 2 * middle - landmarks,
        "on its side": (landmarks - middle) @ np.array([[0, 1], [-1, 0]]) + middle,
        "beside it": landmarks + np.float32([0.9 * np.ptp(landmarks[:, 0]), 0]),
        "twice as large": middle + 2 * (landmarks - middle),
    }
    trust = shipped.trust(picture, np.float32(list(given.values())))
    assert trust.dtype == np.float32
    assert trust[0] > 0.9
    assert (trust[1:] < 0.1).all(), dict(zip(given, trust, strict=True))


def test_landmarks_where_there_is_no_face_are_not_trusted(shipped, portrait):
    suit = np.ascontiguousarray(portrait[300:, 150:400])
    forced = shipped.landmarks(suit, [(75, 56, 100, 100), (20, 100, 80, 80)])
    assert (shipped.trust(suit, forced) < 0.2).all()
    assert shipped.trust(suit, forced[:0]).shape == (0,)


def test_disagreement_is_the_distance_to_another_look_in_parts_of_the_box(portrait):
    """A network that always points to the same: its mirror image lies elsewhere by as much."""
    landmarker = Landmarker(Pointing(39), device="cpu")
    boxes = np.float32([[180, 80, 90, 90]])
    first = landmarker.predict_once(to_grey(portrait), boxes)
    surer, angle = upright(first[0])
    closer = SECOND * landmarker.margin
    both = landmarker.predict_both(to_grey(portrait), surer[None], closer, True, angle)
    mirror, moved = both[0] - both[1], sum(both) / 2 - first
    expected = sum(np.linalg.norm(away, axis=2).mean() for away in (mirror, moved)) / surer[2]
    assert landmarker.disagreement(portrait, first) == pytest.approx([expected], rel=1e-5)
    assert landmarker.trust(portrait, first) == pytest.approx(
        [1 / (1 + np.exp(-TRUST[0] - TRUST[1] * np.log(expected)))], rel=1e-4
    )


def test_without_shipped_weights_the_command_that_trains_some_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(checkpoint.SHIPPED, "research", tmp_path / "research.pt")
    with pytest.raises(ValueError, match=r"python -m helpers\.train .*--out") as error:
        Landmarker.load()
    assert "research.pt" in sentence(error)


def test_shipped_weights_have_names_and_the_first_is_the_default(tmp_path, monkeypatch, capsys):
    for name in ("research", "free"):
        monkeypatch.setitem(checkpoint.SHIPPED, name, tmp_path / f"{name}.pt")
        terms = {"terms": "research only"} if name == "research" else {}
        about = {"faces": name} | terms
        save_checkpoint(LandmarkNet(width=8, size=64), tmp_path / f"{name}.pt", about)
    assert Landmarker.load(device="cpu").about["faces"] == "research"
    assert capsys.readouterr().out == "research: research only.\n"
    assert Landmarker.load("free", device="cpu").about["faces"] == "free"
    assert capsys.readouterr().out == ""


def test_a_landmarker_on_the_cpu_detects_there_too(portrait, monkeypatch):
    """Also on a machine with a GPU, which is the fastest device at hand."""
    Landmarker.load("free", device="cpu").detect(portrait)  # whatever is cached, is cached now
    monkeypatch.setattr(predict, "pick_device", lambda: torch.device("meta"))
    landmarker = Landmarker.load("free", device="cpu")
    assert len(landmarker.detect(portrait)) == 1
    assert next(landmarker.finder.parameters()).device == torch.device("cpu")


def test_a_loaded_landmarker_says_what_the_saved_network_says(landmarker, part, tmp_path):
    save_checkpoint(landmarker.model, tmp_path / "net.pt")
    loaded = Landmarker.load(tmp_path / "net.pt", device="cpu")
    found, expected = loaded.landmarks(part), landmarker.landmarks(part)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_margin_is_the_one_that_the_network_was_trained_with(landmarker, portrait):
    box = [[180, 76, 90, 90]]
    wider = Landmarker(landmarker.model, {"margin": 3.0}, device="cpu")
    assert np.abs(wider.landmarks(portrait, box) - landmarker.landmarks(portrait, box)).max() > 5


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.pt"):
        Landmarker.load(tmp_path / "gone.pt", device="cpu")


def test_there_are_not_three_passes(landmarker, portrait):
    with pytest.raises(ValueError, match="not 3") as error:
        landmarker.landmarks(portrait, [(180, 76, 90, 90)], passes=3)
    sentence(error)
