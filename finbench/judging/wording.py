"""The words that a judge is given: prompt files of the package, filled in, with the judged text fenced off."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

#: A reply is judged by its end if it is longer than this many characters.
LONGEST = 12_000
_FIELD = re.compile(r"\{\{(\w+)\}\}")
_THOUGHTS = re.compile(r"<(think|thinking|reasoning|analysis)>.*?</\1>", re.IGNORECASE | re.DOTALL)
_CLOSING = re.compile(r"</(?:think|thinking|reasoning|analysis)>", re.IGNORECASE)
_OPENING = re.compile(r"<(?:think|thinking|reasoning|analysis)>", re.IGNORECASE)
_EMPTY = "(the reply is empty)"


@cache
def prompt_file(name: str) -> str:
    """The text of a prompt file, for example `answer`."""
    return resources.files("finbench.judging").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip("\n")


def prompts_sha256(names: Sequence[str]) -> str:
    """Fingerprint of prompt files, 16 hex digits; recorded with a run, since other words are another judge."""
    return hashlib.sha256("\x00".join(prompt_file(name) for name in names).encode()).hexdigest()[:16]


def answer_prompt(question: str, reference: str, answer: str) -> str:
    """What a judge is asked about one answer and its reference."""
    shown = visible(answer)
    return _fill(
        prompt_file("answer"),
        question=question,
        reference=reference,
        answer=shown,
        mark=mark(question, reference, shown),
    )


def chat_prompt(turns: Sequence[tuple[str, str]], solution: str | None = None) -> str:
    """What a judge is asked about the last reply of a conversation.

    Args:
        turns: message and reply of each turn.
        solution: a solution to the last message, where there is one.
    """
    shown = [(asked, visible(reply)) for asked, reply in turns]
    fence = mark(*(text for turn in shown for text in turn), solution or "")
    conversation = "\n\n".join(
        f"Message {number} of the user:\n{asked}\n\n===== begin of reply {number} {fence} =====\n{reply}\n"
        f"===== end of reply {number} {fence} ====="
        for number, (asked, reply) in enumerate(shown, 1)
    )
    reference = _fill(prompt_file("chat_reference"), solution=solution) + "\n" if solution else ""
    return _fill(prompt_file("chat"), reference=reference, conversation=conversation, mark=fence)


def mark(*texts: str) -> str:
    """The mark of the fence: a hash over all that is judged, so that no text can hold its own.

    The same texts give the same mark, and so the same prompt, which caches and records rely on.
    """
    whole = "\x00".join(texts)
    found = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:16]
    while found in whole:
        found = hashlib.sha256(found.encode()).hexdigest()[:16]
    return found


def visible(reply: str) -> str:
    """What a reader sees of a reply: without its reasoning blocks, and of a very long one the end."""
    text = _THOUGHTS.sub("", reply)
    *_, text = _CLOSING.split(text)
    text = _OPENING.split(text)[0].strip()
    if len(text) > LONGEST:
        text = "[...]\n" + text[-LONGEST:]
    return text or _EMPTY


def is_empty(reply: str) -> bool:
    """Whether nothing is left of a reply that could be judged."""
    return visible(reply) == _EMPTY


def _fill(template: str, **fields: str) -> str:
    """The template with its fields, in one pass: what is filled in is never read as a field."""
    return _FIELD.sub(lambda match: fields[match[1]], template)
