"""What stands around a ranking table: its address, marks of its runs, and what the evidence shows, in sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from statistics import median

from finbench.results.boards import question_of
from finbench.results.rank import Ranking, is_judged
from finbench.results.runs import Run
from leaderboard.collect import Collection
from leaderboard.tables import Badge
from leaderboard.text import clean, percent, plural

INCOMPLETE = Badge(text="not ranked", kind="warn", title="Only complete runs of all tasks of a table are ranked")
BASELINE = Badge(text="baseline", title="No model: what the references of these items give by themselves")
UNAUDITED = "not audited"


def board_slug(ranking: Ranking, address: str) -> str:
    """A name for a board that depends on its questions only."""
    key = "\n".join("\t".join(question.order) for question in ranking.board.questions)
    return f"{address}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def question_slug(run: Run) -> str:
    """The slug of the board of one question on the page of its task, less the start `task-`."""
    digest = hashlib.sha256("\t".join(question_of(run).order).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{run.task}-{digest}"


def is_judges(ranking: Ranking) -> bool:
    """Whether only a judge decides the scores: they are shown, and rank nobody."""
    return any(is_judged(run) for mine in ranking.board.runs.values() for run in mine)


def flag_badges(collection: Collection, runs: Sequence[Run], *, single: bool) -> tuple[Badge, ...]:
    """Marks for results that mean less than they seem to."""
    found = []
    for run in runs:
        facts, place = collection.facts(run), "" if single else f" on {clean(run.task, 24)}"
        if facts.collapsed is not None:
            answer = clean(facts.collapsed, 24)
            found.append(
                Badge(text=f"collapsed{place}", kind="warn", title=f"More than 95 % of the answers are '{answer}'")
            )
        if facts.below_chance:
            title = "Fewer right answers than guessing would give, as where answers cannot be read"
            found.append(Badge(text=f"below chance{place}", kind="warn", title=title))
        elif facts.near_chance:
            found.append(
                Badge(text=f"near chance{place}", kind="warn", title="Its right answers cannot be told from guessing")
            )
        elif facts.not_above_majority:
            title = "Its right answers cannot be told from always naming the most frequent label"
            found.append(Badge(text=f"not above majority{place}", kind="warn", title=title))
    return tuple(found)


def folded(badges: Sequence[Badge], limit: int = 3) -> tuple[Badge, ...]:
    """At most so many marks, the rest as one that names them when asked."""
    if len(badges) <= limit:
        return tuple(badges)
    rest = badges[limit - 1 :]
    more = Badge(text=f"{len(rest)} more marks", kind="warn", title="; ".join(badge.text for badge in rest))
    return (*badges[: limit - 1], more)


def summary(ranking: Ranking) -> tuple[str, ...]:
    """What the evidence shows, in sentences."""
    if is_judges(ranking):
        return ("A judge model decides these scores, and no rank rests on that: the order is that of the names.",)
    if not ranking.models:
        return ("No complete run: nothing is ranked here.",)
    if len(ranking.models) == 1:
        return ("One model only: there is nothing to rank it against.",)
    first = [clean(model.model) for model in ranking.models if model.tied_first]
    apart = sum(pair.better is not None for pair in ranking.pairs)
    sentences = []
    if len(first) == 1:
        sentences.append(f"{first[0]} is first: it is better than every other model here.")
    else:
        sentences.append(f"{len(first)} of {len(ranking.models)} models are tied for first.")
    differ = "differs" if apart == 1 else "differ"
    sentences.append(f"{apart} of {plural(len(ranking.pairs), 'pair')} {differ} after Holm’s correction.")
    found = [pair.mde for pair in ranking.pairs if pair.mde is not None]
    if found and apart < len(ranking.pairs):
        sentences.append(
            f"“No evidence” is not “equal”: between two models here, a true difference of about "
            f"{percent(median(found))} points would show with 80 % power."
        )
    if ranking.no_claim:
        tasks = ", ".join(clean(task) for task in ranking.no_claim)
        sentences.append(f"No model is called better: {tasks} has fewer than 5 independent units.")
    return tuple(sentences)
