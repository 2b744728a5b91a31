"""A checkpoint as an ONNX file, which other runtimes read.

`python -m helpers.export CHECKPOINT FILE.onnx`; then `Landmarker.load("FILE.onnx")` predicts with
ONNX Runtime, which on a CPU takes about half of PyTorch's time for a single face.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from helpers.checkpoint import SHIPPED, load_checkpoint
from helpers.shell import one_sentence, parser_of
from helpers.storage import other_file, whole_file


def export(checkpoint: str | Path, path: str | Path, count: int | None = None) -> None:
    """Writes the network of a checkpoint, and what is known of it, as one ONNX file.

    The file's input "images" is [B, 1, size, size] for any B, as of a `Network`, its output
    "points" [B, 2 k]; its metadata has the scheme of the k points as JSON. count: the only B that
    the file is for; with one, OpenCV (`cv2.dnn.readNetFromONNX`) reads it, too, whose bilinear
    enlargement wants fixed sizes. Raises ValueError as `load_checkpoint` does, and where the
    packages that PyTorch's exporter needs are missing, as on Colab.
    """
    model, about = load_checkpoint(checkpoint)
    try:
        from onnxscript import ir  # needed here alone
    except ImportError as error:
        told = "needs onnx and onnxscript; `pip install onnx onnxscript`"
        raise ValueError(f"{path}: to write it {told} them.") from error
    # Older exporters warn of PyTorch's own operators, of which a reader can change nothing.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(
        model,
        (torch.zeros(count or 2, 1, model.size, model.size),),
        input_names=["images"],
        output_names=["points"],
        dynamic_shapes=None if count else ({0: torch.export.Dim("faces")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # only PyTorch's older exporter, without dynamo, returns nothing
    for node in program.model.graph:
        node.metadata_props.clear()  # where in whose folders the code of each layer lies
        if node.op_type == "Conv":  # which the weights tell as well, but not to OpenCV 4.8
            weights: Any = node.inputs[1]
            sizes = weights.shape.numpy()[2:]
            node.attributes["kernel_shape"] = ir.AttrInt64s("kernel_shape", sizes)
    program.model.metadata_props.update(
        size=str(model.size), about=json.dumps(about), scheme=json.dumps(model.scheme.data())
    )
    with whole_file(path) as partial:
        program.save(partial)


@one_sentence()
def main(arguments: Sequence[str] | None = None) -> None:
    """Writes a checkpoint as an ONNX file."""
    parser = parser_of("export", __doc__)
    parser.add_argument("checkpoint", help="a file that training wrote, or `research` or `free`")
    parser.add_argument("file", help="the ONNX file to write")
    args = parser.parse_args(arguments)
    export(args.checkpoint, other_file(args.file, SHIPPED.get(args.checkpoint, args.checkpoint)))
    print(f"{args.file}: {Path(args.file).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
