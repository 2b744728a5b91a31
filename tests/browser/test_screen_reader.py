"""What a screen reader finds in the widgets, all of them in one notebook: Chromium's own answers.

The accessibility tree is read from the browser, not from attributes: it is what is spoken.
"""

import pytest
from hands import DRAGGED, KNOBS, UPLOAD, settled
from test_editor_in_page import EDITOR, SETUP
from test_explorer_in_page import CELL, NETWORK, SHOW
from test_guess_in_page import ASK, CHOOSE

from browser import until

CURVES = """\
from helpers.charts import training_chart
history = [dict(train_loss=0.01 / k, val_loss=0.02 / k, val_nme=20 / k) for k in range(1, 6)]
shell(training_chart(history), {}, {"epoch": 5})"""
PROBE = """\
from helpers.people import group
from helpers.predict import Landmarker
from helpers.widgets.probe import explorer as prediction_explorer
prediction_explorer(Landmarker.load("free", device="cpu"), group(2, seed=0)[0])"""
LIVE = "from helpers.widgets.live import live\nlive(lambda frame: [])"
CELLS = {
    "knobs": KNOBS,
    "dragged": DRAGGED,
    "upload": UPLOAD,
    "curves": CURVES,
    "probe": PROBE,
    "editor": f"{SETUP}\n{EDITOR.format('spoken', 'Model(), ')}",
    "live": LIVE,
    "guess": ASK,
    "choose": CHOOSE,
    "augment": f"{CELL}\n{NETWORK}\n{SHOW}",
}
CONTROLS = {"button", "slider", "spinbutton", "combobox", "checkbox", "radio", "textbox", "Canvas"}
CONTROLS |= {"application", "image", "img", "region"}
LISTEN = """\
() => {
    window.spoken = [];
    const live = "[role=status], [role=alert], [aria-live]";
    window.ear?.disconnect();
    window.ear = new MutationObserver((changes) => {
        for (const { target } of changes) {
            const status = (target.closest ? target : target.parentElement)?.closest(live);
            if (status && status.closest(".face-widget")) window.spoken.push(status.textContent);
        }
    });
    window.ear.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def page(open_notebook):
    page = open_notebook(*CELLS.values())
    page.locator(".face-explorer[data-awake=yes]").wait_for()
    page.locator(".said", has_text="the network (orange) is off by").wait_for()
    page.locator(".said", has_text="A first guess, not in the file yet").wait_for()
    assert page.locator(".face-widget").count() == len(CELLS) - 2
    return page


def output(page, name):
    """What stands under a cell."""
    return page.locator(".jp-CodeCell").nth(list(CELLS).index(name)).locator(".jp-OutputArea")


def tree(root):
    """The nodes that a screen reader meets under an element: (role, name, focusable) each."""
    session = root.page.context.new_cdp_session(root.page)
    session.send("Accessibility.enable")
    mark = "data-looked-at"
    root.evaluate("(one, mark) => one.setAttribute(mark, '')", mark)
    document = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    query = {"nodeId": document, "selector": f"[{mark}]"}
    top = session.send("DOM.querySelector", query)["nodeId"]
    top = session.send("DOM.describeNode", {"nodeId": top})["node"]["backendNodeId"]
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}
    found, waiting = [], [node for node in nodes if node.get("backendDOMNodeId") == top]
    while waiting:
        node = waiting.pop()
        waiting += [by_id[child] for child in node.get("childIds", ()) if child in by_id]
        if node["ignored"]:
            continue
        properties = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        role, name = (node.get(key, {}).get("value") or "" for key in ("role", "name"))
        found.append((role, name.strip(), bool(properties.get("focusable"))))
    root.evaluate("(one, mark) => one.removeAttribute(mark)", mark)
    session.detach()
    return found


def usable(root):
    """The nodes of `tree` that are pictures or can be used."""
    return [node for node in tree(root) if node[0] in CONTROLS or node[2]]


@pytest.mark.parametrize("name", CELLS)
def test_whatever_can_be_used_or_seen_has_a_name_of_its_own(page, name):
    root = output(page, name)
    root.scroll_into_view_if_needed()
    until(lambda: len(usable(root)) >= (1 if name == "guess" else 2), page)  # drawn, then told
    nodes = [node for node in usable(root) if node[0] not in ("RootWebArea", "generic")]
    assert [node for node in nodes if not node[1] or "null" in node[1]] == []
    twice = [node for node in nodes if nodes.count(node) > 1]
    assert twice == []
    assert root.locator("[title=null]").count() == 0


@pytest.mark.parametrize("name", [name for name in CELLS if name not in ("guess", "choose")])
def test_each_widget_has_one_polite_status_and_says_nothing_when_it_opens(page, name):
    root = output(page, name).locator(".face-widget")
    live = root.locator("[role=status], [role=alert], [aria-live], output, [role=log]")
    assert live.count() == 1
    assert live.get_attribute("role") == "status" and live.get_attribute("aria-live") is None
    if name not in ("editor", "augment"):  # whose first news come from the kernel
        assert live.inner_text() == ""


def listening(page, root):
    """Hears what the widgets say from now on."""
    root.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    page.evaluate(LISTEN)


def test_a_slider_that_is_turned_far_is_spoken_of_once(page):
    root = output(page, "augment")
    listening(page, root)
    slider = root.get_by_role("slider", name="move right")
    slider.focus()
    for _ in range(40):
        slider.press("ArrowRight")
    until(lambda: page.evaluate("spoken.length") > 0, page)
    page.wait_for_timeout(2000)
    spoken = page.evaluate("spoken")
    assert len(spoken) <= 2  # the points outside, and what the network says to it
    assert any("points lie outside the canvas." in text for text in spoken)
    assert not any("face 1 of" in text for text in spoken)  # which is no news


def test_keys_on_a_canvas_say_what_they_changed(page):
    root = output(page, "augment")
    root.get_by_role("button", name="Reset").press("Enter")
    listening(page, root)
    stage = root.locator("canvas.stage")
    for _ in range(3):
        stage.press(".")
    until(lambda: "turn clockwise 3°." in "".join(page.evaluate("spoken")), page)


def test_a_point_that_is_nudged_is_spoken_of_once_and_saved_is_no_news_twice(page):
    root = output(page, "editor")
    canvas = root.locator("canvas")
    canvas.focus()
    canvas.press("Enter")
    root.locator(".status", has_text="Saved in labels.xml").wait_for()
    listening(page, root)
    for _ in range(5):
        canvas.press("ArrowRight")
    until(lambda: page.evaluate("spoken.length") > 0, page)
    page.wait_for_timeout(2000)
    assert page.evaluate("spoken") == ["Point right pupil: 155.00, 120.00."]


def test_the_curves_say_the_epoch_that_is_reached(page):
    root = output(page, "curves").locator(".knobs")
    listening(page, root)
    bar = root.get_by_role("slider", name="epoch")
    for key in ("Home", "ArrowRight", "ArrowRight"):
        bar.press(key)
    settled(root)
    until(lambda: page.evaluate("spoken.length") > 0, page)
    (spoken,) = page.evaluate("spoken")
    assert spoken.startswith("Epoch 3 of 5: validation NME 6.67 %")


def test_the_console_holds_no_error(page):
    assert page.errors == []
