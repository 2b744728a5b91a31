"""An exported network with 8-bit numbers: a quarter of the size, and quicker on a CPU.

`python -m helpers.quantize BIG.onnx SMALL.onnx --faces demo`, then `Landmarker.load("SMALL.onnx")`.
"""

import argparse
import tempfile
from pathlib import Path

from torch.utils.data import DataLoader

from helpers.augment import Augment
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset, load_faces
from helpers.export import load_onnx
from helpers.files import whole_file

COUNT = 256  # faces that are looked at


def quantize(path: str | Path, out: str | Path, faces: list) -> None:
    """Writes an exported network again, its convolutions in 8-bit numbers.

    path: an ONNX file that `helpers.export` wrote. faces: such as the network learned from; the
    first 256 tell how large the numbers of each layer become, and so which steps 8 bits have to
    take. What that costs, only a test list tells. After Jacob et al. 2018, arXiv 1712.05877.
    Raises ValueError as `load_onnx` does.
    """
    from onnxruntime import quantization  # here, since only this needs so much of it
    from onnxruntime.quantization.shape_inference import quant_pre_process

    network, about = load_onnx(path)
    crops = FaceLandmarksDataset(faces[:COUNT], network.size, about.get("margin", MARGIN))
    cut = Augment(network.size).eval()
    batches = iter([{"images": cut(*batch)[0].numpy()} for batch in DataLoader(crops, 8)])

    class Batches(quantization.CalibrationDataReader):
        def get_next(self):
            return next(batches, None)

    with tempfile.TemporaryDirectory() as folder, whole_file(out) as partial:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(path, ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready, partial, Batches(), op_types_to_quantize=["Conv"], per_channel=True,
            reduce_range=True,  # without, CPUs older than VNNI overflow
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )  # fmt: skip


def main(arguments=None) -> None:
    """Writes an exported network with 8-bit numbers."""
    parser = argparse.ArgumentParser(
        "python -m helpers.quantize", description=__doc__.splitlines()[0]
    )
    parser.add_argument("file", help="an ONNX file that helpers.export wrote")
    parser.add_argument("out", help="the ONNX file to write")
    parser.add_argument("--faces", default="demo", help="demo, ibug or a path: whose training list")
    args = parser.parse_args(arguments)
    try:
        quantize(args.file, args.out, load_faces("train", args.faces))
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
