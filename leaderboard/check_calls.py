"""What the record of the calls says against a log: asked otherwise, of another model, or not the answer that is scored.

A record made up as a whole agrees with itself, and nothing here can tell; that is what a reproduction is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finbench.results.runs import Run
from finbench.tasks.catalogue import CARDS
from finbench.taxonomy import AnswerKind
from leaderboard.text import clean

if TYPE_CHECKING:
    from inspect_ai.event import ModelEvent
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import ChatMessage, GenerateConfig

_MAX_ANSWER = 200_000
#: Settings of a call that can write an answer or have another model write it.
_STEERING = (
    *("logit_bias", "response_schema", "fallback_models", "extra_body", "best_of", "num_choices", "internal_tools"),
    "stop_seqs",
)


def call_faults(log: EvalLog, samples: list[EvalSample], run: Run) -> list[str]:
    """Whether each answer is the one that the model of the log gave, under its settings, to what was asked.

    A question is asked once. Tasks that a judge decides may talk for several turns, and the judge's calls are beside
    the point: of those the last answer counts.

    Returns:
        The first fault, if there is one.
    """
    if run.settings.weighed:
        return ["options were weighed by log-likelihood, which no record of calls shows; submit a run that answers"]
    if log.eval.solver:
        return [f"was answered by the solver {clean(log.eval.solver)} instead of the task's own"]
    judged = CARDS[run.task].answer is AnswerKind.JUDGED
    for sample in samples:
        calls = [event for event in sample.events if event.event == "model" and not (judged and event.role)]
        fault = _words_fault(sample, calls, once=not judged) or next(
            (found for call in calls if (found := _call_fault(call, log, run))), ""
        )
        if fault:
            return [f"{fault}, in sample {clean(str(sample.id))}"]
    others = sorted(set(log.stats.model_usage) - {log.eval.model})
    if others and not judged:
        return [f"counts tokens of {clean(others[0])}, and was run on {clean(log.eval.model)}"]
    return []


def _words_fault(sample: EvalSample, calls: list[ModelEvent], *, once: bool) -> str:
    answer = sample.output.completion
    if len(answer) > _MAX_ANSWER:
        return f"the answer has more than {_MAX_ANSWER:,} characters"
    if not calls:
        return "there is no record of the model's answer"
    asked = [("user", sample.input)] if isinstance(sample.input, str) else _texts(sample.input)
    said = [*([] if isinstance(sample.input, str) else sample.input), *(one for call in calls for one in call.input)]
    if not all(_is_text(message) for message in (*said, *sample.messages[:-1])):
        return "a message holds something else than text"
    if not all(_is_text(one, of_the_model=True) for one in sample.messages[-1:]) or any(
        len(call.output.choices) > 1 for call in calls
    ):
        return "the answer is more than words"
    if any(_texts(call.input) != asked for call in (calls if once else calls[:1])):
        return "the model was asked something else than the log says"
    if once and (len([call for call in calls if call.error is None]) != 1 or _was_answered_before(sample)):
        return "the model was asked more than once"
    given = next((call.output for call in reversed(calls) if call.error is None), None)
    if given is None or (given.completion, given.stop_reason) != (answer, sample.output.stop_reason):
        return "the answer is not the one that the model gave"
    held = _texts(sample.messages)
    if held[-1:] != [("assistant", answer)] or (once and held[:-1] != asked):
        return "the messages are not the question and its answer"
    return ""


def _texts(messages: list[ChatMessage]) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in messages]


def _was_answered_before(sample: EvalSample) -> bool:
    """Whether an earlier try of a sample had an answer, or does not say: only a try without one may be repeated."""
    return any(
        one.events is None or any(event.event == "model" and event.error is None for event in one.events)
        for one in sample.error_retries or []
    )


def _is_text(message: ChatMessage, *, of_the_model: bool = False) -> bool:
    """Whether a message is words alone. What a model thought before it answered is its own."""
    kinds = {"text", "reasoning"} if of_the_model else {"text"}
    words = isinstance(message.content, str) or all(part.type in kinds for part in message.content)
    return words and message.role != "tool" and not getattr(message, "tool_calls", None)


def _call_fault(call: ModelEvent, log: EvalLog, run: Run) -> str:
    if call.model != log.eval.model:
        return f"{clean(call.model)} was asked, and not {clean(log.eval.model)}"
    if call.tools:
        return "the model had tools"
    differs = _setting_that_differs(call.config, run)
    return f"the model was asked with another {differs} than the log says" if differs else ""


def _setting_that_differs(config: GenerateConfig, run: Run) -> str:
    for name in ("temperature", "max_tokens"):
        said = getattr(run.settings, name)
        if said is not None and getattr(config, name) != said:
            return name
    usual = {"stop_seqs": list(CARDS[run.task].generation.stop), "best_of": 1, "num_choices": 1}
    given = {name: getattr(config, name) for name in _STEERING}
    return next((name for name, value in given.items() if value and value != usual.get(name)), "")
