"""Draws exams: any number of problems from a seed, balanced over families and difficulties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from finbench.generated.dice import Dice
from finbench.generated.families import FAMILIES
from finbench.generated.problem import DIFFICULTIES, Difficulty, Problem
from finbench.generated.worksheet import Family, RejectedDrawError, Worksheet

_ATTEMPTS = 2_000
# Part of every seed: raise it when a change to a family may alter what a seed gives.
_STREAM = "finbench.generated/1"


def families(*, difficulty: str | None = None, apart: bool = False) -> list[str]:
    """Names of the families in alphabetical order.

    Args:
        difficulty: Only families that have problems of this difficulty.
        apart: Also those that are drawn only where they are named.

    Raises:
        ValueError: If the difficulty is unknown.
    """
    wanted = _difficulty(difficulty)
    return [
        name
        for name, family in sorted(FAMILIES.items())
        if (wanted is None or wanted in family.difficulties) and (apart or not family.apart)
    ]


def areas() -> dict[str, str]:
    """The area of each family, by its name."""
    return {name: family.area for name, family in sorted(FAMILIES.items()) if not family.apart}


def draw(n: int, seed: int, *, families: Sequence[str] | None = None, difficulty: str | None = None) -> list[Problem]:
    """Draw problems.

    The first problems of a longer draw are those of a shorter one. The k-th problem of a family depends only on seed,
    family, k, and whether a difficulty was asked for, not on which other families are drawn. No two problems of a
    family share a question. In each run of as many problems as there are families every family occurs once; in each
    three problems of a family every difficulty it has occurs equally often, where it has three.

    Args:
        n: How many.
        seed: Any whole number.
        families: Names to draw from, all by default; order and repetition do not matter.
        difficulty: easy, medium or hard; all by default.

    Raises:
        ValueError: If n is negative, a name is unknown, or a named family has no problem of that difficulty.
    """
    if n < 0:
        raise ValueError(f"cannot draw {n} problems; ask for 0 or more")
    wanted = _difficulty(difficulty)
    chosen = _chosen(families, wanted)
    drawn: Counter[str] = Counter()
    seen: dict[str, set[str]] = {name: set() for name in chosen}
    problems: list[Problem] = []
    for name in _schedule(chosen, seed, n):
        problems.append(_one(FAMILIES[name], seed, drawn[name], wanted, seen[name]))
        drawn[name] += 1
    return problems


def _difficulty(difficulty: str | None) -> Difficulty | None:
    for known in DIFFICULTIES:
        if difficulty == known:
            return known
    if difficulty is not None:
        raise ValueError(f"unknown difficulty {difficulty!r}; use one of {', '.join(DIFFICULTIES)}")
    return None


def _chosen(names: Sequence[str] | None, wanted: Difficulty | None) -> list[str]:
    if isinstance(names, str):
        raise ValueError(f"families must be a list of names, not the text {names!r}")
    available = families(difficulty=wanted, apart=names is not None)
    if names is None:
        return available
    chosen = sorted(set(names))
    unknown = [name for name in chosen if name not in FAMILIES]
    if unknown:
        raise ValueError(f"no family named {', '.join(unknown)}; finbench.generated.families() lists them")
    lacking = [name for name in chosen if name not in available]
    if lacking:
        raise ValueError(f"{', '.join(lacking)} has no {wanted} problems; leave it out or ask for another difficulty")
    if not chosen:
        raise ValueError("families is empty; name at least one or leave it out")
    return chosen


def _schedule(names: list[str], seed: int, n: int) -> Iterator[str]:
    for start in range(0, n, len(names)):
        order = Dice(f"{_STREAM}/{seed}/order/{start // len(names)}").shuffled(names)
        yield from order[: n - start]


def _one(family: Family, seed: int, index: int, wanted: Difficulty | None, seen: set[str]) -> Problem:
    difficulty = wanted
    if difficulty is None:
        levels = family.difficulties
        block, place = divmod(index, len(levels))
        difficulty = Dice(f"{_STREAM}/{seed}/{family.name}/levels/{block}").shuffled(levels)[place]
    for attempt in range(_ATTEMPTS):
        dice = Dice(f"{_STREAM}/{seed}/{family.name}/{difficulty}/{index}/{attempt}")
        try:
            problem = family.build(Worksheet(family, difficulty, dice))
        except RejectedDrawError:
            continue
        # The id is checked too: it has only 32 bits.
        if problem.question not in seen and problem.id not in seen:
            seen.update((problem.question, problem.id))
            return problem
    raise RuntimeError(f"family {family.name} gave no new {difficulty} problem in {_ATTEMPTS} attempts")
