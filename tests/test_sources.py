"""Where faces come from: checked before they are believed, and there at once the second time."""

import gzip
import io
import os
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import sources
from helpers.annotations import read_faces
from helpers.formats import FORMATS, Entry, Labels, numbered, write_labels
from helpers.sources import get_dataset, label_file, tree
from helpers.storage import data_folder, unpack, whole_folder


def refused(data, archive, sentence):
    """Asserts that the archive is refused with this in a sentence, and that nothing is left."""
    with pytest.raises(ValueError, match=sentence) as error:
        get_dataset(archive)
    assert str(error.value).startswith(str(archive))
    assert not [*data.iterdir()]


@pytest.fixture
def fake_people(make_folder, monkeypatch):
    """Stands in for the generator of demo people, which takes half a minute."""
    calls = []

    def make_people(folder, train, test, seed):
        calls.append((train, test, seed))
        make_folder(folder, train=8, test=4)

    monkeypatch.setattr(sources, "make_people", make_people)
    return calls


# What comes of each kind of name


def test_an_archive_becomes_a_folder_of_faces_and_itself_stays_as_it_was(data, make_archive):
    archive = make_archive(train=8, test=4)
    before = sorted(archive.parent.rglob("*"))
    folder = get_dataset(archive)
    assert len(read_faces(label_file(folder, "train"))) == 8
    assert len(read_faces(label_file(folder, "test"))) == 4
    assert folder.is_relative_to(data)
    beside = [p for p in archive.parent.rglob("*") if not p.is_relative_to(data)]
    assert sorted(beside) == before


def test_a_folder_is_taken_as_it_is(data, archive_folder):
    assert get_dataset(archive_folder) == archive_folder
    assert get_dataset(archive_folder.parent) == archive_folder  # its one subfolder with labels
    assert not data.exists()


def test_the_environment_variable_chooses_where_no_name_is_given(
    data, archive_folder, fake_people, monkeypatch
):
    monkeypatch.setenv("FACES", str(archive_folder))
    assert get_dataset() == archive_folder
    assert not fake_people


def test_without_any_name_the_demo_people_are_made_once(data, fake_people):
    folder = get_dataset()
    assert folder == get_dataset("demo") and folder.name.startswith("demo-")
    assert fake_people == [(400, 100, 0)]


def test_another_version_of_the_generator_makes_a_new_set_of_demo_people(
    data, fake_people, monkeypatch
):
    folder = get_dataset("demo")
    monkeypatch.setattr(sources, "VERSION", "the next")
    assert get_dataset("demo") != folder
    assert len(fake_people) == 2


def test_an_edited_docstring_of_the_generator_remakes_nobody(data, fake_people, monkeypatch):
    """Its source files are no part of the name: only VERSION is."""
    folder = get_dataset("demo")
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"edited")
    assert get_dataset("demo") == folder
    assert len(fake_people) == 1


def test_a_changed_archive_makes_a_new_folder(data, make_archive):
    folder = get_dataset(make_archive(train=8))
    again = get_dataset(make_archive(train=10))
    assert again != folder
    assert len(read_faces(label_file(again, "train"))) == 10


@pytest.mark.parametrize("from_web", [False, True])
def test_a_second_call_fetches_and_unpacks_nothing(data, make_archive, web, from_web, monkeypatch):
    archive = make_archive(noise=1_000_000)
    web.body = archive.read_bytes()
    name = web.url if from_web else archive
    folder = get_dataset(name)
    monkeypatch.setattr(sources, "unpack", None)
    monkeypatch.setattr(sources, "read_faces", None)
    assert get_dataset(name) == folder
    assert len(web.requests) == from_web


