"""All pairs of models at once, equal to the pairwise functions: the closed forms that a leaderboard needs.

One matrix of models by items goes in, matrices of models by models come out. Entry (i, j) compares model i (as the
candidate) with model j (as the baseline).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.clustered import paired_clustered_t
from finbench.stats.degenerate import bounded_interval, scale_of
from finbench.stats.distributions import t_sf
from finbench.stats.means import t_critical
from finbench.stats.paired_counts import mcnemar_midp_p, tango_bounds
from finbench.stats.validation import BoolArray, FloatArray, check_level, clusters_of, score_matrix

# Below this share of the two variances, their difference loses digits, and a pair is computed by itself.
_CANCELLED = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AllPairs:
    """Comparisons of all pairs of K models on the same items.

    Attributes:
        difference: Score of row model minus score of column model, shape (K, K), antisymmetric.
        se: Standard error of the difference (from the plain variance of item differences, clustered if clusters are
            given), shape (K, K).
        df: Degrees of freedom of `se`, shape (K, K).
        p: Two-sided p-values, not adjusted, shape (K, K), 1 on the diagonal.
        ci_low: Lower ends of pointwise intervals, shape (K, K).
        ci_high: Upper ends of pointwise intervals, shape (K, K).
        degenerate: Where the difference does not vary, so that p and interval come from exact bounds, shape (K, K).
        level: Confidence level of each interval by itself.
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        method: "mcnemar-midp+tango", "clustered-t" or "aggregate-t".
    """

    difference: FloatArray
    se: FloatArray
    df: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    degenerate: BoolArray
    level: float
    n: int
    clusters: int | None
    method: str


def all_pairs_binary(scores: npt.ArrayLike, *, level: float = 0.95) -> AllPairs:
    """McNemar's mid-p and Tango's interval for all pairs; entry by entry equal to `paired_binary`.

    Args:
        scores: 0/1, shape (n_models, n_items), independent items; unanswered = 0.
        level: Confidence level of the intervals.

    Returns:
        Matrices of shape (n_models, n_models).

    Raises:
        ScoreError: If a score is missing or neither 0 nor 1, or the shape is another.
        SettingError: If `level` is not between 0 and 1.
    """
    check_level(level)
    matrix = score_matrix(scores, binary=True)
    models, n = matrix.shape
    only = matrix @ (1 - matrix).T
    rows, columns = np.triu_indices(models)
    first, second = only[rows, columns], only[columns, rows]
    low, high = tango_bounds(first, second, n, level=level)
    p = mcnemar_midp_p(first, second)
    squares = first + second - (first - second) ** 2 / n
    se = np.sqrt(np.maximum(squares, 0) / (n * (n - 1))) if n > 1 else np.zeros_like(squares)
    return AllPairs(
        difference=(only - only.T) / n,
        se=_square(models, se, se),
        df=np.full((models, models), float(max(n - 1, 1))),
        p=_square(models, p, p),
        ci_low=_square(models, low, -high),
        ci_high=_square(models, high, -low),
        degenerate=_square(models, squares, squares) == 0,
        level=level,
        n=n,
        clusters=None,
        method="mcnemar-midp+tango",
    )


def all_pairs_t(
    scores: npt.ArrayLike,
    clusters: Iterable[Hashable] | npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
) -> AllPairs:
    """Clustered t for all pairs from one clustered covariance matrix; entry by entry equal to `paired_clustered_t`.

    With C the matrix of products of cluster sums of deviations, the variance of the difference of i and j is
    (C_ii + C_jj - 2 C_ij) G / (G - 1) / n^2.

    Args:
        scores: Item scores (means over epochs), shape (n_models, n_items).
        clusters: One label per item, or None: items are independent.
        level: Confidence level of the intervals.
        bounds: Lowest and highest possible score; used only where a difference does not vary. None: 0 to 1.

    Returns:
        Matrices of shape (n_models, n_models).

    Raises:
        ScoreError: If a score is missing, or the shape is another.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters (or items).
        DegenerateError: If a difference does not vary and the scores lie outside `bounds`.
        SettingError: If `level` is not between 0 and 1.
    """
    check_level(level)
    matrix = score_matrix(scores)
    models, n = matrix.shape
    labels = None if clusters is None else clusters_of(clusters, n)
    groups = clusters_of(None, n) if labels is None else labels
    groups.require()
    count = groups.count
    means = matrix.mean(axis=1)
    sums = groups.sums(matrix - means[:, None])
    products = sums @ sums.T
    products = (products + products.T) / 2  # a BLAS need not return it exactly symmetric
    own = np.diag(products)
    squares = own[:, None] + own[None, :] - 2 * products
    close = squares <= _CANCELLED * (own[:, None] + own[None, :])
    se = np.sqrt(np.maximum(squares, 0) * count / (count - 1)) / n
    difference = means[:, None] - means[None, :]
    df, critical = float(count - 1), t_critical(level, count - 1)
    t = np.divide(np.abs(difference), se, out=np.zeros_like(se), where=~close & (se > 0))
    p = np.asarray(2 * t_sf(t, df), dtype=np.float64)
    low, high = difference - critical * se, difference + critical * se
    degenerate = np.zeros((models, models), dtype=np.bool_)
    codes = groups.codes if groups.given else None
    for i, j in np.argwhere(np.triu(close, k=1)):
        one = paired_clustered_t(matrix[i], matrix[j], codes, level=level, bounds=bounds)
        difference[i, j], difference[j, i] = one.difference, -one.difference
        se[i, j] = se[j, i] = one.se
        p[i, j] = p[j, i] = one.p
        low[i, j], high[i, j], low[j, i], high[j, i] = one.ci_low, one.ci_high, -one.ci_high, -one.ci_low
        degenerate[i, j] = degenerate[j, i] = one.degenerate
    span = np.ptp(scale_of(matrix, bounds)) if bounds is not None or _within(matrix) else np.inf
    diagonal = bounded_interval(0.0, (-float(span), float(span)), critical, count)
    for target, value in ((difference, 0.0), (se, 0.0), (p, 1.0), (low, diagonal[0]), (high, diagonal[1])):
        np.fill_diagonal(target, value)
    np.fill_diagonal(degenerate, True)
    return AllPairs(
        difference=difference,
        se=se,
        df=np.full((models, models), df),
        p=p,
        ci_low=low,
        ci_high=high,
        degenerate=degenerate,
        level=level,
        n=n,
        clusters=count if groups.given else None,
        method="clustered-t",
    )


def _within(matrix: FloatArray) -> bool:
    return bool(matrix.min() >= 0 and matrix.max() <= 1)


def _square(models: int, upper: FloatArray, lower: FloatArray) -> FloatArray:
    """A matrix from its upper triangle (with diagonal) and the mirrored values below it."""
    rows, columns = np.triu_indices(models)
    matrix = np.empty((models, models))
    matrix[columns, rows] = lower
    matrix[rows, columns] = upper
    return matrix
