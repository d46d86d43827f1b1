"""`finbench judge-check`: is this model fit to judge? Its agreement with labelled answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.cli.output import console, json_option, print_json, share, table
from finbench.errors import ClaimFailed, tell

if TYPE_CHECKING:
    from finbench.judging.check import Check


@click.command("judge-check")
@click.option("--grader", required=True, help="The judge: Inspect model string, or a checkpoint folder.")
@click.option("--grader-base-url", help="The judge's server.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labelled answers (JSON lines) instead of those of the package; FinanceBench's labelled replies fit.",
)
@click.option(
    "--log-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("logs"),
    show_default=True,
    help="Where the log goes.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first labelled answers.")
@click.option("--max-connections", type=click.IntRange(min=1), help="Requests at once.")
@click.option("--require", type=click.FloatRange(-1, 1), help="End with 1 unless kappa's interval lies above this.")
@json_option
def judge_check(
    grader: str,
    grader_base_url: str | None,
    labels: Path | None,
    log_dir: Path,
    limit: int | None,
    max_connections: int | None,
    require: float | None,
    as_json: bool,
) -> None:
    """How far a judge agrees with labelled answers; run again it asks only what is missing."""
    from finbench.evaluation.models import model_spec
    from finbench.judging.check import check_judge, labelled_answers

    spec = model_spec(grader, base_url=grader_base_url)
    answers = labelled_answers(labels)
    name = labels.name if labels is not None else "finbench labelled answers"
    tell(f"{spec.name} on {min(limit or len(answers), len(answers))} labelled answers")
    found = check_judge(spec, answers, log_dir, name=name, max_connections=max_connections, limit=limit)
    if as_json:
        print_json(found.document())
    else:
        _show(found)
    if require is not None and not found.agreement.kappa_low > require:
        raise ClaimFailed(
            f"kappa is {found.agreement.kappa:.2f} and its interval begins at {found.agreement.kappa_low:.2f}, not "
            f"above {require:g}: this judge is not fit for the purpose, or more labelled answers are needed"
        )


def _show(found: Check) -> None:
    figures = found.agreement
    confusion = table("label", "judged right ", "judged wrong ", "no verdict ")
    for label, row in figures.confusion.items():
        confusion.add_row(label, *(str(count) for count in row.values()))
    kinds = table("kind", "n ", "agreement ", "wrong let pass ", "right rejected ", "no verdict ")
    for one in figures.kinds:
        kinds.add_row(
            one.kind,
            str(one.n),
            share(one.agreement),
            *(str(n) for n in (one.false_right, one.false_wrong, one.unparsed)),
        )
    click.echo(
        f"{found.grader} on {figures.n} answers to {figures.questions} questions ({found.labels})\n"
        f"agreement {share(figures.agreement)} % ({share(figures.agreement_low)} to {share(figures.agreement_high)}), "
        f"kappa {figures.kappa:.2f} ({figures.kappa_low:.2f} to {figures.kappa_high:.2f}), "
        f"no verdict {share(figures.unparsed)} %\n"
    )
    console().print(confusion)
    click.echo()
    console().print(kinds)
    click.echo(f"\nlog: {found.log}")