def test_data_go_to_the_checkout_unless_something_else_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("FACES_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert data_folder() == Path(sources.__file__).parent.parent / "data"
    folders = sys.modules["helpers.storage.folders"]
    elsewhere = tmp_path / "site-packages/helpers/storage/folders.py"
    monkeypatch.setattr(folders, "__file__", str(elsewhere))
    assert data_folder() == tmp_path / "data"
    monkeypatch.setenv("FACES_DATA", str(tmp_path / "elsewhere"))
    assert data_folder() == tmp_path / "elsewhere"


def test_the_tree_counts_pictures_and_names_label_files(archive_folder, tmp_path):
    lines = tree(archive_folder).splitlines()
    assert lines[0] == "faces/"
    assert lines[1].split() == ["afw/", "12", "jpg,", "6", "pts"]
    assert lines[-1].split() == ["labels_ibug_300W_train.xml"]
    for person in range(50):  # as in an archive with a folder for each person
        (tmp_path / f"ytf/train/{person}").mkdir(parents=True)
        (tmp_path / f"ytf/train/{person}/0.jpg").touch()
    assert tree(tmp_path).splitlines()[1:] == ["    ytf/train/           50 jpg"]


# What is refused


def test_a_name_that_is_nothing_is_one_sentence(data, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.tar.gz: no such archive or folder"):
        get_dataset(tmp_path / "nowhere.tar.gz")


def test_a_folder_without_label_files_is_one_sentence(data, tmp_path):
    with pytest.raises(ValueError, match=r"must hold labels\*_train.xml and labels\*_test.xml"):
        get_dataset(tmp_path)


def test_two_label_files_for_one_part_are_one_sentence(data, make_folder):
    folder = make_folder()
    (folder / "labels_more_test.xml").touch()
    with pytest.raises(ValueError, match=r"has 2 files labels\*_test.xml, not one"):
        get_dataset(folder)


@pytest.mark.parametrize("missing", [1, 8, 1000, 250_000])
def test_a_truncated_archive_is_refused(data, make_archive, missing):
    archive = make_archive(noise=300_000)
    os.truncate(archive, archive.stat().st_size - missing)
    refused(data, archive, "not a whole .tar.gz archive .*fetch it again")


@pytest.mark.parametrize("where", [20, 100, -20_000, -6])  # -6: in the checksum itself
def test_a_damaged_archive_is_refused(data, make_archive, where):
    archive = make_archive(noise=300_000)
    content = bytearray(archive.read_bytes())
    content[where] ^= 255
    archive.write_bytes(content)
    refused(data, archive, "not a whole .tar.gz archive .*fetch it again")


def test_damage_behind_the_last_member_is_refused(data, make_archive):
    archive = make_archive()
    archive.write_bytes(archive.read_bytes() + gzip.compress(b"")[:10] + b"\xff" * 20)
    refused(data, archive, "not a whole .tar.gz archive .*fetch it again")


@pytest.mark.parametrize("content", [b"", b"<html>Not here any more</html>", gzip.compress(b"a")])
def test_what_is_no_archive_is_refused(data, tmp_path, content):
    (tmp_path / "page.tar.gz").write_bytes(content)
    refused(data, tmp_path / "page.tar.gz", "not a whole .tar.gz archive")


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("../out.txt", tarfile.REGTYPE, "would leave the folder"),
        ("faces/../../out.txt", tarfile.REGTYPE, "would leave the folder"),
        ("..\\out.txt", tarfile.REGTYPE, "would leave the folder"),
        ("/tmp/out.txt", tarfile.REGTYPE, "would leave the folder"),
        ("C:\\out.txt", tarfile.REGTYPE, "would leave the folder"),
        ("../out", tarfile.DIRTYPE, "would leave the folder"),
        ("faces/link", tarfile.SYMTYPE, "is a link"),
        ("faces/link", tarfile.LNKTYPE, "is a link"),
        ("faces/device", tarfile.CHRTYPE, "is a device"),
        ("faces/device", tarfile.BLKTYPE, "is a device"),
        ("faces/device", tarfile.FIFOTYPE, "is a device"),
    ],
)
def test_members_that_are_no_plain_files_in_the_folder_are_refused(
    data, make_folder, tmp_path, name, kind, sentence
):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "faces/afw"
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as tar:
        tar.add(make_folder(), "faces")
        tar.addfile(member, io.BytesIO())
    before = sorted(tmp_path.rglob("*"))
    data.mkdir()
    refused(data, tmp_path / "bad.tar.gz", sentence)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, data])


def test_a_missing_picture_is_found_before_the_archive_is_believed(data, make_archive):
    archive = make_archive(change=lambda folder: (folder / "afw/100_1.jpg").unlink())
    refused(data, archive, r"afw/100_1.jpg is missing")


def test_an_archive_with_another_number_of_faces_is_refused(data, make_archive, web):
    archive = make_archive(train=8, test=4)
    web.body = archive.read_bytes()
    for name in (archive, web.url):
        with pytest.raises(ValueError, match="has 4 faces, not 6"):
            get_dataset(name, entries={"train": 8, "test": 6})
        assert not [*data.iterdir()]
        assert get_dataset(name, entries={"train": 8, "test": 4})
        for folder in data.iterdir():
            folder.rename(data.parent / f"set aside {folder.name}")


