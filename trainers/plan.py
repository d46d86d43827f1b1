"""What a recipe is going to do, cost and be able to show: without network, weights or tokenizer."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from finbench.errors import InputError
from trainers.base import Budget, load_trainer
from trainers.claims import check_claims
from trainers.data.sources import measure, read
from trainers.memory import Shape
from trainers.models import WHEEL_MODELS, public_name
from trainers.plan_costs import (
    CPU_ITEMS_PER_SECOND,
    SEED_SD,
    memory_gib,
    seen_over_seeds,
    shape_of_base,
    speed_of,
    tokens_about,
)
from trainers.reading import read_settings
from trainers.recipe import PYPI_PREFIX, DataSource, Evaluation, Hypothesis, Recipe, Stage
from trainers.settings import LoopSettings


def plan(recipe: Recipe, tokens_per_second: float | None = None) -> dict[str, Any]:
    """The plan as JSON values; None stands for what cannot be known from here.

    Args:
        recipe: what is planned.
        tokens_per_second: training speed of the machine meant; by default a measured one, where there is one for
            the base model.

    Raises:
        InputError: a hypothesis is about what no stage evaluates.
    """
    check_claims(recipe)
    shape, known = shape_of_base(recipe.base)
    speed, basis = speed_of(recipe.base, shape, tokens_per_second)
    with offline():
        stages = [_stage(stage, speed, shape) for stage in recipe.stages]
        claims = [_claim(claim, recipe) for claim in recipe.hypotheses]
        evaluated = [stage for stage in recipe.stages if stage.evaluate]
        items = [_items(stage.evaluate) for stage in evaluated if stage.evaluate]
        judged = sorted({name for counts in items for name in counts if _card(name).judged})
    baselines = {stage.evaluate for stage in evaluated if stage.against == "base"}
    before = [_total(_items(evaluation)) for evaluation in baselines if evaluation]
    after = [_total(counts) for counts in items] * len(recipe.seeds)
    total = _sum([*before, *after], 1)
    pace = CPU_ITEMS_PER_SECOND.get(recipe.base.removeprefix(PYPI_PREFIX))
    return {
        "recipe": recipe.name,
        "base": public_name(recipe.base),
        "weights": shape.weights if shape else None,
        "weights_known": known,
        "seeds": list(recipe.seeds),
        "stages": stages,
        "hypotheses": claims,
        "tokens_per_second": speed,
        "speed_basis": basis,
        "training_tokens_at_most": _sum([stage["tokens_at_most"] for stage in stages], len(recipe.seeds)),
        "training_tokens_about": _sum([stage["tokens_about"] for stage in stages], len(recipe.seeds)),
        "training_seconds_at_most": _sum([stage["seconds_at_most"] for stage in stages], len(recipe.seeds)),
        "training_seconds_about": _sum([stage["seconds_about"] for stage in stages], len(recipe.seeds)),
        "evaluation_items": total,
        "evaluation_seconds_about": round(total / pace) if total and pace else None,
        "evaluation_judged": judged,
        "download_mb": _download(recipe.base),
    }


@contextmanager
def offline() -> Iterator[None]:
    """No hub for what is loaded inside."""
    names = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old


def _stage(stage: Stage, speed: float | None, shape: Shape | None) -> dict[str, Any]:
    settings = read_settings(stage)
    sources = [_source(source) for source in stage.data]
    rows = _sum([source["rows"] for source in sources], 1) if sources else None
    budget_of = getattr(load_trainer(stage.trainer), "budget", None)
    bounded = rows or getattr(settings, "max_steps", None) or getattr(settings, "tokens", None)
    budget = budget_of(settings, rows or 0) if budget_of and bounded else Budget(steps=None)
    budget = _shared(budget, settings, stage.launch.processes if stage.launch else 1)
    tokens = _tokens(stage, settings, rows, budget)
    longest = getattr(settings, "max_length", None)
    bound = budget.examples_seen * longest if budget.examples_seen and longest else None
    at_most = tokens if tokens is not None else bound
    about = tokens if tokens is not None else _about(sources, settings, budget, rows, at_most)
    steps = budget.steps
    guessed = False
    if steps is None and about is not None and longest and isinstance(settings, LoopSettings):
        # packed rows: as many as the tokens fill
        packs = max(1, math.ceil((1 - float(getattr(settings, "heldout", 0.0))) * about / longest))
        alone = settings.model_copy(update={"epochs": None})  # passes are in the tokens already
        steps, guessed = alone.steps(packs, stage.launch.processes if stage.launch else 1), True
    counts = _items(stage.evaluate) if stage.evaluate else {}
    return {
        "stage": stage.name,
        "trainer": stage.trainer,
        "data": sources,
        "examples": rows,
        "examples_seen": budget.examples_seen,
        "from": stage.start,
        "steps": steps,
        "steps_estimated": guessed,
        "schedule": _schedule(settings, steps),
        "tokens": tokens,
        "tokens_at_most": at_most,
        "tokens_about": about,
        "tokens_by_characters": about is not None and about != at_most,
        "seconds_at_most": round(at_most / speed) if at_most and speed else None,
        "seconds_about": round(about / speed) if about is not None and speed else None,
        "memory": memory_gib(stage, settings, shape),
        "processes": stage.launch.processes if stage.launch else 1,
        "decontaminate": stage.decontaminate,
        "evaluation": counts,
        "require": stage.require,
    }


def _about(
    sources: list[dict[str, Any]], settings: Any, budget: Budget, rows: int | None, at_most: int | None
) -> int | None:
    """Tokens of a stage by the characters of its rows, passes and limits taken into account."""
    if budget.steps == 0:
        return 0
    passes = float(getattr(settings, "epochs", None) or 1)
    if limit := getattr(settings, "tokens", None):
        return int(sum(limit) * passes)
    once = tokens_about(sources, [source["rows"] for source in sources])
    if once is None:
        return None
    if rows and budget.examples_seen and getattr(settings, "max_steps", None):
        passes = budget.examples_seen / rows
    return min(round(once * passes), at_most) if at_most else round(once * passes)


def _schedule(settings: Any, steps: int | None) -> str | None:
    """The learning rate's way in words; None for trainers outside the loop."""
    if not isinstance(settings, LoopSettings):
        return None
    if settings.warmup >= 1:
        rise = f"{settings.warmup:g} steps"
    else:
        rise = (
            f"{100 * settings.warmup:g} % of the steps" if steps is None else f"{round(settings.warmup * steps)} steps"
        )
    fall = "then constant" if settings.schedule == "constant" else f"then {settings.schedule} to 0"
    return f"learning rate up to {settings.learning_rate:g} over {rise}, {fall}"


