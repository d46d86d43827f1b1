"""What comparisons are turned into: a Markdown report, figures, and documents of Every Eval Ever."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from finbench.cli.power import power as power_command
from finbench.errors import InputError
from finbench.results import plots
from finbench.results.compare import compare_runs
from finbench.results.entries import Comparison
from finbench.results.every_eval import documents
from finbench.results.export import COLUMNS, long_table, one_a_task
from finbench.results.rank import rank_models_of
from finbench.results.report import report
from finbench.results.runs import ItemResult, Run, Settings
from finbench.results.scores import score_interval
from finbench.scoring.outcome import Outcome

MakeRun = Callable[..., Run]


@pytest.fixture
def make_run() -> MakeRun:
    """Makes a run from a string of outcomes: C correct, I wrong, U unparsed, E error."""
    names = {"C": Outcome.CORRECT, "I": Outcome.WRONG, "U": Outcome.UNPARSED, "E": Outcome.ERROR}

    def make(model: str, ends: str, *, task: str = "fomc", temperature: float | None = 0.0, **changes: Any) -> Run:
        values: dict[str, Any] = {
            "path": Path(f"{model.replace('/', '-')}.eval"),
            "model": model,
            "model_id": f"vllm/{model}",
            "checkpoint": None,
            "task": task,
            "version": "1-A",
            "metric": "accuracy",
            "capability": "reasoning",
            "items_sha256": "ab" * 32,
            "official": True,
            "complete": "E" not in ends,
            "created": "2026-01-01T00:00:00+00:00",
            "status": "success",
            "settings": Settings(
                elicitation="direct",
                fewshot=0,
                prompt_sha256="cd",
                temperature=temperature,
                max_tokens=8,
                epochs=1,
            ),
            "items": tuple(
                ItemResult(
                    id=f"i{place:04}",
                    epoch=1,
                    outcome=names[end],
                    value=float(end == "C"),
                    gold="a",
                    pred="ab"[end != "C"],
                )
                for place, end in enumerate(ends)
            ),
        }
        return Run(**{**values, **changes})

    return make


@pytest.fixture
def comparison(make_run: MakeRun) -> Comparison:
    runs = [
        make_run("base", "CI" * 40 + "U" * 20),
        make_run("tuned", "CC" * 40 + "I" * 20),
        make_run("base", "CI" * 30, task="edtsum"),
        make_run("tuned", "CI" * 29 + "IC", task="edtsum"),
        make_run("base", "CCCCI" * 30, task="headlines"),
        make_run("tuned", "CICCI" * 30, task="headlines"),
        make_run("base", "C" * 10, task="ner"),
    ]
    return compare_runs(runs, "base", "tuned", margin=0.05)


def test_report_says_what_was_asked_found_and_left_out(comparison: Comparison) -> None:
    text = report(comparison)
    for heading in ("Question", "Items", "Runs", "Settings", "Methods", "Results", "Verdicts", "Versions"):
        assert f"\n## {heading}\n" in text
    assert "Does it lose less than 5 percentage points?" in text
    assert "about these two checkpoints, not about the recipes" in text
    assert "**fomc**: tuned is better than base: +40.0 points" in text
    assert "Lost: the loss is real, and not shown to be smaller than a margin of 5 points." in text
    assert "Retained: the loss, if any, is smaller than a margin of 5 points." in text
    assert "**edtsum**: no evidence of a difference between tuned and base: +0.0 points" in text
    entry = comparison.entry("edtsum")
    assert entry.mde is not None
    assert f"These 60 items show a difference of {100 * entry.mde:.1f} points with 80 % power." in text
    assert "Inconclusive against a margin of 5 points" in text
    assert f"About {entry.n_needed} items would settle it." in text
    assert "fomc, baseline base: counted as wrong: 20 unparsed." in text
    assert "Not compared, since not all were run on them: ner." in text
    assert f"`{'ab' * 32}`" in text
    assert "McNemar" in text
    assert "mcnemar-midp+tango" in text


def test_report_is_the_same_every_time_and_names_cannot_break_it(make_run: MakeRun) -> None:
    name = "a|b <script>*x*_y_[z](http://u)\n## Verdict"
    runs = [make_run("base", "CI" * 10), make_run(name, "CC" * 10)]
    text = report(compare_runs(runs, "base", name))
    assert text == report(compare_runs(runs, "base", name))
    assert "<script>" not in text
    assert "\n## Verdict\n" not in text
    table = [line for line in text.splitlines() if line.startswith("| fomc | candidate")]
    assert [line.replace("\\|", "").count("|") for line in table] == [8, 10]


@pytest.mark.parametrize(
    ("grades", "low", "high"), [([7.0] * 40, 7.0, 7.0), ([1.0] * 39 + [0.9], None, 1.0), ([0.0, 5.0] * 20, None, None)]
)
def test_an_interval_of_grades_holds_its_score_and_shares_stay_on_their_scale(
    make_run: MakeRun, grades: list[float], low: float | None, high: float | None
) -> None:
    items = tuple(replace(item, value=grade) for item, grade in zip(make_run("a", "C" * 40).items, grades, strict=True))
    found = score_interval(make_run("a", "C" * 40, items=items))
    assert found.low <= found.estimate <= found.high
    assert low is None or found.low == low
    assert high is None or found.high == high
    entry = compare_runs([make_run("b", "C" * 40, items=items), make_run("a", "C" * 40, items=items)], "a", "b").tasks[
        0
    ]
    assert entry.difference == 0 and entry.baseline == entry.candidate == found.estimate


def test_runs_that_differ_are_marked(make_run: MakeRun) -> None:
    runs = [make_run("base", "CI" * 30), make_run("tuned", "CC" * 30, temperature=1.0)]
    text = report(compare_runs(runs, "base", "tuned", allow_settings=True))
    assert "Note: the runs were made with different settings, so the difference may be theirs." in text
    assert "| fomc | candidate, tuned | direct | 0 | 1.0 | 8 |" in text


def test_figures_need_a_known_ending_and_matplotlib(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"should end in .svg, .png or .pdf"):
        plots.forest_plot(comparison, tmp_path / "a.jpeg")

    def without(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(plots, "import_module", without)
    done = CliRunner().invoke(power_command, ["--items", "100", "--plot", str(tmp_path / "a.svg")])
    assert done.exit_code == 2
    assert done.stderr == "finbench: figures need matplotlib, which is not installed; pip install matplotlib\n"


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_figures_are_the_same_every_time(
    comparison: Comparison, make_run: MakeRun, tmp_path: Path, ending: str
) -> None:
    pytest.importorskip("matplotlib", reason="figures are drawn by matplotlib, which is optional")
    runs = [make_run("base", "CI" * 40), make_run("tuned", "CC" * 40), make_run("third", "IC" * 40)]
    ranking = rank_models_of(runs, task="fomc")
    for number in "12":
        plots.forest_plot(comparison, tmp_path / f"forest{number}{ending}")
        plots.rank_plot(ranking, tmp_path / f"rank{number}{ending}")
        asked = [
            "--items",
            "100",
            "--clusters",
            "20",
            "--icc",
            "0.1",
            "--plot",
            str(tmp_path / f"power{number}{ending}"),
        ]
        assert CliRunner().invoke(power_command, asked).exit_code == 0
    for name in ("forest", "rank", "power"):
        first = (tmp_path / f"{name}1{ending}").read_bytes()
        assert first == (tmp_path / f"{name}2{ending}").read_bytes()
        assert first.startswith({".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[ending])
    if ending == ".svg":
        forest = (tmp_path / "forest1.svg").read_text(encoding="utf-8")
        assert "fomc (accuracy, n=100)" in forest
        assert "tuned minus base" in forest
        assert "margin -5" in forest
        assert "tuned (100.0)" in (tmp_path / "rank1.svg").read_text(encoding="utf-8")


def test_long_table_has_a_row_an_item_and_the_newest_run(make_run: MakeRun) -> None:
    old = make_run("base", "III", created="2025-01-01T00:00:00+00:00")
    new, other = make_run("base", "CIE", complete=True), make_run("tuned", "CCC")
    chosen, left_out = one_a_task([other, old, new])
    assert chosen == [new, other]
    assert left_out == [old]
    table = long_table(chosen)
    assert tuple(table.column_names) == COLUMNS
    assert table.column("model").to_pylist() == ["base"] * 3 + ["tuned"] * 3
    assert table.column("outcome").to_pylist() == ["correct", "wrong", "error", "correct", "correct", "correct"]
    assert long_table([]).schema.equals(table.schema)


def test_every_eval_documents_say_score_interval_and_set(make_run: MakeRun) -> None:
    found = documents([make_run("base", "CI" * 40), make_run("org/tuned", "CC" * 40, checkpoint="ef" * 32)])
    assert [name.rpartition("-")[0] for name in found] == ["base", "org_tuned"]
    document = found[min(found)]
    result = document["evaluation_results"][0]
    assert result["score_details"]["score"] == 0.5
    assert result["score_details"]["uncertainty"]["num_samples"] == 80
    interval = result["score_details"]["uncertainty"]["confidence_interval"]
    assert interval["lower"] < 0.5 < interval["upper"]
    assert result["source_data"]["additional_details"]["items_sha256"] == "ab" * 32
    details = result["score_details"]["details"]
    assert (details["fewshot"], details["epochs"], details["prompt_sha256"]) == ("0", "1", "cd")
    assert details["inspect_model"] == "vllm/base" and details["outcome_wrong"] == "40" and "tier" not in details
    assert document["eval_library"] == {"name": "inspect_ai", "version": "unknown"}, "nothing of where it was exported"
    assert documents([make_run("base", "CI" * 40)]) == {min(found): document}


def test_every_eval_documents_say_tier_judge_and_unit(make_run: MakeRun) -> None:
    settings = replace(make_run("a", "C").settings, grader="lab/judge@ef")
    runs = [
        make_run("a", "CI" * 40, task="mt_bench", metric="judge", settings=settings),
        make_run("a", "CI" * 40, metric="mcc", foreign=True),
    ]
    (document,) = documents(runs, tier=lambda run: f"tier of {run.task}").values()
    judged, signed = document["evaluation_results"]
    details = judged["score_details"]["details"]
    assert details["judge"] == "lab/judge@ef" and details["tier"] == "tier of mt_bench"
    assert not [name for name in details if name.startswith("outcome_")]
    assert "wrong" not in judged["metric_config"]["evaluation_description"]
    assert signed["score_details"]["details"]["tier"] == "tier of fomc"
    assert "judge" not in signed["score_details"]["details"]
    assert (signed["metric_config"]["metric_unit"], signed["metric_config"]["min_score"]) == ("coefficient", -1)


@pytest.mark.slow
def test_every_eval_documents_fit_the_published_schema(make_run: MakeRun, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = _published_schema(tmp_path)
    runs = [
        make_run("base", "CI" * 40),
        make_run("base", "CI" * 40, task="letters", metric="mean", capability=None, foreign=True, temperature=None),
        make_run("org/tuned", "CC" * 40, checkpoint="ef" * 32, metric="mcc", foreign=True, complete=False),
    ]
    values = tuple(ItemResult(id=f"i{n}", epoch=1, outcome=Outcome.WRONG, value=float(n)) for n in range(40))
    runs.append(make_run("base", "", task="words", metric="mean", capability=None, items=values))
    found = documents(runs)
    assert len(found) == 2
    for document in found.values():
        jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), schema)


def _published_schema(folder: Path) -> dict[str, Any]:
    """The schema as every-eval-ever 0.3.0 ships it: named, installed, or from the package index."""
    inside = "every_eval_ever/schemas/eval.schema.json"
    if named := os.environ.get("EVERY_EVAL_EVER_SCHEMA"):
        return dict(json.loads(Path(named).read_text(encoding="utf-8")))
    spec = importlib.util.find_spec("every_eval_ever")
    if spec is not None and spec.origin is not None:
        return dict(json.loads((Path(spec.origin).parents[1] / inside).read_text(encoding="utf-8")))
    asked = ["download", "every-eval-ever==0.3.0", "--no-deps", "--python-version", "3.12", "--only-binary=:all:"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *asked, "--quiet", "--dest", str(folder)], capture_output=True, text=True
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        pytest.skip("the schema of every-eval-ever 0.3.0 is not to be had: no EVERY_EVAL_EVER_SCHEMA, no package index")
    with zipfile.ZipFile(wheels[0]) as wheel:
        return dict(json.loads(wheel.read(inside)))
