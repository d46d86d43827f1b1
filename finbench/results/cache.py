"""What was read from a log, kept as Parquet: found by the log's content, and thrown away at the slightest doubt.

An entry is named by a hash over the SHA-256 of the whole log file, the reading options, and the versions of this reader
and of Inspect, so that no entry can serve another file, whatever its name, size or time. Hashing a large log takes a
while too; hence a second, small file per path remembers the SHA-256 of a file whose device, inode, size, modification
time and change time are still the same. As in git's index, it is not believed for a file that changed within two
seconds before it was hashed, since a clock need not tell a later change in the same tick apart. Entries may be deleted
at any time; the cache deletes those longest unused itself where it grows over its bound (`finbench.results.eviction`).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from finbench.files import cache_folder
from finbench.results.columns import SCHEMA, ItemTable
from finbench.results.eviction import Sweeper, used
from finbench.results.reading import Head
from finbench.results.runs import Run, Settings

#: Raised whenever the same log is read to other values than before.
READER = 6
_FIELD = b"finbench"
#: A file changed as shortly before it was hashed as this may change again without its times telling, in nanoseconds.
_RACY = 2_000_000_000
_SWEEPER = Sweeper()
#: SHA-256 of files by their identity, as this process has seen them.
_KNOWN: dict[tuple[int, ...], str] = {}


def content_sha256(path: Path) -> str:
    """SHA-256 of a file, remembered while the file is untouched.

    Raises:
        OSError: if it cannot be read.
    """
    before = _identity(path)
    known = _KNOWN.get(before)
    if known is not None:
        return known
    note = _folder() / "seen" / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()}.json"
    digest = _noted(note, before)
    if digest is None:
        now = time.time_ns()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if _identity(path) != before or now - max(before[3:]) <= _RACY:
            return digest
        _write(note, json.dumps({"identity": before, "sha256": digest}).encode())
    _KNOWN[before] = digest
    return digest


def _noted(note: Path, identity: tuple[int, ...]) -> str | None:
    """The SHA-256 that was noted for a file of this identity; None if it was never seen, or the note is damaged."""
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["identity"] == list(identity) and isinstance(known["sha256"], str):
            return str(known["sha256"])
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return None


def entry_of(path: Path, scorer: str | None, cluster: str | None) -> Path:
    """Where the cache has a log, or would have it, read with these options.

    Raises:
        OSError: if the log cannot be read.
    """
    key = json.dumps([READER, _inspect_version(), content_sha256(path), scorer, cluster])
    name = hashlib.sha256(key.encode()).hexdigest()
    return _folder() / name[:2] / f"{name}.parquet"


def load_head(entry: Path) -> tuple[Head, dict[str, Any]] | None:
    """The head of an entry, and its facts beside the items; None where there is no sound entry."""
    try:
        facts = _facts(pq.read_schema(entry), entry)
        return Head(**facts["head"]), facts
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError):
        return None


def load_run(entry: Path, path: Path) -> Run | None:
    """The run of an entry, as that of the log at `path`; None where there is no sound entry."""
    try:
        # pq.read_table would import pyarrow.dataset and, where it is there, pandas
        with pq.ParquetFile(entry, page_checksum_verification=True) as file:
            table = file.read(use_threads=False)
        facts = _facts(table.schema, entry)
        if not table.schema.equals(SCHEMA) or table.num_rows != facts["rows"]:
            return None
        used(entry)
        settings = Settings(**facts["run"].pop("settings"))
        return Run(path=path, settings=settings, items=ItemTable(table.replace_schema_metadata(None)), **facts["run"])
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError):
        return None


def store(entry: Path, head: Head, run: Run) -> None:
    """Keep a run; where the cache cannot be written to, all goes on without it."""
    assert isinstance(run.items, ItemTable)
    whole = {name: getattr(run, name) for name in run.__slots__ if name not in ("path", "items", "settings")}
    facts = {
        "entry": entry.stem,
        "rows": len(run.items),
        "head": asdict(head),
        "run": whole | {"settings": asdict(run.settings)},
    }
    table = run.items.table.replace_schema_metadata({_FIELD: json.dumps(facts).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    data = sink.getvalue().to_pybytes()
    _write(entry, data)
    _SWEEPER.added(_folder(), len(data))


def _facts(schema: pa.Schema, entry: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((schema.metadata or {})[_FIELD])
    if facts["entry"] != entry.stem:
        raise ValueError("an entry under another's name")
    return facts


def _identity(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _folder() -> Path:
    return cache_folder() / "runs"


@cache
def _inspect_version() -> str:
    try:
        return version("inspect-ai")
    except PackageNotFoundError:
        return "unknown"


def _write(path: Path, data: bytes) -> None:
    """Write atomically, or not at all: a cache is never a reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError:
        return
