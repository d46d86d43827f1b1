"""The whole stage with a GenRM that fails in three of ten calls, in every way that a server and a model can."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Server

from finbench.evaluation.models import ModelSpec
from finbench.preference.items import generated_items
from finbench.preference.rule import judge_by_rule
from finbench.preference.schema import REASONS
from finbench.preference.steps import segment
from finbench.tasks.generated import FIRST_TRAINING_SEED
from trainers.base import Prepared
from trainers.data.sources import prepare
from trainers.genrm import adapter, distil
from trainers.genrm.settings import GenrmSettings
from trainers.recipe import DataSource

PROMPTS, FEW, SAMPLES, ROLLOUTS = 20, 5, 3, 3
#: In turn; the first six meet verdicts, the others locations.
FAULTS = (429, "garbage", 500, "loop", "half", "refusal", "absent", "within", "several", "same", "half-object", "null")
BAD = "999.99"


class Models:
    """A policy that is wrong where the seed is odd, and a GenRM that knows the way and fails in 30 % of its calls."""

    def __init__(self, server: Server, *, faulty: bool) -> None:
        drawn = generated_items(PROMPTS + PROMPTS // 10 + 10, FIRST_TRAINING_SEED + 1 + 1)
        self.items = {item.prompt: item for item in drawn}
        self.server, self.faulty = server, faulty
        self.asked = 0
        self.befell: list[int | str] = []
        self.dead = ""  # question whose calls never come through
        server.reply, server.fault = self.reply, self.fault

    def question_of(self, data: Prepared) -> str:
        """The first row's question, as the GenRM reads it."""
        prompt = next(iter(data.read()))["prompt"]
        return self.items[prompt if isinstance(prompt, str) else prompt[-1]["content"]].question

    def fault(self, number: int) -> int | str | None:
        body = self.server.requests[number]
        self.now: Any = None
        if body["model"] != "judge":
            return None
        if self.dead and self.dead in body["messages"][0]["content"]:
            return 500
        self.asked += 1
        if self.faulty and self.asked % 10 in (2, 5, 8):
            self.now = FAULTS[len(self.befell) % len(FAULTS)]
            self.befell.append(self.now)
        return self.now if self.now in (429, 500, "half") else None

    def reply(self, asked: str) -> str:
        body = self.server.requests[-1]
        first = body["messages"][0]["content"]
        if body["model"] == "judge":
            return self.judge(first)
        lines = self.items[first].solution.splitlines()
        if len(body["messages"]) > 1:  # a rollout: what was begun rightly ends rightly
            return f"Answer: {BAD}" if BAD in body["messages"][1]["content"] else lines[-1]
        return "\n".join(lines if body["seed"] % 2 == 0 else [*lines[:-2], _spoilt(lines[-2]), f"Answer: {BAD}"])

    def judge(self, asked: str) -> str:
        noise = {
            "garbage": "%%% 12 {{{ ]",
            "refusal": "I'm sorry, but I cannot assist with that request.",
            "loop": "since it is so that " * 200,
        }
        if self.now in noise:
            return noise[self.now]
        if "first_wrong_step" not in asked:
            return '{"verdict": "incorrect"}' if BAD in asked else '{"verdict": "correct"}'
        item = next(item for item in self.items.values() if item.question in asked)
        right = item.solution.splitlines()[-2]
        wrong = _spoilt(right)
        lesson = {"first_wrong_step": wrong, "why": "wrong", "corrected_step": right}
        said = {
            "absent": json.dumps(lesson | {"first_wrong_step": "Profit: 1 + 1 = 3"}),
            "within": json.dumps(lesson | {"first_wrong_step": wrong[2:-2]}),
            "several": json.dumps(lesson | {"corrected_step": f"{right}\n{right}"}),
            "same": json.dumps(lesson | {"corrected_step": wrong}),
            "half-object": json.dumps(lesson)[:-20],
            "null": json.dumps(dict.fromkeys(lesson)),
        }
        return said.get(self.now, json.dumps(lesson))


