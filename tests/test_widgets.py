"""Every control changes what is shown; what is drawn is where it should be."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic import face_shape, grid_of_dots

from helpers import draw
from helpers.draw import COLOURS, PAGE, PREDICTION, TRUTH, paint, paint_pair, show
from helpers.people import View, photograph
from helpers.people.face_model import face_model
from helpers.pictures import encode
from helpers.widgets import browser, open_photograph, uploader


def wish(widget, **state):
    """What a widget is sent from the browser."""
    widget.set_state({**state, "asked": widget.asked + 1})


def test_the_browser_shows_the_picture_of_each_index():
    def render(index):
        return np.full((4, 5, 3), 40 * index, np.uint8)

    widget = browser(4, render)
    (slider,) = widget.knobs.values()
    assert (slider.min, slider.max) == (0, 3)
    for index in (0, 3, 1):
        slider.value = index
        assert widget.picture == encode(render(index))


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


def test_an_upload_is_drawn_and_a_broken_one_explained_by_its_name(tmp_path):
    Image.new("RGB", (20, 10), (0, 0, 255)).save(tmp_path / "blue.png")
    widget = uploader(lambda image: image, np.zeros((4, 4, 3), np.uint8))
    for content in ((tmp_path / "blue.png").read_bytes(), b"no picture"):
        wish(widget, upload=memoryview(content), upload_name="mine.heic")
    assert widget.trouble and widget.told.startswith("mine.heic: not a picture")
    assert widget.picture == encode(np.full((10, 20, 3), (0, 0, 255), np.uint8))


def test_a_jpeg_holds_the_picture_with_little_loss():
    picture = np.indices((40, 60)).sum(0)[..., None].repeat(3, 2).astype(np.uint8)
    stored = np.asarray(Image.open(io.BytesIO(encode(picture))), float)
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
    points, missing = grid_of_dots((12, 10), spacing=16), np.full((68, 2), np.nan)
    black = np.zeros((140, 160, 3), np.uint8)
    for truth, predicted, colour in ((points, missing, TRUTH), (missing, points, PREDICTION)):
        alone = paint(black, points, colour, zoom=3)
        np.testing.assert_array_equal(paint_pair(black, truth, predicted, zoom=3), alone)


def test_a_line_leads_from_the_truth_to_the_prediction():
    truth = np.full((68, 2), np.nan)
    truth[0] = 10, 20
    canvas = paint_pair(np.zeros((40, 60), np.uint8), truth, truth + np.array([30, 0]), zoom=2)
    assert canvas[40:42, 50].max() > 100  # of white, between two rows
    assert not canvas[:30].any() and not canvas[52:].any()


def test_no_two_numbers_of_an_open_mouth_cover_each_other(monkeypatch):
    written = []
    real = draw._shared
    monkeypatch.setattr(draw, "_shared", lambda *boxes: written.append(boxes) or real(*boxes))
    points = 500 + 450 * face_shape()
    points[60:68, 1] += np.array([0, -25, -25, -25, 0, 25, 25, 25])  # the inner lips part
    paint(np.zeros((1000, 1000, 3), np.uint8), points, numbers=True)
    boxes = {other for _one, other in written}
    numbers = [box for box in boxes if box[2] - box[0] != box[3] - box[1]]
    assert len(numbers) > 60
    overlaps = [real(a, b) for i, a in enumerate(numbers) for b in numbers[:i]]
    assert max(overlaps) < 10  # square pixels: two corners at most


def test_all_pictures_of_a_page_are_of_one_width(monkeypatch):
    shown = []
    monkeypatch.setattr(draw, "display", lambda image, **_: shown.append(image.data))
    grey = np.zeros((50, 60), np.uint8)
    for count in (1, 3, 8):
        show([grey] * count, width=3, row_titles=["a row"])
    widths = {Image.open(io.BytesIO(data)).width for data in shown}
    assert widths == {round(100 * PAGE)}


def test_each_knob_of_notebook_11_changes_the_face_and_back():
    path = Path(__file__).parent.parent / "notebooks" / "11_people.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    names = {"np": np, "model": face_model(), "photograph": photograph, "View": View}
    names["paint"] = paint
    for tag in ("by-modes", "modes", "modes-shell"):
        (source,) = ("".join(c["source"]) for c in cells if tag in c["metadata"].get("tags", []))
        exec(source.replace("\nshell(", "\nwidget = shell("), names)
    widget = names["widget"]
    first, knobs = widget.picture, dict(widget.knobs)
    other = knobs.pop("another")
    assert 6 <= len(knobs) <= 9
    for knob in knobs.values():
        before = knob.value
        knob.value = knob.min if hasattr(knob, "min") else True
        assert widget.picture != first
        knob.value = before
        assert widget.picture == first
    settings = widget.settings
    wish(widget, pressed="another")
    assert widget.picture != first and widget.settings != settings
    other.click()
    assert set(widget.values) == set(knobs)
