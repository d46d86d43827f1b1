"""What a report says of a stage's rows: where they come from, what was left out or cut, how full the packs are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Counts in a lineage's notes, and how they are said.
_COUNTS = {
    "rows_dropped_as_too_long": "rows dropped as too long",
    "rows_truncated": "rows truncated",
    "rows_split": "texts split (nothing of them is lost)",
    "pairs_dropped_as_too_long": "pairs dropped as too long",
    "pairs_dropped_as_equal": "pairs dropped as equal",
    "pairs_dropped_as_merging_with_the_prompt": "pairs dropped as merging with their prompt",
    "pairs_truncated": "pairs truncated",
    "tokens_cut_off": "tokens left out or cut off",
}
#: Heads of the table of shares.
SHARES = ("group", "source", "share of tokens", "wanted", "tokens", "learned", "passes", "rows in packs")


def sources(data: Mapping[str, Any]) -> str:
    """Each source with the rows taken and offered, and what filters and deduplication left out before."""
    return "; ".join(_source(source) for source in data["sources"]) or "none"


def left_out(notes: Mapping[str, Any]) -> str:
    """Rows and pairs that were dropped or cut; `unknown` for a trainer that does not count them."""
    found = [f"{notes[key]} {text}" for key, text in _COUNTS.items() if notes.get(key) is not None]
    return ", ".join(found) or "unknown"


def made(notes: Mapping[str, Any]) -> str | None:
    """What a stage that trains nothing left for others: pairs and accepted corrections; None for one that trains."""
    if not {"summary", "corrections", "gains"} <= notes.keys():
        return None
    text = str(notes["summary"])
    asked, gains = notes["corrections"]["put_to_the_genrm"], notes["gains"]
    if gains["tested"]:
        text += (
            f"; of {asked} corrections {gains['accepted']} accepted "
            f"(at most {gains['expected_by_chance_at_most']:.1f} by chance), "
            f"right in {100 * gains['wrong_rate']:.1f} % of rollouts before and "
            f"{100 * gains['corrected_rate']:.1f} % after them"
        )
    return f"{text}; distillation.md and pairs.html in its folder"


def tokens(notes: Mapping[str, Any]) -> str | None:
    """What one pass over the rows holds; None for a trainer that does not count it."""
    if notes.get("tokens_planned") is not None:
        return (
            f"{notes['tokens_planned']} planned, {notes['learned_tokens_planned']} of them learned; "
            f"{notes['packs']} packed rows, {100 * notes['fill']:.1f} % full"
        )
    if notes.get("tokens_per_epoch") is not None:
        return f"{notes['tokens_per_epoch']} an epoch, {notes['answer_tokens_per_epoch']} of them in answers"
    return None


def shares(notes: Mapping[str, Any]) -> list[list[str]]:
    """A line for each source of each group that was mixed by tokens: the share reached beside the one asked for."""
    return [
        [
            str(group["group"]),
            str(source["source"]),
            f"{100 * source['share']:.1f} %",
            f"{100 * source['share_wanted']:.1f} %",
            str(source["tokens"]),
            str(source["learned_tokens"]),
            f"{source['passes']:g}",
            str(source["sequences"]),
        ]
        for group in notes.get("groups", [])
        for source in group["sources"]
    ]


def _source(source: Mapping[str, Any]) -> str:
    offered = "streamed" if source["offered"] is None else f"of {source['offered']}"
    parts = [f"{source['source']} ({source['taken']} {offered}"]
    if found := source.get("filter"):
        parts.append(f"filter {found['before']} to {found['after']}{_why(found['dropped'])}")
    if found := source.get("deduplication"):
        parts.append(f"duplicates {found['before']} to {found['after']}")
    return ", ".join(parts) + ")"


def _why(dropped: Mapping[str, int]) -> str:
    return f" [{', '.join(f'{reason} {count}' for reason, count in dropped.items())}]" if dropped else ""
