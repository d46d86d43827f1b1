"""The ranking table of a capability or task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from finbench.results.boards import Contender, question_of
from finbench.results.rank import ModelRank, NotRanked, Ranking
from finbench.results.runs import Run, column
from leaderboard.audits import Contamination
from leaderboard.baselines import Baseline, baselines_of
from leaderboard.board_names import (
    differences,
    heading_badge,
    nth,
    question_line,
    standing,
    unofficial_badge,
    what_is_ranked,
)
from leaderboard.board_words import (
    BASELINE,
    INCOMPLETE,
    UNAUDITED,
    board_slug,
    flag_badges,
    folded,
    is_judges,
    summary,
)
from leaderboard.charts import Axis, axis_head, axis_over, baseline_mark, interval_bar, outcome_stack, outcome_text
from leaderboard.collect import Collection
from leaderboard.prices import money
from leaderboard.reproduce import reproduce
from leaderboard.tables import Badge, Cell, Column, Row, Scalar, Table
from leaderboard.text import clean, count, interval, percent, plural, ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """One board as a page shows it.

    Attributes:
        slug: part of file names and anchors, stable as long as the questions are.
        heading: whose sets it is over, and how it was asked otherwise than the tables above it.
        mark: the mark beside the heading, if it is not official.
        summary: sentences on what the evidence shows.
        questions: what was asked, one line a task.
        links: further pages on this board, as words and page.
    """

    slug: str
    title: str
    heading: str
    mark: str
    summary: tuple[str, ...]
    questions: tuple[str, ...]
    table: Table
    links: tuple[tuple[str, str], ...]


def board_view(
    collection: Collection,
    ranking: Ranking,
    *,
    title: str,
    address: str,
    before: Sequence[Ranking] = (),
    limit: int | None = None,
    page: str = "",
    links: Sequence[tuple[str, str]] = (),
) -> BoardView:
    """One board: summary, table and links.

    Args:
        collection: the site's runs.
        ranking: the board.
        title: what is ranked, for the caption.
        address: start of the board's slug.
        before: the boards above it on its page.
        limit: show at most so many rows, and link to `page` for the rest.
        page: the page with all rows.
        links: further pages on this board.
    """
    name = board_slug(ranking, address)
    layout = _layout(collection, ranking)
    rows = _rows(layout)
    known = _baseline_rows(layout)
    sets, apart = standing(ranking), differences(ranking, before)
    sets = f"{sets}, {apart}" if apart else sets
    cut = limit is not None and len(rows) > limit
    table = Table(
        id=f"board-{name}",
        caption=f"{title}, {sets}: {what_is_ranked(ranking)}{nth(len(before) + 1)}",
        columns=_columns(layout),
        rows=(*rows[:limit], *known) if cut else (*rows, *known),
        note=_note(layout),
        more=(f"All {count(len(rows))} models", f"{page}#board-{name}") if cut else None,
        download=f"data/board-{name}",
    )
    pairs = [("All pairs", f"pairs/{name}.html")] if ranking.pairs and not layout.judged else []
    return BoardView(
        slug=name,
        title=title,
        heading=f"{sets[0].upper()}{sets[1:]}",
        mark=heading_badge(ranking),
        summary=summary(ranking),
        questions=tuple(question_line(question, ranking) for question in ranking.board.questions),
        table=table,
        links=(*pairs, *links),
    )


def tokens_of(runs: Sequence[Run]) -> tuple[int, int]:
    """Input and output tokens of some runs."""
    return sum(run.input_tokens for run in runs), sum(run.output_tokens for run in runs)


def outcomes_of(collection: Collection, runs: Sequence[Run]) -> dict[str, int]:
    """How the samples of some runs ended, together."""
    if len(runs) == 1:
        return collection.facts(runs[0]).outcomes
    total: Counter[str] = Counter()
    for run in runs:
        total.update(collection.facts(run).outcomes)
    return dict(total)


def clean_cell(found: Contamination) -> Cell:
    """Contamination state, with the score on the items that no audit found."""
    if not found.audited:
        return Cell(text=UNAUDITED, tone="faint", sort=-3.0)
    if not found.overlapping:
        return Cell(text="no overlap", sub=f"of {plural(found.items, 'item')}", sort=2.0)
    share = f"{count(found.overlapping)} of {count(found.items)} overlap"
    if found.score is None or found.low is None or found.high is None:
        return Cell(text="too few left", sub=share, sort=-2.0)
    return Cell(text=percent(found.score), sub=f"{interval(found.low, found.high)}; {share}", sort=found.score)


def tier_cell(badge: Badge) -> Cell:
    """Who has checked a number; what was not reproduced is marked."""
    return Cell(badges=(badge,)) if badge.kind == "warn" else Cell(text=badge.text, tone="short")


def clean_data(found: Contamination) -> dict[str, Scalar]:
    """Contamination for machines."""
    return {
        "audited": found.audited,
        "overlapping": found.overlapping if found.audited else None,
        "clean_score": found.score,
        "clean_ci_low": found.low,
        "clean_ci_high": found.high,
        "clean_n": found.n if found.score is not None else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    collection: Collection
    ranking: Ranking
    axis: Axis
    single: bool
    judged: bool
    baselines: tuple[Baseline, ...] = ()
    costs: dict[int, float | None] = field(default_factory=dict)
    absent: dict[Contender, tuple[Run, ...]] = field(default_factory=dict)

    @property
    def has_costs(self) -> bool:
        return any(value is not None for value in self.costs.values())


def _layout(collection: Collection, ranking: Ranking) -> _Layout:
    single = len(ranking.tasks) == 1
    baselines = baselines_of(ranking)
    absent = {one.contender: _all_runs(collection, ranking, one) for one in ranking.not_ranked}
    everyone = [*(model.runs for model in ranking.models), *absent.values()]
    return _Layout(
        collection=collection,
        ranking=ranking,
        axis=axis_over(
            [(model.ci_low, model.ci_high) for model in ranking.models],
            lines=[(one.score, one.line) for one in baselines],
        ),
        single=single,
        judged=is_judges(ranking),
        baselines=baselines,
        costs={id(runs): collection.cost(runs) for runs in everyone},
        absent=absent,
    )


def _all_runs(collection: Collection, ranking: Ranking, one: NotRanked) -> tuple[Run, ...]:
    """What a model that is not ranked has on the questions of a board: its complete runs, then the others."""
    done = {question_of(run) for run in one.runs}
    open_questions = set(ranking.board.questions) - done
    mine = collection.model_of[one.contender].runs
    return (*one.runs, *(facts.run for facts in mine if question_of(facts.run) in open_questions))


def _columns(layout: _Layout) -> tuple[Column, ...]:
    ranking = layout.ranking
    score = "mean of task scores, times 100" if len(ranking.tasks) > 1 else f"{ranking.metric}, times 100"
    rank = Column(key="rank", title="Rank", kind="num", hint="Ranks that the pairwise tests leave open")
    columns = [
        Column(key="model", title="Model"),
        Column(key="score", title="Score", kind="num", hint=f"{score}, with its 95 % interval"),
        Column(key="bar", title="95 % interval", kind="chart", sortable=False, head=axis_head(layout.axis)),
        Column(key="n", title="Coverage", kind="num", hint="Items of all tasks of this table; below: tasks covered"),
        Column(key="outcomes", title="Outcomes", kind="chart", hint="How samples ended; sorts by unparsed answers"),
        Column(
            key="clean",
            title="Clean subset",
            kind="num",
            hint="Score on the items that no audit found in the model's training text",
        ),
        Column(key="tokens", title="Tokens", kind="num", hint="Tokens written, and below: tokens read"),
    ]
    if layout.has_costs:
        columns.append(
            Column(
                key="cost",
                title="Cost",
                kind="num",
                hint="Tokens at the listed prices, in US dollars; below: per 1,000 items",
            )
        )
    columns += [
        Column(key="tier", title="Checked", hint="Who has checked the numbers; see the page on the method"),
        Column(key="reproduce", title="Reproduce", kind="code", sortable=False),
    ]
    return tuple(columns) if layout.judged else (rank, *columns)


def _rows(layout: _Layout) -> tuple[Row, ...]:
    ranking, rows, before = layout.ranking, [], None
    models = sorted(ranking.models, key=lambda one: one.model) if layout.judged else ranking.models
    for model in models:
        starts = not layout.judged and before not in (None, model.rank_low)
        rows.append(_ranked_row(layout, model, starts=starts))
        before = model.rank_low
    rows.extend(_absent_row(layout, one, first=not index) for index, one in enumerate(ranking.not_ranked))
    return tuple(rows)


def _ranked_row(layout: _Layout, model: ModelRank, *, starts: bool) -> Row:
    collection, ranking = layout.collection, layout.ranking
    view = collection.model_of[model.contender]
    tied = model.tied_first and sum(one.tied_first for one in ranking.models) > 1
    marks = flag_badges(collection, model.runs, single=layout.single)
    alone = len(ranking.models) == 1  # nothing to be first of
    rank = Cell(
        text="–" if alone else ranks(model.rank_low, model.rank_high),
        hidden="the only one" if alone else "",
        sort=model.rank_low + model.rank_high / 1000,
        sub="tied first" if tied else "",
        tone="first" if model.tied_first and not alone else "",
    )
    shown = marks if ranking.official else (unofficial_badge(model.runs[0]), *marks)
    cells = [
        Cell(text=view.label, href=view.page, badges=folded(shown), sort=view.label),
        Cell(text=percent(model.score), sub=interval(model.ci_low, model.ci_high), sort=model.score),
        Cell(art=interval_bar(layout.axis, model.score, model.ci_low, model.ci_high)),
        *_shared_cells(layout, model.runs, model.n, model.runs, "unparsed", "truncated"),
    ]
    data: dict[str, Scalar] = {
        "model": view.label,
        "rank_low": None if layout.judged or alone else model.rank_low,
        "rank_high": None if layout.judged or alone else model.rank_high,
        "tied_first": None if layout.judged or alone else model.tied_first,
        "score": model.score,
        "ci_low": model.ci_low,
        "ci_high": model.ci_high,
        "n": model.n,
        "tasks": " ".join(clean(task) for task in ranking.tasks),
        "official": model.official,
        **_machine(layout, model.runs, model.runs),
        "flags": "; ".join(mark.text for mark in marks),
        "note": "",
    }
    if layout.judged:
        return Row(cells=tuple(cells), data=data)
    return Row(cells=(rank, *cells), data=data, head=1, starts_group=starts)


def _absent_row(layout: _Layout, one: NotRanked, *, first: bool) -> Row:
    view = layout.collection.model_of[one.contender]
    runs = layout.absent[one.contender]
    items = sum(len(run.ids) for run in one.runs) + sum(_ended(run) for run in runs[len(one.runs) :])
    reason = clean(one.reason, 240)
    rank = Cell(text="–", hidden="not ranked", sort=10**6)
    cells = [
        Cell(text=view.label, href=view.page, badges=(INCOMPLETE,), sub=reason, sort=view.label),
        Cell(text="–", sort=-2.0),
        Cell(),
        *_shared_cells(layout, runs, items, one.runs),
    ]
    data: dict[str, Scalar] = {
        "model": view.label,
        "rank_low": None,
        "rank_high": None,
        "tied_first": None,
        "score": None,
        "ci_low": None,
        "ci_high": None,
        "n": items,
        "tasks": " ".join(clean(run.task) for run in runs),
        "official": layout.ranking.official,
        **_machine(layout, runs, one.runs),
        "flags": "not ranked",
        "note": reason,
    }
    if layout.judged:
        return Row(cells=tuple(cells), data=data, starts_group=first, muted=True)
    return Row(cells=(rank, *cells), data=data, head=1, starts_group=first, muted=True)


def _baseline_rows(layout: _Layout) -> tuple[Row, ...]:
    """Scores that need no model: no rank, no interval, no answers to count."""
    rows = []
    for index, one in enumerate(layout.baselines):
        said = f"0 on {plural(len(one.silent), 'task')} without labels" if one.silent else ""
        cells = (
            Cell(text="–", hidden="not ranked", sort=10**6),
            Cell(text=one.name, badges=(BASELINE,), sub=said, sort=one.name, tone="baseline"),
            Cell(text=percent(one.score), sort=one.score),
            Cell(art=baseline_mark(layout.axis, one.score)),
            *(Cell(sort=-2.0) for _ in range(len(_columns(layout)) - 4)),
        )
        data: dict[str, Scalar] = {
            "model": one.name,
            **dict.fromkeys(("rank_low", "rank_high", "tied_first")),
            "score": one.score,
            **dict.fromkeys(("ci_low", "ci_high", "n")),
            "tasks": " ".join(clean(task) for task in layout.ranking.tasks),
            "official": layout.ranking.official,
            **dict.fromkeys(_machine(layout, layout.ranking.models[0].runs, ())),
            "flags": "baseline, no model",
            "note": said,
        }
        rows.append(Row(cells=cells, data=data, head=1, starts_group=not index, muted=True))
    return tuple(rows)


def _ended(run: Run) -> int:
    """Items of an incomplete run with at least one answer."""
    outcomes = zip(column(run.items, "id"), column(run.items, "outcome"), strict=True)
    return len({identity for identity, outcome in outcomes if outcome != "error"})


def _shared_cells(layout: _Layout, runs: Sequence[Run], items: int, whole: Sequence[Run], *bad: str) -> list[Cell]:
    """What is shown of ranked models and of others alike, from coverage to the command.

    Args:
        layout: the board.
        runs: what the model has on it.
        items: how many items that are.
        whole: the complete ones of them, which have scores.
        bad: outcomes that the column sorts by.
    """
    outcomes, (read, written) = outcomes_of(layout.collection, runs), tokens_of(runs)
    total = sum(outcomes.values())
    share = sum(outcomes.get(name, 0) for name in bad) / total if total and bad else -1.0
    covered = f"{len(whole)} of {plural(len(layout.ranking.tasks), 'task')}"
    if len(runs) > len(whole):
        covered += f", {len(runs) - len(whole)} incomplete"
    cells = [
        Cell(text=count(items), sub=covered, sort=items),
        Cell(art=outcome_stack(outcomes) if runs else None, hidden=outcome_text(outcomes), sort=share),
        clean_cell(layout.collection.audits.of(whole)),
        Cell(text=count(written) if runs else "–", sub=f"{count(read)} read" if runs else "", sort=written),
    ]
    if layout.has_costs:
        cost = layout.costs[id(runs)]
        asked = max(total, 1)
        cells.append(
            Cell(text="–", hidden="no price is known", sort=-1.0)
            if cost is None
            else Cell(text=money(cost), sub=f"{money(1000 * cost / asked)} / 1,000", sort=cost)
        )
    return [*cells, tier_cell(layout.collection.tiers.of(runs)), Cell(code=reproduce(runs) if runs else "")]


def _machine(layout: _Layout, runs: Sequence[Run], whole: Sequence[Run]) -> dict[str, Scalar]:
    outcomes, (read, written) = outcomes_of(layout.collection, runs), tokens_of(runs)
    counts: dict[str, Scalar] = dict(sorted(outcomes.items()))
    return {
        **counts,
        "input_tokens": read,
        "output_tokens": written,
        "cost_usd": layout.costs[id(runs)],
        **clean_data(layout.collection.audits.of(whole)),
        "tier": layout.collection.tiers.of(runs).text,
    }


def _note(layout: _Layout) -> str:
    named = " and ".join(f"{name} ({percent(value)})" for value, name in layout.axis.lines)
    notes = [f"Dashed lines: {named}; no model, no rank."] if named else []
    if not layout.collection.audits:
        notes.append("Contamination: no audit was given.")
    return " ".join(notes)
