"""What a model's reply holds: points, or exercises; and whether an exercise may be used."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from finbench.curation.schema import CRITERIA, Exercise

_LIMIT = 100_000
_OBJECTS = 200
_THOUGHTS = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.IGNORECASE | re.DOTALL)
_POINTS = {"0": 0, "no": 0, "false": 0, "1": 1, "yes": 1, "true": 1}
_LEANS = re.compile(
    r"\b(?:the|this) (?:\w+ )?(?:passage|text|excerpt|author)\b|"
    r"\b(?:table|figure|exhibit|example|equation) (?:above|below|\d+(?:\.\d+)*)\b",
    re.IGNORECASE,
)
#: Characters of the shortest quote that counts as evidence.
SHORTEST_QUOTE = 20


@dataclass(frozen=True, kw_only=True)
class Points:
    """A reply's points for each statement, and its reason."""

    points: Mapping[str, int]
    why: str


@dataclass(frozen=True, kw_only=True)
class Offered:
    """The exercises that a reply offers, unchecked; `cut`: the reply broke off behind them."""

    exercises: tuple[object, ...]
    cut: bool = False


def read_points(reply: str) -> Points | None:
    """Read a reply leniently: the last JSON object with all five statements; None where there is none.

    A point is 1, true or yes; words around the object and reasoning before it do no harm, half an object does.
    """
    found: Points | None = None
    for value in _objects(reply):
        fields = _named(value)
        points = {name: _point(fields.get(name)) for name in CRITERIA}
        whole = {name: point for name, point in points.items() if point is not None}
        if len(whole) == len(CRITERIA):
            found = Points(points=whole, why=_whole(str(fields.get("why") or "")).strip())
    return found


def read_exercises(reply: str) -> Offered | None:
    """Read a reply leniently: the last JSON object with a list `exercises`; None where there is none.

    Of a list that breaks off the whole entries are read.
    """
    found: Offered | None = None
    loose: list[object] = []
    for value in _objects(reply):
        fields = _named(value)
        entries = fields.get("exercises")
        if isinstance(entries, list):
            found = Offered(exercises=tuple(entries))
        elif "question" in fields and "answer" in fields:
            loose.append(value)
    if found is None and loose:
        found = Offered(exercises=tuple(loose), cut=True)
    return found


def check_exercise(value: object, passage: str) -> tuple[Exercise | None, str]:
    """An offered exercise if it may be used, else None and a key of `EXERCISE_REASONS`.

    Args:
        value: what the reply holds.
        passage: the text that the quotes must stand in; only the length of blanks and line breaks may differ.
    """
    if not isinstance(value, Mapping):
        return None, "malformed"
    fields = _named(value)
    texts = {name: _text(fields.get(name)) for name in ("question", "answer", "scenario", "solution")}
    choices, quotes = _texts(fields.get("choices")), _texts(fields.get("evidence"))
    if None in texts.values() or choices is None or quotes is None:
        return None, "malformed"
    question, answer, scenario, solution = (
        texts[name] or "" for name in ("question", "answer", "scenario", "solution")
    )
    if not question:
        return None, "question_empty"
    if not answer:
        return None, "answer_empty"
    if any(_LEANS.search(text) for text in (question, scenario)):
        return None, "leans_on_text"
    if choices:
        if len(choices) == 1:
            return None, "choices_too_few"
        if len({_plain(choice) for choice in choices}) < len(choices):
            return None, "choices_repeat"
        right = [choice for choice in choices if _plain(choice) == _plain(answer)]
        if not right:
            return None, "answer_no_choice"
        answer = right[0]
    if not quotes:
        return None, "evidence_missing"
    spans = []
    for quote in quotes:
        if len(quote) < SHORTEST_QUOTE:
            return None, "evidence_short"
        span = find_span(passage, quote)
        if span is None:
            return None, "evidence_absent"
        spans.append(span)
    return (
        Exercise(
            question=question,
            answer=answer,
            scenario=scenario,
            choices=tuple(choices),
            solution=solution,
            spans=tuple(spans),
        ),
        "",
    )


def check_exercises(offered: Offered, passage: str, most: int) -> tuple[tuple[Exercise, ...], dict[str, int]]:
    """The exercises of a reply that may be used, at most `most`, and counts of the others by reason."""
    kept: list[Exercise] = []
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    for value in offered.exercises:
        exercise, reason = check_exercise(value, passage)
        if exercise is not None:
            key = _plain(f"{exercise.scenario} {exercise.question}")
            reason = "repeated" if key in seen else "too_many" if len(kept) == most else ""
            seen.add(key)
        if exercise is None or reason:
            left_out[reason] += 1
        else:
            kept.append(exercise)
    return tuple(kept), dict(sorted(left_out.items()))


def find_span(passage: str, quote: str) -> tuple[int, int] | None:
    """Where a quote first stands in a passage: start and end, so that `passage[start:end]` is what was quoted.

    Every character must be the same; only a run of blanks and line breaks may be another run, since prose is
    copied with its lines joined.
    """
    parts = quote.split()
    if not parts:
        return None
    found = re.search(r"\s+".join(map(re.escape, parts)), passage)
    return None if found is None else found.span()


def _objects(reply: str) -> Iterator[object]:
    """The JSON objects of a text, outermost first where they can be read whole."""
    text = _THOUGHTS.sub("", reply[-_LIMIT:])
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    for _ in range(_OBJECTS):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _named(value: object) -> dict[str, object]:
    """The fields of an object under names as they were asked for; of nothing else there are none."""
    if not isinstance(value, Mapping):
        return {}
    return {re.sub(r"\W+", "_", str(key).strip().lower()): content for key, content in value.items()}


def _point(value: object) -> int | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return int(value) if value in (0, 1) else None
    return _POINTS.get(value.strip().lower()) if isinstance(value, str) else None


def _text(value: object) -> str | None:
    """A text without the space around it; nothing is an empty one, numbers are as they are written."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return _whole(str(value)).strip()


def _whole(text: str) -> str:
    """A text without the halves of characters that JSON can name and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _texts(value: object) -> list[str] | None:
    """A list of texts; one text is a list of one, nothing is an empty list, empty texts are left out."""
    if isinstance(value, str):
        value = [value]
    if value is None:
        return []
    if not isinstance(value, list):
        return None
    found = [_text(one) for one in value]
    return None if None in found else [one for one in found if one]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
