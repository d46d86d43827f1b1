"""The audit finds what was counted independently in the real rows, with plain Python over sets of word tuples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

BOOKS = ("text_openstax_finance", "text_openstax_economics", "text_openstax_introduction_business")


@pytest.fixture
def audited(
    command: Callable[..., Result], shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, object]]:
    monkeypatch.setenv("FINBENCH_DATA", str(shared_data))

    def run(task: str, *folders: str, rules: str = "exact,ngram8,ngram13") -> dict[str, object]:
        result = command(*(shared_data / folder for folder in folders), "--tasks", task, "--json", "--rules", rules)
        assert result.exit_code == 0, result.stderr
        (entry,) = json.loads(result.stdout)["tasks"]
        return entry

    return run


def test_129_of_496_fomc_sentences_stand_verbatim_in_the_minutes(audited: Callable[..., dict[str, object]]) -> None:
    entry = audited("fomc", "text_fomc_minutes")
    assert (entry["items"], entry["exact"]) == (496, 129)
    assert entry["overlapping"] == len(entry["ids"]) >= 129
    assert entry["share"] == pytest.approx(entry["overlapping"] / 496)


def test_8_mmlu_finance_questions_share_an_8_gram_with_the_books_23_with_choices_none_a_13_gram(
    audited: Callable[..., dict[str, object]],
) -> None:
    entry = audited("mmlu_finance", *BOOKS, rules="exact,ngram8,ngram13,near")
    assert (entry["items"], entry["exact"], entry["ngram8"], entry["ngram13"]) == (1461, 0, 8, 0)
    assert entry["near"] == 0
    whole = entry["with_choices"]
    assert (whole["ngram8"], whole["ngram13"]) == (23, 0)
    assert set(entry["ids"]) <= set(whole["ids"])


def test_counts_equal_plain_python_on_rows_of_another_kind(
    audited: Callable[..., dict[str, object]], shared_data: Path, slow_words: Callable[[str], list[str]]
) -> None:
    entry = audited("gsm8k", "gsm8k/train.jsonl")
    grams: dict[int, set[tuple[str, ...]]] = {8: set(), 13: set()}
    for line in (shared_data / "gsm8k" / "train.jsonl").read_text(encoding="utf-8").strip().split("\n"):
        for field in json.loads(line).values():
            words = slow_words(field)
            for n, known in grams.items():
                known.update(tuple(words[at : at + n]) for at in range(len(words) - n + 1))
    hit = dict.fromkeys(grams, 0)
    for line in (shared_data / "gsm8k" / "test.jsonl").read_text(encoding="utf-8").strip().split("\n"):
        words = slow_words(json.loads(line)["question"])
        for n, known in grams.items():
            hit[n] += any(tuple(words[at : at + n]) in known for at in range(len(words) - n + 1))
    assert (entry["ngram8"], entry["ngram13"]) == (hit[8], hit[13])


def test_rows_of_a_table_task_are_hit_by_its_template_only(audited: Callable[..., dict[str, object]]) -> None:
    entry = audited("german_credit", "german_credit/train.jsonl")
    assert entry["ngram8"] == 200
    assert entry["template_only"]["ngram8"] == 200
    assert entry["exact"] == 0
