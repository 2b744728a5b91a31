"""The knobs of notebooks 02, 04, 06 and 11 in JupyterLab: their own cells, on faces of the test's.

What a knob does as such is tried in test_knobs_in_page.py, on pictures of one colour.
"""

import re

import numpy as np
import pytest
from hands import COVERED, drag, picture, settled

from browser import WIDTHS, set_theme, until
from stamp import ROOT, read_notebook


def cell(notebook, text):
    """The cell of a notebook that holds a text."""
    cells = read_notebook(ROOT / "notebooks" / f"{notebook}.ipynb").cells
    (source,) = [c.source for c in cells if c.cell_type == "code" and text in c.source]
    return source


FACES = f"""\
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
import numpy as np
from synthetic import make_faces
from helpers.annotations import read_image
from helpers.draw import paint
from helpers.landmarks import IBUG as scheme
from helpers.people import View, photograph
from helpers.people.face_model import face_model
Path("course").mkdir(exist_ok=True)
faces = test = make_faces(Path("course"), 6)
model, size = face_model(), 112
truth = np.array([face.landmarks for face in faces])
errors = {{"network, two passes": np.array([2.0, 4.0, 6.0, 9.0, 12.0, 16.0])}}
contenders = {{"network, two passes": truth + np.arange(6)[:, None, None]}}
contenders["mean face"] = truth + 9
nmes, baseline = [20.0, 9.0, 7.5, 8.0, 7.0], 15.0
history = [dict(train_loss=0.01 / k, val_loss=0.02 / k, val_nme=nme)
           for k, nme in enumerate(nmes, 1)]"""
CELLS = (
    FACES,
    cell("02_visualize", "browser(len(faces)"),
    cell("04_train", "training_chart("),
    'best = contenders["network, two passes"]\nworst = np.argsort(-errors["network, two passes"])',
    cell("06_evaluate", "import box_around"),
    cell("06_evaluate", "def cut_out("),
    cell("06_evaluate", "def pair("),
    cell("06_evaluate", "shell(cumulative_faces("),
    cell("06_evaluate", "import face_report"),
    cell("06_evaluate", "def report("),
    cell("06_evaluate", "browser(min(40"),
    cell("11_people", "def by_modes("),
    cell("11_people", "knobs = {"),
    cell("11_people", "def portrait("),
)
BROWSER, CURVES, CUMULATIVE, WORST, MODES = range(5)  # in their order on the page


@pytest.fixture(scope="module")
def page(open_notebook):
    page = open_notebook(*CELLS)
    failed = page.locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText pre")
    failed = failed.filter(has_text="Traceback").first
    page.locator(".knobs").nth(MODES).or_(failed).wait_for()
    assert not failed.is_visible(), failed.inner_text()
    return page


def widget(page, index):
    root = page.locator(".knobs").nth(index)
    root.scroll_into_view_if_needed()
    return settled(root)


@pytest.mark.parametrize(
    ("index", "name", "told"),
    [(BROWSER, "face", "Face 5, "), (WORST, "rank", "Rank 5: face 0, NME 2.0 %")],
)
def test_each_face_is_reached_by_its_slider(page, index, name, told):
    root = widget(page, index)
    before = picture(root)
    root.get_by_role("slider", name=name).press("End")
    settled(root)
    assert told in root.locator("img").get_attribute("alt")
    after = picture(root)
    assert before.shape != after.shape or (before != after).any()


def test_the_epochs_of_a_training_are_gone_through_by_mouse_and_by_key(page):
    root = widget(page, CURVES)
    bar = root.get_by_role("slider", name="epoch")
    assert bar.get_attribute("aria-valuenow") == "5"
    handle, stage = bar.bounding_box(), root.locator(".stage").bounding_box()
    scale = picture(root).shape[1] / stage["width"]
    x = (handle["x"] + handle["width"] / 2 - stage["x"]) * scale
    before = picture(root)
    drag(root, (x, 200), (0, 200))
    assert "Epoch 1 of 5: validation NME 20.00 %" in root.locator("p.said").inner_text()
    assert (picture(root) != before).any()
    for key, told in (("ArrowRight", "Epoch 2 of 5"), ("End", "Epoch 5 of 5")):
        bar.press(key)
        assert told in settled(root).locator("p.said").inner_text()
    assert "the weights of epoch 5 (the black dot)" in root.locator("p.said").inner_text()


