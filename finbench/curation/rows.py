"""Rows of text to be curated: files of JSON lines, parquet or plain text, whole rows kept; and their passages."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from finbench.curation.schema import Passage
from finbench.errors import InputError

Row = dict[str, Any]
_LINES, _TEXT, _TABLE = (".jsonl", ".ndjson"), (".txt", ".md"), ".parquet"
#: What a passage ends with, best first.
_BREAKS = ("\n\n", "\n", ". ", " ")


def read_rows(paths: Sequence[str | Path], *, limit: int | None = None) -> list[Row]:
    """The rows of files and folders, each with a `text` and an `id` that no other row has.

    Files are JSON lines or parquet (objects with a string `text`, everything else in them is kept) or plain text (one
    row each); `.gz` is read too. Rows without an `id` are named after file and line; an `id` that comes again gets
    `#2`, `#3`, ...

    Args:
        paths: files, or folders whose files are read in the order of their names.
        limit: only the first so many rows.

    Raises:
        InputError: a path is absent or unreadable, or a row has no text; names the file and line.
    """
    rows: list[Row] = []
    times: Counter[str] = Counter()
    for row in _all(paths):
        if limit is not None and len(rows) == limit:
            break
        name = str(row["id"])
        times[name] += 1
        unique = name if times[name] == 1 else f"{name}#{times[name]}"
        rows.append({**row, "id": unique})
    if not rows:
        raise InputError("there are no rows to curate; name a file of JSON lines with `text`, parquet or plain text")
    if len({row["id"] for row in rows}) < len(rows):
        raise InputError("two rows have the same id; give each its own")
    return rows


def beginnings(rows: Sequence[Row], characters: int) -> list[Passage]:
    """The beginning of each row's text, at most so many characters of it."""
    return [next(_passages(row["id"], row["text"], characters, numbered=False)) for row in rows]


def passages(rows: Sequence[Row], characters: int) -> list[Passage]:
    """All text of all rows in passages of at most so many characters, cut where paragraphs, lines or sentences end.

    The passages of a row joined are its text; those without a letter or digit are left out.
    """
    return [
        passage
        for row in rows
        for passage in _passages(row["id"], row["text"], characters)
        if any(map(str.isalnum, passage.text))
    ]


def _passages(row: str, text: str, characters: int, *, numbered: bool = True) -> Iterator[Passage]:
    start = number = 0
    while start < len(text):
        end = min(start + characters, len(text))
        if end < len(text):
            for mark in _BREAKS:
                found = text.rfind(mark, start + characters // 2, end)
                if found >= 0:
                    end = found + len(mark)
                    break
        identity = f"{row}/{number}" if numbered else row
        whole = start == 0 and end == len(text)
        yield Passage(id=identity, row=row, text=text[start:end], start=start, whole=whole)
        start, number = end, number + 1


def _all(paths: Sequence[str | Path]) -> Iterator[Row]:
    for given in paths:
        path = Path(given).expanduser()
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
            files = [file for file in inside if _suffix(file) in (*_LINES, *_TEXT, _TABLE)]
            if not files:
                raise InputError(f"{given} holds no files that end in .jsonl, .parquet, .txt or .md")
            for file in files:
                yield from _read(file, file.relative_to(path).as_posix())
        elif path.is_file():
            yield from _read(path, path.name)
        else:
            raise InputError(f"there is no file or folder {given}; name rows of text that exist")


def _read(file: Path, name: str) -> Iterator[Row]:
    suffix = _suffix(file)
    if suffix in _TEXT:
        yield _row({"text": _content(file)}, file, name, 1)
        return
    values = _table(file) if suffix == _TABLE else _lines(file)
    for number, value in values:
        yield _row(value, file, name, number)


def _row(value: Any, file: Path, name: str, number: int) -> Row:
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{file}, row {number}: a row is an object with a `text` that is not empty")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(f"{file}, row {number}: the text holds half a character (a lone surrogate); mend its encoding")
    given = value.get("id")
    return {**value, "id": f"{name}:{number}" if given is None else str(given)}


def _lines(file: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_content(file).split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{file}, line {number}: not JSON ({error})") from None


def _content(file: Path) -> str:
    try:
        data = file.read_bytes()
        return (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text: {error}") from None


def _table(file: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        yield from enumerate(pq.read_table(file).to_pylist(), 1)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file} cannot be read as parquet: {error}") from None


def _suffix(file: Path) -> str:
    return Path(file.name.removesuffix(".gz")).suffix.lower()
