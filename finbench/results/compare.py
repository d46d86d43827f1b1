"""Is a candidate better than a baseline? Paired by item, task by task and capability by capability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from finbench.errors import InputError
from finbench.results.choosing import check_comparable, differing_content, newest_of, of_model, same_way
from finbench.results.entries import Basis, Comparison, Entry, Source, Verdict
from finbench.results.logs import Log, Options, open_logs, read_ahead
from finbench.results.missing import check_scored, left_out_note, missing_note
from finbench.results.pairing import Tested, detectable, test_pair
from finbench.results.reference_lines import label_counts
from finbench.results.runs import Run
from finbench.results.seeded import aggregate_seeds, arm_name, check_arms, p_of, test_recipes
from finbench.stats.aggregate import TaskPart, aggregate_difference
from finbench.stats.errors import StatsError
from finbench.stats.families import holm
from finbench.stats.suite_retention import retention_suite

ALPHA = 0.05


def compare(
    logs: Sequence[str | Path],
    baseline: str | Sequence[str],
    candidate: str | Sequence[str],
    *,
    margin: float | None = None,
    intersect: bool = False,
    allow_settings: bool = False,
    skip_bad: bool = False,
    scorer: str | None = None,
    metric: str | None = None,
    cluster: str | None = None,
    tasks: Sequence[str] = (),
) -> Comparison:
    """Compare two models on every task that both have logs of.

    The headers of all logs are read, and the samples only of those that count.

    Args:
        logs: log files or folders of logs.
        baseline: public name or model string; several are training seeds of one recipe.
        candidate: public name or model string; several are training seeds of one recipe.
        margin: largest loss that counts as retained, as a share; asks for verdicts on retention.
        intersect: compare on shared items where the sets differ; the result is unofficial.
        allow_settings: compare runs that were made with other settings; they are marked.
        skip_bad: leave unreadable logs out instead of refusing.
        scorer: which scorer to read, for logs of other packages; `NAME.KEY` where it gives several values.
        metric: headline metric, for logs of other packages.
        cluster: metadata key of the cluster, for logs of other packages.
        tasks: only these tasks; all shared ones by default.

    Raises:
        InputError: if a model has no logs, no task is shared, or two runs cannot be compared.
    """
    found = open_logs(logs, Options(scorer=scorer, metric=metric, cluster=cluster), skip_bad=skip_bad)
    return _compare(
        found,
        baseline,
        candidate,
        margin=margin,
        intersect=intersect,
        allow_settings=allow_settings,
        skip_bad=skip_bad,
        only=tasks,
    )


def compare_runs(
    runs: Sequence[Run],
    baseline: str | Sequence[str],
    candidate: str | Sequence[str],
    *,
    margin: float | None = None,
    intersect: bool = False,
    allow_settings: bool = False,
    tasks: Sequence[str] = (),
) -> Comparison:
    """Compare two models of runs that were read already; see `compare`."""
    return _compare(
        [Log.holding(run) for run in runs],
        baseline,
        candidate,
        margin=margin,
        intersect=intersect,
        allow_settings=allow_settings,
        skip_bad=False,
        only=tasks,
    )


def _compare(
    logs: Sequence[Log],
    baseline: str | Sequence[str],
    candidate: str | Sequence[str],
    *,
    margin: float | None,
    intersect: bool,
    allow_settings: bool,
    skip_bad: bool,
    only: Sequence[str],
) -> Comparison:
    if margin is not None and not 0 < margin < 1:
        raise InputError(f"a margin of {100 * margin:g} percentage points makes no sense; give one between 0 and 100")
    before = [baseline] if isinstance(baseline, str) else list(baseline)
    after = [candidate] if isinstance(candidate, str) else list(candidate)
    check_arms(after, before)
    names = _task_names(logs)
    tables = {name: _by_task(of_model(logs, name), names) for name in (*after, *before)}
    shared = _shared(tables, after, before, only)
    for task in shared:
        for table, logs_of in zip(tables.values(), same_way([table[task] for table in tables.values()]), strict=True):
            table[task] = logs_of
    read_ahead([_first(tables[name][task]) for task in shared for name in tables])
    tested: dict[str, Tested] = {}
    basis: dict[str, Basis] = {}
    said: list[str] = []
    for task in shared:
        chosen = {name: newest_of(tables[name][task], skip_bad=skip_bad) for name in tables}
        runs = {name: run for name, run in chosen.items() if run is not None}
        if len(runs) < len(chosen):
            continue  # every log of it was bad, which was said
        own, other = [runs[name] for name in after], [runs[name] for name in before]
        tested[task], ids = _test(task, own, other, margin, intersect=intersect, allow_settings=allow_settings)
        basis[task] = _basis(task, own, other, ids)
        said.extend(
            f"{task}: {note}" for note in (left_out_note(own, other, ids), missing_note(own, other, ids)) if note
        )
    if not tested:
        raise InputError(f"no log of {arm_name(before)} and {arm_name(after)} could be used; see above")
    left_out = sorted({task for table in tables.values() for task in table} - set(shared))
    notes = [f"not compared, since not all were run on them: {', '.join(left_out)}"] if left_out and not only else []
    return Comparison(
        baseline=arm_name(before),
        candidate=arm_name(after),
        margin=margin,
        tasks=tuple(_with_holm([_entry(task, result) for task, result in tested.items()])),
        capabilities=tuple(_capabilities(tested, basis, margin)),
        chosen=tuple(
            f"{task}: {', '.join(source.log for source in (*one.baselines, *one.candidates))}"
            for task, one in basis.items()
        ),
        notes=(*notes, *_scorer_notes(basis, tested), *_weighed_notes(basis), *said, *_unjudged(tested, margin)),
        about="recipe" if len(tables) > 2 else "checkpoint",
        basis=tuple(basis.values()),
    )


def _task_names(logs: Sequence[Log]) -> dict[str, str]:
    """One name a task of another package: registered, it carries the package's name; run from a file, it does not."""
    foreign = {log.head.task for log in logs if log.head.foreign}
    names = {}
    for task in foreign:
        longer = [other for other in foreign if other.rpartition("/")[2] == task and other != task]
        names[task] = longer[0] if len(longer) == 1 else task
    return names


