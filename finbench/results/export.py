"""Results as long tables: one row a model, task, item and epoch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from finbench.files import writing
from finbench.results.choosing import newest
from finbench.results.columns import SCHEMA, ItemTable
from finbench.results.runs import Run, column

_RUN = pa.schema(
    [
        ("model", pa.string()),
        ("checkpoint_sha256", pa.string()),
        ("task", pa.string()),
        ("version", pa.string()),
        ("metric", pa.string()),
        ("official", pa.bool_()),
        ("complete", pa.bool_()),
        ("elicitation", pa.string()),
    ]
)
_ITEM = ("item", "epoch", "outcome", "value", "gold", "pred", "tp", "fp", "fn", "cluster", "followed_format")
#: Columns of the export, in their order.
COLUMNS = (*_RUN.names, *_ITEM)


def one_a_task(runs: Iterable[Run]) -> tuple[list[Run], list[Run]]:
    """Of each model, checkpoint and task the run that counts: the newest complete one.

    A task answered by log-likelihood has a run that counts of its own, beside that of the generated answers.

    Returns:
        The runs that count, sorted by model, checkpoint, task and way; and those left out.
    """
    groups: dict[tuple[str, str, str, bool], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.model, run.checkpoint or "", run.task, run.settings.weighed), []).append(run)
    chosen = [newest(groups[key]) for key in sorted(groups)]
    kept = {id(run) for run in chosen}
    return chosen, [run for group in groups.values() for run in group if id(run) not in kept]


def long_table(runs: Sequence[Run]) -> pa.Table:
    """All items of some runs as one table with the columns of `COLUMNS`, in the order given."""
    if not runs:
        fields = [SCHEMA.field("id" if name == "item" else name).with_name(name) for name in _ITEM]
        return pa.schema([*_RUN, *fields]).empty_table()
    return pa.concat_tables([_table(run) for run in runs])


def _table(run: Run) -> pa.Table:
    items = run.items if isinstance(run.items, ItemTable) else _as_table(run)
    table = items.table.select(list(SCHEMA.names[:-1])).rename_columns(list(_ITEM))
    facts: list[Any] = [run.model, run.checkpoint, run.task, run.version, run.metric, run.official, run.complete]
    facts.append(run.settings.elicitation)
    for place, (field, fact) in enumerate(zip(_RUN, facts, strict=True)):
        table = table.add_column(place, field, pa.repeat(pa.scalar(fact, field.type), table.num_rows))
    return table


def _as_table(run: Run) -> ItemTable:
    counts = [found or (None, None, None) for found in column(run.items, "counts")]
    columns = {name: column(run.items, name) for name in SCHEMA.names if name not in ("tp", "fp", "fn")}
    parts = {name: [found[place] for found in counts] for place, name in enumerate(("tp", "fp", "fn"))}
    return ItemTable.of({**columns, **parts})


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV with a header: UTF-8, missing values empty, booleans `true` and `false`.

    Raises:
        InputError: if it cannot be written; a file that was there is kept.
    """
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(table, sink, pyarrow.csv.WriteOptions(quoting_style="needed"))
    write_bytes(path, sink.getvalue().to_pybytes())


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet, compressed by zstd.

    Raises:
        InputError: if it cannot be written; a file that was there is kept.
    """
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically: a reader finds the old file or the whole new one.

    Raises:
        InputError: if the disk is full or the place cannot be written to; the old file is kept.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
