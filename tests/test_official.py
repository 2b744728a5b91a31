"""The official test sets: what is found of them, who is measured, and what stands beside it."""

import shutil

import numpy as np
import pytest
from PIL import Image

from bench import official
from helpers.annotations import read_faces, read_image, read_points
from helpers.boxes import box_around
from helpers.people import make_people
from helpers.predict import Landmarker
from helpers.sources import label_file

# Faces of each part in the made-up folder, and the kind of picture that iBUG has there.
MADE = {"helen/testset": (3, ".jpg"), "lfpw/testset": (2, ".png"), "ibug": (2, ".jpg")}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Seven demo people without twins, each with a picture and a .pts file."""
    folder = make_people(tmp_path_factory.mktemp("people"), train=14, test=2, seed=5)
    faces = [f for f in read_faces(label_file(folder, "train")) if not f.is_twin]
    return [face for face in faces if face.image.with_suffix(".pts").exists()][:7]


@pytest.fixture
def folder(people, tmp_path):
    """A folder laid out as iBUG's, which the test may change."""
    left = iter(people)
    for part, (count, suffix) in MADE.items():
        place = tmp_path / "300w" / part
        place.mkdir(parents=True)
        for number in range(count):
            face, name = next(left), f"image_{number:03d}"
            Image.fromarray(read_image(face.image)).save(place / f"{name}{suffix}", quality=100)
            shutil.copy(face.image.with_suffix(".pts"), place / f"{name}.pts")
    return tmp_path / "300w"


class Known:
    """Answers with the truth, every point moved by a part of the inter-ocular distance."""

    def __init__(self, people, off=0.0):
        self.off, self.given = off, []
        self.truth = [read_points(face.image.with_suffix(".pts")) for face in people]

    def landmarks(self, image, boxes):
        self.given.append((image, boxes))
        (truth,) = [t for t in self.truth if np.allclose(box_around(t), boxes[0], atol=0.01)]
        eyes = np.linalg.norm(truth[45] - truth[36])
        return (truth + np.array([self.off * eyes, 0]))[None]


@pytest.fixture
def measured(people):
    """What a network that is off by so much is measured with: measured(folder, off=0.05)."""

    def measured(folder, off=0.05):
        return official.measure({"made": Known(people, off)}, official.find_parts(folder))

    return measured


def test_a_pts_file_counts_from_1_and_landmarks_from_0(people):
    face = people[0]
    found = read_points(face.image.with_suffix(".pts"))
    assert np.abs(found - face.landmarks).max() <= 0.5  # the label file's points are rounded
    first = face.image.with_suffix(".pts").read_text().split("{\n")[1].split()[:2]
    assert found[0] == pytest.approx([float(v) - 1 for v in first])


@pytest.mark.parametrize("text", ["", "{\n1 2\n}", "{\n" + "1 nan\n" * 68 + "}"])
def test_a_broken_pts_file_is_named(text, tmp_path):
    (tmp_path / "a.pts").write_text(text)
    with pytest.raises(ValueError, match=r"a\.pts: "):
        read_points(tmp_path / "a.pts")


def test_common_challenging_and_full_are_the_sets_that_papers_report(folder, measured):
    rows, left_out = measured(folder)
    assert left_out == []
    assert {name: row["faces"] for name, row in rows["made"].items()} == {
        "common": 5,
        "challenging": 2,
        "full": 7,
    }
    wholes = {name: sum(official.COUNTS[p] for p in parts) for name, parts in official.SETS.items()}
    assert wholes == {"common": 554, "challenging": 135, "full": 689}


def test_every_figure_is_what_its_name_says(folder, measured):
    row = measured(folder, off=0.09)[0]["made"]["full"]
    assert row["nme"] == pytest.approx([9, 9, 9], abs=0.01)
    assert (row["auc_8"], row["failure_8"]) == (0, 100)
    assert row["auc_10"] == pytest.approx(10, abs=0.1) and row["failure_10"] == 0


def test_faces_are_given_by_the_square_box_around_their_points(folder, people):
    known = Known(people)
    official.measure({"made": known}, official.find_parts(folder))
    assert len(known.given) == 7
    files = [file for part in official.find_parts(folder).values() for file in part]
    for (image, (box,)), file in zip(known.given, files, strict=True):
        points = read_points(file)
        np.testing.assert_allclose(box, box_around(points), atol=0.01)
        assert box[2] == box[3] == pytest.approx(1.08 * np.ptp(points, axis=0).max(), rel=1e-5)
        assert image.shape[2] == 3


