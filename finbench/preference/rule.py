"""The rule that judges a final answer: the task's own extractor against its reference; no model is asked."""

from __future__ import annotations

from typing import Any

from finbench.preference.schema import PromptItem
from finbench.scoring.amounts import equal_amounts
from finbench.scoring.choice import extract_choice
from finbench.scoring.label import extract_label
from finbench.scoring.number import extract_number
from finbench.scoring.outcome import Extraction, Outcome
from finbench.taxonomy import AnswerKind

_RULED = (AnswerKind.CHOICE, AnswerKind.LABEL, AnswerKind.NUMBER)
_YES_NO = ["yes", "no"]
_CUT = ("max_tokens", "model_length")


def has_rule(item: PromptItem) -> bool:
    """Whether a rule judges this item: its answer is a letter, a label or a number."""
    return item.answer in _RULED


def judge_by_rule(item: PromptItem, text: str, stop_reason: str = "stop") -> tuple[Outcome, str | None]:
    """The outcome of a solution, as the task's scorer gives it, and the answer that was read.

    Args:
        item: what was asked; `has_rule` must hold.
        text: the whole solution.
        stop_reason: Inspect's word for why it ended.

    Raises:
        ValueError: if no rule judges items of this kind.
    """
    if item.answer == AnswerKind.CHOICE:
        choice = extract_choice(text, list(item.choices))
        return _outcome(choice, choice.value == item.gold, stop_reason), choice.value
    if item.answer == AnswerKind.LABEL or item.gold in _YES_NO:
        label = extract_label(text, list(item.labels) or _YES_NO)
        return _outcome(label, label.value == item.gold, stop_reason), label.value
    if item.answer == AnswerKind.NUMBER:
        number = extract_number(text, None if item.problem is not None else item.question or None)
        found = number.value
        right = found is not None and equal_amounts(found, float(item.gold), gold_unit=item.unit)
        return _outcome(number, right, stop_reason), None if found is None else f"{found.value:.12g} {found.unit}"
    raise ValueError(f"no rule judges answers of kind {item.answer!r} ({item.id})")


def _outcome(found: Extraction[Any], right: bool, stop_reason: str) -> Outcome:
    if found.value is not None:
        return Outcome.CORRECT if right else Outcome.WRONG
    if stop_reason == "content_filter" or found.outcome == "refused":
        return Outcome.REFUSED
    return Outcome.TRUNCATED if stop_reason in _CUT else Outcome.UNPARSED
