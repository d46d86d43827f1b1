"""`finbench audit`: does training text hold the evaluation?"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from finbench.cli.output import console, json_option, print_json, share, table
from finbench.errors import InputError, tell

if TYPE_CHECKING:
    from finbench.contamination.evaluated import Evaluated
    from finbench.contamination.lineage import Notice
    from finbench.contamination.report import AuditReport, Counts


@click.command()
@click.argument("training", nargs=-1, type=click.Path())
@click.option("--tasks", "task_list", help="Task names, separated by commas.")
@click.option("--suite", help="quick, similar, novel, findap, generated, full, or a capability.")
@click.option("--rules", "rule_list", help="Of exact, ngram13, ngram8, near; all by default.")
@click.option("--ignore-templates", is_flag=True, help="No hits by what more than 1 % of a task's items share.")
@click.option("--field", "fields", multiple=True, help="Read only this field of rows; may be repeated.")
@click.option("--skip-bad", is_flag=True, help="Leave unreadable lines out and count them.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report (JSON) here.")
@click.option("--lineage", is_flag=True, help="What names of training sets (or of a recipe) tell; reads no rows.")
@json_option
def audit(
    training: tuple[str, ...],
    task_list: str | None,
    suite: str | None,
    rule_list: str | None,
    ignore_templates: bool,
    fields: tuple[str, ...],
    skip_bad: bool,
    output: Path | None,
    lineage: bool,
    as_json: bool,
) -> None:
    """How many evaluation items stand in training text: files, or folders of them.

    JSON lines, JSON, parquet, arrow and plain text are read, also compressed (.gz, .zst, .bz2, .lz4). With --lineage,
    TRAINING are names of training sets, recipes or model.yaml files; none prints the whole table.
    """
    wanted = _names(task_list)
    if lineage:
        _lineage(training, wanted, suite, as_json)
        return
    if not training:
        raise InputError("no training text is named; pass files or folders, or --lineage for what names alone tell")
    from finbench.contamination.audit import audit as run
    from finbench.contamination.index import Index, rule_named
    from finbench.contamination.near import is_available
    from finbench.contamination.reading import TrainingText

    TrainingText(training)  # a wrong path is said before rows are loaded
    rules = [rule_named(name) for name in _names(rule_list)] or None
    if rules is None and not is_available():
        click.echo(
            "finbench: near-duplicates are not looked for, which needs pip install 'finbench[audit]'; the other rules "
            "are",
            err=True,
        )
    sets, left_out = _sets(wanted, suite)
    report = run(
        training,
        Index(sets, rules=rules, templates=not ignore_templates),
        fields=fields,
        skip_bad=skip_bad,
        progress=_Bar(),
        left_out=left_out,
    )
    if output is not None:
        from finbench.files import write_json

        write_json(output, report.as_json())
    _notes(report)
    if as_json:
        print_json(report.as_json())
    else:
        _show(report)


def _names(given: str | None) -> list[str]:
    return [name.strip() for name in (given or "").split(",") if name.strip()]


def _sets(wanted: Sequence[str], suite: str | None) -> tuple[list[Evaluated], list[str]]:
    """The items of all tasks, and the tasks of the suite that have none here; a task that is named must have some."""
    from finbench.contamination.evaluated import evaluated
    from finbench.tasks.catalogue import resolve

    sets, left_out = [], []
    reasons: list[str] = []
    named = resolve(tasks=wanted) if wanted else ()
    for name in resolve(suite=suite, tasks=wanted):
        try:
            sets.append(evaluated(name, network=name in named))
        except InputError as error:
            if name in named:
                raise
            left_out.append(name)
            reasons.append(error.message)
    if not sets:
        raise InputError(f"no task of the suite '{suite}' has rows here: {reasons[0]}")
    return sets, left_out


def _notes(report: AuditReport) -> None:
    notes = []
    if report.left_out:
        notes.append(f"not audited, since their rows are not here: {', '.join(report.left_out)}")
    if report.unread:
        notes.append(f"{len(report.unread)} file(s) of no known format were left out, one is {report.unread[0]}")
    if report.bad:
        notes.append(f"{report.bad} line(s) could not be read and were left out")
    for task in report.tasks:
        for rule, count in task.question.template_only.items():
            if count:
                notes.append(
                    f"{task.name}: {count} item(s) are hit by {rule} only in what the task's items share; "
                    "--ignore-templates leaves these out"
                )
    for line in (*notes, *(notice.sentence for notice in report.lineage)):
        tell(line)


def _show(report: AuditReport) -> None:
    shown = table("task", "text", "items ", "exact ", "13-gram ", "8-gram ", "near ", "any ", "% ")
    for task in report.tasks:
        views = (("question", task.question), ("with choices", task.with_choices), ("passage", task.passage))
        for number, (name, counts) in enumerate((name, counts) for name, counts in views if counts is not None):
            shown.add_row(task.name if number == 0 else "", name, *_cells(counts))
    console().print(shown)
    click.echo("")
    click.echo(
        f"{report.documents_overlapping:,} of {report.documents:,} training documents ({report.words:,} words) hold "
        "such a text."
    )
    click.echo("An item overlaps where any rule hits its question; ids are in the JSON (--json, -o).")


def _cells(counts: Counts) -> list[str]:
    numbers = (counts.items, counts.exact, counts.ngram13, counts.ngram8, counts.near, counts.overlapping)
    return [*("" if number is None else f"{number:,}" for number in numbers), share(counts.share)]


def _lineage(names: Sequence[str], wanted: Sequence[str], suite: str | None, as_json: bool) -> None:
    from finbench.contamination.lineage import lineage, names_in, notices
    from finbench.tasks.catalogue import card, suites

    if suite is not None and suite not in suites():
        raise InputError(f"there is no suite '{suite}'; there are {', '.join(suites())}")
    tasks = [*(suites()[suite] if suite else ()), *(card(name).name for name in wanted)] or None
    if names:
        said: list[str] = []
        for name in names:
            path = Path(name)
            said.extend(names_in(path) if path.suffix in (".yaml", ".yml") else [name])
        found: list[Notice] = notices(said, tasks)
    else:
        found = [
            notice
            for known in lineage()
            for notice in notices([known.match[0]], tasks)
            if notice.known_as == known.name
        ]
    if as_json:
        print_json({"names": list(names), "lineage": [notice.as_json() for notice in found]})
        return
    if not found:
        click.echo("No training set of that name is known to hold a task's source; that is no proof that none does.")
        return
    shown = table("training set", "task", "relation", "extent", "counted")
    for notice in found:
        one = notice.holding
        name = notice.known_as if not names or notice.named == notice.known_as else f"{notice.named}: {notice.known_as}"
        shown.add_row(name, one.task, one.relation, one.extent, "yes" if one.checked else "no")
    console().print(shown)


class _Bar:
    """Bytes read, on stderr: a line that is written over on a terminal, one every few seconds elsewhere."""

    def __init__(self) -> None:
        self._shown = self._began = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        last = done >= total and terminal
        if not last and now - self._shown < (0.2 if terminal else 5.0):
            return
        self._shown = now
        speed = done / 1e6 / max(now - self._began, 1e-3)
        text = f"finbench: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB read, {speed:.1f} MB/s"
        sys.stderr.write(f"\r\x1b[K{text}" + ("\n" if last else "") if terminal else f"{text}\n")
        sys.stderr.flush()
