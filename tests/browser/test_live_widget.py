"""The live widget in JupyterLab: landmarks and filters land on the camera's face.

The camera plays a clip of a person who does not exist; every frame holds its own number, so that
what is shown can be compared with the landmarks that are known.
"""

import base64
import io
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from browser import WIDTHS, read_number, until
from helpers.draw import COLOURS
from helpers.filters import filter_names, load_filter, wear
from helpers.filters.hang import similarity
from helpers.landmarks import PARTS
from helpers.people import View, draw_person, sample_person
from helpers.pictures import encode
from helpers.widgets.live import decode

LANDMARKER = """\
import numpy as np
from helpers.people import draw_person, sample_person
from helpers.predict import Landmarker
landmarker = Landmarker.load("fast")
person = sample_person(np.random.default_rng(4))
still, _ = draw_person(person, seed=4, shape=(480, 640), face_width=200)"""
MAGENTA = (255, 0, 255)
BOARD = """\
[[piece]]
artwork = "board.png"
hang = "similarity"
landmarks = [[36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]]
at = [[20, 15], [60, 15]]
"""
FILTER = f"""\
from pathlib import Path
from tempfile import mkdtemp
from PIL import Image
from helpers.filters import load_filter
from helpers.widgets.live import live
folder = Path(mkdtemp())
(folder / "board.toml").write_text({BOARD!r})
Image.new("RGBA", (80, 40), {(*MAGENTA, 255)}).save(folder / "board.png")
board = load_filter(folder / "board.toml")
live(lambda frame: landmarker.landmarks(frame, passes=1), board, still=still)"""
ALL = """\
import numpy as np
from helpers.filters import filter_names, load_filter
from helpers.widgets.live import live
from helpers.people import View, draw_person, sample_person
person = sample_person(np.random.default_rng(4))
view = View(yaw=30, roll=20, mouth_open=0.6)
still, landmarks = draw_person(person, view, seed=4, shape=(480, 640), face_width=200)
widget = live(lambda frame: [landmarks], [load_filter(name) for name in filter_names()],
              still=still)"""
NOBODY = "from helpers.widgets.live import live\nlive(lambda frame: [])"
FAILING = """\
from helpers.widgets.live import live
calls = []
def step(frame):
    if calls:
        raise KeyError("left eye")
    calls.append(1)
    return []
live(step)"""
SLOW = """\
import time
from helpers.widgets.live import live
def step(frame):
    time.sleep(0.3)
    return []
live(step)"""
RATE = re.compile(r"(\d+) faces?, (\d+) frames? a second")


def press(page, name):
    page.get_by_role("button", name=name).click()


def running(page):
    """Starts the camera and waits until the rate is told."""
    press(page, "Start camera")
    page.get_by_text("a second").wait_for()
    return page


def answered(page):
    """Waits for two answers: the first may be to a frame that was sent before the last choice."""
    times = page.locator(".live-faces p.said.small")
    for _ in range(2):
        before = times.inner_text()
        until(lambda told=before: times.inner_text() != told, page)


def picture(page):
    """What the canvas of the widget shows: RGB uint8 [H, W, 3]."""
    data = page.evaluate("document.querySelector('.live-faces canvas').toDataURL()")
    file = io.BytesIO(base64.b64decode(data.split(",")[1]))
    return np.asarray(Image.open(file).convert("RGB"))


def drawn_on(page, clip):
    """The number of the frame that is shown, and where something is drawn over it [H, W]."""
    shown = picture(page)
    number = read_number(shown)
    difference = np.abs(shown.astype(int) - clip.pictures[number]).max(2)
    return number, shown, difference > 70


def magenta(page):
    """How many pixels of the canvas have the filter's colour."""
    return (np.abs(picture(page).astype(int) - MAGENTA).max(2) < 25).sum()


def choose(page, way):
    """Chooses what is drawn, and waits until it is."""
    page.get_by_label("Draw").select_option(way)
    until(lambda: (magenta(page) > 1000) == (way == "board"), page)


@pytest.fixture(scope="module")
def page(open_notebook):
    """The widget with a filter and a still picture; the camera is still off."""
    return open_notebook(LANDMARKER, FILTER)


@pytest.fixture(scope="module")
def with_filter(page):
    return running(page)


@pytest.fixture
def with_points(with_filter):
    choose(with_filter, "points")
    yield with_filter
    choose(with_filter, "board")


def test_before_the_camera_starts_the_still_picture_wears_the_filter(page):
    page.get_by_role("img", name="An example picture, 1 face in it.").wait_for()
    assert picture(page).shape == (480, 640, 3) and magenta(page) > 1000
    assert page.locator(".jp-OutputArea-output img").count() == 0  # one picture, not two


