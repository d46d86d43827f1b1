"""What a comparison can show before it is run: minimum detectable effect, power, and the number of items needed.

Differences and margins are shares (0.02 is two percentage points). Discordance is the share of items on which exactly
one of the two systems is right, which is the variance of the item difference at equal accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from finbench.stats.distributions import norm_cdf, norm_isf, norm_sf, t_isf
from finbench.stats.errors import SettingError
from finbench.stats.validation import check_alpha, check_margin, numbers_of

DEFAULT_DISCORDANCE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """What a planned comparison can show.

    Attributes:
        items: Number of items n.
        clusters: Number of clusters, or None where items are independent.
        icc: Intra-cluster correlation of the item difference.
        design_effect: Factor by which clustering raises the variance.
        discordance: Share of items on which exactly one system is right.
        mde: Smallest true difference found with the target power, as a share.
        target_power: That power.
        alpha: Two-sided significance level.
        difference: The difference whose power was asked for, or None.
        power: Power to find it, or None.
        method: How `power` was computed: "mcnemar-midp-exact" or "noncentral-t"; None where it was not.
    """

    items: int
    clusters: int | None
    icc: float
    design_effect: float
    discordance: float
    mde: float
    target_power: float
    alpha: float
    difference: float | None
    power: float | None
    method: str | None


def plan(
    items: int,
    *,
    discordance: float = DEFAULT_DISCORDANCE,
    clusters: int | None = None,
    icc: float = 0.0,
    difference: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> PowerPlan:
    """Minimum detectable effect of a comparison and, for a given difference, its power.

    Args:
        items: Number of items.
        discordance: Share of items on which exactly one system is right, from a pilot or the default.
        clusters: Number of clusters of about equal size, or None. Their t quantiles replace the normal ones.
        icc: Intra-cluster correlation of the item difference, 0 to 1.
        difference: True difference to give the power for, or None.
        alpha: Two-sided significance level.
        power: Target power of the minimum detectable effect.

    Returns:
        The plan with its settings.

    Raises:
        SettingError: If a setting is outside its range, or |difference| exceeds the discordance.
    """
    if clusters is None:
        if icc:
            raise SettingError(f"an intra-cluster correlation of {icc} needs the number of clusters")
        effect, df = 1.0, math.inf
    else:
        if not 2 <= clusters <= items:
            raise SettingError(f"clusters must number from 2 to the number of items ({items}), got {clusters}")
        effect, df = design_effect([items / clusters], icc), float(clusters - 1)
    detectable = mde(items, discordance=discordance, design_effect=effect, alpha=alpha, power=power, df=df)
    found: float | None = None
    method: str | None = None
    if difference is not None:
        p10, p01 = _cells(difference, discordance)
        if clusters is None:
            found, method = mcnemar_power(items, p10, p01, alpha=alpha), "mcnemar-midp-exact"
        else:
            se = math.sqrt(max(discordance - difference**2, 0.0) * effect / items)
            found, method = t_power(difference, se, df, alpha=alpha), "noncentral-t"
    return PowerPlan(
        items=items,
        clusters=clusters,
        icc=icc,
        design_effect=effect,
        discordance=discordance,
        mde=detectable,
        target_power=power,
        alpha=alpha,
        difference=difference,
        power=found,
        method=method,
    )


def mde(
    n: int,
    *,
    discordance: float = DEFAULT_DISCORDANCE,
    design_effect: float = 1.0,
    alpha: float = 0.05,
    power: float = 0.8,
    df: float = math.inf,
) -> float:
    """Minimum detectable effect of a paired comparison, (z_(1-alpha/2) + z_power) sqrt(discordance deff / n).

    Connor 1987, doi:10.2307/2531961, with the variance at equal accuracy; for graded scores pass the variance of the
    item difference as `discordance`.

    Args:
        n: Number of items.
        discordance: Share of discordant items, above 0; or the variance of the item difference.
        design_effect: Factor by which clustering raises the variance.
        alpha: Two-sided significance level.
        power: Target power.
        df: Degrees of freedom (clusters - 1); infinite takes normal quantiles.

    Returns:
        The difference as a share.

    Raises:
        SettingError: If a setting is outside its range.
    """
    _check_items(n)
    return _quantiles(alpha, power, df) * math.sqrt(_variance(discordance, design_effect) / n)


def items_for_difference(
    difference: float,
    *,
    discordance: float = DEFAULT_DISCORDANCE,
    design_effect: float = 1.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Number of items to find a difference with the target power; the inverse of `mde`.

    Args:
        difference: True difference as a share, not 0.
        discordance: Share of discordant items, or the variance of the item difference.
        design_effect: Factor by which clustering raises the variance.
        alpha: Two-sided significance level.
        power: Target power.

    Returns:
        The number, rounded up.

    Raises:
        SettingError: If a setting is outside its range.
    """
    if not (math.isfinite(difference) and difference != 0):
        raise SettingError(f"the difference to find must be a finite number other than 0, got {difference}")
    return _ceil(_quantiles(alpha, power, math.inf) ** 2 * _variance(discordance, design_effect) / difference**2)


