"""Rows with numbers and free text as references: problems, conversations, tables; and the real sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.scorer import Score, value_to_float

from finbench.data.items import Item
from finbench.errors import InputError
from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.prompts import perfect_reply, render
from finbench.taxonomy import Elicitation

Items = Callable[[str, list[dict[str, Any]]], list[Item]]
Scores = Callable[..., Score]
NUMBER = value_to_float()

PROBLEM = {
    "question": "Ada buys 3 pens at $1,000 each. How much does she pay?",
    "answer": "She pays 3*1000=$<<3*1000=3000>>3000.\n#### 3,000",
}


def test_worked_problems_keep_steps_without_calculator_marks(items_of_rows: Items, score_reply: Scores) -> None:
    [item] = items_of_rows("gsm8k", [PROBLEM])
    assert (item.gold, item.solution) == ("3000", "She pays 3*1000=$3000.")
    assert perfect_reply(DEFINITIONS["gsm8k"].card, item, Elicitation.COT).startswith("She pays 3*1000")
    for reply, right in (("3,000", 1), ("Answer: $3000", 1), ("Answer: 30", 0), ("300000", 0), ("-3000", 0)):
        assert NUMBER(score_reply("gsm8k", item, reply).value) == right, reply
    with pytest.raises(InputError, match="should end in `#### <number>`"):
        items_of_rows("gsm8k", [{**PROBLEM, "answer": "3000"}])


def test_a_percentage_may_be_written_as_one_where_it_is_asked_for(items_of_rows: Items, score_reply: Scores) -> None:
    row = {"question": "Ada pays 20% less than $50. What percent of $50 does she pay?", "answer": "100-20\n#### 80"}
    [item] = items_of_rows("gsm8k", [row])
    assert item.metadata["unit"] == "percent"
    assert NUMBER(score_reply("gsm8k", item, "80%").value) == NUMBER(score_reply("gsm8k", item, "80").value) == 1
    assert NUMBER(score_reply("gsm8k", item, "8000").value) == 0


def test_finance_problems_show_their_tables(items_of_rows: Items, score_reply: Scores) -> None:
    row = {"question": "What is the yield?", "tables": ["| a | b |\n|---|---|\n| 1 | 2 |"], "ground_truth": "5.125"}
    [item] = items_of_rows("financemath", [{**row, "topic": "Fixed income", "python_solution": "def solution(): ..."}])
    assert item.body == "Question: What is the yield?\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert item.metadata["topic"] == "Fixed income" and "def" not in item.solution
    for reply, right in (("5.125%", 1), ("5.13", 1), ("5.10", 1), ("5.3", 0), ("-5.125", 0)):
        assert NUMBER(score_reply("financemath", item, reply).value) == right, reply
    for change, says in (({"ground_truth": "high"}, "should be a number"), ({"tables": "x"}, "list of tables")):
        with pytest.raises(InputError, match=says):
            items_of_rows("financemath", [{**row, **change}])


TALK = {
    "id": "made/2019/page_1.pdf-1",
    "questions": ["what were sales in 2019?", "and in 2018?", "so what was the change?"],
    "answer": -120.5,
    "text": "sales are told below .",
    "table": "- | 2019 | 2018\nsales | 100 | 220.5",
}


def test_conversations_ask_the_last_question(items_of_rows: Items, score_reply: Scores) -> None:
    first, other, yes = items_of_rows(
        "convfinqa",
        [TALK, {**TALK, "questions": ["what were sales in 2019?"], "answer": 100.0}, {**TALK, "answer": "Yes"}],
    )
    assert "Earlier question 2: and in 2018?\nQuestion: so what was the change?" in first.body
    assert first.metadata["document"] == other.metadata["document"] and first.metadata["turns"] == 3
    assert (first.gold, yes.gold) == ("-120.5", "yes")
    assert NUMBER(score_reply("convfinqa", first, "-120.5").value) == 1
    assert NUMBER(score_reply("convfinqa", first, "220.5").value) == 0
    assert NUMBER(score_reply("convfinqa", yes, "yes").value) == 1
    assert NUMBER(score_reply("convfinqa", yes, "no").value) == 0


REPORT = {
    "question": "What were sales in 2019?",
    "answer": ["$1,496.5"],
    "answer_type": "span",
    "scale": "million",
    "table": [["", "2019"], ["Sales", "$1,496.5"]],
    "paragraphs": ["In millions."],
}


@pytest.mark.parametrize(
    ("change", "gold", "right", "half", "wrong"),
    [
        ({}, "$1,496.5 million", ["$1,496.5 million", "Answer: 1.4965 billion"], [], ["$1,496.5", "1,496.5 thousand"]),
        (
            {"answer": 16.36, "answer_type": "arithmetic", "scale": "percent"},
            "16.36 percent",
            ["16.36%", "0.1636", "Answer: The change is 16.36%."],
            [],
            ["16.36", "-16.36%", "16.4%"],
        ),
        (
            {"answer": "4", "answer_type": "count", "scale": ""},
            "4",
            ["4", "four", "There are 4."],
            [],
            ["5", "4 million"],
        ),
        (
            {"answer": ["Oslo", "Bergen"], "answer_type": "multi-span", "scale": ""},
            "Oslo | Bergen",
            ["Oslo | Bergen", "Bergen; Oslo", "- Oslo\n- Bergen"],
            ["Oslo", "Oslo | Bergen | Moss"],
            ["Moss"],
        ),
        (
            {"answer": ["(5)", "7"], "answer_type": "multi-span", "scale": "thousand"},
            "(5) thousand | 7 thousand",
            ["-5 thousand | 7 thousand", "(5), 7 thousand", "7 thousand | (5) thousand"],
            ["5 thousand | 7 thousand"],
            ["5 | 9"],
        ),
    ],
    ids=["amount", "percentage", "count", "list", "amounts"],
)
def test_tables_and_text_with_the_scale_as_part_of_the_answer(
    change: dict[str, Any],
    gold: str,
    right: list[str],
    half: list[str],
    wrong: list[str],
    items_of_rows: Items,
    score_reply: Scores,
) -> None:
    [item] = items_of_rows("tatqa", [{**REPORT, **change}])
    assert item.gold == gold
    for reply in [*right, gold]:
        assert NUMBER(score_reply("tatqa", item, reply).value) == 1, reply
    for reply in half:
        assert 0 < NUMBER(score_reply("tatqa", item, reply).value) < 1, reply
    for reply in wrong:
        found = score_reply("tatqa", item, reply)
        assert (NUMBER(found.value), found.metadata["outcome"]) == (0, "wrong"), reply


def test_questions_on_one_report_are_one_cluster_and_the_prompt_asks_for_the_scale(items_of_rows: Items) -> None:
    one, two = items_of_rows("tatqa", [REPORT, {**REPORT, "question": "And what else?"}])
    assert one.metadata["document"] == two.metadata["document"]
    definition = DEFINITIONS["tatqa"]
    assert "scale" in render(definition.card, definition.instruction, one, Elicitation.DIRECT)
    for change, says in (
        ({"answer_type": "date"}, "'answer_type' should be one of"),
        ({"scale": "dozen"}, "'scale' should be one of"),
        ({"answer": "x", "answer_type": "count"}, "should be a number"),
        ({"answer": "x"}, "non-empty list of texts"),
    ):
        with pytest.raises(InputError, match=says):
            items_of_rows("tatqa", [{**REPORT, **change}])


def test_open_questions_accept_any_of_the_answers(items_of_rows: Items, score_reply: Scores) -> None:
    row = {"question": "who wrote the letter", "answer": ["Ada Berg", "A. Berg"]}
    [item] = items_of_rows("nq_open", [row])
    for reply, value in (
        ("ada berg.", 1.0),
        ("Answer: A. Berg", 1.0),
        ("The answer is **Ada Berg**", 1.0),
        ("Ada", pytest.approx(2 / 3)),
        ("Kim Lee", 0.0),
    ):
        assert score_reply("nq_open", item, reply).value == value, reply
    assert score_reply("nq_open", item, "Ada").metadata["exact"] is False
    assert score_reply("nq_open", item, "I can't answer that.").metadata["outcome"] == "refused"
    assert score_reply("nq_open", item, "Ada Berg wrote", "max_tokens").metadata["outcome"] == "truncated"


@pytest.mark.parametrize("name", ["gsm8k", "openbookqa", "convfinqa", "tatqa", "nq_open"])
def test_the_real_rows_are_the_official_set(name: str, shared_data: Path) -> None:
    card = DEFINITIONS[name].card
    loaded = DEFINITIONS[name].items(data=shared_data / card.data_folder)
    assert loaded.official and (len(loaded.items), loaded.dropped) == (card.items, card.dropped)
    if card.cluster:
        assert all(item.metadata[card.cluster] for item in loaded.items.values())


@pytest.mark.parametrize("name", ["mmlu", "polish"])
def test_samples_of_a_set_run_unofficially(name: str, shared_data: Path) -> None:
    loaded = DEFINITIONS[name].items(data=shared_data / DEFINITIONS[name].card.data_folder)
    assert loaded.items and not loaded.official


def test_a_hub_source_without_a_verified_revision_needs_a_fetch_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FINBENCH_DATA", raising=False)
    for name in ("piqa", "hellaswag", "headlines", "finer_ord"):
        with pytest.raises(InputError, match=rf"HF_HUB_OFFLINE is set.*finbench data fetch {name}.*-T data=PATH"):
            DEFINITIONS[name].items()


def test_the_embedded_instructions_are_the_official_set_and_take_no_steps() -> None:
    definition = DEFINITIONS["fin_follow"]
    loaded = definition.items()
    assert loaded.official and len(loaded.items) == definition.card.items
    item = next(iter(loaded.items.values()))
    assert render(definition.card, definition.instruction, item, Elicitation.DIRECT) == item.body
    with pytest.raises(InputError, match="checks the whole reply"):
        definition.task(elicitation="cot")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"constraints": [{"kind": "rhyme"}]}, "kind 'rhyme', which no checker knows"),
        ({"constraints": [{"kind": "max_words", "n": 1}]}, "does not meet its constraint 'max_words'"),
        ({"constraints": [{"kind": "max_words"}]}, "without the parameters"),
        ({"constraints": []}, "should be a list of objects"),
    ],
)
def test_an_instruction_that_cannot_be_checked_is_refused(
    change: dict[str, Any], says: str, items_of_rows: Items
) -> None:
    row = {"instruction": "Say two words.", "constraints": [{"kind": "exact_words", "n": 2}], "reference": "Two words"}
    assert len(items_of_rows("fin_follow", [row])) == 1
    with pytest.raises(InputError, match=says):
        items_of_rows("fin_follow", [{**row, **change}])