def _by_task(logs: Sequence[Log], names: dict[str, str]) -> dict[str, list[Log]]:
    table: dict[str, list[Log]] = {}
    for log in logs:
        task = names.get(log.head.task, log.head.task) if log.head.foreign else log.head.task
        table.setdefault(task, []).append(log)
    return table


def _first(logs: Sequence[Log]) -> Log:
    return max(logs, key=lambda log: (log.head.finished, log.head.created, str(log.path)))


def _shared(
    tables: dict[str, dict[str, list[Log]]], after: Sequence[str], before: Sequence[str], only: Sequence[str]
) -> list[str]:
    shared = set.intersection(*(set(table) for table in tables.values()))
    if not shared:
        raise InputError(
            f"{arm_name(before)} and {arm_name(after)} share no task ({_tasks(tables, before)} against "
            f"{_tasks(tables, after)}); run both on the same tasks"
        )
    asked = {next((task for task in shared if task.rpartition("/")[2] == name), name) for name in only}
    if unknown := sorted(asked - shared):
        raise InputError(f"not both were run on '{unknown[0]}'; they share {', '.join(sorted(shared))}")
    return sorted(asked or shared)


def _test(
    task: str,
    own: Sequence[Run],
    other: Sequence[Run],
    margin: float | None,
    *,
    intersect: bool,
    allow_settings: bool,
) -> tuple[Tested, list[str] | None]:
    """The test of a task, and the items it is restricted to, None for all."""
    flags: list[str] = []
    for run in (*own, *other):
        check_scored(run)
    for run in (*own[1:], *other):
        flags.extend(check_comparable(run, own[0], intersect=intersect, allow_settings=allow_settings))
    ids = None
    if "intersect" in flags:
        kept = set.intersection(*(set(run.ids) for run in (*own, *other)))
        kept -= {identity for run in (*own[1:], *other) for identity in differing_content(run, own[0])}
        if not kept:
            raise InputError(f"the runs share no item of '{task}'; nothing is left to compare")
        ids = sorted(kept)
    flags = list(dict.fromkeys(flags))
    try:
        if len(own) + len(other) > 2:
            return test_recipes(own, other, ids=ids, flags=flags, margin=margin), ids
        return test_pair(own[0], other[0], ids=ids, flags=flags, margin=margin), ids
    except StatsError as error:
        raise InputError(f"task '{task}' cannot be compared: {error}") from None


def _basis(task: str, own: Sequence[Run], other: Sequence[Run], ids: list[str] | None) -> Basis:
    def sources(runs: Sequence[Run]) -> tuple[Source, ...]:
        return tuple(
            Source(
                model=run.model,
                checkpoint=run.checkpoint,
                log=run.path.name,
                created=run.created,
                complete=run.complete,
                settings=run.settings,
                items=len(run.ids),
                dropped=0 if ids is None else len(run.ids) - len(ids),
                outcomes=run.outcomes,
                package_version=run.package_version,
            )
            for run in runs
        )

    return Basis(
        task=task,
        version=own[0].version,
        items_sha256=own[0].items_sha256,
        scorer=own[0].scorer,
        foreign=own[0].foreign,
        capability=own[0].capability,
        candidates=sources(own),
        baselines=sources(other),
        label_counts=() if own[0].foreign else label_counts(own[0], ids),
    )


def _scorer_notes(basis: dict[str, Basis], tested: dict[str, Tested]) -> list[str]:
    return [f"{task}: scorer {one.scorer}, metric {tested[task].metric}" for task, one in basis.items() if one.foreign]


def _unjudged(tested: dict[str, Tested], margin: float | None) -> list[str]:
    names = [task for task, one in tested.items() if one.retained is None and margin is not None]
    return [f"{', '.join(names)}: scores are no shares, so a margin in points says nothing of them"] if names else []


