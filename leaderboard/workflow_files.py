"""The GitHub workflows that ship with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from finbench.errors import InputError
from finbench.files import write_text

NAMES = ("check-submissions.yml", "comment-on-submissions.yml", "publish-board.yml")


def workflow(name: str) -> str:
    """The text of one workflow."""
    return (files("leaderboard") / "workflows" / name).read_text(encoding="utf-8")


def write_workflows(folder: Path, *, force: bool = False) -> list[Path]:
    """Write all workflows into a folder.

    Raises:
        InputError: if one of that name is there and says something else, unless `force`; if it cannot be written.
    """
    changed = [
        path
        for path in (folder / name for name in NAMES)
        if path.exists() and path.read_bytes() != workflow(path.name).encode()
    ]
    if changed and not force:
        raise InputError(f"{changed[0]} is there and is another one; pass --force to replace it")
    for name in NAMES:
        write_text(folder / name, workflow(name))
    return [folder / name for name in NAMES]
