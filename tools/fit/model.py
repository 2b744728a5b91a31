"""The statistical face model of a set of portraits: what `helpers/assets/people.npz` holds.

See `helpers.people.face_model.face_model` for its arrays.
"""

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from fit.components import as_bytes, joint_components, spread
from fit.frame import ANCHORS, KNOT_OF_LANDMARK, XX, YY, Alignment, align, align_more, smaller
from fit.looks import as_of_one_studio, hair_statistics, skin_textures, smile_statistics
from fit.mesh import depth_map, mesh
from fit.nearest import Space, shape_and_skin
from fit.regions import CLOTHES, HAIR, bare_heads, cut, signed_distance, under_white_light
from helpers.people.face_model import MIDDLE

MODES, STYLE_MODES = 60, 28
BELOW_CHINS = 452  # row of the frame
DETAIL = [*range(18, 34), *range(34, 44), *range(87, 109)]  # template points on lids and lips
# Template points on the upper and the lower lid of both eyes, from left to right.
LIDS = [18, 19, 20, 21, 22, 18, 28, 29, 30, 22, 23, 24, 25, 26, 27, 23, 31, 32, 33, 27]

Model = dict[str, np.ndarray]


def fit(
    london: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    canada: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[Model, dict[str, Space]]:
    """The model of n + m people, and the spaces in which they are told from drawn ones.

    london, canada: what `london_set.read_london` and `read_neutral` return, of n and of m people.
    Shape, skin and colour of the hair are those of all; the frame, hair, clothes and smile those of
    the London Set, whose pictures show more than a head and whose people also smile.
    """
    pictures, smiling, points, landmarks = london
    alignment = align(points, landmarks)
    others = align_more(alignment, *canada[1:])
    print(f"{len(pictures)} and {len(canada[0])} people, {len(alignment.mean)} points; warping ...")
    frames = alignment.warped(pictures)
    more = others.warped(np.array([under_white_light(picture) for picture in canada[0]]))
    classes = cut(frames)
    geometry, shapes = _geometry(alignment, np.concatenate([alignment.aligned, others.aligned]))
    smile = _smile(geometry["uv"], frames, alignment.warped(smiling))
    dressed = cut(more)
    dressed[:, BELOW_CHINS:] = CLOTHES  # which may be red or beige, as skin is
    everyone = np.concatenate([frames, more]), np.concatenate([classes, dressed])
    low, high = skin_textures(*everyone)
    hair_colours, shades, length = hair_statistics(*everyone)
    low = as_of_one_studio(low, len(pictures))
    parts = {"shape": shapes, "low": low, "high": high, "hair_colour": hair_colours}
    codes, looks = _looks(parts)
    own = slice(len(pictures))
    style, outlines = _style(_outlines(classes, shades[own]))
    # From the frame's shape to that of all people, by way of the slit between the lips.
    geometry["shape_mean"] = geometry["shape_mean"] + looks["shape_mean"]
    model = looks | outlines | smile | geometry | _foretold(codes[own], style, length[own])
    return model, shape_and_skin(model, parts, codes)


def _geometry(alignment: Alignment, aligned: np.ndarray) -> tuple[Model, np.ndarray]:
    """The mesh and its depth, and the displacements of its vertices for n people: [n, v, 2].

    aligned: their knots in the frame, [n, k, 2]. The displacements spread from the knots over the
    mesh by a thin-plate spline.
    """
    uv, mean = alignment.uv, alignment.mean
    vertices, triangles = mesh(uv[KNOT_OF_LANDMARK], alignment.template_points(DETAIL))
    moves = np.concatenate([mean[None] - uv, aligned - mean])
    moves = np.concatenate([moves, np.zeros((len(moves), len(ANCHORS), 2))], 1)
    spline = RBFInterpolator(
        np.r_[uv, ANCHORS], moves.transpose(1, 0, 2).reshape(moves.shape[1], -1), smoothing=0.5
    )
    moves = spline(vertices).reshape(len(vertices), -1, 2).transpose(1, 0, 2)
    model = {
        "uv": vertices.astype(np.float32),
        "triangles": triangles.astype(np.int16),
        "depth": smaller(depth_map(mean[KNOT_OF_LANDMARK]), 4).astype(np.float16),
        "lids": alignment.template_points(LIDS).astype(np.float32).reshape(2, 2, 5, 2),
        "shape_mean": moves[0].astype(np.float32),
    }
    return model, moves[1:]


def _smile(vertices: np.ndarray, neutral: np.ndarray, smiling: np.ndarray) -> Model:
    """What a smile does: to the vertices [v, 2], and to the brightness of the skin."""
    moves, shade = smile_statistics(neutral, smiling)
    at_vertices = cv2.remap(moves, vertices[:, None, 0], vertices[:, None, 1], cv2.INTER_LINEAR)
    at_vertices = at_vertices[:, 0]
    return {"smile_moves": at_vertices, "smile_shade": smaller(shade, 4).astype(np.float16)}


def _looks(parts: Model) -> tuple[np.ndarray, Model]:
    """Shape, skin and hair colour by one code: the codes [n, 60], and the arrays of the model."""
    codes, found = joint_components(parts, MODES, emphasis={"hair_colour": 0.5, "high": 0.7})
    model = {}
    for name, (mean, modes) in found.items():
        model[f"{name}_mean"] = mean.astype(np.float32)
        if name in ("low", "high"):
            step = {"low": 0.5, "high": 0.6}[name]
            model[f"{name}_modes"], model[f"{name}_scale"] = as_bytes(modes, step)
        else:
            model[f"{name}_modes"] = modes.astype(np.float16)
    modes = model["high_modes"] * spread(model["high_scale"], model["high_modes"])
    residual = parts["high"] - (model["high_mean"] + np.tensordot(codes, modes, 1))
    grain = np.sqrt(cv2.GaussianBlur(np.square(residual).mean(0), (0, 0), 2))
    model["grain"] = smaller(grain, 4).astype(np.float16)
    return codes, model


def _outlines(classes: np.ndarray, shades: np.ndarray) -> dict[str, np.ndarray]:
    """Hair and clothes of n people as maps: signed distances, and the brightness of the hair."""
    beside = (YY > 500) & (abs(XX - MIDDLE) > 150)  # where clothes are, whatever was found
    clothes = [(c == CLOTHES) | beside for c in classes]
    return {
        "hair": np.array([smaller(signed_distance(c == HAIR), 4) for c in classes]),
        "body": np.array([smaller(signed_distance(head), 8) for head in bare_heads(classes)]),
        "clothes": np.array([smaller(signed_distance(c), 8) for c in clothes]),
        "shade": shades * 20,
    }


def _style(outlines: dict[str, np.ndarray]) -> tuple[np.ndarray, Model]:
    """Hair and clothes by another code: the codes [n, 28], and the arrays of the model."""
    codes, found = joint_components(outlines, STYLE_MODES, emphasis={"hair": 2})
    model = {}
    for name, (mean, modes) in found.items():
        model[f"{name}_mean"] = mean.astype(np.float16)
        step = 0.25 if name == "shade" else 0.5
        model[f"{name}_modes"], model[f"{name}_scale"] = as_bytes(modes, step)
    return codes, model


def _foretold(codes: np.ndarray, style: np.ndarray, length: np.ndarray) -> Model:
    """How people's looks foretell hair and neckline (ridge regression), and what is left to chance.

    Without an intercept: who looks as all do on average has the London Set's average hair.

    codes: [n, 60], of the looks; style: [n, 28]; length: of the hair, [n].
    """
    ridge = codes.T @ codes + 60 * np.eye(MODES)
    style_from_code = np.linalg.solve(ridge, codes.T @ style).astype(np.float32)
    # Whose hair is long: the direction of code along which it gets longer, standardised.
    longer = np.linalg.solve(ridge, codes.T @ (length - length.mean()))
    return {
        "style_from_code": style_from_code,
        "style_rest": (style - codes @ style_from_code).std(0).astype(np.float32),
        "long_from_code": (longer / np.linalg.norm(longer)).astype(np.float32),
    }
