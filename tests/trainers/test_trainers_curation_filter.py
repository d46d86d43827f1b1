"""Filters of a source: by list of domains, by score and by classifier, counted; lists and classifiers that fail."""

from __future__ import annotations

import json
import pickle
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from finbench.errors import InputError
from trainers.data import url_list as url_lists
from trainers.data.sources import measure, prepare
from trainers.data.url_list import read_url_list, url_list
from trainers.recipe import DataSource, Filter, Recipe

SMALL = url_list(
    "small", ["sec.gov", "reuters.com/business", "finance.yahoo.com", "bücher.example".encode("idna").decode()]
)


# --- lists of domains


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://www.sec.gov/edgar/x.htm?a=1#b", "sec.gov"),
        ("HTTP://SEC.GOV.:8080/", "sec.gov"),
        ("sec.gov", "sec.gov"),
        ("data.sec.gov/api//x", "sec.gov"),
        ("//sec.gov/x", "sec.gov"),
        ("https://user:pass@sec.gov/", "sec.gov"),
        ("https://www.reuters.com/business", "reuters.com/business"),
        ("https://reuters.com/Business/banks/?x=//", "reuters.com/business"),
        ("https://reuters.com/./business/../business/x", "reuters.com/business"),
        ("https://finance.yahoo.com/quote/X", "finance.yahoo.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://reuters.com/businesslike", None),
        ("https://reuters.com/business/../sports", None),
        ("https://reuters.com/?u=/business", None),
        ("https://yahoo.com/finance", None),
        ("https://notsec.gov/", None),
        ("https://sec.gov.example.com/", None),
        ("https://sec.gov@example.com/", None),
        ("https://example.com/?u=https://sec.gov/", None),
        ("https://example.com/sec.gov", None),
        ("https://[::1/", None),
        ("", None),
        ("gov", None),
        ("https:///sec.gov", None),
    ],
)
def test_an_address_belongs_to_the_list_by_host_and_beginning_of_path(url: str, entry: str | None) -> None:
    assert SMALL.match(url) == entry


LABEL = st.text(alphabet=string.ascii_lowercase + string.digits, min_size=1, max_size=8)


@given(
    st.lists(LABEL, max_size=3),
    LABEL,
    st.lists(st.text(alphabet=string.ascii_letters + "%-_é", max_size=6), max_size=3),
)
def test_subdomains_and_deeper_paths_belong_and_other_hosts_do_not(
    below: list[str], other: str, path: list[str]
) -> None:
    tail = "/".join(path)
    assert SMALL.match(f"https://{'.'.join([*below, 'sec.gov'])}/{tail}") == "sec.gov"
    assert SMALL.match(f"https://{other}sec.gov/{tail}") is None
    assert SMALL.match(f"https://sec.gov.{other}/{tail}") is None


@given(st.text())
def test_no_address_raises(url: str) -> None:
    SMALL.match(url)


