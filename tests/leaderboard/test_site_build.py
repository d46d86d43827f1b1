"""Building: same bytes for any order, whole or not at all, and nothing of others is overwritten."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from site_tree import tree

from finbench.errors import InputError
from leaderboard.assemble import build_runs
from leaderboard.build import build
from leaderboard.cli import leaderboard
from leaderboard.serve import server
from leaderboard.site import Draft

MakeRun = Callable[..., Any]


def test_same_logs_in_any_order_and_place_give_the_same_bytes(
    logs: Path, site: Path, extras: dict[str, Any], tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    for number, path in enumerate(sorted(logs.rglob("*.eval"), reverse=True)):
        (moved / str(number)).mkdir(parents=True)
        shutil.copy(path, moved / str(number) / path.name)
    build(sorted(moved.rglob("*.eval"), reverse=True), tmp_path / "again", **extras)
    assert tree(tmp_path / "again") == tree(site)


def test_order_of_runs_does_not_matter(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [
        make_run(name, right=skill, task=task)
        for name, skill in (("a", 0.5), ("b", 0.8), ("c", 0.8))
        for task in ("fin_tone", "fin_terms")
    ]
    build_runs(runs, tmp_path / "one")
    build_runs(runs[::-1], tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_a_site_is_replaced_and_nothing_is_left_beside_it(make_run: MakeRun, tmp_path: Path) -> None:
    place = tmp_path / "site"
    build_runs([make_run("a"), make_run("gone")], place)
    build_runs([make_run("a")], place)
    assert "gone" not in (place / "index.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["site"]


def test_what_is_unchanged_is_not_built_again(logs: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    first = build([logs], place)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    again = build([logs], place)
    assert (first.unchanged, again.unchanged) == (False, True)
    assert (again.pages, again.models, again.runs) == (first.pages, first.models, first.runs)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before


def test_a_changed_log_or_a_touched_page_is_noticed(logs: Path, tmp_path: Path) -> None:
    mine = tmp_path / "logs"
    shutil.copytree(logs, mine)
    place = tmp_path / "site"
    build([mine], place)
    whole = tree(place)
    (place / "index.html").write_text("defaced", encoding="utf-8")
    assert not build([mine], place).unchanged
    assert tree(place) == whole
    next(path for path in sorted(mine.rglob("*.eval")) if "None" in path.parts).unlink()
    assert not build([mine], place).unchanged
    assert tree(place) != whole


def test_only_changed_logs_are_read(logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from finbench.results import reading

    mine = tmp_path / "logs"
    shutil.copytree(logs, mine)
    paths = sorted(mine.rglob("*.eval"))
    for path in paths:  # older than what a clock may confuse
        os.utime(path, (1_700_000_000, 1_700_000_000))
    late = paths.pop()
    held = late.rename(tmp_path / late.name)
    build([mine], tmp_path / "site")
    read: list[str] = []
    whole = reading.read_summaries
    monkeypatch.setattr(reading, "read_summaries", lambda path: (read.append(path.name), whole(path))[1])
    held.rename(late)
    build([mine], tmp_path / "site")
    assert read == [late.name]


def test_a_failure_keeps_the_old_site(make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "site"
    build_runs([make_run("a")], place)
    before = tree(place)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Draft, "write", fails)
    with pytest.raises(InputError, match="the disk is full"):
        build_runs([make_run("b")], place)
    assert tree(place) == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["site"]


def test_what_is_not_a_site_is_left_alone(make_run: MakeRun, tmp_path: Path) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter.txt").write_text("all of it", encoding="utf-8")
    with pytest.raises(InputError, match="holds other things"):
        build_runs([make_run("a")], precious)
    assert (precious / "chapter.txt").read_text(encoding="utf-8") == "all of it"
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        build_runs([make_run("a")], tmp_path / "file")
    (tmp_path / "link").symlink_to(precious)
    with pytest.raises(InputError, match="is a link"):
        build_runs([make_run("a")], tmp_path / "link")
    (tmp_path / "empty").mkdir()
    build_runs([make_run("a")], tmp_path / "empty")
    assert (tmp_path / "empty/index.html").is_file()


def test_without_jinja2_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"pip install 'finbench\[leaderboard\]'"):
        build([tmp_path], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_the_command_builds_and_names_the_page(logs: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(leaderboard, ["build", str(logs), "-o", str(tmp_path / "site")])
    assert done.exit_code == 0, done.output
    assert "index.html" in done.output and "4 models" in done.output
    assert json.loads((tmp_path / "site/site.json").read_text())["generator"] == "finbench leaderboard"


def test_the_command_ends_with_2_where_there_are_no_logs(tmp_path: Path) -> None:
    done = CliRunner().invoke(leaderboard, ["build", str(tmp_path), "-o", str(tmp_path / "site")])
    assert done.exit_code == 2
    assert "no .eval log" in done.output


def test_serve_gives_pages_on_loopback_and_refuses_other_folders(site: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no site"):
        server(tmp_path, 0)
    with server(site, 0) as running:
        assert running.server_address[0] == "127.0.0.1"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{running.server_address[1]}/index.html") as reply:
            assert reply.read() == (site / "index.html").read_bytes()
        with pytest.raises(InputError, match="is taken"):
            server(site, int(running.server_address[1]))
        running.shutdown()
