"""A full disk: an error before it happens where that can be known, else one clear sentence."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm.auto import tqdm


@contextmanager
def full_disk(sentence: str) -> Iterator[None]:
    """A block in which the error of a full disk becomes an OSError that says the sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(sentence) from None
        raise


def check_free(folder: Path, needed: int, name: object) -> None:
    """Raises OSError where the disk of `folder` has fewer than `needed` bytes free for `name`."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        takes, has = (tqdm.format_sizeof(n, "B") for n in (needed, free))
        raise OSError(f"{name}: takes {takes} of disk, and {folder.resolve()} has {has} free.")
