"""Decontamination of training rows: what is dropped, refused and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from finbench.contamination import decontaminate, training_index
from finbench.contamination.evaluated import Evaluated, View
from finbench.contamination.index import Index
from finbench.errors import InputError
from trainers.data.decontaminate import index_for, without_evaluation

QUESTION = "Which of these lenders takes the first loss when a securitised pool of mortgages defaults?"


@pytest.fixture
def index(a_set: Callable[..., Evaluated]) -> Index:
    return Index([a_set([QUESTION])], templates=False)


def rows(count: int, bad: set[int]) -> list[dict[str, object]]:
    return [
        {"prompt": f"Row {number}: what is {number} and one?", "completion": QUESTION if number in bad else "one more"}
        for number in range(count)
    ]


def test_rows_with_evaluation_items_are_dropped_and_all_others_kept_in_order(index: Index) -> None:
    bad = {0, 17, 18, 499, 500, 999}
    given = rows(1000, bad)
    kept, found = decontaminate(given, index)
    assert kept == [row for number, row in enumerate(given) if number not in bad]
    assert (found.before, found.after, found.overlapping) == (1000, 994, 6)
    assert found.rows["asked"]["exact"] == 6 and found.items == {"asked": 1}
    assert found.examples[0] == (0, "asked-0")
    assert json.loads(json.dumps(found.as_json()))["action"] == "drop"


def test_report_keeps_all_and_counts_the_same(index: Index) -> None:
    given = rows(50, {3})
    kept, found = decontaminate(given, index, action="report")
    assert kept == given and found.overlapping == 1 and found.after == 50


def test_fail_names_the_first_row_and_item(index: Index) -> None:
    with pytest.raises(
        InputError, match=r"1 of 50 training rows overlap .* asked \(the first is row 4, item asked-0\)"
    ):
        decontaminate(rows(50, {3}), index, action="fail")
    assert decontaminate(rows(50, set()), index, action="fail")[1].overlapping == 0


def test_an_unknown_action_is_refused(index: Index) -> None:
    with pytest.raises(InputError, match="use drop, fail or report"):
        decontaminate([], index, action="delete")  # type: ignore[arg-type]


def test_no_rows_are_no_fault(index: Index) -> None:
    assert decontaminate([], index)[0] == []


def test_rows_are_read_once_and_given_back_as_they_are(index: Index) -> None:
    given = rows(20, {1})
    kept, _ = decontaminate((row for row in given), index)
    assert all(row is other for row, other in zip(kept, [given[0], *given[2:]], strict=True))


def test_a_tasks_own_training_split_is_not_lost_to_its_template(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(shared_data))
    split = (shared_data / "german_credit" / "train.jsonl").read_text(encoding="utf-8").strip().split("\n")
    test = (shared_data / "german_credit" / "test.jsonl").read_text(encoding="utf-8").strip().split("\n")
    index = training_index(["german_credit"], ["exact", "ngram8", "ngram13"])
    kept, _ = decontaminate([json.loads(line) for line in [*split, *test[:5]]], index)
    assert len(kept) == 700


def test_a_recipes_rows_are_held_against_every_task_that_has_rows_here() -> None:
    index, missing = index_for(["fin_tone", "fpb", "fin_terms"])
    assert [one.task for one in index.sets] == ["fin_tone", "fin_terms"] and missing == ["fpb"]
    sentence = index.sets[0].texts[View.QUESTION][0]
    given = [{"prompt": "nothing", "completion": "at all"}, {"prompt": f"Judge: {sentence}", "completion": "positive"}]
    kept, told = without_evaluation(given, index, action="drop", names=["fingpt-sentiment-train"], missing=missing)
    assert kept == given[:1]
    assert (told["before"], told["after"], told["tasks_without_rows"]) == (2, 1, ["fpb"])
    assert [notice["task"] for notice in told["lineage"]] == ["fpb"]
