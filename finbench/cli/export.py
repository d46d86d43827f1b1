"""`finbench export`: results as long tables, or for Every Eval Ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.errors import InputError, tell

if TYPE_CHECKING:
    from finbench.results.runs import Run


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path())
@click.option("--format", "kind", required=True, type=click.Choice(["csv", "parquet", "eee"]), help="What to write.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="File to write; a folder for eee.")
@click.option("--task", "tasks", multiple=True, help="Only this task; may be repeated.")
@click.option("--skip-bad", is_flag=True, help="Leave unreadable logs out.")
@click.option("--scorer", help="Scorer to read, for logs of other packages' tasks; NAME.KEY for one of several values.")
@click.option("--metric", help="Headline metric, for logs of other packages' tasks.")
@click.option("--cluster", help="Metadata key that names the cluster, for logs of other packages' tasks.")
@click.option("--organization", default="unknown", show_default=True, help="Who made the runs, for eee.")
def export(
    logs: tuple[str, ...],
    kind: str,
    output: Path,
    tasks: tuple[str, ...],
    skip_bad: bool,
    scorer: str | None,
    metric: str | None,
    cluster: str | None,
    organization: str,
) -> None:
    """One row a model, task, item and epoch; or one Every Eval Ever document (schema 0.3.0) a model.

    Of several logs of one model and task the newest complete one counts. Works on logs of any Inspect task.
    """
    from finbench.results.choosing import read_runs
    from finbench.results.export import one_a_task

    if kind == "eee" and output.is_file():
        raise InputError(f"{output} is a file; --format eee writes one document a model into a folder")
    if kind != "eee" and output.is_dir():
        raise InputError(
            f"{output} is a folder; --format {kind} writes one file, for example {output / 'results'}.{kind}"
        )
    runs, left_out = one_a_task(
        read_runs(logs, skip_bad=skip_bad, scorer=scorer, metric=metric, cluster=cluster, tasks=tasks)
    )
    for run in left_out:
        tell(f"{run.path.name} is not exported: {run.model} has a newer log of {run.task}")
    tell(_write(runs, kind, output, organization))


def _write(runs: list[Run], kind: str, output: Path, organization: str) -> str:
    from finbench.results.export import long_table, write_csv, write_parquet

    if kind == "eee":
        from finbench.files import write_json
        from finbench.results.every_eval import documents

        found = documents(runs, organization=organization)
        for name, document in found.items():
            write_json(output / name, document)
        return f"{len(found)} documents in {output}"
    table = long_table(runs)
    (write_csv if kind == "csv" else write_parquet)(table, output)
    return f"{table.num_rows} rows of {len(runs)} runs in {output}"
