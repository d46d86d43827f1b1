"""Options that name a model which no log is of: most often a slip of the pen, and else without any effect to see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from finbench.results.runs import Run
from leaderboard.audits import Audit
from leaderboard.prices import Price, names_of
from leaderboard.text import clean, count

#: So many names of one option are written out, and so many of the logs' models.
_MOST, _MOST_KNOWN = 5, 12


def unknown_names(runs: Iterable[Run], audits: Iterable[Audit], prices: Mapping[str, Price]) -> tuple[str, ...]:
    """A sentence for each name of `--audit` and `--prices` that is no model of the logs, with the nearest ones.

    Args:
        runs: the runs of the site.
        audits: audits of one model each, or of all.
        prices: of models, by model string or public name.
    """
    shown = list(runs)
    public = {run.model for run in shown}
    audited = {audit.model for audit in audits if audit.model is not None}
    return (
        *_sentences("--audit", audited - public, public, public),
        *_sentences("--prices", set(prices) - {name for run in shown for name in names_of(run)}, public, _all(shown)),
    )


def _all(runs: Iterable[Run]) -> set[str]:
    return {name for run in runs for name in names_of(run) if name}


def _sentences(option: str, unknown: Collection[str], public: Collection[str], known: Collection[str]) -> list[str]:
    if not unknown:
        return []
    listed = [clean(name) for name in sorted(public)]
    more = f" and {count(len(listed) - _MOST_KNOWN)} more" if len(listed) > _MOST_KNOWN else ""
    models = ", ".join(listed[:_MOST_KNOWN]) + more
    found = []
    for name in sorted(unknown)[:_MOST]:
        near = get_close_matches(name, sorted(known), n=3)
        hint = f"did you mean {' or '.join(clean(one) for one in near)}? " if near else ""
        found.append(f"{option} names '{clean(name)}', and no log is of it; {hint}the logs are of {models}")
    if len(unknown) > _MOST:
        found.append(f"{option}: no log is of {count(len(unknown) - _MOST)} more of its names")
    return found
