"""Plans, prompts, rows, leakage and reports of the stage."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finbench.errors import InputError
from finbench.preference.items import generated_items
from finbench.preference.schema import Correction, Judgement, PromptItem, Rollout, Solution
from finbench.tasks.generated import FIRST_TRAINING_SEED
from trainers.data.rows import read_row
from trainers.data.sources import prepare, read
from trainers.genrm.acceptance import judge_rollouts
from trainers.genrm.cost import plan
from trainers.genrm.leakage import without_leaks
from trainers.genrm.pairing import Judged
from trainers.genrm.pairs import Origin, Pair, step_pairs
from trainers.genrm.prompts import drawn_prompts, prompts_of
from trainers.genrm.report import agreement, gains, lengths, markdown, page
from trainers.genrm.settings import Drawing, GenrmSettings
from trainers.recipe import DataSource

ITEM = PromptItem(id="i", prompt="How much?", gold="5", answer="number")
MODEL = "openai-api/local/judge"


def settings(**config: Any) -> GenrmSettings:
    return GenrmSettings.model_validate({"samples": 4, "correcting": {"rollouts": 4}, **config})


def some(count: int, answer: str = "number") -> list[PromptItem]:
    return [PromptItem(id=f"i{n}", prompt="How much?", gold="5", answer=answer) for n in range(count)]


def test_rule_scored_prompts_cost_no_call_for_fap_and_a_third_of_a_call_for_scp() -> None:
    assert plan(some(30), settings(genrm=MODEL, methods=["fap"])).genrm_calls == 0
    both = plan(some(30), settings(genrm=MODEL, attempts=1))
    assert both.genrm_calls == 30 <= 30 * 4 / 3
    assert both.policy_calls == 30 * 4 + 30 * 8
    assert plan(some(30), settings()).usd == 0.0


def test_bounds_hold_in_calls_and_in_money(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(f"{MODEL}: {{input: 1.0, output: 2.0}}\n")
    free = plan(some(30), settings(genrm=MODEL), prices)
    assert free.usd and free.usd_per_call
    for bound in ({"genrm_calls": 7}, {"usd": 7.5 * free.usd_per_call, "prices": "./prices.yaml"}):
        held = plan(some(30), settings(genrm=MODEL, spending=bound), prices)
        assert 0 < held.genrm_calls <= 7
    judged = plan(some(30, "judged"), settings(genrm=MODEL, spending={"genrm_calls": 20}))
    assert judged.unruled_judged == 10 and judged.genrm_calls <= 20
    audited = plan(some(30), settings(genrm=MODEL, agreement=1.0, spending={"genrm_calls": 20}))
    assert audited.audit == 0.0
    with pytest.raises(InputError, match="says nothing of"):
        plan(some(3), settings(genrm="openai-api/local/other", spending={"usd": 1, "prices": "./x"}), prices)


def test_a_genrm_that_must_judge_is_measured_where_a_rule_does() -> None:
    mixed = [*some(30), PromptItem(id="free", prompt="Why?", gold="Because.", answer="judged")]
    assert plan(mixed, settings(genrm=MODEL)).audit == 0.1
    assert plan(mixed, settings(genrm=MODEL, agreement=0.5)).audit == 0.5
    assert plan(some(30), settings(genrm=MODEL)).audit == 0.0


def test_rows_of_a_generated_task_bring_their_worked_steps(tmp_path: Path) -> None:
    data = prepare([DataSource(task="fin_calc", examples=3)], tmp_path / "data.jsonl", seed=7)
    rows = list(data.read())
    items = prompts_of(rows, seed=7, drawn={"fin_calc": 3})
    assert [item.id for item in items] == [row["id"] for row in rows]
    assert all(
        item.problem and item.prompt == row["prompt"][-1]["content"] for item, row in zip(items, rows, strict=True)
    )
    with pytest.raises(InputError, match="in no training split"):
        prompts_of(rows, seed=8, drawn={"fin_calc": 3})


def test_rows_of_other_sources_are_questions_without_a_rule() -> None:
    (item,) = prompts_of([{"id": "x1", "prompt": "Why?", "completion": "Because."}], seed=1, drawn={})
    assert (item.answer, item.gold, item.solution) == ("judged", "Because.", "Because.")
    with pytest.raises(InputError, match="takes rows of prompt and completion"):
        prompts_of([{"id": "x1", "text": "words"}], seed=1, drawn={})
    turns = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]
    with pytest.raises(InputError, match="one turn of the user"):
        prompts_of([{"id": "x1", "prompt": turns, "completion": "y"}], seed=1, drawn={})


def test_drawn_problems_are_those_of_training_seeds_and_of_the_families_named() -> None:
    items = drawn_prompts(Drawing(examples=5, families=("small_balance", "small_sum")), seed=3, known=())
    families = [item.problem.family for item in items if item.problem]
    assert sorted(families) == ["small_balance"] * 3 + ["small_sum"] * 2
    other = drawn_prompts(Drawing(examples=5, families=("small_balance", "small_sum")), seed=4, known=())
    assert {item.id for item in items} != {item.id for item in other}
    source = DataSource(task="fin_calc", examples=5, families=("small_balance", "small_sum"))
    rows = list(read(source, 3))
    assert [row["id"] for row in rows] == [item.id for item in items]
    assert rows[0]["completion"].splitlines()[-1].startswith("Answer: ")
    with pytest.raises(ValueError, match="belongs to a generated"):
        DataSource(task="fin_calc", families=("small_sum",))


def pairs(prefix: str = "Step 1. 2 + 2 = 4\n") -> list[Pair]:
    correction = Correction(solution="i/1", by="program", step=1, prefix=prefix, wrong="4 + 1 = 6", text="4 + 1 = 5")
    return step_pairs(
        ITEM,
        Solution(id="i/1", item="i", index=1, text=f"{prefix}4 + 1 = 6\nAnswer: 6", seed=9),
        correction,
        judge_rollouts(4, 0, 4, alpha=0.05),
        [Rollout(solution="i/1", arm="corrected", index=0, text="", outcome="correct", continuation="continue")],
        forms=("continuation", "next_step"),
        origin=Origin(shared={"genrm": "program"}),
        why="4 + 1 is 5",
        located=None,
    )


@pytest.mark.parametrize("prefix", ["Step 1. 2 + 2 = 4\n", ""])
def test_both_forms_are_rows_that_trainers_read(prefix: str) -> None:
    continued, asked = pairs(prefix)
    for pair in (continued, asked):
        row = read_row(pair.row, "r")
        assert row["id"] == pair.row["id"] == pair.origin["id"]
    begun = continued.row["prompt"][-1]["content"]
    assert begun + continued.row["rejected"] == f"{prefix}4 + 1 = 6"
    assert begun + continued.row["chosen"] == f"{prefix}4 + 1 = 5"
    assert asked.row["prompt"][-1]["role"] == "user"
    assert asked.row["prompt"][-1]["content"].endswith("What is the next reasoning step?")


def test_a_continuation_becomes_token_ids_that_share_their_beginning(tiny_model: Path) -> None:
    transformers = pytest.importorskip("transformers")
    from trainers.dpo_pairs import encode_pairs

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_model)
    user = {"role": "user", "content": "is the tone positive"}
    rows = [
        {"id": str(n), "prompt": [user, {"role": "assistant", "content": text}], "chosen": " rose", "rejected": " fell"}
        for n, text in enumerate(("profit", ""))
    ]
    found = encode_pairs(tokenizer, rows, max_length=64, overlong="drop", end="auto")
    assert found.continuations == 2
    opened = tokenizer.apply_chat_template([user], add_generation_prompt=True, tokenize=True, return_dict=True)
    assert found.rows[1]["prompt_ids"] == list(opened["input_ids"])
    assert found.rows[0]["prompt_ids"][: len(found.rows[1]["prompt_ids"])] == found.rows[1]["prompt_ids"]
    assert found.rows[0]["chosen_ids"] != found.rows[0]["rejected_ids"]


def test_chosen_answers_can_be_read_as_completions(tmp_path: Path) -> None:
    import json

    file = tmp_path / "fap.jsonl"
    user, reply = [{"role": "user", "content": "q"}], [{"role": "assistant", "content": "right"}]
    wrong = [{"role": "assistant", "content": "wrong"}]
    file.write_text(json.dumps({"id": "1", "prompt": user, "chosen": reply, "rejected": wrong}) + "\n")
    source = DataSource(stage="distill", part="fap", kind="prompt-completion", columns={"completion": "chosen"})
    (row,) = read(source.model_copy(update={"path": str(file)}))
    assert row == {"id": "1", "prompt": user, "completion": reply}


def test_a_pair_that_asks_an_exam_question_is_left_out_and_shared_wording_is_not() -> None:
    from finbench.tasks.generated import calc_items

    exam = next(iter(calc_items(200, 2026).items.values()))
    mine = generated_items(1, FIRST_TRAINING_SEED + 5)[0]
    texts = {"exam": exam.body, "mine": mine.prompt}
    rows = [
        Pair(part="fap", row={"id": name, "prompt": text, "chosen": "5", "rejected": "6"}, origin={})
        for name, text in texts.items()
    ]
    kept, report = without_leaks(rows, ["fin_calc"])
    assert [pair.row["id"] for pair in kept] == ["mine"]
    assert report["pairs_left_out"] == 1 and report["pairs_looked_at"] == 2


def verdict(outcome: str, genrm: str | None) -> Judged:
    return Judged(
        solution=Solution(id="i/0", item="i", index=0, text=""),
        judgement=Judgement(solution="i/0", outcome=outcome, by="rule", genrm=genrm),
    )


def test_agreement_is_counted_where_both_said_something() -> None:
    said = [("correct", "correct")] * 6 + [("wrong", "incorrect")] * 3 + [("wrong", "correct")]
    found = agreement([verdict(*one) for one in [*said, ("wrong", "declined"), ("wrong", "unread"), ("wrong", None)]])
    assert found is not None
    assert (found["n"], found["declined"], found["unread"], found["rule_wrong_genrm_right"]) == (10, 1, 1, 1)
    assert found["agree"] == 0.9 and found["ci_low"] < 0.9 < found["ci_high"]
    # by hand: 0.6 of rules and 0.7 of verdicts say correct, so 0.54 by chance
    assert found["kappa"] == pytest.approx((0.9 - 0.54) / 0.46)
    assert agreement([verdict("correct", None)]) is None


def test_gains_say_what_few_rollouts_can_show() -> None:
    found = gains([judge_rollouts(4, 0, 4, alpha=0.05), judge_rollouts(2, 1, 4, alpha=0.05)], rollouts=4, alpha=0.05)
    assert (found["tested"], found["accepted"], found["accepted_from_none_right_at"]) == (2, 1, 4)
    assert found["mean_gain"] == pytest.approx(0.625)
    assert found["expected_by_chance_at_most"] == pytest.approx(0.1)
    assert gains([], rollouts=4, alpha=0.05)["mean_gain"] is None


def test_what_models_write_is_text_in_page_and_report() -> None:
    nasty = '</pre><script>alert("x")</script><img src=x onerror=y>|'
    row = {"id": "p", "prompt": nasty, "chosen": nasty, "rejected": nasty + "!"}
    made = [Pair(part="fap", row=row, origin={"id": "p", "answers": {"gold": nasty}})]
    text = page(made, show=20, seed=1)
    assert "<script" not in text and "<img" not in text and text.count("&lt;script&gt;") == 4
    assert page(made * 30, show=20, seed=1).count("<h2>") == 20
    report = {"summary": "s", "counts": {nasty: nasty}, "lengths": lengths(made)}
    written = markdown(report)
    assert "<script" not in written and "\\|" in written


def test_budget_of_a_stage_counts_samples_and_rollouts() -> None:
    from trainers.genrm.adapter import GenRM

    assert GenRM().budget(settings(), 10).examples_seen == 10 * 4 + 10 * 8
    assert GenRM().budget(settings(spending={"policy_calls": 50}), 10).examples_seen == 50
    assert GenRM().budget(settings(draw={"examples": 2}, methods=["fap"]), 0).examples_seen == 8
    assert SimpleNamespace(x=settings().max_length).x == 256
