"""The reader's own prediction: committed before the cell that matters, shown beside its answer.

`guess` makes the form, `answer` is called where the figure is known. Neither stops a notebook that
is run from top to bottom: without a guess, `answer` prints nothing. Guesses live as long as the
kernel does, so that a cell that is run again still shows what was said.
"""

import html
import math
from collections.abc import Iterable

import ipywidgets

Answer = str | float

_said: dict[str, tuple[str, str]] = {}  # key: the question, and what the reader committed
_found: dict[str, Answer] = {}  # key: what was measured
_units: dict[str, str] = {}  # key: the unit of both


def guess(
    key: str, question: str, choices: Iterable[str] | None = None, unit: str = ""
) -> ipywidgets.VBox:
    """A form with one field and a button that commits what the reader thinks.

    key: by which `answer` finds it. question: short, the field's label. choices: to choose from, or
    None where a number is asked for. unit: of the number, such as "%".
    """
    _units[key] = unit
    options = [("choose", ""), *((choice, choice) for choice in choices or ())]
    said = _said.get(key, ("", ""))[1]
    shared = {"description": question, _TITLE: question, "style": {"description_width": "initial"}}
    shared["layout"] = ipywidgets.Layout(width="auto", max_width="100%")
    if choices is None:
        value = said.removesuffix(f" {unit}")
        # Letter by letter, the last ones would wait in the page for a kernel that is busy, and a
        # click on the button would arrive before them.
        hint = f"a number {unit}".strip()
        field = ipywidgets.Text(value, placeholder=hint, continuous_update=False, **shared)
    else:
        value = said if (said, said) in options else ""
        field = ipywidgets.Dropdown(options=options, value=value, **shared)
    button = ipywidgets.Button(description="Commit", tooltip=f"Commit: {question}")
    told = ipywidgets.HTML(_status(beside(key)), **{_TITLE: ""})  # else it is "null"

    def commit(_button: object) -> None:
        told.value = _status(_take(key, question, field.value, choices is None))

    def changed(_change: object) -> None:  # also where a busy kernel learns of it after the click
        if key in _said:
            told.value = _status(f"{beside(key)} Commit keeps what the field says now.".strip())

    button.on_click(commit)
    field.observe(changed, "value")
    row = ipywidgets.HBox([field, button], layout=ipywidgets.Layout(flex_flow="row wrap"))
    return ipywidgets.VBox([row, told])


def answer(key: str, value: Answer) -> None:
    """Prints the reader's guess beside the answer, or nothing where none was committed.

    value: text, or a number in the unit that `guess` asked for.
    """
    _found[key] = value
    if key in _said:
        print(beside(key))


def _take(key: str, question: str, text: str, is_number: bool) -> str:
    """Keeps a guess, and returns the sentence to show: that it is kept, or what is wrong."""
    if is_number:
        unit = _units[key]
        number = as_number(text, unit)
        if number is None:
            return f"Not kept: a number is asked for, such as 20{unit and ' '}{unit}."
        text = with_unit(number, unit)
    elif not text:
        return "Not kept: choose one first."
    _said[key] = question, text
    return beside(key)


def beside(key: str) -> str:
    """The sentence on a guess and, where it is known, the answer; empty where nothing was said."""
    if key not in _said:
        return ""
    question, said = _said[key]
    if key not in _found:
        return f"Kept: {said}."
    return f"{question}: you said {said}, it is {with_unit(_found[key], _units[key])}"


def as_number(text: str, unit: str = "") -> float | None:
    """The number that a reader typed, its unit or not, or None; a decimal comma is one, too."""
    try:
        number = float(text.strip().removesuffix(unit).replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def with_unit(value: Answer, unit: str = "") -> str:
    """A text as it is; a number with three digits and its unit."""
    if isinstance(value, str):
        return value
    digits = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{digits} {unit}".strip()


def _status(text: str) -> str:
    """A sentence that a screen reader says when it changes."""
    return f'<span role="status">{html.escape(text)}</span>'


# ipywidgets 8 gives every widget a title, 7 (Colab's) only the label of its description.
_TITLE = (
    "tooltip" if "tooltip" in ipywidgets.DOMWidget.class_trait_names() else "description_tooltip"
)
