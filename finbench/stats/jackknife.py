"""Delete-one-cluster jackknife: standard error and t interval of any metric, for one system or a paired difference.

With values `v_c` of the metric without cluster c, out of G clusters, the variance is
`(G - 1) / G * sum((v_c - mean)^2)` and the interval is `value +- t(G - 1) * SE`.

Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 11; clusters as units: Shao and Tu 1995, The Jackknife
and Bootstrap, sec. 6.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.degenerate import bounded_interval
from finbench.stats.distributions import t_isf, t_sf
from finbench.stats.errors import DegenerateError
from finbench.stats.metrics import Metric, WeightedMetric, paired_statistics_of, statistics_of, whole_value
from finbench.stats.validation import Clusters, FloatArray, check_level, clusters_of

NO_SPREAD = 1e-12
"""A standard error at or below this, relative to the metric, is rounding: the data show no variation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JackknifeEstimate:
    """A metric of one system with its jackknife interval.

    Attributes:
        metric: Name of the metric.
        estimate: The metric of all items.
        se: Standard error; 0 if leaving out any cluster leaves the metric as it is.
        bias: Jackknife estimate of the bias of `estimate`; not subtracted.
        df: Degrees of freedom, clusters - 1.
        low: Lower end, cut at the metric's smallest value.
        high: Upper end, cut at the metric's largest value.
        level: Confidence level.
        n: Number of items.
        clusters: Number of clusters G.
        degenerate: `se` is 0, so that the interval rests on the metric's range; see `degenerate.bounded_interval`. An
            approximation for corpus metrics: a rare label can move macro-F1 by more than its share of the items.
    """

    metric: str
    estimate: float
    se: float
    bias: float
    df: int
    low: float
    high: float
    level: float
    n: int
    clusters: int
    degenerate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JackknifeDifference:
    """The difference A - B of a metric between two systems on the same items, with its jackknife interval.

    Attributes:
        metric: Name of the metric.
        estimate_a: The metric of system A.
        estimate_b: The metric of system B.
        difference: `estimate_a - estimate_b`.
        se: Standard error of the difference; 0 if leaving out any cluster leaves it as it is.
        df: Degrees of freedom, clusters - 1.
        t: difference / se, or None where `se` is 0.
        p: Two-sided p-value of t. Where `se` is 0: 1 without a difference, else 2^(1-G), the smallest that swapping
            whole clusters could give.
        ci_low: Lower end of the interval, cut where the metric cannot go.
        ci_high: Upper end of the interval, cut where the metric cannot go.
        level: Confidence level.
        n: Number of items.
        clusters: Number of clusters G.
        method: Always "jackknife-t".
        degenerate: `se` is 0, so that interval and p rest on the metric's range and G; an approximation, as above.
    """

    metric: str
    estimate_a: float
    estimate_b: float
    difference: float
    se: float
    df: int
    t: float | None
    p: float
    ci_low: float
    ci_high: float
    level: float
    n: int
    clusters: int
    method: str
    degenerate: bool


def jackknife(
    metric: Metric,
    rows: npt.ArrayLike,
    *,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    level: float = 0.95,
) -> JackknifeEstimate:
    """How far may the metric of this system be from its value over all items of the kind?

    Args:
        metric: The metric.
        rows: Item statistics from `metric.stats`, shape (n_items, d).
        clusters: One label per item (document, issuer); None: each item by itself.
        level: Confidence level.

    Raises:
        ScoreError: `rows` do not fit the metric.
        ClusterError: The labels do not fit the items, or there are fewer than 2 clusters.
        SettingError: `level` is not between 0 and 1.
    """
    x = statistics_of(metric, rows)
    groups = clusters_of(clusters, len(x))
    groups.require(2)
    estimate, left = whole_value(metric, x), leave_out_values(metric, x, groups)
    se = float(jackknife_se(left))
    low, high = jackknife_interval(estimate, se, groups.count, check_level(level), (metric.low, metric.high))
    return JackknifeEstimate(
        metric=metric.name,
        estimate=estimate,
        se=se,
        bias=float((groups.count - 1) * (left.mean() - estimate)),
        df=groups.count - 1,
        low=float(low),
        high=float(high),
        level=level,
        n=len(x),
        clusters=groups.count,
        degenerate=se == 0,
    )


