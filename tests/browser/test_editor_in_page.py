"""The point editor in JupyterLab: what is on disk is what was seen.

The photographs are plain grey, so that whatever else is on the canvas was drawn by the editor.
"""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from browser import WIDTHS, execute, until
from helpers.boxes import SIDE
from helpers.widgets.frontend import script

WIDTH, HEIGHT = 400, 300  # of the photographs
NAMES = ["right pupil", "left pupil", "nose tip"]
PLACES = [(150.0, 120.0), (250.0, 120.0), (200.0, 180.0)]
SETUP = f"""\
import time
import numpy as np
from pathlib import Path
from PIL import Image
from helpers.widgets.editor import Editor
from helpers.landmarks import Scheme
from helpers.widgets.labels import Labels
scheme = Scheme("mine", {tuple(NAMES)}, (1, 0, 2), lines=((0, 2, 1),))
def folder_of(name):
    folder = Path(name)
    folder.mkdir(exist_ok=True)
    for k in range(3):
        grey = np.full(({HEIGHT}, {WIDTH}, 3), 60 + 40 * k, np.uint8)
        Image.fromarray(grey).save(folder / f"grey_{{k}}.png")
    return folder
class Model:
    def detect(self, image):
        return np.float32([[100, 70, 200, 180]])
    def landmarks(self, image, boxes):
        return np.float32([{PLACES}] * len(boxes))
save, wait = Labels.save, 0.0
def save_after_a_wait(labels):
    time.sleep(wait)
    save(labels)
Labels.save = save_after_a_wait"""
EDITOR = """\
folder = folder_of("{0}")
Editor(folder, folder / "labels.xml", {1}scheme=scheme)"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"


class Seen:
    """An editor in a page: where things are on it, and what its label file says."""

    def __init__(self, page, file):
        self.page, self.file = page, file
        self.root = page.locator(".face-editor").last
        self.canvas = self.root.locator("canvas")

    def at(self, place, scale=None, middle=(WIDTH / 2, HEIGHT / 2)):
        """Where a place of the photograph lies on the page, all of it or a part being shown."""
        self.canvas.evaluate("one => one.scrollIntoView({ block: 'center' })")
        box = self.canvas.bounding_box()
        scale = scale or min(box["width"] / WIDTH, box["height"] / HEIGHT)
        return [
            box[corner] + box[side] / 2 + (value + 0.5 - centre) * scale
            for corner, side, value, centre in zip(
                ("x", "y"), ("width", "height"), place, middle, strict=True
            )
        ]

    def click(self, place):
        self.settled()
        self.page.mouse.click(*self.at(place))

    def drag(self, start, end):
        self.settled()
        self.page.mouse.move(*self.at(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(end), steps=4)
        self.page.mouse.up()

    def press(self, *keys):
        self.canvas.focus()
        for key in keys:
            self.settled()
            self.page.keyboard.press(key)

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def settled(self):
        """Waits until the kernel has answered the last step."""
        self.page.wait_for_function(
            "root => !['Saving.', 'Opening the picture.'].includes("
            "root.querySelector('.status').textContent)"
            " && !root.querySelector('canvas.stale')",
            arg=self.root.element_handle(),
        )

    def told(self):
        self.settled()
        return self.root.locator(".status").inner_text()

    def current(self):
        """The point that is chosen and where the reader is told that it is: (name, (x, y))."""
        self.settled()
        text = self.root.locator(".current").inner_text()
        name, x, y = re.fullmatch(r"Point (.+): (-?[\d.]+), (-?[\d.]+)\.", text).groups()
        return name, (float(x), float(y))

    def faces(self, picture="grey_0.png"):
        """The faces that the label file has of a picture: a dict of points by name each."""
        self.settled()
        if not self.file.exists():
            return []
        return [
            {p.get("name"): (float(p.get("x")), float(p.get("y"))) for p in box.findall("part")}
            for box in ElementTree.parse(self.file).iterfind(f"images/image[@file='{picture}']/box")
        ]

    def box(self):
        self.settled()
        found = ElementTree.parse(self.file).find("images/image/box")
        return [int(found.get(side)) for side in ("left", "top", "width", "height")]

    def drawn(self):
        """What the canvas shows, RGB uint8 [h, w, 3], and pixels of it for one of the page."""
        self.settled()
        data = self.canvas.evaluate("one => one.toDataURL()")
        file = io.BytesIO(base64.b64decode(data.split(",")[1]))
        picture = np.asarray(Image.open(file).convert("RGB"))
        return picture, picture.shape[1] / self.canvas.bounding_box()["width"]

    def ink_at(self, place):
        """How many pixels around a place of the photograph are neither grey nor outside."""
        picture, fine = self.drawn()
        x, y = self.at(place)
        box = self.canvas.bounding_box()
        column, row = round((x - box["x"]) * fine), round((y - box["y"]) * fine)
        part = picture[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5].astype(int)
        return int((np.abs(part - 60).max(2) > 40).sum())


@pytest.fixture(scope="module")
def page(open_notebook):
    return open_notebook(SETUP, "None")


@pytest.fixture
def open_editor(page, lab, request):
    """Runs the editor in a new cell, on photographs of the test's own: open_editor(model=False)."""
    name = re.sub(r"\W", "_", request.node.name)

    def opening(model=False):
        cell = EDITOR.format(name, "Model(), " if model else "")
        run_cell(page, cell)
        seen = Seen(page, lab.folder / name / "labels.xml")
        seen.settled()
        return seen

    return opening


