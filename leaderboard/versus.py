"""Two models side by side: every board that both are on, and the items that one has right and the other has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape

from finbench.results.boards import Contender
from finbench.results.rank import ModelRank, PairTest, Ranking
from finbench.results.runs import Run
from leaderboard.board_names import page_mark
from leaderboard.board_words import is_judges
from leaderboard.charts import Axis, Svg, axis_around_zero, axis_head
from leaderboard.collect import CapabilityView, Collection, ModelView, TaskView
from leaderboard.items import SHOWN_ITEMS, ItemGrid, answers, item_anchor, item_page, shows_text
from leaderboard.pair_rows import FIELDS, PairTexts, text_csv, text_json
from leaderboard.tables import Cell, Column, Row, Scalar, Table
from leaderboard.text import clean, percent, slug

#: So many pairs of models have a page of their own; of larger sites those that differ least.
PAGES_LIMIT = 1500
#: Of more pairs times tasks than this, items that flipped are a few ids in the row of the task.
LARGE = 4000
BRIEF, MOST = 3, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two models on one board.

    Attributes:
        turned: whether the board tests the second model against the first.
    """

    view: CapabilityView | TaskView
    ranking: Ranking
    pair: PairTest
    scores: tuple[float, float]
    runs: tuple[Run, Run]
    contenders: tuple[Contender, Contender]
    turned: bool


@dataclass(frozen=True, kw_only=True)
class Versus:
    """Two models that share at least one board; the first one is first by name."""

    first: ModelView
    second: ModelView
    meetings: tuple[Meeting, ...]

    @cached_property
    def slug(self) -> str:
        """A name for the pair."""
        return versus_slug(self.first, self.second)

    @property
    def page(self) -> str:
        """Its page, relative to the site's root."""
        return f"versus/{self.slug}.html"


def versus_slug(first: ModelView, second: ModelView) -> str:
    """The name of a pair's page, whichever way round."""
    one, other = sorted((first, second), key=lambda view: (view.label, view.slug))
    return slug(f"{one.label[:18]} and {other.label[:18]}", one.slug, other.slug)


def all_versus(collection: Collection) -> list[Versus]:
    """Every pair of models with a page, in the order of their names."""
    found: dict[tuple[str, str], list[Meeting]] = {}
    views: dict[str, ModelView] = {view.slug: view for view in collection.models}
    for view, ranking in _boards(collection):
        if is_judges(ranking):
            continue
        by_name = {model.model: model for model in ranking.models}
        for pair in ranking.pairs:
            one, other = by_name[pair.first], by_name[pair.second]
            mine, theirs = collection.model_of[one.contender], collection.model_of[other.contender]
            turned = (theirs.label, theirs.slug) < (mine.label, mine.slug)
            if turned:
                one, other, mine, theirs = other, one, theirs, mine
            found.setdefault((mine.slug, theirs.slug), []).append(
                _meeting(view, ranking, pair, one, other, turned=turned)
            )
    pairs = [
        Versus(first=views[first], second=views[second], meetings=tuple(meetings))
        for (first, second), meetings in found.items()
    ]
    pairs.sort(key=lambda one: (abs(one.meetings[0].pair.difference), one.first.label, one.second.label, one.slug))
    return sorted(pairs[:PAGES_LIMIT], key=lambda one: (one.first.label, one.second.label, one.slug))


def versus_table(pair: Versus, flips: Flips) -> Table:
    """The boards that both models are on: capabilities first, then tasks."""
    axis = axis_around_zero([(meeting.pair.ci_low, meeting.pair.ci_high) for meeting in pair.meetings])
    columns = (
        Column(key="on", title="On"),
        Column(key="first", title="First", kind="num", hint=f"Score of {pair.first.label}"),
        Column(key="second", title="Second", kind="num", hint=f"Score of {pair.second.label}"),
        Column(key="difference", title="Difference", kind="num", hint="First minus second, in percentage points"),
        Column(key="bar", title="95 % interval", kind="chart", sortable=False, head=axis_head(axis, signed=True)),
        Column(key="p", title="p", kind="num", hint="Two-sided, of this pair by itself"),
        Column(key="p_holm", title="p Holm", kind="num", hint="After Holm's correction over all pairs of the board"),
        Column(key="verdict", title="Verdict"),
        Column(key="flips", title="Items apart", kind="num", hint="Right only by the first : only by the second"),
        Column(key="mde", title="Would show", kind="num", hint="True difference that shows with 80 % power after Holm"),
    )
    return Table(
        id="versus",
        caption=f"{pair.first.label} (first) minus {pair.second.label} (second), in percentage points",
        columns=columns,
        rows=tuple(_row(meeting, axis, pair, flips.brief(meeting)) for meeting in pair.meetings),
        note="Each interval is of its pair alone; p Holm and the verdict account for all pairs of the board.",
        download=f"data/versus-{pair.slug}",
        fields=("on", "kind", "official", "first", "second", "score_first", "score_second", *FIELDS),
    )