def jackknife_difference(
    metric: Metric,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    level: float = 0.95,
) -> JackknifeDifference:
    """Do two systems differ in the metric, and by how much? A cluster is left out of both at once.

    Args:
        metric: The metric.
        a: Item statistics of system A from `metric.stats`, shape (n_items, d).
        b: Item statistics of system B over the same items in the same order.
        clusters: One label per item (document, issuer); None: each item by itself.
        level: Confidence level.

    Raises:
        PairingError: `a` and `b` differ in shape.
        ScoreError: They do not fit the metric.
        ClusterError: The labels do not fit the items, or there are fewer than 2 clusters.
        SettingError: `level` is not between 0 and 1.
    """
    x, y = paired_statistics_of(metric, a, b)
    groups = clusters_of(clusters, len(x))
    groups.require(2)
    estimate_a, estimate_b = whole_value(metric, x), whole_value(metric, y)
    difference = estimate_a - estimate_b
    se = float(jackknife_se(leave_out_values(metric, x, groups) - leave_out_values(metric, y, groups)))
    span = metric.high - metric.low
    low, high = jackknife_interval(difference, se, groups.count, check_level(level), (-span, span))
    return JackknifeDifference(
        metric=metric.name,
        estimate_a=estimate_a,
        estimate_b=estimate_b,
        difference=difference,
        se=se,
        df=groups.count - 1,
        t=difference / se if se > 0 else None,
        p=float(jackknife_p(difference, se, groups.count)),
        ci_low=float(low),
        ci_high=float(high),
        level=level,
        n=len(x),
        clusters=groups.count,
        method="jackknife-t",
        degenerate=se == 0,
    )


def leave_out_values(metric: Metric, rows: FloatArray, clusters: Clusters) -> FloatArray:
    """The metric without each cluster in turn.

    Args:
        metric: The metric.
        rows: Item statistics, shape (..., n_items, d).
        clusters: The clusters of the items, G of them.

    Returns:
        Shape (..., G). One call of `metric.value`; for a `WeightedMetric`, one call of it per cluster and system.
    """
    if isinstance(metric, WeightedMetric):
        left = np.empty((int(np.prod(rows.shape[:-2])), clusters.count))
        for out in range(clusters.count):
            weights = np.asarray(clusters.codes != out, dtype=np.float64)
            left[:, out] = [metric.function(system, weights) for system in rows.reshape(-1, *rows.shape[-2:])]
        return left.reshape(*rows.shape[:-2], clusters.count)
    sums = clusters.sums(np.moveaxis(rows, -1, -2))
    return metric.value(np.moveaxis(sums.sum(axis=-1, keepdims=True) - sums, -2, -1))


def jackknife_se(left: FloatArray) -> FloatArray:
    """The standard error from leave-out values of shape (..., G), as shape (...); mere rounding becomes 0."""
    se = np.sqrt((left.shape[-1] - 1) * left.var(axis=-1))
    return np.where(se <= NO_SPREAD * np.maximum(1.0, np.abs(left).max(axis=-1)), 0.0, se)


def jackknife_p(difference: npt.ArrayLike, se: npt.ArrayLike, clusters: int) -> FloatArray:
    """Two-sided p of t(G - 1) = difference / se; where `se` is 0, 2^(1-G), or 1 without a difference."""
    d, s = np.abs(np.asarray(difference, dtype=np.float64)), np.asarray(se, dtype=np.float64)
    p = 2 * t_sf(d / np.where(s > 0, s, 1.0), clusters - 1)
    return np.where(s > 0, p, np.where(d <= NO_SPREAD, 1.0, 2.0 ** (1 - clusters)))


def jackknife_interval(
    centre: npt.ArrayLike, se: npt.ArrayLike, clusters: int, level: float, bounds: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper ends `centre +- t(G - 1) * se`, cut at `bounds`; where `se` is 0, by `bounded_interval`.

    Raises:
        DegenerateError: A `se` is 0 and the metric has no bounds.
    """
    middle, spread = np.asarray(centre, dtype=np.float64), np.asarray(se, dtype=np.float64)
    critical = float(t_isf((1 - level) / 2, clusters - 1))
    low = np.array(np.maximum(middle - critical * spread, bounds[0]))
    high = np.array(np.minimum(middle + critical * spread, bounds[1]))
    for where in np.argwhere(spread == 0):
        if not np.isfinite(bounds).all():
            raise DegenerateError("the metric does not vary and has no range: give it one, as in mean(low=0, high=1)")
        index = tuple(where)
        low[index], high[index] = bounded_interval(float(middle[index]), bounds, critical, clusters)
    return low, high
