"""Intervals for one proportion: Wilson, Wilson with clusters, Clopper-Pearson; and the plus-four variance."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from finbench.stats.distributions import beta_isf, beta_ppf, norm_isf, t_isf
from finbench.stats.errors import ScoreError, SettingError
from finbench.stats.validation import FloatArray, check_level, clusters_of, item_means


@dataclass(frozen=True, slots=True, kw_only=True)
class ProportionInterval:
    """A proportion with its confidence interval.

    Attributes:
        estimate: Share of items answered rightly, 0 to 1.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Confidence level.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        n_effective: Number of independent items that would give the same variance; n where items are independent.
        method: "wilson", "wilson-clustered" or "clopper-pearson".
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    clusters: int | None
    n_effective: float
    method: str


def wilson(
    scores: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> ProportionInterval:
    """Wilson's score interval for the mean of scores between 0 and 1, clustered where labels are given.

    Without clusters: Wilson 1927, doi:10.1080/01621459.1927.10502953. With clusters: the effective number of items
    p(1-p) / v (at most n; v the CR1 variance of the mean) and t with G - 1 degrees of freedom, after Korn and Graubard
    1998 (Survey Methodology 24, 193-201) as evaluated by Franco et al. 2019, doi:10.1093/jssam/smy019. That is the
    definition of `ci_wilson(cluster=...)` in inspect-ai. Where p is 0 or 1 or v is 0, n itself is used.

    Args:
        scores: 0 to 1, shape (n_items,) or (n_items, n_epochs); epochs are averaged within the item. Scores between
            0 and 1 make the unclustered interval wider than needed, never narrower.
        clusters: One label per item, or None.
        level: Confidence level.

    Returns:
        The interval, as shares.

    Raises:
        ScoreError: If a score is missing or outside 0 to 1.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters.
        SettingError: If `level` is not between 0 and 1.
    """
    check_level(level)
    values = item_means(scores)
    if (values < 0).any() or (values > 1).any():
        raise ScoreError(f"a proportion needs scores between 0 and 1, got {values.min()} to {values.max()}")
    n, p = values.size, float(values.mean())
    if clusters is None:
        low, high = wilson_bounds(p, n, normal_critical(level))
        return ProportionInterval(
            estimate=p, low=low, high=high, level=level, n=n, clusters=None, n_effective=float(n), method="wilson"
        )
    groups = clusters_of(clusters, n)
    groups.require()
    count = groups.count
    variance = float((groups.sums(values - p) ** 2).sum()) * count / (count - 1) / n**2
    spread = p * (1 - p)
    effective = min(spread / variance, float(n)) if spread > 0 and variance > 0 else float(n)
    low, high = wilson_bounds(p, effective, float(t_isf((1 - level) / 2, count - 1)))
    return ProportionInterval(
        estimate=p,
        low=low,
        high=high,
        level=level,
        n=n,
        clusters=count,
        n_effective=effective,
        method="wilson-clustered",
    )


def wilson_counts(correct: int, n: int, *, level: float = 0.95) -> ProportionInterval:
    """Wilson's score interval from counts.

    Args:
        correct: Number of items answered rightly.
        n: Number of items.
        level: Confidence level.

    Returns:
        The interval, as shares.

    Raises:
        SettingError: If the counts are not 0 <= correct <= n with n >= 1, or `level` is not between 0 and 1.
    """
    check_counts(correct, n)
    low, high = wilson_bounds(correct / n, n, normal_critical(check_level(level)))
    return ProportionInterval(
        estimate=correct / n, low=low, high=high, level=level, n=n, clusters=None, n_effective=float(n), method="wilson"
    )


def clopper_pearson(correct: int, n: int, *, level: float = 0.95) -> ProportionInterval:
    """The exact (conservative) interval of Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404.

    Args:
        correct: Number of items answered rightly.
        n: Number of items.
        level: Confidence level.

    Returns:
        The interval, as shares.

    Raises:
        SettingError: If the counts are not 0 <= correct <= n with n >= 1, or `level` is not between 0 and 1.
    """
    check_counts(correct, n)
    tail = (1 - check_level(level)) / 2
    low = float(beta_ppf(tail, correct, n - correct + 1)) if correct > 0 else 0.0
    high = float(beta_isf(tail, correct + 1, n - correct)) if correct < n else 1.0
    return ProportionInterval(
        estimate=correct / n,
        low=low,
        high=high,
        level=level,
        n=n,
        clusters=None,
        n_effective=float(n),
        method="clopper-pearson",
    )


def plus_four_variance(correct: float, n: int) -> float:
    """Variance of a proportion with two right and two wrong answers added: p(1-p) / (n+4), p = (correct+2) / (n+4).

    It stays above 0 where a task is saturated. Agresti and Coull 1998, doi:10.1080/00031305.1998.10480550.

    Args:
        correct: Number of items answered rightly (a sum of item means is allowed).
        n: Number of items.

    Returns:
        The variance of the share, not its standard error.

    Raises:
        SettingError: If the counts are not 0 <= correct <= n with n >= 1.
    """
    check_counts(correct, n)
    p = (correct + 2) / (n + 4)
    return p * (1 - p) / (n + 4)


def wilson_bounds(p: float, n: float, critical: float) -> tuple[float, float]:
    """Both ends of Wilson's interval for a share p of n independent items at a given critical value."""
    square = critical**2
    centre = (p + square / (2 * n)) / (1 + square / n)
    half = critical * math.sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n)
    # At p = 0 and p = 1 one end is exactly the estimate; rounding must not move it inside.
    low = 0.0 if p == 0 else max(centre - half, 0.0)
    high = 1.0 if p == 1 else min(centre + half, 1.0)
    return low, high


@lru_cache(maxsize=64)
def normal_critical(level: float) -> float:
    """Two-sided critical value of the normal distribution, 1.96 at level 0.95."""
    return float(norm_isf((1 - level) / 2))


def counts_of(scores: FloatArray) -> tuple[int, int]:
    """Number of items answered rightly, and number of items, of 0/1 scores."""
    return int(np.count_nonzero(scores)), scores.size


def check_counts(correct: float, n: int) -> None:
    """Refuse counts that cannot be.

    Raises:
        SettingError: If not 0 <= correct <= n with n >= 1.
    """
    if not (n >= 1 and 0 <= correct <= n):
        raise SettingError(f"a proportion needs 0 <= correct <= n and n >= 1, got correct={correct} and n={n}")
