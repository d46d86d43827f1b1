"""What a site offers beside its tables: long results, Every Eval Ever, heads of logs, model cards, badges, JSON-LD."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finbench.cards import cards
from finbench.results.boards import question_of
from finbench.results.every_eval import documents
from finbench.results.export import long_table, one_a_task, write_parquet
from finbench.results.runs import Run
from leaderboard.badges import badges_of
from leaderboard.collect import Collection, ModelView
from leaderboard.log_heads import head_json
from leaderboard.model_card import model_card
from leaderboard.site import Draft
from leaderboard.text import clean, slug

if TYPE_CHECKING:
    import pyarrow as pa

RESULTS = "data/results.parquet"
_TEXTS = ("gold", "pred")
_LONG = 240  # characters: a name and two hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that a page links to.

    Attributes:
        words: what it is.
        path: relative to the site's root.
    """

    words: str
    path: str


def write_exports(collection: Collection, draft: Draft) -> None:
    """Write the exports of a site into its folder, but for the table of all results."""
    for view in collection.models:
        for path, text in model_files(collection, view).items():
            draft.write(path, text)
    draft.write("dataset.jsonld", _json(dataset(collection)))


def write_results(collection: Collection, draft: Draft) -> None:
    """Write the table of all results, one row an item."""
    write_parquet(results_table(collection), draft.folder / RESULTS)


def downloads(collection: Collection, view: ModelView) -> tuple[Download, ...]:
    """What a model's page links to, the files of its tables and the heads of its logs not among them."""
    words = {"eee": "Every Eval Ever (JSON)", "cards": "Model card snippet (model-index)", "badges": "Badge (SVG)"}
    paths = [path for path in model_files(collection, view) if not path.startswith("logs/")]
    found = [Download(words=words[path.split("/")[0]], path=path) for path in paths]
    titles = {f"badges/{view.slug}-{one.slug}.svg": one.title for one in collection.capabilities}
    return tuple(replace(one, words=f"{one.words}: {titles[one.path]}") if one.path in titles else one for one in found)


def log_heads(collection: Collection, view: ModelView) -> tuple[Download, ...]:
    """The heads of a model's logs, by task; several of one task are told apart by the hash in their names."""
    tasks = {path: clean(run.task) for run, path in log_paths(view) if path in model_files(collection, view)}
    several = {task for task, number in Counter(tasks.values()).items() if number > 1}
    return tuple(
        Download(words=f"{task} ({path[-13:-5]})" if task in several else task, path=path)
        for path, task in tasks.items()
    )


def model_files(collection: Collection, view: ModelView) -> dict[str, str]:
    """Every Eval Ever document, model card snippet, badges and heads of logs of one model, by path.

    Made once for each model: its page links to them before they are written.
    """
    known = collection.files_of.get(view.slug)
    if known is not None:
        return known
    files = {}
    about = collection.about.get(view.contender.model, {})
    document = every_eval(collection, view, organization=clean(about.get("organisation")) or "undisclosed")
    if document is not None:
        files[f"eee/{view.slug}.json"] = _json(document, indent=None)
    card = model_card(collection, view)
    if card:
        files[f"cards/{view.slug}.md"] = card
    heads = {path: head for run, path in log_paths(view) if (head := head_json(run.path)) is not None}
    collection.files_of[view.slug] = {**files, **badges_of(collection, view), **heads}
    return collection.files_of[view.slug]


def every_eval(collection: Collection, view: ModelView, *, organization: str) -> dict[str, Any] | None:
    """A model's results for Every Eval Ever, one a task, official sets first; None without a dated, complete run."""
    usable = [facts.run for facts in view.runs if facts.run.complete and _is_dated(facts.run)]
    official = {run.task for run in usable if run.official}
    chosen, _ = one_a_task(run for run in usable if run.official or run.task not in official)
    named = [_cleaned(run) for run in chosen]
    known = {id(facts.run): facts.score for facts in view.runs}
    scores = {id(mine): known[id(run)] for mine, run in zip(named, chosen, strict=True)}
    tiers = {id(mine): collection.tiers.of([run]).text for mine, run in zip(named, chosen, strict=True)}
    found = documents(
        named, organization=organization, score=lambda run: scores[id(run)], tier=lambda run: tiers[id(run)]
    )
    return next(iter(found.values()), None)


def _cleaned(run: Run) -> Run:
    """A run whose texts are fit to be shown; hashes stay whole."""
    told: dict[str, Any] = {
        name: clean(text, _LONG)
        for name in ("elicitation", "prompt_sha256", "grader")
        if (text := getattr(run.settings, name)) is not None
    }
    return replace(
        run,
        model=clean(run.model),
        model_id=clean(run.model_id, _LONG),
        task=clean(run.task),
        version=clean(run.version),
        settings=replace(run.settings, **told),
    )


def results_table(collection: Collection) -> pa.Table:
    """One row a model, task, item and epoch of every run that counts.

    References and answers stand there only where the licence lets the rows be passed on: else they are missing.
    """
    import pyarrow as pa

    tables = []
    for run in sorted((facts.run for view in collection.models for facts in view.runs), key=_order):
        named = replace(run, model=clean(run.model), task=clean(run.task), version=clean(run.version, 20))
        table = long_table([named])
        card = cards().get(run.task) if run.capability is not None else None
        if card is None or not card.redistributable:
            for name in _TEXTS:
                place = table.column_names.index(name)
                field = table.schema.field(name)
                table = table.set_column(place, field, pa.nulls(table.num_rows, field.type))
        tables.append(table)
    return pa.concat_tables(tables) if tables else long_table([])


def log_paths(view: ModelView) -> Iterator[tuple[Run, str]]:
    """Every run of a model that counts, with the path of the head of its log."""
    for facts in view.runs:
        key = "\t".join(map(str, question_of(facts.run).order))
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        yield facts.run, f"logs/{view.slug}/{slug(facts.run.task)}-{digest}.json"


def dataset(collection: Collection) -> dict[str, Any]:
    """The site's results as a `Dataset` of schema.org, for JSON-LD."""
    tables = [("models", "data/models"), ("tasks", "data/tasks"), ("rights", "data/rights")]
    files = [
        {"@type": "DataDownload", "name": name, "encodingFormat": kind, "contentUrl": f"{path}.{ending}"}
        for name, path in tables
        for ending, kind in (("csv", "text/csv"), ("json", "application/json"))
    ]
    files.append(
        {
            "@type": "DataDownload",
            "name": "results by item",
            "encodingFormat": "application/vnd.apache.parquet",
            "contentUrl": RESULTS,
        }
    )
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": "finbench leaderboard results",
        "description": "Scores of language models on finance tasks, with 95 % intervals and rank intervals.",
        "version": collection.newest_day,
        "dateModified": collection.newest_day,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": "The finbench maintainers"},
        "measurementTechnique": "finbench, tasks of Inspect, paired by item",
        "variableMeasured": [one.title for one in collection.capabilities],
        "distribution": files,
    }


def _is_dated(run: Run) -> bool:
    try:
        datetime.fromisoformat(run.created)
    except ValueError:
        return False
    return True


def _order(run: Run) -> tuple[str, ...]:
    return (run.model, run.checkpoint or "", run.task, *map(str, question_of(run).order))


def _json(value: Any, *, indent: int | None = 2) -> str:
    # without an indent the encoder of C does the work; a long document takes a tenth of the time
    return json.dumps(value, ensure_ascii=True, indent=indent, sort_keys=True, allow_nan=False) + "\n"
