"""The benchmark: its figures repeat, its switches do what they say, its tables are its figures."""

import json

import numpy as np
import pytest
import torch

from bench import customary, results, scoreboard, trees
from bench.contenders import course, mean_face
from helpers.annotations import read_faces
from helpers.metrics import nme
from helpers.people import make_people
from helpers.sources import label_file


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """A training and a test list of a few demo people."""
    folder = make_people(tmp_path_factory.mktemp("people"), train=50, test=6, seed=5)
    return tuple(read_faces(label_file(folder, part)) for part in ("train", "test"))


def figures(contender, lists):
    predicted, _ = contender.on(lists[1])
    return scoreboard.figures(predicted, lists[1], lists[0])


def test_the_customary_network_trained_twice_has_the_same_figures(lists, tmp_path):
    found = []
    for folder in ("one", "other"):
        told, path = customary.trained(
            *lists, customary.Defects(), tmp_path / folder, 0, size=32, epochs=1
        )
        found.append((told | {"seconds": 0}, figures(customary.contender(path), lists)))
    assert found[0] == found[1]


def test_the_network_of_the_course_trained_twice_has_the_same_figures(lists, tmp_path):
    one, other = (course(lists[0], tmp_path / folder, 1, 32) for folder in ("one", "other"))
    assert [figures(c, lists) for c in one] == [figures(c, lists) for c in other]
    assert figures(one[0], lists) != figures(one[1], lists)  # the second pass does something


def test_the_trees_trained_twice_have_the_same_figures(lists, tmp_path):
    pytest.importorskip("dlib", reason="the peer is an extra of the benchmark")
    search = [trees.FIRST | {"cascade_depth": depth} for depth in (1, 2)]
    found = [trees.best(lists[0], tmp_path / folder, search) for folder in ("one", "other")]
    assert figures(found[0][0], lists) == figures(found[1][0], lists)
    assert found[0][1] == found[1][1]
    assert len(found[0][1]) == 2


def test_what_was_trained_is_not_trained_again(lists, tmp_path, monkeypatch):
    told, _ = customary.trained(*lists, customary.Defects(), tmp_path, 0, size=32, epochs=1)
    course(lists[0], tmp_path, 1, 32)
    monkeypatch.setattr(customary, "train", None)
    monkeypatch.setattr("bench.contenders.fit", None)
    again, _ = customary.trained(*lists, customary.Defects(), tmp_path, 0, size=32, epochs=1)
    assert again == told
    course(lists[0], tmp_path, 1, 32)


def test_a_leaking_split_leaks_and_the_other_does_not(lists):
    faces = lists[0]
    for leaking in (True, False):
        here, held = customary.split(faces, leaking, seed=0)
        shown = {faces[i].photograph for i in here}
        assert sorted([*here, *held]) == list(range(len(faces)))
        assert any(faces[i].photograph in shown for i in held) == leaking


def test_landmarks_stay_under_the_picture_in_the_customary_rotation(lists):
    """A white picture with one black dot at a landmark: after the rotation it is still there."""
    import cv2

    face = lists[0][0]
    picture = cv2.imread(str(face.image))
    picture[:] = 255
    x, y = (float(v) for v in face.landmarks[30])
    cv2.circle(picture, (round(x), round(y)), 4, (0, 0, 0), -1)
    face = type(face)(face.image.with_name("dot.png"), face.box, face.landmarks, "")
    cv2.imwrite(str(face.image), picture)
    dataset = customary.CustomaryDataset([face], 128, margin=1.5)
    for _ in range(5):
        image, landmarks = dataset[0]
        dark = np.argwhere((image[0] < -0.2).numpy() & inside_turned(128))
        found = dark.mean(0)[::-1]
        expected = (landmarks[30].numpy() + 0.5) * 128
        assert np.abs(found - expected).max() < 2.5


def inside_turned(size):
    """Where a square turned by 10 degrees still covers itself: bool [size, size]."""
    at = np.abs(np.arange(size) - size / 2)
    return (at[:, None] < 0.38 * size) & (at < 0.38 * size)


def test_contenders_answer_in_pixels_of_the_photograph(lists, tmp_path):
    told, path = customary.trained(*lists, customary.Defects(), tmp_path, 0, size=32, epochs=1)
    predicted, _ = customary.contender(path).on(lists[1])
    errors = nme(predicted, [face.landmarks for face in lists[1]])
    # Another decoder, and one face at a time: the same to a tenth of a per cent of the eyes.
    assert errors.mean() == pytest.approx(told["test"], abs=0.5)


def test_the_mean_face_is_the_mean_in_the_crop(lists):
    train = lists[0]
    predicted, _ = mean_face(train[:1]).on(train[:1])
    np.testing.assert_allclose(predicted[0], train[0].landmarks, atol=1e-3)


def test_figures_of_a_perfect_contender(lists):
    truth = np.stack([face.landmarks for face in lists[1]])
    perfect = scoreboard.figures(truth, lists[1], lists[0])
    assert perfect["nme"] == [0, 0, 0]
    assert perfect["auc_8"] == [100, 100, 100]
    assert perfect["failure_8"] == [0, 0, 0]
    assert perfect["nme_disjoint"][0] == len(lists[1])
    assert scoreboard.figures(truth, lists[1], lists[1])["nme_disjoint"] is None


def test_bins_are_named_and_open_at_the_end():
    found, names = scoreboard.bins(np.array([0, 9.9, 10, 25, 80]), (0, 10, 20, 90))
    assert found.tolist() == ["0-10", "0-10", "10-20", "20+", "20+"]
    assert names == ["0-10", "10-20", "20+"]


def test_a_record_is_replaced_and_the_others_stay(tmp_path):
    file = tmp_path / "results.json"
    results.record("b", {"list": [1, 2.5, 3], "deep": {"z": 1, "a": [[1], [2]]}}, file)
    results.record("a", {"x": 1}, file)
    results.record("b", {"list": [4, 5], "deep": {}}, file)
    read = json.loads(file.read_text("utf-8"))
    assert list(read) == ["a", "b"]
    assert read["b"]["list"] == [4, 5]
    assert read["b"]["torch"] == torch.__version__
    assert '"list": [4, 5]' in file.read_text("utf-8")  # a list is one line to read
