"""Faces of the reader's own, from a label file to a trained network, its predictions and a page."""

import json
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from PIL import Image
from synthetic import make_faces

from helpers.annotations import read_faces
from helpers.checkpoint import load_checkpoint
from helpers.dataset import faces_with_68, load_faces, split_by_photograph
from helpers.formats import Entry, Labels, numbered, write_labels
from helpers.guess_scheme import points_of, scheme_for
from helpers.landmarks import IBUG, load_scheme, scheme_from
from helpers.model import LandmarkNet
from helpers.predict import Landmarker, with_68
from helpers.predict_many import predict_many
from helpers.sources import get_dataset, label_file
from helpers.train.__main__ import main as train_shell
from run_notebooks import ROOT
from stamp import read_notebook

FIVE = ("eye r", "eye l", "nose", "mouth r", "mouth l")
PLACES = [36, 45, 30, 48, 54]  # of these among the 68
MIDDLES = [(i, i + 1) for i in (*range(16), *range(17, 21), *range(22, 26), *range(28, 34))]
SMALL = ["--epochs", "1", "--size", "32", "--width", "8", "--batch-size", "8"]


def entries(faces, names, points, folder):
    """Entries of faces with these points [n, k, 2], their pictures named within the folder."""
    for face, marks in zip(faces, points, strict=True):
        seen = np.zeros(len(names), bool)
        name = face.image.relative_to(folder).as_posix()
        yield Entry(name, None, face.box, names, np.array(marks, float).round(2), seen)


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """A folder of five photographs with five points each, which have names."""
    folder = tmp_path_factory.mktemp("own") / "five"
    faces = make_faces(folder, 5)
    points = [face.landmarks[PLACES] for face in faces]
    write_labels(folder / "mine.xml", Labels([*entries(faces, FIVE, points, folder)]))
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A COCO file with 98 points, of which each face lacks some."""
    folder = tmp_path_factory.mktemp("own") / "many"
    faces, rng = make_faces(folder, 30), np.random.default_rng(0)
    points = []
    for face in faces:
        between = [face.landmarks[list(pair)].mean(0) for pair in MIDDLES]
        marks = np.concatenate([face.landmarks, between])
        marks[rng.choice(98, 5, replace=False)] = np.nan
        points.append(marks)
    names = tuple(f"kp {i}" for i in range(98))
    write_labels(folder / "faces.json", Labels([*entries(faces, names, points, folder)]))
    return folder


def test_five_photographs_with_five_points_are_trained_on_as_they_are(five, data, tmp_path, capsys):
    train_shell(["--faces", str(five), *SMALL, "--out", str(tmp_path / "5.pt")])
    told = capsys.readouterr().out
    assert "mirror partners eye r - eye l, mouth r - mouth l;" in told
    assert "A batch has 3 faces: there are no more to learn from." in told
    assert load_checkpoint(tmp_path / "5.pt")[0].scheme.points == FIVE


@pytest.mark.parametrize(
    "scheme, told",
    [
        ("5", "me.*lacks the point 'left eye 3' of the scheme '5'; it has eye r, eye l, nose"),
        ("68", "has 5 points, the scheme '68' 68"),
    ],
)
def test_a_wrong_scheme_is_refused_by_name(five, data, tmp_path, scheme, told):
    words = ["--faces", str(five), *SMALL, "--scheme", scheme, "--out", str(tmp_path / "5.pt")]
    with pytest.raises(SystemExit, match=told.replace("me.*", "")):
        train_shell(words)


def test_98_points_some_of_them_missing_are_learned_predicted_and_drawn(
    many, data, tmp_path, capsys
):
    train_shell(["--faces", str(many), *SMALL, "--out", str(tmp_path / "98.pt")])
    assert "Scheme guessed: 98 points; mirror partners kp 0 - kp 16," in capsys.readouterr().out
    landmarker = Landmarker.load(tmp_path / "98.pt", device="cpu")
    landmarker.detect = lambda image: [(20, 10, 80, 80)]
    grid = np.column_stack([np.arange(98) % 10, np.arange(98) // 10]) * 8.0 + 15
    landmarker.landmarks = lambda image: grid[None]
    landmarker.trust = lambda image, landmarks: np.ones(1)
    pictures = [str(face.image) for face in load_faces("test", str(many))]
    out, sheet = tmp_path / "found.csv", tmp_path / "sheet.jpg"
    predict_many(pictures, out, landmarker, "98.pt", sheet)
    assert out.read_text("utf-8").splitlines()[0].endswith("kp 97_x,kp 97_y")
    assert read_faces(out)[0].names == landmarker.scheme.points
    with Image.open(sheet) as drawn:
        red, _, blue = np.moveaxis(np.asarray(drawn, int), 2, 0)
    assert (red - blue > 90).sum() > 98 * len(pictures)  # orange, on pictures that are grey


def test_missing_points_keep_their_names_and_are_told_once(many, data, capsys):
    folder = get_dataset(str(many))
    assert "30 faces lack some of their points" in capsys.readouterr().out
    faces = read_faces(label_file(folder, "train"))
    assert capsys.readouterr().out == ""
    assert len(faces[0].names) == 98
    assert all(np.isnan(face.landmarks).any(1).sum() == 5 for face in faces)


def test_the_same_faces_in_two_formats_are_taken_once(tmp_path, data, capsys):
    faces = make_faces(tmp_path, 5)
    rows = [*entries(faces, FIVE, [face.landmarks[PLACES] for face in faces], tmp_path)]
    # Another face on the first picture.
    beside = replace(rows[0], points=rows[0].points + np.array([40, 0]), box=None)
    write_labels(tmp_path / "mine.xml", Labels(rows))
    write_labels(tmp_path / "mine.json", Labels([*rows, beside]))
    assert sum(len(load_faces(part, str(tmp_path))) for part in ("train", "test")) == 6
    assert "5 faces are there twice, as in two formats: each is taken once." in (
        capsys.readouterr().out
    )


def test_both_lists_have_the_same_points_in_the_same_order(tmp_path, data):
    faces = make_faces(tmp_path, 6)
    points = [face.landmarks[PLACES] for face in faces]
    some = [1, 0, 3]  # all that the test list knows, in an order of its own
    rows = [*entries(faces, FIVE, points, tmp_path)]
    write_labels(tmp_path / "labels_train.xml", Labels(rows[:4]))
    rest = [
        replace(
            row, names=tuple(FIVE[i] for i in some), points=row.points[some], hidden=row.hidden[:3]
        )
        for row in rows[4:]
    ]
    write_labels(tmp_path / "labels_test.xml", Labels(rest))
    test = load_faces("test", str(tmp_path))
    assert {face.names for face in (*load_faces("train", str(tmp_path)), *test)} == {FIVE}
    assert np.isnan(test[0].landmarks[[2, 4]]).all()
    np.testing.assert_allclose(test[0].landmarks[[0, 1, 3]], points[4][[0, 1, 3]], atol=0.01)


def test_points_are_taken_by_their_names_and_counted_ones_by_their_order(tmp_path):
    [face] = make_faces(tmp_path, 1)
    places = IBUG.indices(load_scheme("5").points)
    assert scheme_for([face]) is IBUG and scheme_for([replace(face, names=numbered(68))]) is IBUG
    for names in ((), numbered(68), IBUG.points):
        [some] = points_of(load_scheme("5"), [replace(face, names=names)])
        np.testing.assert_array_equal(some.landmarks, face.landmarks[places])
    turned = replace(face, names=IBUG.points[::-1])
    np.testing.assert_array_equal(points_of(IBUG, [turned])[0].landmarks, face.landmarks[::-1])
    counted = scheme_from({"name": "counted", "points": 5})
    with pytest.raises(ValueError, match="has 68 points, the scheme 'counted' 5"):
        points_of(counted, [replace(face, names=numbered(68))])  # not the first five of the jaw
    own = [replace(face, landmarks=face.landmarks[PLACES], names=FIVE)] * 2
    assert scheme_for(own).points == FIVE
    assert points_of(scheme_for(own), own) is own


def test_a_few_photographs_still_have_a_validation_part(tmp_path):
    faces = make_faces(tmp_path, 5)
    for seed in range(5):
        train, held = split_by_photograph(faces, seed)
        assert sorted(train + held) == [0, 1, 2, 3, 4] and len(held) == 1
    clips = [replace(face, photograph=name) for face, name in zip(faces, "aaabb", strict=True)]
    assert split_by_photograph(clips) == ([0, 1, 2], [3, 4])


def test_the_demo_people_stand_in_for_other_points_and_for_few_faces(
    five, archive_folder, data, monkeypatch, capsys
):
    assert faces_with_68() is None and capsys.readouterr().out == ""
    for folder, why in ((five, "have 5 points of their own"), (archive_folder, "8 faces are few")):
        monkeypatch.setenv("FACES", str(folder))
        assert faces_with_68() == "demo"
        assert why in capsys.readouterr().out
    monkeypatch.setattr("helpers.dataset.LEAST", {"train": 20, "test": 8})
    assert faces_with_68() is None and capsys.readouterr().out == ""


def test_where_a_network_has_other_points_the_free_weights_stand_in(capsys):
    own = Landmarker(LandmarkNet(8, 32, load_scheme("5")))
    assert with_68(own).scheme is not own.scheme
    assert with_68(own).scheme.points == IBUG.points
    assert "these 5 points are not the 68" in capsys.readouterr().out
    assert with_68(found := Landmarker(LandmarkNet(8, 32))) is found


@pytest.mark.parametrize(
    "kind, book",
    [
        *(("five", book) for book in ("01_download", "02_visualize", "03_dataset", "04_train")),
        *(("many", book) for book in ("02_visualize", "03_dataset", "04_train")),
    ],
)
def test_the_notebooks_run_on_them(kind, book, data, monkeypatch, request):
    monkeypatch.setenv("FACES", str(request.getfixturevalue(kind)))
    monkeypatch.setenv("FACES_LIMIT", "96,32")
    matplotlib.use("Agg")
    space = {"display": lambda *_: None}
    for cell in read_notebook(ROOT / "notebooks" / f"{book}.ipynb").cells:
        if cell.cell_type == "code" and "helpers.doctor" not in cell.source:
            source = cell.source.replace("width=64", "width=16").replace("= 112 if", "= 48 if")
            exec(compile(source, f"{book}.ipynb", "exec"), space)
    if book == "04_train":
        assert len(space["scheme"]) == {"five": 5, "many": 98}[kind]
        assert json.loads(json.dumps(space["history"][-1]))["best"] < 100
