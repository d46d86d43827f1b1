"""Clean-subset scores: beside the whole set, from the same logs, on the items that no rule hits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from own_logs import Logs, make_logs, values

from finbench.cli.main import main
from finbench.contamination.report import read_report
from finbench.results.choosing import read_runs
from finbench.results.clean import clean_score
from finbench.stats.paired import paired_binary
from finbench.stats.proportions import wilson


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    return make_logs(tmp_path_factory.mktemp("clean-logs"))


@pytest.fixture
def report(logs: Logs, tmp_path: Path) -> Callable[..., Path]:
    def write(task: str, ids: list[str], sha256: str | None = None) -> Path:
        run = next(run for run in read_runs([logs.folder]) if run.task == task)
        entry = {"name": task, "items": len(run.ids), "items_sha256": sha256 or run.items_sha256, "ids": ids}
        path = tmp_path / f"report-{len(ids)}.json"
        path.write_text(json.dumps({"tasks": [entry]}))
        return path

    return write


def test_the_clean_subset_stands_beside_the_whole_set(logs: Logs, report: Callable[..., Path]) -> None:
    base, better = (values(logs.full[model, "fin_terms"]) for model in ("base", "better"))
    hit = sorted(base)[::4]
    arguments = ["compare", str(logs.folder), "--baseline", "base", "--candidate", "better"]
    plain = CliRunner().invoke(main, [*arguments, "--json"])
    result = CliRunner().invoke(main, [*arguments, "--audit", str(report("fin_terms", hit)), "--json"])
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    clean = document.pop("clean")
    assert document == json.loads(plain.stdout)
    (entry,) = clean["tasks"]
    kept = [identity for identity in sorted(base) if identity not in hit]
    expected = paired_binary([better[k] for k in kept], [base[k] for k in kept])
    assert (entry["n"], entry["left_out"]) == (len(kept), len(hit))
    assert entry["difference"] == pytest.approx(expected.difference)
    assert (entry["ci_low"], entry["ci_high"]) == pytest.approx((expected.ci_low, expected.ci_high))
    assert entry["baseline"] == pytest.approx(sum(base[k] for k in kept) / len(kept))
    assert "clean_subset" in entry["flags"] and entry["official"] is False
    assert clean["overlapping"] == {"fin_terms": len(hit)}
    assert any(note.startswith("fomc: no clean subset") for note in clean["notes"])
    shown = CliRunner().invoke(main, [*arguments, "--audit", str(report("fin_terms", hit))])
    assert f"without the items that the audit found (fin_terms {len(hit)})" in shown.stdout


def test_metrics_of_the_whole_set_are_computed_anew(logs: Logs, report: Callable[..., Path]) -> None:
    run = next(run for run in read_runs([logs.folder]) if run.task == "ner" and run.model == "base")
    found = clean_score(run, read_report(report("ner", list(run.ids)[:10])))
    assert found is not None and found.score is not None
    counts = [item.counts for item in run.items if item.id in set(run.ids[10:]) and item.counts]
    tp, fp, fn = (sum(count[at] for count in counts) for at in range(3))
    assert found.score.estimate == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert (found.items, found.overlapping, found.score.n) == (30, 10, 20)


def test_the_clean_score_of_a_run_has_its_interval(logs: Logs, report: Callable[..., Path]) -> None:
    run = next(run for run in read_runs([logs.folder]) if run.task == "fin_terms" and run.model == "base")
    found = clean_score(run, read_report(report("fin_terms", list(run.ids)[:100])))
    assert found is not None and found.score is not None
    scores = values(logs.full["base", "fin_terms"])
    expected = wilson([scores[identity] for identity in run.ids[100:]])
    assert (found.score.estimate, found.score.low) == pytest.approx((expected.estimate, expected.low))
    assert found.share == 100 / len(run.ids)


def test_too_few_clean_items_and_another_set_give_no_figure(logs: Logs, report: Callable[..., Path]) -> None:
    run = next(run for run in read_runs([logs.folder]) if run.task == "fin_terms")
    few = clean_score(run, read_report(report("fin_terms", list(run.ids)[:-3])))
    assert few is not None and few.score is None
    assert clean_score(run, read_report(report("fin_terms", [], sha256="0" * 64))) is None
    arguments = ["compare", str(logs.folder), "--baseline", "base", "--candidate", "better", "--json", "--audit"]
    for path, note in (
        (report("fin_terms", list(run.ids)[:-3]), "3 of 160 items are clean, too few"),
        (report("fin_terms", [], sha256="0" * 64), "the audit is of another set"),
    ):
        result = CliRunner().invoke(main, [*arguments, str(path)])
        assert result.exit_code == 0
        assert json.loads(result.stdout)["clean"]["tasks"] == []
        assert note in result.stderr


def test_a_file_that_is_no_report_ends_in_one_sentence(logs: Logs, tmp_path: Path) -> None:
    path = tmp_path / "no-report.json"
    path.write_text("{}")
    result = CliRunner().invoke(
        main, ["compare", str(logs.folder), "--baseline", "base", "--candidate", "better", "--audit", str(path)]
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is no report of an audit" in result.stderr
