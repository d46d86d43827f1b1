"""Scores and differences on the clean subset: the items that no rule of a contamination audit hits.

A clean-subset figure is no repair: the items that are left are others than those of the whole set, and may be harder or
easier. It stands beside the whole-set figure, marked, and both are to be read together (docs/contamination.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from finbench.contamination.report import Audited
from finbench.data.items import fingerprint
from finbench.errors import InputError
from finbench.results.compare import compare_runs
from finbench.results.entries import Comparison, Entry
from finbench.results.logs import Log, Options
from finbench.results.reading import BadLogError, log_files
from finbench.results.runs import Run
from finbench.results.scores import ScoreInterval, score_interval

#: Flag of every entry that speaks of a clean subset.
FLAG = "clean_subset"
#: Fewer items than this are no subset to say anything about.
LEAST_ITEMS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanScore:
    """A run's score on the items that an audit found nothing of.

    Attributes:
        items: items of the whole set; overlapping of them are hit by a rule.
        score: score and interval over the others; None where fewer than `LEAST_ITEMS` are left.
    """

    task: str
    items: int
    overlapping: int
    score: ScoreInterval | None

    @property
    def share(self) -> float:
        """Overlapping items as a share of all, 0..1."""
        return self.overlapping / self.items


@dataclass(frozen=True, kw_only=True)
class CleanComparison:
    """A comparison on clean subsets, beside one on whole sets.

    Attributes:
        overlapping: for each task how many of its items are left out.
        comparison: of the clean subsets, every entry flagged; None where no task has enough of one.
        notes: tasks that could not be looked at, and why.
    """

    overlapping: Mapping[str, int]
    comparison: Comparison | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        found = self.comparison
        tasks = found.tasks if found is not None else ()
        return {
            "tasks": [{**asdict(entry), "left_out": self.overlapping[entry.name]} for entry in tasks],
            "capabilities": [asdict(entry) for entry in found.capabilities] if found is not None else [],
            "overlapping": dict(sorted(self.overlapping.items())),
            "notes": list(self.notes),
        }


def clean_ids(run: Run, report: Mapping[str, Audited]) -> tuple[str, ...] | None:
    """The items of a run that no rule hits, sorted; None where the audit is not of this task and set."""
    audited = report.get(run.task.rpartition("/")[2])
    if audited is None or (audited.items_sha256 is not None and audited.items_sha256 != run.items_sha256):
        return None
    return tuple(identity for identity in run.ids if identity not in audited.ids)


def restricted(run: Run, ids: Sequence[str]) -> Run:
    """A run as if it had been made on these of its items only; that set is never the official one."""
    kept = set(ids)
    return replace(
        run,
        items=[item for item in run.items if item.id in kept],
        items_sha256=fingerprint(kept),
        official=False,
    )


def clean_score(run: Run, report: Mapping[str, Audited]) -> CleanScore | None:
    """A run's score on its clean subset.

    Args:
        run: any run.
        report: of `finbench.contamination.report.read_report`.

    Returns:
        None where the audit is not of this run's task and set.
    """
    ids = clean_ids(run, report)
    if ids is None:
        return None
    whole = len(run.ids)
    return CleanScore(
        task=run.task,
        items=whole,
        overlapping=whole - len(ids),
        score=score_interval(restricted(run, ids)) if len(ids) >= LEAST_ITEMS else None,
    )


def compare_clean(
    places: Sequence[str | Path],
    whole: Comparison,
    report: Mapping[str, Audited],
    baseline: str | Sequence[str],
    candidate: str | Sequence[str],
    *,
    margin: float | None = None,
    intersect: bool = False,
    allow_settings: bool = False,
    scorer: str | None = None,
    metric: str | None = None,
    cluster: str | None = None,
) -> CleanComparison:
    """The comparison `whole` again, from the same logs, on the items that no rule of an audit hits.

    Args:
        places: the logs that `whole` was made from.
        whole: the comparison of the whole sets.
        report: of `finbench.contamination.report.read_report`.
        baseline: as for `finbench.results.compare.compare`, like all that follows.
        candidate: as for `compare`.
        margin: as for `compare`.
        intersect: as for `compare`.
        allow_settings: as for `compare`.
        scorer: as for `compare`.
        metric: as for `compare`.
        cluster: as for `compare`.
    """
    notes: list[str] = []
    overlapping: dict[str, int] = {}
    kept: list[Run] = []
    options = Options(scorer=scorer, metric=metric, cluster=cluster)
    for task, runs in _runs_of(whole, places, options).items():
        subsets = [clean_ids(run, report) for run in runs]
        known = [ids for ids in subsets if ids is not None]
        if not known or len(known) < len(subsets):
            there = task.rpartition("/")[2] in report
            reason = "the audit is of another set of its items" if there else "the audit does not hold it"
            notes.append(f"{task}: no clean subset, since {reason}")
            continue
        overlapping[task] = len(runs[0].ids) - len(known[0])
        left = min(len(ids) for ids in known)
        if left < LEAST_ITEMS:
            notes.append(f"{task}: {left} of {len(runs[0].ids)} items are clean, too few for a comparison")
            continue
        kept.extend(restricted(run, ids) for run, ids in zip(runs, known, strict=True))
    found = None
    if kept:
        found = _marked(
            compare_runs(kept, baseline, candidate, margin=margin, intersect=intersect, allow_settings=allow_settings)
        )
    return CleanComparison(overlapping=overlapping, comparison=found, notes=tuple(notes))


def _runs_of(whole: Comparison, places: Sequence[str | Path], options: Options) -> dict[str, list[Run]]:
    """The runs that counted, by task: candidates first."""
    names = {source.log for basis in whole.basis for source in (*basis.candidates, *basis.baselines)}
    logs = [log for path in log_files(places) if path.name in names and _opens(log := Log(path, options))]
    found: dict[str, list[Run]] = {}
    for basis in whole.basis:
        for source in (*basis.candidates, *basis.baselines):
            meant = (source.log, source.model, source.created, basis.task.rpartition("/")[2])
            same = [log for log in logs if _said_of(log) == meant]
            if not same:
                raise InputError(f"the log {source.log} is not there any more; run the comparison again")
            run = same[0].run()
            if all(run.path != other.path for other in found.setdefault(basis.task, [])):
                found[basis.task].append(run)
    return found


def _opens(log: Log) -> bool:
    try:
        log.open()
    except BadLogError:
        return False  # the comparison of the whole sets has named or refused it
    return True


def _said_of(log: Log) -> tuple[str, str, str, str]:
    return log.path.name, log.head.model, log.head.created, log.head.task.rpartition("/")[2]


def _marked(comparison: Comparison) -> Comparison:
    def mark(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        return tuple(replace(entry, flags=(FLAG, *entry.flags)) for entry in entries)

    return replace(comparison, tasks=mark(comparison.tasks), capabilities=mark(comparison.capabilities))
