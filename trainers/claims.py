"""Which of a recipe's hypotheses an evaluation can speak to; asked before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from finbench.errors import InputError
from trainers.recipe import Evaluation, Hypothesis, Recipe

_ASKED_BY = {"improved": "improves", "retained": "keeps"}


def judged_by(claims: Sequence[Hypothesis], evaluation: Evaluation) -> list[Hypothesis]:
    """The claims whose task, or a task of whose capability, the evaluation holds; in their order.

    Raises:
        InputError: the evaluation names an unknown suite or task.
    """
    subjects = _subjects(evaluation)
    return [claim for claim in claims if claim.subject in subjects]


def check_claims(recipe: Recipe) -> None:
    """Refuse hypotheses that no stage evaluates, and a `require` that no hypothesis could ever break.

    Raises:
        InputError: there is one; the message names it.
    """
    evaluated = [(stage, _subjects(stage.evaluate)) for stage in recipe.stages if stage.evaluate]
    known = set().union(*(subjects for _, subjects in evaluated))
    for claim in recipe.hypotheses:
        if claim.subject not in known:
            raise InputError(
                f"no stage evaluates {claim.subject!r}, which a hypothesis is about; the stages evaluate "
                f"{', '.join(sorted(known)) or 'nothing'}"
            )
    for stage, subjects in evaluated:
        kind = _ASKED_BY.get(stage.require or "")
        if kind and not any(claim.kind == kind and claim.subject in subjects for claim in recipe.hypotheses):
            raise InputError(
                f"stage {stage.name!r} has `require: {stage.require}`, but evaluates nothing that a hypothesis `{kind}`"
            )


def _subjects(evaluation: Evaluation) -> set[str]:
    """Names of the tasks of an evaluation, and of their capabilities."""
    from finbench.tasks.catalogue import card, resolve  # late: reading a recipe needs no tasks

    tasks = resolve(suite=evaluation.suite, tasks=evaluation.tasks)
    return {*tasks, *(card(name).capability.value for name in tasks)}
