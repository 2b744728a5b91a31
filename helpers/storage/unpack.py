"""A folder from an archive. The archive comes from elsewhere, so its content is checked."""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path, PureWindowsPath

from tqdm.auto import tqdm

from helpers.storage.disk import check_free
from helpers.storage.files import whole_folder

CHUNK = 1 << 20  # bytes read at once where nothing but the end is of interest
KINDS = ".tar.gz, .tar or .zip"
# What other files begin with, and what is said of them.
OTHERS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"BZh", "compressed with bzip2"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\x1f\x9d", "compressed with compress"),
)
PAGES = (b"<!doctype", b"<html", b"<?xml", b"{")


def unpack(
    archive: str | Path, folder: str | Path, check: Callable[[Path], None] | None = None
) -> Path:
    """Unpacks a .tar.gz, .tar or .zip into a new folder, all or nothing, and returns the folder.

    The kind follows from the content, not from the name. check: called with the unpacked folder
    before it gets its name; raises ValueError where the content is not as it should be. Raises
    ValueError that names the archive where it is of another kind, truncated or damaged (gzip's and
    zip's checksums), encrypted, holds anything but files and folders, or a member that leaves the
    folder; OSError where the disk is full.
    """
    archive = Path(archive)
    with whole_folder(folder) as unfinished:
        kind = _kind(archive)
        # At least: pictures do not shrink further.
        check_free(unfinished.parent, archive.stat().st_size, archive)
        try:
            (_unzip if kind == ".zip" else _untar)(archive, unfinished)
        except (
            *(EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError),
            *(zipfile.BadZipFile, NotImplementedError),
        ) as error:
            raise ValueError(
                f"{archive}: not a whole {kind} archive ({error}); fetch it again."
            ) from None
        try:
            if check:
                check(unfinished)
        except ValueError as error:  # names the archive, since the folder is gone by then
            raise ValueError(str(error).replace(str(unfinished), str(archive))) from None
    return Path(folder)


def _kind(archive: Path) -> str:
    """The kind of an archive by its content; raises ValueError for one that is not read here.

    What is none at all is taken for the kind that its name says, and refused as not whole there.
    """
    with open(archive, "rb") as file:
        head = file.read(512)
    if head.startswith(b"\x1f\x8b"):
        return ".tar.gz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ".zip"
    if head[257:262] == b"ustar":
        return ".tar"
    for magic, what in OTHERS:
        if head.startswith(magic):
            raise ValueError(
                f"{archive}: is {what}, not {KINDS}: unpack it, and give its folder instead."
            )
    name = archive.name.lower()
    kind = ".zip" if name.endswith(".zip") else ".tar" if name.endswith(".tar") else ".tar.gz"
    if head.lstrip().lower().startswith(PAGES):
        raise ValueError(
            f"{archive}: not a whole {kind} archive but text, such as the web page of a download"
            " that failed; fetch it again."
        )
    return kind


def _untar(archive: Path, folder: Path) -> None:
    """Unpacks a .tar, or a .tar.gz to its very end, where gzip compares its checksum."""
    plain = _kind(archive) == ".tar"
    with (
        open(archive, "rb") as file,
        tqdm.wrapattr(
            file, "read", archive.stat().st_size, desc=f"unpacking {archive.name}"
        ) as watched,
        nullcontext(watched) if plain else gzip.open(watched) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for member in tar:
            _refuse_leaving(archive, member.name)
            if not (member.isfile() or member.isdir()):
                link = member.issym() or member.islnk()
                _refuse_kind(archive, member.name, "link" if link else "device")
            tar.extract(member, folder, filter="data")
        while stream.read(CHUNK):
            pass


def _unzip(archive: Path, folder: Path) -> None:
    """Unpacks a .zip; the names that macOS adds for its own use are left out."""
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        check_free(folder, sum(member.file_size for member in members), archive)
        for member in tqdm(members, desc=f"unpacking {archive.name}"):
            name = _name_of(member)
            _refuse_leaving(archive, name)
            if member.flag_bits & 1:
                raise ValueError(
                    f"{archive}: is encrypted: unpack it with its password, and give its folder."
                )
            mode = member.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                _refuse_kind(archive, name, "link" if stat.S_ISLNK(mode) else "device")
            parts = PureWindowsPath(name).parts
            if not parts or parts[0] == "__MACOSX":
                continue
            target = folder.joinpath(*parts)
            if name.endswith(("/", "\\")):
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, open(target, "wb") as file:
                shutil.copyfileobj(source, file, CHUNK)


def _name_of(member: zipfile.ZipInfo) -> str:
    """The name of a zip's member: UTF-8 where its bytes are that, even if the zip does not say."""
    name = member.filename
    if member.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _refuse_leaving(archive: Path, member: str) -> None:
    """Raises ValueError for a member that would leave the folder.

    tarfile's "data" filter (PEP 706) keeps members within it; but it strips a leading slash in
    silence, and knows Windows' drives and backslashes on Windows only.
    """
    name = PureWindowsPath(member)
    if name.anchor or ".." in name.parts:
        raise ValueError(f"{archive}: its member {member} would leave the folder.")


def _refuse_kind(archive: Path, member: str, kind: str) -> None:
    """Raises ValueError for a member that is neither file nor folder: "data" would unpack links."""
    raise ValueError(f"{archive}: its member {member} is a {kind}, not a file or folder.")
