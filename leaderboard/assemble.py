"""From runs to a site: all that is shown is put together here and written."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finbench import __version__
from finbench.errors import InputError
from finbench.files import writing
from finbench.results.runs import Run
from leaderboard.audits import Audit, Audits
from leaderboard.collect import Collection
from leaderboard.exports import write_exports, write_results
from leaderboard.kept_facts import KeptFacts
from leaderboard.pages import SitePages, runs_shown
from leaderboard.prices import Price
from leaderboard.recipes import Recipe
from leaderboard.site import GENERATOR, MARKER, Draft, Site, replacing
from leaderboard.states import FOLDER, facts_of_state, known_states, state_of
from leaderboard.submission import DESCRIPTION, describe
from leaderboard.table_html import table_html
from leaderboard.text import clean, count, percent, points
from leaderboard.tiers import Tiers
from leaderboard.two_processes import beside, can_split
from leaderboard.versions import as_of_now
from leaderboard.writing import History, Writer

if TYPE_CHECKING:
    from jinja2 import Environment

#: Pages that a reader without a browser should start with.
_START = ("index.html", "tasks.html", "models.html", "method.html", "rights.html", "submit.html")
#: With so many pairs of models a second process writes their pages.
SPLIT_FROM = 200
_STATIC = ("site.css", "site.js", "icon.svg")


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What a site shows beside runs; see `build`."""

    about: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    recipes: tuple[Recipe, ...] = ()
    audits: tuple[Audit, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)
    board: bool = False
    tiers: Tiers = field(default_factory=Tiers)
    kept: KeptFacts | None = None


def build_runs(runs: Iterable[Run], site: Path, extras: Extras | None = None) -> Site:
    """Build a site from runs that were read already; see `build`."""
    extras = extras or Extras()
    collection = Collection(
        as_of_now(runs),
        extras.about,
        audits=Audits(extras.audits),
        prices=extras.prices,
        tiers=extras.tiers,
        kept=extras.kept,
    )
    history = _history(collection, site, extras)
    writer = Writer(environment(), _common(collection, extras.recipes, history), history)
    with without_collector(), replacing(site) as draft:
        pages = _write_pages(writer, collection, extras.recipes, draft)
        for name in _STATIC:
            draft.write(f"static/{name}", (files("leaderboard") / "static" / name).read_text(encoding="utf-8"))
        draft.write("llms.txt", writer.plain("llms.txt", pages=_START))
        marker = {"generator": GENERATOR, "version": __version__, "newest_run": collection.newest_day}
        draft.write(MARKER, _json(marker | ({"state": history.current.id} if history else {})))
        if history is not None:
            pages += writer.write_history(draft, site)
    return Site(folder=site, pages=pages, models=len(collection.models), runs=runs_shown(collection))


def _write_pages(writer: Writer, collection: Collection, recipes: Sequence[Recipe], draft: Draft) -> int:
    """Write all pages and exports; the number of pages. Of a large site a second process writes about half."""
    site = SitePages(collection, recipes)

    def pairs() -> int:
        with writing(draft.folder):
            written = sum(writer.write(draft, page) for page in site.of_pairs())
            write_results(collection, draft)
        return written

    def others() -> int:
        written = sum(writer.write(draft, page) for page in site.others())
        write_exports(collection, draft)
        return written

    if site.pairs < SPLIT_FROM or not can_split():
        return pairs() + others()
    with beside(pairs) as given:
        written = others()
    return written + given[0]


@contextmanager
def without_collector() -> Iterator[None]:
    """Half a million cells live for a moment each and hold no cycles: to look for some is a sixth of the work."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _history(collection: Collection, site: Path, extras: Extras) -> History | None:
    """The states of the board with the one that is being built; None for a site without states."""
    if not extras.board and not (site / FOLDER).is_dir():
        return None
    earlier = known_states(site)
    current = state_of(facts_of_state(collection, extras.recipes), collection.newest_day, earlier)
    return History(earlier=tuple(earlier), current=current)


def described(logs: Sequence[str | Path], *, without: frozenset[Path] = frozenset()) -> dict[str, dict[str, str]]:
    """The descriptions of models that lie among the logs, by public name, less those in some folders."""
    folders = sorted({path.parent for place in logs if Path(place).is_dir() for path in Path(place).rglob(DESCRIPTION)})
    kept = [folder for folder in folders if without.isdisjoint([folder.resolve(), *folder.resolve().parents])]
    return {found["name"]: found for found in map(describe, kept)}


def environment() -> Environment:
    """The templates, with escaping on for every page and no silent gap for a missing name.

    Raises:
        InputError: if Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise InputError("the leaderboard needs Jinja2; install it: pip install 'finbench[leaderboard]'") from None
    jinja = Environment(
        loader=PackageLoader("leaderboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    jinja.filters.update(percent=percent, points=points, count=count, clean=clean, table=table_html)
    return jinja


def _common(collection: Collection, recipes: Sequence[Recipe], history: History | None) -> dict[str, Any]:
    capabilities = [(one.title, one.page) for one in collection.capabilities]
    return {
        "version": __version__,
        "day": collection.newest_day,
        "runs": runs_shown(collection),
        "capabilities": capabilities,
        "nav": [
            ("Overview", "index.html"),
            *capabilities,
            ("All tasks", "tasks.html"),
            ("Models", "models.html"),
            *([("Recipes", "recipes.html")] if recipes else []),
            ("Method", "method.html"),
            ("Data rights", "rights.html"),
            ("Submit", "submit.html"),
            *([("Changes", "changes.html")] if history else []),
        ],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
