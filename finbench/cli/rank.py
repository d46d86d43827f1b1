"""`finbench rank`: rank intervals and ties."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.cli.output import console, json_option, print_json, share, table
from finbench.errors import InputError, tell

if TYPE_CHECKING:
    from finbench.results.rank import Ranking


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path())
@click.option("--capability", help="Rank on the mean over this capability's tasks.")
@click.option("--task", help="Rank on this task.")
@click.option("--skip-bad", is_flag=True, help="Leave unreadable logs out.")
@click.option("--scorer", help="Scorer to read, for logs of other packages' tasks.")
@click.option("--metric", help="Headline metric, for logs of other packages' tasks.")
@click.option("--cluster", help="Metadata key that names the cluster, for logs of other packages' tasks.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the rank intervals; ends in .svg, .png or .pdf.")
@json_option
def rank(
    logs: tuple[str, ...],
    capability: str | None,
    task: str | None,
    skip_bad: bool,
    scorer: str | None,
    metric: str | None,
    cluster: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Rank intervals and ties of all models; with neither option, on the mean over all tasks."""
    from finbench.results.choosing import read_runs
    from finbench.results.rank import rank_models_of, rankings_of
    from finbench.stats.errors import StatsError

    if plot is not None:
        from finbench.results.plots import check_plot

        check_plot(plot)
    only = [task] if task is not None else []
    runs = read_runs(logs, skip_bad=skip_bad, scorer=scorer, metric=metric, cluster=cluster, tasks=only)
    try:
        chosen = rank_models_of(runs, capability=capability, task=task)
        found = rankings_of(runs, capability=capability, task=task)
    except StatsError as error:
        raise InputError(f"these runs cannot be ranked: {error}") from None
    others = [ranking for ranking in found if ranking.board != chosen.board]
    for line in _notes(chosen, others):
        tell(line)
    if plot is not None:
        from finbench.results.plots import rank_plot

        rank_plot(chosen, plot)
    if as_json:
        print_json(chosen.as_json())
    else:
        show(chosen)


def show(ranking: Ranking) -> None:
    """Print a ranking as a table, with how to read it."""
    shown_as = "{:.2f}".format if "scale_not_0_to_1" in ranking.flags else share
    shown = table("rank", "model", "score ", "95 % interval", "n ", "", title=ranking.name)
    first = sum(model.tied_first for model in ranking.models)
    for model in ranking.models:
        ranks = str(model.rank_low) if model.rank_low == model.rank_high else f"{model.rank_low}-{model.rank_high}"
        marks = [
            word
            for word, said in (
                ("tied for first", model.tied_first and first > 1),
                ("unofficial", not model.official),
            )
            if said
        ]
        shown.add_row(
            ranks,
            model.model,
            shown_as(model.score),
            f"{shown_as(model.ci_low)} to {shown_as(model.ci_high)}",
            str(model.n),
            ", ".join(marks),
        )
    console().print(shown)
    tests = f"{ranking.method}, Holm over {len(ranking.pairs)} pairs"
    click.echo(f"{ranking.metric}, {', '.join(ranking.tasks)}. Ranks hold jointly at 5 % ({tests}).")


def _notes(chosen: Ranking, others: list[Ranking]) -> list[str]:
    from finbench.results.report import explain

    lines = [f"{one.model} is not ranked: {one.reason}" for one in chosen.not_ranked]
    if chosen.no_claim:
        lines.append(f"no model is called better than another: {', '.join(chosen.no_claim)} has fewer than 5 clusters")
    lines.extend(f"note: {explain(flag)}" for flag in chosen.flags if flag != "no_claim")
    for other in others:
        names = ", ".join(model.model for model in other.models) or ", ".join(one.model for one in other.not_ranked)
        kind = "official" if other.official else "unofficial"
        lines.append(f"not shown, since the items or settings are others: {names} on {', '.join(other.tasks)} ({kind})")
    return lines