class Flips:
    """Items that flipped: with answers where a site is small, as a few ids beside the counts where it is large."""

    def __init__(self, collection: Collection, grids: Mapping[int, tuple[str, ItemGrid]], pairs: int) -> None:
        """Prepare.

        Args:
            collection: the site's runs.
            grids: the slug and the grid of each board with a page of items, by identity of the ranking.
            pairs: how many pairs of models have a page.
        """
        self._grids = grids
        tasks = max(sum(len(view.rankings) for view in collection.tasks), 1)
        self.large = pairs * tasks > LARGE
        self._shown: dict[int, set[str]] = {}
        self._right: dict[int, list[int]] = {}
        self._place: dict[int, dict[Contender, int]] = {}
        self._short: dict[int, tuple[list[str], str]] = {}
        for key, (board, grid) in grids.items():
            page = item_page(collection.task_of[grid.task].slug, board)
            self._short[key] = ([escape(clean(one).rpartition("-")[2]) for one in grid.ids], page)
            self._right[key] = [_bits(mine) for mine in grid.outcomes]
            self._place[key] = {contender: index for index, contender in enumerate(grid.contenders)}
            self._shown[key] = {grid.ids[at] for at in grid.order[:SHOWN_ITEMS]}

    def brief(self, meeting: Meeting) -> str:
        """A few ids each way, behind the counts of a row; nothing on small sites, where a table has them."""
        if not self.large or id(meeting.ranking) not in self._grids:
            return ""
        first, second = self._places(meeting, BRIEF)
        short, page = self._short[id(meeting.ranking)]
        listed = f"first: {' '.join([short[at] for at in first])}" if first else ""
        if second:
            listed += f"{'; ' if first else ''}second: {' '.join([short[at] for at in second])}"
        if not listed:
            return ""
        return f'<details><summary>which</summary><code>{listed} … <a href="../{page}">all items</a></code></details>'

    def table(self, pair: Versus) -> Table | None:
        """Items that one model has right and the other has not, with what they said; None on large sites."""
        if self.large:
            return None
        rows: list[Row] = []
        cut = False
        for meeting in pair.meetings:
            key = id(meeting.ranking)
            if key in self._grids and isinstance(meeting.view, TaskView):
                first, second = self._items(meeting, MOST + 1)
                cut = cut or max(len(first), len(second)) > MOST
                flipped = (first[:MOST], second[:MOST])
                rows += _flip_rows(meeting, self._grids[key][0], flipped, pair, self._shown[key])
        return Table(
            id="flips",
            caption=f"Items that {pair.first.label} and {pair.second.label} answered differently",
            columns=(
                Column(key="task", title="Task"),
                Column(key="item", title="Item"),
                Column(key="right", title="Right by"),
                Column(key="reference", title="Reference"),
                Column(key="first", title="First said"),
                Column(key="second", title="Second said"),
            ),
            rows=tuple(rows),
            note=f"At most {MOST} a task and direction; the pages of items have all." if cut else "",
            download=f"data/flips-{pair.slug}",
        )

    def _items(self, meeting: Meeting, limit: int) -> tuple[list[str], list[str]]:
        ids = self._grids[id(meeting.ranking)][1].ids
        first, second = self._places(meeting, limit)
        return [ids[at] for at in first], [ids[at] for at in second]

    def _places(self, meeting: Meeting, limit: int) -> tuple[list[int], list[int]]:
        right, place = self._right[id(meeting.ranking)], self._place[id(meeting.ranking)]
        one, other = right[place[meeting.contenders[0]]], right[place[meeting.contenders[1]]]
        return _lowest(one & ~other, limit), _lowest(other & ~one, limit)


