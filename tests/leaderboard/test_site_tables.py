"""Tables say the same as their downloads and as each other: ranks, baselines, counts, and what sets two apart."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from leaderboard.assemble import Extras, build_runs
from leaderboard.baselines import baselines_of
from leaderboard.cli import leaderboard
from leaderboard.collect import Collection
from leaderboard.states import changes, facts_of_state

MakeRun = Callable[..., Any]


def built(runs: list[Any], tmp_path: Path, extras: Extras | None = None) -> Path:
    build_runs(runs, tmp_path / "site", extras)
    return tmp_path / "site"


def text_of(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())


def rows(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["rows"])


def asked(page: str) -> list[str]:
    lists = re.findall(r'<details class="asked">.*?</details>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in lists]


@pytest.mark.parametrize("metric", ["accuracy", "mcc", "macro_f1"])
def test_the_list_of_tasks_has_the_baselines_of_the_tasks_own_board(
    make_run: MakeRun, tmp_path: Path, metric: str
) -> None:
    runs = [make_run(name, metric=metric, n=50) for name in ("a", "b")]
    site = built(runs, tmp_path)
    (row,) = rows(site / "data/tasks.json")
    guessing, majority = baselines_of(Collection(runs).tasks[0].rankings[0])
    assert (row["chance"], row["majority"]) == (guessing.score, majority.score)
    board = next((site / "data").glob("board-task-fin_tone-*.json"))
    named = {one["model"]: one["score"] for one in rows(board)}
    assert (row["chance"], row["majority"]) == (named["Guessing"], named["Most frequent label"])


def test_a_task_of_spans_has_no_baseline_in_the_list_of_tasks(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("a", task="fin_entities", metric="entity_f1")
    run = replace(run, items=tuple(replace(item, gold=None, counts=(1, 1, 1)) for item in run.items))
    (row,) = rows(built([run], tmp_path) / "data/tasks.json")
    assert row["chance"] is None and row["majority"] is None


def test_the_list_of_tasks_counts_the_models_of_the_first_table_and_marks_unofficial_ones(
    make_run: MakeRun, tmp_path: Path
) -> None:
    runs = [make_run(name) for name in "ab"] + [make_run(name, n=30, official=False) for name in "cdef"]
    runs.append(make_run("c", task="fin_terms", official=False))
    site = built(runs, tmp_path)
    found = {row["task"]: (row["items"], row["models"], row["official"]) for row in rows(site / "data/tasks.json")}
    assert found == {"fin_tone": (60, 2, True), "fin_terms": (60, 1, False)}
    shown = (site / "tasks.html").read_text(encoding="utf-8")
    marked = {
        re.sub(r"<[^>]+>", "", row.partition("</a>")[0]).strip(): "unofficial set" in row
        for row in shown.partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")
        if row.strip()
    }
    assert marked == {"fin_tone": False, "fin_terms": True}


def test_a_model_alone_has_no_rank_in_any_download(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("alone")], tmp_path, Extras(board=True))
    boards = [*(site / "data").glob("board-*.json"), *(site / "data").glob("standing-*.json")]
    assert len(boards) == 3
    for path in boards:
        for row in rows(path):
            assert row["rank_low"] is None and row["rank_high"] is None, path
            assert row.get("tied_first") is None, path
    (row,) = rows(site / "data/models.json")
    assert row["tasks_rank_low"] is None and row["tasks_rank_high"] is None and row["tasks_score"] > 0
    with next((site / "data").glob("board-tasks-*.csv")).open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["rank_low"] == ""
    (state,) = (site / "states").glob("*/state.json")
    (board,) = json.loads(state.read_text(encoding="utf-8"))["facts"]["boards"]
    assert [(one["rank_low"], one["rank_high"]) for one in board["models"]] == [(None, None)]
    badge = next((site / "badges").iterdir()).read_text(encoding="utf-8")
    assert "no rank" in badge and "of 1" not in badge


def test_states_written_with_a_rank_for_a_model_alone_tell_no_change(make_run: MakeRun) -> None:
    now = facts_of_state(Collection([make_run("a")]), ())
    early = json.loads(json.dumps(now))
    early["boards"][0]["models"][0].update(rank_low=1, rank_high=1)
    assert changes(early, now) == []
    two = facts_of_state(Collection([make_run("a", right=0.95), make_run("b", right=0.1)]), ())
    ranked = next(one for one in changes(early, two) if one.kind == "rank")
    assert (ranked.before, ranked.after) == ("the only one", "1 of 2")


def test_a_second_table_says_what_was_asked_otherwise(make_run: MakeRun, tmp_path: Path) -> None:
    base = make_run("a")
    warm = make_run("c", settings=replace(base.settings, temperature=1.0))
    reworded = make_run("d", settings=replace(base.settings, prompt_sha256="abcdef0123456789"))
    both = make_run("e", settings=replace(base.settings, elicitation="cot", max_tokens=None, fewshot=2, epochs=3))
    site = built([base, make_run("b"), warm, reworded, both], tmp_path)
    page = (site / "tasks/fin_tone.html").read_text(encoding="utf-8")
    heads = re.findall(r"<h2 id=\"h-[^>]*><span[^>]*>[^<]*</span>([^<]*)", page)
    assert heads[0].strip() == "Official sets"
    assert {head.strip() for head in heads} == {
        "Official sets",
        "Official sets, temperature 1",
        "Official sets, another wording",
        "Official sets, cot, 2 examples, no token limit, asked 3 times",
    }
    lines = asked(page)
    assert len(set(lines)) == len(lines) == 4
    assert any("temperature 1" in line for line in lines) and any("wording abcdef01" in line for line in lines)
    captions = re.findall(r"<caption[^>]*>([^<]*)", page)
    assert len([one for one in captions if "official sets, temperature 1: fin_tone" in one]) == 1


def test_another_version_of_a_task_is_not_official(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("a"), make_run("b"), make_run("old", version="2-A")], tmp_path)
    page = (site / "tasks/fin_tone.html").read_text(encoding="utf-8")
    text = text_of(site / "tasks/fin_tone.html")
    assert "Another version of the task (2)" in text and "not the cards’ version" in text
    assert "another version (2)" in page and "Unofficial sets" not in text
    assert not list((site / "badges").glob("old-*")) and not list((site / "cards").glob("old-*"))
    assert len(list((site / "badges").iterdir())) == 2
    found = [row for path in (site / "data").glob("board-tasks-*.json") for row in rows(path)]
    official = {row["model"]: row["official"] for row in found}
    assert (official["a"], official["old"]) == (True, False)
    assert built([make_run("a", version="1-C")], tmp_path) and len(list((site / "badges").iterdir())) == 1


def test_the_list_of_models_says_why_one_has_no_rank(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a"), make_run("b"), make_run("part", official=False), make_run("broken", errors=2)]
    runs += [make_run(name, task="fin_terms", capability="concepts") for name in ("a", "other")]
    text = text_of(built(runs, tmp_path) / "models.html")
    for name, words in (("part", "in another table"), ("broken", "not ranked"), ("other", "not run")):
        row = next(row for row in re.split(r"(?=\b(?:a|b|part|broken|other) \S+ )", text) if row.startswith(f"{name} "))
        assert words in row, row


def test_an_incomplete_run_shows_the_outcomes_that_it_has(make_run: MakeRun, tmp_path: Path) -> None:
    site = built([make_run("a"), make_run("b"), make_run("broken", n=60, errors=1)], tmp_path)
    page = (site / "tasks/fin_tone.html").read_text(encoding="utf-8")
    row = next(row for row in page.split("<tr") if ">broken<" in row)
    assert "no samples" not in row and "1 error" in row and "0 of 1 task, 1 incomplete" in row
    assert re.search(r">59<small>", row)
    twin = next(
        row for row in rows(next((site / "data").glob("board-task-fin_tone-*.json"))) if row["model"] == "broken"
    )
    assert (twin["n"], twin["error"], twin["score"]) == (59, 1, None)


def test_runs_are_counted_alike_everywhere(make_run: MakeRun, tmp_path: Path) -> None:
    later = "2026-11-22T10:00:00+00:00"
    runs = [make_run("a"), make_run("a", created=later, seed="x"), make_run("b")]
    made = build_runs(runs, tmp_path / "site", Extras(board=True))
    overview, log = (text_of(tmp_path / "site" / name) for name in ("index.html", "changes.html"))
    assert made.runs == 2
    assert set(re.findall(r"(\d+) runs?\b", overview)) == {"2"} == set(re.findall(r"(\d+) runs?\b", log))


def test_a_name_that_no_log_is_of_is_said_with_the_nearest(logs: Path, extras: dict[str, Any], tmp_path: Path) -> None:
    audit = extras["audits"][0].partition("=")[2]
    (tmp_path / "prices.yaml").write_text("atlas: {input: 1, output: 1}\nboralis: {input: 1, output: 1}\n", "utf-8")
    command = ["build", str(logs), "-o", str(tmp_path / "site"), "--prices", str(tmp_path / "prices.yaml")]
    models = "always-positive, atlas, borealis, corvid"
    for _ in range(2):  # the second time nothing is built
        done = CliRunner().invoke(leaderboard, [*command, "--audit", f"atals={audit}"])
        assert done.exit_code == 0, done.output
        assert done.stderr.splitlines() == [
            f"finbench: --audit names 'atals', and no log is of it; did you mean atlas? the logs are of {models}",
            f"finbench: --prices names 'boralis', and no log is of it; did you mean borealis or lab/borealis? "
            f"the logs are of {models}",
        ]
    assert "unchanged" in done.stdout
    (tmp_path / "prices.yaml").write_text("atlas: {input: 1, output: 1}\n", "utf-8")
    assert CliRunner().invoke(leaderboard, [*command, "--audit", f"atlas={audit}"]).stderr == ""
