"""The benchmark of training speed: every arm runs on a tiny model, counts the tokens it got, and reaches the table."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("trl")

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gpu"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The two scripts as modules."""
    if not FOLDER.is_dir():
        pytest.skip("the benchmarks are not beside the tests")
    monkeypatch.syspath_prepend(str(FOLDER))
    names = ("training_speed", "training_arms")
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})


def given(scripts: SimpleNamespace, work: Path) -> dict[str, str]:
    """Model and rows as the script prepares them with --tiny."""
    shared: dict[str, str] = scripts.training_speed.prepare(
        SimpleNamespace(tiny=True, folder=None, lengths=[128]), work
    )
    return shared


def tokens_of_text(shared: dict[str, str]) -> list[int]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(shared["model"])
    rows = [json.loads(line) for line in Path(shared["text"]).read_text().splitlines()]
    return [len(tokenizer(row["text"])["input_ids"]) + 1 for row in rows]


def test_every_arm_trains_on_the_same_rows_and_counts_its_tokens(scripts: SimpleNamespace, tmp_path: Path) -> None:
    shared = given(scripts, tmp_path)
    assert sum(tokens_of_text(shared)) > 3 * 4 * 128, "enough for the steps below without reading a text twice"
    done = []
    for arm in scripts.training_arms.ARMS:
        job = {
            **shared, "arm": arm, "length": 128, "batch": 4, "turn": 0, "warmup": 1, "steps": 2, "checkpointing": False,
        }  # fmt: skip
        result = scripts.training_arms.measure(job)
        assert 0.5 * 2 * 4 * 128 < result["tokens"] <= 2 * 4 * 128, arm
        assert result["seconds"] > 0 and result["setup_seconds"] > 0 and result["peak_gib"] > 0.1
        assert 0 < result["losses"][1] < 10
        done.append((job, result))
    machine = scripts.training_arms.hardware()
    assert ("CPU only" in machine["device"]) is (machine["matmul_flops"] is None)
    told = scripts.training_speed.table(done, machine, shared["model"])
    rows = [line.split("|") for line in told.splitlines() if line.startswith("| 128")]
    assert [row[2].strip() for row in rows] == [name for name, _ in scripts.training_arms.ARMS.values()]
    assert all(float(row[3].replace(",", "")) > 0 for row in rows)
    assert [bool(row[4].strip()) for row in rows] == [False, True, True, False, True]
    assert machine["device"] in told and "tiny" in told and str(tmp_path) not in told


def test_ratios_are_made_within_a_round_and_failures_are_rows(scripts: SimpleNamespace, tmp_path: Path) -> None:
    shared = given(scripts, tmp_path)

    def one(arm: str, turn: int, speed: float) -> tuple[dict[str, Any], dict[str, Any]]:
        job = {**shared, "arm": arm, "length": 128, "batch": 4, "turn": turn, "steps": 2, "checkpointing": False}
        result = {"tokens": speed * 2, "seconds": 2.0, "setup_seconds": 1.0, "peak_gib": 2.0, "gpu_percent": 50.0}
        return job, result

    found = [one("cpt", 0, 100), one("trl-cpt-bfd", 0, 50), one("trl-cpt-bfd", 1, 60), one("cpt", 1, 80)]
    job, _ = one("trl-cpt-wrapped", 0, 1)
    found.append((job, {"failed": "OutOfMemoryError: CUDA out of memory"}))
    machine = {
        "device": "Some GPU", "torch": "1", "transformers": "2", "trl": "3", "flash_attention": False,
        "matmul_flops": 1e9,
    }  # fmt: skip
    told = scripts.training_speed.table(found, machine, shared["model"])
    assert "| 128 | finbench cpt | 90 |" in told and "| 128 | TRL, bfd_split | 55 | 0.50, 0.75 |" in told
    assert "50 %" in told and "failed: OutOfMemoryError: CUDA out of memory" in told


def test_what_is_measured_is_kept_and_the_rest_is_left(
    scripts: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speed: ModuleType = scripts.training_speed
    asked: list[tuple[str, int]] = []
    clock = [0.0]

    def worker(command: list[str], **_: Any) -> SimpleNamespace:
        job = json.loads(Path(command[-1]).read_text())
        asked.append((job["arm"], job.get("turn", 0)))
        clock[0] += 100  # each run takes that long
        result = {"tokens": 100, "seconds": 1.0, "setup_seconds": 1.0, "peak_gib": 1.0, "gpu_percent": None}
        if job["arm"] == "hardware":
            result = {
                "device": "CPU only", "torch": "1", "transformers": "2", "trl": "3", "flash_attention": False,
                "matmul_flops": None,
            }  # fmt: skip
        Path(job["result"]).write_text(json.dumps(result))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(speed.subprocess, "run", worker)
    monkeypatch.setattr(speed.time, "monotonic", lambda: clock[0])
    command = ["--tiny", "--arms", "cpt", "trl-cpt-wrapped", "--lengths", "128", "--rounds", "2"]
    command += ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out" / "speed.md"), "--minutes", "6"]
    assert speed.main(command) == speed.LEFT
    assert "runs are left; same command again" in capsys.readouterr().err
    assert asked == [("hardware", 0), ("cpt", 0), ("trl-cpt-wrapped", 0)], "a third would end after six minutes"
    assert speed.main(command) == 0
    assert asked[3:] == [("trl-cpt-wrapped", 1), ("cpt", 1)], "what lies there is not measured again; the order turns"
    assert (tmp_path / "out" / "speed.md").read_text().startswith("| tokens a row | arm |")
