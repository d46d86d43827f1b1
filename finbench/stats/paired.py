"""Two systems on the same independent items, right or wrong: McNemar's test and intervals for the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.distributions import norm_sf
from finbench.stats.errors import SettingError
from finbench.stats.paired_counts import bonett_price_bounds, mcnemar_exact_p, mcnemar_midp_p, tango_bounds, tango_z
from finbench.stats.proportions import normal_critical, wilson_bounds
from finbench.stats.validation import check_level, paired_binary_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTable:
    """How often two systems are right on the same items.

    Attributes:
        both: Items that both have right.
        only_a: Items that only the first has right.
        only_b: Items that only the second has right.
        neither: Items that neither has right.
    """

    both: int
    only_a: int
    only_b: int
    neither: int

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        if min(self.both, self.only_a, self.only_b, self.neither) < 0 or self.n < 1:
            raise SettingError(f"a paired table needs counts of at least 0 and one item in all, got {self}")

    @property
    def n(self) -> int:
        """Number of items."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def difference(self) -> float:
        """Share right of the first minus share right of the second."""
        return (self.only_a - self.only_b) / self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A test of "both systems are right equally often".

    Attributes:
        n: Number of items.
        only_a: Items that only the first system has right.
        only_b: Items that only the second system has right.
        p: Two-sided p-value.
        method: "mcnemar-midp" or "mcnemar-exact".
    """

    n: int
    only_a: int
    only_b: int
    p: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceInterval:
    """An interval for the difference of two shares on the same items.

    Attributes:
        difference: Share right of the first minus share right of the second.
        low: Lower end.
        high: Upper end.
        level: Confidence level.
        n: Number of items.
        method: "tango", "bonett-price" or "newcombe".
    """

    difference: float
    low: float
    high: float
    level: float
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTest:
    """A one-sided test against a margin.

    Attributes:
        difference: Share right of the first minus share right of the second.
        margin: The hypothesis is "the true difference is -margin or less".
        z: Tango's score statistic at -margin.
        p: One-sided p-value; small values say that the loss is smaller than the margin.
        n: Number of items.
        method: "tango".
    """

    difference: float
    margin: float
    z: float
    p: float
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedBinary:
    """The whole comparison of two systems on independent items, right or wrong.

    Attributes:
        n: Number of items.
        both: Items that both have right.
        only_a: Items that only the first has right.
        only_b: Items that only the second has right.
        neither: Items that neither has right.
        difference: Share right of the first minus share right of the second.
        ci_low: Lower end of Tango's interval.
        ci_high: Upper end of Tango's interval.
        level: Confidence level.
        p: Two-sided McNemar mid-p value.
        method: "mcnemar-midp+tango".
    """

    n: int
    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    ci_low: float
    ci_high: float
    level: float
    p: float
    method: str


def paired_table(a: npt.ArrayLike, b: npt.ArrayLike) -> PairedTable:
    """Count on which items each of two systems is right.

    Args:
        a: 0/1 scores of the first system (the candidate), shape (n_items,); unanswered = 0.
        b: 0/1 scores of the second system (the baseline), same items in the same order.

    Returns:
        The four counts.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
    """
    x, y = paired_binary_of(a, b)
    both, only_a, only_b = (int(np.count_nonzero(mask)) for mask in ((x * y) > 0, x > y, y > x))
    return PairedTable(both=both, only_a=only_a, only_b=only_b, neither=x.size - both - only_a - only_b)


def mcnemar_midp(a: npt.ArrayLike, b: npt.ArrayLike) -> PairedTest:
    """Are two systems right equally often on the same independent items? Mid-p version of McNemar's test.

    Close to its level where the exact test is too cautious: Fagerland, Lydersen and Laake 2013,
    doi:10.1186/1471-2288-13-91.

    Args:
        a: 0/1 scores of the first system, shape (n_items,).
        b: 0/1 scores of the second system, same items in the same order.

    Returns:
        Discordant counts and two-sided p-value; 1 where they are equal.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
    """
    table = paired_table(a, b)
    p = float(mcnemar_midp_p(table.only_a, table.only_b))
    return PairedTest(n=table.n, only_a=table.only_a, only_b=table.only_b, p=p, method="mcnemar-midp")


def mcnemar_exact(a: npt.ArrayLike, b: npt.ArrayLike) -> PairedTest:
    """Are two systems right equally often on the same independent items? Exact conditional McNemar test.

    The conservative option: a binomial test on the discordant items (McNemar 1947, doi:10.1007/BF02295996).

    Args:
        a: 0/1 scores of the first system, shape (n_items,).
        b: 0/1 scores of the second system, same items in the same order.

    Returns:
        Discordant counts and two-sided p-value.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
    """
    table = paired_table(a, b)
    p = float(mcnemar_exact_p(table.only_a, table.only_b))
    return PairedTest(n=table.n, only_a=table.only_a, only_b=table.only_b, p=p, method="mcnemar-exact")


def tango(a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95) -> DifferenceInterval:
    """Score interval for the difference of two shares on the same independent items.

    Tango 1998 (Statistics in Medicine 17, 891-908); recommended by Fagerland, Lydersen and Laake 2014,
    doi:10.1002/sim.6148.

    Args:
        a: 0/1 scores of the first system, shape (n_items,).
        b: 0/1 scores of the second system, same items in the same order.
        level: Confidence level.

    Returns:
        Difference a - b with its interval.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        SettingError: If `level` is not between 0 and 1.
    """
    return tango_interval(paired_table(a, b), level=level)


def tango_interval(table: PairedTable, *, level: float = 0.95) -> DifferenceInterval:
    """`tango` from counts."""
    low, high = tango_bounds(table.only_a, table.only_b, table.n, level=check_level(level))
    return _interval(table, float(low), float(high), level, "tango")


def tango_test(table: PairedTable, *, margin: float) -> ScoreTest:
    """One-sided score test of "the first system is worse than the second by `margin` or more".

    Tango 1998 (Statistics in Medicine 17, 891-908). z exceeds the normal critical value exactly where Tango's lower
    bound lies above -margin.

    Args:
        table: The four counts.
        margin: As a share, in (-1, 1); 0 tests superiority.

    Returns:
        Statistic and one-sided p-value.

    Raises:
        SettingError: If `margin` is not in (-1, 1).
    """
    if not -1 < margin < 1:
        raise SettingError(f"a margin for shares must lie between -1 and 1, got {margin}")
    z = float(tango_z(table.only_a, table.only_b, table.n, -margin))
    p = float(norm_sf(z))
    return ScoreTest(difference=table.difference, margin=margin, z=z, p=p, n=table.n, method="tango")


def bonett_price(a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95) -> DifferenceInterval:
    """Adjusted Wald interval for the difference of two shares; see `bonett_price_bounds` for the source.

    Args:
        a: 0/1 scores of the first system, shape (n_items,).
        b: 0/1 scores of the second system, same items in the same order.
        level: Confidence level.

    Returns:
        Difference a - b with its interval, which is centred a little nearer to 0.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        SettingError: If `level` is not between 0 and 1.
    """
    return bonett_price_interval(paired_table(a, b), level=level)


def bonett_price_interval(table: PairedTable, *, level: float = 0.95) -> DifferenceInterval:
    """`bonett_price` from counts."""
    low, high = bonett_price_bounds(table.only_a, table.only_b, table.n, level=check_level(level))
    return _interval(table, float(low), float(high), level, "bonett-price")


def newcombe(a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95) -> DifferenceInterval:
    """Square-and-add interval: two Wilson intervals joined through the correlation of the systems.

    Newcombe 1998 (Statistics in Medicine 17, 2635-2650), method 10.

    Args:
        a: 0/1 scores of the first system, shape (n_items,).
        b: 0/1 scores of the second system, same items in the same order.
        level: Confidence level.

    Returns:
        Difference a - b with its interval.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        SettingError: If `level` is not between 0 and 1.
    """
    return newcombe_interval(paired_table(a, b), level=level)


def newcombe_interval(table: PairedTable, *, level: float = 0.95) -> DifferenceInterval:
    """`newcombe` from counts."""
    critical, n = normal_critical(check_level(level)), table.n
    right_a, right_b = table.both + table.only_a, table.both + table.only_b
    p, q = right_a / n, right_b / n
    (low_a, high_a), (low_b, high_b) = wilson_bounds(p, n, critical), wilson_bounds(q, n, critical)
    scale = math.sqrt(right_a * (n - right_a) * right_b * (n - right_b))
    cross: float = table.both * table.neither - table.only_a * table.only_b
    if cross > 0:
        cross = max(cross - n / 2, 0)
    phi = cross / scale if scale > 0 else 0.0
    below, above, other_below, other_above = p - low_a, high_a - p, q - low_b, high_b - q
    down = math.sqrt(max(below**2 - 2 * phi * below * other_above + other_above**2, 0.0))
    up = math.sqrt(max(above**2 - 2 * phi * above * other_below + other_below**2, 0.0))
    return _interval(table, table.difference - down, table.difference + up, level, "newcombe")


def paired_binary(a: npt.ArrayLike, b: npt.ArrayLike, *, level: float = 0.95) -> PairedBinary:
    """The default comparison of two systems on independent items: McNemar's mid-p with Tango's interval.

    The two come from different test statistics: near the level one may exclude "no difference" and the other not.
    The p-value decides; the interval says how large the difference may be.

    Args:
        a: 0/1 scores of the first system (the candidate), shape (n_items,); unanswered = 0.
        b: 0/1 scores of the second system (the baseline), same items in the same order.
        level: Confidence level of the interval.

    Returns:
        Counts, difference a - b, interval and two-sided p-value.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        SettingError: If `level` is not between 0 and 1.
    """
    table = paired_table(a, b)
    interval = tango_interval(table, level=level)
    return PairedBinary(
        n=table.n,
        both=table.both,
        only_a=table.only_a,
        only_b=table.only_b,
        neither=table.neither,
        difference=table.difference,
        ci_low=interval.low,
        ci_high=interval.high,
        level=level,
        p=float(mcnemar_midp_p(table.only_a, table.only_b)),
        method="mcnemar-midp+tango",
    )


def _interval(table: PairedTable, low: float, high: float, level: float, method: str) -> DifferenceInterval:
    return DifferenceInterval(difference=table.difference, low=low, high=high, level=level, n=table.n, method=method)
