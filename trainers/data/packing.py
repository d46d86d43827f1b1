"""Sequences packed into rows of a fixed length, and batches of such rows in which none sees another.

Best fit decreasing (Ding et al. 2024, arXiv:2404.10830, section 3): the longest sequence first, each into the row with
the least room that still takes it. No sequence is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainers.data.store import IGNORED, Tokens


def pack(lengths: Sequence[int] | npt.NDArray[np.int64], size: int) -> list[list[int]]:
    """Places of the sequences in each row, by best fit decreasing; the order of equal lengths is kept.

    Args:
        lengths: tokens of each sequence, from 1 to `size`.
        size: tokens that a row takes.

    Raises:
        ValueError: a sequence is empty or longer than a row.
    """
    given = np.asarray(lengths, dtype=np.int64)
    if len(given) and (given.min() < 1 or given.max() > size):
        raise ValueError(f"lengths lie between {given.min()} and {given.max()}; a row takes 1 to {size} tokens")
    rows: list[list[int]] = []
    with_room: dict[int, list[int]] = {}  # room left -> rows that have it
    rooms = 0  # bit r is set where some row has room r
    for place in np.argsort(-given, kind="stable").tolist():
        length = int(given[place])
        fitting = rooms >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            row = with_room[room].pop()
            if not with_room[room]:
                rooms ^= 1 << room
        else:
            room, row = size, len(rows)
            rows.append([])
        rows[row].append(place)
        left = room - length
        if left:
            with_room.setdefault(left, []).append(row)
            rooms |= 1 << left
    return rows


@dataclass(frozen=True, kw_only=True)
class Packs:
    """A data set of packed rows, in the order in which they are trained on.

    Attributes:
        tokens: where the sequences lie.
        rows: numbers of the sequences in each row.
    """

    tokens: Tokens
    rows: Sequence[Sequence[int]]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Token ids, labels and lengths of the sequences of one row."""
        parts = [self.tokens.sequence(number) for number in self.rows[index]]
        return {
            "input_ids": np.concatenate([ids for ids, _ in parts]),
            "labels": np.concatenate([labels for _, labels in parts]),
            "seq_lengths": [len(ids) for ids, _ in parts],
        }

    def fill(self, size: int) -> float:
        """Share of the room in the rows that tokens take up."""
        total = sum(int(self.tokens.lengths[number]) for row in self.rows for number in row)
        return total / (size * len(self.rows)) if self.rows else 0.0


@dataclass(frozen=True, kw_only=True)
class Collator:
    """Rows of packed sequences as a batch whose positions begin anew with each sequence.

    There is no attention mask: transformers tells sequences apart by their positions and then lets none attend to
    another, but only where no mask is given. Padding has positions of its own, so nothing attends to it either.

    Attributes:
        pad: token id of the padding.
        flat: all rows as one, which attention kernels for sequences of varying length want; else one row each.
    """

    pad: int
    flat: bool = False

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """`input_ids`, `labels` and `position_ids` of shape (rows, longest row), and the number of real tokens."""
        import torch

        if self.flat:
            rows = [
                {
                    "input_ids": np.concatenate([row["input_ids"] for row in rows]),
                    "labels": np.concatenate([row["labels"] for row in rows]),
                    "seq_lengths": [length for row in rows for length in row["seq_lengths"]],
                }
            ]
        longest = max(len(row["input_ids"]) for row in rows)
        shape = (len(rows), longest)
        ids = np.full(shape, self.pad, dtype=np.int64)
        labels = np.full(shape, IGNORED, dtype=np.int64)
        positions = np.empty(shape, dtype=np.int64)
        for number, row in enumerate(rows):
            size = len(row["input_ids"])
            ids[number, :size] = row["input_ids"]
            labels[number, :size] = row["labels"]
            lengths = [*row["seq_lengths"], *([longest - size] if size < longest else [])]
            positions[number] = np.concatenate([np.arange(length) for length in lengths])
        batch: dict[str, Any] = {
            "input_ids": torch.from_numpy(ids),
            "labels": torch.from_numpy(labels),
            "position_ids": torch.from_numpy(positions),
            "tokens": sum(len(row["input_ids"]) for row in rows),
        }
        return batch
