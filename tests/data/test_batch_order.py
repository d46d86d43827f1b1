"""A score does not depend on what is scored before it, beside it, or in which order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, ModelName, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Target
from inspect_ai.solver import TaskState
from rows_here import HERE, folder_of

from finbench.data.items import Item
from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.definition import subset
from finbench.tasks.generated import calc_items, is_generated
from finbench.tasks.prompts import perfect_reply, render

#: Items of each task; every kind of answer and every reply below is among them.
ITEMS = 24


def some_items(name: str) -> dict[str, Item]:
    known = DEFINITIONS[name]
    whole = calc_items(ITEMS, 7, task=name).items if is_generated(name) else known.items(data=folder_of(name)).items
    step = max(1, len(whole) // ITEMS)
    return dict(list(whole.items())[::step][:ITEMS])


def replies(name: str, items: dict[str, Item]) -> dict[str, str]:
    """Right, another item's, empty, refused, cut and long replies, by item."""
    card, golds = DEFINITIONS[name].card, list(items.values())
    found = {}
    for number, (identity, item) in enumerate(items.items()):
        right = perfect_reply(card, item, card.elicitation)
        other = perfect_reply(card, golds[(number + 1) % len(golds)], card.elicitation)
        found[identity] = (right, other, "", "I'm sorry, but I can't help with that.", right, f"{other}\n" * 30)[
            number % 6
        ]
    return found


@pytest.mark.parametrize("name", [name for name in HERE if not DEFINITIONS[name].card.judged])
def test_one_scorer_gives_each_sample_its_score_in_any_order_and_all_at_once(name: str) -> None:
    known, items = DEFINITIONS[name], some_items(name)
    texts = replies(name, items)

    def state(identity: str) -> TaskState:
        item = items[identity]
        return TaskState(
            model=ModelName("mockllm/order"),
            sample_id=identity,
            epoch=1,
            input="",
            messages=[],
            target=Target(item.gold),
            choices=list(item.choices) or None,
            output=ModelOutput.from_content("order", texts[identity]),
            metadata=dict(item.metadata),
        )

    async def scores(order: list[str], *, at_once: bool) -> dict[str, Score | None]:
        scorer = known.scorer(known.card)
        calls = [scorer(state(identity), Target(items[identity].gold)) for identity in order]
        found = await asyncio.gather(*calls) if at_once else [await call for call in calls]
        return dict(zip(order, found, strict=True))

    alone = {identity: asyncio.run(scores([identity], at_once=False))[identity] for identity in items}
    shuffled = random.Random(3).sample(list(items), len(items))
    for order, at_once in ((list(items), False), (list(items)[::-1], False), (shuffled, False), (shuffled, True)):
        assert asyncio.run(scores(order, at_once=at_once)) == alone


def run(
    names: tuple[str, ...], folder: Path, arrange: Callable[[list[str]], list[str]], **options: Any
) -> list[EvalLog]:
    """Logs of a model whose replies depend on the prompt alone."""
    answers: dict[str, str] = {}
    tasks = []
    for name in names:
        known, items = DEFINITIONS[name], some_items(name)
        for identity, text in replies(name, items).items():
            answers[render(known.card, known.instruction, items[identity], known.card.elicitation)] = text
        arranged = {identity: items[identity] for identity in arrange(list(items))}
        tasks.append(known.task(items=subset(arranged, kind="package", place="here", official=False)))

    def reply(messages: list[ChatMessage], *_: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/order", answers[messages[-1].text])
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    model = get_model("mockllm/order", custom_outputs=reply, memoize=False)
    logs = inspect_eval(tasks, model=model, log_dir=str(folder), display="none", **options)
    assert all(log.status == "success" for log in logs), [log.error for log in logs]
    return logs


def told(log: EvalLog) -> tuple[dict[str, Any], dict[str, float]]:
    """Scores by sample, and the metrics."""
    values = {
        str(sample.id): [(score.value, score.answer, score.metadata) for score in (sample.scores or {}).values()]
        for sample in log.samples or []
    }
    assert log.results is not None
    metrics = {name: float(metric.value) for score in log.results.scores for name, metric in score.metrics.items()}
    return values, metrics


NAMES = ("fin_tone", "fin_entities", "fin_figures")


def test_tasks_alone_together_shuffled_and_in_other_batches_score_the_same(tmp_path: Path) -> None:
    """Running tasks together changed the results of another harness (PIXIU issues 16 and 63)."""
    together = run(NAMES, tmp_path / "a", lambda ids: ids, max_tasks=4, max_connections=8)
    shuffled = run(NAMES, tmp_path / "b", lambda ids: random.Random(5).sample(ids, len(ids)), max_connections=1)
    alone = run(NAMES[1:2], tmp_path / "c", lambda ids: ids[::-1], max_connections=3)
    for name, log in zip(NAMES, together, strict=True):
        values, metrics = told(log)
        assert any(value for value in metrics.values()), name
        for other in (*shuffled, *alone):
            if other.eval.task == log.eval.task:
                again, their = told(other)
                assert again == values
                assert their == {key: pytest.approx(value, abs=1e-12) for key, value in metrics.items()}


def test_a_shuffled_set_has_the_fingerprint_of_the_set() -> None:
    items = some_items("fin_tone")
    backwards = dict(list(items.items())[::-1])
    one, two = (subset(some, kind="package", place="here", official=False) for some in (items, backwards))
    assert one.sha256 == two.sha256 and replace(one, items=two.items) == one
