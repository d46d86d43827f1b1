"""Several tests at once: Holm, Bonferroni, Benjamini-Hochberg and -Yekutieli, and the number of effects.

A family is fixed before looking: one capability and all pairs of models on its aggregate. "Retained on every task"
needs no correction (every test must pass: intersection-union); "better on some task" needs Holm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from finbench.stats.errors import ScoreError
from finbench.stats.validation import FloatArray, check_alpha, check_p


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectCount:
    """On how many data sets there is an effect.

    Attributes:
        count: k such that "at least k of the data sets show an effect" holds at `alpha`; 0 if none.
        tests: Number of data sets.
        alpha: Significance level.
        which: Indices of the data sets themselves, in ascending order; empty for the partial conjunction, which
            counts without naming.
        method: "holm", "bonferroni" or "partial-conjunction".
    """

    count: int
    tests: int
    alpha: float
    which: tuple[int, ...]
    method: str


def holm(p: npt.ArrayLike) -> FloatArray:
    """p-values adjusted so that the chance of any false alarm in the family stays below the level.

    Holm 1979 (Scandinavian Journal of Statistics 6, 65-70); valid under any dependence.

    Args:
        p: Two-sided p-values of the family, shape (n_tests,).

    Returns:
        Adjusted p-values in the order given, shape (n_tests,).

    Raises:
        ScoreError: If a p-value is missing or outside 0 to 1, or the shape is another.
    """
    values = _family(p)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def bonferroni(p: npt.ArrayLike) -> FloatArray:
    """p-values times their number, at most 1: simpler than Holm and never better.

    Args:
        p: p-values of the family, shape (n_tests,).

    Returns:
        Adjusted p-values, shape (n_tests,).

    Raises:
        ScoreError: If a p-value is missing or outside 0 to 1, or the shape is another.
    """
    values = _family(p)
    return np.asarray(np.minimum(values * values.size, 1.0), dtype=np.float64)


def benjamini_hochberg(p: npt.ArrayLike, *, dependent: bool = False) -> FloatArray:
    """p-values adjusted so that the expected share of false alarms among the findings stays below the level.

    Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; under any dependence Benjamini and Yekutieli
    2001, doi:10.1214/aos/1013699998. For exploration, shown as q.

    Args:
        p: p-values of the family, shape (n_tests,).
        dependent: Use Benjamini and Yekutieli.

    Returns:
        Adjusted p-values, shape (n_tests,).

    Raises:
        ScoreError: If a p-value is missing or outside 0 to 1, or the shape is another.
    """
    return np.asarray(
        scipy.stats.false_discovery_control(_family(p), method="by" if dependent else "bh"), dtype=np.float64
    )


def holm_pairs(p: npt.ArrayLike) -> FloatArray:
    """Holm over all pairs of models.

    Args:
        p: Symmetric matrix of p-values, shape (n_models, n_models); the diagonal is not looked at.

    Returns:
        Symmetric matrix of adjusted p-values with 1 on the diagonal.

    Raises:
        ScoreError: If the matrix is not square and symmetric, or a p-value is missing or outside 0 to 1.
    """
    matrix = np.array(p, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ScoreError(f"p-values of all pairs must have shape (models, models), got {matrix.shape}")
    np.fill_diagonal(matrix, 1.0)
    matrix = check_p(matrix)
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
        raise ScoreError("p-values of all pairs must be symmetric: they are two-sided")
    rows, columns = np.triu_indices(matrix.shape[0], k=1)
    adjusted = np.ones_like(matrix)
    if rows.size:
        adjusted[rows, columns] = adjusted[columns, rows] = holm(matrix[rows, columns])
    return adjusted


def count_effects(
    p: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    method: Literal["holm", "bonferroni", "partial-conjunction"] = "holm",
) -> EffectCount:
    """On how many data sets is one model better than another?

    Holm and Bonferroni name the data sets. The partial conjunction counts without naming: the largest k with
    max over j <= k of (N - j + 1) p_(j) <= alpha. Dror, Baumer, Bogomolov and Reichart 2017, doi:10.1162/tacl_a_00074,
    after Benjamini and Heller 2008, doi:10.1111/j.1541-0420.2007.00984.x. With Bonferroni's combination its
    count equals that of Holm.

    Args:
        p: One p-value per data set, shape (n_datasets,).
        alpha: Significance level of the statement.
        method: How to count.

    Returns:
        The count and, where it can be said, which.

    Raises:
        ScoreError: If a p-value is missing or outside 0 to 1, or the shape is another.
        SettingError: If `alpha` is not between 0 and 1.
    """
    values = _family(p)
    check_alpha(alpha)
    if method == "partial-conjunction":
        steps = np.maximum.accumulate(np.sort(values) * np.arange(values.size, 0, -1))
        count, which = int((steps <= alpha).sum()), ()
        return EffectCount(count=count, tests=values.size, alpha=alpha, which=which, method=method)
    adjusted = holm(values) if method == "holm" else bonferroni(values)
    found = tuple(int(i) for i in np.flatnonzero(adjusted <= alpha))
    return EffectCount(count=len(found), tests=values.size, alpha=alpha, which=found, method=method)


def _family(p: npt.ArrayLike) -> FloatArray:
    values = check_p(p)
    if values.ndim != 1:
        raise ScoreError(f"a family of p-values must have shape (tests,), got {values.shape}")
    return values
