"""Twins of tables and snippets are encoded by shortcuts; they must say what the plain way says."""

from __future__ import annotations

import csv
import io
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.model_card import _quoted, _scalar
from leaderboard.tables import Column, Row, Scalar, Table, to_csv, to_json
from leaderboard.text import clean
from leaderboard.versus import _bits, _lowest

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
_VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS)
_ROWS = st.lists(st.dictionaries(_TEXTS, _VALUES, max_size=4), max_size=5)


def _table(rows: list[dict[str, Scalar]]) -> Table:
    columns = (Column(key="one", title="One"),)
    return Table(id="t", caption="c", columns=columns, rows=tuple(Row(cells=(), data=row) for row in rows))


@given(rows=_ROWS)
def test_json_is_what_a_call_for_each_row_gives(rows: list[dict[str, Scalar]]) -> None:
    lines = ",\n".join(json.dumps(row) for row in rows)
    assert to_json(_table(rows)) == f'{{"table": "c", "rows": [\n{lines}\n]}}\n'


def test_numbers_without_a_form_in_json_become_null() -> None:
    assert json.loads(to_json(_table([{"a": float("nan"), "b": 1.5}, {"a": 2.0}])))["rows"] == [
        {"a": None, "b": 1.5},
        {"a": 2.0},
    ]


@given(text=_TEXTS.map(lambda text: text.replace("\r", "").replace("\n", "")))  # rows hold texts of one line
def test_no_text_of_a_csv_is_a_formula(text: str) -> None:
    found = list(csv.reader(io.StringIO(to_csv(_table([{"a": text, "b": -1.5}])), newline="")))
    assert found[1] == [f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text, "-1.5"]


@given(text=_TEXTS)
def test_quoted_texts_are_read_back_by_yaml(text: str) -> None:
    assert yaml.safe_load(f"key: {_quoted(text)}") == {"key": text}


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 0.000001, 0.6, 12.0, True, False, "0.5", "no", ""])
def test_scalars_keep_value_and_type(value: str | bool | float) -> None:
    found = yaml.safe_load(_scalar(value))
    assert found == value and type(found) is type(value)


@given(outcomes=st.lists(st.sampled_from(["correct", "wrong", "unparsed"]), max_size=80), limit=st.integers(1, 50))
def test_places_of_bits_are_the_first_right_items(outcomes: list[str], limit: int) -> None:
    assert _lowest(_bits(outcomes), limit) == [at for at, one in enumerate(outcomes) if one == "correct"][:limit]


@given(text=st.text(st.characters(codec="ascii"), max_size=60))
def test_plain_texts_are_cleaned_as_others_are(text: str) -> None:
    assert clean(text) == clean(f"{text}é").removesuffix("é").rstrip()
