"""Is a log safe to open? An `.eval` file is a zip archive, and anybody may have made it.

The table of contents is read first: names, links, kinds, sizes as stated. Then every file of the archive is unpacked in
small pieces that are counted and thrown away, since a stated size may be a lie and the reader of logs believes it.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path

from leaderboard.text import clean

MAX_LOG_BYTES = 512 * 2**20
MAX_UNPACKED_BYTES = 4 * 2**30
MAX_RATIO = 500
MAX_FILES = 400_000
#: A part of a log is read into memory as a whole. Those that speak of every sample may be larger than the others.
MAX_PART_BYTES = 64 * 2**20
MAX_LIST_BYTES = 128 * 2**20
_SMALL = 2**24
_PIECE = 2**20
_HEADER = "header.json"
_LISTS = ("summaries.json", "reductions.json", "_journal/")
_STORED, _DEFLATED, _ZSTD = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 93
_ENCRYPTED = 0x1


def archive_fault(path: Path) -> str | None:
    """Why a log should not be opened; None if it may be."""
    if path.stat().st_size > MAX_LOG_BYTES:
        return f"is larger than {MAX_LOG_BYTES >> 20} MB"
    import inspect_ai._util.zipfile  # noqa: F401  (teaches zipfile the compression that logs are written with)

    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            return _listed_fault(members) or _content_fault(archive, members)
    except (OSError, EOFError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, zlib.error):
        return "is no log of Inspect: not a whole zip archive"
    except Exception as error:  # zstandard has an error class of its own
        return f"is no log of Inspect: it cannot be unpacked ({type(error).__name__})"


def _listed_fault(members: list[zipfile.ZipInfo]) -> str | None:
    """What the table of contents says against an archive."""
    if len(members) > MAX_FILES:
        return f"holds more than {MAX_FILES:,} files"
    names = [member.filename for member in members]
    if len({name.replace("\\", "/").casefold() for name in names}) < len(names):
        return "holds two files of one name"
    for member in members:
        parts = member.orig_filename.replace("\\", "/").split("/")
        if parts[0] == "" or ".." in parts or ":" in parts[0] or "\x00" in member.orig_filename:
            return "holds a file with a path that leads out of it"
        if stat.S_ISLNK(member.external_attr >> 16):
            return "holds a link"
        if member.flag_bits & _ENCRYPTED:
            return "holds an encrypted file"
        if member.compress_type not in (_STORED, _DEFLATED, _ZSTD):
            return "is compressed in a way that logs are not"
        if not member.is_dir() and not member.filename.endswith(".json"):
            return f"holds a file that is no part of a log ({clean(parts[-1], 40)})"
        most = MAX_LIST_BYTES if member.filename.startswith(_LISTS) else MAX_PART_BYTES
        if member.file_size > most:
            large = f"{clean(member.filename, 60)} of {member.file_size >> 20} MB"
            return f"holds {large}; this part of a log has at most {most >> 20} MB"
    if _HEADER not in names:
        return (
            f"is no finished log of Inspect: it holds no {_HEADER}; delete it "
            "(a run that was broken off and made again leaves it beside the whole log)"
        )
    return _size_fault(sum(one.file_size for one in members), sum(one.compress_size for one in members))


def _size_fault(unpacked: int, packed: int) -> str | None:
    if unpacked > MAX_UNPACKED_BYTES or unpacked > max(MAX_RATIO * packed, _SMALL):
        return f"would unpack to {unpacked >> 20} MB"
    return None


def _content_fault(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> str | None:
    """Unpack every file piece by piece: is each as large as it says, with the checksum that it says?"""
    for member in members:
        size = 0
        with archive.open(member) as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                if size > member.file_size:
                    break
        if size != member.file_size:
            return "holds a file that is not as large as it says"
    return None
