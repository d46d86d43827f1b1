"""What a stage starts from, several seeds by the two-way rule, rows held against evaluation items, and reports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finbench.errors import ClaimFailed, InputError
from trainers import curves
from trainers.report import documents, html, markdown
from trainers.report_blocks import Heading, Paragraph, Table, to_html, to_markdown
from trainers.run import run_recipe

pytestmark = pytest.mark.usefixtures("echo_trainer")


def seen(out: Path, entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / entry["checkpoint"] / "config.json").read_text())
    return found


def branching(make: Callable[..., Any], **changes: Any) -> Any:
    """Stages cpt and sft, both from the base model, and a third from the first."""
    recipe = make({"say": "cpt"}, {"say": "sft"}, {"say": "third"})
    value = recipe.model_dump(by_alias=True, exclude_unset=True)
    for stage, start in zip(value["stages"], (None, "base", "s0"), strict=True):
        stage["from"] = start
    return type(recipe).model_validate(value | changes)


def test_a_stage_starts_from_what_it_names(make: Callable[..., Any], tmp_path: Path) -> None:
    report = run_recipe(branching(make), tmp_path / "out")
    first, second, third = report["stages"]
    assert [entry["parent"] for entry in report["stages"]] == ["base", "base", "r-s0"]
    assert seen(tmp_path / "out", second)["parent"] == {"model_type": "none"}
    assert seen(tmp_path / "out", third)["parent"]["say"] == "cpt"
    lineages = [
        json.loads((tmp_path / "out" / entry["folder"] / "lineage.json").read_text()) for entry in report["stages"]
    ]
    assert lineages[2]["identity"]["parent"] == first["hash"]
    assert lineages[1]["identity"]["parent"] == lineages[0]["identity"]["parent"]


def test_a_stage_that_says_what_is_the_default_keeps_its_name(make: Callable[..., Any], tmp_path: Path) -> None:
    before = run_recipe(make({"say": "cpt"}, {"say": "sft"}), tmp_path / "a")
    value = make({"say": "cpt"}, {"say": "sft"}).model_dump(by_alias=True, exclude_unset=True)
    value["stages"][0]["from"], value["stages"][1]["from"] = "base", "s0"
    after = run_recipe(type(make({})).model_validate(value), tmp_path / "b")
    assert [one["hash"] for one in before["stages"]] == [one["hash"] for one in after["stages"]]


@pytest.mark.parametrize("start", ["s1", "s2", "absent", ""])
def test_a_stage_starts_from_an_earlier_one_only(make: Callable[..., Any], start: str) -> None:
    value = make({}, {}).model_dump(by_alias=True, exclude_unset=True)
    value["stages"][1]["from"] = start
    with pytest.raises(ValueError, match="it can start from base, s0"):
        type(make({})).model_validate(value)


def test_several_seeds_are_judged_together(make: Callable[..., Any], tmp_path: Path, scored: dict[str, Any]) -> None:
    report = run_recipe(make({}, {}, seeds=(1, 2), evaluate={"suite": "quick"}), tmp_path / "out")
    assert [(entry["stage"], entry["seed"]) for entry in report["stages"]] == [
        ("s0", 1), ("s0", 2), ("s1", 1), ("s1", 2)
    ]  # fmt: skip
    assert scored["models"].count("base") == 1
    assert ("base", ["r-s1-seed1", "r-s1-seed2"]) in scored["compared"]
    over = report["over_seeds"][1]
    assert over["stage"] == "s1" and over["against"] == ["base"] and over["seeds"] == [1, 2]
    verdict = over["verdicts"][0]
    assert verdict["about"] == "recipe" and verdict["seeds"] == 2 and "few_seeds" in verdict["flags"]
    assert "100 items over 2 seeds" in verdict["text"] and "errs more often" in verdict["text"]
    text = (tmp_path / "out" / "report.md").read_text()
    assert "the recipe, over 2 seeds (1, 2)" in text and "few_seeds: with so few seeds" in text
    assert "With one seed" not in text
    assert {entry["verdicts"][0]["about"] for entry in report["stages"]} == {"checkpoint"}


def test_seeds_on_both_sides_where_the_stage_before_is_the_measure(
    make: Callable[..., Any], tmp_path: Path, scored: dict[str, Any]
) -> None:
    recipe = make({}, {}, seeds=(1, 2), evaluate={"suite": "quick"}, against="previous")
    report = run_recipe(recipe, tmp_path / "out")
    assert [one["against"] for one in report["over_seeds"]] == [["base"], ["r-s0-seed1", "r-s0-seed2"]]
    assert (["r-s0-seed1", "r-s0-seed2"], ["r-s1-seed1", "r-s1-seed2"]) in scored["compared"]


def test_a_requirement_is_asked_of_the_recipe_once_all_seeds_are_scored(
    make: Callable[..., Any], tmp_path: Path, scored: dict[str, Any]
) -> None:
    scored["change"] = "no evidence"
    recipe = make({}, {}, seeds=(1, 2), evaluate={"suite": "quick"}, require="improved")
    with pytest.raises(ClaimFailed, match="requires improved, the recipe: fin_tone no evidence"):
        run_recipe(recipe, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [entry["seed"] for entry in report["stages"]] == [1, 2] and report["stopped"]
    assert "Stopped: stage 's0' requires improved" in (tmp_path / "out" / "report.html").read_text().replace(
        "&#x27;", "'"
    )


def test_the_forgetting_matrix_has_a_column_for_each_checkpoint(
    make: Callable[..., Any], tmp_path: Path, scored: dict[str, Any]
) -> None:
    report = run_recipe(make({}, {}, seeds=(1, 2), evaluate={"suite": "quick"}), tmp_path / "out")
    assert [(one["stage"], one["seed"]) for one in report["forgetting"]] == [
        ("s0", 1), ("s0", 2), ("s0", None), ("s1", 1), ("s1", 2), ("s1", None)
    ]  # fmt: skip
    assert all(one["against"] == ["base"] for one in report["forgetting"])
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| s0, seed 1 | s0, seed 2 | s0, all seeds |" in text
    assert "| tone (all its tasks) | 100 | 40.0 | +10.0 (+2.0 to +18.0), better |" in text


@pytest.fixture
def overlapping(monkeypatch: pytest.MonkeyPatch, tone_rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Pretends that rows r1 and r4 hold an evaluation item, where the real looking is tested with its own module."""
    state: dict[str, Any] = {"indexed": []}

    def index_for(tasks: Any) -> Any:
        state["indexed"].append(tuple(tasks))
        return "index", ["fpb"]

    def without_evaluation(rows: Any, index: Any, *, action: str, names: Any, missing: Any) -> Any:
        assert index == "index" and missing == ["fpb"]
        rows = list(rows)
        hit = [row for row in rows if dict(row)["id"] in ("r1", "r4")]
        if hit and action == "fail":
            raise InputError(f"{len(hit)} of {len(rows)} training rows overlap")
        kept = [row for row in rows if action != "drop" or dict(row)["id"] not in ("r1", "r4")]
        return kept, {
            "action": action, "rules": ["ngram"], "before": len(rows), "after": len(kept), "overlapping": len(hit),
            "rows": {}, "items": {"fin_tone": len(hit)}, "examples": [], "tasks": ["fin_tone"],
            "tasks_without_rows": list(missing), "lineage": [],
        }  # fmt: skip

    monkeypatch.setattr("trainers.stage_rows.index_for", index_for)
    monkeypatch.setattr("trainers.stage_rows.without_evaluation", without_evaluation)
    return state


