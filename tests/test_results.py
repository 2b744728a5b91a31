"""The README's figures are those that were measured, and the shipped weights still earn theirs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch.utils.data import Subset

from helpers.dataset import FaceLandmarksDataset
from helpers.metrics import nme
from helpers.model import load_checkpoint
from helpers.predict import SHIPPED, predict_all

ROOT = Path(__file__).resolve().parent.parent


def test_the_readme_shows_the_figures_of_results_json():
    done = subprocess.run(
        [sys.executable, "-m", "bench.results", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_network_of_the_demo_makes_at_most_half_the_error_of_the_mean_face():
    result = json.loads((ROOT / "bench" / "results.json").read_text("utf-8"))["run demo"]
    assert result["test_nme"] <= result["mean_face"] / 2


def test_the_shipped_weights_score_what_they_say():
    from helpers.dataset import load_faces

    model, about = load_checkpoint(SHIPPED)
    test_set = FaceLandmarksDataset(load_faces("test", "demo"), model.size)
    count = len(about["test_errors"])
    errors = nme(*predict_all(model, Subset(test_set, range(count))))
    # Another machine's decoder and arithmetic may differ in the last bits, not in the second digit.
    assert errors == pytest.approx(about["test_errors"], abs=0.05)
