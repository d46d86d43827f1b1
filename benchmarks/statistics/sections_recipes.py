"""Section of the grid: recipes on metrics of the whole set (pseudo-values) and on a capability of three tasks.

Three labels 60/30/10, 75 % right; a probit model: an item difficulty that all checkpoints share (correlation .6), and
a training seed that shifts a checkpoint on every item of every task.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from grid import Cell, Column, Section, repeated
from scipy.stats import norm
from sections_items import flags_of
from sizes import Sizes

from finbench.results.pairing import SeedPart, Tested
from finbench.results.seeded import aggregate_seeds, few_seeds, p_of, pseudo_values
from finbench.stats.aggregate import TaskPart
from finbench.stats.metrics import macro_f1, mcc
from finbench.stats.seeds import two_way_t

RIGHT, CORRELATION, TASKS = 0.75, 0.6, 3
LABELS = (0.6, 0.3, 0.1)


def section_m(sizes: Sizes) -> Section:
    return Section(
        name="M",
        title="Recipes on metrics of the whole set, and on the mean of three tasks: size of the two-way t at 5 %",
        headings=("baseline", "seeds an arm", "n a task", "seed SD, points"),
        columns=(
            Column(name="accuracy", target="size"),
            Column(name="mcc", target="size"),
            Column(name="macro_f1", target="size"),
            Column(name="capability of 3 tasks", target="size"),
        ),
        cells=tuple(
            Cell(
                setting=(
                    "one checkpoint" if fixed else "recipe",
                    count,
                    n,
                    round(float(100 * spread * norm.pdf(norm.ppf(RIGHT))), 1),
                ),
                run=repeated(partial(_replicate, n, count, spread, fixed)),
                flags=(*flags_of(n), *few_seeds((count,) if fixed else (count, count))),
            )
            for fixed in (False, True)
            for count in sizes.seeds
            if count < 10
            for n in sorted({n for n, _ in sizes.crossed if n <= 300})
            for spread in (0.0, 0.06, 0.15)
        ),
    )


def _replicate(n: int, seeds: int, spread: float, fixed: bool, rng: np.random.Generator) -> list[float]:
    other = np.zeros(1) if fixed else rng.normal(0, spread, seeds)
    shifts, parts, found = np.concatenate([rng.normal(0, spread, seeds), other]), [], []
    for task in range(TASKS):
        gold, right, said = _draw(n, rng, shifts)
        part, p = _part(right, seeds, fixed)
        parts.append(part)
        if task:
            continue
        found.append(p < 0.05)
        for metric in (mcc(3), macro_f1(3)):
            values = pseudo_values(metric, np.stack([metric.stats(gold, one) for one in said]))
            found.append(two_way_t(values[:seeds], values[seeds:], fixed_baseline=fixed).p < 0.05)
    return [*found, p_of(aggregate_seeds(parts)) < 0.05]


def _draw(n: int, rng: np.random.Generator, shifts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gold labels of shape (items,), and per checkpoint whether it is right and what it says, (checkpoints, items)."""
    gold = rng.choice(3, n, p=LABELS)
    ease = np.sqrt(CORRELATION) * rng.normal(size=n)
    noise = np.sqrt(1 - CORRELATION) * rng.normal(size=(shifts.size, n))
    right = norm.ppf(RIGHT) + shifts[:, None] + ease + noise > 0
    said = np.where(right, gold, (gold + rng.integers(1, 3, right.shape)) % 3)
    return gold, right.astype(float), said


def _part(values: np.ndarray, seeds: int, fixed: bool) -> tuple[Tested, float]:
    own, other = values[:seeds], values[seeds:]
    test = two_way_t(own, other, fixed_baseline=fixed)
    arms = tuple(tuple(arm.mean(axis=1).tolist()) for arm in ((own,) if fixed else (own, other)))
    tested = Tested(
        metric="accuracy",
        n=test.n,
        clusters=None,
        baseline=float(other.mean()),
        candidate=float(own.mean()),
        difference=test.difference,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        p=test.p,
        method=test.method,
        mde=None,
        retained=None,
        lost=None,
        n_needed=None,
        may_claim=True,
        official=True,
        flags=(),
        part=TaskPart(estimate=test.difference, se=test.se, df=test.df, low=test.ci_low, high=test.ci_high),
        seeds=SeedPart(
            arms=arms,
            variance_items=test.variance_items,
            variance_residual=test.variance_residual,
            units=test.n,
        ),
    )
    return tested, test.p
