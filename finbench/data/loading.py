"""A task's set: rows found, fitted to the task, deduplicated, fingerprinted, and told official or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finbench.card import TaskCard
from finbench.data.items import Item, fingerprint, without_duplicates
from finbench.data.locate import Located, places
from finbench.data.rows import Row, RowError
from finbench.errors import InputError

ToItem = Callable[[Row], Item | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSet:
    """The items a task runs on.

    Attributes:
        items: by id, in the rows' order, exact duplicates dropped.
        sha256: fingerprint of the set.
        official: whether the set is the card's.
        place: where the rows come from, as text for the log.
        dropped: how many exact duplicates were dropped.
        revision: the commit that was read, for rows from the hub.
    """

    items: dict[str, Item]
    sha256: str
    official: bool
    kind: str
    place: str
    dropped: int
    revision: str | None = None


class NotTheRows(InputError):
    """Rows that were read and do not fit their task: of another schema or label set."""


def load(
    card: TaskCard, to_item: ToItem, *, data: str | Path | None = None, split: str | None = None, latest: bool = False
) -> ItemSet:
    """The items of `card`, from the first source that gives the card's set.

    Rows that came over the network are kept in the user's cache once they were accepted, so that the next run needs
    none. A hub set that is not the card's is passed over; where no other source has the rows, it is refused.

    Args:
        card: what the set should be.
        to_item: reads one row.
        data: rows instead of the ones found by the order of sources.
        split: the card's by default.
        latest: read sets that no card pins at the hub's current commit, which is recorded from then on.

    Raises:
        InputError: if no source answers, a row does not fit the task's schema or label set, nothing is left, or a hub
            set is not the card's.
    """
    refused: InputError | None = None
    found = places(card, data=data, split=split, latest=latest)
    while True:
        try:
            located = next(found)
        except StopIteration:
            break
        except InputError as error:
            raise refused or error from None
        try:
            loaded = to_set(card, to_item, located, split=split or card.split)
        except InputError as error:
            if located.kind != "hub":
                raise
            refused = refused or error
            continue
        keep(located)
        return loaded
    raise refused or InputError(f"task '{card.name}' has no rows here; pass them with -T data=PATH")


def keep(located: Located) -> Path | None:
    """Keep rows that came over the network in the user's cache; gives the file, None for rows from elsewhere."""
    if not located.fresh or located.source is None or located.revision is None:
        return None
    from finbench.data.hub_store import store

    return store(
        located.source, located.split or located.source.split, located.revision, located.rows, export=located.export
    )


def to_set(card: TaskCard, to_item: ToItem, located: Located, *, split: str) -> ItemSet:
    """Fit located rows to the task; see `load`."""
    items = []
    for number, row in enumerate(located.rows, 1):
        try:
            item = to_item(row)
        except RowError as error:
            raise NotTheRows(
                f"row {number} of {located.shown} does not fit task '{card.name}': it {error}; see `finbench data "
                f"verify {card.name} --data PATH`"
            ) from None
        if item is not None:
            items.append(item)
    if not items:
        raise InputError(f"{located.shown} holds no rows for task '{card.name}'; it needs at least one")
    unique, dropped = without_duplicates(card.name, items)
    sha256 = fingerprint(unique)
    if located.kind == "hub" and split == card.split:
        _refuse_another_set(card, located, items, sha256)
    return ItemSet(
        items=unique,
        sha256=sha256,
        official=_is_official(card, located, sha256, split),
        kind=located.kind,
        place=located.place,
        dropped=dropped,
        revision=located.revision,
    )


def _refuse_another_set(card: TaskCard, located: Located, items: Sequence[Item], sha256: str) -> None:
    known = (located.source.items_sha256 if located.source is not None else None) or card.items_sha256
    differs = None
    if known is not None and sha256 != known:
        differs = f"has the fingerprint {sha256[:12]}, the card of '{card.name}' says {known[:12]}"
    elif known is None and card.labels and sum(count or 0 for count in card.labels.values()) == len(items):
        from finbench.data.fingerprints import label_differences

        told = label_differences([item.gold for item in items], card.labels)
        differs = told and f"has other labels than the card of '{card.name}': {told}"
    if differs:
        raise InputError(f"{located.place} {differs}: it is not the same set; pass the real rows with -T data=PATH")


def _is_official(card: TaskCard, located: Located, sha256: str, split: str) -> bool:
    if split != card.split:
        return False
    if card.items_sha256 is not None:
        return sha256 == card.items_sha256
    # no fingerprint could be taken when the card was written: its pinned revision, of which the number of rows was
    # held against the card's when it was read, stands in for it; a commit that no card names does not
    return located.kind == "hub" and located.source is not None and located.source.revision is not None
