"""Pictures with knobs in JupyterLab: what a reader turns, types, drags and uploads arrives."""

import numpy as np
import pytest
from hands import (
    BROKEN,
    COVERED,
    DRAGGED,
    KNOBS,
    SLOW,
    UPLOAD,
    colour,
    drag,
    near,
    picture,
    settled,
)
from PIL import Image

from browser import WIDTHS, execute, until

SHAPES = (600 / 200, 500 / 300, 60 / 40)  # of the frames of the first three


@pytest.fixture(scope="module")
def page(open_notebook):
    sizes = []
    page = open_notebook(
        *(KNOBS, DRAGGED, UPLOAD, SLOW, BROKEN),
        websocket=lambda socket: socket.on("framesent", lambda data: sizes.append(len(data))),
    )
    page.sizes = sizes
    page.locator(".knobs").nth(4).wait_for()
    return page


def widget(page, index):
    root = page.locator(".knobs").nth(index)
    root.scroll_into_view_if_needed()
    return root


@pytest.fixture
def knobs(page):
    return widget(page, 0)


@pytest.fixture
def dragged(page):
    return widget(page, 1)


@pytest.fixture
def upload(page):
    return widget(page, 2)


def test_there_is_one_picture_and_no_sentence_for_pages(page, knobs):
    assert knobs.locator("img").count() == 1
    outputs = page.locator(".jp-OutputArea-output img")
    assert outputs.count() == page.locator(".knobs").count()
    assert not page.get_by_text("In a live notebook").first.is_visible()
    assert near(colour(knobs), [145, 50, 40])


def test_the_mouse_on_a_track_turns_the_knob_and_the_picture_follows(knobs):
    track = knobs.get_by_role("slider", name="rotation, degrees")
    box = track.bounding_box()
    track.click(position={"x": box["width"] - 2, "y": box["height"] / 2})
    settled(knobs)
    assert float(track.input_value()) == 45
    assert near(colour(knobs), [235, 50, 40])
    assert box["width"] >= 150


def test_each_arrow_key_is_a_step_and_whole_degrees_are_shown_whole(knobs):
    track = knobs.get_by_role("slider", name="rotation, degrees")
    number = knobs.get_by_role("spinbutton", name="rotation, degrees, typed")
    track.focus()
    track.press("Home")
    track.press("ArrowRight")
    settled(knobs)
    assert number.input_value() == "-44"
    assert near(colour(knobs), [0, 50, 40])


def test_a_number_between_the_steps_is_taken_as_it_is_typed(knobs):
    number = knobs.get_by_role("spinbutton", name="rotation, degrees, typed")
    number.fill("7.3")
    number.press("Enter")
    settled(knobs)
    assert number.input_value() == "7.3"
    assert near(colour(knobs), [121, 50, 40])


@pytest.mark.parametrize("typed", ["1.5", "200", "-1", ""])
def test_what_is_no_face_is_told_and_not_taken(knobs, typed):
    number = knobs.get_by_role("spinbutton", name="face, typed")
    before, asked = number.input_value(), knobs.get_attribute("data-asked")
    number.fill(typed)
    number.press("Tab")
    told = knobs.locator("p.said")
    assert told.inner_text() == f"face: a whole number from 0 to 199, not {typed or 'nothing'}."
    assert number.input_value() == before and knobs.get_attribute("data-asked") == asked


def test_ticks_choices_and_buttons_change_the_picture_by_key(knobs):
    knobs.get_by_role("checkbox", name="flip").press("Space")
    knobs.get_by_role("combobox", name="way").select_option("high")
    settled(knobs)
    assert near(colour(knobs)[2], 230)
    knobs.get_by_role("button", name="random face").press("Enter")
    settled(knobs)
    assert knobs.get_by_role("spinbutton", name="face, typed").input_value() == "77"
    assert near(colour(knobs)[1], 127)


def test_a_cell_that_is_run_again_keeps_the_settings(page, knobs):
    before = colour(knobs)
    old = knobs.element_handle()
    page.locator(".jp-CodeCell").first.locator(".cm-content").click()
    execute(page, "notebook:run-cell")
    until(lambda: not old.evaluate("one => one.isConnected"), page)
    until(lambda: page.locator(".knobs").count() == 5, page)
    again = widget(page, 0)
    settled(again)
    assert again.get_by_role("spinbutton", name="face, typed").input_value() == "77"
    assert near(colour(again), before)


def test_a_threshold_is_dragged_in_its_chart(dragged):
    drag(dragged, (50 + 8 * 20, 100), (50 + 12 * 20, 100))
    assert near(picture(dragged)[10, 10], 120)
    assert dragged.get_by_role("slider", name="threshold").get_attribute("aria-valuenow") == "12"
    bar = dragged.get_by_role("slider", name="threshold")
    bar.press("ArrowLeft")
    settled(dragged)
    assert near(picture(dragged)[10, 10], 115)


def test_a_click_in_a_chart_is_where_it_was(dragged):
    drag(dragged, (100, 60), (100, 60))
    told = dragged.locator("p.said").inner_text()
    x, y = map(float, told.split("[")[1].split("]")[0].split(","))
    assert (x, y) == pytest.approx((100, 60), abs=1)


def test_a_frame_is_dragged_grows_and_stays_in_its_part(dragged):
    drag(dragged, (120, 220), (300, 240))
    assert near(picture(dragged)[240, 300], 60) and near(picture(dragged)[220, 110], 200)
    box = dragged.get_by_role("group", name="grey patch")
    box.press("+")
    settled(dragged)
    assert "grey patch: 42 wide" in box.get_attribute("aria-label")
    drag(dragged, (300, 240), (700, 900))
    assert near(picture(dragged)[290, 490], 60)


