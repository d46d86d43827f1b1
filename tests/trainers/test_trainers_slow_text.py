"""Text, joint and packed training as they take minutes: kill -9, two processes, SmolLM2-135M, the texts that ship."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

from trainers import launching, worker
from trainers.base import load_trainer
from trainers.data.sources import prepare
from trainers.recipe import DataSource, Stage
from trainers.sft import SFT, SftSettings

pytestmark = pytest.mark.slow


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    words = ["profit", "rose", "fell", "was", "flat", "in", "first", "second", "third", "quarter", "margin", "widened"]
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(20):
        text = " ".join(words[(number + i) % len(words)] for i in range(20 + 9 * number))
        (folder / f"d{number:02}.txt").write_text(text, encoding="utf-8")
    return folder


def complete(trainer: str, config: dict[str, Any]) -> dict[str, Any]:
    return load_trainer(trainer).settings.model_validate(config).model_dump(mode="json")


@pytest.mark.parametrize("trainer", ["cpt", "joint", "sft"])
def test_a_killed_worker_resumes_to_the_same_bits(
    trainer: str, tiny_model: Path, texts: Path, tone_file: Path, tmp_path: Path
) -> None:
    config: dict[str, Any] = {"learning_rate": 1e-3, "max_steps": 300, "batch_size": 2, "max_length": 64}
    config |= {"save_steps": 20, "log_steps": 50, **({"packing": True} if trainer == "sft" else {"heldout": 0.1})}
    sources = [DataSource(path=str(texts))] if trainer != "sft" else []
    sources += [DataSource(path=str(tone_file))] if trainer != "cpt" else []
    data = prepare(sources, tmp_path / "data.jsonl", seed=1)
    stage = Stage(name="s", trainer=trainer, config=config)
    arguments: dict[str, Any] = {"config": complete(trainer, config), "model": tiny_model, "data": data, "seed": 1}
    (tmp_path / "straight").mkdir()
    straight = launching.train_stage(stage, out=tmp_path / "straight", **arguments)

    out = tmp_path / "killed"
    out.mkdir()
    job = json.loads((tmp_path / "straight" / "job.json").read_text()) | {"out": str(out)}
    (out / "job.json").write_text(json.dumps(job))
    child = subprocess.Popen([sys.executable, worker.__file__, str(out / "job.json")], stdout=2)
    end = time.monotonic() + 300
    while not (out / "resume" / "checkpoint-40" / "complete.json").exists():
        assert time.monotonic() < end and child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (out / "result.json").exists() and not (out / "checkpoint").exists()
    resumed = launching.train_stage(stage, out=out, **arguments)
    weights = [(folder / "checkpoint" / "model.safetensors").read_bytes() for folder in (out, tmp_path / "straight")]
    assert weights[0] == weights[1]
    assert resumed["tokens"] == straight["tokens"] and resumed["steps"] == 300
    assert resumed["notes"]["resumed_from_step"] >= 40
    for key in ("groups", "held_out", "fill"):
        assert resumed["notes"].get(key) == straight["notes"].get(key)


def test_two_processes_see_all_packed_rows_once(tiny_model: Path, texts: Path, tone_file: Path, tmp_path: Path) -> None:
    data = prepare([DataSource(path=str(texts)), DataSource(path=str(tone_file))], tmp_path / "data.jsonl", seed=1)
    launch = {"command": [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"], "processes": 2}
    config = {"learning_rate": 1e-3, "batch_size": 2, "max_length": 64, "heldout": 0, "max_steps": 12, "log_steps": 1}
    (tmp_path / "two").mkdir()
    result = launching.train_stage(
        Stage(name="s", trainer="joint", config=config, launch=launch),
        config=complete("joint", config),
        model=tiny_model,
        data=data,
        out=tmp_path / "two",
        seed=1,
    )
    from trainers.joint import Joint, JointSettings

    alone = Joint()(str(tiny_model), data, JointSettings(**config | {"batch_size": 4}), tmp_path / "one", seed=1)
    assert result["notes"]["processes"] == 2 and result["steps"] == 12
    assert result["tokens"] == alone.tokens == alone.notes["tokens_planned"]
    assert result["notes"]["loss"]["last"] == pytest.approx(alone.notes["loss"]["last"], rel=0.02)


@pytest.mark.model
@pytest.mark.parametrize("trainer", ["cpt", "joint", "sft"])
def test_the_real_model_learns(trainer: str, real_model: Path, tmp_path: Path) -> None:
    sources = [DataSource(path="recipes:texts", examples=2)] if trainer != "sft" else []
    sources += [DataSource(task="fin_tone", examples=6 if sources else 12)] if trainer != "cpt" else []
    data = prepare(sources, tmp_path / "data.jsonl", seed=1)
    config: dict[str, Any] = {"learning_rate": 1e-4, "epochs": 2, "batch_size": 1, "max_length": 256, "log_steps": 1}
    config |= {"save_steps": 100, "warmup": 0, "schedule": "constant"}
    config |= {"packing": True} if trainer == "sft" else {"end_of_text": "<|endoftext|>", "heldout": 0.5}
    adapter = load_trainer(trainer)
    done = adapter(str(real_model), data, adapter.settings(**config), tmp_path / "out", seed=1)
    lines = (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()
    losses = [loss for loss in (json.loads(line).get("loss") for line in lines) if loss is not None]
    half = len(losses) // 2
    assert sum(losses[half:]) < 0.9 * sum(losses[:half]), "the same rows, seen for the second time"
    if trainer != "sft":
        held = done.notes["held_out"]
        assert held["documents"] == 1 and 1 < held["perplexity_after"] < 2 * held["perplexity_before"]


def test_packed_and_padded_rows_train_alike(tiny_model: Path, tone_file: Path, tmp_path: Path) -> None:
    data = prepare([DataSource(path=str(tone_file))], tmp_path / "data.jsonl", seed=1)
    common: dict[str, Any] = {"learning_rate": 5e-3, "epochs": 6, "max_length": 128}
    padded = SFT()(str(tiny_model), data, SftSettings(batch_size=4, **common), tmp_path / "padded", seed=1)
    packed = SFT()(
        str(tiny_model), data, SftSettings(batch_size=1, packing=True, **common), tmp_path / "packed", seed=1
    )
    assert packed.tokens == padded.tokens
    assert packed.notes["loss"]["last"] < 0.2 * packed.notes["loss"]["first"]
