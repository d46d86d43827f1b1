"""The test that a corrected step must pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from trainers.genrm.acceptance import fisher_greater, judge_rollouts, least_gain, smallest_p


@given(n=st.integers(1, 12), data=st.data())
def test_p_is_that_of_scipy(n: int, data: st.DataObject) -> None:
    first, second = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    expected = fisher_exact([[first, n - first], [second, n - second]], alternative="greater").pvalue
    assert fisher_greater(first, second, n) == pytest.approx(expected, abs=1e-12)


@given(n=st.integers(1, 12), data=st.data())
def test_more_right_rollouts_never_raise_p(n: int, data: st.DataObject) -> None:
    first, second = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, n))
    assert fisher_greater(first + 1, second, n) <= fisher_greater(first, second, n) + 1e-15


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.8])
def test_a_correction_that_changes_nothing_is_accepted_at_most_alpha_of_the_time(rate: float) -> None:
    from scipy.stats import binom

    n, alpha = 8, 0.05
    size = sum(
        binom.pmf(first, n, rate) * binom.pmf(second, n, rate)
        for first in range(n + 1)
        for second in range(n + 1)
        if judge_rollouts(first, second, n, alpha=alpha).accepted
    )
    assert 0 < size <= alpha


def test_what_few_rollouts_can_show() -> None:
    assert smallest_p(3) == pytest.approx(0.05)
    assert smallest_p(2) == pytest.approx(1 / 6)
    assert least_gain(2, 0.05) is None
    assert least_gain(8, 0.05) == 4
    assert least_gain(3, 0.05) == 3


def test_interval_of_a_gain_holds_it_and_stays_on_the_scale() -> None:
    gain = judge_rollouts(7, 1, 8, alpha=0.05)
    assert gain.accepted
    assert gain.difference == 0.75
    assert -1 <= gain.ci_low < 0.75 < gain.ci_high <= 1
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    expected = proportion.confint_proportions_2indep(7, 8, 1, 8, method="newcomb", compare="diff")
    assert (gain.ci_low, gain.ci_high) == pytest.approx(expected, abs=1e-6)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="no counts"):
        fisher_greater(4, 0, 3)
