"""Tagged sentences from sets that hold one token a row, as FiNER-ORD's home on the hub does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finbench.data.rows import Row

_COLUMNS = ("gold_token", "gold_label", "doc_idx", "sent_idx")


def is_token_rows(row: Mapping[str, Any]) -> bool:
    """Whether a row is one token of a sentence."""
    return all(name in row for name in _COLUMNS)


def sentences(rows: Sequence[Row]) -> list[Row]:
    """One row a sentence, with `tokens`, `label` and `doc_idx`, in the order of their first tokens.

    Args:
        rows: one token each, with its document and sentence; the tokens of a sentence in their order.
    """
    found: dict[tuple[Any, Any], dict[str, Any]] = {}
    for row in rows:
        place = (row["doc_idx"], row["sent_idx"])
        sentence = found.setdefault(place, {"doc_idx": place[0], "sent_idx": place[1], "tokens": [], "label": []})
        sentence["tokens"].append(str(row["gold_token"]))
        sentence["label"].append(row["gold_label"])
    return [Row(sentence) for sentence in found.values()]
