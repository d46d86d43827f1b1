"""Tables of a recipe's page: its stages, the verdicts on its claims, and what training gave and took."""

from __future__ import annotations

from leaderboard.charts import axis_around_zero, axis_head, interval_bar
from leaderboard.collect import CAPABILITY_TITLES, Collection
from leaderboard.forgetting import Change, Forgetting
from leaderboard.recipes import Claim, Recipe, StageRun
from leaderboard.tables import Badge, Cell, Column, Row, Scalar, Table
from leaderboard.text import clean, count, duration, interval, percent, plural, points

_UNKNOWN = "–"


def recipes_table(recipes: tuple[Recipe, ...]) -> Table:
    """All recipes of the site."""
    columns = (
        Column(key="recipe", title="Recipe"),
        Column(key="base", title="Base model"),
        Column(key="stages", title="Stages", sortable=False),
        Column(key="seeds", title="Seeds", kind="num"),
        Column(key="held", title="Claims held", kind="num", hint="Verdicts that are as the recipe hoped, of all"),
        Column(key="tokens", title="Tokens trained on", kind="num"),
        Column(key="state", title="State"),
    )
    rows = []
    for recipe in recipes:
        claims = [claim for stage in recipe.stages for claim in stage.claims]
        held = sum(claim.holds for claim in claims)
        tokens = sum(stage.tokens or 0 for stage in recipe.stages)
        stages = list(dict.fromkeys(stage.name for stage in recipe.stages))
        state = state_of(recipe)
        cells = (
            Cell(text=recipe.name, href=recipe.page, sort=recipe.name),
            Cell(text=recipe.base or _UNKNOWN),
            Cell(text=", ".join(stages) or "none"),
            Cell(text=count(len(recipe.seeds)), sort=len(recipe.seeds)),
            Cell(text=f"{held} of {len(claims)}", sort=held),
            Cell(text=count(tokens), sort=tokens),
            Cell(text=state, tone="short"),
        )
        data: dict[str, Scalar] = {"recipe": recipe.name, "base": recipe.base, "seeds": len(recipe.seeds)}
        more: dict[str, Scalar] = {"claims": len(claims), "held": held, "tokens": tokens, "state": state}
        rows.append(Row(cells=cells, data={**data, "stages": " ".join(stages), **more, "page": recipe.page}))
    return Table(
        id="recipes",
        caption="Recipes whose runs were given to this site",
        columns=columns,
        rows=tuple(rows),
        download="data/recipes",
    )


def state_of(recipe: Recipe) -> str:
    """How far a recipe got."""
    if recipe.stopped:
        return "stopped by a requirement"
    return "complete" if recipe.complete else "not complete"


def stages_table(recipe: Recipe) -> Table:
    """What was trained from what, on what, at what expense: the words behind the graph."""
    columns = (
        Column(key="stage", title="Stage"),
        Column(key="from", title="From"),
        Column(key="trainer", title="Trainer"),
        Column(key="data", title="Trained on", sortable=False),
        Column(key="tokens", title="Tokens", kind="num", hint="Tokens trained on; below: optimiser steps"),
        Column(key="loss", title="Loss", kind="num", sortable=False, hint="First logged to last logged"),
        Column(key="time", title="Time", kind="num"),
        Column(key="hash", title="Identity", sortable=False, hint="Hash of settings, data, parent, seed and code"),
    )
    names = {stage.hash: stage.model for stage in recipe.stages}
    return Table(
        id="stages",
        caption=f"{recipe.name}: stages",
        columns=columns,
        rows=tuple(_stage_row(recipe, stage, names) for stage in recipe.stages),
        download=f"data/stages-{recipe.slug}",
    )


