"""How long every contender takes for a face, all in one run; peers with their detectors as well.

How long does not depend on what was learned, but for faces that a network is unsure of and looks at
again. So what does not ship has random weights here, which are `Sure`, and the trees, of the depth
and number that the scoreboard's have, are trained on a few faces. Beside the peers (`bench.peers`)
stands their NME, which is given for the scoreboard's own trees only.
"""

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from bench import customary, peers, trees
from bench.contenders import SIZE, WIDTH, Contender, mean_face, ways
from helpers.annotations import Face
from helpers.checkpoint import SHIPPED, load_onnx, save_checkpoint
from helpers.export import export
from helpers.heatmap import HeatmapNet
from helpers.model import LandmarkNet
from helpers.predict import Landmarker

FACES = 60  # each contender predicts so many; the median counts


class Sure(Landmarker):
    """Random weights in place of a trained network, which doubts few faces: these doubt none.

    Without that they would doubt each, look at it again from every side, and take eight times as
    long as the network whose time is asked for.
    """

    def two_passes(
        self, grey: np.ndarray, boxes: np.ndarray, mirror: bool, angles: ArrayLike = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        answer, differ = super().two_passes(grey, boxes, mirror, angles)
        return answer, np.zeros_like(differ)


def measure(
    train: list[Face],
    test: list[Face],
    settings: dict[str, Any] = trees.FIRST,
    kept: Path | None = None,
) -> dict[str, Any]:
    """Contender to milliseconds a face, crop and way back included; and what `bench.peers` says.

    train, test: lists of faces. settings: the trees'. kept: the file of the scoreboard's trees, if
    there is one. On the CPU, one face at a time.
    """
    torch.manual_seed(0)
    rows = {}
    with TemporaryDirectory() as folder:
        for one in contenders(train[:50], settings, Path(folder)):
            rows[one.name] = {"milliseconds": round(one.on(test[:FACES])[1], 2)}
            print(f"{one.name:>34} {rows[one.name]}", flush=True)
        learned = bool(kept and kept.exists() and find_spec("dlib"))
        quick = Path(folder) / "trees.dat"
        file = kept if learned else quick if quick.exists() else None
        beside = peers.measure(test, peers.peers(file, learned))
    return {"contenders": rows, "peers": beside, "threads": torch.get_num_threads()}


def contenders(faces: list[Face], settings: dict[str, Any], folder: Path) -> list[Contender]:
    """All contenders; the files of those that do not ship are in the folder.

    Without dlib, which is an extra of the benchmark, the trees are not among them.
    """
    old, course, maps = folder / "old.pt", folder / "course.pt", folder / "maps.pt"
    figures = {"defects": {}, "size": 112, "seconds": None}
    torch.save({"weights": customary.network().state_dict(), "figures": figures}, old)
    found = [mean_face(faces), customary.contender(old)]
    if find_spec("dlib"):
        few, path = settings | {"oversampling_amount": 1}, folder / "trees.dat"
        trees.grow(faces, few, path, torch.get_num_threads())
        found.append(trees.contender(path))
    regression, heat_maps = LandmarkNet(64, 112).eval(), HeatmapNet(WIDTH, SIZE).eval()
    save_checkpoint(regression, course)
    save_checkpoint(heat_maps, maps, {"mirror": True}, half=True)
    export(maps, folder / "maps.onnx")
    on_onnx = Sure(*load_onnx(folder / "maps.onnx"), "cpu")
    found += ways(Sure(regression, device="cpu"), "notebook 04", course)
    found += ways(Sure(heat_maps, {"mirror": True}, "cpu"), "heat maps", maps)
    found += ways(on_onnx, "heat maps, ONNX", folder / "maps.onnx")
    for shipped, path in SHIPPED.items():
        found += ways(Landmarker.load(shipped, "cpu"), f"`{shipped}`", path)
    return found
