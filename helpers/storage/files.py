"""Anything written under its final name is whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` when the block ends well and is gone otherwise.

    The file is written beside its final place (a rename is atomic only within one file system)
    under a name of this process, so that two processes that make the same file do not mix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise OSError(f"{path}: could not be written ({error.strerror or error}).") from error
    finally:
        partial.unlink(missing_ok=True)
