"""Evaluation items made for these tests, and what counting them the slow way gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from finbench.cli.main import main
from finbench.contamination.evaluated import Evaluated, of_items
from finbench.data.items import Item


@pytest.fixture
def a_set() -> Callable[..., Evaluated]:
    """A task of questions, with options where they are given."""

    def make(questions: Sequence[str], choices: Sequence[tuple[str, ...]] = (), name: str = "asked") -> Evaluated:
        options = list(choices) or [()] * len(questions)
        items = {
            f"{name}-{number}": Item(body=question, gold="A", choices=some)
            for number, (question, some) in enumerate(zip(questions, options, strict=True))
        }
        return of_items(name, items)

    return make


@pytest.fixture
def slow_words() -> Callable[[str], list[str]]:
    """Lower-case words, for texts in ASCII."""
    return lambda text: re.findall(r"[a-z0-9]+", text.lower())


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a file of JSON lines."""

    def write(rows: Sequence[object], name: str = "training.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def command() -> Callable[..., Result]:
    """Runs `finbench audit`."""
    return lambda *args: CliRunner().invoke(main, ["audit", *map(str, args)])
