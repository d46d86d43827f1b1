"""The figures of a text, and how many of a brief's figures stand in the text that it sums up.

That a summary may read well and still state figures its source does not hold is long known; numbers are among the
most frequent of such errors (Zhao, Cohen, Webber 2020, "Reducing quantity hallucinations in abstractive summarization",
Findings of EMNLP). The check here is a strict one that needs no model: a figure is faithful if the text holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass

from finbench.scoring.number_words import find_word_numbers
from finbench.scoring.text import prepare

_SCALES = {
    "thousand": 1e3, "k": 1e3,
    "million": 1e6, "mn": 1e6, "mln": 1e6, "m": 1e6,
    "billion": 1e9, "bn": 1e9, "bln": 1e9, "b": 1e9,
    "trillion": 1e12, "tn": 1e12, "trn": 1e12,
}  # fmt: skip
_FIGURE = re.compile(
    r"(?<![\w.,])[$€£¥]?(?:[A-Z]{0,3}[$€£¥])?"
    r"(?P<digits>\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,12})?|\d{1,15}(?:\.\d{1,12})?)(?!\d)\)?"
    r"(?:[ -]?(?P<percent>%|per[ ]?cent(?:age[ ]points?)?\b|percentage[ ]points?\b|pct\b|pp\b)"
    r"|[ -]?(?P<bps>basis[ ]points?\b|bps?\b)"
    r"|[ -]?(?P<scale>thousand|million|billion|trillion|mln|bln|trn|mn|bn|tn|[kmb])s?\b)?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"[ ]?(?:to|and|or|-|–|—)[ ]?(?:[$€£¥])?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that stands in a text.

    Attributes:
        text: as written, its unit included.
        readings: what it may mean: its size without a sign, as "4200000" or "3.5%" (basis points too are percent).
            Several where the first figure of a range may share the unit of the second ("270 to 290 million").
    """

    text: str
    readings: frozenset[str]


def figures(text: str) -> list[Figure]:
    """The figures of a text in order: those in digits, then those in words ("twelve million").

    Years, days of a month and counts are figures as amounts are. Signs and currencies are left aside, since a loss of 3
    is told with and without a minus. Digits within a word (Q3, B2) are none; "one", articles and words for parts ("a
    third") are none either, since they seldom are amounts.

    Args:
        text: any text.
    """
    prepared = " ".join(prepare(text, dressed=True).split())
    found = []
    matches = list(_FIGURE.finditer(prepared))
    for position, match in enumerate(matches):
        sign, factor = _unit(match)
        size = float(match["digits"].replace(",", ""))
        means = {_reading(size * factor, sign)}
        following = matches[position + 1] if position + 1 < len(matches) else None
        between = prepared[match.end() : following.start()] if following else ""
        if following and (sign, factor) == ("", 1.0) and len(between) <= 6 and _RANGE.match(between):
            shared, of_range = _unit(following)
            means.add(_reading(size * of_range, shared))
        found.append(Figure(match[0], frozenset(means)))
    for start, end, value, scale in find_word_numbers(prepared):
        size = value * _SCALES.get(scale or "", 1.0)
        if size <= 1.0:
            continue
        after = prepared[end : end + 20].lower().lstrip(" -")
        if after.startswith("basis point"):
            reading = _reading(size * 0.01, "%")
        else:
            reading = _reading(size, "%" if after.startswith(("percent", "per cent")) else "")
        found.append(Figure(prepared[start:end], frozenset({reading})))
    return found


def readings(found: Iterable[Figure]) -> frozenset[str]:
    """All that some figures may mean."""
    return frozenset(reading for figure in found for reading in figure.readings)


def faithful(brief: Iterable[Figure], known: Set[str]) -> list[Figure]:
    """The figures of a brief that mean something of `known`, the readings of the text that it sums up."""
    return [figure for figure in brief if figure.readings & known]


def _unit(match: re.Match[str]) -> tuple[str, float]:
    if match["percent"]:
        return "%", 1.0
    if match["bps"]:
        return "%", 0.01
    return "", _SCALES[match["scale"].lower()] if match["scale"] else 1.0


def _reading(size: float, sign: str) -> str:
    return f"{size:.9g}{sign}"