def _entry(name: str, tested: Tested) -> Entry:
    change = _change(tested.difference, tested.p, tested.may_claim)
    return Entry(
        name=name,
        metric=tested.metric,
        n=tested.n,
        clusters=tested.clusters,
        baseline=tested.baseline,
        candidate=tested.candidate,
        difference=tested.difference,
        ci_low=tested.ci_low,
        ci_high=tested.ci_high,
        p=tested.p,
        p_holm=tested.p,
        method=tested.method,
        verdict=_retention(tested.may_claim, tested.retained, bool(tested.lost))
        if tested.retained is not None
        else change,
        change=change,
        mde=tested.mde,
        n_needed=tested.n_needed,
        official=tested.official,
        flags=(*tested.flags, *(["within_margin"] if tested.lost and tested.retained else [])),
        interval_method=tested.interval_method,
    )


def _capabilities(tested: dict[str, Tested], basis: dict[str, Basis], margin: float | None) -> list[Entry]:
    groups: dict[str, list[Tested]] = {}
    apart = _weighed_apart(basis)
    for task, result in tested.items():
        capability = basis[task].capability
        if capability is not None and task not in apart.get(capability, ()):
            groups.setdefault(capability, []).append(result)
    return _with_holm([_capability(name, parts, margin) for name, parts in sorted(groups.items())])


def _weighed_apart(basis: dict[str, Basis]) -> dict[str, list[str]]:
    """Tasks answered by log-likelihood, by capability, where others of the capability were answered by generating."""
    found: dict[str, list[str]] = {}
    generated = {one.capability for one in basis.values() if not one.candidates[0].settings.weighed}
    for task, one in sorted(basis.items()):
        if one.capability in generated and one.capability is not None and one.candidates[0].settings.weighed:
            found.setdefault(one.capability, []).append(task)
    return found


def _weighed_notes(basis: dict[str, Basis]) -> list[str]:
    return [
        f"{', '.join(tasks)}: answered by log-likelihood, so not in the mean of {capability}, whose others generate"
        for capability, tasks in _weighed_apart(basis).items()
    ]


def _capability(name: str, parts: list[Tested], margin: float | None) -> Entry:
    seeded = parts[0].seeds is not None
    if seeded:
        whole = aggregate_seeds(parts)
        p = p_of(whole)
    else:
        found = aggregate_difference([part.part for part in parts])
        p = found.p
        whole = TaskPart(estimate=found.difference, se=found.se, df=found.df, low=found.ci_low, high=found.ci_high)
    may_claim = all(part.may_claim for part in parts)
    change = _change(whole.estimate, p, may_claim)
    method, interval, needed = "two-way-t" if seeded else "clustered-t", "", None
    judged = all(part.retained is not None for part in parts)
    brought = [part.margin_part for part in parts if part.margin_part is not None]
    if margin is not None and len(brought) == len(parts) and all(part.bounded for part in brought):
        kept = retention_suite(brought, margin=margin)
        whole, interval, needed = replace(whole, low=kept.low, high=kept.high), kept.method, kept.n_needed
    return Entry(
        name=name,
        metric=parts[0].metric if len({part.metric for part in parts}) == 1 else "mean of task metrics",
        n=sum(part.n for part in parts),
        clusters=sum(part.clusters or part.n for part in parts) if any(part.clusters for part in parts) else None,
        baseline=sum(part.baseline for part in parts) / len(parts),
        candidate=sum(part.candidate for part in parts) / len(parts),
        difference=whole.estimate,
        ci_low=whole.low,
        ci_high=whole.high,
        p=p,
        p_holm=p,
        method=method,
        verdict=_retention(may_claim, whole.low > -margin, whole.high < 0) if margin is not None and judged else change,
        change=change,
        mde=detectable(whole.se, whole.df),
        n_needed=needed if may_claim else None,
        official=all(part.official for part in parts),
        flags=tuple(sorted({flag for part in parts for flag in part.flags})),
        interval_method=interval,
    )


def _with_holm(entries: list[Entry]) -> list[Entry]:
    """Holm over one list, which decides the verdict on a change."""
    if not entries:
        return []
    adjusted = []
    for entry, p_holm in zip(entries, holm([entry.p for entry in entries]), strict=True):
        change = entry.change if p_holm < ALPHA else "no evidence"
        verdict = change if entry.verdict in ("better", "worse", "no evidence") else entry.verdict
        adjusted.append(replace(entry, p_holm=float(p_holm), change=change, verdict=verdict))
    return adjusted


def _change(difference: float, p: float, may_claim: bool) -> Verdict:
    if p >= ALPHA or not may_claim or difference == 0:
        return "no evidence"
    return "better" if difference > 0 else "worse"


def _retention(may_claim: bool, retained: bool, lost: bool) -> Verdict:
    """A loss that is real and smaller than the margin is `lost` and flagged `within_margin`."""
    if not may_claim:
        return "inconclusive"
    if lost:
        return "lost"
    return "retained" if retained else "inconclusive"


def _tasks(tables: dict[str, dict[str, list[Log]]], names: Sequence[str]) -> str:
    return ", ".join(sorted({task for name in names for task in tables[name]}))


__all__ = ["Basis", "Comparison", "Entry", "Source", "TaskPart", "compare", "compare_runs"]
