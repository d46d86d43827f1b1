"""A stage's rows in the forms that other trainers read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from finbench.errors import InputError
from trainers.base import Prepared

Form = Literal["rows", "messages", "messages-parquet"]


def write_rows(data: Prepared, form: Form, out: Path) -> Path:
    """The file of a stage's rows in the form asked for; the prepared file itself for `rows`.

    Args:
        data: the prepared rows.
        form: `rows`, `messages` (JSON lines with `id` and `messages`) or `messages-parquet` (the same columns).
        out: the stage's folder.

    Raises:
        InputError: a row has no form as chat messages.
    """
    if form == "rows":
        return data.path
    if form == "messages":
        path = out / "data.messages.jsonl"
        with path.open("w", encoding="utf-8", newline="\n") as lines:
            for row in _chats(data):
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
        return path
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = out / "data.messages.parquet"
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("id", pa.string()), ("messages", pa.list_(turn))])
    with pq.ParquetWriter(path, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in _chats(data):
            batch.append(row)
            if len(batch) == 1000:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        if batch:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
    return path


def _chats(data: Prepared) -> Iterator[dict[str, Any]]:
    for row in data.read():
        yield {"id": str(row["id"]), "messages": _messages(row)}


def _messages(row: dict[str, Any]) -> list[dict[str, str]]:
    if "messages" in row:
        return list(row["messages"])
    if "prompt" not in row or "completion" not in row:
        raise InputError(
            f"row {row.get('id', '?')!r} is neither a conversation nor a prompt with its completion, so it has no form "
            "as messages; set `rows: rows` and let the program read the rows as they are"
        )
    return [*_turns(row["prompt"], "user"), *_turns(row["completion"], "assistant")]


def _turns(value: str | list[dict[str, str]], role: str) -> list[dict[str, str]]:
    return [{"role": role, "content": value}] if isinstance(value, str) else list(value)
