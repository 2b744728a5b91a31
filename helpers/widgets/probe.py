"""The prediction explorer: a picture in, and what the network makes of it, to be touched.

`explorer` makes the widget. Under it lies `look`, a pure function from a `Scene` (a photograph and
its faces), a box and a grey patch to the picture of boxes, landmarks, crop and heat maps.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import ipywidgets
import numpy as np
import torch
from numpy.typing import ArrayLike

from helpers.crop import crop_matrix, invert, move, scaled, to_grey, warp
from helpers.draw import paint, paint_maps
from helpers.heatmap import HeatmapNet
from helpers.landmarks import PARTS
from helpers.metrics import point_errors
from helpers.model import to_pixels
from helpers.predict import Landmarker
from helpers.widgets.frontend import show_note
from helpers.widgets.knobs import NOTE, Knobs, Shown, frame, pick
from helpers.widgets.sliders import open_photograph

PHOTOGRAPH, CROP, GAP = (600, 450), 256, 12  # pixels of what is shown
GREY = 128  # of the patch
OWN, OTHER, PATCH = (255, 128, 0), (255, 255, 255), "rgb(86, 180, 233)"
TICKS = {"boxes": "boxes", "points": "points", "crop": "crop", "maps": "heat maps"}


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph, and the faces that were found in it.

    photograph: RGB uint8 [H, W, 3]. boxes: [n, 4] (left, top, width, height), in its pixels. name:
    of the file, for what is told.
    """

    photograph: np.ndarray
    boxes: np.ndarray
    name: str = "The picture"
    grey: np.ndarray = field(init=False, repr=False)
    small: np.ndarray = field(init=False, repr=False)
    _known: dict[Any, "Answer"] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        height, width = self.photograph.shape[:2]
        size = [max(1, round(n * self.scale)) for n in (width, height)]
        small = cv2.resize(self.photograph, size, interpolation=cv2.INTER_AREA)
        object.__setattr__(self, "grey", to_grey(self.photograph))
        object.__setattr__(self, "small", small)

    @property
    def scale(self) -> float:
        """Pixels of what is shown for one of the photograph; never more than two."""
        height, width = self.photograph.shape[:2]
        return min(2.0, PHOTOGRAPH[0] / width, PHOTOGRAPH[1] / height)

    @classmethod
    def of(
        cls, photograph: np.ndarray, landmarker: Landmarker, name: str = "The picture"
    ) -> "Scene":
        """The scene of a photograph, RGB uint8 [H, W, 3], with the faces that are found in it."""
        return cls(photograph, landmarker.detect(photograph), name)

    def asked(self, landmarker: Landmarker, box: np.ndarray) -> "Answer":
        """The network's answer to a box of the photograph; the last one is kept."""
        key = (id(landmarker), *map(float, box))
        if key not in self._known:
            answer = ask(landmarker, self.grey, box)
            self._known.clear()
            self._known[key] = answer
        return self._known[key]

    def shown(self, box: Sequence[float]) -> list[float]:
        """A box of the photograph in pixels of what is shown."""
        return [round(float(number) * self.scale, 1) for number in box]

    def back(self, box: Sequence[float]) -> np.ndarray:
        """A box of what is shown in pixels of the photograph: float32 [4]."""
        return np.asarray(box, np.float32) / np.float32(self.scale)

    def start(self) -> dict[str, Any]:
        """What the explorer begins with: the first face's box, and a patch beside it, as shown."""
        height, width = self.photograph.shape[:2]
        side = min(height, width) / 2
        middle = ((width - side) / 2, (height - side) / 2, side, side)
        left, top, side, _ = self.boxes[0] if len(self.boxes) else middle
        patch = (left + 0.15 * side, top + 0.2 * side, 0.3 * side, 0.3 * side)
        box = self.shown((left, top, side, side))
        return {"scene": self, "box": box, "patch": self.shown(patch)}


