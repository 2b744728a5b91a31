"""A checkpoint as an ONNX file, which other runtimes read, and such a file as a network.

`python -m helpers.export CHECKPOINT FILE.onnx`; then `Landmarker.load("FILE.onnx")` predicts with
ONNX Runtime, which on a CPU takes a fraction of PyTorch's time for a single face.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import nn

from helpers.checkpoint import load_checkpoint
from helpers.files import whole_file


def export(checkpoint: str | Path, path: str | Path) -> None:
    """Writes the network of a checkpoint, and what is known of it, as one ONNX file.

    It takes images [B, 1, size, size] for any B. Raises ValueError as `load_checkpoint` does.
    """
    model, about = load_checkpoint(checkpoint)
    program = torch.onnx.export(
        model,
        (torch.zeros(2, 1, model.size, model.size),),
        input_names=["images"],
        output_names=["points"],
        dynamic_shapes=({0: torch.export.Dim("faces")},),
        dynamo=True,
        verbose=False,
    )
    for node in program.model.graph:
        node.metadata_props.clear()  # where in whose folders the code of each layer lies
    program.model.metadata_props.update(size=str(model.size), about=json.dumps(about))
    with whole_file(path) as partial:
        program.save(partial)


class OnnxNetwork(nn.Module):
    """An exported network on ONNX Runtime: called as `LandmarkNet` is, and on the CPU alone."""

    def __init__(self, session, size: int):
        super().__init__()
        self.session, self.size = session, size

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        points = self.session.run(None, {"images": images.cpu().numpy()})[0]
        return torch.from_numpy(points)


def load_onnx(path: str | Path) -> tuple[OnnxNetwork, dict]:
    """The network of a file that `export` wrote, and what is known of it.

    Raises ValueError that names the file where it is missing or another kind of file, and
    ImportError where ONNX Runtime is not installed (`pip install onnxruntime`).
    """
    import onnxruntime  # here, since only who predicts with it needs it

    if not Path(path).is_file():
        raise ValueError(f"{path}: there is no such file; `python -m helpers.export` writes one.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        known = session.get_modelmeta().custom_metadata_map
        return OnnxNetwork(session, int(known["size"])), json.loads(known["about"])
    except KeyError as error:
        raise ValueError(f"{path}: an ONNX file, but not one of this project.") from error
    except Exception as error:  # onnxruntime's own exceptions have no class in common
        raise ValueError(f"{path}: not an ONNX file that can be read.") from error


def main(arguments=None) -> None:
    """Writes a checkpoint as an ONNX file."""
    parser = argparse.ArgumentParser(
        "python -m helpers.export", description=__doc__.splitlines()[0]
    )
    parser.add_argument("checkpoint", help="a file that training wrote, or `research` or `free`")
    parser.add_argument("file", help="the ONNX file to write")
    args = parser.parse_args(arguments)
    try:
        export(args.checkpoint, args.file)
    except (ValueError, OSError) as error:
        raise SystemExit(str(error)) from None
    print(f"{args.file}: {Path(args.file).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
