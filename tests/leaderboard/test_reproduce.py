"""The command in a row makes a run that answers the same question."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finbench.results.boards import question_of
from finbench.results.choosing import read_runs
from finbench.results.runs import Run
from leaderboard.reproduce import reproduce

MakeRun = Callable[..., Run]


def again(command: str, place: Path, server: str) -> list[Run]:
    """Run a command as a reader would, in an empty folder."""
    words = shlex.split(command)
    tool = Path(sys.executable).parent / words[0]
    environment = {**os.environ, "LAB_API_KEY": "none", "LAB_BASE_URL": server, "FINBENCH_CACHE": str(place / "cache")}
    done = subprocess.run([str(tool), *words[1:]], cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return read_runs([place / "logs"])


def test_the_command_of_a_part_of_two_tasks_asks_the_same(logs: Path, model_server: str, tmp_path: Path) -> None:
    first = [run for run in read_runs([logs]) if run.model == "atlas" and len(run.ids) == 30]
    command = reproduce(first)
    assert "--limit 30" in command and "--tasks fin_terms,fin_tone" in command
    second = again(command, tmp_path, model_server)
    assert {question_of(run) for run in second} == {question_of(run) for run in first}
    assert {run.model for run in second} == {"atlas"}
    assert reproduce(second) == command


def test_settings_that_only_inspect_takes_go_to_it(logs: Path, model_server: str, tmp_path: Path) -> None:
    (run,) = [run for run in read_runs([logs]) if (run.model, run.task, len(run.ids)) == ("atlas", "fin_tone", 30)]
    first = replace(run, settings=replace(run.settings, temperature=0.5, max_tokens=40))
    command = reproduce([first])
    assert command.startswith("inspect eval finbench/fin_tone --model openai-api/lab/atlas --temperature 0.5")
    (second,) = again(command, tmp_path, model_server)
    assert question_of(second) == question_of(first)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, []),
        ({"limit": 7}, ["--limit", "7"]),
        ({"T": {"seed": 3, "elicitation": "cot"}}, ["-T", "elicitation=cot", "-T", "seed=3"]),
        ({"T": {"data": "PATH-TO-ROWS"}}, ["-T", "data=PATH-TO-ROWS"]),
        ({"config": {"reasoning_effort": "high", "top_p": 0.9}}, ["--reasoning-effort", "high", "--top-p", "0.9"]),
    ],
)
def test_options_are_those_of_the_run(make_run: MakeRun, given: dict[str, Any], words: list[str]) -> None:
    command = reproduce([make_run("a", given=json.dumps(given))])
    assert shlex.split(command)[-len(words) or None :][: len(words)] == words
    assert ("--limit" in command) == ("limit" in given)


def test_tasks_with_other_options_have_commands_of_their_own(make_run: MakeRun) -> None:
    part = make_run("a", given='{"limit": 5}')
    whole = make_run("a", task="fin_terms")
    assert reproduce([part, whole]).count("finbench eval") == 2
    assert reproduce([part, replace(whole, given=part.given)]).count("finbench eval") == 1


@pytest.mark.parametrize(
    "given",
    [
        '{"limit": [3, 9]}',
        '{"sample_id": ["x"]}',
        '{"T": {"items": [1]}}',
        '{"T": 7}',
        "[",
        '{"shuffle": 5}',
        '{"solver": "mine"}',
        '{"config": {"extra_body": {"x": 1}}}',
        '{"T": {"a": "b\\n"}}',
    ],
)
def test_what_no_command_can_say_gives_none(make_run: MakeRun, given: str) -> None:
    assert reproduce([make_run("a", given=given)]) == ""


def test_where_rows_lay_is_not_told(logs: Path, model_server: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    from finbench.tasks.catalogue import DEFINITIONS

    shown = list(DEFINITIONS["fin_tone"].items().items.values())[:4]
    rows.write_text(
        "".join(json.dumps({"text": one.body, "label": one.gold}) + "\n" for one in shown), encoding="utf-8"
    )
    (run,) = again(
        f"inspect eval finbench/fin_tone --model openai-api/lab/atlas --display none -T data={rows}",
        tmp_path,
        model_server,
    )
    assert run.given and str(tmp_path) not in run.given
    assert "-T data=PATH-TO-ROWS" in reproduce([run])
