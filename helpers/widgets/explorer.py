"""The augmentation explorer: a face, and every setting of `Augment` under the reader's fingers.

`explorer` makes it. All is computed in the browser, by assets/explorer.js, which holds the faces
itself: a page of HTML, alive in a notebook, in a page made from one, and without a kernel. Only the
network's answers come from here, by way of `answer` and a widget that shows nothing, `Link`.
"""

import base64
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import anywidget
import cv2
import numpy as np
import torch
import traitlets
from IPython.display import display
from torch.nn import functional

from helpers.augment import Augment
from helpers.crop import scaled
from helpers.dataset import FaceLandmarksDataset
from helpers.draw import COLOURS, DOTS, PAGE, paint, paint_pair
from helpers.landmarks import MIRROR, NUM_LANDMARKS, OUTER_EYE_CORNERS, PARTS
from helpers.metrics import nme
from helpers.model import Network, to_pixels
from helpers.pictures import encode
from helpers.storage import short_hash
from helpers.widgets.frontend import script, style

# name of the setting: (least, largest, step, what the slider says, unit and how many make one)
SLIDERS: dict[str, tuple[float, float, float, str, str, float]] = {
    "angle": (-90, 90, 1, "turn clockwise", "°", 1),
    "scale": (-0.3, 0.3, 0.01, "scale, + larger", " %", 100),
    "shift_x": (-0.3, 0.3, 0.005, "move right", " %", 100),
    "shift_y": (-0.3, 0.3, 0.005, "move down", " %", 100),
    "brightness": (-0.5, 0.5, 0.01, "brightness", " %", 100),
    "contrast": (-0.9, 0.9, 0.01, "contrast", " %", 100),
    "erasing": (0, 0.6, 0.01, "erased square", " %", 100),
    "erase_x": (0, 1, 0.01, "erased at, across", " %", 100),
    "erase_y": (0, 1, 0.01, "erased at, down", " %", 100),
}
PLAIN = dict.fromkeys(SLIDERS, 0.0) | {"erase_x": 0.5, "erase_y": 0.5, "flip": False}
PLAIN |= {"wrong": False}  # a flip that leaves each point its old name
START = {"angle": 15.0, "scale": 0.1}


def explorer(
    dataset: FaceLandmarksDataset,
    network: Network | None = None,
    faces: Sequence[int] = range(0, 12, 2),
) -> "Explorer":
    """A face with every setting of `Augment` to turn, as the last line of a cell.

    Sliders, mouse, fingers and keys change it; the training ranges are those of `Augment`. network:
    puts its own landmarks beside the true ones, while the kernel runs. faces: which of the data
    set to take along, 50 kB each; of the demo people each second one is a twin. Raises ValueError
    where there are none.
    """
    indices = [index for index in faces if index < len(dataset)]
    if not indices:
        raise ValueError("The explorer needs a face at least.")
    return Explorer(dataset, network, indices)


class Explorer:
    """What `explorer` makes: a page of HTML that needs nothing else, and perhaps a network."""

    def __init__(
        self, dataset: FaceLandmarksDataset, network: Network | None, indices: Sequence[int]
    ) -> None:
        self.dataset, self.network, self.indices = dataset, network, list(indices)
        self.link: Link | None = None

    def data(self) -> dict[str, Any]:
        """All that the browser knows, as plain lists and numbers; pictures are PNG in base64."""
        augment = Augment(self.dataset.size)
        names = {index: part for part, points in PARTS.items() for index in points}
        ranges = {name: [-most, most] for name, most in augment.ranges.items()}
        ranges |= {"erasing": [0, augment.ranges["erasing"]], "erase_x": [0, 1], "erase_y": [0, 1]}
        return {
            "size": self.dataset.size,
            "width": self.dataset.width,
            "faces": [self._face(index) for index in self.indices],
            "names": [names[index] for index in range(NUM_LANDMARKS)],
            "colours": {part: "rgb({},{},{})".format(*rgb) for part, rgb in COLOURS.items()},
            "partners": MIRROR,
            "eyes": OUTER_EYE_CORNERS,
            "sliders": SLIDERS,
            "ranges": ranges,
            "chance": augment.flip,
            "plain": PLAIN,
            "start": START,
            "network": self.network is not None,
        }

    def _face(self, index: int) -> dict[str, Any]:
        """A face as the browser gets it: its number in the data set, wide crop and landmarks."""
        image, landmarks = self.dataset[index]
        level = [cv2.IMWRITE_PNG_COMPRESSION, 9]
        png = cv2.imencode(".png", image[0].numpy(), level)[1]
        points = landmarks.numpy().astype(float).round(3).tolist()
        return {"index": index, "png": _base64(png.tobytes()), "landmarks": points}

    def still(self) -> np.ndarray:
        """What is shown where no script runs: RGB uint8 [480, 960, 3], the face before and after.

        The settings are those that the explorer begins with. With a network, the true points are
        green and its own orange.
        """
        side = round(PAGE * DOTS / 2)
        pictures = []
        for settings in ({}, START):
            images, points = augmented(self.dataset, self.indices[0], settings)
            grey = ((images[0, 0].numpy() + 1) * 127.5).round().astype(np.uint8)
            picture = cv2.resize(grey, (side, side), interpolation=cv2.INTER_CUBIC)
            zoom = side / len(grey)
            truth = scaled(points[0], zoom)
            if self.network is None:
                pictures.append(paint(picture, truth))
            else:
                found = answer(self.dataset, self.network, self.indices[0], settings)["landmarks"]
                pictures.append(paint_pair(picture, truth, scaled(found, zoom)))
        return np.hstack(pictures)

    def html(self) -> str:
        """The explorer as HTML that needs nothing else; where no script runs, its still picture."""
        return self._html(encode(self.still(), quality=85))

    def _html(self, still: bytes) -> str:
        data = json.dumps(self.data(), separators=(",", ":")).replace("</", "<\\/")
        return (
            f"<style>\n{style('explorer')}</style>\n"
            f'<div class="face-explorer" data-key="{self._key()}">\n'
            f'<img src="data:image/jpeg;base64,{_base64(still)}" style="max-width: 100%"'
            ' alt="A face with its landmarks, and the same face turned by 15 degrees and enlarged">'
            "\n<p>Sliders and a face to drag appear here where scripts may run: in a notebook once"
            " this cell has run, and in the pages that <code>make run</code> writes.</p>\n</div>\n"
            f'<script type="module">\n{script("explorer")}\n'
            f'wake("{self._key()}", {data});\n</script>\n'
        )

    def _key(self) -> str:
        """What names this explorer in a page; the same at each run, so that outputs are as well."""
        return short_hash(self.dataset.landmarks[self.indices].tolist(), self.network is None)

    def _ipython_display_(self) -> None:
        still = encode(self.still(), quality=85)
        told = "The augmentation explorer, where scripts may run."
        bundle = {"text/html": self._html(still), "text/plain": told}
        if "google.colab" not in sys.modules:  # whose choice among several is not documented
            bundle["image/jpeg"] = _base64(still)
        display(bundle, raw=True)
        if self.network is not None:
            self.link = Link(self, key=self._key())
            if needs_view():
                display(self.link)


