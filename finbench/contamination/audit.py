"""An audit: training text streams past the index of the evaluation items, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from finbench.contamination.evaluated import View
from finbench.contamination.index import SIZES, Found, Index, Rule
from finbench.contamination.lineage import notices
from finbench.contamination.ngrams import Numbers
from finbench.contamination.reading import Piece, TrainingText
from finbench.contamination.report import AuditReport, Counts, Hit, TaskOverlap
from finbench.contamination.tokens import BORDER_WORD, Ids, numbered, words
from finbench.errors import InputError

#: Words that are looked at together: enough to make the most of arrays, little enough to stay in the cache.
_AT_ONCE = 200_000

Progress = Callable[[int, int], None]


def audit(
    paths: Sequence[str | Path],
    index: Index,
    *,
    fields: Sequence[str] = (),
    skip_bad: bool = False,
    progress: Progress | None = None,
    left_out: Sequence[str] = (),
) -> AuditReport:
    """How much of the evaluation items stands in training text.

    Args:
        paths: files and folders; see `finbench.contamination.reading`.
        index: of the evaluation items.
        fields: read only these fields of rows.
        skip_bad: leave unreadable lines out and count them.
        progress: is told bytes read and bytes in all.
        left_out: tasks that could not be audited, for the report.

    Raises:
        InputError: if a path is missing or unreadable, or there is no text at all.
    """
    training = TrainingText(paths, fields=fields, skip_bad=skip_bad)
    tally = Tally(index)

    def pieces() -> Iterator[Piece]:
        for piece in training:
            yield piece
            if progress is not None:
                progress(training.bytes_done, training.bytes_total)

    for batch in batches(pieces(), index):
        tally.add(batch)
    if tally.words == 0:
        raise InputError(
            f"{', '.join(map(str, paths))} holds no text"
            + (f" in the fields {', '.join(fields)}" if fields else "")
            + "; pass JSON lines, parquet or plain text"
        )
    names = tuple(Path(path).expanduser().resolve().name for path in paths)
    return AuditReport(
        tasks=tuple(tally.overlaps()),
        rules=tuple(rule.value for rule in index.rules),
        templates=index.templates,
        training=names,
        files=len(training.files),
        unread=tuple(training.unread),
        documents=tally.documents,
        documents_overlapping=tally.overlapping,
        words=tally.words,
        bytes_read=training.bytes_total,
        bad=training.bad,
        left_out=tuple(left_out),
        lineage=tuple(notices(names, [one.task for one in index.sets])),
    )


@dataclass(slots=True)
class Batch:
    """Some documents as one stream.

    Attributes:
        ids: their words; documents and fields are set apart.
        begins: where each document begins, or goes on.
        places: where each document is from.
        first: number of the first document, from 0.
        fresh: words that no batch before this one held.
    """

    ids: Ids
    begins: Numbers
    places: list[str]
    first: int
    fresh: int


def batches(pieces: Iterable[Piece], index: Index) -> Iterator[Batch]:
    """Pieces in streams of some 200,000 words; a document that goes on brings the end of what came before."""
    overlap = index.longest + 64
    tokens: list[str] = []
    begins: list[int] = []
    places: list[str] = []
    number, carried = -1, np.zeros(0, dtype=np.int32)

    def flushed() -> Batch:
        ids = np.concatenate([carried, numbered(tokens, index.vocabulary)])
        shifted = np.array([0 if n == 0 else begin + len(carried) for n, begin in enumerate(begins)], dtype=np.int64)
        fresh = len(tokens) - tokens.count(BORDER_WORD)
        return Batch(ids, shifted, list(places), number - len(places) + 1, fresh)

    for piece in pieces:
        if not piece.continues:
            number += 1
            if not tokens:
                carried = carried[:0]
            tokens.append(BORDER_WORD)
            begins.append(len(tokens))
            places.append(piece.place)
        for order, text in enumerate(piece.texts):
            if order:
                tokens.append(BORDER_WORD)
            tokens.extend(words(text))
        if len(tokens) >= _AT_ONCE:
            batch = flushed()
            yield batch
            carried = batch.ids[-overlap:]
            tokens, begins, places = [], [0], [piece.place]  # the document may go on
    if tokens:
        tokens.append(BORDER_WORD)
        yield flushed()


@dataclass(slots=True)
class Tally:
    """What the streams so far held.

    Args:
        index: of the evaluation items.
    """

    index: Index
    hits: dict[Rule, dict[int, str]] = field(init=False)
    own: dict[Rule, set[int]] = field(init=False)
    words: int = field(init=False, default=0)
    documents: int = field(init=False, default=0)
    overlapping: int = field(init=False, default=0)
    _last: int = field(init=False, default=-1)
    _order: dict[int, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.hits = {rule: {} for rule in self.index.rules}
        self.own = {rule: set() for rule in SIZES}

    def add(self, batch: Batch) -> None:
        """Look through a stream."""
        found = self.index.find(batch.ids, skip=self.hits)
        self.words += batch.fresh
        self.documents = batch.first + len(batch.places)
        for rule, texts in found.hits.items():
            fresh = {text: at for text, at in texts.items() if text not in self.hits[rule]}
            if fresh:
                at = _document(batch, np.fromiter(fresh.values(), dtype=np.int64, count=len(fresh)))
                self.hits[rule].update(zip(fresh, (batch.places[one] for one in at), strict=True))
        for rule, texts in found.template.items():
            self.own[rule] |= set(found.hits[rule]) - set(texts)
        self._count_documents(batch, found)

    def _count_documents(self, batch: Batch, found: Found) -> None:
        positions = np.unique(np.concatenate(found.positions)) if found.positions else np.zeros(0, dtype=np.int64)
        hit = np.unique(_document(batch, positions)) + batch.first
        self.overlapping += int((hit > self._last).sum())
        self._last = max(self._last, int(hit.max(initial=-1)))

    def overlaps(self) -> Iterator[TaskOverlap]:
        """One entry a task of the index."""
        texts = self.index.texts
        for one in self.index.sets:
            counts = {view: self._counts(one.task, view) for view in one.texts}
            rules: dict[str, list[Rule]] = {}
            first: dict[str, str] = {}
            for rule, found in self.hits.items():
                for text, place in found.items():
                    if texts[text].task == one.task and texts[text].view is View.QUESTION:
                        rules.setdefault(texts[text].item, []).append(rule)
                        first.setdefault(texts[text].item, place)
            yield TaskOverlap(
                name=one.task,
                items_sha256=one.sha256,
                official=one.official,
                question=counts[View.QUESTION],
                with_choices=counts.get(View.WITH_CHOICES),
                passage=counts.get(View.PASSAGE),
                hits={
                    item: Hit(rules=tuple(rule.value for rule in found), first=first[item])
                    for item, found in rules.items()
                },
            )

    def _counts(self, task: str, view: View) -> Counts:
        texts = self.index.texts
        mine = {number for number, text in enumerate(texts) if text.task == task and text.view is view}
        hit = {rule: set(found) & mine for rule, found in self.hits.items()}
        ids = sorted({texts[number].item for found in hit.values() for number in found})
        whole = next(len(one.items) for one in self.index.sets if one.task == task)
        grams = [rule for rule in SIZES if rule in hit]
        return Counts(
            items=whole,
            exact=_size(hit, Rule.EXACT),
            ngram8=_size(hit, Rule.NGRAM8),
            ngram13=_size(hit, Rule.NGRAM13),
            near=_size(hit, Rule.NEAR),
            overlapping=len(ids),
            ids=tuple(ids),
            too_short={rule.value: len(self.index.too_short(rule) & mine) for rule in grams},
            template_only={rule.value: len(hit[rule] - self.own[rule]) for rule in grams},
        )


def _document(batch: Batch, positions: Numbers) -> Numbers:
    found: Numbers = np.maximum(np.searchsorted(batch.begins, positions, side="right") - 1, 0)
    return found


def _size(hit: dict[Rule, set[int]], rule: Rule) -> int | None:
    return len(hit[rule]) if rule in hit else None
