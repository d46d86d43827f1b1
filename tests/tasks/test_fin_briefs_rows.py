"""The rows of fin_briefs keep to their guideline, and the baselines of the card are what they are said to be."""

from __future__ import annotations

import json
import re
from calendar import day_name, month_name
from collections import Counter
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

import finbench
from finbench.scoring.figures import faithful, figures, readings
from finbench.tasks.catalogue import DEFINITIONS

FOLDER = Path(finbench.__file__).parent / "data" / "embedded" / "fin_briefs"
FIELDS = ["id", "kind", "text", "brief", "facts"]
SIZES = {"test": 110, "train": 20}
KINDS = {
    "results", "profit_warning", "bond_issue", "merger", "dividend",
    "rating", "fund_report", "central_bank", "share_issue", "settlement",
}  # fmt: skip
#: Capitalised words that are no names.
CALENDAR = {*day_name, *month_name, "Easter", "Christmas"}
#: Words that are parts of many names.
COMMON = {"Asia", "Bank", "Credit", "Cross", "First", "Group", "Ratings", "Systems", "Trust", "Union", "Vale", "Water"}
CARD = DEFINITIONS["fin_briefs"].card

Row = dict[str, Any]


def read(split: str) -> list[Row]:
    return [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


ROWS = {split: read(split) for split in SIZES}
EVERY_ROW = [row for rows in ROWS.values() for row in rows]


def words(text: str) -> list[str]:
    return re.findall(r"\w+(?:[.,]\d+)*", text.lower())


def ngrams(text: str, size: int) -> set[tuple[str, ...]]:
    tokens = words(text)
    return set(zip(*(tokens[start:] for start in range(size)), strict=False))


@pytest.mark.parametrize("split", SIZES)
def test_schema_ids_and_kinds(split: str) -> None:
    rows = ROWS[split]
    assert len(rows) == SIZES[split]
    for number, row in enumerate(rows, start=1):
        assert list(row) == FIELDS
        assert row["id"] == f"briefs-{split}-{number:03d}"
        assert all(list(fact) == ["what", "figure"] for fact in row["facts"])
        for text in (row["text"], row["brief"], *(fact["what"] for fact in row["facts"])):
            assert text == text.strip() and "  " not in text
    counts = Counter(row["kind"] for row in rows)
    assert counts == dict.fromkeys(KINDS, SIZES[split] // len(KINDS))
    assert all(one["kind"] != other["kind"] for one, other in pairwise(rows)), "rows are not grouped"


@pytest.mark.parametrize("row", EVERY_ROW, ids=lambda row: row["id"])
def test_a_row_keeps_to_the_guideline(row: Row) -> None:
    in_text, in_brief = figures(row["text"]), figures(row["brief"])
    assert 90 <= len(row["text"].split()) <= 200
    assert 12 <= len(row["brief"].split()) <= 40
    assert row["brief"].endswith(".") and row["text"][0].isupper()
    assert faithful(in_brief, readings(in_text)) == in_brief, "every figure of the brief stands in the text"
    assert 2 <= len(row["facts"]) <= 5
    for fact in row["facts"]:
        [figure] = figures(fact["figure"])
        [reading] = figure.readings
        assert reading in readings(in_text), fact
        assert reading in readings(in_brief), fact
    means = [reading for fact in row["facts"] for figure in figures(fact["figure"]) for reading in figure.readings]
    assert len(set(means)) == len(means), "no fact is told twice"
    assert len(in_text) > len(means), "the text holds figures that the brief leaves out"


def test_the_brief_is_not_copied_from_the_text() -> None:
    copied = [row["id"] for row in EVERY_ROW if ngrams(row["brief"], 13) & ngrams(row["text"], 13)]
    assert copied == []


def test_no_near_duplicates() -> None:
    grams = [ngrams(row["text"], 8) for row in EVERY_ROW]
    assert [key for key, count in Counter(gram for one in grams for gram in one).items() if count > 1] == []
    for field, limit in (("text", 0.03), ("brief", 0.10)):
        triples = [ngrams(row[field], 3) for row in EVERY_ROW]
        assert max(len(one & other) / len(one | other) for one, other in combinations(triples, 2)) < limit
    openings = Counter(" ".join(words(row["text"])[:3]) for row in EVERY_ROW)
    assert max(openings.values()) == 1


def test_names_belong_to_one_split() -> None:
    names = {
        split: {
            name
            for row in rows
            for name in re.findall(r"(?<![.!?:] )(?<!^)(?<!\n)\b[A-Z][a-z]{3,}\b", row["text"] + " " + row["brief"])
        }
        - CALENDAR
        - COMMON
        for split, rows in ROWS.items()
    }
    assert len(names["test"]) > 200 and len(names["train"]) > 50  # the rule finds names at all
    assert sorted(names["test"] & names["train"]) == []


def test_the_main_news_does_not_always_come_first() -> None:
    def place(row: Row) -> float:
        return float(row["text"].index(row["facts"][0]["figure"]) / len(row["text"]))

    quarters = Counter(int(4 * place(row)) for row in ROWS["test"])
    assert [quarters[quarter] for quarter in range(4)] == [39, 51, 19, 1]


def test_the_card_has_the_baselines_of_rules_without_a_model() -> None:
    pytest.importorskip("rouge_score", reason="summaries are scored by rouge-score")
    from finbench.scoring.text_scorers import rouge_of

    rouge = rouge_of()
    rules: dict[str, Callable[[Row], str]] = {
        "first sentence": lambda row: re.split(r"(?<=[.!?])\s+", row["text"])[0],
        "first 40 words": lambda row: " ".join(row["text"].split()[:40]),
    }
    measured = {
        name: round(mean(rouge(row["brief"], rule(row))["rouge1"] for row in ROWS["test"]), 3)
        for name, rule in rules.items()
    }
    assert measured == CARD.baselines
