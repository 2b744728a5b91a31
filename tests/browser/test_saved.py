"""A notebook that is opened in JupyterLab and closed again is the same file."""

import shutil

import pytest

from browser import PATIENCE, execute, until
from stamp import ROOT, numbered

NOTEBOOKS = numbered(ROOT / "notebooks")
OPEN = "window.jupyterapp?.shell.currentWidget"
KERNEL = f"{OPEN}?.sessionContext?.session?.kernel"


@pytest.fixture(scope="module")
def page(chromium, lab):
    """JupyterLab with nothing open: one page for all, which loads once."""
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{lab.url}lab?token={lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    yield page
    page.close()


@pytest.mark.parametrize("source", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_stays_saved_when_it_is_opened(page, lab, source):
    path = lab.folder / source.name
    shutil.copy(source, path)
    before = path.read_bytes()
    execute(page, "docmanager:open", path=source.name)
    page.wait_for_function(f"{OPEN}?.context?.path === {source.name!r} && {KERNEL}")
    page.wait_for_function(f"{KERNEL}.status === 'idle'")
    page.evaluate(f"{KERNEL}.info.then(() => null)")
    page.wait_for_function(f"{OPEN}.context.model.getMetadata('language_info').version")
    page.evaluate(f"{KERNEL}.spec.then(() => new Promise((done) => setTimeout(done, 300)))")
    assert page.evaluate(f"{OPEN}.context.model.dirty") is False
    execute(page, "docmanager:save")  # also one who saves it
    until(lambda: page.evaluate(f"{OPEN}.context.model.dirty === false"), page)
    execute(page, "application:close")
    lab.end(source.name)
    assert path.read_bytes() == before
