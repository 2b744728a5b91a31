"""The subset of dlib's archive: the right faces, scaled with their points, or nothing."""

import tarfile

import numpy as np
import pytest
from PIL import Image
from synthetic import draw_dots, grid_of_dots, misses, write_labels

import cut_subset
from cut_subset import COUNTS, NAMES, cut, small_size
from helpers.annotations import read_faces, read_image
from helpers.crop import to_grey
from helpers.landmarks import MIRROR

FEW = {"train": 4, "test": 2}
SUBSET = ["helen/trainset/200_1", "afw/2_1", "afw/10_1"]
BOXES = {  # (left, top, width, height) in the full-size picture
    "afw/2_1": (60, 50, 120, 118),  # small as it is
    "afw/10_1": (251, 222, 220, 221),  # the picture is too large, not the face
    "helen/trainset/200_1": (-20, 100, 558, 560),  # the face is too large
}
SIZES = {"afw/2_1": (330, 290), "afw/10_1": (1600, 1200), "helen/trainset/200_1": (1000, 800)}
ZOOMS = {"afw/2_1": 1.0, "afw/10_1": 0.5, "helen/trainset/200_1": 0.4}
LISTS = {
    "train": ["lfpw/trainset/image_0001", "afw/10_1", "helen/trainset/300_1", "afw/2_1"],
    "test": ["helen/trainset/200_1", "helen/testset/1_1"],
}


def small_points(name):
    """Where the landmarks of a face are to be in the small picture: whole numbers [68, 2]."""
    return np.rint(grid_of_dots((22, 24), 32, seed=len(name)))


def write_face(folder, name):
    """Writes a full-size picture with a bright dot at each landmark, and its twin: two entries."""
    size, zoom = SIZES.get(name, (330, 290)), ZOOMS.get(name, 1)
    box = BOXES.get(name, (60, 50, 120, 118))
    points = (small_points(name) + 0.5) / zoom - 0.5  # from pixel edges to pixel centres
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    entries = []
    twin_points = (points * (-1, 1) + (size[0] - 1, 0))[MIRROR]
    twin_box = (size[0] - box[0] - box[2], *box[1:])
    for end, marks, sides in (("", points, box), ("_mirror", twin_points, twin_box)):
        suffix = ".png" if "lfpw" in name and not end else ".jpg"
        picture = Image.fromarray(draw_dots(marks, *size, sigma=3 / zoom))
        picture.save(folder / f"{name}{end}{suffix}", quality=95)
        entries.append((f"{name}{end}{suffix}", sides, np.rint(marks)))
    lines = "\n".join(f"{x:.6f} {y:.6f}" for x, y in points + 1)
    (folder / f"{name}.pts").write_text(f"version: 1\nn_points:  68\n{{\n{lines}\n}}\n")
    return entries


@pytest.fixture(scope="module")
def full_size(tmp_path_factory):
    """A made-up full-size archive, unpacked. Only to read."""
    return write_full_size(tmp_path_factory.mktemp("full") / "faces")


def write_full_size(folder):
    for part, names in LISTS.items():
        entries = [entry for name in names for entry in write_face(folder, name)]
        write_labels(folder / f"labels_ibug_300W_{part}.xml", entries[::-1])  # in no order
    return folder


@pytest.fixture
def subset(full_size, tmp_path):
    """The faces of the subset, {part: list[Face]}."""
    cut(full_size, tmp_path / "small", SUBSET, FEW)
    return {part: read_faces(tmp_path / "small" / f"labels_ibug_300W_{part}.xml") for part in FEW}


