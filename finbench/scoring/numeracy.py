"""Exact match and numeracy F1 of TAT-QA, where a number is only right with its scale.

The rules are those of the official metric (Zhu et al. 2021, TAT-QA, section 5.2, after DROP: Dua et al. 2019): an
answer is a list of texts, each a number with a scale or a span; numbers are rounded to two decimals, multiplied by
their scale and compared at four decimals; the list is sorted and compared as a whole; F1 is taken over the set of its
words and rounded to two decimals; for calculations and counts it is the exact match.

What is read more leniently here: a minus sign of any kind, scales that are abbreviated or follow the last number of a
list, a number that is more precise than two decimals of its scale ("4.203 billion" for 4,203 million), and a sentence
that gives the one number which was asked for.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from finbench.scoring.free_text import LIST_SEPARATOR
from finbench.scoring.number import extract_number
from finbench.scoring.text import prepare

SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "percent": 0.01}

_SCALE_WORDS = {
    "thousand": "thousand", "thousands": "thousand", "k": "thousand",
    "million": "million", "millions": "million", "mn": "million", "m": "million",
    "billion": "billion", "billions": "billion", "bn": "billion", "b": "billion",
    "percent": "percent", "per cent": "percent", "%": "percent", "percentage points": "percent",
    "percentage point": "percent",
}  # fmt: skip
_NUMBER = re.compile(
    r"(?P<sign>[-+\u2212\u2013]?)[ ]?[$€£¥]?[ ]?(?P<open>\()?[ ]?[$€£¥]?[ ]?(?P<inner>[-+\u2212\u2013]?)[$€£¥]?"
    r"(?P<digits>\d{1,3}(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)[ ]?(?P<inside>%)?[ ]?(?P<close>\))?[ ]?"
    r"(?P<scale>%|per cent|percentage points?|[a-z]+)?(?:[ ](?:us )?dollars)?\.?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[-*•][ ]+|\d{1,2}[.)][ ]+)")
_ARTICLES = frozenset(["a", "an", "the"])
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class Part:
    """One answer of a list: a number with its scale ("" for none), or a span of text."""

    text: str
    number: float | None = None
    scale: str = ""

    def value(self, decimals: int | None = 2) -> str:
        """The number in plain units at four decimals, rounded before to `decimals` of its scale; a span as it is."""
        if self.number is None:
            return self.text
        number = self.number if decimals is None else round(self.number, decimals)
        return f"{number * SCALES.get(self.scale, 1.0) + 0.0:.4f}"


def reference(answers: list[str], scale: str) -> str:
    """A reference as the prompt asks for it: each number with its scale, the answers of a list between bars."""
    written = []
    for text in answers:
        part = _part(" ".join(text.split()))
        written.append(f"{part.text} {scale}" if scale and not part.scale else part.text)
    return LIST_SEPARATOR.join(written)


def parts(answer: str) -> list[Part]:
    """The answers of a list: between bars, semicolons or line ends, or numbers between commas and `and`."""
    answer = prepare(answer, dressed=True).replace("`", "")  # one reference of the dev split begins with a stray one
    lines = [line for line in re.split(r"[|;\n]", answer) if line.strip(" .")]
    if len(lines) > 1:
        lines = [_BULLET.sub("", line.strip()) for line in lines]
    else:
        numbers = re.split(r",[ ]+and[ ]|,[ ]+|[ ]and[ ]", answer.strip())
        if len(numbers) > 1 and all(_part(text).number is not None for text in numbers):
            lines = numbers
    found = [_part(line.strip()) for line in lines]
    if len(found) > 1 and found[-1].number is not None and found[-1].scale:
        scale = found[-1].scale
        if all(part.number is not None and not part.scale for part in found[:-1]):
            found = [Part(part.text, part.number, scale) for part in found]
    return found


def compare(answer: str, gold: str, *, calculated: bool) -> tuple[bool, float]:
    """Exact match and F1 of an answer.

    Args:
        answer: the answer that was read.
        gold: the reference in the form of `reference`.
        calculated: whether the reference is a calculation or a count, for which F1 is the exact match.

    Returns:
        Whether it is equal, and the F1.
    """
    found, wanted = parts(answer), parts(gold)
    if len(wanted) == 1 and wanted[0].number is not None and all(part.number is None for part in found):
        found = _amount_in(answer) or found
    right = _words([part.value() for part in wanted])
    # a share that is written as one (0.2342 for 23.42 percent) keeps its decimals, as do numbers in a larger scale
    readings = [_words([part.value(decimals) for part in found]) for decimals in (2, None)]
    exact = right in readings
    if calculated:
        return exact, float(exact)
    return exact, max(_set_f1(set(words), set(right)) for words in readings)


def _amount_in(sentence: str) -> list[Part]:
    """The amount that a sentence gives where a number alone was asked for; empty if it gives none."""
    amount = extract_number(sentence).value
    if amount is None:
        return []
    if amount.unit == "bps":
        return [Part(sentence, amount.value / 100, "percent")]
    return [Part(sentence, amount.value, amount.unit if amount.unit in SCALES else "")]


def _part(text: str) -> Part:
    match = _NUMBER.fullmatch(text.strip())
    if match is None or bool(match["open"]) != bool(match["close"]):
        return Part(text.strip())
    written = (match["scale"] or match["inside"] or "").lower()
    scale = _SCALE_WORDS.get(written)
    if written and scale is None:
        return Part(text.strip())
    number = float(match["digits"].replace(",", ""))
    negative = bool(match["open"]) or any(match[name] not in ("", "+") for name in ("sign", "inner"))
    return Part(text.strip(), -number if negative else number, scale or "")


def _words(values: list[str]) -> list[str]:
    words = []
    for word in " ".join(sorted(values)).lower().split():
        part = _part(word.rstrip(".,;:") or word)
        plain = part.value(4) if part.number is not None else word.translate(_PUNCTUATION)
        if plain and plain not in _ARTICLES:
            words.append(plain)
    return words


def _set_f1(found: set[str], right: set[str]) -> float:
    if not found or not right:
        return float(found == right)
    return round(2 * len(found & right) / (len(found) + len(right)), 2)
