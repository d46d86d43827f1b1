"""The site says no more than the evidence does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leaderboard.assemble import build_runs
from leaderboard.charts import Axis, axis_around_zero, axis_over, interval_bar, outcome_stack
from leaderboard.run_facts import facts_of

MakeRun = Callable[..., Any]


def built(runs: list[Any], tmp_path: Path) -> Path:
    build_runs(runs, tmp_path / "site")
    return tmp_path / "site"


def text_of(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())


def test_incomplete_runs_stand_below_without_score_or_rank(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("a"), make_run("b"), make_run("broken", right=1.0, errors=3)], tmp_path)
    text = text_of(site / "index.html")
    assert "fin_tone is incomplete (3 of 60 samples are missing or ended in errors)" in text
    assert text.index("broken") > max(text.index(" a "), text.index(" b "))
    row = next(
        row
        for path in (site / "data").glob("board-tasks-*.json")
        for row in json.loads(path.read_text())["rows"]
        if row["model"] == "broken"
    )
    assert row["score"] is None and row["rank_low"] is None
    page = next(path for path in (site / "models").iterdir() if path.name.startswith("broken"))
    assert "incomplete" in text_of(page)


def test_only_incomplete_runs_give_a_site_that_says_so(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("a", errors=1)], tmp_path)
    assert "No complete run: nothing is ranked here." in text_of(site / "index.html")


def test_a_single_model_is_not_called_first(make_run: MakeRun, tmp_path: Path) -> None:
    text = text_of(built([make_run("alone")], tmp_path) / "index.html")
    assert "nothing to rank it against" in text and "tied first" not in text


def test_no_evidence_names_the_difference_that_would_have_shown(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("a", right=0.70), make_run("b", right=0.71)], tmp_path)
    text = text_of(site / "index.html")
    assert "2 of 2 models are tied for first" in text
    assert "would show with 80 % power" in text
    assert "no evidence" in text_of(next((site / "pairs").iterdir()))


def test_versions_that_do_not_compare_share_no_table(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("a"), make_run("b"), make_run("c", version="2-A")], tmp_path)
    tables = [
        {row["model"] for row in json.loads(path.read_text())["rows"] if "baseline" not in row["flags"]}
        for path in (site / "data").glob("board-tasks-*.json")
    ]
    assert sorted(map(sorted, tables)) == [["a", "b"], ["c"]]


def test_marks_of_guessing_and_of_one_answer(make_run: MakeRun) -> None:
    assert facts_of(make_run("good", right=0.9)).near_chance is False
    guess = facts_of(make_run("guess", right=0.33))
    assert guess.near_chance is True
    one = make_run("one")
    items = tuple(replace(item, pred="neutral") for item in one.items)
    assert replace(one, items=items).collapsed == "neutral"


def test_fewer_right_answers_than_guessing_are_below_chance_and_not_near_it(make_run: MakeRun) -> None:
    found = facts_of(make_run("mute", right=0.0))
    assert found.below_chance and not found.near_chance


def test_one_model_alone_has_no_rank(make_run: MakeRun, tmp_path: Path) -> None:
    page = (built([make_run("a")], tmp_path) / "index.html").read_text(encoding="utf-8")
    assert 'class="num first"' not in page and "the only one" in page
    assert 'class="num first"' in (built([make_run("a"), make_run("b")], tmp_path) / "index.html").read_text()


def test_what_is_not_disclosed_is_said_to_be(make_run: MakeRun, tmp_path: Path) -> None:
    page = next((built([make_run("a")], tmp_path) / "models").iterdir())
    text = text_of(page)
    assert "undisclosed" in text and "self-reported" in text and "not audited" in text


def test_tasks_of_other_packages_have_a_page_and_no_capability(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a", task="other/sums", capability=None), make_run("b", task="other/sums", capability=None)]
    site = built(runs, tmp_path)
    assert not (site / "capabilities").exists()
    assert "Tasks of other packages" in text_of(site / "index.html")
    assert "it has no card" in text_of(next((site / "tasks").iterdir()))


@pytest.mark.parametrize("outcomes", [{"correct": 3, "wrong": 1}, {"error": 2}, {}])
def test_a_stack_fills_its_width(outcomes: dict[str, int]) -> None:
    widths = [
        float(width)
        for width in re.findall(r'<rect class="o-\w+" x="[\d.]+" width="([\d.]+)"', outcome_stack(outcomes))
    ]
    assert sum(widths) == pytest.approx(120 if outcomes else 0, abs=0.1)


def test_an_interval_is_drawn_where_it_is() -> None:
    axis = Axis(low=0.0, high=1.0)
    drawn = interval_bar(axis, 0.5, 0.25, 0.75)
    low, high = map(float, re.findall(r'class="ci" d="M([\d.]+) 9H([\d.]+)"', drawn)[0])
    dot = float(re.findall(r'cx="([\d.]+)"', drawn)[0])
    assert dot - low == pytest.approx(high - dot)
    assert axis.x(2.0) == axis.x(1.0)
    assert (axis_over([(0.31, 0.62)]).low, axis_over([(0.31, 0.62)]).high) == (0.3, 0.7)
    assert axis_around_zero([(-0.03, 0.12)]).high == 0.15
