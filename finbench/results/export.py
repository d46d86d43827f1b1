"""Results as long tables: one row a model, task, item and epoch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
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
_SCHEMA = pa.schema([*_RUN, *(field.with_name(name) for name, field in zip(_ITEM, SCHEMA, strict=False))])


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
    return pa.concat_tables([_table(run) for run in runs]) if runs else _SCHEMA.empty_table()


def _table(run: Run) -> pa.Table:
    items = run.items if isinstance(run.items, ItemTable) else _as_table(run)
    facts = (
        run.model,
        run.checkpoint,
        run.task,
        run.version,
        run.metric,
        run.official,
        run.complete,
        run.settings.elicitation,
    )
    rows = items.table.num_rows
    own = [_repeated(fact, field.type, rows) for field, fact in zip(_RUN, facts, strict=True)]
    return pa.Table.from_arrays([*own, *items.table.columns[: len(_ITEM)]], schema=_SCHEMA)


def _repeated(value: str | bool | None, kind: pa.DataType, rows: int) -> pa.Array:
    """One value in every row: `pa.repeat`, which would import pandas where that is installed."""
    if value is None:
        return pa.nulls(rows, kind)
    if isinstance(value, bool):
        bits = (b"\xff" if value else b"\x00") * ((rows + 7) // 8)
        return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(bits)])
    data = value.encode()
    offsets = np.arange(rows + 1, dtype=np.int32) * len(data)
    return pa.Array.from_buffers(kind, rows, [None, pa.py_buffer(offsets), pa.py_buffer(data * rows)])


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
