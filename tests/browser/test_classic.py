"""Pictures with knobs in Notebook 6 with ipywidgets 7, Colab's nearest relative."""

import pytest
from hands import COVERED, DRAGGED, KNOBS, UPLOAD, colour, drag, near, picture, settled
from PIL import Image
from test_explorer_in_page import CELL, NETWORK, SHOW, check_layout, shown

from browser import PATIENCE, WIDTHS, run_classic, until


@pytest.fixture(scope="module")
def page(chromium, classic):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    classic.write("knobs.ipynb", (KNOBS, DRAGGED, UPLOAD))
    run_classic(page, classic.address("knobs.ipynb"))
    page.locator(".knobs").nth(2).wait_for()
    yield page
    page.close()
    classic.end("knobs.ipynb")


def test_sliders_turn_by_mouse_and_key(page):
    knobs = page.locator(".knobs").first
    track = knobs.get_by_role("slider", name="rotation, degrees")
    box = track.bounding_box()
    track.click(position={"x": box["width"] - 2, "y": box["height"] / 2})
    assert near(colour(settled(knobs)), [235, 50, 40])
    track.press("Home")
    track.press("ArrowRight")
    assert near(colour(settled(knobs)), [0, 50, 40])
    assert knobs.get_by_role("spinbutton").first.input_value() == "-44"


def test_ticks_choices_and_buttons_change_the_picture(page):
    knobs = page.locator(".knobs").first
    knobs.get_by_role("checkbox", name="flip").press("Space")
    knobs.get_by_role("combobox", name="way").select_option("high")
    knobs.get_by_role("button", name="random face").press("Enter")
    until(lambda: near(colour(settled(knobs))[1:], [127, 230]), page)


def test_what_is_in_the_picture_is_dragged(page):
    dragged = page.locator(".knobs").nth(1)
    dragged.scroll_into_view_if_needed()
    drag(dragged, (50 + 8 * 20, 100), (50 + 12 * 20, 100))
    assert near(picture(dragged)[10, 10], 120)


def test_an_upload_arrives_and_the_next_one_too(page, tmp_path):
    upload = page.locator(".knobs").nth(2)
    for number, width in ((2, 3000), (3, 30)):
        Image.new("RGB", (width, 20), (200, 200, 200)).save(tmp_path / "mine.png")
        upload.get_by_label("Choose a picture").set_input_files(tmp_path / "mine.png")
        height = 9 if width == 3000 else 20
        page.locator(
            ".said", has_text=f"{number}: ({height}, {min(width, 1280)}, 3) mean 200"
        ).wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_covers_a_control(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(300)
    for index in range(3):
        assert page.locator(".knobs").nth(index).evaluate(COVERED) == []


def test_there_is_one_picture_and_no_sentence_for_pages(page):
    assert page.locator(".output img").count() == 3
    assert not page.get_by_text("In a live notebook").first.is_visible()
    assert page.locator(".knobs [title=null]").count() == 0


def test_no_script_failed(page):
    assert page.errors == []


# ---- The explorer, and the reader's prediction

GUESS = """\
from helpers.widgets.guess import answer, guess
guess("covered", "share in the box", unit="%")"""


@pytest.fixture(scope="module")
def other(chromium, classic):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    classic.write("explorer.ipynb", (CELL, NETWORK, SHOW, GUESS))
    run_classic(page, classic.address("explorer.ipynb"))
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    page.get_by_role("button", name="Commit").wait_for()
    yield page
    page.close()
    classic.end("explorer.ipynb")


def test_the_explorer_draws_and_its_network_answers(other):
    slider = other.get_by_role("slider", name="turn clockwise")
    slider.press("End")
    other.locator(".said", has_text="Turned by 90°, the network (orange) is off by").wait_for()
    assert shown(other)["settings"]["angle"] == 90
    other.locator("canvas.stage").press("ArrowRight")
    assert shown(other)["settings"]["shift_x"] == pytest.approx(0.01)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_explorer_has_its_place(other, width):
    other.set_viewport_size({"width": width, "height": 900})
    check_layout(other)


def test_a_guess_is_typed_and_kept(other):
    field = other.get_by_role("textbox", name="share in the box")
    field.fill("20")
    other.get_by_role("button", name="Commit").press("Enter")
    other.get_by_text("Kept: 20 %.").wait_for()
    assert other.locator(".output [title=null]").count() == 0
    assert other.errors == []
