"""What no model is needed for: the scores of guessing, and of always naming the most frequent label.

They are computed from the references of the board's own items, so they hold for parts of a set too, and they are exact:
of guessing it is what is expected of labels drawn with equal chances. Where a task asks for a text, a number or spans,
both say nothing and score 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from finbench.card import TaskCard
from finbench.cards import cards
from finbench.results.rank import Ranking, is_judged
from finbench.results.reference_lines import label_counts, reference_lines
from finbench.results.runs import Run
from finbench.taxonomy import AnswerKind
from leaderboard.names import GUESSING, MOST_FREQUENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A score on a board that no model has.

    Attributes:
        name: what is done instead of answering.
        line: the same, short, beside the line that marks it.
        score: headline score, or the mean over the board's tasks.
        silent: tasks on which it says nothing.
    """

    name: str
    line: str
    score: float
    silent: tuple[str, ...]


def baselines_of(ranking: Ranking) -> tuple[Baseline, ...]:
    """The baselines of a board; none where no task has labels, a card is unknown, or a judge decides."""
    runs = ranking.models[0].runs if ranking.models else ()
    if not runs or any(is_judged(run) or _card(run) is None for run in runs):
        return ()
    found = [task_baselines(run) for run in runs]
    silent = tuple(run.task for run, scores in zip(runs, found, strict=True) if scores is None)
    if len(silent) == len(runs):
        return ()
    means = [sum(0.0 if scores is None else scores[place] for scores in found) / len(found) for place in (0, 1)]
    return (
        Baseline(name=GUESSING, line="guessing", score=means[0], silent=silent),
        Baseline(name=MOST_FREQUENT, line="most frequent label", score=means[1], silent=silent),
    )


def task_baselines(run: Run) -> tuple[float, float] | None:
    """Score of guessing, and of always naming the most frequent label, on the items of a run of one of our tasks.

    None where there is no label to choose, or for a metric that these have no score by.
    """
    if _card(run) is None:
        return None
    return reference_lines(run.task, run.metric, label_counts(run))


def label_shares(run: Run) -> tuple[int, list[float]] | None:
    """How many labels or options there are to choose from, and the share of each among the references of a run.

    None for tasks of other packages, and where there is no label to choose.
    """
    card = _card(run)
    if card is None or not card.classes or card.answer in (AnswerKind.RELATIONS, AnswerKind.ENTITIES):
        return None
    counts = label_counts(run)
    total = sum(counts)
    return (max(card.classes, len(counts)), [number / total for number in counts]) if total else None


def _card(run: Run) -> TaskCard | None:
    return cards().get(run.task) if run.capability is not None and not run.foreign else None
