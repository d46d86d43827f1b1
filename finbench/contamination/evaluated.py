"""The texts that an audit looks for: what an item asks, the same with its options, the passage it asks about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from finbench.data.hub_store import is_stored
from finbench.data.items import Item, fingerprint
from finbench.data.locate import folder_path, missing_rows, package_path
from finbench.errors import InputError
from finbench.tasks.catalogue import definition


class View(IntEnum):
    """What of an item is looked for.

    `QUESTION` is the item's own text without the task's wording: the question, or the sentence to be judged. It
    decides. `WITH_CHOICES` is question and options in one; `PASSAGE` what stands around a question on a document.
    """

    QUESTION = 0
    WITH_CHOICES = 1
    PASSAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The items of one task as texts.

    Attributes:
        items: ids in their order.
        sha256: fingerprint of the set, as runs carry it.
        official: whether it is the card's set.
        texts: for each view that the task has, one text an item; empty where an item has none.
        choices: the options of each item.
    """

    task: str
    items: tuple[str, ...]
    sha256: str
    official: bool
    texts: Mapping[View, tuple[str, ...]]
    choices: tuple[tuple[str, ...], ...]


#: Marks after which the item's own text stands, where a passage comes before it.
_ASKED = re.compile(r"(?:\A|\n)(?:Question|Headline):\s+")
_MARK = re.compile(r"\A([A-Z][A-Za-z]*(?: [a-z]+){0,2}):\s+")
_EARLIER = re.compile(r"^Earlier question \d+:\s+", re.MULTILINE)


def evaluated(task: str, *, network: bool = True) -> Evaluated:
    """The items of a task's evaluation split.

    Args:
        task: the task's name.
        network: whether the hub may be asked where no rows lie here.

    Raises:
        InputError: if the task is unknown or has no rows.
    """
    known = definition(task)
    card = known.card
    here = folder_path(card) or package_path(card) or any(is_stored(one) for one in card.sources if one.is_hub)
    generated = card.sources[0].uri == "package" and package_path(card) is None
    if generated:
        from finbench.tasks.generated import official_exam

        found = official_exam(card.name)
    elif not here and not network:
        raise InputError(missing_rows(card, card.split, []))
    else:
        found = known.items()
    return of_items(card.name, found.items, official=found.official)


def of_items(task: str, items: Mapping[str, Item], *, official: bool = False) -> Evaluated:
    """Items as texts: without the label that a task puts before each, and apart from the passage they ask about."""
    bodies = _without_label([item.body for item in items.values()])
    parts = [_asked(body) for body in bodies]
    questions = tuple(question for _, question in parts)
    texts = {View.QUESTION: questions}
    if any(item.choices for item in items.values()):
        texts[View.WITH_CHOICES] = tuple(
            " ".join([question, *item.choices]) if item.choices else ""
            for question, item in zip(questions, items.values(), strict=True)
        )
    passages = tuple(passage for passage, _ in parts)
    if any(passages):
        texts[View.PASSAGE] = passages
    return Evaluated(
        task=task,
        items=tuple(items),
        sha256=fingerprint(items),
        official=official,
        texts=texts,
        choices=tuple(item.choices for item in items.values()),
    )


def _without_label(bodies: Sequence[str]) -> list[str]:
    """Bodies without the words before a colon that all of them begin with, such as `Sentence:`."""
    marks = {match[1] if (match := _MARK.match(body)) else None for body in bodies}
    if len(marks) != 1 or None in marks or (len(bodies) == 1 and len(bodies[0].split()) < 3):
        return list(bodies)
    return [_MARK.sub("", body, count=1) for body in bodies]


def _asked(body: str) -> tuple[str, str]:
    """The passage, which may be empty, and what is asked about it."""
    *before, last = _ASKED.split(body)
    if not before:
        return "", body
    return _EARLIER.sub("", "\n".join(before)).strip(), last
