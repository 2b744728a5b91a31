"""An archive whose training labels are mixed with a network's answers."""

import sys

import numpy as np
import pytest
from synthetic import make_faces

import mix_labels
from helpers.annotations import image_entry, label_list, read_faces, read_image


class Sure:
    """Answers with the same landmarks, whatever it is shown."""

    scheme = range(68)
    answer = np.tile(np.linspace(10, 50, 68)[:, None], (1, 2)).astype(np.float32)

    def landmarks(self, picture, boxes, mirror):
        assert mirror and len(boxes) == 1
        return self.answer[None]


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A folder with four faces to learn from and one to test on; its network is `Sure`."""
    folder = tmp_path / "archive"
    faces = make_faces(folder, 5)
    for part, some in (("train", faces[:4]), ("test", faces[4:])):
        entries = [
            image_entry(f.image.name, read_image(f.image).shape, f.box, f.landmarks) for f in some
        ]
        (folder / f"labels_{part}.xml").write_text(label_list(part, "", entries), "iso-8859-1")
    monkeypatch.setattr(mix_labels.Landmarker, "load", lambda name, **_: {"research": Sure()}[name])
    return folder


def mix(monkeypatch, *arguments):
    """What the shell command makes of an archive: its training and test faces."""
    monkeypatch.setattr(sys, "argv", ["mix_labels.py", *map(str, arguments)])
    mix_labels.main()
    return [read_faces(arguments[1] / f"labels_{part}.xml") for part in ("train", "test")]


def test_each_point_goes_a_share_of_the_way_and_test_labels_stay(archive, tmp_path, monkeypatch):
    train, test = mix(monkeypatch, archive, tmp_path / "mixed", "--share", "0.25")
    before = read_faces(archive / "labels_train.xml")
    for face, old in zip(train, before, strict=True):
        expected = old.landmarks + 0.25 * (Sure.answer - old.landmarks)
        np.testing.assert_allclose(face.landmarks, expected, atol=0.01)
        np.testing.assert_array_equal(read_image(face.image), read_image(old.image))
    (old,) = read_faces(archive / "labels_test.xml")
    np.testing.assert_array_equal(test[0].landmarks, old.landmarks)


def test_what_the_test_list_shows_too_is_not_learned_from(archive, tmp_path, monkeypatch):
    same = tmp_path / "same.txt"
    same.write_text("face_0001.png face_0004.png\nface_0002.png face_0003.png\n", "utf-8")
    train, test = mix(monkeypatch, archive, tmp_path / "mixed", "--without", same)
    assert [face.image.name[5:9] for face in train] == ["0000", "0002", "0003"]
    assert [face.image.name[5:9] for face in test] == ["0004"]
    old = read_faces(archive / "labels_train.xml")[2]
    half_way = (old.landmarks + Sure.answer) / 2  # what --share is by default
    np.testing.assert_allclose(train[1].landmarks, half_way, atol=0.01)
    same.write_text("face_0001.png face_0014.png\n", "utf-8")
    with pytest.raises(SystemExit, match=r"face_0014\.png: .* neither list"):
        mix(monkeypatch, archive, tmp_path / "again", "--without", same)
    assert not (tmp_path / "again").exists()


def test_a_folder_that_is_there_is_not_written_to(archive, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="is there already"):
        mix(monkeypatch, archive, tmp_path)
