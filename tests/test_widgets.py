"""Every control changes what is shown; what is drawn is where it should be."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from synthetic import face_shape, grid_of_dots, make_faces

from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset
from helpers.draw import COLOURS, PREDICTION, TRUTH, paint, paint_pair
from helpers.face_model import face_model
from helpers.people import View, photograph
from helpers.widgets import (
    SLIDERS,
    augmenter,
    browser,
    jpeg,
    open_photograph,
    render_augmented,
    uploader,
)

MOVING = ("angle", "scale", "shift_x", "shift_y", "flip")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACES_DATA", str(folder / "data"))
        return FaceLandmarksDataset(make_faces(folder, 3), size=64)


@pytest.fixture
def widget(dataset):
    """The controls of the augmentation widget by name, and its picture."""
    box, picture = augmenter(dataset).children
    names = {text: name for name, (_, _, _, text) in SLIDERS.items()}
    names |= {"flip": "flip", "face": "index"}
    return {names[control.description]: control for control in box.children}, picture


def settings_of(controls):
    values = {name: control.value for name, control in controls.items()}
    return values.pop("index"), values


def shown(dataset, controls):
    """The picture and points that the controls stand for, by way of `Augment` alone."""
    index, settings = settings_of(controls)
    image, landmarks = dataset[index]
    _, points = Augment(dataset.size).apply(image[None], landmarks[None], **settings)
    return jpeg(render_augmented(image, landmarks, dataset.size, **settings)), points[0]


@pytest.mark.parametrize("name", [*SLIDERS, "flip", "index"])
def test_every_control_changes_the_picture_and_those_of_the_place_the_points(dataset, widget, name):
    controls, picture = widget
    control, before, (_, points) = controls[name], picture.value, shown(dataset, controls)
    at_first = control.value
    ends = (True,) if name == "flip" else (2,) if name == "index" else (control.min, control.max)
    for value in ends:
        if value == at_first:  # erasing begins at its least
            continue
        control.value = value
        assert picture.value != before
        expected, moved = shown(dataset, controls)
        assert picture.value == expected
        if name in MOVING or name == "index":
            assert (moved - points).norm(dim=1).max() > 1
        else:
            assert torch.equal(moved, points)
    control.value = at_first
    assert picture.value == before


def test_there_is_a_slider_for_every_setting_of_augment(dataset, widget):
    controls, _ = widget
    settings = Augment(64).ranges.keys() | {"flip"}
    assert settings == controls.keys() - {"index"}


def test_the_widget_begins_with_the_picture_that_its_controls_say(dataset, widget):
    controls, picture = widget
    assert picture.value == shown(dataset, controls)[0]
    assert Image.open(io.BytesIO(picture.value)).size == (2 * 64, 2 * 64)


def test_the_points_are_drawn_where_the_face_is_shown(dataset):
    image, landmarks = dataset[0]
    settings = {"angle": 30.0, "scale": -0.2, "shift_x": 0.1, "flip": True}
    picture = render_augmented(image, landmarks, 64, zoom=4, **settings)
    _, points = Augment(64).apply(image[None], landmarks[None], **settings)
    x, y = ((points[0, 33] + 0.5) * 4 - 0.5).round().int().tolist()
    assert picture[y, x].tolist() == pytest.approx(COLOURS["nose"], abs=12)  # smoothed at its rim


def test_a_static_picture_is_shown_at_once_and_once(dataset, monkeypatch):
    displayed = []
    monkeypatch.setattr("helpers.widgets.display", displayed.append)
    _, picture = augmenter(dataset).children
    assert [image.data for image in displayed] == [picture.value]


def test_the_browser_shows_the_picture_of_each_index():
    def render(index):
        return np.full((4, 5, 3), 40 * index, np.uint8)

    controls, picture = browser(4, render).children
    (slider,) = controls.children
    assert (slider.min, slider.max) == (0, 3)
    for index in (0, 3, 1):
        slider.value = index
        assert picture.value == jpeg(render(index))


def test_the_static_picture_of_the_browser_is_that_of_its_widget(monkeypatch):
    displayed = []
    monkeypatch.setattr("helpers.widgets.display", displayed.append)
    _, picture = browser(3, lambda index: np.full((4, 5, 3), 40 * index, np.uint8)).children
    assert [image.data for image in displayed] == [picture.value]
    assert displayed[0].format == "jpeg"  # else it is stored as a PNG that is none


@pytest.mark.parametrize("content", [b"", b"ftypheic", b"GIF89a"])
def test_a_photograph_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "mine.heic"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mine\.heic: not a picture"):
        open_photograph(path)


def test_a_photograph_is_shown_upright_and_not_too_large(tmp_path):
    lying = Image.new("RGB", (200, 100), (255, 0, 0))
    exif = lying.getexif()
    exif[0x0112] = 6  # held so that it has to be turned by 90 degrees
    lying.save(tmp_path / "mine.jpg", exif=exif)
    assert open_photograph(tmp_path / "mine.jpg", largest=50).shape == (50, 25, 3)


def test_an_upload_is_drawn_and_a_broken_one_explained(tmp_path):
    Image.new("RGB", (20, 10), (0, 0, 255)).save(tmp_path / "blue.png")
    upload, told, shown = uploader(lambda image: image, np.zeros((4, 4, 3), np.uint8)).children
    for content in ((tmp_path / "blue.png").read_bytes(), b"no picture"):
        file = {"name": "x", "type": "image/png", "size": len(content), "content": content}
        upload.value = ({**file, "last_modified": datetime.now(UTC)},)
    assert "not a picture" in told.value
    assert shown.value == jpeg(np.full((10, 20, 3), (0, 0, 255), np.uint8))


def test_a_jpeg_holds_the_picture_with_little_loss():
    picture = np.indices((40, 60)).sum(0)[..., None].repeat(3, 2).astype(np.uint8)
    stored = np.asarray(Image.open(io.BytesIO(jpeg(picture))), float)
    assert np.abs(stored - picture).mean() < 3


@pytest.mark.parametrize("zoom", [1, 2, 3, 5])
def test_dots_are_painted_where_the_points_are(zoom):
    points = grid_of_dots((12, 10), spacing=16)
    canvas = paint(np.zeros((140, 160), np.uint8), points, (255, 0, 0), zoom)
    assert canvas.shape == (140 * zoom, 160 * zoom, 3)
    rows, columns = np.mgrid[: 140 * zoom, : 160 * zoom]
    for x, y in (points + 0.5) * zoom - 0.5:
        red = canvas[..., 0] * (np.hypot(columns - x, rows - y) < 8 * zoom).astype(float)
        assert red[round(y), round(x)] == 255
        centre = (columns * red).sum() / red.sum(), (rows * red).sum() / red.sum()
        assert centre == pytest.approx((x, y), abs=0.2)


def test_the_zoomed_picture_and_its_points_stay_together():
    picture = np.zeros((30, 30), np.uint8)
    picture[10:13, 20:23] = 255  # its centre is pixel (21, 11)
    far = np.full((68, 2), -50.0)  # out of sight
    canvas = paint(picture, far, zoom=4)[..., 0].astype(float)
    rows, columns = np.mgrid[:120, :120]
    centre = (columns * canvas).sum() / canvas.sum(), (rows * canvas).sum() / canvas.sum()
    assert centre == pytest.approx(((21 + 0.5) * 4 - 0.5, (11 + 0.5) * 4 - 0.5), abs=0.1)


def test_each_part_has_its_colour_and_a_colour_given_is_for_all():
    points = 100 + 90 * face_shape()
    grey = np.zeros((200, 200), np.uint8)
    painted, green = paint(grey, points, zoom=2), paint(grey, points, TRUTH, zoom=2)
    for part, index in (("jaw", 8), ("right eye", 36), ("left eye", 45), ("mouth", 57)):
        x, y = ((points[index] + 0.5) * 2 - 0.5).round().astype(int)
        assert tuple(painted[y, x]) == COLOURS[part]
        assert tuple(green[y, x]) == TRUTH


def test_several_faces_are_painted_at_once():
    one, other = 60 + 40 * face_shape(), 150 + 40 * face_shape()
    picture = np.zeros((220, 220, 3), np.uint8)
    in_turn = paint(paint(picture, one), other)
    np.testing.assert_array_equal(paint(picture, np.stack([one, other])), in_turn)


def test_numbers_are_written_beside_the_points():
    points, picture = 150 + 130 * face_shape(), np.zeros((300, 300, 3), np.uint8)
    assert (paint(picture, points, numbers=True) != paint(picture, points)).any()


def test_painting_leaves_the_picture_as_it_was():
    picture = np.full((50, 50, 3), 7, np.uint8)
    for zoom in (1, 2):
        paint(picture, 25 + 20 * face_shape(), zoom=zoom)
    assert (picture == 7).all()


def test_truth_and_prediction_are_painted_in_their_colours_at_their_places():
    points, out_of_sight = grid_of_dots((12, 10), spacing=16), np.full((68, 2), -50.0)
    black = np.zeros((140, 160, 3), np.uint8)
    for truth, predicted, colour in (
        (points, out_of_sight, TRUTH),
        (out_of_sight, points, PREDICTION),
    ):
        alone = paint(black, points, colour, zoom=3)
        np.testing.assert_array_equal(paint_pair(black, truth, predicted, zoom=3), alone)


def test_each_slider_of_notebook_11_changes_the_face_and_back():
    path = Path(__file__).parent.parent / "notebooks" / "11_people.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    names = {"np": np, "model": face_model(), "photograph": photograph, "View": View}
    for tag in ("by-modes", "modes"):
        (source,) = ("".join(c["source"]) for c in cells if tag in c["metadata"].get("tags", []))
        exec(source.replace("\nshell(", "\nwidget = shell("), names)
    box, picture = names["widget"].children
    first, values = picture.value, [slider.value for slider in box.children]
    assert 6 <= len(values) <= 8
    for slider, value in zip(box.children, values, strict=True):
        slider.value = slider.min
        assert picture.value != first
        slider.value = value
        assert picture.value == first
