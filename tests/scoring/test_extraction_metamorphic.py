"""What must not change an answer, tried on every case of the corpus; and time that grows with the length only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cpu import seconds
from hypothesis import given, settings
from hypothesis import strategies as st

from finbench.scoring import extract_choice, extract_entities, extract_label, extract_number

CASES = Path(__file__).parent / "cases"
KINDS = ("choice", "label", "number", "entities")
SPECIAL = ("<", "◁", "[THINK", "[/THINK", "analysis", "```", "~~")
CORPUS = [
    {"kind": path.stem, **json.loads(line)}
    for path in sorted(CASES.glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
]


def value(case: dict[str, Any], output: str) -> Any:
    if case["kind"] == "choice":
        return extract_choice(output, case["choices"]).value
    if case["kind"] == "label":
        return extract_label(output, case["labels"]).value
    if case["kind"] == "number":
        return extract_number(output, case.get("question")).value
    return extract_entities(output, case.get("types", ["PER", "ORG", "LOC"])).value


def plain(kind: str) -> list[dict[str, Any]]:
    """The cases without tags, code or strikethrough of their own."""
    return [case for case in CORPUS if case["kind"] == kind and not any(sign in case["output"] for sign in SPECIAL)]


CHANGES = {
    "a closed block before": lambda text: f"<think>A or 7? positive, ORG</think>\n\n{text}",
    "an empty block before": lambda text: f"<think>\n\n</think>\n\n{text}",
    "blank lines around": lambda text: f"\n\n  {text}\n\n \n",
    "an end token behind": lambda text: f"{text}<|im_end|>",
    "a chat role before": lambda text: f"<|im_start|>assistant\n{text}",
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "zero-width spaces at the ends": lambda text: f"\u200b{text}\ufeff",
    "an offer of help behind": lambda text: f"{text}\n\nLet me know if you have any other questions!",
    "a wish behind": lambda text: f"{text}\n\nI hope this helps! Feel free to ask for more detail.",
    "a confidence behind": lambda text: f"{text}\n\nConfidence: 85%",
    "a disclaimer behind": lambda text: f"{text}\n\n*Disclaimer: This is not financial advice.*",
    "a pleasantry before": lambda text: f"Great question!\n\n{text}",
    "an announcement before": lambda text: f"Certainly. Let's work through this step by step.\n\n{text}",
    "rules around": lambda text: f"---\n\n{text}\n\n---",
    "a quotation of the whole": lambda text: "\n".join(f"> {line}" for line in text.split("\n")),
    "a section around": lambda text: f"<div>\n{text}\n</div>",
}
# Dress that also stands for something: brackets of a checkbox, a piece of a loop, an unclosed block that goes on.
UNSURE = ("<think", "[ ]", "[x]", "( )", "○", "☐")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", KINDS)
def test_dress_changes_no_answer(kind: str, change: str) -> None:
    wrong = [
        case["output"]
        for case in plain(kind)[::13]
        if not any(sign in case["output"] for sign in UNSURE)
        and value(case, CHANGES[change](case["output"])) != value(case, case["output"])
    ]
    assert not wrong, f"{len(wrong)} replies, such as {wrong[0]!r}"


def written(case: dict[str, Any]) -> str:
    """The expected answer of a case as a reply may write it."""
    expected = case["expected"]
    if case["kind"] != "number":
        return str(expected)
    amount, unit = f"{expected['value']:.15g}", expected["unit"]
    return {"percent": f"{amount}%", "currency": f"${amount}", "none": amount}.get(unit, f"{amount} {unit}")


def rival(case: dict[str, Any]) -> str:
    """Another answer that the case allows."""
    if case["kind"] == "number":
        return "777.5"
    allowed = case["labels"] if case["kind"] == "label" else "ABCDEFGH"[: max(2, len(case["choices"]))]
    return next(other for other in allowed if other != case["expected"])


FRAMES = {
    "Answer: {right}": True,
    "Answer: {wrong}\n\nActually, that's not right. Answer: {right}": True,
    "The answer is {wrong}.\n\nWait, I made a mistake. Let me redo this.\n\nThe correct answer is {right}.": True,
    "~~{wrong}~~ {right}": True,
    "Hmm, I think it's {wrong}.\n</think>\n\n{right}": True,
    "<think>\nIt might be {wrong}. Final answer: {wrong}\n</think>\n\n**Answer: {right}**": True,
    '```json\n{{"reasoning": "It is not {wrong}.", "answer": "{right}"}}\n```': True,
    "Question: Which one?\nAnswer: {right}\n\nQuestion: And now?\nAnswer: {wrong}": True,
    "### Final Answer\n{right}\n\nHuman: I think it is {wrong}.\n\nAssistant: You are right, {wrong}.": True,
    "Answer: {wrong}\n\nAnswer: {right}": False,
    "The final answer is {wrong}.\n\n**Final answer: {right}**": False,
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("kind", KINDS[:3])
def test_an_answer_in_a_frame_is_read_and_a_contradiction_is_not(kind: str, frame: str) -> None:
    cases = [case for case in CORPUS if case["kind"] == kind and case["expected"] is not None][::5]
    wrong = []
    for case in cases:
        if isinstance(case["expected"], float | int):
            continue
        found = value(case, frame.format(right=written(case), wrong=rival(case)))
        expected = case["expected"] if FRAMES[frame] else None
        if kind == "number" and expected is not None and found is not None:
            found = found.value
            expected = pytest.approx(expected["value"], rel=1e-12)
        if found != expected:
            wrong.append((written(case), found))
    assert not wrong, f"{len(wrong)} of {len(cases)}, such as {wrong[0]!r}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "item", ["\n\nQuestion: What is it?\nAnswer: D", "<|im_end|>\n<|im_start|>user\nnegative, 99, IBM, ORG"]
)
def test_a_made_up_continuation_changes_no_answer(kind: str, item: str) -> None:
    answered = [case for case in plain(kind)[1::6] if case["expected"] is not None]
    wrong = [case["output"] for case in answered if value(case, case["output"] + item) != value(case, case["output"])]
    assert not wrong, f"{len(wrong)} replies, such as {wrong[0]!r}"


TWO_REPLIES = st.tuples(*(st.sampled_from([case for case in CORPUS if case["kind"] == "choice"]),) * 2)


@settings(max_examples=100, deadline=None)
@given(TWO_REPLIES, st.integers(0, 400))
def test_any_piece_of_any_reply_gives_an_allowed_answer_or_none(pair: tuple[dict[str, Any], ...], cut: int) -> None:
    first, second = pair
    mixed = first["output"][:cut] + second["output"][cut // 2 :]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(first["choices"])]
    assert extract_choice(mixed, first["choices"]).value in {None, *letters}
    assert extract_label(mixed, ["good", "bad"]).value in {None, "good", "bad"}
    number = extract_number(mixed)
    assert (number.value is None) == (number.outcome != "answered")
    for name, kind in extract_entities(mixed, ["PER", "ORG", "LOC"]).value or []:
        assert name.strip()
        assert kind == kind.upper()


PIECES = [
    "(",
    ")",
    "</think>",
    "<think>",
    "A\n",
    "7",
    "1,",
    '"',
    "é ",
    "Answer: B\nAnswer: C\n",
    "Acme - ",
    "Question: x\n",
]


def taken(kind: str, text: str) -> float:
    case = {"kind": kind, "choices": ["up", "down", "$12,500"], "labels": ["good", "bad"], "question": "How many?"}
    return seconds(lambda: value(case, text), tries=2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("head", ["a", "The answer is A", "1"])
def test_a_long_gap_between_two_words_takes_no_time(kind: str, head: str) -> None:
    for filler in " \n\t*-_.(\"'0,:#|$":
        short, long = (f"{head}{filler * size}b" for size in (10_000, 40_000))
        assert taken(kind, long) <= 9 * max(taken(kind, short), 0.02), filler


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_four_times_the_length_takes_no_more_than_nine_times_as_long(kind: str, piece: str) -> None:
    """Sixteen times would be quadratic; times under 20 ms are taken as 20, so that noise does not decide."""
    short, long = (piece * (size // len(piece)) for size in (40_000, 160_000))
    assert taken(kind, long) <= 9 * max(taken(kind, short), 0.02)