def _bits(outcomes: Sequence[str]) -> int:
    """The items that are right as bits of one number: quicker than an array where only few places are asked for."""
    return int("".join("1" if one == "correct" else "0" for one in reversed(outcomes)) or "0", 2)


def _lowest(bits: int, limit: int) -> list[int]:
    """Places of the lowest bits that are set, at most `limit`."""
    places: list[int] = []
    while bits and len(places) < limit:
        lowest = bits & -bits
        places.append(lowest.bit_length() - 1)
        bits ^= lowest
    return places


def _boards(collection: Collection) -> Iterator[tuple[CapabilityView | TaskView, Ranking]]:
    for capability in collection.capabilities:
        for ranking in capability.rankings:
            yield capability, ranking
    for task in collection.tasks:
        for ranking in task.rankings:
            yield task, ranking


def _meeting(
    view: CapabilityView | TaskView,
    ranking: Ranking,
    pair: PairTest,
    one: ModelRank,
    other: ModelRank,
    *,
    turned: bool,
) -> Meeting:
    return Meeting(
        view=view,
        ranking=ranking,
        pair=pair,
        scores=(one.score, other.score),
        runs=(one.runs[0], other.runs[0]),
        contenders=(one.contender, other.contender),
        turned=turned,
    )


def _row(meeting: Meeting, axis: Axis, pair: Versus, flipped: str) -> Row:
    texts = PairTexts(meeting.pair, turned=meeting.turned)
    capability, official = isinstance(meeting.view, CapabilityView), meeting.ranking.official
    first, second = (f"{score:.6g}" for score in meeting.scores)
    kind = "capability" if capability else "task"
    mark = page_mark(meeting.ranking)
    html = (
        f"<tr>{_head_html(meeting.view.title, meeting.view.page, f'{kind}, {mark}' if mark else kind)}"
        f'<td class="num" data-v="{first}">{percent(meeting.scores[0])}</td>'
        f'<td class="num" data-v="{second}">{percent(meeting.scores[1])}</td>'
        f"{texts.cells(axis, flipped=flipped)}</tr>"
    )
    on, names = clean(meeting.view.name), (pair.first.label, pair.second.label)
    as_json = (
        f'{{"on": {text_json(on)}, "kind": "{kind}", "official": {text_json(official)}, '
        f'"first": {text_json(names[0])}, "second": {text_json(names[1])}, '
        f'"score_first": {first}, "score_second": {second}, {texts.as_json}}}'
    )
    as_csv = f"{text_csv(on, kind, official)},{text_csv(*names)},{first},{second},{texts.as_csv}"
    return Row(html=Svg(html), lines=(as_json, as_csv))


@lru_cache(maxsize=1024)
def _head_html(title: str, page: str, kind: str) -> str:
    return (
        f'<th scope="row" class="name" data-v="{escape(clean(title))}"><a href="../{escape(page)}">'
        f"<bdi>{escape(clean(title))}</bdi></a><small>{kind}</small></th>"
    )


def _flip_rows(
    meeting: Meeting, board: str, flipped: tuple[list[str], ...], pair: Versus, anchors: set[str]
) -> list[Row]:
    assert isinstance(meeting.view, TaskView)
    wanted = [identity for ids in flipped for identity in ids]
    said = [answers(run, wanted) for run in meeting.runs] if shows_text(meeting.view.card) and wanted else [{}, {}]
    page = item_page(meeting.view.slug, board)
    rows = []
    for ids, winner in zip(flipped, (pair.first.label, pair.second.label), strict=True):
        for identity in ids:
            mine, theirs = said[0].get(identity), said[1].get(identity)
            shown = ["–", "–", "–"]
            if mine is not None and theirs is not None:
                shown = [
                    clean(mine.gold) or "–",
                    clean(mine.pred) or mine.outcome,
                    clean(theirs.pred) or theirs.outcome,
                ]
            cells = (
                Cell(text=clean(meeting.view.name), href=meeting.view.page, sort=meeting.view.name),
                Cell(
                    text=clean(identity),
                    href=f"{page}#{item_anchor(identity)}" if identity in anchors else page,
                    tone="id",
                    sort=identity,
                ),
                Cell(text=winner),
                *(Cell(text=text) for text in shown),
            )
            data: dict[str, Scalar] = {
                "task": clean(meeting.view.name),
                "item": clean(identity, 160),
                "right_by": winner,
            }
            rows.append(Row(cells=cells, data=data))
    return rows
