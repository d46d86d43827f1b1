"""The code that decides a result, as a hash: what was computed by other code is computed again."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

_ENDINGS = (".py", ".html", ".txt", ".css", ".js", ".svg", ".yaml", ".jsonl")


@cache
def code_digest(*packages: str) -> str:
    """SHA-256 over name, size and time of every file of some packages, their rows and templates among them."""
    digest = hashlib.sha256()
    for package in packages:
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*")):
            if path.suffix in _ENDINGS and path.is_file():
                found = path.stat()
                digest.update(f"{path.relative_to(root)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
