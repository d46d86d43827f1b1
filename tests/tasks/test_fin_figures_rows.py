"""The embedded rows of fin_figures: derivations that hold, wrong readings that do not pass, separate splits."""

from __future__ import annotations

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.scorer import Score, value_to_float

from finbench.data.rows import Row, RowError
from finbench.generated.expressions import evaluate
from finbench.scoring.amounts import equal_amounts
from finbench.scoring.number import Number
from finbench.tasks.figures import FIN_FIGURES, TOLERANCE

FOLDER = Path(__file__).resolve().parents[2] / "finbench" / "data" / "embedded" / "fin_figures"
SIZES = {"test": 136, "train": 30}
FIELDS = ["id", "passage", "question", "answer", "unit", "decimals", "derivation", "kind", "style"]
STYLES = {"analyst note", "credit agreement", "exchange notice", "filing", "press release"}
KINDS = {"average", "bps", "change", "lookup", "product", "ratio", "scale", "sum"}
#: Numbers that a derivation may bring along: 1 (a root, 1 / years), 2 (an average, "two payments"), scales.
CONSTANTS = {1.0, 2.0, 100.0, 1000.0, 1_000_000.0}
NAMED_UNITS = {
    "percent": r"percent|percentage",
    "bps": r"basis points",
    "thousand": r"thousand",
    "million": r"million",
    "billion": r"billion",
    "currency": r"dollars|euros|pence",
    "none": r"ratio|days|how many|cover|multiple|multiplier|turnover|over adjusted EBITDA",
}
DECIMALS = {"one": 1, "two": 2, "three": 3}
NUMBER = value_to_float()

Figures = dict[str, Any]


def read(split: str) -> list[Figures]:
    return [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


ROWS = {split: read(split) for split in SIZES}
EVERY_ROW = [row for rows in ROWS.values() for row in rows]
ITEMS = {split: list(FIN_FIGURES.items(split=split).items.values()) for split in SIZES}
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)]


def operands(expression: str) -> list[float]:
    nodes = ast.walk(ast.parse(expression, mode="eval"))
    return [
        float(node.value) for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    ]


def accepted(value: float, row: Figures) -> bool:
    """Whether a bare number is right for a row, as the task's scorer compares it."""
    return equal_amounts(Number(value, "none"), row["answer"], gold_unit=row["unit"], rel_tol=TOLERANCE)


# --- rows


@pytest.mark.parametrize("split", SIZES)
def test_figure_rows_have_their_fields_and_ids(split: str) -> None:
    assert len(ROWS[split]) == SIZES[split]
    for number, row in enumerate(ROWS[split], 1):
        assert list(row) == FIELDS
        assert row["id"] == f"figures-{split}-{number:03d}"
        assert row["style"] in STYLES and row["kind"] in KINDS and row["unit"] in NAMED_UNITS
        assert row["passage"] == row["passage"].strip() and row["question"].endswith("?")
        assert len(row["question"]) < 300


def test_the_derivation_comes_to_the_answer() -> None:
    for row in EVERY_ROW:
        derived = evaluate(row["derivation"])
        assert round(derived, row["decimals"]) == row["answer"], row["id"]
        rest = abs(derived) * 10 ** row["decimals"] % 1
        assert abs(rest - 0.5) > 1e-6, f"{row['id']}: half a step, where rounding up and to even differ"


def test_every_operand_stands_in_the_passage_or_question() -> None:
    for row in EVERY_ROW:
        there = {*numbers(row["passage"]), *numbers(row["question"])}
        assert [value for value in operands(row["derivation"]) if value not in there | CONSTANTS] == [], row["id"]
        assert any(value in numbers(row["passage"]) for value in operands(row["derivation"])), row["id"]


def test_the_question_names_unit_and_rounding() -> None:
    for row in EVERY_ROW:
        asked = row["question"]
        assert re.search(NAMED_UNITS[row["unit"]], asked, re.IGNORECASE), row["id"]
        told = re.search(r"to (\w+) decimals?", asked)
        if told:
            assert DECIMALS[told[1]] == row["decimals"], row["id"]
        else:
            derived = evaluate(row["derivation"])
            assert derived == pytest.approx(row["answer"], rel=1e-12), f"{row['id']} is rounded without being asked"


def test_a_sign_is_asked_for_where_the_answer_is_negative() -> None:
    assert [row["id"] for row in EVERY_ROW if row["answer"] < 0 and "negative" not in row["question"]] == []


