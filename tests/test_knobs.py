"""Pictures with knobs, the kernel's half: settings in, pictures out, and what is told."""

import io
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from helpers.widgets import frontend, shell
from helpers.widgets import knobs as machinery
from helpers.widgets.knobs import NOTE, Knobs, Shown, described, frame, line


def render(grey, whole, tick, way):
    return np.full(
        (10, 20, 3), min(255, 2 * grey + whole + 50 * tick + 60 * (way == "b")), np.uint8
    )


def controls():
    return {
        "grey": ipywidgets.FloatSlider(10.0, min=0, max=50, step=1, description="grey, %"),
        "whole": ipywidgets.IntSlider(3, 0, 9),
        "tick": ipywidgets.Checkbox(False, description="tick"),
        "way": ipywidgets.Dropdown(options=["a", "b"], description="way"),
    }


def wish(widget, **state):
    """What the browser sends."""
    widget.set_state({**state, "asked": widget.asked + 1})
    assert widget.answered == widget.asked


def level(widget):
    return np.asarray(Image.open(io.BytesIO(widget.picture)))[5, 5, 0]


def test_settings_from_the_browser_arrive_and_the_picture_is_of_them():
    widget = Knobs(render, controls())
    wish(widget, values={"grey": 7.3, "whole": 9, "tick": True, "way": 1})
    assert widget.settings == {"grey": 7.3, "whole": 9, "tick": True, "way": "b"}
    assert abs(int(level(widget)) - (14.6 + 9 + 50 + 60)) < 3


def test_one_wish_draws_one_picture():
    drawn = []
    widget = Knobs(lambda **settings: drawn.append(1) or render(**settings), controls())
    wish(widget, values={"grey": 1.0, "whole": 2, "tick": True, "way": 1})
    assert len(drawn) == 2  # the first, and this one


def test_who_sets_a_value_in_the_kernel_turns_the_knob():
    widget = Knobs(render, controls())
    widget.knobs["grey"].value = 50
    assert widget.values["grey"] == 50 and abs(int(level(widget)) - 103) < 3


def test_a_value_out_of_range_is_brought_into_it_and_the_browser_told():
    widget = Knobs(render, controls())
    wish(widget, values={"grey": 1000, "whole": 3, "tick": False, "way": 0})
    assert widget.values["grey"] == 50


def test_what_a_knob_is_follows_from_the_widget():
    kinds = {n: described(n, c)["kind"] for n, c in controls().items()}
    assert kinds == {"grey": "number", "whole": "number", "tick": "tick", "way": "choice"}
    whole = described("whole", ipywidgets.IntSlider(3, 0, 9, description="face"))
    assert whole["whole"] and whole["step"] == 1 and whole["label"] == "face"
    assert described("a", ipywidgets.BoundedIntText(0, 0, 5))["max"] == 5
    assert described("a", ipywidgets.Dropdown(options=[("one", 1)]))["options"] == ["one"]
    assert described("go_on", ipywidgets.Button())["label"] == "go on"
    with pytest.raises(ValueError, match="a Text is no knob"):
        described("a", ipywidgets.Text("x"))


def test_what_a_function_of_the_reader_raises_is_told_and_the_next_picture_drawn():
    def fails(value):
        if value > 3:
            raise KeyError("left eye")
        return np.zeros((4, 4, 3), np.uint8)

    widget = Knobs(fails, {"value": ipywidgets.IntSlider(0, 0, 9)})
    wish(widget, values={"value": 5})
    assert widget.trouble and widget.told == "KeyError: 'left eye'"
    wish(widget, values={"value": 1})
    assert not widget.trouble and widget.told == ""


