"""The pages that `make run` makes: a picture for each widget, its text, and where it has knobs."""

import nbformat
import pytest

from browser import WIDTHS
from helpers.widgets.knobs import NOTE
from run_notebooks import clean, execute, write_pages
from stamp import ROOT

CELL = """\
import ipywidgets
import numpy as np
from helpers.widgets.knobs import Shown
from helpers.widgets import shell
render = lambda grey: Shown(np.full((100, 300, 3), grey, np.uint8), f"grey as {grey}")
shell(render, {"grey": ipywidgets.IntSlider(90, 0, 255)}, {})"""
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    cells = [nbformat.v4.new_code_cell(CELL)]
    cells += [nbformat.v4.new_markdown_cell("# Title\n\nA line that rises.")]
    cells += [nbformat.v4.new_code_cell(PLOT)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # the notebook lies elsewhere
        patch.delenv("MPLBACKEND", raising=False)
        assert execute(notebook, folder) is None
    clean(notebook, "page")
    write_pages(notebook, "page", folder)
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto((folder / "page.html").as_uri())
    yield page
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_is_there_once_and_no_wider_than_the_page(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    picture = page.get_by_role("img", name="grey as 90")
    assert picture.count() == 1
    box = picture.bounding_box()
    assert box["x"] + box["width"] <= width
    assert box["width"] / box["height"] == pytest.approx(9.6, rel=0.02)  # its page is white


def test_a_sentence_says_where_it_has_knobs_and_there_are_none(page):
    assert page.get_by_text(NOTE).is_visible()
    assert page.locator("input, .knobs").count() == 0


def test_every_picture_has_a_text(page):
    alts = [one.get_attribute("alt") for one in page.locator("img").all()]
    assert alts == ["grey as 90", "A figure. The text before it: A line that rises."]


def test_no_script_failed(page):
    assert page.errors == []
