"""Capability scores: the unweighted mean over a fixed suite of tasks, for one model, a pair, or all pairs.

The tasks are not sampled, so only the items of each task bring uncertainty: SE = sqrt(sum of SE_t^2) / T with
Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.clustered import paired_clustered_t
from finbench.stats.distributions import t_isf, t_sf
from finbench.stats.errors import DegenerateError, NotEnoughItemsError, PairingError, ScoreError
from finbench.stats.means import mean_interval, t_critical
from finbench.stats.pairs import AllPairs
from finbench.stats.proportions import plus_four_variance
from finbench.stats.validation import FloatArray, check_level, item_means

SATURATED_ERRORS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPart:
    """What one task brings to a capability: a score or a difference of scores.

    Attributes:
        estimate: The task's score, or the difference of two systems.
        se: Its standard error.
        df: Degrees of freedom of `se` (clusters - 1).
        low: Lower end of the task's own interval at the level of the aggregate; used where no task varies at all.
        high: Upper end of it.
        plus_four: Whether `se` comes from the plus-four variance.
    """

    estimate: float
    se: float
    df: float
    low: float
    high: float
    plus_four: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateScore:
    """The score of one model on a capability.

    Attributes:
        estimate: Unweighted mean over tasks.
        se: Its standard error.
        df: Satterthwaite's degrees of freedom; the smallest of the tasks where nothing varies.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Confidence level.
        tasks: Number of tasks.
        plus_four: Number of tasks with at most three errors (or three right answers), where the plus-four variance
            stands in.
        method: "aggregate-t".
    """

    estimate: float
    se: float
    df: float
    low: float
    high: float
    level: float
    tasks: int
    plus_four: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateDifference:
    """The difference of two models on a capability.

    Attributes:
        difference: Unweighted mean over tasks of the paired differences.
        se: Its standard error.
        df: Satterthwaite's degrees of freedom; the smallest of the tasks where nothing varies.
        p: Two-sided p-value of "no difference on average over these tasks".
        ci_low: Lower end of the interval.
        ci_high: Upper end of the interval.
        level: Confidence level.
        tasks: Number of tasks.
        method: "aggregate-t".
        degenerate: No task shows any variation: p and interval come from exact bounds.
    """

    difference: float
    se: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    level: float
    tasks: int
    method: str
    degenerate: bool


def score_part(
    scores: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> TaskPart:
    """One model's mean on one task, ready for `aggregate_score`.

    With 0/1 scores and at most three errors (or three right answers) the variance is the larger of the clustered one
    and the plus-four one (`plus_four_variance`), since the former is then too small too often.

    Args:
        scores: Shape (n_items,) or (n_items, n_epochs).
        clusters: One label per item, or None.
        level: Confidence level.
        bounds: Lowest and highest possible score; None: 0 to 1.

    Returns:
        Mean, standard error and degrees of freedom.

    Raises:
        StatsError: As `mean_interval`.
    """
    values = item_means(scores)
    one = mean_interval(values, clusters, level=level, bounds=bounds)
    binary, right = bool(np.isin(values, (0.0, 1.0)).all()), float(values.sum())
    if not (binary and min(right, values.size - right) <= SATURATED_ERRORS):
        return TaskPart(estimate=one.estimate, se=one.se, df=one.df, low=one.low, high=one.high)
    se = max(one.se, math.sqrt(plus_four_variance(right, values.size)))
    return TaskPart(estimate=one.estimate, se=se, df=one.df, low=one.low, high=one.high, plus_four=True)


def difference_part(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> TaskPart:
    """Two models' paired difference a - b on one task, ready for `aggregate_difference`; the plain variance throughout.

    Args:
        a: Scores of the candidate, shape (n_items,) or (n_items, n_epochs).
        b: Scores of the baseline on the same items.
        clusters: One label per item, or None.
        level: Confidence level.
        bounds: Lowest and highest possible score; None: 0 to 1.

    Returns:
        Difference, standard error and degrees of freedom.

    Raises:
        StatsError: As `paired_clustered_t`.
    """
    one = paired_clustered_t(a, b, clusters, level=level, bounds=bounds)
    return TaskPart(estimate=one.difference, se=one.se, df=one.df, low=one.ci_low, high=one.ci_high)


def aggregate_score(parts: Sequence[TaskPart], *, level: float = 0.95) -> AggregateScore:
    """A model's capability score: the unweighted mean over tasks, with a Satterthwaite t interval.

    Degrees of freedom: Satterthwaite 1946, doi:10.2307/3002019.

    Args:
        parts: One per task, from `score_part` or a corpus metric's jackknife.
        level: Confidence level.

    Returns:
        The mean with its interval.

    Raises:
        NotEnoughItemsError: If there is no task.
        ScoreError: If a standard error is negative or not finite, or its degrees of freedom are not positive.
        SettingError: If `level` is not between 0 and 1.
    """
    mean, se, df, low, high = _combine(parts, level)
    return AggregateScore(
        estimate=mean,
        se=se,
        df=df,
        low=low,
        high=high,
        level=level,
        tasks=len(parts),
        plus_four=sum(part.plus_four for part in parts),
        method="aggregate-t",
    )


def aggregate_difference(parts: Sequence[TaskPart], *, level: float = 0.95) -> AggregateDifference:
    """Is one model better than another on a capability, averaged over its tasks? Satterthwaite t.

    Args:
        parts: One per task, from `difference_part` or a corpus metric's paired jackknife.
        level: Confidence level.

    Returns:
        The mean difference with interval and two-sided p-value.

    Raises:
        NotEnoughItemsError: If there is no task.
        ScoreError: If a standard error is negative or not finite, or its degrees of freedom are not positive.
        SettingError: If `level` is not between 0 and 1.
    """
    mean, se, df, low, high = _combine(parts, level)
    if se > 0:
        p = float(2 * t_sf(abs(mean) / se, df))
    else:
        p = float(_degenerate_p(np.array([part.estimate for part in parts]), np.array([part.df for part in parts])))
    return AggregateDifference(
        difference=mean,
        se=se,
        df=df,
        p=p,
        ci_low=low,
        ci_high=high,
        level=level,
        tasks=len(parts),
        method="aggregate-t",
        degenerate=se == 0,
    )


def aggregate_pairs(tasks: Sequence[AllPairs]) -> AllPairs:
    """The capability comparison of all pairs of models; entry by entry equal to `aggregate_difference`.

    Args:
        tasks: All pairs of the same models on each task, at one level.

    Returns:
        Matrices of shape (n_models, n_models), method "aggregate-t"; n is the number of items of all tasks together.

    Raises:
        NotEnoughItemsError: If there is no task.
        PairingError: If the tasks do not hold the same number of models.
        ScoreError: If the tasks were computed at different levels.
    """
    if not tasks:
        raise NotEnoughItemsError(0, 1)
    for task in tasks[1:]:
        if task.p.shape != tasks[0].p.shape:
            raise PairingError(tasks[0].p.shape, task.p.shape)
        if task.level != tasks[0].level:
            raise ScoreError(f"the tasks were compared at different levels: {tasks[0].level} and {task.level}")
    level = tasks[0].level
    differences, ses, dfs = (np.stack([getattr(task, name) for task in tasks]) for name in ("difference", "se", "df"))
    mean, se, df = _moments(differences, ses, dfs)
    degenerate = se == 0
    safe = np.where(degenerate, 1.0, se)
    p = np.where(degenerate, _degenerate_p(differences, dfs), 2 * t_sf(np.abs(mean) / safe, df))
    half = t_isf((1 - level) / 2, df) * se
    bounds = [np.mean([getattr(task, name) for task in tasks], axis=0) for name in ("ci_low", "ci_high")]
    return AllPairs(
        difference=mean,
        se=se,
        df=df,
        p=np.asarray(p, dtype=np.float64),
        ci_low=np.asarray(np.where(degenerate, bounds[0], mean - half), dtype=np.float64),
        ci_high=np.asarray(np.where(degenerate, bounds[1], mean + half), dtype=np.float64),
        degenerate=np.asarray(degenerate, dtype=np.bool_),
        level=level,
        n=sum(task.n for task in tasks),
        clusters=None,
        method="aggregate-t",
    )


def _combine(parts: Sequence[TaskPart], level: float) -> tuple[float, float, float, float, float]:
    check_level(level)
    if not parts:
        raise NotEnoughItemsError(0, 1)
    for part in parts:
        if not (math.isfinite(part.estimate) and math.isfinite(part.se) and part.se >= 0 and part.df > 0):
            raise ScoreError(
                f"a task needs a finite estimate, a standard error of 0 or more and df above 0, got {part}"
            )
    columns = (np.array([getattr(part, name) for part in parts]) for name in ("estimate", "se", "df"))
    mean, se, df = (float(value) for value in _moments(*columns))
    if se > 0:
        half = t_critical(level, df) * se
        return mean, se, df, mean - half, mean + half
    low, high = (float(np.mean([getattr(part, name) for part in parts])) for name in ("low", "high"))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise DegenerateError("no task varies, and a task's own interval is not finite: nothing bounds the mean")
    return mean, 0.0, df, low, high


def _moments(estimates: FloatArray, ses: FloatArray, dfs: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, its standard error and Satterthwaite's degrees of freedom over the first axis (tasks)."""
    variances = ses**2
    total = variances.sum(axis=0)
    parts = (variances**2 / dfs).sum(axis=0)
    df = np.divide(total**2, parts, out=np.asarray(dfs.min(axis=0), dtype=np.float64).copy(), where=parts > 0)
    return estimates.mean(axis=0), np.sqrt(total) / estimates.shape[0], df


def _degenerate_p(estimates: FloatArray, dfs: FloatArray) -> FloatArray:
    """Sign-flip p-value where no task varies: exact if all differences point one way, else 1 (no evidence)."""
    units = np.where(estimates != 0, dfs + 1, 0.0).sum(axis=0)
    one_way = (estimates >= 0).all(axis=0) | (estimates <= 0).all(axis=0)
    return np.asarray(np.where(one_way & (units > 0), 2.0 ** (1 - units), 1.0), dtype=np.float64)
