"""Sections of the grid: recipes with training seeds, leaderboards, and capabilities of several tasks."""

from __future__ import annotations

from functools import partial

import numpy as np
from answers import recipes, systems
from grid import Cell, Column, Section, repeated
from sections_clusters import labels_of
from sections_items import flags_of
from sizes import Sizes

from finbench.results.seeded import few_seeds
from finbench.stats.aggregate import aggregate_difference, aggregate_score, difference_part, score_part
from finbench.stats.clustered import paired_clustered_t
from finbench.stats.flags import effective_clusters, flags
from finbench.stats.pairs import all_pairs_binary, all_pairs_t
from finbench.stats.ranks import rank_models
from finbench.stats.retention import retention_aggregate
from finbench.stats.seeds import two_way_t
from finbench.stats.suite_retention import margin_part, retention_suite

MIXED = (30, 50, 90, 120, 164, 300, 500, 1000)
#: Suites of tasks: items of each, clusters of each (items where independent), and the accuracies.
SUITES: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]]] = {
    "8 of 30 to 1,000, mixed": (MIXED, MIXED, tuple(0.5 + 0.05 * i for i in range(8))),
    "8 of 30 to 1,000, saturated": (MIXED, MIXED, (0.97,) * 8),
    "8 of 30, saturated": ((30,) * 8, (30,) * 8, (0.98,) * 8),
    "3 of 30, saturated": ((30,) * 3, (30,) * 3, (0.98,) * 3),
    "3 of 100, saturated": ((100,) * 3, (100,) * 3, (0.97,) * 3),
    "3 of 300 in 33 clusters": ((300,) * 3, (33,) * 3, (0.6, 0.75, 0.9)),
    "3 of 90 in 13 clusters": ((90,) * 3, (13,) * 3, (0.6, 0.75, 0.9)),
    "3 of 90 in 13 clusters, saturated": ((90,) * 3, (13,) * 3, (0.97,) * 3),
}


def section_h(sizes: Sizes) -> Section:
    return Section(
        name="H",
        title="Two recipes, or a recipe against one checkpoint, seeds crossed with items: two-way t at 5 %",
        headings=("baseline", "seeds an arm", "n", "clusters", "seed SD, points"),
        columns=(
            Column(name="size two-way", target="size"),
            Column(name="power at 5 points"),
            Column(name="size, items only"),
        ),
        cells=tuple(
            Cell(
                setting=("one checkpoint" if fixed else "recipe", count, n, groups, 100 * spread),
                run=repeated(partial(_recipes, labels_of(n, groups), fixed, count, spread)),
                clusters=None if groups == n else groups,
                flags=(
                    *flags_of(n, None if groups == n else labels_of(n, groups)),
                    *few_seeds((count,) if fixed else (count, count)),
                ),
            )
            for fixed in (False, True)
            for count in sizes.seeds
            for n, groups in sizes.crossed
            for spread in (0.0, 0.02, 0.05)
        ),
    )


def _recipes(labels: np.ndarray, fixed: bool, count: int, spread: float, rng: np.random.Generator) -> list[float]:
    clustered = int(labels.max()) + 1 < labels.size
    given, own = (labels, 0.05) if clustered else (None, 0.0)
    shifts = spread * rng.normal(size=3 * count)
    other = slice(count, 2 * count)
    if fixed:  # the baseline is what it is: its own effects are part of the claim, a seed's shift of it is not drawn
        shifts[other] = 0.0
        other = slice(count, count + 1)
    y = recipes(rng, labels, [0.7] * (2 * count) + [0.65] * count, shifts, count, own)
    items = paired_clustered_t(y[:count].mean(axis=0), y[other].mean(axis=0), given)
    return [
        two_way_t(y[:count], y[other], given, fixed_baseline=fixed).p <= 0.05,
        two_way_t(y[2 * count :], y[other], given, fixed_baseline=fixed).p <= 0.05,
        items.p <= 0.05,
    ]


