"""What an audit found: one entry a task, over the task's items; as JSON, and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finbench import __version__
from finbench.contamination.lineage import Notice
from finbench.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Items that each rule hits in one view of a task, of all its items.

    Attributes:
        items: items that have such a text.
        exact: items whose text stands verbatim in the training text; None where the rule was not applied.
        ngram8: items that share a run of 8 words with it; ngram13 of 13.
        near: items that a window of it nearly repeats.
        overlapping: items that any rule hits; share is their part of `items`.
        ids: those items, sorted.
        too_short: for each n-gram rule the items of fewer than n words, which it cannot hit.
        template_only: for each n-gram rule the items that only the task's template hits.
    """

    items: int
    exact: int | None
    ngram8: int | None
    ngram13: int | None
    near: int | None
    overlapping: int
    ids: tuple[str, ...]
    too_short: Mapping[str, int]
    template_only: Mapping[str, int]

    @property
    def share(self) -> float:
        """Overlapping items as a share of all, 0..1."""
        return self.overlapping / self.items if self.items else 0.0

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "items": self.items,
            "exact": self.exact,
            "ngram8": self.ngram8,
            "ngram13": self.ngram13,
            "near": self.near,
            "overlapping": self.overlapping,
            "share": self.share,
            "ids": list(self.ids),
            "too_short": dict(self.too_short),
            "template_only": dict(self.template_only),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """How an item was hit: by which rules, and where in the training text first."""

    rules: tuple[str, ...]
    first: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOverlap:
    """The overlap of one task with the training text.

    Attributes:
        items_sha256: fingerprint of the audited set, as runs carry it.
        question: the item's own text alone; this decides whether an item overlaps.
        with_choices: question and options in one, None for tasks without options.
        passage: the passage around a question, None for tasks without one.
        hits: for each overlapping item how it was hit.
    """

    name: str
    items_sha256: str
    official: bool
    question: Counts
    with_choices: Counts | None
    passage: Counts | None
    hits: Mapping[str, Hit]

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON values."""
        return {
            "name": self.name,
            **self.question.as_json(),
            "with_choices": None if self.with_choices is None else self.with_choices.as_json(),
            "passage": None if self.passage is None else self.passage.as_json(),
            "items_sha256": self.items_sha256,
            "official": self.official,
            "hits": {item: {"rules": list(hit.rules), "first": hit.first} for item, hit in sorted(self.hits.items())},
        }


@dataclass(frozen=True, kw_only=True)
class AuditReport:
    """An audit of training text against the items of some tasks.

    Attributes:
        rules: the rules that were applied.
        templates: whether n-grams of a task's template counted as hits.
        training: names of the paths that were read, without folders of this machine.
        unread: files of folders that are of no format that can be read.
        documents: documents read; documents_overlapping holds a hit of any rule and view.
        bad: lines left out since they could not be read.
        left_out: tasks of a suite that have no rows here.
        lineage: what the names of the training text tell of the tasks.
    """

    tasks: tuple[TaskOverlap, ...]
    rules: tuple[str, ...]
    templates: bool
    training: tuple[str, ...]
    files: int
    unread: tuple[str, ...]
    documents: int
    documents_overlapping: int
    words: int
    bytes_read: int
    bad: int = 0
    left_out: tuple[str, ...] = ()
    lineage: tuple[Notice, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; the same inputs give the same."""
        return {
            "tasks": [task.as_json() for task in self.tasks],
            "rules": list(self.rules),
            "templates": "counted" if self.templates else "ignored",
            "training": {
                "names": list(self.training),
                "files": self.files,
                "unread": list(self.unread),
                "documents": self.documents,
                "documents_overlapping": self.documents_overlapping,
                "words": self.words,
                "bytes": self.bytes_read,
                "lines_left_out": self.bad,
            },
            "lineage": [notice.as_json() for notice in self.lineage],
            "tasks_left_out": list(self.left_out),
            "package_version": __version__,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What a written report says of a task: which set was audited, and which of its items overlap."""

    items_sha256: str | None
    items: int
    ids: frozenset[str]


def read_report(path: str | Path) -> dict[str, Audited]:
    """The overlapping items of each task, from a report that `finbench audit` wrote.

    Raises:
        InputError: if there is no such file, or it is no such report.
    """
    place = Path(path)
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        return {
            str(task["name"]): Audited(
                items_sha256=task.get("items_sha256"),
                items=int(task["items"]),
                ids=frozenset(_text(identity) for identity in task["ids"]),
            )
            for task in found["tasks"]
        }
    except OSError as error:
        raise InputError(f"the audit report {place} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            f"{place} is no report of an audit; write one with `finbench audit TRAINING --tasks ... -o {place.name}`"
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
