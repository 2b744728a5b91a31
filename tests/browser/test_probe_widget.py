"""The prediction explorer in JupyterLab: frame and patch are dragged, the points answer."""

import numpy as np
import pytest
from hands import drag, picture, settled

from browser import WIDTHS, set_theme, until
from helpers.people import draw_person, sample_person
from helpers.predict import Landmarker
from helpers.widgets.probe import Scene

CELL = """\
from helpers.people import group
from helpers.predict import Landmarker
from helpers.widgets.probe import explorer
explorer(Landmarker.load("free", device="cpu"), group(2, seed=0)[0])"""


@pytest.fixture(scope="module")
def page(open_notebook):
    page = open_notebook(CELL)
    page.locator(".knobs .frame").wait_for()
    return page


@pytest.fixture
def probe(page):
    return page.locator(".knobs")


def box_of(probe, name):
    """Where a frame is, in pixels of the picture: left, top, width, height."""
    scale = probe.locator(".stage").evaluate(
        "one => one.clientWidth / one.querySelector('img').naturalWidth"
    )
    stage = probe.locator(".stage").bounding_box()
    box = probe.get_by_role("group", name=name).bounding_box()
    left, top = box["x"] - stage["x"], box["y"] - stage["y"]
    return [n / scale for n in (left, top, box["width"], box["height"])]


def middle(box):
    left, top, width, height = box
    return left + width / 2, top + height / 2


def test_the_points_and_the_crop_follow_the_frame(probe):
    before, start = picture(probe), box_of(probe, "frame around the face")
    x, y = middle(start)
    drag(probe, (x, y), (x + 60, y + 5))
    moved = box_of(probe, "frame around the face")
    assert middle(moved) == pytest.approx((x + 60, y + 5), abs=3)
    changed = (np.abs(picture(probe).astype(int) - before) > 40).any(2)
    assert changed[:, :600].sum() > 200 and changed[:, -256:].sum() > 5000


def test_another_face_is_picked_by_key(probe):
    before = middle(box_of(probe, "frame around the face"))
    probe.get_by_role("button", name="look at face 2").press("Enter")
    settled(probe)
    assert middle(box_of(probe, "frame around the face"))[0] > before[0] + 50
    assert probe.locator("p.said").inner_text() == "The picture: 2 faces found."


def test_the_patch_is_dragged_and_how_far_the_points_move_is_told(probe):
    probe.get_by_role("checkbox", name="grey patch").press("Space")
    settled(probe)
    start, face = box_of(probe, "grey patch"), box_of(probe, "frame around the face")
    drag(probe, middle(start), middle(face))
    told = probe.locator("p.said").inner_text()
    assert "The grey patch moves the points by" in told
    x, y = map(round, middle(box_of(probe, "grey patch")))
    grey = np.abs(picture(probe)[y - 4 : y + 5, x - 4 : x + 5].astype(int) - 128).max(2) < 8
    assert grey.mean() > 0.3  # else points lie over it
    probe.get_by_role("group", name="grey patch").press("ArrowRight")
    until(lambda: settled(probe).locator("p.said").inner_text() != told, probe.page)


def test_a_new_picture_is_searched_for_faces(probe, tmp_path):
    from PIL import Image

    person = draw_person(sample_person(np.random.default_rng(4)), shape=(480, 640), face_width=200)
    Image.fromarray(person[0]).save(tmp_path / "mine.png")
    probe.get_by_label("Choose a picture").set_input_files(tmp_path / "mine.png")
    probe.locator(".said", has_text="mine.png: 1 face found.").wait_for()
    scene = Scene.of(person[0], Landmarker.load("free", device="cpu"))
    expected = middle(scene.shown(scene.boxes[0]))
    assert middle(box_of(probe, "frame around the face")) == pytest.approx(expected, abs=6)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_leaves_the_page(probe, width, dark):
    page = probe.page
    page.set_viewport_size({"width": width, "height": 900})
    set_theme(page, dark)
    probe.locator(".stage").scroll_into_view_if_needed()
    stage, root = probe.locator(".stage").bounding_box(), probe.bounding_box()
    assert stage["x"] + stage["width"] <= min(width, root["x"] + root["width"]) + 1
    contrast = probe.locator(".knob span").first.evaluate("one => getComputedStyle(one).color")
    level = sum(map(float, contrast[contrast.index("(") + 1 : -1].split(",")[:3])) / 3
    assert level > 150 if dark else level < 100


def test_the_console_holds_no_error(page):
    assert page.errors == []
