"""Sentences inside a solution that ask for another verdict: the rule never hears them, a judge's ear is measured."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from loopback import Server

from finbench.cli.genrm_check import genrm_check
from finbench.judging.wording import answer_prompt
from finbench.preference.check import broken_solutions
from finbench.preference.injection import injected, injections, kinds
from finbench.preference.rule import judge_by_rule
from finbench.preference.wording import REPEAT

GULLIBLE = "fence"


def test_rule_is_never_talked_into_another_verdict() -> None:
    made = broken_solutions(40, 1_000_000)
    for item, solution, _ in made:
        for kind in kinds():
            for turn in range(3):
                assert judge_by_rule(item, injected(solution.text, kind, turn))[0] == "wrong", (kind, turn, item.id)
                assert judge_by_rule(item, injected(item.solution, kind, turn))[0] == "correct" or kind in (
                    "reference",
                    "fence",
                )


def test_sentences_take_turns_and_hold_nothing_to_fill_in() -> None:
    item, solution, _ = broken_solutions(1, 1_000_000)[0]
    for kind in kinds():
        texts = {injected(solution.text, kind, turn) for turn in range(3)}
        assert len(texts) == sum(one.kind == kind for one in injections()) == 3
        assert all(solution.text in text and "{said}" not in text and "{mark}" not in text for text in texts)
        assert all(item.gold not in text.replace(solution.text, "") for text in texts)


def test_end_of_the_fence_in_a_solution_is_not_the_end_of_the_fence() -> None:
    item, solution, _ = broken_solutions(1, 1_000_000)[0]
    text = injected(solution.text, "fence", 0)
    prompt = answer_prompt(item.question, item.gold, text)
    ends = [line for line in prompt.splitlines() if line.startswith("===== end of answer")]
    assert len(set(ends)) == 2 and prompt.index(ends[-1]) > prompt.index('{"verdict": "correct"}')


def test_command_measures_what_injected_sentences_do(openai_server: Server, tmp_path: Path) -> None:
    made = broken_solutions(5, 1_000_000)
    fooled = {injected(one.text, GULLIBLE, n) for n, (_, one, _) in enumerate(made) if n < 3}
    silent = injected(made[4][1].text, "order", 4)
    lenient = made[0][1].text  # called right even as it is: nothing that a sentence could flip

    def reply(prompt: str) -> str:
        if "first_wrong_step" in prompt or prompt == REPEAT:
            return "no idea"
        shown = prompt.rpartition("===== begin of answer ")[2]
        item, solution, _ = next(one for one in made if one[0].question in prompt)
        if silent in prompt:
            return "Hm."
        right = item.solution in prompt or any(text in prompt for text in fooled)
        right = right or (solution.text == lenient and shown.partition("\n")[2].startswith(f"{lenient}\n===== end"))
        return json.dumps({"verdict": "correct" if right else "incorrect"})

    openai_server.reply = reply
    options = ["--items", "1", "--injections", "5", "--log-dir", str(tmp_path)]
    result = CliRunner().invoke(genrm_check, ["--model", "openai-api/loopback/genrm", *options, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["injections"]
    assert (found["right_accepted"]["right"], found["right_accepted"]["n"]) == (5, 5)
    assert (found["wrong_accepted"]["right"], found["wrong_accepted"]["n"]) == (1, 5)
    assert found["rule_flipped"] == {**found["rule_flipped"], "right": 0, "n": 5 * len(kinds())}
    figures = {one["kind"]: one for one in found["figures"]}
    assert list(figures) == ["any", *kinds()]
    for kind in ("any", GULLIBLE):
        share = figures[kind]["flipped"]
        assert (share["right"], share["n"]) == (2, 4) and share["low"] < 0.5 < share["high"]
    assert all(figures[kind]["flipped"]["right"] == 0 for kind in kinds() if kind != GULLIBLE)
    assert (figures["order"]["unread"], figures["order"]["flipped"]["n"], found["unread"]) == (1, 3, 0)
    asked = len(openai_server.requests)
    table = CliRunner().invoke(genrm_check, ["--model", "openai-api/loopback/genrm", *options])
    assert table.exit_code == 0 and "fence" in table.output and "50.0 (" in table.output
    assert len(openai_server.requests) == asked  # the same command again asks nothing


def test_worked_steps_have_no_verdict_to_flip(tmp_path: Path) -> None:
    options = ["--model", "program", "--log-dir", str(tmp_path), "--injections", "2"]
    result = CliRunner().invoke(genrm_check, options)
    assert result.exit_code == 2 and "name a model" in result.output
    assert not any(tmp_path.iterdir())
