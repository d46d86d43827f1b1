"""Duplicates and contradictions inside a set: the same question twice, with one answer or with two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finbench.data.items import Item
from finbench.taxonomy import AnswerKind


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Items that ask the same.

    Attributes:
        ids: of the items, in the set's order.
        answers: the references, each once, in the same order; more than one is a contradiction.
    """

    ids: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Defects:
    """What a look at a set alone shows to be wrong with it.

    Attributes:
        exact: rows that repeat another one in question, options and reference; only the first copy is an item.
        repeated: groups of items that ask the same but for case, spaces or the order of options, and agree.
        contradictions: groups of items that ask the same and differ in the reference.
    """

    exact: int
    repeated: tuple[Repeated, ...]
    contradictions: tuple[Repeated, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.exact or self.repeated or self.contradictions)

    def lines(self, most: int = 5) -> list[str]:
        """The findings as lines of text, the first `most` of each kind."""
        found = []
        if self.exact:
            found.append(f"{_rows(self.exact)} repeated exactly and dropped")
        for groups, what in ((self.repeated, "ask the same"), (self.contradictions, "contradict each other")):
            for group in groups[:most]:
                answers = " / ".join(_short(answer) for answer in group.answers)
                found.append(f"{', '.join(group.ids)} {what}: {answers}")
            if len(groups) > most:
                found.append(f"and {len(groups) - most} more groups that {what}")
        return found


def defects(items: Mapping[str, Item], dropped: int = 0, kind: AnswerKind | None = None) -> Defects:
    """Look for items that ask the same.

    Options count as a set: a question with its options in another order asks the same, and then the texts of the
    right options are compared, not their letters. Instructions are compared with what is asked of the reply, since
    that is part of them.

    Args:
        items: by id.
        dropped: exact duplicates that were dropped before.
        kind: of the answer; decides what a reference is compared as.
    """
    groups: dict[tuple[str, ...], list[tuple[str, Item]]] = {}
    for identity, item in items.items():
        key = (_plain(item.body), *sorted(map(_plain, item.choices)))
        groups.setdefault(key, []).append((identity, item))
    repeated: list[Repeated] = []
    contradictions: list[Repeated] = []
    for group in groups.values():
        if len(group) < 2:
            continue
        answers = tuple(dict.fromkeys(_answer(item) for _, item in group))
        same = len({_compared(answer, kind) for answer in answers}) == 1
        found = Repeated(ids=tuple(identity for identity, _ in group), answers=answers)
        (repeated if same else contradictions).append(found)
    return Defects(exact=dropped, repeated=tuple(repeated), contradictions=tuple(contradictions))


def _answer(item: Item) -> str:
    if item.choices and len(item.gold) == 1 and 0 <= ord(item.gold) - ord("A") < len(item.choices):
        return item.choices[ord(item.gold) - ord("A")]
    return item.gold


def _compared(answer: str, kind: AnswerKind | None) -> str:
    if kind in (AnswerKind.ENTITIES, AnswerKind.RELATIONS):
        return "\n".join(sorted(_plain(line) for line in answer.splitlines()))
    return _plain(answer)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _short(text: str, length: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
