"""The paired comparison of two systems on clustered, graded or repeated scores: clustered t on item differences."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.degenerate import bounded_interval, negligible, scale_of, sign_flip_p
from finbench.stats.distributions import t_sf
from finbench.stats.means import clustered_se, t_critical
from finbench.stats.validation import FloatArray, check_level, clusters_of, paired_means_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredDifference:
    """The difference of two systems on the same items, with a clustered t test.

    Attributes:
        difference: Mean of a - b over items, in the units of the scores.
        se: CR1 standard error of the difference; 0 where it is the same in every cluster.
        df: Degrees of freedom, clusters - 1 (items - 1 without clusters).
        t: difference / se, or None where se is 0.
        p: Two-sided p-value of "no difference".
        ci_low: Lower end of the interval.
        ci_high: Upper end of the interval.
        level: Confidence level.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        method: "clustered-t".
        degenerate: No variation between clusters: p is the exact sign-flip value, and the interval rests on the bounds
            of the scale.
    """

    difference: float
    se: float
    df: float
    t: float | None
    p: float
    ci_low: float
    ci_high: float
    level: float
    n: int
    clusters: int | None
    method: str
    degenerate: bool


def paired_clustered_t(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> ClusteredDifference:
    """Do two systems have the same mean score on the population the clusters were drawn from?

    t = mean(a - b) / CR1 standard error on G - 1 degrees of freedom: Cameron and Miller 2015,
    doi:10.3368/jhr.50.2.317; pairing as in Miller 2024, arXiv:2411.00640. Without clusters
    it is the paired t test. p < 1 - level exactly where the interval leaves out 0.

    Args:
        a: Scores of the first system (the candidate), shape (n_items,) or (n_items, n_epochs_a); unanswered = 0.
        b: Scores of the second system (the baseline), shape (n_items,) or (n_items, n_epochs_b), same item order.
        clusters: One label per item, or None: items are independent.
        level: Confidence level.
        bounds: Lowest and highest possible score; used only where the difference does not vary. None: 0 to 1.

    Returns:
        Difference a - b, interval and p-value.

    Raises:
        PairingError: If the numbers of items differ.
        ScoreError: If a score is missing.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters (or items).
        DegenerateError: If the difference does not vary and the scores lie outside `bounds`.
        SettingError: If `level` is not between 0 and 1.
    """
    check_level(level)
    x, y = paired_means_of(a, b)
    groups = clusters_of(clusters, x.size)
    groups.require()
    values: FloatArray = x - y
    mean, se, df = float(values.mean()), clustered_se(values, groups), float(groups.count - 1)
    critical = t_critical(level, df)
    degenerate = negligible(se, abs(x) + abs(y))
    t: float | None = None
    if degenerate:
        lowest, highest = scale_of(np.concatenate((x, y)), bounds)
        span = highest - lowest
        mean = 0.0 if negligible(abs(mean), abs(x) + abs(y)) else mean
        low, high = bounded_interval(mean, (-span, span), critical, groups.count)
        se, p = 0.0, sign_flip_p(mean, groups.count)
    else:
        t = mean / se
        low, high, p = mean - critical * se, mean + critical * se, float(2 * t_sf(abs(t), df))
    return ClusteredDifference(
        difference=mean,
        se=se,
        df=df,
        t=t,
        p=p,
        ci_low=low,
        ci_high=high,
        level=level,
        n=x.size,
        clusters=groups.count if groups.given else None,
        method="clustered-t",
        degenerate=degenerate,
    )
