"""Recipes rather than checkpoints: several training seeds an arm, crossed with items."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from finbench.errors import InputError
from finbench.results.pairing import SeedPart, Tested, detectable, pair_flags
from finbench.results.runs import Run
from finbench.results.scores import label_set
from finbench.results.vectors import Vectors, vectors
from finbench.stats.aggregate import TaskPart
from finbench.stats.distributions import t_isf, t_sf
from finbench.stats.flags import may_claim
from finbench.stats.metrics import CorpusMetric
from finbench.stats.seeds import two_way_t
from finbench.stats.validation import FloatArray

#: Fewer seeds an arm are flagged; more are needed where one side is a given checkpoint (docs/compare.md).
MIN_SEEDS, MIN_SEEDS_ALONE = 3, 5
_SEED = re.compile(r"(?P<stem>.+?)[-_.]?seed[-_.]?\w+\Z")


def arm_name(names: Sequence[str]) -> str:
    """What to call an arm: the one name, what names like `NAME-seed1` share, or all names."""
    stems = {found["stem"] for name in names if (found := _SEED.match(name)) is not None}
    if len(names) > 1 and len(stems) == 1 and all(_SEED.match(name) for name in names):
        return f"{stems.pop()} ({len(names)} seeds)"
    return ", ".join(names)


def check_arms(candidates: Sequence[str], baselines: Sequence[str]) -> None:
    """Refuse arms that are empty, name a checkpoint twice, or share one.

    Raises:
        InputError: in each of these cases.
    """
    for role, names in (("--candidate", candidates), ("--baseline", baselines)):
        if not names:
            raise InputError(f"no model was given; pass {role} NAME")
        if len(set(names)) < len(names):
            raise InputError(
                f"{role} names '{next(n for n in names if names.count(n) > 1)}' twice; name each seed once"
            )
    if len(candidates) + len(baselines) > 2 and (shared := sorted(set(candidates) & set(baselines))):
        raise InputError(f"'{shared[0]}' stands on both sides; a checkpoint belongs to one recipe")


def test_recipes(
    candidates: Sequence[Run],
    baselines: Sequence[Run],
    *,
    ids: Sequence[str] | None = None,
    flags: Sequence[str] = (),
    margin: float | None = None,
) -> Tested:
    """Test two recipes, or a recipe against one given checkpoint, by seeds crossed with items.

    Metrics of the whole set enter by the jackknife's pseudo-values of the items, moved so that their mean is the
    metric (flag `pseudo_values`).

    Args:
        candidates: one run a seed of the recipe whose gain is asked for.
        baselines: one run a seed of the recipe that it is compared with; one run for a given checkpoint.
        ids: only these items.
        flags: flags that are known already.
        margin: largest loss that counts as retained, as a share.
    """
    runs = [*candidates, *baselines]
    pair = vectors(runs, ids=ids, labels=label_set(candidates[0]))
    values = _item_values(pair)
    own, other = values[: len(candidates)], values[len(candidates) :]
    margin = None if pair.bounds is not None else margin
    bounds = (float(values.min()), float(values.max())) if pair.is_corpus else pair.bounds
    turned = len(candidates) == 1  # a given candidate against a recipe: the same test, read backwards
    first, second = (other, own) if turned else (own, other)
    test = two_way_t(first, second, pair.clusters, fixed_baseline=len(second) == 1, bounds=bounds)
    sign = -1.0 if turned else 1.0
    low, high = sorted((sign * test.ci_low, sign * test.ci_high))
    clusters = len(set(pair.clusters)) if pair.clusters else None
    arms = tuple(tuple(float(v) for v in arm.mean(axis=1)) for arm in (own, other) if len(arm) > 1)
    return Tested(
        metric=candidates[0].metric,
        n=values.shape[1],
        clusters=clusters,
        baseline=float(other.mean()),
        candidate=float(own.mean()),
        difference=sign * test.difference,
        ci_low=low,
        ci_high=high,
        p=test.p,
        method=test.method,
        mde=detectable(test.se, test.df),
        retained=None if margin is None else low > -margin,
        lost=None if margin is None else high < 0,
        n_needed=None,
        may_claim=may_claim(clusters),
        official=all(run.official for run in runs) and "intersect" not in flags,
        flags=(
            *flags,
            *pair_flags(candidates, baselines, pair),
            *(["pseudo_values"] if pair.is_corpus else []),
            *(["fixed_checkpoint"] if min(len(candidates), len(baselines)) == 1 else []),
            *few_seeds([len(arm) for arm in arms]),
        ),
        part=TaskPart(estimate=sign * test.difference, se=test.se, df=test.df, low=low, high=high),
        seeds=SeedPart(
            arms=arms,
            variance_items=test.variance_items,
            variance_residual=test.variance_residual,
            units=clusters or values.shape[1],
        ),
    )


def few_seeds(arms: Sequence[int]) -> tuple[str, ...]:
    """The flag of a recipe with too few seeds for its error rate to be the nominal one.

    Args:
        arms: seeds of each arm that is a draw from a recipe; one arm where the other is a given checkpoint.
    """
    return ("few_seeds",) if min(arms) < (MIN_SEEDS if len(arms) > 1 else MIN_SEEDS_ALONE) else ()


test_recipes.__test__ = False  # type: ignore[attr-defined]  # the name is not a test of pytest's


def aggregate_seeds(parts: Sequence[Tested]) -> TaskPart:
    """The mean over tasks of a recipe's differences, where the same checkpoints answered every task.

    A good seed is good at several tasks, so the tasks are not independent: the variance between seeds is taken from
    each seed's mean over the tasks, and only that between items adds up task by task. Otherwise as `two_way_t`.
    """
    seeds = [part.seeds for part in parts if part.seeds is not None]
    count = len(seeds)
    difference = float(np.mean([part.difference for part in parts]))
    items = sum(part.variance_items for part in seeds) / count**2
    residual = sum(part.variance_residual for part in seeds) / count**2
    arms = [np.mean([part.arms[arm] for part in seeds], axis=0) for arm in range(len(seeds[0].arms))]
    between = [float(arm.var(ddof=1)) / arm.size for arm in arms]
    variance = max(items, sum(between), items + sum(between) - residual)
    smallest = float(min(arm.size for arm in arms) - 1)
    if variance <= 0:
        low, high = (float(np.mean([getattr(part, name) for part in parts])) for name in ("ci_low", "ci_high"))
        return TaskPart(estimate=difference, se=0.0, df=smallest, low=low, high=high)
    spread = sum((part.variance_items / count**2) ** 2 / (part.units - 1) for part in seeds)
    spread += sum(one**2 / (arm.size - 1) for one, arm in zip(between, arms, strict=True))
    df = max(variance**2 / spread, smallest)
    half = float(t_isf(0.025, df)) * variance**0.5
    return TaskPart(estimate=difference, se=variance**0.5, df=df, low=difference - half, high=difference + half)


def p_of(part: TaskPart) -> float:
    """Two-sided p-value of no difference; 1 where nothing varies."""
    return float(2 * t_sf(abs(part.estimate) / part.se, part.df)) if part.se > 0 else 1.0


def _item_values(pair: Vectors) -> FloatArray:
    """Item values whose mean is the metric, shape (n_runs, n_items)."""
    return pseudo_values(pair.metric, pair.rows) if pair.is_corpus else pair.values


def pseudo_values(metric: CorpusMetric, rows: FloatArray) -> FloatArray:
    """The jackknife's pseudo-values of items, moved so that their mean is the metric (Tukey's, 1958).

    Args:
        metric: a metric of the whole set.
        rows: item statistics of several runs, shape (n_runs, n_items, d).

    Returns:
        One value a run and item, shape (n_runs, n_items).
    """
    n = rows.shape[1]
    totals = rows.sum(axis=1, keepdims=True)
    whole = metric.value(totals)  # (n_runs, 1)
    pseudo = n * whole - (n - 1) * metric.value(totals - rows)
    return np.asarray(pseudo - pseudo.mean(axis=1, keepdims=True) + whole, dtype=np.float64)
