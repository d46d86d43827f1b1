"""Warnings that go with a number: few clusters, few items, a rare class, a saturated task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum

from finbench.stats.errors import SettingError

MIN_CLUSTERS_FOR_CLAIM = 5
FEW_CLUSTERS = 30
FEW_ITEMS = 50
RARE_CLASS = 10
SATURATED_ERRORS = 3
NEAR_END = 0.15


class Flag(StrEnum):
    """What a reader should know before trusting an interval or a p-value."""

    NO_CLAIM = "fewer than 5 clusters: no claim of significance"
    FEW_CLUSTERS = "fewer than 30 clusters, counted as clusters of equal size"
    FEW_ITEMS = "fewer than 50 items"
    RARE_CLASS = "a class with fewer than 10 items"
    SATURATED = "at most 3 items wrong, or at most 3 right"
    NEAR_END = "a t interval on scores within .15 of an end of the scale"


def flags(
    n: int,
    *,
    clusters: int | None = None,
    class_counts: Mapping[str, int] | None = None,
    correct: int | None = None,
    effective: float | None = None,
    distance: float | None = None,
) -> tuple[Flag, ...]:
    """Which warnings apply to a task's result.

    The limits come from the measured rates in docs/statistics.md: t with few clusters, macro-F1 with rare classes.

    Args:
        n: Number of items.
        clusters: Number of clusters, or None where items are independent.
        class_counts: Items per gold class, for corpus metrics; or None.
        correct: Number of items answered rightly, for binary tasks; or None.
        effective: Number of clusters of equal size that count as much, from `effective_clusters`; None: as `clusters`.
        distance: From the mean score to the nearer end of the scale, where the method is a t; or None.

    Returns:
        Flags in a fixed order.

    Raises:
        SettingError: If a count is negative, or clusters or right answers outnumber the items.
    """
    if n < 0 or not 0 <= (clusters or 0) <= n or not 0 <= (correct or 0) <= n:
        raise SettingError(f"counts that cannot be: {n} items, {clusters} clusters, {correct} right")
    found = {
        Flag.NO_CLAIM: clusters is not None and clusters < MIN_CLUSTERS_FOR_CLAIM,
        Flag.FEW_CLUSTERS: clusters is not None and min(clusters, effective or clusters) < FEW_CLUSTERS,
        Flag.FEW_ITEMS: n < FEW_ITEMS,
        Flag.RARE_CLASS: class_counts is not None and any(count < RARE_CLASS for count in class_counts.values()),
        Flag.SATURATED: correct is not None and min(correct, n - correct) <= SATURATED_ERRORS,
        Flag.NEAR_END: distance is not None and distance < NEAR_END,
    }
    return tuple(flag for flag in Flag if found[flag])


def effective_clusters(labels: Iterable[Hashable]) -> float:
    """How many clusters of equal size count as much as these: n^2 / sum of squared sizes.

    Carter, Schnepel and Steigerwald 2017, doi:10.1162/REST_a_00639, with the spread of sizes alone (their Gamma for a
    mean); a cluster-robust t on few large and many small clusters is as unsure as one on fewer clusters.

    Args:
        labels: One cluster label per item, at least one.
    """
    sizes = Counter(labels).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def may_claim(clusters: int | None) -> bool:
    """Whether a difference may be called significant: five clusters or more, or independent items."""
    return clusters is None or clusters >= MIN_CLUSTERS_FOR_CLAIM
