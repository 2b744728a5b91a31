"""The London Set as a data set to learn from: every person twice, nobody in both lists."""

import sys

import numpy as np
import pytest

import london_faces
from helpers.annotations import read_faces, read_image
from helpers.people import draw_person, sample_person


@pytest.fixture
def portraits(monkeypatch):
    """Ten people who do not exist, in place of the set: pictures BGR, landmarks."""
    people = [sample_person(np.random.default_rng(seed)) for seed in range(10)]
    drawn = [draw_person(p, seed=i, shape=(120, 120), face_width=50) for i, p in enumerate(people)]
    pictures, landmarks = zip(*drawn, strict=True)
    bgr = np.array([picture[..., ::-1] for picture in pictures])
    monkeypatch.setattr(london_faces, "read_london", lambda _: (bgr, None, None, landmarks))
    return pictures, landmarks


def test_every_portrait_and_its_twin_are_in_one_list(portraits, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["london_faces.py", "set", str(tmp_path / "out")])
    london_faces.main()
    train, test = (
        read_faces(tmp_path / "out" / f"labels_london_{p}.xml") for p in ("train", "test")
    )
    assert (len(train), len(test)) == (4, 16)
    assert not {face.photograph for face in train} & {face.photograph for face in test}
    first, twin = train[:2]
    np.testing.assert_allclose(first.landmarks, portraits[1][0], atol=0.006)  # two decimals
    assert twin.landmarks[36, 0] == pytest.approx(119 - portraits[1][0][45, 0], abs=0.01)
    difference = np.abs(read_image(first.image).astype(int) - portraits[0][0])
    assert difference.mean() < 6  # in the right order of colours, but for the JPEG


def test_a_folder_that_is_there_is_not_written_to(portraits, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["london_faces.py", "set", str(tmp_path)])
    with pytest.raises(SystemExit, match="is there already"):
        london_faces.main()
    assert not list(tmp_path.iterdir())