def test_lookups_and_calculations_are_what_they_are_called() -> None:
    for row in EVERY_ROW:
        stands_there = abs(row["answer"]) in numbers(row["passage"])
        if row["kind"] == "lookup":
            assert stands_there and len(operands(row["derivation"])) == 1, row["id"]
        else:
            assert not stands_there and len(operands(row["derivation"])) > 1, row["id"]


def test_every_kind_and_style_is_there() -> None:
    kinds, styles = (Counter(row[key] for row in ROWS["test"]) for key in ("kind", "style"))
    assert set(kinds) == KINDS and min(kinds.values()) >= 5
    assert set(styles) == STYLES and min(styles.values()) >= 15
    negative = sum(row["answer"] < 0 for row in ROWS["test"])
    assert 0.10 <= negative / SIZES["test"] <= 0.30
    assert sum("|" in row["passage"] for row in ROWS["test"]) >= 30


def test_no_two_questions_on_figures_are_alike() -> None:
    sets = [
        (row["id"], set(re.findall(r"[^\W\d_]{2,}", f"{row['passage']} {row['question']}".casefold())))
        for row in EVERY_ROW
    ]
    near = [
        (first, second, round(len(a & b) / len(a | b), 2))
        for (first, a), (second, b) in combinations(sets, 2)
        if len(a & b) / len(a | b) > 0.6
    ]
    assert near == []
    assert len({row["passage"] for row in EVERY_ROW}) == len(EVERY_ROW)


def test_splits_share_no_company_and_no_wording() -> None:
    def grams(split: str) -> set[tuple[str, ...]]:
        tokens = [re.findall(r"\w+", row["passage"].casefold()) for row in ROWS[split]]
        return {tuple(line[start : start + 7]) for line in tokens for start in range(len(line) - 6)}

    def pairs(split: str) -> set[str]:
        return {found for row in ROWS[split] for found in re.findall(r"\b[A-Z]\w+ [A-Z]\w+\b", row["passage"])}

    assert grams("train") & grams("test") == set()
    assert pairs("train") & pairs("test") <= {"Total Debt", "Test Period"}


# --- scoring


@pytest.mark.parametrize("split", SIZES)
def test_the_reference_in_any_usual_form_scores_one(split: str, score_reply: Callable[..., Score]) -> None:
    forms = {
        "percent": "{}%", "bps": "{} basis points", "thousand": "{} thousand", "million": "{} million",
        "billion": "{} billion", "currency": "${}", "none": "{}",
    }  # fmt: skip
    for row, item in zip(ROWS[split], ITEMS[split], strict=True):
        for written in (item.gold, forms[row["unit"]].format(item.gold), f"Steps first.\nAnswer: {item.gold}"):
            assert NUMBER(score_reply("fin_figures", item, written).value) == 1.0, (row["id"], written)


def test_an_unrounded_result_is_accepted() -> None:
    assert [row["id"] for row in EVERY_ROW if not accepted(evaluate(row["derivation"]), row)] == []


def test_another_number_of_the_passage_is_not_accepted() -> None:
    for row in EVERY_ROW:
        for value in {*numbers(row["passage"]), *numbers(row["question"])}:
            for signed in (value, -value):
                right = row["kind"] == "lookup" and signed == row["answer"]
                assert accepted(signed, row) is right, (row["id"], signed)


def test_sign_and_scale_mistakes_are_not_accepted() -> None:
    #: What a number without a unit may stand for beside the unit that is asked for: the same amount in plain units.
    plain = {"percent": 0.01, "bps": 0.0001, "thousand": 1e3, "million": 1e6, "billion": 1e9}
    for row in EVERY_ROW:
        for mistake in (-1.0, 0.0001, 0.001, 0.01, 0.1, 10.0, 100.0, 1e3, 1e6, 1e9):
            right = mistake == plain.get(row["unit"])
            assert accepted(row["answer"] * mistake, row) is right, (row["id"], mistake)


def switched(row: Figures) -> set[float]:
    """What comes out if one operand is mistaken for another number that stands there, or left out of a sum."""
    expression, found = row["derivation"], set()
    there = {*numbers(row["passage"]), *numbers(row["question"])}
    for spot in re.finditer(r"\d+(?:\.\d+)?", expression):
        for value in {0.0, *there} - {float(spot[0])} if float(spot[0]) in there else ():
            try:
                found.add(evaluate(f"{expression[: spot.start()]}{value!r}{expression[spot.end() :]}"))
            except ValueError:
                continue
    return found


