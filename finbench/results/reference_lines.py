"""What no model is needed for: the scores of guessing, and of always naming the most frequent label.

They are computed from the references of the items that were answered, so they hold for parts of a set too, and they are
exact: of guessing it is what is expected of labels drawn with equal chances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from finbench.cards import cards
from finbench.results.runs import Run, column
from finbench.taxonomy import AnswerKind

#: More different references than this are no labels.
_MOST_LABELS = 64


def label_counts(run: Run, ids: Collection[str] | None = None) -> tuple[int, ...]:
    """How often each reference label occurs among a run's samples, the most frequent first.

    Args:
        run: any run.
        ids: only these items; all by default.

    Returns:
        Nothing where the references are no labels: there are none, or too many different ones.
    """
    golds = column(run.items, "gold")
    if ids is not None:
        kept = set(ids)
        golds = [gold for gold, one in zip(golds, column(run.items, "id"), strict=True) if one in kept]
    counts = Counter(gold for gold in golds if gold is not None)
    return tuple(sorted(counts.values(), reverse=True)) if len(counts) <= _MOST_LABELS else ()


def reference_lines(task: str, metric: str, counts: Sequence[int]) -> tuple[float, float] | None:
    """Score of guessing among the labels, and of always naming the most frequent one.

    Args:
        task: name of one of our own tasks.
        metric: the headline metric.
        counts: from `label_counts`.

    Returns:
        Both as shares (of MCC as its value); None where there is no label to choose from, or where they have no score
        by this metric.
    """
    card, total = cards().get(task), sum(counts)
    if card is None or not total or not card.classes or card.answer in (AnswerKind.RELATIONS, AnswerKind.ENTITIES):
        return None
    classes = max(card.classes, len(counts))
    shares = [count / total for count in counts]
    top, guess = max(shares), 1 / classes
    match metric:
        case "accuracy":
            return guess, top
        case "mcc":
            return 0.0, 0.0
        case "balanced_accuracy":
            return guess, 1 / len(shares)
        case "macro_f1":  # of a label with share s: precision s, recall 1/classes
            return sum(_f1(share, guess) for share in shares) / classes, _f1(top, 1.0) / len(shares)
        case "weighted_f1":
            return sum(share * _f1(share, guess) for share in shares), top * _f1(top, 1.0)
    return None


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)
