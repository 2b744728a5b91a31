"""A folder from an archive, or made by a program: whole under its name, or not there.

The archive comes from elsewhere, so nothing in it is believed: not that it is whole, nor that it
stays in its folder. The folder gets its name only when it is finished and checked.
"""

import errno
import gzip
import secrets
import shutil
import tarfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from tqdm.auto import tqdm

CHUNK = 1 << 20  # bytes read at once where nothing but the end is of interest


def unpack(archive, folder, check=None):
    """Unpacks a .tar.gz into a new folder, all or nothing, and returns the folder as a Path.

    check: called with the unpacked folder before it gets its name; raises ValueError against it.
    Raises ValueError that names the archive where it is truncated or damaged (gzip's checksum),
    holds anything but files and folders, or a member that leaves the folder; OSError where the
    disk is full.
    """
    archive = Path(archive)
    size = archive.stat().st_size
    with whole_folder(folder) as unfinished:
        check_free(unfinished.parent, size, archive)  # at least: pictures do not shrink further
        try:
            with (
                open(archive, "rb") as file,
                tqdm.wrapattr(file, "read", size, desc=f"unpacking {archive.name}") as watched,
                gzip.open(watched) as stream,
                tarfile.open(fileobj=stream, mode="r|") as tar,
            ):
                for member in tar:
                    _unpack_member(archive, tar, member, unfinished)
                while stream.read(CHUNK):  # gzip compares its checksum at the very end
                    pass
        except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
            raise ValueError(
                f"{archive}: not a whole .tar.gz archive ({error}); fetch it again."
            ) from None
        try:
            if check:
                check(unfinished)
        except ValueError as error:  # a name that the reader knows, for one that is gone by then
            raise ValueError(str(error).replace(str(unfinished), str(archive))) from None
    return Path(folder)


def _unpack_member(archive, tar, member, folder):
    """Writes one file or folder of an archive.

    By hand, since tarfile's own `filter="data"` is missing from early versions of Python 3.11
    and lets links through. Windows' rules for paths are the stricter ones and hold everywhere.
    """
    name = PureWindowsPath(member.name)
    if name.anchor or ".." in name.parts:
        raise ValueError(f"{archive}: its member {member.name} would leave the folder.")
    if not (member.isfile() or member.isdir()):
        kind = "link" if member.issym() or member.islnk() else "device"
        raise ValueError(f"{archive}: its member {member.name} is a {kind}, not a file or folder.")
    path = folder / member.name
    (path if member.isdir() else path.parent).mkdir(parents=True, exist_ok=True)
    if member.isfile():
        with open(path, "wb") as file:
            shutil.copyfileobj(tar.extractfile(member), file)


@contextmanager
def whole_folder(folder):
    """A new folder to fill, as a Path; it becomes `folder` at the end and is removed on failure.

    Two processes may fill the same folder: the first to finish gives it, the other's is removed.
    Raises OSError with one sentence where the disk fills up.
    """
    folder = Path(folder)
    unfinished = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.unfinished")
    unfinished.mkdir(parents=True)
    try:
        with full_disk(f"{folder}: the disk is full; what was written of it is removed."):
            yield unfinished
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def full_disk(sentence):
    """Says the sentence in place of the system's error for a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(sentence) from None
        raise


def check_free(folder, needed, name):
    """Raises OSError where the disk of `folder` has fewer than `needed` bytes free for `name`."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        needed, free = (tqdm.format_sizeof(n, "B") for n in (needed, free))
        raise OSError(f"{name}: takes {needed} of disk, and {folder.resolve()} has {free} free.")
