"""Tests that take tasks as the sample, and win rates: for an appendix, to show what they do. No claim rests on them.

They ask about a population of tasks of which a suite is no draw, lose power against the mean over a fixed suite, and a
win rate moves when a third model joins. `finbench.stats.aggregate` answers the question of a fixed suite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from finbench.stats.errors import NotEnoughItemsError, ScoreError, SettingError
from finbench.stats.validation import FloatArray, check_alpha, numbers_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRankTest:
    """A rank test over tasks.

    Attributes:
        statistic: V of Wilcoxon's test (the sum of the positive ranks), or Friedman's chi-square.
        p: p-value.
        tasks: Number of tasks.
        method: "wilcoxon" or "friedman".
    """

    statistic: float
    p: float
    tasks: int
    method: str


def wilcoxon_over_tasks(differences: npt.ArrayLike, *, two_sided: bool = True) -> TaskRankTest:
    """Wilcoxon's signed-rank test on one difference a task (Wilcoxon 1945; Demsar 2006, JMLR 7, section 3.1.3).

    Args:
        differences: Score of the first model minus that of the second, shape (n_tasks,).
        two_sided: Else the alternative is that the first is better.

    Raises:
        ScoreError: If a difference is missing; `NotEnoughItemsError` if none differs from 0.
    """
    values = numbers_of(differences, "the differences").ravel()
    if not np.any(values):
        raise NotEnoughItemsError(0, 1)
    signs = np.abs(values[values != 0])
    v = float(scipy.stats.rankdata(signs)[values[values != 0] > 0].sum())
    found = scipy.stats.wilcoxon(values, alternative="two-sided" if two_sided else "greater")
    return TaskRankTest(statistic=v, p=float(found.pvalue), tasks=values.size, method="wilcoxon")


def friedman_over_tasks(scores: npt.ArrayLike) -> TaskRankTest:
    """Friedman's test that all models are alike (Friedman 1937, doi:10.1080/01621459.1937.10503522).

    Args:
        scores: Shape (n_models, n_tasks), at least three models.

    Raises:
        ScoreError: If a score is missing or the shape is another.
    """
    matrix = _matrix(scores, models=3)
    found = scipy.stats.friedmanchisquare(*matrix)
    return TaskRankTest(
        statistic=float(found.statistic), p=float(found.pvalue), tasks=matrix.shape[1], method="friedman"
    )


def nemenyi_distance(models: int, tasks: int, *, alpha: float = 0.05) -> float:
    """Difference of mean ranks beyond which two of several models differ (Nemenyi 1963; Demsar 2006, section 3.2.2).

    q sqrt(k (k + 1) / (6 N)) with q the studentised range over sqrt(2).

    Raises:
        SettingError: If there are fewer than two models or no task, or alpha is not between 0 and 1.
    """
    check_alpha(alpha)
    if models < 2 or tasks < 1:
        raise SettingError(f"two models and a task are needed, got {models} and {tasks}")
    q = float(scipy.stats.studentized_range.isf(alpha, models, np.inf)) / math.sqrt(2)
    return q * math.sqrt(models * (models + 1) / (6 * tasks))


def mean_win_rates(scores: npt.ArrayLike) -> FloatArray:
    """Share of the other models that a model beats, averaged over tasks; ties count half.

    The order of two models depends on which others are there: adding one that is good where the leader is weak can
    turn it, though no score of either moved. The mean over tasks cannot do that.

    Args:
        scores: Shape (n_models, n_tasks), at least two models.

    Returns:
        One share a model.

    Raises:
        ScoreError: If a score is missing or the shape is another.
    """
    matrix = _matrix(scores, models=2)
    above = np.sign(matrix[:, None, :] - matrix[None, :, :]).sum(axis=1)
    others = matrix.shape[0] - 1
    return np.asarray(((above + others) / (2 * others)).mean(axis=1), dtype=np.float64)


def _matrix(scores: npt.ArrayLike, *, models: int) -> FloatArray:
    matrix = numbers_of(scores, "the scores")
    if matrix.ndim != 2 or matrix.shape[0] < models or matrix.shape[1] < 1:
        raise ScoreError(f"scores of shape ({models} or more models, tasks) are needed, got {matrix.shape}")
    return matrix
