"""Rows of files and folders, one after the other: JSON lines, parquet and plain text, packed with gzip or not."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from finbench.errors import InputError
from trainers.data.rows import Kind, Row, read_row

TEXT = (".txt", ".md")
SUFFIXES = (".jsonl", ".parquet", *TEXT)

#: A plain text longer than this comes as several documents, cut at line ends, so that memory stays bounded.
PIECE = 4_000_000


#: Fields that some rows of a source may lack: filters count those without.
_OPTIONAL = ("id", "score", "url")

Passes = Callable[[Mapping[str, Any], Row], bool]


def read_path(
    path: Path, *, kind: Kind | None = None, columns: Mapping[str, str] | None = None, passes: Passes | None = None
) -> Iterator[Row]:
    """The rows of a file, or of all files of a folder in the order of their names.

    Args:
        path: a file, or a folder whose .jsonl, .parquet, .txt and .md files are read (.gz allowed), whatever its depth.
        kind: the form to read; None where the rows' fields decide.
        columns: field of a row to the column that holds it, see `arranged`.
        passes: asked of each row as it stands in the file and as it was read; others are left out.

    Raises:
        InputError: nothing lies there, a file cannot be read, or a row has no known form; names the file and line.
    """
    if path.is_dir():
        files = [
            file
            for file in sorted(path.rglob("*"))
            if file.is_file() and _suffix(file) in SUFFIXES and not file.name.startswith(".")
        ]
        if not files:
            raise InputError(f"{path} holds no files that end in {', '.join(SUFFIXES)}")
        for file in files:
            yield from _read_file(file, file.relative_to(path).as_posix(), kind, columns or {}, passes)
    elif path.is_file():
        yield from _read_file(path, path.name, kind, columns or {}, passes)
    else:
        raise InputError(f"there is no file or folder {path}; a data `path` is relative to the recipe")


def arranged(value: object, columns: Mapping[str, str]) -> object:
    """A row of a source with its columns under the names that rows have.

    Args:
        value: the row as it stands in the source.
        columns: field to a column, or to a text with columns in braces; nothing else in it is interpreted.

    Raises:
        ValueError: the row lacks a column that a text or a needed field names.
    """
    if not isinstance(value, dict):
        return value
    for field, column in columns.items():
        if "{" not in column and field not in _OPTIONAL and column not in value:
            raise ValueError(_lacks(value, column))
    return {**value, **{field: _filled(value, column) for field, column in columns.items()}}


def _filled(row: Mapping[str, Any], column: str) -> Any:
    if "{" not in column:
        return row.get(column)

    def of(match: re.Match[str]) -> str:
        if match[1] not in row:
            raise ValueError(_lacks(row, match[1]))
        return "" if row[match[1]] is None else str(row[match[1]])

    return re.sub(r"\{(\w+)\}", of, column).strip()


def _lacks(row: Mapping[str, Any], column: str) -> str:
    return f"the row has no column {column!r} (it has {', '.join(sorted(row)) or 'none'})"


def _read_file(
    file: Path, name: str, kind: Kind | None, columns: Mapping[str, str], passes: Passes | None
) -> Iterator[Row]:
    suffix = _suffix(file)
    if suffix in TEXT:
        values: Iterator[tuple[int, Any]] = enumerate(({"text": text} for text in _texts(file)), start=1)
        place = "part"
    elif suffix == ".parquet":
        values, place = enumerate(_table_rows(file), start=1), "row"
    else:  # whatever else it is called, a file is JSON lines
        values, place = _json_lines(file), "line"
    for number, value in values:
        try:
            fields = arranged(value, columns)
            row = read_row(fields, f"{name}:{number}", kind)
        except ValueError as error:
            raise InputError(f"{file}, {place} {number}: {error}") from error
        if passes is None or (isinstance(fields, dict) and passes(fields, row)):
            yield row


def _suffix(file: Path) -> str:
    name = file.name.removesuffix(".gz")
    return Path(name).suffix.lower()


def _open(file: Path) -> IO[str]:
    # only \n ends a line: JSON may hold U+2028, and a lone \r stands in old texts
    if file.suffix == ".gz":
        return cast(IO[str], gzip.open(file, "rt", encoding="utf-8", newline="\n"))
    return file.open(encoding="utf-8", newline="\n")


def _json_lines(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        with _open(file) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise InputError(f"{file}, line {number}: not JSON ({error})") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text: {error}") from error


def _texts(file: Path) -> Iterator[str]:
    try:
        with _open(file) as lines:
            piece: list[str] = []
            size = 0
            while line := lines.readline(PIECE):
                if size + len(line) > PIECE and size:
                    yield "".join(piece)
                    piece, size = [], 0
                piece.append(line)
                size += len(line)
            text = "".join(piece)
            if text.strip():
                yield text
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text: {error}") from error


def _table_rows(file: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file} cannot be read as parquet: {error}") from error