def test_only_the_named_faces_are_kept_each_with_its_twin_sorted_as_text(subset, tmp_path):
    root = tmp_path / "small"
    kept = {
        part: [face.image.relative_to(root).as_posix() for face in faces]
        for part, faces in subset.items()
    }
    train = ("10_1.jpg", "10_1_mirror.jpg", "2_1.jpg", "2_1_mirror.jpg")
    assert kept["train"] == [f"afw/{name}" for name in train]
    assert kept["test"] == ["helen/trainset/200_1.jpg", "helen/trainset/200_1_mirror.jpg"]
    files = {path.relative_to(root).as_posix() for path in root.rglob("*.*")}
    points = {f"{name}.pts" for name in SUBSET}
    labels = {f"labels_ibug_300W_{part}.xml" for part in FEW}
    assert files == {*kept["train"], *kept["test"], *points, *labels}


def test_every_landmark_stays_on_its_dot_and_is_a_whole_pixel(subset, tmp_path):
    for face in subset["train"] + subset["test"]:
        name = face.image.relative_to(tmp_path / "small").with_suffix("").as_posix()
        picture = read_image(face.image)
        away = misses(to_grey(picture), face.landmarks)
        assert len(away) > 60 and away.max() < 0.15, name
        points = small_points(name.removesuffix("_mirror"))
        if face.is_twin:
            points = (points * (-1, 1) + (picture.shape[1] - 1, 0))[MIRROR]
        np.testing.assert_array_equal(face.landmarks, points, err_msg=name)
    assert ".00" not in (tmp_path / "small" / "labels_ibug_300W_train.xml").read_text("latin1")


def test_pts_files_count_from_one(subset):
    for face in subset["train"][::2]:
        counted = np.loadtxt(face.image.with_suffix(".pts"), skiprows=3, max_rows=68)
        np.testing.assert_array_equal(counted - 1, face.landmarks)


def test_sizes_and_boxes_are_scaled_together(subset):
    faces = {face.image.stem: face for part in subset.values() for face in part}
    assert {stem: Image.open(face.image).size for stem, face in faces.items()} == {
        **dict.fromkeys(("2_1", "2_1_mirror"), (330, 290)),
        **dict.fromkeys(("10_1", "10_1_mirror"), (800, 600)),
        **dict.fromkeys(("200_1", "200_1_mirror"), (400, 320)),
    }
    assert faces["2_1"].box == (60, 50, 120, 118)
    assert faces["10_1"].box == (126, 111, 110, 110)  # 251 / 2 and 221 / 2, rounded to even
    assert faces["200_1"].box == (-8, 40, 223, 224)
    assert faces["200_1_mirror"].box == (185, 40, 223, 224)  # 462 from the right edge


@pytest.mark.parametrize(
    "size, box, small",
    [
        ((1618, 1522), (0, 0, 536, 536), (676, 636)),
        ((835, 836), (0, 0, 316, 310), (592, 593)),
        ((1300, 1856), (0, 0, 204, 204), (560, 800)),  # the face would be small enough
        ((562, 452), (0, 0, 180, 181), (562, 452)),
        ((800, 224), (0, 0, 224, 224), (800, 224)),
    ],
)
def test_a_picture_fits_224_pixels_of_face_and_800_of_picture(size, box, small):
    assert small_size(size, box) == small


def test_landmarks_between_pixels_are_off_by_half_a_pixel_at_most(make_full_size, tmp_path):
    exact = grid_of_dots((60.3, 61.8), 74.3)  # full-size points with decimals
    lines = "\n".join(f"{x:.6f} {y:.6f}" for x, y in exact + 1)

    def change(folder):
        name = "helen/trainset/200_1"
        (folder / f"{name}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")
        entries = [(f"{name}{end}.jpg", BOXES[name], np.rint(exact)) for end in ("", "_mirror")]
        write_labels(folder / "labels_ibug_300W_test.xml", entries)

    cut(make_full_size(change), tmp_path / "small", SUBSET, FEW)
    face = read_faces(tmp_path / "small" / "labels_ibug_300W_test.xml")[0]
    away = face.landmarks - ((exact + 0.5) * 0.4 - 0.5)
    assert 0.4 < abs(away).max() <= 0.5001 and abs(away.mean()) < 0.1


