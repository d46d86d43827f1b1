"""Where rows come from, in which order, and what is said of rows that do not fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from finbench.card import FINEVAL_REVISION
from finbench.data.items import fingerprint
from finbench.data.locate import Located, locate
from finbench.data.rows import Row, RowError, read_jsonl
from finbench.data.training import examples
from finbench.errors import InputError
from finbench.tasks.catalogue import DEFINITIONS
from finbench.tasks.generated import FIRST_TRAINING_SEED, calc_items

FIN_TONE, FIN_TERMS, FOMC, NER, FINQA = (
    DEFINITIONS[name] for name in ("fin_tone", "fin_terms", "fomc", "ner", "finqa")
)
TONE = {"text": "Profit rose by a third.", "label": "positive"}
STANCE = {"text": "Rates will rise.", "answer": "hawkish", "year": 2020}
QUESTION = {"question": "What is a bond?", "choices": ["a debt", "a share"], "gold": 0}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes rows (or raw lines) to a file below the test's folder."""

    def write_rows(rows: Iterable[Any], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_rows


# --- the order of sources


class Hub:
    """Stands in for the hub: `datasets.load_dataset` gives these rows, or raises."""

    def __init__(self, answer: list[dict[str, Any]] | Exception) -> None:
        self.answer = answer
        self.calls: list[tuple[str, str | None, str, str]] = []

    def __call__(self, path: str, name: str | None = None, *, split: str, revision: str) -> list[dict[str, Any]]:
        self.calls.append((path, name, split, revision))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[dict[str, Any]] | Exception], Hub]:
    """Puts a stand-in for the hub in place; this machine has no way to the real one."""
    import datasets

    def install(answer: list[dict[str, Any]] | Exception) -> Hub:
        stand_in = Hub(answer)
        monkeypatch.setattr(datasets, "load_dataset", stand_in)
        return stand_in

    return install


def test_a_given_file_or_folder_comes_before_everything(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hub: Any
) -> None:
    given = write([STANCE], "given/test.jsonl")
    write([{**STANCE, "text": "from the folder"}], "data/fomc/test.jsonl")
    monkeypatch.setenv("FINBENCH_DATA", str(tmp_path / "data"))
    asked = hub([])
    for data in (given, given.parent, str(given)):
        found = locate(FOMC.card, data=data)
        assert (found.kind, [row["text"] for row in found.rows]) == ("path", [STANCE["text"]])
    assert asked.calls == []


def test_the_folder_comes_before_the_hub(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hub: Any
) -> None:
    write([STANCE], "data/fomc/test.jsonl")
    monkeypatch.setenv("FINBENCH_DATA", str(tmp_path / "data"))
    asked = hub([])
    found = locate(FOMC.card)
    assert (found.kind, found.place) == ("folder", "fomc/test.jsonl")
    assert asked.calls == []


def test_the_folder_comes_before_the_package(write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write([TONE], "data/fin_tone/test.jsonl")
    monkeypatch.setenv("FINBENCH_DATA", str(tmp_path / "data"))
    assert FIN_TONE.items().kind == "folder"
    monkeypatch.delenv("FINBENCH_DATA")
    assert FIN_TONE.items().kind == "package"


def test_a_folder_without_the_task_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(tmp_path))
    assert FIN_TONE.items().kind == "package"


def test_the_hub_is_asked_at_the_pinned_revision(hub: Any) -> None:
    asked = hub([STANCE] * 496)
    found = locate(FOMC.card)
    assert asked.calls == [("Salesforce/FinEval", "FOMC", "test", FINEVAL_REVISION)]
    assert (found.kind, found.place) == ("hub", f"hf://Salesforce/FinEval@{FINEVAL_REVISION}")


