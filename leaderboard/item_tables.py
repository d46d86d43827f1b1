"""The items of a task: which models have each of them right, and what it asks where that may be shown."""

from __future__ import annotations

from finbench.card import TaskCard
from finbench.data.items import Item
from leaderboard.charts import outcome_strip
from leaderboard.collect import Collection
from leaderboard.item_texts import texts_of
from leaderboard.items import SHOWN_ITEMS, TEXT_LIMIT, ItemGrid, item_anchor
from leaderboard.tables import Cell, Column, Row, Scalar, Table
from leaderboard.text import clean, clean_text, count, plural


def items_table(collection: Collection, grid: ItemGrid, card: TaskCard | None, *, name: str, title: str) -> Table:
    """Every item with the outcome for each model, hardest first."""
    labels = [collection.model_of[one].label for one in grid.contenders]
    shown = [grid.ids[index] for index in grid.order[:SHOWN_ITEMS]]
    texts = texts_of(card, shown) if card is not None else None
    columns = (
        Column(key="item", title="Item"),
        Column(key="right", title="Right", kind="num", hint="Models that have it right"),
        Column(
            key="models",
            title="Models, best first",
            kind="chart",
            sortable=False,
            hint="One mark a model, in the order of the task's table",
        ),
        *(
            (Column(key="reference", title="Reference"), Column(key="text", title="Question", sortable=False))
            if texts is not None
            else (Column(key="hash", title="Hash of the item", sortable=False),)
        ),
    )
    keys = _keys(labels)
    rows = []
    for place, index in enumerate(grid.order):
        identity = grid.ids[index]
        outcomes = [mine[index] for mine in grid.outcomes]
        data: dict[str, Scalar] = {
            "item": clean(identity, 160),
            "right": grid.right[index],
            "models": len(labels),
            "hash": clean(grid.hashes[index], 64),
            **dict(zip(keys, outcomes, strict=True)),
        }
        if place >= SHOWN_ITEMS:
            rows.append(Row(cells=(), data=data))
            continue
        cells = [
            Cell(text=clean(identity), sort=identity, tone="id"),
            Cell(text=count(grid.right[index]), sub=f"of {len(labels)}", sort=grid.right[index]),
            Cell(art=outcome_strip(outcomes), hidden=_words(labels, outcomes)),
        ]
        cells += (
            _text_cells(texts.get(identity))
            if texts is not None
            else [Cell(text=clean(grid.hashes[index], 16), tone="id")]
        )
        rows.append(Row(cells=tuple(cells), data=data, anchor=item_anchor(identity)))
    return Table(
        id=f"items-{name}",
        caption=f"{title}: {plural(len(grid.ids), 'item')}, hardest first",
        columns=columns,
        rows=tuple(rows),
        note=_note(card, texts is not None, len(grid.ids)),
        download=f"data/items-{name}",
    )


def _text_cells(item: Item | None) -> list[Cell]:
    if item is None:
        return [Cell(text="–"), Cell(text="not at hand")]
    options = "".join(
        f"\n{letter}. {text}" for letter, text in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", item.choices, strict=False)
    )
    whole = clean_text(item.body + options, TEXT_LIMIT)
    return [Cell(text=clean(item.gold), tone="short"), Cell(code=whole, open=clean(item.body, 90), tone="text")]


def _keys(labels: list[str]) -> list[str]:
    """Labels as keys of the downloads: no two alike, and none that is another column's."""
    return [f"{number}: {label}" for number, label in enumerate(labels, 1)]


def _words(labels: list[str], outcomes: list[str]) -> str:
    """Who has it right, for those who do not see the marks; short where there are many."""
    if len(labels) > 12:
        return ""
    return ", ".join(f"{label} {outcome}" for label, outcome in zip(labels, outcomes, strict=True))


def _note(card: TaskCard | None, texts: bool, items: int) -> str:
    notes = []
    if items > SHOWN_ITEMS:
        notes.append(f"Shown are the {SHOWN_ITEMS} hardest items; the downloads have all.")
    if card is None:
        notes.append("A task of another package: items are shown by id and hash.")
    elif not card.redistributable:
        notes.append(f"Licence {card.licence}: texts may not be passed on, so items are shown by id and hash.")
    elif not texts:
        notes.append("The rows are not at hand, so items are shown by id and hash.")
    return " ".join(notes)