def test_dlibs_archive_is_asked_of_dlib_with_its_known_numbers(
    data, web, make_archive, monkeypatch
):
    web.body = make_archive().read_bytes()
    assert sources.IBUG.startswith("http://dlib.net/")
    monkeypatch.setattr(sources, "IBUG", web.url)
    with pytest.raises(ValueError, match="has 8 faces, not 6,666"):
        get_dataset("ibug")


# All or nothing


def test_an_interrupt_leaves_no_half_unpacked_folder(data, make_archive):
    def interrupt(folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(make_archive(), data / "faces", check=interrupt)
    assert not [*data.iterdir()]


def test_two_that_make_the_same_folder_at_once_both_end_well(data, make_archive):
    archive = make_archive(noise=1_000_000)
    found = []
    threads = [threading.Thread(target=lambda: found.append(get_dataset(archive))) for _ in "ab"]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found[0] == found[1] and len([*data.iterdir()]) == 1

    with whole_folder(data / "late") as late:
        (late / "file").write_text("late")
        with whole_folder(data / "late") as early:
            (early / "file").write_text("early")
    assert (data / "late/file").read_text() == "early"
    assert len([*data.iterdir()]) == 2


# The reader's own


def pack_zip(folder, path):
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(folder.rglob("*")):
            packed.write(file, f"faces/{file.relative_to(folder)}")
    return path


def pack_tar(folder, path):
    with tarfile.open(path, "w") as packed:
        packed.add(folder, "faces")
    return path


@pytest.mark.parametrize(
    ("pack", "name"), [(pack_zip, "a.zip"), (pack_tar, "a.tar"), (pack_zip, "wrongly named.tar.gz")]
)
def test_zip_and_tar_are_taken_as_well(data, make_folder, tmp_path, pack, name):
    folder = get_dataset(pack(make_folder(), tmp_path / name))
    assert len(read_faces(label_file(folder, "train"))) == 8


def test_a_damaged_or_encrypted_zip_is_refused(data, make_folder, tmp_path):
    archive = pack_zip(make_folder(), tmp_path / "a.zip")
    content = bytearray(archive.read_bytes())
    content[200] ^= 255
    archive.write_bytes(content)
    refused(data, archive, "not a whole .zip archive .*fetch it again")
    content[200] ^= 255
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1
    content[6] |= 1
    archive.write_bytes(content)
    refused(data, archive, "is encrypted")


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "C:\\out.txt", "a\\..\\..\\out"])
def test_members_of_a_zip_that_leave_the_folder_are_refused(data, tmp_path, name):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr(name, "x")
    refused(data, tmp_path / "bad.zip", "would leave the folder")


def test_links_in_a_zip_are_refused(data, tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
    refused(data, tmp_path / "bad.zip", "is a link")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 90, "is a 7-Zip archive, not .tar.gz, .tar or"),
        ("a.rar", b"Rar!\x1a\x07" + b"\0" * 90, "is a RAR archive"),
        ("a.tar.xz", b"\xfd7zXZ\0" + b"\0" * 90, "is compressed with xz"),
        ("a.zip", b"<!DOCTYPE html>", "not a whole .zip archive but text, such as the web page"),
    ],
)
def test_another_kind_of_archive_is_told_what_it_is(data, tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    refused(data, tmp_path / name, sentence)


def five(folder, form):
    """Five pictures of 60 x 50 with five points each in nested folders, labelled as `form`."""
    places = ["", "my pictures", "my pictures/Übung", "my pictures/Übung/второй", "my pictures"]
    names = [f"{place}/foto {i}.jpg".lstrip("/") for i, place in enumerate(places)]
    points = np.array([[20, 20], [40, 20], [30, 30], [22, 40], [38, 40]], float)
    entries = []
    for index, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 50)).save(folder / name)
        box = None if form in ("pts", "labelme") else (10, 8, 40, 40)
        entries.append(
            Entry(name, (60, 50), box, numbered(5), points + index / 4, np.zeros(5, bool))
        )
    out = folder if form in ("pts", "labelme") else folder / "labels"
    if out != folder:
        out = out.with_suffix({"coco": ".json", "csv": ".csv"}.get(form, ".xml"))
    write_labels(out, Labels(entries), form)
    return out, points


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("as_file", [False, True])
def test_five_nested_photographs_with_five_points_are_a_data_set(data, tmp_path, form, as_file):
    out, points = five(tmp_path / "own", form)
    folder = get_dataset(out if as_file else tmp_path / "own")
    train, test = (read_faces(label_file(folder, part)) for part in ("train", "test"))
    assert (len(train), len(test)) == (4, 1)
    assert not {face.photograph for face in train} & {face.photograph for face in test}
    for face in train + test:
        number = int(face.image.stem.split()[-1])
        np.testing.assert_array_equal(face.landmarks, np.float32(points + number / 4))
    assert get_dataset(out if as_file else tmp_path / "own") == folder


