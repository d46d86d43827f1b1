"""A folder of pages that is either the old site or the new one, never half of each."""

from __future__ import annotations

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
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
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


@contextmanager
def replacing(site: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of `site` if all goes well; else the old site stays as it is.

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
            yield fresh
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


def write_page(folder: Path, name: str, text: str) -> None:
    """Write one file of a site, with the same bytes on every system."""
    path, data = os.path.join(folder, name), text.encode("utf-8", "replace")  # noqa: PTH118  (thousands of files)
    try:
        file = os.open(path, _NEW, 0o666)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  (another process may be quicker)
        file = os.open(path, _NEW, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)
