"""Guessing and the most frequent label: the scores that simulation and the real metrics give, shown without a rank."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finbench.results.rank import rankings_of
from finbench.results.scores import score_interval
from leaderboard.assemble import build_runs
from leaderboard.baselines import baselines_of, task_baselines

MakeRun = Callable[..., Any]
METRICS = ("accuracy", "macro_f1", "weighted_f1", "balanced_accuracy", "mcc")


def _skewed(run: Any, metric: str) -> Any:
    """The run with two thirds of its references on one label."""
    golds = ["positive" if index % 3 else "neutral" if index % 2 else "negative" for index in range(len(run.items))]
    items = tuple(replace(item, gold=gold) for item, gold in zip(run.items, golds, strict=True))
    return replace(run, metric=metric, items=items)


def _answering(run: Any, says: Callable[[], str]) -> Any:
    preds = [says() for _ in run.items]
    return replace(
        run,
        items=tuple(
            replace(
                item,
                pred=pred,
                outcome=type(item.outcome)("correct" if pred == item.gold else "wrong"),
                value=float(pred == item.gold),
            )
            for item, pred in zip(run.items, preds, strict=True)
        ),
    )


@pytest.mark.parametrize("metric", METRICS)
def test_the_most_frequent_label_scores_as_the_real_metric_says(metric: str, make_run: MakeRun) -> None:
    run = _skewed(make_run("a", n=90), metric)
    found = task_baselines(run)
    assert found is not None
    assert found[1] == pytest.approx(score_interval(_answering(run, lambda: "positive")).estimate, abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_guessing_scores_as_a_simulation_says(metric: str, make_run: MakeRun) -> None:
    run = _skewed(make_run("a", n=600), metric)
    found = task_baselines(run)
    draw = random.Random(3)
    labels = ("positive", "negative", "neutral")
    scores = [score_interval(_answering(run, lambda: draw.choice(labels))).estimate for _ in range(40)]
    assert found is not None
    assert found[0] == pytest.approx(sum(scores) / len(scores), abs=0.012)


def test_tasks_without_labels_have_none_and_count_as_zero_in_a_mean(make_run: MakeRun) -> None:
    labelled = make_run("a")
    numbers = make_run("a", task="fin_figures")
    assert task_baselines(numbers) is None
    board = rankings_of([labelled, numbers], capability="tasks")[0]
    guessing, top = baselines_of(board)
    assert guessing.score == pytest.approx(1 / 6) and guessing.silent == ("fin_figures",)
    assert top.score == pytest.approx(1 / 6)
    assert baselines_of(rankings_of([numbers], task="fin_figures")[0]) == ()


def test_tasks_of_other_packages_have_none(make_run: MakeRun) -> None:
    foreign = make_run("a", capability=None, foreign=True)
    assert task_baselines(foreign) is None


def test_rows_of_baselines_have_no_rank_no_interval_and_no_page(make_run: MakeRun, tmp_path: Path) -> None:
    build_runs([make_run("a"), make_run("b", right=0.4)], tmp_path / "site")
    (place,) = (tmp_path / "site/data").glob("board-tasks-*.csv")
    with place.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = [row for row in rows if row["flags"] == "baseline, no model"]
    assert [row["model"] for row in known] == ["Guessing", "Most frequent label"]
    assert all(row["rank_low"] == row["ci_low"] == row["n"] == row["tier"] == "" for row in known)
    assert float(known[0]["score"]) == pytest.approx(1 / 3)
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert page.count('class="bench"') == 2 and "Dashed lines: guessing (33.3)" in page
    assert {path.stem.rsplit("-", 1)[0] for path in (tmp_path / "site/models").iterdir()} == {"a", "b"}


def test_the_overview_shows_them_below_a_table_that_is_cut(make_run: MakeRun, tmp_path: Path) -> None:
    build_runs([make_run(f"m{number:02d}", right=0.3 + number / 40) for number in range(15)], tmp_path / "site")
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert page.count('class="bench"') == 2 and "All 15 models" in page