def noninferiority_items(
    margin: float,
    *,
    discordance: float = DEFAULT_DISCORDANCE,
    true_difference: float = 0.0,
    design_effect: float = 1.0,
    level: float = 0.95,
    power: float = 0.8,
) -> int:
    """Number of items to show that nothing was lost beyond the margin.

    (z + z_power)^2 discordance deff / (margin + true difference)^2 with the one-sided z of a two-sided interval at
    `level`: Nam 1997, doi:10.2307/2533508, with the variance at equal accuracy.

    Args:
        margin: Largest loss that still counts as retained, as a share.
        discordance: Share of discordant items, or the variance of the item difference.
        true_difference: Candidate minus baseline, above -margin.
        design_effect: Factor by which clustering raises the variance.
        level: Confidence level of the two-sided interval whose lower end is used.
        power: Target power.

    Returns:
        The number, rounded up.

    Raises:
        SettingError: If a setting is outside its range.
    """
    room = check_margin(margin) + true_difference
    if room <= 0:
        raise SettingError(f"a true loss of {-true_difference} is not within the margin of {margin}: no n can show it")
    return _ceil(_quantiles(1 - level, power, math.inf) ** 2 * _variance(discordance, design_effect) / room**2)


def mcnemar_power(
    n: int, p10: float, p01: float, *, alpha: float = 0.05, test: Literal["midp", "exact", "normal"] = "midp"
) -> float:
    """Power of McNemar's test: by complete enumeration over the discordant counts, or in closed form.

    Given m discordant items the test rejects outside a symmetric range of a Binomial(m, 1/2); m itself is
    Binomial(n, p10 + p01), and of the m a Binomial(m, p10 / (p10 + p01)) are wins of the first system. That is no
    approximation; "normal" is one, of Connor 1987, doi:10.2307/2531961, about a point off at a few hundred items.

    Args:
        n: Number of independent items.
        p10: Chance that only the first system is right.
        p01: Chance that only the second system is right.
        alpha: Two-sided significance level.
        test: Mid-p, exact, or the normal approximation to the chi-square test.

    Returns:
        Chance of p <= alpha; with p10 = p01 the size of the test (half of it for "normal", which looks at one side).

    Raises:
        SettingError: If a setting is outside its range.
    """
    _check_items(n)
    check_alpha(alpha)
    total = p10 + p01
    if not (p10 >= 0 and p01 >= 0 and total <= 1):
        raise SettingError(f"p10 and p01 must be shares whose sum is at most 1, got {p10} and {p01}")
    if n * total < 1e-12:
        return 0.0  # hardly any discordant item, so nothing can be found; scipy's pmf overflows at such shares
    if test == "normal":
        return _connor_power(n, abs(p10 - p01), total, alpha)
    # Ten standard deviations and a dozen items around the mean leave out less than 1e-15 of the mass.
    centre, spread = n * total, 10 * math.sqrt(n * total * (1 - total)) + 12
    m = np.arange(max(math.floor(centre - spread), 0), min(math.ceil(centre + spread), n) + 1)
    edge = scipy.stats.binom.ppf(alpha / 2, m, 0.5)
    at_edge = 2 * scipy.stats.binom.cdf(edge, m, 0.5)
    if test == "midp":
        at_edge = at_edge - scipy.stats.binom.pmf(edge, m, 0.5)
    # Relative room for rounding, so that a p-value that is alpha on paper counts as such.
    edge = np.where((at_edge <= alpha * (1 + 1e-12)) & (2 * edge < m), edge, edge - 1)
    reject = scipy.stats.binom.cdf(edge, m, p10 / total) + scipy.stats.binom.sf(m - edge - 1, m, p10 / total)
    return float(np.sum(scipy.stats.binom.pmf(m, n, total) * reject))


