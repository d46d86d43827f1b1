"""Putting a GenRM to the test: solutions broken at a known step, its location and correction against the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench.errors import ClaimFailed, InputError
from finbench.generated.checking import check_solution
from finbench.generated.problem import Problem
from finbench.preference.corruption import KINDS, Corrupted, corrupt
from finbench.preference.items import generated_items
from finbench.preference.running import run_correcting, run_locating
from finbench.preference.schema import Correction, Location, PromptItem, Settings, Solution

if TYPE_CHECKING:
    from finbench.evaluation.models import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share with its Wilson interval at 95 %; all None where there is nothing to count.

    Attributes:
        right: how many are right.
        n: of how many.
        value: their share.
        low: lower bound.
        high: upper bound.
    """

    right: int
    n: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class KindFigures:
    """Figures of one kind of corruption, or of all.

    Attributes:
        kind: the kind, or `all`.
        location_precision: right locations among those accepted.
        location_recall: right locations among all solutions.
        correction_precision: right corrections among those accepted.
        correction_recall: right corrections, at the right step, among all solutions.
    """

    kind: str
    location_precision: Share
    location_recall: Share
    correction_precision: Share
    correction_recall: Share


@dataclass(frozen=True, kw_only=True)
class TeacherCheck:
    """What a GenRM is worth as a teacher.

    Attributes:
        model: public name, or `program`.
        solutions: how many broken solutions it was given.
        seed: of problems and corruptions.
        figures: for each kind, `all` first.
        reasons: why locations and corrections were not accepted, counted.
        logs: names of the logs.
    """

    model: str
    solutions: int
    seed: int
    figures: tuple[KindFigures, ...]
    reasons: dict[str, int]
    logs: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The check as one JSON object."""
        return asdict(self)


def broken_solutions(n: int, seed: int, *, family: str | None = None) -> list[tuple[PromptItem, Solution, Corrupted]]:
    """Worked solutions broken at a known step, the kinds in turn.

    Args:
        n: how many.
        seed: from 1,000,000 up.
        family: only problems of this family.

    Raises:
        InputError: if an option is not usable, or so many cannot be made.
    """
    if n < 1:
        raise InputError(f"n={n} makes no check; give a number from 1 up")
    found: list[tuple[PromptItem, Solution, Corrupted]] = []
    for item in generated_items(3 * n, seed, family=family):
        assert item.problem is not None
        broken = corrupt(item.problem, KINDS[len(found) % len(KINDS)], seed)
        if broken is None:
            continue
        found.append((item, Solution(id=f"{item.id}/0", item=item.id, index=0, text=broken.text), broken))
        if len(found) == n:
            return found
    raise InputError(f"only {len(found)} of {n} broken solutions can be made; choose fewer or other families")


def check_teacher(
    genrm: ModelSpec | None, *, n: int, seed: int, settings: Settings, log_dir: Path, family: str | None = None
) -> TeacherCheck:
    """Give a GenRM broken solutions and count how often it finds the step and mends it.

    Args:
        genrm: the model; None is the program itself.
        n: how many broken solutions.
        seed: of problems and corruptions, from 1,000,000 up.
        settings: attempts, bounds, connections.
        log_dir: where the logs go; run again, nothing is asked twice.
        family: only problems of this family.

    Raises:
        InputError: if the model cannot be run.
        ClaimFailed: if the provider failed on some; the others are kept.
    """
    made = broken_solutions(n, seed, family=family)
    items, solutions = [item for item, _, _ in made], [solution for _, solution, _ in made]
    located = run_locating(items, solutions, genrm, settings, log_dir)
    corrected = run_correcting(items, solutions, located.records, genrm, settings, log_dir)
    missing = len(located.missing) + len(corrected.missing)
    if missing:
        raise ClaimFailed(f"{missing} of {n} solutions could not be put to the model; run the same command again")
    truth = {solution.id: broken for _, solution, broken in made}
    reasons = Counter(one.reason for one in located.records if one.reason)
    reasons.update(one.reason for one in corrected.records if one.reason)
    return TeacherCheck(
        model="program" if genrm is None else genrm.name,
        solutions=n,
        seed=seed,
        figures=tuple(_figures(kind, truth, located.records, corrected.records) for kind in ("all", *KINDS)),
        reasons=dict(sorted(reasons.items())),
        logs=(*located.logs, *corrected.logs),
    )


def _figures(
    kind: str, truth: dict[str, Corrupted], locations: Sequence[Location], corrections: Sequence[Correction]
) -> KindFigures:
    chosen = {identity: one for identity, one in truth.items() if kind in ("all", one.kind)}
    located = [one for one in locations if one.solution in chosen and one.step is not None]
    corrected = [one for one in corrections if one.solution in chosen and one.text]
    found = sum(one.step == chosen[one.solution].step for one in located)
    mended = sum(
        one.step == chosen[one.solution].step and is_mended(chosen[one.solution].problem, one.step, one.text)
        for one in corrected
    )
    return KindFigures(
        kind=kind,
        location_precision=share_of(found, len(located)),
        location_recall=share_of(found, len(chosen)),
        correction_precision=share_of(mended, len(corrected)),
        correction_recall=share_of(mended, len(chosen)),
    )


def is_mended(problem: Problem, step: int, correction: str) -> bool:
    """Whether a correction states the right result of a step, and nothing that is wrong."""
    checks = check_solution(replace(problem, steps=(problem.steps[step],)), correction)
    return bool(checks) and checks[-1].step is not None and all(check.right is not False for check in checks)


def share_of(right: int, n: int) -> Share:
    """A share of counts with its interval."""
    from finbench.stats.proportions import wilson_counts

    if n == 0:
        return Share(right=0, n=0, value=None, low=None, high=None)
    interval = wilson_counts(right, n)
    return Share(right=right, n=n, value=right / n, low=interval.low, high=interval.high)
