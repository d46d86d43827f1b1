"""`finbench power`: what a number of items can show."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from finbench.cli.output import json_option, print_json
from finbench.errors import InputError


@click.command()
@click.option("--items", required=True, type=click.IntRange(min=2), help="Items of the planned comparison.")
@click.option(
    "--discordance",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.15,
    show_default=True,
    help="Share of items that the two models answer differently.",
)
@click.option("--clusters", type=click.IntRange(min=2), help="Independent units the items fall into.")
@click.option("--icc", type=click.FloatRange(0, 1), help="Correlation of items within a unit.")
@click.option("--difference", type=click.FloatRange(0, 1, min_open=True), help="A true difference, as a share.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the power curve; ends in .svg, .png or .pdf.")
@json_option
def power(
    items: int,
    discordance: float,
    clusters: int | None,
    icc: float | None,
    difference: float | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """The smallest difference that so many items show with 80 % power, and the power for a given difference."""
    from finbench.stats.errors import StatsError
    from finbench.stats.power import plan

    if plot is not None:
        from finbench.results.plots import check_plot

        check_plot(plot)
    wanted = partial(plan, items, discordance=discordance, clusters=clusters, icc=icc or 0.0)
    try:
        planned = wanted(difference=difference)
    except StatsError as error:
        raise InputError(str(error)) from None
    if plot is not None:
        from finbench.results.plots import power_plot

        power_plot(lambda value: wanted(difference=value), planned, plot)
    found = asdict(planned)
    if as_json:
        print_json(
            {
                "mde": planned.mde,
                "items": planned.items,
                "discordance": planned.discordance,
                "power": planned.power,
                **found,
            }
        )
        return
    units = "" if clusters is None else f" in {clusters} clusters (correlation {planned.icc:g} within)"
    click.echo(
        f"{items} items{units}, {100 * discordance:g} % answered differently: "
        f"differences of {100 * planned.mde:.1f} points or more show with 80 % power."
    )
    if difference is not None and planned.power is not None:
        click.echo(f"A true difference of {100 * difference:g} points shows with {100 * planned.power:.0f} % power.")
