"""Where a family writes its problem down: givens, steps, mistakes; everything is checked before a problem comes out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from finbench.generated.dice import Dice
from finbench.generated.expressions import ExpressionError, evaluate, names_in, render
from finbench.generated.problem import DIFFICULTIES, Difficulty, Problem, Step, Unit
from finbench.generated.wording import Currency, answer_text, computed, idle_fact, rounding_request

MIN_DISTRACTORS = 3
"""Each problem has at least so many, so that four options can be offered."""


class RejectedDrawError(Exception):
    """The numbers drawn make no good problem (a rounding tie, too few distinct wrong answers); draw again."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A generator of problems.

    Attributes:
        name: Lower case with underscores.
        area: Field of finance.
        concept: What is tested, in a few words.
        build: Fills a worksheet and returns its problem; may raise ``RejectedDrawError``.
        difficulties: Those that the family has.
        apart: Drawn only where it is named, not among all families.
    """

    name: str
    area: str
    concept: str
    build: Callable[[Worksheet], Problem]
    difficulties: tuple[Difficulty, ...] = DIFFICULTIES
    apart: bool = False


class Worksheet:
    """Collects the parts of one problem.

    Args:
        family: The generator.
        difficulty: What is asked of it.
        dice: Source of all draws.
    """

    def __init__(self, family: Family, difficulty: Difficulty, dice: Dice) -> None:
        self.family = family
        self.difficulty = difficulty
        self.dice = dice
        self._givens: dict[str, float] = {}
        self._steps: list[Step] = []
        self._values: dict[str, float] = {}
        self._mistakes: list[tuple[str, float]] = []

    @property
    def easy(self) -> bool:
        """Whether the problem is to be easy."""
        return self.difficulty == "easy"

    @property
    def hard(self) -> bool:
        """Whether the problem is to be hard."""
        return self.difficulty == "hard"

    def _define(self, name: str, value: float) -> None:
        if name in self._values:
            raise AssertionError(f"{self.family.name} defines {name} twice")
        self._values[name] = value

    def given(self, name: str, value: float) -> float:
        """Record a number that the question states, as it is written there; returns it."""
        self._define(name, float(value))
        self._givens[name] = float(value)
        return float(value)

    def aside(self, name: str, value: float) -> float:
        """Name a number that is stated but not needed, for the mistakes that use it; returns it."""
        self._define(name, float(value))
        return float(value)

    def reject(self, reason: str) -> NoReturn:
        """Give up these numbers and have others drawn."""
        raise RejectedDrawError(reason)

    def value(self, name: str) -> float:
        """Value of a given or a step recorded so far."""
        return self._values[name]

    def step(self, name: str, label: str, expression: str) -> float:
        """Add a step of the solution; returns its value.

        Args:
            name: For later steps.
            label: What is computed, in words; stands before the arithmetic.
            expression: Over givens and earlier steps.
        """
        value = self._evaluate(expression)
        arithmetic, result = render(expression, self._values, computed), computed(value)
        text = f"{label}: {result}" if arithmetic == result else f"{label}: {arithmetic} = {result}"
        self._steps.append(Step(text=text, expression=expression, value=value, name=name))
        self._define(name, value)
        return value

    def mistake(self, label: str, expression: str) -> None:
        """Add a wrong final result that a typical mistake leads to; skipped where it has no value (a root of -1)."""
        unknown = names_in(expression) - self._values.keys()
        if unknown:
            raise AssertionError(
                f"{self.family.name}: a mistake uses {', '.join(sorted(unknown))} before it is defined"
            )
        try:
            self._mistakes.append((label, evaluate(expression, self._values)))
        except ExpressionError:
            return

    def scale_mistakes(self, factor: str) -> None:
        """Multiply the wrong results so far by an expression, after a last step that scales the result too."""
        size = self._evaluate(factor)
        self._mistakes = [(label, size * value) for label, value in self._mistakes]

    def _evaluate(self, expression: str) -> float:
        try:
            return evaluate(expression, self._values)
        except ExpressionError as error:
            raise RejectedDrawError(str(error)) from error

    def problem(
        self,
        question: str,
        *,
        unit: Unit,
        decimals: int,
        money: Currency | None = None,
        measure: str = "",
        context: str = "",
        bounds: tuple[float, float] = (-1e9, 1e9),
        idle: bool | None = None,
    ) -> Problem:
        """The finished problem.

        Args:
            question: Facts and question; the request how to round is added here.
            unit: Unit of the answer.
            decimals: Digits after the point.
            money: Currency of the answer.
            measure: What a pure number counts, such as "years".
            context: Table or passage.
            bounds: Answers outside are implausible; such a draw is rejected.
            idle: Whether to put a fact that does not matter before the question; by default in hard problems.

        Raises:
            RejectedDrawError: If answer or wrong answers do not meet the rules.
        """
        value = self._steps[-1].value
        answer = _rounded(value, decimals)
        if not bounds[0] <= answer <= bounds[1] or abs(answer) * 10**decimals < (100 if decimals else 10):
            raise RejectedDrawError(f"{answer} is out of bounds or has too few digits")
        if idle if idle is not None else self.hard:
            question = f"{idle_fact(self.dice)} {question}"
        question = f"{question} {rounding_request(self.dice, unit, decimals, money, measure)}"
        distractors, mistakes = self._distractors(answer, decimals)
        lines = [step.text for step in self._steps]
        lines.append(f"Answer: {answer_text(answer, unit, decimals, money)}")
        digest = hashlib.sha256("\x1f".join((context, question, repr(answer))).encode()).hexdigest()
        return Problem(
            id=f"calc-{self.family.name}-{digest[:8]}",
            family=self.family.name,
            area=self.family.area,
            concept=self.family.concept,
            difficulty=self.difficulty,
            question=question,
            givens=dict(self._givens),
            steps=tuple(self._steps),
            answer=answer,
            unit=unit,
            decimals=decimals,
            distractors=distractors,
            mistakes=mistakes,
            solution="\n".join(lines),
            context=context,
        )

    def _distractors(self, answer: float, decimals: int) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """Wrong answers apart from the right one and each other by two units and half a percent."""
        kept: list[tuple[str, float]] = []
        for label, value in self._mistakes:
            try:
                wrong = _rounded(value, decimals)
            except RejectedDrawError:
                continue
            if wrong == 0 and abs(value) > 1e-9:
                continue
            near = [answer, *(other for _, other in kept)]
            if all(abs(wrong - other) > max(1.5 * 10**-decimals, 0.005 * abs(other)) for other in near):
                kept.append((label, wrong))
        if len(kept) < MIN_DISTRACTORS:
            raise RejectedDrawError("too few wrong answers differ from the right one")
        return tuple(value for _, value in kept), tuple(label for label, _ in kept)


def _rounded(value: float, decimals: int) -> float:
    """Round; a value next to a tie is refused, since readers and machines round it both ways."""
    scaled = abs(value) * 10**decimals
    if scaled >= 1e12 or abs(scaled - math.floor(scaled) - 0.5) < 1e-4:
        raise RejectedDrawError("a rounding tie")
    return round(value, decimals) + 0.0  # no negative zero
