"""The embedded rows of fin_entities: spans, guideline, separate splits, and what replies without a model score."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.scorer import Score, value_to_float

from finbench.data.items import Item
from finbench.data.rows import Row, RowError
from finbench.scoring.entity_match import count_matches, normalised, parse_gold
from finbench.tasks.entities import FIN_ENTITIES, TYPES

FOLDER = Path(__file__).resolve().parents[2] / "finbench" / "data" / "embedded" / "fin_entities"
SIZES = {"test": 129, "train": 40}
FIELDS = ["id", "text", "entities", "style", "case"]
STYLES = {"analyst note", "credit agreement", "exchange notice", "filing", "press release"}
TITLE = re.compile(r"(?:Mr|Mrs|Ms|Dr|Prof|Sir|Dame)\b", re.IGNORECASE)
ROLES = {"borrower", "lender", "issuer", "company", "agent", "trustee", "guarantor", "sponsor", "board"}
NUMBER = value_to_float()

Named = tuple[str, str]
Marked = dict[str, Any]


def read(split: str) -> list[Marked]:
    return [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


ROWS = {split: read(split) for split in SIZES}
EVERY_ROW = [row for rows in ROWS.values() for row in rows]
ITEMS = {split: list(FIN_ENTITIES.items(split=split).items.values()) for split in SIZES}
README = (FOLDER / "README.md").read_text(encoding="utf-8")
GUIDELINE = (FOLDER / "GUIDELINE.md").read_text(encoding="utf-8")


def names(row: Marked) -> set[Named]:
    return {(mark["name"], mark["type"]) for mark in row["entities"]}


def spans(row: Marked) -> list[tuple[int, int]]:
    return [(mark["start"], mark["start"] + len(mark["name"])) for mark in row["entities"]]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def outside_words(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def occurrences(name: str, text: str) -> Iterator[tuple[int, int]]:
    for found in re.finditer(re.escape(name), text):
        if outside_words(text, *found.span()):
            yield found.span()


# --- rows


@pytest.mark.parametrize("split", SIZES)
def test_entity_rows_have_their_fields_and_ids(split: str) -> None:
    assert len(ROWS[split]) == SIZES[split]
    for number, row in enumerate(ROWS[split], 1):
        assert list(row) == FIELDS
        assert row["id"] == f"entities-{split}-{number:03d}"
        assert row["style"] in STYLES
        assert row["text"] == row["text"].strip() and "  " not in row["text"] and "\n" not in row["text"]
        assert all(list(mark) == ["name", "type", "start"] and mark["type"] in TYPES for mark in row["entities"])
        assert (row["case"] == "none") <= (not row["entities"])


def test_spans_stand_in_the_text_as_whole_words_and_do_not_overlap() -> None:
    for row in EVERY_ROW:
        for (start, end), mark in zip(spans(row), row["entities"], strict=True):
            assert row["text"][start:end] == mark["name"], row["id"]
            assert outside_words(row["text"], start, end), row["id"]
        assert all(end <= start for (_, end), (start, _) in pairwise(spans(row))), row["id"]


def test_every_mention_of_a_name_is_marked_unless_it_is_part_of_another() -> None:
    for row in EVERY_ROW:
        for name, _ in names(row):
            for start, end in occurrences(name, row["text"]):
                assert any(first <= start and end <= last for first, last in spans(row)), (row["id"], name)


def test_spans_end_where_the_guideline_says() -> None:
    for name, kind in sorted({pair for row in EVERY_ROW for pair in names(row)}):
        assert name == normalised_edges(name), name
        assert not re.match(r"(?:the|a|an)\s", name, re.IGNORECASE), name
        assert name.casefold() not in ROLES, name
        if kind == "PER":
            assert not TITLE.match(name), name
            assert not re.search(r"\d|\b(?:Ltd|Inc|AG|plc|LLP)\b", name), name


def normalised_edges(name: str) -> str:
    """The name without what may not stand at its ends; a full stop may (Inc., Okla.)."""
    return re.sub(r"(?:['’]s?)$", "", name.strip(' ,;:()"“”'))


def test_a_name_is_of_one_type_unless_the_text_tells_person_and_house_apart() -> None:
    types: dict[str, set[str]] = defaultdict(set)
    for row in EVERY_ROW:
        for name, kind in names(row):
            types[name].add(kind)
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {"Margrethe Dahl": {"ORG", "PER"}}


def test_every_type_and_passages_without_names_are_there() -> None:
    for split in SIZES:
        counts = Counter(kind for row in ROWS[split] for _, kind in names(row))
        assert all(counts[kind] >= 0.1 * counts.total() for kind in TYPES)
        empty = sum(not row["entities"] for row in ROWS[split]) / SIZES[split]
        assert 0.10 <= empty <= 0.20
        assert min(Counter(row["style"] for row in ROWS[split]).values()) >= SIZES[split] // 6


def test_hard_cases_are_there_more_than_once() -> None:
    cases = Counter(row["case"] for row in ROWS["test"])
    for case in ("abbreviation", "capitals", "lookalike", "metonymy", "named_after", "nested", "other_name", "role"):
        assert cases[case] >= 2, case


# --- duplicates and splits


def test_no_two_passages_are_alike() -> None:
    sets = [(row["id"], set(words(row["text"]))) for row in EVERY_ROW]
    near = [
        (first, second, len(a & b) / len(a | b))
        for (first, a), (second, b) in combinations(sets, 2)
        if len(a & b) / len(a | b) > 0.4
    ]
    assert near == []


def test_splits_share_no_person_organisation_or_wording() -> None:
    def named(split: str) -> set[str]:
        return {normalised(name) for row in ROWS[split] for name, kind in names(row) if kind != "LOC"}

    def grams(split: str) -> set[tuple[str, ...]]:
        tokens = [words(row["text"]) for row in ROWS[split]]
        return {tuple(line[start : start + 6]) for line in tokens for start in range(len(line) - 5)}

    assert named("train") & named("test") == set()
    assert grams("train") & grams("test") == set()


def test_invented_names_are_not_used_twice() -> None:
    """A company that stands in two passages would let one teach the other."""
    rows_of = defaultdict(set)
    for row in EVERY_ROW:
        for name, kind in names(row):
            if kind == "ORG":
                rows_of[normalised(name)].add(row["id"])
    assert {name: ids for name, ids in rows_of.items() if len(ids) > 1} == {}


# --- scoring


def f1(pairs: list[tuple[list[Named], list[Named]]]) -> float:
    true, spurious, missed = (sum(column) for column in zip(*(count_matches(*pair) for pair in pairs), strict=True))
    return 2 * true / (2 * true + spurious + missed)


def capitalised_runs(text: str) -> list[Named]:
    """Every run of capitalised words after the first word, as an organisation."""
    runs = re.findall(r"(?<=[^.\s]\s)[A-Z][\w'&.-]*(?:\s(?:[A-Z&][\w'&.-]*|of|de))*", text)
    return [(run.rstrip(".,"), "ORG") for run in runs]


@pytest.mark.parametrize(
    ("reply", "says"),
    [(lambda _: [], "`none` always"), (capitalised_runs, "every run of capitalised words as ORG")],
    ids=["none", "capitals"],
)
def test_the_card_says_what_replies_without_a_model_score(reply: Callable[[str], list[Named]], says: str) -> None:
    found = f1([(reply(row["text"]), list(names(row))) for row in ROWS["test"]])
    assert f"{says} {found:.2f}" in FIN_ENTITIES.card.sources[0].note
    assert found < 0.6, "names cannot be had from capital letters alone"


def test_the_card_counts_passages_without_names() -> None:
    empty = sum(not row["entities"] for row in ROWS["test"])
    assert f"{empty} of the {SIZES['test']} passages name nothing" in FIN_ENTITIES.card.sources[0].note


@pytest.mark.parametrize("split", SIZES)
def test_a_perfect_list_in_another_order_and_form_scores_one(split: str, score_reply: Callable[..., Score]) -> None:
    for item in ITEMS[split]:
        lines = [f"- {line}" for line in reversed(item.gold.splitlines())]
        assert NUMBER(score_reply("fin_entities", item, "\n".join(lines) or "None").value) == 1.0, item.gold


CORRUPTIONS: dict[str, Callable[[str, str], Named | None]] = {
    "legal form dropped": lambda name, kind: (
        (re.split(r",? (?=(?:Inc|Ltd|plc|PLC|AG|LLC|LLP|L\.P|Corp|Limited)\b)", name)[0], kind)
        if kind == "ORG"
        else None
    ),
    "title added": lambda name, kind: (f"Dr {name}", kind) if kind == "PER" else None,
    "article added": lambda name, kind: (f"the {name}", kind),
    "last word dropped": lambda name, kind: (name.rpartition(" ")[0], kind),
    "possessive kept": lambda name, kind: (f"{name}'s", kind),
    "other type": lambda name, kind: (name, "LOC" if kind == "ORG" else "ORG"),
}


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_a_span_or_type_that_is_off_scores_less(how: str, score_reply: Callable[..., Score]) -> None:
    tried = 0
    for item in ITEMS["test"]:
        pairs = parse_gold(item.gold)
        changed = [CORRUPTIONS[how](name, kind) for name, kind in pairs[:1]]
        if not changed or changed[0] is None or not changed[0][0] or changed[0] in pairs:
            continue
        tried += 1
        reply = "\n".join(f"{name}, {kind}" for name, kind in [changed[0], *pairs[1:]])
        assert NUMBER(score_reply("fin_entities", item, reply).value) < 1.0, reply
    assert tried >= 10


# --- the reader

some_text = st.text(st.characters(categories=["L", "N", "Zs", "P"]), min_size=1, max_size=60)


@given(some_text, st.integers(0, 59), st.integers(1, 20), st.sampled_from(TYPES), st.integers(-3, 3))
def test_the_reader_takes_a_mark_exactly_where_the_text_says_so(
    text: str, start: int, length: int, kind: str, shift: int
) -> None:
    name = text[start : start + length]
    row = Row({"text": text, "entities": [{"name": name, "type": kind, "start": start + shift}]})
    stands_there = start + shift >= 0 and text[start + shift :].startswith(name)
    if text.strip() and name.strip() and start + shift < len(text) and stands_there:
        assert FIN_ENTITIES.to_item(row) == Item(body=f"Text: {text}", gold=f"{name}, {kind}")
    else:
        with pytest.raises(RowError, match=r"field|has the entity"):
            FIN_ENTITIES.to_item(row)


@pytest.mark.parametrize(
    ("marks", "says"),
    [
        ("Ann Lee, PER", "should be a list of objects"),
        (["Ann Lee"], "should be a list of objects"),
        ([{"name": "Ann Lee", "type": "MISC", "start": 0}], "should be one of PER, ORG, LOC"),
        ([{"name": "Ann Lee", "type": "PER", "start": 1}], "where the text does not say so"),
        ([{"name": "Ann Lee", "type": "PER"}], "lacks the field 'start'"),
    ],
)
def test_marks_that_do_not_fit_are_named(marks: object, says: str) -> None:
    with pytest.raises(RowError, match=says):
        FIN_ENTITIES.to_item(Row({"text": "Ann Lee resigned.", "entities": marks}))


# --- documents beside the rows


def test_the_readme_counts_what_is_there() -> None:
    for column, split in enumerate(SIZES):
        rows = ROWS[split]
        marks = Counter(kind for row in rows for _, kind in names(row))
        told = {"passages": len(rows), "without a name": sum(not row["entities"] for row in rows), **marks}
        told |= Counter(row["style"] for row in rows)
        for what, count in told.items():
            cells = next(line for line in README.splitlines() if line.startswith(f"| {what} |")).split("|")
            assert int(cells[2 + column]) == count, (split, what)


def test_licence_and_agreement_are_stated() -> None:
    assert FIN_ENTITIES.card.licence == "Apache-2.0" and FIN_ENTITIES.card.redistributable
    assert "Apache-2.0" in README
    assert re.search(r"[Ll]abelled twice, agreement 0\.\d{3} before adjudication", GUIDELINE)
