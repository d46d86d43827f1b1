"""What a task's page says of the task and of each run; and the list of all tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from finbench.card import TaskCard
from finbench.cards import cards
from finbench.results.boards import contender_of
from finbench.results.rank import Ranking
from leaderboard.baselines import baselines_of
from leaderboard.board_names import nth, unofficial_badge
from leaderboard.board_words import flag_badges
from leaderboard.collect import Collection, TaskView
from leaderboard.run_facts import RunFacts
from leaderboard.tables import Badge, Cell, Column, Row, Scalar, Table
from leaderboard.text import clean, count, day, percent

Fact = tuple[str, str]
Number = TypeVar("Number", int, float)


def card_facts(card: TaskCard) -> tuple[Fact, ...]:
    """A card as pairs of name and value, for a list of definitions."""
    facts = [
        ("What", card.description or card.title),
        ("Capability", card.capability.value.replace("_", " ")),
        ("Domain", card.domain.value),
        ("Type", card.task_type.value.replace("_", " ")),
        ("Exposure", card.exposure.value),
        ("Answer", f"{card.answer.value}, {card.elicitation.value}"),
        ("Headline metric", card.metric),
        ("Items", "drawn by seed" if card.items is None else count(card.items)),
    ]
    if card.labels:
        shown = [f"{name} ({count(number)})" if number is not None else name for name, number in card.labels.items()]
        facts.append(("Labels", ", ".join(shown)))
    if card.classes:
        facts.append(("Guessing is right", f"{percent(1 / card.classes)} %"))
    if card.majority is not None:
        facts.append(("Most frequent label", f"{percent(card.majority)} %"))
    facts.append(("Independent unit", card.cluster or "each item"))
    facts.append(("Version", card.version))
    facts.append(("Licence", f"{card.licence}, {'may' if card.redistributable else 'may not'} be passed on"))
    facts.extend(("Source", source_text(card, index)) for index in range(len(card.sources)))
    facts.append(("Citation", card.citation))
    facts.extend(("Erratum", text) for text in card.errata)
    return tuple(facts)


def source_text(card: TaskCard, index: int) -> str:
    """A source in words: where, which revision, what to know."""
    source = card.sources[index]
    parts = [source.uri, source.config or "", f"split {source.split}" if source.is_hub else ""]
    parts.append(f"revision {source.revision[:12]}" if source.revision else "")
    return ", ".join(part for part in [*parts, source.note] if part)


def runs_table(collection: Collection, ranking: Ranking, *, name: str, number: int = 1) -> Table:
    """Each run of a task's board by itself: format, outcomes, settings, the log it came from."""
    runs = [collection.facts(model.runs[0]) for model in ranking.models]
    columns = (
        Column(key="model", title="Model"),
        Column(key="format", title="Format kept", kind="num", hint="Share of answers in the format that was asked for"),
        Column(key="correct", title="Correct", kind="num"),
        Column(key="wrong", title="Wrong", kind="num"),
        Column(key="unparsed", title="Unparsed", kind="num"),
        Column(key="refused", title="Refused", kind="num"),
        Column(key="truncated", title="Truncated", kind="num"),
        Column(key="clusters", title="Units", kind="num", hint="Independent units that the interval rests on"),
        Column(key="tokens", title="Tokens / item", kind="num", hint="Tokens written for an item, on average"),
        Column(key="date", title="Run on"),
        Column(key="log", title="Log", kind="code", sortable=False),
    )
    return Table(
        id=f"runs-{name}",
        caption=f"{clean(ranking.tasks[0])}: the runs behind the scores{nth(number)}",
        columns=columns,
        rows=tuple(_run_row(collection, facts) for facts in runs),
        download=f"data/runs-{name}",
    )


def tasks_table(collection: Collection) -> Table:
    """All tasks that were run."""
    columns = (
        Column(key="task", title="Task"),
        Column(key="capability", title="Capability"),
        Column(key="metric", title="Metric"),
        Column(key="items", title="Items", kind="num"),
        Column(key="chance", title="Chance", kind="num", hint="Score of guessing, by the metric"),
        Column(key="majority", title="Majority", kind="num", hint="Score of the most frequent label, by the metric"),
        Column(key="best", title="Best score", kind="num"),
        Column(key="models", title="Models", kind="num", hint="Ranked on the first table of the task's page"),
        Column(key="licence", title="Licence"),
    )
    return Table(
        id="tasks",
        caption="Tasks with results on this site",
        columns=columns,
        rows=tuple(_task_row(view) for view in collection.tasks),
        note="Items, baselines, best score and models are those of the first table of each task's page.",
        download="data/tasks",
    )


