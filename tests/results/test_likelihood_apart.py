"""Options weighed by log-likelihood and generated answers: never compared, ranked, averaged or exported as one."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from own_logs import Logs

from finbench.cli.main import main
from finbench.results.compare import compare


def weigh(log: EvalLog) -> None:
    log.eval.metadata = {**(log.eval.metadata or {}), "finbench.elicitation": "likelihood"}
    log.eval.created = "2027-01-01T00:00:00+00:00"  # the newest


def finbench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


PAIR = ("--baseline", "base", "--candidate", "better")


@pytest.mark.parametrize("more", [(), ("--allow-settings",), ("--allow-settings", "--intersect")])
def test_no_option_compares_the_two(copied: Callable[..., Path], more: tuple[str, ...]) -> None:
    result = finbench("compare", copied("fin_terms", "better", weigh), *PAIR, *more)
    assert result.exit_code == 2 and "better was run with elicitation=likelihood and base generated" in result.output
    assert result.output.strip().count("\n") == 0


def test_the_way_that_both_have_counts_though_another_log_is_newer(copied: Callable[..., Path]) -> None:
    folder = copied("fin_terms", "better", weigh, also=True)
    assert compare([folder], "base", "better").chosen == ("fin_terms: base.eval, better.eval",)
    baseline = read_eval_log(str(folder / "base.eval"))
    weigh(baseline)
    (folder / "base.eval").unlink()
    write_eval_log(baseline, str(folder / "base-changed.eval"))
    found = compare([folder], "base", "better")
    assert found.chosen == ("fin_terms: base-changed.eval, better-changed.eval",)
    assert found.basis[0].candidates[0].settings.weighed


@pytest.fixture
def both_ways(own_logs: Logs, tmp_path: Path) -> Path:
    """Both models on two tasks of one capability, one of them weighed."""
    folder = tmp_path / "both"
    folder.mkdir()
    for model in ("base", "better"):
        shutil.copy(own_logs.path(model, "fomc"), folder / f"{model}-fomc.eval")
        log = own_logs.full[model, "fin_terms"].model_copy(deep=True)
        weigh(log)
        log.eval.metadata = {**(log.eval.metadata or {}), "finbench.capability": "tasks"}
        write_eval_log(log, str(folder / f"{model}-terms.eval"))
    return folder


def test_no_mean_holds_both(both_ways: Path) -> None:
    found = compare([both_ways], "base", "better")
    assert {entry.name for entry in found.tasks} == {"fin_terms", "fomc"}
    [mean] = found.capabilities
    assert mean.n == found.entry("fomc").n and mean.difference == pytest.approx(found.entry("fomc").difference)
    assert any(note.startswith("fin_terms: answered by log-likelihood") for note in found.notes)


@pytest.mark.parametrize("asked", [(), ("--capability", "tasks")])
def test_no_ranking_holds_both(both_ways: Path, asked: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["rank", str(both_ways), *asked, "--json"])
    assert result.exit_code == 0 and json.loads(result.stdout)["tasks"] == ["fin_terms"]  # on its official set
    assert "not shown" in result.stderr and "better, base on fomc (unofficial)" in result.stderr


def test_a_model_that_only_weighed_stands_in_no_ranking_with_others(copied: Callable[..., Path]) -> None:
    result = CliRunner().invoke(main, ["rank", str(copied("fin_terms", "better", weigh)), "--json"])
    assert [model["model"] for model in json.loads(result.stdout)["models"]] == ["base"]


def test_an_export_keeps_both_and_tells_them_apart(copied: Callable[..., Path], tmp_path: Path) -> None:
    folder = copied("fin_terms", "better", weigh, also=True)
    table = tmp_path / "table.csv"
    assert finbench("export", folder, "--format", "csv", "-o", table).exit_code == 0
    with table.open(newline="") as file:
        rows = [(row["model"], row["elicitation"]) for row in csv.DictReader(file)]
    assert {row: rows.count(row) for row in rows} == {
        ("base", "direct"): 160,
        ("better", "direct"): 160,
        ("better", "likelihood"): 160,
    }
    documents = tmp_path / "documents"
    assert finbench("export", folder, "--format", "eee", "-o", documents).exit_code == 0
    results = [one for path in documents.iterdir() for one in json.loads(path.read_text())["evaluation_results"]]
    assert len({one["evaluation_result_id"] for one in results if "likelihood" in one["evaluation_result_id"]}) == 1
    assert sorted(one["score_details"]["details"]["elicitation"] for one in results) == [
        "direct",
        "direct",
        "likelihood",
    ]
