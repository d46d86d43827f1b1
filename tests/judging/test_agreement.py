"""Agreement with labels: kappa against another implementation, confusion, kinds, and what it is on the edges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from finbench.judging.agreement import ANSWERS, LABELS, Judged, agreement_of


def judged(pairs: list[tuple[str, str]], per_question: int = 3) -> list[Judged]:
    return [
        Judged(label=label, verdict=verdict, kind="ab"[n % 2], question=str(n // per_question))
        for n, (label, verdict) in enumerate(pairs)
    ]


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(ANSWERS)), min_size=4, max_size=60))
def test_kappa_is_cohens(pairs: list[tuple[str, str]]) -> None:
    found = agreement_of(judged(pairs))
    labels, answers = zip(*pairs, strict=True)
    expected = cohen_kappa_score(labels, answers, labels=list(ANSWERS))
    if math.isnan(expected):
        assert math.isnan(found.kappa)
    else:
        assert found.kappa == pytest.approx(expected)
        assert found.kappa_low <= found.kappa + 1e-9 and found.kappa <= found.kappa_high + 1e-9
    assert found.agreement_low <= found.agreement <= found.agreement_high
    assert sum(sum(row.values()) for row in found.confusion.values()) == len(pairs)


def test_a_judge_who_says_nothing_is_not_flattered() -> None:
    pairs = [("right", "right"), ("wrong", "unparsed")] * 10
    found = agreement_of(judged(pairs))
    assert found.unparsed == 0.5 and found.agreement == 0.5 and found.kappa < 0.7
    assert found.confusion["wrong"] == {"right": 0, "wrong": 0, "unparsed": 10}


def test_kinds_tell_what_was_let_pass() -> None:
    found = agreement_of(
        [
            Judged(label="wrong", verdict="right", kind="injected", question="1"),
            Judged(label="wrong", verdict="wrong", kind="injected", question="2"),
            Judged(label="right", verdict="wrong", kind="unit", question="3"),
            Judged(label="right", verdict="unparsed", kind="unit", question="4"),
        ]
    )
    injected, unit = found.kinds
    assert (injected.kind, injected.n, injected.false_right, injected.agreement) == ("injected", 2, 1, 0.5)
    assert (unit.false_wrong, unit.unparsed, unit.agreement) == (1, 1, 0.0)


def test_one_question_says_nothing_of_the_error() -> None:
    found = agreement_of(judged([("right", "right"), ("wrong", "wrong")]))
    assert found.kappa == 1.0 and (found.kappa_low, found.kappa_high) == (-1.0, 1.0)


@pytest.mark.parametrize("bad", [[], [Judged(label="good", verdict="right", kind="a", question="1")]])
def test_what_is_no_label_is_refused(bad: list[Judged]) -> None:
    with pytest.raises(ValueError, match=r"no judged answers|is none of"):
        agreement_of(bad)