def _shared(budget: Budget, settings: Any, processes: int) -> Budget:
    """A budget for one process as that of several: fewer steps for the same examples, or more examples in the same."""
    if getattr(settings, "max_steps", None):
        seen = budget.examples_seen
        return Budget(steps=budget.steps, examples_seen=None if seen is None else seen * processes)
    return Budget(
        steps=None if budget.steps is None else math.ceil(budget.steps / processes), examples_seen=budget.examples_seen
    )


def _source(source: DataSource) -> dict[str, Any]:
    note, characters, offered = "", None, None
    try:
        rows: int | None
        rows, characters = measure(source)
        offered = rows
    except InputError as error:
        rows, note = None, error.message
    if source.examples is not None:
        if rows is not None and source.examples > rows:
            note = f"the recipe asks for {source.examples}, there are {rows}"
        rows = source.examples
    elif source.tokens is not None:
        rows, note = None, note or f"as many as fit into {source.tokens} tokens"
    return {
        "source": source.label,
        "rows": rows,
        "offered": offered,
        "tokens": source.tokens,
        "characters": characters,
        "text": source.kind == "text" or _holds_text(source),
        "note": note,
    }


def _holds_text(source: DataSource) -> bool:
    """Whether a source is raw text, by its first row."""
    if source.task or source.hub:
        return False
    try:
        return "text" in next(read(source))
    except InputError:
        return False


def _tokens(stage: Stage, settings: Any, rows: int | None, budget: Budget) -> int | None:
    """Tokens where the recipe itself bounds all its sources by tokens, read once per epoch; else None."""
    limits = [source.tokens for source in stage.data]
    if not limits or None in limits or rows is not None or getattr(settings, "max_steps", None):
        return None
    return round(sum(limit or 0 for limit in limits) * float(getattr(settings, "epochs", None) or 1))


def _items(evaluation: Evaluation | None) -> dict[str, int | None]:
    """Items of each task that an evaluation asks; None for a task whose card does not say."""
    from finbench.tasks.catalogue import card, resolve

    if evaluation is None:
        return {}
    counts: dict[str, int | None] = {}
    for name in resolve(suite=evaluation.suite, tasks=evaluation.tasks):
        items = card(name).items
        counts[name] = min(items, evaluation.limit) if items and evaluation.limit else items or evaluation.limit
    return counts


def _claim(claim: Hypothesis, recipe: Recipe) -> dict[str, Any]:
    from finbench.stats import power
    from finbench.tasks.catalogue import card

    counts: dict[str, int | None] = {}
    for stage in recipe.stages:
        counts |= _items(stage.evaluate)
    mine = {name: items for name, items in counts.items() if claim.subject in (name, card(name).capability.value)}
    items = _sum(list(mine.values()), 1)
    last = [stage for stage in recipe.stages if stage.evaluate and mine.keys() & _items(stage.evaluate).keys()]
    both = bool(last) and last[-1].against == "previous" and recipe.parent(recipe.stages.index(last[-1])) is not None
    return {
        "claim": claim.kind,
        "subject": claim.subject,
        "margin": claim.margin / 100,
        "items": items,
        "mde": power.plan(items).mde if items else None,
        "seeds": len(recipe.seeds),
        "mde_over_seeds": seen_over_seeds(items, len(recipe.seeds), both=both) if items else None,
        "seed_sd": SEED_SD,
        "items_for_margin": (
            power.noninferiority_items(claim.margin / 100) if claim.kind == "keeps" and claim.margin else None
        ),
        "discordance": power.DEFAULT_DISCORDANCE,
    }


def _card(name: str) -> Any:
    from finbench.tasks.catalogue import card

    return card(name)


def _download(base: str) -> int | None:
    model = WHEEL_MODELS.get(base.removeprefix(PYPI_PREFIX)) if base.startswith(PYPI_PREFIX) else None
    return model.wheel_mb if model else None


def _total(counts: dict[str, int | None]) -> int | None:
    return _sum(list(counts.values()), 1)


def _sum(values: list[int | None], times: int) -> int | None:
    return None if None in values else times * sum(value or 0 for value in values)