def _spoilt(line: str) -> str:
    return line.rpartition("=")[0] + f"= {BAD}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server()
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    monkeypatch.setenv("LOCAL_BASE_URL", found.url)
    told = distil.generation_settings
    # no waiting between tries: a request that fails makes its sample fail, which is tried again at once
    monkeypatch.setattr(distil, "generation_settings", lambda *given: replace(told(*given), max_retries=0))

    @contextmanager
    def served(model: str, config: GenrmSettings, out: Path) -> Iterator[ModelSpec]:
        yield ModelSpec(model="openai-api/local/policy", name="policy", base_url=found.url, sha256="0" * 64)

    monkeypatch.setattr(adapter, "_policy", served)
    yield found
    found.close()


@pytest.fixture
def data(tmp_path: Path) -> Prepared:
    return prepare([DataSource(task="fin_calc", examples=PROMPTS)], tmp_path / "data.jsonl", seed=1)


@pytest.fixture
def few(tmp_path: Path) -> Prepared:
    return prepare([DataSource(task="fin_calc", examples=FEW)], tmp_path / "few.jsonl", seed=1)


def run(server: Server, data: Prepared, parent: Path, out: Path, **config: Any) -> dict[str, Any]:
    told = {"genrm": "openai-api/local/judge", "genrm_url": server.url, "samples": SAMPLES, "batch_size": 1}
    told |= {"correcting": {"rollouts": ROLLOUTS}, "attempts": 1, **config}
    adapter.GenRM()(str(parent), data, GenrmSettings.model_validate(told), out, seed=1)
    report: dict[str, Any] = json.loads((out / adapter.REPORT).read_text())
    return report


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_three_faults_in_ten_leave_correct_pairs_and_every_solution_accounted_for(
    server: Server, data: Prepared, fake_model: Path, tmp_path: Path
) -> None:
    models = Models(server, faulty=True)
    models.dead = models.question_of(data)
    out = tmp_path / "out"
    report = run(server, data, fake_model, out, agreement=0.3)
    assert set(models.befell) == set(FAULTS)
    asked = report["corrections"]
    lost, unwritten = asked["not_located_by_reason"], asked["not_corrected_by_reason"]
    assert asked["put_to_the_genrm"] == PROMPTS
    assert asked["put_to_the_genrm"] == asked["located"] + sum(lost.values())
    assert asked["located"] == asked["corrections_written"] + sum(unwritten.values())
    assert asked["corrections_written"] == report["gains"]["tested"] + asked["corrections_with_rollouts_missing"]
    assert asked["accepted"] == asked["corrections_written"] == report["counts"]["pairs_scp"] > PROMPTS / 2
    assert set(lost) | set(unwritten) <= set(REASONS) and lost["provider"] == 1
    found = lost | unwritten
    for reason in ("quote_absent", "quote_off_boundary", "correction_many_steps", "correction_same", "unreadable"):
        assert found[reason] == 1, found
    assert found["no_wrong_step"] == 1 and report["agreement"]["unread"] == 3
    # final answers are judged by rule: none is lost, whatever befalls the GenRM
    assert report["counts"]["pairs_fap"] == PROMPTS and report["counts"]["solutions"] == PROMPTS * SAMPLES
    assert report["agreement"]["agree"] == 1.0
    by_prompt = {item.prompt: item for item in models.items.values()}
    for row in rows_of(out / "pairs" / "fap.jsonl"):
        item = by_prompt[row["prompt"][-1]["content"]]
        assert judge_by_rule(item, row["chosen"][0]["content"])[0] == "correct"
        assert judge_by_rule(item, row["rejected"][0]["content"])[0] == "wrong"
    for row in rows_of(out / "pairs" / "scp.jsonl"):
        item, begun = by_prompt[row["prompt"][0]["content"]], row["prompt"][-1]["content"]
        right = item.solution.splitlines()[-2]
        assert (row["chosen"].strip(), row["rejected"].strip()) == (right, _spoilt(right))
        whole = f"{begun}{row['rejected']}\nAnswer: {BAD}"
        assert _spoilt(right) in [step.text.strip() for step in segment(whole)]


