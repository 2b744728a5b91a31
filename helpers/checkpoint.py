"""Checkpoints: a network's weights, its kind and shape, and what is known of it, in one file.

What is known of it, `about`, is a dictionary: its training's margin and history, its terms of use.
"""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.heatmap import HeatmapNet
from helpers.landmarks import IBUG, Scheme, scheme_from
from helpers.model import LandmarkNet, Network
from helpers.sources import label_file
from helpers.storage import data_folder, short_hash, whole_file

ASSETS = Path(__file__).parent / "assets"
# The weights that come with the project, the default first.
SHIPPED = {
    "research": ASSETS / "research.pt",
    "free": ASSETS / "free.pt",
    "fast": ASSETS / "fast.onnx",  # fast.pt beside it is the same network for PyTorch
}
# The ratio is measured: `python tools/fast_in_pytorch.py --compare` prints it.
WITHOUT_ONNXRUNTIME = (
    "on PyTorch; `pip install onnxruntime` would make it three to four times as fast on a CPU."
)
TRAIN_COMMAND = "python -m helpers.train --faces demo --epochs 20 --out FILE"
NETWORKS = {"LandmarkNet": LandmarkNet, "HeatmapNet": HeatmapNet}


def checkpoint_for(folder: str | Path) -> Path:
    """The file in which notebook 04 keeps the network of a data set, and 05 looks for it.

    folder: of the data set. The name follows from its label files, not from where it lies, so that
    it may be moved.
    """
    labels = [label_file(folder, part) for part in ("train", "test")]
    name = labels[0].stem.removeprefix("labels_").removesuffix("_train")
    key = short_hash(os.environ.get("FACES_LIMIT", ""), *(file.read_bytes() for file in labels))
    return data_folder() / "checkpoints" / f"{name}-{key}.pt"


def weights_file(checkpoint: str | Path) -> Path:
    """The file of weights that come with the project, by their name, or else the path itself.

    Where ONNX Runtime is not installed, as on Colab, "fast" is fast.pt, and one sentence is
    printed that says what installing it would gain.
    """
    file = SHIPPED.get(str(checkpoint))
    if file and file.suffix == ".onnx" and not _has_onnxruntime():
        print(f"{checkpoint}: {WITHOUT_ONNXRUNTIME}")
        return file.with_suffix(".pt")
    return file or Path(checkpoint)


def _has_onnxruntime() -> bool:
    """Whether ONNX Runtime can be imported; one that is there but broken cannot."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def save_checkpoint(
    model: Network,
    path: str | Path,
    about: dict[str, Any] | None = None,
    half: bool = False,
    scales: dict[str, torch.Tensor] | None = None,
) -> None:
    """Writes the network's weights and shape, and what is known about it, to one file.

    about: numbers, strings, lists and dictionaries, such as margin, data and test NME (NumPy's
    numbers become plain ones). half: stores 16-bit numbers, half the size. scales: names of
    weights to float32 [outputs], one for each output channel: these weights are stored as 8-bit
    multiples of them. Raises ValueError where `about` holds anything else; a file that was there
    before is then still whole.
    """
    weights = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    for name, scale in (scales or {}).items():
        steps = weights[name] / _along_outputs(scale, weights[name])
        weights[name] = steps.round().clamp(-128, 127).to(torch.int8)
    if half:
        weights = {n: t.half() if t.is_floating_point() else t for n, t in weights.items()}
    saved = {
        "weights": weights,
        "network": type(model).__name__,
        "about": plain(about or {}),
        "width": model.width,
        "size": model.size,
        "scheme": model.scheme.data(),
    }
    if scales:
        saved["scales"] = scales
    with whole_file(path) as partial, open(partial, "wb") as file:
        torch.save(saved, file)  # an open file, because a name would need an ending for torch


def plain(value: Any, name: str = "about") -> Any:
    """A value as a checkpoint can hold it: NumPy's numbers and arrays, and paths, made plain.

    Raises ValueError at anything else and says where it is, as in `about["terms"]`.
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item, f"{name}[{str(key)!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    kind = type(value).__name__
    raise ValueError(
        f"{name} is a {kind}; a checkpoint holds numbers, texts, lists and dictionaries."
    )


