"""Fingerprints of rows, and what is reported of a set that repeats or contradicts itself, or is another set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_sets import labelled
from hypothesis import given
from hypothesis import strategies as st

from finbench.cli.main import main
from finbench.data.defects import defects
from finbench.data.fingerprints import fingerprint_rows, plain
from finbench.data.items import Item, item_id
from finbench.tasks.catalogue import CARDS, DEFINITIONS
from finbench.taxonomy import AnswerKind

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
rows = st.lists(st.dictionaries(st.sampled_from("abcd"), values, max_size=4), max_size=6)


def finbench(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def written(path: Path, content: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    return path


# --- fingerprints of content


@given(rows, st.randoms())
def test_a_fingerprint_of_rows_is_of_their_content_whatever_the_order(
    content: list[dict[str, Any]], random: Any
) -> None:
    shuffled = [dict(sorted(row.items(), reverse=True)) for row in content]
    random.shuffle(shuffled)
    assert fingerprint_rows(shuffled) == fingerprint_rows(content) == fingerprint_rows(plain(row) for row in content)
    assert fingerprint_rows([*content, {"e": 1}]).sha256 != fingerprint_rows(content).sha256
    if content:
        assert fingerprint_rows(content[1:]).rows == len(content) - 1


def test_a_fingerprint_names_columns_and_their_types() -> None:
    found = fingerprint_rows([{"a": 1, "b": "x", "c": [1]}, {"a": None, "d": True}])
    assert dict(found.columns) == {"a": "null|number", "b": "text", "c": "list", "d": "boolean"}
    assert found.rows == 2 and found.as_json()["sha256"] == found.sha256
    assert fingerprint_rows([{"a": 1}]).sha256 != fingerprint_rows([{"a": "1"}]).sha256


# --- duplicates and contradictions


def of(*items: Item) -> dict[str, Item]:
    return {item_id("t", item): item for item in items}


def test_the_same_question_with_two_references_contradicts_itself() -> None:
    found = defects(of(Item(body="Rates rise.", gold="hawkish"), Item(body="rates  RISE.", gold="dovish")))
    assert [group.answers for group in found.contradictions] == [("hawkish", "dovish")] and not found.repeated
    [line] = found.lines()
    assert "contradict each other: hawkish / dovish" in line


def test_options_in_another_order_are_the_same_question_and_their_texts_decide() -> None:
    first = Item(body="Which is debt?", gold="A", choices=("bond", "share"))
    same = Item(body="Which is debt?", gold="B", choices=("share", "bond"))
    other = Item(body="Which is debt?", gold="A", choices=("share", "bond"))
    assert len(defects(of(first, same)).repeated) == 1 and not defects(of(first, same)).contradictions
    assert [group.answers for group in defects(of(first, other)).contradictions] == [("bond", "share")]


def test_entities_in_another_order_are_no_contradiction() -> None:
    items = of(Item(body="x", gold="Ann, PER\nOslo, LOC"), Item(body="X", gold="Oslo, LOC\nAnn, PER"))
    assert not defects(items, kind=AnswerKind.ENTITIES).contradictions
    assert defects(items).contradictions


def test_a_set_without_defects_has_none_and_many_are_cut_short() -> None:
    assert not defects(of(Item(body="a", gold="1"), Item(body="b", gold="2"))).any
    twice = [Item(body=f"{word}{number}", gold=word) for number in range(9) for word in ("q", "Q")]
    lines = defects(of(*twice), 3).lines(most=2)
    assert lines[0] == "3 rows repeated exactly and dropped" and lines[-1] == "and 7 more groups that ask the same"


def test_the_contradiction_of_the_real_rows_is_found_by_verify_and_status(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(shared_data))
    result = finbench("data", "verify", "tatqa")
    assert result.exit_code == 0, "it is the card's set, with its defects"
    assert (
        "tatqa-e9b3ab253f7a2ec2, tatqa-a9107f8b0f8d4aec contradict each other: 60% | 40% / 23% | 77%" in result.stdout
    )
    assert "1 row repeated exactly and dropped" in result.stdout
    [entry] = json.loads(finbench("data", "status", "tatqa", "--json").stdout)
    assert entry["contradictions"] == [["tatqa-e9b3ab253f7a2ec2", "tatqa-a9107f8b0f8d4aec"]]
    assert (entry["dropped"], entry["set"], entry["errata"], entry["content"]["rows"]) == (1, "the card's", 2, 1668)
    part = finbench("data", "verify", "finqa")
    assert part.exit_code == 1 and "552 items, the card says 1147; 2 exact duplicates" in part.stderr
    told = finbench("data", "verify", "fomc", "--json")
    assert json.loads(told.stdout)["labels"] == {"neutral": 245, "dovish": 129, "hawkish": 122}


# --- wrong sets


def test_loans_offered_as_filings_are_refused_and_named(tmp_path: Path) -> None:
    """The published FinanceBench configuration of FinEval holds LendingClub rows."""
    path = written(tmp_path / "test.jsonl", labelled(CARDS["lendingclub"], CARDS["lendingclub"].items or 0))
    result = finbench("data", "verify", "financebench", "--data", str(path))
    assert result.exit_code == 1
    for part in (
        "is not the official set of 'financebench'",
        "lacks the field 'evidence'",
        "2691 rows",
        "fit lendingclub",
    ):
        assert part in result.stderr, result.stderr
    run = finbench("eval", "--model", "mockllm/model", "--tasks", "financebench", "--log-dir", str(tmp_path / "logs"))
    assert run.exit_code == 2


@pytest.mark.parametrize(
    ("task", "row", "says"),
    [
        ("fomc", {"text": "Rates rise.", "answer": "tight"}, "'answer' should be one of hawkish, dovish, neutral"),
        ("gsm8k", {"question": "?", "choices": ["a", "b"], "gold": 0}, "lacks the field 'answer'"),
        ("fpb", {"text": "x", "answer": "good"}, "'answer' should be one of positive, negative, neutral"),
    ],
)
def test_rows_of_another_schema_or_label_set_are_1(task: str, row: dict[str, Any], says: str, tmp_path: Path) -> None:
    result = finbench("data", "verify", task, "--data", str(written(tmp_path / "test.jsonl", [row])))
    assert result.exit_code == 1 and says in result.stderr and len(result.stderr.strip().splitlines()) == 1


def test_label_counts_other_than_the_cards_are_refused_from_the_hub() -> None:
    from finbench.data.loading import to_set
    from finbench.data.locate import Located
    from finbench.data.rows import Row
    from finbench.errors import InputError

    known = DEFINITIONS["fpb"]
    given_rows = [Row(row) for row in labelled(known.card, 970)]
    source = known.card.sources[0]
    at_hub = Located(kind="hub", place="hf://x@y", rows=given_rows, source=source)
    assert to_set(known.card, known.to_item, at_hub, split="test").official
    positive = next(row for row in labelled(known.card, 970) if row["answer"] == "positive")
    other = [Row({**positive, "text": f"One more {n}."}) for n in range(5)]
    changed = Located(kind="hub", place="hf://x@y", rows=[*given_rows[:-5], *other], source=source)
    with pytest.raises(InputError, match="282 positive, 116 negative, 572 neutral, the card says 277 positive"):
        to_set(known.card, known.to_item, changed, split="test")


def test_status_without_reading_is_quick_and_says_no_more(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(shared_data))
    entries = json.loads(finbench("data", "status", "--quick", "--json").stdout)
    assert [entry["name"] for entry in entries] == list(CARDS)
    assert all(entry["items"] is None for entry in entries)
