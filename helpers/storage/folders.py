"""Where data are kept, and under which names."""

import hashlib
import os
import re
from pathlib import Path


def data_folder() -> Path:
    """The folder where data are kept.

    It is what the environment variable FACES_DATA says, else `data` in the checkout, else `data`
    in the working folder.
    """
    checkout = Path(__file__).resolve().parents[2]
    default = (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "data"
    return Path(os.environ.get("FACES_DATA") or default).resolve()


def short_hash(*parts: object) -> str:
    """Eight hexadecimal digits that follow from the parts (as `repr` writes them) alone."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def folder_for(name: str, *version: object) -> Path:
    """The folder in `data_folder()` for one version of something: its name, and the version's hash.

    name: also that of an archive, whose ending is left out. version: whatever tells versions apart.
    """
    stem = re.sub(r"(\.tar)?\.t?gz$|\.(tar|zip)$", "", name)
    return data_folder() / f"{stem}-{short_hash(*version)}"
