"""Which log of a model and task counts, and whether two may be compared at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from finbench.errors import InputError
from finbench.results.logs import Log, Options, open_logs, read_ahead, refuse
from finbench.results.reading import BadLogError
from finbench.results.runs import Run, column


def read_runs(
    places: Iterable[str | Path],
    *,
    skip_bad: bool = False,
    scorer: str | None = None,
    metric: str | None = None,
    cluster: str | None = None,
    tasks: Sequence[str] = (),
) -> list[Run]:
    """All runs of the logs below some places, sorted by task, model and time.

    Args:
        places: log files or folders of logs.
        skip_bad: leave logs out that cannot be read, naming them on stderr.
        scorer: which scorer to read, for logs of other packages; see `finbench.results.reading.read_run`.
        metric: headline metric, for logs of other packages.
        cluster: metadata key of the cluster, for logs of other packages.
        tasks: only these tasks, named with or without their package; all by default.

    Raises:
        InputError: if a log cannot be read and is not to be skipped, lacks what was asked for, or there is none of a
            task.
    """
    options = Options(scorer=scorer, metric=metric, cluster=cluster)
    logs = open_logs(places, options, skip_bad=skip_bad, whole=not tasks)
    if tasks:
        logs = _of_tasks(logs, tasks)
    read_ahead(logs)
    runs = []
    for log in logs:
        try:
            runs.append(log.run())
        except BadLogError as error:
            refuse(error, skip_bad=skip_bad)
    return runs


def _of_tasks(logs: Sequence[Log], tasks: Sequence[str]) -> list[Log]:
    names = {log.head.task: {log.head.task, log.head.task.rpartition("/")[2]} for log in logs}
    if unknown := sorted(set(tasks) - {name for own in names.values() for name in own}):
        raise InputError(f"no log is of a task '{unknown[0]}'; the logs are of {', '.join(sorted(names))}")
    return [log for log in logs if names[log.head.task] & set(tasks)]


def newest(runs: Iterable[Run]) -> Run:
    """The newest complete run, or the newest one if none is complete."""
    return max(runs, key=lambda run: (run.complete, run.created, str(run.path)))


def newest_of(logs: Iterable[Log], *, skip_bad: bool = False) -> Run | None:
    """As `newest`, reading no more logs than it takes; None where all were bad and skipped.

    Raises:
        InputError: if a log that is needed cannot be read, unless `skip_bad`.
    """
    read = []
    order = sorted(logs, key=lambda log: (log.head.finished, log.head.created, str(log.path)), reverse=True)
    for log in order:
        try:
            run = log.run()
        except BadLogError as error:
            refuse(error, skip_bad=skip_bad)
            continue
        if run.complete:
            return run
        read.append(run)
    return newest(read) if read else None


def of_model(logs: Sequence[Log], name: str) -> list[Log]:
    """The logs of a model given by its public name, `NAME@` and the start of a checkpoint's hash, or its model string.

    Where several checkpoints carry one name, it is the one that was scored last, and never a mixture of them.

    Raises:
        InputError: if there is none; names the models there are.
    """
    public, _, digest = name.rpartition("@")
    found = (
        [log for log in logs if log.head.model == name]
        or [log for log in logs if log.head.model_id == name]
        or [
            log
            for log in logs
            if public and log.head.model == public and (log.head.checkpoint or "").startswith(digest)
        ]
    )
    if not found:
        known = ", ".join(sorted({log.head.model for log in logs}))
        raise InputError(f"no log is of a model '{name}'; the logs are of {known}")
    last = max(found, key=lambda log: (log.head.created, str(log.path))).head.checkpoint
    hashes = sorted({(log.head.checkpoint or "none")[:8] for log in found})
    if len(hashes) > 1:
        click.echo(
            f"finbench: '{name}' names checkpoints {', '.join(hashes)}; {(last or 'none')[:8]} was scored last and "
            f"counts (another: {name}@HASH)",
            err=True,
        )
    return [log for log in found if log.head.checkpoint == last]


def same_way(tables: Sequence[Sequence[Log]]) -> list[list[Log]]:
    """Of each model's logs of one task those that were answered in a way that all models have.

    Generated answers go before options weighed by log-likelihood where all models have both. Where they share no way
    all logs are given back, which `check_comparable` then refuses.
    """
    for weighed in (False, True):
        found = [[log for log in logs if log.head.weighed is weighed] for logs in tables]
        if all(found):
            return found
    return [list(logs) for logs in tables]


def check_comparable(first: Run, second: Run, *, intersect: bool, allow_settings: bool) -> list[str]:
    """Refuse to compare runs that do not answer the same question.

    Returns:
        Flags for what was let through: `intersect`, `settings`, `content`.

    Raises:
        InputError: if items, version or metric differ, or settings do and are not allowed to; always where one was
            elicited by log-likelihood and the other generated its answers.
    """
    flags = []
    if first.settings.weighed != second.settings.weighed:
        one, other = (first, second) if first.settings.weighed else (second, first)
        raise InputError(
            f"task '{first.task}': {one.model} was run with elicitation=likelihood and {other.model} generated its "
            f"answers; these are never compared: run both in one way"
        )
    if first.comparability != second.comparability:
        raise InputError(
            f"task '{first.task}': {first.model} was run on version {first.version}, {second.model} on "
            f"{second.version}; results compare within one number before the dash only: run the older one again"
        )
    if first.metric != second.metric:
        raise InputError(
            f"task '{first.task}': {first.model} is scored by {first.metric}, {second.model} by "
            f"{second.metric}; pass --metric"
        )
    if first.scorer != second.scorer and first.foreign and first.scorer and second.scorer:
        raise InputError(
            f"task '{first.task}': {first.model} is scored by {first.scorer}, {second.model} by "
            f"{second.scorer}; pass --scorer"
        )
    if set(first.ids) != set(second.ids):
        _refuse_items(first, second, intersect=intersect)
        flags.append("intersect")
    if differing := differing_content(first, second):
        flags.append(_content_flag(first, second, differing, intersect=intersect, allow_settings=allow_settings))
    differences = first.settings.differences(second.settings)
    if differences:
        if not allow_settings:
            raise InputError(
                f"{first.model} and {second.model} were run on '{first.task}' with other settings "
                f"({'; '.join(differences)}); run both alike, or pass --allow-settings (marked)"
            )
        flags.append("settings")
    return list(dict.fromkeys(flags))


def differing_content(first: Run, second: Run) -> list[str]:
    """Ids under which two runs hold different questions or references, as far as their logs tell; sorted."""
    if not (first.foreign and second.foreign):
        return []  # the ids of our tasks are hashes of the content
    mine = dict(zip(column(first.items, "id"), column(first.items, "content"), strict=True))
    theirs = dict(zip(column(second.items, "id"), column(second.items, "content"), strict=True))
    return sorted(
        identity
        for identity, content in mine.items()
        if content is not None and theirs.get(identity) is not None and content != theirs[identity]
    )


def _content_flag(first: Run, second: Run, differing: Sequence[str], *, intersect: bool, allow_settings: bool) -> str:
    """`content` where the wording may differ under the same id, `intersect` where such items are left out."""
    shared = len(set(first.ids) & set(second.ids))
    if intersect and len(differing) < shared:
        return "intersect"
    numbered = all(identity.isdecimal() for identity in differing)
    if allow_settings and not numbered:
        return "content"
    if numbered:
        way_out = "their ids are plain numbers, so they may be other questions altogether: run both on the same set"
        way_out += "" if len(differing) == shared else ", or pass --intersect (unofficial)"
    else:
        way_out = "run both on the same set, or pass --allow-settings if only the wording differs (marked)"
    raise InputError(
        f"{first.model} and {second.model} were asked different things under the same ids of '{first.task}' "
        f"({len(differing)} of {shared} shared items, one is {differing[0]}); {way_out}"
    )


def _refuse_items(first: Run, second: Run, *, intersect: bool) -> None:
    ids, others = set(first.ids), set(second.ids)
    shared = len(ids & others)
    if intersect and shared:
        return
    only = sorted(ids - others) or sorted(others - ids)
    raise InputError(
        f"{first.model} and {second.model} do not hold the same items of '{first.task}' ({shared} shared, "
        f"{len(ids) - shared} only in the first, {len(others) - shared} only in the second, one is {only[0]}); "
        + ("nothing is left to compare" if intersect else "run both on the same set, or pass --intersect (unofficial)")
    )
