"""What the items of a task ask, where the licence lets it be passed on and the rows lie here.

To make items from rows takes the task, and with it all of Inspect. So the texts that a site shows are kept in the cache
folder, one file a task, under a hash of the code and of the rows that they were made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from finbench.card import TaskCard
from finbench.code import code_digest
from finbench.data.hub_store import stored_file
from finbench.data.items import Item
from finbench.data.locate import folder_path
from finbench.errors import InputError
from finbench.files import cache_folder, write_text
from finbench.results.cache import content_sha256


def texts_of(card: TaskCard, wanted: Sequence[str]) -> Mapping[str, Item] | None:
    """Some items of a task by id, those that are there; None where its rows do not lie here or may not be passed on.

    No network is asked. Item ids are hashes of the content, so a text can only stand beside the id that it has.
    """
    if not card.redistributable:
        return None
    made_from = _made_from(card)
    note = cache_folder() / "texts" / f"{card.name}.json"
    known = _read(note, made_from)
    if known is None or (known.here and any(one not in known.items for one in wanted)):
        items = _items(card.name)
        found = {one: items.get(one) for one in wanted}
        known = _Kept(here=bool(items), items={**(known.items if known is not None else {}), **found})
        _write(note, made_from, known)
    return {one: item for one in wanted if (item := known.items[one]) is not None} if known.here else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is known of a task's items: whether they lie here, and some of them; None for an id that is not theirs."""

    here: bool
    items: Mapping[str, Item | None]


@cache
def _items(name: str) -> Mapping[str, Item]:
    """All items of a task by id; none where they do not lie here."""
    from finbench.tasks.catalogue import DEFINITIONS

    definition = DEFINITIONS[name]
    found = definition.evaluation_items()
    if not found and not any(source.is_hub for source in definition.card.sources):
        try:
            found = definition.items().items
        except InputError:
            return {}
    return found


def _made_from(card: TaskCard) -> str:
    """A hash over what decides the items: the code with the rows that ship, and the files that rows are read from."""
    digest = hashlib.sha256(code_digest("finbench").encode())
    stored = (stored_file(source) for source in card.sources if source.is_hub)
    for path in (folder_path(card), *stored):
        found = "-"
        with suppress(OSError):  # one that cannot be read is passed over, as one that is not there
            found = content_sha256(path) if path is not None else found
        digest.update(found.encode())
    return digest.hexdigest()


def _read(note: Path, made_from: str) -> _Kept | None:
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(note.read_bytes())
        if kept["made_from"] == made_from:
            items = {
                str(one): None if text is None else Item(body=text[0], gold=text[1], choices=tuple(text[2]))
                for one, text in kept["items"].items()
            }
            return _Kept(here=bool(kept["here"]), items=items)
    return None


def _write(note: Path, made_from: str, known: _Kept) -> None:
    texts = {one: None if item is None else [item.body, item.gold, item.choices] for one, item in known.items.items()}
    whole = {"made_from": made_from, "here": known.here, "items": texts}
    with suppress(InputError):
        write_text(note, json.dumps(whole, ensure_ascii=True, sort_keys=True))
