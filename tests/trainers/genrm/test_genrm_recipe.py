"""Stages that read the rows of an earlier one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from finbench.errors import InputError
from trainers.data.sources import read
from trainers.recipe import DataSource, Recipe
from trainers.run import run_recipe

MAKER = """
import json, shutil
from pathlib import Path
from pydantic import BaseModel
from trainers.base import Checkpoint

class Settings(BaseModel, extra="forbid"):
    rows: int = 2

class Maker:
    settings = Settings
    needs_data = False
    def __call__(self, model, data, config, out, *, seed):
        (out / "checkpoint").mkdir(exist_ok=True)
        for name in ("config.json", "model.safetensors"):
            shutil.copy(Path(model) / name, out / "checkpoint" / name)
        row = lambda i: {"id": str(i), "prompt": f"question {i} {seed}", "chosen": "yes", "rejected": "no"}
        (out / "rows.jsonl").write_text("".join(json.dumps(row(i)) + "\\n" for i in range(config.rows)))
        (out / "pairs").mkdir(exist_ok=True)
        (out / "pairs" / "fap.jsonl").write_text("".join(json.dumps(row(i)) + "\\n" for i in range(config.rows // 2)))
        return Checkpoint(path=out / "checkpoint", steps=0)
"""


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, echo_trainer: Path) -> None:
    site = tmp_path / "maker-site"
    info = site / "finbench_maker-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: finbench-maker\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[finbench.trainers]\nmaker = finbench_maker:Maker\n")
    (site / "finbench_maker.py").write_text(MAKER)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")


def recipe(base: Path, rows: int, **source: Any) -> Recipe:
    data = [{"stage": "distill", **source}]
    return Recipe.model_validate(
        {
            "name": "r",
            "base": str(base),
            "stages": [
                {"name": "distill", "trainer": "maker", "config": {"rows": rows}},
                {"name": "train", "trainer": "echo", "from": "base", "data": data},
                {"name": "after", "trainer": "echo", "data": data},
            ],
        }
    )


def test_a_stage_reads_what_an_earlier_one_left(maker: None, fake_model: Path, tmp_path: Path) -> None:
    report = run_recipe(recipe(fake_model, 2), tmp_path / "run")
    assert report["complete"] and report["stopped"] is None
    train = report["stages"][1]
    seen = json.loads((tmp_path / "run" / train["checkpoint"] / "config.json").read_text())
    assert seen["rows"] == ["0", "1"]
    assert train["data"]["sources"][0]["source"] == "stage distill"
    part = run_recipe(recipe(fake_model, 2, part="fap"), tmp_path / "part")
    assert part["stages"][1]["data"]["rows"] == 1


def test_no_rows_end_the_recipe_cleanly_and_the_report_says_so(maker: None, fake_model: Path, tmp_path: Path) -> None:
    report = run_recipe(recipe(fake_model, 0), tmp_path / "run")
    assert [entry["stage"] for entry in report["stages"]] == ["distill"]
    assert not report["complete"]
    assert "stage 'train' was left out: stage distill left no rows" in report["stopped"]
    assert "left no rows" in (tmp_path / "run" / "report.md").read_text()


def test_a_stage_without_rows_and_an_unknown_one_are_refused(maker: None, fake_model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such rows"):
        run_recipe(recipe(fake_model, 2, part="scp"), tmp_path / "run")
    with pytest.raises(ValueError, match="reads rows of 'later'"):
        recipe(fake_model, 2, stage="later")
    with pytest.raises(ValueError, match="`part` belongs to `stage`"):
        DataSource(task="fin_tone", part="fap")
    with pytest.raises(InputError, match="known once it has run"):
        list(read(DataSource(stage="distill")))


@pytest.mark.slow
def test_a_policy_that_knows_nothing_ends_the_recipe_cleanly(tiny_model: Path, tmp_path: Path) -> None:
    config = {"draw": {"examples": 2, "families": ["small_sum"]}, "samples": 2, "max_tokens": 4}
    whole = Recipe.model_validate(
        {
            "name": "r",
            "base": str(tiny_model),
            "stages": [
                {"name": "distill", "trainer": "genrm", "config": config},
                {"name": "dpo", "trainer": "dpo", "data": [{"stage": "distill"}], "config": {"alpha": 1.0}},
            ],
        }
    )
    report = run_recipe(whole, tmp_path / "run")
    (entry,) = report["stages"]
    assert entry["training"]["notes"]["summary"].startswith("no pair was accepted: 4 solutions of 2 prompts")
    assert "stage 'dpo' was left out" in report["stopped"]
    left = tmp_path / "run" / entry["checkpoint"]
    assert (left / "model.safetensors").read_bytes() == (tiny_model / "model.safetensors").read_bytes()
    assert str(tmp_path) not in (tmp_path / "run" / entry["folder"] / "lineage.json").read_text()
