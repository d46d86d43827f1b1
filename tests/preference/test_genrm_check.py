"""The yardstick: solutions broken at a known step, the program's own figures, and a model's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from loopback import Server

from finbench.cli.genrm_check import genrm_check
from finbench.errors import InputError
from finbench.preference.check import broken_solutions, is_mended
from finbench.preference.items import generated_items
from finbench.preference.program import teach
from finbench.preference.rule import judge_by_rule


def test_program_finds_and_mends_what_was_broken() -> None:
    made = broken_solutions(90, 1_000_000)
    assert [solution.text for _, solution, _ in made] == [one.text for _, one, _ in broken_solutions(90, 1_000_000)]
    found = mended = 0
    for item, solution, broken in made:
        assert judge_by_rule(item, solution.text)[0] == "wrong"
        lesson = teach(broken.problem, solution.text)
        if lesson is not None and lesson.step.index == broken.step:
            found += 1
            mended += is_mended(broken.problem, broken.step, lesson.correction)
    assert found >= 0.9 * len(made) and mended >= 0.95 * found


def test_program_finds_nothing_wrong_in_worked_solutions() -> None:
    items = generated_items(200, 1_000_000)
    assert all(judge_by_rule(item, item.solution)[0] == "correct" for item in items)
    accused = [item.id for item in items if item.problem and teach(item.problem, item.solution) is not None]
    assert accused == []


def test_seeds_of_exams_are_refused() -> None:
    with pytest.raises(InputError, match="seeds from 1,000,000"):
        generated_items(3, 2026)


def test_command_measures_a_model_against_the_program(openai_server: Server, tmp_path: Path) -> None:
    made = {solution.text: broken for _, solution, broken in broken_solutions(6, 1_000_000)}

    def reply(prompt: str) -> str:
        shown = re.search(r"begin of solution \w+ =====\n(.*?)\n===== end", prompt, re.DOTALL)
        assert shown is not None
        broken = made[shown[1]]
        right = broken.problem.steps[broken.step].text
        first = shown[1].splitlines()[0]  # says the first step whatever it is
        return json.dumps({"why": "", "first_wrong_step": first, "corrected_step": right})

    openai_server.reply = reply
    options = ["--items", "6", "--log-dir", str(tmp_path), "--json"]
    result = CliRunner().invoke(genrm_check, ["--model", "openai-api/loopback/genrm", *options])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    overall = document["figures"][0]
    expected = sum(broken.step == 0 for broken in made.values())
    assert overall["kind"] == "all" and document["solutions"] == 6
    assert overall["location_recall"]["right"] == expected and overall["location_recall"]["n"] == 6
    assert overall["location_recall"]["low"] <= expected / 6 <= overall["location_recall"]["high"]
    assert overall["correction_recall"]["right"] == expected
