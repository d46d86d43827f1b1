"""Pages of pairs: all pairs of a board, two models side by side, and the items of a task."""

from __future__ import annotations

from collections.abc import Iterator

from leaderboard.board_names import page_mark
from leaderboard.board_words import board_slug, is_judges
from leaderboard.collect import CapabilityView, Collection, TaskView
from leaderboard.item_tables import items_table
from leaderboard.items import ItemGrid, grid_of, item_page, shows_text
from leaderboard.page import Page
from leaderboard.pair_tables import matrix, pair_table
from leaderboard.text import clean
from leaderboard.versus import Flips, Versus, versus_table

Grids = dict[int, tuple[str, ItemGrid]]


def grids_of(collection: Collection) -> Grids:
    """Slug and grid of every board of a task, by identity of its ranking."""
    found = {}
    for task in collection.tasks:
        for ranking in task.rankings:
            grid = grid_of(ranking)
            if grid is not None:
                found[id(ranking)] = (board_slug(ranking, f"task-{task.slug}"), grid)
    return found


def item_pages(collection: Collection, grids: Grids) -> Iterator[Page]:
    """The items of each board of a task."""
    for task in collection.tasks:
        for ranking in task.rankings:
            if id(ranking) not in grids:
                continue
            slug, grid = grids[id(ranking)]
            table = items_table(collection, grid, task.card, name=slug, title=task.title)
            title = ", ".join(filter(None, (f"{task.title}: items", page_mark(ranking))))
            yield Page(
                path=item_page(task.slug, slug),
                template="items.html",
                title=title,
                nav="tasks.html",
                description=f"{clean(task.name)}: every item with the outcome for each model.",
                content={"table": table, "back": (task.title, task.page), "texts": shows_text(task.card)},
                tables=(table,),
            )


def pair_pages(collection: Collection, versus: list[Versus]) -> Iterator[Page]:
    """All pairs of each board, and of each pair its own page."""
    links = {(pair.first.slug, pair.second.slug): pair.page for pair in versus}
    for capability in collection.capabilities:
        yield from _pairs_of(collection, capability, capability.slug, links)
    for task in collection.tasks:
        yield from _pairs_of(collection, task, f"task-{task.slug}", links)


def versus_pages(collection: Collection, versus: list[Versus], grids: Grids) -> Iterator[Page]:
    """Two models side by side, for each pair."""
    flips = Flips(collection, grids, len(versus))
    for pair in versus:
        flipped = flips.table(pair)
        table = versus_table(pair, flips)
        twins = (table, flipped) if flipped is not None and flipped.rows else (table,)
        yield Page(
            path=pair.page,
            template="versus.html",
            title=f"{pair.first.label} and {pair.second.label}",
            nav="models.html",
            description=f"{pair.first.label} against {pair.second.label}: differences, and items that flipped.",
            content={"pair": pair, "table": table, "flips": flipped},
            tables=twins,
        )


def _pairs_of(
    collection: Collection, view: CapabilityView | TaskView, address: str, links: dict[tuple[str, str], str]
) -> Iterator[Page]:
    title = view.title
    for ranking in view.rankings:
        if not ranking.pairs or is_judges(ranking):
            continue
        name = board_slug(ranking, address)
        table = pair_table(collection, ranking, name=name, title=title, links=links)
        square = matrix(collection, ranking, title=title, links=links)
        yield Page(
            path=f"pairs/{name}.html",
            template="pairs.html",
            title=", ".join(filter(None, (f"{title}: pairs", page_mark(ranking)))),
            nav=view.page,
            description=f"{title}: all pairs of models, with differences, intervals and p-values after Holm.",
            content={"table": table, "matrix": square, "back": (title, view.page)},
            tables=(table,),
        )
