"""Rows that come again: equal and nearly equal ones are found, the first stays, counts stand in the lineage."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from finbench.errors import InputError
from trainers.base import Prepared
from trainers.data import deduplicate
from trainers.data.deduplicate import LEAST, SHINGLE, duplicates, shingles, similarity
from trainers.data.sources import prepare
from trainers.recipe import DataSource, Recipe, Stage
from trainers.run import run_recipe
from trainers.stage_rows import deduplicated

pytest.importorskip("datasketch")

WORDS = [f"word{n}" for n in range(3000)]


def text(seed: int, length: int = 200) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def changed(given: str, share: float, seed: int = 0) -> str:
    """A copy in which about this share of the words is another one."""
    dice = random.Random(seed)
    return " ".join(f"other{n}" if dice.random() < share else word for n, word in enumerate(given.split()))


def rows(*texts: str) -> list[dict[str, Any]]:
    return [{"id": str(n), "text": one} for n, one in enumerate(texts)]


def plain_duplicates(given: list[dict[str, Any]], threshold: float) -> dict[int, int]:
    """The same by comparing all pairs of sets of word tuples."""

    def runs(value: str) -> set[tuple[str, ...]]:
        words = value.lower().split()
        return {tuple(words[n : n + SHINGLE]) for n in range(len(words) - SHINGLE + 1)}

    kept: list[int] = []
    found: dict[int, int] = {}
    for number, row in enumerate(given):
        mine = runs(row["text"])
        for other in kept:
            theirs = runs(given[other]["text"])
            if row["text"] == given[other]["text"] or (
                min(len(mine), len(theirs)) >= LEAST and len(mine & theirs) / len(mine | theirs) >= threshold
            ):
                found[number] = other
                break
        else:
            kept.append(number)
    return found


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_near_duplicates_are_those_that_plain_comparison_finds(threshold: float) -> None:
    """All pairs well above the threshold, nearly all near it, and none below."""
    texts = []
    for base in range(60):
        texts.append(text(base))
        texts.append(changed(text(base), random.Random(base).choice((0.0, 0.01, 0.02, 0.05, 0.1, 0.3)), seed=base))
    random.Random(1).shuffle(texts)
    given = rows(*texts)
    expected = plain_duplicates(given, threshold)
    found = duplicates(given, threshold)
    assert found.first.items() <= expected.items(), "what is found is a duplicate"
    assert len(expected) > 20 and len(found.first) >= 0.95 * len(expected)
    sure = plain_duplicates(given, min(0.98, threshold + 0.1))
    assert sure.keys() <= found.first.keys()


def test_equal_rows_are_found_whatever_their_kind_and_blanks() -> None:
    given: list[dict[str, Any]] = [
        {"id": "1", "text": "Short text."},
        {"id": "2", "text": "  Short\n text. "},
        {"id": "3", "text": "short text."},
        {"id": "4", "prompt": "2 + 2", "completion": "4"},
        {"id": "5", "prompt": [{"role": "user", "content": "2 + 2"}], "completion": "4"},
        {"id": "6", "prompt": "2 + 2", "completion": "5"},
        {"id": "7", "prompt": "2 - 2", "completion": "4"},
        {"id": "8", "prompt": "2 + 2 4", "completion": " "},
        {"id": "9", "prompt": "a", "chosen": "b", "rejected": "c"},
        {"id": "10", "prompt": "a", "chosen": "c", "rejected": "b"},
        {"id": "11", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        {"id": "12", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
    ]
    found = duplicates(given, 0.8)
    assert dict(found.first) == {1: 0, 4: 3, 11: 10} and not found.near


def test_exercises_of_one_template_are_no_near_duplicates() -> None:
    given = [{"id": str(n), "prompt": text(1) + f" {n}", "completion": "x"} for n in range(3)]
    assert not duplicates(given, 0.5).first and duplicates(given, 0.5).looked_at == 0


def test_short_texts_are_compared_for_equality_only() -> None:
    short = " ".join(WORDS[: LEAST + SHINGLE - 2])
    found = duplicates(rows(short, short + " more", short), 0.5)
    assert dict(found.first) == {2: 0}


def test_a_threshold_of_one_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplicate, "find_spec", lambda name: None)
    given = rows(text(1), text(1), changed(text(1), 0.01))
    assert dict(duplicates(given, 1).first) == {1: 0}
    with pytest.raises(InputError, match=r"finbench\[curation\]"):
        duplicates(given, 0.8)


def test_a_chain_keeps_what_is_not_like_a_row_that_stays() -> None:
    """b repeats a and c repeats b but not a: c stays, since b does not."""
    words = text(5, 220).split()
    a, b, c = (" ".join(words[shift : shift + 200]) for shift in (0, 10, 20))
    near, far = similarity(shingles(a), shingles(b)), similarity(shingles(a), shingles(c))
    threshold = (near + far) / 2
    assert far < threshold < near
    assert dict(duplicates(rows(a, b, c), threshold).first) == {1: 0}
    assert dict(duplicates(rows(b, a, c), threshold).first) == {1: 0, 2: 0}


def test_many_copies_of_one_page_are_found_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counting(one: Any, other: Any) -> float:
        nonlocal compared
        compared += 1
        return similarity(one, other)

    monkeypatch.setattr(deduplicate, "similarity", counting)
    given = rows(*(text(1) + f" {n}" for n in range(300)))
    assert len(duplicates(given, 0.8).first) == 299 and compared == 299


@given(st.lists(st.sampled_from([text(n, 30) for n in range(4)] + ["a", "b  c", "b c", "."]), max_size=12))
def test_what_stays_is_the_first_of_each(texts: list[str]) -> None:
    given = rows(*texts)
    found = duplicates(given, 0.8)
    assert dict(found.first) == plain_duplicates([{"text": " ".join(row["text"].split())} for row in given], 0.8), (
        "random texts share nothing, so equality decides"
    )
    assert not found.first.keys() & set(found.first.values())
    counts = found.counts(0, len(texts))
    assert counts["before"] == counts["after"] + counts["equal"] + counts["near"] == len(texts)


def test_the_same_rows_give_the_same_result_in_every_process() -> None:
    code = (
        "import random;from trainers.data.deduplicate import duplicates;"
        "w=[f'word{n}' for n in range(300)];d=random.Random(1);"
        "t=[' '.join(d.choices(w,k=60)) for _ in range(40)];"
        "t+=[x.replace('word7 ','x ').replace('word1','y',1) for x in t];"
        "f=duplicates([{'id':'','text':x} for x in t],0.6);print(sorted(f.first.items()),sorted(f.near))"
    )
    said = set()
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": seed}
        )
        said.add(done.stdout)
    assert len(said) == 1 and "(" in said.pop()


# --- in a stage


def write(path: Path, *texts: str) -> Path:
    path.write_text("".join(json.dumps({"text": one}) + "\n" for one in texts), encoding="utf-8")
    return path


def test_a_stage_trains_on_each_text_once_and_says_how_many_each_source_had(tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", text(1), text(2), text(1))
    second = write(tmp_path / "b.jsonl", text(3), changed(text(2), 0.005), text(1))
    sources = [DataSource(path=str(first)), DataSource(path=str(second))]
    data = prepare(sources, tmp_path / "rows.jsonl", seed=1)
    left = deduplicated(data, 0.8, "test")
    assert [row["text"] for row in left.read()] == [text(1), text(2), text(3)]
    assert left.rows == 3 and [source["taken"] for source in left.sources] == [2, 1]
    assert [source["deduplication"] for source in left.sources] == [
        {"threshold": 0.8, "before": 3, "equal": 1, "near": 0, "after": 2},
        {"threshold": 0.8, "before": 3, "equal": 1, "near": 1, "after": 1},
    ]
    assert left.sha256 != data.sha256
    clean: Prepared = deduplicated(left, 0.8, "test")
    assert clean.sha256 == left.sha256 and clean.rows == 3, "what has no duplicates is left as it is"


def test_a_source_of_which_nothing_is_left_is_named(tmp_path: Path) -> None:
    same = [DataSource(path=str(write(tmp_path / f"{name}.jsonl", text(1)))) for name in "ab"]
    with pytest.raises(InputError, match=r"all rows of b.jsonl stand in the sources before it"):
        deduplicated(prepare(same, tmp_path / "rows.jsonl", seed=1), 0.8, "test")


@pytest.mark.usefixtures("echo_trainer")
def test_a_recipe_deduplicates_and_its_lineage_says_so(
    make: Callable[..., Recipe], tmp_path: Path, tone_file: Path
) -> None:
    data = [{"path": str(tone_file)}, {"path": str(write(tmp_path / "t.jsonl", text(1), text(2), text(1)))}]
    report = run_recipe(make({}, data=data, deduplicate={"threshold": 0.9}), tmp_path / "out")
    (stage,) = report["stages"]
    assert stage["data"]["rows"] == 50
    counts = stage["data"]["sources"][1]["deduplication"]
    assert counts == {"threshold": 0.9, "before": 3, "equal": 1, "near": 0, "after": 2}
    lineage = json.loads((tmp_path / "out" / stage["folder"] / "lineage.json").read_text())
    assert lineage["data"]["sources"][1]["deduplication"] == counts
    again = run_recipe(make({}, data=data, deduplicate={"threshold": 0.9}), tmp_path / "out")
    assert again["stages"][0]["reused"]
    kept = run_recipe(make({}, data=data), tmp_path / "out")
    assert not kept["stages"][0]["reused"] and kept["stages"][0]["data"]["rows"] == 51


@pytest.mark.parametrize("value", [{"threshold": 1.1}, {"threshold": 0}, {"near": 0.8}, 0.8, "yes"])
def test_a_deduplication_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Stage.model_validate({"name": "s", "trainer": "cpt", "deduplicate": value})