def rights_table(collection: Collection) -> Table:
    """Every card of the benchmark: where its rows come from and what may be done with them."""
    pages = {view.name: view.page for view in collection.tasks}
    columns = (
        Column(key="task", title="Task"),
        Column(key="licence", title="Licence"),
        Column(key="redistributable", title="May be passed on"),
        Column(key="source", title="Source"),
        Column(key="citation", title="Citation"),
        Column(key="errata", title="Errata", sortable=False),
    )
    rows = []
    for card in cards().values():
        sources = " · ".join(source_text(card, index) for index in range(len(card.sources)))
        allowed = "yes" if card.redistributable else "no"
        cells = (
            Cell(text=card.name, href=pages.get(card.name, ""), sub=card.title, sort=card.name),
            Cell(text=card.licence),
            Cell(text=allowed),
            Cell(text=sources, tone="prose"),
            Cell(text=card.citation, tone="prose"),
            Cell(text=" ".join(card.errata) or "none known", tone="prose"),
        )
        data: dict[str, Scalar] = {"task": card.name, "licence": card.licence, "redistributable": card.redistributable}
        extra: dict[str, Scalar] = {"source": sources, "citation": card.citation, "errata": " ".join(card.errata)}
        rows.append(Row(cells=cells, data={**data, **extra}))
    return Table(
        id="rights", caption="Rights of all task data", columns=columns, rows=tuple(rows), download="data/rights"
    )


def run_badges(collection: Collection, facts: RunFacts) -> tuple[Badge, ...]:
    """Marks of one run, wherever it is shown."""
    run = facts.run
    marks = [] if run.official else [unofficial_badge(run)]
    if not run.complete:
        marks.append(Badge(text="incomplete", kind="warn", title="Samples are missing or ended in errors"))
    return (*marks, *flag_badges(collection, [run], single=True))


def _run_row(collection: Collection, facts: RunFacts) -> Row:
    run, view = facts.run, collection.model_of[contender_of(facts.run)]
    outcomes, samples = facts.outcomes, max(len(run.items), 1)
    kept = facts.followed_format
    units = facts.score.clusters if facts.score.clusters is not None else facts.score.n
    cells = (
        Cell(text=view.label, href=view.page, badges=run_badges(collection, facts), sort=view.label),
        Cell(text="–" if kept is None else f"{percent(kept)} %", sort=-1.0 if kept is None else kept),
        *(Cell(text=count(outcomes[name]), sort=outcomes[name]) for name in list(outcomes)[:5]),
        Cell(text=count(units), sort=units),
        Cell(text=f"{run.output_tokens / samples:.1f}", sort=run.output_tokens / samples),
        Cell(text=day(run.created), tone="short"),
        Cell(code=clean(run.path.name, 160)),
    )
    return Row(cells=cells, data={"model": view.label, **run_data(facts)})


def run_data(facts: RunFacts) -> dict[str, Scalar]:
    """A run's facts for machines."""
    run, settings = facts.run, facts.run.settings
    return {
        "task": clean(run.task),
        "version": clean(run.version, 20),
        "metric": clean(run.metric),
        "score": facts.score.estimate,
        "ci_low": facts.score.low,
        "ci_high": facts.score.high,
        "method": facts.score.method,
        "n": facts.score.n,
        "clusters": facts.score.clusters,
        "official": run.official,
        "complete": run.complete,
        **facts.outcomes,
        "followed_format": facts.followed_format,
        "collapsed": None if facts.collapsed is None else clean(facts.collapsed),
        "near_chance": facts.near_chance,
        "below_chance": facts.below_chance,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "elicitation": None if settings.elicitation is None else clean(settings.elicitation),
        "fewshot": settings.fewshot,
        "epochs": settings.epochs,
        "items_sha256": run.items_sha256,
        "created": clean(run.created, 40),
        "log": clean(run.path.name, 160),
    }


def _task_row(view: TaskView) -> Row:
    card, ranking = view.card, next(iter(view.rankings), None)
    models = len(ranking.models) if ranking else 0
    best = max((model.score for model in ranking.models), default=None) if ranking else None
    known = baselines_of(ranking) if ranking else ()
    chance, majority = [one.score for one in known] if known else (None, None)
    marks = (unofficial_badge(ranking.models[0].runs[0]),) if ranking and models and not ranking.official else ()
    items = ranking.models[0].n if ranking and ranking.models else (card.items if card else None)
    capability = card.capability.value.replace("_", " ") if card else "other"
    metric = clean(ranking.metric) if ranking else "–"
    cells = (
        Cell(text=clean(view.name), href=view.page, badges=marks, sub=view.title if card else "", sort=view.name),
        Cell(text=capability),
        Cell(text=metric),
        Cell(text=_or_dash(items, count), sort=items if items is not None else -1),
        Cell(text=_or_dash(chance, percent), sort=chance if chance is not None else -1.0),
        Cell(text=_or_dash(majority, percent), sort=majority if majority is not None else -1.0),
        Cell(text=_or_dash(best, percent), sort=best if best is not None else -2.0),
        Cell(text=count(models), sort=models),
        Cell(text=card.licence if card else "not known"),
    )
    data: dict[str, Scalar] = {
        "task": clean(view.name),
        "capability": capability,
        "metric": metric,
        "official": ranking.official if ranking else None,
        "items": items,
        "chance": chance,
    }
    more: dict[str, Scalar] = {
        "majority": majority,
        "best": best,
        "models": models,
        "licence": card.licence if card else None,
    }
    return Row(cells=cells, data={**data, **more})


def _or_dash(value: Number | None, text: Callable[[Number], str]) -> str:
    return "–" if value is None else text(value)
