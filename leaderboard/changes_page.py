"""The page of a board's states: the newest first, with what changed and a link that stays."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard.page import Page
from leaderboard.states import State, changes
from leaderboard.tables import Cell, Column, Row, Table
from leaderboard.text import count, plural

#: So many changes of one state stand on the page; `state.json` of the two states has all.
SHOWN = 60


def changes_page(states: Sequence[State], current: State, *, prefix: str) -> Page:
    """The changelog.

    Args:
        states: all states, oldest first.
        current: the one that the board shows now.
        prefix: the way from the page to the folders of the states.
    """
    entries = []
    for index, state in enumerate(states):
        before = states[index - 1] if index else None
        found = changes(before.facts if before else None, state.facts)
        table = Table(
            id=f"changes-{state.id}",
            caption=f"Changes of {state.id}",
            columns=(
                Column(key="kind", title="Change"),
                Column(key="what", title="What"),
                Column(key="before", title="Before", kind="num", sortable=False),
                Column(key="after", title="After", kind="num", sortable=False),
            ),
            rows=tuple(
                Row(
                    cells=(
                        Cell(text=one.kind, tone="short"),
                        Cell(text=one.what),
                        Cell(text=one.before or "–"),
                        Cell(text=one.after or "–"),
                    ),
                    data={},
                    head=1,
                )
                for one in found[:SHOWN]
            ),
            note=f"{count(len(found) - SHOWN)} more." if len(found) > SHOWN else "",
        )
        entries.append(
            {
                "id": state.id,
                "date": state.date,
                "number": state.number,
                "current": state.id == current.id,
                "page": f"{prefix}{state.id}/index.html",
                "json": f"{prefix}{state.id}/state.json",
                "counts": [
                    plural(len(state.facts.get("models", [])), "model"),
                    plural(len(state.facts.get("tasks", [])), "task"),
                    plural(len(state.facts.get("runs", [])), "run"),
                ],
                "first": before is None,
                "table": table,
            }
        )
    return Page(
        path="changes.html",
        template="changes.html",
        title="Changes",
        nav="changes.html",
        description="Every state of this board, with what changed and an address that stays.",
        content={"entries": entries[::-1]},
    )