def test_a_wrong_operand_does_not_pass() -> None:
    tried = [(row, value) for row in EVERY_ROW for value in sorted(switched(row))]
    assert len(tried) > 2000
    assert [(row["id"], value) for row, value in tried if accepted(value, row)] == []


@given(st.sampled_from(EVERY_ROW), st.floats(0.05, 20.0))
def test_what_is_off_by_more_than_the_tolerance_is_wrong(row: Figures, factor: float) -> None:
    value = row["answer"] * factor
    if abs(factor - 1) <= TOLERANCE:
        assert accepted(value, row)
    elif abs(factor - 1) > 0.01 and not math.isclose(factor, round(factor, 3)):
        assert not accepted(value, row)


@pytest.mark.parametrize(
    ("choose", "says"),
    [
        (lambda row: numbers(row["passage"])[0], "first number of the passage"),
        (lambda row: numbers(row["passage"])[-1], "last"),
        (lambda row: max(numbers(row["passage"])), "largest"),
        (lambda _: Counter(row["answer"] for row in ROWS["test"]).most_common(1)[0][0], "the most frequent reference"),
    ],
    ids=["first", "last", "largest", "majority"],
)
def test_the_card_says_what_guesses_score(choose: Callable[[Figures], float], says: str) -> None:
    found = sum(accepted(choose(row), row) for row in ROWS["test"]) / SIZES["test"]
    assert f"{says} {found:.2f}" in FIN_FIGURES.card.sources[0].note
    assert found < 0.05


def test_the_card_names_the_tolerance() -> None:
    assert f"{TOLERANCE:.1%}".replace("%", " %") + " off" in FIN_FIGURES.card.errata[0]


# --- the reader

GOOD = {"passage": "Sales: 12 and 8.", "question": "How many?", "answer": 20, "unit": "none", "decimals": 0}


@given(st.integers(-999, 999), st.integers(1, 999), st.integers(0, 4), st.floats(-3.0, 3.0))
def test_the_reader_takes_an_answer_exactly_where_the_derivation_rounds_to_it(
    upper: int, lower: int, decimals: int, shift: float
) -> None:
    answer = round(upper / lower, decimals) + round(shift) * 10.0**-decimals
    row = Row({**GOOD, "answer": answer, "decimals": decimals, "derivation": f"{upper} / {lower}"})
    if abs(answer - upper / lower) <= 0.5 * 10.0**-decimals + 1e-9:
        item = FIN_FIGURES.to_item(row)
        assert item is not None and item.gold == f"{answer:.{decimals}f}"
    else:
        with pytest.raises(RowError, match="comes to"):
            FIN_FIGURES.to_item(row)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"derivation": "12 + "}, "cannot be computed"),
        ({"derivation": "open('x')"}, "cannot be computed"),
        ({"derivation": "12 / 0"}, "cannot be computed"),
        ({"derivation": "12 - 8"}, "comes to 4"),
        ({"unit": "furlongs"}, "should be one of"),
        ({"decimals": 9}, "whole number from 0 to 6"),
        ({"answer": "many"}, "should be a number"),
        ({"question": ""}, "non-empty text"),
    ],
)
def test_rows_of_figures_that_do_not_fit_are_named(change: Figures, says: str) -> None:
    with pytest.raises(RowError, match=says):
        FIN_FIGURES.to_item(Row({**GOOD, "derivation": "12 + 8", **change}))


# --- documents beside the rows


def test_the_readme_of_the_figures_counts_what_is_there() -> None:
    for column, split in enumerate(SIZES):
        rows = ROWS[split]
        told = {"questions": len(rows), "with a table": sum("|" in row["passage"] for row in rows)}
        told |= {"negative answers": sum(row["answer"] < 0 for row in rows)}
        told |= {f"`{kind}`": count for kind, count in Counter(row["kind"] for row in rows).items()}
        told |= Counter(row["style"] for row in rows)
        for what, count in told.items():
            cells = next(line for line in README.splitlines() if line.startswith(f"| {what} |")).split("|")
            assert int(cells[-3 + column]) == count, (split, what)


def test_the_licence_of_the_figures_is_stated() -> None:
    assert FIN_FIGURES.card.licence == "Apache-2.0" and FIN_FIGURES.card.redistributable
    assert "Apache-2.0" in README
