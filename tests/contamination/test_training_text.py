"""Every form of training text gives the same overlaps, and what cannot be read is named."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finbench.contamination.audit import audit
from finbench.contamination.evaluated import Evaluated
from finbench.contamination.index import Index, Rule
from finbench.contamination.reading import TrainingText, texts_of
from finbench.errors import InputError

QUESTION = "Which of these lenders takes the first loss when a securitised pool of mortgages defaults?"


@pytest.fixture
def index(a_set: Callable[..., Evaluated]) -> Index:
    return Index([a_set([QUESTION, "What is the yield to maturity of a bond that trades exactly at its par value?"])])


def _jsonl(rows: list[object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _parquet(path: Path) -> None:
    table = pa.table(
        {
            "number": [1, 2],
            "messages": [[{"role": "user", "content": "nothing"}], [{"role": "user", "content": QUESTION}]],
        }
    )
    pq.write_table(table, path)


def _arrow(path: Path) -> None:
    table = pa.table({"text": ["nothing", QUESTION]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _zstd(path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as out:
        out.write(_jsonl([{"text": QUESTION}]).encode())


WRITERS: dict[str, Callable[[Path], object]] = {
    "text.jsonl": lambda path: path.write_text(_jsonl([{"text": "nothing"}, {"text": f"So: {QUESTION}"}])),
    "pairs.jsonl": lambda path: path.write_text(_jsonl([{"prompt": QUESTION, "completion": "B"}])),
    "chat.jsonl": lambda path: path.write_text(_jsonl([{"messages": [{"role": "user", "content": QUESTION}]}])),
    "plain.jsonl": lambda path: path.write_text(_jsonl([QUESTION])),
    "bom.jsonl": lambda path: path.write_text("\ufeff" + _jsonl([{"text": QUESTION}]), encoding="utf-8"),
    "array.json": lambda path: path.write_text(json.dumps([{"instruction": QUESTION, "n": 1.5}], indent=2)),
    "object.json": lambda path: path.write_text(json.dumps({"text": QUESTION}, indent=2)),
    "book.txt": lambda path: path.write_text("A chapter.\n\n" + QUESTION.replace(" ", "\n")),
    "book.txt.gz": lambda path: path.write_bytes(gzip.compress(QUESTION.encode(), mtime=0)),
    "rows.jsonl.gz": lambda path: path.write_bytes(gzip.compress(_jsonl([{"text": QUESTION}]).encode(), mtime=0)),
    "rows.jsonl.bz2": lambda path: path.write_bytes(bz2.compress(_jsonl([{"text": QUESTION}]).encode())),
    "rows.jsonl.zst": _zstd,
    "rows.parquet": _parquet,
    "rows.arrow": _arrow,
}


@pytest.mark.parametrize("name", WRITERS)
def test_each_form_of_training_text_is_read(index: Index, tmp_path: Path, name: str) -> None:
    path = tmp_path / "corpus" / name
    path.parent.mkdir()
    WRITERS[name](path)
    for place in (path, path.parent):
        report = audit([place], index)
        assert report.tasks[0].question.ids == ("asked-0",)
        assert report.tasks[0].question.exact == 1
        assert report.documents_overlapping == 1


def test_a_long_document_is_read_in_pieces_and_a_question_across_two_is_found(index: Index, tmp_path: Path) -> None:
    filler = "money and banking " * 40_000  # 0.7 MB, so that the questions lie where pieces and batches end
    for lead in range(0, 60, 12):
        text = filler + "x " * lead + QUESTION + " " + filler
        plain, rows = tmp_path / "long.txt", tmp_path / "long.jsonl"
        plain.write_text(text)
        rows.write_text(_jsonl([{"text": text * 2}]))
        for path in (plain, rows):
            report = audit([path], index)
            assert report.tasks[0].question.exact == 1, (lead, path.name)
            assert (report.documents, report.documents_overlapping) == (1, 1)
            assert report.words == len(text.split()) * (2 if path == rows else 1)


def test_no_words_run_on_from_one_document_or_field_to_the_next(index: Index, lines: Callable[..., Path]) -> None:
    words = QUESTION.split()
    first, middle, last = (" ".join(part) for part in (words[:5], words[5:10], words[10:]))
    three = [{"text": part} for part in (first, middle, last)]
    for rows in (three, [{"system": first, "prompt": middle, "completion": last}]):
        report = audit([lines(rows)], index)
        assert report.tasks[0].question.overlapping == 0
    report = audit([lines([{"parts": [first, middle, last]}])], index)
    assert report.tasks[0].question.exact == 1


def test_the_place_of_a_hit_is_named_without_folders_of_this_machine(index: Index, lines: Callable[..., Path]) -> None:
    path = lines([{"text": "nothing"}, {"text": "still nothing"}, {"text": QUESTION}], "corpus/part.jsonl")
    (entry,) = audit([path.parent], index).tasks
    assert entry.hits["asked-0"].first == "corpus/part.jsonl:3"
    assert set(entry.hits["asked-0"].rules) == {rule.value for rule in Rule}


def test_only_the_fields_asked_for_are_read(index: Index, lines: Callable[..., Path]) -> None:
    path = lines([{"text": "nothing to see", "note": QUESTION}])
    assert audit([path], index, fields=["text"]).tasks[0].question.overlapping == 0
    assert audit([path], index, fields=["note"]).tasks[0].question.overlapping == 1
    with pytest.raises(InputError, match="holds no text in the fields missing"):
        audit([path], index, fields=["missing"])


def test_lines_that_cannot_be_read_are_named_or_counted(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(b'{"text": "fine"}\n{"text": \n' + _jsonl([{"text": QUESTION}]).encode() + b'{"text": "\xff"}\n')
    with pytest.raises(InputError, match=r"broken.jsonl, line 2 cannot be read .*--skip-bad"):
        audit([path], index)
    report = audit([path], index, skip_bad=True)
    assert (report.bad, report.tasks[0].question.exact) == (2, 1)


UNREADABLE = {
    "cut.jsonl.gz": (gzip.compress(b'{"text": "a"}\n' * 1000, mtime=0)[:40], "cannot be read"),
    "wrong.parquet": (b"PAR1 no", "cannot be read"),
    "wrong.arrow": (b"no arrow", "cannot be read"),
    "wrong.json": (b'[{"text": "a"', "is not JSON"),
    "latin.txt": ("Zürich".encode("latin-1"), "is not UTF-8 text"),
    "empty.txt": (b"", "holds no text"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_cannot_be_read_are_named(index: Index, tmp_path: Path, name: str) -> None:
    content, said = UNREADABLE[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as raised:
        audit([path], index)
    assert name in raised.value.message
    assert "\n" not in raised.value.message


def test_a_folder_without_training_text_and_a_wrong_path_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\0")
    with pytest.raises(InputError, match="holds no training text"):
        TrainingText([tmp_path])
    with pytest.raises(InputError, match="there is no training text at"):
        TrainingText([tmp_path / "nowhere"])


def test_files_of_no_known_format_are_reported(index: Index, lines: Callable[..., Path]) -> None:
    path = lines([{"text": QUESTION}], "corpus/a.jsonl")
    (path.parent / "weights.bin").write_bytes(b"\0")
    (path.parent / ".hidden.jsonl").write_text("not json")
    assert audit([path.parent], index).unread == ("corpus/weights.bin",)


def test_all_texts_of_a_row_are_read_in_their_order() -> None:
    row = {"a": "one", "b": ["two", "three"], "c": {"d": [{"e": "four"}, 5]}, "f": None, "g": ""}
    assert texts_of(row) == ["one", "two three", "four"]
