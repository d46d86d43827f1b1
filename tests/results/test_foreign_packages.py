"""Logs that tasks of published packages wrote: see foreign_logs/README.md."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log

from finbench.cli.compare import compare as compare_command
from finbench.cli.export import export as export_command
from finbench.cli.rank import rank as rank_command
from finbench.errors import InputError
from finbench.results.choosing import read_runs
from finbench.results.compare import compare
from finbench.results.reading import log_files
from finbench.results.scores import score_interval

LOGS = Path(__file__).parent / "foreign_logs"
WEAK, STRONG = "openai-api/loopback/weak", "openai-api/loopback/strong"
THREATS = "agent_threat_bench_memory_poison"


def test_every_task_compares_without_a_word_about_it() -> None:
    found = compare([LOGS], WEAK, STRONG)
    assert [entry.name.rpartition("/")[2] for entry in found.tasks] == [THREATS, "mgsm", "guess_number"]
    assert [entry.n for entry in found.tasks] == [10, 24, 6]  # two epochs of ten items are ten items
    assert [entry.method for entry in found.tasks] == ["clustered-t", "mcnemar-midp+tango", "clustered-t"]
    assert {basis.foreign for basis in found.basis} == {True}


@pytest.mark.parametrize("file", sorted(path.name for path in LOGS.iterdir() if path.suffix != ".md"))
def test_scores_are_those_that_inspect_reports(file: str) -> None:
    (run,) = read_runs([LOGS / file])
    results = read_eval_log(str(LOGS / file), header_only=True).results
    assert results is not None
    wanted = run.scorer.rpartition(".")[2] if run.scorer else ""
    score = next(one for one in results.scores if one.name == wanted)
    assert score_interval(run).estimate == pytest.approx(score.metrics["accuracy"].value)
    assert run.complete


def test_a_scorer_of_several_values_and_clusters_of_the_metadata() -> None:
    first = compare([LOGS], WEAK, STRONG, tasks=[THREATS]).tasks[0]
    security = compare([LOGS], WEAK, STRONG, tasks=[THREATS], scorer="agent_threat_bench_scorer.security")
    assert security.basis[0].scorer == "agent_threat_bench_scorer.security"
    assert security.tasks[0].difference != first.difference
    clustered = compare([LOGS], WEAK, STRONG, tasks=[THREATS], cluster="difficulty").tasks[0]
    assert clustered.clusters == 3
    assert {"no_claim", "few_clusters"} <= set(clustered.flags)
    assert clustered.difference == first.difference
    with pytest.raises(InputError, match=r"pass --scorer agent_threat_bench_scorer\.utility or"):
        compare([LOGS], WEAK, STRONG, tasks=[THREATS], scorer="agent_threat_bench_scorer")


def test_metrics_of_labels_and_retention() -> None:
    labels = compare([LOGS], WEAK, STRONG, tasks=["mgsm"], metric="macro_f1").tasks[0]
    assert labels.method == "swap-permutation"
    assert "rare_class" in labels.flags
    kept = compare([LOGS], STRONG, WEAK, tasks=["mgsm"], margin=0.05).tasks[0]
    assert kept.verdict == "lost"


def test_a_constant_difference_of_grades_is_flagged() -> None:
    entry = compare([LOGS], WEAK, STRONG, tasks=["guess_number"]).tasks[0]
    assert "no_variation" in entry.flags
    assert entry.p == pytest.approx(2.0**-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--task", "mgsm"], "mcnemar-midp+tango"),
        (["--task", "inspect_evals/mgsm", "--cluster", "language"], "clustered-t"),
        (["--task", "guess_number"], "clustered-t"),
        (["--task", THREATS, "--scorer", "agent_threat_bench_scorer.security"], "clustered-t"),
        (["--task", "mgsm", "--metric", "macro_f1"], "jackknife-t"),
    ],
)
def test_rank_reads_only_the_task_that_is_asked_for(options: list[str], says: str) -> None:
    done = CliRunner().invoke(rank_command, [str(LOGS), *options, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["method"] == says
    assert {model["model"] for model in found["models"]} == {WEAK, STRONG}
    assert "few_items" in found["flags"]


def test_export_has_a_row_an_item_and_epoch(tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    options = ["--task", THREATS, "--cluster", "attack_name", "--format", "csv", "-o", str(out)]
    done = CliRunner().invoke(export_command, [str(LOGS), *options])
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert len(rows) == 2 * 10 * 2
    assert {row["epoch"] for row in rows} == {"1", "2"}
    assert len({row["cluster"] for row in rows}) > 3


def test_json_logs_are_found_among_other_json(tmp_path: Path) -> None:
    for path in LOGS.glob("guess_number-*.json"):
        shutil.copy(path, tmp_path / path.name)
    (tmp_path / "report.json").write_text('{"version": 2, "results": []}', encoding="utf-8")
    (tmp_path / "logs.json").write_text('{"a.eval": {"version": 2, "status": "success"}}', encoding="utf-8")
    assert [path.name for path in log_files([tmp_path])] == ["guess_number-strong.json", "guess_number-weak.json"]
    done = CliRunner().invoke(
        compare_command, [str(tmp_path), "--baseline", WEAK, "--candidate", STRONG, "--task", "guess_number"]
    )
    assert done.exit_code == 0, done.output
    empty = tmp_path / "none"
    empty.mkdir()
    with pytest.raises(InputError, match=r"no \.eval log lies in"):
        log_files([empty])
