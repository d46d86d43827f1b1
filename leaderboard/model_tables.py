"""What a model's page says: where it stands on each capability, and each of its runs; and the list of all models."""

from __future__ import annotations

from collections.abc import Sequence

from finbench.results.runs import Run
from leaderboard.board_names import page_mark, settings_text
from leaderboard.board_tables import clean_cell, tier_cell
from leaderboard.board_words import UNAUDITED
from leaderboard.charts import Axis, axis_head, axis_over, interval_bar, outcome_stack, outcome_text
from leaderboard.collect import CapabilityView, Collection, ModelView, ranked_in
from leaderboard.prices import money
from leaderboard.reproduce import reproduce
from leaderboard.run_facts import RunFacts
from leaderboard.tables import Cell, Column, Row, Scalar, Table
from leaderboard.task_tables import Fact, run_badges, run_data
from leaderboard.text import clean, count, day, interval, percent, plural, ranks

UNDISCLOSED = "undisclosed"
_ABOUT = (
    ("organisation", "Organisation"),
    ("licence", "Licence of the weights"),
    ("base_model", "Base model"),
    ("training_data", "Training data"),
    ("decontamination", "Decontamination"),
)


def model_facts(collection: Collection, view: ModelView) -> tuple[Fact, ...]:
    """What the logs say of a model; what they do not say is undisclosed."""
    runs = [facts.run for facts in view.runs]
    versions = sorted({clean(run.package_version, 20) for run in runs if run.package_version})
    days = sorted(filter(None, (day(run.created) for run in runs)))
    facts = [("Public name", clean(view.contender.model))]
    facts.extend(("Model string", clean(name)) for name in view.model_ids)
    facts.append(("Checkpoint", clean(view.contender.checkpoint, 64) or "none: reached through a provider"))
    tier = collection.tiers.of(runs)
    facts.append(("Checked", f"{tier.text}: {tier.title[0].lower()}{tier.title[1:]}"))
    about = collection.about.get(view.contender.model, {})
    facts.extend((title, clean(about.get(key) or UNDISCLOSED, 600)) for key, title in _ABOUT)
    facts.append(("Contamination", _contamination(collection, runs)))
    if days:
        facts.append(("Run on", days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"))
    if versions:
        facts.append(("finbench", ", ".join(versions)))
    read, written = sum(run.input_tokens for run in runs), sum(run.output_tokens for run in runs)
    facts.append(("Tokens", f"{count(read)} read, {count(written)} written"))
    cost = collection.cost(runs)
    if cost is not None:
        facts.append(("Cost", f"{money(cost)} for all runs, at the prices given to this site"))
    return tuple(facts)


def _contamination(collection: Collection, runs: Sequence[Run]) -> str:
    audited = [found for run in runs if (found := collection.audits.of([run])).audited]
    if not audited:
        return UNAUDITED
    overlapping, items = sum(one.overlapping for one in audited), sum(one.items for one in audited)
    tasks = f"{len(audited)} of {plural(len(runs), 'run')} audited"
    return f"{count(overlapping)} of {plural(items, 'item')} stand in the training text ({tasks})"


def standing_table(collection: Collection, view: ModelView) -> Table:
    """The model's rank interval on each board of a capability that it is on."""
    found = [
        (capability, ranking, model)
        for capability in collection.capabilities
        for ranking in capability.rankings
        if (model := ranked_in(ranking, view.contender)) is not None
    ]
    axis = axis_over([(model.ci_low, model.ci_high) for _, _, model in found])
    rows = []
    for capability, ranking, model in found:
        beaten = sum(pair.better == model.model for pair in ranking.pairs)
        beaten_by = sum(pair.better is not None and model.model in (pair.first, pair.second) for pair in ranking.pairs)
        apart = f"better than {beaten}, worse than {beaten_by - beaten} of {len(ranking.models) - 1}"
        alone = len(ranking.models) == 1
        cells = (
            Cell(text=capability.title, href=capability.page, sub=page_mark(ranking)),
            Cell(text="–", sub="the only one", sort=0)
            if alone
            else Cell(
                text=ranks(model.rank_low, model.rank_high), sub=f"of {len(ranking.models)}", sort=model.rank_low
            ),
            Cell(text=percent(model.score), sub=interval(model.ci_low, model.ci_high), sort=model.score),
            Cell(art=interval_bar(axis, model.score, model.ci_low, model.ci_high)),
            Cell(text="–" if alone else apart, tone="short"),
            Cell(text=count(model.n), sub=plural(len(ranking.tasks), "task"), sort=model.n),
        )
        data: dict[str, Scalar] = {
            "capability": capability.name,
            "official": ranking.official,
            "rank_low": None if alone else model.rank_low,
            "rank_high": None if alone else model.rank_high,
            "models": len(ranking.models),
            "score": model.score,
            "ci_low": model.ci_low,
            "ci_high": model.ci_high,
            "n": model.n,
        }
        rows.append(Row(cells=cells, data=data))
    columns = (
        Column(key="capability", title="Capability"),
        Column(key="rank", title="Rank", kind="num", hint="Ranks that the pairwise tests leave open"),
        Column(key="score", title="Score", kind="num"),
        Column(key="bar", title="95 % interval", kind="chart", sortable=False, head=axis_head(axis)),
        Column(key="apart", title="Told apart", sortable=False, hint="Models that the evidence tells it from"),
        Column(key="n", title="Items", kind="num"),
    )
    return Table(
        id="standing",
        caption=f"{view.label} by capability",
        columns=columns,
        rows=tuple(rows),
        download=f"data/standing-{view.slug}",
    )


def model_runs_table(collection: Collection, view: ModelView) -> Table:
    """Every run of a model that counts, task by task."""
    axis = axis_over([(facts.score.low, facts.score.high) for facts in view.runs])
    columns = (
        Column(key="task", title="Task"),
        Column(key="score", title="Score", kind="num"),
        Column(key="bar", title="95 % interval", kind="chart", sortable=False, head=axis_head(axis)),
        Column(key="metric", title="Metric"),
        Column(key="n", title="Items", kind="num"),
        Column(key="outcomes", title="Outcomes", kind="chart", hint="How samples ended; sorts by unparsed answers"),
        Column(key="clean", title="Clean subset", kind="num", hint="Score on the items that no audit found"),
        Column(key="asked", title="Asked", hint="How the answer was asked for"),
        Column(key="date", title="Run on"),
        Column(key="reproduce", title="Reproduce", kind="code", sortable=False),
    )
    return Table(
        id="runs",
        caption=f"{view.label} task by task",
        columns=columns,
        rows=tuple(_run_row(collection, facts, axis) for facts in view.runs),
        download=f"data/model-{view.slug}",
    )


def models_table(collection: Collection) -> Table:
    """All models, by name: this list ranks nothing."""
    columns = (
        Column(key="model", title="Model"),
        *(Column(key=one.name, title=one.title, kind="num") for one in collection.capabilities),
        Column(key="tried", title="Tasks run", kind="num"),
        Column(key="training", title="Training data", hint="Whether its maker says what it was trained on"),
        Column(key="checked", title="Checked"),
        Column(key="date", title="Newest run"),
    )
    return Table(
        id="models",
        caption="Models, with rank interval and score on the first table of each capability",
        columns=columns,
        rows=tuple(_model_row(collection, view) for view in collection.models),
        download="data/models",
    )


def _model_row(collection: Collection, view: ModelView) -> Row:
    cells = [Cell(text=view.label, href=view.page, sort=view.label)]
    data: dict[str, Scalar] = {"model": view.label, "page": view.page}
    for capability in collection.capabilities:
        first = capability.rankings[0]
        model, alone = ranked_in(first, view.contender), len(first.models) == 1
        if model is None:
            cells.append(Cell(text="–", sub=_why_not(capability, view), sort=-2.0))
        else:
            place = "the only one" if alone else f"rank {ranks(model.rank_low, model.rank_high)}"
            place += "" if first.official else ", unofficial"
            cells.append(Cell(text=percent(model.score), sub=place, sort=model.score))
        ranked = None if alone else model
        data[f"{capability.name}_score"] = None if model is None else model.score
        data[f"{capability.name}_rank_low"] = None if ranked is None else ranked.rank_low
        data[f"{capability.name}_rank_high"] = None if ranked is None else ranked.rank_high
    tasks = len({facts.run.task for facts in view.runs})
    newest = max((day(facts.run.created) for facts in view.runs), default="")
    told = collection.about.get(view.contender.model, {}).get("training_data", UNDISCLOSED)
    training = UNDISCLOSED if told.strip().lower() in ("", UNDISCLOSED) else "disclosed"
    tier = collection.tiers.of(facts.run for facts in view.runs)
    cells += [
        Cell(text=count(tasks), sort=tasks),
        Cell(text=training, tone="short" if training != UNDISCLOSED else "faint"),
        tier_cell(tier),
        Cell(text=newest, tone="short"),
    ]
    return Row(
        cells=tuple(cells),
        data={**data, "tasks": tasks, "training_data": training, "tier": tier.text, "newest_run": newest},
    )


def _why_not(capability: CapabilityView, view: ModelView) -> str:
    """Why a model has no place on the first table of a capability, in two or three words."""
    if any(ranked_in(ranking, view.contender) is not None for ranking in capability.rankings[1:]):
        return "in another table"
    return "not ranked" if any(facts.run.capability == capability.name for facts in view.runs) else "not run"


def _run_row(collection: Collection, facts: RunFacts, axis: Axis) -> Row:
    run, task = facts.run, collection.task_of[facts.run.task]
    score, settings = facts.score, facts.run.settings
    broken = not run.complete
    outcomes = facts.outcomes
    cells = (
        Cell(text=clean(run.task), href=task.page, badges=run_badges(collection, facts), sort=run.task),
        Cell(
            text="–" if broken else percent(score.estimate),
            sub="incomplete" if broken else interval(score.low, score.high),
            sort=-2.0 if broken else score.estimate,
        ),
        Cell() if broken else Cell(art=interval_bar(axis, score.estimate, score.low, score.high)),
        Cell(text=clean(run.metric)),
        Cell(text=count(score.n), sort=score.n),
        Cell(art=outcome_stack(outcomes), hidden=outcome_text(outcomes), sort=outcomes["unparsed"] / len(run.items)),
        Cell() if broken else clean_cell(collection.audits.of([run])),
        Cell(text=settings_text(settings.elicitation, settings.fewshot, settings.epochs) or "–", tone="short"),
        Cell(text=day(run.created), tone="short"),
        Cell(code=reproduce([run])),
    )
    return Row(cells=cells, data=run_data(facts), muted=broken)
