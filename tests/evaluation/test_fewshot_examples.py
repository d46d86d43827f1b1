"""Examples in the prompt: from the training split, drawn with a seed, and never a question that is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import ChatMessageAssistant

from finbench.tasks import fin_tone


def rows(prefix: str, count: int) -> str:
    return "".join(
        json.dumps({"text": f"{prefix} {number}.", "label": ["positive", "negative"][number % 2]}) + "\n"
        for number in range(count)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty training rows, of which the first five are questions too."""
    (tmp_path / "train.jsonl").write_text(rows("Shared", 5) + rows("Training", 15))
    (tmp_path / "test.jsonl").write_text(rows("Test", 6) + rows("Shared", 5))
    return tmp_path


def shown(folder: Path, count: int, **options: Any) -> list[tuple[str, str]]:
    """The examples as question and answer; the same before each question."""
    samples = list(fin_tone(data=str(folder), fewshot=count, **options).dataset)
    before = [sample.input[:-1] for sample in samples]
    assert len(samples) == 11 and all(one == before[0] for one in before)
    turns = [str(message.content) for message in before[0]]  # type: ignore[union-attr]
    assert all(isinstance(message, ChatMessageAssistant) for message in before[0][1::2])
    return list(zip(turns[::2], turns[1::2], strict=True))


def test_examples_are_training_rows_and_no_question_of_the_set(folder: Path) -> None:
    found = shown(folder, 15)
    assert len({question for question, _ in found}) == 15
    assert all("Training" in question and "Shared" not in question for question, _ in found)
    for question, answer in found:
        number = int(question.partition("Training ")[2].partition(".")[0])
        assert answer == ["positive", "negative"][number % 2]


def test_the_draw_is_the_same_each_time_and_whatever_the_order_of_rows(folder: Path) -> None:
    first = shown(folder, 4)
    assert shown(folder, 4) == first and shown(folder, 6)[:4] == first
    lines = (folder / "train.jsonl").read_text().splitlines(keepends=True)
    (folder / "train.jsonl").write_text("".join(lines[::-1]))
    assert shown(folder, 4) == first
    numbers = [int(question.partition("Training ")[2].partition(".")[0]) for question, _ in shown(folder, 6)]
    assert numbers != sorted(numbers), "a draw, not the first rows"
