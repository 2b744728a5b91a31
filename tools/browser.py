"""A notebook in a real browser: JupyterLab in a folder, Chromium, a camera that plays a clip.

What tests/browser and tools/measure_live.py share. Chromium is the system's own (on Debian and
Ubuntu `apt install chromium`), driven by Playwright, which needs no browser of its own for that.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import nbformat
import numpy as np

from helpers.people import Person, View, photograph, sample_person
from stamp import ROOT

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Of pages: a telephone, a small screen at 200 %, small screens, a large one.
WIDTHS = (420, 640, 1280, 1400, 1920)
CODE = 16  # pixels: the side of a square of a frame's number
BITS = 6  # of such a number
PATIENCE = 120_000  # milliseconds: for a machine that has other work


def missing() -> str | None:
    """Why no browser test can run here, in a sentence, or None."""
    if not find_spec("playwright"):
        return "No browser tests: Playwright is not installed (`pip install playwright`)."
    if not chromium():
        return "No browser tests: there is no Chromium (`apt install chromium`)."
    return None


def chromium() -> str | None:
    """The path of the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def launch_options(clip: Path) -> dict[str, Any]:
    """How Playwright starts Chromium, with a camera that plays a clip (.y4m) again and again.

    Each context says whether its pages may use the camera.
    """
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}"]
    return {"executable_path": chromium(), "args": ["--no-sandbox", *camera]}


class Lab:
    """JupyterLab that serves a folder; from `serve`."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self.folder, self.url, self.token = folder, url, token

    def write(self, name: str, cells: Sequence[str]) -> None:
        """Writes a notebook of code cells into the folder."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata["kernelspec"] = {"display_name": "Python 3", "name": "python3"}
        nbformat.write(notebook, self.folder / name)

    def address(self, name: str) -> str:
        """The page of a notebook alone, without the side bars."""
        return f"{self.url}doc/tree/{name}?token={self.token}"

    def ask(self, path: str, method: str = "GET") -> Any:
        """What the server's API answers, such as `ask("api/kernels")`."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}{path}", headers=headers, method=method)
        with urllib.request.urlopen(request) as response:
            text = response.read()
        return json.loads(text) if text else None

    def kernel(self, name: str) -> str:
        """The id of a notebook's kernel."""
        sessions = self.ask("api/sessions")
        return next(one["kernel"]["id"] for one in sessions if one["path"] == name)

    def end(self, name: str) -> None:
        """Ends a notebook's kernel, which holds memory."""
        for session in self.ask("api/sessions"):
            if session["path"] == name:
                self.ask(f"api/sessions/{session['id']}", "DELETE")


@contextmanager
def serve(folder: Path) -> Iterator[Lab]:
    """JupyterLab with nothing of its user's settings; its kernels import this repository."""
    home = folder / "jupyter"
    content = folder / "content"
    content.mkdir(parents=True)
    # It would ask the internet for news, and the reader whether it may.
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (home / "config" / "labconfig").mkdir(parents=True)
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps(quiet), "utf-8")
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    settings = os.environ | {name: str(home / place) for name, place in places.items()}
    settings["JUPYTER_CONFIG_PATH"] = str(ROOT / "tools" / "lab")  # as `make lab`
    settings |= {"PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    settings.pop("MPLBACKEND", None)
    token, port = secrets.token_hex(8), _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={content}", "--LabApp.expose_app_in_browser=True"]
    url = f"http://localhost:{port}/"
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(command, env=settings, stdout=log, stderr=log, cwd=content)
    lab = Lab(content, url, token)
    try:
        _wait(server, lab, folder / "log.txt")
        yield lab
    finally:
        server.terminate()
        server.wait()


CLASSIC = ["notebook==6.5.7", "ipywidgets==7.7.1", "anywidget==0.9.21", "ipykernel<7"]
CLASSIC += ["widgetsnbextension==3.6.10", "setuptools<81"]  # the notebook imports pkg_resources


class Classic(Lab):
    """Notebook 6 that serves a folder; from `serve_classic`."""

    def address(self, name: str) -> str:
        return f"{self.url}notebooks/{name}?token={self.token}"


def classic_environment(place: Path = ROOT / "build" / "classic") -> Path:
    """The Python of a small environment with Notebook 6 and ipywidgets 7, Colab's nearest relative.

    Made where there is none; whatever else the course needs comes from the environment that runs.
    Raises RuntimeError with the reason where it cannot be made.
    """
    python, ready = place / "bin" / "python", place / "ready"
    if ready.exists():
        return python
    uv = [sys.executable, "-m", "uv"]
    for command in (
        ["venv", "-q", "--clear", "--python", sys.executable, str(place)],
        ["pip", "install", "-q", "--python", str(python), *CLASSIC],
    ):
        done = subprocess.run([*uv, *command], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"No Notebook 6: {done.stderr.strip()[-300:]}")
    where = next((place / "lib").glob("python*/site-packages"))
    (where / "course.pth").write_text(sysconfig.get_path("purelib") + "\n")
    ready.touch()
    return python


@contextmanager
def serve_classic(folder: Path, python: Path) -> Iterator[Classic]:
    """Notebook 6 of a Python with nothing of its user's settings."""
    content = folder / "content"
    content.mkdir(parents=True)
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    settings = os.environ | {name: str(folder / name.lower()) for name in places}
    settings |= {"PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    settings.pop("MPLBACKEND", None)
    token, port = secrets.token_hex(8), _free_port()
    command = [str(python), "-m", "notebook", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--NotebookApp.token={token}", f"--notebook-dir={content}"]
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(command, env=settings, stdout=log, stderr=log, cwd=content)
    classic = Classic(content, f"http://localhost:{port}/", token)
    try:
        _wait(server, classic, folder / "log.txt")
        yield classic
    finally:
        server.terminate()
        server.wait()


def run_classic(page: Any, address: str) -> None:
    """Opens a notebook in a page of Notebook 6 and runs all its cells."""
    page.goto(address)
    ready = "window.Jupyter?.notebook?.kernel?.is_connected?.()"
    page.wait_for_function(f"{ready} && Jupyter.notebook._fully_loaded", timeout=PATIENCE)
    # Before it has looked for widgets of an older page, it may lose one that is just being shown.
    page.wait_for_function("Jupyter.notebook.kernel.widget_manager", timeout=PATIENCE)
    page.wait_for_timeout(3000)
    page.evaluate("() => void Jupyter.notebook.execute_all_cells()")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait(server: subprocess.Popen, lab: Lab, log: Path) -> None:
    """Until the server answers; raises RuntimeError with its log where it has ended."""
    while server.poll() is None:
        try:
            lab.ask("api/status")
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text('utf-8')[-3000:]}")


def run_notebook(page: Any, address: str, dark: bool = False) -> None:
    """Opens a notebook in a page of JupyterLab and runs all its cells."""
    page.goto(address)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=PATIENCE)
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=PATIENCE)
    set_theme(page, dark)
    # Sooner, JupyterLab would ask which kernel to take.
    kernel = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
    page.wait_for_function(f"{kernel}?.status === 'idle'", timeout=PATIENCE)
    execute(page, "notebook:run-all-cells")


