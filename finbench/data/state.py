"""What is known of a task's rows as they lie here: where, whether they are the card's set, and what is wrong in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbench.card import TaskCard
from finbench.data.availability import is_drawn, rows_of
from finbench.data.defects import Defects, defects
from finbench.data.fingerprints import RowsFingerprint, fingerprint_rows, label_counts, label_differences
from finbench.data.loading import ItemSet, NotTheRows, ToItem, to_set
from finbench.data.locate import Located, locate
from finbench.data.rows import Row, RowError
from finbench.errors import InputError

#: Rows that are tried when asking which task's they may be.
_TRIED = 20


@dataclass(frozen=True, kw_only=True)
class State:
    """A task's rows as they lie here.

    Attributes:
        available: whether the task can run without the network.
        rows: where the rows are or would come from.
        found: the fingerprint of the rows, None where they were not looked at.
        loaded: the set they make.
        labels: how often each reference occurs, None for free answers.
        defects: duplicates and contradictions in it.
        problem: why the rows cannot be used, empty where they can.
    """

    card: TaskCard
    available: bool
    rows: str
    found: RowsFingerprint | None = None
    loaded: ItemSet | None = None
    labels: Mapping[str, int] | None = None
    defects: Defects | None = None
    problem: str = ""

    @property
    def set(self) -> str:
        """Which set it is, in a word or two."""
        if self.problem:
            return "unusable"
        if self.loaded is None:
            return "drawn" if self.available else ""
        if self.loaded.official:
            return "the card's" if self.card.items_sha256 else "the card's commit"
        if self.card.items_sha256 or len(self.loaded.items) != self.card.items:
            return "another"
        return "not verifiable"

    def as_json(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {
            "name": self.card.name,
            "available": self.available,
            "rows": self.rows,
            "licence": self.card.licence,
            "redistributable": self.card.redistributable,
            "set": self.set,
            "official": self.loaded.official if self.loaded else None,
            "items": len(self.loaded.items) if self.loaded else None,
            "items_sha256": self.loaded.sha256 if self.loaded else None,
            "labels": dict(self.labels) if self.labels else None,
            "content": self.found.as_json() if self.found else None,
            "dropped": self.loaded.dropped if self.loaded else None,
            "repeated": [list(group.ids) for group in self.defects.repeated] if self.defects else None,
            "contradictions": [list(group.ids) for group in self.defects.contradictions] if self.defects else None,
            "problem": self.problem or None,
        }


def state_of(card: TaskCard, to_item: ToItem, *, look: bool = True) -> State:
    """The state of a task's rows here; no network is asked.

    Args:
        card: the task's card.
        to_item: reads one row.
        look: read the rows, not only say where they are.
    """
    available, rows = rows_of(card)
    if not look or not available or is_drawn(card):
        return State(card=card, available=available, rows=rows)
    try:
        return looked_at(card, to_item, locate(card))
    except InputError as error:
        return State(card=card, available=False, rows=rows, problem=error.message)


def looked_at(card: TaskCard, to_item: ToItem, located: Located) -> State:
    """The state of rows that were read.

    Raises:
        InputError: if they do not fit the task.
    """
    loaded = to_set(card, to_item, located, split=card.split)
    return State(
        card=card,
        available=True,
        rows=rows_of(card)[1],
        found=fingerprint_rows(located.rows),
        loaded=loaded,
        labels=label_counts(loaded.items.values()),
        defects=defects(loaded.items, loaded.dropped, card.answer),
    )


def differences(state: State) -> list[str]:
    """What tells a set from the card's, in words: count, duplicates, labels, fingerprint."""
    card, loaded = state.card, state.loaded
    assert loaded is not None
    told = []
    count = len(loaded.items)
    if card.items is not None and count != card.items:
        told.append(f"{count} items, the card says {card.items}")
    if loaded.dropped != card.dropped:
        told.append(f"{loaded.dropped} exact duplicates, the card says {card.dropped}")
    if card.labels:
        other = label_differences([item.gold for item in loaded.items.values()], card.labels)
        told += [other] if other else []
    if card.items_sha256 is not None:
        told.append(f"fingerprint {loaded.sha256[:12]}, the card says {card.items_sha256[:12]}")
    else:
        told.append(f"fingerprint {loaded.sha256[:12]}, and the card has none to hold it against")
    return told


def misfit(card: TaskCard, path: Path, rows: Sequence[Row], error: NotTheRows) -> str:
    """What is said of rows that are not of a task at all: how they do not fit, and whose they may be."""
    columns = ", ".join(sorted({name for row in rows[:_TRIED] for name in row}))
    others = whose(rows, besides=card.name)
    guess = f"; they fit {' or '.join(others)}" if others else ""
    return (
        f"{path} is not the official set of '{card.name}': {error.message.partition(': it ')[2].partition('; see ')[0]}"
        f" (row {error.message.split()[1]}; {len(rows)} rows of {columns}){guess}"
    )


def whose(rows: Sequence[Row], *, besides: str) -> list[str]:
    """Names of the tasks whose schema and labels rows fit; those of exactly that size alone, if there are any."""
    from finbench.tasks.catalogue import DEFINITIONS

    fitting = []
    for name, known in DEFINITIONS.items():
        if name == besides:
            continue
        try:
            for row in rows[:_TRIED]:
                known.to_item(row)
        except RowError:
            continue
        fitting.append(name)
    sized = [name for name in fitting if len(rows) in _sizes(DEFINITIONS[name].card)]
    return sorted(sized or fitting)


def _sizes(card: TaskCard) -> tuple[int, ...]:
    return () if card.items is None else (card.items, card.items + card.dropped)