def run_cell(page, code):
    """Runs code in place of what the notebook's last cell was, and waits for its editor."""
    page.evaluate(
        "() => document.querySelectorAll('.face-editor').forEach(one => one.dataset.old = '1')"
    )
    page.evaluate(
        """code => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = notebook.widgets.length - 1;
            notebook.activeCell.model.sharedModel.setSource(code);
        }""",
        code,
    )
    execute(page, "notebook:run-cell")
    page.locator(".face-editor:not([data-old])").last.wait_for()


@pytest.fixture
def placed(open_editor):
    """An editor in which the three points of a face have been placed by clicks."""
    seen = open_editor()
    for place in PLACES:
        seen.click(place)
    seen.settled()  # or a test that reads the file might come before the last click
    return seen


def near(face, expected, within=0.6):
    """Whether the points of a face are where they should be: a click is good to half a pixel."""
    assert face.keys() == expected.keys()
    return all(np.hypot(*np.subtract(face[name], expected[name])) < within for name in face)


ALL = dict(zip(NAMES, PLACES, strict=True))


def test_points_are_placed_one_after_the_other_their_names_shown(open_editor):
    seen = open_editor()
    for number, (name, place) in enumerate(ALL.items()):
        assert f"Point {name}: click where it belongs" in seen.root.inner_text()
        seen.click(place)
        (face,) = seen.faces()
        assert near(face, dict(list(ALL.items())[: number + 1]))
    assert "Saved in labels.xml; 1 of 3 pictures labelled." in seen.told()


def test_a_point_that_is_dragged_is_on_disk_where_it_is_seen(placed):
    placed.drag(PLACES[1], (300, 90))
    (face,) = placed.faces()
    assert near(face, ALL | {"left pupil": (300, 90)})
    assert placed.current() == ("left pupil", face["left pupil"])
    placed.press(".")  # the ring around the current point would hide nothing, but is larger
    assert placed.ink_at((300, 90)) > 10 and placed.ink_at(PLACES[1]) == 0


def test_undo_and_redo_change_what_is_seen_and_what_is_on_disk(placed):
    placed.drag(PLACES[1], (300, 90))
    placed.button("Undo").click()
    assert near(placed.faces()[0], ALL)
    assert placed.ink_at(PLACES[1]) > 4
    placed.press("Control+z", "Control+z", "Control+z")
    assert placed.faces() == [] and placed.button("Undo").is_disabled()
    placed.press("Control+y", "Control+Shift+Z", "Control+y")
    assert near(placed.faces()[0], ALL)
    placed.button("Redo").click()
    assert near(placed.faces()[0], ALL | {"left pupil": (300, 90)})
    assert placed.button("Redo").is_disabled()


def test_keys_step_through_points_and_move_them_by_a_pixel_and_a_tenth(placed):
    before = placed.faces()[0]
    placed.press(".")
    assert placed.current()[0] == "right pupil"
    placed.press(",", ",")
    name, (x, y) = placed.current()
    assert name == "left pupil"
    placed.press("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowLeft")
    face = placed.faces()[0]
    assert face == before | {name: pytest.approx((x + 1.9, y - 1), abs=1e-6)}
    assert placed.current() == (name, face[name])
    placed.press("Control+z")
    assert placed.faces()[0][name] == pytest.approx((x + 2, y - 1), abs=1e-6)


