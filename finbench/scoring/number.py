r"""The number that a reply finally gives, with its unit.

What counts is what a careful reader says the reply answers (docs/scoring.md): not the last number, but the stated one.
The steps: characters, reasoning blocks and made-up continuations (`text`), markup (`number_markup`), the amounts
(`number_patterns`, `number_amounts`, `number_words`), which amount a statement states (`number_select`), what part each
statement plays (`number_statements`), and here the decision between the statements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from finbench.scoring.number_amounts import find_amounts
from finbench.scoring.number_decision import decide
from finbench.scoring.number_markup import plain
from finbench.scoring.number_patterns import FACTORS, mask
from finbench.scoring.number_question import read_question
from finbench.scoring.number_statements import CORRECTION
from finbench.scoring.outcome import Extraction
from finbench.scoring.text import inner_reply, prepare, segments

Unit = Literal["percent", "none", "thousand", "million", "billion", "currency", "bps"]

_LIMIT = 20_000
_REASONED = re.compile(r"(?:\S+\s+){5,}?\S*[a-z)%\d][.;!?,]?\s")
_ANSWER_LINE = re.compile(r"\s*Answer:\s*(.{1,80}?)\s*\.?\s*")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written, with its own scale.

    Attributes:
        value: The digits with their sign: 12.5 for "12.5%", 1.2 for "$1.2 billion", -3.2 for "(3.2)%".
        unit: The scale or unit. A scale word wins over a currency; count nouns, multiples, ratios and years are
            "none". Trillions are told in billions (1.2 trillion is 1200 billion), lakh in thousands, crore in millions,
            so that each value has a unit of this list.
    """

    value: float
    unit: Unit

    def normalised(self) -> float:
        """The value in plain units: 12.5 percent is 0.125, 45 bps 0.0045, 1.2 billion 1,200,000,000."""
        return self.value * FACTORS[self.unit]


def extract_number(output: str, question: str | None = None) -> Extraction[Number]:
    """Read the number that a reply finally gives.

    Args:
        output: The reply as the model gave it, any string.
        question: What was asked. It decides whether "fell by 3" is -3, whether a year may be the answer, and which of
            several amounts is meant; nothing is computed from it.

    Returns:
        The number as written; no value for an empty reply, a refusal, a range, a hedge, a contradiction or a
        calculation that is not carried out. `followed_format` is true where the reply is the number alone, or its last
        line is "Answer: <number>".
    """
    text = prepare(output)
    hints = read_question(question)
    refused = False
    for segment in segments(_clip(text)):
        segment = _without_cut_repeat(segment)
        inner = inner_reply(segment)
        resolved, boxes = plain(inner if inner and (_REASONED.match(inner) or CORRECTION.search(inner)) else segment)
        decision = decide(resolved, boxes, hints, question)
        if decision.mention is not None:
            number = Number(decision.mention.value + 0.0, _unit(decision.mention.unit))
            return Extraction(number, "answered", _followed(prepare(output, dressed=True), hints.ratio))
        refused = refused or decision.refused
        if decision.settled:
            break
    return Extraction(None, "refused" if refused else "unparsed", False)


def _without_cut_repeat(text: str) -> str:
    """Of a loop of equal lines that breaks off within a line all but that piece."""
    head, _, piece = text.rpartition("\n")
    lines = head[-2000:].split("\n")[-3:]
    repeats = len(lines) == 3 and len(set(lines)) == 1
    return head.rstrip() if repeats and piece != lines[0] and lines[0].startswith(piece) else text


def _clip(text: str) -> str:
    """A very long text without its middle: answers stand at an end, and reading takes time in proportion."""
    if len(text) <= _LIMIT:
        return text
    return text[: _LIMIT // 3] + "\n\n" + text[-2 * _LIMIT // 3 :]


def _unit(name: str) -> Unit:
    units: dict[str, Unit] = {
        "percent": "percent", "thousand": "thousand", "million": "million", "billion": "billion",
        "currency": "currency", "bps": "bps",
    }  # fmt: skip
    return units.get(name, "none")


def _followed(text: str, ratio: bool) -> bool:
    if _is_amount(text, ratio):
        return True
    line = _ANSWER_LINE.fullmatch(text[text.rfind("\n") + 1 :][:200])
    return line is not None and _is_amount(line[1], ratio)


def _is_amount(text: str, ratio: bool) -> bool:
    text = text.strip()
    if not text or len(text) > 80:
        return False
    found = find_amounts(mask(text), ratio)
    return len(found) == 1 and found[0].start == 0 and found[0].end == len(text)
