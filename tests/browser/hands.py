"""Cells that show pictures with knobs, and what a reader's hands and eyes do with them."""

import base64
import io

import numpy as np
from PIL import Image

from browser import until

KNOBS = """\
import ipywidgets
import numpy as np
from helpers.widgets import shell
controls = {
    "angle": ipywidgets.FloatSlider(15.0, min=-45, max=45, step=1, description="rotation, degrees"),
    "index": ipywidgets.IntSlider(0, 0, 199, description="face"),
    "flip": ipywidgets.Checkbox(False, description="flip"),
    "way": ipywidgets.Dropdown(options=["low", "high"], description="way"),
    "again": ipywidgets.Button(description="random face"),
}
controls["again"].on_click(lambda _: setattr(controls["index"], "value", 77))
def render(angle, index, flip, way):
    colour = [100 + 3 * angle, 50 + index, 40 + 100 * flip + 90 * (way == "high")]
    return np.full((200, 600, 3), np.clip(colour, 0, 255).astype(np.uint8))
shell(render, controls, {})"""
DRAGGED = """\
from helpers.widgets.knobs import Shown, clicks, frame, line
drawn = []
def chart(threshold, click, box):
    drawn.append(threshold)
    area = (50, 20, 450, 180)
    picture = np.full((300, 500, 3), 200, np.uint8)
    picture[:20, :20] = 10 * threshold
    left, top, width, height = (round(n) for n in box)
    picture[top : top + height, left : left + width] = 60
    handles = [line("threshold", "threshold", 0, 20, 0.5, area), clicks("click", area)]
    handles.append(frame("box", "grey patch", (0, 180, 500, 300)))
    return Shown(picture, f"threshold {threshold}", f"click {click}, box {box}", handles)
shell(chart, {}, {"threshold": 8.0, "click": None, "box": [100, 200, 40, 40]})"""
UPLOAD = """\
from helpers.widgets.knobs import Shown
from helpers.widgets import uploader
seen = []
def look(photograph):
    seen.append(photograph.shape)
    told = f"{len(seen)}: {photograph.shape} mean {photograph.mean():.0f}"
    return Shown(photograph, "your picture", told)
uploader(look, np.zeros((40, 60, 3), np.uint8))"""
SLOW = """\
import time
def slowly(value):
    time.sleep(0.2)
    return np.full((40, 40, 3), value, np.uint8)
shell(slowly, {"value": ipywidgets.IntSlider(0, 0, 100, description="slow")}, {})"""
BROKEN = """\
def fails(value):
    if value > 3:
        raise ValueError("No face there.")
    return np.zeros((40, 40, 3), np.uint8)
shell(fails, {"value": ipywidgets.IntSlider(0, 0, 9, description="fails")}, {})"""


def colour(root):
    """The colour in the middle of the picture that is shown: RGB."""
    return picture(root)[100, 300].tolist()


def picture(root):
    """The picture that is shown, as the browser decoded it: RGB uint8 [H, W, 3]."""
    data = root.locator(".stage img").evaluate(
        """img => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
            canvas.getContext("2d").drawImage(img, 0, 0);
            return canvas.toDataURL();
        }"""
    )
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB"))


def settled(root):
    """Waits until the kernel has answered the last wish, and its picture is shown."""
    page = root.page
    until(lambda: not root.evaluate("one => one.dataset.asked !== one.dataset.answered"), page)
    until(lambda: root.locator(".stage[aria-busy]").count() == 0, page)
    there = "one => one.complete && one.naturalWidth > 0"
    until(lambda: root.locator(".stage img").evaluate(there), page)
    page.wait_for_timeout(100)
    return root


def near(one, other):
    return np.abs(np.subtract(one, other)).max() <= 3


def drag(root, start, end):
    """Drags from one place of the picture to another, in its pixels."""
    box = root.locator(".stage").bounding_box()
    width = root.locator(".stage img").evaluate("one => one.naturalWidth")
    scale = box["width"] / width
    mouse = root.page.mouse
    at = [(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale) for x, y in (start, end)]
    mouse.move(*at[0])
    mouse.down()
    for part in (0.3, 0.7, 1):
        mouse.move(*(a + part * (b - a) for a, b in zip(*at, strict=True)))
    mouse.up()
    return settled(root)


COVERED = """\
root => [...root.querySelectorAll("input, select, button, .handle")].filter((one) => {
    if (one.type === "file") one = one.parentElement;
    one.scrollIntoView({ block: "center" });
    const box = one.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 15)];
    const found = document.elementFromPoint(x, y);
    return !(found && (one === found || one.contains(found)));
}).map((one) => one.outerHTML)"""
