"""Asking the two models: the policy by its settings, the GenRM until its reply can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
    ResponseSchema,
)
from inspect_ai.solver import TaskState
from inspect_ai.util import JSONSchema

from finbench.preference.schema import Settings
from finbench.preference.wording import REPEAT
from finbench.scoring.text import is_refusal

T = TypeVar("T")
_STOPPED = "genrm_stop_reason"


class UnreadVerdictError(RuntimeError):
    """A GenRM gave no verdict where no rule applies; the message is a key of `REASONS`."""


async def ask(
    model: Model,
    prompt: str,
    read: Callable[[str], T | None],
    settings: Settings,
    state: TaskState | None = None,
    *,
    fields: Sequence[str] = (),
) -> tuple[T | None, str]:
    """Ask a GenRM until its reply can be read, or `settings.attempts` times; what is said goes into the sample.

    Returns:
        What was read, None if nothing could be, and the last reply.
    """
    from finbench.tasks.solving import be_greedy, use_plain_text

    be_greedy(model.api)
    use_plain_text(model.api)
    schema = None
    if fields and settings.structured:
        properties = {name: JSONSchema(type="string") for name in fields}
        schema = ResponseSchema(
            name="lesson", json_schema=JSONSchema(type="object", properties=properties, required=list(fields))
        )
    config = GenerateConfig(temperature=0.0, max_tokens=settings.genrm_max_tokens, response_schema=schema)
    messages: list[ChatMessage] = [ChatMessageUser(content=prompt)]
    value: T | None = None
    text = ""
    for attempt in range(settings.attempts):
        if attempt:
            messages.append(ChatMessageUser(content=REPEAT))
        output = await model.generate(messages, config=config)
        text = output.completion
        messages.append(ChatMessageAssistant(content=text.strip() or "(no reply)"))
        value = read(text)
        if state is not None:
            state.metadata[_STOPPED] = output.stop_reason
        if value is not None:
            break
    if state is not None:
        state.messages.extend(messages)
    return value, text


def why_unread(state: TaskState | None, reply: str) -> str:
    """Why the last reply says nothing: a key of `REASONS`."""
    stopped = None if state is None else state.metadata.get(_STOPPED)
    if stopped == "content_filter" or is_refusal(reply):
        return "refused"
    return "cut_off" if stopped in ("max_tokens", "model_length") else "unreadable"


async def say(
    model: Model, messages: list[ChatMessage], settings: Settings, index: int, fields: dict[str, Any] | None = None
) -> ModelOutput:
    """What a policy says, sampled; `index` is added to the seed, `fields` go beside the messages."""
    from finbench.tasks.solving import use_plain_text

    use_plain_text(model.api)
    config = GenerateConfig(
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens,
        seed=settings.seed + index,
        extra_body=fields,
    )
    return await model.generate(messages, config=config)
