"""An exported network with 8-bit numbers: a quarter of the size, and quicker on a CPU.

`python -m helpers.quantize BIG.onnx SMALL.onnx --faces demo`, then `Landmarker.load("SMALL.onnx")`.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers.annotations import Face
from helpers.checkpoint import load_onnx
from helpers.crop import MARGIN
from helpers.dataset import FaceLandmarksDataset, load_faces
from helpers.predict import middle_crops
from helpers.shell import one_sentence, parser_of
from helpers.storage import other_file, whole_file

COUNT = 256  # faces that show how large the numbers of each layer become


def quantize(path: str | Path, out: str | Path, faces: list[Face]) -> None:
    """Writes an exported network again, its convolutions in 8-bit numbers.

    path: an ONNX file that `helpers.export` wrote. faces: such as the network learned from; the
    first 256 tell how large the numbers of each layer become, and so which steps 8 bits have to
    take (Jacob et al. 2018, arXiv 1712.05877). What that costs, only a test list tells.
    Raises ValueError as `load_onnx` does, and where the package `onnx` is missing.
    """
    network, about = load_onnx(path)
    try:
        from onnxruntime import quantization  # here, because loading it takes long
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise ValueError(f"{path}: to write it again needs onnx; `pip install onnx` it.") from error
    crops = FaceLandmarksDataset(faces[:COUNT], network.size, about.get("margin", MARGIN))
    batches = middle_crops(network, crops, batch_size=network.count or 8)

    class Batches(quantization.CalibrationDataReader):
        def get_next(self) -> dict[str, np.ndarray] | None:
            images, _ = next(batches, (None, None))
            if images is None or len(images) != (network.count or len(images)):
                return None  # a last batch that the file does not take
            return {"images": images.numpy()}

    with tempfile.TemporaryDirectory() as folder, whole_file(out) as partial:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(path, ready, skip_symbolic_shape=True)
        quantization.quantize_static(
            ready,
            partial,
            Batches(),
            op_types_to_quantize=["Conv"],
            per_channel=True,
            reduce_range=True,  # without, CPUs older than VNNI overflow
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Writes an exported network with 8-bit numbers."""
    parser = parser_of("quantize", __doc__)
    parser.add_argument("file", help="an ONNX file that helpers.export wrote")
    parser.add_argument("out", help="the ONNX file to write")
    parser.add_argument("--faces", default="demo", help="demo, ibug or a path: whose training list")
    args = parser.parse_args(arguments)
    other_file(args.out, args.file)
    load_onnx(args.file)  # what cannot be read is told before any faces are made
    quantize(args.file, args.out, load_faces("train", args.faces))


if __name__ == "__main__":
    main()
