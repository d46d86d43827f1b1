"""Local checkpoints: batches of like length, the same answers as one by one, plain prompts without a chat template."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import eval as run_inspect
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model

from finbench.errors import InputError
from finbench.evaluation.batching import Batcher
from finbench.tasks import fin_terms, fin_tone


def ask_all(batcher: Batcher[int, int], payloads: Sequence[int], **options: Any) -> list[Any]:
    """What each payload got: a result or an exception."""
    found: dict[int, Any] = {}

    async def one(payload: int) -> None:
        try:
            found[payload] = await batcher.ask(payload, key=options.get("key", lambda p: 0)(payload), length=payload)
        except ValueError as error:
            found[payload] = error

    async def whole() -> None:
        async with anyio.create_task_group() as group:
            for payload in payloads:
                group.start_soon(one, payload)

    anyio.run(whole)
    return [found[payload] for payload in payloads]


def test_requests_are_answered_each_with_its_own_result_in_batches_of_like_length() -> None:
    batches: list[list[int]] = []

    def work(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        return [-payload for payload in batch]

    payloads = list(range(1, 41))
    random.Random(3).shuffle(payloads)
    assert ask_all(Batcher(work, size=8, window=64), payloads) == [-payload for payload in payloads]
    assert [len(batch) for batch in batches] == [8] * 5
    assert [payload for batch in batches for payload in batch] == sorted(payloads, reverse=True)


def test_requests_with_other_settings_share_no_batch() -> None:
    batches: list[list[int]] = []

    def work(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        return list(batch)

    ask_all(Batcher(work, size=8, window=64), range(20), key=lambda payload: payload % 2)
    assert all(len({payload % 2 for payload in batch}) == 1 for batch in batches)
    assert sorted(payload for batch in batches for payload in batch) == list(range(20))


def test_a_batch_that_fails_fails_its_requests_and_no_others() -> None:
    def work(batch: Sequence[int]) -> list[int]:
        if 7 in batch:
            raise ValueError("no memory")
        return list(batch)

    found = ask_all(Batcher(work, size=2, window=8), range(1, 9))
    assert [type(one) for one in found] == [int] * 6 + [ValueError] * 2


def test_a_leader_that_is_cancelled_leaves_no_other_waiting() -> None:
    batcher: Batcher[int, int] = Batcher(lambda batch: list(batch), size=4, window=8)
    found: list[int] = []

    async def whole() -> None:
        async def rest() -> None:
            found.append(await batcher.ask(2, key=0, length=2))

        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                with anyio.move_on_after(0.02):
                    group.start_soon(rest)
                    await batcher.ask(1, key=0, length=1)

    anyio.run(whole)
    assert found == [2]


def run_on(checkpoint: Path, task: Any, folder: Path, *, provider: str = "checkpoint", **options: Any) -> EvalLog:
    given = {"model_path": str(checkpoint), "tokenizer_path": str(checkpoint)}
    given |= {"batch_size": 4} if provider == "checkpoint" else {"do_sample": False}
    model = get_model(f"{provider}/local", memoize=False, **given, **options)
    [log] = run_inspect(
        task, model=model, limit=12, log_dir=str(folder), display="none", max_connections=16, log_level="error"
    )
    assert log.status == "success", log.error
    return log


@pytest.mark.model
def test_the_items_and_answers_are_those_of_inspects_provider(chat_checkpoint: Path, tmp_path: Path) -> None:
    ours = run_on(chat_checkpoint, fin_terms(), tmp_path)
    theirs = run_on(chat_checkpoint, fin_terms(), tmp_path, provider="hf")
    found = []
    for log in (ours, theirs):
        assert log.samples is not None
        found.append({s.id: (s.output.completion, next(iter((s.scores or {}).values())).value) for s in log.samples})
    assert found[0] == found[1] and len(found[0]) == 12
    assert len({completion for completion, _ in found[0].values()}) > 1


@pytest.mark.model
def test_an_answer_tells_its_tokens_and_why_it_ended(chat_checkpoint: Path) -> None:
    model = get_model("checkpoint/local", memoize=False, model_path=str(chat_checkpoint), batch_size=4)

    async def ask(tokens: int) -> Any:
        return await model.generate("What is profit ?", config=GenerateConfig(max_tokens=tokens, temperature=0))

    short = anyio.run(ask, 3)
    assert (short.usage.output_tokens, short.stop_reason) == (3, "max_tokens")
    # all weights alike: each next token is as likely as the other, so the first one, made the end, comes at once
    model.api.model.lm_head.weight.data.zero_()  # type: ignore[attr-defined]
    model.api.model.generation_config.eos_token_id = [0]  # type: ignore[attr-defined]
    ended = anyio.run(ask, 3)
    assert (ended.usage.output_tokens, ended.stop_reason, ended.completion) == (1, "stop", "")


@pytest.mark.model
def test_a_model_without_a_chat_template_gets_plain_prompts_and_the_log_says_so(
    base_checkpoint: Path, chat_checkpoint: Path, tmp_path: Path
) -> None:
    for checkpoint, plain in ((base_checkpoint, "plain"), (chat_checkpoint, None)):
        log = run_on(checkpoint, fin_tone(fewshot=0), tmp_path / checkpoint.name)
        assert log.samples and {sample.metadata.get("prompt_format") for sample in log.samples} == {plain}
    model = get_model("checkpoint/local", memoize=False, model_path=str(base_checkpoint))
    text = model.api.prompt_text([ChatMessageUser(content="The question")])  # type: ignore[attr-defined]
    assert text == "The question\n\nAnswer:"


@pytest.mark.model
def test_code_of_a_checkpoint_and_tools_are_refused(chat_checkpoint: Path) -> None:
    with pytest.raises(InputError, match="code that comes with a checkpoint is not run"):
        get_model("checkpoint/local", memoize=False, model_path=str(chat_checkpoint), trust_remote_code=True)
