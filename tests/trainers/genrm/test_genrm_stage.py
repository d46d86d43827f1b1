"""The whole stage against a policy on loopback that answers generated problems, right or wrong by seed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback import Server

from finbench.errors import InputError
from finbench.evaluation.models import ModelSpec
from finbench.preference.items import generated_items
from finbench.tasks.generated import FIRST_TRAINING_SEED
from trainers.base import Prepared
from trainers.data.sources import prepare
from trainers.genrm import adapter
from trainers.genrm.settings import GenrmSettings
from trainers.recipe import DataSource

PROMPTS = 2


class Policy:
    """Solves every problem by its worked solution, with one step spoilt where the request's seed is odd."""

    def __init__(self, server: Server) -> None:
        drawn = PROMPTS + PROMPTS // 10 + 10
        self.problems = {
            item.prompt: item.problem for item in generated_items(drawn, FIRST_TRAINING_SEED + 1 + 1) if item.problem
        }
        self.server = server
        server.reply = self.reply

    def reply(self, asked: str) -> str | int:
        body = self.server.requests[-1]
        messages = body["messages"]
        if messages[0]["content"] not in self.problems:  # a sentence whose tone is asked for
            return ("positive", "neutral", "negative")[body["seed"] % 3]
        problem = self.problems[messages[0]["content"]]
        lines = problem.solution.splitlines()
        if len(messages) > 1:  # a rollout: what was begun rightly ends rightly
            begun = messages[1]["content"]
            return lines[-1] if "999.99" not in begun else "Answer: 999.99"
        if body["seed"] % 2:
            lines[-2] = lines[-2].rpartition("=")[0] + "= 999.99"
            lines[-1] = "Answer: 999.99"
        return "\n".join(lines)


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


@pytest.fixture
def policy(server: Server, monkeypatch: pytest.MonkeyPatch) -> Policy:
    monkeypatch.setenv("LOCAL_API_KEY", "none")

    @contextmanager
    def served(model: str, config: GenrmSettings, out: Path) -> Iterator[ModelSpec]:
        yield ModelSpec(model="openai-api/local/policy", name="policy", base_url=server.url, sha256="0" * 64)

    monkeypatch.setattr(adapter, "_policy", served)
    return Policy(server)


@pytest.fixture
def data(tmp_path: Path) -> Prepared:
    return prepare([DataSource(task="fin_calc", examples=PROMPTS)], tmp_path / "data.jsonl", seed=1)