def test_an_archive_of_another_format_is_a_data_set_too(data, tmp_path, capsys):
    five(tmp_path / "own", "coco")
    folder = get_dataset(pack_zip(tmp_path / "own", tmp_path / "own.zip"))
    assert len(read_faces(label_file(folder, "train"))) == 4
    assert capsys.readouterr().out.count("every fifth photograph") == 1


def test_files_that_say_train_and_test_are_the_two_lists(data, tmp_path):
    for part, count in (("train2017", 3), ("val2017", 2)):
        place = tmp_path / "own" / part
        place.mkdir(parents=True)
        rows = ["image,eye_x,eye_y,chin_x,chin_y"]
        for index in range(count):
            Image.new("RGB", (60, 50)).save(place / f"{index}.png")
            rows.append(f"{part}/{index}.png,20,20,{30 + index},40")
        (tmp_path / "own" / f"points_{part}.csv").write_text("\n".join(rows))
    folder = get_dataset(tmp_path / "own")
    assert [len(read_faces(label_file(folder, part))) for part in ("train", "test")] == [3, 2]


def test_a_point_that_one_tested_face_alone_has_is_known_from_the_others(data, tmp_path):
    points = {"nose": (30, 30), "chin": (30, 42), "left_eye": (22, 20), "right_eye": (38, 20)}
    some = {"nose": (30, 30), "right_eye": (38, 20)}
    most = {name: points[name] for name in ("nose", "chin", "left_eye")}
    placeholder = dict.fromkeys(points, (0, 0))  # left out, so faces and entries are not as many
    for part, faces in (("train", [placeholder, points, points]), ("test", [most, some])):
        entries = []
        (tmp_path / "own" / part).mkdir(parents=True)
        for index, face in enumerate(faces):
            name = f"{part}{index}.png"
            Image.new("RGB", (60, 50)).save(tmp_path / "own" / part / name)
            places, hidden = np.array([*face.values()], float), np.zeros(len(face), bool)
            entries.append(Entry(name, (60, 50), (10, 8, 40, 40), (*face,), places, hidden))
        write_labels(tmp_path / "own" / part, Labels(entries), "labelme")
    folder = get_dataset(tmp_path / "own")
    found = [read_faces(label_file(folder, part)) for part in ("train", "test")]
    names = [[face.image.stem for face in faces] for faces in found]
    assert names == [["train1", "train2"], ["test0", "test1"]]


def test_pictures_in_the_cells_of_a_csv_are_stored(data, tmp_path):
    cells = " ".join(map(str, range(64)))
    rows = ["eye_x,eye_y,chin_x,chin_y,Image", *(f"2,2,4,{5 + i / 8},{cells}" for i in range(6))]
    (tmp_path / "training.csv").write_text("\n".join(rows))
    faces = read_faces(label_file(get_dataset(tmp_path / "training.csv"), "train"))
    assert len(faces) == 5 and faces[0].box == (0, 0, 8, 8)
    assert np.asarray(Image.open(faces[0].image)).ravel().tolist() == list(range(64))


def test_pictures_in_the_cells_of_two_files_with_one_name_stay_apart(data, tmp_path):
    for part, grey in (("train", 10), ("test", 200)):
        (tmp_path / "own" / part).mkdir(parents=True)
        cells = " ".join([str(grey)] * 64)
        rows = [
            "eye_x,eye_y,chin_x,chin_y,Image",
            *(f"2,2,4,{5 + i / 8},{cells}" for i in range(3)),
        ]
        (tmp_path / "own" / part / "faces.csv").write_text("\n".join(rows))
    folder = get_dataset(tmp_path / "own")
    for part, grey in (("train", 10), ("test", 200)):
        faces = read_faces(label_file(folder, part))
        assert len(faces) == 3
        assert {int(np.asarray(Image.open(face.image))[0, 0]) for face in faces} == {grey}
