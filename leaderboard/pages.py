"""The pages of a site, one after another: which template, with what in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from finbench.cards import cards
from leaderboard.board_tables import BoardView, board_view
from leaderboard.collect import CapabilityView, Collection, TaskView
from leaderboard.exports import Download, downloads, log_heads
from leaderboard.items import item_page
from leaderboard.model_tables import model_facts, model_runs_table, models_table, standing_table
from leaderboard.page import Page
from leaderboard.pair_pages import Grids, grids_of, item_pages, pair_pages, versus_pages
from leaderboard.recipe_pages import recipe_pages
from leaderboard.recipes import Recipe
from leaderboard.tables import Table
from leaderboard.task_tables import card_facts, rights_table, runs_table, tasks_table
from leaderboard.text import clean, plural
from leaderboard.versus import Versus, all_versus

#: Rows of one table on the overview; the capability's page has all.
OVERVIEW_ROWS = 12


class SitePages:
    """Every page of a site."""

    def __init__(self, collection: Collection, recipes: Sequence[Recipe] = ()) -> None:
        """Compute what pages share."""
        self._collection, self._recipes = collection, recipes
        self._grids = grids_of(collection)
        self._versus = all_versus(collection)

    @property
    def pairs(self) -> int:
        """How many pairs of models have a page."""
        return len(self._versus)

    def of_pairs(self) -> Iterator[Page]:
        """A page for each pair of models; on a large site this is half of the work."""
        return versus_pages(self._collection, self._versus, self._grids)

    def others(self) -> Iterator[Page]:
        """All other pages."""
        yield from _lists(self._collection, self._grids, self._versus)
        yield from pair_pages(self._collection, self._versus)
        yield from item_pages(self._collection, self._grids)
        yield from recipe_pages(self._collection, self._recipes)
        yield from _about(self._collection)


def runs_shown(collection: Collection) -> int:
    """How many runs stand in tables; of several logs of one model and question only one does."""
    return sum(len(view.runs) for view in collection.models)


def _lists(collection: Collection, grids: Grids, versus: Sequence[Versus]) -> Iterator[Page]:
    """Overview, capabilities, tasks and models."""
    yield _overview(collection)
    for capability in collection.capabilities:
        yield _capability(collection, capability)
    yield _list("tasks.html", "Tasks", tasks_table(collection), "Every task with results: metric, items, licence.")
    for task in collection.tasks:
        yield _task(collection, task, grids)
    yield _list("models.html", "Models", models_table(collection), "Every model, in alphabetical order.")
    others = _others(versus)
    for model in collection.models:
        tables = (standing_table(collection, model), model_runs_table(collection, model))
        yield Page(
            path=model.page,
            template="model.html",
            title=model.label,
            nav="models.html",
            description=f"{model.label}: rank intervals, scores with 95 % intervals, outcomes and runs.",
            content={
                "facts": model_facts(collection, model),
                "standing": tables[0],
                "runs": tables[1],
                "others": others.get(model.slug, []),
                "downloads": downloads(collection, model),
                "logs": log_heads(collection, model),
            },
            tables=tables,
        )


def _others(versus: Sequence[Versus]) -> dict[str, list[Download]]:
    """For each model by its slug, the pages of its pairs, by the name of the other model."""
    found: dict[str, list[Download]] = {}
    for pair in versus:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            found.setdefault(one.slug, []).append(Download(words=other.label, path=pair.page))
    return {slug: sorted(links, key=lambda link: (link.words, link.path)) for slug, links in found.items()}


def _about(collection: Collection) -> Iterator[Page]:
    """What scores mean, whose data they rest on, and how to take part."""
    yield Page(path="method.html", template="method.html", title="Method", nav="method.html", description=_METHOD)
    table = rights_table(collection)
    yield Page(
        path="rights.html",
        template="rights.html",
        title="Data rights",
        nav="rights.html",
        description="Licence, source and citation of the data of every task.",
        content={"table": table, "cards": len(cards())},
        tables=(table,),
    )
    yield Page(
        path="submit.html", template="submit.html", title="How to submit", nav="submit.html", description=_SUBMIT
    )


_METHOD = "What the scores, intervals, tests and rank intervals of this site mean."
_SUBMIT = "What a submission holds, and how it is checked."


def _overview(collection: Collection) -> Page:
    sections = [(one, _boards(collection, one, limit=OVERVIEW_ROWS)) for one in collection.capabilities]
    others = [task for task in collection.tasks if task.card is None]
    return Page(
        path="index.html",
        template="index.html",
        title="Overview",
        nav="index.html",
        description="What language models can do in finance: rank intervals and scores with 95 % intervals.",
        content={
            "sections": sections,
            "others": others,
            "counts": (
                plural(len(collection.models), "model"),
                plural(len(collection.tasks), "task"),
                plural(runs_shown(collection), "run"),
            ),
        },
    )


def _capability(collection: Collection, view: CapabilityView) -> Page:
    boards = _boards(collection, view)
    names = dict.fromkeys(task for ranking in view.rankings for task in ranking.tasks)
    return Page(
        path=view.page,
        template="capability.html",
        title=view.title,
        nav=view.page,
        description=f"{view.title}: models ranked over {plural(len(names), 'task')}, with 95 % intervals.",
        content={"boards": boards, "tasks": [collection.task_of[name] for name in names], "view": view},
        tables=tuple(board.table for board in boards),
    )


def _task(collection: Collection, view: TaskView, grids: Grids) -> Page:
    boards = []
    for number, ranking in enumerate(view.rankings):
        known = grids.get(id(ranking))
        links = [("Item by item", item_page(view.slug, known[0]))] if known is not None else []
        boards.append(
            board_view(
                collection,
                ranking,
                title=view.title,
                address=f"task-{view.slug}",
                before=view.rankings[:number],
                links=links,
            )
        )
    runs = [
        runs_table(collection, ranking, name=board.slug, number=number) if ranking.models else None
        for number, (ranking, board) in enumerate(zip(view.rankings, boards, strict=True), 1)
    ]
    return Page(
        path=view.page,
        template="task.html",
        title=view.title,
        nav="tasks.html",
        description=f"{clean(view.name)}: scores of all models with 95 % intervals, chance and majority baselines.",
        content={"view": view, "boards": list(zip(boards, runs, strict=True)), "facts": _facts(view)},
        tables=(*(board.table for board in boards), *(table for table in runs if table is not None)),
    )


def _facts(view: TaskView) -> tuple[tuple[str, str], ...]:
    return card_facts(view.card) if view.card is not None else (("What", "a task of another package: it has no card"),)


def _boards(collection: Collection, view: CapabilityView, *, limit: int | None = None) -> list[BoardView]:
    return [
        board_view(
            collection,
            ranking,
            title=view.title,
            address=view.slug,
            before=view.rankings[:number],
            limit=limit,
            page=view.page,
        )
        for number, ranking in enumerate(view.rankings)
    ]


def _list(path: str, title: str, table: Table, description: str) -> Page:
    content = {"table": table, "lead": description}
    return Page(
        path=path,
        template="list.html",
        title=title,
        nav=path,
        description=description,
        content=content,
        tables=(table,),
    )
