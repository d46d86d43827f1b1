"""References that are bare numbers, scored without a judge."""

from __future__ import annotations

import pytest

from finbench.judging.numeric import bare_number, numeric_right
from finbench.scoring import extract_number

MILLIONS = "What was the revenue in FY2020, in USD millions?"


@pytest.mark.parametrize(
    ("text", "value", "decimals", "unit"),
    [
        ("$1577.00", 1577, 0, "currency"),
        ("$8.70", 8.7, 1, "currency"),
        ("24.26", 24.26, 2, None),
        ("1.9%", 1.9, 1, "percent"),
        ("-0.02", -0.02, 2, None),
        ("-$3.5", -3.5, 1, "currency"),
        ("$12,645.00", 12645, 0, "currency"),
        ("0", 0, 0, None),
    ],
)
def test_a_bare_number_is_one(text: str, value: float, decimals: int, unit: str | None) -> None:
    found = bare_number(text)
    assert found is not None and (found.value, found.decimals, found.unit) == (value, decimals, unit)


@pytest.mark.parametrize(
    "text", ["Yes", "$400,000,000 increase.", "It rose to 5%", "5 to 6", "", "1.2.3", "--5", "FY2020"]
)
def test_any_other_word_leaves_it_to_the_judge(text: str) -> None:
    assert bare_number(text) is None


@pytest.mark.parametrize(
    ("reply", "reference", "question", "right"),
    [
        ("Answer: $1,577 million", "$1577.00", MILLIONS, True),
        ("Answer: $1.577 billion", "$1577.00", MILLIONS, True),
        ("Answer: 1577", "$1577.00", MILLIONS, True),
        ("Answer: $1,577,400,000", "$1577.00", MILLIONS, True),
        ("Answer: $1,577 billion", "$1577.00", MILLIONS, False),
        ("Answer: $1,757 million", "$1577.00", MILLIONS, False),
        ("Answer: -1577", "$1577.00", MILLIONS, False),
        ("Answer: $8.738 billion", "$8.70", "What was net PPNE? Answer in USD billions.", True),
        ("Answer: $8.5 billion", "$8.70", "What was net PPNE? Answer in USD billions.", False),
        ("Answer: 24.6%", "24.6%", "What was the tax rate?", True),
        ("Answer: 0.246", "24.6%", "What was the tax rate?", True),
        ("Answer: 26.4%", "24.6%", "What was the tax rate?", False),
        ("Answer: -1.53%", "-0.02", "What was the return on assets?", True),
        ("Answer: 0.66", "0.66", "What was the quick ratio?", True),
        ("Answer: 0.6", "0.66", "What was the quick ratio?", False),
    ],
)
def test_a_number_is_right_in_any_scale_that_means_the_same(
    reply: str, reference: str, question: str, right: bool
) -> None:
    found = extract_number(reply, question).value
    assert found is not None
    assert numeric_right(found, reference, question) is right
