"""What a judge's reply says: one verdict or rating, or nothing that may be counted.

Read leniently, since judges wrap their JSON in all sorts of ways, and deterministically. A reply with two different
verdicts counts only if its last line is one of them alone; else it says nothing, and the judge is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Verdict(StrEnum):
    """What a judge finds of one answer."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    DECLINED = "declined"


LOWEST, HIGHEST = 1.0, 10.0

_LIMIT = 20_000
_WORDS = {
    "correct": Verdict.CORRECT,
    "right": Verdict.CORRECT,
    "true": Verdict.CORRECT,
    "incorrect": Verdict.INCORRECT,
    "wrong": Verdict.INCORRECT,
    "false": Verdict.INCORRECT,
    "not correct": Verdict.INCORRECT,
    "partially correct": Verdict.INCORRECT,
    "partly correct": Verdict.INCORRECT,
    "declined": Verdict.DECLINED,
    "decline": Verdict.DECLINED,
    "refused": Verdict.DECLINED,
    "refusal": Verdict.DECLINED,
    "no answer": Verdict.DECLINED,
    "not attempted": Verdict.DECLINED,
}
_WORD = "|".join(sorted((word.replace(" ", "[ _-]") for word in _WORDS), key=len, reverse=True))
_QUOTES = "[\"'`*_“”‘’ ]"
_VERDICT_HEAD = r"(?:final )?(?:verdict|judge?ment|decision|grade|label|result)"
_RATING_HEAD = r"(?:final |overall )?(?:rating|score|grade)"
_NUMBER = r"(\d{1,3}(?:\.\d{1,3})?)"
#: `{"verdict": "correct"}`, `Verdict: **correct**`, `[[correct]]`, `<verdict>correct</verdict>`
_VERDICT = re.compile(
    rf"\b{_VERDICT_HEAD}{_QUOTES}{{0,6}}(?:[:=]|is\b|>){_QUOTES}{{0,6}}({_WORD})(?![\w-]| or\b)"
    rf"|\[\[{_QUOTES}{{0,3}}({_WORD}){_QUOTES}{{0,3}}\]\]|\\boxed\{{(?:\\text\{{)?({_WORD})\}}",
    re.IGNORECASE,
)
_VERDICT_ALONE = re.compile(rf"[\s\"'`*_{{}}\[\]().“”]*({_WORD})[\s\"'`*_{{}}\[\]().!“”]*", re.IGNORECASE)
_RATING = re.compile(
    rf"\b{_RATING_HEAD}{_QUOTES}{{0,6}}(?:[:=]|is\b|of\b|>){_QUOTES}{{0,6}}\[{{0,2}}{_NUMBER}(?![\w.]*\d| ?[-–] ?\d)"
    rf"|\[\[ ?{_NUMBER} ?\]\]|\\boxed\{{{_NUMBER}\}}",
    re.IGNORECASE,
)
_RATING_ALONE = re.compile(rf"[\s\"'`*_{{}}\[\]()]*{_NUMBER} ?(?:/ ?10|out of (?:10|ten))?[\s\"'`*_{{}}\[\]().]*", re.I)
_THOUGHTS = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.IGNORECASE | re.DOTALL)
_UNCLOSED = re.compile(r"<(?:think|thinking|reasoning)>", re.IGNORECASE)


def read_verdict(reply: str) -> Verdict | None:
    """The verdict that a judge's reply gives, None where it gives none or several."""

    def named(word: str) -> Verdict | None:
        return _WORDS.get(re.sub(r"[ _-]", " ", word.lower()))

    return _read(reply, _VERDICT, _VERDICT_ALONE, named)


def read_rating(reply: str) -> float | None:
    """The rating from 1 to 10 that a judge's reply gives, None where it gives none, several, or one off the scale."""

    def number(text: str) -> float | None:
        value = float(text)
        return value if LOWEST <= value <= HIGHEST else None

    return _read(reply, _RATING, _RATING_ALONE, number)


def _read(reply: str, stated: re.Pattern[str], alone: re.Pattern[str], value: Callable[[str], T | None]) -> T | None:
    text = _UNCLOSED.split(_THOUGHTS.sub("", reply[-_LIMIT:]))[0].strip()
    if not text:
        return None
    found = [_group(match) for match in stated.finditer(text)]
    last = text.splitlines()[-1]
    if not found:
        only = alone.fullmatch(text) or alone.fullmatch(last)
        found = [_group(only)] if only else []
    values = [value(one) for one in found]
    if values and None not in values and len(set(values)) == 1:
        return values[0]
    ending = [_group(match) for match in stated.finditer(last)]
    return value(ending[0]) if len(ending) == 1 and len(last) < 80 else None


def _group(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)
