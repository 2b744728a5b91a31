"""Where faces come from: checked before they are believed, and there at once the second time."""

import gzip
import io
import os
import re
import sys
import tarfile
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers import sources
from helpers.annotations import read_faces
from helpers.sources import data_folder, get_dataset, label_file, tree
from helpers.unpack import unpack, whole_folder


def refused(data, archive, sentence):
    """Asserts that the archive is refused with this in a sentence, and that nothing is left."""
    with pytest.raises(ValueError, match=sentence) as error:
        get_dataset(archive)
    assert str(error.value).startswith(str(archive))
    assert not [*data.iterdir()]


@pytest.fixture
def fake_people(make_folder, monkeypatch, tmp_path):
    """Stands in for the generator of demo people, which takes half a minute."""
    calls = []

    def make_people(folder, train, test, seed):
        calls.append((train, test, seed))
        make_folder(folder, train=8, test=4)

    monkeypatch.setitem(sys.modules, "helpers.people", SimpleNamespace(make_people=make_people))
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "sources.py"))
    (tmp_path / "assets").mkdir()
    for name in sources.DEMO_MAKERS:
        (tmp_path / name).write_text("one way to make them")
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
    assert fake_people == [(512, 128, 0)]


@pytest.mark.parametrize("name", sources.DEMO_MAKERS)
def test_a_changed_generator_makes_a_new_set_of_demo_people(data, fake_people, tmp_path, name):
    folder = get_dataset("demo")
    (tmp_path / name).write_text("another way to make them")
    assert get_dataset("demo") != folder
    assert len(fake_people) == 2


def test_every_module_that_makes_demo_people_counts_as_their_generator():
    helpers, known, seen = Path(sources.__file__).parent, ["people.py"], set()
    while known:
        seen.add(name := known.pop())
        imported = re.findall(r"^ *from helpers\.(\w+) import", (helpers / name).read_text(), re.M)
        known += {f"{module}.py" for module in imported} - seen
    assert seen == {name for name in sources.DEMO_MAKERS if name.endswith(".py")}


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
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "site-packages/helpers/sources.py"))
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
