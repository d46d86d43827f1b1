"""`finbench leaderboard`: build a site, look at it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from finbench.errors import ClaimFailed, InputError, tell


@click.group()
def leaderboard() -> None:
    """A static site of results: build it, check what goes into it, serve it."""


@leaderboard.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--out", "site", required=True, type=click.Path(path_type=Path), help="Folder of the site.")
@click.option("--recipes", multiple=True, type=click.Path(path_type=Path), help="Folder that `finbench train` wrote.")
@click.option("--audit", "audits", multiple=True, metavar="[MODEL=]FILE", help="Report of `finbench audit --json`.")
@click.option("--prices", type=click.Path(path_type=Path), help="Prices of models (YAML), as for `finbench eval`.")
@click.option("--board", is_flag=True, help="Keep each state under an address of its own, and list what changed.")
@click.option("--reproduced", multiple=True, type=click.Path(), help="Your own runs of submitted models, to compare.")
@click.option("--skip-bad", is_flag=True, help="Leave unreadable logs and refused submissions out.")
def build(
    logs: tuple[str, ...],
    site: Path,
    recipes: tuple[Path, ...],
    audits: tuple[str, ...],
    prices: Path | None,
    board: bool,
    reproduced: tuple[str, ...],
    skip_bad: bool,
) -> None:
    """Build the site from logs; it opens from disk, without a server or JavaScript."""
    from leaderboard.build import build as build_site

    made = build_site(
        logs,
        site,
        skip_bad=skip_bad,
        recipes=recipes,
        audits=audits,
        prices=prices,
        board=board,
        reproduced=reproduced,
    )
    state = ", unchanged" if made.unchanged else ""
    click.echo(f"{site / 'index.html'}: {made.pages} pages, {made.models} models, {made.runs} runs{state}")


@leaderboard.command()
@click.argument("submission", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else there.")
@click.option("--against", type=click.Path(path_type=Path), help="A built site: say what the submission changes on it.")
@click.option("--markdown", is_flag=True, help="The report as Markdown on stdout, for a comment.")
def check(submission: Path, as_json: bool, against: Path | None, markdown: bool) -> None:
    """Score a submission again and look for forgeries: 0 accepted, 1 refused, 2 unreadable."""
    from leaderboard.check import check as check_submission
    from leaderboard.difference import changes, report_json, report_markdown, unreadable_markdown

    if as_json and markdown:
        raise InputError("--json and --markdown are two forms of one report; pass one of them")
    try:
        report = check_submission(submission)
    except InputError as error:
        if markdown:
            click.echo(unreadable_markdown(error.message))
        raise
    lines = changes(report, against) if against is not None else None
    if as_json:
        click.echo(json.dumps(report_json(report, lines), indent=2, ensure_ascii=False))
    elif markdown:
        click.echo(report_markdown(report, lines))
    for line in report.notes:
        tell(line)
    if not report.accepted:
        for reason in report.reasons[:-1]:
            tell(reason)
        raise ClaimFailed(report.reasons[-1])
    if not (as_json or markdown):
        click.echo(f"accepted as {report.tier}: {', '.join(report.tasks)}")
        for one in lines or ():
            click.echo(one.sentence)


@leaderboard.command()
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder, usually .github/workflows.")
@click.option("--force", is_flag=True, help="Replace workflows of the same name.")
def workflows(out: Path, force: bool) -> None:
    """Write GitHub workflows that check submissions, comment on them, and publish the board."""
    from leaderboard.workflow_files import write_workflows

    for path in write_workflows(out, force=force):
        click.echo(str(path))


@leaderboard.command()
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free port.")
def serve(site: Path, port: int) -> None:
    """Show a site on this machine only, until Ctrl-C."""
    from leaderboard.serve import serve as serve_site

    serve_site(site, port)
