"""The recipes of Llama-Fin: that they say what the paper's Table G.1 says, and that they can be planned."""

from __future__ import annotations

import pytest

from trainers.dpo import DpoSettings
from trainers.joint import JointSettings
from trainers.plan import plan
from trainers.reading import load_recipe, read_settings, recipe_path
from trainers.recipe import Stage

GENERAL = {"bopang_sup"}
EXERCISES = {"cfa_exercise_sup"}


def shares(stage: Stage) -> dict[str, float]:
    """Shares of the tokens: text and instructions, finance and general."""
    found = dict.fromkeys(("finance text", "general text", "finance tasks", "general tasks", "exercises"), 0.0)
    for source in stage.data:
        name = str(source.config)
        if source.kind == "text":
            part = "finance text" if name in {"finance_unsup", "book_fineweb_unsup"} else "general text"
        else:
            part = "general tasks" if name in GENERAL else "exercises" if name in EXERCISES else "finance tasks"
        assert source.weight is not None
        found[part] += source.weight
    total = sum(found.values())
    return {part: weight / total for part, weight in found.items()}


@pytest.mark.parametrize("name", ["llama_fin_8b", "llama_fin_1b"])
def test_the_groups_have_the_shares_of_the_paper(name: str) -> None:
    recipe = load_recipe(recipe_path(name))
    first, second = (shares(stage) for stage in recipe.stages[:2])
    for found in (first, second):
        assert found["finance text"] + found["general text"] == pytest.approx(0.5, abs=0.001)
        assert found["finance text"] == pytest.approx(found["general text"], abs=0.001)
    tasks = first["finance tasks"] + first["general tasks"]
    assert first["finance tasks"] / tasks == pytest.approx(0.2, abs=0.001)
    assert first["exercises"] == 0 < second["exercises"]
    assert {source.config for source in recipe.stages[0].data} < {source.config for source in recipe.stages[1].data}


def test_the_large_one_is_that_of_the_paper() -> None:
    recipe = load_recipe(recipe_path("llama_fin_8b"))
    groups = [read_settings(stage) for stage in recipe.stages[:2]]
    for settings, tokens, warmup in zip(groups, (3_840_000_000, 1_660_000_000), (0.1, 0.5), strict=True):
        assert isinstance(settings, JointSettings)
        assert settings.tokens == (tokens,) and settings.warmup == warmup
        assert (settings.learning_rate, settings.weight_decay, settings.betas) == (5e-6, 0.1, (0.9, 0.95))
        assert settings.max_length == 8000
    preferences = read_settings(recipe.stages[2])
    assert isinstance(preferences, DpoSettings)
    assert (preferences.alpha, preferences.beta, preferences.learning_rate) == (1.0, 0.1, 5e-7)
    assert preferences.reference == "parent" and preferences.warmup == 0.1
    assert all(stage.launch and stage.launch.processes == 16 for stage in recipe.stages)
    assert preferences.max_steps == 750
    assert preferences.max_steps * preferences.batch_size * 16 * preferences.max_length == 24_576_000


@pytest.mark.parametrize(
    ("name", "steps"), [("llama_fin_8b", [30_000, 12_969, 750]), ("llama_fin_1b", [782, 313, 250])]
)
def test_they_are_planned_without_their_data(name: str, steps: list[int]) -> None:
    value = plan(load_recipe(recipe_path(name)), 10_000)
    assert [stage["steps"] for stage in value["stages"]] == steps
    assert all(stage["tokens_at_most"] and stage["seconds_at_most"] for stage in value["stages"])
    assert value["evaluation_items"]
