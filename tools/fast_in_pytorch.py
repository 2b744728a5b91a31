"""The weights `fast` for PyTorch: the numbers of fast.onnx as a checkpoint.

python tools/fast_in_pytorch.py                   writes helpers/assets/fast.pt
python tools/fast_in_pytorch.py --compare PATHS   prints error and time of both files on
                                                  tests/faces and on test lists of data sets
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from helpers.annotations import Face, read_faces, read_image
from helpers.checkpoint import SHIPPED, load_checkpoint, load_onnx, save_checkpoint
from helpers.dataset import load_faces
from helpers.heatmap import HeatmapNet
from helpers.landmarks import NUM_LANDMARKS
from helpers.metrics import nme
from helpers.predict import Landmarker
from helpers.shell import one_sentence

SOURCE = SHIPPED["fast"]
TARGET = SOURCE.with_suffix(".pt")
FACES = Path(__file__).resolve().parent.parent / "tests" / "faces" / "labels_faces_test.xml"
QUANTIZED = ".weight_quantized"
ROUNDS = 3  # each network predicts each face so often; the first time of all warms up


def convert(source: Path, target: Path) -> None:
    """Writes the network of a file by `helpers.quantize`, a `HeatmapNet`, as a checkpoint.

    The weights stay in 8 bits. Between the layers, which the ONNX file rounds to 8 bits as well,
    PyTorch computes with whole floats.
    """
    file = onnx.load(source)
    known = {entry.key: entry.value for entry in file.metadata_props}
    arrays = {
        entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy())
        for entry in file.graph.initializer
    }
    layers = [name.removesuffix(QUANTIZED) for name in arrays if name.endswith(QUANTIZED)]
    model = HeatmapNet(len(arrays["stem.0" + QUANTIZED]), int(known["size"]))
    _do_nothing(model)
    weights, scales = model.state_dict(), {}
    for layer in layers:
        name = f"{layer}.weight"
        scales[name] = arrays[f"{name}_scale"]
        weights[name] = arrays[layer + QUANTIZED] * scales[name][:, None, None, None]
        own = f"{layer}.bias" in weights
        bias = f"{layer}.bias" if own else f"{layer}.weight_bias"
        steps, step = arrays[f"{bias}_quantized"], arrays[f"{bias}_quantized_scale"]
        weights[bias if own else f"{_norm_after(layer)}.bias"] = steps * step
    model.load_state_dict(weights)
    save_checkpoint(model, target, json.loads(known["about"]), scales=scales)


def _do_nothing(model: nn.Module) -> None:
    """Makes batch norms, which the export folded into the convolutions, add their bias alone."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.fill_(1 - module.eps)  # a batch norm adds eps before it divides


def _norm_after(layer: str) -> str:
    """The batch norm that follows a convolution without bias: stem.0's is stem.1, conv2's bn2."""
    before, last = layer.rsplit(".", 1)
    return f"{before}.{last.replace('conv', 'bn') if 'conv' in last else int(last) + 1}"


def compare(faces: Sequence[Face]) -> tuple[float, float, float]:
    """NME on ONNX Runtime and on PyTorch, and how many times as long a face takes on PyTorch.

    One pass, on the CPU, from the label file's boxes, one face at a time. They take turns over all
    faces, and the shortest of three times counts, so that whatever else the machine does meets
    both; not face by face, since the threads of each go on waiting busily for a moment.
    """
    landmarkers = [
        Landmarker(*load_onnx(SOURCE), "cpu"),
        Landmarker(*load_checkpoint(TARGET), "cpu"),
    ]
    times = np.zeros((2, ROUNDS, len(faces)))
    points = np.zeros((2, len(faces), NUM_LANDMARKS, 2), np.float32)
    for turn in range(ROUNDS):
        for one, landmarker in enumerate(landmarkers):
            for i, face in enumerate(faces):
                image = read_image(face.image)
                began = perf_counter()
                points[one, i] = landmarker.landmarks(image, [face.box], passes=1)[0]
                times[one, turn, i] = perf_counter() - began
    onnx_nme, torch_nme = (nme(own, [face.landmarks for face in faces]).mean() for own in points)
    onnx_time, torch_time = np.median(times.min(axis=1), axis=1)
    return float(onnx_nme), float(torch_nme), float(torch_time / onnx_time)


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Writes fast.pt, or prints how it stands beside fast.onnx."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compare", nargs="*", metavar="PATH", help="print error and time")
    args = parser.parse_args(arguments)
    if args.compare is None:
        convert(SOURCE, TARGET)
        print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.2f} MB")
        return
    lists = {"tests/faces": read_faces(FACES)}
    lists |= {name: load_faces("test", name) for name in args.compare}
    for name, faces in lists.items():
        onnx_nme, torch_nme, ratio = compare(faces)
        print(
            f"{name}, {len(faces)} faces, one pass: NME {onnx_nme:.3f} % on ONNX Runtime,"
            f" {torch_nme:.3f} % on PyTorch, which takes {ratio:.1f} times as long"
            f" ({torch.get_num_threads()} threads)"
        )


if __name__ == "__main__":
    main()
