"""Steps partition a solution; replies are read leniently and quotes strictly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finbench.preference.replies import check_correction, find_quote, gives_answer, read_lesson
from finbench.preference.schema import REASONS, Step
from finbench.preference.steps import segment

_TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "Step 1. ",
                "1. ",
                "Then 3 + 4 = 7. ",
                "e.g. ",
                "U.S. ",
                "So it is. ",
                "\n",
                "\n\n",
                "\\[ ",
                "x",
                " ",
                "A. ",
            ]
        ),
        max_size=14,
    ).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(_TEXTS)
def test_spans_partition_the_text_and_a_step_alone_is_one_step(text: str) -> None:
    steps = segment(text)
    assert "".join(step.text for step in steps) == text
    assert [step.index for step in steps] == list(range(len(steps)))
    assert [step.start for step in steps] == [0, *(step.end for step in steps)][: len(steps)]
    for step in steps:
        assert step.text == text[step.start : step.end]
        assert [alone.text for alone in segment(step.text)] == [step.text]


def test_steps_are_lines_and_sentences() -> None:
    text = "1. Revenue is 5. Costs are approx. 3, e.g. Rent.\n\nProfit:\n\\[\n5 - 3 = 2\n\\]\nAnswer: 2"
    assert [step.text.strip() for step in segment(text)] == [
        "1. Revenue is 5.",
        "Costs are approx. 3, e.g. Rent.",
        "Profit:\n\\[",
        "5 - 3 = 2\n\\]",
        "Answer: 2",
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_reply_raises(reply: str) -> None:
    read_lesson(reply)
    index, reason = find_quote("One is 1.\nTwo is 2.", reply)
    assert (index is None) == (reason in REASONS)


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.sampled_from(["", "Sure: {not json}\n```json\n", "<think>{}</think>"]),
)
def test_lessons_survive_their_wrapping(quote: str, step: str, before: str) -> None:
    told = {"why": "w", "first_wrong_step": quote, "corrected_step": step}
    found = read_lesson(before + json.dumps(told) + "\n```", needs=("first_wrong_step", "corrected_step"))
    assert found is not None and (found.quote, found.correction) == (quote.strip(), step.strip())
    assert read_lesson(json.dumps(told)[:-10]) is None


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("Two is 3.", (1, "")),
        ("Two is 3.\nThree is 3.", (1, "")),
        ("Two is", (None, "quote_off_boundary")),
        ("is 3.", (None, "quote_off_boundary")),
        ("Four is 4.", (None, "quote_absent")),
        ("One is 1.", (None, "quote_ambiguous")),
        ("", (None, "no_wrong_step")),
    ],
)
def test_quotes(quote: str, expected: tuple[int | None, str]) -> None:
    assert find_quote("One is 1.\nTwo is 3.\nThree is 3.\nOne is 1.", quote) == expected


@pytest.mark.parametrize(
    ("correction", "reason"),
    [
        ("Cost: 6 * 8 = 48", ""),
        (" ", "correction_empty"),
        ("Cost: 6 *  8 = 54", "correction_same"),
        ("Cost: 6 * 8 = 48\nTotal: 57", "correction_many_steps"),
        ("**Answer:** 57", "correction_gives_answer"),
    ],
)
def test_corrections(correction: str, reason: str) -> None:
    wrong = Step(index=0, start=0, end=17, text="Cost: 6 * 8 = 54\n")
    assert check_correction(wrong, correction) == reason


def test_an_answer_may_be_mended_by_an_answer() -> None:
    wrong = Step(index=0, start=0, end=9, text="Answer: 3")
    assert gives_answer(wrong.text) and check_correction(wrong, "Answer: 4") == ""
