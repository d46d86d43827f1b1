"""Recipes: every shipped one parses, the schema is current, and what cannot be read is named in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from finbench.errors import InputError
from trainers.reading import load_recipe, recipe_folders, recipe_path, schema, shipped_recipes
from trainers.recipe import DataSource
from trainers.sft import SftSettings

GOOD = """\
name: tiny
base: ./model
seeds: [1, 2]
stages:
  - name: sft
    trainer: sft
    data: [{task: fin_tone, tokens: 1.5k}, {path: rows.jsonl}]
    config: {learning_rate: 5e-5, max_steps: 3}
    evaluate: {tasks: [fin_tone]}
    require: improved
hypotheses: [{improves: fin_tone, margin: 2}, {keeps: general, margin: 5}]
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def fault(path: Path, text: str, *overrides: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path, overrides)
    message = caught.value.message
    assert "\n" not in message and len(message) < 500
    assert overrides or str(path) in message
    return message


def test_a_recipe_is_read_with_sizes_paths_and_floats_as_meant(good: Path, tmp_path: Path) -> None:
    recipe = load_recipe(good)
    assert recipe.base == str(tmp_path / "model")
    assert recipe.stages[0].data[0].tokens == 1500
    assert recipe.stages[0].data[1].path == str(tmp_path / "rows.jsonl")
    assert [claim.kind for claim in recipe.hypotheses] == ["improves", "keeps"]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seeds:", "seed:", "'seed' is not a key at the top level; allowed there: name, description, base, seeds"),
        ("trainer: sft", "traner: sft", "stages.0; allowed there: name, trainer, from, data, config"),
        ("max_steps: 3", "max_stepz: 3", "'max_stepz' is not a key at the top level"),
        ("max_steps: 3", "max_steps: many", "stages.0: config of trainer 'sft': max_steps: Input should be a valid"),
        ("max_steps: 3", "max_steps: 3, epochs: 1", "either `epochs` or `max_steps`"),
        ("learning_rate: 5e-5", "learning_rate: .nan", "learning_rate"),
        ("trainer: sft", "trainer: stf", "there is no trainer 'stf'; installed: "),
        ("task: fin_tone, tokens: 1.5k", "task: fin_tone, path: a.jsonl", "either `task` or `path`"),
        ("tokens: 1.5k", "tokens: 1.5k, examples: 3", "by `examples` or by `tokens`"),
        ("tokens: 1.5k", "tokens: -4", "stages.0.data.0.tokens"),
        ("{path: rows.jsonl}", "{path: rows.jsonl, split: dev}", "`split` belongs to `task`"),
        ("base: ./model", "base: gpt2", "'gpt2' is not a model"),
        ("base: ./model", "base: owner/name@main", "owner/name@<40 hex digits>"),
        ("[1, 2]", "[1, 1]", "seeds are different integers"),
        ("margin: 5", "margin: 0", "`keeps: general` needs a margin above 0"),
        ("{improves: fin_tone, margin: 2}, ", "", "no hypothesis `improves`"),
        ("    evaluate: {tasks: [fin_tone]}\n", "", "hypotheses need a stage with `evaluate`"),
        (
            "name: tiny\n",
            "name: tiny\nname: again\n",
            "line 2, column 1: not usable as YAML: the key 'name' stands twice",
        ),
        ("name: tiny\n", "name: [tiny\n", "line 2"),
        ("name: tiny\n", "name: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("name: tiny\n", "", "'name' is missing at the top level"),
        (GOOD, "- just\n- a list\n", "a recipe is a mapping with the keys name, description"),
    ],
)
def test_a_faulty_recipe_is_one_sentence_that_names_the_place(good: Path, old: str, new: str, named: str) -> None:
    assert old in GOOD
    assert named in fault(good, GOOD.replace(old, new))


def test_overrides_reach_any_value_by_number_or_name(good: Path) -> None:
    recipe = load_recipe(good, ["stages.0.config.max_steps=7", "stages.sft.config.lora={rank: 2}", "seeds=[9]"])
    assert recipe.stages[0].config == {"learning_rate": "5e-5", "max_steps": 7, "lora": {"rank": 2}}
    assert recipe.seeds == (9,)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("stages.0.config.max_steps", "is not of the form key.path=value"),
        ("stages.3.name=x", "stages has no element '3'"),
        ("stages.dpo.name=x", "stages has no element 'dpo'"),
        ("name.first=x", "name is a single value"),
        ("seeds=[", "not usable as YAML"),
        ("colour=blue", "'colour' is not a key at the top level"),
        ("name=!!python/name:os.system", "not usable as YAML"),
    ],
)
def test_a_faulty_override_is_one_sentence(good: Path, override: str, named: str) -> None:
    assert named in fault(good, GOOD, override)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_makes_the_reader_fall_over(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8"))
    with pytest.raises(InputError):
        load_recipe(path)


@given(st.integers(1, 10**6))
def test_sizes_mean_what_they_say(count: int) -> None:
    assert DataSource(task="t", tokens=f"{count}k").tokens == 1000 * count  # type: ignore[arg-type]
    assert DataSource(task="t", tokens=count).tokens == count


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_parses_and_says_what_it_needs(name: str) -> None:
    path = recipe_path(name)
    recipe = load_recipe(path)
    assert recipe.description
    header = path.read_text(encoding="utf-8").partition("\nname:")[0]
    assert all(f"# {word}:" in header for word in ("Run", "Needs", "Costs", "Proves"))


def test_the_quickstart_ships_and_is_found_by_any_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "quickstart" in shipped_recipes()
    assert recipe_path("quickstart") == recipe_path("recipes/quickstart.yaml") == recipe_path("quickstart.yaml")
    with pytest.raises(InputError, match=r"those that ship are .*quickstart"):
        recipe_path("quickstrat")


def test_recipes_of_a_wheel_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "trainers"
    (package / "_recipes").mkdir(parents=True)
    (package / "_recipes" / "quickstart.yaml").write_text("name: x\n")
    stranger = tmp_path / "site-packages" / "recipes"  # somebody else's package of that name
    stranger.mkdir()
    monkeypatch.setattr("trainers.reading.__file__", str(package / "reading.py"))
    assert recipe_folders() == [package / "_recipes"]
    assert recipe_path("quickstart") == package / "_recipes" / "quickstart.yaml"


def test_settings_written_out_are_read_again_as_they_were() -> None:
    for config in ({}, {"max_steps": 3}, {"epochs": 2, "lora": {"rank": 2}}):
        settings = SftSettings.model_validate(config)
        assert SftSettings.model_validate(settings.model_dump(mode="json")) == settings


def test_the_schema_is_current_and_agrees_with_the_reader() -> None:
    path = recipe_path("quickstart").parent / "schema.json"
    assert path.read_text(encoding="utf-8") == schema(), "run trainers.reading.write_schema on it"
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(schema()))
    for shipped in shipped_recipes().values():
        validator.validate(yaml.safe_load(shipped.read_text(encoding="utf-8")))
    bad = yaml.safe_load(recipe_path("quickstart").read_text(encoding="utf-8"))
    bad["stages"][0]["config"]["max_stepz"] = 1
    assert list(validator.iter_errors(bad))