def claims_table(recipe: Recipe) -> Table:
    """Every claim with its verdict, the difference and what could have been seen."""
    pairs = [(stage, claim) for stage in recipe.stages for claim in stage.claims]
    axis = axis_around_zero([(one.ci_low or 0.0, one.ci_high or 0.0) for _, one in pairs])
    columns = (
        Column(key="claim", title="Claim"),
        Column(key="stage", title="Stage"),
        Column(key="verdict", title="Verdict"),
        Column(key="before", title="Before", kind="num"),
        Column(key="after", title="After", kind="num"),
        Column(key="difference", title="Difference", kind="num", hint="After minus before, in percentage points"),
        Column(key="bar", title="95 % interval", kind="chart", sortable=False, head=axis_head(axis, signed=True)),
        Column(key="margin", title="Margin", kind="num", hint="Rise that is claimed, or loss that is allowed"),
        Column(key="n", title="Items", kind="num"),
        Column(key="mde", title="Would show", kind="num", hint="True difference that shows with 80 % power"),
    )
    rows = []
    for stage, claim in pairs:
        low, high = claim.ci_low, claim.ci_high
        known = claim.difference is not None and low is not None and high is not None
        marks = [Badge(text=flag, kind="warn", title="A mark of the comparison") for flag in claim.flags]
        if not claim.official:
            marks.insert(0, Badge(text="unofficial set", kind="warn", title="The items are not the card's set"))
        cells = (
            Cell(text=f"{claim.kind} {claim.subject}", badges=tuple(marks)),
            Cell(text=stage.name, sub=f"seed {stage.seed}" if len(recipe.seeds) > 1 else ""),
            Cell(text=claim.verdict, tone="held" if claim.holds else "open"),
            Cell(text=_share(claim.before), sort=claim.before),
            Cell(text=_share(claim.after), sort=claim.after),
            Cell(text=_points(claim.difference), sub=_ends(claim), sort=claim.difference),
            Cell(art=interval_bar(axis, claim.difference or 0.0, low or 0.0, high or 0.0, signed=True))
            if known
            else Cell(),
            Cell(text=_UNKNOWN if claim.margin is None else percent(claim.margin), sort=claim.margin),
            Cell(text=_UNKNOWN if claim.n is None else count(claim.n), sort=claim.n),
            Cell(text=_share(claim.mde), sort=claim.mde),
        )
        rows.append(Row(cells=cells, data=_claim_data(stage, claim)))
    return Table(
        id="claims",
        caption=f"{recipe.name}: verdicts on its claims, each on one checkpoint against the model named there",
        columns=columns,
        rows=tuple(rows),
        note="A claim about one checkpoint says nothing of the recipe: that needs several seeds taken together.",
        download=f"data/claims-{recipe.slug}",
    )


def forgetting_table(collection: Collection, recipe: Recipe, found: Forgetting) -> Table:
    """Capabilities and their tasks down, checkpoints across: the score, and the difference to the base model."""
    columns = [Column(key="on", title="Capability, task")]
    columns += [
        Column(key=f"c{number}", title=one.label, kind="num", sortable=False)
        for number, one in enumerate(found.checkpoints)
    ]
    titles = {capability.value: title for capability, title in CAPABILITY_TITLES.items()}
    pages = {one.name: one.page for one in collection.capabilities}
    rows: list[Row] = []
    for capability, tasks in found.tasks.items():
        whole = [one.capabilities.get(capability) for one in found.checkpoints]
        name = titles.get(capability, clean(capability))
        rows += _matrix_row(
            found, Cell(text=name, href=pages.get(capability, ""), tone="sure"), whole, capability, True
        )
        for task in tasks:
            view = collection.task_of.get(task)
            head = Cell(text=clean(task), href=view.page if view else "", tone="inset")
            rows += _matrix_row(found, head, [one.tasks.get(task) for one in found.checkpoints], task, False)
    return Table(
        id="forgetting",
        caption=f"{recipe.name}: score after each stage, and the difference to {recipe.base or 'the base model'}",
        columns=tuple(columns),
        rows=tuple(rows),
        note="Filled: the difference is significant after Holm’s correction over the tasks, or the capabilities, of "
        "one checkpoint. Green is a gain, grey a loss; all others show no evidence of a change.",
        download=f"data/forgetting-{recipe.slug}",
    )


