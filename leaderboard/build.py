"""`build`: logs in, a site out; nothing heavy is loaded where the site is what its inputs give already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from finbench.errors import tell
from finbench.results.reading import log_files
from leaderboard.site import STATES, Site, check_place
from leaderboard.submission import submissions
from leaderboard.unchanged import digest_of_inputs, named_digest, remember, remembered


def build(
    logs: Sequence[str | Path],
    site: Path,
    *,
    skip_bad: bool = False,
    recipes: Sequence[Path] = (),
    audits: Sequence[str] = (),
    prices: Path | None = None,
    board: bool = False,
    reproduced: Sequence[str | Path] = (),
) -> Site:
    """Build a site from logs; the old one is kept until the new one is whole.

    Args:
        logs: log files or folders of logs.
        site: folder of the site; replaced if it is one that was built here.
        skip_bad: leave unreadable logs out instead of refusing.
        recipes: folders that `finbench train` wrote.
        audits: files of `finbench audit --json`, each `FILE` or `MODEL=FILE`.
        prices: YAML of prices of models.
        board: keep every state of the site under an address of its own; a site that was once built so stays a board.
        reproduced: logs of runs that the maintainers made themselves, to hold submissions against; they are not shown.

    Raises:
        InputError: if logs cannot be read, a submission among them is refused, the place cannot be used, or Jinja2 is
            missing.
    """
    check_place(site)
    options = [str(skip_bad), str(board or (site / STATES).is_dir()), *map(named_digest, audits)]
    further = [prices] if prices is not None else []
    further += [path for folder in submissions(logs) for path in folder.rglob("*") if path.is_file()]
    further += log_files(reproduced) if reproduced else []
    inputs = digest_of_inputs(logs, recipes=recipes, further=further, options=options)
    known = remembered(site, inputs)
    if known is not None:
        _warn(known.warnings)
        return Site(folder=site, pages=known.pages, models=known.models, runs=known.runs, unchanged=True)
    from finbench.results.choosing import read_runs
    from leaderboard.assemble import Extras, build_runs, described, environment, without_collector
    from leaderboard.audits import read_audit
    from leaderboard.kept_facts import KeptFacts
    from leaderboard.kept_runs import read_kept
    from leaderboard.prices import read_prices
    from leaderboard.recipes import read_recipes
    from leaderboard.tiers import tiers_of
    from leaderboard.unknown_names import unknown_names

    environment()
    tiers = tiers_of(logs, again=read_runs(reproduced) if reproduced else (), skip_bad=skip_bad)
    for sentence in tiers.refused:
        tell(f"skipped: {sentence}")
    kept = KeptFacts(site)
    extras = Extras(
        about=described(logs, without=tiers.left_out),
        recipes=read_recipes(recipes),
        audits=tuple(read_audit(given) for given in audits),
        prices=read_prices(prices) if prices is not None else {},
        board=board,
        tiers=tiers,
        kept=kept,
    )
    with without_collector():
        runs = read_kept(logs if tiers.files is None else tiers.files, site, skip_bad=skip_bad)
        made = build_runs(runs, site, extras)
    kept.store()
    warnings = (*unknown_names(runs, extras.audits, extras.prices), *tiers.unmatched(runs))
    _warn(warnings)
    remember(site, inputs, pages=made.pages, models=made.models, runs=made.runs, warnings=warnings)
    return made


def _warn(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        tell(sentence)
