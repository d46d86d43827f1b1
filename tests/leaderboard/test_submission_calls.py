"""Logs whose record of the model's calls says something else than the log: each way to gain by it is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from submissions import description, edit_log, log_of, outcome, submit


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


def answered_before_and_tried_again(log: Any) -> None:
    from inspect_ai.log import EvalRetryError

    for sample in log.samples:
        tried = [call.model_copy(deep=True) for call in calls(sample)]
        sample.error_retries = [EvalRetryError(message="wrong", traceback="", traceback_ansi="", events=tried)]


def tried_again_and_nothing_said_of_it(log: Any) -> None:
    answered_before_and_tried_again(log)
    for sample in log.samples:
        sample.error_retries[0].events = None


def a_solver_of_its_own(log: Any) -> None:
    log.eval.solver = "until_right"


def ten_choices(log: Any) -> None:
    for sample in log.samples:
        output = calls(sample)[0].output
        output.choices = output.choices * 10
        sample.output = output


def searched_the_web(log: Any) -> None:
    from inspect_ai.model import ContentText, ContentToolUse

    for sample in log.samples:
        used = ContentToolUse(tool_type="web_search", id="1", name="web_search", arguments="{}", result="it rose")
        content = [used, ContentText(text=sample.output.completion)]
        for message in (sample.messages[-1], sample.output.choices[0].message, calls(sample)[0].output.message):
            message.content = list(content)


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
        (_config(extra_body={"guided_choice": ["positive"]}), "another extra_body than the log says"),
        (_config(best_of=4), "another best_of than the log says"),
        (_config(num_choices=3), "another num_choices than the log says"),
        (_config(stop_seqs=["negative"]), "another stop_seqs than the log says"),
        (answered_before_and_tried_again, "the model was asked more than once"),
        (tried_again_and_nothing_said_of_it, "the model was asked more than once"),
        (a_solver_of_its_own, "was answered by the solver until_right instead of the task's own"),
        (ten_choices, "the answer is more than words"),
        (searched_the_web, "the answer is more than words"),
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


def an_earlier_try_without_an_answer(log: Any) -> None:
    answered_before_and_tried_again(log)
    for sample in log.samples:
        sample.error_retries[0].events[0].error = "status 400"


def one_choice_asked_for(log: Any) -> None:
    _config(num_choices=1)(log)


def thoughts_of_its_own(log: Any) -> None:
    """As a model answers that shows its reasoning."""
    from inspect_ai.model import ContentReasoning, ContentText

    for sample in log.samples:
        answer = sample.output.completion
        content = [ContentReasoning(reasoning="It says that profit rose."), ContentText(text=answer)]
        for message in (sample.messages[-1], sample.output.choices[0].message, calls(sample)[0].output.message):
            message.content = list(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda log: None,
        a_failed_call_before,
        an_earlier_try_without_an_answer,
        one_choice_asked_for,
        thoughts_of_its_own,
    ],
)
def test_honest_records_are_accepted(submission: Path, change: Any) -> None:
    edit_log(submission / "logs/run.eval", change)
    code, said = outcome(submission)
    assert code == 0 and "re-scored" in said, said


def test_what_finbench_eval_leaves_is_a_submission_as_it_lies(model_server: str, tmp_path: Path) -> None:
    """The route of docs/submitting.md, with the files that Inspect keeps beside its logs."""
    folder = tmp_path / "submission"
    command = ["eval", "--model", "openai-api/lab/atlas", "--name", "atlas", "--tasks", "fin_tone", "--limit", "12"]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "finbench"), *command, "--log-dir", str(folder / "logs")],
        env={**os.environ, "LAB_API_KEY": "none", "LAB_BASE_URL": model_server},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (folder / "model.yaml").write_text(description("atlas"), encoding="utf-8")
    books = {path.name for path in folder.rglob("*") if path.is_file()} - {"model.yaml"}
    assert "logs.json" in books and ".eval-set-id" in books
    code, said = outcome(folder)
    assert code == 0 and "re-scored" in said, said

    head = next(folder.rglob("*.eval"))
    (head.parent / "logs.json").write_text('{"version": 2, "status": "success"}', encoding="utf-8")
    code, said = outcome(folder)
    assert code == 1 and "logs.json does not belong into a submission" in said, said


def test_a_log_that_was_broken_off_is_named_with_the_way_out(submission: Path) -> None:
    with zipfile.ZipFile(submission / "logs/broken.eval", "w") as archive:
        archive.writestr("_journal/start.json", "{}")
    code, said = outcome(submission)
    assert code == 1 and "broken.eval is no finished log of Inspect" in said and "delete it" in said, said
