"""Every card by name, for those who need no more of a task than that.

A card stands beside its task, and a task brings all of Inspect, which takes seconds to import. So the cards are kept in
the cache folder, under a hash of the code that they were made by, and the tasks are only loaded where that is missing.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache

from pydantic import TypeAdapter, ValidationError

from finbench.card import TaskCard
from finbench.code import code_digest
from finbench.errors import InputError
from finbench.files import cache_folder, write_text

_CATALOGUE = "finbench.tasks.catalogue"


@cache
def cards() -> dict[str, TaskCard]:
    """All cards by name, sorted; the same as `finbench.tasks.catalogue.CARDS`."""
    if _CATALOGUE in sys.modules:
        return _made()
    note = cache_folder() / "cards" / f"{code_digest('finbench')}.json"
    known = TypeAdapter(list[TaskCard])
    with suppress(OSError, ValidationError):
        return {card.name: card for card in known.validate_json(note.read_bytes())}
    made = _made()
    with suppress(InputError, OSError):
        for old in note.parent.glob("*.json"):
            old.unlink(missing_ok=True)
        write_text(note, known.dump_json(list(made.values())).decode())
    return made


def _made() -> dict[str, TaskCard]:
    from finbench.tasks.catalogue import CARDS

    return CARDS
