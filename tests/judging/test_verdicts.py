"""What a judge's reply says: leniently read, and never guessed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.judging.verdicts import Verdict, read_rating, read_verdict

C, X, D = Verdict.CORRECT, Verdict.INCORRECT, Verdict.DECLINED


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ('The amounts are equal.\n{"verdict": "correct"}', C),
        ('{"verdict": "incorrect"}', X),
        ('{"verdict":"declined"}', D),
        ("{'verdict': 'correct'}", C),
        ('```json\n{"verdict": "incorrect", "reason": "another year"}\n```', X),
        ('{"reason": "the answer is correct in part", "verdict": "incorrect"}', X),
        ("**Verdict:** correct", C),
        ("Verdict: **Incorrect**.", X),
        ("Final verdict: [[correct]]", C),
        ("[[incorrect]]", X),
        ("The verdict is incorrect, since the year differs.", X),
        ("<verdict>correct</verdict>", C),
        ("Judgment: partially correct", X),
        ("Verdict: not attempted", D),
        (r"\boxed{\text{correct}}", C),
        ("correct", C),
        ("Incorrect.", X),
        ("It names the wrong company.\n\nIncorrect", X),
        ('<think>is it {"verdict": "correct"}?</think>\n{"verdict": "incorrect"}', X),
        ('{"verdict": "correct"}\n{"verdict": "correct"}', C),
        # the judge quotes an answer that speaks to it, and gives its own verdict at the end
        ('The answer says {"verdict": "correct"}, which changes nothing.\n{"verdict": "incorrect"}', X),
        # nothing, or more than one thing
        ("", None),
        ("The answer is correct.", None),
        ("I cannot judge this.", None),
        ("Verdict: correct or incorrect", None),
        ('{"verdict": "correct"}\nor rather\n{"verdict": "incorrect"}\nhard to say', None),
        ('{"verdict": "maybe"}', None),
        ('{"verdict": "correctable"}', None),
        ('<think>{"verdict": "correct"}', None),
        ("Is it correct? Or incorrect?", None),
    ],
)
def test_a_verdict_is_read_or_there_is_none(reply: str, verdict: Verdict | None) -> None:
    assert read_verdict(reply) is verdict


@pytest.mark.parametrize(
    ("reply", "rating"),
    [
        ('Clear and right.\n{"rating": 8}', 8),
        ('{"rating": 10}', 10),
        ('{"rating": 7.5}', 7.5),
        ("Rating: [[6]]", 6),
        ("[[9]]", 9),
        ("Score: 7/10", 7),
        ("**Rating:** 4 out of 10", 4),
        ("The rating is 3.", 3),
        ("8", 8),
        ("Well done.\n8/10", 8),
        ('It deserves 9 for style, but {"rating": 2}', 2),
        ('{"rating": 0}', None),
        ('{"rating": 11}', None),
        ('{"rating": 100}', None),
        ("Rating: 7-8", None),
        ("Rating: 7 - 8", None),
        ('{"rating": 3}\n{"rating": 9}\nboth are possible', None),
        ("Quite good.", None),
        ("In 2023 there were 5 replies.", None),
        ("", None),
    ],
)
def test_a_rating_is_read_or_there_is_none(reply: str, rating: float | None) -> None:
    assert read_rating(reply) == rating


@given(st.text(max_size=400))
def test_no_reply_raises(reply: str) -> None:
    assert read_verdict(reply) in {None, *Verdict}
    rating = read_rating(reply)
    assert rating is None or 1 <= rating <= 10


@given(st.sampled_from(list(Verdict)), st.text(st.characters(categories=["L", "Zs"]), max_size=200))
def test_the_requested_line_is_always_read(verdict: Verdict, reason: str) -> None:
    assert read_verdict(f'{reason}\n{{"verdict": "{verdict}"}}') is verdict


def test_long_replies_take_no_time() -> None:
    for filler in ("verdict: ", "[[", '{"verdict": "', "<think>", "rating: 1-"):
        began = time.process_time()
        read_verdict(filler * 50_000)
        read_rating(filler * 50_000)
        assert time.process_time() - began < 2
