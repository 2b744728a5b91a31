"""Few labels: what a fine-tuning keeps of the weights that ship, and what a negative is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from helpers.checkpoint import load_checkpoint, save_checkpoint
from helpers.landmarks import IBUG, Scheme, scheme_from
from helpers.model import LandmarkNet
from helpers.people import negatives
from helpers.people.negatives import film_people, negative
from helpers.train.few import fine_tune, start_near

OWN = scheme_from(
    {
        "name": "own",
        "points": ["one corner", "other corner", "tip"],
        "mirror": [[0, 1]],
        "normaliser": {"right": [0], "left": [1]},
    }
)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three people on film, in a data folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACES_DATA", str(tmp_path_factory.mktemp("data")))
        yield film_people(3)


def test_a_negative_is_dark_where_the_picture_is_bright_and_the_same_for_a_seed():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:, 20:] = 255
    scan = negative(picture, 1)
    assert scan.dtype == np.uint8 and scan.shape == picture.shape
    assert (scan[:, :15].mean((0, 1)) > scan[:, 25:].mean((0, 1)) + 50).all()
    assert np.array_equal(scan, negative(picture, 1))
    assert not np.array_equal(scan, negative(picture, 2))


def test_the_first_people_on_film_are_the_same_whatever_the_count(film):
    faces, extra = film
    fewer, some = film_people(2)
    assert [face.image for face in fewer] == [face.image for face in faces[:2]]
    assert [face.box for face in fewer] == [face.box for face in faces[:2]]
    assert np.array_equal(some, extra[:2], equal_nan=True)
    assert extra.shape == (3, 5, 2)


def test_pictures_of_people_on_film_are_drawn_once(film, monkeypatch):
    monkeypatch.setattr(negatives, "draw_person", None)
    assert len(film_people(3)[0]) == 3


def test_pupils_lie_within_their_eyes(film):
    faces, extra = film
    for face, points in zip(faces, extra, strict=True):
        for pupil, eye in ((points[0], range(36, 42)), (points[1], range(42, 48))):
            away = np.linalg.norm(pupil - face.landmarks[list(eye)].mean(0))
            assert np.isnan(away) or away < 0.15 * IBUG.length(face.landmarks[None])[0]


def test_a_fine_tuning_keeps_the_averages_and_changes_the_weights(film, tmp_path):
    losses = fine_tune(film[0], tmp_path / "mine.pt", steps=2)
    assert len(losses) == 2 and np.isfinite(losses).all()
    before, after = (load_checkpoint(one)[0].state_dict() for one in ("free", tmp_path / "mine.pt"))
    means = [name for name in before if name.endswith("running_mean")]
    assert means and all(torch.equal(before[name], after[name]) for name in means)
    assert not torch.equal(before["head.3.weight"], after["head.3.weight"])


def test_the_same_seed_gives_the_same_network_and_another_one_another(film, tmp_path):
    runs = [fine_tune(film[0], tmp_path / "a.pt", steps=1, seed=seed) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_a_checkpoint_has_the_scheme_and_the_terms_of_its_start(film, tmp_path):
    points = [36, 45, 30]
    faces = [replace(f, landmarks=f.landmarks[points], names=OWN.points) for f in film[0]]
    faces[0].landmarks[2] = np.nan  # a hidden point
    fine_tune(faces, tmp_path / "own.pt", steps=1, scheme=OWN, start="research")
    model, about = load_checkpoint(tmp_path / "own.pt")
    assert model.scheme.points == OWN.points and model.scheme.shape
    assert about["terms"] == load_checkpoint("research")[1]["terms"]


def test_a_new_point_starts_as_the_nearest_known_one():
    known, _ = load_checkpoint("free")
    at = [45, 36, 30]
    shape = tuple(IBUG.shape[i] for i in at)
    model = type(known)(known.width, known.size, replace(OWN, shape=shape))
    start_near(known, model)
    assert torch.equal(model.head[3].weight, known.head[3].weight[at])
    assert torch.equal(model.head[3].bias, known.head[3].bias[at])


def test_what_cannot_be_fine_tuned_is_said_in_a_sentence(film, tmp_path):
    with pytest.raises(ValueError, match="no face to learn from"):
        fine_tune([], tmp_path / "a.pt")
    with pytest.raises(ValueError, match="0 steps: a training needs at least one"):
        fine_tune(film[0], tmp_path / "a.pt", steps=0)
    with pytest.raises(ValueError, match=r"000\.png: has 68 points, the scheme 'mine' 1"):
        fine_tune(film[0], tmp_path / "a.pt", scheme=Scheme("mine", ("pupil",), (0,)))
    save_checkpoint(LandmarkNet(width=8, size=64), tmp_path / "plain.pt")
    with pytest.raises(ValueError, match=r"plain\.pt: a LandmarkNet; a HeatmapNet"):
        fine_tune(film[0], tmp_path / "a.pt", start=tmp_path / "plain.pt")
