"""Student's t, the normal, beta and binomial distribution, as `scipy.stats` computes them, from `scipy.special`.

`scipy.stats` takes about a second to import, which is a good part of a short command; what is needed often is here, and
what is needed seldom is reached as `scipy.stats.NAME`, which imports it then.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from finbench.stats.validation import FloatArray


def t_sf(x: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """Chance of more than x under Student's t; `df` may be infinite."""
    return _floats(special.stdtr(df, np.negative(x)))


def t_isf(q: npt.ArrayLike, df: npt.ArrayLike) -> FloatArray:
    """The value that Student's t exceeds with chance q, 0 < q < 1; `df` may be infinite."""
    return _floats(np.negative(special.stdtrit(df, q)))


def norm_cdf(x: npt.ArrayLike) -> FloatArray:
    """Chance of at most x under the standard normal distribution."""
    return _floats(special.ndtr(x))


def norm_sf(x: npt.ArrayLike) -> FloatArray:
    """Chance of more than x under the standard normal distribution."""
    return _floats(special.ndtr(np.negative(x)))


def norm_isf(q: npt.ArrayLike) -> FloatArray:
    """The value that a standard normal variable exceeds with chance q."""
    return _floats(np.negative(special.ndtri(q)))


def beta_ppf(q: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> FloatArray:
    """The value that a beta variable stays below with chance q."""
    return _floats(special.betaincinv(a, b, q))


def beta_isf(q: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> FloatArray:
    """The value that a beta variable exceeds with chance q."""
    return _floats(special.betainccinv(a, b, q))


def binom_cdf(k: npt.ArrayLike, n: npt.ArrayLike, p: float) -> FloatArray:
    """Chance of at most k successes of n, by the incomplete beta function; k and n are whole numbers."""
    successes, trials = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    inside = (successes >= 0) & (successes < trials)
    failures, further = np.where(inside, trials - successes, 1.0), np.where(inside, successes + 1, 1.0)
    within = special.betainc(failures, further, 1 - p)
    return _floats(np.where(inside, within, np.where(successes < 0, 0.0, 1.0)))


def _floats(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
