"""Training text of any size as a stream of pieces: JSON, parquet, arrow, plain text, folders, all also compressed."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from finbench.errors import InputError

#: Characters of a piece: long documents come in several, cut between words.
PIECE = 1_000_000
_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 28
_LONGEST_WORD = 10_000
_ROWS_AT_ONCE = 64
_COMPRESSED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2", ".lz4": "lz4"}
_LINES = {".jsonl", ".ndjson", ".jsonlines"}
_TEXT = {".txt", ".text", ".md", ".rst", ".tex", ".html", ".htm", ".xml", ".csv", ".tsv"}
_COLUMNS = {".parquet", ".arrow"}
_KNOWN = _LINES | _TEXT | _COLUMNS | {".json"}
_BREAK = re.compile(r"\s\S*\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a training document.

    Attributes:
        texts: fields of the document, between which no words run on.
        place: file and line or row, without folders of this machine.
        continues: whether the first text goes on where the last piece ended.
    """

    texts: tuple[str, ...]
    place: str
    continues: bool = False


@dataclass(slots=True)
class TrainingText:
    """The training text behind some paths, read piece by piece.

    Args:
        paths: files, and folders that are searched.
        fields: read only these fields of rows; by default every text of a row.
        skip_bad: leave out lines that cannot be read, and count them.

    Raises:
        InputError: if a path does not exist, or a folder holds no file that can be read.
    """

    paths: Sequence[str | Path]
    fields: Sequence[str] = ()
    skip_bad: bool = False
    files: list[tuple[Path, str]] = field(init=False)
    unread: list[str] = field(init=False, default_factory=list)
    bad: int = field(init=False, default=0)
    bytes_total: int = field(init=False)
    bytes_done: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Find the files."""
        self.files = []
        for given in self.paths:
            path = Path(given).expanduser()
            if path.is_dir():
                self.files.extend(self._inside(path))
            elif path.is_file():
                self.files.append((path, path.name))
            else:
                raise InputError(f"there is no training text at {given}; pass a file or a folder that exists")
        self.bytes_total = sum(path.stat().st_size for path, _ in self.files)

    def _inside(self, folder: Path) -> list[tuple[Path, str]]:
        found = []
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if not path.is_file() or any(part.startswith(".") for part in inside.parts):
                continue
            shown = f"{folder.resolve().name}/{inside.as_posix()}"
            if _kind(path) in _KNOWN:
                found.append((path, shown))
            else:
                self.unread.append(shown)
        if not found:
            raise InputError(
                f"the folder {folder} holds no training text that can be read ({', '.join(sorted(_KNOWN))}, also "
                f"compressed: {', '.join(_COMPRESSED)}); pass the files themselves"
            )
        return found

    def __iter__(self) -> Iterator[Piece]:
        """All pieces, file after file; `bytes_done` grows with them."""
        before = 0
        for path, shown in self.files:
            try:
                with path.open("rb") as raw:
                    for piece in self._pieces(path, shown, raw):
                        self.bytes_done = before + (0 if raw.closed else raw.tell())
                        yield piece
            except (OSError, EOFError, zlib.error) as error:
                raise InputError(f"{path} cannot be read: {error}; mend it or leave it out") from None
            before += path.stat().st_size
            self.bytes_done = before

    def _pieces(self, path: Path, shown: str, raw: IO[bytes]) -> Iterator[Piece]:
        kind = _kind(path)
        if kind in _COLUMNS:
            yield from self._rows(_column_rows(path, kind, self.fields), shown)
            return
        blocks = _blocks(path, raw)
        if kind in _LINES:
            yield from self._json_lines(blocks, path, shown)
        elif kind == ".json":
            yield from self._rows(_json_values(blocks, path), shown)
        else:
            yield from self._plain(blocks, path, shown)

    def _rows(self, rows: Iterable[Any], shown: str) -> Iterator[Piece]:
        for number, row in enumerate(rows, 1):
            yield from _of_row(self._chosen(row), f"{shown}:{number}")

    def _chosen(self, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        if self.fields:
            return {name: row[name] for name in self.fields if name in row}
        return row

    def _json_lines(self, blocks: Iterator[bytes], path: Path, shown: str) -> Iterator[Piece]:
        for number, line in enumerate(_lines(blocks, path), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                if self.skip_bad:
                    self.bad += 1
                    continue
                reason = str(error).partition(":")[0] if isinstance(error, UnicodeError) else "it is not JSON"
                raise InputError(
                    f"{path}, line {number} cannot be read ({reason}); mend the line, or pass --skip-bad to leave "
                    "such lines out"
                ) from None
            yield from _of_row(self._chosen(row), f"{shown}:{number}")

    def _plain(self, blocks: Iterator[bytes], path: Path, shown: str) -> Iterator[Piece]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace" if self.skip_bad else "strict")
        rest, continues, seen = "", False, 0
        for block in blocks:
            try:
                text = rest + decoder.decode(block)
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path} is not UTF-8 text (near byte {seen + error.start}); convert it, or pass --skip-bad to "
                    "read on past such bytes"
                ) from None
            seen += len(block)
            cut = _last_break(text)
            if cut == 0 and len(text) < PIECE:
                rest = text
                continue
            cut = cut or len(text)
            yield Piece((text[:cut],), shown, continues)
            rest, continues = text[cut:], True
        if rest:
            yield Piece((rest,), shown, continues)  # a file that ends within a character loses that character


def texts_of(value: Any) -> list[str]:
    """All texts of a row in their order; words of a list of texts run on, those of other fields do not."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts_of(inner)]
    if isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            return [" ".join(value)]
        return [text for one in value for text in texts_of(one)]
    return []