def test_a_key_held_down_is_one_step(placed):
    before = placed.faces()[0]
    for _ in range(5):
        placed.page.keyboard.down("ArrowDown")
    placed.page.keyboard.up("ArrowDown")
    x, y = before["nose tip"]
    assert placed.faces()[0]["nose tip"] == pytest.approx((x, y + 5), abs=1e-6)
    placed.press("Control+z")
    assert placed.faces()[0] == before


def test_a_hidden_point_is_left_out_of_the_file_and_comes_back(placed):
    placed.press(",", "h")
    assert "Point left pupil: hidden." in placed.root.inner_text()
    assert placed.faces()[0].keys() == {"right pupil", "nose tip"}
    assert "left pupil (hidden)" in placed.root.get_by_role("combobox", name="Point").inner_text()
    placed.button("Show point").click()
    assert near(placed.faces()[0], ALL)


def test_after_undo_the_click_is_for_the_point_that_was_taken_back(open_editor):
    seen = open_editor()
    seen.click((30, 40))
    seen.click((60, 40))
    seen.press("Control+z", "Control+z")
    seen.settled()
    assert "Point right pupil: click where it belongs" in seen.root.inner_text()
    seen.press("Control+y")
    assert seen.current() == ("right pupil", pytest.approx((30, 40), abs=1))
    seen.press("Control+z")
    seen.click(PLACES[0])
    assert near(seen.faces()[0], {"right pupil": PLACES[0]})


def test_after_a_point_is_hidden_the_click_is_for_the_next_one(open_editor):
    seen = open_editor()
    seen.click(PLACES[0])
    seen.press("h")
    assert "Point nose tip: click where it belongs" in seen.root.inner_text()
    seen.click(PLACES[2])
    assert near(seen.faces()[0], {"right pupil": PLACES[0], "nose tip": PLACES[2]})
    again = open_editor()
    again.press("PageUp")
    again.press(".")  # from the first, since none is missing
    assert "Point left pupil: hidden." in again.root.inner_text()
    again.click((20, 20))
    assert near(again.faces()[0], {"right pupil": PLACES[0], "nose tip": PLACES[2]})


def test_keys_step_through_pictures_and_each_keeps_its_own_points(placed):
    placed.press("PageDown")
    assert "Picture 2 of 3: grey_1.png" in placed.root.inner_text()
    placed.click((30, 40))
    assert near(placed.faces("grey_1.png")[0], {"right pupil": (30, 40)})
    placed.press("PageUp")
    assert "Picture 1 of 3: grey_0.png" in placed.root.inner_text()
    assert near(placed.faces()[0], ALL) and placed.ink_at(PLACES[0]) > 4
    assert "2 of 3 pictures labelled" in placed.told()


def test_the_cell_run_again_goes_on_from_the_file(placed, open_editor):
    placed.drag(PLACES[0], (140, 110))
    placed.press("PageDown")
    before = placed.faces()
    again = open_editor()
    assert "Picture 2 of 3" in again.root.inner_text()  # the first that is not labelled
    again.press("PageUp")
    assert again.current() == ("right pupil", before[0]["right pupil"])
    assert again.ink_at(PLACES[1]) > 4
    again.drag(PLACES[2], (210, 190))
    moved = {"right pupil": (140, 110), "nose tip": (210, 190)}
    assert near(again.faces()[0], ALL | moved)


def test_the_models_guess_is_not_on_disk_until_it_is_kept_or_changed(open_editor):
    seen = open_editor(model=True)
    assert "A first guess, not in the file yet" in seen.told()
    assert seen.current() == ("right pupil", PLACES[0]) and seen.faces() == []
    seen.press("PageDown")
    assert not seen.file.exists()
    seen.button("Keep").click()
    assert seen.faces("grey_1.png") == [ALL] and seen.faces() == []
    seen.press("PageUp")
    seen.drag(PLACES[2], (205, 185))
    assert near(seen.faces()[0], ALL | {"nose tip": (205, 185)})
    assert seen.button("Keep").is_disabled()