def t_power(difference: float, se: float, df: float, *, alpha: float = 0.05) -> float:
    """Power of a two-sided t test, from the noncentral t distribution.

    Args:
        difference: True difference.
        se: Standard error of its estimate, above 0.
        df: Degrees of freedom.
        alpha: Two-sided significance level.

    Returns:
        Chance to reject on either side.

    Raises:
        SettingError: If a setting is outside its range.
    """
    if not (se > 0 and df > 0):
        raise SettingError(f"power needs a standard error and degrees of freedom above 0, got {se} and {df}")
    critical = float(t_isf(check_alpha(alpha) / 2, df))
    shift = difference / se
    if math.isinf(df):
        return float(norm_sf(critical - shift) + norm_cdf(-critical - shift))
    return float(scipy.stats.nct.sf(critical, df, shift) + scipy.stats.nct.cdf(-critical, df, shift))


def design_effect(sizes: Sequence[float], icc: float) -> float:
    """Factor by which clusters raise the variance of a mean: 1 + (sum m^2 / sum m - 1) icc.

    Kish 1965, Survey Sampling, with the size of an item's own cluster averaged over items.

    Args:
        sizes: Number of items of each cluster (one mean size is enough where all are alike).
        icc: Intra-cluster correlation, 0 to 1.

    Returns:
        The factor, 1 for single items.

    Raises:
        SettingError: If a size is below 1 or `icc` is outside 0 to 1.
        ScoreError: If there are no sizes.
    """
    m = numbers_of(sizes, "cluster sizes")
    if (m < 1).any() or not 0 <= icc <= 1:
        raise SettingError(f"cluster sizes must be at least 1 and icc 0 to 1, got {m.min()} and {icc}")
    return 1 + (float((m**2).sum() / m.sum()) - 1) * icc


def paired_variance(omega2: float, within_a: float, within_b: float, epochs_a: int = 1, epochs_b: int = 1) -> float:
    """Variance of one item's difference when items are sampled several times: w^2 + s_A^2 / K_A + s_B^2 / K_B.

    Miller 2024, arXiv:2411.00640, power analysis. Use it as `discordance` in `mde` and
    `items_for_difference`; with w^2 = 1/9, no sampling noise and a difference of 0.03, 969 items are needed.

    Args:
        omega2: Variance over items of the difference of the two expected scores.
        within_a: Mean variance of the first system's score within an item.
        within_b: The same of the second system.
        epochs_a: Times each item is sampled from the first system.
        epochs_b: The same of the second system.

    Returns:
        The variance.

    Raises:
        SettingError: If a variance is negative or a number of epochs below 1.
    """
    if min(omega2, within_a, within_b) < 0 or min(epochs_a, epochs_b) < 1:
        raise SettingError("variances must be at least 0 and epochs at least 1")
    return omega2 + within_a / epochs_a + within_b / epochs_b


def _connor_power(n: int, difference: float, discordance: float, alpha: float) -> float:
    excess = math.sqrt(n) * difference - float(norm_isf(alpha / 2)) * math.sqrt(discordance)
    spread = math.sqrt(max(discordance - difference**2, 0.0))
    return float(norm_cdf(excess / spread)) if spread > 0 else float(excess > 0)


def _quantiles(alpha: float, power: float, df: float) -> float:
    check_alpha(alpha)
    if not 0 < power < 1:
        raise SettingError(f"power must lie strictly between 0 and 1, got {power}")
    return float(t_isf(alpha / 2, df) + t_isf(1 - power, df))


def _variance(discordance: float, design_effect: float) -> float:
    if not (math.isfinite(discordance) and discordance > 0 and design_effect > 0):
        raise SettingError(f"discordance and design effect must be above 0, got {discordance} and {design_effect}")
    return discordance * design_effect


def _check_items(n: int) -> None:
    if n < 1:
        raise SettingError(f"at least one item is needed, got {n}")


def _cells(difference: float, discordance: float) -> tuple[float, float]:
    if not abs(difference) <= discordance <= 1:
        raise SettingError(
            f"a difference of {difference} cannot come from {discordance} discordant items; "
            "the discordance must lie between |difference| and 1"
        )
    return (discordance + difference) / 2, (discordance - difference) / 2


def _ceil(value: float) -> int:
    # A hair of tolerance, so that n -> mde -> n comes back to n.
    return math.ceil(value * (1 - 1e-12))
