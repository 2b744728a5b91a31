"""Checkpoints: a network's weights, its kind and shape, and what is known of it, in one file."""

import hashlib
import os
import pickle
from pathlib import Path

import torch
from torch import nn

from helpers.files import whole_file
from helpers.heatmap import HeatmapNet
from helpers.model import LandmarkNet
from helpers.sources import data_folder

ASSETS = Path(__file__).parent / "assets"
# The weights that come with the project, the default first.
SHIPPED = {name: ASSETS / f"{name}.pt" for name in ("research", "free")}
SHIPPED["fast"] = ASSETS / "fast.onnx"
TRAIN_COMMAND = "python -m helpers.train --faces demo --epochs 20 --out FILE"
NETWORKS = {"LandmarkNet": LandmarkNet, "HeatmapNet": HeatmapNet}


def checkpoint_for(folder: str | Path) -> Path:
    """Where notebook 04 keeps the network of a data set's folder, and 05 looks for it."""
    limit = os.environ.get("FACES_LIMIT", "")
    key = hashlib.sha256(f"{Path(folder).resolve()} {limit}".encode()).hexdigest()[:8]
    return data_folder() / "checkpoints" / f"{Path(folder).name}-{key}.pt"


def save_checkpoint(model: nn.Module, path: str | Path, half=False, **about) -> None:
    """Writes the network's weights and shape, and what is known about them, to one file.

    half: stores 16-bit numbers, half the size. about: plain numbers, strings, lists and
    dictionaries, such as margin, data and test NME.
    """
    weights = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    if half:
        weights = {n: t.half() if t.is_floating_point() else t for n, t in weights.items()}
    with whole_file(path) as partial:
        saved = {"weights": weights, "network": type(model).__name__, "about": about}
        with open(partial, "wb") as file:  # by its name, torch would want an ending
            torch.save(saved | {"width": model.width, "size": model.size}, file)
        torch.load(partial, weights_only=True)  # what cannot be read must not replace a good file


def load_checkpoint(path: str | Path) -> tuple[nn.Module, dict]:
    """The network of a checkpoint, in eval mode, and what was saved about it.

    path: a file, or "research" or "free", weights that come with the project. Raises ValueError
    that names the file where it is missing, broken, of another network or for ONNX Runtime.
    """
    path = SHIPPED.get(path, path)
    if Path(path).suffix == ".onnx":
        raise ValueError(f"{path}: for ONNX Runtime, which predicts only: `Landmarker.load` it.")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        network = NETWORKS[saved.get("network", "LandmarkNet")]
        model = network(saved["width"], saved["size"])
        model.load_state_dict(saved["weights"])
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