def test_points_are_drawn_on_the_face_and_nowhere_else(with_points, clip):
    numbers = set()
    for _ in range(8):
        number, _, drawn = drawn_on(with_points, clip)
        numbers.add(number)
        dots = np.argwhere(drawn)[:, ::-1]
        apart = np.linalg.norm(dots[:, None] - clip.landmarks[number], axis=2)
        assert apart.min(0).mean() < 4 and apart.min(0).max() < 12  # of 640 x 480 pixels
        assert np.quantile(apart.min(1), 0.95) < 12
        with_points.wait_for_timeout(150)
    assert len(numbers) > 2  # of several frames: the face moved, and the points with it


def test_a_point_has_the_colour_of_its_part_of_the_face(with_points, clip):
    number, shown, _ = drawn_on(with_points, clip)
    for part in ("nose", "jaw", "right eye", "left eye", "right brow"):
        like = np.abs(shown.astype(int) - COLOURS[part]).max(2) < 25
        dots = np.argwhere(like)[:, ::-1]
        known = clip.landmarks[number][list(PARTS[part])]
        apart = np.linalg.norm(dots[:, None] - known, axis=2)
        assert apart.min(0).mean() < 9, part  # the other parts are 20 away and more


def test_outlines_are_drawn_where_they_are_chosen(with_points, clip):
    dots = np.median([drawn_on(with_points, clip)[2].sum() for _ in range(5)])
    with_points.get_by_label("Draw").select_option("outlines")
    until(lambda: drawn_on(with_points, clip)[2].sum() > 1.3 * dots, with_points)
    with_points.get_by_label("Draw").select_option("points")
    until(lambda: drawn_on(with_points, clip)[2].sum() < 1.15 * dots, with_points)


