"""The Inspect tasks of curation: each sample leaves one record in its metadata.

Run them as any task (`inspect eval finbench/curation_quality -T data=rows.jsonl --model ...`), or by
`finbench.curation.running`, which goes on where it stopped and reads the records back.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ResponseSchema,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import JSONSchema

from finbench import __version__
from finbench.curation.replies import check_exercises, read_exercises, read_points
from finbench.curation.rows import beginnings, passages, read_rows
from finbench.curation.schema import CRITERIA, Extraction, Passage, Quality, Settings
from finbench.curation.wording import REPEAT, exercises_prompt, quality_prompt, words_sha256

T = TypeVar("T")
VERSION = "1-A"
#: Key of the record in a sample's metadata.
RECORD = "record"
#: Providers that Inspect documents as taking a JSON schema.
WITH_SCHEMA = ("openai/", "google/", "mistral/", "vllm/", "sglang/")
#: Passages handed over in this process, by fingerprint: a task's arguments are plain data.
GIVEN: dict[str, list[Passage]] = {}

_TEXT = JSONSchema(type="string")
_QUALITY = JSONSchema(
    type="object",
    properties={"why": _TEXT, **{name: JSONSchema(type="integer", enum=[0, 1]) for name in CRITERIA}},
    required=["why", *CRITERIA],
)
_EXERCISE = {
    "scenario": _TEXT,
    "question": _TEXT,
    "choices": JSONSchema(type="array", items=_TEXT),
    "solution": _TEXT,
    "answer": _TEXT,
    "evidence": JSONSchema(type="array", items=_TEXT),
}
_EXERCISES = JSONSchema(
    type="object",
    properties={
        "exercises": JSONSchema(
            type="array", items=JSONSchema(type="object", properties=_EXERCISE, required=list(_EXERCISE))
        )
    },
    required=["exercises"],
)


@scorer(metrics=[mean()])
def curated() -> Scorer:
    """Shows a sample's record as a score: its points, or how many exercises it gave; none where nothing was read."""

    async def score(state: TaskState, target: Target) -> Score:
        record = state.metadata[RECORD]
        if record["reason"]:
            return Score.unscored(reason=record["reason"], answer=record["reason"], explanation=state.output.completion)
        value = record["score"] if "score" in record else len(record["exercises"])
        return Score(value=value, answer=str(value), explanation=state.output.completion)

    return score


@solver
def score_quality(attempts: int = 3, max_tokens: int = 2_048, structured: bool | None = None) -> Solver:
    """Ask for the five points of a text, until the reply can be read."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        schema = ResponseSchema(name="points", json_schema=_QUALITY)
        found, reason = await _ask(state, read_points, schema, attempts, max_tokens, structured)
        state.metadata[RECORD] = asdict(
            Quality(passage=str(state.sample_id), reason=reason)
            if found is None
            else Quality(
                passage=str(state.sample_id), score=sum(found.points.values()), points=found.points, why=found.why
            )
        )
        return state

    return solve


@solver
def extract_exercises(
    per_passage: int = 3, attempts: int = 3, max_tokens: int = 2_048, structured: bool | None = None
) -> Solver:
    """Ask for the exercises of a passage, until the reply can be read; those without evidence are left out."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        schema = ResponseSchema(name="exercises", json_schema=_EXERCISES)
        found, reason = await _ask(state, read_exercises, schema, attempts, max_tokens, structured)
        identity = str(state.sample_id)
        if found is None:
            made = Extraction(passage=identity, reason=reason)
        else:
            kept, left_out = check_exercises(found, str(state.metadata["text"]), per_passage)
            made = Extraction(
                passage=identity, exercises=tuple(asdict(one) for one in kept), left_out=left_out, cut=found.cut
            )
        state.metadata[RECORD] = asdict(made)
        return state

    return solve


