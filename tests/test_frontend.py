"""What the widgets share is written once, and each widget's text in the browser holds it."""

import re

import pytest

from helpers.widgets.editor import Editor
from helpers.widgets.explorer import Link
from helpers.widgets.frontend import ASSETS, script, style
from helpers.widgets.knobs import Knobs
from helpers.widgets.live import Live

WIDGETS = {"editor": Editor, "explorer": Link, "knobs": Knobs, "live": Live}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_comes_as_what_all_share_and_its_own_after_it(name):
    for text, kind in ((script(name), "js"), (style(name), "css")):
        shared, own = ((ASSETS / f"{one}.{kind}").read_text("utf-8") for one in ("common", name))
        assert text.index(shared) < text.index(own)
    assert WIDGETS[name]._esm == script(name)
    assert WIDGETS[name].__dict__.get("_css", style(name)) == style(name)


@pytest.mark.parametrize("name", WIDGETS)
def test_no_name_is_defined_twice_in_one_script(name):
    names = re.findall(r"^(?:export )?(?:async )?(?:const|let|function) (\w+)", script(name), re.M)
    assert len(names) > 5 and len(set(names)) == len(names)


@pytest.mark.parametrize("name", WIDGETS)
def test_no_sheet_repeats_focus_trouble_font_or_the_look_of_a_button(name):
    own = (ASSETS / f"{name}.css").read_text("utf-8")
    for rule in (":focus-visible", ".trouble", "--jp-ui-font-color1", "option {"):
        assert rule in style(name) and rule not in own
