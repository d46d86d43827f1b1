"""`finbench eval`: models on tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from finbench.cli.output import console, share, table
from finbench.errors import ClaimFailed, InputError, tell

if TYPE_CHECKING:
    from finbench.results.runs import Run


@click.command("eval")
@click.option("--model", "models", multiple=True, required=True, help="Inspect model string, or a checkpoint folder.")
@click.option("--name", "names", multiple=True, help="Public name, one for each --model in their order.")
@click.option("--suite", help="quick, similar, novel, findap, generated, full, or a capability.")
@click.option("--tasks", "task_list", help="Task names, separated by commas.")
@click.option("--log-dir", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where logs go.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first items of each task (unofficial).")
@click.option(
    "--epochs", type=click.IntRange(min=1), default=1, show_default=True, help="How often each item is asked."
)
@click.option("--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes at once.")
@click.option("--max-connections", type=click.IntRange(min=1), help="Requests at once; a local model's batch size.")
@click.option(
    "--max-cost", type=click.FloatRange(min=0), help="Ask nothing more once the command has spent so many USD."
)
@click.option(
    "--prices", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="USD for a million tokens (YAML)."
)
@click.option("--model-base-url", help="Server to talk to.")
@click.option("--grader", help="The judge of tasks that need one: a model string or a checkpoint folder.")
@click.option("--grader-base-url", help="The judge's server.")
@click.option("-M", "model_args", multiple=True, metavar="KEY=VALUE", help="Model argument, as in `inspect eval`.")
@click.option(
    "-T", "task_args", multiple=True, metavar="KEY=VALUE", help="Task option for every task (data, seed, ...)."
)
def evaluate(
    models: tuple[str, ...],
    names: tuple[str, ...],
    suite: str | None,
    task_list: str | None,
    log_dir: Path,
    limit: int | None,
    epochs: int,
    processes: int,
    max_connections: int | None,
    max_cost: float | None,
    prices: Path | None,
    model_base_url: str | None,
    grader: str | None,
    grader_base_url: str | None,
    model_args: tuple[str, ...],
    task_args: tuple[str, ...],
) -> None:
    """Score models on tasks; run again it does only what is missing.

    Tasks named by --tasks all have to be runnable, or nothing is run. Of a suite, those that can be run here are run;
    the others (no rows, no judge) are named with the reason, and the command then ends with 2.
    """
    from finbench.evaluation import model_spec, run
    from finbench.tasks.catalogue import resolve

    if names and len(names) != len(models):
        raise InputError(f"{len(names)} --name for {len(models)} --model; give one for each, in their order, or none")
    wanted = [name.strip() for name in (task_list or "").split(",") if name.strip()]
    tasks = resolve(suite=suite, tasks=wanted)
    options = _pairs(task_args, "-T")
    arguments = _pairs(model_args, "-M")
    specs = [
        model_spec(model, name=names[index] if names else None, args=arguments, base_url=model_base_url)
        for index, model in enumerate(models)
    ]
    judge = model_spec(grader, base_url=grader_base_url) if grader else None
    tell(f"{len(specs)} model(s) on {', '.join(tasks)}; logs in {log_dir}")
    result = run(
        specs,
        dict.fromkeys(tasks, options),
        log_dir,
        limit=limit,
        epochs=epochs,
        processes=processes,
        max_connections=max_connections,
        max_cost=max_cost,
        prices=prices,
        grader=judge,
        optional=set(tasks) - set(resolve(tasks=wanted) if wanted else ()),
    )
    _summary(list(result.log_dirs.values()))
    for task, reason in result.skipped.items():
        click.echo(f"not run: {task}: {reason}")
    if result.exit_code == 2:
        raise InputError("the evaluation could not be run, for the reason above")
    if result.skipped:
        left = "the others are" if result.exit_code == 0 else "of the others some are not complete, the rest is"
        raise InputError(
            f"{len(result.skipped)} of {len(tasks)} tasks were not run ({', '.join(result.skipped)}), each for its "
            f"reason above; {left} scored"
        )
    if result.exit_code != 0:
        raise ClaimFailed("the evaluation is not complete, for the reason above")


def _summary(folders: list[Path]) -> None:
    from finbench.results.choosing import newest, read_runs
    from finbench.results.reference_lines import label_counts, reference_lines
    from finbench.results.scores import score_interval

    present = [folder for folder in folders if any(folder.rglob("*.eval"))]
    if not present:
        return
    runs = read_runs(present, skip_bad=True)
    shown = table(
        "model",
        "task",
        "metric",
        "score ",
        "95 % interval",
        "guessing ",
        "majority ",
        "n ",
        "unparsed ",
        "refused ",
        "truncated ",
        "errors ",
        "",
    )
    ways: dict[tuple[str, str, str], list[Run]] = {}
    for one in runs:
        ways.setdefault((one.model, one.task, one.settings.elicitation or ""), []).append(one)
    # a task that was asked in two ways has two lines
    told = [(model, task) for model, task, _ in ways]
    for (model, task, way), found in sorted(ways.items()):
        run = newest(found)
        outcomes = run.outcomes
        notes = [
            word
            for word, said in (
                (way, told.count((model, task)) > 1),
                ("unofficial", not run.official),
                ("incomplete", not run.complete),
                ("collapsed", run.collapsed),
            )
            if said
        ]
        score = score_interval(run)
        lines = reference_lines(run.task, run.metric, label_counts(run)) or (None, None)
        shown.add_row(
            run.model,
            run.task,
            run.metric,
            share(score.estimate),
            f"{share(score.low)} to {share(score.high)}",
            *(share(line) for line in lines),
            str(score.n),
            *(str(outcomes[name]) for name in ("unparsed", "refused", "truncated", "error")),
            ", ".join(notes),
        )
    console().print(shown)


def _pairs(given: tuple[str, ...], flag: str) -> dict[str, Any]:
    import yaml

    pairs: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise InputError(f"{flag} {text} is not of the form KEY=VALUE")
        try:
            pairs[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            pairs[key] = value
    return pairs
