"""Tango's score interval where right-or-wrong items come in clusters."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy.typing as npt

from finbench.stats.distributions import t_sf
from finbench.stats.errors import SettingError
from finbench.stats.means import clustered_se
from finbench.stats.paired_counts import tango_bounds, tango_z
from finbench.stats.validation import check_level, clusters_of, paired_binary_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredTango:
    """Discordant counts of two systems with what clustering does to them.

    Attributes:
        only_a: Items that only the first system has right.
        only_b: Items that only the second system has right.
        n: Number of items.
        clusters: Number of clusters G.
        design_effect: Clustered variance of the difference over the plain one, at least 1.
        df: Degrees of freedom, G - 1.
        variance: Variance of the difference: the plain one times `design_effect`.
    """

    only_a: int
    only_b: int
    n: int
    clusters: int
    design_effect: float
    df: float
    variance: float

    @property
    def difference(self) -> float:
        """Share right of the first minus share right of the second."""
        return (self.only_a - self.only_b) / self.n

    def interval(self, *, level: float = 0.95) -> tuple[float, float]:
        """Low and high end of the score interval for the difference.

        Raises:
            SettingError: If `level` is not between 0 and 1.
        """
        check_level(level)
        low, high = tango_bounds(*self._effective(), level=level, df=self.df)
        return float(low), float(high)

    def p_above(self, value: float) -> float:
        """One-sided p-value against "the true difference is `value` or less".

        Raises:
            SettingError: If `value` is not in (-1, 1).
        """
        if not -1 < value < 1:
            raise SettingError(f"a difference of shares must lie between -1 and 1, got {value}")
        return float(t_sf(float(tango_z(*self._effective(), value)), self.df))

    def p_below(self, value: float) -> float:
        """One-sided p-value against "the true difference is `value` or more"."""
        return 1 - self.p_above(value)

    def _effective(self) -> tuple[float, float, float]:
        effect = self.design_effect
        return self.only_a / effect, self.only_b / effect, self.n / effect


def clustered_tango(a: npt.ArrayLike, b: npt.ArrayLike, clusters: Iterable[Hashable] | npt.ArrayLike) -> ClusteredTango:
    """Score inference for the difference of two shares on clustered items, at any hypothetical difference.

    Tango's statistic (1998, Statistics in Medicine 17, 891-908) on counts divided by the design effect, with t(G - 1):
    what Korn and Graubard 1998 (Survey Methodology 24, 193-201) do for one share, as in `wilson`. Against a margin it
    is needed because the variance belongs to the hypothesis: clustered t takes it from a sample that, by luck, shows
    few losses, and so calls lost skills retained two to three times too often at high accuracy (docs/statistics.md,
    table G). The design effect is 1 where nothing is discordant.

    Args:
        a: 0/1 scores of the first system (the candidate), shape (n_items,).
        b: 0/1 scores of the second system (the baseline), same items in the same order.
        clusters: One label per item.

    Returns:
        Counts, from which interval and one-sided p-values follow.

    Raises:
        PairingError: If the shapes differ.
        ScoreError: If a score is missing or neither 0 nor 1.
        ClusterError: If a label is missing; `NotEnoughClustersError` for fewer than two clusters.
    """
    x, y = paired_binary_of(a, b)
    groups = clusters_of(clusters, x.size)
    groups.require()
    values = x - y
    # One item cannot be a cluster variance: two clusters mean two items, so n - 1 is at least 1.
    plain = float(values.var(ddof=1)) / values.size
    clustered = clustered_se(values, groups) ** 2
    effect = max(clustered / plain, 1.0) if plain > 0 else 1.0
    return ClusteredTango(
        only_a=int((x > y).sum()),
        only_b=int((y > x).sum()),
        n=x.size,
        clusters=groups.count,
        design_effect=effect,
        df=float(groups.count - 1),
        variance=plain * effect,
    )