def test_settings_without_a_knob_are_changed_in_the_picture():
    area = (0, 0, 20, 10)

    def draw(at, box):
        handles = [line("at", "threshold", 0, 10, 1, area), frame("box", "patch", area)]
        return Shown(np.full((10, 20, 3), 10 * at, np.uint8), f"at {at}", "told", handles)

    widget = Knobs(draw, {}, {"at": 3, "box": [1, 2, 3, 4]})
    wish(widget, values={"at": 7, "box": [1, 2, 6, 8]})
    assert widget.settings == {"at": 7, "box": [1, 2, 6, 8]} and abs(int(level(widget)) - 70) < 3
    assert widget.alt == "at 7" and [h["kind"] for h in widget.handles] == ["line", "frame"]


def test_the_frame_is_that_of_the_first_picture_so_that_nothing_jumps():
    widget = Knobs(lambda n: np.zeros((n, 20, 3), np.uint8), {"n": ipywidgets.IntSlider(10, 1, 99)})
    widget.knobs["n"].value = 40
    assert widget.frame == [20, 10] and widget.size == [20, 40]


def test_where_no_kernel_answers_a_picture_with_its_text_takes_the_widgets_place():
    data, metadata = Knobs(render, controls())._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert Image.open(io.BytesIO(data["image/jpeg"])).size == (960, 10)  # 20 x 10, on its page
    alt = "The picture at grey, % 10.0, whole 3, tick False, way a."
    assert data["text/plain"] == metadata["image/jpeg"]["alt"] == alt


def test_a_page_says_where_the_picture_has_knobs(monkeypatch):
    displayed = []
    monkeypatch.setattr(frontend, "get_ipython", lambda: "a notebook's")
    monkeypatch.setattr(frontend, "display", displayed.append)
    shell(render, controls(), {})
    assert len(displayed) == 1 and NOTE in displayed[0].data  # and no picture a second time


@pytest.fixture
def notebook(monkeypatch):
    """A kernel in which cell "one" runs; .cell is its name."""
    kernel = SimpleNamespace(cell="one", user_ns={"In": ["", "shell(...)"]})
    kernel.get_parent = lambda: {"metadata": {"cellId": kernel.cell} if kernel.cell else {}}
    monkeypatch.setattr(machinery, "get_ipython", lambda: kernel)
    monkeypatch.setattr(machinery, "_kept", {})
    return kernel


def test_a_cell_that_is_run_again_goes_on_with_the_readers_settings(notebook):
    wish(Knobs(render, controls(), {}), values={"grey": 7.5, "way": 1})
    assert Knobs(render, controls(), {}).settings["grey"] == 7.5
    assert Knobs(render, controls(), {}).settings["way"] == "b"
    notebook.cell = "another"
    assert Knobs(render, controls(), {}).settings["grey"] == 10


def test_where_a_frontend_names_no_cell_its_text_does(notebook):
    notebook.cell = None
    wish(Knobs(render, controls(), {}), values={"grey": 7.5})
    assert Knobs(render, controls(), {}).settings["grey"] == 7.5
    notebook.user_ns["In"].append("something else")
    assert Knobs(render, controls(), {}).settings["grey"] == 10


def test_settings_that_were_changed_in_the_cell_count(notebook):
    wish(Knobs(render, controls(), {}), values={"grey": 7.5})
    changed = controls()
    changed["grey"].value = 20
    assert Knobs(render, changed, {}).settings["grey"] == 20


def test_a_choice_that_the_cell_no_longer_offers_is_not_made_again(notebook):
    wish(Knobs(render, controls(), {}), values={"grey": 7.5, "way": 1})
    fewer = controls()
    fewer["way"].options = ["a", "c"]
    settings = Knobs(render, fewer, {}).settings
    assert settings["way"] == "a" and settings["grey"] == 7.5


def test_an_upload_that_ends_in_any_error_is_answered_and_told():
    def take(content, name):
        raise RuntimeError("no memory left")

    widget = Knobs(render, controls(), on_upload=take)
    wish(widget, upload=b"picture", upload_name="a.jpg")
    assert widget.told == "RuntimeError: no memory left" and widget.trouble
