"""Solvers and scorers carry the name of the distribution, which retry, resume and scoring again depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from inspect_ai._util.registry import registry_info

from finbench.judging.check_task import agrees, consult_judge
from finbench.judging.scorers import judged_answer, judged_chat
from finbench.preference.tasks import correct_step, judge_solution, locate_step, roll_out, sample_solution
from finbench.tasks.chat import converse

MADE: dict[str, Callable[[], Any]] = {
    "agrees": lambda: agrees(),
    "consult_judge": lambda: consult_judge(),
    "converse": lambda: converse(),
    "judged_answer": lambda: judged_answer(),
    "judged_chat": lambda: judged_chat(),
}
DECORATED = (correct_step, judge_solution, locate_step, roll_out, sample_solution)


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_made_is_named_after_the_distribution(name: str) -> None:
    assert registry_info(MADE[name]()).name == f"finbench/{name}"


@pytest.mark.parametrize("made", DECORATED, ids=lambda made: made.__name__)
def test_steps_of_preference_distillation_are_named_after_the_distribution(made: Callable[..., Any]) -> None:
    assert registry_info(made).name == f"finbench/{made.__name__}"
