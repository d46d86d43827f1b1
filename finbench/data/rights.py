"""The page that says whose the data are: every task's sources, licences and what may be passed on."""

from __future__ import annotations

from collections.abc import Iterable

from finbench.card import Source, TaskCard

_HEAD = """# Data rights

This page is made from the task cards by `finbench data rights --markdown`; a test holds the two together.

finbench ships only rows that were written for it ("package" below, under the project's own licence). All other rows
stay with their owners: `finbench data fetch TASK` gets them for you from the place named here, into your own cache.
Texts of items appear on a leaderboard only where the last column says that they may be passed on; elsewhere it shows
ids and hashes. A licence is given as its source states it; "unverified" and "unclear" mean just that, and are no
permission.

A revision is the commit that the card pins. Where none could be verified, finbench takes the commit that the hub is at
when the set is first fetched, records it in your cache and in every log (`finbench.rows_revision`), and stays with it.
"""


def page(cards: Iterable[TaskCard]) -> str:
    """The page as Markdown.

    Args:
        cards: in the order of the page.
    """
    cards = list(cards)
    lines = [_HEAD, "| task | rows from | revision | licence | may be passed on |", "| --- | --- | --- | --- | --- |"]
    for card in cards:
        for number, source in enumerate(card.sources):
            facts = (card.licence, "yes" if card.redistributable else "no") if number == 0 else ("", "")
            name = card.name if number == 0 else ""
            lines.append(f"| {name} | {_place(source)} | {_revision(source)} | {facts[0]} | {facts[1]} |")
    lines += ["", "## What is said of each source", ""]
    for card in cards:
        lines.append(f"### {card.name}")
        lines += ["", f"{card.title}. {card.citation}{'' if card.citation.endswith('.') else '.'}", ""]
        lines += [f"- {source.uri}: {_sentence(source)}" for source in card.sources]
        lines.append("")
    shared = sum(card.redistributable for card in cards)
    lines.append(f"{len(cards)} tasks; the rows of {shared} may be passed on.")
    return "\n".join(lines) + "\n"


def _place(source: Source) -> str:
    if source.uri == "package":
        return "package"
    address = f"https://huggingface.co/datasets/{source.uri.removeprefix('hf://')}" if source.is_hub else source.uri
    shown = source.uri if source.is_hub else source.uri.removeprefix("https://")
    config = f", {' + '.join(source.config.split('+'))}" if source.config else ""
    return f"[{shown}]({address}){config}, {source.split}"


def _revision(source: Source) -> str:
    if source.uri == "package":
        return "this version"
    return f"`{source.revision}`" if source.revision else "none verified"


def _sentence(source: Source) -> str:
    return f"{source.note}." if source.note else "as published."
