"""The ablations for one accelerator: they differ in what they compare and in nothing else, and go on in pieces."""

from __future__ import annotations

import pytest

from finbench.errors import InputError
from trainers.reading import load_recipe, recipe_path, shipped_recipes

PREFERENCE = "ablations/gpu_preference"
NAMES = [name for name in shipped_recipes() if name.startswith("ablations/gpu_") and name != PREFERENCE]


def test_there_are_four_with_three_seeds_each() -> None:
    assert {name.rpartition("_")[2] for name in NAMES} == {"only", "sequential", "joint"} and len(NAMES) == 4
    assert {load_recipe(recipe_path(name)).seeds for name in NAMES} == {(1, 2, 3)}


def test_they_differ_only_in_what_they_compare() -> None:
    recipes = {name.removeprefix("ablations/gpu_"): load_recipe(recipe_path(name)) for name in NAMES}
    assert len({(one.base, one.hypotheses, one.stages[-1].evaluate) for one in recipes.values()}) == 1
    configs = [
        {key: value for key, value in stage.config.items() if key not in ("packing", "end_of_text", "heldout")}
        for one in recipes.values()
        for stage in one.stages
    ]
    assert all(config == configs[0] for config in configs)
    rows = {name: [source for stage in one.stages for source in stage.data] for name, one in recipes.items()}
    assert rows["sequential"] == rows["joint"] == [*rows["cpt_only"], *rows["sft_only"]]
    steps = [
        (stage.name, stage.data, stage.config) for name in ("cpt_only", "sft_only") for stage in recipes[name].stages
    ]
    assert [(stage.name, stage.data, stage.config) for stage in recipes["sequential"].stages] == steps
    texts = [stage.config for one in recipes.values() for stage in one.stages if stage.trainer != "sft"]
    assert all(config["heldout"] == texts[0]["heldout"] for config in texts)


def test_arms_on_preferences_are_those_of_the_small_recipe() -> None:
    large, small = (load_recipe(recipe_path(name)) for name in (PREFERENCE, "ablations/preference"))
    arms = [[(stage.name, stage.trainer) for stage in one.stages] for one in (large, small)]
    assert arms[1] == [("warm", "sft"), *arms[0]] and large.seeds == small.seeds == (1, 2, 3)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_saved_more_often_than_ten_minutes_last(name: str) -> None:
    """At 4,096 tokens a step, 200 steps take ten minutes at 1,400 tokens a second, the speed of some 25 CPU cores."""
    for stage in load_recipe(recipe_path(name)).stages:
        assert stage.config["batch_size"] * stage.config["max_length"] * stage.config["save_steps"] < 600 * 1_400


@pytest.mark.parametrize("name", [name for name in NAMES if "sft" not in name])
def test_the_text_is_replaced_as_their_comment_says(name: str) -> None:
    recipe = load_recipe(recipe_path(name), ["stages.0.data.0.path=/folder/texts.jsonl"])
    assert recipe.stages[0].data[0].path == "/folder/texts.jsonl"
    hub = "stages.0.data.0={hub: owner/name@" + 40 * "a" + ", kind: text, tokens: 5M, stream: true}"
    assert load_recipe(recipe_path(name), [hub]).stages[0].data[0].tokens == 5_000_000
    with pytest.raises(InputError, match="has no element '9'"):
        load_recipe(recipe_path(name), ["stages.0.data.9.path=/folder"])
