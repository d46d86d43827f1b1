"""Trackers get what the loop reports: their real packages, where they are installed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from trainers.base import Prepared
from trainers.data.sources import prepare
from trainers.recipe import DataSource
from trainers.sft import SFT, SftSettings
from trainers.tracking import track


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Tracking is steered through the environment of the process; all of it is put back."""
    before = dict(os.environ)
    yield monkeypatch
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def prepared(tone_file: Path, tmp_path: Path) -> Prepared:
    """48 rows as they come to the adapter."""
    return prepare([DataSource(path=str(tone_file))], tmp_path / "data.jsonl", seed=1)


def _losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


@pytest.mark.usefixtures("environment")
def test_tensorboard_holds_the_losses_of_the_run(tiny_model: Path, prepared: Prepared, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    track(["tensorboard"], tmp_path)
    SFT()(str(tiny_model), prepared, SftSettings(epochs=2, batch_size=8, log_steps=3), tmp_path / "out", seed=3)
    [folder] = {path.parent for path in (tmp_path / "tensorboard").rglob("events.*")}
    events = EventAccumulator(str(folder))
    events.Reload()
    [name] = [tag for tag in events.Tags()["scalars"] if tag.endswith("/loss")]
    assert [event.value for event in events.Scalars(name)] == pytest.approx(_losses(tmp_path / "out"), rel=1e-3)


def test_wandb_holds_the_run(
    tiny_model: Path, prepared: Prepared, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="wandb is not installed")
    environment.setenv("WANDB_MODE", "offline")
    track(["wandb"], tmp_path)
    SFT()(str(tiny_model), prepared, SftSettings(epochs=2, batch_size=8, log_steps=3), tmp_path / "out", seed=3)
    wandb.finish()
    assert list(tmp_path.glob("wandb/offline-run-*/run-*.wandb")), sorted(tmp_path.rglob("*"))
