"""Training rows without what overlaps with evaluation items: dropped, refused, or counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from finbench.contamination.evaluated import View
from finbench.contamination.index import Index, Rule, index_of, joined
from finbench.contamination.reading import texts_of
from finbench.contamination.tokens import Ids
from finbench.errors import InputError

Action = Literal["drop", "fail", "report"]
Row = TypeVar("Row", bound=Mapping[str, Any])
_WORDS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decontamination:
    """What was found in training rows, with counts before and after.

    Attributes:
        action: `drop`, `fail` or `report`.
        rules: the rules that were applied; n-grams of a task's template are no hits.
        before: rows offered; after: rows kept; overlapping: rows that hit any item.
        rows: for each task and rule how many rows hit it.
        items: for each task how many of its items are hit, before rows were dropped.
        examples: place (from 0) and item of the first overlapping rows.
    """

    action: Action
    rules: tuple[str, ...]
    before: int
    after: int
    overlapping: int
    rows: dict[str, dict[str, int]]
    items: dict[str, int]
    examples: tuple[tuple[int, str], ...]

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values, for a lineage."""
        return {
            "action": self.action,
            "rules": list(self.rules),
            "before": self.before,
            "after": self.after,
            "overlapping": self.overlapping,
            "rows": self.rows,
            "items": self.items,
            "examples": [{"row": row, "item": item} for row, item in self.examples],
        }


def decontaminate(
    rows: Iterable[Row],
    tasks: Sequence[str] | Index,
    rules: Iterable[Rule | str] | None = None,
    action: Action = "drop",
) -> tuple[list[Row], Decontamination]:
    """Take out the training rows that overlap with the evaluation items of some tasks.

    A row overlaps where any text in it hits the question of an item by any rule. What a tenfold of items share is the
    task's template and no hit: else a task's own training split, asked in the same words, would be lost.

    Args:
        rows: any rows with texts (`text`, `prompt` and `completion`, `messages`, ...), read once.
        tasks: names of the tasks that will be evaluated, or an index of them made with `templates=False`.
        rules: the rules to apply; all by default, near-duplicates only where `datasketch` is installed.
        action: `drop` leaves such rows out, `report` keeps and counts them, `fail` refuses them.

    Returns:
        The rows that are kept, in their order, and the counts.

    Raises:
        InputError: if a task or rule is unknown, a task has no rows here, or a row overlaps and the action is `fail`.
    """
    if action not in ("drop", "fail", "report"):
        raise InputError(f"decontamination cannot '{action}'; use drop, fail or report")
    index = tasks if isinstance(tasks, Index) else training_index(tasks, rules)
    kept: list[Row] = []
    hit_rows: dict[str, Counter[str]] = {one.task: Counter() for one in index.sets}
    hit_items: dict[str, set[str]] = {one.task: set() for one in index.sets}
    examples: list[tuple[int, str]] = []
    before = overlapping = 0
    for row, found in _with_overlaps(rows, index):
        if found:
            overlapping += 1
            for task, by_rule in found.items():
                hit_rows[task].update(rule.value for rule in by_rule)
                hit_items[task].update(item for items in by_rule.values() for item in items)
            if len(examples) < 10:
                examples.append(
                    (before, min(item for one in found.values() for items in one.values() for item in items))
                )
        if not found or action != "drop":
            kept.append(row)
        before += 1
    if overlapping and action == "fail":
        named = ", ".join(task for task, items in hit_items.items() if items)
        raise InputError(
            f"{overlapping} of {before} training rows overlap with evaluation items of {named} (the first is row "
            f"{examples[0][0] + 1}, item {examples[0][1]}); take them out, or set the decontamination to drop"
        )
    return kept, Decontamination(
        action=action,
        rules=tuple(rule.value for rule in index.rules),
        before=before,
        after=len(kept),
        overlapping=overlapping,
        rows={task: dict(sorted(counts.items())) for task, counts in hit_rows.items()},
        items={task: len(items) for task, items in hit_items.items()},
        examples=tuple(examples),
    )


def training_index(tasks: Sequence[str], rules: Iterable[Rule | str] | None = None) -> Index:
    """The index that training rows are held against: questions, with their options where these are short.

    Raises:
        InputError: see `index_of`.
    """
    return index_of(tasks, rules=rules, templates=False, views=(View.QUESTION, View.WITH_CHOICES))


_Overlaps = dict[str, dict[Rule, set[str]]]


def _with_overlaps(rows: Iterable[Row], index: Index) -> Iterator[tuple[Row, _Overlaps]]:
    """Each row with the items that it hits, by task and rule."""
    held: list[tuple[Row, Ids]] = []
    size = 0
    for row in rows:
        ids = joined([index.ids(text) for text in texts_of(dict(row))])
        held.append((row, ids))
        size += len(ids)
        if size >= _WORDS_AT_ONCE:
            yield from _looked_at(held, index)
            held, size = [], 0
    yield from _looked_at(held, index)


def _looked_at(held: Sequence[tuple[Row, Ids]], index: Index) -> Iterator[tuple[Row, _Overlaps]]:
    """Rows are looked at together, and in halves only where there is a hit."""
    if not held:
        return
    found = _overlaps(index, np.concatenate([ids for _, ids in held]))
    if not found or len(held) == 1:
        for row, _ in held:
            yield row, found
        return
    half = len(held) // 2
    yield from _looked_at(held[:half], index)
    yield from _looked_at(held[half:], index)


def _overlaps(index: Index, ids: Ids) -> _Overlaps:
    found: _Overlaps = {}
    for rule, hits in index.find(ids).hits.items():
        for text in hits:
            one = index.texts[text]
            if one.view is View.QUESTION:
                found.setdefault(one.task, {}).setdefault(rule, set()).add(one.item)
    return found