def _matrix_row(found: Forgetting, head: Cell, changes: list[Change | None], name: str, whole: bool) -> list[Row]:
    cells = [head, *(_change_cell(change) for change in changes)]
    data: dict[str, Scalar] = {"name": clean(name), "kind": "capability" if whole else "task"}
    for one, change in zip(found.checkpoints, changes, strict=True):
        data[f"{one.label}: score"] = None if change is None else change.score
        data[f"{one.label}: difference"] = None if change is None else change.difference
        data[f"{one.label}: change"] = None if change is None else change.change
    return [Row(cells=tuple(cells), data=data, starts_group=whole)]


def _change_cell(change: Change | None) -> Cell:
    if change is None:
        return Cell(text=_UNKNOWN, hidden="not scored")
    if change.difference is None or change.ci_low is None or change.ci_high is None:
        return Cell(text=percent(change.score), sub=interval(change.low, change.high))
    ends = f"{points(change.difference)} ({interval(change.ci_low, change.ci_high)})"
    tone = {"better": "won", "worse": "lost"}.get(change.change, "")
    return Cell(text=percent(change.score), sub=ends, tone=tone, hidden=change.change)


def _stage_row(recipe: Recipe, stage: StageRun, names: dict[str, str]) -> Row:
    parents = ", ".join(names.get(parent, recipe.base) for parent in stage.parents) or recipe.base
    sources = [_source(source.name, source.taken, source.offered) for source in stage.sources]
    first, last = stage.loss
    loss = _UNKNOWN if first is None or last is None else f"{first:.2f} → {last:.2f}"
    seed = f"seed {stage.seed}" if stage.seed is not None else ""
    cells = (
        Cell(text=stage.model or stage.name, sub=f"{stage.name}, {seed}".strip(", ")),
        Cell(text=parents or _UNKNOWN),
        Cell(text=stage.trainer or _UNKNOWN, sub=stage.code),
        Cell(text="; ".join(sources) or _UNKNOWN, tone="prose"),
        Cell(
            text=_UNKNOWN if stage.tokens is None else count(stage.tokens),
            sub="" if stage.steps is None else plural(stage.steps, "step"),
            sort=stage.tokens,
        ),
        Cell(text=loss),
        Cell(text=_UNKNOWN if stage.seconds is None else duration(stage.seconds), sort=stage.seconds),
        Cell(text=stage.hash[:12], tone="id"),
    )
    data: dict[str, Scalar] = {
        "stage": stage.name,
        "seed": stage.seed,
        "model": stage.model,
        "parents": ", ".join(names.get(parent, recipe.base) for parent in stage.parents),
        "trainer": stage.trainer,
        "code": stage.code,
        "data": "; ".join(sources),
        "rows": stage.rows,
        "steps": stage.steps,
        "tokens": stage.tokens,
        "seconds": stage.seconds,
        "loss_first": first,
        "loss_last": last,
        "hardware": stage.hardware,
        "hash": stage.hash,
    }
    return Row(cells=cells, data=data)


def _source(name: str, taken: int | None, offered: int | None) -> str:
    if taken is None:
        return name
    return f"{name} ({count(taken)} of {count(offered)} rows)" if offered is not None else f"{name} ({count(taken)})"


def _claim_data(stage: StageRun, claim: Claim) -> dict[str, Scalar]:
    return {
        "stage": stage.name,
        "seed": stage.seed,
        "model": stage.model,
        "against": stage.against,
        "claim": claim.kind,
        "subject": claim.subject,
        "verdict": claim.verdict,
        "metric": claim.metric,
        "n": claim.n,
        "before": claim.before,
        "after": claim.after,
        "difference": claim.difference,
        "ci_low": claim.ci_low,
        "ci_high": claim.ci_high,
        "margin": claim.margin,
        "mde": claim.mde,
        "official": claim.official,
        "flags": "; ".join(claim.flags),
    }


def _ends(claim: Claim) -> str:
    return "" if claim.ci_low is None or claim.ci_high is None else interval(claim.ci_low, claim.ci_high)


def _share(value: float | None) -> str:
    return _UNKNOWN if value is None else percent(value)


def _points(value: float | None) -> str:
    return _UNKNOWN if value is None else points(value)