def all_rows(make: Callable[..., Any], tone_file: Path, **more: Any) -> Any:
    sources = [{"path": str(tone_file)}, {"path": str(tone_file)}]
    return make({}, {"say": "b"}, data=sources, evaluate={"tasks": ["fin_tone"]}, **more)


def test_rows_that_hold_items_are_counted_dropped_or_refused(
    make: Callable[..., Any], tone_file: Path, tmp_path: Path, scored: dict[str, Any], overlapping: dict[str, Any]
) -> None:
    reported = run_recipe(all_rows(make, tone_file), tmp_path / "report")["stages"][0]
    assert reported["data"]["rows"] == 96, "by default rows are counted, and kept"
    assert reported["data"]["decontamination"]["overlapping"] == 4
    lineage = json.loads((tmp_path / "report" / reported["folder"] / "lineage.json").read_text())
    assert lineage["data"]["decontamination"] == reported["data"]["decontamination"]
    assert overlapping["indexed"] == [("fin_tone",)], "one index for all stages"
    assert "4 of 96 rows (fin_tone: 4 items); not looked at" in (tmp_path / "report" / "report.md").read_text()

    dropped = run_recipe(all_rows(make, tone_file, decontaminate="drop"), tmp_path / "drop")["stages"][0]
    assert dropped["data"]["rows"] == 92
    assert [source["taken"] for source in dropped["data"]["sources"]] == [46, 46], "counts follow, source by source"
    assert dropped["data"]["sha256"] != reported["data"]["sha256"] and dropped["hash"] != reported["hash"]
    trained = seen(tmp_path / "drop", dropped)["rows"]
    assert len(trained) == 92 and not {"r1", "r4"} & set(trained)
    assert "92 rows kept" in (tmp_path / "drop" / "report.md").read_text()

    with pytest.raises(InputError, match="stage 's0': 4 of 96 training rows overlap"):
        run_recipe(all_rows(make, tone_file, decontaminate="fail"), tmp_path / "fail")