def section_i(sizes: Sizes) -> Section:
    return Section(
        name="I",
        title="A leaderboard: Holm over all pairs at 5 %",
        headings=("models", "n", "clusters", "best accuracy", "step, points"),
        columns=(
            Column(name="any wrong rank interval", target="size"),
            Column(name="any false pair, unadjusted"),
            Column(name="share of models tied for first"),
        ),
        cells=tuple(
            Cell(
                setting=(models, n, groups, best, 100 * step),
                run=repeated(partial(_board, labels_of(n, groups), models, best, step)),
                clusters=None if groups == n else groups,
                flags=flags_of(n, None if groups == n else labels_of(n, groups)),
            )
            for models, n in sizes.boards
            for groups in (n, n // 10)
            for best in (0.7, 0.95)
            for step in (0.0, 0.01)
        ),
    )


def _board(labels: np.ndarray, models: int, best: float, step: float, rng: np.random.Generator) -> list[float]:
    clustered = int(labels.max()) + 1 < labels.size
    truth = best - step * np.arange(models)
    first = 1 + (truth[None, :] > truth[:, None] + 1e-9).sum(axis=1)
    last = models - (truth[None, :] < truth[:, None] - 1e-9).sum(axis=1)
    shares = {"cluster": 0.2, "own": 0.1} if clustered else {"cluster": 0.0}
    y = systems(rng, labels, list(truth), item=0.6, **shares)
    pairs = all_pairs_t(y, labels) if clustered else all_pairs_binary(y)
    found = rank_models(pairs.difference, pairs.p)
    held = bool(((np.array(found.low) <= first) & (last <= np.array(found.high))).all())
    same = (truth[:, None] == truth[None, :]) & ~np.eye(models, dtype=bool)
    return [not held, bool((pairs.p[same] <= 0.05).any()), sum(found.tied_first) / models]


def section_j(sizes: Sizes) -> Section:
    return Section(
        name="J",
        title="A capability of several tasks: Satterthwaite t, and retention by the stratified score test",
        headings=("tasks", "item share", "margin"),
        columns=(
            Column(name="size, no difference", target="size"),
            Column(name="coverage of a difference", target="coverage"),
            Column(name="coverage of one score", target="coverage"),
            Column(name="retention: size at loss = margin (2.5 %)", target="one-sided"),
            Column(name="the same, all loss in one task", target="one-sided"),
            Column(name="retention: power, no loss"),
            Column(name="size of retention by the sample's variance"),
        ),
        cells=tuple(
            Cell(
                setting=(name, item, margin),
                run=repeated(partial(_capability, SUITES[name], item, margin)),
                clusters=SUITES[name][1][0] if SUITES[name][1] != SUITES[name][0] else None,
                flags=_suite_flags(SUITES[name]),
            )
            for name in sizes.suites or SUITES
            for item in ((*sizes.shares[-1:], 0.8) if len(sizes.shares) > 1 else (0.8,))
            for margin in (0.02, 0.05)
        ),
        group=1,
    )


def _suite_flags(suite: tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]]) -> tuple[str, ...]:
    """What the software says beside the capability: all that it says of a task."""
    found = {
        flag.name.lower()
        for n, groups, p in zip(*suite, strict=True)
        for flag in flags(
            n,
            clusters=None if groups == n else groups,
            correct=round(n * p),
            effective=None if groups == n else effective_clusters(labels_of(n, groups).tolist()),
            distance=None if groups == n else 1 - p,
        )
    }
    return tuple(sorted(found))


def _capability(
    suite: tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]],
    item: float,
    margin: float,
    rng: np.random.Generator,
) -> list[float]:
    tasks, count = [], len(suite[0])
    for place, (n, groups, p) in enumerate(zip(*suite, strict=True)):
        uneven = count * margin if place == count - 1 else 0.0
        labels = labels_of(n, groups)
        shares = {"cluster": 0.1, "own": 0.05} if groups < n else {"cluster": 0.0}
        targets = [p, p, p - margin, p - uneven]
        tasks.append((systems(rng, labels, targets, item=item, **shares), labels if groups < n else None))
    base = [difference_part(y[1], y[0], given) for y, given in tasks]
    lost = aggregate_difference([difference_part(y[2], y[0], given) for y, given in tasks])
    score, truth = aggregate_score([score_part(y[0], given) for y, given in tasks]), float(np.mean(suite[2]))

    def kept(which: int) -> bool:
        parts = [margin_part(y[which], y[0], given) for y, given in tasks]
        return retention_suite(parts, margin=margin).retained

    return [
        aggregate_difference(base).p <= 0.05,
        lost.ci_low <= -margin <= lost.ci_high,
        score.low <= truth <= score.high,
        kept(2),
        kept(3),
        kept(1),
        retention_aggregate(lost, margin=margin, n=sum(suite[0])).retained,
    ]
