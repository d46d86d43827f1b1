"""Retention of a capability by the score test stratified by task."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from finbench.stats.aggregate import aggregate_difference, difference_part
from finbench.stats.errors import NotEnoughItemsError, ScoreError, SettingError
from finbench.stats.paired_counts import tango_parts, tango_z
from finbench.stats.retention import retention_aggregate, retention_binary
from finbench.stats.suite_retention import MarginPart, margin_part, retention_suite


def pair(rng: np.random.Generator, n: int, accuracy: float = 0.8, flips: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    base = (rng.random(n) < accuracy).astype(float)
    return np.where(rng.random(n) < flips, 1 - base, base), base


@given(st.integers(0, 10_000), st.integers(20, 200), st.sampled_from([None, 5, 12]), st.floats(0.01, 0.3))
@settings(max_examples=30, deadline=None)
def test_one_task_is_tangos_own_interval_and_test(seed: int, n: int, groups: int | None, margin: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = pair(rng, n)
    clusters = None if groups is None else np.arange(n) % groups
    alone = retention_binary(a, b, clusters, margin=margin)
    suite = retention_suite([margin_part(a, b, clusters)], margin=margin)
    assert (suite.low, suite.high) == pytest.approx((alone.low, alone.high), abs=1e-9)
    assert suite.p_retained == pytest.approx(alone.p_retained, abs=1e-12)
    assert suite.verdict == alone.verdict


@given(st.integers(0, 10_000), st.floats(0.01, 0.3))
@settings(max_examples=30, deadline=None)
def test_order_of_tasks_is_nothing_and_swapping_systems_mirrors(seed: int, margin: float) -> None:
    rng = np.random.default_rng(seed)
    tasks = [pair(rng, int(rng.integers(20, 120))) for _ in range(4)]
    found = retention_suite([margin_part(a, b) for a, b in tasks], margin=margin)
    turned = retention_suite([margin_part(a, b) for a, b in reversed(tasks)], margin=margin)
    other = retention_suite([margin_part(b, a) for a, b in tasks], margin=margin)
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high), abs=1e-12)
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert found.low <= found.difference <= found.high
    assert found.retained == (found.p_retained < 0.025)


def test_ends_are_where_the_statistic_is_critical() -> None:
    rng = np.random.default_rng(3)
    tasks = [pair(rng, n) for n in (40, 90, 200)]
    found = retention_suite([margin_part(a, b) for a, b in tasks], margin=0.05)
    table = [((a > b).sum(), (b > a).sum(), a.size) for a, b in tasks]

    def z(value: float) -> float:
        parts = [(float(x) / n, float(v) / n**2) for b, c, n in table for x, v in [tango_parts(b, c, n, value)]]
        return sum(x for x, _ in parts) / math.sqrt(sum(v for _, v in parts))

    critical = 1.959963984540054
    assert found.low == pytest.approx(optimize.brentq(lambda d: z(d) - critical, -0.9, found.difference), abs=1e-9)
    assert found.high == pytest.approx(optimize.brentq(lambda d: z(d) + critical, found.difference, 0.9), abs=1e-9)


def test_parts_are_the_statistic() -> None:
    excess, variance = tango_parts(12, 3, 100, np.array([-0.2, 0.0, 0.3]))
    assert (excess / np.sqrt(variance)).tolist() == tango_z(12, 3, 100, np.array([-0.2, 0.0, 0.3])).tolist()


def test_a_sample_that_shows_no_loss_is_no_proof() -> None:
    """Three tasks of 30 items without an error: the sample's variance is 0, that under a loss of 2 points is not."""
    same = np.ones(30)
    tasks = [(same, same), (same, same), (np.r_[1.0, same[1:]], np.r_[0.0, same[1:]])]
    plain = aggregate_difference([difference_part(a, b) for a, b in tasks])
    assert retention_aggregate(plain, margin=0.02, n=90).retained
    suite = retention_suite([margin_part(a, b) for a, b in tasks], margin=0.02)
    assert not suite.retained
    assert suite.n_needed is not None and suite.n_needed > 90


def test_graded_tasks_bring_their_own_error() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random(50), rng.random(50)
    only = retention_suite([margin_part(a, b)], margin=0.1)
    plain = aggregate_difference([difference_part(a, b)])
    assert (only.low, only.high) == pytest.approx((plain.ci_low, plain.ci_high), abs=1e-9)
    still = margin_part(np.full(50, 0.5), np.full(50, 0.5))
    assert still.counts is None and still.se > 0


def test_unusable_input_is_named() -> None:
    part = MarginPart(difference=0.0, n=10, clusters=None, df=9, se=0.1)
    with pytest.raises(NotEnoughItemsError):
        retention_suite([], margin=0.05)
    with pytest.raises(SettingError, match="margin"):
        retention_suite([part], margin=1.5)
    with pytest.raises(ScoreError, match="difference of shares"):
        retention_suite([MarginPart(difference=1.5, n=10, clusters=None, df=9, se=0.1)], margin=0.05)
