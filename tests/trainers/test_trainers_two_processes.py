"""The dpo and grpo adapters in two gloo processes, as the runner starts them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from trainers import launching
from trainers.data.sources import prepare
from trainers.reading import read_settings
from trainers.recipe import DataSource, Stage

pytestmark = pytest.mark.slow
LAUNCH = {"command": [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"], "processes": 2}


def train(trainer: str, config: dict[str, Any], source: DataSource, model: Path, out: Path) -> dict[str, Any]:
    out.mkdir()
    stage = Stage.model_validate({"name": trainer, "trainer": trainer, "config": config, "launch": LAUNCH})
    data = prepare([source], out / "data.jsonl", seed=1)
    settings = read_settings(stage).model_dump(mode="json")
    return launching.train_stage(stage, config=settings, model=model, data=data, out=out, seed=1)


def test_dpo_reads_one_reference(tiny_model: Path, tone_rows: list[dict[str, Any]], tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(
        "".join(
            json.dumps({"id": r["id"], "prompt": r["prompt"], "chosen": r["completion"], "rejected": "tone"}) + "\n"
            for r in tone_rows
        )
    )
    config = {"alpha": 1.0, "epochs": 2, "batch_size": 4, "learning_rate": 3e-3, "log_steps": 1}
    result = train("dpo", config, DataSource(path=str(pairs)), tiny_model, tmp_path / "out")
    assert result["notes"]["processes"] == 2 and result["steps"] == 12
    assert result["tokens"] == 2 * result["notes"]["tokens_per_epoch"]
    assert result["notes"]["margin"]["first"] == pytest.approx(0, abs=1e-5)
    assert result["notes"]["margin"]["last"] > 0.01


def test_grpo_shares_its_groups(tiny_model: Path, tmp_path: Path) -> None:
    config = {"generations": 8, "batch_size": 8, "max_steps": 3, "max_completion_length": 3, "learning_rate": 1e-2}
    result = train("grpo", config, DataSource(task="fin_tone", examples=24), tiny_model, tmp_path / "out")
    assert result["notes"]["processes"] == 2 and result["steps"] == 3
    assert result["notes"]["replies"] == 48
