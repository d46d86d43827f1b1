"""Samples that ended without a score: they count as wrong, and what they could have changed is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finbench.errors import InputError
from finbench.results.runs import ItemResult, Run, column
from finbench.results.scores import label_set
from finbench.results.vectors import vectors
from finbench.scoring.outcome import Outcome
from finbench.stats.validation import FloatArray


def check_scored(run: Run) -> None:
    """Refuse a run of which nothing was scored: that all of it counts as wrong would say nothing about the model.

    Raises:
        InputError: if no sample of the run has a score.
    """
    if run.outcomes[Outcome.ERROR.value] == len(run.items):
        raise InputError(
            f"no sample of '{run.task}' was scored in {run.path} ({len(run.items)} of {len(run.items)} ended in an "
            "error or have no value); run it again, or name other tasks with --task"
        )


def left_out_note(candidates: Sequence[Run], baselines: Sequence[Run], ids: Sequence[str] | None) -> str | None:
    """How many items of each run are not compared, where only `ids` are."""
    if ids is None:
        return None
    counts = ", ".join(
        f"{len(run.ids) - len(ids)} of {len(run.ids)} of {run.model}" for run in (*baselines, *candidates)
    )
    return f"items left out, since not all runs share them: {counts}"


def missing_note(candidates: Sequence[Run], baselines: Sequence[Run], ids: Sequence[str] | None) -> str | None:
    """How many samples have no score, and what they could change.

    The lowest difference has all that is missing wrong for the candidate and right for the baseline, the highest the
    reverse.

    Args:
        candidates: the runs of the one side, of one task.
        baselines: the runs of the other.
        ids: only these items; None for all.

    Returns:
        A clause; without the differences where scores are no shares. None where nothing is missing.
    """
    runs = [*candidates, *baselines]
    wanted = set(ids if ids is not None else runs[0].ids)
    counts = [
        sum(
            outcome is Outcome.ERROR and identity in wanted
            for identity, outcome in zip(column(run.items, "id"), column(run.items, "outcome"), strict=True)
        )
        for run in runs
    ]
    if not any(counts):
        return None
    each = ", ".join(
        f"{count} of {run.settings.epochs * len(wanted)} of {run.model}"
        for run, count in zip(runs, counts, strict=True)
        if count
    )
    note = f"samples without a score, which count as wrong: {each}"
    least, most = _scores(runs, ids), _scores([_as_if_right(run, runs) for run in runs], ids)
    if least is None or most is None:
        return note
    own, other = slice(0, len(candidates)), slice(len(candidates), None)
    low, high = least[own].mean() - most[other].mean(), most[own].mean() - least[other].mean()
    return (
        f"{note}; whatever they were worth, the difference lies between {100 * low:+.1f} and {100 * high:+.1f} points"
    )


def _scores(runs: Sequence[Run], ids: Sequence[str] | None) -> FloatArray | None:
    found = vectors(runs, ids=ids, labels=label_set(runs[0]))
    return None if found.bounds is not None else np.asarray(found.metric.value(found.rows.sum(axis=1)))


def _as_if_right(run: Run, runs: Sequence[Run]) -> Run:
    """The run with every missing answer right; references as the other runs have them."""
    known: dict[str, ItemResult] = {}
    for one in runs:
        for item in one.items:
            if item.outcome is not Outcome.ERROR:
                known.setdefault(item.id, item)

    def right(item: ItemResult) -> ItemResult:
        like = known.get(item.id, item)
        entities = like.counts[0] + like.counts[2] if like.counts is not None else 1
        gold = like.gold
        return replace(item, outcome=Outcome.CORRECT, value=1.0, gold=gold, pred=gold, counts=(entities, 0, 0))

    return replace(run, items=tuple(right(item) if item.outcome is Outcome.ERROR else item for item in run.items))
