"""A file from the web: whole under its name, or not there.

A large file takes minutes, and much can happen in minutes: the line breaks, the disk fills up,
somebody interrupts the kernel. What has come by then is kept, and the next call goes on from it.
"""

import json
import os
import string
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from tqdm.auto import tqdm

from helpers.storage.disk import check_free, full_disk

if sys.platform != "win32":
    import fcntl

CHUNK = 1 << 16  # bytes; what an interrupt can lose
TIMEOUT = 30  # seconds without a byte, after which a connection counts as broken
PAUSES = (0.5, 2, 8)  # seconds before each new attempt, after a connection that brought something


def download(url: str, path: str | Path, copies: int = 1) -> Path:
    """The file at `url`, fetched to `path` unless that is there already; returns `path`.

    What has come so far is in `path` + ".part". After a broken connection or an interrupted kernel
    it is continued from its end if the server's file is still the same, and begun anew if not.
    copies: how many times its size must be free on the disk; 2 where it is unpacked next.
    Raises ConnectionError (no network, no such file, too many drops) or OSError (disk full).
    """
    path = Path(path)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part, note = (path.with_name(path.name + ending) for ending in (".part", ".part.json"))
    longest = _size(part)
    pauses: Iterator[float] = iter(())
    with _only_writer(part):
        if path.exists():  # another process was just done
            return path
        try:
            while trouble := _fetch(url, part, note, copies):
                if _size(part) > longest:  # something came, so it is worth another round of pauses
                    longest, pauses = _size(part), iter(PAUSES)
                if (pause := next(pauses, None)) is None:
                    raise ConnectionError(f"{url}: {trouble}. {_kept(part)}".rstrip())
                time.sleep(pause)
        except KeyboardInterrupt:
            print(f"Interrupted. {_kept(part)}")
            raise
        os.replace(part, path)
        note.unlink(missing_ok=True)
    return path


def _fetch(url: str, part: Path, note: Path, copies: int) -> str | None:
    """None where one request made the part whole, else what went wrong, as text.

    note: the file that keeps length and version of what the part is a part of. Raises as
    `download` does where another request would be of no use.
    urllib, because one file over plain http is all that is asked: no dependency is worth that.
    """
    have = _size(part)
    seen = json.loads(note.read_text()) if have and note.exists() else {}
    if have and have == seen.get("length"):
        return None  # interrupted between its last byte and its name
    try:
        request = _request(url, have, seen.get("validator"))
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416 and have:  # no such range: the part is not of this file
            part.unlink()
            return _fetch(url, part, note, copies)
        if error.code >= 500:  # trouble that passes
            return f"the server answers {error.code} {error.reason}"
        raise ConnectionError(f"{url}: the server answers {error.code} {error.reason}.") from None
    except (OSError, HTTPException) as error:
        return f"no answer ({error.reason if isinstance(error, URLError) else error})"
    with answer:
        if answer.status != 206:
            have = 0  # the file has changed, or the server knows no ranges: all of it comes
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            return "the server sent another range than it was asked for"
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        check_free(part.parent, (total or 0) * copies - have, url)
        with full_disk(f"{part}: the disk is full; free some and call again: it continues."):
            return _receive(answer, part, note, have, total)


def _request(url: str, have: int, validator: str | None) -> urllib.request.Request:
    """A request for the bytes after the first `have`, or for all where no validator is known."""
    request = urllib.request.Request(quote(url, safe=string.printable))
    if have and validator:
        # "The rest, if it is still the same file, else all of it" (RFC 9110, section 13.1.5).
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", validator)
    return request


def _receive(
    answer: HTTPResponse, part: Path, note: Path, have: int, total: int | None
) -> str | None:
    """None where all bytes of an answer came and are in the part, else what went wrong, as text.

    have: how many bytes of the part stay. total: how many it is to have in the end, where known.
    """
    bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=part.stem)
    with open(part, "ab" if have else "wb") as file, bar:
        if not have:
            note.write_text(json.dumps({"validator": _validator(answer), "length": total}))
        while True:
            try:
                chunk = answer.read(CHUNK)
            except (OSError, HTTPException) as error:
                return f"the connection broke ({error})"
            if not chunk:
                break
            file.write(chunk)
            bar.update(len(chunk))
    if total is not None and _size(part) != total:
        return f"the server announced {total:,} bytes and {_size(part):,} came"
    return None


@contextmanager
def _only_writer(part: Path) -> Iterator[None]:
    """A block in which no second kernel writes into the same file; else OSError is raised.

    The lock ends with its process.
    """
    if sys.platform == "win32":  # no lock there; the archive's checksum refuses what two mixed
        yield
        return
    path = part.with_name(part.name + ".lock")
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"{part}: another process is fetching it; wait for that.") from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _validator(answer: HTTPResponse) -> str | None:
    """What names this version of a file: a strong ETag, else its date, else None."""
    tag = answer.headers.get("ETag", "W/")
    return answer.headers.get("Last-Modified") if tag.startswith("W/") else tag


def _kept(part: Path) -> str:
    """What a reader is told of an unfinished part; nothing where there is none."""
    size = tqdm.format_sizeof(_size(part), "B")
    return f"{size} are kept in {part}: call again to continue." if _size(part) else ""


def _size(path: Path) -> int:
    """How many bytes a file has; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0
