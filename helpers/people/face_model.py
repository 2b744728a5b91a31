"""The statistical face model: its arrays, and the arithmetic of pictures in its frame.

The frame is 640 x 640 pixels with the mean face upright in it, and rows below for the body. Skin,
hair and clothes of a person are drawn there, before the mesh carries them to the photograph.
`reduce` is how many pixels of the frame go to one of a picture drawn in it: 1, 4 / 3, 2 or 4.
Points are (x, y), with pixel centres at whole numbers.
"""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

ASSET = Path(__file__).parent.parent / "assets" / "people.npz"
FRAME = 640
MIDDLE = FRAME // 2  # column that parts the face in two halves
BELOW = 480  # rows added under the frame, where the body goes on
FACE_WIDTH = 214.0  # of the mean face in the frame, between landmarks 0 and 16
# Rows and columns of the frame where the skin is stored: in detail, and at a quarter.
DETAILED_PART = (slice(132, 476), slice(184, 456))
SKIN_PART = (slice(96, 608), slice(160, 480))


@cache
def face_model() -> dict[str, np.ndarray]:
    """The arrays of the model by name: indices as int32, all else as float32.

    What varies between people is stored as NAME_mean [...] and NAME_modes [k, ...], for a step of
    one standard deviation (Cootes et al. 1998, "Active Appearance Models"). With the 60 numbers of
    a `Person.code`: shape [v, 2], the displacements of the vertices; low [3, 128, 80], the skin as
    YCrCb from 0 to 255 at a quarter of the frame; high [344, 272], what its brightness has besides
    in detail; hair_colour [3], YCrCb. With the 28 of a `Person.style`: hair [160, 160], body and
    clothes [80, 80], signed distances to their outlines in pixels of the frame, positive inside;
    shade [80, 80], 20 times the logarithm of the hair's brightness.

    The same for everyone: uv [v, 2], the vertices in the frame, 68 points of faces first; triangles
    [t, 3]; depth [160, 160]; lids [2, 2, 5, 2], the edges of both lids of each eye; smile_moves
    [v, 2] and smile_shade [160, 160], what a smile displaces and darkens; grain [86, 68], how
    rough the skin is. style_from_code [60, 28] and style_rest [28] foretell a style,
    long_from_code [60] whether hair is long. nearest, nearest_among and nearest_of tell how
    far the people of the default data set are from those that the model was fitted to.
    """
    with np.load(ASSET, allow_pickle=False) as stored:
        model = {k: stored[k] for k in stored.files}
    for name in [k for k in model if k.endswith("_scale")]:
        modes = name.replace("_scale", "_modes")
        scale = model.pop(name)
        model[modes] = model[modes] * scale.reshape(-1, *[1] * (model[modes].ndim - 1))
    return {k: v.astype(np.float32 if v.dtype.kind == "f" else np.int32) for k, v in model.items()}


def blend(model: dict[str, np.ndarray], name: str, code: np.ndarray) -> np.ndarray:
    """Mean plus modes times coefficients, of one of the model's arrays: float32 [...].

    code: float32 [k], in standard deviations.
    """
    # Not a matrix product: einsum sums in one thread, so always in the same order.
    return model[f"{name}_mean"] + np.einsum("k,k...->...", code, model[f"{name}_modes"])


def depth_at(points: np.ndarray) -> np.ndarray:
    """Depth of the mean face at points [n, 2] of the frame, towards the camera: float32 [n].

    In pixels of the frame. A point outside of the frame has the depth of the nearest border.
    """
    at = reduced(points.astype(np.float32), 4)  # the depth is stored at a quarter of the frame
    depth = face_model()["depth"]
    found = cv2.remap(
        depth, at[:, :1], at[:, 1:], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return found[:, 0]


def reduced(points: np.ndarray, reduce: float) -> np.ndarray:
    """Points [..., 2] of the frame, in pixels of a picture at 1 / reduce of it."""
    return (points + 0.5) / reduce - 0.5


def enlarge(image: np.ndarray, step: int, reduce: float) -> np.ndarray:
    """A map stored at 1 / step of the frame, at 1 / reduce of it and with rows added below.

    image: float32 [h, w] or [h, w, c].
    """
    image = cv2.copyMakeBorder(image, 0, BELOW // step, 0, 0, cv2.BORDER_REPLICATE)
    size = (round(image.shape[1] * step / reduce), round(image.shape[0] * step / reduce))
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)


def smooth(t: np.ndarray | float) -> np.ndarray:
    """A smooth step: 0 where t is below 0, 1 where it is above 1, and a cubic between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def ramp(distance: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """A straight step from 0 to 1 as wide as `width`, its middle where a signed distance is 0."""
    return np.clip(distance * (1 / np.asarray(width, np.float32)) + np.float32(0.5), 0, 1)


def mix(under: np.ndarray, over: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """One picture over another: float32 [H, W, 3], the upper one where amount [H, W] is 1."""
    return cv2.blendLinear(under, over, 1 - amount, amount)


def times(picture: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """A picture [H, W, 3] times a plane [H, W], both float32."""
    return cv2.multiply(picture, cv2.merge([factor] * 3))