@pytest.fixture
def make_full_size(tmp_path):
    """Makes a full-size archive that a test may change: make_full_size(change)."""

    def make(change):
        folder = write_full_size(tmp_path / "faces")
        change(folder)
        return folder

    return make


def truncate(folder):
    path = folder / "afw/2_1.jpg"
    path.write_bytes(path.read_bytes()[:2000])


def drop_twin(folder):
    path = folder / "labels_ibug_300W_test.xml"
    path.write_text(path.read_text("latin1").replace("200_1_mirror", "1_1_mirror"), "latin1")
    (folder / "helen/trainset/1_1_mirror.jpg").write_bytes(
        (folder / "helen/trainset/200_1_mirror.jpg").read_bytes()
    )


@pytest.mark.parametrize(
    "change, sentence",
    [
        (truncate, r"2_1\.jpg: not a picture"),
        (lambda f: (f / "afw/2_1.pts").unlink(), r"2_1\.pts: cannot be read"),
        (lambda f: (f / "afw/2_1.pts").write_text("{\n1 2\n}"), r"2_1\.pts: not a \.pts file"),
        (
            lambda f: (f / "afw/2_1.pts").write_bytes((f / "afw/10_1.pts").read_bytes()),
            r"2_1\.jpg: its \.pts file has other points",
        ),
        (drop_twin, r"test\.xml: helen/trainset/200_1 has no mirrored twin"),
        (lambda f: (f / "labels_ibug_300W_test.xml").unlink(), "has 0 files labels"),
    ],
)
def test_a_broken_archive_is_refused_in_a_sentence_and_leaves_nothing(
    make_full_size, tmp_path, change, sentence
):
    source = make_full_size(change)
    with pytest.raises(ValueError, match=sentence) as error:
        cut(source, tmp_path / "small", SUBSET, FEW)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


def test_another_archive_than_dlibs_is_refused(full_size, tmp_path):
    with pytest.raises(ValueError, match=r"lacks 1 faces of the subset, as afw/9_9\."):
        cut(full_size, tmp_path / "small", [*SUBSET, "afw/9_9"], FEW)
    with pytest.raises(ValueError, match=r"train\.xml: has 4 entries of the subset, not 6"):
        cut(full_size, tmp_path / "small", SUBSET, {"train": 6, "test": 2})
    assert not [*tmp_path.iterdir()]


def test_what_is_there_is_never_written_over(full_size, tmp_path):
    (tmp_path / "small").mkdir()
    with pytest.raises(ValueError, match="small: is there already"):
        cut(full_size, tmp_path / "small", SUBSET, FEW)
    assert not [*(tmp_path / "small").iterdir()]


def test_from_a_shell_it_takes_the_packed_archive_and_says_how_many(
    full_size, data, tmp_path, monkeypatch, capsys
):
    with tarfile.open(tmp_path / "full.tar.gz", "w:gz") as tar:
        tar.add(full_size, arcname="faces")
    (tmp_path / "names.txt").write_text("\n".join(SUBSET) + "\n")
    monkeypatch.setattr(cut_subset, "NAMES", tmp_path / "names.txt")
    monkeypatch.setattr(cut_subset, "COUNTS", FEW)
    arguments = [str(tmp_path / "full.tar.gz"), str(tmp_path / "small")]
    cut_subset.main(arguments)
    assert capsys.readouterr().out.endswith("train: 4 entries\ntest: 2 entries\n")
    with pytest.raises(SystemExit) as end:
        cut_subset.main(arguments)
    assert "small: is there already" in end.value.code


def test_the_stored_names_are_those_the_rule_says():
    names = NAMES.read_text("ascii").split()
    assert names == sorted(set(names)) and 2 * len(names) == sum(COUNTS.values())
    assert COUNTS == {"train": 2072, "test": 342}
    helen = [name for name in names if name.startswith("helen/trainset/")]
    assert len(helen) == 870 and max(helen) == "helen/trainset/2302927584_1"
    assert sum(name.startswith("afw/") for name in names) == 337
