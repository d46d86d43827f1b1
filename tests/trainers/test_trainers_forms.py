"""Forms of training rows and the files that hold them: text, parquet, conversations, preferences, streams."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.errors import InputError
from trainers.base import Prepared
from trainers.data import readers, sources
from trainers.data.rows import FIELDS, characters, kind_of, read_row
from trainers.data.sources import measure, prepare, read
from trainers.recipe import DataSource

USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
ROWS: dict[str, dict[str, Any]] = {
    "prompt-completion": {"prompt": "q", "completion": "a"},
    "messages": {"messages": [USER, ANSWER]},
    "text": {"text": "a document"},
    "preference": {"prompt": [USER], "chosen": "a", "rejected": [{"role": "assistant", "content": "b"}]},
}


def lines(path: Path, *rows: dict[str, Any]) -> DataSource:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DataSource(path=str(path))


def take(data: Prepared) -> list[dict[str, Any]]:
    return list(data.read())


@pytest.mark.parametrize("kind", ROWS)
def test_each_form_is_told_by_its_keys_and_recorded(kind: str, tmp_path: Path) -> None:
    data = prepare([lines(tmp_path / "a.jsonl", ROWS[kind])], tmp_path / "out.jsonl", seed=1)
    (row,) = take(data)
    assert row == {"id": "a.jsonl:1", **ROWS[kind]}
    assert kind_of(row) == kind == data.sources[0]["kind"]
    assert characters(row) > 0


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"text": "t", "messages": [ANSWER]}, "can be read as messages and as text; say which with `kind`"),
        ({"title": "t"}, "a row is an object with `prompt` and `completion`; or `messages`; or `text`"),
        ({"text": " "}, "`text` must not be empty"),
        ({"text": ["t"]}, "`text` is a string"),
        ({"messages": [USER]}, "no turn of the assistant, so there is nothing to learn"),
        ({"messages": [{"role": "user", "content": 3}]}, "`messages` is a list of messages"),
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "`chosen` and `rejected` are the same"),
        ({"prompt": "q", "chosen": "a", "rejected": ""}, "`rejected` must not be empty"),
        ({"prompt": "q", "chosen": [ANSWER], "rejected": "a"}, "where `prompt` is a string, `chosen` is one"),
    ],
)
def test_a_row_of_no_form_is_named(row: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        prepare([lines(tmp_path / "a.jsonl", ROWS["text"], row)], tmp_path / "out.jsonl", seed=1)
    assert "a.jsonl, line 2: " in caught.value.message and named in caught.value.message


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(sorted({f for fields in FIELDS.values() for f in fields} | {"role", "content"})),
                      inner, max_size=4)
), max_leaves=8))  # fmt: skip
def test_no_value_makes_the_reader_of_rows_fall_over(value: object) -> None:
    try:
        row = read_row(value, "x")
    except ValueError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert kind_of(row) in FIELDS and read_row(row, "y") == row


def test_kind_and_columns_say_how_to_read_a_set_with_other_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines(path, {"text": "t", "messages": [USER, {**ANSWER, "tool_calls": None}], "question": "q", "reply": "r"})
    by_kind = [next(read(DataSource(path=str(path), kind=kind))) for kind in ("text", "messages")]
    assert [kind_of(row) for row in by_kind] == ["text", "messages"]
    assert by_kind[1]["messages"] == [USER, ANSWER], "columns that hold nothing are left out"
    source = DataSource(path=str(path), kind="prompt-completion", columns={"prompt": "question", "completion": "reply"})
    assert next(read(source)) == {"id": "a.jsonl:1", "prompt": "q", "completion": "r"}
    with pytest.raises(InputError, match="a row of the kind 'preference' is an object with `prompt`, `chosen` and"):
        next(read(DataSource(path=str(path), kind="preference")))


def test_a_column_that_is_not_there_is_named_unless_rows_may_lack_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines(path, {"question": "q", "reply": "r"})
    with pytest.raises(InputError, match=r"line 1: the row has no column 'answer' \(it has question, reply\)"):
        next(read(DataSource(path=str(path), columns={"prompt": "question", "completion": "answer"})))
    optional = {"prompt": "question", "completion": "reply", "url": "link", "id": "number"}
    assert next(read(DataSource(path=str(path), columns=optional)))["completion"] == "r"


def test_a_field_may_be_put_together_from_columns_and_asked_as_a_turn(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines(
        path,
        {"instruction": "Say {input}.", "input": None, "output": "x"},
        {"instruction": "i", "input": "j", "output": "y"},
    )
    columns = {"prompt": "{instruction}\n{input}", "completion": "output"}
    plain = list(read(DataSource(path=str(path), columns=columns)))
    assert [row["prompt"] for row in plain] == ["Say {input}.", "i\nj"], "what a row says is not interpreted"
    (first, _) = read(DataSource(path=str(path), columns=columns, chat=True))
    assert first["prompt"] == [{"role": "user", "content": "Say {input}."}] and first["completion"] == "x"
    with pytest.raises(
        InputError, match=r"line 1: the row has no column 'question' \(it has input, instruction, output\)"
    ):
        list(read(DataSource(path=str(path), columns={**columns, "prompt": "Q: {question}"})))
    with pytest.raises(ValueError, match="`columns` has the key 'promt'; a row has the fields chosen"):
        DataSource(path=str(path), columns={"promt": "x"})


def test_a_folder_gives_all_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "b").mkdir(parents=True)
    (folder / "c.txt").write_bytes("plain\rtext \u2028 one document\r\n\nwith lines\n".encode())
    pq.write_table(pa.Table.from_pylist([{"text": "x", "id": 7}, {"text": "y", "id": 8}]), folder / "b" / "t.parquet")
    with gzip.open(folder / "a.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write('{"text": "packed\\u2028"}\n\n{"text": "two"}\n')
    (folder / "notes.csv").write_text("not read")
    (folder / ".hidden.txt").write_text("not read")
    rows = list(read(DataSource(path=str(folder))))
    assert [row["id"] for row in rows] == ["a.jsonl.gz:1", "a.jsonl.gz:3", "7", "8", "c.txt:1"]
    assert rows[0]["text"] == "packed\u2028"
    assert rows[-1]["text"] == "plain\rtext \u2028 one document\r\n\nwith lines\n"
    assert measure(DataSource(path=str(folder))) == (5, sum(len(row["text"]) for row in rows))


def test_a_text_larger_than_memory_should_hold_comes_in_pieces_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "PIECE", 50)
    text = "".join(f"line {i} of a text that is long\n" for i in range(9)) + "x" * 130
    (tmp_path / "long.txt").write_text(text)
    rows = list(read(DataSource(path=str(tmp_path / "long.txt"))))
    assert "".join(row["text"] for row in rows) == text and max(len(row["text"]) for row in rows) <= 50


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("a.txt", b"\xff\xfe", "cannot be read as UTF-8 text"),
        ("a.jsonl.gz", b"no gzip", "cannot be read as UTF-8 text"),
        ("a.parquet", b"no table", "cannot be read as parquet"),
        ("a.txt", b"  \n", "holds no rows"),
    ],
)
def test_files_that_cannot_be_read_are_named(name: str, content: bytes, named: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=named):
        prepare([DataSource(path=str(tmp_path / name))], tmp_path / "out.jsonl", seed=1)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match=r"holds no files that end in \.jsonl"):
        prepare([DataSource(path=str(empty))], tmp_path / "out.jsonl", seed=1)


def test_a_stream_is_read_only_as_far_as_its_limit_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    lines(path, *({"id": f"r{i}", "text": "w " * (i % 5 + 1)} for i in range(200)))
    with path.open("a") as file:
        file.write("not JSON: nobody comes here\n")
    monkeypatch.setattr(sources, "WINDOW", 20)
    source = DataSource(path=str(path), examples=50, stream=True)
    first, again, other = (prepare([source], tmp_path / f"{n}.jsonl", seed=s) for n, s in enumerate((1, 1, 2)))
    assert first.sha256 == again.sha256 != other.sha256
    drawn = [row["id"] for row in take(first)]
    assert len(set(drawn)) == 50 and drawn != sorted(drawn, key=lambda name: int(name[1:]))
    assert max(int(name[1:]) for name in drawn) < 50 + 20 and first.sources[0]["offered"] is None

    def words(row: dict[str, Any]) -> int:
        return len(row["text"].split())

    by_tokens = prepare(
        [DataSource(path=str(path), tokens=60, stream=True)], tmp_path / "t.jsonl", seed=1, count_tokens=words
    )
    assert 55 <= sum(words(row) for row in take(by_tokens)) <= 60
    with pytest.raises(InputError, match="not JSON"):
        prepare([DataSource(path=str(path), examples=201, stream=True)], tmp_path / "e.jsonl", seed=1)


def test_generated_problems_are_drawn_with_seeds_that_no_evaluation_uses(tmp_path: Path) -> None:
    from finbench.tasks.generated import OFFICIAL_ITEMS, OFFICIAL_SEED, calc_items

    source = DataSource(task="fin_calc", examples=40)
    data = prepare([source], tmp_path / "a.jsonl", seed=1)
    ids = {row["id"] for row in take(data)}
    assert len(ids) == 40 and not ids & set(calc_items(OFFICIAL_ITEMS, OFFICIAL_SEED).items)
    other = prepare([source], tmp_path / "b.jsonl", seed=2)
    assert not ids & {row["id"] for row in take(other)}, "another seed of the recipe, other problems"
    direct = prepare([DataSource(task="fin_calc", examples=5, elicitation="direct")], tmp_path / "c.jsonl", seed=1)
    assert all(len(row["completion"]) < 20 for row in take(direct))
    with pytest.raises(InputError, match="say with `examples` how many problems to draw"):
        prepare([DataSource(task="fin_calc")], tmp_path / "d.jsonl", seed=1)


def test_a_later_stage_skips_what_an_earlier_one_drew(tmp_path: Path) -> None:
    def ids(source: DataSource) -> list[str]:
        data = prepare([source], tmp_path / "out.jsonl", seed=3)
        assert data.drawn() == {"fin_sums": source.skip + (source.examples or 0)}
        return [row["id"] for row in take(data)]

    first, both = (ids(DataSource(task="fin_sums", examples=count)) for count in (120, 184))
    second = ids(DataSource(task="fin_sums", examples=64, skip=120))
    assert len(second) == 64 and not set(first) & set(second) and set(first) | set(second) == set(both)
    with pytest.raises(InputError, match="`skip` belongs to a generated task, and fin_tone is none"):
        prepare([DataSource(task="fin_tone", examples=4, skip=4)], tmp_path / "out.jsonl", seed=3)
    with pytest.raises(ValueError, match="`skip` belongs to a generated `task` with `examples`"):
        DataSource(path="a.jsonl", skip=4)


def test_weights_and_groups_are_part_of_the_fingerprint_and_plain_sources_are_not_changed_by_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    lines(path, ROWS["text"])
    plain, weighted, later = (
        prepare([DataSource(path=str(path), **more)], tmp_path / "out.jsonl", seed=1).sha256
        for more in ({}, {"weight": 2.0}, {"group": 2})
    )
    assert len({plain, weighted, later}) == 3
    import hashlib

    assert plain == hashlib.sha256(b'{"id":"a.jsonl:1","text":"a document"}').hexdigest()
