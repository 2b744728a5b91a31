"""How many frames a second the live widget reaches, and what each stage of a frame takes.

python tools/measure_live.py                  the weights `fast`, points, 20 seconds
python tools/measure_live.py --filter dog --weights free --seconds 60

In JupyterLab and Chromium, whose camera plays a clip of one moving face of 640 x 480 pixels at 30
frames a second; browser, server and kernel share this machine. Chromium draws without a GPU here.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import browser
from helpers.checkpoint import SHIPPED
from helpers.filters import filter_names

STAGES = {
    "encode": "browser: camera to JPEG",
    "way": "to the kernel and back",
    "decode": "kernel: JPEG to picture",
    "step": "kernel: faces and landmarks",
    "hang": "kernel: where the filter lies",
    "draw": "browser: picture, and points or filter",
}
CELLS = """\
from time import perf_counter
from helpers.filters import load_filter
from helpers.widgets.live import live
from helpers.predict import Landmarker
from helpers.video import Tracker
tracker = Tracker(Landmarker.load({weights!r}))
def step(frame):
    return [face.landmarks for face in tracker.step(frame, perf_counter())]
live(step, [load_filter(name) for name in {filters}], width={width})"""


def measure(cell: str, seconds: int) -> dict[str, float]:
    """The widget's own figures, the median of one reading a second: rate, and stage to ms."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        clip = Path(folder) / "clip.y4m"
        browser.write_y4m(clip, browser.moving_face(60)[0], rate=30)
        with browser.serve(Path(folder) / "lab") as lab:
            chromium = playwright.chromium.launch(**browser.launch_options(clip))
            page = chromium.new_page(permissions=["camera"])
            page.set_default_timeout(browser.PATIENCE)
            lab.write("live.ipynb", [cell])
            browser.run_notebook(page, lab.address("live.ipynb"))
            page.get_by_role("button", name="Start camera").click()
            page.get_by_text("a second").wait_for()
            page.wait_for_timeout(3000)  # the window over which the widget counts
            readings = []
            for _ in range(seconds):
                page.wait_for_timeout(1000)
                readings.append(page.locator(".live-faces").evaluate("one => ({...one.dataset})"))
            chromium.close()
    return {
        name: statistics.median(float(one[name]) for one in readings) for name in ("rate", *STAGES)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="fast", choices=list(SHIPPED))
    parser.add_argument("--filter", choices=filter_names(), help="by default points are drawn")
    parser.add_argument("--width", type=int, default=480, help="of the frames sent, in pixels")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one line for a program")
    arguments = parser.parse_args()
    if told := browser.missing():
        sys.exit(told)
    settings = {name: getattr(arguments, name) for name in ("weights", "filter", "width")}
    filters = [arguments.filter] if arguments.filter else []
    cell = CELLS.format(**settings, filters=filters)
    found = measure(cell, arguments.seconds)
    if arguments.json:
        milliseconds = {name: round(found[name], 2) for name in STAGES}
        print(json.dumps(settings | {"fps": round(found["rate"], 1), "milliseconds": milliseconds}))
        return
    print(f"{settings}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{found['rate']:6.1f} frames a second")
    for name, text in STAGES.items():
        print(f"{found[name]:6.1f} ms  {name:<6}  {text}")


if __name__ == "__main__":
    main()
