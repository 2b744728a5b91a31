"""The reader's prediction in JupyterLab: typed, committed by keyboard, shown beside the answer."""

import pytest

from browser import execute

ASK = """\
from helpers.widgets.guess import answer, guess
guess("covered", "share in the box", unit="%")"""
CHOOSE = 'guess("twins", "leaked", ["half", "nearly all"])'
TELL = 'answer("covered", 12.83)\nanswer("twins", "74 of 78")\nprint("told")'
COVERED = "share in the box: you said 20 %, it is 12.8 %"
TWINS = "leaked: you said half, it is 74 of 78"


@pytest.fixture(scope="module")
def page(open_notebook):
    """A notebook run from top to bottom before anything was guessed."""
    page = open_notebook(ASK, CHOOSE, TELL)
    page.locator(".jp-OutputArea-output", has_text="told").wait_for()
    return page


def output(page, number):
    """What stands under a cell."""
    return page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea")


def run(page, number):
    """Runs one cell again."""
    page.locator(".jp-CodeCell").nth(number).locator(".jp-InputArea-editor").click()
    execute(page, "notebook:run-cell")


def test_run_all_is_not_stopped_and_says_nothing_of_a_guess(page):
    assert output(page, 2).inner_text().strip() == "told"


def test_a_guess_is_typed_and_committed_by_the_keyboard_and_kept(page):
    """Also while the kernel has other work, which is when fast fingers overtake it."""
    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    busy = "{ code: 'import time; time.sleep(3)', store_history: false }"
    page.evaluate(f"() => void {kernel}.requestExecute({busy})")
    field = page.get_by_role("textbox", name="share in the box")
    field.press_sequentially("20")
    assert field.input_value() == "20"
    field.press("Tab")
    button = page.get_by_title("Commit: share in the box")
    assert button.evaluate("one => one === document.activeElement")
    button.press("Enter")
    output(page, 0).get_by_text(COVERED).wait_for()


def test_a_choice_is_made_and_kept(page):
    page.get_by_role("combobox", name="leaked").select_option("half")
    page.get_by_role("button", name="Commit").nth(1).click()
    output(page, 1).get_by_text(TWINS).wait_for()


def test_the_answering_cell_shows_both(page):
    run(page, 2)
    output(page, 2).get_by_text(COVERED).wait_for()
    output(page, 2).get_by_text(TWINS).wait_for()


def test_a_form_that_is_run_again_still_holds_the_guess(page):
    run(page, 0)
    page.locator(".jp-CodeCell").first.get_by_text("[5]:").first.wait_for()
    output(page, 0).get_by_text(COVERED).wait_for()
    assert page.get_by_role("textbox", name="share in the box").input_value() == "20"


def test_every_control_has_a_name_and_the_console_holds_no_error(page):
    assert page.get_by_title("Commit: ").count() == 2
    assert page.locator(".jp-OutputArea [title=null]").count() == 0
    assert page.errors == []
