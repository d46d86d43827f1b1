"""What every page of a site keeps to, on a site built from real logs."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from finbench.results.choosing import read_runs
from finbench.results.rank import rank_models_of, rankings_of
from finbench.results.scores import score_interval
from leaderboard.text import interval, percent, points

VOID = {"meta", "link", "br", "img", "input", "hr", "path", "circle", "rect"}


class Document(HTMLParser):
    """Tags with their attributes, texts of elements, and whether tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-4:], self.getpos())
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    @property
    def text(self) -> str:
        return " ".join(" ".join(data for _, data in self.texts).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_all_kinds_of_page_are_there(site: Path) -> None:
    found = {path.relative_to(site).as_posix() for path in pages(site)}
    assert {"index.html", "tasks.html", "models.html", "method.html", "rights.html", "submit.html"} <= found
    assert {"recipes.html", "changes.html"} <= found
    for kind in ("pairs", "versus", "items", "recipes", "states"):
        assert [name for name in found if name.startswith(f"{kind}/")], kind
    assert {"capabilities/tasks.html", "capabilities/concepts.html", "tasks/fin_tone.html"} <= found
    assert len([name for name in found if name.startswith("models/")]) == 4
    assert [name for name in found if name.startswith("pairs/")]


def test_every_page_is_balanced_and_has_no_address_outside(site: Path) -> None:
    for path in pages(site):
        document = Document(path.read_text(encoding="utf-8"))
        assert document.open == [], path
        for tag, attributes in document.tags:
            assert "style" not in attributes, (path, tag)
            assert not any(name.startswith("on") for name in attributes), (path, tag)
            for name in ("href", "src"):
                target = attributes.get(name) or ""
                assert not re.match(r"[a-z]+:|//|/", target), (path, target)
        assert "@import" not in path.read_text(encoding="utf-8")
    for file in (site / "static").iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text and "url(" not in text, file


def test_every_link_leads_somewhere(site: Path) -> None:
    checked = 0
    for path in pages(site):
        document = Document(path.read_text(encoding="utf-8"))
        for attributes in [*document.of("a"), *document.of("link"), *document.of("script")]:
            target, anchor = urldefrag(attributes.get("href") or attributes.get("src") or "")
            place = (path.parent / unquote(target)).resolve() if target else path
            assert place.is_file() and place.is_relative_to(site.resolve()), (path, target)
            if anchor:
                there = Document(place.read_text(encoding="utf-8"))
                assert anchor in {attributes.get("id") for _, attributes in there.tags}, (path, anchor)
            checked += 1
    assert checked > 300


def test_scripts_are_files_and_the_policy_is_strict(site: Path) -> None:
    for path in pages(site):
        document = Document(path.read_text(encoding="utf-8"))
        assert [set(attributes) for attributes in document.of("script")] == [{"src", "defer"}]
        policy = next(a["content"] for a in document.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None and policy.startswith("default-src 'self'; style-src 'self'; script-src 'self'")
        assert not document.of("style")


def test_every_table_says_what_it_shows(site: Path) -> None:
    for path in pages(site):
        document = Document(path.read_text(encoding="utf-8"))
        captions = ["".join(data).strip() for tag, data in document.texts if tag == "caption"]
        assert len([caption for caption in captions if caption]) == len(document.of("table")), path
        assert all(attributes.get("scope") in ("col", "row") for attributes in document.of("th")), path
        ids = [attributes["id"] for _, attributes in document.tags if attributes.get("id")]
        assert len(ids) == len(set(ids)), path
        levels = [int(tag[1]) for tag, _ in document.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), path


@pytest.mark.parametrize(("capability", "count"), [("tasks", 4), ("concepts", 2)])
def test_numbers_on_the_page_are_those_of_the_statistics(site: Path, logs: Path, capability: str, count: int) -> None:
    ranking = rank_models_of(read_runs([logs]), capability=capability)
    text = Document((site / f"capabilities/{capability}.html").read_text(encoding="utf-8")).text
    twin = {}
    for path in (site / "data").glob(f"board-{capability}-*.json"):
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            twin.setdefault((row["model"], row["official"]), row)
    assert len(ranking.models) == count
    for model in ranking.models:
        assert f"{percent(model.score)} {interval(model.ci_low, model.ci_high)}" in text
        row = twin[model.model, ranking.official]
        for key in ("score", "ci_low", "ci_high", "rank_low", "rank_high", "tied_first", "n"):
            assert row[key] == getattr(model, key)


def test_pairs_page_shows_every_pair_as_tested(site: Path, logs: Path) -> None:
    ranking = rank_models_of(read_runs([logs]), task="fin_tone")
    page = next(path for path in (site / "pairs").glob("task-fin_tone-*.html") if "always-positive" in path.read_text())
    text = Document(page.read_text(encoding="utf-8")).text
    assert len(ranking.pairs) == 6
    for pair in ranking.pairs:
        assert f"{points(pair.difference)} {interval(pair.ci_low, pair.ci_high)}" in text
        better = {None: "no evidence", pair.first: "first is better", pair.second: "second is better"}[pair.better]
        row = text[text.index(f"{pair.first} {pair.second} {points(pair.difference)}") :]
        assert better in row[:160]


def test_twins_of_a_table_agree(site: Path) -> None:
    compared = 0
    for path in sorted((site / "data").glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
            twins = list(csv.DictReader(file))
        assert len(rows) == len(twins)
        for row, other in zip(rows, twins, strict=True):
            for key, value in row.items():
                if isinstance(value, float):
                    assert float(other[key]) == value
            compared += 1
    assert compared > 20


def test_unofficial_sets_have_tables_of_their_own(site: Path, logs: Path) -> None:
    official, part = rankings_of(read_runs([logs]), task="fin_tone")
    assert (official.official, part.official) == (True, False)
    assert {model.n for model in official.models} == {180} and {model.n for model in part.models} == {30}
    text = Document((site / "tasks/fin_tone.html").read_text(encoding="utf-8")).text
    assert text.index("Official sets") < text.index("Unofficial sets")
    assert "unofficial set" in text


def test_a_model_that_says_one_thing_is_marked(site: Path, logs: Path) -> None:
    run = next(run for run in read_runs([logs]) if (run.model, run.task) == ("always-positive", "fin_tone"))
    assert run.collapsed == "positive"
    text = Document((site / "tasks/fin_tone.html").read_text(encoding="utf-8")).text
    assert "collapsed" in text and "near chance" in text
    assert percent(score_interval(run).estimate) == "33.3"


def test_weights_stay_within_the_budget(site: Path) -> None:
    shared = sum(file.stat().st_size for file in (site / "static").iterdir())
    assert (site / "static/site.js").stat().st_size <= 4400
    assert (site / "index.html").stat().st_size + shared <= 150_000
    assert len(gzip.compress((site / "index.html").read_bytes())) + shared <= 40_000
