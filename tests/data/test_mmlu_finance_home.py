"""FinEval's copy of MMLU-Finance: question_text, answer, answer_text, and no column of options."""

from __future__ import annotations

from typing import Any

import pytest

from finbench.data.rows import Row, RowError
from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.layouts import choice_item

to_item = DEFINITIONS["mmlu_finance"].to_item
ASKED = {"question": "What is a bond?", "choices": ["a debt", "a share", "a swap", "cash"], "gold": 1}
LINES = "What is a bond?\nA. a debt\nB. a share\nC. a swap\nD. cash"


@pytest.mark.parametrize("text", [LINES, LINES.replace(". ", ") "), LINES.replace("\n", "\n(").replace(". ", ") ")])
@pytest.mark.parametrize("answer", [1, 2])
def test_options_in_the_question_make_the_item_of_the_original(text: str, answer: int) -> None:
    """The number counts from 0 or from 1; the text of the answer says which."""
    item = to_item(Row({"question_text": text, "answer": answer, "answer_text": "a share"}))
    assert item == choice_item(Row(ASKED))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"question_text": "What is a bond?", "answer": 1, "answer_text": "a share"}, "without its options"),
        ({"question_text": LINES, "answer": 3, "answer_text": "a share"}, "is not the option that 'answer' points at"),
        ({"question_text": LINES, "answer": 1, "answer_text": "gold"}, "is not the option"),
        ({"question_text": LINES.replace("C.", "E."), "answer": 1, "answer_text": "a share"}, "without its options"),
        ({"question_text": LINES, "answer_text": "a share"}, "lacks the field 'answer'"),
    ],
)
def test_a_question_without_options_or_with_another_answer_is_refused(row: dict[str, Any], says: str) -> None:
    with pytest.raises(RowError, match=says):
        to_item(Row(row))


def test_rows_of_the_general_home_and_of_a_folder_are_the_same_item() -> None:
    at_home = {"question": ASKED["question"], "choices": ASKED["choices"], "answer": 1, "subject": "marketing"}
    in_folder = {**ASKED, "answer": "B", "subject": "marketing", "id": "marketing-1"}
    assert to_item(Row(at_home)) == to_item(Row(in_folder))