def test_the_wheel_zooms_about_the_mouse_and_the_whole_picture_comes_back(placed):
    placed.page.mouse.move(*placed.at(PLACES[2]))
    placed.page.mouse.wheel(0, -900)
    placed.page.wait_for_function("() => true")
    before, here = placed.faces()[0], placed.at(PLACES[2])
    placed.page.mouse.down()
    placed.page.mouse.move(here[0] + 33, here[1], steps=3)
    placed.page.mouse.up()
    moved = placed.faces()[0]["nose tip"][0] - before["nose tip"][0]
    scale = placed.canvas.bounding_box()["width"] / WIDTH
    assert 33 / scale / 8 < moved < 33 / scale / 4  # at six times the size a drag moves it less
    placed.press("0", "Control+z")
    assert near(placed.faces()[0], ALL) and placed.ink_at(PLACES[2]) > 4


def test_the_picture_is_dragged_where_no_point_is(placed):
    placed.button("Closer").click()
    before = placed.faces()
    picture, _ = placed.drawn()
    placed.drag((60, 60), (90, 80))
    assert placed.faces() == before
    assert (placed.drawn()[0] != picture).any()


def test_the_box_is_moved_and_made_larger_and_drawn(placed):
    left, top, width, height = placed.box()
    placed.button("Box").click()
    placed.drag((200, 140), (210, 145))
    assert placed.box() == pytest.approx([left + 10, top + 5, width, height], abs=1)
    left, top, width, height = placed.box()
    placed.drag((left + width - 1, top + height - 1), (left + width + 9, top + height + 4))
    assert placed.box() == pytest.approx([left, top, width + 10, height + 5], abs=1)
    placed.press("ArrowLeft", "]")
    assert placed.box() == pytest.approx([left - 2, top - 1, width + 12, height + 7], abs=1)
    assert near(placed.faces()[0], ALL)


def test_a_second_face_gets_the_mean_face_of_others_into_its_box(placed):
    placed.press("PageDown")
    placed.button("New face").click()
    placed.drag((50, 50), (249, 249))
    assert "A first guess" in placed.told()
    placed.button("Keep").click()
    (face,) = placed.faces("grey_1.png")
    eyes = np.subtract(face["left pupil"], face["right pupil"])
    # Of few points, a box without a scheme is twice as large as dlib's around them.
    apart = 200 / (2 * SIDE)
    assert face.keys() == ALL.keys() and eyes == pytest.approx((apart, 0), abs=2)
    placed.button("Remove face").click()
    assert placed.faces("grey_1.png") == []
    assert "2 of 3 pictures labelled" in placed.told()  # that nobody is on it is a label, too


@pytest.fixture
def slow(page):
    """A kernel that takes four seconds to save a step: calling it makes it so."""
    code = f"wait => {KERNEL}.requestExecute({{ code: `wait = ${{wait}}` }}).done.then(() => null)"
    yield lambda: page.evaluate(code, 4)
    page.evaluate(code, 0)


def test_until_a_slow_kernel_has_removed_a_face_nothing_is_done_to_another(placed, page, slow):
    """Faces are told apart by their numbers, which a removed one changes."""
    placed.button("New face").click()
    placed.drag((20, 200), (119, 289))
    for place in ((40, 220), (90, 220), (65, 260)):
        placed.click(place)
    _, second = placed.faces()
    placed.root.locator("label", has_text="Face").locator("select").select_option("0")
    slow()
    remove = placed.button("Remove face")
    remove.click()
    remove.click()
    start, end = placed.at(second["nose tip"]), placed.at((300, 250))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    assert placed.faces() == [second]


def test_undo_pressed_twice_takes_two_steps_back_however_slow_the_kernel(placed, page, slow):
    placed.settled()
    slow()
    placed.canvas.focus()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert near(placed.faces()[0], {"right pupil": PLACES[0]})


def test_a_drag_stays_with_its_point_whatever_is_chosen_meanwhile(placed, page):
    placed.settled()
    page.mouse.move(*placed.at(PLACES[1]))
    page.mouse.down()
    page.mouse.move(*placed.at((280, 100)), steps=4)
    page.keyboard.press(".")
    page.mouse.move(*placed.at((300, 90)), steps=4)
    page.mouse.up()
    (face,) = placed.faces()
    assert near(face, ALL | {"left pupil": (300, 90)})


