"""What a set of rows is, in figures that can be compared: how many, which columns, which labels, which content."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finbench.data.items import Item

#: A task with more different references than this has no labels to count, but free answers.
MOST_LABELS = 40


@dataclass(frozen=True, kw_only=True)
class RowsFingerprint:
    """The fingerprint of rows as they lie in a file or on the hub, before they become items.

    Attributes:
        rows: how many.
        columns: name and type of each column, sorted by name; types are JSON's, joined by `|` where a column mixes
            them.
        sha256: SHA-256 over the canonical JSON of all rows (sorted keys, no spaces), whatever their order.
    """

    rows: int
    columns: Mapping[str, str]
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """The fingerprint as JSON values."""
        return {"rows": self.rows, "columns": dict(self.columns), "sha256": self.sha256}


def fingerprint_rows(rows: Iterable[Mapping[str, Any]]) -> RowsFingerprint:
    """The fingerprint of rows; equal for equal rows in any order."""
    digests: list[str] = []
    types: dict[str, set[str]] = {}
    for row in rows:
        digests.append(hashlib.sha256(canonical(dict(row)).encode("utf-8", "surrogatepass")).hexdigest())
        for name, value in row.items():
            types.setdefault(name, set()).add(_type(value))
    return RowsFingerprint(
        rows=len(digests),
        columns={name: "|".join(sorted(types[name])) for name in sorted(types)},
        sha256=hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest(),
    )


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces; what JSON has no form for, such as a date, is written as text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it reads after it was written as JSON, so that the first reading and the later ones are alike."""
    value: dict[str, Any] = json.loads(json.dumps(dict(row), ensure_ascii=False, default=str))
    return value


def label_counts(items: Iterable[Item]) -> dict[str, int] | None:
    """How often each reference occurs, most frequent first; None where they are too many to be labels."""
    counts = Counter(item.gold for item in items)
    if len(counts) > MOST_LABELS:
        return None
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def label_differences(found: Sequence[str], expected: Mapping[str, int | None]) -> str | None:
    """What is not as expected of the labels of a set, in words; None where all is, or nothing was counted before.

    Args:
        found: the reference of every row or item.
        expected: count of each label as the card has it, None where only the names are known.
    """
    if None in expected.values():
        return None
    counts = {label: found.count(label) for label in expected}
    if counts == dict(expected):
        return None
    return f"labels {_told(counts)}, the card says {_told(expected)}"


def _told(counts: Mapping[str, int | None]) -> str:
    return ", ".join(f"{count} {label}" for label, count in counts.items())


def _type(value: Any) -> str:
    if value is None:
        return "null"
    for kinds, name in (((bool,), "boolean"), ((int, float), "number"), ((str,), "text"), ((Mapping,), "object")):
        if isinstance(value, kinds):
            return name
    return "list" if isinstance(value, Sequence) else type(value).__name__
