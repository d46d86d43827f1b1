"""`finbench data`: what rows are here, fetching them, checking them, whose they are, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import click

from finbench.cli.output import console, json_option, points, print_json, share, table
from finbench.errors import ClaimFailed, InputError


@click.group()
def data() -> None:
    """What rows are here, fetching them, checking them."""


@data.command()
@click.argument("tasks", nargs=-1)
@click.option("--quick", is_flag=True, help="Say where the rows are without reading them.")
@json_option
def status(tasks: tuple[str, ...], quick: bool, as_json: bool) -> None:
    """Where each task's rows are, whether they are the card's set, what is wrong in it, and under what licence.

    No network is asked. TASKS are all by default.
    """
    from finbench.data.state import state_of
    from finbench.errata.overlay import overlay
    from finbench.tasks.catalogue import CARDS, DEFINITIONS, definition

    names = [definition(name).card.name for name in tasks] or list(CARDS)
    states = [state_of(CARDS[name], DEFINITIONS[name].to_item, look=not quick) for name in names]
    if as_json:
        print_json([state.as_json() | {"errata": len(overlay(state.card.name))} for state in states])
        return
    columns = ("task", "here", "rows", "set", "items ", "twice ", "contra. ", "errata ", "licence", "may be passed on")
    shown = table(*columns)
    for state in states:
        found = state.defects
        repeats = found.exact + sum(len(group.ids) - 1 for group in found.repeated) if found else None
        shown.add_row(
            state.card.name,
            "yes" if state.available else "no",
            state.rows,
            state.set,
            str(len(state.loaded.items)) if state.loaded else "",
            str(repeats or "") if found else "",
            str(len(found.contradictions) or "") if found else "",
            str(len(overlay(state.card.name)) or ""),
            state.card.licence,
            "yes" if state.card.redistributable else "no",
        )
    console().print(shown)
    for state in states:
        if state.problem:
            click.echo(f"{state.card.name}: {state.problem}", err=True)
    if not quick:
        click.echo(
            "\ntwice: rows that ask what another one asks; contra.: questions with two references. "
            "`finbench data verify TASK` names them, `finbench data errata TASK` known wrong references."
        )


@data.command()
@click.argument("tasks", nargs=-1, required=True)
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write the rows into this folder, as JSON lines.",
)
@click.option("--update", is_flag=True, help="Of sets that no card pins, take the hub's current commit from now on.")
@json_option
def fetch(tasks: tuple[str, ...], to: Path | None, update: bool, as_json: bool) -> None:
    """Fetch rows of TASKS from the hub into the user's cache; they are read from there, without network, afterwards.

    Where the card pins a commit, that is what is fetched; where none could be verified, the hub's current commit is,
    and it is recorded and read from then on.
    """
    from finbench.data.hub import HubUnavailable
    from finbench.data.hub_store import is_stored
    from finbench.data.loading import ItemSet, keep, to_set
    from finbench.data.locate import Located, from_hub
    from finbench.files import write_text
    from finbench.tasks.catalogue import definition

    entries = []
    for known in [definition(name) for name in tasks]:
        card = known.card
        reasons = [] if any(source.is_hub for source in card.sources) else [f"its rows are at {card.sources[0].uri}"]
        refused: InputError | None = None
        done: tuple[Located, ItemSet] | None = None
        for source in (source for source in card.sources if source.is_hub):
            try:
                located = from_hub(card, source, card.split, latest=update)
                done = located, to_set(card, known.to_item, located, split=card.split)
                break
            except HubUnavailable as error:
                reasons.append(str(error))
            except InputError as error:
                refused = refused or error
        if done is None:
            if refused is not None:
                raise refused
            raise InputError(
                f"the rows of '{card.name}' cannot be fetched: {'; '.join(reasons)}; pass them with -T data=PATH, or "
                "fetch them elsewhere with --to FOLDER"
            )
        located, loaded = done
        text = "".join(json.dumps(dict(row), ensure_ascii=False, default=str) + "\n" for row in located.rows)
        if to is not None:
            write_text(to / card.data_folder / f"{card.split}.jsonl", text)
        keep(located)
        assert located.source is not None and is_stored(located.source)
        entries.append(
            {
                "name": card.name,
                "rows": len(located.rows),
                "items": len(loaded.items),
                "from": located.place,
                "revision": located.revision,
                "pinned_by": "card" if located.source.revision else "this cache",
                "official": loaded.official,
                "items_sha256": loaded.sha256,
                "licence": card.licence,
            }
        )
        if not as_json:
            by = "" if located.source.revision else "; no commit was verified before: this one is read from now on"
            told = "the card's set" if loaded.official else "a set that the card has no fingerprint of"
            click.echo(
                f"{card.name}: {len(located.rows)} rows of {located.place}, {card.licence}, {told}, items "
                f"{loaded.sha256[:12]}{by}"
            )
    if as_json:
        print_json(entries)


@data.command()
@click.argument("task")
@click.option("--data", "path", type=click.Path(path_type=Path), help="A .jsonl file or a folder; else what is here.")
@json_option
def verify(task: str, path: Path | None, as_json: bool) -> None:
    """Is this the card's set? 0 yes, 1 no (says what differs), 2 unreadable.

    Duplicates and contradictions inside the set are named, whatever the answer.
    """
    from finbench.data.loading import NotTheRows
    from finbench.data.locate import locate
    from finbench.data.state import differences, looked_at, misfit
    from finbench.tasks.catalogue import definition

    known = definition(task)
    card = known.card
    located = locate(card, data=path)
    place = path or Path(located.shown)
    try:
        state = looked_at(card, known.to_item, located)
    except NotTheRows as error:
        if not any(len(row) for row in located.rows):
            raise
        raise ClaimFailed(misfit(card, place, located.rows, error)) from None
    loaded, found, content = state.loaded, state.defects, state.found
    assert loaded is not None and found is not None and content is not None
    if as_json:
        print_json(state.as_json() | {"differences": [] if loaded.official else differences(state)})
    if not loaded.official:
        told = differences(state) + [line for line in found.lines() if "repeated exactly" not in line]
        raise ClaimFailed(f"{place} is not the official set of '{card.name}': {'; '.join(told)}")
    if not as_json:
        click.echo(
            f"{place} is the official set of '{card.name}': {len(loaded.items)} items, {loaded.sha256[:12]}; "
            f"{content.rows} rows, content {content.sha256[:12]}"
        )
        for line in found.lines():
            click.echo(f"  {line}")


@data.command()
@click.option("--markdown", is_flag=True, help="The whole page, as docs/data-rights.md has it.")
def rights(markdown: bool) -> None:
    """Whose the data are: sources, revisions, licences, and what may be passed on."""
    from finbench.data.rights import page
    from finbench.tasks.catalogue import CARDS

    if markdown:
        click.echo(page(CARDS.values()), nl=False)
        return
    shown = table("task", "licence", "may be passed on", "rows from")
    for card in CARDS.values():
        places = ", ".join(source.uri for source in card.sources)
        shown.add_row(card.name, card.licence, "yes" if card.redistributable else "no", places)
    console().print(shown)


@data.command()
@click.argument("logs", nargs=-1, type=click.Path())
@click.option("--task", "tasks", multiple=True, help="Only this task; may be repeated.")
@json_option
def errata(logs: tuple[str, ...], tasks: tuple[str, ...], as_json: bool) -> None:
    """Known wrong references with their evidence; with LOGS, each run's score with and without them.

    The published score stays as it is. The other one is the same answers scored on the corrected references, without
    the items that no reference would be right for.
    """
    from finbench.errata.overlay import overlay, tasks_with_errata
    from finbench.tasks.catalogue import card

    names = [card(name).name for name in tasks]
    if not logs:
        known = {name: overlay(name) for name in names or tasks_with_errata()}
        if as_json:
            print_json({name: [one.model_dump() for one in entries.values()] for name, entries in known.items()})
            return
        for name, entries in known.items():
            click.echo(f"{name}: {len(entries)} known wrong references" + (":" if entries else ""))
            for one in entries.values():
                told = "left out" if one.gold is None else f"should be {' / '.join(one.gold.splitlines())}"
                click.echo(f"  {one.id} ({one.row}), {told}\n    {one.wrong}\n    evidence: {one.evidence}")
        return
    from finbench.errata.rescoring import both_scores

    scores = both_scores(logs, tasks=names)
    if as_json:
        print_json([run.as_json() for run in scores])
        return
    if not scores:
        click.echo(
            f"no run of these logs holds an item with errata; there are some of {', '.join(tasks_with_errata())}"
        )
        return
    shown = table("task", "model", "metric", "published ", "with errata ", "difference ", "corrected ", "left out ")
    for run in scores:
        shown.add_row(
            run.task,
            run.model,
            run.published.metric,
            share(run.published.estimate),
            share(run.mended.estimate),
            points(run.mended.estimate - run.published.estimate),
            f"{run.corrected} ({run.turned} scored otherwise)",
            str(run.excluded),
        )
    console().print(shown)
