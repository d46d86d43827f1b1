"""A bounded cache: what was longest unused goes first."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from finbench.errors import InputError

#: Bytes that the cache of logs may hold; FINBENCH_CACHE_MB sets another bound.
BOUND = 1_000_000_000
_VARIABLE = "FINBENCH_CACHE_MB"
#: A sweep leaves this share of the bound, so that not every new entry asks for another sweep.
_LEFT = 0.8
#: A part of a file this old was left by a program that was stopped, in seconds.
_STALE = 3600.0


class Sweeper:
    """Keeps a folder below a bound; looks at it once at first, and then whenever a twentieth of the bound was added."""

    def __init__(self) -> None:
        self._added: int | None = None

    def added(self, folder: Path, size: int) -> None:
        """Note that so many bytes were written to the folder, and sweep it if it is time.

        Raises:
            InputError: if FINBENCH_CACHE_MB is no number of 0 or more.
        """
        limit = bound()
        self._added = limit if self._added is None else self._added + size
        if self._added >= limit / 20:
            self._added = 0
            sweep(folder, limit)


def bound() -> int:
    """Bytes that the cache may hold.

    Raises:
        InputError: if FINBENCH_CACHE_MB is no number of 0 or more.
    """
    given = os.environ.get(_VARIABLE, "")
    if not given:
        return BOUND
    if not given.isdecimal():
        raise InputError(f"{_VARIABLE} is '{given}'; give a number of megabytes, such as 500, or 0 to keep nothing")
    return 1_000_000 * int(given)


def sweep(folder: Path, limit: int) -> None:
    """Remove what was longest unused until the folder holds at most 80 % of the limit, if it holds more than the limit.

    What cannot be removed stays; what another program removes meanwhile is gone all the same.
    """
    files: list[tuple[float, int, Path]] = []
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):
            if path.is_symlink() or not path.is_file():
                continue
            found = path.stat()
            if path.name.endswith(".part"):
                if time.time() - found.st_mtime > _STALE:
                    path.unlink(missing_ok=True)
                continue
            files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    if total <= limit:
        return
    for _, size, path in sorted(files):
        if total <= _LEFT * limit:
            return
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            total -= size


def used(path: Path) -> None:
    """Note that a file was of use just now."""
    with contextlib.suppress(OSError):
        os.utime(path)
