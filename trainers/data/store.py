"""Token ids on disk: written once in a stream, then read as sequences by number, without being held in memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainers.files import read_json, write_json

IGNORED = -100  # the label that the loss leaves out
_IDS, _LEARNED, _TABLE, _ABOUT = "ids.bin", "learned.bin", "table.npy", "about.json"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Sequences of token ids in the order in which they were written.

    Attributes:
        ids: int32, all sequences one after the other.
        learned: bool of the same length, whether the loss counts a token.
        table: int64 of shape (sequences + 1, 3): where a sequence starts in `ids`, its source, its document; the last
            row holds the end only.
        about: what else was noted when they were written; JSON values.
    """

    ids: npt.NDArray[np.int32]
    learned: npt.NDArray[np.bool_]
    table: npt.NDArray[np.int64]
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.table) - 1

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each sequence."""
        return np.diff(self.table[:, 0])

    @property
    def sources(self) -> npt.NDArray[np.int64]:
        """Number of the source that each sequence comes from."""
        return self.table[:-1, 1]

    @property
    def documents(self) -> npt.NDArray[np.int64]:
        """Number of the row that each sequence comes from; a long text is several sequences."""
        return self.table[:-1, 2]

    def learned_tokens(self, sequences: Sequence[int] | npt.NDArray[np.int64]) -> int:
        """How many tokens of these sequences the loss counts."""
        return sum(int(self.learned[self.table[i, 0] : self.table[i + 1, 0]].sum()) for i in sequences)

    def sequence(self, index: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Token ids and labels of a sequence; a label is -100 where the loss leaves the token out."""
        start, end = int(self.table[index, 0]), int(self.table[index + 1, 0])
        ids = np.asarray(self.ids[start:end], dtype=np.int64)
        return ids, np.where(self.learned[start:end], ids, IGNORED)


class TokenWriter:
    """Appends sequences to files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.longest = 0
        self._ids = (folder / _IDS).open("wb")
        self._learned = (folder / _LEARNED).open("wb")
        self._table = array("q")
        self._end = 0

    def add(self, ids: Sequence[int], learned: Sequence[bool], *, source: int, document: int) -> None:
        """Write one sequence; its first token is never learned, since nothing stands before it to learn it from."""
        assert len(ids) == len(learned) > 0
        marks = np.array(learned, dtype=np.bool_)
        marks[0] = False
        self._ids.write(np.array(ids, dtype=np.int32).tobytes())
        self._learned.write(marks.tobytes())
        self._table.extend((self._end, source, document))
        self._end += len(ids)
        self.longest = max(self.longest, len(ids))

    def close(self, about: dict[str, Any]) -> None:
        """Finish the files."""
        self._ids.close()
        self._learned.close()
        self._table.extend((self._end, -1, -1))
        np.save(self.folder / _TABLE, np.array(self._table, dtype=np.int64).reshape(-1, 3), allow_pickle=False)
        write_json(self.folder / _ABOUT, about)

    def abandon(self) -> None:
        """Close the files without finishing them."""
        self._ids.close()
        self._learned.close()


def open_tokens(folder: Path) -> Tokens:
    """The sequences in a folder, mapped and not read."""
    table = np.load(folder / _TABLE, allow_pickle=False)
    about = read_json(folder / _ABOUT)
    if table[-1, 0] == 0:
        return Tokens(ids=np.zeros(0, np.int32), learned=np.zeros(0, np.bool_), table=table, about=about)
    return Tokens(
        ids=np.memmap(folder / _IDS, dtype=np.int32, mode="r"),
        learned=np.memmap(folder / _LEARNED, dtype=np.bool_, mode="r"),
        table=table,
        about=about,
    )


def kept_tokens(folder: Path, key: str) -> Tokens | None:
    """The sequences that an earlier run left in `folder` for the same key; None where there are none."""
    try:
        if read_json(folder / _ABOUT)["key"] == key:
            return open_tokens(folder)
    except Exception:  # whatever keeps them from being read: they are made again
        return None
    return None
