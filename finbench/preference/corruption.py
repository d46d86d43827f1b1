"""Worked solutions with one step broken in a known way, and everything after it computed on from there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from finbench.generated.dice import Dice
from finbench.generated.expressions import ExpressionError, evaluate, names_in, render
from finbench.generated.problem import Problem, Step
from finbench.generated.wording import computed

Kind = Literal["arithmetic", "number", "operation"]
KINDS: tuple[Kind, ...] = ("arithmetic", "number", "operation")

_SIGN = re.compile(r"(?<=\s)([-+*/])(?=\s)")
_OTHER = {"+": "-", "-": "+", "*": "/", "/": "*"}


@dataclass(frozen=True, kw_only=True)
class Corrupted:
    """A solution that is wrong from one step on.

    Attributes:
        problem: the problem.
        kind: `arithmetic`: the result is miscomputed; `number`: a number is misread; `operation`: a wrong sign.
        step: index of the broken step.
        text: the solution; steps one a line, the answer last.
    """

    problem: Problem
    kind: Kind
    step: int
    text: str


def corrupt(problem: Problem, kind: Kind, seed: int) -> Corrupted | None:
    """Break one step of a worked solution.

    Args:
        problem: with its worked steps.
        kind: how.
        seed: any whole number; the same one breaks alike.

    Returns:
        None where no step can be broken so that the answer is wrong.
    """
    dice = Dice(f"finbench.preference.corruption/{seed}/{problem.id}/{kind}")
    for index in dice.shuffled(range(len(problem.steps))):
        for _ in range(4):
            text = _broken(problem, kind, index, dice)
            if text is not None:
                return Corrupted(problem=problem, kind=kind, step=index, text=text)
    return None


def _broken(problem: Problem, kind: Kind, index: int, dice: Dice) -> str | None:
    names = {**problem.givens, **{step.name: step.value for step in problem.steps[:index]}}
    step = problem.steps[index]
    if " = " not in step.text:
        return None  # a number that is only restated
    try:
        if kind == "operation":
            line, names[step.name] = _with_sign(step, names, dice)
        elif kind == "number":
            line, names[step.name] = _with_number(problem, step, names, dice)
        else:
            line, names[step.name] = _with_result(step, names, dice)
        if abs(names[step.name] - step.value) <= 0.02 * abs(step.value):
            return None  # too near to the right one to be told from rounding
        lines = [one.text for one in problem.steps[:index]] + [line]
        for later in problem.steps[index + 1 :]:
            names[later.name] = evaluate(later.expression, names)
            lines.append(_line(later, later.expression, names, names[later.name]))
    except ExpressionError:
        return None
    answer = round(names[problem.steps[-1].name], problem.decimals)
    if abs(answer - problem.answer) <= 0.02 * abs(problem.answer):
        return None
    return "\n".join([*lines, f"Answer: {answer:.{problem.decimals}f}"])


def _with_sign(step: Step, names: dict[str, float], dice: Dice) -> tuple[str, float]:
    signs = list(_SIGN.finditer(step.expression))
    if not signs:
        raise ExpressionError("there is no sign to change")
    sign = dice.choice(signs)
    expression = step.expression[: sign.start()] + _OTHER[sign[1]] + step.expression[sign.end() :]
    value = evaluate(expression, names)
    return _line(step, expression, names, value), value


def _with_number(problem: Problem, step: Step, names: dict[str, float], dice: Dice) -> tuple[str, float]:
    used = sorted(names_in(step.expression) & problem.givens.keys())
    if not used:
        raise ExpressionError("the step uses no given number")
    name = dice.choice(used)
    misread = {**names, name: names[name] * dice.choice((10, 3, 7)) + dice.integer(41, 97)}
    value = evaluate(step.expression, misread)
    return _line(step, step.expression, misread, value), value


def _with_result(step: Step, names: dict[str, float], dice: Dice) -> tuple[str, float]:
    value = step.value * dice.choice((0.71, 0.83, 1.19, 1.37)) + dice.choice((0.0, 0.0, 1.0))
    value = float(computed(value))
    return _line(step, step.expression, names, value), value


def _line(step: Step, expression: str, names: dict[str, float], value: float) -> str:
    label = step.text.partition(": ")[0]
    arithmetic, result = render(expression, names, computed), computed(value)
    return f"{label}: {result}" if arithmetic == result else f"{label}: {arithmetic} = {result}"
