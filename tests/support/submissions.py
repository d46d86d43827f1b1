"""Submissions made of a real log, changed, and checked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from leaderboard.cli import leaderboard

KEYS = ("organisation", "licence", "base_model", "training_data", "decontamination", "contact")


def log_of(logs: Path, model: str, task: str, items: int) -> Path:
    """The log of one model on so many items of a task."""
    from finbench.results.choosing import read_runs

    return next(run.path for run in read_runs([logs]) if (run.model, run.task, len(run.ids)) == (model, task, items))


def description(name: str) -> str:
    """A `model.yaml` that discloses nothing."""
    return f"name: {name}\n" + "".join(f"{key}: undisclosed\n" for key in KEYS)


def submit(folder: Path, log: Path, *, name: str = "atlas") -> Path:
    """A submission with one log, `logs/run.eval`, that discloses nothing."""
    (folder / "logs").mkdir(parents=True)
    (folder / "model.yaml").write_text(description(name), encoding="utf-8")
    shutil.copy(log, folder / "logs/run.eval")
    return folder


def edit_log(path: Path, change: Callable[[Any], object]) -> None:
    """Change a log as Inspect's own library lets anybody do."""
    from inspect_ai.log import read_eval_log, write_eval_log

    log = read_eval_log(str(path), resolve_attachments=True)
    change(log)
    path.unlink()
    write_eval_log(log, str(path))


def outcome(folder: Path) -> tuple[int, str]:
    """Exit code of `finbench leaderboard check` and what it said."""
    done = CliRunner().invoke(leaderboard, ["check", str(folder)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output
