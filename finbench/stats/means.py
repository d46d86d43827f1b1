"""The mean of graded scores: standard error with clusters, and the t interval."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy.typing as npt

from finbench.stats.degenerate import bounded_interval, negligible, scale_of
from finbench.stats.distributions import t_isf
from finbench.stats.errors import NotEnoughClustersError
from finbench.stats.proportions import normal_critical
from finbench.stats.validation import Clusters, FloatArray, check_level, clusters_of, item_means

Estimator = Literal["cr1", "cr0", "naive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanInterval:
    """A mean with its standard error and confidence interval.

    Attributes:
        estimate: Mean over items.
        se: Standard error of the mean; 0 where all clusters (items) have the same mean.
        df: Degrees of freedom: G - 1 ("cr1"), n - 1 ("naive"), infinite ("cr0").
        low: Lower end of the interval; it may leave the scale of the scores.
        high: Upper end of the interval.
        level: Confidence level.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        method: Which standard error: "cr1", "cr0" or "naive".
        degenerate: No variation between clusters (items), so that the interval rests on the bounds of the scale.
    """

    estimate: float
    se: float
    df: float
    low: float
    high: float
    level: float
    n: int
    clusters: int | None
    method: str
    degenerate: bool


def mean_interval(
    scores: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    method: Estimator = "cr1",
    bounds: tuple[float, float] | None = None,
) -> MeanInterval:
    """Mean over items, with a clustered standard error and a t interval.

    "cr1" is the sum of squared cluster sums of deviations times G/(G-1), over n^2, with t(G-1): Cameron and Miller
    2015, doi:10.3368/jhr.50.2.317; without clusters it is the usual standard error. "cr0" leaves out
    G/(G-1) and uses the normal distribution (Miller 2024, arXiv:2411.00640): too narrow with few clusters, for
    comparison only. "naive" ignores the clusters.

    Args:
        scores: Shape (n_items,) or (n_items, n_epochs); epochs are averaged within the item.
        clusters: One label per item, or None: items are independent.
        level: Confidence level.
        method: Which standard error.
        bounds: Lowest and highest possible score; used only where nothing varies. None: 0 to 1.

    Returns:
        The interval, in the units of the scores.

    Raises:
        ScoreError: If a score is missing.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters (or items).
        DegenerateError: If nothing varies between clusters and the scores lie outside `bounds`.
        SettingError: If `level` is not between 0 and 1.
    """
    check_level(level)
    values = item_means(scores)
    groups = clusters_of(clusters, values.size)
    used = clusters_of(None, values.size) if method == "naive" else groups
    mean = float(values.mean())
    se = clustered_se(values, used, correct=method != "cr0")
    df = math.inf if method == "cr0" else float(used.count - 1)
    critical = normal_critical(level) if method == "cr0" else t_critical(level, df)
    degenerate = negligible(se, values)
    if degenerate:
        se = 0.0
        low, high = bounded_interval(mean, scale_of(values, bounds), critical, used.count)
    else:
        low, high = mean - critical * se, mean + critical * se
    return MeanInterval(
        estimate=mean,
        se=se,
        df=df,
        low=low,
        high=high,
        level=level,
        n=values.size,
        clusters=groups.count if groups.given else None,
        method=method,
        degenerate=degenerate,
    )


def clustered_se(values: FloatArray, clusters: Clusters, *, correct: bool = True) -> float:
    """Cluster-robust standard error of a mean.

    Args:
        values: One number per item, shape (n_items,).
        clusters: Which items belong together.
        correct: Multiply the variance by G/(G-1) (CR1); False gives CR0.

    Returns:
        The standard error.

    Raises:
        NotEnoughClustersError: If there are fewer than two clusters.
    """
    if clusters.count < 2:
        raise NotEnoughClustersError(clusters.count)
    squares = float((clusters.sums(values - values.mean()) ** 2).sum())
    factor = clusters.count / (clusters.count - 1) if correct else 1.0
    return math.sqrt(squares * factor) / values.size


@lru_cache(maxsize=4096)
def t_critical(level: float, df: float) -> float:
    """Two-sided critical value of t with `df` degrees of freedom (may be fractional)."""
    return float(t_isf((1 - level) / 2, df))