def load_checkpoint(path: str | Path) -> tuple[Network, dict[str, Any]]:
    """The network of a checkpoint, in eval mode, and what was saved about it.

    path: a file, or "research" or "free", weights that come with the project. "fast" is refused,
    since its batch norms are gone, so that a training could not go on from it. Raises ValueError
    that names the file where it is missing, broken, of another network or for ONNX Runtime.
    """
    path = SHIPPED.get(str(path), path)
    if Path(path).suffix == ".onnx":
        raise ValueError(f"{path}: for ONNX Runtime, which predicts only: `Landmarker.load` it.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        kind = NETWORKS[saved.get("network", "LandmarkNet")]
        model = kind(saved["width"], saved["size"], _scheme_of(saved))
        model.load_state_dict(_multiplied_out(saved["weights"], saved.get("scales", {})))
        about = saved["about"]
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such checkpoint; `{TRAIN_COMMAND}` makes one.") from error
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a checkpoint of this project.") from error
    except RuntimeError as error:
        raise ValueError(
            f"{path}: weights of another network, or a broken file; this project cannot load it."
        ) from error
    except (pickle.UnpicklingError, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path}: not a checkpoint that can be read.") from error
    return model.eval(), about


def _scheme_of(saved: dict[str, Any]) -> Scheme:
    """The scheme that was stored with a network; the 68 where there is none, as before version 0.3.

    Raises TypeError or ValueError where it is broken.
    """
    return scheme_from(saved["scheme"]) if "scheme" in saved else IBUG


def _multiplied_out(
    weights: dict[str, torch.Tensor], scales: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Weights of a checkpoint, those of 8 bits times their scales; others stay as they are.

    Raises RuntimeError, as `load_state_dict` does, where scales and weights do not fit together:
    PyTorch would take 8-bit numbers without a scale for weights.
    """
    found = dict(weights)
    eight_bits = {name for name, tensor in weights.items() if tensor.dtype == torch.int8}
    if eight_bits != set(scales):
        raise RuntimeError("8-bit weights and scales have different names")
    for name, scale in scales.items():
        whole = scale.shape == weights[name].shape[:1] and scale.is_floating_point()
        if not whole or not (scale.isfinite() & (scale > 0)).all():
            raise RuntimeError(f"the scales of {name} are broken")
        found[name] = weights[name] * _along_outputs(scale, weights[name])
    return found


def _along_outputs(scale: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """One number for each output channel, in a shape that multiplies weights [outputs, ...]."""
    return scale.view(-1, *[1] * (weights.dim() - 1))


class OnnxNetwork(Network):
    """An exported network, run by ONNX Runtime on the CPU: it predicts and cannot be trained.

    session: an `onnxruntime.InferenceSession` of the file.
    """

    def __init__(self, session: Any, size: int, scheme: Scheme = IBUG) -> None:
        super().__init__(None, size, scheme)
        self.session = session

    @property
    def count(self) -> int | None:
        """The only number of images that the file takes at a time; None where it takes any."""
        count = self.session.get_inputs()[0].shape[0]
        return count if isinstance(count, int) else None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        count = self.count or len(images)
        found = []
        for part in images.cpu().split(max(1, count)):
            room = part.new_zeros(count - len(part), *part.shape[1:])  # the last may be fewer
            (points,) = self.session.run(None, {"images": torch.cat([part, room]).numpy()})
            found.append(torch.from_numpy(points[: len(part)]))
        return torch.cat(found)


def load_onnx(path: str | Path) -> tuple[OnnxNetwork, dict[str, Any]]:
    """The network of a file that `helpers.export` wrote, and what was saved about it.

    Raises ValueError that names the file where it is missing or another kind of file, and where
    ONNX Runtime is not installed (`pip install onnxruntime`).
    """
    if not Path(path).is_file():
        raise ValueError(f"{path}: there is no such file; `python -m helpers.export` writes one.")
    try:
        import onnxruntime  # here, because only these networks need it
    except ImportError as error:
        raise ValueError(f"{path}: needs ONNX Runtime; `pip install onnxruntime` it.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that have answered must not go on waiting busily: they would take the cores from
    # PyTorch, with which a face is found. Seen: a face finder half as fast.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    providers = ["CPUExecutionProvider"]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        known = session.get_modelmeta().custom_metadata_map
        stored = {"scheme": json.loads(known["scheme"])} if "scheme" in known else {}
        network = OnnxNetwork(session, int(known["size"]), _scheme_of(stored))
        return network, json.loads(known["about"])
    except KeyError as error:
        raise ValueError(f"{path}: an ONNX file, but not one of this project.") from error
    except Exception as error:  # onnxruntime's own exceptions have no class in common
        raise ValueError(f"{path}: not an ONNX file that can be read.") from error
