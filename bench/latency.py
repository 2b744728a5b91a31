"""How long every contender takes for a face, all in one run.

That does not depend on what was learned. So what does not ship has random weights here, and the
trees, of the depth and number that the scoreboard's have, are trained on a few faces.
"""

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from bench import customary, trees
from bench.contenders import SIZE, WIDTH, mean_face, ways
from helpers.checkpoint import SHIPPED, save_checkpoint
from helpers.export import export, load_onnx
from helpers.heatmap import HeatmapNet
from helpers.model import LandmarkNet
from helpers.predict import Landmarker

FACES = 60  # each contender predicts so many; the median counts


def measure(train, test, settings=trees.FIRST) -> dict:
    """Contender to milliseconds a face, crop and way back included.

    train, test: lists of faces. settings: the trees'. On the CPU, one face at a time.
    """
    torch.manual_seed(0)
    with TemporaryDirectory() as name:
        folder = Path(name)
        figures = {"defects": {}, "size": 112, "seconds": None}
        old, course, maps = folder / "old.pt", folder / "course.pt", folder / "maps.pt"
        torch.save({"weights": customary.network().state_dict(), "figures": figures}, old)
        contenders = [mean_face(train[:50]), customary.contender(old)]
        if find_spec("dlib"):  # an extra of the benchmark
            few, path = settings | {"oversampling_amount": 1}, folder / "trees.dat"
            trees.grow(train[:50], few, path, torch.get_num_threads())
            contenders.append(trees.contender(path))
        regression, heat_maps = LandmarkNet(64, 112).eval(), HeatmapNet(WIDTH, SIZE).eval()
        save_checkpoint(regression, course)
        save_checkpoint(heat_maps, maps, half=True, mirror=True)
        export(maps, folder / "maps.onnx")
        on_onnx = Landmarker(*load_onnx(folder / "maps.onnx"), "cpu")
        contenders += ways(Landmarker(regression, device="cpu"), "notebook 04", course)
        contenders += ways(Landmarker(heat_maps, {"mirror": True}, "cpu"), "heat maps", maps)
        contenders += ways(on_onnx, "heat maps, ONNX", folder / "maps.onnx")
        for shipped, path in SHIPPED.items():
            contenders += ways(Landmarker.load(shipped, "cpu"), f"`{shipped}`", path)
        rows = {}
        for one in contenders:
            rows[one.name] = {"milliseconds": round(one.on(test[:FACES])[1], 2)}
            print(f"{one.name:>34} {rows[one.name]}", flush=True)
    return {"contenders": rows, "threads": torch.get_num_threads()}
