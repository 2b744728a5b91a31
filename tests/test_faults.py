"""Notebook 04b's trainings: each fault does one thing otherwise, and nothing else."""

import pytest
import torch

from helpers.annotations import read_faces
from helpers.charts import training_rows
from helpers.dataset import FaceLandmarksDataset
from helpers.model import to_target
from helpers.sources import label_file
from helpers.train.faults import CAUSE_OF, CAUSES, Training

# What a training does otherwise: what it is shown, what it asks for, how fast, how it answers.
OTHERWISE = {
    "flip without renaming": {"images", "landmarks"},
    "forgotten eval()": {"alone"},
    "learning rate times 100": {"rate"},
    "points not moved with the image": {"landmarks"},
    "shuffled labels": {"landmarks"},
    "targets in pixels": {"targets"},
}


@pytest.fixture
def make(make_folder, data):
    faces = read_faces(label_file(make_folder("some", train=40, test=8), "train"))
    dataset = FaceLandmarksDataset(faces, 64)
    return lambda kind: kind(dataset, list(range(32)), list(range(32, 40)), width=8)


def traits(training):
    """All in which a fault may differ, by name."""
    images, landmarks = training.batch(1)
    targets = training.targets(torch.zeros(1, 68, 2)), training.targets(torch.full((1, 68, 2), 9.0))
    held, _ = training.held
    apart = training.answer(held)[:1] - training.answer(held[:1])
    return {
        "images": images,
        "landmarks": landmarks,
        "targets": torch.stack(targets),
        "rate": torch.tensor(training.rate),
        "alone": apart.abs() > 1e-3,
    }


@pytest.mark.parametrize("cause", CAUSES)
def test_a_fault_does_one_thing_otherwise(make, cause):
    right, wrong = traits(make(Training)), traits(make(CAUSES[cause]))
    assert {name for name in right if not torch.equal(right[name], wrong[name])} == OTHERWISE[cause]


def test_each_cause_is_behind_one_letter():
    assert sorted(CAUSE_OF.values()) == sorted(CAUSES) and list(CAUSE_OF) == list("ABCDEF")


def test_the_right_training_asks_for_parts_of_the_canvas_and_answers_each_face_alone(make):
    right = make(Training)
    points = torch.rand(2, 68, 2) * 63
    assert torch.equal(right.targets(points), to_target(points, 64))
    assert not traits(right)["alone"].any()


def test_points_that_are_not_moved_are_those_of_the_untouched_faces(make):
    training = make(CAUSES["points not moved with the image"])
    training.augment.ranges = dict.fromkeys(training.augment.ranges, 0.0)
    _, still = training.batch(1)
    assert torch.allclose(still, make(type(training)).batch(1)[1])


def test_shuffled_labels_are_the_same_labels_of_other_faces(make):
    right, wrong = make(Training).faces[1], make(CAUSES["shuffled labels"]).faces[1]
    same = (right[:, None] == wrong[None]).all((2, 3))
    assert same.any(0).all() and same.diagonal().float().mean() < 0.2


def test_after_a_flip_without_renaming_the_right_eye_is_on_the_other_side(make):
    _, points = make(CAUSES["flip without renaming"]).batch(1)
    crossed = points[:, 36, 0] > points[:, 45, 0]
    assert 0 < crossed.sum() < len(crossed)
    _, points = make(Training).batch(1)
    assert (points[:, 36, 0] < points[:, 45, 0]).all()


def test_a_training_twice_is_the_same_and_is_looked_at_on_its_way(make):
    one, other = make(Training), make(Training)
    for training in (one, other):
        training.run(steps=6, look=3)
    assert one.losses == other.losses and len(one.losses) == 6
    assert list(one.errors) == [3, 6] and one.errors == other.errors


def test_one_batch_is_learned_by_heart(make):
    training = make(Training)
    training.batch_size = 4
    training.run(steps=40, look=40, batch=1)
    assert training.losses[-1] < training.losses[0] / 5


def test_every_training_has_its_row_and_a_wild_one_leaves_the_others_as_they_are(make):
    right, face = make(Training), torch.zeros(32, 32, dtype=torch.uint8).numpy()
    right.run(steps=2, look=1)
    tame = right.losses, right.errors, {"1": face, "2": face}
    wild = [1e3, 1e5], {1: 1e4, 2: 1e5}, {"1": face, "2": face}
    one, two = training_rows({"right": tame}), training_rows({"right": tame, "A": wild})
    assert one.shape[2] == 3 and two.shape[0] == 2 * one.shape[0] and two.shape[1] == one.shape[1]