def test_the_list_that_ships_is_read_and_says_what_it_is() -> None:
    shipped = read_url_list("finance")
    assert len(shipped) > 100 and shipped.name == "finance"
    raw = yaml.safe_load((Path(url_lists.__file__).parent / "finance_domains.yaml").read_text(encoding="utf-8"))
    entries = [entry for group in raw.values() for entry in group]
    assert len(set(entries)) == len(entries) == len(shipped), "no entry stands twice"
    assert all(shipped.match(f"https://{entry}") == entry for entry in entries)
    for entry in entries:  # an entry below another one could never be the reason
        domain, slash, _ = entry.partition("/")
        assert not slash or domain not in entries
    for url in (
        "https://www.nytimes.com/section/sports",
        "https://en.wikipedia.org/wiki/Bond_(finance)",
        "https://gov",
    ):
        assert shipped.match(url) is None
    again = url_list("other name", reversed(entries))
    assert again.sha256 == shipped.sha256, "order and groups make no other list"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[sec.gov, 'https://x.com']", "'https://x.com' in the list of domains"),
        ("[com]", "'com' in the list"),
        ("[sec.gov/a?b=1]", "is not usable"),
        ("['sec gov']", "is not usable"),
        ("[]", "is empty"),
        ("sec.gov", "must be a list of domains"),
        ("{a: {b: c}}", "must be a list of domains"),
        ("[1, 2]", "must be a list of domains"),
        ("[a", "not usable as YAML"),
        ("!!python/object/apply:os.getcwd []", "not usable as YAML"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_used_is_one_sentence(tmp_path: Path, content: str | None, says: str) -> None:
    path = tmp_path / "domains.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_url_list(str(path))


# --- filters in a recipe

URLS = ["https://imf.org/a", "https://example.com/b", "https://www.bis.org/c", None]
ROWS = [
    {"id": "a", "text": "Bond yields rose.", "url": "https://www.sec.gov/1", "score": 5},
    {"id": "b", "text": "The match ended.", "url": "https://sports.example/1", "score": 5},
    {"id": "c", "text": "Stock prices fell.", "url": "https://bloomberg.com/x", "score": 3},
    {"id": "d", "text": "Coupons are paid.", "url": "https://ecb.europa.eu/x", "score": 4.0},
    {"id": "e", "text": "No address.", "score": 5},
    {"id": "f", "text": "No score.", "url": "https://imf.org", "score": None},
]


@pytest.fixture
def web(tmp_path: Path) -> Path:
    path = tmp_path / "web.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def source(path: Path, **fields: Any) -> DataSource:
    return DataSource.model_validate({"path": str(path), **fields})


def test_a_filter_takes_what_meets_all_conditions_and_counts_the_rest(tmp_path: Path, web: Path) -> None:
    data = prepare([source(web, filter={"urls": "finance", "quality": 4})], tmp_path / "out.jsonl", seed=1)
    assert [row["id"] for row in data.read()] == ["a", "d"]
    (report,) = data.sources
    assert report["offered"] == report["taken"] == 2
    found = report["filter"]
    assert (found["before"], found["after"]) == (6, 2)
    assert found["dropped"] == {"no_score": 1, "no_url": 1, "quality": 1, "urls": 1}
    assert found["before"] == found["after"] + sum(found["dropped"].values())
    assert found["urls"]["list"] == "finance" and found["quality"] == 4
    assert measure(source(web, filter={"quality": 4}))[0] == 4, "a dry run counts what is left"
    whole = prepare([source(web)], tmp_path / "whole.jsonl", seed=1)
    assert "filter" not in whole.sources[0] and whole.sha256 != data.sha256


def test_limits_count_what_is_left_also_of_a_stream(tmp_path: Path, web: Path) -> None:
    limited = source(web, filter={"quality": 4}, examples=2, stream=True)
    data = prepare([limited], tmp_path / "out.jsonl", seed=1)
    assert data.rows == 2 and {row["id"] for row in data.read()} <= {"a", "b", "d", "e"}
    with pytest.raises(InputError, match=r"has 4 rows, the recipe asks for 5"):
        prepare([source(web, filter={"quality": 4}, examples=5)], tmp_path / "x.jsonl", seed=1)


def test_columns_name_the_address_and_the_score(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"text": "x y", "link": "https://sec.gov", "stars": 3}) + "\n", encoding="utf-8")
    given = source(path, filter={"urls": "finance", "quality": 3}, columns={"url": "link", "score": "stars"})
    assert prepare([given], tmp_path / "out.jsonl", seed=1).rows == 1
    for missing, column in (({"urls": "finance"}, "url"), ({"quality": 3}, "score")):
        with pytest.raises(InputError, match=rf"none of the 1 rows of own.jsonl has a `{column}`"):
            prepare([source(path, filter=missing)], tmp_path / "out.jsonl", seed=1)


