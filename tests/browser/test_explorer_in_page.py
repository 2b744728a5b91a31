"""The augmentation explorer in Chromium: it draws what `Augment` draws, with and without a kernel.

The faces are drawn by tests/synthetic.py. In a page made from a notebook nothing but the page
itself is there; in JupyterLab a network of the test's own answers, which always says one face.
"""

import itertools
import re

import nbformat
import numpy as np
import pytest
from synthetic import make_faces

from browser import PATIENCE, WIDTHS, until
from helpers.augment import Augment
from helpers.dataset import FaceLandmarksDataset
from helpers.landmarks import MIRROR
from helpers.metrics import nme
from helpers.widgets.explorer import PLAIN, SLIDERS, explorer
from run_notebooks import as_page
from stamp import ROOT

SIZE, COUNT = 96, 6
AWAKE = ".face-explorer[data-awake=yes]"
CELL = f"""\
import os, sys
os.environ["FACES_DATA"] = "data"
sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from synthetic import make_faces
from helpers.dataset import FaceLandmarksDataset
from helpers.widgets.explorer import explorer
Path("faces").mkdir(exist_ok=True)
dataset = FaceLandmarksDataset(make_faces(Path("faces"), {COUNT}), size={SIZE})"""
NETWORK = """\
import time
from helpers.model import Network, to_target
class Fixed(Network):
    wait = 0.0
    def forward(self, images):
        time.sleep(self.wait)
        return to_target(dataset.mean_face()[None], self.size)
network = Fixed(None, dataset.size)"""
SHOW = "explorer(dataset, network)"
# Sets sliders and switches as a reader does, and returns what is then on the canvas.
SET = """\
async ([root, settings]) => {
  for (const [name, value] of Object.entries(settings)) {
    const input = root.querySelector(`input[data-name=${name}]`);
    if (!input) continue;
    input.value = value;
    input.dispatchEvent(new Event("input"));
  }
  const [flip, wrong] = root.querySelectorAll("input[type=checkbox]");
  if (flip.checked !== settings.flip) flip.click();
  if (wrong.checked !== settings.wrong) wrong.click();
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  const canvas = root.querySelector("canvas.stage");
  const side = canvas.width;
  const { data } = canvas.getContext("2d").getImageData(0, 0, side, side);
  const { settings: set, points, matrix } = root.shown;
  return { set, points, matrix, pixels: [...data.filter((_, k) => k % 4 === 0)] };
}"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACES_DATA", str(folder / "data"))
        return FaceLandmarksDataset(make_faces(folder, COUNT), size=SIZE)


@pytest.fixture(scope="module")
def address(dataset, tmp_path_factory):
    """A page that is made from a notebook with an explorer in it, as `make run` makes it."""
    bundle = {"text/html": explorer(dataset).html(), "text/plain": "explorer"}
    output = nbformat.v4.new_output("display_data", bundle)
    cell = nbformat.v4.new_code_cell("explorer(dataset)", outputs=[output], execution_count=1)
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(as_page(nbformat.v4.new_notebook(cells=[cell]), "page"), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def open_page(chromium, address):
    """Opens that page, with nothing behind it: open_page(width=1280)."""
    contexts = []

    def opening(width=1280, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        # The page's formulas would come from the internet, which need not be there.
        context.route(re.compile("^http"), lambda route: route.fulfill(body=""))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.errors = []
        page.on("console", lambda said: said.type == "error" and page.errors.append(said.text))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(address)
        page.locator(AWAKE).wait_for()
        return page

    yield opening
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def page(open_page):
    return open_page()


@pytest.fixture(autouse=True)
def at_first(request):
    """The shared page back at its beginning: the first face, plain."""
    if "page" in request.fixturenames:
        shared = request.getfixturevalue("page")
        shared.set_viewport_size({"width": 1280, "height": 900})
        while shown(shared)["face"] != 0:
            press(shared, "Next face")
        press(shared, "Reset")
        choose(shared, "moves it")


def settle(page):
    """Waits until what was set is drawn."""
    page.evaluate("() => new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(d)))")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def choose(page, name):
    page.get_by_role("radio", name=name).check()


def shown(page):
    settle(page)
    return page.locator(AWAKE).evaluate(
        "({ shown: { face, settings, points, matrix } }) => ({ face, settings, points, matrix })"
    )


def settings_of(page):
    return shown(page)["settings"]


def pixels(page):
    settle(page)
    return page.locator("canvas.stage").evaluate("one => one.toDataURL()")


def put(page, settings):
    """Sets everything, and returns what is then shown."""
    root = page.locator(AWAKE).element_handle()
    return page.evaluate(SET, [root, PLAIN | settings])


def by_augment(dataset, index, settings, exact=True):
    """Greys of 0 to 255 and landmarks from `Augment`; exact: by torch, which does not round."""
    partners = range(68) if settings["wrong"] else MIRROR
    names = ("angle", "scale", "shift_x", "shift_y", "flip", "brightness", "contrast", "erasing")
    image, landmarks = dataset[index]
    images, points = Augment(SIZE, partners=partners).apply(
        (image.float() if exact else image)[None],
        landmarks[None],
        erase_at=(settings["erase_x"], settings["erase_y"]),
        **{name: settings[name] for name in names},
    )
    return (images[0, 0].numpy() + 1) * 127.5, points[0].numpy()


GRID = [
    *({name: value} for name, ends in SLIDERS.items() for value in ends[:2]),
    *({"flip": True, "wrong": wrong, "angle": angle} for wrong in (0, 1) for angle in (0, -33)),
    *(
        {"angle": a, "scale": s, "shift_x": x, "shift_y": -x, "flip": f, "brightness": b}
        | {"contrast": 2 * b, "erasing": abs(b), "erase_x": 0.31, "erase_y": 0.87}
        for a, s, x, f, b in itertools.product(
            (-71, 25), (-0.3, 0.12), (0, 0.06), (0, 1), (-0.2, 0.35)
        )
    ),
]


@pytest.mark.parametrize("index", [0, 4])
def test_canvas_and_augment_agree_to_a_grey_level_and_a_twentieth_of_a_pixel(page, dataset, index):
    while shown(page)["face"] != index:
        press(page, "Next face")
    for settings in GRID:
        settings = {
            name: bool(v) if name in ("flip", "wrong") else v for name, v in settings.items()
        }
        found = put(page, settings)
        assert found["set"] == pytest.approx(PLAIN | settings, abs=1e-9)
        greys, points = by_augment(dataset, index, found["set"])
        apart = np.abs(np.reshape(found["pixels"], (SIZE, SIZE)) - greys)
        assert apart.max() <= 1, settings
        assert np.abs(np.array(found["points"]) - points).max() <= 0.05, settings


def test_the_wrong_flip_shows_the_same_picture_and_other_names(page):
    right = put(page, {"flip": True, "wrong": False})
    wrong = put(page, {"flip": True, "wrong": True})
    assert right["pixels"] == wrong["pixels"]
    np.testing.assert_allclose(np.array(wrong["points"])[MIRROR], right["points"])
    press_box(page, "flip", exact=True)  # without a flip none is wrong
    assert not settings_of(page)["flip"] and not settings_of(page)["wrong"]
    press_box(page, "wrong flip: names stay")  # and who wants a wrong one wants one
    assert settings_of(page)["flip"] and settings_of(page)["wrong"]


def press_box(page, name, exact=False):
    page.get_by_role("checkbox", name=name, exact=exact).click()


@pytest.mark.parametrize("name", SLIDERS)
def test_each_slider_moves_by_mouse_and_by_key(page, name):
    if name.startswith("erase_"):
        put(page, {"erasing": 0.3})
    least, largest, step, text, *_ = SLIDERS[name]
    slider = page.get_by_role("slider", name=text, exact=True)
    before = settings_of(page)[name], pixels(page)
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    by_mouse = settings_of(page)[name], pixels(page)
    assert by_mouse[0] == pytest.approx(
        least + 0.8 * (largest - least), abs=0.05 * (largest - least)
    )
    assert by_mouse[1] != before[1]
    page.keyboard.press("ArrowLeft")
    assert settings_of(page)[name] == pytest.approx(by_mouse[0] - step)
    page.keyboard.press("End")
    assert settings_of(page)[name] == pytest.approx(largest)
    assert pixels(page) != by_mouse[1]


def test_the_training_range_lies_under_the_values_that_it_names(page):
    for name, (least, largest, *_, text, _, _) in SLIDERS.items():
        slider = page.get_by_role("slider", name=text, exact=True)
        track, band = (
            slider.bounding_box(),
            slider.locator("xpath=..").locator(".range").bounding_box(),
        )
        for end, share in (("low", 0), ("high", 1)):
            x = band["x"] + share * band["width"]
            page.mouse.click(x, track["y"] + track["height"] / 2)
            wanted = ranges()[name][share]
            near = 0.02 * (largest - least)
            assert settings_of(page)[name] == pytest.approx(wanted, abs=near), (name, end)


def ranges():
    most = Augment(SIZE).ranges
    low = {name: (-value, value) for name, value in most.items()}
    return low | {"erasing": (0, most["erasing"]), "erase_x": (0, 1), "erase_y": (0, 1)}


def stage(page):
    """The canvas: its left, its top, and how many pixels of the screen one of it takes."""
    canvas = page.locator("canvas.stage")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    return box["x"], box["y"], box["width"] / SIZE


def drag(page, start, end):
    """Drags from one place of the canvas to another, both in its pixels."""
    left, top, zoom = stage(page)
    (x, y), (u, v) = ((left + (x + 0.5) * zoom, top + (y + 0.5) * zoom) for x, y in (start, end))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + u) / 2, (y + v) / 2)
    page.mouse.move(u, v)
    page.mouse.up()


def test_the_face_follows_the_mouse(page):
    before = np.array(shown(page)["points"])
    drag(page, (40, 40), (49.6, 35.2))
    moved = np.array(shown(page)["points"]) - before
    np.testing.assert_allclose(moved, np.broadcast_to((9.6, -4.8), (68, 2)), atol=0.25)


def test_the_face_turns_and_grows_under_the_mouse(page):
    middle = (SIZE - 1) / 2
    choose(page, "turns it")
    drag(page, (middle + 30, middle), (middle, middle + 30))
    assert settings_of(page)["angle"] == pytest.approx(90, abs=1)
    drag(page, (middle - 1, middle - 30), (middle - 20, middle - 20))
    assert settings_of(page)["angle"] == pytest.approx(45, abs=3)
    press(page, "Reset")
    choose(page, "scales it")
    drag(page, (middle + 30, middle), (middle + 36, middle))
    assert settings_of(page)["scale"] == pytest.approx(0.2, abs=0.01)


def test_the_erased_square_is_dragged_whatever_else_dragging_does(page):
    choose(page, "turns it")
    put(page, {"erasing": 0.25})
    drag(page, (48, 48), (48 + 24, 48 - 12))
    settings = settings_of(page)
    assert (settings["erase_x"], settings["erase_y"]) == pytest.approx((0.75, 0.375), abs=0.011)
    assert settings["angle"] == settings["shift_x"] == 0


KEYS = {
    "ArrowRight": ("shift_x", 0.01),
    "ArrowLeft": ("shift_x", -0.01),
    "ArrowDown": ("shift_y", 0.01),
    "ArrowUp": ("shift_y", -0.01),
    ".": ("angle", 1),
    ",": ("angle", -1),
    "+": ("scale", 0.01),
    "-": ("scale", -0.01),
}


@pytest.mark.parametrize("key", KEYS)
def test_keys_do_on_the_canvas_what_the_mouse_does(page, key):
    page.locator("canvas.stage").focus()
    page.keyboard.press(key)
    name, value = KEYS[key]
    assert settings_of(page) == pytest.approx(PLAIN | {name: value})
    page.keyboard.press("Home")
    assert settings_of(page) == PLAIN


def test_two_fingers_move_turn_and_scale_at_once(open_page):
    page = open_page(420, has_touch=True)
    press(page, "Reset")
    left, top, zoom = stage(page)
    fingers = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [
            {"x": left + (x + 0.5) * zoom, "y": top + (y + 0.5) * zoom, "id": k}
            for k, (x, y) in enumerate(places)
        ]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (37.5, 47.5), (57.5, 47.5))
    touch("touchMove", (45.5, 36.5), (45.5, 58.5))
    touch("touchEnd")
    settings = settings_of(page)
    assert settings["angle"] == pytest.approx(90, abs=2)
    assert settings["scale"] == pytest.approx(0.1, abs=0.02)
    assert settings["shift_x"] == pytest.approx(-2 / SIZE, abs=0.01)
    touch("touchStart", (47.5, 47.5))
    touch("touchMove", (57.5, 47.5))
    touch("touchEnd")
    moved = settings_of(page)["shift_x"] - settings["shift_x"]
    assert moved == pytest.approx(10 / SIZE, abs=0.01)
    assert page.errors == []


def test_a_landmark_is_followed_by_name_from_the_original_through_the_matrix(page, dataset):
    put(page, {"angle": 20, "flip": True})
    now, original = shown(page), page.locator(".picture canvas").first
    box, (x, y) = original.bounding_box(), dataset[0][1][8].tolist()
    zoom = box["width"] / dataset.width
    page.mouse.move(box["x"] + (x + 0.5) * zoom, box["y"] + (y + 0.5) * zoom)
    settle(page)
    text = page.locator(".follow").inner_text()
    assert page.get_by_label("Follow").input_value() == "8"
    (a, b, c), (d, e, f) = now["matrix"]
    ends = [float(value.replace("−", "-")) for value in re.findall(r"= (\S+)", text)]
    assert ends == pytest.approx([a * x + b * y + c, d * x + e * y + f], abs=0.06)
    told = page.locator(".follow td").all_inner_texts()
    told = [float(value.replace("−", "-")) for value in told]
    assert told == pytest.approx([a, b, c, d, e, f], abs=6e-4)


def test_on_the_canvas_a_flipped_landmark_has_its_partners_name(page):
    put(page, {"flip": True})
    point = np.array(shown(page)["points"])[36]
    left, top, zoom = stage(page)
    page.mouse.move(left + (point[0] + 0.5) * zoom, top + (point[1] + 0.5) * zoom)
    settle(page)
    assert page.get_by_label("Follow").input_value() == "45"
    assert "called point 36, right eye" in page.locator(".called").inner_text()
    press_box(page, "wrong flip: names stay")
    settle(page)
    called = page.locator(".called").inner_text()
    assert "called point 45, left eye, but it lies where point 36, right eye, belongs." in called


def test_points_outside_are_counted(page):
    found = put(page, {"shift_x": 0.3, "scale": 0.3})
    points = np.array(found["points"])
    outside = ((points < -0.5) | (points >= SIZE - 0.5)).any(1).sum()
    assert 0 < outside < 68
    page.locator(".said", has_text=f"{outside} of 68 points lie outside the canvas.").wait_for()
    press(page, "Reset")
    page.locator(".said", has_text="All 68 points lie on the canvas.").wait_for()


def test_surprises_come_from_the_training_ranges(page):
    seen = []
    for _ in range(12):
        press(page, "Surprise me")
        seen.append(settings_of(page))
        for name, (low, high) in ranges().items():
            assert low - 1e-9 <= seen[-1][name] <= high + 1e-9
        assert not seen[-1]["wrong"]
    assert len({one["angle"] for one in seen}) > 6
    assert len({one["flip"] for one in seen}) == 2  # the same every time: once in 2048
    assert any(one["erasing"] == 0 for one in seen) and any(one["erasing"] > 0 for one in seen)


def test_the_faces_are_gone_through_both_ways_and_at_random(page):
    def face():
        return shown(page)["face"]

    first = pixels(page)
    assert "face 1 of 3" in page.locator(AWAKE).inner_text()
    press(page, "Next face")
    assert face() == 2 and pixels(page) != first
    press(page, "Previous face")
    assert face() == 0 and pixels(page) == first
    press(page, "Previous face")
    assert face() == 4
    press(page, "Random face")
    assert face() != 4


def test_the_copied_code_draws_what_is_shown(page, dataset):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settings = {"angle": -12, "scale": 0.1, "erasing": 0.2, "erase_x": 0.3, "contrast": 0.4}
    found = put(page, settings | {"flip": True, "wrong": True})
    press(page, "Copy as code")
    page.locator(".said", has_text=re.compile("^Copied|^Selected: copy it")).wait_for()
    code = page.evaluate("navigator.clipboard.readText()")
    names = {"dataset": dataset}
    exec(code, names)
    np.testing.assert_allclose(names["points"][0], found["points"], atol=0.05)
    greys = (names["images"][0, 0].numpy() + 1) * 127.5
    apart = np.abs(np.reshape(found["pixels"], (SIZE, SIZE)) - greys)
    assert apart.mean() < 1  # on a CPU `Augment` draws by OpenCV, some of which round


def test_a_face_of_the_batch_is_taken_over_by_a_press(page):
    tiles = page.locator(".wall button")
    assert tiles.count() == 16
    drawn = tiles.locator("canvas").evaluate_all("all => all.map((one) => one.toDataURL())")
    assert len(set(drawn)) == 16
    press(page, "New batch")
    anew = tiles.locator("canvas").evaluate_all("all => all.map((one) => one.toDataURL())")
    assert not set(drawn) & set(anew)
    tiles.nth(4).click()
    before = shown(page)
    wanted = tiles.nth(4).evaluate("one => one.settings")
    steps = {name: slider[2] for name, slider in SLIDERS.items()}
    for name, step in steps.items():
        assert before["settings"][name] == pytest.approx(wanted[name], abs=0.51 * step)
    assert before["face"] == 2  # of three faces the second, since the batch takes them in turn


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page_and_nothing_covers_a_control(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    settle(page)
    check_layout(page)


def check_layout(page):
    """Everything lies in its page; each control is what a click in its middle meets."""
    root = page.locator(AWAKE)
    assert root.evaluate("one => one.scrollWidth <= one.clientWidth")
    box = root.bounding_box()
    assert box["x"] + box["width"] <= page.viewport_size["width"] + 1
    controls = root.locator("button:visible, input, select, canvas.stage")
    covered = controls.evaluate_all("""all => all.filter((one) => {
        one.scrollIntoView({ block: "center" });
        const { left, top, width, height } = one.getBoundingClientRect();
        const met = document.elementFromPoint(left + width / 2, top + height / 2);
        return !(met === one || one.contains(met));
    }).map((one) => one.outerHTML)""")
    assert not covered
    boxes = [one.bounding_box() for one in root.locator("button:visible, .slider, .picture").all()]
    for one, other in itertools.combinations(boxes, 2):
        assert not overlap(one, other)
    tracks = [one.bounding_box()["width"] for one in root.locator("input[type=range]").all()]
    assert min(tracks) > 150
    for picture in root.locator(".picture").all():
        shape = picture.bounding_box()
        assert shape["width"] == pytest.approx(shape["height"], abs=1) and shape["width"] > 200


def overlap(one, other):
    """Whether two boxes share more than a pixel."""
    return all(
        min(one[at] + one[side], other[at] + other[side]) - max(one[at], other[at]) > 1
        for at, side in (("x", "width"), ("y", "height"))
    )


def test_a_screen_reader_is_told_what_is_there(page):
    root = page.locator(AWAKE)
    assert page.get_by_role("group", name="Augmentation explorer").count() == 1
    for _, _, _, text, *_ in SLIDERS.values():
        slider = root.get_by_role("slider", name=text, exact=True)
        assert slider.count() == 1
        assert slider.get_attribute("aria-valuetext") and "training draws" in slider.get_attribute(
            "title"
        )
    assert root.get_by_role("img", name="The original of face 1 with its 68 landmarks").count() == 1
    assert root.get_by_role("application", name="The augmented face. Arrows").count() == 1
    assert root.get_by_role("combobox", name="Follow").count() == 1
    nameless = root.locator("button, input, select").evaluate_all(
        "all => all.filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText)).length"
    )
    assert nameless == 0


def test_the_page_says_that_a_network_needs_a_kernel_and_holds_no_error(page):
    page.locator(".said", has_text="Where this notebook runs, a network can").wait_for()
    assert not page.get_by_role("button", name="Try all angles").is_visible()
    assert page.errors == []


# ---- With a kernel


@pytest.fixture(scope="module")
def notebook(open_notebook):
    page = open_notebook(CELL, NETWORK, SHOW)
    page.locator(AWAKE).wait_for()
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    return page


VERDICT = re.compile(r"Turned by (−?\d+)°, the network \(orange\) is off by ([\d.]+) %")


def verdict(page):
    """The angle and the NME that are told."""
    angle, error = VERDICT.search(page.locator(".network").inner_text()).groups()
    return int(angle.replace("−", "-")), float(error)


@pytest.mark.parametrize("angle", [0, 40, -63])
def test_the_nme_of_the_network_is_told_at_each_angle(notebook, dataset, angle):
    put(notebook, {"angle": angle})
    until(lambda: verdict(notebook)[0] == angle, notebook)
    face = shown(notebook)["face"]
    _, truth = by_augment(dataset, face, PLAIN | {"angle": angle})
    expected = nme(dataset.mean_face()[None].numpy(), truth[None])[0]
    assert verdict(notebook)[1] == pytest.approx(expected, abs=0.06)
    fails = "a failure" in notebook.locator(".network").inner_text()
    assert fails == (expected > 10)


def test_all_angles_are_tried_and_charted(notebook):
    press(notebook, "Try all angles")
    chart = notebook.get_by_role("img", name=re.compile("^NME at .* angles: above 10 % at"))
    until(lambda: chart.locator("circle").count() >= 31, notebook)
    until(lambda: verdict(notebook)[0] == 0, notebook)
    notebook.locator(
        ".said", has_text=re.compile(r"^Of \d+ angles tried: above 10 % at −90°, ")
    ).wait_for()


def test_a_wrong_flip_is_no_failure_of_the_network(notebook):
    chart = notebook.locator(".network circle")
    put(notebook, {"angle": 7, "flip": True, "wrong": True})
    notebook.locator(".said", has_text="measured against points with wrong names.").wait_for()
    assert "a failure" not in notebook.locator(".network").inner_text()
    before = chart.count()
    put(notebook, {"angle": 7, "flip": True})
    until(lambda: chart.count() == before + 1, notebook)


def test_the_explorer_has_its_place_in_jupyterlab(notebook):
    for width in WIDTHS:
        notebook.set_viewport_size({"width": width, "height": 900})
        settle(notebook)
        check_layout(notebook)
    notebook.set_viewport_size({"width": 1280, "height": 900})
    outputs = notebook.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output")
    assert outputs.count() == 1  # the link shows nothing


def test_keys_on_the_canvas_are_not_taken_for_jupyterlabs_own(notebook):
    cells = notebook.locator(".jp-Cell").count()
    put(notebook, {})
    notebook.locator("canvas.stage").focus()
    for key in ("ArrowRight", "a", "b", "x", "."):
        notebook.keyboard.press(key)
    assert settings_of(notebook)["shift_x"] == pytest.approx(0.01)
    assert settings_of(notebook)["angle"] == 1
    assert notebook.locator(".jp-Cell").count() == cells
    assert notebook.errors == []


def test_a_slow_network_has_one_question_at_a_time_and_late_answers_are_not_drawn(open_notebook):
    under_way, most, asked = 0, 0, []

    def sent(payload):
        nonlocal under_way, most
        if b'"question"' in as_bytes(payload):
            under_way += 1
            most = max(most, under_way)
            asked.append(payload)

    def received(payload):
        nonlocal under_way
        data = as_bytes(payload)
        if b'"method": "custom"' in data and b'"nme"' in data:
            under_way -= 1

    def connected(socket):
        socket.on("framesent", sent)
        socket.on("framereceived", received)

    slow = NETWORK.replace("wait = 0.0", "wait = 0.5")
    page = open_notebook(CELL, slow, SHOW, websocket=connected)
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    before = len(asked)
    slider = page.get_by_role("slider", name="turn clockwise")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    angle = settings_of(page)["angle"]
    until(lambda: verdict(page)[0] == angle, page)
    assert most == 1
    assert 1 <= len(asked) - before < 20  # those in between were left out
    assert page.errors == []


def test_an_answer_that_comes_after_it_was_missed_is_told_and_the_next_asked(open_notebook, lab):
    asked = []

    def connected(socket):
        socket.on("framesent", lambda data: b'"question"' in as_bytes(data) and asked.append(data))

    hold = lab.folder / "hold"
    held = NETWORK.replace("time.sleep(self.wait)", "while Path('hold').exists(): time.sleep(0.05)")
    page = open_notebook(CELL, held, SHOW, websocket=connected)
    until(lambda: "is off by" in page.locator(".network").inner_text(), page)
    hold.touch()
    asked.clear()
    put(page, {"angle": 10})
    page.locator(".said", has_text="No answer from the kernel").wait_for()
    for angle in (20, 30, 40):
        put(page, {"angle": angle})
    assert len(asked) == 1
    hold.unlink()
    until(lambda: "is off by" in page.locator(".network").inner_text(), page)
    until(lambda: verdict(page)[0] == 40, page)
    assert len(asked) == 2
    assert page.errors == []


def as_bytes(payload):
    return payload if isinstance(payload, bytes) else payload.encode()


def test_after_a_restart_the_explorer_goes_on_and_says_what_the_network_needs(open_notebook, lab):
    page = open_notebook(CELL, NETWORK, SHOW)
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    lab.ask(f"api/kernels/{lab.kernel(page.name)}/restart", "POST")
    before = pixels(page)
    put(page, {"angle": 77})
    assert settings_of(page)["angle"] == 77 and pixels(page) != before
    page.locator(".said", has_text="then run this cell again").wait_for()


def test_reopened_with_a_new_kernel_the_explorer_is_alive(open_notebook, lab):
    page = open_notebook(CELL, NETWORK, SHOW)
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save').then(() => null)")
    page.reload()  # with its kernel still there, whose network answers again
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    lab.end(page.name)
    page.goto(lab.address(page.name))
    page.locator(AWAKE).wait_for()
    before = pixels(page)
    press(page, "Reset")
    assert pixels(page) != before
    assert "model not found" not in page.locator(".jp-Notebook").inner_text()


def test_on_a_dark_page_the_text_is_light_and_nothing_covers_a_control(open_notebook):
    page = open_notebook(CELL, SHOW.replace(", network", ""), dark=True)
    page.locator(AWAKE).wait_for()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        check_layout(page)
    for one in page.locator(".face-explorer :is(button, label, p, pre, td)").all():
        colour = one.evaluate("one => getComputedStyle(one).color")
        assert min(map(int, re.findall(r"\d+", colour)[:3])) > 150
    page.locator(".said", has_text="Where this notebook runs, a network can").wait_for()
    assert page.errors == []
