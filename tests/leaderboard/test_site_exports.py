"""What a site offers beside its pages: each export is read by the program that it is meant for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest
from submissions import log_of, submit

from leaderboard.build import build


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The schema of Every Eval Ever 0.3.0, out of its package, which itself needs a newer Python."""
    folder = tmp_path_factory.mktemp("eee")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", "3.12", "--dest", str(folder), "every-eval-ever==0.3.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        pytest.skip(f"the package every-eval-ever cannot be had: {done.stderr.strip().splitlines()[-1:]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        found = json.loads(wheel.read("every_eval_ever/schemas/eval.schema.json"))
    assert found["version"] == "0.3.0"
    return dict(found)


def test_every_eval_ever_documents_fit_its_schema(site: Path, schema: dict[str, Any]) -> None:
    documents = sorted((site / "eee").glob("*.json"))
    assert len(documents) == len(list((site / "models").glob("*.html")))
    for path in documents:
        document = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(document, schema)
        assert document["schema_version"] == "0.3.0" and document["evaluation_results"]
    broken = {**document, "evaluation_results": [{}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_the_long_table_has_a_row_for_every_answer(site: Path) -> None:
    table = pq.read_table(site / "data/results.parquet")
    official = table.filter(table["official"])
    assert official.num_rows == 4 * 180
    board = json.loads(next((site / "data").glob("board-task-fin_tone-*.json")).read_text(encoding="utf-8"))
    for row in board["rows"]:
        mine = [one["value"] for one in official.to_pylist() if one["model"] == row["model"]]
        if row["official"]:
            assert sum(mine) / len(mine) == pytest.approx(row["score"])


def test_texts_that_may_not_be_passed_on_are_in_no_export(make_run: Callable[..., Any], tmp_path: Path) -> None:
    from leaderboard.assemble import build_runs

    build_runs([make_run("a", task="fpb"), make_run("a")], tmp_path / "site")
    rows = pq.read_table(tmp_path / "site/data/results.parquet").to_pylist()
    assert {row["gold"] for row in rows if row["task"] == "fpb"} == {None}
    assert {row["pred"] for row in rows if row["task"] == "fpb"} == {None}
    assert {row["gold"] for row in rows if row["task"] == "fin_tone"} == {"positive", "negative", "neutral"}


def test_heads_of_logs_are_logs_without_samples_or_paths(site: Path) -> None:
    from inspect_ai.log import read_eval_log

    heads = sorted((site / "logs").rglob("*.json"))
    assert heads
    for path in heads:
        text = path.read_text(encoding="utf-8")
        assert "127.0.0.1" not in text and '"samples": [' not in text and "location" not in text
        log = read_eval_log(str(path), header_only=True)
        assert log.status == "success" and log.results is not None and not log.samples
        assert log.eval.metadata is not None and log.eval.metadata["finbench.task"] in ("fin_tone", "fin_terms")


def test_the_hub_reads_the_model_card(site: Path) -> None:
    from huggingface_hub import ModelCard

    cards = sorted((site / "cards").glob("*.md"))
    assert len(cards) == 4
    for path in cards:
        found = ModelCard(path.read_text(encoding="utf-8")).data.eval_results
        assert found is not None and found[0].dataset_type == "finbench/fin_tone"
        assert found[0].metric_type == "accuracy" and 0 <= found[0].metric_value <= 1


def test_badges_are_drawings_that_say_what_they_show(site: Path) -> None:
    badges = sorted((site / "badges").glob("*.svg"))
    assert len(badges) == 4
    for path in badges:
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None and title.text == root.get("aria-label") and "rank" in str(title.text)


def test_the_dataset_names_files_that_are_there(site: Path) -> None:
    found = json.loads((site / "dataset.jsonld").read_text(encoding="utf-8"))
    assert found["@type"] == "Dataset" and found["@context"] == "https://schema.org"
    assert all((site / one["contentUrl"]).is_file() for one in found["distribution"])
    assert "data/results.parquet" in (site / "llms.txt").read_text(encoding="utf-8")


def test_a_models_page_links_to_its_exports(site: Path) -> None:
    page = next((site / "models").glob("atlas-*.html"))
    text = page.read_text(encoding="utf-8")
    for kind in ("eee", "cards", "badges"):
        assert f'href="../{kind}/{page.stem}' in text


def _submit(folder: Path, logs: Path, model: str) -> Path:
    return submit(folder, log_of(logs, model, "fin_tone", 180), name=model)


def _tiers(site: Path) -> dict[str, str]:
    rows = json.loads((site / "data/models.json").read_text(encoding="utf-8"))["rows"]
    return {row["model"]: row["tier"] for row in rows}


def _details(document: dict[str, Any]) -> dict[str, str]:
    (result,) = document["evaluation_results"]
    return dict(result["score_details"]["details"])


def test_a_board_shows_who_has_checked_what(logs: Path, tmp_path: Path) -> None:
    from finbench.errors import InputError

    first, second = (_submit(tmp_path / f"in/{name}", logs, name) for name in ("atlas", "corvid"))
    build([tmp_path / "in"], tmp_path / "site", reproduced=[first])
    assert _tiers(tmp_path / "site") == {"atlas": "reproduced", "corvid": "re-scored"}
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "site/eee").glob("*.json")]
    assert {one["model_info"]["name"]: _details(one)["tier"] for one in documents} == _tiers(tmp_path / "site")
    (second / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"is refused: notes.txt does not belong into a submission"):
        build([tmp_path / "in"], tmp_path / "site")
    build([tmp_path / "in"], tmp_path / "site", skip_bad=True)
    assert _tiers(tmp_path / "site") == {"atlas": "re-scored"}
    _submit(tmp_path / "in/impostor", logs, "atlas")
    (second / "notes.txt").unlink()
    with pytest.raises(InputError, match="both of the model 'atlas'"):
        build([tmp_path / "in"], tmp_path / "site")


def test_a_run_that_comes_out_otherwise_is_not_reproduced(make_run: Callable[..., Any]) -> None:
    from leaderboard.tiers import Tiers

    theirs = make_run("a", right=0.95, n=200)
    ours, same = make_run("a", right=0.4, n=200), make_run("a", right=0.95, n=200)
    known = {theirs.path.resolve(): "re-scored"}
    assert Tiers(by_path=known, again=(ours,)).of([theirs]).text == "not reproduced"
    assert Tiers(by_path=known, again=(same,)).of([theirs]).text == "reproduced"
    assert Tiers(by_path=known, again=(replace(same, model="b"),)).of([theirs]).text == "re-scored"
    assert Tiers().of([theirs]).text == "self-reported"


def test_a_badge_shows_no_score_that_was_not_reproduced(make_run: Callable[..., Any]) -> None:
    from leaderboard.badges import badges_of
    from leaderboard.collect import Collection
    from leaderboard.tiers import Tiers

    theirs, other = make_run("a", right=0.95, n=200), make_run("b", n=200)
    tiers = Tiers(by_path={theirs.path.resolve(): "re-scored"}, again=(make_run("a", right=0.4, n=200),))
    collection = Collection([theirs, other], tiers=tiers)
    shown = {view.contender.model: "".join(badges_of(collection, view).values()) for view in collection.models}
    assert "not reproduced</text>" in shown["a"] and "rank" not in shown["a"] and "95" not in shown["a"].split("The")[0]
    assert "rank" in shown["b"] and "not reproduced" not in shown["b"]


def test_exports_of_a_judged_score_name_the_judge(
    make_run: Callable[..., Any], tmp_path: Path, schema: dict[str, Any]
) -> None:
    from leaderboard.assemble import build_runs

    judge = f"lab/judge@2\u202e@{'ab' * 32}@{'cd' * 32}"
    settings = replace(make_run("a").settings, grader=judge)
    build_runs([make_run("a", task="mt_bench", metric="judge", settings=settings)], tmp_path / "site")
    document = json.loads(next((tmp_path / "site/eee").iterdir()).read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert _details(document)["judge"] == judge.replace("\u202e", "")
    assert not [name for name in _details(document) if name.startswith("outcome_")]
    card = next((tmp_path / "site/cards").iterdir()).read_text(encoding="utf-8")
    assert 'name: "judge (lab/judge@2), 95 % interval' in card and "abab" not in card


def test_the_difference_to_the_board_is_said(logs: Path, site: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from leaderboard.cli import leaderboard

    folder = _submit(tmp_path / "corvid", logs, "corvid")
    done = CliRunner().invoke(leaderboard, ["check", str(folder), "--against", str(site), "--json"])
    assert done.exit_code == 0, done.output
    (change,) = json.loads(done.stdout)["changes"]
    assert change["models"] == 3 and change["above"] == 2 and change["before"] == pytest.approx(change["score"])
    shown = CliRunner().invoke(leaderboard, ["check", str(folder), "--against", str(site), "--markdown"]).stdout
    assert "2 of 3 above" in shown and "accepted as re-scored" in shown


def test_markdown_of_a_stranger_is_inert() -> None:
    from leaderboard.difference import inert

    shown = inert("@everyone ![x](http://evil.example) <img src=x> `a` www.x.org #1 | b")
    assert not set("@![]()<>`#|:./") & set(shown.replace("&#", ""))


def test_markdown_of_a_stranger_mentions_nobody_once_it_is_decoded() -> None:
    from leaderboard.difference import inert

    # GitHub looks for names and numbers after it has decoded entities
    shown = unescape(inert("@everyone @lab/team #1 lab/board#12 GH-3 gh-4 someone@0123abc &#64;all &commat;all"))
    assert not re.search(r"@\w|#\d|GH-\d", shown, re.IGNORECASE)
    assert shown.replace("\u200b", "").startswith("@everyone @lab/team #1 lab/board#12 GH-3 gh-4 someone@0123abc")
