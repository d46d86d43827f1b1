"""What every page says of one run, computed once."""

from __future__ import annotations

from dataclasses import dataclass

from finbench.results.rank import Memory
from finbench.results.runs import Run, column
from finbench.results.scores import ScoreInterval
from finbench.stats.proportions import wilson
from leaderboard.baselines import label_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run with what the pages say of it.

    Attributes:
        near_chance: whether its share of right answers cannot be told from guessing.
        below_chance: whether it is worse than guessing, as where most answers cannot be read.
        not_above_majority: whether it cannot be told from always naming the most frequent label.
        followed_format: share of samples whose answer stood in the format asked for, where that was recorded.
        outcomes: how many samples ended as each outcome, counted once for all pages.
        collapsed: the one class that nearly all samples were answered with, if there is one.
    """

    run: Run
    score: ScoreInterval
    near_chance: bool
    below_chance: bool
    not_above_majority: bool
    followed_format: float | None
    outcomes: dict[str, int]
    collapsed: str | None


def facts_of(run: Run, memory: Memory | None = None) -> RunFacts:
    """What the pages say of a run."""
    formats = [kept for kept in column(run.items, "followed_format") if kept is not None]
    near, below, majority = False, False, False
    labels = label_shares(run)
    if labels is not None:
        classes, shares = labels
        share = wilson([float(outcome == "correct") for outcome in column(run.items, "outcome")])
        near, below = share.low <= 1.0 / classes <= share.high, share.high < 1.0 / classes
        majority = share.low <= max(shares)
    return RunFacts(
        run=run,
        score=(memory or Memory()).score(run),
        near_chance=near,
        below_chance=below,
        not_above_majority=majority,
        followed_format=sum(formats) / len(formats) if formats else None,
        outcomes=run.outcomes,
        collapsed=run.collapsed,
    )
