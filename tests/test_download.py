"""Downloads, through the function that notebook 01 calls: whole, or a sentence and nothing lost."""

import hashlib
import importlib
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from helpers.annotations import read_faces
from helpers.sources import get_dataset, label_file
from helpers.storage import download

# By its name: as an attribute of the package it is the function.
download_module = importlib.import_module("helpers.storage.download")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(download_module, "PAUSES", (0, 0))


@pytest.fixture
def once(monkeypatch):
    """Gives up at the first drop, so that the test can do something before the next call."""
    monkeypatch.setattr(download_module, "PAUSES", ())


@pytest.fixture
def archive(make_archive, web):
    """The bytes of a small archive, some chunks long, which the server has."""
    web.body = make_archive(noise=300_000).read_bytes()
    return web.body


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A real file system of 4 MiB, with the data of this test on it."""
    if sys.platform != "linux":
        pytest.skip("needs Linux to make a small file system")
    disk = tmp_path / "small disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    monkeypatch.setenv("FACES_DATA", str(disk / "data"))
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def record(folder):
    return json.loads((folder.parent / "SOURCE.json").read_text())


def is_whole(folder, archive):
    """Whether the folder is what the archive holds, by what was recorded of its bytes."""
    return record(folder)["sha256"] == hashlib.sha256(archive).hexdigest()


def test_an_address_becomes_a_folder_with_its_checksum_recorded(data, web, archive, capsys):
    folder = get_dataset(web.url)
    digest = hashlib.sha256(archive).hexdigest()
    assert record(folder) == {"url": web.url, "bytes": len(archive), "sha256": digest}
    assert digest in capsys.readouterr().out
    assert [folder.parent] == [*data.iterdir()]  # neither the archive nor a part of it is left


def test_after_a_drop_it_goes_on_from_where_it_was(data, web, archive):
    web.plan = ["drop", "drop", "drop", "well"]
    folder = get_dataset(web.url)
    assert is_whole(folder, archive)
    assert "Range" not in web.requests[0]
    half = len(archive) // 2
    assert web.requests[1]["Range"] == f"bytes={half}-"
    assert web.requests[1]["If-Range"] == '"1"'
    assert web.requests[2]["Range"] == f"bytes={half + (len(archive) - half) // 2}-"
    assert len(web.requests) == 4


def test_a_new_call_goes_on_where_the_last_one_gave_up(data, web, archive, once):
    web.plan = ["drop"]
    with pytest.raises(ConnectionError, match=r"are kept in .*\.part: call again to continue"):
        get_dataset(web.url)
    assert is_whole(get_dataset(web.url), archive)
    assert web.requests[1]["Range"] == f"bytes={len(archive) // 2}-"


def test_it_starts_over_when_the_file_has_changed_on_the_server(data, web, make_archive, once):
    web.body, web.plan = make_archive("old", noise=300_000).read_bytes(), ["drop"]
    with pytest.raises(ConnectionError):
        get_dataset(web.url)
    web.body, web.tag = make_archive("new", noise=200_000, train=4).read_bytes(), '"2"'
    folder = get_dataset(web.url)
    assert web.requests[1]["If-Range"] == '"1"'
    assert is_whole(folder, web.body) and folder.name == "new"


def test_it_starts_over_when_the_server_ignores_ranges(data, web, archive):
    web.plan = ["drop", "no ranges"]
    assert is_whole(get_dataset(web.url), archive)
    assert "Range" in web.requests[1]


def test_it_starts_over_when_the_server_does_not_name_its_version(data, web, archive):
    web.tag, web.plan = None, ["drop"]
    assert is_whole(get_dataset(web.url), archive)
    assert "Range" not in web.requests[1]


def test_an_interrupt_keeps_what_has_come_and_the_next_call_goes_on(data, web, archive, capsys):
    web.plan = ["interrupt"]
    with pytest.raises(KeyboardInterrupt):
        get_dataset(web.url)
    [part] = data.glob("*.part")
    kept = part.stat().st_size
    assert 0 < kept < len(archive)
    assert f"are kept in {part}: call again to continue." in capsys.readouterr().out
    assert is_whole(get_dataset(web.url), archive)
    assert web.requests[1]["Range"] == f"bytes={kept}-"


def test_an_interrupt_after_the_last_byte_costs_no_second_download(tmp_path, web, once):
    web.body, web.plan = bytes(1000), ["drop"]
    path = tmp_path / "file"
    with pytest.raises(ConnectionError):
        download(web.url, path)
    (tmp_path / "file.part").write_bytes(web.body)
    assert download(web.url, path).read_bytes() == web.body
    assert len(web.requests) == 1


def test_a_server_that_announces_more_than_it_sends_is_not_believed(data, web, archive):
    web.plan = ["more"] * 20
    with pytest.raises(ConnectionError, match=f"{len(archive) + 1000:,} bytes and .* came"):
        get_dataset(web.url)
    assert not [*data.glob("*.tar.gz")]


def test_a_server_that_announces_less_than_it_has_is_not_believed(data, web, archive):
    web.plan = ["less"]
    with pytest.raises(
        ValueError, match=r"not a whole .tar.gz archive .* came from http.* removed"
    ):
        get_dataset(web.url)
    assert not [*data.iterdir()]
    assert is_whole(get_dataset(web.url), archive)


@pytest.mark.parametrize("status", [404, 403, 503])
def test_an_answer_that_is_no_file_is_one_sentence(data, web, status):
    web.plan = [status]
    with pytest.raises(ConnectionError, match=rf"{web.url}: the server answers {status} .*demo"):
        get_dataset(web.url)
    assert not [*data.iterdir()]


def test_without_a_network_the_address_and_the_way_out_are_named(data):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/faces.tar.gz"
        with pytest.raises(ConnectionError) as error:
            get_dataset(url)
    assert str(error.value).startswith(f"{url}: no answer (")
    assert str(error.value).endswith('get_dataset("demo") needs no network.')
    assert not [*data.iterdir()]


def test_a_second_process_does_not_write_into_the_same_file(data, web, archive):
    pytest.importorskip("fcntl")
    web.plan = ["wait"]
    first = threading.Thread(target=get_dataset, args=(web.url,))
    first.start()
    try:
        while first.is_alive() and not [*data.glob("*.part")]:
            time.sleep(0.01)
        with pytest.raises(OSError, match="another process is fetching it"):
            get_dataset(web.url)
    finally:
        web.go_on.set()
        first.join()
    assert is_whole(get_dataset(web.url), archive)


def test_a_file_that_is_there_is_not_fetched_again(tmp_path, web):
    (tmp_path / "file").write_bytes(b"here")
    assert download(web.url, tmp_path / "file") == tmp_path / "file"
    assert not web.requests


def test_it_does_not_begin_what_the_disk_cannot_hold(small_disk, web, archive):
    (small_disk / "ballast").write_bytes(bytes(3_600_000))  # room for the archive, but for one only
    with pytest.raises(OSError, match=r"takes 6\d\dkB of disk, and .* has 5\d\dkB free"):
        get_dataset(web.url)
    assert not [*(small_disk / "data").iterdir()]


def test_a_disk_that_fills_up_keeps_what_has_come(small_disk, web, archive):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4_000_000))
    web.plan = ["no length"]  # so that it cannot be known before
    with pytest.raises(OSError, match=r"\.part: the disk is full; free some and call again"):
        get_dataset(web.url)
    [part] = (small_disk / "data").glob("*.part")
    kept = part.read_bytes()
    assert 0 < len(kept) < len(archive) and archive.startswith(kept)
    ballast.unlink()
    assert is_whole(get_dataset(web.url), archive)
    assert web.requests[1]["Range"] == f"bytes={len(kept)}-"


def test_it_does_not_begin_to_unpack_what_the_disk_cannot_hold(small_disk, make_archive):
    with pytest.raises(OSError, match=r"faces.tar.gz: takes 5.\d\dMB of disk, and .* has 4.\d\dMB"):
        get_dataset(make_archive(noise=5_000_000))
    assert not [*(small_disk / "data").iterdir()]


def test_a_disk_that_fills_up_leaves_no_half_unpacked_folder(small_disk, make_archive):
    def swell(folder):
        (folder / "zeros.bin").write_bytes(bytes(8_000_000))  # compresses to a few kilobytes

    archive = make_archive(change=swell)
    with pytest.raises(OSError, match="the disk is full; what was written of it is removed"):
        get_dataset(archive)
    assert not [*(small_disk / "data").iterdir()]


def test_letters_of_any_language_may_be_in_an_address(data, web, archive):
    folder = get_dataset(web.url.replace("faces.tar.gz", "gesichter_ü.tar.gz"))
    assert len(read_faces(label_file(folder, "train"))) == 8