def test_a_filter_that_leaves_nothing_says_why(tmp_path: Path, web: Path) -> None:
    with pytest.raises(InputError, match=r"lets none of the 6 rows of web.jsonl through \(no_score 1, quality 5\)"):
        prepare([source(web, filter={"quality": 9})], tmp_path / "out.jsonl", seed=1)
    with pytest.raises(InputError, match=r"nowhere.yaml cannot be read"):
        prepare([source(web, filter={"urls": str(tmp_path / "nowhere.yaml")})], tmp_path / "out.jsonl", seed=1)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"filter": {}}, "a filter has `urls`, `classifier` or `quality`"),
        ({"filter": {"url": "finance"}}, "Extra inputs"),
        ({"filter": {"urls": "finance", "at_least": 0.5}}, "`at_least` belongs to `classifier`"),
        ({"filter": {"classifier": "x", "at_least": 1.5}}, "less than 1"),
        ({"filter": {"quality": float("nan")}}, "finite"),
        ({"path": None, "task": "fin_tone", "filter": {"quality": 4}}, "`filter` belongs to `path` or `hub`"),
        ({"path": None, "stage": "s", "filter": {"quality": 4}}, "`filter` belongs to `path` or `hub`"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        DataSource.model_validate({"path": "x.jsonl", **fields})


def test_paths_of_a_filter_start_at_the_recipe(tmp_path: Path) -> None:
    given = {"urls": "lists/mine.yaml", "classifier": "./clf"}
    read = Filter.model_validate(given, context={"folder": tmp_path})
    assert read.urls == str(tmp_path / "lists/mine.yaml") and read.classifier == str(tmp_path / "clf")
    assert Filter.model_validate({"urls": "finance"}, context={"folder": tmp_path}).urls == "finance"


def test_a_set_on_the_hub_is_filtered_by_its_own_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's reading stands in for the network: what it reads is a real file of JSON lines."""
    datasets = pytest.importorskip("datasets")
    (tmp_path / "set").mkdir()
    lines = "".join(json.dumps({"body": f"t{n}", "link": url}) + "\n" for n, url in enumerate(URLS))
    (tmp_path / "set" / "train.jsonl").write_text(lines, encoding="utf-8")
    real = datasets.load_dataset_builder

    def local(name: str, config: str | None, revision: str) -> Any:
        return real("json", data_files={"train": str(tmp_path / "set/train.jsonl")}, cache_dir=str(tmp_path / "cache"))

    monkeypatch.setattr(datasets, "load_dataset_builder", local)
    fields = {"hub": f"owner/web@{'0' * 40}", "columns": {"text": "body", "url": "link"}, "filter": {"urls": "finance"}}
    data = prepare([DataSource.model_validate(fields)], tmp_path / "out.jsonl", seed=1)
    assert [row["text"] for row in data.read()] == ["t0", "t2"]
    assert data.sources[0]["filter"]["dropped"] == {"no_url": 1, "urls": 1}


def test_the_recipe_of_the_documentation_is_one() -> None:
    page = Path(__file__).parents[2] / "docs" / "curation.md"
    fragment = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    recipe = Recipe.model_validate({"name": "r", "base": "pypi:smollm2-135m-instruct", **yaml.safe_load(fragment)})
    (stage,) = recipe.stages
    assert stage.deduplicate is not None and stage.deduplicate.threshold == 0.8
    assert [source.filter is not None for source in stage.data] == [True, True, False]


# --- the classifier

FINANCE = [f"The bond yield rose by {n} basis points and the coupon was paid on {n} shares." for n in range(60)]
OTHERS = [f"The river rose by {n} metres and the forest lost {n} trees in the storm." for n in range(60)]


@pytest.fixture
def learned() -> Any:
    pytest.importorskip("sklearn")
    from trainers.data.domain_classifier import measured

    return measured([*FINANCE, *OTHERS], [True] * 60 + [False] * 60)


def test_a_classifier_is_measured_on_texts_that_it_has_not_seen(learned: Any) -> None:
    about = learned.about
    assert about["texts_of_the_domain"] == about["other_texts"] == 60 and 10 < about["held_out"] < 40
    assert about["precision"]["value"] == about["recall"]["value"] == 1.0
    assert about["recall"]["ci_low"] < 1 and about["others_let_through"]["count"] == 0
    assert about["recall"]["of"] + about["others_let_through"]["of"] == about["held_out"]
    assert learned.probabilities(["Shares and a bond yield", "A forest by the river"])[0] > 0.5
    assert learned.probabilities(["Shares and a bond yield", "A forest by the river"])[1] < 0.5
    assert learned.probabilities([]).shape == (0,)
    assert 0 <= learned.probabilities([""])[0] <= 1


def test_copies_of_a_text_stand_on_one_side(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from trainers.data.domain_classifier import measured

    twice = measured([*FINANCE, *FINANCE, *OTHERS], [True] * 120 + [False] * 60)
    assert twice.about["recall"]["of"] % 2 == 0


def test_the_same_texts_are_the_same_bytes_and_are_read_back_exactly(learned: Any, tmp_path: Path) -> None:
    from trainers.data.domain_classifier import measured, read_classifier

    learned.write(tmp_path / "one")
    measured([*FINANCE, *OTHERS], [True] * 60 + [False] * 60).write(tmp_path / "two")
    for name in ("classifier.json", "weights.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    read = read_classifier(tmp_path / "one")
    assert np.array_equal(read.probabilities(FINANCE + OTHERS), learned.probabilities(FINANCE + OTHERS))
    assert read.about == learned.about and len(read.sha256) == 64
    assert (tmp_path / "one" / "weights.npz").stat().st_size < 100_000


def test_a_classifier_filters_and_stands_in_the_lineage_without_a_folder(learned: Any, tmp_path: Path) -> None:
    learned.write(tmp_path / "clf")
    path = tmp_path / "web.jsonl"
    rows = [{"text": text} for text in [*FINANCE[:5], *OTHERS[:5]]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = prepare([source(path, filter={"classifier": str(tmp_path / "clf")})], tmp_path / "out.jsonl", seed=1)
    assert [row["text"] for row in data.read()] == FINANCE[:5]
    found = data.sources[0]["filter"]
    assert found["dropped"] == {"classifier": 5} and found["classifier"]["name"] == "clf"
    assert found["classifier"]["about"]["recall"]["value"] == 1.0
    assert str(tmp_path) not in json.dumps(data.sources)


def _no_format(folder: Path) -> None:
    (folder / "classifier.json").write_text('{"format": "other"}')


def _pickled(folder: Path) -> None:
    np.savez(folder / "weights.npz", weights=np.array([{"a": 1}], dtype=object), allow_pickle=True)


def _wrong_shape(folder: Path) -> None:
    np.savez(folder / "weights.npz", weights=np.zeros(3))


def _no_number(folder: Path) -> None:
    np.savez(folder / "weights.npz", weights=np.full(2**18, np.nan))


def _plain_pickle(folder: Path) -> None:
    (folder / "weights.npz").write_bytes(pickle.dumps([1, 2]))


def _half(folder: Path) -> None:
    whole = (folder / "weights.npz").read_bytes()
    (folder / "weights.npz").write_bytes(whole[: len(whole) // 2])


def _no_json(folder: Path) -> None:
    (folder / "classifier.json").write_text("{")


def _no_weights(folder: Path) -> None:
    (folder / "weights.npz").unlink()


@pytest.mark.parametrize(
    "harm", [_no_format, _pickled, _wrong_shape, _no_number, _plain_pickle, _half, _no_json, _no_weights]
)
def test_a_classifier_that_is_harmed_is_one_sentence(
    learned: Any, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    from trainers.data.domain_classifier import read_classifier

    learned.write(tmp_path / "clf")
    harm(tmp_path / "clf")
    with pytest.raises(InputError, match=r"holds no usable classifier|cannot be read as JSON"):
        read_classifier(tmp_path / "clf")


def test_a_classifier_that_is_not_there_or_not_learnable_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from trainers.data.domain_classifier import learn, measured, read_classifier

    with pytest.raises(InputError, match="holds no classifier"):
        read_classifier(tmp_path)
    with pytest.raises(InputError, match="one of the two is missing"):
        learn(FINANCE, [True] * 60)
    with pytest.raises(InputError, match="are held out, and they are not of both kinds"):
        measured(FINANCE, [True] * 60)


def test_without_scikit_learn_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    from trainers.data.domain_classifier import read_classifier

    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(InputError, match=r"finbench\[curation\]"):
        read_classifier(tmp_path)


def test_real_finance_text_is_told_from_other_business_text(shared_data: Path) -> None:
    """Held-out modules of OpenStax: a check that the way works on prose, not a claim about the web."""
    pytest.importorskip("sklearn")
    from finbench.curation.rows import passages, read_rows
    from trainers.data.domain_classifier import measured

    def texts(name: str) -> list[str]:
        rows = read_rows([shared_data / name / "train.jsonl"], limit=60)
        return [one.text for one in passages(rows, 1_500)]

    finance, other = texts("text_openstax_finance"), texts("text_openstax_introduction_business")
    about = measured(finance + other, [True] * len(finance) + [False] * len(other)).about
    assert about["recall"]["value"] > 0.9 and about["others_let_through"]["value"] < 0.15
