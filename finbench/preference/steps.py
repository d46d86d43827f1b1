"""Solutions cut into steps, deterministically: each a line, and in running prose a sentence."""

from __future__ import annotations

import re
from itertools import pairwise

from finbench.preference.schema import Step

_ABBREVIATED = re.compile(r"approx|e\.g|i\.e|vs|nos?|inc|co|corp|ltd|mrs?|ms|dr|st|u\.[sk]|eq|fig|cf|etc|ca|resp|p\.a")
_LINE_END = re.compile(r"\n\s*")
# a sentence ends, space follows, and the next begins with a capital letter
_SENTENCE_END = re.compile(r"[.!?][)\"'”*]{0,3}[^\S\n]+(?=[*\"'“(]{0,3}[A-Z])")
_ORDINAL = re.compile(r"[\s*#>-]*(?:step\s*)?(?:\d{1,3}|[A-Za-z])[.):]\W*", re.IGNORECASE)
_LAST_WORD = re.compile(r"([A-Za-z.]+)\W*$")
_SAYS = re.compile(r"[^\W_]")


def segment(text: str) -> tuple[Step, ...]:
    """The steps of a solution; their spans partition the text, and a step alone is one step.

    A step is a line, or a sentence of a line that holds several; the space behind it belongs to it. A line without a
    letter or digit (a rule, an opening bracket of display mathematics) belongs to the step before. Numbers of a list
    and common abbreviations end no sentence.

    Returns:
        The steps in order; none for an empty text. `"".join(step.text for step in segment(text)) == text`.
    """
    bounds = [0, *_cuts(text), len(text)]
    pieces = [(start, end) for start, end in pairwise(bounds) if end > start]
    merged: list[tuple[int, int]] = []
    for start, end in pieces:
        if merged and not (_says(text, start, end) and _says(text, *merged[-1])):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(
        Step(index=index, start=start, end=end, text=text[start:end]) for index, (start, end) in enumerate(merged)
    )


def _says(text: str, start: int, end: int) -> bool:
    return _SAYS.search(text, start, end) is not None


def _cuts(text: str) -> list[int]:
    found = []
    for match in _LINE_END.finditer(text):
        found.append(match.end())
    for match in _SENTENCE_END.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        before = text[line : match.start() + 1]
        word = _LAST_WORD.search(before)
        if _ORDINAL.fullmatch(before) or (word and _ABBREVIATED.fullmatch(word[1].rstrip(".").lower())):
            continue
        found.append(match.end())
    return sorted(found)
