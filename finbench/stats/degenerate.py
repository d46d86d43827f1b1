"""What can be said where scores do not vary at all, so that their standard error is 0 and tells nothing."""

from __future__ import annotations

import math

import numpy as np

from finbench.stats.distributions import t_sf
from finbench.stats.errors import DegenerateError
from finbench.stats.validation import FloatArray

_ROUNDING = 1e-12


def negligible(se: float, values: FloatArray) -> bool:
    """Whether a standard error is 0 but for rounding, beside the size of the values it was computed from."""
    return se <= _ROUNDING * max(float(np.abs(values).max()), np.finfo(np.float64).tiny)


def bounded_interval(mean: float, bounds: tuple[float, float], critical: float, units: int) -> tuple[float, float]:
    """Interval for a mean when all independent units showed one and the same value.

    The share q of units that would show another value is at most c^2 / (units + c^2) by Wilson's score interval for
    0 of `units`; each end of the interval puts that share at the far end of the scale. For scores of 0 and 1 this is
    Wilson's interval, and for paired scores without discordance Tango's (Statistics in Medicine 1998, 17, 891-908),
    +-z^2 / (n + z^2).

    Args:
        mean: The value that all units show.
        bounds: Lowest and highest value that the scale allows.
        critical: Two-sided critical value c of the normal or t distribution.
        units: Number of independent units (items, or clusters).

    Returns:
        Low and high end.
    """
    share = critical**2 / (units + critical**2)
    return mean - (mean - bounds[0]) * share, mean + (bounds[1] - mean) * share


def scale_of(values: FloatArray, bounds: tuple[float, float] | None) -> tuple[float, float]:
    """The scale of the scores: as given, else 0 to 1 where all values lie within it.

    Raises:
        DegenerateError: If values lie outside 0 to 1 and no bounds were given, or outside the bounds that were.
    """
    low, high = bounds if bounds is not None else (0.0, 1.0)
    if float(values.min()) < low or float(values.max()) > high:
        where = "the bounds given" if bounds is not None else "0 to 1"
        raise DegenerateError(
            f"all scores are equal, and {values.min()} to {values.max()} lies outside {where}: "
            "nothing bounds the mean; pass bounds=(lowest, highest) of the scale"
        )
    return low, high


def sign_flip_p(mean: float, units: int) -> float:
    """Exact two-sided sign-flip p-value when every unit shows the same difference: 2^(1-units), or 1 for no difference.

    It takes the place of the p = 0 that t would give, so that one item is never certain.
    """
    return 1.0 if mean == 0 else float(2.0 ** (1 - units))


def bounded_p(distance: float, reach: float, units: int, df: float) -> float:
    """One-sided p-value that belongs to `bounded_interval`: at which level does its end come `distance` near?

    Args:
        distance: From the mean to the hypothesis; negative where the mean lies on the wrong side.
        reach: From the mean to that end of the scale.
        units: Number of independent units.
        df: Degrees of freedom of the critical value; infinite for the normal distribution.

    Returns:
        p-value, 0 where the hypothesis lies beyond the scale.
    """
    if distance >= reach:
        return 0.0
    if distance <= 0:
        return 1.0
    share = distance / reach
    return float(t_sf(math.sqrt(units * share / (1 - share)), df))
