"""The reader's prediction: committed, kept, shown beside the answer, and never in the way."""

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from helpers.widgets import guess as module
from helpers.widgets.guess import answer, as_number, guess, with_unit
from stamp import ROOT, numbered, read_notebook

NOTEBOOKS = [path for path in numbered(ROOT / "notebooks") if path.stem[0].isdigit()]
CALLED = ("guess", "answer")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    """Each test begins as a kernel does."""
    for name in ("_said", "_found", "_units"):
        monkeypatch.setattr(module, name, {})


def parts(form):
    """Field, button and the sentence of a form."""
    row, told = form.children
    return *row.children, told


def commit(form, value):
    """What a reader does; returns the sentence that the form then shows."""
    field, button, told = parts(form)
    field.value = value
    button.click()
    return told.value


def test_a_guess_stands_beside_the_answer(capsys):
    commit(guess("covered", "covered", unit="%"), "20")
    answer("covered", 12.83)
    assert capsys.readouterr().out == "covered: you said 20 %, it is 12.8 %\n"


def test_a_choice_stands_beside_the_answer(capsys):
    commit(guess("twins", "leaked", ["half", "nearly all"]), "half")
    answer("twins", "74 of 78")
    assert capsys.readouterr().out == "leaked: you said half, it is 74 of 78\n"


def test_a_field_that_is_changed_after_a_guess_is_no_guess_yet():
    """A busy kernel learns of the last change only after the click that meant it."""
    form = guess("twins", "leaked", ["half", "nearly all"])
    field, button, told = parts(form)
    field.value = "half"
    assert told.value.endswith("></span>")  # nothing is said yet
    button.click()
    field.value = "nearly all"
    assert "Kept: half. Commit keeps what the field says now." in told.value
    button.click()
    assert "Kept: nearly all.<" in told.value


def test_without_a_guess_nothing_is_printed(capsys):
    guess("covered", "covered", unit="%")
    answer("covered", 12.8)
    answer("never asked", 1.0)
    assert capsys.readouterr().out == ""


def test_a_guess_made_after_the_answer_sees_it_at_once():
    form = guess("covered", "covered", unit="%")
    answer("covered", 12.8)
    assert "you said 20 %, it is 12.8 %" in commit(form, "20 %")


def test_a_form_that_is_made_again_keeps_what_was_committed():
    commit(guess("a", "covered", unit="%"), "20")
    commit(guess("b", "leaked", ["half", "all"]), "all")
    number, _, told = parts(guess("a", "covered", unit="%"))
    choice, *_ = parts(guess("b", "leaked", ["half", "all"]))
    assert (number.value, choice.value) == ("20", "all") and "Kept: 20 %" in told.value


def test_a_choice_that_is_offered_no_longer_is_not_chosen():
    commit(guess("b", "leaked", ["half", "all"]), "all")
    assert parts(guess("b", "leaked", ["none", "some"]))[0].value == ""


def test_a_guess_may_be_changed(capsys):
    form = guess("covered", "covered", unit="%")
    commit(form, "20")
    commit(form, "30")
    answer("covered", 12.8)
    assert "you said 30 %" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "many", "nan", "inf", "5 apples"])
def test_what_is_no_number_is_not_kept(text, capsys):
    assert "Not kept: a number is asked for, such as 20 %." in commit(
        guess("covered", "covered", unit="%"), text
    )
    answer("covered", 12.8)
    assert capsys.readouterr().out == ""


def test_a_form_in_which_nothing_was_chosen_keeps_nothing():
    assert "choose one first" in commit(guess("b", "leaked", ["half"]), "")


def test_a_reader_may_type_the_unit_and_a_decimal_comma():
    assert [as_number(text, "%") for text in ("0,5 %", " 0.5", ".5%")] == [0.5] * 3


def test_a_number_has_three_digits_and_its_unit():
    values = [(0.01234, ""), (12.83, "%"), (4321.6, "cells"), ("smaller", "%")]
    assert [with_unit(*one) for one in values] == ["0.0123", "12.8 %", "4322 cells", "smaller"]


def test_what_a_reader_types_is_text_and_no_markup():
    told = commit(guess("a", "<b>bold</b>", ["<i>x</i>"]), "<i>x</i>")
    assert "<i>" not in told and "&lt;i&gt;" in told


def test_every_part_of_a_form_has_a_name():
    for form in (guess("a", "covered", unit="%"), guess("b", "leaked", ["half"])):
        field, button, _ = parts(form)
        titled = "tooltip" if field.has_trait("tooltip") else "description_tooltip"
        assert field.description and getattr(field, titled) == field.description
        assert button.tooltip == f"Commit: {field.description}"


def calls(source):
    """(function, key or None) of each call of `guess` or `answer` in a cell, in order."""
    plain = TransformerManager().transform_cell
    nodes = [n for n in ast.walk(ast.parse(plain(source))) if isinstance(n, ast.Call)]
    named = [n for n in nodes if getattr(n.func, "id", "") in CALLED]
    keys = [n.args[0].value if isinstance(n.args[0], ast.Constant) else None for n in named]
    return [(node.func.id, key) for node, key in zip(named, keys, strict=True)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_where_a_prediction_is_asked_for_a_form_follows_and_later_its_answer(path):
    cells = read_notebook(path).cells
    asked = [i for i, cell in enumerate(cells) if "**Your prediction.**" in cell.source]
    made = {i: calls(cell.source) for i, cell in enumerate(cells) if cell.cell_type == "code"}
    assert asked
    for i in asked:
        assert "guess" in [name for name, _ in made[i + 1]]
        assert not cells[i + 1].outputs, "a stored page shows the question alone"
    place = {(name, key): i for i, found in made.items() for name, key in found}
    guessed, answered = ({key for name, key in place if name == one} for one in CALLED)
    assert None in answered or guessed == answered  # None: a loop over several keys
    assert all(place["guess", key] < place["answer", key] for key in guessed & answered)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_takes_the_name_of_form_or_answer_for_something_else(path):
    plain = TransformerManager().transform_cell
    for cell in read_notebook(path).cells:
        if cell.cell_type == "code":
            names = [n for n in ast.walk(ast.parse(plain(cell.source))) if isinstance(n, ast.Name)]
            assert not [n.id for n in names if n.id in CALLED and isinstance(n.ctx, ast.Store)]
