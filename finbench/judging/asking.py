"""Asking a judge until its reply says something that can be counted, or for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser, GenerateConfig, Model

from finbench.judging.wording import prompt_file

T = TypeVar("T")
#: How often a judge is asked in all.
ATTEMPTS = 3
_SETTINGS = GenerateConfig(temperature=0.0, max_tokens=2048)


class UnreadableJudgeError(RuntimeError):
    """A judge that gave no verdict however often it was asked: the instrument failed, not the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Generic[T]):
    """What a judge said.

    Attributes:
        value: the verdict or rating; None where there is none to be read.
        text: the judge's reply as it is.
        attempts: how often it was asked.
    """

    value: T | None
    text: str
    attempts: int


async def consult(model: Model, prompt: str, read: Callable[[str], T | None]) -> Judgement[T]:
    """Ask a judge, again where its reply cannot be read, with that reply before its eyes."""
    from finbench.tasks.solving import be_greedy, use_plain_text

    be_greedy(model.api)
    use_plain_text(model.api)
    messages: list[ChatMessage] = [ChatMessageUser(content=prompt)]
    text = ""
    for attempt in range(1, ATTEMPTS + 1):
        text = (await model.generate(messages, config=_SETTINGS)).completion
        value = read(text)
        if value is not None:
            return Judgement(value=value, text=text, attempts=attempt)
        messages = [
            *messages,
            ChatMessageAssistant(content=text.strip() or "(no reply)"),
            ChatMessageUser(content=prompt_file("repeat")),
        ]
    return Judgement(value=None, text=text, attempts=ATTEMPTS)


async def verdict_of(model: Model, prompt: str, read: Callable[[str], T | None]) -> tuple[T, str]:
    """The verdict or rating of a judge, and its reply.

    Raises:
        UnreadableJudgeError: if no reply could be read; the sample is then an error and not a wrong answer.
    """
    found = await consult(model, prompt, read)
    if found.value is None:
        raise UnreadableJudgeError(
            f"the judge {model} gave no verdict that can be read in {found.attempts} replies, the last of them "
            f"{found.text.strip()[:80]!r}"
        )
    return found.value, found.text
