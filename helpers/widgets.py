"""Things to turn and slide: thin shells over pure functions that return a picture.

Each shell first shows its picture as it stands, so that a reader who sees only the page on GitHub
sees it too; then, in a live notebook, the controls.
"""

import io
from pathlib import Path

import ipywidgets
import numpy as np
from IPython.display import Image, display
from PIL import Image as Pillow
from PIL import ImageOps

from helpers.augment import Augment
from helpers.draw import paint

# name of the setting: (least, largest, step, what the slider says)
SLIDERS = {
    "angle": (-45.0, 45.0, 1.0, "rotation, degrees"),
    "scale": (-0.3, 0.3, 0.01, "scale, + larger"),
    "shift_x": (-0.2, 0.2, 0.01, "shift right"),
    "shift_y": (-0.2, 0.2, 0.01, "shift down"),
    "brightness": (-0.5, 0.5, 0.02, "brightness"),
    "contrast": (-0.9, 0.9, 0.05, "contrast"),
    "erasing": (0.0, 0.6, 0.02, "erased square"),
}


def render_augmented(image, landmarks, size=224, zoom=2, **settings):
    """A wide crop [1, S, S] and its landmarks [68, 2] after `Augment.apply`, drawn: RGB uint8."""
    images, points = Augment(size).apply(image[None], landmarks[None], **settings)
    picture = ((images[0, 0].numpy() + 1) * 127.5).round().astype(np.uint8)
    return paint(picture, points[0].numpy(), zoom=zoom)


def augmenter(dataset):
    """A slider for each augmentation of the faces of a `FaceLandmarksDataset`."""
    controls = {
        name: ipywidgets.FloatSlider(0.0, min=low, max=high, step=step, description=text,
                                     style={"description_width": "9em"})
        for name, (low, high, step, text) in SLIDERS.items()
    }  # fmt: skip
    controls["flip"] = ipywidgets.Checkbox(False, description="flip")
    controls["index"] = ipywidgets.BoundedIntText(0, 0, len(dataset) - 1, description="face")

    def render(index, **settings):
        return render_augmented(*dataset[index], size=dataset.size, **settings)

    start = {"index": 0, "angle": 15.0, "scale": 0.1}
    return shell(render, controls, start)


def browser(count, render, text="face"):
    """A slider over `count` pictures, each drawn by render(index) -> RGB uint8 [H, W, 3]."""
    return shell(render, {"index": ipywidgets.IntSlider(0, 0, count - 1, description=text)}, {})


def shell(render, controls, start):
    """Controls beside the picture that render(**values) draws; the picture is displayed at once.

    controls: name of the parameter to widget. start: the values to begin with. The picture
    widget's bytes are replaced in place, so nothing flickers or doubles.
    """
    for name, value in start.items():
        controls[name].value = value
    picture = ipywidgets.Image(format="jpeg")

    def update(change=None):
        values = {name: control.value for name, control in controls.items()}
        picture.value = jpeg(render(**values))

    for control in controls.values():
        control.observe(update, "value")
    update()
    display(Image(bytes(picture.value), format="jpeg"))
    return ipywidgets.HBox([ipywidgets.VBox(list(controls.values())), picture])


def jpeg(picture):
    """RGB uint8 [H, W, 3] as the bytes of a JPEG file: a notebook of PNGs is megabytes large."""
    buffer = io.BytesIO()
    Pillow.fromarray(picture).save(buffer, "jpeg", quality=90)
    return buffer.getvalue()


def open_photograph(file, largest=1280):
    """A reader's own photograph, upright and at most `largest` pixels wide and high: RGB uint8.

    A telephone stores a picture as its chip lies and notes how it was held; here that counts.
    file: a path or an open file. Raises ValueError that names it where it cannot be read.
    """
    try:
        with Pillow.open(file) as opened:
            photograph = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        name = file if isinstance(file, str | Path) else "The upload"
        text = f"{name}: not a picture that can be read (a JPEG or PNG file can)."
        raise ValueError(text) from error
    photograph.thumbnail((largest, largest))
    return np.asarray(photograph)


def uploader(render, picture):
    """A button to upload a photograph, drawn by render(RGB uint8) -> RGB uint8; `picture` first."""
    upload = ipywidgets.FileUpload(accept="image/*", multiple=False)
    shown, told = ipywidgets.Image(format="jpeg"), ipywidgets.Label()

    def update(change):
        # ipywidgets 8 gives a tuple of files, 7 (Colab's) a dictionary of them by name.
        files = change["new"]
        for file in files if isinstance(files, tuple) else files.values():
            told.value = ""
            try:
                shown.value = jpeg(render(open_photograph(io.BytesIO(file["content"]))))
            except ValueError as error:
                told.value = str(error)

    upload.observe(update, "value")
    shown.value = jpeg(render(picture))
    display(Image(bytes(shown.value), format="jpeg"))
    return ipywidgets.VBox([upload, told, shown])
