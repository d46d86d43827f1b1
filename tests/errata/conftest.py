"""Scoring one reply against a reference of one's choice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer import Target, value_to_float
from inspect_ai.solver import TaskState

from finbench.data.items import Item
from finbench.tasks.catalogue import DEFINITIONS


@pytest.fixture
def score_against() -> Callable[..., float]:
    """The value that a task's scorer gives to a reply, held against a given reference."""

    def score(name: str, item: Item, text: str, gold: str) -> float:
        known = DEFINITIONS[name]
        state = TaskState(
            model=ModelName("mockllm/oracle"),
            sample_id="one",
            epoch=1,
            input="",
            messages=[],
            target=Target(gold),
            choices=list(item.choices) or None,
            output=ModelOutput.from_content("oracle", text),
            metadata=dict(item.metadata),
        )
        found = asyncio.run(known.scorer(known.card)(state, Target(gold)))
        assert found is not None
        return float(value_to_float()(found.value))

    return score
