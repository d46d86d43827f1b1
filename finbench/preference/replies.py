"""What a GenRM's reply holds, and whether its quote and its correction may be used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finbench.preference.schema import Step
from finbench.preference.steps import segment

QUOTE, WHY, CORRECTED = "first_wrong_step", "why", "corrected_step"
_LIMIT = 20_000
_OBJECTS = 50
_THOUGHTS = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.IGNORECASE | re.DOTALL)
_ANSWER_LINE = re.compile(r"\W*(?:final )?answer\b\W*(?:is\b)?\s*:?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a reply says: the quote, what is wrong with it, and the corrected step; texts as they are."""

    quote: str
    why: str
    correction: str


def read_lesson(reply: str, *, needs: Sequence[str] = (QUOTE,)) -> Lesson | None:
    """Read a reply leniently: the last JSON object in it that has the fields needed; None where there is none.

    Words around the object, code fences, reasoning before it and raw line breaks in its texts do no harm; half an
    object does.

    Args:
        reply: what the model wrote; its last 20,000 characters are read.
        needs: fields that must be there and be texts or null.
    """
    text = _THOUGHTS.sub("", reply[-_LIMIT:])
    decoder = json.JSONDecoder(strict=False)
    found: Lesson | None = None
    at = text.find("{")
    for _ in range(_OBJECTS):
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found = _lesson(value, needs) or found
        at = text.find("{", end)
    return found


def _lesson(value: object, needs: Sequence[str]) -> Lesson | None:
    if not isinstance(value, Mapping):
        return None
    fields = {re.sub(r"\W+", "_", str(key).strip().lower()): content for key, content in value.items()}
    texts = {name: fields.get(name) for name in (QUOTE, WHY, CORRECTED)}
    if any(name not in fields for name in needs) or not all(isinstance(one, str | None) for one in texts.values()):
        return None
    return Lesson(
        quote=str(texts[QUOTE] or "").strip(),
        why=str(texts[WHY] or "").strip(),
        correction=str(texts[CORRECTED] or "").strip(),
    )


def find_quote(text: str, quote: str) -> tuple[int | None, str]:
    """The step that a quote stands for.

    Accepted is an exact substring that begins where a step begins and ends where a step ends, at one place only; of a
    quote over several steps the first counts.

    Returns:
        The step's index and an empty reason, or None and a key of `REASONS`.
    """
    quote = quote.strip()
    if not quote:
        return None, "no_wrong_step"
    if quote not in text:
        return None, "quote_absent"
    starts = {step.start + len(step.text) - len(step.text.lstrip()): step.index for step in segment(text)}
    ends = {step.start + len(step.text.rstrip()) for step in segment(text)}
    places = []
    at = text.find(quote)
    while at >= 0:
        if at in starts and at + len(quote) in ends:
            places.append(starts[at])
        at = text.find(quote, at + 1)
    if len(places) == 1:
        return places[0], ""
    return None, "quote_ambiguous" if places else "quote_off_boundary"


def check_correction(wrong: Step, correction: str) -> str:
    """Why a correction may not stand in for a wrong step: a key of `REASONS`, or empty where it may."""
    correction = correction.strip()
    if not correction:
        return "correction_empty"
    if " ".join(correction.split()) == " ".join(wrong.text.split()):
        return "correction_same"
    lines = [line for line in correction.splitlines() if line.strip()]
    if len(lines) > max(1, len([line for line in wrong.text.splitlines() if line.strip()])):
        return "correction_many_steps"
    if gives_answer(correction) and not gives_answer(wrong.text):
        return "correction_gives_answer"
    return ""


def gives_answer(step: str) -> bool:
    """Whether a step announces the final answer."""
    return any(_ANSWER_LINE.match(line) for line in step.splitlines())
