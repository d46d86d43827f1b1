"""Was a skill kept? Non-inferiority against a declared margin, and equivalence by two one-sided tests.

"No significant drop" is no evidence of retention: with few items it is what a real loss looks like. Here the claim
"retained" has to be won.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from finbench.stats.aggregate import AggregateDifference
from finbench.stats.clustered import ClusteredDifference, paired_clustered_t
from finbench.stats.clustered_tango import clustered_tango
from finbench.stats.degenerate import bounded_p, scale_of
from finbench.stats.distributions import norm_isf, t_sf
from finbench.stats.errors import SettingError
from finbench.stats.paired import paired_table, tango_interval, tango_test
from finbench.stats.proportions import normal_critical
from finbench.stats.validation import check_alpha, check_level, check_margin, paired_means_of

TARGET_POWER = 0.8


class Verdict(StrEnum):
    """What was shown about a skill."""

    RETAINED = "retained"
    LOST = "lost"
    LOST_WITHIN_MARGIN = "lost, within margin"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Whether a candidate kept what the baseline could do.

    Attributes:
        difference: Candidate minus baseline.
        low: Lower end of the two-sided interval.
        high: Upper end of the two-sided interval.
        level: Its confidence level; each claim is one-sided at (1 - level) / 2.
        margin: Largest loss that counts as retained, above 0.
        p_retained: One-sided p-value against "the loss is the margin or more".
        retained: The loss is smaller than the margin: low > -margin.
        lost: There is a loss: high < 0.
        verdict: Both in one word.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        n_needed: Items that would settle an inconclusive verdict with 80 % power; else None.
        method: "tango", "tango-clustered", "clustered-t", "jackknife-t", "aggregate-t" or "suite-tango".
    """

    difference: float
    low: float
    high: float
    level: float
    margin: float
    p_retained: float
    retained: bool
    lost: bool
    verdict: Verdict
    n: int
    clusters: int | None
    n_needed: int | None
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Whether two systems differ by less than a margin, in either direction.

    Attributes:
        difference: Candidate minus baseline.
        low: Lower end of the interval at level 1 - 2 alpha.
        high: Upper end of it.
        margin: Largest difference that counts as none, above 0.
        alpha: Level of each one-sided test, and of the claim.
        p: The larger of the two one-sided p-values.
        equivalent: The interval lies inside +-margin.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        method: "tost-tango", "tost-tango-clustered" or "tost-t".
    """

    difference: float
    low: float
    high: float
    margin: float
    alpha: float
    p: float
    equivalent: bool
    n: int
    clusters: int | None
    method: str


def retention_binary(
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    margin: float,
    level: float = 0.95,
) -> Retention:
    """Was a skill kept, on items scored right or wrong? Tango's score interval and test.

    Tango 1998 (Statistics in Medicine 17, 891-908); with clusters see `clustered_tango`.

    Args:
        candidate: 0/1 scores after training, shape (n_items,).
        baseline: 0/1 scores before, same items in the same order.
        clusters: One label per item, or None: items are independent.
        margin: As a share, declared before the run; below 1.
        level: Confidence level.

    Returns:
        The verdict with its evidence.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters.
        SettingError: If `margin` is not between 0 and 1, or `level` is not.
    """
    check_margin(margin)
    # Without discordance the interval is +-z^2 / (n + z^2), whatever the variance says.
    at_least = normal_critical(level) ** 2 * (1 / margin - 1)
    if clusters is None:
        table = paired_table(candidate, baseline)
        interval = tango_interval(table, level=level)
        (low, high), n, count, difference = (interval.low, interval.high), table.n, None, table.difference
        p, method = tango_test(table, margin=margin).p, "tango"
        variance = ((table.only_a + table.only_b) / n - difference**2) / n
    else:
        one = clustered_tango(candidate, baseline, clusters)
        (low, high), n, count, difference = one.interval(level=level), one.n, one.clusters, one.difference
        p, variance, method = one.p_above(-margin), one.variance, "tango-clustered"
    return judge(
        difference=difference,
        low=low,
        high=high,
        level=level,
        margin=margin,
        p=p,
        n=n,
        clusters=count,
        n_needed=items_needed(difference, variance, margin, level, n, at_least),
        method=method,
    )


def retention_t(
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    margin: float,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> Retention:
    """Was a skill kept, on graded or repeated scores? Clustered t against the margin.

    For scores of 0 and 1 use `retention_binary`: near the ends of the scale t claims retention too often.

    Args:
        candidate: Scores after training, shape (n_items,) or (n_items, n_epochs).
        baseline: Scores before, same items in the same order.
        clusters: One label per item, or None.
        margin: In the units of the scores, declared before the run.
        level: Confidence level.
        bounds: Lowest and highest possible score; used only where the difference does not vary. None: 0 to 1.

    Returns:
        The verdict with its evidence.

    Raises:
        StatsError: As `paired_clustered_t`; `SettingError` if `margin` is not above 0.
    """
    check_margin(margin)
    one = paired_clustered_t(candidate, baseline, clusters, level=level, bounds=bounds)
    return judge(
        difference=one.difference,
        low=one.ci_low,
        high=one.ci_high,
        level=level,
        margin=margin,
        p=_p_above(one, -margin, _span(candidate, baseline, one, bounds)),
        n=one.n,
        clusters=one.clusters,
        n_needed=items_needed(one.difference, one.se**2, margin, level, one.n, 0.0) if one.se > 0 else None,
        method="clustered-t",
    )


def retention_aggregate(aggregate: AggregateDifference, *, margin: float, n: int) -> Retention:
    """Was a capability kept, averaged over its tasks, by the variance of the sample?

    For right-or-wrong tasks use `retention_suite`: with few or saturated tasks this claims retention too often.

    Args:
        aggregate: Candidate minus baseline from `aggregate_difference`.
        margin: In the units of the scores, declared before the run.
        n: Number of items of all tasks together, from which `n_needed` is scaled up.

    Returns:
        The verdict with its evidence; where no task varies, p_retained is only said to lie on its side of the level.

    Raises:
        SettingError: If `margin` is not above 0 or n below 1.
    """
    check_margin(margin)
    if n < 1:
        raise SettingError(f"at least one item is needed, got {n}")
    if aggregate.se > 0:
        p = float(t_sf((aggregate.difference + margin) / aggregate.se, aggregate.df))
        needed = items_needed(aggregate.difference, aggregate.se**2, margin, aggregate.level, n, 0.0)
    else:
        p, needed = (1 - aggregate.level) / 2 if aggregate.ci_low > -margin else 1.0, None
    return judge(
        difference=aggregate.difference,
        low=aggregate.ci_low,
        high=aggregate.ci_high,
        level=aggregate.level,
        margin=margin,
        p=p,
        n=n,
        clusters=None,
        n_needed=needed,
        method=aggregate.method,
    )


def tost_binary(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    margin: float,
    alpha: float = 0.05,
) -> Equivalence:
    """Are two systems equally good within a margin, on items scored right or wrong?

    Two one-sided tests (Schuirmann 1987, doi:10.1007/BF01068419) with Tango's score statistic.

    Args:
        a: 0/1 scores of the first system, shape (n_items,).
        b: 0/1 scores of the second system, same items in the same order.
        clusters: One label per item, or None: items are independent.
        margin: As a share, below 1.
        alpha: Level of the claim.

    Returns:
        The interval at level 1 - 2 alpha and the larger p-value.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters.
        SettingError: If `margin` is not between 0 and 1, or `alpha` not between 0 and 0.5.
    """
    check_margin(margin)
    level = _two_sided(alpha)
    if clusters is None:
        table = paired_table(a, b)
        interval = tango_interval(table, level=level)
        (low, high), n, count, difference = (interval.low, interval.high), table.n, None, table.difference
        below, above = tango_test(table, margin=margin).p, 1 - tango_test(table, margin=-margin).p
    else:
        one = clustered_tango(a, b, clusters)
        (low, high), n, count, difference = one.interval(level=level), one.n, one.clusters, one.difference
        below, above = one.p_above(-margin), one.p_below(margin)
    return Equivalence(
        difference=difference,
        low=low,
        high=high,
        margin=margin,
        alpha=alpha,
        p=max(below, above),
        equivalent=low > -margin and high < margin,
        n=n,
        clusters=count,
        method="tost-tango" if count is None else "tost-tango-clustered",
    )


def tost_t(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    margin: float,
    alpha: float = 0.05,
    bounds: tuple[float, float] | None = None,
) -> Equivalence:
    """Are two systems equally good within a margin, on clustered, graded or repeated scores?

    Two one-sided tests (Schuirmann 1987, doi:10.1007/BF01068419) with the clustered t.

    Args:
        a: Scores of the first system, shape (n_items,) or (n_items, n_epochs).
        b: Scores of the second system, same items in the same order.
        clusters: One label per item, or None.
        margin: In the units of the scores.
        alpha: Level of the claim.
        bounds: Lowest and highest possible score; used only where the difference does not vary. None: 0 to 1.

    Returns:
        The interval at level 1 - 2 alpha and the larger p-value.

    Raises:
        StatsError: As `paired_clustered_t`; `SettingError` if `margin` is not above 0 or `alpha` not in (0, 0.5).
    """
    check_margin(margin)
    one = paired_clustered_t(a, b, clusters, level=_two_sided(alpha), bounds=bounds)
    span = _span(a, b, one, bounds)
    return Equivalence(
        difference=one.difference,
        low=one.ci_low,
        high=one.ci_high,
        margin=margin,
        alpha=alpha,
        p=max(_p_above(one, -margin, span), _p_below(one, margin, span)),
        equivalent=one.ci_low > -margin and one.ci_high < margin,
        n=one.n,
        clusters=one.clusters,
        method="tost-t",
    )


def judge(
    *,
    difference: float,
    low: float,
    high: float,
    level: float,
    margin: float,
    p: float,
    n: int,
    clusters: int | None,
    n_needed: int | None,
    method: str,
) -> Retention:
    """The verdict that an interval gives."""
    retained, lost = low > -margin, high < 0
    if retained:
        verdict = Verdict.LOST_WITHIN_MARGIN if lost else Verdict.RETAINED
    else:
        verdict = Verdict.LOST if lost else Verdict.INCONCLUSIVE
    return Retention(
        difference=difference,
        low=low,
        high=high,
        level=level,
        margin=margin,
        p_retained=p,
        retained=retained,
        lost=lost,
        verdict=verdict,
        n=n,
        clusters=clusters,
        n_needed=n_needed if verdict is Verdict.INCONCLUSIVE else None,
        method=method,
    )


def items_needed(difference: float, variance: float, margin: float, level: float, n: int, at_least: float) -> int:
    """Items for 80 % power to show retention, or loss, whichever is nearer; no true gain is assumed."""
    loss = min(difference, 0.0)
    distance = max(margin + loss, -loss)
    quantiles = normal_critical(level) + float(norm_isf(1 - TARGET_POWER))
    return math.ceil(max(quantiles**2 * variance * n / distance**2, at_least, n + 1))


def _p_above(one: ClusteredDifference, value: float, span: float) -> float:
    """One-sided p-value against "the true difference is `value` or less"."""
    if one.t is None:
        return bounded_p(one.difference - value, one.difference + span, _units(one), one.df)
    return float(t_sf((one.difference - value) / one.se, one.df))


def _p_below(one: ClusteredDifference, value: float, span: float) -> float:
    """One-sided p-value against "the true difference is `value` or more"."""
    if one.t is None:
        return bounded_p(value - one.difference, span - one.difference, _units(one), one.df)
    return float(t_sf((value - one.difference) / one.se, one.df))


def _units(one: ClusteredDifference) -> int:
    return one.n if one.clusters is None else one.clusters


def _span(a: npt.ArrayLike, b: npt.ArrayLike, one: ClusteredDifference, bounds: tuple[float, float] | None) -> float:
    """Width of the scale, which matters only where the difference does not vary."""
    if not one.degenerate:
        return math.inf
    low, high = scale_of(np.concatenate(paired_means_of(a, b)), bounds)
    return high - low


def _two_sided(alpha: float) -> float:
    if not check_alpha(alpha) < 0.5:
        raise SettingError(f"alpha of an equivalence test must lie between 0 and 0.5, got {alpha}")
    return check_level(1 - 2 * alpha)
