"""The corpus of written rounds and real replies, and the golden file that ties the extractors to the cards' N."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from inspect_ai._util.registry import registry_info

from finbench.scoring import extract_choice, extract_entities, extract_label, extract_number
from finbench.tasks.catalogue import CARDS, definition

CASES = Path(__file__).parent / "cases"
GOLDEN = Path(__file__).parent / "golden" / "extraction.json"
KINDS = ("choice", "label", "number", "entities")
TYPES = ["PER", "ORG", "LOC"]


def load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]


ROUNDS = sorted(path.stem for path in CASES.glob("round_*.jsonl"))
WRITTEN = [case for name in ROUNDS for case in load(name)]
REAL = load("real")


def read(case: dict[str, Any]) -> tuple[Any, str, bool]:
    """Value as JSON has it, outcome and format of one case."""
    output = case["output"]
    if case["kind"] == "choice":
        found = extract_choice(output, case["choices"])
        value: Any = found.value
    elif case["kind"] == "label":
        found = extract_label(output, case["labels"])
        value = found.value
    elif case["kind"] == "number":
        number = found = extract_number(output, case.get("question"))
        value = number.value and {"value": round(number.value.value, 9), "unit": number.value.unit}
    else:
        pairs = found = extract_entities(output, case.get("types", TYPES))
        value = None if pairs.value is None else [list(pair) for pair in pairs.value]
    return value, found.outcome, found.followed_format


@pytest.mark.parametrize("case", [*WRITTEN, *REAL], ids=lambda case: f"{case['kind']}: {case['why']}")
def test_case(case: dict[str, Any]) -> None:
    value, outcome, _ = read(case)
    expected = case["expected"]
    if case["kind"] == "number" and expected is not None:
        expected = {"value": pytest.approx(expected["value"], rel=1e-9), "unit": expected["unit"]}
    assert value == expected
    assert (value is None) == (outcome != "answered")


def test_the_corpus_is_large_and_each_round_has_every_kind() -> None:
    assert len(WRITTEN) >= 500
    assert len(REAL) >= 100
    for number, _ in enumerate(ROUNDS, start=1):
        rows = [case for case in WRITTEN if case["round"] == number]
        assert len(rows) >= 100
        assert {case["kind"] for case in rows} == set(KINDS)
        assert sum(case["expected"] is None for case in rows) >= 15


# --- golden file ---


def corpus(kind: str) -> list[dict[str, Any]]:
    return [{"kind": kind, **case} for case in load(kind)] + [
        case for case in [*WRITTEN, *REAL] if case["kind"] == kind
    ]


def short_hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode()).hexdigest()[:12]


def results(kind: str) -> dict[str, str]:
    """A short hash of what is read from each case, by a short hash of what is asked."""
    found = {}
    for case in corpus(kind):
        asked = [case.get(key) for key in ("kind", "output", "choices", "labels", "question", "types")]
        found[short_hash(asked)] = short_hash(read(case))
    return found


def comparability(kind: str) -> dict[str, int]:
    """The N of each task whose scorer reads answers of this kind."""
    kinds = {"choice": {"choice"}, "label": {"label", "row_label"}, "number": {"number"}, "entities": {"entities"}}[
        kind
    ]
    names = {
        name: registry_info(definition(name).scorer(card)).name.rpartition("/")[2]
        for name, card in sorted(CARDS.items())
        if card.task_type != "chat" and "grader" not in str(card.metric)
    }
    return {name: CARDS[name].comparability for name, scorer in names.items() if scorer in kinds}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_changes_only_with_the_cards_n(kind: str) -> None:
    """Scores are comparable within one N, so a reply that is read differently needs a new N on every card it touches.

    After raising them, run this test with UPDATE_GOLDEN=1; it refuses to record a change without.
    """
    golden = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}
    before = golden.get(kind, {"comparability": {}, "results": {}})
    now, n = results(kind), comparability(kind)
    changed = [case for case, result in now.items() if before["results"].get(case, result) != result]
    kept = [name for name, value in before["comparability"].items() if n.get(name, value + 1) <= value]
    assert not (changed and kept), (
        f"{len(changed)} replies of kind {kind!r} are read differently than before, but these cards keep their N: "
        f"{', '.join(kept)}. Raise N in their versions, then record the change with UPDATE_GOLDEN=1."
    )
    if os.environ.get("UPDATE_GOLDEN"):
        golden[kind] = {"comparability": n, "results": dict(sorted(now.items()))}
        GOLDEN.write_text(json.dumps(golden, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    else:
        assert before["results"], "The golden file is empty: record it with UPDATE_GOLDEN=1."
        assert not changed, "Record the raised N with UPDATE_GOLDEN=1."


def test_the_golden_file_covers_the_tasks_of_each_kind() -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert set(golden) == set(KINDS)
    assert "fpb" in golden["label"]["comparability"]
    assert "mmlu_finance" in golden["choice"]["comparability"]
    assert all(len(golden[kind]["results"]) >= 300 for kind in KINDS)
