"""Checkpoints that a stage refers to by name, through whole recipes; and columns that are put together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from finbench.errors import InputError
from trainers.data.sources import read
from trainers.reading import load_recipe
from trainers.recipe import DataSource
from trainers.references import Found, find
from trainers.run import run_recipe


def write(folder: Path, base: Path, stages: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "recipe.yaml"
    path.write_text(json.dumps({"name": "r", "base": str(base), "stages": stages}))
    return path


def linear(*names: str) -> dict[str, Any]:
    return {"method": "linear", "models": [{"model": name} for name in names]}


def test_names_are_checked_before_anything_is_trained(fake_model: Path, echo_trainer: Path, tmp_path: Path) -> None:
    stages = [
        {"name": "first", "trainer": "echo", "config": {}},
        {"name": "both", "trainer": "merge", "config": linear("first", "later")},
    ]
    with pytest.raises(InputError, match=r"stages\.1: 'later' is no checkpoint .* there are parent, base, first"):
        load_recipe(write(tmp_path / "a", fake_model, stages))
    itself = [{"name": "both", "trainer": "merge", "config": linear("base", "both")}]
    with pytest.raises(InputError, match="'both' is no checkpoint"):
        load_recipe(write(tmp_path / "b", fake_model, itself))


def test_what_a_reference_stands_for(fake_model: Path, tmp_path: Path) -> None:
    known = {"base": Found(path=fake_model, identity="pin")}
    copy = shutil.copytree(fake_model, tmp_path / "copy")
    (tmp_path / "script.sh").write_text("true\n")
    found = find(["base", "./copy", "./script.sh"], known, tmp_path)
    assert found["base"].identity == "pin" and found["./copy"].path == copy.resolve()
    before = found["./copy"].identity
    (copy / "model.safetensors").write_bytes(b"other")
    assert find(["./copy"], known, tmp_path)["./copy"].identity != before
    moved = shutil.copytree(copy, tmp_path / "moved")
    assert (
        find([str(moved)], known, tmp_path)[str(moved)].identity == find(["./copy"], known, tmp_path)["./copy"].identity
    ), "the same files elsewhere are the same model"
    with pytest.raises(InputError, match=r"\./absent is neither a file nor a folder"):
        find(["./absent"], known, tmp_path)


@pytest.mark.slow  # starts five workers
def test_a_recipe_trains_prefers_and_merges(tiny_model: Path, tone_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("mergekit")
    pairs = tmp_path / "pairs.jsonl"
    rows = [json.loads(line) for line in tone_file.read_text().splitlines()]
    pairs.write_text(
        "".join(
            json.dumps({"id": r["id"], "prompt": r["prompt"], "chosen": r["completion"], "rejected": "tone"}) + "\n"
            for r in rows
        )
    )
    dpo = {"alpha": 1.0, "max_steps": 2, "log_steps": 1, "learning_rate": 1e-3}
    stages = [
        {"name": "sft", "trainer": "sft", "data": [{"path": str(tone_file)}], "config": {"max_steps": 3}},
        {"name": "dpo", "trainer": "dpo", "data": [{"path": str(pairs)}], "config": dpo},
        {"name": "dpo-base", "trainer": "dpo", "data": [{"path": str(pairs)}], "config": dpo | {"reference": "base"}},
        {"name": "merged", "trainer": "merge", "config": linear("base", "sft", "dpo")},
    ]
    path = write(tmp_path / "recipe", tiny_model, stages)
    report = run_recipe(load_recipe(path), tmp_path / "out")
    folders = {stage["stage"]: tmp_path / "out" / stage["folder"] for stage in report["stages"]}

    def first_margin(name: str) -> float:
        return float(json.loads((folders[name] / "metrics.jsonl").read_text().splitlines()[0])["rewards/margins"])

    assert first_margin("dpo") == pytest.approx(0, abs=1e-6)
    assert abs(first_margin("dpo-base")) > 1e-6
    lineage = json.loads((folders["merged"] / "lineage.json").read_text())
    hashes = {stage["stage"]: stage["hash"] for stage in report["stages"]}
    assert lineage["identity"]["inputs"]["sft"] == hashes["sft"]
    assert lineage["identity"]["inputs"]["dpo"] == hashes["dpo"]
    assert "inputs" not in json.loads((folders["dpo"] / "lineage.json").read_text())["identity"]
    from safetensors.torch import load_file

    parts = [tiny_model, folders["sft"] / "checkpoint", folders["dpo"] / "checkpoint"]
    weights = [load_file(part / "model.safetensors") for part in parts]
    merged = load_file(folders["merged"] / "checkpoint" / "model.safetensors")
    for name, value in merged.items():
        assert float((value - sum(part[name] for part in weights) / 3).abs().max()) < 1e-6
    assert all(stage["reused"] for stage in run_recipe(load_recipe(path), tmp_path / "out")["stages"])


def test_columns_are_put_together_and_made_a_turn(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        json.dumps({"instruction": "Name the tone.", "input": "Sales rose {not a column}.", "output": "up"})
    )
    columns = {"prompt": "{instruction}\n{input}", "completion": "output"}
    plain = next(iter(read(DataSource(path=str(path), columns=columns))))
    assert plain["prompt"] == "Name the tone.\nSales rose {not a column}." and plain["completion"] == "up"
    chat = next(iter(read(DataSource(path=str(path), columns=columns, chat=True))))
    assert chat["prompt"] == [{"role": "user", "content": plain["prompt"]}]


def test_sharded_states_are_divided_in_the_memory_check(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from trainers import hf
    from trainers.base import StageError

    class Model:
        config = type("config", (), {"hidden_size": 4096, "num_hidden_layers": 32})()

        def num_parameters(self) -> int:
            return 8_030_000_000

    monkeypatch.setattr(hf, "free_memory", lambda gpu: 78 * 2**30)
    with pytest.raises(StageError, match="8030 M weights needs about 119"):
        hf.plan_memory(Model(), 1, 8000, gpu=True, full=True, wish=True)
    monkeypatch.setenv("WORLD_SIZE", "16")
    with pytest.raises(StageError):
        hf.plan_memory(Model(), 1, 8000, gpu=True, full=True, wish=True)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert hf.plan_memory(Model(), 1, 8000, gpu=True, full=True, wish=True)
