"""Two tables on the same items, one official and one not, keep their files apart; so do metrics that nobody knows."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from submissions import edit_log, log_of, outcome, submit

from finbench.results.runs import Run
from leaderboard.assemble import build_runs
from leaderboard.cli import leaderboard


def test_an_unofficial_run_of_the_official_items_takes_no_file_of_the_official_table(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    honest = [make_run(name, right=right) for name, right in (("a", 0.8), ("b", 0.6), ("c", 0.4))]
    build_runs([*honest, make_run("stranger", right=1.0, official=False)], tmp_path / "site")
    tables = [
        [row["model"] for row in csv.DictReader(path.open(encoding="utf-8"))]
        for path in sorted((tmp_path / "site/data").glob("board-task-fin_tone-*.csv"))
    ]
    assert len(tables) == 2
    assert sum("stranger" in models for models in tables) == 1
    (official,) = [models for models in tables if "stranger" not in models]
    assert {"a", "b", "c"} <= set(official)


def test_a_submission_may_not_deny_that_its_set_is_the_official_one(logs: Path, tmp_path: Path) -> None:
    folder = submit(tmp_path / "submission", log_of(logs, "atlas", "fin_tone", 180))

    def deny(log: Any) -> None:
        log.eval.metadata["finbench.official"] = False

    edit_log(folder / "logs/run.eval", deny)
    code, said = outcome(folder)
    assert code == 1 and "holds the official set of fin_tone, and denies it" in said, said


@pytest.mark.parametrize("metric", ["f2", "accuracy\n::error::x"])
def test_a_log_of_an_unknown_metric_is_named_and_can_be_left_out(logs: Path, tmp_path: Path, metric: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name, model in (("a", "atlas"), ("b", "borealis")):
        (folder / f"{name}.eval").write_bytes(log_of(logs, model, "fin_tone", 180).read_bytes())

    def rename(log: Any) -> None:
        log.eval.metadata["finbench.metric"] = metric

    edit_log(folder / "b.eval", rename)
    arguments = ["build", str(folder), "-o", str(tmp_path / "site")]
    refused = CliRunner().invoke(leaderboard, arguments)
    assert refused.exit_code != 0 and not (tmp_path / "site").exists()
    assert "b.eval is headed by" in str(refused.exception) + refused.output
    skipped = CliRunner().invoke(leaderboard, [*arguments, "--skip-bad"])
    assert skipped.exit_code == 0, skipped.output
    assert "skipped: " in skipped.output
    assert any((tmp_path / "site/models").glob("atlas*")) and not any((tmp_path / "site/models").glob("borealis*"))


def test_runs_that_reproduce_no_submission_are_named(logs: Path, tmp_path: Path) -> None:
    submit(tmp_path / "in/lab/atlas", log_of(logs, "atlas", "fin_tone", 30))
    site = str(tmp_path / "site")
    for model, task, warned in (
        ("atlas", "fin_tone", False),
        ("atlas", "fin_terms", True),
        ("corvid", "fin_tone", True),
    ):
        items = 180 if model == "corvid" else 30
        again = str(log_of(logs, model, task, items))
        done = CliRunner().invoke(leaderboard, ["build", str(tmp_path / "in"), "-o", site, "--reproduced", again])
        assert done.exit_code == 0, done.output
        assert (f"one is of {model} on {task}" in done.output) == warned, done.output