class Link(anywidget.AnyWidget):
    """Takes the explorer's questions to the network and its answers back; it shows nothing.

    Not the whole explorer is a widget: JupyterLab shows "model not found" in place of one where
    a notebook is opened with a new kernel, and a page has none.
    """

    _esm = script("explorer")
    key = traitlets.Unicode().tag(sync=True)

    def __init__(self, explorer: Explorer, **traits: Any) -> None:
        super().__init__(**traits)
        self._explorer = explorer
        self.on_msg(self._on_question)

    def _on_question(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        """Answers one question; whatever goes wrong is told in the explorer."""
        try:
            network = self._explorer.network
            assert network is not None
            found = answer(self._explorer.dataset, network, **content["question"])
        except Exception as error:  # a network of the reader's own may raise anything
            found = {"error": f"{type(error).__name__}: {error}"}
        self.send(found | {"number": content.get("number"), "view": content.get("view")})


def needs_view() -> bool:
    """Whether the page loads a widget only once it is shown, as Colab's and VS Code's do.

    Jupyter loads it at once, and names its kernels' sessions in their environment.
    """
    elsewhere = "google.colab" in sys.modules or "VSCODE_PID" in os.environ
    return elsewhere or "JPY_SESSION_NAME" not in os.environ


def augmented(
    dataset: FaceLandmarksDataset, index: int, settings: dict[str, Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """A face of a data set after `Augment.apply`: image [1, 1, S, S] and landmarks [1, 68, 2].

    settings: by the names of `PLAIN`, which has those that are not given. Raises ValueError for
    other names.
    """
    if unknown := settings.keys() - PLAIN.keys():
        raise ValueError(f"Augment has no setting {sorted(unknown)[0]!r}.")
    chosen = PLAIN | settings
    partners = range(NUM_LANDMARKS) if chosen.pop("wrong") else MIRROR
    at = np.array([[chosen.pop("erase_x"), chosen.pop("erase_y")]])
    image, landmarks = dataset[index]
    augment = Augment(dataset.size, partners=partners)
    return augment.apply(image[None], landmarks[None], erase_at=at, **chosen)


@torch.inference_mode()
def answer(
    dataset: FaceLandmarksDataset, network: Network, face: int, settings: dict[str, Any]
) -> dict[str, Any]:
    """Where the network puts the landmarks of an augmented face, and its NME, for the browser.

    face: its number in the data set. settings: as for `augmented`. A network of another size sees
    the canvas resized. "landmarks": [68, 2], in canvas pixels; "nme": per cent. With a wrong flip
    the truth carries wrong names, and the error says so.
    """
    images, truth = augmented(dataset, face, settings)
    size = network.size
    if size != dataset.size:
        images = functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
    device = next((weights.device for weights in network.parameters()), torch.device("cpu"))
    found = to_pixels(network.eval()(images.to(device)), size).cpu()
    landmarks = scaled(found, dataset.size / size)
    error = nme(landmarks, truth.numpy())[0]
    return {"landmarks": landmarks[0].astype(float).round(2).tolist(), "nme": float(error)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
