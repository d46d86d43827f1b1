"""The distributions are those of `scipy.stats`, which takes a second to import."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import scipy
from hypothesis import given
from hypothesis import strategies as st

from finbench.stats.distributions import (
    beta_isf,
    beta_ppf,
    binom_cdf,
    norm_cdf,
    norm_isf,
    norm_sf,
    t_isf,
    t_sf,
)

VALUES = st.floats(-40, 40)
CHANCES = st.floats(1e-12, 1 - 1e-12)
DEGREES = st.one_of(st.floats(0.5, 1e6), st.just(np.inf))


@given(x=VALUES, q=CHANCES, df=DEGREES)
def test_students_t_and_the_normal_are_scipys(x: float, q: float, df: float) -> None:
    t, norm = scipy.stats.t, scipy.stats.norm
    pairs = [
        (t_sf(x, df), t.sf(x, df)),
        (t_isf(q, df), t.isf(q, df)),
        (norm_cdf(x), norm.cdf(x)),
        (norm_sf(x), norm.sf(x)),
        (norm_isf(q), norm.isf(q)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=0)


@given(q=CHANCES, right=st.integers(0, 2000), wrong=st.integers(0, 2000))
def test_the_beta_is_scipys(q: float, right: int, wrong: int) -> None:
    beta = scipy.stats.beta
    np.testing.assert_allclose(beta_ppf(q, right + 1, wrong + 1), beta.ppf(q, right + 1, wrong + 1), rtol=1e-11)
    np.testing.assert_allclose(beta_isf(q, right + 1, wrong + 1), beta.isf(q, right + 1, wrong + 1), rtol=1e-11)


@given(
    n=st.lists(st.integers(0, 3000), min_size=1, max_size=20),
    share=st.floats(-0.1, 1.1),
    p=st.sampled_from([0.5, 0.1, 0.9]),
)
def test_the_binomial_is_scipys_below_inside_and_above(n: list[int], share: float, p: float) -> None:
    trials = np.array(n)
    k = np.floor(trials * share)
    np.testing.assert_allclose(binom_cdf(k, trials, p), scipy.stats.binom.cdf(k, trials, p), rtol=1e-10, atol=1e-300)


def test_no_command_that_compares_has_to_import_scipy_stats() -> None:
    code = "import sys, finbench.results.rank, finbench.results.compare; print('scipy.stats' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
