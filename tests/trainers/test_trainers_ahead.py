"""What later stages need is looked for before the first stage trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finbench.errors import InputError
from trainers import judge
from trainers.recipe import Recipe
from trainers.run import run_recipe

pytestmark = pytest.mark.usefixtures("echo_trainer")


def two(model: Path, rows: Path, **second: Any) -> Recipe:
    """Two stages, of which the second has what is given."""
    first = {"name": "first", "trainer": "echo", "data": [{"path": str(rows)}]}
    return Recipe.model_validate(
        {"name": "r", "base": str(model), "stages": [first, {**first, "name": "second", **second}]}
    )


@pytest.mark.parametrize(
    "source", [{"path": "/absent/rows.jsonl"}, {"path": "ROWS", "filter": {"classifier": "/absent/folder"}}]
)
def test_a_path_of_a_later_stage(fake_model: Path, tone_file: Path, tmp_path: Path, source: dict[str, Any]) -> None:
    given = {**source, "path": source["path"].replace("ROWS", str(tone_file))}
    recipe = two(fake_model, tone_file, data=[given])
    with pytest.raises(InputError, match=r"stage 'second': there is no file or folder /absent/.*`--stage first` runs"):
        run_recipe(recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    report = run_recipe(recipe, tmp_path / "out", until="first")
    assert [entry["stage"] for entry in report["stages"]] == ["first"]


def test_a_file_that_settings_refer_to(fake_model: Path, tone_file: Path, tmp_path: Path) -> None:
    command = {"command": ["python", "./absent.py", "{data}"]}
    recipe = two(fake_model, tone_file, trainer="command", config=command)
    with pytest.raises(InputError, match=r"stage 'second': there is no file or folder .*absent\.py"):
        run_recipe(recipe, tmp_path / "out")


def test_rows_of_a_later_evaluation(
    fake_model: Path, tone_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_rows(name: str, folder: Path, evaluation: Any, log_dir: Path) -> Path:
        raise InputError(f"task {evaluation.tasks[0]!r} has no rows here")

    monkeypatch.setattr(judge, "evaluate", without_rows)
    with pytest.raises(InputError, match="task 'fin_tone' has no rows here"):
        run_recipe(two(fake_model, tone_file, evaluate={"tasks": ["fin_tone"]}), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*-first-*")), "nothing was trained before"