def test_the_rate_and_the_time_of_each_stage_are_told(with_points):
    text = with_points.locator(".live-faces").inner_text()
    faces, rate = map(int, RATE.search(text).groups())
    assert faces == 1 and rate > 0
    assert re.search(
        r"encode [\d.]+, way [\d.]+, decode [\d.]+, step [\d.]+, hang [\d.]+, draw [\d.]+", text
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page_and_nothing_covers_a_control(with_points, width):
    with_points.set_viewport_size({"width": width, "height": 900})
    with_points.wait_for_timeout(500)
    root = with_points.locator(".live-faces")
    box, output = root.bounding_box(), with_points.locator(".jp-OutputArea-output").last
    assert box["x"] + box["width"] <= min(width, right_of(output)) + 1
    assert root.evaluate("one => one.scrollWidth <= one.clientWidth")
    boxes = [one.bounding_box() for one in root.locator("canvas, button, label, p:visible").all()]
    for k, one in enumerate(boxes):
        assert not [other for other in boxes[k + 1 :] if overlap(one, other)]
    shape = root.locator("canvas").bounding_box()
    assert shape["width"] / shape["height"] == pytest.approx(640 / 480, rel=0.02)


def right_of(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"]


def overlap(one, other):
    """Whether two boxes share more than a pixel."""
    return all(
        min(one[at] + one[side], other[at] + other[side]) - max(one[at], other[at]) > 1
        for at, side in (("x", "width"), ("y", "height"))
    )


def test_stop_gives_the_camera_back_and_start_takes_it_again(with_points):
    live = "document.querySelector('.live-faces video').srcObject?.active ?? false"
    assert with_points.evaluate(live)
    with_points.evaluate(
        "window.track = document.querySelector('.live-faces video').srcObject.getTracks()[0]"
    )
    press(with_points, "Stop camera")
    with_points.locator(".said", has_text="The camera is off.").wait_for()
    assert with_points.evaluate("window.track.readyState") == "ended"
    assert not with_points.evaluate(live)
    assert not RATE.search(with_points.locator(".live-faces").inner_text())
    running(with_points)


def test_after_stop_a_picture_is_called_what_it_is_and_mirrored_if_it_is_the_cameras(with_points):
    answered(with_points)
    press(with_points, "Stop camera")
    canvas = with_points.locator(".live-faces canvas")
    for way, what, mirrored in (("outlines", "The camera's", 1), ("board", "An example", 0)):
        with_points.get_by_label("Draw").select_option(way)
        with_points.get_by_role("img", name=f"{what} picture, 1 face in it.").wait_for()
        assert canvas.evaluate("one => one.classList.contains('mirror')") == mirrored
    running(with_points)


def test_the_keyboard_alone_starts_and_stops(with_points):
    button = with_points.get_by_role("button", name="Stop camera")
    button.focus()
    with_points.keyboard.press("Enter")
    with_points.locator(".said", has_text="The camera is off.").wait_for()
    with_points.keyboard.press("Space")
    with_points.get_by_text("a second").wait_for()
    with_points.keyboard.press("Tab")
    assert with_points.evaluate("document.activeElement.tagName") == "SELECT"


def test_a_screen_reader_is_told_what_is_there(with_points):
    root = with_points.locator(".live-faces")
    assert root.get_by_role("img", name="The camera's picture, 1 face in it.").count() == 1
    assert root.get_by_role("combobox", name="Draw").count() == 1
    assert root.locator("p.said").first.inner_text() == "The camera is on."
    assert "nowhere else" in root.inner_text()


def test_the_filter_lies_where_it_belongs(with_filter, clip):
    board = np.array([(0, 0), (79, 0), (79, 39), (0, 39)])
    for _ in range(5):
        number, shown, _ = drawn_on(with_filter, clip)
        there = np.abs(shown.astype(int) - MAGENTA).max(2) < 25
        known = clip.landmarks[number]
        eyes = np.array([known[36:42].mean(0), known[42:48].mean(0)])
        matrix = similarity(np.array([(20.0, 15), (60, 15)]), eyes)
        corners = np.rint(board @ matrix[:, :2].T + matrix[:, 2]).astype(np.int32)
        expected = cv2.fillConvexPoly(np.zeros(there.shape, np.uint8), corners, 1) > 0
        assert (there & expected).sum() > 0.8 * (there | expected).sum()
        with_filter.wait_for_timeout(150)


def test_the_console_holds_no_error_up_to_the_end(with_filter):
    press(with_filter, "Stop camera")
    with_filter.locator(".said", has_text="The camera is off.").wait_for()
    assert with_filter.errors == []


@pytest.fixture(scope="module")
def dressed(open_notebook):
    """The widget with all filters of the course and a still picture whose landmarks are known."""
    page = open_notebook(ALL, "widget")
    page.get_by_role("img", name="An example picture, 1 face in it.").wait_for()
    return page


@pytest.fixture(scope="module")
def worn_in_python():
    """The still picture, and what Python makes of it: name -> RGB uint8 [H, W, 3]."""
    person = sample_person(np.random.default_rng(4))
    view = View(yaw=30, roll=20, mouth_open=0.6)
    still, landmarks = draw_person(person, view, seed=4, shape=(480, 640), face_width=200)
    still = decode(encode(still))
    return still, {name: wear(still, landmarks, load_filter(name)) for name in filter_names()}


def grown(mask, by):
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0


@pytest.mark.parametrize("name", filter_names())
def test_the_browser_draws_a_filter_as_python_does(dressed, worn_in_python, name):
    still, worn = worn_in_python
    dressed.get_by_label("Draw").select_option(name)
    shown = picture(dressed)
    expected, found = (np.abs(one.astype(int) - still).max(2) > 40 for one in (worn[name], shown))
    assert expected.sum() > 500
    apart = (expected & ~grown(found, 3)) | (found & ~grown(expected, 3))
    assert apart.sum() < 0.001 * expected.sum()
    inside = expected & found
    assert np.abs(shown.astype(int) - worn[name])[inside].mean() < 5


@pytest.fixture(scope="module")
def without_camera(open_notebook):
    """The widget in a page that may not use the camera."""
    return open_notebook(NOBODY, camera=False)


def test_a_camera_that_is_refused_is_told_in_a_sentence(without_camera):
    press(without_camera, "Start camera")
    without_camera.locator(
        ".said", has_text="The camera was refused. Allow it for this page"
    ).wait_for()
    assert without_camera.get_by_role("button", name="Start camera").is_enabled()
    assert without_camera.errors == []


@pytest.mark.parametrize(
    ("made_so", "told"),
    [
        (
            "navigator.mediaDevices.getUserMedia = () => "
            "Promise.reject(new DOMException('', 'NotFoundError'))",
            "No camera was found. Connect one",
        ),
        (
            "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})",
            "A browser lends its camera only to pages from https://",
        ),
    ],
    ids=["no camera", "no secure page"],
)
def test_where_there_is_no_camera_a_sentence_says_so(without_camera, made_so, told):
    without_camera.evaluate(f"() => void ({made_so})")
    press(without_camera, "Start camera")
    without_camera.locator(".said", has_text=told).wait_for()


def test_a_step_that_fails_is_told_in_the_widget_and_the_camera_is_given_back(open_notebook):
    page = open_notebook(FAILING)
    press(page, "Start camera")
    page.locator(
        ".said", has_text="The kernel could not use the frame. KeyError: 'left eye'"
    ).wait_for()
    page.get_by_role("button", name="Start camera").wait_for()


def test_a_slow_kernel_has_one_frame_at_a_time_and_a_new_one_is_told(open_notebook, lab):
    under_way, most, answered = 0, 0, 0

    def sent(payload):
        nonlocal under_way, most
        if isinstance(payload, bytes) and b"\xff\xd8\xff" in payload:
            under_way += 1
            most = max(most, under_way)

    def received(payload):
        nonlocal under_way, answered
        data = payload if isinstance(payload, bytes) else payload.encode()
        if b'"milliseconds"' in data and b'"method": "custom"' in data:
            under_way -= 1
            answered += 1

    def listen(socket):
        socket.on("framesent", sent)
        socket.on("framereceived", received)

    page = open_notebook(SLOW, websocket=listen)
    press(page, "Start camera")
    until(lambda: answered >= 6, page)
    assert most == 1
    lab.ask(f"api/kernels/{lab.kernel(page.name)}/restart", "POST")
    page.locator(".said", has_text="it was started again: then run this cell again").wait_for()
