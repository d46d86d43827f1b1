"""The texts and ablation recipes that ship: found from anywhere, clean of the items that they are judged by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from finbench.errors import InputError
from finbench.tasks.catalogue import definition
from trainers.data.sources import read
from trainers.reading import load_recipe, recipe_folders, recipe_path, shipped_recipes
from trainers.recipe import DataSource

TEXTS = recipe_folders()[-1] / "texts"


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def grams(text: str, n: int = 8) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + n]) for i in range(len(found) - n + 1)}


def test_the_texts_are_a_small_corpus_of_documents() -> None:
    rows = list(read(DataSource(path="recipes:texts")))
    assert 40_000 <= sum(len(row["text"]) for row in rows) <= 80_000
    assert len({row["id"] for row in rows}) == len(rows) >= 20
    assert len({row["text"] for row in rows}) == len(rows)


@pytest.mark.parametrize("task", ["fin_terms", "fin_tone"])
def test_the_texts_share_no_eight_words_with_an_evaluation_item(task: str) -> None:
    corpus = set().union(*(grams(path.read_text(encoding="utf-8")) for path in sorted(TEXTS.glob("*.txt"))))
    known = definition(task)
    for split in {known.card.split, "dev" if task == "fin_terms" else "train"}:
        items = known.items(data=None, split=split).items
        assert len(items) > 20
        for identity, item in items.items():
            shared = grams(" ".join([item.body, *(getattr(item, "choices", None) or ())])) & corpus
            assert not shared, (identity, shared)


def test_recipes_find_what_ships_beside_them_wherever_they_are_copied(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    copy.write_text(recipe_path("ablations/cpt_only").read_text(encoding="utf-8"), encoding="utf-8")
    assert load_recipe(copy).stages[0].data[0].path == str(TEXTS.resolve())
    copy.write_text(copy.read_text(encoding="utf-8").replace("recipes:texts", "recipes:novels"), encoding="utf-8")
    with pytest.raises(InputError, match="'recipes:novels' is not among what ships with the recipes"):
        load_recipe(copy)


def test_the_ablations_differ_only_in_what_they_compare() -> None:
    apart = ("ablations/gpu", "ablations/preference")  # another size, another question
    names = [name for name in shipped_recipes() if name.startswith("ablations/") and not name.startswith(apart)]
    assert {"ablations/cpt_only", "ablations/sft_only", "ablations/sequential", "ablations/joint"} <= set(names)
    recipes = {name: load_recipe(recipe_path(name)) for name in names}
    shared = {(recipe.base, recipe.seeds, recipe.hypotheses, recipe.stages[-1].evaluate) for recipe in recipes.values()}
    assert len(shared) == 1
    steps = {
        (stage.config["batch_size"], stage.config["max_length"], stage.config["epochs"], stage.config["warmup"])
        for recipe in recipes.values()
        for stage in recipe.stages
    }
    assert len(steps) == 1
    both = [source.label for stage in recipes["ablations/sequential"].stages for source in stage.data]
    assert both == [source.label for source in recipes["ablations/joint"].stages[0].data]
