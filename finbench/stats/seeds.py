"""Claims about a recipe rather than a checkpoint: training seeds crossed with items."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.degenerate import bounded_interval, negligible, scale_of, sign_flip_p
from finbench.stats.distributions import t_sf
from finbench.stats.errors import NotEnoughSeedsError, PairingError
from finbench.stats.means import clustered_se, t_critical
from finbench.stats.validation import Clusters, FloatArray, check_level, clusters_of, numbers_of, score_matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWayDifference:
    """The difference of two recipes, over training seeds and items.

    Attributes:
        difference: Mean of a minus mean of b, over seeds and items.
        se: Square root of the variance used.
        df: Satterthwaite's degrees of freedom.
        p: Two-sided p-value of "no difference between the recipes".
        ci_low: Lower end of the interval.
        ci_high: Upper end of the interval.
        level: Confidence level.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        seeds_a: Seeds of the first arm.
        seeds_b: Seeds of the second arm (1 where it is a fixed checkpoint).
        variance_items: Variance from the choice of items (clusters), seeds averaged.
        variance_seeds: Variance from the choice of seeds.
        variance_residual: What both count: the seed-by-item interaction with sampling noise.
        method: "two-way-t".
        degenerate: Nothing varies: p is the exact sign-flip value, the interval rests on the bounds of the scale.
    """

    difference: float
    se: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    level: float
    n: int
    clusters: int | None
    seeds_a: int
    seeds_b: int
    variance_items: float
    variance_seeds: float
    variance_residual: float
    method: str
    degenerate: bool


def two_way_t(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    fixed_baseline: bool = False,
    bounds: tuple[float, float] | None = None,
) -> TwoWayDifference:
    """Does recipe a beat recipe b, for new seeds and new items?

    V = max(V_items, V_seeds, V_items + V_seeds - V_residual) with t on Satterthwaite's degrees of freedom. The sum
    with the interaction taken off once is the two-way variance of Cameron, Gelbach and Miller 2011,
    doi:10.1198/jbes.2010.07136; the maximum keeps an unlucky subtraction from shrinking it, at the price of
    a test that is a little too cautious. The seeds of the two arms are independent; the items are shared. With
    clusters, V_items is CR1 and the interaction is taken over cluster sums.

    Args:
        a: Scores of the first recipe, shape (n_seeds_a, n_items).
        b: Scores of the second recipe, shape (n_seeds_b, n_items); with `fixed_baseline` (1, n_items) or (n_items,).
        clusters: One label per item, or None.
        level: Confidence level.
        fixed_baseline: b is one given checkpoint (the base model), not a draw from a recipe.
        bounds: Lowest and highest possible score; used only where nothing varies. None: 0 to 1.

    Returns:
        Difference a - b with the parts of its variance.

    Raises:
        NotEnoughSeedsError: If an arm has fewer than two seeds, or a fixed baseline more than one.
        PairingError: If the numbers of items differ.
        ScoreError: If a score is missing.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters.
        SettingError: If `level` is not between 0 and 1.
    """
    check_level(level)
    x, y = score_matrix(a), score_matrix(np.atleast_2d(numbers_of(b, "the baseline")) if fixed_baseline else b)
    if x.shape[1] != y.shape[1]:
        raise PairingError(x.T.shape, y.T.shape)
    seeds_a, seeds_b, n = x.shape[0], y.shape[0], x.shape[1]
    if seeds_a < 2 or (seeds_b != 1 if fixed_baseline else seeds_b < 2):
        raise NotEnoughSeedsError(seeds_a, seeds_b)
    groups = clusters_of(clusters, n)
    groups.require()
    values = x.mean(axis=0) - y.mean(axis=0)
    mean = float(values.mean())
    items = clustered_se(values, groups) ** 2
    arms = (x,) if fixed_baseline else (x, y)
    seeds = [float(arm.mean(axis=1).var(ddof=1)) / arm.shape[0] for arm in arms]
    residual = sum(_interaction(arm, groups) for arm in arms)
    variance = max(items, sum(seeds), items + sum(seeds) - residual)
    parts = items**2 / (groups.count - 1) + sum(v**2 / (arm.shape[0] - 1) for v, arm in zip(seeds, arms, strict=True))
    smallest = float(min(groups.count, *(arm.shape[0] for arm in arms)) - 1)
    everything = np.concatenate((x, y)).ravel()
    degenerate = negligible(math.sqrt(variance), everything)
    df = smallest if degenerate else max(variance**2 / parts, smallest)
    critical = t_critical(level, df)
    if degenerate:
        lowest, highest = scale_of(everything, bounds)
        mean = 0.0 if negligible(abs(mean), everything) else mean
        low, high = bounded_interval(mean, (lowest - highest, highest - lowest), critical, groups.count)
        se, p = 0.0, sign_flip_p(mean, groups.count)
    else:
        se = math.sqrt(variance)
        low, high, p = mean - critical * se, mean + critical * se, float(2 * t_sf(abs(mean) / se, df))
    return TwoWayDifference(
        difference=mean,
        se=se,
        df=df,
        p=p,
        ci_low=low,
        ci_high=high,
        level=level,
        n=n,
        clusters=groups.count if groups.given else None,
        seeds_a=seeds_a,
        seeds_b=seeds_b,
        variance_items=items,
        variance_seeds=sum(seeds),
        variance_residual=residual,
        method="two-way-t",
        degenerate=degenerate,
    )


def _interaction(arm: FloatArray, groups: Clusters) -> float:
    """Variance of an arm's mean from the seed-by-cluster interaction, from two-way residuals summed within clusters."""
    count, n = arm.shape
    residuals = arm - arm.mean(axis=1, keepdims=True) - arm.mean(axis=0, keepdims=True) + arm.mean()
    squares = float((groups.sums(residuals) ** 2).sum())
    return float(squares * groups.count / (groups.count - 1) / (count * (count - 1)) / n**2)