def test_a_part_may_lie_one_folder_deeper_and_others_may_be_missing(folder, measured, tmp_path):
    deeper = tmp_path / "other"
    (deeper / "helen from the web").mkdir(parents=True)
    (folder / "helen").rename(deeper / "helen from the web" / "helen")
    found = official.find_parts(deeper)
    assert {part: len(files) for part, files in found.items()} == {
        "helen/testset": 3,
        "lfpw/testset": 0,
        "ibug": 0,
    }
    rows, _ = measured(deeper)
    assert set(rows["made"]) == {"common", "full"}
    assert official.find_parts(tmp_path)["ibug"] == sorted((folder / "ibug").glob("*.pts"))


def test_training_parts_and_mirrored_twins_are_not_measured(folder, measured):
    shutil.copytree(folder / "ibug", folder / "afw")
    shutil.copytree(folder / "ibug", folder / "helen" / "trainset")
    twin = folder / "ibug" / "image_000_mirror.jpg"
    shutil.copy(folder / "ibug" / "image_000.jpg", twin)
    shutil.copy(folder / "ibug" / "image_000.pts", twin.with_suffix(".pts"))
    (folder / "ibug" / "._image_000.pts").write_text("of another system")
    (folder / "ibug" / "folder.pts").mkdir()
    rows, left_out = measured(folder)
    assert (rows["made"]["full"]["faces"], left_out) == (7, [])


def test_names_may_be_in_capitals(folder, measured):
    (folder / "ibug").rename(folder / "IBUG")
    (folder / "lfpw").rename(folder / "LFPW")
    for ending in (".pts", ".jpg"):
        file = folder / "IBUG" / f"image_000{ending}"
        file.rename(file.with_suffix(ending.upper()))
    assert measured(folder)[0]["made"]["full"]["faces"] == 7


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(folder, measured):
    (folder / "ibug" / "image_000.jpg").write_bytes(b"no picture")
    whole = (folder / "helen/testset/image_000.jpg").read_bytes()
    (folder / "helen/testset/image_000.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "helen/testset/image_001.jpg").unlink()
    (folder / "lfpw/testset/image_000.pts").write_text("version: 1\n{\n1 2\n}\n")
    far = read_points(folder / "lfpw/testset/image_001.pts") + 5000
    lines = "\n".join(f"{x} {y}" for x, y in far)
    (folder / "lfpw/testset/image_001.pts").write_text(f"n_points: 68\n{{\n{lines}\n}}\n")
    rows, left_out = measured(folder)
    assert rows["made"]["full"]["faces"] == 2
    for name, said in zip(
        ("image_000.jpg", "image_001.pts", "image_000.pts", "image_001.pts", "image_000.jpg"),
        left_out,
        strict=True,
    ):
        assert name in said and said.count("\n") == 0 and said.endswith(".")


def test_published_figures_stand_beside_with_their_sources(folder, measured):
    text = official.report(measured(folder)[0])
    assert "| `made` | **5.00** | **5.00** | **5.00** | measured here |" in text
    assert "| method | common (5 of 554) | challenging (2 of 135) | full (7 of 689) |" in text
    assert official.PARTIAL in text
    for method, (*values, source) in official.PUBLISHED.items():
        assert f"| {method} |" in text and source in text
        common, challenging, full = values
        if common and challenging:  # the three figures of one method agree
            assert (554 * common + 135 * challenging) / 689 == pytest.approx(full, abs=0.02)


def test_a_whole_set_is_not_called_a_part(monkeypatch, folder, measured):
    monkeypatch.setattr(official, "COUNTS", {part: count for part, (count, _) in MADE.items()})
    text = official.report(measured(folder)[0])
    assert "common (5) | challenging (2) | full (7)" in text
    assert official.PARTIAL not in text


def test_the_shell_says_what_it_found_and_measures_the_weights(folder, capsys):
    shutil.rmtree(folder / "lfpw")
    official.main([str(folder), "--weights", "fast"])
    told = capsys.readouterr().out
    assert "helen/testset: 3 of 330 .pts files, not the whole list" in told
    assert f"in {folder / 'helen' / 'testset'}\n" in told
    assert official.OWN in told
    assert "lfpw/testset: missing" in told
    assert official.BOX in told
    face, image = official.read_face(folder / "ibug" / "image_000.pts")
    error = official.nme(Landmarker.load("fast").landmarks(image, [face.box]), [face.landmarks])
    assert 0 < error[0] < 20
    assert "| `fast` | challenging | 2 |" in told


def test_a_folder_without_any_part_ends_in_a_sentence(tmp_path, folder):
    with pytest.raises(SystemExit, match="holds none of helen/testset, lfpw/testset, ibug"):
        official.main([str(tmp_path / "300w" / "ibug")])
    with pytest.raises(SystemExit, match=r"300x: no such folder\."):
        official.main([str(tmp_path / "300x")])
    (tmp_path / "300w.tar.gz").touch()
    with pytest.raises(SystemExit, match=r"300w\.tar\.gz: is a file: unpack it"):
        official.main([str(tmp_path / "300w.tar.gz")])
