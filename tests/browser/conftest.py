"""One JupyterLab and one Chromium for all browser tests, and notebooks to open in them.

Without Chromium or Playwright these tests are skipped, with a sentence; where BROWSER_TESTS is
"required", as in .ci/run, they fail instead.
"""

import os
from types import SimpleNamespace

import pytest

import browser as machinery


@pytest.fixture(scope="session")
def here():
    """Nothing; a skip, or a failure, where no browser can be driven."""
    if told := machinery.missing():
        (pytest.fail if os.environ.get("BROWSER_TESTS") == "required" else pytest.skip)(told)


@pytest.fixture(scope="session")
def clip(here, tmp_path_factory):
    """What the camera plays: `.path`, its `.pictures` and their `.landmarks` [n, 68, 2]."""
    pictures, landmarks = machinery.moving_face()
    path = tmp_path_factory.mktemp("camera") / "clip.y4m"
    machinery.write_y4m(path, pictures)
    return SimpleNamespace(path=path, pictures=pictures, landmarks=landmarks)


@pytest.fixture(scope="session")
def lab(here, tmp_path_factory):
    """JupyterLab in an empty folder."""
    with machinery.serve(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def classic(here, tmp_path_factory):
    """Notebook 6 in an empty folder; a skip where its environment cannot be made."""
    try:
        python = machinery.classic_environment()
    except RuntimeError as error:
        pytest.skip(str(error))
    with machinery.serve_classic(tmp_path_factory.mktemp("classic"), python) as classic:
        yield classic


@pytest.fixture(scope="session")
def chromium(clip):
    """Chromium, whose camera plays the clip."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**machinery.launch_options(clip.path))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_notebook(chromium, lab):
    """Opens a notebook of some cells in a page of its own and runs it: open_notebook(*cells).

    width: of the page, in pixels. dark: JupyterLab's dark theme. camera: whether the page may use
    it. before: JavaScript that runs before the page's own. websocket: called with each connection
    to the server. The page has `.name`, of the notebook,
    and `.errors`, what its console says is wrong.
    """
    opened = []

    def opening(*cells, width=1280, dark=False, camera=True, before=None, websocket=None):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            permissions=["camera"] if camera else [],
        )
        page = context.new_page()
        page.set_default_timeout(machinery.PATIENCE)
        page.name, page.errors = f"test_{len(opened)}.ipynb", []
        page.on("console", lambda said: said.type == "error" and page.errors.append(said.text))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        if before:
            page.add_init_script(before)
        if websocket:
            page.on("websocket", websocket)
        opened.append(page)
        lab.write(page.name, cells)
        machinery.run_notebook(page, lab.address(page.name), dark)
        return page

    yield opening
    for page in opened:
        page.context.close()
        lab.end(page.name)
