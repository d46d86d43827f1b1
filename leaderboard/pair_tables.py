"""All pairs of models of a board: a matrix at a glance, and a table with intervals and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from finbench.results.rank import PairTest, Ranking
from leaderboard.charts import Axis, Svg, axis_around_zero, axis_head
from leaderboard.collect import Collection
from leaderboard.pair_rows import FIELDS, PairTexts, name_html, text_csv, text_json
from leaderboard.tables import Cell, Column, Row, Table
from leaderboard.text import clean, count, points

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
        fields=("first", "second", *FIELDS),
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
    texts = PairTexts(pair)
    lines = (
        f'{{"first": {text_json(first)}, "second": {text_json(second)}, {texts.as_json}}}',
        f"{text_csv(first, second)},{texts.as_csv}",
    )
    if not visible:
        return Row(lines=lines)
    html = (
        f'<tr><th scope="row" class="name" data-v="{escape(first)}">{name_html(first)}</th>'
        f'<td data-v="{escape(second)}">{name_html(second)}</td>'
        f"{texts.cells(axis, flipped='' if flips else None, page=f'../{page}' if page else '')}</tr>"
    )
    return Row(html=Svg(html), lines=lines)
