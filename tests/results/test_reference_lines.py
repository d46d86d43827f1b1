"""What guessing and the most frequent label score, in reports: against simulation and scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from own_logs import Logs

from finbench.cli.main import main
from finbench.results.reading import read_run
from finbench.results.reference_lines import label_counts, reference_lines

metrics = pytest.importorskip("sklearn.metrics")

SCORES: dict[str, tuple[str, Callable[..., float]]] = {
    "fin_tone": ("accuracy", lambda gold, pred: metrics.accuracy_score(gold, pred)),
    "fomc": ("macro_f1", lambda gold, pred: metrics.f1_score(gold, pred, average="macro", zero_division=0)),
    "german_credit": ("mcc", lambda gold, pred: metrics.matthews_corrcoef(gold, pred)),
}


@pytest.mark.parametrize("task", SCORES)
def test_the_lines_are_what_these_rules_score(task: str) -> None:
    name, score = SCORES[task]
    counts = (500, 200) if task == "german_credit" else (500, 300, 200)
    gold = np.repeat(np.arange(len(counts)), counts)
    lines = reference_lines(task, name, counts)
    assert lines is not None
    rng = np.random.default_rng(5)
    guessed = np.mean([score(gold, rng.integers(len(counts), size=gold.size)) for _ in range(200)])
    assert lines[0] == pytest.approx(guessed, abs=0.005)
    assert lines[1] == pytest.approx(score(gold, np.zeros_like(gold)), abs=1e-12)


def test_what_has_no_labels_has_no_lines() -> None:
    assert reference_lines("finqa", "accuracy", (3, 2, 1)) is None
    assert reference_lines("a_task_of_others", "accuracy", (3, 2, 1)) is None
    assert reference_lines("fomc", "macro_f1", ()) is None


def test_labels_are_counted_on_the_items_compared(own_logs: Logs) -> None:
    run = read_run(own_logs.path("base", "german_credit"))
    assert label_counts(run) == (30, 10)
    bad = [item.id for item in run.items if item.gold == "bad"]
    assert label_counts(run, bad) == (10,)


def test_a_report_says_what_no_model_is_needed_for(own_logs: Logs, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    arguments = ["compare", str(own_logs.folder), "--baseline", "base", "--candidate", "better", "--report", str(path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    text = path.read_text()
    assert "Without a model, on the same items:" in text
    assert "- german\\_credit: guessing 0.0, always the most frequent label 0.0." in text
    assert "finqa: guessing" not in text