def test_a_real_item_among_the_rows_is_found(make: Callable[..., Any], tmp_path: Path, scored: dict[str, Any]) -> None:
    from finbench.contamination.evaluated import View, evaluated
    from finbench.data.training import examples

    items = evaluated("fin_tone", network=False)
    question = max(items.texts[View.QUESTION], key=len)
    own = next(iter(examples("fin_tone", "train")))
    rows = [
        {"id": "x", "prompt": f"Read this: {question}", "completion": "positive"},
        {"id": "y", "prompt": [dict(turn) for turn in own.prompt], "completion": own.completion},
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    stage = {"data": [{"path": str(path)}], "evaluate": {"tasks": ["fin_tone"]}}
    with pytest.raises(InputError, match=r"stage 's0': 1 of 2 training rows overlap .* of fin_tone"):
        run_recipe(make({}, **stage, decontaminate="fail"), tmp_path / "out")
    report = run_recipe(make({}, **stage, decontaminate="drop"), tmp_path / "out")
    found = report["stages"][0]["data"]["decontamination"]
    assert (found["before"], found["after"], found["tasks"]) == (2, 1, ["fin_tone"])
    assert seen(tmp_path / "out", report["stages"][0])["rows"] == ["y"]


HOSTILE = "<script>alert(1)</script> | [x](javascript:y) `z` *b*\nnext"


def test_reports_escape_whatever_stands_in_them(make: Callable[..., Any], tmp_path: Path, scored: Any) -> None:
    report = run_recipe(make({}, evaluate={"suite": "quick"}), tmp_path / "out")
    entry = report["stages"][0]
    hostile = {
        **report,
        "recipe": HOSTILE,
        "base": HOSTILE,
        "stopped": HOSTILE,
        "stages": [{**entry, "model": HOSTILE, "hardware": HOSTILE, "against": HOSTILE}],
    }
    page, text = html(hostile), markdown(hostile)
    assert "<script" not in page and page.count("&lt;script&gt;") >= 5
    assert "<script" not in text and not re.search(r"(?<!\\)\]\(javascript", text)
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| model")}
    assert widths == {1}, "a bar in a cell does not end it"


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_no_text_becomes_markup_or_breaks_a_table(cells: list[str]) -> None:
    heads = ["h"] * len(cells)
    blocks = [Heading(level=2, text=cells[0]), Paragraph(text=cells[-1]), Table(heads=heads, rows=[cells])]
    page = to_html(blocks, cells[0])
    tags = {tag.lower() for tag in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", page)}
    known = {"html", "head", "meta", "title", "style", "body", "table", "thead", "tbody", "tr", "th", "td", "p", "h2"}
    assert tags <= known
    row = to_markdown(blocks).splitlines()[-1]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == len(cells) + 1
    assert "<" not in row


def test_a_loss_curve_is_a_picture_of_the_log(make: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run_recipe(make({}), out)
    folder = out / report["stages"][0]["folder"]
    assert report["stages"][0]["curve"] == [] and not (folder / "loss.svg").exists()
    log = [{"step": step, "loss": 3.0 / step, "learning_rate": 0.1} for step in range(1, 1001)]
    lines = [json.dumps(entry) for entry in [*log, {"step": 1000, "train_runtime": 3.0}, {"step": 1001, "loss": None}]]
    (folder / "metrics.jsonl").write_text("\n".join([*lines, '{"step": 10']))
    again = run_recipe(make({}), out)
    curve = again["stages"][0]["curve"]
    assert curve[0] == [1, 3.0] and curve[-1] == [1000, 0.003] and len(curve) <= 401
    picture = ElementTree.fromstring((folder / "loss.svg").read_text())
    line = next(one for one in picture if one.tag.endswith("polyline"))
    places = [tuple(map(float, place.split(","))) for place in line.attrib["points"].split()]
    assert len(places) == len(curve)
    assert [x for x, _ in places] == sorted(x for x, _ in places) and places[0][1] < places[-1][1]
    assert f"({again['stages'][0]['folder']}/loss.svg)" in (out / "report.md").read_text()
    assert "(loss.svg)" in (folder / "report.md").read_text()
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 1 and "<script" not in page and "src=" not in page


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e6, 1e6)), min_size=1, max_size=30))
def test_a_curve_of_any_numbers_is_a_picture(points: list[tuple[int, float]]) -> None:
    ElementTree.fromstring(curves.svg(sorted(points)))


def test_each_stage_has_a_report_of_its_own(make: Callable[..., Any], tmp_path: Path, scored: Any) -> None:
    report = run_recipe(make({}, {"say": "b"}, evaluate={"suite": "quick"}), tmp_path / "out")
    files = documents(report)
    second = report["stages"][1]["folder"]
    assert {"report.md", "report.html", f"{second}/report.md", f"{second}/report.html"} <= files.keys()
    assert "Stage s1" in files[f"{second}/report.md"] and "Stage s0" not in files[f"{second}/report.md"]
    assert all((tmp_path / "out" / name).read_text() == text for name, text in files.items())
