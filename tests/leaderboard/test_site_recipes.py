"""Pages of recipes: what the run's folder says, and what its logs say."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from finbench.errors import InputError
from finbench.results.choosing import read_runs
from finbench.results.compare import compare_runs
from leaderboard.assemble import Extras, build_runs
from leaderboard.forgetting import forgetting
from leaderboard.lineage_graph import description, lineage_graph
from leaderboard.recipes import read_recipes
from leaderboard.text import percent, points

MakeRun = Callable[..., Any]


def page_of(site: Path) -> str:
    return next((site / "recipes").iterdir()).read_text(encoding="utf-8")


def text_of(html: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def test_verdicts_stand_with_difference_interval_and_power(site: Path) -> None:
    text = text_of(page_of(site))
    assert "improves fin_tone baseline collapsed" in text
    assert "improved 50.0 75.0 +25.0 12.5 to 37.5" in text
    assert "inconclusive" in text and "Would show" in text


def test_the_lineage_names_parents_and_data(recipe_run: Path, site: Path) -> None:
    recipe = read_recipes([recipe_run])[0]
    assert description(recipe) == (
        "atlas comes from borealis by sft on fin_tone/train. corvid comes from atlas by dpo on fin_tone/train."
    )
    drawn = ElementTree.fromstring(lineage_graph(recipe, {}).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'))
    kinds = [child.tag.rpartition("}")[2] for child in drawn]
    assert kinds[:2] == ["title", "desc"] and kinds.count("g") == 3
    boxes = [group[0] for group in drawn if group.tag.endswith("g")]
    places = [(int(box.get("x", "")), int(box.get("y", ""))) for box in boxes]
    assert places[0][0] < places[1][0] < places[2][0], "a child stands to the right of its parent"
    assert "fin_tone/train (24 of 360 rows)" in text_of(page_of(site))


def test_two_children_of_one_parent_and_a_merge_are_drawn_apart(recipe_run: Path, tmp_path: Path) -> None:
    shutil.copytree(recipe_run, tmp_path / "run")
    report = json.loads((tmp_path / "run/report.json").read_text())
    third = {
        **report["stages"][1],
        "stage": "merge",
        "hash": "c" * 64,
        "model": "both",
        "folder": "0-merge",
        "logs": [],
    }
    report["stages"].append(third)
    (tmp_path / "run/report.json").write_text(json.dumps(report))
    (tmp_path / "run/0-dpo/lineage.json").write_text(json.dumps({"identity": {"parent": "pypi:borealis"}}))
    (tmp_path / "run/0-merge").mkdir()
    merged = {"identity": {"trainer": "merge", "parents": ["a" * 64, "b" * 64]}}
    (tmp_path / "run/0-merge/lineage.json").write_text(json.dumps(merged))
    recipe = read_recipes([tmp_path / "run"])[0]
    assert "both comes from atlas and corvid by merge" in description(recipe)
    drawn = lineage_graph(recipe, {})
    places = re.findall(r'<rect class="box \w+" x="(\d+)" y="(\d+)"', drawn)
    assert len(set(places)) == 4 and drawn.count('class="edge"') == 4


def test_the_matrix_agrees_with_compare(recipe_run: Path, site: Path) -> None:
    found = forgetting(read_recipes([recipe_run])[0])
    assert found is not None
    assert [one.label for one in found.checkpoints] == ["borealis", "sft", "dpo"]
    runs = [run for run in read_runs([recipe_run / "logs"]) if run.official]
    expected = compare_runs(runs, "borealis", "atlas", tasks=["fin_tone"]).entry("fin_tone")
    change = found.checkpoints[1].tasks["fin_tone"]
    assert (change.n, change.difference) == (180, pytest.approx(expected.difference))
    words = f"{percent(change.score)} {change.change} {points(expected.difference)} ("
    assert words in text_of(page_of(site))
    lost = found.checkpoints[2].tasks["fin_tone"]
    assert lost.change == "worse" and "lost" in page_of(site)


def test_models_of_the_board_are_linked(site: Path) -> None:
    links = re.findall(r'href="\.\./models/([a-z]+)-\w+\.html"', page_of(site))
    assert {"atlas", "borealis", "corvid"} <= set(links)
    assert 'href="recipes.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_a_report_without_logs_or_lineage_still_has_a_page(make_run: MakeRun, recipe_run: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    shutil.copy(recipe_run / "report.json", tmp_path / "run/report.json")
    build_runs([make_run("a")], tmp_path / "site", Extras(recipes=read_recipes([tmp_path / "run"])))
    text = text_of(page_of(tmp_path / "site"))
    assert "improved" in text and "What training gave and took" not in text


HOSTILE = '</svg><script>alert(1)</script>"\N{RIGHT-TO-LEFT OVERRIDE}'


def test_hostile_reports_are_text_and_leave_their_folder_alone(
    make_run: MakeRun, recipe_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    report = json.loads((recipe_run / "report.json").read_text())
    report["recipe"] = report["base"] = HOSTILE
    for stage in report["stages"]:
        stage.update(stage=HOSTILE, model=HOSTILE, folder="../../../etc", logs=["/etc", "../.."], hash=HOSTILE)
        stage["data"]["sources"] = [{"source": HOSTILE, "taken": 10**400, "offered": "x"}, 3]
        stage["verdicts"][0].update(subject=HOSTILE, verdict=HOSTILE, difference=1e999, n=True, flags=[HOSTILE])
    (tmp_path / "run/report.json").write_text(json.dumps(report))
    recipes = read_recipes([tmp_path / "run"])
    assert all(stage.logs is None and stage.logs_against is None for stage in recipes[0].stages)
    build_runs([make_run("a")], tmp_path / "site", Extras(recipes=recipes))
    html = page_of(tmp_path / "site")
    assert html.count("<script") == 1 and "alert(1)" in html and "\N{RIGHT-TO-LEFT OVERRIDE}" not in html


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(None, "holds no report.json"), ("{", "is not JSON"), ("[]", "no JSON object"), ("{}", "no report of a recipe")],
)
def test_what_is_no_run_is_refused_in_a_sentence(tmp_path: Path, text: str | None, sentence: str) -> None:
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_recipes([tmp_path])
