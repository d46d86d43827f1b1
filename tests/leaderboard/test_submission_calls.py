"""Logs whose record of the model's calls says something else than the log: each way to gain by it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from submissions import edit_log, log_of, outcome, submit


@pytest.fixture
def submission(logs: Path, tmp_path: Path) -> Path:
    return submit(tmp_path / "submission", log_of(logs, "atlas", "fin_tone", 30))


def calls(sample: Any) -> list[Any]:
    return [event for event in sample.events if event.event == "model"]


def a_second_call_with_a_hint(log: Any) -> None:
    from inspect_ai.model import ChatMessageUser

    for sample in log.samples:
        (call,) = calls(sample)
        again = call.model_copy(deep=True, update={"uuid": None})
        again.input = [ChatMessageUser(content=f"Answer with {sample.target}.")]
        sample.events.insert(sample.events.index(call) + 1, again)


def asked_until_it_was_right(log: Any) -> None:
    for sample in log.samples:
        (call,) = calls(sample)
        sample.events.insert(sample.events.index(call), call.model_copy(deep=True, update={"uuid": None}))


def a_failed_call_with_a_hint(log: Any) -> None:
    a_second_call_with_a_hint(log)
    for sample in log.samples:
        calls(sample)[1].error = "timed out"


def another_model_answered(log: Any) -> None:
    for sample in log.samples:
        calls(sample)[0].model = "openai/another"


def another_model_used_tokens(log: Any) -> None:
    log.stats.model_usage["openai/another"] = log.stats.model_usage[log.eval.model]


def messages(log: Any) -> list[Any]:
    """Each message to the model, wherever it stands; one object may stand in several places."""
    found = []
    for sample in log.samples:
        for part in (sample.input, sample.messages, *(call.input for call in calls(sample))):
            found += [message for message in part if message.role == "user"]
    return found


def a_picture_beside_the_words(log: Any) -> None:
    from inspect_ai.model import ContentImage, ContentText

    for message in messages(log):
        if isinstance(message.content, str):
            message.content = [ContentText(text=message.content), ContentImage(image="data:image/png;base64,iVBORw0=")]


def a_thought_beside_the_words(log: Any) -> None:
    from inspect_ai.model import ContentReasoning, ContentText

    for message in messages(log):
        if isinstance(message.content, str):
            message.content = [ContentText(text=message.content), ContentReasoning(reasoning="it is positive")]


def a_tool_that_knows(log: Any) -> None:
    from inspect_ai.tool import ToolInfo

    for sample in log.samples:
        calls(sample)[0].tools = [ToolInfo(name="oracle", description=f"The answer is {sample.target}")]


def _config(**changes: Any) -> Callable[[Any], None]:
    def change(log: Any) -> None:
        for sample in log.samples:
            call = calls(sample)[0]
            call.config = call.config.model_copy(update=changes)

    return change


def cut_or_not(log: Any) -> None:
    for sample in log.samples:
        sample.output = sample.output.model_copy(deep=True)
        sample.output.choices[0].stop_reason = "max_tokens"


def a_word_put_in_between(log: Any) -> None:
    from inspect_ai.model import ChatMessageUser

    for sample in log.samples:
        sample.messages.insert(-1, ChatMessageUser(content="Think again."))


def an_endless_answer(log: Any) -> None:
    sample = log.samples[0]
    answer = "a" + " " * 300_000 + "b"
    for output in (sample.output, calls(sample)[0].output):
        output.choices[0].message.content = output.completion = answer
    sample.messages[-1].content = answer


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (a_second_call_with_a_hint, "the model was asked something else than the log says"),
        (asked_until_it_was_right, "the model was asked more than once"),
        (a_failed_call_with_a_hint, "the model was asked something else than the log says"),
        (another_model_answered, "openai/another was asked, and not openai-api/lab/atlas"),
        (another_model_used_tokens, "counts tokens of openai/another, and was run on openai-api/lab/atlas"),
        (a_picture_beside_the_words, "a message holds something else than text"),
        (a_thought_beside_the_words, "a message holds something else than text"),
        (a_tool_that_knows, "the model had tools"),
        (_config(temperature=1.5), "was asked with another temperature than the log says"),
        (_config(max_tokens=8192), "was asked with another max_tokens than the log says"),
        (_config(logit_bias={1: 100.0}), "was asked with another logit_bias than the log says"),
        (_config(fallback_models=["openai/another"]), "was asked with another fallback_models than the log says"),
        (cut_or_not, "the answer is not the one that the model gave"),
        (a_word_put_in_between, "the messages are not the question and its answer"),
        (an_endless_answer, "the answer has more than 200,000 characters"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_record_that_contradicts_its_log_is_refused(submission: Path, change: Any, reason: str) -> None:
    edit_log(submission / "logs/run.eval", change)
    code, said = outcome(submission)
    assert code == 1 and reason in said, said


def a_failed_call_before(log: Any) -> None:
    for sample in log.samples:
        (call,) = calls(sample)
        failed = call.model_copy(deep=True, update={"uuid": None, "error": "connection lost"})
        sample.events.insert(sample.events.index(call), failed)


def thoughts_of_its_own(log: Any) -> None:
    """As a model answers that shows its reasoning."""
    from inspect_ai.model import ContentReasoning, ContentText

    for sample in log.samples:
        answer = sample.output.completion
        content = [ContentReasoning(reasoning="It says that profit rose."), ContentText(text=answer)]
        for message in (sample.messages[-1], sample.output.choices[0].message, calls(sample)[0].output.message):
            message.content = list(content)


@pytest.mark.parametrize("change", [lambda log: None, a_failed_call_before, thoughts_of_its_own])
def test_honest_records_are_accepted(submission: Path, change: Any) -> None:
    edit_log(submission / "logs/run.eval", change)
    code, said = outcome(submission)
    assert code == 0 and "re-scored" in said, said
