"""`finbench train` and `finbench recipes`: plans without a model, JSON alone on stdout, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from finbench.stats import power
from trainers.cli import recipes, train
from trainers.reading import recipe_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(train, list(arguments))


def recipe_file(folder: Path, **changes: object) -> Path:
    recipe = yaml.safe_load(recipe_path("quickstart").read_text(encoding="utf-8"))
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe | changes), encoding="utf-8")
    return path


def test_a_dry_run_needs_no_model_and_says_what_can_be_seen() -> None:
    done = invoke("quickstart", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    plan = json.loads(done.stdout)
    (stage,) = plan["stages"]
    assert [source["rows"] for source in stage["data"]] == [300, 24]
    assert stage["examples"] == 324
    assert stage["tokens"] is None, "without a tokenizer, tokens are unknown"
    assert stage["steps"] == 41 and stage["tokens_at_most"] == 324 * 128
    assert plan["evaluation_items"] == 2 * sum(stage["evaluation"].values())
    target = plan["hypotheses"][0]
    assert target["items"] == stage["evaluation"]["fin_tone"]
    assert target["mde"] == power.plan(target["items"]).mde


def test_a_dry_run_for_people_says_unknown_where_it_cannot_count(tmp_path: Path) -> None:
    stages = [{"name": "s", "trainer": "sft", "data": [{"path": "rows.jsonl"}], "evaluate": {"tasks": ["fin_calc"]}}]
    path = recipe_file(tmp_path, base="./model", stages=stages, hypotheses=[{"improves": "fin_calc"}])
    done = invoke(str(path), "--dry-run")
    assert done.exit_code == 0, done.output
    assert "rows.jsonl: unknown rows (there is no file" in done.stdout
    assert "steps: unknown" in done.stdout and "time: at most unknown" in done.stdout
    assert "improves fin_calc, margin 0 points: 200 items" in done.stdout
    assert not (tmp_path / "runs").exists()


def test_a_budget_in_tokens_is_planned_with(tmp_path: Path) -> None:
    done = invoke(
        "quickstart",
        "--dry-run",
        "--json",
        "--tokens-per-second",
        "50",
        "--set",
        "stages.0.data=[{task: fin_tone, tokens: 10k}]",
    )
    (stage,) = json.loads(done.stdout)["stages"]
    assert stage["tokens"] == stage["tokens_at_most"] == 10_000
    assert stage["seconds_at_most"] == 200
    assert stage["examples"] is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["absent.yaml"], "there is no recipe 'absent.yaml'"),
        (["quickstart", "--dry-run", "--set", "stages.0.evaluate.suite=quik"], "there is no suite 'quik'"),
        (["quickstart", "--set", "base=pypi:smollm9"], "pypi:smollm9 is not known"),
        (["quickstart", "--stage", "dpo"], "the recipe has no stage 'dpo'; it has sft"),
    ],
)
def test_unusable_input_is_one_sentence_and_exit_code_2(tmp_path: Path, arguments: list[str], named: str) -> None:
    done = invoke(*arguments, "--out", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert named in done.stderr and done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_recipes_are_listed_and_copied(tmp_path: Path) -> None:
    listed = CliRunner().invoke(recipes, ["list", "--json"])
    assert "quickstart" in {entry["name"] for entry in json.loads(listed.stdout)}
    copied = CliRunner().invoke(recipes, ["copy", "quickstart", str(tmp_path / "mine" / "q.yaml")])
    assert copied.exit_code == 0
    assert (tmp_path / "mine" / "q.yaml").read_bytes() == recipe_path("quickstart").read_bytes()
    assert invoke(str(tmp_path / "mine" / "q.yaml"), "--dry-run").exit_code == 0
    again = CliRunner().invoke(recipes, ["copy", "quickstart", str(tmp_path / "mine" / "q.yaml")])
    assert again.exit_code == 2 and "is there already" in again.stderr


def test_commands_and_plans_load_no_torch() -> None:
    code = (
        "import sys; from trainers.cli import train; from trainers.plan import plan; "
        "from trainers.reading import load_recipe, recipe_path; plan(load_recipe(recipe_path('quickstart'))); "
        "print(sorted({'torch', 'transformers', 'trl'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
