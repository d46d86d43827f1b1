"""Work in a file: what a run leaves for `inspect eval`, read again, and run without this package's own runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log
from loopback import Server

from finbench.errors import InputError
from finbench.evaluation.models import ModelSpec
from finbench.preference.running import WORK_FILE, run_judging, run_locating
from finbench.preference.schema import PromptItem, Settings, Solution
from finbench.preference.work import read_work


def _wrong(items: tuple[PromptItem, ...]) -> list[Solution]:
    return [Solution(id=f"{item.id}/0", item=item.id, index=0, text="Sum: 1 + 1 = 3\nAnswer: 3") for item in items]


def test_a_run_leaves_its_work_and_plain_inspect_runs_it(
    openai_server: Server, worked_items: tuple[PromptItem, ...], genrm: ModelSpec, tmp_path: Path
) -> None:
    openai_server.reply = lambda prompt: json.dumps({"why": "", "first_wrong_step": "Sum: 1 + 1 = 3"})
    settings = Settings(one_call=False, max_retries=0)
    first = run_locating(worked_items, _wrong(worked_items), genrm, settings, tmp_path / "own")
    [work] = (tmp_path / "own").rglob(WORK_FILE)
    assert read_work(work).lines() == work.read_text()
    asked = len(openai_server.requests)
    command = [Path(sys.executable).with_name("inspect"), "eval", "finbench/preference_locating", "-T", f"work={work}"]
    command += ["--model", "none/none", "--model-role", f"genrm={genrm.model}", "--display", "none"]
    logs = tmp_path / "plain"
    done = subprocess.run(
        [*map(str, command), "--log-dir", str(logs)], env=dict(os.environ), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr + done.stdout
    [path] = logs.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.status == "success" and log.eval.task_registry_name == "finbench/preference_locating"
    said = {str(sample.id): sample.metadata["record"]["quote"] for sample in log.samples or []}
    assert said == {one.solution: one.quote for one in first.records}
    assert len(openai_server.requests) == 2 * asked


def test_work_that_does_not_fit_is_named(worked_items: tuple[PromptItem, ...], tmp_path: Path) -> None:
    path = tmp_path / "work.jsonl"
    item = {"record": "item", "id": "a", "prompt": "1 + 1?", "gold": "2", "answer": "number"}
    cases = {
        "cannot be read": None,
        "holds no item": [],
        "row 1 is no item": [{"record": "item", "id": "a"}],
        "row 1 has the record 'job'": [{"record": "job"}],
        "settings do not fit": [item, {"record": "settings", "sample": 3}],
        "names the item 'b'": [item, {"record": "solution", "id": "b/0", "item": "b", "index": 0, "text": "2"}],
        "names the solution 'a/1'": [item, {"record": "location", "solution": "a/1", "by": "genrm", "step": 0}],
    }
    for message, rows in cases.items():
        if rows is not None:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        with pytest.raises(InputError, match=message):
            read_work(path)
    path.write_text(json.dumps(item))
    work = read_work(path)
    assert work.settings == Settings() and list(work.items) == ["a"]


def test_work_of_generated_problems_keeps_the_program(worked_items: tuple[PromptItem, ...], tmp_path: Path) -> None:
    solutions = _wrong(worked_items)
    run_judging(worked_items, solutions, None, Settings(), tmp_path)
    [path] = tmp_path.rglob(WORK_FILE)
    work = read_work(path)
    assert list(work.items.values()) == list(worked_items) and list(work.solutions.values()) == solutions
    assert not work.by_genrm
