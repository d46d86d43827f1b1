"""What a question asks for, as far as it helps to tell an answer from the other numbers around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PERCENT = re.compile(
    r"%|\bper ?cent\w*|\bportion\b|\bproportion\b|\bshare of\b|\bgrowth rate\b|\brate of (?:change|growth"
    r"|return|increase)\b"
    r"|\bmargin\b|\breturn on\b|\bpct\b",
    re.IGNORECASE,
)
_BPS = re.compile(r"\bbasis[- ]points?\b|\bbps\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(?:chang\w+|differ\w*|grow\w*|increas\w+|variation|varied|vary|rise|rose|risen|swing|movement|moved?|delta"
    r"|evol\w+|fluctuat\w+|how much (?:more|less|higher|lower|better|worse)|year[- ]over[- ]year|yoy"
    r"|return|performance)\b",
    re.IGNORECASE,
)
_DECREASE = re.compile(
    r"\b(?:decreas\w+|declin\w+|reduc\w+|drop\w*|fall|fell|fallen|lower|less|shrink\w*|shrank|loss|lost|down)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"\b(?:which|what) (?:\w+ ){0,2}years?\b(?![- ](?:over|on|end))(?! \w+ (?:chang|increas|growth))"
    r"|\bwhich of the (?:\w+ )?years\b"
    r"|^\s*when\b|\bwhen (?:did|was|were|will|is|does)\b",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"\bhow many (?:\w+ ){0,3}(?:years?|months?|days?|weeks?|hours?|quarters?|minutes?)\b|\bhow long\b"
    r"|\b(?:life|lives|term|duration|maturity|period|tenor)\b"
    r"|\bin (?:years|months|days|weeks|hours|minutes)\b|\bhow old\b|\bage\b|\btime\b",
    re.IGNORECASE,
)
_RATIO = re.compile(r"\bratio\b|\btimes\b|\bmultiple\b|\bturnover\b|\bodds\b", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\bhow (?:many|much)\b|\b(?:in|of) (?:thousand|million|billion)s?\b|\bdollars?\b|\bamounts?\b"
    r"|\btotal\b|\bprice\b|\bcosts?\b"
    r"|\brevenues?\b|\bincome\b|\bsales\b|\bvalue\b|\bcash\b|\bexpenses?\b",
    re.IGNORECASE,
)
_SHARE_LIKE = re.compile(
    r"\b(?:ratio|rates?|yield|return|growth|change|increase|decrease|difference|decline|grow|fraction)\b", re.IGNORECASE
)
_MONEY = re.compile(
    r"\b(?:revenues?|income|sales|price|costs?|expenses?|cash|debt|profits?|earnings|dollars?|dividends?"
    r"|tax(?:es)?|assets|liabilit\w+"
    r"|payments?|loans?|fines?|value|proceeds|ebitda?|capex|expenditures?|how much money)\b|[$€£]",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\bhow many\b|\bnumber of\b|\bratio\b|\bshares\b|\btimes\b|\bmultiple\b|\bindex\b", re.IGNORECASE)
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "did",
        "do",
        "does",
        "during",
        "each",
        "every",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "in",
        "into",
        "is",
        "it",
        "its",
        "many",
        "much",
        "of",
        "on",
        "or",
        "per",
        "she",
        "than",
        "that",
        "the",
        "their",
        "them",
        "there",
        "they",
        "this",
        "to",
        "was",
        "were",
        "what",
        "when",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "year",
        "years",
        "if",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a question asks for.

    Attributes:
        percent: A percentage.
        change: A change, whose sign says the direction; not set for "by how much did it fall", which names it.
        year: A year.
        duration: A time in years, months or days.
        ratio: A ratio.
        amount: An amount rather than a share.
        money: An amount of money.
        bps: A difference in basis points.
        count: How many there are of something.
        words: Its words without the commonest, for telling which of several statements answers it.
    """

    percent: bool = False
    change: bool = False
    year: bool = False
    duration: bool = False
    ratio: bool = False
    amount: bool = False
    money: bool = False
    bps: bool = False
    count: bool = False
    words: frozenset[str] = frozenset()

    def overlap(self, text: str) -> int:
        """How many words of the question a text repeats."""
        return len(self.words & words_of(text)) if self.words else 0


def words_of(text: str) -> frozenset[str]:
    """The words of a text that tell it from others, in a rough common form."""
    words = re.findall(r"[a-z]{2,30}|(?:19|20)\d\d", text[:2000].lower())
    return frozenset(word.rstrip("s") if len(word) > 3 else word for word in words if word not in _STOP)


def read_question(question: str | None) -> Hints:
    """What a question asks for; nothing is known without one."""
    if not question:
        return Hints()
    text = question[-2000:]
    percent = bool(_PERCENT.search(text))
    change = bool(_CHANGE.search(text))
    decrease = bool(_DECREASE.search(text)) and not re.search(
        r"\b(?:chang|differ|growth|increas|varia|more|higher)", text, re.IGNORECASE
    )
    return Hints(
        bps=bool(_BPS.search(text)),
        count=bool(re.search(r"\bhow many\b(?! (?:dollars|euros|percent|basis))|\bnumber of\b", text, re.IGNORECASE)),
        percent=percent,
        change=change and not decrease,
        year=bool(_YEAR.search(text)),
        duration=bool(_DURATION.search(text)),
        ratio=bool(_RATIO.search(text)),
        amount=not percent and bool(_AMOUNT.search(text)) and not _SHARE_LIKE.search(text),
        money=not percent and bool(_MONEY.search(text)) and not _COUNT.search(text),
        words=words_of(text),
    )