def test_the_mean_face_is_laid_over_a_face_to_compare_with(placed):
    placed.press("PageDown")
    for x, y in PLACES:
        placed.click((x - 20, y + (30 if y > 150 else 0)))
    without, _ = placed.drawn()
    placed.root.get_by_label("mean face").check()
    assert (placed.drawn()[0] != without).sum() > 200
    assert len(placed.faces("grey_1.png")[0]) == 3


def test_fingers_drag_points_and_pinch(placed):
    touch = placed.page.context.new_cdp_session(placed.page)

    def fingers(kind, *places):
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", placed.at(PLACES[0]))
    for x in (140, 130, 120):
        fingers("touchMove", placed.at((x, 120)))
    fingers("touchEnd")
    moved = ALL | {"right pupil": (120, 120)}
    assert near(placed.faces()[0], moved, 1.5)
    one, other = placed.at((180, 150)), placed.at((220, 150))
    fingers("touchStart", one, other)
    for by in (20, 60, 120):
        fingers("touchMove", (one[0] - by, one[1]), (other[0] + by, other[1]))
    fingers("touchEnd")
    assert near(placed.faces()[0], moved, 1.5)
    assert placed.ink_at(PLACES[1]) == 0  # closer: the point is elsewhere on the page
    placed.press("0")
    assert placed.ink_at(PLACES[1]) > 4


def test_a_screen_reader_is_told_what_is_there(placed):
    root = placed.root
    assert root.get_by_role("application", name="Photograph grey_0.png, 1 face.").count() == 1
    assert root.get_by_role("combobox", name="Point").count() == 1
    until(lambda: "Saved" in root.locator(".status").inner_text(), root.page)
    unnamed = root.locator("button").evaluate_all(
        "all => all.filter(one => !(one.getAttribute('aria-label') ?? one.textContent).trim())"
    )
    assert not unnamed


def test_the_keyboard_alone_labels_a_face(open_editor):
    seen = open_editor(model=True)
    seen.button("Next picture").focus()
    seen.page.keyboard.press("Enter")
    seen.settled()
    seen.button("New face").focus()
    seen.page.keyboard.press("Space")
    seen.press("Enter")
    seen.settled()
    seen.press("Enter", "ArrowDown")
    assert len(seen.faces("grey_1.png")) == 2
    seen.canvas.focus()
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.tagName") == "BUTTON"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page_and_nothing_covers_a_control(placed, width):
    placed.page.set_viewport_size({"width": width, "height": 900})
    until(lambda: placed.root.bounding_box()["width"] <= width, placed.page)
    box = placed.root.bounding_box()
    assert box["x"] + box["width"] <= width
    assert placed.root.evaluate("one => one.scrollWidth <= one.clientWidth")
    boxes = [one.bounding_box() for one in placed.root.locator("canvas, button, p").all()]
    boxes = [one for one in boxes if one]
    for k, one in enumerate(boxes):
        assert not [other for other in boxes[k + 1 :] if overlap(one, other)]
    assert placed.ink_at(PLACES[0]) > 4  # the picture is drawn anew at its new size
    placed.page.set_viewport_size({"width": 1280, "height": 900})


def overlap(one, other):
    """Whether two boxes share more than a pixel."""
    return all(
        min(one[at] + one[side], other[at] + other[side]) - max(one[at], other[at]) > 1
        for at, side in (("x", "width"), ("y", "height"))
    )


def test_a_file_that_cannot_be_written_is_told_and_the_next_step_writes_both(placed):
    before = placed.file.read_bytes()
    placed.file.unlink()
    placed.file.mkdir()
    placed.drag(PLACES[0], (140, 110))
    assert placed.told().startswith("Not saved. ") and "labels.xml" in placed.told()
    placed.file.rmdir()
    placed.file.write_bytes(before)
    placed.drag(PLACES[1], (260, 110))
    assert "another program has changed it" in placed.told()
    assert placed.file.read_bytes() == before


