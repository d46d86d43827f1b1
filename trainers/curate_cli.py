"""The command `finbench curate`: web text filtered, deduplicated, scored, and made into exercises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from finbench.cli.output import json_option, print_json, share
from finbench.errors import ClaimFailed, InputError, tell

if TYPE_CHECKING:
    from finbench.curation.running import Curated
    from finbench.curation.schema import Settings
    from finbench.evaluation.models import ModelSpec
    from trainers.recipe import DataSource

F = TypeVar("F", bound=Callable[..., Any])
_ROWS = click.argument("rows", nargs=-1, required=True, type=click.Path(path_type=Path))
_OUT = click.option(
    "-o", "--output", "out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write."
)


@click.group()
def curate() -> None:
    """Choose training text as the paper does: filter, deduplicate, score, take exercises.

    ROWS are files or folders: JSON lines or parquet with `text`, or plain text. Beside each OUT stands a report.
    """


@curate.command(name="filter")
@_ROWS
@_OUT
@click.option("--urls", help="Keep rows whose `url` is in this list: `finance`, or a YAML file of domains.")
@click.option("--classifier", type=click.Path(path_type=Path), help="Keep rows that this classifier takes.")
@click.option("--at-least", default=0.5, show_default=True, help="Least probability of the classifier.")
@click.option("--quality", type=float, help="Keep rows with at least this `score`.")
@click.option("--deduplicate", type=float, help="Leave out texts at least this similar to one before; 1: equal rows.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="Such as url=link; may be repeated.")
@json_option
def filter_rows(
    rows: tuple[Path, ...],
    out: Path,
    urls: str | None,
    classifier: Path | None,
    at_least: float,
    quality: float | None,
    deduplicate: float | None,
    columns: tuple[str, ...],
    as_json: bool,
) -> None:
    """Keep rows by URL list, classifier and score, each text once; the same rules as in a recipe."""
    from trainers.base import Prepared
    from trainers.data.sources import prepare
    from trainers.files import write_json
    from trainers.stage_rows import deduplicated

    conditions: dict[str, Any] = {"urls": urls, "classifier": classifier and str(classifier), "quality": quality}
    conditions = {name: value for name, value in conditions.items() if value is not None}
    if classifier is not None:
        conditions["at_least"] = at_least
    threshold = _threshold(deduplicate)
    if not conditions and threshold is None:
        raise InputError("nothing to filter by; pass --urls, --classifier, --quality or --deduplicate")
    sources = [_source(path, conditions, _columns(columns)) for path in rows]
    _make_place(out)
    data: Prepared = prepare(sources, out, seed=0)
    if threshold is not None:
        data = deduplicated(data, threshold, "filter")
    report = {"rows": data.rows, "sha256": data.sha256, "sources": list(data.sources)}
    place = _report_place(out)
    write_json(place, report)
    if as_json:
        print_json(report)
        return
    for source in data.sources:
        click.echo(f"{source['source']}: {_counts(source)}")
    click.echo(f"{data.rows} rows in {out}; report in {place}")


@curate.command()
@click.option(
    "--of", "positive", multiple=True, required=True, type=click.Path(path_type=Path), help="Texts of the domain."
)
@click.option("--others", multiple=True, required=True, type=click.Path(path_type=Path), help="Texts of other domains.")
@click.option("-o", "--output", "out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option(
    "--held-out", default=0.2, show_default=True, type=click.FloatRange(0.01, 0.9), help="Share that is measured on."
)
@click.option("--at-least", default=0.5, show_default=True, type=click.FloatRange(0.001, 0.999), help="Threshold.")
@json_option
def classifier(
    positive: tuple[Path, ...], others: tuple[Path, ...], out: Path, held_out: float, at_least: float, as_json: bool
) -> None:
    """Learn a classifier of the domain from texts of both kinds, and measure it on held-out ones."""
    from finbench.curation.rows import read_rows
    from trainers.data.domain_classifier import measured

    kinds = [[row["text"] for row in read_rows(paths)] for paths in (positive, others)]
    labels = [kind == 0 for kind, texts in enumerate(kinds) for _ in texts]
    made = measured([*kinds[0], *kinds[1]], labels, held_out=held_out, threshold=at_least)
    made.write(out)
    if as_json:
        print_json(made.about)
        return
    click.echo(f"classifier in {out}, measured on {made.about['held_out']} held-out texts (percent, 95 % interval):")
    for name in ("precision", "recall", "others_let_through"):
        found = made.about[name]
        interval = f"{share(found['ci_low'])} to {share(found['ci_high'])}"
        value = "none" if found["value"] is None else f"{share(found['value'])} ({interval})"
        click.echo(f"  {name.replace('_', ' ')}: {value}, {found['count']} of {found['of']}")


def _asking(command: F) -> F:
    """The options of commands that ask a model."""
    for option in reversed(
        (
            _ROWS,
            _OUT,
            click.option("--model", required=True, help="Inspect model string, or checkpoint folder."),
            click.option("--base-url", help="The model's server."),
            click.option("--limit", type=click.IntRange(min=1), help="Only the first so many rows."),
            click.option(
                "--characters",
                default=8_000,
                show_default=True,
                type=click.IntRange(min=200),
                help="Show the model at most this much of a text.",
            ),
            click.option(
                "--max-tokens",
                default=2_048,
                show_default=True,
                type=click.IntRange(min=16),
                help="Longest reply.",
            ),
            click.option("--structured/--no-structured", default=None, help="Send a JSON schema along, or not."),
            click.option("--max-connections", type=click.IntRange(min=1), help="Requests at once."),
            click.option(
                "--log-dir",
                default=Path("logs"),
                show_default=True,
                type=click.Path(path_type=Path),
                help="Folder for Inspect's logs; work that stands there is not done again.",
            ),
            json_option,
        )
    ):
        command = option(command)
    return command


@curate.command()
@_asking
def quality(rows: tuple[Path, ...], out: Path, log_dir: Path, as_json: bool, **options: Any) -> None:
    """Have a model score texts from 0 to 5, a point for each of five statements that holds; resumable."""
    from finbench.curation.running import run_quality

    read, model, settings = _asked(rows, out, options)
    made = run_quality(read, model, settings, log_dir)
    report = made.report
    spread = ", ".join(f"{score}: {count}" for score, count in report["scores"].items())
    _end(made, out, as_json, f"{report['scored']} of {report['rows']} rows scored ({spread})", report["not_scored"])


@curate.command()
@click.option("--per-passage", default=3, show_default=True, type=click.IntRange(1, 20), help="Most of a passage.")
@_asking
def exercises(
    rows: tuple[Path, ...], out: Path, log_dir: Path, as_json: bool, per_passage: int, **options: Any
) -> None:
    """Have a model take exercises from texts; only those whose quotes stand in the text are kept; resumable."""
    from dataclasses import replace

    from finbench.curation.running import run_exercises

    read, model, settings = _asked(rows, out, options)
    made = run_exercises(read, model, replace(settings, per_passage=per_passage), log_dir)
    report = made.report
    text = f"{report['accepted']} of {report['offered']} exercises accepted from {report['passages']} passages"
    _end(made, out, as_json, text, {**report["left_out"], **report["passages_without_a_reply"]})


def _asked(
    rows: tuple[Path, ...], out: Path, options: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], ModelSpec, Settings]:
    """Rows, model and settings, and a place to write to: all that can be wrong is said before a model is asked."""
    from finbench.curation.rows import read_rows
    from finbench.curation.schema import Settings
    from finbench.evaluation.models import model_spec

    _make_place(out)
    read = read_rows(rows, limit=options["limit"])
    model = model_spec(options["model"], base_url=options["base_url"])
    names = ("characters", "max_tokens", "structured", "max_connections")
    tell(f"{model.name} on {len(read)} rows")
    return read, model, Settings(**{name: options[name] for name in names})


def _end(made: Curated, out: Path, as_json: bool, text: str, reasons: Mapping[str, int]) -> None:
    place = made.write(out)
    if as_json:
        print_json(made.report)
    else:
        why = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
        click.echo(text + (f"; not: {why}" if why else ""))
        click.echo(f"{len(made.rows)} rows in {out}; report in {place}; logs: {', '.join(made.report['logs'])}")
    if missing := made.report["missing"]:
        first = next(iter(missing))
        raise ClaimFailed(
            f"{len(missing)} texts got no reply (the first is {first}: {missing[first]}); run the same command again "
            "to ask for these alone"
        )


def _make_place(out: Path) -> None:
    from finbench.files import writing

    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)


def _source(path: Path, conditions: Mapping[str, Any], columns: Mapping[str, str]) -> DataSource:
    from pydantic import ValidationError

    from trainers.recipe import DataSource

    fields = {"path": str(path), "columns": columns, **({"filter": conditions} if conditions else {})}
    try:
        return DataSource.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{place + ': ' if place else ''}{message}") from None


def _threshold(given: float | None) -> float | None:
    from pydantic import ValidationError

    from trainers.recipe import Deduplicate

    if given is None:
        return None
    try:
        return Deduplicate(threshold=given).threshold
    except ValidationError as error:
        raise InputError(f"--deduplicate {given:g}: {error.errors(include_url=False)[0]['msg'].lower()}") from None


def _columns(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for field, separator, column in pairs:
        if not (field and separator and column):
            raise InputError(f"--column {field}{separator}{column} is not of the form FIELD=COLUMN, such as url=link")
    return {field: column for field, _, column in pairs}


def _counts(source: Mapping[str, Any]) -> str:
    parts = []
    if found := source.get("filter"):
        why = ", ".join(f"{reason} {count}" for reason, count in found["dropped"].items())
        parts.append(f"filter {found['before']} to {found['after']}" + (f" (left out: {why})" if why else ""))
    if found := source.get("deduplication"):
        parts.append(f"duplicates {found['before']} to {found['after']} ({found['equal']} equal, {found['near']} near)")
    return "; ".join(parts)


def _report_place(out: Path) -> Path:
    return out.with_name(f"{out.name.removesuffix('.jsonl')}.report.json")
