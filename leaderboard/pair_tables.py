"""All pairs of models of a board: a matrix at a glance, and a table with intervals and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from finbench.results.rank import PairTest, Ranking
from leaderboard.charts import Axis, axis_around_zero, axis_head, interval_bar
from leaderboard.collect import Collection
from leaderboard.tables import Cell, Column, Row, Table
from leaderboard.text import clean, count, interval, p_text, percent, points

#: A matrix of more models than this is not drawn: the table says it all.
MATRIX_LIMIT = 24
#: So many pairs stand on a page, the closest ones; the downloads have all.
PAIRS_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One model against all others; the cell against itself is empty."""

    label: str
    page: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Differences of all pairs, row model minus column model, in points."""

    caption: str
    labels: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


def pair_table(
    collection: Collection, ranking: Ranking, *, name: str, title: str, links: Mapping[tuple[str, str], str]
) -> Table:
    """Every pair once: difference, interval, p after Holm, verdict, and what could have been seen.

    Args:
        collection: the site's runs.
        ranking: the board.
        name: part of the table's id and downloads.
        title: what is ranked.
        links: the page of a pair, by the slugs of its models.
    """
    to_page = _links(collection, ranking, links)
    axis = axis_around_zero([(pair.ci_low, pair.ci_high) for pair in ranking.pairs])
    flips = any(pair.only_first is not None for pair in ranking.pairs)
    apart = Column(key="flips", title="Items apart", kind="num", hint="Right only by the first; only by the second")
    columns = (
        Column(key="first", title="First"),
        Column(key="second", title="Second"),
        Column(key="difference", title="Difference", kind="num", hint="First minus second, in percentage points"),
        Column(key="bar", title="95 % interval", kind="chart", sortable=False, head=axis_head(axis, signed=True)),
        Column(key="p", title="p", kind="num", hint="Two-sided, of this pair by itself"),
        Column(key="p_holm", title="p Holm", kind="num", hint="After Holm's correction over all pairs of this table"),
        Column(key="verdict", title="Verdict"),
        *((apart,) if flips else ()),
        Column(key="mde", title="Would show", kind="num", hint="True difference that shows with 80 % power after Holm"),
    )
    closest = sorted(ranking.pairs, key=lambda pair: abs(pair.difference))[:PAIRS_LIMIT]
    cut = len(closest) < len(ranking.pairs)
    visible = {(pair.first, pair.second) for pair in closest}
    note = "Each interval is of its pair alone; the verdict is Holm's over all pairs of this table."
    return Table(
        id=f"pairs-{name}",
        caption=f"{title}: differences of all pairs, in percentage points",
        columns=columns,
        rows=tuple(
            _row(
                pair,
                axis,
                flips=flips,
                visible=(pair.first, pair.second) in visible,
                page=to_page.get((pair.first, pair.second), ""),
            )
            for pair in ranking.pairs
        ),
        note=f"{note} Shown are the {count(PAIRS_LIMIT)} closest pairs; the downloads have all." if cut else note,
        download=f"data/pairs-{name}",
    )


def matrix(
    collection: Collection, ranking: Ranking, *, title: str, links: Mapping[tuple[str, str], str]
) -> Matrix | None:
    """The differences as a square, or None where it would be too large to read."""
    to_page = _links(collection, ranking, links)
    if not 2 < len(ranking.models) <= MATRIX_LIMIT:
        return None
    by_names = {(pair.first, pair.second): pair for pair in ranking.pairs}
    rows = []
    for one in ranking.models:
        cells = []
        for other in ranking.models:
            pair = by_names.get((one.model, other.model)) or by_names.get((other.model, one.model))
            page = "" if pair is None else to_page.get((pair.first, pair.second), "")
            cells.append(Cell() if pair is None else _matrix_cell(pair, one.model, page))
        view = collection.model_of[one.contender]
        rows.append(MatrixRow(label=view.label, page=view.page, cells=tuple(cells)))
    return Matrix(
        caption=f"{title}: row minus column, in percentage points; filled where one is better after Holm",
        labels=tuple(row.label for row in rows),
        rows=tuple(rows),
    )


def verdict(pair: PairTest) -> str:
    """The verdict on a pair in words."""
    if pair.better is None:
        return "no evidence"
    return "first is better" if pair.better == pair.first else "second is better"


def flips_text(only: tuple[int | None, int | None]) -> str:
    """Items that only the first, and that only the second has right: `31 : 13`."""
    first, second = only
    return "–" if first is None or second is None else f"{count(first)} : {count(second)}"


def detectable_text(mde: float | None) -> str:
    """A difference in points; a dash where none could show."""
    return percent(mde) if mde is not None and mde <= 1 else "–"


def _links(
    collection: Collection, ranking: Ranking, links: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """The page of each pair of a board, by the names that the board has for its models."""
    slugs = {model.model: collection.model_of[model.contender].slug for model in ranking.models}
    found = {}
    for pair in ranking.pairs:
        one, other = slugs[pair.first], slugs[pair.second]
        found[pair.first, pair.second] = links.get((one, other)) or links.get((other, one), "")
    return found


def _matrix_cell(pair: PairTest, row: str, page: str) -> Cell:
    difference = pair.difference if pair.first == row else -pair.difference
    if pair.better is None:
        return Cell(text=points(difference), href=page, hidden="no evidence")
    won = pair.better == row
    tone = "won" if won else "lost"
    return Cell(text=points(difference), href=page, hidden="better" if won else "worse", tone=tone)


def _row(pair: PairTest, axis: Axis, *, flips: bool, visible: bool, page: str) -> Row:
    first, second = clean(pair.first), clean(pair.second)
    return Row(
        cells=tuple(_cells(pair, axis, first, second, flips=flips, page=page)) if visible else (),
        data={
            "first": first,
            "second": second,
            "difference": pair.difference,
            "ci_low": pair.ci_low,
            "ci_high": pair.ci_high,
            "p": pair.p,
            "p_holm": pair.p_holm,
            "better": None if pair.better is None else clean(pair.better),
            "only_first": pair.only_first,
            "only_second": pair.only_second,
            "mde": pair.mde,
        },
    )


def _cells(pair: PairTest, axis: Axis, first: str, second: str, *, flips: bool, page: str) -> list[Cell]:
    cells = [
        Cell(text=first, sort=first),
        Cell(text=second, sort=second),
        Cell(text=points(pair.difference), sub=interval(pair.ci_low, pair.ci_high), sort=pair.difference),
        Cell(art=interval_bar(axis, pair.difference, pair.ci_low, pair.ci_high, signed=True)),
        Cell(text=p_text(pair.p), sort=pair.p),
        Cell(text=p_text(pair.p_holm), sort=pair.p_holm),
        Cell(text=verdict(pair), href=page, tone="short" if pair.better is None else "sure", sort=pair.p_holm),
    ]
    if flips:
        only = (pair.only_first, pair.only_second)
        cells.append(Cell(text=flips_text(only), sort=sum(number or 0 for number in only)))
    cells.append(Cell(text=detectable_text(pair.mde), sort=pair.mde))
    return cells
