"""What is said of a contender: figures from its landmarks on a test list."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.annotations import Face, read_faces, read_image
from helpers.checkpoint import SHIPPED
from helpers.dataset import FaceLandmarksDataset
from helpers.landmarks import PARTS
from helpers.metrics import (
    NORMALISERS,
    auc,
    bootstrap,
    cumulative,
    failure_rate,
    inter_ocular,
    nme,
    point_errors,
)
from helpers.pose import subset, yaw
from helpers.predict import Landmarker, predict_all
from helpers.sources import get_dataset, label_file

Statistic = Callable[[np.ndarray], Any]

THRESHOLDS = np.arange(0, 20.5, 0.5)  # of the stored cumulative curve, per cent
YAWS, SIZES = (0, 10, 20, 30, 90), (0, 60, 90, 120, 10_000)  # edges of bins: degrees, pixels


def disjoint(test: Sequence[Face], train: Sequence[Face]) -> np.ndarray:
    """For each test face "shared" if the training list shows its photograph, else "disjoint"."""
    seen = {face.photograph for face in train}
    return np.array(["shared" if face.photograph in seen else "disjoint" for face in test])


def figures(predicted: np.ndarray, test: Sequence[Face], train: Sequence[Face]) -> dict[str, Any]:
    """All figures of one contender: plain numbers, in per cent, two decimals.

    Each is [value, low, high], with the ends of its 95 % bootstrap interval, drawing whole
    photographs; in front of those of a part of the list, how many faces it has. Everything but
    `nme_inter-pupil` and `nme_box` is normalised by the inter-ocular distance.
    """
    truth = np.stack([face.landmarks for face in test])
    photographs = np.array([face.photograph for face in test])
    points = point_errors(predicted, truth)
    errors = points.mean(1)

    def of_all(statistic: Statistic, errors: np.ndarray = errors) -> list[float]:
        return interval(errors, photographs, statistic)

    return {
        "nme": of_all(np.mean),
        "nme_disjoint": by(errors, photographs, disjoint(test, train)).get("disjoint"),
        "median": of_all(np.median),
        "auc_8": of_all(auc),
        "auc_10": of_all(lambda e: auc(e, 10)),
        "failure_8": of_all(failure_rate),
        "failure_10": of_all(lambda e: failure_rate(e, 10)),
        **{
            f"nme_{name}": of_all(np.mean, nme(predicted, truth, name))
            for name in NORMALISERS
            if name != "inter-ocular"
        },
        "parts": {n: of_all(np.mean, points[:, list(part)].mean(1)) for n, part in PARTS.items()},
        "points": np.round(points.mean(0), 2).tolist(),
        "subsets": by(errors, photographs, np.array([subset(face) for face in test])),
        "yaw": by(errors, photographs, *bins(abs(yaw(truth)), YAWS)),
        "eyes": by(errors, photographs, *bins(inter_ocular(truth), SIZES)),
        "cumulative": np.round(cumulative(errors, THRESHOLDS), 1).tolist(),
    }


def interval(errors: np.ndarray, photographs: np.ndarray, statistic: Statistic) -> list[float]:
    """A figure of the faces with these errors, and the ends of its interval."""
    ends = bootstrap(errors, statistic, photographs)
    return [round(float(number), 2) for number in (statistic(errors), *ends)]


def by(
    errors: np.ndarray, photographs: np.ndarray, labels: np.ndarray, order: Iterable[str] = ()
) -> dict[str, list[float]]:
    """For each label that occurs: how many faces, their NME and its interval."""
    return {
        str(name): [int(chosen.sum()), *interval(errors[chosen], photographs[chosen], np.mean)]
        for name in order or sorted(set(labels))
        for chosen in [labels == name]
        if chosen.any()
    }


def bins(values: np.ndarray, edges: Sequence[float]) -> tuple[np.ndarray, list[str]]:
    """The bin of each value, [n], as text such as "10-20", or "30+" for the last; and all bins."""
    names = [f"{low}-{high}" for low, high in itertools.pairwise(edges)]
    names[-1] = f"{edges[-2]}+"
    return np.array(names)[np.digitize(values, edges[1:-1])], names


def shipped(name: str) -> dict[str, Any]:
    """Figures of weights that ship, on people who do not exist.

    `nme`: as `landmarks` predicts, on the eight faces of tests/faces; `test_nme`: as in training,
    one pass on the test list of the demo people; how many faces each has; bytes of the file.
    """
    landmarker = Landmarker.load(name)
    faces = read_faces(Path(__file__).parent.parent / "tests" / "faces" / "labels_faces_test.xml")
    predicted = [landmarker.landmarks(read_image(face.image), [face.box])[0] for face in faces]
    errors = nme(predicted, [face.landmarks for face in faces])
    people = read_faces(label_file(get_dataset("demo"), "test"))
    crops = FaceLandmarksDataset(people, landmarker.model.size, landmarker.margin)
    test_nme = float(nme(*predict_all(landmarker.model, crops)).mean())
    return {
        "bytes": SHIPPED[name].stat().st_size,
        "faces": len(errors),
        "nme": round(float(errors.mean()), 4),
        "test_faces": len(people),
        "test_nme": round(test_nme, 4),
    }
