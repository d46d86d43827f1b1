"""Contamination as pages show it: which items an audit found in training text, and the score on all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finbench.results.runs import Run
from finbench.results.scores import ScoreInterval, score_interval
from finbench.stats.aggregate import aggregate_score

if TYPE_CHECKING:  # audits are rare, and what reads them takes a while to load
    from finbench.contamination.report import Audited


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One audit of training text.

    Attributes:
        model: public name of the model that was trained on the text; None where the audit is to count for all.
        report: which set of each task was audited, and which of its items any rule found.
    """

    model: str | None
    report: Mapping[str, Audited]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contamination:
    """What audits say of some runs of one model.

    Attributes:
        audited: whether an audit covers every task of the runs.
        overlapping: items that stand in the training text.
        items: items of the runs.
        score: score on the items that no audit found; None where fewer than 10 are left, or nothing was found.
        low: lower end of its 95 % interval.
        high: upper end of it.
        n: items that it rests on.
    """

    audited: bool
    overlapping: int = 0
    items: int = 0
    score: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


def read_audit(given: str) -> Audit:
    """An audit from `FILE`, which counts for all models, or `MODEL=FILE`; the file is that of `finbench audit --json`.

    Raises:
        InputError: if the file cannot be read or is no audit.
    """
    from finbench.contamination.report import read_report

    model, mark, file = given.rpartition("=")
    if not mark or Path(given).exists():
        return Audit(model=None, report=read_report(given))
    return Audit(model=model, report=read_report(file))


class Audits:
    """All audits of a site; scores of clean subsets are computed once a run."""

    def __init__(self, audits: Iterable[Audit] = ()) -> None:
        self._audits = tuple(audits)
        self._clean: dict[tuple[str, str, str, str], ScoreInterval | None] = {}

    def __bool__(self) -> bool:
        return bool(self._audits)

    def found(self, run: Run) -> frozenset[str] | None:
        """Items of a run that any audit of its model or of all models found; None where none is of its task and set."""
        if not self._audits:
            return None
        from finbench.results.clean import clean_ids

        clean = [clean_ids(run, audit.report) for audit in self._audits if audit.model in (None, run.model)]
        known = [ids for ids in clean if ids is not None]
        return frozenset(run.ids).difference(frozenset(run.ids).intersection(*known)) if known else None

    def of(self, runs: Sequence[Run]) -> Contamination:
        """What is known of some runs of one model, together; a mean over tasks where there are several."""
        found = [self.found(run) for run in runs]
        if not runs or any(ids is None for ids in found):
            return Contamination(audited=False)
        overlapping = sum(len(ids) for ids in found if ids is not None)
        items = sum(len(run.ids) for run in runs)
        if not overlapping:
            return Contamination(audited=True, items=items)
        scores = [self._score(run, ids or frozenset()) for run, ids in zip(runs, found, strict=True)]
        known = [score for score in scores if score is not None]
        if len(known) < len(scores):
            return Contamination(audited=True, overlapping=overlapping, items=items)
        if len(known) == 1:
            low, estimate, high = known[0].low, known[0].estimate, known[0].high
        else:
            whole = aggregate_score([one.part for one in known])
            low, estimate, high = whole.low, whole.estimate, whole.high
        return Contamination(
            audited=True,
            overlapping=overlapping,
            items=items,
            score=estimate,
            low=low,
            high=high,
            n=sum(one.n for one in known),
        )

    def _score(self, run: Run, ids: frozenset[str]) -> ScoreInterval | None:
        from finbench.results.clean import LEAST_ITEMS, restricted

        key = (run.task, run.model, run.checkpoint or "", f"{run.path} {run.created}")
        if key not in self._clean:
            kept = [identity for identity in run.ids if identity not in ids]
            self._clean[key] = score_interval(restricted(run, kept)) if len(kept) >= LEAST_ITEMS else None
        return self._clean[key]
