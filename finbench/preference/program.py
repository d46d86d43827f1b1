"""The worked steps of a generated problem as teacher: finds the first wrong step and writes the right one.

A step is wrong where its arithmetic is, where it uses a number that is neither given nor found before, or where it
computes rightly what no step of the worked solution has. The last kind may be a detour that is not wrong; rolling out
from both prefixes tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from finbench.generated.checking import RELATIVE_TOLERANCE, StepCheck, check_solution
from finbench.generated.expressions import names_in
from finbench.generated.problem import Problem
from finbench.preference.schema import Step
from finbench.preference.steps import segment

Fault = Literal["arithmetic", "number", "operation", "answer"]

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
#: Numbers that need no source: counts, units of time, percentages, scales. A misread small number still gives a result
#: that no worked step has.
_FREE = frozenset({0.5, 52.0, 100.0, 252.0, 360.0, 365.0, 1e3, 1e4, 1e6, *map(float, range(32))})
_WHY = {
    "arithmetic": "the arithmetic is wrong: {left} is {computed:.7g} and not {stated:.7g}",
    "number": "{number:.7g} is neither given nor found before",
    "operation": "{stated:.7g} is no quantity that the solution needs",
    "answer": "the answer does not follow from the steps before",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The first wrong step and what should stand there.

    Attributes:
        step: the wrong step.
        fault: what is wrong with it.
        why: the same in a sentence.
        correction: the right step, without space around it.
    """

    step: Step
    fault: Fault
    why: str
    correction: str


def teach(problem: Problem, text: str) -> Finding | None:
    """The first wrong step of a solution and the right one in its place.

    Args:
        problem: the problem, with its worked steps.
        text: a free-form solution that ends in a wrong answer.

    Returns:
        None where no step states anything that can be checked.
    """
    known = [*problem.givens.values()]
    reached: set[str] = set()
    for step in segment(text):
        for check in check_solution(problem, step.text):
            found = _fault(problem, check, known)
            if found is not None:
                fault, why = found
                return Finding(step=step, fault=fault, why=why, correction=_correction(problem, reached))
            known += [check.stated, check.stated * 100]
            if check.step is not None:
                reached.add(check.step)
    return None


def _fault(problem: Problem, check: StepCheck, known: Sequence[float]) -> tuple[Fault, str] | None:
    if re.match(r"\W*(?:final )?answer\b", check.text, re.IGNORECASE) and not check.arithmetic:
        return None if check.is_answer else ("answer", _WHY["answer"])
    if check.right is False and check.computed is not None:
        return "arithmetic", _WHY["arithmetic"].format(
            left=check.arithmetic, computed=check.computed, stated=check.stated
        )
    for written in _NUMBER.findall(check.arithmetic):
        number = float(written)
        if number not in _FREE and not _among(number, written, known):
            return "number", _WHY["number"].format(number=number)
    if check.step is None and not check.is_answer and not _is_restated(check.stated, known):
        return "operation", _WHY["operation"].format(stated=check.stated)
    return None


def _among(number: float, written: str, known: Iterable[float]) -> bool:
    decimals = len(written.partition(".")[2])
    return any(_near(number, factor * abs(one), decimals) for one in known for factor in (1.0, 100.0, 0.01))


def _is_restated(stated: float, known: Sequence[float]) -> bool:
    """Whether a value is a number known already, or one step of form from it: a share, a factor, a month's part."""
    forms = (
        form
        for one in known
        for form in (one, one / 100, 1 + one / 100, 1 - one / 100, 1 + one, 1 - one, one / 12, one / 1200)
    )
    shares = (100 * one for one in known if abs(one) < 1)
    return any(_near(abs(stated), abs(form), 12) for form in (*forms, *shares))


def _near(written: float, exact: float, decimals: int) -> bool:
    return abs(written - exact) <= max(0.51 * 10.0**-decimals, RELATIVE_TOLERANCE * abs(exact), 1e-12)


def _correction(problem: Problem, reached: set[str]) -> str:
    """The next line of the worked solution that is needed after the steps reached so far."""
    needed, wanted = set(), [problem.steps[-1].name]
    steps = {step.name: step for step in problem.steps}
    while wanted:
        name = wanted.pop()
        if name in steps and name not in reached and name not in needed:
            needed.add(name)
            wanted.extend(names_in(steps[name].expression))
    for step in problem.steps:
        # a line that only restates a given number is no step to be mended
        if step.name in needed and " = " in step.text:
            return step.text
    return problem.solution.splitlines()[-1]
