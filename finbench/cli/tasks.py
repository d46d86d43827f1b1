"""`finbench tasks`: the map of the benchmark."""

from __future__ import annotations

from typing import Any

import click

from finbench.card import TaskCard
from finbench.cli.output import console, json_option, print_json, share, table


@click.command()
@click.option("--capability", help="Only tasks of this capability.")
@click.option("--domain", help="Only tasks of this domain.")
@click.option("--suite", help="Only tasks of this suite.")
@json_option
def tasks(capability: str | None, domain: str | None, suite: str | None, as_json: bool) -> None:
    """The catalogue: every task, whether it runs here, and where its rows come from."""
    from finbench.errors import InputError
    from finbench.tasks.catalogue import CARDS, resolve
    from finbench.taxonomy import Capability, Domain

    for given, allowed, what in ((capability, Capability, "capability"), (domain, Domain, "domain")):
        if given is not None and given not in set(allowed):
            raise InputError(f"there is no {what} '{given}'; there are {', '.join(allowed)}")
    names = set(resolve(suite=suite)) if suite else set(CARDS)
    chosen = [
        card
        for card in CARDS.values()
        if card.name in names and capability in (None, card.capability) and domain in (None, card.domain)
    ]
    entries = [describe(card) for card in chosen]
    if as_json:
        print_json(entries)
        return
    shown = table("task", "capability", "domain", "asks for", "metric", "items ", "chance ", "runs here", "rows")
    for entry, card in zip(entries, chosen, strict=True):
        shown.add_row(
            entry["name"],
            entry["capability"],
            entry["domain"],
            f"{card.answer.value}, {entry['elicitation']}",
            entry["metric"],
            str(entry["items"] or ""),
            share(entry["chance"]),
            "yes" if entry["available"] else "no",
            entry["rows"],
        )
    console().print(shown)
    here = sum(entry["available"] for entry in entries)
    click.echo(
        f"\n{len(entries)} tasks, {here} run here now. Rows: -T data=PATH, $FINBENCH_DATA, the hub, the package."
    )


def describe(card: TaskCard) -> dict[str, Any]:
    """A card as a JSON object of the contract, with where its rows are."""
    from finbench.data.availability import rows_of

    available, rows = rows_of(card)
    return {
        "name": card.name,
        "title": card.title,
        "capability": card.capability.value,
        "domain": card.domain.value,
        "task_type": card.task_type.value,
        "exposure": card.exposure.value,
        "elicitation": card.elicitation.value,
        "metric": card.metric,
        "items": card.items,
        "chance": card.chance,
        "majority": card.majority,
        "baselines": card.baselines,
        "cluster": card.cluster,
        "sources": [source.model_dump(exclude_none=True) for source in card.sources],
        "licence": card.licence,
        "redistributable": card.redistributable,
        "version": card.version,
        "errata": list(card.errata),
        "citation": card.citation,
        "judged": card.judged,
        "available": available,
        "rows": rows,
    }
