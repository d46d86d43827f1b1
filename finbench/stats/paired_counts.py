"""Two systems on the same items, right or wrong, from the four counts: tests and intervals, for numbers or arrays.

Notation: of n items, only the first system is right on `only_a`, only the second on `only_b`. All functions take
numbers or arrays of one shape and work element by element, so that all pairs of a leaderboard are one call. The counts
are not checked here: `finbench.stats.paired` and `finbench.stats.pairs` make them from scores.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from finbench.stats.distributions import binom_cdf, t_isf
from finbench.stats.proportions import normal_critical
from finbench.stats.validation import FloatArray

# Halving [-1, 1] this often leaves less than one unit in the last place of a double.
_HALVINGS = 60


def mcnemar_midp_p(only_a: npt.ArrayLike, only_b: npt.ArrayLike) -> FloatArray:
    """Two-sided mid-p value of McNemar's test; 1 where the counts are equal.

    Fagerland, Lydersen and Laake 2013, doi:10.1186/1471-2288-13-91, who recommend it over the exact
    and the continuity-corrected test.
    """
    a, b = _counts(only_a, only_b)
    low, total = np.minimum(a, b), a + b
    p = binom_cdf(low, total, 0.5) + binom_cdf(low - 1, total, 0.5)
    return np.asarray(np.where(a == b, 1.0, np.minimum(p, 1.0)), dtype=np.float64)


def mcnemar_exact_p(only_a: npt.ArrayLike, only_b: npt.ArrayLike) -> FloatArray:
    """Two-sided exact conditional p-value of McNemar's test, never too small but too cautious."""
    a, b = _counts(only_a, only_b)
    p = 2 * binom_cdf(np.minimum(a, b), a + b, 0.5)
    return np.asarray(np.where(a == b, 1.0, np.minimum(p, 1.0)), dtype=np.float64)


def tango_z(only_a: npt.ArrayLike, only_b: npt.ArrayLike, n: npt.ArrayLike, difference: npt.ArrayLike) -> FloatArray:
    """Tango's score statistic for the hypothesis that share(a) - share(b) is `difference`.

    z = (only_a - only_b - n d) / sqrt(n (2 q + d (1 - d))) with q the restricted maximum likelihood estimate of the
    chance that only b is right: Tango 1998 (Statistics in Medicine 17, 891-908). Falls as `difference` rises.

    Args:
        only_a: Items that only the first system has right.
        only_b: Items that only the second system has right.
        n: Number of items.
        difference: Hypothetical difference, -1 to 1.

    Returns:
        The statistic; 0 where numerator and variance are both 0, infinite where only the variance is.
    """
    excess, variance = tango_parts(only_a, only_b, n, difference)
    infinite = np.where(excess == 0, 0.0, np.copysign(np.inf, excess))
    z = np.divide(excess, np.sqrt(variance), out=np.asarray(infinite, dtype=np.float64), where=variance > 0)
    return np.asarray(z, dtype=np.float64)


def tango_parts(
    only_a: npt.ArrayLike, only_b: npt.ArrayLike, n: npt.ArrayLike, difference: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Numerator of Tango's statistic and its variance under the hypothesis, in items; see `tango_z`.

    Returns:
        only_a - only_b - n d, and n (2 q + d (1 - d)).
    """
    a, b = _counts(only_a, only_b)
    items, delta = np.asarray(n, dtype=np.float64), np.asarray(difference, dtype=np.float64)
    # The roles of the systems are swapped where delta < 0, so that no two nearly equal numbers are subtracted below.
    flip = delta < 0
    first, second, d = np.where(flip, b, a), np.where(flip, a, b), np.abs(delta)
    linear = (2 * items - first + second) * d - first - second
    root = np.sqrt(linear**2 + 8 * items * second * d * (1 - d))
    only_second = np.where(
        linear > 0,
        np.divide(2 * second * d * (1 - d), root + linear, out=np.zeros_like(root), where=root + linear > 0),
        (root - linear) / (4 * items),
    )
    variance = items * (2 * only_second + d * (1 - d))
    excess = first - second - items * d
    return np.asarray(np.where(flip, -excess, excess), dtype=np.float64), np.asarray(variance, dtype=np.float64)


def tango_bounds(
    only_a: npt.ArrayLike, only_b: npt.ArrayLike, n: npt.ArrayLike, *, level: float, df: float = math.inf
) -> tuple[FloatArray, FloatArray]:
    """Tango's score interval for share(a) - share(b), by bisection of `tango_z`; +-z^2/(n+z^2) without discordance.

    Args:
        only_a: Items that only the first system has right.
        only_b: Items that only the second system has right.
        n: Number of items.
        level: Confidence level.
        df: Degrees of freedom of the critical value; infinite for the normal distribution.

    Returns:
        Low and high ends, shape of the counts.
    """
    a, b = _counts(only_a, only_b)
    a, b, items = np.broadcast_arrays(a, b, np.asarray(n, dtype=np.float64))
    critical = float(t_isf((1 - level) / 2, df))
    # The low end is the high end with the systems swapped; both are found in one pass.
    ends = _tango_upper(np.stack((b, a)), np.stack((a, b)), np.stack((items, items)), critical)
    return -ends[0], ends[1]


def bonett_price_bounds(
    only_a: npt.ArrayLike, only_b: npt.ArrayLike, n: npt.ArrayLike, *, level: float
) -> tuple[FloatArray, FloatArray]:
    """Wald's interval with one item added to each discordant cell.

    Bonett and Price 2012, doi:10.3102/1076998611411915. Closed form, a little too wide.
    """
    a, b = _counts(only_a, only_b)
    items = np.asarray(n, dtype=np.float64) + 2
    p, q = (a + 1) / items, (b + 1) / items
    half = normal_critical(level) * np.sqrt((p + q - (p - q) ** 2) / items)
    return np.maximum(p - q - half, -1.0), np.minimum(p - q + half, 1.0)


def _tango_upper(a: FloatArray, b: FloatArray, n: FloatArray, critical: float) -> FloatArray:
    low, high = (a - b) / n, np.ones(a.shape)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = tango_z(a, b, n, middle) > -critical
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    none = (a == 0) & (b == 0)
    return np.asarray(np.where(none, critical**2 / (n + critical**2), (low + high) / 2), dtype=np.float64)


def _counts(only_a: npt.ArrayLike, only_b: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    return np.asarray(only_a, dtype=np.float64), np.asarray(only_b, dtype=np.float64)
