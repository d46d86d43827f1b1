"""Audits, prices and rights: what a site may say of contamination, cost and texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.contamination.report import Audited
from finbench.errors import InputError
from finbench.results.scores import score_interval
from leaderboard.assemble import Extras, build_runs
from leaderboard.audits import Audit, Audits, read_audit
from leaderboard.prices import Price, cost_of, money, read_prices
from leaderboard.text import percent

MakeRun = Callable[..., Any]


def audit(model: str | None, ids: Iterable[str] = (), *, items_sha256: str | None = None) -> Audit:
    found = Audited(items_sha256=items_sha256, items=60, ids=frozenset(ids))
    return Audit(model=model, report={"fin_tone": found})


def text_of(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())


def test_the_clean_subset_is_scored_on_the_items_that_no_audit_found(make_run: MakeRun) -> None:
    run = make_run("a", right=0.6)
    found = frozenset(list(run.ids)[:20])
    known = Audits([audit("a", found | {"an item of another set"})]).of([run])
    kept = replace(run, items=tuple(item for item in run.items if item.id not in found))
    expected = score_interval(kept)
    assert (known.audited, known.overlapping, known.items, known.n) == (True, 20, 60, 40)
    assert (known.score, known.low, known.high) == (expected.estimate, expected.low, expected.high)


def test_an_audit_counts_for_its_model_and_its_tasks_only(make_run: MakeRun) -> None:
    audits = Audits([audit("a")])
    assert audits.of([make_run("a")]).audited and audits.of([make_run("a")]).overlapping == 0
    assert not audits.of([make_run("b")]).audited
    assert not audits.of([make_run("a"), make_run("a", task="fin_terms")]).audited
    assert not Audits([audit("a", items_sha256="0" * 64)]).of([make_run("a")]).audited, "an audit of another set"
    everyone = Audits([audit(None)])
    assert everyone.of([make_run("b")]).audited


def test_all_items_found_leave_no_clean_score(make_run: MakeRun) -> None:
    run = make_run("a")
    known = Audits([audit(None, run.ids)]).of([run])
    assert known.overlapping == 60 and known.score is None


def test_states_of_contamination_stand_on_the_board(site: Path) -> None:
    text = text_of(site / "tasks/fin_tone.html")
    assert "45 of 180 overlap" in text and "not audited" in text
    rows = [
        row
        for path in (site / "data").glob("board-task-fin_tone-*.json")
        for row in json.loads(path.read_text())["rows"]
        if row["model"] == "atlas" and row["official"]
    ]
    assert rows[0]["overlapping"] == 45 and rows[0]["clean_n"] == 135
    assert percent(rows[0]["clean_score"]) in text


@pytest.mark.parametrize("text", ["no json", "[]", '{"tasks": [{"name": "fin_tone", "items": 3, "ids": [1]}]}'])
def test_what_is_no_audit_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "audit.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is no report of an audit"):
        read_audit(f"model={path}")
    with pytest.raises(InputError, match="cannot be read"):
        read_audit(str(tmp_path / "nowhere.json"))


def test_cost_is_tokens_times_prices_and_unknown_without_one(make_run: MakeRun, tmp_path: Path) -> None:
    prices = {"openai/a": Price(input=2.0, output=10.0)}
    run = make_run("a", input_tokens=500_000, output_tokens=100_000)
    assert cost_of([run, run], prices) == pytest.approx(4.0)
    assert cost_of([make_run("b")], prices) is None and cost_of([], prices) is None
    build_runs([run, make_run("b")], tmp_path / "site", Extras(prices=prices))
    text = text_of(tmp_path / "site/index.html")
    assert "$2.00" in text and "no price is known" in text
    build_runs([run], tmp_path / "free")
    assert "Cost" not in text_of(tmp_path / "free/index.html")


@pytest.mark.parametrize("text", ["- a", "a: 3", "a: {input: -1, output: 2}", "a: {input: x, output: 2}", "a: [", ""])
def test_prices_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="the prices"):
        read_prices(path)


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_money_is_right_to_two_digits(value: float) -> None:
    shown = float(money(value).removeprefix("$").replace(",", ""))
    assert shown == pytest.approx(value, rel=0.06, abs=1e-8)


def test_texts_of_items_stand_where_the_licence_lets_them(site: Path) -> None:
    page = next(path for path in (site / "items").glob("fin_tone-*.html"))
    from finbench.tasks.catalogue import DEFINITIONS

    items = DEFINITIONS["fin_tone"].items().items
    identity, item = next(iter(items.items()))
    text = text_of(page)
    assert DEFINITIONS["fin_tone"].card.redistributable
    assert identity in text and "Question" in text
    assert " ".join(item.body.split())[:40] in text.replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")


def test_texts_do_not_stand_where_it_does_not(make_run: MakeRun, tmp_path: Path) -> None:
    from finbench.tasks.catalogue import CARDS

    assert not CARDS["fpb"].redistributable
    runs = [make_run(name, task="fpb", right=right) for name, right in (("a", 0.8), ("b", 0.5))]
    build_runs(runs, tmp_path / "site")
    page = next((tmp_path / "site/items").iterdir())
    text = text_of(page)
    assert "items are shown by id and hash" in text and "Hash of the item" in text and "Reference" not in text
    versus = text_of(next((tmp_path / "site/versus").iterdir()))
    assert "Items that flipped" in versus
    assert "positive" not in versus and "neutral" not in versus


def test_flipped_items_are_those_that_one_model_alone_has_right(make_run: MakeRun, tmp_path: Path) -> None:
    one, other = make_run("a", right=0.8), make_run("b", right=0.5)
    build_runs([one, other], tmp_path / "site")
    rows = json.loads(next((tmp_path / "site/data").glob("flips-*.json")).read_text())["rows"]
    right = [{item.id for item in run.items if item.outcome == "correct"} for run in (one, other)]
    assert {row["item"] for row in rows if row["right_by"] == "a"} == right[0] - right[1]
    assert {row["item"] for row in rows if row["right_by"] == "b"} == right[1] - right[0]


def test_a_judge_ranks_nobody_on_the_page(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run(name, task="mt_bench", metric="judge", right=right) for name, right in (("a", 0.9), ("b", 0.2))]
    build_runs(runs, tmp_path / "site")
    page = tmp_path / "site/tasks/mt_bench.html"
    assert "no rank rests on that" in text_of(page)
    rows = json.loads(next((tmp_path / "site/data").glob("board-task-mt_bench-*.json")).read_text())["rows"]
    assert {row["rank_low"] for row in rows} == {None} and {row["tied_first"] for row in rows} == {None}
    assert not (tmp_path / "site/pairs").exists() and not (tmp_path / "site/versus").exists()
