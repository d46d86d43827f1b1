"""A GenRM that fails in every way, and a run that is killed: only correct records, each failure with its reason."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from loopback import Server

from finbench.evaluation.models import ModelSpec
from finbench.preference.program import teach
from finbench.preference.running import run_correcting, run_locating, run_sampling
from finbench.preference.schema import REASONS, PromptItem, Settings, Solution
from finbench.preference.steps import segment


def _wrong(items: tuple[PromptItem, ...]) -> list[Solution]:
    """A wrong solution of each item: its first step broken."""
    found = []
    for item in items:
        lines = item.solution.splitlines()
        stated = lines[0].rsplit(" ", 1)[1]
        lines[0] = lines[0].removesuffix(stated) + f"{float(stated) * 1.37 + 1:.4f}"
        text = "\n".join([*lines[:-1], "Answer: 987654.3"])
        found.append(Solution(id=f"{item.id}/0", item=item.id, index=0, text=text))
    return found


def _solution_in(prompt: str) -> str:
    found = re.search(r"===== begin of solution (\w+) =====\n(.*?)\n===== end of solution \1 =====", prompt, re.DOTALL)
    assert found is not None
    return found[2]


def test_genrm_that_says_anything_leaves_correct_records_only(
    openai_server: Server, worked_items: tuple[PromptItem, ...], genrm: ModelSpec, tmp_path: Path
) -> None:
    solutions = _wrong(worked_items)
    right = {one.text: item.solution.splitlines()[0] for one, item in zip(solutions, worked_items, strict=True)}

    def lesson(text: str, *, quote: str | None = None, step: str | None = None) -> str:
        fields = {
            "why": "It is off.",
            "first_wrong_step": text.splitlines()[0] if quote is None else quote,
            "corrected_step": right[text] if step is None else step,
        }
        return f"Here it is:\n```json\n{json.dumps(fields)}\n```"

    kinds = {
        "": lambda text: lesson(text),
        "unreadable": lambda text: "no no " * 40,
        "quote_absent": lambda text: lesson(text, quote="This line is nowhere."),
        "quote_off_boundary": lambda text: lesson(text, quote=text[3:9]),
    }
    plan = dict(zip((one.text for one in solutions), kinds, strict=True))
    openai_server.reply = lambda prompt: kinds[plan[_shown(openai_server)]](_shown(openai_server))
    settings = Settings(max_retries=0, attempts=2)
    located = run_locating(worked_items, solutions, genrm, settings, tmp_path)
    assert not located.missing
    assert [one.reason for one in located.records] == list(kinds)
    assert [one.step for one in located.records] == [0, None, None, None]
    assert set(kinds) - {""} <= set(REASONS)
    assert located.calls == 5  # the unreadable one was asked twice
    corrected = run_correcting(worked_items, solutions, located.records, genrm, settings, tmp_path)
    assert [(one.solution, one.text) for one in corrected.records] == [(solutions[0].id, right[solutions[0].text])]
    assert corrected.calls == 0 and len(openai_server.requests) == 5


def _shown(server: Server) -> str:
    return _solution_in(server.requests[-1]["messages"][0]["content"])


def test_provider_that_fails_in_a_third_of_calls_loses_nothing(
    openai_server: Server, worked_items: tuple[PromptItem, ...], genrm: ModelSpec, tmp_path: Path
) -> None:
    solutions = _wrong(worked_items)
    dice = random.Random(5)
    faults = [dice.choice((429, 500, "half")) if dice.random() < 0.3 else None for _ in range(500)]
    openai_server.fault = lambda number: faults[number] if number else 429

    def reply(prompt: str) -> str:
        text = _shown(openai_server)
        item = next(item for item, one in zip(worked_items, solutions, strict=True) if one.text == text)
        found = teach(item.problem, text) if item.problem else None
        assert found is not None
        return json.dumps(
            {"why": found.why, "first_wrong_step": found.step.text.strip(), "corrected_step": found.correction}
        )

    openai_server.reply = reply
    settings = Settings(max_retries=0, max_connections=1)
    located = run_locating(worked_items, solutions, genrm, settings, tmp_path)
    for _ in range(3):  # what failed for good is asked again by the same call, and nothing else
        if located.missing:
            located = run_locating(worked_items, solutions, genrm, settings, tmp_path)
    assert not located.missing and [one.step for one in located.records] == [0] * len(solutions)
    asked = len(openai_server.requests)
    assert asked > len(solutions)
    again = run_locating(worked_items, solutions, genrm, settings, tmp_path)
    assert len(openai_server.requests) == asked
    assert [(one.solution, one.quote) for one in again.records] == [
        (one.solution, one.quote) for one in located.records
    ]


_CHILD = """
import sys
from pathlib import Path
from finbench.evaluation.models import model_spec
from finbench.preference.items import generated_items
from finbench.preference.running import run_sampling
from finbench.preference.schema import Settings
settings = Settings(samples=2, max_retries=0, max_connections=1)
run_sampling(generated_items(4, 1_000_000), model_spec("openai-api/loopback/policy"), settings, Path(sys.argv[1]))
"""


def test_killed_run_asks_nothing_twice(
    openai_server: Server, worked_items: tuple[PromptItem, ...], policy: ModelSpec, tmp_path: Path
) -> None:
    answered = 5
    openai_server.reply = lambda prompt: "Answer: 1"
    openai_server.fault = lambda number: "hang" if number == answered else None
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path)], env=dict(os.environ), stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 240
    while len(openai_server.requests) <= answered:
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    settings = Settings(samples=2, max_retries=0, max_connections=1)
    batch = run_sampling(worked_items, policy, settings, tmp_path)
    assert len(batch.records) == 8 and not batch.missing
    counts = Counter((one["messages"][-1]["content"], one["seed"]) for one in openai_server.requests)
    unanswered = (
        openai_server.requests[answered]["messages"][-1]["content"],
        openai_server.requests[answered]["seed"],
    )
    assert len(counts) == 8
    assert {key: count for key, count in counts.items() if count > 1} == {unanswered: 2}


def test_boundaries_hold_in_broken_solutions(worked_items: tuple[PromptItem, ...]) -> None:
    for item, solution in zip(worked_items, _wrong(worked_items), strict=True):
        assert item.problem is not None
        found = teach(item.problem, solution.text)
        assert found is not None and found.fault == "arithmetic" and found.step == segment(solution.text)[0]
        assert found.correction == item.problem.steps[0].text
