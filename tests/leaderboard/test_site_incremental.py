"""A build that uses what is known already gives the bytes of a fresh one, in one process or two."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from site_tree import tree

from finbench.errors import InputError
from finbench.results.choosing import read_runs
from leaderboard import assemble, kept_runs
from leaderboard.build import build
from leaderboard.kept_runs import read_kept
from leaderboard.two_processes import beside, can_split

MakeRun = Callable[..., Any]
two = pytest.mark.skipif(not hasattr(os, "fork"), reason="a second process is a copy of this one: only where fork is")


def test_after_a_log_came_or_went_the_bytes_are_those_of_a_fresh_build(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_runs, "_FROM", 1)
    monkeypatch.setenv("FINBENCH_CACHE", str(tmp_path / "cache"))
    mine = tmp_path / "logs"
    shutil.copytree(logs, mine)
    gone = sorted(mine.rglob("*.eval"))[0]
    build([mine], tmp_path / "site")
    held = gone.rename(tmp_path / gone.name)
    build([mine], tmp_path / "site")
    less = tree(tmp_path / "site")
    held.rename(gone)
    build([mine], tmp_path / "site")
    monkeypatch.setenv("FINBENCH_CACHE", str(tmp_path / "other"))
    build([mine], tmp_path / "fresh")
    assert tree(tmp_path / "site") == tree(tmp_path / "fresh")
    gone.unlink()
    build([mine], tmp_path / "fresh")
    assert less == tree(tmp_path / "fresh") != tree(tmp_path / "site")


def test_kept_runs_are_the_runs_of_the_logs_and_a_damaged_file_is_not_believed(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_runs, "_FROM", 1)
    monkeypatch.setenv("FINBENCH_CACHE", str(tmp_path / "cache"))
    whole = {run.path: run for run in read_runs([logs])}
    site = tmp_path / "site"
    first = {run.path: run for run in read_kept([logs], site)}
    monkeypatch.setattr(kept_runs, "read_runs", lambda *_, **__: pytest.fail("a log was read again"))
    again = {run.path: run for run in read_kept([logs], site)}
    assert first == again == whole
    monkeypatch.undo()
    monkeypatch.setattr(kept_runs, "_FROM", 1)
    monkeypatch.setenv("FINBENCH_CACHE", str(tmp_path / "cache"))
    (kept,) = (tmp_path / "cache/packs").iterdir()
    data = bytearray(kept.read_bytes())
    for damage in (bytes(data[: len(data) // 2]), b"", bytes(data[:200]) + bytes(50) + bytes(data[250:])):
        kept.write_bytes(damage)
        assert {run.path: run for run in read_kept([logs], site)} == whole


@two
def test_two_processes_write_what_one_writes(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [
        make_run(name, right=skill, task=task)
        for name, skill in (("a", 0.5), ("b", 0.8), ("c", 0.7))
        for task in ("fin_tone", "fin_terms")
    ]
    one = assemble.build_runs(runs, tmp_path / "one")
    monkeypatch.setattr(assemble, "SPLIT_FROM", 1)
    monkeypatch.setattr(assemble, "can_split", lambda: True)
    other = assemble.build_runs(runs, tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert one.pages == other.pages == sum(name.endswith(".html") for name in tree(tmp_path / "one"))


@two
def test_what_fails_in_the_second_process_is_said_in_the_first(tmp_path: Path) -> None:
    def full() -> int:
        raise InputError("the disk is full")

    def broken() -> int:
        raise KeyError("nothing of that name")

    def dies() -> int:
        os._exit(3)

    for work, kind, said in (
        (full, InputError, "the disk is full"),
        (broken, RuntimeError, "nothing of that name"),
        (dies, RuntimeError, "ended early"),
    ):
        with pytest.raises(kind, match=said), beside(work):
            pass
    with beside(lambda: 7) as given:
        assert given == []
    assert given == [7]


@two
def test_a_failure_of_the_second_process_keeps_the_old_site(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "site"
    assemble.build_runs([make_run("a"), make_run("b")], place)
    before = tree(place)
    monkeypatch.setattr(assemble, "SPLIT_FROM", 1)
    monkeypatch.setattr(assemble, "can_split", lambda: True)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(assemble, "write_results", fails)
    with pytest.raises(InputError, match="the disk is full"):
        assemble.build_runs([make_run("a"), make_run("c")], place)
    assert tree(place) == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["site"]


def test_no_copy_is_made_of_a_process_with_threads() -> None:
    import threading

    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not can_split()
    finally:
        stop.set()
        thread.join()


def test_both_tables_of_a_pair_say_the_same(make_run: MakeRun, tmp_path: Path) -> None:
    names = ('zeta "=1+1", x', "alpha")  # the page names alpha first, the board the better one
    assemble.build_runs([make_run(names[0], right=0.9), make_run(names[1], right=0.3)], tmp_path / "site")
    data = tmp_path / "site/data"
    (board,) = data.glob("pairs-task-*.json")
    (pair,) = data.glob("versus-*.json")
    (one,) = json.loads(board.read_text(encoding="utf-8"))["rows"]
    rows = json.loads(pair.read_text(encoding="utf-8"))["rows"]
    (other,) = (row for row in rows if row["kind"] == "task")
    assert (one["first"], other["first"]) == names
    assert one["verdict"] == "first is better" and other["verdict"] == "second is better"
    assert one["difference"] == -other["difference"] and one["ci_low"] == -other["ci_high"]
    assert (one["only_first"], one["only_second"]) == (other["only_second"], other["only_first"])
    assert other["difference"] == pytest.approx(other["score_first"] - other["score_second"], abs=1e-5)
    with pair.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line["second"] == row["second"] == names[0]
        assert float(line["p_holm"]) == row["p_holm"] and line["verdict"] == row["verdict"]
        assert float(line["mde"]) == row["mde"] and int(line["only_first"]) == row["only_first"]