def test_the_folder_form_lies_under_the_cards_folder(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINBENCH_DATA", str(shared_data))
    found = locate(NER.card)
    assert (found.kind, found.place) == ("folder", "ner_sec/test.jsonl")


def test_no_place_holds_a_path_of_this_machine(write: Write, tmp_path: Path) -> None:
    assert str(tmp_path) not in locate(FOMC.card, data=write([STANCE])).place


# --- missing rows


def test_missing_rows_name_task_licence_and_command() -> None:
    with pytest.raises(InputError) as caught:
        locate(FOMC.card)
    said = caught.value.message
    for part in ("'fomc'", "496", "CC-BY-NC-4.0", "finbench data fetch fomc", "-T data=PATH", "HF_HUB_OFFLINE"):
        assert part in said, said
    assert "\n" not in said


def test_offline_is_one_sentence_and_tries_no_network(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub(ConnectionError("offline mode is enabled\nwith a long story"))
    with pytest.raises(InputError, match=r"the hub did not give hf://Salesforce/FinEval \(HF_HUB_OFFLINE is set\)"):
        locate(FOMC.card)


@pytest.mark.parametrize("fault", [ConnectionError("refused"), OSError("no route"), ValueError("unknown config")])
def test_a_hub_that_fails_is_named_without_its_story(
    hub: Any, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    hub(fault)
    with pytest.raises(InputError, match=type(fault).__name__) as caught:
        locate(FOMC.card)
    assert "\n" not in caught.value.message


def test_a_set_that_is_not_on_the_hub_says_so(hub: Any) -> None:
    from datasets.exceptions import DatasetNotFoundError

    hub(DatasetNotFoundError("Dataset 'Salesforce/FinEval' doesn't exist on the Hub or cannot be accessed."))
    with pytest.raises(InputError, match="hf://Salesforce/FinEval is not on the hub"):
        locate(FOMC.card)


def test_a_source_without_a_revision_is_asked_for_nothing_while_its_commit_is_unknown(hub: Any) -> None:
    asked = hub([])
    with pytest.raises(InputError, match=r"HF_HUB_OFFLINE is set.*finbench data fetch arc_challenge"):
        locate(DEFINITIONS["arc_challenge"].card)
    assert asked.calls == []


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda tmp: tmp / "absent.jsonl", "does not exist; pass a .jsonl file or a folder with test.jsonl"),
        (lambda tmp: tmp, r"has no test.jsonl for task 'fomc' \(it holds other.jsonl\); pass the file itself"),
        (lambda tmp: tmp / "empty.jsonl", "holds no rows for task 'fomc'"),
        (lambda tmp: tmp / "latin.jsonl", "is not UTF-8 text"),
    ],
    ids=["absent", "folder", "empty", "latin"],
)
def test_a_path_that_holds_no_rows_is_named(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    (tmp_path / "other.jsonl").write_text("")
    (tmp_path / "empty.jsonl").write_text("\n\n")
    (tmp_path / "latin.jsonl").write_bytes(b'{"text": "\xe9"}\n')
    if make(tmp_path) == tmp_path:
        for name in ("empty.jsonl", "latin.jsonl"):
            (tmp_path / name).unlink()
    with pytest.raises(InputError, match=says) as caught:
        FOMC.items(data=make(tmp_path))
    assert str(tmp_path.name) in caught.value.message


# --- a hub set is a claim


def test_a_hub_set_with_another_count_is_refused_naming_both(hub: Any) -> None:
    hub([STANCE] * 150)
    with pytest.raises(InputError, match=r"FOMC at a911ec4dbd63 holds 150 rows, the card of 'fomc' says 496"):
        FOMC.items()


def test_a_hub_set_with_another_fingerprint_is_refused_naming_both(hub: Any) -> None:
    hub([{**STANCE, "text": f"Rates will rise {n}."} for n in range(496)])
    with pytest.raises(InputError, match=r"has the fingerprint [0-9a-f]{12}, the card of 'fomc' says efbe9c16168e"):
        FOMC.items()


def test_a_hub_set_with_another_schema_is_refused(hub: Any) -> None:
    hub([{"sentence": "Rates will rise.", "label": 1}] * 496)
    with pytest.raises(InputError, match=r"row 1 of hf://Salesforce/FinEval@.* lacks the field 'text'"):
        FOMC.items()


def test_the_cards_set_from_the_hub_is_official(shared_data: Path, hub: Any) -> None:
    hub([dict(row) for row in read_jsonl(shared_data / "fomc" / "test.jsonl")])
    loaded = FOMC.items()
    assert loaded.official and loaded.kind == "hub"


# --- reading rows


def test_a_line_that_is_not_json_is_named(write: Write) -> None:
    path = write([STANCE, "", "{'text': 1}"])
    with pytest.raises(InputError, match=r"rows.jsonl:3 is not JSON .*; expected one JSON object a line"):
        read_jsonl(path)


@pytest.mark.parametrize("line", ["[1, 2]", "3", '"text"', "null"])
def test_a_line_that_is_no_object_is_named(write: Write, line: str) -> None:
    with pytest.raises(InputError, match=r"rows.jsonl:1 is .*; expected one JSON object a line"):
        read_jsonl(write([line]))


def test_json_that_is_nested_without_end_is_refused(write: Write) -> None:
    with pytest.raises(InputError, match=r"nested too deeply|is not JSON"):
        read_jsonl(write(["[" * 200_000]))


def test_a_folder_in_place_of_a_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_jsonl(tmp_path)


def test_blank_lines_and_unusual_separators_keep_rows_whole(write: Write) -> None:
    odd = "one\u2028two\x85three"
    rows = read_jsonl(write(["", {"text": odd}, "  ", {"text": "x"}]))
    assert [row["text"] for row in rows] == [odd, "x"]


# --- rows that do not fit


@pytest.mark.parametrize(
    ("name", "row", "says"),
    [
        ("fin_tone", {"label": "positive"}, r"lacks the field 'text' \(it has label\)"),
        ("fin_tone", {**TONE, "text": "  "}, "field 'text' should be a non-empty text"),
        ("fin_tone", {**TONE, "text": 3}, "field 'text' should be a non-empty text, got 3"),
        ("fin_tone", {**TONE, "label": "bullish"}, "field 'label' should be one of positive, negative, neutral"),
        ("fin_tone", {**TONE, "label": 1}, "field 'label' should be a non-empty text"),
        ("fomc", {**STANCE, "answer": "tight"}, 'should be one of hawkish, dovish, neutral, got "tight"'),
        ("german_credit", {"text": "x", "answer": "ugly"}, "should be one of good, bad"),
        ("fin_terms", {**QUESTION, "choices": ["only one"]}, "should hold 2 to 26 options, got 1"),
        ("fin_terms", {**QUESTION, "choices": "AB"}, "should be a non-empty list of texts"),
        ("fin_terms", {**QUESTION, "choices": ["a", 2]}, "should hold texts only"),
        ("fin_terms", {**QUESTION, "gold": 2}, "should be a whole number from 0 to 1, got 2"),
        ("fin_terms", {**QUESTION, "gold": True}, "should be a whole number from 0 to 1, got true"),
        ("fin_terms", {**QUESTION, "gold": "0"}, "should be a whole number"),
        ("fin_terms", {**QUESTION, "answer": "B"}, "contradicts itself: 'gold' is A, 'answer' is 'B'"),
        ("ner", {"text": "x", "answer": None}, "field 'answer' should be text"),
        ("ner", {"text": "x", "answer": "Acme, FIRM"}, "holds the type FIRM, expected PER, ORG, LOC or MISC"),
        ("finqa", {"id": "a-1", "question": "?", "table": [["a"]], "answer": "n/a"}, "should be a number"),
        (
            "finqa",
            {"id": "a-1", "question": "?", "table": "a|b", "answer": "1"},
            "field 'table' should be a list of rows",
        ),
        ("fin_calc", {"question": "What is 1 + 1?", "answer": "two"}, "field 'answer' should be a number, got \"two\""),
        (
            "fin_calc",
            {"question": "What is 1 + 1?", "answer": 2, "unit": "apples"},
            "field 'unit' should be one of percent, bps",
        ),
        ("fin_calc", {"question": "What is 1 + 1?", "answer": None}, "field 'answer' should be a number"),
        ("finqa", {"id": "a-1", "question": "?", "table": [["a"]], "answer": "nan"}, "should be a number"),
        ("finqa", {"id": "a-1", "question": "?", "table": [["a"]], "answer": "1", "pre_text": 5}, "'pre_text'"),
    ],
)
def test_a_row_that_does_not_fit_names_its_number_and_field(
    write: Write, name: str, row: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=rf"row 1 of .*rows.jsonl does not fit task '{name}': it .*{says}") as caught:
        DEFINITIONS[name].items(data=write([row]))
    assert f"finbench data verify {name} --data PATH" in caught.value.message


def test_labels_are_read_whatever_their_case_and_kept_as_the_card_has_them(write: Write) -> None:
    [item] = FOMC.items(data=write([{**STANCE, "answer": " HAWKISH "}])).items.values()
    assert item.gold == "hawkish"


def test_a_getter_says_what_it_found() -> None:
    row = Row({"a": 1})
    with pytest.raises(RowError, match="lacks the field 'b'"):
        row.text("b")
    assert row.get("b", 7) == 7 and "a" in row and dict(row) == {"a": 1} and len(row) == 1


# --- sets


def test_exact_duplicates_keep_the_first_copy_and_are_counted(write: Write) -> None:
    rows = [QUESTION, {**QUESTION, "subject": "later copy"}, {**QUESTION, "gold": 1}, QUESTION]
    loaded = FIN_TERMS.items(data=write(rows))
    assert (len(loaded.items), loaded.dropped) == (2, 2)
    assert [dict(item.metadata) for item in loaded.items.values()] == [{}, {}]


def test_the_embedded_and_generated_sets_are_the_cards() -> None:
    for definition in (FIN_TONE, FIN_TERMS):
        loaded = definition.items()
        assert loaded.official and loaded.sha256 == definition.card.items_sha256 == fingerprint(loaded.items)
        assert (len(loaded.items), loaded.dropped) == (definition.card.items, definition.card.dropped)
    assert calc_items(200, 2026).official
    assert calc_items(200, 2026, task="fin_sums").official


@pytest.mark.parametrize("name", ["mmlu_finance", "fomc", "german_credit", "arc_challenge"])
def test_the_real_rows_are_the_cards_set(name: str, shared_data: Path) -> None:
    definition = DEFINITIONS[name]
    loaded = definition.items(data=shared_data / definition.card.data_folder)
    assert loaded.official and len(loaded.items) == definition.card.items
    if definition.card.labels:
        golds = [item.gold for item in loaded.items.values()]
        assert {label: golds.count(label) for label in definition.card.labels} == dict(definition.card.labels)


@pytest.mark.parametrize("name", ["finqa", "ner"])
def test_a_part_of_a_set_is_unofficial_and_runs(name: str, shared_data: Path) -> None:
    loaded = DEFINITIONS[name].items(data=shared_data / DEFINITIONS[name].card.data_folder)
    assert loaded.items and not loaded.official


@pytest.mark.parametrize("change", ["a word", "a label", "a row less", "a row more", "another order"])
def test_a_changed_set_is_unofficial_and_another_order_is_not(write: Write, change: str) -> None:
    from finbench.data.locate import package_path

    path = package_path(FIN_TONE.card)
    assert path is not None
    rows = [dict(row) for row in read_jsonl(path)]
    if change == "a word":
        rows[7]["text"] += "!"
    elif change == "a label":
        rows[7]["label"] = "neutral" if rows[7]["label"] != "neutral" else "positive"
    elif change == "a row less":
        rows.pop()
    elif change == "a row more":
        rows.append(TONE)
    else:
        rows.reverse()
    loaded = FIN_TONE.items(data=write(rows))
    assert loaded.official is (change == "another order")
    assert (loaded.sha256 == FIN_TONE.card.items_sha256) is (change == "another order")


def test_another_split_is_never_official() -> None:
    assert not FIN_TONE.items(split="train").official


def test_a_commit_that_the_card_pins_stands_in_where_no_fingerprint_is_known(hub: Any) -> None:
    from finbench.data.loading import to_set

    card = NER.card
    assert card.items_sha256 is None
    rows = [{"text": f"Acme {n} lends.", "answer": f"Acme {n}, ORG"} for n in range(card.items or 0)]
    hub(rows)
    assert NER.items().official
    on_disk = Located(kind="path", place="rows.jsonl", rows=[Row(row) for row in rows])
    assert not to_set(card, NER.to_item, on_disk, split="test").official
    unpinned = card.sources[0].model_copy(update={"revision": None})
    at_another = Located(kind="hub", place="h", rows=on_disk.rows, source=unpinned)
    assert not to_set(card, NER.to_item, at_another, split="test").official


def test_a_pinned_set_that_repeats_rows_is_the_cards_all_the_same(hub: Any) -> None:
    """No card could count the duplicates of a set that was not here when it was written."""
    rows = [{"text": f"Acme {n // 2} lends.", "answer": f"Acme {n // 2}, ORG"} for n in range(NER.card.items or 0)]
    hub(rows)
    loaded = NER.items()
    assert loaded.official and loaded.dropped == len(rows) // 2


# --- training examples


def test_the_evaluation_split_is_refused_for_training() -> None:
    with pytest.raises(InputError, match="'test' is the evaluation split of 'fin_tone'"):
        examples("fin_tone", "test")


def test_seeds_below_the_first_training_seed_are_kept_for_evaluation() -> None:
    with pytest.raises(InputError, match=f"training draws use {FIRST_TRAINING_SEED} and up"):
        examples("fin_calc", "train", seed=FIRST_TRAINING_SEED - 1)


def test_examples_are_asked_in_the_words_of_the_evaluation_and_answered_in_its_format() -> None:
    task = FIN_TONE.task(elicitation="cot")
    asked = str(task.dataset[0].input[-1].content)  # type: ignore[union-attr]
    [first, *rest] = examples("fin_tone", "train", elicitation="cot")
    assert rest and first.prompt[-1]["role"] == "user"
    instruction, ask = asked.split("\n\n")[0], asked.split("\n\n")[-1]
    assert first.prompt[-1]["content"].startswith(instruction) and first.prompt[-1]["content"].endswith(ask)
    assert first.completion.splitlines()[-1].startswith("Answer: ")


def test_no_example_is_an_evaluation_item() -> None:
    evaluated = set(FIN_TONE.items().items)
    assert evaluated.isdisjoint(example.id for example in examples("fin_tone", "train"))
    assert set(calc_items(200, 2026).items).isdisjoint(example.id for example in examples("fin_calc", n=200))
    sums = {item.body for item in calc_items(200, 2026, task="fin_sums").items.values()}
    assert not any(body in one.prompt[-1]["content"] for one in examples("fin_sums", n=30) for body in sums)


def test_an_item_of_the_evaluation_that_lies_in_the_training_split_is_left_out(shared_data: Path) -> None:
    """16 of the 496 test sentences of the FOMC set also occur in its train split."""
    folder = shared_data / "fomc"
    evaluated = {item.body.casefold() for item in FOMC.items(data=folder).items.values()}
    trained = examples("fomc", "train", data=folder)
    assert trained
    assert len(trained) > 1900, "only what overlaps is left out"
    leaked = [one.id for one in trained if any(body in one.prompt[-1]["content"].casefold() for body in evaluated)]
    assert leaked == []