def covered(picture: np.ndarray, patch: ArrayLike) -> np.ndarray:
    """A copy of a picture [H, W, ...] with a grey patch (left, top, width, height) over it."""
    canvas = picture.copy()
    left, top, width, height = (round(number) for number in np.asarray(patch, float).tolist())
    canvas[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = GREY
    return canvas


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network says to one box: its crop [S, S] uint8, landmarks [68, 2], heat maps.

    landmarks: in pixels of the photograph. in_crop: the same in pixels of the crop. maps: chances
    [68, h, w], or None where a network has none.
    """

    crop: np.ndarray
    landmarks: np.ndarray
    in_crop: np.ndarray
    maps: np.ndarray | None


@torch.inference_mode()
def ask(landmarker: Landmarker, grey: np.ndarray, box: np.ndarray) -> Answer:
    """One pass of the network over the crop of a box (left, top, width, height) of grey [H, W]."""
    network, size = landmarker.model, landmarker.model.size
    matrix = crop_matrix(tuple(box), size, landmarker.margin)
    crop = warp(grey, matrix, size)
    image = torch.from_numpy(crop)[None, None].to(landmarker.device).float() / 127.5 - 1
    maps = None
    if isinstance(network, HeatmapNet):
        answer, scores = network.outputs(image)
        maps = scores[0].flatten(1).softmax(1).view_as(scores[0]).cpu().numpy()
    else:
        answer = network(image)
    points = to_pixels(answer, size)[0].cpu().numpy()
    return Answer(crop, move(points, invert(matrix)), points, maps)


def look(
    landmarker: Landmarker,
    scene: Scene,
    box: Sequence[float],
    patch: Sequence[float] | None = None,
    boxes: bool = True,
    points: bool = True,
    crop: bool = True,
    maps: bool = False,
) -> Shown:
    """What the network makes of one box: the photograph and, beside it, the crop that it sees.

    One pass from the box as it is given. box: (left, top, width, height), in pixels of what is
    shown. patch: the same of a grey patch that hides a part of the face, or None. boxes, points,
    crop, maps: whether these are drawn; maps only where the network has some.
    """
    own = scene.back(box)
    answer, small, hidden = scene.asked(landmarker, own), scene.small, ""
    if patch is not None:
        clear = answer.landmarks
        answer = ask(landmarker, covered(scene.grey, scene.back(patch)), own)
        small = covered(small, patch)
        hidden = moved_by(answer.landmarks, clear)
    picture = paint(small, scaled(answer.landmarks, scene.scale)) if points else small.copy()
    if boxes:
        for other in scene.boxes:
            corners = [round(number) for number in scene.shown(other)]
            cv2.rectangle(picture, corners, OTHER, 1)
    if crop or maps:
        picture = _with_crop(picture, _crop_picture(answer, points, maps))
    count = len(scene.boxes)
    faces = f"{count} face{'' if count == 1 else 's'} found" if count else "no face found"
    advice = "" if count else "Drag the frame to where one is. "
    told = f"{scene.name}: {faces}. {advice}{hidden}"
    alt = f"{scene.name}, {faces}; the landmarks of the face in the frame. {hidden}"
    return Shown(picture, alt.strip(), told.strip(), _handles(scene, box, patch, boxes))


def moved_by(found: np.ndarray, clear: np.ndarray) -> str:
    """How far a patch moves landmarks [68, 2], in a sentence: on average, and which part most."""
    errors = point_errors(found[None], clear[None])[0]
    part = max(PARTS, key=lambda name: errors[list(PARTS[name])].mean())
    most = errors[list(PARTS[part])].mean()
    return (
        f"The grey patch moves the points by {errors.mean():.1f} % of the distance of the eyes, "
        f"most the {part}, by {most:.1f} %."
    )


def _crop_picture(answer: Answer, points: bool, maps: bool) -> np.ndarray:
    """The crop as the network sees it, with heat maps and points on it: [CROP, CROP, 3]."""
    crop, zoom = answer.crop, CROP / len(answer.crop)
    if maps and answer.maps is not None:
        picture = paint_maps(crop, answer.maps, 1)
    else:
        picture = np.repeat(crop[..., None], 3, 2)
    picture = cv2.resize(picture, (CROP, CROP), interpolation=cv2.INTER_CUBIC)
    return paint(picture, scaled(answer.in_crop, zoom)) if points else picture


def _with_crop(picture: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """A picture with a crop to its right, on a white ground."""
    height = max(len(picture), CROP)
    canvas = np.full((height, picture.shape[1] + GAP + CROP, 3), 255, np.uint8)
    canvas[: len(picture), : picture.shape[1]] = picture
    canvas[:CROP, -CROP:] = crop
    return canvas


def _handles(
    scene: Scene, box: Sequence[float], patch: Sequence[float] | None, boxes: bool
) -> list[dict[str, Any]]:
    """What can be touched: other faces, the frame around this one, and the patch."""
    height, width = scene.small.shape[:2]
    within = (0, 0, width, height)
    others = [scene.shown(other) for other in scene.boxes]
    handles = [
        pick(f"face {k + 1}", "box", other, f"look at face {k + 1}")
        for k, other in enumerate(others)
        if boxes and np.abs(np.subtract(other, box)).max() > 1
    ]
    if boxes:
        handles.append(frame("box", "frame around the face", within, f"rgb{OWN}"))
    if patch is not None:
        handles.append(frame("patch", "grey patch", within, PATCH))
    return handles


def explorer(landmarker: Landmarker, picture: np.ndarray) -> Knobs:
    """The prediction explorer: give a picture, drag the frame and the grey patch.

    Choose, photograph, drop or paste a picture; points, crop and heat maps follow the frame around
    the face, and answer the patch. picture: RGB uint8 [H, W, 3], to begin with.
    """
    ticks = {name: ipywidgets.Checkbox(True, description=text) for name, text in TICKS.items()}
    if not isinstance(landmarker.model, HeatmapNet):
        del ticks["maps"]
    probing = ipywidgets.Checkbox(False, description="grey patch")

    def render(scene: Scene, box: Any, patch: Any, probe: bool, **ticks: bool) -> Shown:
        return look(landmarker, scene, box, patch if probe else None, **ticks)

    def take(content: bytes, name: str) -> dict[str, Any]:
        photograph = open_photograph(io.BytesIO(content), name=name)
        return Scene.of(photograph, landmarker, name).start()

    show_note(NOTE)
    start = Scene.of(picture, landmarker).start()
    size = (PHOTOGRAPH[0] + GAP + CROP, PHOTOGRAPH[1])
    return Knobs(render, ticks | {"probe": probing}, start, take, size)
