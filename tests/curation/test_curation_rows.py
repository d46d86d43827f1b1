"""Rows to be curated, from every kind of file, and their passages: nothing of a text is lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.curation.rows import beginnings, passages, read_rows
from finbench.errors import InputError


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_rows_keep_all_they_have_and_get_ids_of_their_own(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    lines(tmp_path / "a.jsonl", {"id": "x", "text": "one", "url": "u"}, {"text": "two"}, {"id": "x", "text": "three"})
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"id": 7, "text": "four"}\n\n', mtime=0))
    pq.write_table(pa.Table.from_pylist([{"text": "five", "n": 1}]), tmp_path / "c.parquet")
    (tmp_path / "d.txt").write_text("six", encoding="utf-8")
    (tmp_path / "e.csv").write_text("text\nseven\n", encoding="utf-8")
    rows = read_rows([tmp_path])
    assert [(row["id"], row["text"]) for row in rows] == [
        ("x", "one"),
        ("a.jsonl:2", "two"),
        ("x#2", "three"),
        ("7", "four"),
        ("c.parquet:1", "five"),
        ("d.txt:1", "six"),
    ]
    assert rows[0]["url"] == "u" and rows[4]["n"] == 1
    assert len(read_rows([tmp_path], limit=2)) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"text": "a"}\n{"txt": "b"}\n', "row 2: a row is an object with a `text`"),
        ('{"text": " "}\n', "row 1: a row is"),
        ('{"text": 5}\n', "row 1: a row is"),
        ("[1]\n", "row 1: a row is"),
        ("{oops\n", "line 1: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ("", "there are no rows"),
        (b"\xff\xfe\x00", "cannot be read as UTF-8"),
    ],
)
def test_rows_that_cannot_be_used_are_named(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=says):
        read_rows([path])


def test_paths_that_hold_nothing_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        read_rows([tmp_path / "nothing"])
    with pytest.raises(InputError, match="holds no files that end in"):
        read_rows([tmp_path])
    (tmp_path / "a.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match="as parquet"):
        read_rows([tmp_path])


def test_passages_end_where_paragraphs_or_sentences_do() -> None:
    text = "First paragraph.\n\nSecond one. It has two sentences and goes on for a while."
    cut = passages([{"id": "r", "text": text}], 40)
    assert [one.text for one in cut] == [
        "First paragraph.\n\nSecond one. ",
        "It has two sentences and goes on for a ",
        "while.",
    ]
    assert [one.id for one in cut] == ["r/0", "r/1", "r/2"] and not any(one.whole for one in cut)
    assert [one.text for one in beginnings([{"id": "r", "text": text}], 40)] == [cut[0].text]
    assert passages([{"id": "r", "text": "short"}], 40)[0].whole


@given(st.text(alphabet="ab. \n", min_size=1, max_size=300), st.integers(2, 50))
def test_passages_joined_are_the_text(text: str, size: int) -> None:
    cut = passages([{"id": "r", "text": text}], size)
    assert all(len(one.text) <= size and text[one.start : one.start + len(one.text)] == one.text for one in cut)
    covered = {at for one in cut for at in range(one.start, one.start + len(one.text))}
    assert all(not text[at].isalnum() for at in set(range(len(text))) - covered)
    assert len(covered) == sum(len(one.text) for one in cut)