def test_the_figures_of_an_epoch_are_shown_where_the_focus_or_the_pointer_is(page):
    root = widget(page, CURVES)
    bar, note = root.get_by_role("slider", name="epoch"), root.locator(".hair span")
    bar.press("Home")
    first = middle(settled(root).get_by_role("slider", name="epoch"))
    bar.press("ArrowRight")
    assert note.inner_text().startswith("epoch 2\nNME 9.00 %\nloss 0.005 in training")
    second = middle(settled(root).get_by_role("slider", name="epoch"))
    bar.evaluate("one => one.blur()")
    assert not note.is_visible()
    bar.focus()
    assert note.is_visible()
    bar.evaluate("one => one.blur()")
    stage = root.locator(".stage").bounding_box()
    for epoch, error in ((4, 8), (3, 7.5), (5, 7)):
        page.mouse.move(first + (epoch - 1) * (second - first), stage["y"] + 150)
        assert note.inner_text().startswith(f"epoch {epoch}\nNME {error:.2f} %")
        box = note.bounding_box()
        assert stage["x"] <= box["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
    assert bar.get_attribute("aria-valuenow") == "2"  # who looks moves nothing
    page.mouse.down()
    page.mouse.up()
    assert "Epoch 5 of 5" in settled(root).locator("p.said").inner_text()
    page.mouse.move(stage["x"], stage["y"] - 30)
    assert note.is_visible()  # the line has the focus now
    page.keyboard.press("Tab")
    assert not note.is_visible()


def middle(node):
    """Where the middle of something stands across the page."""
    box = node.bounding_box()
    return box["x"] + box["width"] / 2


def test_the_cumulative_error_leads_to_a_face_and_its_threshold_is_dragged(page):
    root = widget(page, CUMULATIVE)
    bar = root.get_by_role("slider", name="threshold")
    handle, stage = bar.bounding_box(), root.locator(".stage").bounding_box()
    scale = picture(root).shape[1] / stage["width"]
    left, right = 0.07 * 960, 0.6 * 960
    x = (handle["x"] + handle["width"] / 2 - stage["x"]) * scale
    assert x == pytest.approx(left + 8 / 20 * (right - left), abs=3)
    drag(root, (x, 150), (left + 12 / 20 * (right - left), 150))
    assert "Error at most 12 %: " in root.locator("img").get_attribute("alt")
    for error, face in ((2.2, 0), (15.5, 5)):
        at = (left + error / 20 * (right - left), 60)
        drag(root, at, at)
        assert f"face {face}: NME" in root.locator("p.said").inner_text()


def test_a_mode_a_random_person_and_the_landmarks_change_the_portrait(page):
    root = widget(page, MODES)
    first = picture(root)
    assert first.shape[0] >= 320
    root.get_by_role("slider", name="mode 1").press("End")
    moved = picture(settled(root))
    assert (np.abs(moved.astype(int) - first).max(2) > 20).mean() > 0.1
    root.get_by_role("checkbox", name="landmarks").press("Space")
    dotted = picture(settled(root))
    share = (np.abs(dotted.astype(int) - moved).max(2) > 40).mean()
    assert 0.005 < share < 0.1
    root.get_by_role("button", name="random person").press("Enter")
    until(lambda: not re.search(r"mode 1 \+2\.4", alt(settled(root))), page)


def alt(root):
    return root.locator("img").get_attribute("alt")


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_covers_a_control_and_all_text_can_be_read(page, dark):
    set_theme(page, dark)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for index in (BROWSER, CURVES, CUMULATIVE, WORST, MODES):
            root = widget(page, index)
            assert root.evaluate(COVERED) == [], (width, index)
            assert root.evaluate("one => one.scrollWidth <= one.clientWidth")
            stage = root.locator(".stage").bounding_box()
            assert stage["x"] + stage["width"] <= width
    for text in page.locator(".knobs :is(.knob span, p, button, input[type=number])").all():
        colour = text.evaluate("one => getComputedStyle(one).color")
        level = np.mean([float(n) for n in re.findall(r"[\d.]+", colour)[:3]])
        assert level > 150 if dark else level < 100
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_console_holds_no_error(page):
    assert page.errors == []