async def _ask(
    state: TaskState,
    read: Callable[[str], T | None],
    schema: ResponseSchema,
    attempts: int,
    max_tokens: int,
    structured: bool | None,
) -> tuple[T | None, str]:
    """What could be read of a reply, or None and a key of `REPLY_REASONS`; what is said goes into the sample."""
    from finbench.tasks.solving import be_greedy, use_plain_text

    model = get_model()
    be_greedy(model.api)
    use_plain_text(model.api)
    send = _takes_schema(model) if structured is None else structured
    config = GenerateConfig(temperature=0.0, max_tokens=max_tokens, response_schema=schema if send else None)
    messages: list[ChatMessage] = list(state.messages)
    value: T | None = None
    for attempt in range(attempts):
        if attempt:
            messages.append(ChatMessageUser(content=REPEAT))
        state.output = await model.generate(messages, config=config)
        text = state.output.completion
        messages.append(ChatMessageAssistant(content=text.strip() or "(no reply)"))
        value = read(text)
        if value is not None or state.output.stop_reason == "content_filter":
            break
    state.messages = messages
    if value is not None:
        return value, ""
    return None, "refused" if state.output.stop_reason == "content_filter" else "unreadable"


def _takes_schema(model: Model) -> bool:
    return str(model).startswith(WITH_SCHEMA)


@task
def curation_quality(
    data: str,
    limit: int | None = None,
    characters: int = 8_000,
    attempts: int = 3,
    max_tokens: int = 2_048,
    structured: bool | None = None,
    time_limit: int | None = None,
) -> Task:
    """The additive quality score of texts, 0 to 5: one point for each of five statements that holds.

    Args:
        data: file or folder of rows with `text`: JSON lines, parquet, plain text.
        limit: only the first so many rows.
        characters: how much of a text is looked at, from its beginning.
        attempts: how often the model is asked until its reply can be read.
        max_tokens: bound on a reply.
        structured: send a JSON schema along; by default where the provider is known to take one.
        time_limit: seconds that one sample may take.
    """
    texts = GIVEN[data] if data in GIVEN else beginnings(read_rows([data], limit=limit), characters)
    samples = [_sample(one, quality_prompt(one.text)) for one in texts]
    solving = score_quality(attempts, max_tokens, structured)
    return _task("curation_quality", "quality", samples, solving, time_limit)


@task
def curation_exercises(
    data: str,
    limit: int | None = None,
    characters: int = 8_000,
    per_passage: int = 3,
    attempts: int = 3,
    max_tokens: int = 2_048,
    structured: bool | None = None,
    time_limit: int | None = None,
) -> Task:
    """Exercises from texts, each with quotes that stand in its passage and show its answer.

    Args:
        data: file or folder of rows with `text`: JSON lines, parquet, plain text.
        limit: only the first so many rows.
        characters: most characters of a passage; a text of more is several passages.
        per_passage: most exercises of a passage.
        attempts: how often the model is asked until its reply can be read.
        max_tokens: bound on a reply.
        structured: send a JSON schema along; by default where the provider is known to take one.
        time_limit: seconds that one sample may take.
    """
    texts = GIVEN[data] if data in GIVEN else passages(read_rows([data], limit=limit), characters)
    samples = [_sample(one, exercises_prompt(one.text, per_passage)) for one in texts]
    solving = extract_exercises(per_passage, attempts, max_tokens, structured)
    return _task("curation_exercises", "exercises", samples, solving, time_limit)


def task_options(settings: Settings) -> dict[str, Any]:
    """The settings that both tasks take, as their arguments."""
    return {
        "attempts": settings.attempts,
        "max_tokens": settings.max_tokens,
        "structured": settings.structured,
        "time_limit": settings.time_limit,
    }


def _sample(passage: Passage, prompt: str) -> Sample:
    fields = {"row": passage.row, "start": passage.start, "whole": passage.whole, "text": passage.text}
    return Sample(id=passage.id, input=prompt, metadata=fields)


def _task(name: str, words: str, samples: Sequence[Sample], by: Solver, time_limit: int | None) -> Task:
    return Task(
        name=name,
        dataset=MemoryDataset(list(samples), name=name),
        solver=by,
        scorer=curated(),
        version=VERSION,
        time_limit=time_limit,
        metadata={"finbench.package_version": __version__, "finbench.curation_words_sha256": words_sha256(words)},
    )
