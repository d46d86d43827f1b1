"""Rows on disk that can be read in any order, with eight bytes of memory for each."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from trainers.files import canonical


class Spool:
    """Appends rows to a temporary file, each as one line of canonical JSON, and gives them back by number."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._starts = array("Q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, row: dict[str, Any]) -> None:
        """Add a row at the end."""
        line = canonical(row).encode("utf-8")
        self._file.seek(self._starts[-1])
        self._file.write(line)
        self._starts.append(self._starts[-1] + len(line))

    def line(self, index: int) -> str:
        """The row with this number, as canonical JSON."""
        start, end = self._starts[index], self._starts[index + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8")

    def row(self, index: int) -> dict[str, Any]:
        """The row with this number."""
        value: dict[str, Any] = json.loads(self.line(index))
        return value

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows in order."""
        return (self.row(index) for index in range(len(self)))
