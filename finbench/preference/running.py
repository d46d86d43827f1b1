"""Running the five tasks: items and a model in, records read from the logs out.

Each run has a folder of its own under `log_dir`, named after what it works on, and asks nothing twice: finished samples
come from its log, replies of unfinished ones from the cache, whose keys hold the checkpoint's hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from finbench.errors import InputError
from finbench.files import write_text
from finbench.preference.rule import has_rule
from finbench.preference.schema import (
    Batch,
    Correction,
    Judgement,
    Location,
    PromptItem,
    Rollout,
    Settings,
    Solution,
    digest,
)

if TYPE_CHECKING:
    from finbench.evaluation.models import ModelSpec

T = TypeVar("T")
#: What a run worked on, in its folder beside the log.
WORK_FILE = "work.jsonl"


def run_sampling(items: Sequence[PromptItem], policy: ModelSpec, settings: Settings, log_dir: Path) -> Batch[Solution]:
    """Sample `settings.samples` solutions of each item from the policy.

    Args:
        items: prompts; their ids must differ.
        policy: the model that solves.
        settings: samples, temperature, seed, bounds.
        log_dir: where the run's folder goes.

    Returns:
        The solutions, by item in the order given and then by index; missing ones by `<item>/<k>`.

    Raises:
        InputError: if the policy cannot be run.
    """
    from finbench.preference.tasks import preference_sampling

    asked = [f"{item.id}/{k}" for item in items for k in range(settings.samples)]
    return _run(preference_sampling, Solution, items, asked, settings, log_dir, policy=policy)


def run_judging(
    items: Sequence[PromptItem],
    solutions: Sequence[Solution],
    genrm: ModelSpec | None,
    settings: Settings,
    log_dir: Path,
) -> Batch[Judgement]:
    """Judge final answers: by rule where one applies, else by the GenRM; no call is made where the rule decides.

    Args:
        items: what was asked.
        solutions: what was answered.
        genrm: the model that judges where no rule applies; None if there is a rule for all.
        settings: `audit` sends a share of those that the rule judged to the GenRM too.
        log_dir: where the run's folder goes.

    Returns:
        The judgements in the order of the solutions; missing ones by solution.

    Raises:
        InputError: if a GenRM is needed and none is named, or it cannot be run.
    """
    from finbench.preference.tasks import preference_judging

    _need_judge(items, genrm)
    asked = [solution.id for solution in solutions]
    given = settings if genrm is not None else _without_audit(settings)
    return _run(preference_judging, Judgement, items, asked, given, log_dir, genrm=genrm, solutions=solutions)


def run_locating(
    items: Sequence[PromptItem],
    solutions: Sequence[Solution],
    genrm: ModelSpec | None,
    settings: Settings,
    log_dir: Path,
) -> Batch[Location]:
    """Find the first wrong step of wrong solutions.

    Args:
        items: what was asked.
        solutions: wrong solutions only.
        genrm: the model that locates; None is the program, which needs items with a generated problem.
        settings: `one_call` lets the model write the correction in the same reply.
        log_dir: where the run's folder goes.

    Returns:
        One location a solution, in their order, those that were not accepted with their reason; missing ones (the
        provider failed) by solution.

    Raises:
        InputError: if the model cannot be run.
    """
    from finbench.preference.tasks import preference_locating

    asked = [solution.id for solution in solutions]
    return _run(preference_locating, Location, items, asked, settings, log_dir, genrm=genrm, solutions=solutions)


def run_correcting(
    items: Sequence[PromptItem],
    solutions: Sequence[Solution],
    locations: Sequence[Location],
    genrm: ModelSpec | None,
    settings: Settings,
    log_dir: Path,
) -> Batch[Correction]:
    """Write and check the corrected step of each accepted location.

    Args:
        items: what was asked.
        solutions: the solutions that were located in.
        locations: what `run_locating` left; those with a reason are passed over.
        genrm: the model that corrects; None is the program. Not asked where a location brings its correction.
        settings: bounds.
        log_dir: where the run's folder goes.

    Returns:
        One correction an accepted location, those that were not accepted with their reason.

    Raises:
        InputError: if the model cannot be run.
    """
    from finbench.preference.tasks import preference_correcting

    accepted = [location for location in locations if location.step is not None]
    return _run(
        preference_correcting,
        Correction,
        items,
        [location.solution for location in accepted],
        settings,
        log_dir,
        genrm=genrm,
        solutions=solutions,
        locations=accepted,
    )


def run_rollouts(
    items: Sequence[PromptItem],
    corrections: Sequence[Correction],
    policy: ModelSpec,
    settings: Settings,
    log_dir: Path,
    genrm: ModelSpec | None = None,
) -> Batch[Rollout]:
    """Continue from the corrected and from the wrong prefix, `settings.rollouts` times each, and judge the whole.

    Args:
        items: what was asked.
        corrections: what `run_correcting` left; those with a reason are passed over.
        policy: the model that continues.
        settings: rollouts, temperature, seed, how to continue.
        log_dir: where the run's folder goes.
        genrm: the model that judges where no rule applies.

    Returns:
        The rollouts by correction, arm and index; missing ones by `<solution>/<arm>/<k>`.

    Raises:
        InputError: if a GenRM is needed and none is named, or a model cannot be run.
    """
    from finbench.preference.tasks import preference_rollouts

    _need_judge(items, genrm)
    accepted = [correction for correction in corrections if correction.text]
    asked = [
        f"{correction.solution}/{arm}/{k}"
        for correction in accepted
        for arm in ("corrected", "wrong")
        for k in range(settings.rollouts)
    ]
    return _run(
        preference_rollouts,
        Rollout,
        items,
        asked,
        settings,
        log_dir,
        policy=policy,
        genrm=genrm,
        corrections=accepted,
    )


def _need_judge(items: Sequence[PromptItem], genrm: ModelSpec | None) -> None:
    unruled = next((item for item in items if not has_rule(item)), None)
    if unruled is not None and genrm is None:
        raise InputError(f"no rule judges the answer to {unruled.id}, so a GenRM has to: name one")


def _without_audit(settings: Settings) -> Settings:
    from dataclasses import replace

    return replace(settings, audit=0.0)


def _run(
    make: Any,
    record: type[T],
    items: Sequence[PromptItem],
    asked: Sequence[str],
    settings: Settings,
    log_dir: Path,
    *,
    policy: ModelSpec | None = None,
    genrm: ModelSpec | None = None,
    solutions: Sequence[Solution] = (),
    locations: Sequence[Location] = (),
    corrections: Sequence[Correction] = (),
) -> Batch[T]:
    from finbench.preference.continuing import continuation_of
    from finbench.preference.launching import launch
    from finbench.preference.reading import read_batch
    from finbench.preference.wording import wording_sha256
    from finbench.preference.work import WORK, Work

    if not asked:
        return Batch(records=())
    if len({item.id for item in items}) < len(items) or len(set(asked)) < len(asked):
        raise InputError("two prompts or solutions have the same id; give each its own")
    work = Work(
        settings=settings,
        items={item.id: item for item in items},
        solutions={solution.id: solution for solution in solutions},
        locations={location.solution: location for location in locations},
        corrections={correction.solution: correction for correction in corrections},
        by_genrm=genrm is not None,
        continuation="ask" if policy is None else continuation_of(policy.model, settings.continuation),
    )
    # where a record was read from does not change what is asked of it
    decisive: dict[str, Any] = {**asdict(settings), "max_connections": None, "max_retries": None}
    given = digest(
        [
            decisive,
            [item.document() for item in items],
            [[{**asdict(one), "source": None} for one in group] for group in (solutions, locations, corrections)],
            [None if model is None else [model.model, model.sha256, dict(model.args)] for model in (policy, genrm)],
            wording_sha256(),
        ]
    )
    folder = log_dir / f"{make.__name__}-{given[:12]}"
    write_text(folder / WORK_FILE, work.lines())  # for plain `inspect eval`, and to read
    WORK[given] = work
    try:
        log = launch(make(given), folder, settings, policy=policy, genrm=genrm)
    finally:
        del WORK[given]
    return read_batch(log, record, asked)
