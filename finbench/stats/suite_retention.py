"""Was a capability kept over its tasks? A score test against the margin, stratified by task."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from finbench.stats.clustered import paired_clustered_t
from finbench.stats.clustered_tango import clustered_tango
from finbench.stats.distributions import t_isf, t_sf
from finbench.stats.errors import NotEnoughItemsError, ScoreError, SettingError
from finbench.stats.paired import paired_table
from finbench.stats.paired_counts import tango_parts
from finbench.stats.retention import Retention, items_needed, judge
from finbench.stats.validation import check_level, check_margin, item_means

# Halving [-1, 1] this often leaves an error far below any digit that is shown.
_HALVINGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPart:
    """What one task brings to the retention of a capability.

    Attributes:
        difference: Candidate minus baseline.
        n: Items.
        clusters: Clusters, or None where items are independent.
        df: Degrees of freedom of the variance; infinite where it follows from the hypothesis alone.
        counts: Right-or-wrong items: discordant both ways and all items, each over the design effect; None for
            others, whose variance does not depend on the hypothesis.
        se: Standard error of the others.
    """

    difference: float
    n: int
    clusters: int | None
    df: float
    counts: tuple[float, float, float] | None = None
    se: float = 0.0

    @property
    def bounded(self) -> bool:
        """Whether the difference can be one of shares, and its error is known."""
        return abs(self.difference) <= 1 and math.isfinite(self.se)


def margin_part(
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    bounds: tuple[float, float] | None = None,
) -> MarginPart:
    """One task of a capability, ready for `retention_suite`.

    Args:
        candidate: Scores after training, shape (n_items,) or (n_items, n_epochs).
        baseline: Scores before, same items in the same order.
        clusters: One label per item, or None.
        bounds: Lowest and highest possible score; used only where a graded difference does not vary. None: 0 to 1.

    Returns:
        Counts where all scores are 0 or 1, else the clustered t's standard error.

    Raises:
        StatsError: As `paired_clustered_t`.
    """
    x, y = item_means(candidate), item_means(baseline)
    if not np.isin(np.concatenate((x, y)), (0.0, 1.0)).all():
        graded = paired_clustered_t(candidate, baseline, clusters, bounds=bounds)
        # Where nothing varies, half the width of the interval stands in for the error that cannot be seen.
        unseen = (graded.ci_high - graded.ci_low) / 2 / float(t_isf(0.025, graded.df))
        return MarginPart(
            difference=graded.difference,
            n=graded.n,
            clusters=graded.clusters,
            df=graded.df,
            se=graded.se or unseen,
        )
    if clusters is None:
        table = paired_table(x, y)
        counts = (float(table.only_a), float(table.only_b), float(table.n))
        return MarginPart(difference=table.difference, n=table.n, clusters=None, df=math.inf, counts=counts)
    one = clustered_tango(x, y, clusters)
    counts = (one.only_a / one.design_effect, one.only_b / one.design_effect, one.n / one.design_effect)
    return MarginPart(difference=one.difference, n=one.n, clusters=one.clusters, df=one.df, counts=counts)


def retention_suite(parts: Sequence[MarginPart], *, margin: float, level: float = 0.95) -> Retention:
    """Was a capability kept, averaged over its tasks?

    Z(d) = sum_t (difference_t - d) / sqrt(sum_t V_t(d)), where V_t(d) is Tango's variance under the hypothesis for
    right-or-wrong tasks (1998, Statistics in Medicine 17, 891-908; over tasks as strata, with counts divided by the
    design effect where items are clustered) and the squared standard error for others; t on Satterthwaite's degrees of
    freedom (1946, doi:10.2307/3002019). The ends of the interval are where Z reaches the critical value.

    `retention_aggregate`, which takes the variance from the sample, calls a lost capability of few or saturated tasks
    retained two to four times too often, since a sample that by luck shows no loss shows no variance
    (docs/statistics.md, table J).

    Args:
        parts: One per task, from `margin_part`; differences on the scale of shares.
        margin: As a share, declared before the run; below 1.
        level: Confidence level.

    Returns:
        The verdict with its evidence, method "suite-tango".

    Raises:
        NotEnoughItemsError: If there is no task.
        ScoreError: If a difference lies outside -1 to 1 or a standard error is not finite.
        SettingError: If `margin` or `level` is not between 0 and 1.
    """
    check_margin(margin)
    check_level(level)
    if margin >= 1:
        raise SettingError(f"a margin of shares lies between 0 and 1, got {margin}")
    if not parts:
        raise NotEnoughItemsError(0, 1)
    for part in parts:
        if not (part.bounded and part.df > 0):
            raise ScoreError(f"a task needs a difference of shares with a finite standard error, got {part}")
    statistic = _statistic(parts)
    mean = math.fsum(part.difference for part in parts) / len(parts)
    alpha = (1 - level) / 2
    z, df, variance = statistic(-margin)
    low = _end(statistic, -1.0, mean, alpha)
    high = -_end(lambda value: _mirrored(statistic, value), -1.0, -mean, alpha)
    n = sum(part.n for part in parts)
    return judge(
        difference=mean,
        low=low,
        high=high,
        level=level,
        margin=margin,
        p=float(t_sf(z, df)),
        n=n,
        clusters=None,
        n_needed=items_needed(mean, variance, margin, level, n, 0.0),
        method="suite-tango",
    )


_Statistic = Callable[[float], tuple[float, float, float]]


def _statistic(parts: Sequence[MarginPart]) -> _Statistic:
    """Z, its degrees of freedom and the variance of the mean, as functions of the hypothetical difference."""
    counted = [part for part in parts if part.counts is not None]
    a, b, items = (np.array([part.counts[i] for part in counted if part.counts]) for i in range(3))
    fixed = np.array([part.se**2 for part in parts if part.counts is None])
    total = math.fsum(part.difference for part in parts)
    dfs = np.array([part.df for part in counted] + [part.df for part in parts if part.counts is None])

    def at(value: float) -> tuple[float, float, float]:
        own = tango_parts(a, b, items, value)[1] / items**2 if counted else np.empty(0)
        variances = np.concatenate((own, fixed))
        variance = float(variances.sum())
        shares = float((variances**2 / dfs).sum())
        df = variance**2 / shares if shares > 0 else math.inf
        excess = total - len(parts) * value
        z = excess / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, excess) if excess else 0.0
        return z, df, variance / len(parts) ** 2

    return at


def _mirrored(statistic: _Statistic, value: float) -> tuple[float, float, float]:
    z, df, variance = statistic(-value)
    return -z, df, variance


def _end(statistic: _Statistic, low: float, high: float, alpha: float) -> float:
    """The lowest difference that is not rejected."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        z, df, _variance = statistic(middle)
        rejected = float(special.stdtr(df, -z)) < alpha
        low, high = (middle, high) if rejected else (low, middle)
    return (low + high) / 2
