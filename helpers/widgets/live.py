"""The webcam in a notebook: the browser sends frames, the kernel answers with landmarks.

`live` makes the widget (JupyterLab, Colab). Under it lies `answer`, a pure function from the bytes
of a frame to what the browser draws; assets/live.js is the other half. At most one frame is under
way, and the next is the camera's newest: a slow kernel sees fewer frames, never old ones.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any

import anywidget
import cv2
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from helpers.draw import on_page, paint
from helpers.filters import Filter, wear
from helpers.filters.files import Piece
from helpers.filters.layers import worn
from helpers.landmarks import IBUG, NUM_LANDMARKS
from helpers.pictures import encode
from helpers.triangles import FAR
from helpers.widgets.frontend import script, show_note, style

Step = Callable[[np.ndarray], Sequence[np.ndarray] | np.ndarray]

CAMERAS = ("user", "environment")  # the names that browsers know them by
PLAIN = ("points", "outlines")  # what is drawn without a filter, as assets/live.js names it


def answer(frame: bytes, step: Step, filters: Sequence[Filter] = ()) -> dict[str, Any]:
    """What the browser draws over a frame: landmarks, and where artwork lies, in its pixels.

    frame: the bytes of a JPEG file. step: RGB uint8 [H, W, 3] -> the landmarks of each face
    [68, 2]. The answer holds plain lists and numbers: "landmarks", for each face x0, y0, x1, y1 and
    so on; "worn", for the name of each filter what its faces wear, the lowest first: the number of
    a "piece", its "opacity", and a sheet of triangles ("source", "target", "triangles" as in
    `helpers.filters.hang.Sheet`); and "milliseconds" of the stages "decode", "step" and "hang".
    Raises ValueError where the bytes are no picture, or `step` gives no landmarks.
    """
    began = perf_counter()
    image = decode(frame)
    decoded = perf_counter()
    faces = _checked(step(image))
    stepped = perf_counter()
    found = {
        "landmarks": [_flat(landmarks) for landmarks in faces],
        "worn": {one.name: _sheets(faces, one) for one in filters},
    }
    ended = perf_counter()
    seconds = {"decode": decoded - began, "step": stepped - decoded, "hang": ended - stepped}
    return found | {"milliseconds": {name: round(1000 * s, 2) for name, s in seconds.items()}}


def _sheets(faces: Sequence[np.ndarray], filter_: Filter) -> list[dict[str, Any]]:
    """What faces wear of a filter, as the browser needs it."""
    found = []
    for piece, sheet, opacity in worn(faces, filter_):
        sheet = sheet.in_triangles()
        if len(sheet.triangles) and np.abs(sheet.target).max() < FAR:
            found.append(
                {
                    "piece": filter_.pieces.index(piece),
                    "opacity": round(opacity, 3),
                    "source": _flat(sheet.source),
                    "target": _flat(sheet.target),
                    "triangles": sheet.triangles.ravel().tolist(),
                }
            )
    return found


def decode(frame: bytes) -> np.ndarray:
    """The picture of a JPEG file's bytes: RGB uint8 [H, W, 3]; raises ValueError for others."""
    data = np.frombuffer(frame, np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise ValueError(f"A frame of {len(data)} bytes arrived that is no picture.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def draw_answer(
    image: np.ndarray, found: dict[str, Any], filter_: Filter | None = None
) -> np.ndarray:
    """A copy of a picture with its answer drawn, as the widget draws it: RGB uint8 [H, W, 3].

    image: RGB uint8 [H, W, 3]. found: from `answer`. filter_: what its faces wear in place of
    landmarks.
    """
    faces = np.reshape(found["landmarks"], (-1, NUM_LANDMARKS, 2))
    return wear(image, faces, filter_) if filter_ else paint(image, faces)


def _checked(stepped: Iterable[ArrayLike]) -> list[np.ndarray]:
    """The landmarks [68, 2] of each face, as `step` gave them; raises ValueError for others."""
    wanted = f"`step` has to give landmarks [{NUM_LANDMARKS}, 2] for each face, finite numbers, not"
    found = []
    try:
        faces = list(stepped)
    except TypeError as error:
        raise ValueError(f"{wanted} {type(stepped).__name__}.") from error
    for landmarks in faces:
        try:
            points = np.asarray(landmarks, float)
        except (TypeError, ValueError) as error:  # such as a `Tracked`, whose landmarks were meant
            raise ValueError(f"{wanted} {type(landmarks).__name__}.") from error
        if points.shape != (NUM_LANDMARKS, 2) or not np.isfinite(points).all():
            raise ValueError(f"{wanted} an array {list(points.shape)}.")
        found.append(points)
    return found


def _flat(points: np.ndarray) -> list[float]:
    """Points [k, 2] as a list of 2 k numbers, to a hundredth of a pixel."""
    return np.asarray(points, float).round(2).ravel().tolist()


class Live(anywidget.AnyWidget):
    """The widget that `live` makes; the kernel's half of assets/live.js.

    Where no widget can be shown, as on GitHub, a still picture takes its place.
    """

    _esm = script("live")
    _css = style("live")
    # ipywidgets 7 would show the widget by this method, without the still picture.
    _ipython_display_ = None

    camera = traitlets.Enum(CAMERAS, "user").tag(sync=True)
    width = traitlets.Int(480).tag(sync=True)
    promise = traitlets.Unicode().tag(sync=True)
    outlines: Any = traitlets.List().tag(sync=True)
    artwork: Any = traitlets.Dict().tag(sync=True)
    still = traitlets.Bytes().tag(sync=True)
    still_answer = traitlets.Dict().tag(sync=True)

    def __init__(self, step: Step, filters: Sequence[Filter], still: np.ndarray, **traits: Any):
        sent = encode(still)
        found = answer(sent, step, filters)
        artwork = {one.name: [_png(piece) for piece in one.pieces] for one in filters}
        super().__init__(
            still=sent, still_answer=found, artwork=artwork, outlines=_outlines(), **traits
        )
        self._step, self._filters = step, {one.name: one for one in filters}
        drawn = draw_answer(still, found, filters[0] if filters else None)
        self._picture = encode(on_page(drawn))
        self.on_msg(self._on_frame)

    def _on_frame(self, _widget: object, content: dict[str, Any], buffers: Sequence[Any]) -> None:
        """Answers one frame; whatever goes wrong is told in the widget, where the reader looks."""
        chosen = self._filters.get(content.get("way", ""))
        try:
            found = answer(b"".join(buffers), self._step, [chosen] if chosen else [])
        except Exception as error:  # a `step` of the reader's own may raise anything
            found = {"error": f"{type(error).__name__}: {error}"}
        self.send(found | {"frame": content.get("frame"), "view": content.get("view")})

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        show_note("In a live notebook this is a camera: run this cell.")
        shown: Any = super()._repr_mimebundle_(**kwargs)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        if "google.colab" in sys.modules:  # whose choice among several is not documented
            return data, metadata
        told = "A live camera, where this notebook runs in JupyterLab or on Colab."
        return data | {"text/plain": told, "image/jpeg": self._picture}, metadata


def live(
    step: Step,
    filters: Filter | Sequence[Filter] = (),
    camera: str = "user",
    width: int = 480,
    still: np.ndarray | None = None,
) -> Live:
    """A webcam whose faces wear landmarks, or a filter that the reader chooses, in the notebook.

    step: RGB uint8 [H, W, 3] -> the landmarks of each face, each [68, 2], (x, y) in pixels with
    pixel centres at whole numbers. It is called in the kernel, for one frame at a time.
    filters: those to choose from (`helpers.filters.load_filter`); the first is worn first.
    camera: "user", which looks at the reader and is shown as a mirror, or "environment", a
    telephone's other one. width: of the frames that the kernel gets, their longer side in pixels.
    still: RGB uint8 [H, W, 3], shown with its landmarks until the camera starts, and wherever
    there is none.
    Raises ValueError for another camera, a width that is no picture's, or two ways to draw of one
    name; what `step` raises on `still` comes through.
    """
    if camera not in CAMERAS:
        raise ValueError(f"The camera is {' or '.join(map(repr, CAMERAS))}, not {camera!r}.")
    if not 64 <= width <= 1920:
        raise ValueError(f"Frames are 64 to 1920 pixels wide, not {width}.")
    offered = [filters] if isinstance(filters, Filter) else list(filters)
    names = [*(one.name for one in offered), *PLAIN]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"Two ways to draw are named {twice[0]!r}: name the filter's file otherwise."
        )
    picture = np.full((360, 480, 3), 128, np.uint8) if still is None else still
    return Live(step, offered, picture, camera=camera, width=width, promise=_promise())


def _promise() -> str:
    """Where the frames go, in a sentence."""
    kernel = "this notebook's kernel"
    if "google.colab" in sys.modules:
        kernel += ", which on Colab is a machine of Google's,"
    return f"The camera's pictures go to {kernel} and nowhere else. None is kept."


def _outlines() -> list[dict[str, Any]]:
    """The lines and colours of a face, as the browser needs them."""
    colours = IBUG.point_colours()
    return [
        {"points": list(line), "colour": "rgb({},{},{})".format(*colours[line[0]])}
        for line in IBUG.lines
    ]


def _png(piece: Piece) -> bytes:
    """A piece's artwork as a PNG file, whose colours are not multiplied by how opaque they are."""
    artwork = piece.levels[0].astype(np.uint16)
    opaque = np.maximum(artwork[..., 3:], 1)
    colour = np.minimum((artwork[..., 2::-1] * 255 + opaque // 2) // opaque, 255)
    plain = np.dstack([colour, artwork[..., 3:]]).astype(np.uint8)
    return cv2.imencode(".png", plain)[1].tobytes()
