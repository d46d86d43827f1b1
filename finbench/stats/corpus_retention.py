"""Was a skill kept, by a metric of the whole set (macro-F1, MCC, entity-F1)? The jackknife's t against the margin."""

from __future__ import annotations

from finbench.stats.distributions import t_sf
from finbench.stats.jackknife import JackknifeDifference
from finbench.stats.retention import Retention, items_needed, judge
from finbench.stats.validation import check_margin


def retention_jackknife(difference: JackknifeDifference, *, margin: float) -> Retention:
    """Was a skill kept, measured by a metric of the whole set?

    Args:
        difference: Candidate (system A) minus baseline, from `jackknife_difference`.
        margin: In the units of the metric, declared before the run.

    Returns:
        The verdict with its evidence; where nothing varies, p_retained is only said to lie on its side of the level.

    Raises:
        SettingError: If `margin` is not above 0.
    """
    check_margin(margin)
    level, estimate, needed = difference.level, difference.difference, None
    if difference.se > 0:
        p = float(t_sf((estimate + margin) / difference.se, difference.df))
        needed = items_needed(estimate, difference.se**2, margin, level, difference.n, 0.0)
    else:
        p = (1 - level) / 2 if difference.ci_low > -margin else 1.0
    return judge(
        difference=estimate,
        low=difference.ci_low,
        high=difference.ci_high,
        level=level,
        margin=margin,
        p=p,
        n=difference.n,
        clusters=difference.clusters if difference.clusters < difference.n else None,
        n_needed=needed,
        method=difference.method,
    )
