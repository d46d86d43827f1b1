"""A board keeps what it said: dated states that never change, and what changed between them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from site_tree import tree

from leaderboard.assemble import Extras, build_runs
from leaderboard.collect import Collection
from leaderboard.states import changes, facts_of_state, known_states, state_of

MakeRun = Callable[..., Any]
BOARD = Extras(board=True)


def text_of(path: Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8")).split())


def test_each_state_stays_as_it_was_when_the_board_moves_on(make_run: MakeRun, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_runs([make_run("a"), make_run("b")], site, BOARD)
    first = next((site / "states").iterdir())
    before = tree(first)
    assert re.fullmatch(r"2026-11-20-[0-9a-f]{10}", first.name)
    build_runs([make_run("a"), make_run("b"), make_run("c", created="2026-11-21T10:00:00+00:00")], site)
    names = sorted(path.name for path in (site / "states").iterdir())
    assert len(names) == 2 and names[0] == first.name and names[1].startswith("2026-11-21-")
    assert tree(first) == before, "a site that is a board stays one, and its states stay whole"
    text = text_of(first / "index.html")
    assert "The board as it stood with the runs up to 2026-11-20" in text and "c" not in text.split("Model")[1].split()
    assert "as it stood" not in text_of(site / "index.html")


def test_the_same_logs_make_no_new_state_and_the_same_bytes(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a"), make_run("b", right=0.2)]
    build_runs(runs, tmp_path / "one", BOARD)
    whole = tree(tmp_path / "one")
    build_runs(runs[::-1], tmp_path / "one", BOARD)
    build_runs(runs, tmp_path / "two", BOARD)
    assert tree(tmp_path / "one") == whole == tree(tmp_path / "two")


def test_changes_say_what_is_new_gone_and_different(make_run: MakeRun, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_runs([make_run("a", right=0.5), make_run("b", right=0.5), make_run("old")], site, BOARD)
    later = "2026-11-22T10:00:00+00:00"
    build_runs([make_run("a", right=0.95, created=later, seed="x"), make_run("b", right=0.5), make_run("new")], site)
    text = text_of(site / "changes.html")
    assert "new model new" in text and "model gone old" in text
    assert "run replaced a on fin_tone" in text and "run gone old on fin_tone" in text
    assert re.search(r"rank a on Tasks \S+ of 3 1 of 3", text)
    assert text.index("2026-11-22") < text.index("2026-11-20"), "the newest stands first"
    assert "The first state of this board." in text


def test_every_page_names_its_permanent_address(make_run: MakeRun, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_runs([make_run("a"), make_run("b")], site, BOARD)
    for path in [path for path in site.rglob("*.html") if "states" not in path.relative_to(site).parts]:
        if path.name == "changes.html":
            continue
        link = re.search(r'href="([^"]+)">Permanent address', path.read_text(encoding="utf-8"))
        assert link is not None and (path.parent / link[1]).resolve().is_file(), path


def test_a_site_without_states_has_none(make_run: MakeRun, tmp_path: Path) -> None:
    build_runs([make_run("a")], tmp_path / "site")
    assert not (tmp_path / "site/states").exists() and not (tmp_path / "site/changes.html").exists()
    assert "Permanent address" not in (tmp_path / "site/index.html").read_text(encoding="utf-8")


def test_damaged_states_are_left_out_and_links_are_not_followed(make_run: MakeRun, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_runs([make_run("a")], site, BOARD)
    (site / "states/2026-01-01-0123456789").mkdir()
    (site / "states/2026-01-01-0123456789/state.json").write_text("{", encoding="utf-8")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    first = next(path for path in (site / "states").iterdir() if (path / "index.html").is_file())
    (first / "stolen.txt").symlink_to(secret)
    build_runs([make_run("a"), make_run("b")], site)
    assert len(known_states(site)) == 2
    assert not list(site.rglob("stolen.txt"))


def test_a_state_is_the_same_for_any_order_of_runs(make_run: MakeRun) -> None:
    runs = [make_run(name, task=task) for name in "abc" for task in ("fin_tone", "fin_terms")]
    one, other = (facts_of_state(Collection(order), ()) for order in (runs, runs[::-1]))
    assert json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert changes(one, other) == [] and changes(None, one) == []


@given(st.text(max_size=12))
def test_a_state_is_named_by_a_date_and_a_hash(day: str) -> None:
    state = state_of({"models": []}, day, [])
    assert re.fullmatch(r"(\d{4}-\d\d-\d\d|undated)-[0-9a-f]{10}", state.id) and state.number == 1
    assert state_of({"models": []}, day, [state]) is state
