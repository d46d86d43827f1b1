"""Rank tests over tasks and win rates; published digits are in test_reference_values.py."""

from __future__ import annotations

import numpy as np
import pytest

from finbench.stats.errors import NotEnoughItemsError, ScoreError, SettingError
from finbench.stats.over_tasks import friedman_over_tasks, mean_win_rates, nemenyi_distance, wilcoxon_over_tasks

A, B, C, D = (0.60, 0.63, 0.52, 0.90), (0.82, 0.51, 0.67, 0.82), (0.90, 0.60, 0.77, 0.73), (0.77, 0.89, 0.62, 0.59)


def test_the_sign_of_a_win_rate_is_that_of_the_better_model() -> None:
    rates = mean_win_rates([A, B, C, D])
    assert rates.sum() == pytest.approx(2)  # half of the four, whatever the scores
    assert mean_win_rates([A, A]).tolist() == [0.5, 0.5]
    assert mean_win_rates([np.add(A, 0.1), A]).tolist() == [1.0, 0.0]


def test_equal_models_do_not_differ() -> None:
    found = friedman_over_tasks([A, np.add(A, 0.01), np.add(A, 0.02), np.add(A, -0.01)])
    assert found.statistic == pytest.approx(12)  # the same order on all four tasks: k - 1 times their number
    assert wilcoxon_over_tasks(np.subtract(B, A)).p == wilcoxon_over_tasks(np.subtract(A, B)).p


def test_unusable_input_is_named() -> None:
    with pytest.raises(NotEnoughItemsError):
        wilcoxon_over_tasks([0.0, 0.0])
    with pytest.raises(ScoreError, match="3 or more models"):
        friedman_over_tasks([A, B])
    with pytest.raises(SettingError):
        nemenyi_distance(1, 3)