def _of_row(row: Any, place: str) -> Iterator[Piece]:
    texts = texts_of(row)
    if sum(map(len, texts)) <= PIECE:
        if texts:
            yield Piece(tuple(texts), place)
        return
    for text in texts:  # fields of a huge row are documents of their own
        continues = False
        while text:
            cut = len(text) if len(text) <= PIECE else (_last_break(text[:PIECE]) or PIECE)
            yield Piece((text[:cut],), place, continues)
            text, continues = text[cut:], True


def _last_break(text: str) -> int:
    """Where the last space stands near a text's end, 0 if there is none."""
    tail = text[-_LONGEST_WORD:]
    found = _BREAK.search(tail)
    return 0 if found is None else len(text) - len(tail) + found.start()


def _kind(path: Path) -> str:
    """The suffix that tells the format, below that of a compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _blocks(path: Path, raw: IO[bytes]) -> Iterator[bytes]:
    compression = _COMPRESSED.get(path.suffix.lower())
    if compression == "gzip":
        import gzip

        source: Any = gzip.GzipFile(fileobj=raw)
    elif compression is not None:
        import pyarrow as pa

        source = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), compression)
    else:
        source = raw
    while block := source.read(_BLOCK):
        yield block


def _lines(blocks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    rest: list[bytes] = []
    held = 0
    first = True
    for block in blocks:
        if first:
            block, first = block.removeprefix(codecs.BOM_UTF8), False
        head, newline, tail = block.partition(b"\n")
        if not newline:
            rest.append(block)
            held += len(block)
            if held > _LONGEST_LINE:
                raise InputError(f"{path} has a line of more than {_LONGEST_LINE >> 20} MB; is it JSON lines at all?")
            continue
        yield b"".join([*rest, head])
        *whole, last = tail.split(b"\n")
        yield from whole
        rest, held = [last], len(last)
    if last_line := b"".join(rest):
        yield last_line


def _json_values(blocks: Iterator[bytes], path: Path) -> Iterator[Any]:
    """Elements of the array that a .json file is, or else the values it holds one after the other."""
    ijson: Any = import_module("ijson")  # comes with Inspect
    stream = _Stream(blocks)
    start = stream.peek()
    try:
        if start == b"[":
            yield from ijson.items(stream, "item", use_float=True)
        else:
            yield from ijson.items(stream, "", multiple_values=True, use_float=True)
    except ijson.JSONError as error:
        raise InputError(f"{path} is not JSON ({str(error).splitlines()[0]}); mend it or leave it out") from None


class _Stream:
    """Blocks as an object with `read`, its first byte known beforehand."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""

    def peek(self) -> bytes:
        while not (start := self._held.removeprefix(codecs.BOM_UTF8).lstrip()[:1]):
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._held += block
        self._held = self._held.removeprefix(codecs.BOM_UTF8)
        return start

    def read(self, size: int = -1) -> bytes:
        if size == 0:
            return b""
        held, self._held = self._held or next(self._blocks, b""), b""
        if 0 < size < len(held):
            held, self._held = held[:size], held[size:]
        return held


def _column_rows(path: Path, kind: str, fields: Sequence[str]) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if kind == ".parquet":
            file = pq.ParquetFile(path)
            names = [
                name.name for name in file.schema_arrow if _has_text(name.type) and (not fields or name.name in fields)
            ]
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names):
                yield from batch.to_pylist()
            return
        with pa.memory_map(str(path)) as source:
            try:
                batches: Any = pa.ipc.open_stream(source)
            except pa.ArrowInvalid:
                whole = pa.ipc.open_file(source)
                batches = (whole.get_batch(number) for number in range(whole.num_record_batches))
            for batch in batches:
                for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
                    yield from batch.slice(start, _ROWS_AT_ONCE).to_pylist()
    except pa.ArrowException as error:
        raise InputError(
            f"{path} cannot be read ({str(error).splitlines()[0][:200]}); mend it or leave it out"
        ) from None


def _has_text(kind: Any) -> bool:
    """Whether a column's type holds text, at any depth."""
    import pyarrow.types as types

    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return True
    if types.is_dictionary(kind):
        return _has_text(kind.value_type)
    return any(_has_text(kind.field(number).type) for number in range(kind.num_fields))
