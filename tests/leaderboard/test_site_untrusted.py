"""Names, answers and tasks come from logs that anybody may hand in: they are shown, and do nothing."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.assemble import build_runs
from leaderboard.reproduce import reproduce
from leaderboard.tables import Column, Row, Table, to_csv
from leaderboard.text import NAME_LIMIT, clean, slug

MakeRun = Callable[..., Any]

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></caption></table><h1>gone</h1>",
    "{{ 7 * 7 }}{% raw %}",
    "gpt\N{RIGHT-TO-LEFT OVERRIDE}4-evil\N{LEFT-TO-RIGHT ISOLATE}",
    "zero\N{ZERO WIDTH SPACE}width\N{ZERO WIDTH JOINER}",
    "line\nbreak\x00nul\x1b[31mred",
    "../../../etc/passwd",
    "=HYPERLINK(\"http://evil.example\")",
    "javascript:alert(1)",
    "x" * 10_000,
    "\ud800lone",
    "العربية",
    "; rm -rf ~ #",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile_site(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "site"
    runs = [make_run(name, right=0.3 + index / 25) for index, name in enumerate(HOSTILE)]
    runs += [make_run(name, task=name, capability=None, version=name, metric="accuracy") for name in HOSTILE[:9]]
    runs += [make_run("plain", capability=HOSTILE[0], task=HOSTILE[7], created=HOSTILE[1], package_version=HOSTILE[0])]
    build_runs(runs, folder)
    return folder


def test_hostile_names_are_shown_as_text(hostile_site: Path) -> None:
    for path in hostile_site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script>alert" not in text and "<img" not in text and "<h1>gone" not in text, path
        assert text.count("<h1") == 1 and text.count("<script") == 1, path
        assert "49{%" not in text
    index = (hostile_site / "capabilities/tasks.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in index
    assert "{{ 7 * 7 }}{% raw %}" in index


def test_no_control_or_bidirectional_character_reaches_a_page(hostile_site: Path) -> None:
    for path in [*hostile_site.rglob("*.html"), *hostile_site.rglob("*.json"), *hostile_site.rglob("*.csv")]:
        found = {char for char in path.read_text(encoding="utf-8") if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
        assert found <= {"\n"}, path


def test_long_names_are_cut(hostile_site: Path) -> None:
    for path in hostile_site.rglob("*.html"):
        assert "x" * (NAME_LIMIT + 1) not in path.read_text(encoding="utf-8"), path
        assert len(path.name) < 70


def test_files_stay_inside_the_site(hostile_site: Path) -> None:
    assert [path.name for path in hostile_site.parent.iterdir()] == ["site"]
    names = [path.relative_to(hostile_site).as_posix() for path in hostile_site.rglob("*") if path.is_file()]
    assert all(name.isascii() and ".." not in name for name in names)
    assert len([name for name in names if name.startswith("models/")]) == len(HOSTILE) + 1


def test_each_hostile_name_has_a_page_of_its_own(hostile_site: Path) -> None:
    for name in HOSTILE:
        assert (hostile_site / f"models/{slug(name, '')}.html").is_file()


@given(st.text(max_size=300))
def test_clean_is_one_safe_line_and_stable(text: str) -> None:
    shown = clean(text)
    assert len(shown) <= NAME_LIMIT
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") for char in shown)
    assert clean(shown) == shown
    assert slug(text).isascii() and "/" not in slug(text) and ".." not in slug(text)


def test_spreadsheets_find_no_formula(hostile_site: Path) -> None:
    for path in (hostile_site / "data").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for value in row:
                    if value[:1] in ("=", "+", "@", "-"):
                        float(value)  # a negative number is no formula
    table = Table(
        id="t",
        caption="c",
        columns=(Column(key="a", title="A"),),
        rows=(Row(cells=(), data={"a": "-1+cmd|' /C calc'!A0"}),),
    )
    assert to_csv(table) == "a\n'-1+cmd|' /C calc'!A0\n"


def test_commands_quote_names_for_a_shell(make_run: MakeRun) -> None:
    assert "'openai/; rm -rf ~ #'" in reproduce([make_run("; rm -rf ~ #")])
    assert reproduce([make_run("a\nb")]) == ""


def test_absurd_numbers_are_shown_or_refused_not_broken(make_run: MakeRun, tmp_path: Path) -> None:
    build_runs([make_run("a", input_tokens=10**30, output_tokens=-5)], tmp_path / "site")
    assert (tmp_path / "site/index.html").is_file()
