"""Rank tests over tasks and win rates, to the digits of R and of published examples."""

from __future__ import annotations

import numpy as np
import pytest

from finbench.stats.errors import NotEnoughItemsError, ScoreError, SettingError
from finbench.stats.over_tasks import friedman_over_tasks, mean_win_rates, nemenyi_distance, wilcoxon_over_tasks

# R: example(wilcox.test), depression data of Hollander and Wolfe 1973, p. 29
BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
# R: example(friedman.test), RoundingTimes of Hollander and Wolfe 1973, p. 140
ROUNDING = """
5.40 5.50 5.55 5.85 5.70 5.75 5.20 5.60 5.50 5.55 5.50 5.40 5.90 5.85 5.70 5.45 5.55 5.60 5.40 5.40 5.35
5.45 5.50 5.35 5.25 5.15 5.00 5.85 5.80 5.70 5.25 5.20 5.10 5.65 5.55 5.45 5.60 5.35 5.45 5.05 5.00 4.95
5.50 5.50 5.40 5.45 5.55 5.50 5.55 5.55 5.35 5.45 5.50 5.55 5.50 5.45 5.25 5.65 5.60 5.40 5.70 5.65 5.55
6.30 6.30 6.25
"""
A, B, C, D = (0.60, 0.63, 0.52, 0.90), (0.82, 0.51, 0.67, 0.82), (0.90, 0.60, 0.77, 0.73), (0.77, 0.89, 0.62, 0.59)


def test_wilcoxon_is_that_of_r() -> None:
    found = wilcoxon_over_tasks(np.subtract(BEFORE, AFTER), two_sided=False)
    assert (found.statistic, found.p) == (40, pytest.approx(0.01953125, abs=1e-9))
    assert wilcoxon_over_tasks(np.subtract(BEFORE, AFTER)).p == pytest.approx(2 * 0.01953125, abs=1e-9)


def test_friedman_is_that_of_r() -> None:
    found = friedman_over_tasks(np.array(ROUNDING.split(), dtype=float).reshape(-1, 3).T)
    assert found.statistic == pytest.approx(11.142857, abs=1e-6)
    assert found.p == pytest.approx(0.003805041, abs=1e-9)
    assert found.tasks == 22


def test_nemenyi_is_that_of_the_published_table() -> None:
    assert nemenyi_distance(4, 14) == pytest.approx(1.253559, abs=1e-6)
    assert nemenyi_distance(4, 14) / np.sqrt(4 * 5 / (6 * 14)) == pytest.approx(2.569032, abs=1e-6)


def test_a_third_model_turns_a_win_rate_and_no_mean() -> None:
    assert mean_win_rates([A, B, C]).tolist() == pytest.approx([0.5, 0.375, 0.625])
    rates = mean_win_rates([A, B, C, D])
    assert rates[:2].tolist() == pytest.approx([5 / 12, 0.5])
    assert np.mean([A, B, C], axis=1).tolist() == pytest.approx([0.6625, 0.705, 0.75])


def test_unusable_input_is_named() -> None:
    with pytest.raises(NotEnoughItemsError):
        wilcoxon_over_tasks([0.0, 0.0])
    with pytest.raises(ScoreError, match="3 or more models"):
        friedman_over_tasks([A, B])
    with pytest.raises(SettingError):
        nemenyi_distance(1, 3)
