"""Recipes train what they say, losses weigh as their papers say, trials differ in one thing."""

import numpy as np
import pytest
import torch

from helpers.annotations import read_faces
from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.heatmap import HeatmapNet, heatmap_loss
from helpers.landmarks import MIRROR
from helpers.model import LandmarkNet
from helpers.sources import label_file
from helpers.train import LOSSES, TRIALS, Recipe, fit
from helpers.train import recipe as recipes

SMALL = {"width": 8, "size": 32, "batch_size": 8}


@pytest.fixture
def faces(make_folder, data):
    return read_faces(label_file(make_folder("some", train=40, test=8), "train"))


@pytest.fixture
def asked(monkeypatch):
    """What a recipe hands to `fit`, which is not run."""
    seen = {}

    def watch(model, train_set, val_set, epochs, out, **settings):
        seen.update(settings, model=model, train_set=train_set, val_set=val_set)

    monkeypatch.setattr(recipes, "fit", watch)
    return seen


@pytest.mark.parametrize("network", ["LandmarkNet", "HeatmapNet"])
def test_the_same_recipe_twice_is_the_same_network(network, faces, tmp_path):
    small = Recipe(network, **SMALL, average=0.9)
    histories = [small.train(faces, 2, tmp_path / f"{i}.pt", device="cpu") for i in range(2)]
    assert histories[0] == histories[1]
    one, other = (load_checkpoint(tmp_path / f"{i}.pt")[0].state_dict() for i in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_recipe_holds_back_whole_photographs_and_counts_its_own_faces_again(faces, asked):
    copy = list(faces)  # the same faces, as another name for their folder would bring them
    Recipe(**SMALL).train(faces, 1, "out.pt", more=[faces, copy])
    held = {faces[i].photograph for i in asked["val_set"].indices}
    own, again, besides = asked["train_set"].datasets
    assert again is own and len(besides) == len(own)
    assert not held & {face.photograph for face in besides.faces}
    assert not held & {faces[i].photograph for i in own.indices}
    assert len(own) + len(asked["val_set"]) == len(faces)


def test_few_faces_are_whole_photographs_shown_over_and_over(faces, asked):
    Recipe(**SMALL).train(faces, 1, "out.pt")
    everyone, held = asked["train_set"].indices, asked["val_set"].indices
    Recipe(**SMALL).train(faces, 1, "out.pt", few=6)
    few = asked["train_set"].indices
    assert len(few) == len(everyone) and asked["val_set"].indices == held
    assert len(set(few)) == 6 and set(few) < set(everyone)
    whole = [photograph_has_all(faces, set(few), i) for i in set(few)]
    assert sum(whole) >= 5  # the last one may be cut
    assert asked["about"]["few"] == 6


def photograph_has_all(faces, chosen, index):
    """Whether all entries of a face's photograph are among the chosen indices."""
    shown = [i for i, face in enumerate(faces) if face.photograph == faces[index].photograph]
    return set(shown) <= chosen


def test_a_recipe_is_what_it_says(faces, asked):
    Recipe(**SMALL, margin=1.2, loss="Wing", flip=0.0, rename=False, average=0.5).train(
        faces, 1, "out.pt", seed=3
    )
    assert asked["loss_function"] is LOSSES["Wing"]
    assert (asked["augment"].flip, asked["augment"].partners) == (0.0, list(range(68)))
    assert (asked["average"], asked["about"], asked["seed"]) == (0.5, {"margin": 1.2}, 3)
    assert asked["train_set"].dataset.matrices[0][0, 0] == pytest.approx(
        32 / (1.2 * max(faces[0].box[2:])), rel=1e-6
    )
    Recipe("HeatmapNet", **SMALL).train(faces, 1, "out.pt")
    assert asked["loss_function"] is heatmap_loss
    assert isinstance(asked["model"], HeatmapNet)
    assert asked["augment"].partners == list(MIRROR)


def test_a_recipe_starts_from_the_mean_face_unless_told_otherwise(faces, asked, tmp_path):
    Recipe(**SMALL).train(faces, 1, "out.pt")
    hinted = asked["model"].head.bias.clone()
    Recipe(**SMALL, mean_face=False).train(faces, 1, "out.pt")
    assert (hinted - asked["model"].head.bias).abs().max() > 0.1
    with torch.no_grad():
        network = LandmarkNet(8, 32)
        network.head.bias.fill_(0.25)
    save_checkpoint(network, tmp_path / "before.pt")
    Recipe(**SMALL).train(faces, 1, "out.pt", start=tmp_path / "before.pt")
    assert (asked["model"].head.bias == 0.25).all()


def test_terms_of_the_start_hold_unless_others_are_said(faces, asked, tmp_path):
    save_checkpoint(LandmarkNet(8, 32), tmp_path / "before.pt", {"terms": "research only"})
    Recipe(**SMALL).train(faces, 1, "out.pt", start=tmp_path / "before.pt", about={"mirror": True})
    assert (asked["about"]["terms"], asked["about"]["mirror"]) == ("research only", True)
    Recipe(**SMALL).train(faces, 1, "out.pt", start=tmp_path / "before.pt", about={"terms": "none"})
    assert asked["about"]["terms"] == "none"
    Recipe(**SMALL).train(faces, 1, "out.pt")
    assert set(asked["about"]) == {"margin"}  # a plan, by which stopped trainings are known


def test_the_kept_weights_are_the_running_mean(faces, tmp_path):
    """One epoch of four steps, by hand: each step keeps half of the mean so far."""
    seen = []

    class Watched(LandmarkNet):
        def forward(self, images):
            if self.training:
                seen.append(self.head.bias.detach().clone())
            return super().forward(images)

    torch.manual_seed(0)
    network = Watched(8, 32)
    dataset = recipes.FaceLandmarksDataset(faces, 32)
    parts = torch.utils.data.Subset(dataset, range(32)), torch.utils.data.Subset(dataset, [38, 39])
    fit(network, *parts, 1, tmp_path / "net.pt", batch_size=8, average=0.5, device="cpu")
    after = [*seen[1:], network.head.bias.detach()]
    mean = after[0]
    for bias in after[1:]:
        mean = (mean + bias) / 2
    saved = torch.load(tmp_path / "net.pt", weights_only=True)["weights"]["head.bias"]
    torch.testing.assert_close(saved, mean)
    assert not torch.allclose(saved, after[-1])


def test_losses_by_hand():
    """Errors of 1 % and 20 % of the canvas, from the formulas of the papers."""
    zero, small, large = torch.zeros(1), torch.tensor([0.01]), torch.tensor([0.2])
    ln = np.log
    expected = {
        "MSE": (0.01**2, 0.2**2),
        "L1": (0.01, 0.2),
        "Wing": (10 * ln(1 + 1 / 2), 20 - (10 - 10 * ln(1 + 10 / 2))),
        "SoftWing": (1, 20 * ln(1 + 20 / 0.5) + 2 - 20 * ln(1 + 2 / 0.5)),
    }
    assert expected.keys() == LOSSES.keys()
    for name, values in expected.items():
        found = [float(LOSSES[name](off, zero)) for off in (small, large)]
        assert found == pytest.approx(values, rel=1e-5), name
        assert float(LOSSES[name](-small, zero)) == pytest.approx(found[0])


@pytest.mark.parametrize("name, edge", [("Wing", 0.1), ("SoftWing", 0.02)])
def test_a_wing_loss_has_no_step_where_its_parts_meet(name, edge):
    below, above = (
        float(LOSSES[name](torch.tensor([edge + d]), torch.zeros(1))) for d in (-1e-6, 1e-6)
    )
    assert below == pytest.approx(above, abs=0.01)


def test_each_trial_differs_from_the_one_beside_it_in_one_thing():
    for name, trial in TRIALS.items():
        if trial.beside is None:
            continue
        other = TRIALS[trial.beside]
        one, two = vars(trial.recipe), vars(other.recipe)
        changed = {key for key in one if one[key] != two[key]}
        changed |= {"more"} if trial.more != other.more else set()
        if name == "heat maps":
            changed -= {"loss"}  # maps have a loss of their own
        if name == "flip only":
            changed -= {"rename"}
        assert len(changed) == 1, (name, changed)
