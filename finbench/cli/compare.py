"""`finbench compare`: two models on the same items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.cli.output import console, json_option, p_value, print_json, table
from finbench.errors import tell

if TYPE_CHECKING:
    from finbench.results.compare import Comparison, Entry


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path())
@click.option("--baseline", required=True, multiple=True, help="Name or model string; repeated: training seeds.")
@click.option("--candidate", required=True, multiple=True, help="Name or model string; repeated: training seeds.")
@click.option("--task", "tasks", multiple=True, help="Only this task; may be repeated.")
@click.option("--margin", type=float, help="Percentage points that may be lost: asks for verdicts on retention.")
@click.option("--intersect", is_flag=True, help="Compare on shared items where the sets differ (unofficial).")
@click.option("--allow-settings", is_flag=True, help="Compare runs with other settings (marked).")
@click.option("--skip-bad", is_flag=True, help="Leave unreadable logs out.")
@click.option("--scorer", help="Scorer to read, for logs of other packages' tasks; NAME.KEY for one of several values.")
@click.option("--metric", help="Headline metric, for logs of other packages' tasks.")
@click.option("--cluster", help="Metadata key that names the cluster, for logs of other packages' tasks.")
@click.option("--audit", type=click.Path(path_type=Path), help="Report of `finbench audit`: adds clean subsets.")
@click.option("--report", type=click.Path(path_type=Path), help="Write a Markdown report to this file.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the differences; ends in .svg, .png or .pdf.")
@json_option
def compare(
    logs: tuple[str, ...],
    baseline: tuple[str, ...],
    candidate: tuple[str, ...],
    tasks: tuple[str, ...],
    margin: float | None,
    intersect: bool,
    allow_settings: bool,
    skip_bad: bool,
    scorer: str | None,
    metric: str | None,
    cluster: str | None,
    audit: Path | None,
    report: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Is the candidate better than the baseline? Paired by item; works on logs of any Inspect task."""
    from finbench.results.compare import compare as compare_logs

    if plot is not None:
        from finbench.results.plots import check_plot

        check_plot(plot)
    audited = None
    if audit is not None:
        from finbench.contamination.report import read_report

        audited = read_report(audit)
    result = compare_logs(
        logs,
        baseline,
        candidate,
        margin=None if margin is None else margin / 100,
        intersect=intersect,
        allow_settings=allow_settings,
        skip_bad=skip_bad,
        scorer=scorer,
        metric=metric,
        cluster=cluster,
        tasks=tasks,
    )
    if report is not None:
        from finbench.files import write_text
        from finbench.results.report import report as as_markdown

        write_text(report, as_markdown(result))
    if plot is not None:
        from finbench.results.plots import forest_plot

        forest_plot(result, plot)
    clean = None
    if audited is not None:
        from finbench.results.clean import compare_clean

        clean = compare_clean(
            logs,
            result,
            audited,
            baseline,
            candidate,
            margin=result.margin,
            intersect=intersect,
            allow_settings=allow_settings,
            scorer=scorer,
            metric=metric,
            cluster=cluster,
        )
    for line in (*result.chosen, *result.notes, *(clean.notes if clean is not None else ())):
        tell(line)
    if as_json:
        print_json(result.as_json() | ({} if clean is None else {"clean": clean.as_json()}))
    else:
        show(result)
        if clean is not None and clean.comparison is not None:
            left_out = ", ".join(f"{task} {count}" for task, count in sorted(clean.overlapping.items()))
            click.echo(f"\nThe clean subset: without the items that the audit found ({left_out}).\n")
            show(clean.comparison)


def show(result: Comparison) -> None:
    """Print a comparison as tables, with a sentence a verdict."""
    for title, entries in (("Tasks", result.tasks), ("Capabilities", result.capabilities)):
        if not entries:
            continue
        shown = table(
            title,
            "metric",
            "n ",
            "baseline ",
            "candidate ",
            "difference ",
            "95 % interval",
            "p ",
            "p Holm ",
            "verdict",
            "80 % power at ",
            "",
        )
        for entry in entries:
            shown.add_row(
                entry.name,
                entry.metric,
                str(entry.n) + (f" ({entry.clusters} clusters)" if entry.clusters else ""),
                entry.score_text(entry.baseline),
                entry.score_text(entry.candidate),
                entry.difference_text(entry.difference),
                f"{entry.difference_text(entry.ci_low)} to {entry.difference_text(entry.ci_high)}",
                p_value(entry.p),
                p_value(entry.p_holm),
                _verdict(entry),
                "" if entry.mde is None else entry.score_text(entry.mde),
                ", ".join([*([] if entry.official else ["unofficial"]), *entry.flags]),
            )
        console().print(shown)
        click.echo("")
    click.echo(f"{result.candidate} minus {result.baseline}, in percentage points; p after Holm decides.")
    if result.margin is not None:
        click.echo(f"Retention: the interval decides, against a margin of {100 * result.margin:g} points.")
    if other := [entry.name for entry in result.tasks if not entry.shares]:
        click.echo(f"On a scale of their own rather than in percent: {', '.join(other)}.")
    if result.about == "recipe":
        click.echo("Training seeds stand for a recipe: the answer is about new seeds and new items.")
    else:
        click.echo("The answer is about these two checkpoints; a claim about a recipe needs several training seeds.")


def _verdict(entry: Entry) -> str:
    if entry.n_needed and entry.verdict == "inconclusive":
        return f"inconclusive (about {entry.n_needed} items would settle it)"
    return entry.verdict