def set_theme(page: Any, dark: bool) -> None:
    """JupyterLab's dark theme, or its light one, once its colours are there."""
    execute(page, "apputils:change-theme", theme=f"JupyterLab {'Dark' if dark else 'Light'}")
    page.wait_for_function(
        """dark => {
            const { dataset } = document.body;
            const colour = getComputedStyle(document.body).getPropertyValue("--jp-layout-color0");
            return dataset.jpThemeLight === String(!dark) && /#[01]/.test(colour) === dark;
        }""",
        arg=dark,
        timeout=PATIENCE,
    )


def execute(page: Any, command: str, **arguments: Any) -> None:
    """Runs one of JupyterLab's commands, such as "notebook:run-all-cells", to its end.

    The end matters: a run of cells ends with the focus on the last one, wherever it was by then.
    """
    page.evaluate(
        """([name, args]) => {
            window.ended = false;
            const end = () => (window.ended = true);
            void window.jupyterapp.commands.execute(name, args).then(end, end);
        }""",
        [command, arguments],
    )
    page.wait_for_function("window.ended", timeout=PATIENCE)


def moving_face(count: int = 24, seed: int = 3) -> tuple[list[np.ndarray], np.ndarray]:
    """A clip of a person who does not exist, turning and moving: `count` pictures and landmarks.

    RGB uint8 [480, 640, 3] each, with their own number in the corner (`read_number`), and landmarks
    float32 [count, 68, 2] in their pixels. The end goes over into the beginning.
    """
    person = sample_person(np.random.default_rng(seed))
    pictures, landmarks = [], []
    for number in range(count):
        picture, points = one_frame(person, 2 * np.pi * number / count, seed)
        write_number(picture, number)
        pictures.append(picture)
        landmarks.append(points)
    return pictures, np.array(landmarks)


def one_frame(person: Person, phase: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A person somewhere in a round of moves, phase 0 to 2 pi: picture, landmarks [68, 2]."""
    wave, other = np.sin(phase), np.cos(phase)
    view = View(yaw=12 * wave, roll=8 * other, mouth_open=0.25 - 0.25 * other, smile=0.3)
    centre = (320 + 70 * wave, 245 + 20 * other)
    shape = (480, 640)
    size = 190 + 20 * other
    picture, found = photograph([person], [view], [centre], [size], shape, seed, occluders=[""])
    return picture, found[0]


def write_number(picture: np.ndarray, number: int) -> None:
    """Writes a number into the lower left corner (in place), as white and black squares."""
    for bit in range(BITS):
        square = picture[-CODE:, bit * CODE : (bit + 1) * CODE]
        square[:] = 255 * (number >> bit & 1)


def read_number(picture: np.ndarray) -> int:
    """The number in the lower left corner of a picture."""
    inner = slice(CODE // 4, -CODE // 4)
    squares = [picture[-CODE:, bit * CODE : (bit + 1) * CODE] for bit in range(BITS)]
    return sum(int(s[inner, inner].mean() > 127) << bit for bit, s in enumerate(squares))


def write_y4m(path: Path, pictures: Sequence[np.ndarray], rate: int = 15) -> None:
    """A clip as Chromium's camera plays it: plain frames with halved colours (YUV4MPEG2).

    pictures: RGB uint8 [H, W, 3], H and W even. rate: frames a second.
    """
    height, width = pictures[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).tobytes())


def until(check: Callable[[], bool], page: Any, turns: int = 600) -> None:
    """Lets a page go on until a check holds; raises TimeoutError where it never does."""
    for _ in range(turns):
        if check():
            return
        page.wait_for_timeout(200)
    raise TimeoutError("What was waited for did not come.")
