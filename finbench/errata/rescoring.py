"""A run scored twice: on the references as published, and on those that an errata overlay corrects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.data.items import fingerprint
from finbench.errata.overlay import Erratum, overlay, overlay_version
from finbench.errors import InputError
from finbench.results.choosing import read_runs
from finbench.results.runs import ItemResult, Run
from finbench.results.scores import ScoreInterval, score_interval
from finbench.scoring.outcome import Outcome

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample
    from inspect_ai.scorer import Score


@dataclass(frozen=True, kw_only=True)
class BothScores:
    """A run's score with and without the errata.

    Attributes:
        log: the log's file name.
        corrected: items of the run whose reference was replaced.
        excluded: items of the run that were left out.
        turned: corrected items whose score changed.
        errata: version of the overlay.
        published: score on the references as they are.
        mended: score with the errata applied; equal to `published` where none concern the run.
    """

    model: str
    task: str
    log: str
    official: bool
    corrected: int
    excluded: int
    turned: int
    errata: str | None
    published: ScoreInterval
    mended: ScoreInterval

    def as_json(self) -> dict[str, Any]:
        """The scores as JSON values."""
        return {
            "model": self.model,
            "task": self.task,
            "log": self.log,
            "official": self.official,
            "corrected": self.corrected,
            "excluded": self.excluded,
            "turned": self.turned,
            "errata": self.errata,
            "published": _interval(self.published),
            "mended": _interval(self.mended),
        }


def both_scores(places: Iterable[str | Path], *, tasks: Sequence[str] = (), every: bool = False) -> list[BothScores]:
    """Both scores of all runs whose task has errata.

    Args:
        places: log files or folders of logs.
        tasks: only these tasks; all by default.
        every: also runs that no erratum concerns.

    Raises:
        InputError: if a log cannot be read, or no sample of it can be scored again.
    """
    found = []
    for run in read_runs(places, tasks=tasks):
        known = concerned(run)
        if not known and not every:
            continue
        after, turned = _mended(run, known)
        found.append(
            BothScores(
                model=run.model,
                task=run.task,
                log=run.path.name,
                official=run.official,
                corrected=sum(one.gold is not None for one in known.values()),
                excluded=sum(one.exclude for one in known.values()),
                turned=turned,
                errata=overlay_version(run.task) if known else None,
                published=score_interval(run),
                mended=score_interval(after),
            )
        )
    return found


def concerned(run: Run) -> dict[str, Erratum]:
    """The errata of a run's task that speak of its items, by id; empty for tasks of other packages."""
    if run.foreign:
        return {}
    known, ids = overlay(run.task), set(run.ids)
    return {identity: one for identity, one in known.items() if identity in ids}


def mended(run: Run) -> Run:
    """The run as if the references had been right: items scored again on the corrected one, or left out.

    The answers are those of the log. The set is never the official one, and its fingerprint is its own, so that a
    mended run is compared with mended runs only.

    Raises:
        InputError: if a sample cannot be read from the log.
    """
    return _mended(run, concerned(run))[0]


def _mended(run: Run, known: Mapping[str, Erratum]) -> tuple[Run, int]:
    if not known:
        return run, 0
    items: list[ItemResult] = []
    turned = set()
    for item in run.items:
        erratum = known.get(item.id)
        if erratum is None:
            items.append(item)
        elif erratum.gold is not None:
            again = _again(run, item, erratum.gold)
            items.append(again)
            if again.value != item.value:
                turned.add(item.id)
    version = overlay_version(run.task)
    ids = fingerprint({*(item.id for item in items), f"errata:{version}"})
    return replace(run, items=items, items_sha256=ids, official=False), len(turned)


def _again(run: Run, item: ItemResult, gold: str) -> ItemResult:
    """How an item would have ended on another reference; an error stays one."""
    if item.outcome is Outcome.ERROR:
        return replace(item, gold=gold)
    from inspect_ai.log import read_eval_log_sample
    from inspect_ai.scorer import value_to_float

    try:
        sample = read_eval_log_sample(str(run.path), id=item.id, epoch=item.epoch)
    except Exception as error:  # a damaged log fails in many ways
        raise InputError(f"{run.path}: sample {item.id} cannot be read ({type(error).__name__})") from None
    score = asyncio.run(_score(run.task, sample, gold))
    facts = score.metadata or {}
    counts = facts.get("counts")
    return replace(
        item,
        outcome=Outcome(facts["outcome"]),
        value=float(value_to_float()(score.value)),
        gold=facts.get("gold"),
        pred=facts.get("pred"),
        counts=(counts["tp"], counts["fp"], counts["fn"]) if counts else None,
    )


async def _score(task: str, sample: EvalSample, gold: str) -> Score:
    from inspect_ai.model import ModelName
    from inspect_ai.scorer import Target
    from inspect_ai.solver import TaskState

    from finbench.tasks.catalogue import definition

    known = definition(task)
    if known.card.judged:
        raise InputError(f"task '{task}' is scored by a judge; its errata can only leave items out")
    state = TaskState(
        model=ModelName(sample.output.model if "/" in sample.output.model else f"log/{sample.output.model or 'none'}"),
        sample_id=sample.id,
        epoch=sample.epoch,
        input=sample.input,
        messages=sample.messages,
        target=Target(gold),
        choices=sample.choices,
        output=sample.output,
        metadata=dict(sample.metadata),
    )
    score = await known.scorer(known.card)(state, Target(gold))
    assert score is not None
    return score


def _interval(score: ScoreInterval) -> dict[str, Any]:
    return {"metric": score.metric, "score": score.estimate, "ci_low": score.low, "ci_high": score.high, "n": score.n}
