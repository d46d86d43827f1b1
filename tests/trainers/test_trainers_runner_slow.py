"""The whole runner with real training on a tiny model: two gloo processes, and `kill -9` of the runner itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("trl")

from trainers.reading import load_recipe
from trainers.run import run_recipe

pytestmark = pytest.mark.slow


def recipe(tmp_path: Path, model: Path, rows: Path, config: dict[str, Any], **stage: Any) -> Path:
    path = tmp_path / "recipe.yaml"
    first = {"name": "first", "trainer": "sft", "data": [{"path": str(rows)}], "config": config, **stage}
    second = {**first, "name": "second", "config": {**config, "max_steps": 4}}
    path.write_text(yaml.safe_dump({"name": "tiny", "base": str(model), "stages": [first, second]}))
    return path


def weights(out: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(out.glob("[0-9]-*/checkpoint/model.safetensors"))]


def test_a_recipe_trains_in_two_processes(tiny_model: Path, tone_file: Path, tmp_path: Path) -> None:
    config = {"learning_rate": 1e-3, "batch_size": 4, "max_steps": 6, "log_steps": 1}
    path = recipe(tmp_path, tiny_model, tone_file, config, launch={"config": "torchrun", "processes": 2})
    report = run_recipe(load_recipe(path), tmp_path / "out")
    first, second = report["stages"]
    assert first["training"]["notes"]["processes"] == second["training"]["notes"]["processes"] == 2
    assert first["training"]["steps"] == 6 and second["training"]["steps"] == 4
    assert [step for step, _ in first["curve"]] == [1, 2, 3, 4, 5, 6], "one process writes the log"
    assert first["curve"][-1][1] < first["curve"][0][1]
    assert first["training"]["peak_memory_gib"] > 0.1
    assert (tmp_path / "out" / first["folder"] / "loss.svg").is_file()
    again = run_recipe(load_recipe(path), tmp_path / "out")
    assert [entry["reused"] for entry in again["stages"]] == [True, True]


def test_a_killed_runner_goes_on_to_the_same_bits(tiny_model: Path, tone_file: Path, tmp_path: Path) -> None:
    config = {"learning_rate": 1e-3, "max_steps": 400, "batch_size": 4, "save_steps": 20, "log_steps": 50}
    path = recipe(tmp_path, tiny_model, tone_file, config)
    run_recipe(load_recipe(path), tmp_path / "straight")

    out = tmp_path / "killed"
    command = [sys.executable, "-m", "finbench.cli.main", "train", str(path), "--out", str(out)]
    code = "import sys; from finbench.cli.main import main; sys.argv[0] = 'finbench'; main()"
    child = subprocess.Popen([sys.executable, "-c", code, *command[3:]], stdout=2, start_new_session=True)
    end = time.monotonic() + 400
    while not list(out.glob("0-*/resume/checkpoint-40/complete.json")):
        assert time.monotonic() < end and child.poll() is None
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert not list(out.glob("0-*/lineage.json"))
    report = run_recipe(load_recipe(path), out)
    assert report["complete"] and report["stages"][0]["training"]["notes"]["resumed_from_step"] >= 40
    assert weights(out) == weights(tmp_path / "straight") and len(weights(out)) == 2


def test_seeds_are_scored_and_judged_by_the_benchmark_itself(tiny_model: Path, tone_file: Path, tmp_path: Path) -> None:
    config = {"learning_rate": 3e-3, "batch_size": 8, "max_steps": 3, "log_steps": 1}
    evaluate = {"tasks": ["fin_tone"], "limit": 12}
    path = recipe(tmp_path, tiny_model, tone_file, config, evaluate=evaluate)
    value = yaml.safe_load(path.read_text()) | {"seeds": [1, 2], "hypotheses": [{"improves": "fin_tone"}]}
    value["stages"][1]["from"] = "base"
    path.write_text(yaml.safe_dump(value))
    report = run_recipe(load_recipe(path), tmp_path / "out")
    assert len(report["stages"]) == 4 and [one["stage"] for one in report["over_seeds"]] == ["first", "second"]
    (verdict,) = report["over_seeds"][1]["verdicts"]
    assert verdict["n"] == 12 and verdict["seeds"] == 2
    assert {"few_seeds", "fixed_checkpoint", "few_items"} <= set(verdict["flags"])
    assert verdict["ci_low"] <= verdict["difference"] <= verdict["ci_high"]
    alone = [entry["verdicts"][0]["candidate"] for entry in report["stages"] if entry["stage"] == "second"]
    assert verdict["candidate"] == pytest.approx(sum(alone) / 2), "the mean over the seeds"
    assert len(report["forgetting"]) == 6
    assert {change["name"] for change in report["forgetting"][-1]["changes"]} >= {"fin_tone"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "the recipe, over 2 seeds (1, 2)" in page and page.count("<svg") == 4
