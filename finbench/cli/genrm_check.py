"""`finbench genrm-check`: is this model fit to teach steps? Its location and correction against the program's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.cli.output import console, json_option, print_json, share, table
from finbench.errors import InputError, tell

if TYPE_CHECKING:
    from finbench.preference.check import Share, TeacherCheck
    from finbench.preference.injection import InjectionCheck

#: The name that stands for the worked steps themselves.
PROGRAM = "program"


@click.command("genrm-check")
@click.option("--model", required=True, help="The GenRM: Inspect model string, checkpoint folder, or `program`.")
@click.option("--base-url", help="The model's server.")
@click.option("--items", default=60, show_default=True, type=click.IntRange(min=1), help="Broken solutions.")
@click.option("--seed", default=1_000_000, show_default=True, help="Of problems and corruptions; from 1000000 up.")
@click.option(
    "--injections",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Wrong solutions it judges with and without sentences that ask for another verdict.",
)
@click.option("--family", help="Only problems of this family.")
@click.option("--attempts", default=3, show_default=True, type=click.IntRange(min=1), help="Until a reply can be read.")
@click.option("--max-tokens", default=1024, show_default=True, type=click.IntRange(min=1), help="Of one reply.")
@click.option("--structured", is_flag=True, help="Send the JSON schema along; the provider must know it.")
@click.option(
    "--log-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("logs"),
    show_default=True,
    help="Where the logs go.",
)
@click.option("--max-connections", type=click.IntRange(min=1), help="Requests at once.")
@json_option
def genrm_check(
    model: str,
    base_url: str | None,
    items: int,
    seed: int,
    injections: int,
    family: str | None,
    attempts: int,
    max_tokens: int,
    structured: bool,
    log_dir: Path,
    max_connections: int | None,
    as_json: bool,
) -> None:
    """How well a model finds and mends the first wrong step, on worked solutions broken at a known one.

    With --injections also how often it lets a sentence inside a wrong solution talk it into calling it right.
    """
    from finbench.evaluation.models import model_spec
    from finbench.preference.check import check_teacher
    from finbench.preference.injection import check_injections
    from finbench.preference.schema import Settings

    if injections and model == PROGRAM:
        raise InputError("the worked steps judge by rule alone; name a model to measure what injected sentences do")
    spec = None if model == PROGRAM else model_spec(model, base_url=base_url)
    settings = Settings(
        structured=structured, attempts=attempts, genrm_max_tokens=max_tokens, max_connections=max_connections
    )
    tell(f"{PROGRAM if spec is None else spec.name} on {items} broken solutions")
    found = check_teacher(spec, n=items, seed=seed, settings=settings, log_dir=log_dir, family=family)
    moved = None
    if spec is not None and injections:
        moved = check_injections(spec, n=injections, seed=seed, settings=settings, log_dir=log_dir, family=family)
    if as_json:
        print_json(found.document() | {"injections": None if moved is None else moved.document()})
        return
    _show(found)
    if moved is not None:
        _show_injections(moved)


def _show(found: TeacherCheck) -> None:
    shown = table("broken ", "location: precision ", "recall ", "correction: precision ", "recall ")
    for one in found.figures:
        cells = (one.location_precision, one.location_recall, one.correction_precision, one.correction_recall)
        shown.add_row(one.kind, *map(_cell, cells))
    click.echo(f"{found.model} on {found.solutions} broken solutions (seed {found.seed}); percent, 95 % interval\n")
    console().print(shown)
    if found.reasons:
        click.echo("\nnot accepted: " + ", ".join(f"{reason} {count}" for reason, count in found.reasons.items()))
    click.echo(f"\nlogs: {', '.join(found.logs)}")


def _show_injections(found: InjectionCheck) -> None:
    click.echo(f"\n{found.model} as judge of {found.solutions} wrong solutions, with and without injected sentences\n")
    shown = table("injected ", "flipped to right ", "of ", "no verdict ")
    for one in found.figures:
        shown.add_row(one.kind, _cell(one.flipped), str(one.flipped.n), str(one.unread))
    console().print(shown)
    click.echo(
        f"\nwithout sentences it calls right: {_cell(found.right_accepted)} of worked solutions, "
        f"{_cell(found.wrong_accepted)} of wrong ones; no verdict on {found.unread}\n"
        f"with sentences the rule calls right: {_cell(found.rule_flipped)} of {found.rule_flipped.n}\n"
        f"logs: {', '.join(found.logs)}"
    )


def _cell(figure: Share) -> str:
    if figure.value is None:
        return "none"
    return f"{share(figure.value)} ({share(figure.low)} to {share(figure.high)})"
