"""Whether a task can run here without asking the network, and where its rows are or would come from."""

from __future__ import annotations

from finbench.card import Source, TaskCard
from finbench.data.hub_store import is_stored, recorded
from finbench.data.locate import folder_path, package_path
from finbench.errors import InputError


def is_drawn(card: TaskCard) -> bool:
    """Whether a task's items are drawn from a seed rather than read."""
    return card.sources[0].uri == "package" and "generated" in card.sources[0].note


def rows_of(card: TaskCard) -> tuple[bool, str]:
    """Whether a task can run here without the network, and where its rows are or would come from."""
    if not card.implemented:
        return False, f"card only: {card.not_implemented}"
    if folder_path(card) is not None:
        return True, f"$FINBENCH_DATA/{card.data_folder}/{card.split}.jsonl"
    if card.sources[0].uri == "package" and (package_path(card) is not None or is_drawn(card)):
        return True, "package"
    on_hub = [source for source in card.sources if source.is_hub]
    for source in on_hub:
        if is_stored(source):
            return True, f"{_commit(source)} (fetched)"
    if on_hub:
        return False, f"{_commit(on_hub[0])} (not fetched)"
    return False, f"none here: {card.sources[0].uri}, pass -T data=PATH"


def _commit(source: Source) -> str:
    try:
        commit = source.revision or recorded(source)
    except InputError as error:
        return f"{source.uri} ({error.message})"
    return f"{source.uri}@{commit[:12]}" if commit else f"{source.uri} at its current commit"
