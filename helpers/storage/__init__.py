"""Storage: files and folders that are whole under their name or not there.

What may be used from outside: `data_folder` and `folder_for` (where data lie), `short_hash` (a name
that follows from what something was made from), `whole_file` and `whole_folder` (atomic writing),
`other_file` (none that is read), `check_free` (room on the disk), `download` and `unpack`
(archives).
"""

from helpers.storage.disk import check_free
from helpers.storage.download import download
from helpers.storage.files import other_file, whole_file, whole_folder
from helpers.storage.folders import data_folder, folder_for, short_hash
from helpers.storage.unpack import unpack

__all__ = [
    "check_free",
    "data_folder",
    "download",
    "folder_for",
    "other_file",
    "short_hash",
    "unpack",
    "whole_file",
    "whole_folder",
]
