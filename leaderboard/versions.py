"""Runs of another version of a task than the one that the benchmark has now: they are shown, and are not official."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from finbench.cards import cards
from finbench.results.runs import Run


def as_of_now(runs: Iterable[Run]) -> list[Run]:
    """Runs, official only where their version can be compared with the card's (the same number before the dash)."""
    return [replace(run, official=False) if run.official and other_version(run) else run for run in runs]


def other_version(run: Run) -> str:
    """The version (the number before the dash) of a run that no longer, or not yet, compares with the card's.

    Empty where it does, and for tasks of other packages, which have no card.
    """
    card = cards().get(run.task) if not run.foreign else None
    return "" if card is None or run.comparability == str(card.comparability) else run.comparability
