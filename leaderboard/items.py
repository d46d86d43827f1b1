"""How each item of a task ended for each model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finbench.card import TaskCard
from finbench.results.boards import Contender
from finbench.results.rank import Ranking
from finbench.results.runs import Run, column
from leaderboard.text import slug

#: Longest text of an item that a page shows.
TEXT_LIMIT = 4000
#: So many items stand on a page, those that fewest models have right; the downloads have all.
SHOWN_ITEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one model said to one item in one epoch."""

    outcome: str
    gold: str | None
    pred: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemGrid:
    """The items of one board of a task, answered by its models.

    Attributes:
        task: name of the task.
        ids: the items, sorted by id.
        contenders: the models, in the order of the board.
        outcomes: outcomes of each model, in the order of `ids`; of several epochs the first.
        right: how many models have each item right.
        hashes: what stands for each item's content.
    """

    task: str
    ids: tuple[str, ...]
    contenders: tuple[Contender, ...]
    outcomes: tuple[tuple[str, ...], ...]
    right: tuple[int, ...]
    hashes: tuple[str, ...]

    @property
    def order(self) -> list[int]:
        """Places of the items, hardest first."""
        return sorted(range(len(self.ids)), key=lambda index: (self.right[index], self.ids[index]))


def grid_of(ranking: Ranking) -> ItemGrid | None:
    """The grid of a board of one task; None where nobody is ranked."""
    if not ranking.models or len(ranking.tasks) != 1:
        return None
    runs = [model.runs[0] for model in ranking.models]
    ids = runs[0].ids
    outcomes = tuple(first_outcomes(run) for run in runs)
    contents = column(runs[0].items, "content")[:: max(len(runs[0].items) // max(len(ids), 1), 1)]
    hashes = [content or identity.rpartition("-")[2] for identity, content in zip(ids, contents, strict=True)]
    return ItemGrid(
        task=ranking.tasks[0],
        ids=ids,
        contenders=tuple(model.contender for model in ranking.models),
        outcomes=outcomes,
        right=tuple(one.count("correct") for one in zip(*outcomes, strict=True)),
        hashes=tuple(hashes),
    )


def first_outcomes(run: Run) -> tuple[str, ...]:
    """The outcome of each item in its first epoch, sorted by item."""
    # members of a StrEnum as plain texts, which are compared and hashed far quicker
    return tuple(map(str.__str__, column(run.items, "outcome")[:: _epochs(run)]))


def answers(run: Run, wanted: Sequence[str]) -> dict[str, Answer]:
    """What a run says of some items, in their first epoch."""
    epochs = _epochs(run)
    places = {identity: index * epochs for index, identity in enumerate(run.ids)}
    outcomes, golds, preds = (column(run.items, name) for name in ("outcome", "gold", "pred"))
    return {
        one: Answer(outcome=outcomes[places[one]].value, gold=golds[places[one]], pred=preds[places[one]])
        for one in wanted
        if one in places
    }


def item_page(task_slug: str, board_slug: str) -> str:
    """The page of a board's items, relative to the site's root."""
    return f"items/{task_slug}-{board_slug.rpartition('-')[2]}.html"


def item_anchor(identity: str) -> str:
    """The anchor of an item on its page."""
    return f"i-{slug(identity)}"


def shows_text(card: TaskCard | None) -> bool:
    """Whether questions, references and answers of a task may stand on a page."""
    return card is not None and card.redistributable


def _epochs(run: Run) -> int:
    return max(len(run.items) // max(len(run.ids), 1), 1)
