"""Makes the README's pictures of the widgets: notebooks' own cells, in JupyterLab and Chromium.

`python tools/screenshots.py`. Only people who do not exist are in them.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from browser import PATIENCE, chromium, missing, run_notebook, serve, until
from helpers.storage import whole_file
from stamp import ROOT, read_notebook

PROBE = """\
from helpers.people import group
from helpers.predict import Landmarker
from helpers.widgets.probe import explorer as probe
probe(Landmarker.load("free", device="cpu"), group(2, seed=0)[0])"""
PEOPLE = """\
import numpy as np
from helpers.draw import paint
from helpers.people import View, photograph
from helpers.people.face_model import face_model
model = face_model()"""


def cell(notebook: str, text: str) -> str:
    """The source of the one code cell of a notebook that holds a text."""
    cells = read_notebook(ROOT / "notebooks" / f"{notebook}.ipynb").cells
    (source,) = [c.source for c in cells if c.cell_type == "code" and text in c.source]
    return source


def turn_face(root: Any) -> None:
    """Turned further than training does, so that the network is off, with all angles tried."""
    root.get_by_role("button", name="Try all angles").click()
    turn = root.get_by_role("slider", name="turn clockwise")
    until(lambda: root.locator(".network circle").count() >= 31, root.page)
    until(lambda: turn.input_value() == "0", root.page)
    turn.fill("64")
    root.locator(".said", has_text="Turned by 64°").wait_for()
    root.locator(".code, .code ~ *").evaluate_all("all => all.forEach((one) => one.remove())")


def hide_eyes(root: Any) -> None:
    """The grey patch on a face."""
    root.get_by_role("checkbox", name="grey patch").press("Space")
    root.locator(".said", has_text="The grey patch moves the points by").wait_for()


def make_person(root: Any) -> None:
    """A random person, with landmarks."""
    root.get_by_role("checkbox", name="landmarks").press("Space")
    root.get_by_role("button", name="random person").press("Enter")
    asked = "one => one.dataset.asked === one.dataset.answered"
    until(lambda: root.evaluate(asked), root.page)


def leave(_root: Any) -> None:
    """As it begins."""


# file under docs: cells, where the widget is on the page, what to do with it, width of the page.
SHOTS: dict[str, tuple[Sequence[str], str, Callable[[Any], None], int]] = {
    "explorer.jpg": (
        [cell("03b_augment", "FaceLandmarksDataset(load"), cell("03b_augment", "explorer(dataset")],
        ".face-explorer[data-awake=yes]",
        turn_face,
        1000,
    ),
    "probe.jpg": ([PROBE], ".knobs", hide_eyes, 1100),
    "curves.jpg": (
        [
            cell("06_evaluate", "import json"),
            cell("06_evaluate", "board = json.loads"),
            cell("06_evaluate", "drawn = {"),
            "from helpers.widgets import shell\n"
            + cell("06_evaluate", "cumulative_chart(recorded)"),
        ],
        ".knobs",
        leave,
        1100,
    ),
    "modes.jpg": (
        [
            PEOPLE,
            cell("11_people", "def by_modes("),
            cell("11_people", "knobs = {"),
            cell("11_people", "def portrait("),
        ],
        ".knobs",
        make_person,
        700,
    ),
}


def main() -> None:
    from playwright.sync_api import sync_playwright

    if told := missing():
        sys.exit(told)
    options = {"executable_path": chromium(), "args": ["--no-sandbox"]}
    with (
        TemporaryDirectory() as folder,
        serve(Path(folder)) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**options)
        for name, (cells, place, touch, width) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": 1700})
            page.set_default_timeout(PATIENCE)
            notebook = f"{Path(name).stem}.ipynb"
            lab.write(notebook, cells)
            run_notebook(page, lab.address(notebook))
            root = page.locator(place)
            root.wait_for()
            touch(root)
            page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
            page.mouse.move(0, 0)
            page.evaluate("() => document.activeElement.blur()")
            with whole_file(ROOT / "docs" / name) as partial:
                root.screenshot(path=partial, type="jpeg", quality=80)
            print(f"docs/{name}: {(ROOT / 'docs' / name).stat().st_size / 1000:.0f} kB", flush=True)
            page.close()
            lab.end(notebook)
        browser.close()


if __name__ == "__main__":
    main()
