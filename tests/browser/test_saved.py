"""A notebook that is opened in JupyterLab and closed again is the same file."""

import shutil

import pytest

from browser import execute, until
from stamp import ROOT, numbered

NOTEBOOKS = numbered(ROOT / "notebooks")
DIRTY = "window.jupyterapp.shell.currentWidget.context.model.dirty"


@pytest.mark.parametrize("source", NOTEBOOKS[:2], ids=lambda path: path.stem)
def test_a_committed_notebook_stays_saved_when_it_is_opened(chromium, lab, source):
    path = lab.folder / source.name
    shutil.copy(source, path)
    before = path.read_bytes()
    page = chromium.new_page()
    page.goto(lab.address(source.name))
    kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
    page.wait_for_function(f"{kernel}?.status === 'idle'", timeout=120_000)
    page.evaluate(f"{kernel}.info.then(() => null)")
    noted = "currentWidget.context.model.getMetadata('language_info').version"
    page.wait_for_function(f"window.jupyterapp.shell.{noted} !== undefined")
    page.evaluate(f"{kernel}.spec.then(() => new Promise((done) => setTimeout(done, 300)))")
    assert page.evaluate(DIRTY) is False
    execute(page, "docmanager:save")  # also one who saves it
    until(lambda: page.evaluate(f"{DIRTY} === false"), page)
    page.wait_for_timeout(500)
    page.close()
    lab.end(source.name)
    assert path.read_bytes() == before
