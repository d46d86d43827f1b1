"""The lineage table: every task in it exists, names find their sets, recipes are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from finbench.contamination.lineage import lineage, names_in, notices
from finbench.errors import InputError
from finbench.tasks.catalogue import CARDS


def test_every_task_of_the_table_is_in_the_catalogue() -> None:
    assert {holding.task for known in lineage() for holding in known.holds} <= set(CARDS)


def test_every_set_of_the_table_is_found_by_its_own_words_and_names_are_unique() -> None:
    names = [known.name for known in lineage()]
    assert len(set(names)) == len(names)
    for known in lineage():
        for phrase in known.match:
            assert known.name in {notice.known_as for notice in notices([phrase])}


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("FinGPT/fingpt-sentiment-train", {"fpb", "fiqa_sa"}),
        ("hf://Zhihan1996/TradeTheEvent", {"edtsum"}),
        ("FinGPT/fingpt-ner", {"ner"}),
        ("finqa/train", {"finqa", "convfinqa", "tatqa"}),
        ("convfinqa", {"finqa", "convfinqa", "tatqa"}),
        ("cais/mmlu", {"mmlu", "mmlu_finance"}),
        ("text_fomc_minutes", {"fomc"}),
        ("Salesforce/FinTrain", {"fpb", "edtsum", "ner", "mathqa"}),
        ("company handbook", set()),
    ],
)
def test_names_tell_which_tasks_have_their_source_in_a_set(name: str, tasks: set[str]) -> None:
    told = {notice.holding.task for notice in notices([name])}
    assert tasks <= told and bool(told) == bool(tasks)


def test_only_the_tasks_asked_for_are_told() -> None:
    assert {notice.holding.task for notice in notices(["cais/mmlu"], ["mmlu_finance"])} == {"mmlu_finance"}


def test_names_are_read_from_a_recipe_and_a_models_description(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: mmlu\nstages:\n  - data:\n      - {hub: FinGPT/fingpt-sentiment-train, examples: 5}\n")
    assert names_in(recipe) == ["FinGPT/fingpt-sentiment-train"]
    model = tmp_path / "model.yaml"
    model.write_text("name: m\ntraining_data: [finqa, undisclosed]\n")
    assert names_in(model) == ["finqa", "undisclosed"]
    model.write_text("a: [")
    with pytest.raises(InputError, match="cannot be read as YAML"):
        names_in(model)


def test_the_command_prints_the_table_and_tells_a_recipe(command: Callable[..., Result], tmp_path: Path) -> None:
    whole = command("--lineage", "--json")
    assert whole.exit_code == 0 and '"edtsum"' in whole.stdout
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("stages:\n  - data: [{hub: FinGPT/fingpt-sentiment-train}]\n")
    told = command("--lineage", recipe, "--tasks", "fpb", "--json")
    assert '"fpb"' in told.stdout and '"fiqa_sa"' not in told.stdout
    assert "no proof" in command("--lineage", "company handbook").stdout
    assert command("--lineage", "--tasks", "nonsense").exit_code == 2
