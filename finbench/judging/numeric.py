"""References that are bare numbers, as 52 of FinanceBench's 150 are, and the rule that scores them without a judge.

The rule was set on the 832 labelled replies to these 52 questions that FinanceBench publishes beside its rows; how far
it agrees with those labels is in docs/judge.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from finbench.scoring.amounts import equal_amounts
from finbench.scoring.number import Number

#: References come out of other roundings of the same figures: 1,577 against 1,577.4.
TOLERANCE = 0.0025
_BARE = re.compile(r"\s*(-?)\s*(\$?)\s*(-?)(\d[\d,]*(?:\.\d+)?|\.\d+)\s*(%?)\s*\.?\s*")
_SCALE = re.compile(
    r"\b(?:USD|dollars?|\$)\s*(?:in\s+)?(thousand|million|billion)s?\b|\bin (thousand|million|billion)s\b", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A reference that is a bare number.

    Attributes:
        value: the number as written.
        decimals: how many decimals it really has; zeros that end an amount of money are form.
        unit: `percent`, `currency` or None.
    """

    value: float
    decimals: int
    unit: str | None


def bare_number(text: str) -> Bare | None:
    """The number that a reference consists of; None if it says anything else."""
    match = _BARE.fullmatch(text)
    if match is None or (match[1] and match[3]):
        return None
    digits = match[4].replace(",", "")
    shown = digits.rstrip("0").rstrip(".") if match[2] and "." in digits else digits
    value = float(digits) * (-1 if match[1] or match[3] else 1)
    unit = "percent" if match[5] else "currency" if match[2] else None
    return Bare(value=value, decimals=len(shown.partition(".")[2]), unit=unit)


def numeric_right(found: Number, reference: str, question: str) -> bool:
    """Whether a number is the reference, in the scale asked for, within half of its last digit or 0.25 %.

    Raises:
        ValueError: if the reference is no bare number.
    """
    bare = bare_number(reference)
    if bare is None:
        raise ValueError(f"{reference!r} is no bare number")
    unit = bare.unit
    if unit == "currency":
        scale = _SCALE.search(question)
        unit = (scale[1] or scale[2]).lower() if scale else None
    half = 0.5 * 10.0**-bare.decimals * (1 + 1e-6)
    return equal_amounts(found, bare.value, gold_unit=unit, rel_tol=TOLERANCE, abs_tol=half)