def test_same_run_after_the_outage_asks_only_for_what_was_lost(
    server: Server, few: Prepared, fake_model: Path, tmp_path: Path
) -> None:
    models = Models(server, faulty=False)
    models.dead = models.question_of(few)
    out = tmp_path / "out"
    first = run(server, few, fake_model, out)
    assert first["corrections"]["not_located_by_reason"] == {"provider": 1}
    assert first["counts"]["pairs_scp"] == FEW - 1
    asked = len(server.requests)
    models.dead = ""
    second = run(server, few, fake_model, out)
    assert second["counts"]["pairs_scp"] == FEW and second["corrections"]["not_located_by_reason"] == {}
    # one location, and the rollouts of its two prefixes
    assert len(server.requests) - asked == 1 + 2 * ROLLOUTS


def test_verdicts_that_cannot_be_read_leave_solutions_out_by_reason(
    server: Server, fake_model: Path, tmp_path: Path
) -> None:
    rows = [{"prompt": f"Why is question {n} asked?", "completion": "Because."} for n in range(4)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = prepare([DataSource(path=str(path))], tmp_path / "data.jsonl", seed=1)

    def reply(asked: str) -> str:
        body = server.requests[-1]
        first = body["messages"][0]["content"]
        server.finish_reason = "stop"
        if body["model"] == "policy":
            return "Because." if body["seed"] % 2 else "No idea at all."
        number = int(re.findall(r"question (\d)", first)[0])
        verdict = '{"verdict": "incorrect"}' if "No idea" in first else '{"verdict": "correct"}'
        server.finish_reason = "length" if number == 1 else "stop"
        return {0: "I cannot help with that.", 1: "so so so so", 2: "Hm."}.get(number, verdict)

    server.reply = reply
    report = run(server, data, fake_model, tmp_path / "out", methods=["fap"], samples=2)
    assert report["left_out"]["judging"] == {"cut_off": 2, "refused": 2, "unreadable": 2}
    assert (report["counts"]["solutions"], report["counts"]["solutions_missing"]) == (2, 6)
    judged = [body for body in server.requests if body["model"] == "judge"]
    assert len(judged) == report["cost"]["genrm_calls_judging"] == 8  # paid for, whatever they said
    assert report["counts"]["pairs_fap"] == 1


def test_calls_per_solution_stay_below_a_third(server: Server, few: Prepared, fake_model: Path, tmp_path: Path) -> None:
    Models(server, faulty=False)
    cost = run(server, few, fake_model, tmp_path / "out", samples=4)["cost"]
    assert cost["genrm_calls_judging"] == 0
    assert 0 < cost["genrm_calls_per_solution"] <= 1 / 3
    assert cost["genrm_calls_per_solution"] == pytest.approx(cost["genrm_calls_correcting"] / (4 * FEW))
    assert sum(body["model"] == "judge" for body in server.requests) == cost["genrm_calls_correcting"] == FEW


def test_budget_in_money_stops_before_it_is_spent(
    server: Server, few: Prepared, fake_model: Path, tmp_path: Path
) -> None:
    Models(server, faulty=False)
    prices = tmp_path / "prices.yaml"
    prices.write_text("openai-api/local/judge: {input: 1.0, output: 4.0}\n")
    told = {"usd": 0.01, "prices": str(prices)}
    config = GenrmSettings.model_validate(
        {
            "genrm": "openai-api/local/judge", "genrm_url": server.url, "samples": SAMPLES, "batch_size": 1,
            "correcting": {"rollouts": ROLLOUTS}, "attempts": 1, "spending": told,
        }
    )  # fmt: skip
    out = tmp_path / "out"
    adapter.GenRM()(str(fake_model), few, config, out, seed=1, inputs={str(prices): str(prices)})
    report = json.loads((out / adapter.REPORT).read_text())
    planned = report["cost"]["plan"]
    calls = sum(body["model"] == "judge" for body in server.requests)
    assert 0 < calls <= planned["genrm_calls"] < FEW and planned["usd"] <= 0.01
    assert report["left_out"]["scp"]["beyond the limit or the budget"] == FEW - planned["corrections"]
    assert report["counts"]["pairs_fap"] == FEW and report["counts"]["pairs_scp"] == planned["corrections"]
