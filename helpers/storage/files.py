"""Files and folders that are whole under their final name, or not there."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.storage.disk import full_disk


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, renamed to `path` when the block ends well and removed otherwise.

    The file is written beside its final place (a rename is atomic only within one file system)
    under a name of this process, so that two processes that make the same file do not mix.
    Raises OSError that names `path` where it cannot be written.
    """
    path = Path(path)
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{path}: could not be written ({error.strerror or error}).") from error
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise OSError(f"{path}: could not be written ({error.strerror or error}).") from error
    finally:
        partial.unlink(missing_ok=True)


def other_file(target: str | Path, *sources: str | Path) -> Path:
    """The path of a file to write; raises ValueError where it is one of the files to read."""
    target = Path(target)
    if target.exists() and any(Path(s).exists() and target.samefile(s) for s in sources):
        raise ValueError(f"{target}: is the file to read; name another one to write.")
    return target


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """A folder to fill, renamed to `folder` when the block ends well and removed otherwise.

    Two processes may fill the same folder: that of the first to finish stays, the other's is
    removed.
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
