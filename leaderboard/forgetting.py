"""What training gave and took: every capability and task, before and after each stage of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from finbench.errors import InputError
from finbench.results.boards import Contender, contender_of, question_of
from finbench.results.choosing import newest, read_runs
from finbench.results.compare import compare_runs
from finbench.results.runs import Run
from finbench.results.scores import ScoreInterval, score_interval
from finbench.stats.aggregate import aggregate_score
from leaderboard.recipes import Recipe, StageRun

_BEFORE, _AFTER = "before", "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One capability or task of one checkpoint; shares, differences against the base model.

    Attributes:
        score: the score, or the mean of the tasks' scores.
        difference: score minus that of the base model, where both answered the same items.
        change: `better`, `worse` or `no evidence`; empty where nothing was tested.
    """

    score: float
    low: float
    high: float
    n: int
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A model of a recipe with its scores by capability and task.

    Attributes:
        contender: the key that results know it by; None where it was not scored.
    """

    label: str
    contender: Contender | None
    capabilities: dict[str, Change]
    tasks: dict[str, Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Scores of a recipe's checkpoints.

    Attributes:
        checkpoints: the base model, then each stage's, in the recipe's order.
        tasks: the tasks of each capability, both sorted.
    """

    checkpoints: tuple[Checkpoint, ...]
    tasks: dict[str, tuple[str, ...]]


def forgetting(recipe: Recipe) -> Forgetting | None:
    """The matrix of capabilities and checkpoints; None where no log of the run can be read."""
    base = _runs(_base_logs(recipe))
    found = [_checkpoint(recipe.base, base, {})] if base else []
    for stage in recipe.stages:
        runs = _runs(stage.logs)
        if runs:
            found.append(_checkpoint(_label(recipe, stage), runs, base))
    if not found:
        return None
    tasks: dict[str, set[str]] = {}
    for stage_runs in [base, *(_runs(stage.logs) for stage in recipe.stages)]:
        for run in stage_runs.values():
            tasks.setdefault(run.capability or "other", set()).add(run.task)
    return Forgetting(checkpoints=tuple(found), tasks={name: tuple(sorted(own)) for name, own in sorted(tasks.items())})


def _label(recipe: Recipe, stage: StageRun) -> str:
    return f"{stage.name}, seed {stage.seed}" if len(recipe.seeds) > 1 else stage.name


def _base_logs(recipe: Recipe) -> Path | None:
    return next((stage.logs_against for stage in recipe.stages if stage.against == recipe.base), None)


def _runs(place: Path | None) -> dict[str, Run]:
    """The newest complete run of each task: generated answers and the official set where there are such."""
    if place is None:
        return {}
    try:
        runs = read_runs([place], skip_bad=True)
    except InputError:
        return {}
    by_task: dict[str, list[Run]] = {}
    for run in runs:
        by_task.setdefault(run.task, []).append(run)
    chosen = {}
    for task, mine in sorted(by_task.items()):
        generated = [run for run in mine if not run.settings.weighed] or mine
        chosen[task] = newest([run for run in generated if run.official and run.complete] or generated)
    return {task: run for task, run in chosen.items() if run.complete}


def _checkpoint(label: str, runs: dict[str, Run], base: dict[str, Run]) -> Checkpoint:
    tested = _tested(list(runs.values()), list(base.values()))
    tasks: dict[str, Change] = {}
    groups: dict[str, list[ScoreInterval]] = {}
    for task, run in runs.items():
        score = score_interval(run)
        tasks[task] = replace(
            tested.get(task, _nothing()), score=score.estimate, low=score.low, high=score.high, n=score.n
        )
        groups.setdefault(run.capability or "other", []).append(score)
    capabilities: dict[str, Change] = {}
    for name, scores in sorted(groups.items()):
        if len(scores) == 1:
            low, mean, high = scores[0].low, scores[0].estimate, scores[0].high
        else:
            whole = aggregate_score([score.part for score in scores])
            low, mean, high = whole.low, whole.estimate, whole.high
        capabilities[name] = replace(
            tested.get(name, _nothing()), score=mean, low=low, high=high, n=sum(score.n for score in scores)
        )
    contender = contender_of(next(iter(runs.values()))) if runs else None
    return Checkpoint(label=label, contender=contender, capabilities=capabilities, tasks=tasks)


def _tested(after: Sequence[Run], before: Sequence[Run]) -> dict[str, Change]:
    """What the comparison with the base model says, by task and capability; nothing where they do not compare."""
    known = {run.task: question_of(run) for run in before}
    shared = {run.task for run in after if known.get(run.task) == question_of(run)}
    runs = [replace(run, model=_BEFORE, checkpoint=None) for run in before if run.task in shared]
    runs += [replace(run, model=_AFTER, checkpoint=None) for run in after if run.task in shared]
    if not shared:
        return {}
    found = compare_runs(runs, _BEFORE, _AFTER)
    partly = {run.capability or "other" for run in (*after, *before) if run.task not in shared}
    return {
        entry.name: replace(
            _nothing(),
            difference=entry.difference,
            ci_low=entry.ci_low,
            ci_high=entry.ci_high,
            change=entry.change,
        )
        for entry in (*(one for one in found.capabilities if one.name not in partly), *found.tasks)
    }


def _nothing() -> Change:
    return Change(score=0.0, low=0.0, high=0.0, n=0)
