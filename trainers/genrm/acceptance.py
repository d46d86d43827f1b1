"""Whether rollouts show that a corrected step leads to the right answer more often than the wrong one."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from finbench.stats.proportions import wilson_counts

TEST = "fisher-exact-one-sided"


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Rollouts from a corrected and from a wrong prefix; shares from 0 to 1.

    Attributes:
        corrected: right rollouts from the corrected prefix.
        wrong: right rollouts from the wrong one.
        rollouts: of each.
        difference: share right from the corrected prefix minus that from the wrong one.
        ci_low: lower end of its 95 % interval (Newcombe 1998, Statistics in Medicine 17:873, method 10).
        ci_high: upper end.
        p: of Fisher's exact test that the corrected prefix is right more often.
        accepted: whether p is at most `alpha`.
    """

    corrected: int
    wrong: int
    rollouts: int
    difference: float
    ci_low: float
    ci_high: float
    p: float
    alpha: float
    accepted: bool


def judge_rollouts(corrected: int, wrong: int, rollouts: int, *, alpha: float) -> Gain:
    """The gain of a correction and whether it is shown.

    Args:
        corrected: right rollouts from the corrected prefix.
        wrong: right rollouts from the wrong prefix.
        rollouts: of each.
        alpha: largest p at which the correction is accepted.

    Raises:
        ValueError: counts that cannot be.
    """
    p = fisher_greater(corrected, wrong, rollouts)
    above, below = wilson_counts(corrected, rollouts), wilson_counts(wrong, rollouts)
    share, other = corrected / rollouts, wrong / rollouts
    low = ((share - above.low) ** 2 + (below.high - other) ** 2) ** 0.5
    high = ((above.high - share) ** 2 + (other - below.low) ** 2) ** 0.5
    return Gain(
        corrected=corrected,
        wrong=wrong,
        rollouts=rollouts,
        difference=share - other,
        ci_low=share - other - low,
        ci_high=share - other + high,
        p=p,
        alpha=alpha,
        accepted=p <= alpha,
    )


def fisher_greater(first: int, second: int, n: int) -> float:
    """P-value of Fisher's exact test that the first of two samples of size n has the higher rate.

    Given the total, the first count is hypergeometric (Fisher 1935, JRSS 98:39); integers, so it is exact.

    Raises:
        ValueError: counts outside 0..n, or n below 1.
    """
    if n < 1 or not (0 <= first <= n and 0 <= second <= n):
        raise ValueError(f"{first} and {second} are no counts out of {n}")
    total = first + second
    upper = sum(comb(n, k) * comb(n, total - k) for k in range(first, min(n, total) + 1))
    return upper / comb(2 * n, total)


def smallest_p(n: int) -> float:
    """The smallest p that n rollouts of each prefix can give: all right against none."""
    return 1 / comb(2 * n, n)


def least_gain(n: int, alpha: float) -> int | None:
    """Right rollouts of n that are accepted against none right; None where nothing can be accepted."""
    return next((k for k in range(1, n + 1) if fisher_greater(k, 0, n) <= alpha), None)
