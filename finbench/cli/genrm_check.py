"""`finbench genrm-check`: is this model fit to teach steps? Its location and correction against the program's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.cli.output import console, json_option, print_json, share, table

if TYPE_CHECKING:
    from finbench.preference.check import Share, TeacherCheck

#: The name that stands for the worked steps themselves.
PROGRAM = "program"


@click.command("genrm-check")
@click.option("--model", required=True, help="The GenRM: Inspect model string, checkpoint folder, or `program`.")
@click.option("--base-url", help="The model's server.")
@click.option("--items", default=60, show_default=True, type=click.IntRange(min=1), help="Broken solutions.")
@click.option("--seed", default=1_000_000, show_default=True, help="Of problems and corruptions; from 1000000 up.")
@click.option("--family", help="Only problems of this family.")
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
    family: str | None,
    structured: bool,
    log_dir: Path,
    max_connections: int | None,
    as_json: bool,
) -> None:
    """How well a model finds and mends the first wrong step, on worked solutions broken at a known one."""
    from finbench.evaluation.models import model_spec
    from finbench.preference.check import check_teacher
    from finbench.preference.schema import Settings

    spec = None if model == PROGRAM else model_spec(model, base_url=base_url)
    settings = Settings(structured=structured, max_connections=max_connections)
    click.echo(f"finbench: {PROGRAM if spec is None else spec.name} on {items} broken solutions", err=True)
    found = check_teacher(spec, n=items, seed=seed, settings=settings, log_dir=log_dir, family=family)
    if as_json:
        print_json(found.document())
    else:
        _show(found)


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


def _cell(figure: Share) -> str:
    if figure.value is None:
        return "none"
    return f"{share(figure.value)} ({share(figure.low)} to {share(figure.high)})"
