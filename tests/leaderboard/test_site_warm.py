"""A warm build uses what was kept, computes again whatever is doubtful, and gives the bytes of a fresh one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from site_tree import tree

from finbench.cards import cards
from finbench.errors import InputError
from leaderboard import item_texts
from leaderboard.build import build
from leaderboard.item_texts import texts_of
from leaderboard.site import Draft, replacing

_BUILD = """
import sys
from pathlib import Path
from leaderboard.build import build
build([sys.argv[1]], Path(sys.argv[2]))
print([name for name in ("inspect_ai", "scipy.stats") if name in sys.modules])
"""


def test_a_warm_build_loads_neither_inspect_nor_scipy_stats_and_gives_the_same_bytes(
    logs: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "logs"
    shutil.copytree(logs, mine)
    for path in mine.rglob("*.eval"):  # older than what a clock may confuse
        os.utime(path, (1_700_000_000, 1_700_000_000))
    command = [sys.executable, "-c", _BUILD, str(mine), str(tmp_path / "site")]
    said = []
    for _ in range(2):
        shutil.rmtree(tmp_path / "cache" / "sites", ignore_errors=True)
        said.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    assert "inspect_ai" in said[0], "the first build reads logs, and makes the cards"
    assert said[1] == "[]"
    warm = tree(tmp_path / "site")
    shutil.rmtree(tmp_path / "cache")
    build([mine], tmp_path / "fresh")
    assert tree(tmp_path / "fresh") == warm


@pytest.mark.parametrize("harm", [b"", b"{}", b'{"code": 1, "facts": 7}', b"\xff\xfe", b'{"made_from": 3}'])
def test_a_damaged_cache_changes_nothing(logs: Path, tmp_path: Path, harm: bytes) -> None:
    build([logs], tmp_path / "site")
    before = tree(tmp_path / "site")
    shutil.rmtree(tmp_path / "cache" / "sites")
    kept = [*(tmp_path / "cache" / "texts").iterdir(), *(tmp_path / "cache" / "packs").glob("*.facts.json")]
    assert len(kept) > 1
    for path in kept:
        path.write_bytes(harm)
    assert not build([logs], tmp_path / "site").unchanged
    assert tree(tmp_path / "site") == before


def test_a_file_that_stays_as_it_is_keeps_its_time_and_another_does_not_touch_the_old_one(tmp_path: Path) -> None:
    place = tmp_path / "site"
    for texts in ({"a.html": "one", "d/b.html": "two", "c.html": "three"}, {"a.html": "one", "d/b.html": "other"}):
        with replacing(place) as draft:
            for name, text in {"site.json": '{"generator": "finbench leaderboard"}', **texts}.items():
                draft.write(name, text)
        if "c.html" in texts:
            first = {path.name: path.stat().st_ino for path in place.rglob("*.html")}
            held = (place / "d/b.html").open(encoding="utf-8")
    with held:
        assert held.read() == "two"
    assert (place / "a.html").stat().st_ino == first["a.html"]
    assert (place / "d/b.html").read_text(encoding="utf-8") == "other"
    assert not (place / "c.html").exists()


def test_a_link_in_the_old_site_is_not_followed_and_a_hidden_file_is_written_anew(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    (tmp_path / "secret").write_text("same", encoding="utf-8")
    (old / "a.html").symlink_to(tmp_path / "secret")
    (old / "b.html").write_text("same", encoding="utf-8")
    (old / "b.html").chmod(0o600)
    draft = Draft(new, old)
    for name in ("a.html", "b.html"):
        draft.write(name, "same")
        assert not (new / name).is_symlink()
        assert (new / name).stat().st_nlink == 1
    assert (new / "b.html").stat().st_mode == (new / "a.html").stat().st_mode


@pytest.mark.parametrize("texts", [("same", "other"), ("other", "same"), ("same", "same")])
def test_a_name_that_is_written_twice_does_not_write_through_to_the_old_site(
    tmp_path: Path, texts: tuple[str, str]
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    (old / "a.html").write_text("same", encoding="utf-8")
    draft = Draft(new, old)
    for text in texts:
        draft.write("a.html", text)
    assert (new / "a.html").read_text(encoding="utf-8") == texts[1]
    assert (old / "a.html").read_text(encoding="utf-8") == "same"


def test_where_no_link_can_be_made_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (old / "a.html").write_text("same", encoding="utf-8")

    def fails(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", fails)
    Draft(new, old).write("a.html", "same")
    assert (new / "a.html").read_text(encoding="utf-8") == "same"


def test_texts_come_from_the_cache_only_while_the_rows_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = cards()["fin_tone"]
    from finbench.tasks.catalogue import DEFINITIONS

    items = DEFINITIONS["fin_tone"].items().items
    wanted = [*sorted(items)[:3], "fin_tone-0000000000000000"]
    item_texts._items.cache_clear()
    first = texts_of(card, wanted)
    assert first is not None and list(first) == wanted[:3]
    asked: list[str] = []
    monkeypatch.setattr(item_texts, "_items", lambda name: (asked.append(name), items)[1])
    again = texts_of(card, wanted)
    assert again is not None and asked == []
    assert [(one.body, one.gold) for one in again.values()] == [(items[i].body, items[i].gold) for i in wanted[:3]]
    more = texts_of(card, sorted(items)[:5])
    assert more is not None and len(more) == 5 and asked == ["fin_tone"]
    folder = tmp_path / "data" / "fin_tone"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text('{"text": "Sales rose.", "label": "positive"}\n', encoding="utf-8")
    monkeypatch.setenv("FINBENCH_DATA", str(tmp_path / "data"))
    texts_of(card, wanted)
    assert asked == ["fin_tone", "fin_tone"]
    assert texts_of(cards()["fpb"], wanted) is None


def test_the_kept_cards_are_the_cards(tmp_path: Path) -> None:
    code = (
        "import sys; from finbench.cards import cards; mine = dict(cards()); print('inspect_ai' in sys.modules)\n"
        "from finbench.tasks.catalogue import CARDS; print(mine == CARDS and list(mine) == list(CARDS))"
    )
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert said == [["True", "True"], ["False", "True"]]
    kept = next((tmp_path / "cache" / "cards").iterdir())
    kept.write_text("[]x", encoding="utf-8")
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout.split() == ["True", "True"]


def test_a_full_disk_is_still_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(InputError, match="the disk is full"), replacing(tmp_path / "site") as draft:
        draft.write("a.html", "text")
    assert not (tmp_path / "site").exists()
