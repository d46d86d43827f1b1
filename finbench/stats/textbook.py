"""What textbooks and papers report and the decision table does not choose: to reproduce their figures, not to claim.

McNemar's chi-square errs with few discordant items, Wald's interval has no width where none differs, and a Bayesian
interval of one share is Wilson's in other words. `finbench.stats.paired` and `.proportions` have what is used instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy

from finbench.stats.errors import SettingError
from finbench.stats.paired import DifferenceInterval, PairedTable
from finbench.stats.proportions import ProportionInterval, check_counts, normal_critical
from finbench.stats.validation import check_level


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquareTest:
    """McNemar's test by chi-square.

    Attributes:
        statistic: Chi-square with one degree of freedom; 0 where no item is discordant.
        p: Two-sided p-value.
        corrected: Whether the statistic is corrected for continuity.
        n: Number of items.
    """

    statistic: float
    p: float
    corrected: bool
    n: int


def mcnemar_chi_square(table: PairedTable, *, corrected: bool = True) -> ChiSquareTest:
    """McNemar's test as first published (McNemar 1947, doi:10.1007/BF02295996), with Edwards' correction or without.

    Edwards 1948, doi:10.1007/BF02289261. As R's `mcnemar.test`.

    Args:
        table: The four counts, from `paired_table`.
        corrected: Take 1 (at most the difference itself) off the difference of the discordant counts.
    """
    excess, discordant = abs(table.only_a - table.only_b), table.only_a + table.only_b
    if corrected:
        excess = max(excess - 1, 0)
    statistic = excess**2 / discordant if discordant else 0.0
    return ChiSquareTest(
        statistic=statistic, p=float(scipy.stats.chi2.sf(statistic, 1)), corrected=corrected, n=table.n
    )


def wald_interval(table: PairedTable, *, level: float = 0.95) -> DifferenceInterval:
    """Difference of two shares on the same items plus and minus z standard errors; it may leave -1 to 1.

    Args:
        table: The four counts, from `paired_table`.
        level: Confidence level.

    Raises:
        SettingError: If `level` is not between 0 and 1.
    """
    difference, n = table.difference, table.n
    variance = ((table.only_a + table.only_b) / n - difference**2) / n
    half = normal_critical(check_level(level)) * math.sqrt(max(variance, 0.0))
    return DifferenceInterval(
        difference=difference, low=difference - half, high=difference + half, level=level, n=n, method="wald"
    )


def beta_interval(correct: int, n: int, *, prior: float = 0.5, level: float = 0.95) -> ProportionInterval:
    """Equal-tailed posterior interval of a share under a Beta(prior, prior).

    Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286. 0.5 is Jeffreys' prior, 1 the flat one.

    Args:
        correct: Number of items answered rightly.
        n: Number of items.
        prior: Both parameters of the prior, above 0.
        level: Share of the posterior inside.

    Raises:
        SettingError: If the counts are not 0 <= correct <= n with n >= 1, or a setting is outside its range.
    """
    check_counts(correct, n)
    if not (math.isfinite(prior) and prior > 0):
        raise SettingError(f"the prior's parameter must be a finite number above 0, got {prior}")
    tail = (1 - check_level(level)) / 2
    posterior = scipy.stats.beta(correct + prior, n - correct + prior)
    return ProportionInterval(
        estimate=correct / n,
        low=float(posterior.ppf(tail)),
        high=float(posterior.isf(tail)),
        level=level,
        n=n,
        clusters=None,
        n_effective=float(n),
        method=f"beta({prior:g}, {prior:g})",
    )
