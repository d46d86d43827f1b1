"""A folder of pages that is either the old site or the new one, never half of each."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finbench.errors import InputError
from finbench.files import writing

#: The file by which a folder is known to be a site that was built here.
MARKER = "site.json"
GENERATOR = "finbench leaderboard"
_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
_OLD = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY
#: The folder of a board's states.
STATES = "states"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site that was built.

    Attributes:
        unchanged: whether it lay there already, made from just these inputs, and nothing was written.
    """

    folder: Path
    pages: int
    models: int
    runs: int
    unchanged: bool = False


def check_place(site: Path) -> None:
    """Refuse to replace what is not a site.

    Raises:
        InputError: if `site` is a file, a link, or a folder that holds other things.
    """
    if site.is_symlink():
        raise InputError(f"{site} is a link; name the folder itself, since the whole folder is replaced")
    if site.is_file():
        raise InputError(f"{site} is a file; name a folder for the site")
    if site.is_dir() and any(site.iterdir()) and not is_site(site):
        raise InputError(f"{site} holds other things than a site built by `finbench leaderboard`; name another folder")


def is_site(folder: Path) -> bool:
    """Whether a folder is a site that was built here."""
    try:
        known = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and known.get("generator") == GENERATOR


def cache_name(site: Path) -> str:
    """What stands for a site in the names of the cache's files."""
    return hashlib.sha256(os.fsencode(site.resolve())).hexdigest()


class Draft:
    """A site that is being written, in a fresh folder beside the one that it will replace.

    A file that the old site has with the same bytes becomes a link to that one: it keeps its time, so that whoever
    uploads a site sees what is new, and on most disks to link is far quicker than to make a file.
    """

    def __init__(self, folder: Path, before: Path | None) -> None:
        """Write into a folder.

        Args:
            folder: the fresh folder.
            before: the old site; None if there is none.
        """
        self.folder = folder
        self._to, self._before = str(folder), str(before) if before is not None else None
        trial = folder / ".mode"
        trial.touch()
        self._mode = trial.stat().st_mode
        trial.unlink()

    def write(self, name: str, text: str) -> None:
        """Write one file, with the same bytes on every system."""
        data = text.encode("utf-8", "replace")
        path = os.path.join(self._to, name)  # noqa: PTH118  (thousands of files)
        try:
            self._put(path, name, data)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  (another process may be quicker)
            self._put(path, name, data)

    def _put(self, path: str, name: str, data: bytes) -> None:
        old = os.path.join(self._before, name) if self._before is not None else ""  # noqa: PTH118
        linked = bool(old) and _holds(old, data, self._mode)
        try:
            self._make(path, old if linked else "", data)
        except FileExistsError:
            # written twice: what is there may be a link to the old site, whose bytes stay
            os.unlink(path)  # noqa: PTH108
            self._make(path, old if linked else "", data)

    def _make(self, path: str, old: str, data: bytes) -> None:
        if old:
            try:
                os.link(old, path, follow_symlinks=False)
                return
            except (FileNotFoundError, FileExistsError):
                raise
            except OSError:  # no links on this disk, or one too many
                self._before = None
        file = os.open(path, _NEW, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)


@contextmanager
def replacing(site: Path) -> Iterator[Draft]:
    """A draft that takes the place of `site` if all goes well; else the old site stays as it is.

    Raises:
        InputError: if the place cannot be used or written to.
    """
    check_place(site)
    target = site.absolute()
    with writing(site):
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new"))
        old = fresh.with_suffix(".old")
        try:
            yield Draft(fresh, target if target.is_dir() else None)
            fresh.chmod(0o755)
            if target.is_dir():
                target.rename(old)
            try:
                fresh.rename(target)
            except OSError:
                if old.is_dir():
                    old.rename(target)
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


def _holds(path: str, data: bytes, mode: int) -> bool:
    """Whether a file, which is no link, holds just these bytes and may be read by whom it should."""
    try:
        file = os.open(path, _OLD)
    except OSError:
        return False
    try:
        found = os.fstat(file)
        return found.st_mode == mode and found.st_size == len(data) and os.read(file, len(data)) == data
    except OSError:
        return False
    finally:
        os.close(file)
