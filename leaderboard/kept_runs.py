"""The runs of a site in one file of the cache: to open one file is far quicker than to open one for each of 1,500 logs.

It holds what the cache of logs holds (`finbench.results.cache`), under the same names: hashes over the content of a log
and all that decides how it is read. A log whose name is not in it is read the usual way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from finbench.errors import InputError
from finbench.files import cache_folder
from finbench.results.cache import entry_of
from finbench.results.choosing import read_runs
from finbench.results.columns import SCHEMA, ItemTable
from finbench.results.export import write_bytes
from finbench.results.reading import log_files
from finbench.results.runs import Run, Settings
from leaderboard.site import cache_name

_FIELD = b"finbench"
#: Fewer logs are read one by one.
_FROM = 50


def read_kept(places: Sequence[str | Path], site: Path, *, skip_bad: bool = False) -> list[Run]:
    """All runs of the logs below some places, as `read_runs` gives them, in no particular order.

    Args:
        places: log files or folders of logs.
        site: the site that they are for.
        skip_bad: see `read_runs`.

    Raises:
        InputError: see `read_runs`.
    """
    paths = log_files(places)
    if len(paths) < _FROM:
        return read_runs(paths, skip_bad=skip_bad)
    file = cache_folder() / "packs" / f"{cache_name(site)}.parquet"
    known = _load(file)
    runs: dict[str, Run] = {}
    found, rest = [], []
    for path in paths:
        try:
            name = entry_of(path, None, None).stem
        except OSError:
            rest.append(path)
            continue
        if name in known:
            runs[name] = replace(known[name], path=path)
            found.append(runs[name])
        else:
            rest.append(path)
    read = read_runs(rest, skip_bad=skip_bad) if rest else []
    for run in read:
        runs[entry_of(run.path, None, None).stem] = run
    if runs.keys() != known.keys():
        _store(file, runs)
    return [*found, *read]


class _Columns(ItemTable):
    """Items of which each column is unpacked once: a site asks for the outcomes of a run a dozen times."""

    __slots__ = ("_lists",)

    def __init__(self, table: pa.Table) -> None:
        super().__init__(table)
        self._lists: dict[str, list[Any]] = {}

    def column(self, name: str) -> list[Any]:
        """One attribute of all items, in their order; to be read, not changed."""
        found = self._lists.get(name)
        if found is None:
            found = self._lists[name] = super().column(name)
        return found


def _load(file: Path) -> dict[str, Run]:
    """The runs that were kept, by name; none where the file is not there, not sound or of another form."""
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            table = opened.read(use_threads=False)
        facts = json.loads(table.schema.metadata[_FIELD])
        table = table.replace_schema_metadata(None)
        if not table.schema.equals(SCHEMA) or table.num_rows != sum(one["rows"] for one in facts):
            return {}
        runs, start = {}, 0
        for one in facts:
            items = _Columns(table.slice(start, one["rows"]))
            start += one["rows"]
            settings = Settings(**one["run"].pop("settings"))
            runs[str(one["entry"])] = Run(path=file, settings=settings, items=items, **one["run"])
    except (OSError, pa.ArrowException, ValueError, TypeError, KeyError):
        return {}
    return runs


def _store(file: Path, runs: dict[str, Run]) -> None:
    """Keep runs; where the cache cannot be written to, all goes on without it."""
    kept = {name: run for name, run in runs.items() if isinstance(run.items, ItemTable)}
    facts = [
        {"entry": name, "rows": len(run.items), "run": _facts(run) | {"settings": asdict(run.settings)}}
        for name, run in kept.items()
    ]
    tables = [run.items.table for run in kept.values() if isinstance(run.items, ItemTable)]
    if not tables:
        return
    table = pa.concat_tables(tables).replace_schema_metadata({_FIELD: json.dumps(facts).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    try:
        write_bytes(file, sink.getvalue().to_pybytes())
    except InputError:
        return


def _facts(run: Run) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__slots__ if name not in ("path", "items", "settings")}