def test_a_photograph_above_the_sockets_limit_arrives_and_the_next_one_too(page, upload, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (2200, 2600, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png", compress_level=0)
    assert (tmp_path / "large.png").stat().st_size > 15e6
    del page.sizes[:]
    chosen = upload.get_by_label("Choose a picture")
    chosen.set_input_files(tmp_path / "large.png")
    page.locator(".said", has_text="2: (1083, 1280, 3)").wait_for()
    Image.new("RGB", (30, 20), (200, 200, 200)).save(tmp_path / "small.png")
    chosen.set_input_files(tmp_path / "small.png")
    page.locator(".said", has_text="3: (20, 30, 3) mean 200").wait_for()
    assert max(page.sizes) < 2e6


def test_a_file_that_is_no_picture_is_named(upload, tmp_path):
    (tmp_path / "letter.heic").write_bytes(b"ftypheic")
    upload.get_by_label("Choose a picture").set_input_files(tmp_path / "letter.heic")
    upload.locator(
        ".said", has_text="letter.heic: not a picture that this browser can read"
    ).wait_for()


def give(root, event):
    """Drops or pastes a blue picture, as a reader would."""
    root.evaluate(
        """async (one, event) => {
            const canvas = Object.assign(document.createElement("canvas"), {width: 50, height: 10});
            const context = canvas.getContext("2d");
            context.fillStyle = "rgb(90, 90, 90)";
            context.fillRect(0, 0, 50, 10);
            const blob = await new Promise((done) => canvas.toBlob(done));
            const data = new DataTransfer();
            data.items.add(new File([blob], "mine.png", {type: "image/png"}));
            const bubbles = {bubbles: true, cancelable: true};
            one.dispatchEvent(event === "drop"
                ? new DragEvent("drop", {dataTransfer: data, ...bubbles})
                : new ClipboardEvent("paste", {clipboardData: data, ...bubbles}));
        }""",
        event,
    )


@pytest.mark.parametrize(("event", "number"), [("drop", 4), ("paste", 5)])
def test_a_picture_is_dropped_or_pasted(page, upload, event, number):
    give(upload, event)
    page.locator(".said", has_text=f"{number}: (10, 50, 3) mean 90").wait_for()


def test_a_slow_kernel_draws_the_newest_and_leaves_out_what_was_between(page):
    slow = widget(page, 3)
    track = slow.get_by_role("slider", name="slow")
    asked = int(slow.get_attribute("data-asked") or 0)
    track.focus()
    for _ in range(30):
        track.press("ArrowRight")
    settled(slow)
    assert near(picture(slow)[20, 20], 30)
    assert int(slow.get_attribute("data-answered")) - asked < 20


def test_a_picture_that_cannot_be_drawn_is_explained_and_the_next_one_drawn(page):
    broken = widget(page, 4)
    broken.get_by_role("slider", name="fails").press("End")
    broken.locator(".said", has_text="No face there.").wait_for()
    broken.get_by_role("slider", name="fails").press("Home")
    settled(broken)
    assert broken.locator("p.said").inner_text() == ""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_covers_a_control_and_the_picture_keeps_its_shape(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(400)
    for index in range(3):
        root = widget(page, index)
        assert root.evaluate(COVERED) == []
        assert root.evaluate("one => one.scrollWidth <= one.clientWidth")
        field, stage = root.locator("fieldset"), root.locator(".stage")
        if field.is_visible():
            above = field.bounding_box()
            assert above["y"] + above["height"] <= stage.bounding_box()["y"]
        box, output = stage.bounding_box(), root.bounding_box()
        assert box["x"] + box["width"] <= min(width, output["x"] + output["width"]) + 1
        assert box["width"] / box["height"] == pytest.approx(SHAPES[index], rel=0.02)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_every_control_has_a_name_and_every_picture_says_what_it_shows(page):
    assert page.locator(".knobs [title=null]").count() == 0
    unnamed = page.evaluate(
        """[...document.querySelectorAll(".knobs input, .knobs select, .knobs .handle")].filter(
            (one) => !(one.getAttribute("aria-label") || one.labels?.[0]?.textContent)).length"""
    )
    assert unnamed == 0
    alts = [one.get_attribute("alt") for one in page.locator(".knobs img").all()]
    assert "rotation, degrees 7.3" in alts[0] and alts[1].startswith("threshold ")
    assert all(alts)


def test_the_console_holds_no_error(page):
    assert page.errors == []


def test_a_kernel_that_does_not_answer_is_told(page, lab):
    kernel = lab.kernel(page.name)
    lab.ask(f"api/kernels/{kernel}/restart", "POST")  # unknown to the page
    knobs = widget(page, 3)
    knobs.get_by_role("slider").press("Home")
    knobs.locator(".said", has_text="No answer from the kernel.").wait_for()


def test_after_a_restart_a_sentence_says_run_this_cell(page, lab):
    knobs = widget(page, 0)
    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    page.evaluate(f"{kernel}.restart()")  # as the menu does
    knobs.locator(".said", has_text="Run this cell again").wait_for()
    assert knobs.get_by_role("slider").first.is_disabled()


def test_opened_with_a_new_kernel_it_says_run_this_cell(page, lab):
    execute(page, "docmanager:save")
    until(lambda: "widget-note" in (lab.folder / page.name).read_text("utf-8"), page)
    lab.end(page.name)
    page.reload()
    page.get_by_text("In a live notebook this picture has knobs: run this cell.").first.wait_for()
    page.get_by_text("Loading widget").first.wait_for(state="hidden")
    page.wait_for_timeout(500)
    assert not page.get_by_text("model not found").first.is_visible()
