"""Every page and every head of a log can be reached from the overview, and every drawing says what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from leaderboard.assemble import build_runs
from leaderboard.pair_tables import MATRIX_LIMIT, PAIRS_LIMIT

MakeRun = Callable[..., Any]


def reached(site: Path) -> set[str]:
    """Every file of a site that links lead to, beginning with the overview."""
    site = site.resolve()
    found, ahead = {site / "index.html"}, [site / "index.html"]
    while ahead:
        page = ahead.pop()
        for link in re.findall(r'<a [^>]*?href="([^"]*)"', page.read_text(encoding="utf-8")):
            target = urldefrag(unquote(link))[0]
            place = (page.parent / target).resolve() if target else page
            if place not in found:
                found.add(place)
                if place.suffix == ".html":
                    ahead.append(place)
    return {path.relative_to(site).as_posix() for path in found}


def pages(site: Path) -> set[str]:
    return {path.relative_to(site).as_posix() for path in site.rglob("*.html")}


def test_every_page_of_a_board_is_reached_from_the_overview(site: Path) -> None:
    assert pages(site) - reached(site) == set()


def test_every_page_of_pairs_is_reached_where_tables_cannot_hold_them_all(make_run: MakeRun, tmp_path: Path) -> None:
    number = 26
    runs = [make_run(f"m{index:02d}", right=0.2 + index / 40, n=20) for index in range(number)]
    assert number > MATRIX_LIMIT and number * (number - 1) // 2 > PAIRS_LIMIT
    build_runs(runs, tmp_path / "site")
    assert len([name for name in pages(tmp_path / "site") if name.startswith("versus/")]) == 325
    assert pages(tmp_path / "site") - reached(tmp_path / "site") == set()


def test_a_models_page_links_to_each_of_its_pairs_once(make_run: MakeRun, tmp_path: Path) -> None:
    build_runs([make_run(name) for name in ("a", "b", "c")], tmp_path / "site")
    page = next((tmp_path / "site/models").glob("b-*.html")).read_text(encoding="utf-8")
    listed = page[page.index('<ul class="names">') :].partition("</ul>")[0]
    assert re.findall(r"<bdi>(.*?)</bdi>", listed) == ["a", "c"]
    assert re.search(r'<section aria-labelledby="beside"><h2 id="beside">', page)


def test_heads_of_logs_are_linked_on_the_page_of_their_model(site: Path) -> None:
    heads = {path.relative_to(site).as_posix() for path in (site / "logs").rglob("*.json")}
    assert len(heads) == 8 and heads <= reached(site)
    page = next((site / "models").glob("atlas-*.html")).read_text(encoding="utf-8")
    words = re.findall(r'href="\.\./logs/[^"]*"><bdi>(.*?)</bdi>', page)
    assert len(set(words)) == len(words) == 3, "two logs of one task have names of their own"
    assert any(word == "fin_terms" for word in words) and sum("fin_tone (" in word for word in words) == 2


def _drawings(site: Path) -> list[tuple[Path, str]]:
    files = [path for ending in ("html", "svg") for path in sorted(site.rglob(f"*.{ending}"))]
    return [
        (path, drawing)
        for path in files
        for drawing in re.findall(r"<svg\b.*?</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
    ]


def test_every_drawing_has_title_and_description_or_is_hidden_beside_its_text(site: Path) -> None:
    found = _drawings(site)
    assert len(found) > 200
    for path, drawing in found:
        opening = drawing[: drawing.index(">")]
        if 'aria-hidden="true"' not in opening:
            assert re.search(r"<title[^>]*>[^<]+</title>", drawing), path
            assert re.search(r"<desc[^>]*>[^<]+</desc>", drawing), path


@pytest.mark.parametrize("place", ["pairs", "versus", "capabilities", "models"])
def test_numbers_of_a_hidden_bar_stand_in_the_cell_before_it(site: Path, place: str) -> None:
    checked = 0
    for path in (site / place).glob("*.html"):
        for row in re.findall(r"<tr\b.*?</tr>", path.read_text(encoding="utf-8"), re.DOTALL):
            before, bar, _ = row.partition('<svg class="bar"')
            if bar and 'class="ci"' in row:
                cell = before.rpartition('<td class="chart')[0].rpartition("<td")[2]
                assert re.search(r"<small>[^<]* to [^<]*</small>", cell), path
                checked += 1
    assert checked > 3


def test_no_table_has_two_columns_of_one_name_or_key(site: Path) -> None:
    heads = 0
    for path in sorted(site.rglob("*.html")):
        for head in re.findall(r"<thead>.*?</thead>", path.read_text(encoding="utf-8"), re.DOTALL):
            keys = re.findall(r'data-key="?([^" >]+)', head)
            titles = [re.sub("<[^>]+>", "", one).strip() for one in re.findall(r"<th[^>]*>(.*?)</th>", head, re.DOTALL)]
            heads += bool(keys)
            assert len(keys) == len(set(keys)), (path, keys)
            assert len([one for one in titles if one]) == len({one for one in titles if one}), (path, titles)
    assert heads > 20