def run(data: Prepared, parent: Path, out: Path, **config: Any) -> dict[str, Any]:
    settings = GenrmSettings.model_validate({"samples": 3, "batch_size": 1, "correcting": {"rollouts": 3}, **config})
    done = adapter.GenRM()(str(parent), data, settings, out, seed=1)
    assert (done.path / "config.json").is_file()
    report: dict[str, Any] = json.loads((out / adapter.REPORT).read_text())
    return report


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_pairs_are_made_traced_and_not_asked_for_twice(
    policy: Policy, data: Prepared, fake_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    report = run(data, fake_model, out, correcting={"rollouts": 3, "forms": ["continuation", "next_step"]})
    counts, cost = report["counts"], report["cost"]
    assert counts["solutions"] == 3 * PROMPTS
    assert report["outcomes"]["correct"] and report["outcomes"]["wrong"]
    assert counts["pairs_fap"] == PROMPTS
    assert report["corrections"]["put_to_the_genrm"] == PROMPTS
    assert counts["pairs_scp"] == counts["pairs_scp_next_step"] == report["corrections"]["accepted"] > 0
    assert report["gains"]["mean_gain"] == 1
    assert cost["genrm_calls_judging"] == cost["genrm_calls_correcting"] == 0
    rows = rows_of(out / "rows.jsonl")
    origins = {origin["id"]: origin for origin in rows_of(out / "origins.jsonl")}
    assert [row["id"] for row in rows] == list(origins)
    logs = {path.name for path in (out / "logs").rglob("*.eval")}
    for row in rows:
        origin = origins[row["id"]]
        assert origin["logs"] and {ref["log"] for ref in origin["logs"]} <= logs
        assert origin["genrm"] == "program"
    for row in rows_of(out / "pairs" / "fap.jsonl"):
        assert "999.99" in row["rejected"][0]["content"] and "999.99" not in row["chosen"][0]["content"]
    for row in rows_of(out / "pairs" / "scp.jsonl"):
        begun = row["prompt"][-1]
        assert begun["role"] == "assistant" and begun["content"] == begun["content"].rstrip()
        assert "999.99" in row["rejected"] and "999.99" not in begun["content"] + row["chosen"]
        assert origins[row["id"]]["rollouts"]["p"] <= 0.05
    asked = len(policy.server.requests)
    first = (out / "rows.jsonl").read_bytes()
    (out / "rows.jsonl").unlink()
    run(data, fake_model, out, correcting={"rollouts": 3, "forms": ["continuation", "next_step"]})
    assert len(policy.server.requests) == asked
    assert (out / "rows.jsonl").read_bytes() == first


def test_prompts_without_worked_steps_do_not_use_up_the_limit(policy: Policy, fake_model: Path, tmp_path: Path) -> None:
    sources = [DataSource(task="fin_tone", examples=4), DataSource(task="fin_calc", examples=PROMPTS)]
    mixed = prepare(sources, tmp_path / "mixed.jsonl", seed=1)
    report = run(mixed, fake_model, tmp_path / "out", correcting={"rollouts": 3, "limit": PROMPTS})
    assert report["left_out"]["scp"]["no worked steps for the program"] > 0
    assert report["corrections"]["put_to_the_genrm"] == PROMPTS
    assert report["corrections"]["not_located_by_reason"] == {}


def test_bounds_end_the_run_cleanly(policy: Policy, data: Prepared, fake_model: Path, tmp_path: Path) -> None:
    report = run(data, fake_model, tmp_path / "out", spending={"policy_calls": 2 * 3 + 5})
    assert report["counts"]["prompts"] == PROMPTS  # two prompts, and no room for rollouts
    assert report["corrections"]["put_to_the_genrm"] == 0
    assert report["left_out"]["scp"]["beyond the limit or the budget"] > 0
    assert len(policy.server.requests) <= 11
    with pytest.raises(InputError, match="allows for no prompt"):
        run(data, fake_model, tmp_path / "none", spending={"policy_calls": 2})


def test_a_policy_that_is_always_right_leaves_no_pair_and_says_so(
    policy: Policy, data: Prepared, fake_model: Path, tmp_path: Path
) -> None:
    policy.reply = policy.server.reply = lambda asked: next(  # type: ignore[method-assign]
        found.solution for prompt, found in policy.problems.items() if prompt == asked
    )
    out = tmp_path / "out"
    report = run(data, fake_model, out)
    assert report["summary"].startswith("no pair was accepted")
    assert (out / "rows.jsonl").read_bytes() == b""
    assert report["left_out"]["fap"] == {"prompt without a wrong solution": PROMPTS}


CHILD = """
import sys
from contextlib import contextmanager
from pathlib import Path
from finbench.evaluation.models import ModelSpec
from trainers.base import Prepared
from trainers.genrm import adapter
from trainers.genrm.settings import GenrmSettings

url, data, parent, out = sys.argv[1:]

@contextmanager
def served(model, config, out):
    yield ModelSpec(model="openai-api/local/policy", name="policy", base_url=url, sha256="0" * 64)

adapter._policy = served
config = {"samples": 3, "batch_size": 1, "correcting": {"rollouts": 3}}
source = {"source": "fin_calc/train", "limit": {"examples": 2}}
adapter.GenRM()(
    parent, Prepared(path=Path(data), rows=2, sha256="", sources=(source,)),
    GenrmSettings.model_validate(config), Path(out), seed=1,
)
"""


@pytest.mark.parametrize("dies_at", [8])
def test_a_killed_stage_asks_nothing_twice_and_leaves_the_same_pairs(
    policy: Policy, data: Prepared, fake_model: Path, tmp_path: Path, dies_at: int
) -> None:
    answer = policy.reply
    child: list[subprocess.Popen[bytes]] = []

    def deadly(asked: str) -> str | int:
        if len(policy.server.requests) == dies_at:
            os.kill(child[0].pid, signal.SIGKILL)
        return answer(asked)

    policy.server.reply = deadly
    out = tmp_path / "out"
    command = [sys.executable, "-c", CHILD, policy.server.url, str(data.path), str(fake_model), str(out)]
    child.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
    assert child[0].wait(timeout=120) == -signal.SIGKILL
    assert not (out / "rows.jsonl").exists()
    policy.server.reply = answer
    run(data, fake_model, out)
    # six samples and two corrections with six rollouts; the one that was under way is asked again
    assert len(policy.server.requests) <= 3 * PROMPTS + PROMPTS * 6 + 1
    before = len(policy.server.requests)
    run(data, fake_model, tmp_path / "whole")
    assert len(policy.server.requests) - before == 3 * PROMPTS + PROMPTS * 6
    assert (out / "rows.jsonl").read_bytes() == (tmp_path / "whole" / "rows.jsonl").read_bytes() != b""


def test_a_faulty_genrm_leaves_correct_pairs_only_and_every_fault_is_counted(
    policy: Policy, data: Prepared, fake_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve = policy.reply
    calls: list[str] = []

    def reply(asked: str) -> str | int:
        messages = policy.server.requests[-1]["messages"]
        if messages[0]["content"] in policy.problems:
            return solve(asked)
        calls.append(asked)
        if "first_wrong_step" not in messages[0]["content"]:
            return "VERDICT: CORRECT" if "999.99" not in messages[0]["content"] else "VERDICT: INCORRECT"
        problem = next(found for found in policy.problems.values() if found.question in messages[0]["content"])
        right = problem.solution.splitlines()[-2]
        quote = right.rpartition("=")[0] + "= 999.99"
        if problem is not next(found for found in policy.problems.values()):
            quote = "a step that nobody wrote"
        return json.dumps({"first_wrong_step": quote, "why": "wrong", "corrected_step": right})

    policy.server.reply = reply
    monkeypatch.setenv("LOCAL_BASE_URL", policy.server.url)
    report = run(
        data,
        fake_model,
        tmp_path / "out",
        genrm="openai-api/local/judge",
        genrm_url=policy.server.url,
        agreement=1.0,
        attempts=1,
    )
    found = report["corrections"]
    assert (found["put_to_the_genrm"], found["located"], found["quote_failures"]) == (2, 1, 1)
    assert found["not_located_by_reason"] == {"quote_absent": 1}
    assert found["accepted"] == report["counts"]["pairs_scp"] == 1
    assert report["agreement"]["n"] == 6 and report["agreement"]["agree"] == 1
    cost = report["cost"]
    # of two equal solutions of one prompt the second one's verdict comes from the cache
    assert cost["genrm_calls_judging"] == 4 and cost["genrm_calls_correcting"] == 2
    assert len(calls) == 6 <= cost["plan"]["genrm_calls"]
    assert cost["genrm_calls_per_accepted_pair"] == pytest.approx(6 / (report["counts"]["pairs_fap"] + 1))
