"""What is said of a contender: figures from its landmarks on a test list."""

import itertools
from pathlib import Path

import numpy as np

from helpers.annotations import PARTS, read_faces, read_image
from helpers.checkpoint import SHIPPED
from helpers.dataset import FaceLandmarksDataset
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

THRESHOLDS = np.arange(0, 20.5, 0.5)  # of the stored cumulative curve, per cent
YAWS, SIZES = (0, 10, 20, 30, 90), (0, 60, 90, 120, 10_000)  # edges of bins: degrees, pixels


def disjoint(test, train):
    """Which test faces are of a photograph that the training list does not show: bool [n]."""
    seen = {face.photograph for face in train}
    return np.array([face.photograph not in seen for face in test])


def figures(predicted, test, train):
    """All figures of one contender: plain numbers, in per cent, two decimals.

    Each is [value, low, high], with the ends of its 95 % bootstrap interval, drawing whole
    photographs; in front of those of a part of the list, how many faces it has. Everything but
    `nme_inter-pupil` and `nme_box` is normalised by the inter-ocular distance.
    """
    truth = np.stack([face.landmarks for face in test])
    photographs = [face.photograph for face in test]
    points = point_errors(predicted, truth)
    errors = points.mean(1)
    alone = disjoint(test, train)

    def interval(statistic, chosen=slice(None), errors=errors):
        value = float(statistic(errors[chosen]))
        ends = bootstrap(errors[chosen], statistic, np.array(photographs)[chosen])
        return [round(number, 2) for number in (value, *ends)]

    def by(labels, order=None):
        """For each label that occurs: how many faces, their NME and its interval."""
        return {
            str(name): [int((labels == name).sum()), *interval(np.mean, labels == name)]
            for name in order or sorted(set(labels))
            if (labels == name).any()
        }

    return {
        "nme": interval(np.mean),
        "nme_disjoint": [int(alone.sum()), *interval(np.mean, alone)] if alone.any() else None,
        "median": interval(np.median),
        "auc_8": interval(auc),
        "auc_10": interval(lambda e: auc(e, 10)),
        "failure_8": interval(failure_rate),
        "failure_10": interval(lambda e: failure_rate(e, 10)),
        **{
            f"nme_{name}": interval(np.mean, errors=nme(predicted, truth, name))
            for name in NORMALISERS
            if name != "inter-ocular"
        },
        "parts": {
            name: interval(np.mean, errors=points[:, list(part)].mean(1))
            for name, part in PARTS.items()
        },
        "points": np.round(points.mean(0), 2).tolist(),
        "subsets": by(np.array([subset(face) for face in test])),
        "yaw": by(*bins(abs(yaw(truth)), YAWS)),
        "eyes": by(*bins(inter_ocular(truth), SIZES)),
        "cumulative": np.round(cumulative(errors, THRESHOLDS), 1).tolist(),
    }


def bins(values, edges):
    """The bin of each value, [n], as text such as "10-20", or "30+" for the last; and all bins."""
    names = [f"{low}-{high}" for low, high in itertools.pairwise(edges)]
    names[-1] = f"{edges[-2]}+"
    return np.array(names)[np.digitize(values, edges[1:-1])], names


def shipped(name) -> dict:
    """Weights that ship: as `landmarks` predicts, on the eight demo faces of tests/faces; and, as
    in training, one pass on the test list of the demo people.
    """
    landmarker = Landmarker.load(name)
    faces = read_faces(Path(__file__).parent.parent / "tests" / "faces" / "labels_faces_test.xml")
    predicted = [landmarker.landmarks(read_image(face.image), [face.box])[0] for face in faces]
    errors = nme(predicted, [face.landmarks for face in faces])
    tested = FaceLandmarksDataset(read_faces(label_file(get_dataset("demo"), "test")),
                                  landmarker.model.size, landmarker.margin)  # fmt: skip
    test_nme = float(nme(*predict_all(landmarker.model, tested)).mean())
    file = SHIPPED[name]
    return {"bytes": file.stat().st_size, "faces": len(errors),
            "nme": round(float(errors.mean()), 4), "test_faces": len(tested),
            "test_nme": round(test_nme, 4)}  # fmt: skip
