"""Rows that came from the hub, kept in the user's cache: offline afterwards, and pinned where no card pins them.

`<cache>/hub/<owner>--<name>/` holds `pin.json`, the commit that is used from then on, and below the commit one
`<configuration>/<split>.jsonl` for each split that was read, with `<split>.json` beside it: where the rows are from,
and their fingerprint, which is looked at each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finbench.card import Source
from finbench.data.fingerprints import canonical, fingerprint_rows
from finbench.data.rows import Row, read_jsonl
from finbench.errors import InputError
from finbench.files import cache_folder, write_json, write_text

_COMMIT = re.compile(r"[0-9a-f]{40}")


def repository(source: Source) -> str:
    """Owner and name of a hub set."""
    return source.uri.removeprefix("hf://")


def home(source: Source) -> Path:
    """The folder of a hub set in the user's cache."""
    return cache_folder() / "hub" / repository(source).replace("/", "--")


def pinned(source: Source) -> str | None:
    """The commit that is read: the card's, else the one that was recorded here, else None."""
    return source.revision or recorded(source)


def recorded(source: Source) -> str | None:
    """The commit that was recorded when the set was first read here; None before that.

    Raises:
        InputError: if the record is damaged.
    """
    path = home(source) / "pin.json"
    if not path.is_file():
        return None
    commit = _fields(path).get("revision")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise InputError(f"{path} names no commit; delete it, and the next fetch records one")
    return commit


def is_export(source: Source) -> bool:
    """Whether the recorded commit is one of the hub's parquet export, not of the set's own files."""
    path = home(source) / "pin.json"
    return source.revision is None and path.is_file() and _fields(path).get("export") is True


def is_stored(source: Source, split: str | None = None) -> bool:
    """Whether the rows of a hub set, at the commit that is read, lie in the user's cache."""
    return stored_file(source, split) is not None


def stored_file(source: Source, split: str | None = None) -> Path | None:
    """The file of the rows of a hub set, at the commit that is read; None where they do not lie in the user's cache."""
    try:
        commit = pinned(source)
    except InputError:
        return None
    path = _rows(source, split or source.split, commit) if commit is not None else None
    return path if path is not None and path.is_file() else None


def stored_rows(source: Source, split: str) -> list[Row] | None:
    """Rows of a hub set from the user's cache; None where they are not there.

    Raises:
        InputError: if they are not what was stored.
    """
    commit = pinned(source)
    if commit is None:
        return None
    path = _rows(source, split, commit)
    if not path.is_file() or not path.with_suffix(".json").is_file():
        return None
    rows = read_jsonl(path)
    found, known = fingerprint_rows(rows).sha256, _fields(path.with_suffix(".json")).get("sha256")
    if found != known:
        raise InputError(
            f"{path} is not what was fetched (fingerprint {found[:12]}, {str(known)[:12]} was stored); delete it and "
            "fetch it again"
        )
    return rows


def store(
    source: Source, split: str, revision: str, rows: Sequence[Mapping[str, Any]], *, export: bool = False
) -> Path:
    """Keep rows of a hub set, and record the commit for sets that no card pins.

    Args:
        source: the card's source.
        split: the split as the hub names it.
        revision: the commit that was read.
        rows: all of them.
        export: whether the commit is one of the hub's parquet export.

    Returns:
        The file of rows.

    Raises:
        InputError: if the cache cannot be written to.
    """
    path = _rows(source, split, revision)
    write_text(path, "".join(canonical(dict(row)) + "\n" for row in rows))
    about = {"uri": source.uri, "config": source.config, "split": split, "revision": revision, "export": export}
    write_json(path.with_suffix(".json"), about | fingerprint_rows(rows).as_json())
    if source.revision is None and recorded(source) != revision:
        write_json(home(source) / "pin.json", {"uri": source.uri, "revision": revision, "export": export})
    return path


def _rows(source: Source, split: str, commit: str) -> Path:
    return home(source) / commit / (source.config or "default") / f"{split}.jsonl"


def _fields(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); delete it and fetch the set again") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; delete it and fetch the set again")
    return value