def test_a_module_of_the_browser_does_the_arithmetic(page):
    code = script("editor")
    found = page.evaluate(
        """async code => {
            const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
            const m = await import(url);
            const [size, area] = [[400, 300], [800, 600]];
            const view = m.showing([0, 0, ...size], area);
            const near = m.zoomed(view, 3, [200, 100], size, area);
            const face = { points: [[10, 10], null, [14, 10], null], hidden: [3] };
            return {
                view,
                back: m.toPicture(view, m.toScreen(view, [12.34, 56.78])),
                stays: [m.toPicture(view, [200, 100]), m.toPicture(near, [200, 100])],
                closest: m.zoomed(view, 1e9, [0, 0], size, area).scale,
                nearest: m.nearest([face], view, [22, 21], 12),
                far: m.nearest([face], view, [300, 300], 12),
                missing: [m.nextMissing(face, 0), m.nextMissing(face, 1)],
                start: m.startingPoint(face),
                changed: [
                    m.changedPoint([face], []),
                    m.changedPoint([], [{ points: [[1, 2], null], hidden: [] }]),
                    m.changedPoint([face], [{ points: face.points, hidden: [] }]),
                    m.changedPoint([face], [face]),
                ],
                between: m.between([9.6, 20], [2, 5.2]),
                corner: m.draggedBox([10, 10, 20, 20], 3, [29, 29], [34, 26]),
                crossed: m.draggedBox([10, 10, 20, 20], 3, [29, 29], [5, 5]),
                inside: m.draggedBox([10, 10, 20, 20], "inside", [0, 0], [3.4, -2]),
                parts: [[21, 21], [41, 41], [500, 500]].map(
                    (at) => m.partOfBox([10, 10, 20, 20], view, at, 6)),
            };
        }""",
        code,
    )
    assert found["view"] == {"scale": 2, "x": 0, "y": 0}
    assert found["back"] == pytest.approx([12.34, 56.78])
    assert found["stays"][0] == pytest.approx(found["stays"][1])
    assert found["closest"] == 64
    assert found["nearest"] == [0, 0] and found["far"] is None
    assert found["missing"] == [1, 1] and found["start"] == 1
    assert found["changed"] == [None, [0, 0], [0, 3], None]
    assert found["between"] == [2, 5, 9, 16]
    assert found["corner"] == [10, 10, 25, 17]
    assert found["crossed"] == [5, 5, 6, 6]
    assert found["inside"] == [13, 8, 20, 20]
    assert found["parts"] == [0, "inside", None]


def test_the_console_holds_no_error_up_to_here(page):
    assert page.errors == []


def test_opened_with_a_new_kernel_it_says_run_this_cell(open_notebook, lab):
    page = open_notebook(SETUP, EDITOR.format("reopened", ""))
    page.locator(".face-editor canvas").wait_for()
    note = page.get_by_text("In a live notebook this is a point editor: run this cell.").last
    assert not note.is_visible()
    execute(page, "docmanager:save")
    until(lambda: "widget-note" in (lab.folder / page.name).read_text("utf-8"), page)
    lab.end(page.name)
    page.reload()
    note.wait_for()
    page.get_by_text("Loading widget").first.wait_for(state="hidden")
    page.wait_for_timeout(500)
    assert not page.get_by_text("model not found").first.is_visible()


def test_a_kernel_that_was_started_again_is_told_and_no_edit_is_taken(open_notebook, lab):
    page = open_notebook(SETUP, EDITOR.format("restarted", ""))
    page.locator(".face-editor").wait_for()
    seen = Seen(page, lab.folder / "restarted" / "labels.xml")
    for place in PLACES:
        seen.click(place)
    before = seen.faces()
    page.evaluate(f"() => {KERNEL}.restart().then(() => null)")  # as the menu does
    page.mouse.move(*seen.at(PLACES[0]))
    page.mouse.down()
    page.mouse.move(*seen.at((100, 100)), steps=3)
    page.mouse.up()
    seen.root.locator(".said", has_text="Not saved: no answer from the kernel.").wait_for()
    assert "run this cell again" in seen.root.locator(".status").inner_text()
    assert seen.button("Undo").is_disabled() and seen.button("Box").is_disabled()
    page.evaluate(
        "() => document.querySelectorAll('.face-editor').forEach(one => one.dataset.old = '1')"
    )
    execute(page, "notebook:run-all-cells")
    page.locator(".face-editor:not([data-old])").wait_for()
    again = Seen(page, seen.file)
    assert again.faces() == before
    again.press("PageUp")
    assert again.current() == ("right pupil", before[0]["right pupil"])
