"""The runner: stages, resume, lineage, verdicts, requirements; with a plug-in trainer that needs no torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finbench.errors import ClaimFailed, InputError
from trainers import judge, worker
from trainers.base import StageError, code_version, load_trainer
from trainers.data.template import encode
from trainers.files import locked
from trainers.hf import load_tokenizer
from trainers.lineage import hardware, identity_hash
from trainers.recipe import DataSource, Hypothesis, Recipe
from trainers.run import run_recipe

pytestmark = pytest.mark.usefixtures("echo_trainer")


def calls(out: Path) -> list[int]:
    return [len(path.read_text().splitlines()) for path in sorted(out.glob("[0-9]*/calls"))]


def test_stages_build_on_each_other_and_are_not_run_twice(make: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = make({"say": "a"}, {"say": "b"})
    report = run_recipe(recipe, tmp_path / "out")
    first, second = report["stages"]
    config = json.loads((tmp_path / "out" / second["checkpoint"] / "config.json").read_text())
    assert config["say"] == "b" and config["parent"]["say"] == "a" and config["seed"] == 1
    assert len(config["rows"]) == 5
    assert first["folder"] == f"0-s0-{first['hash'][:12]}"
    assert report["complete"] and not first["reused"]
    again = run_recipe(recipe, tmp_path / "out")
    assert [stage["reused"] for stage in again["stages"]] == [True, True]
    assert calls(tmp_path / "out") == [1, 1]
    changed = run_recipe(make({"say": "a"}, {"say": "c"}), tmp_path / "out")
    assert [stage["reused"] for stage in changed["stages"]] == [True, False]
    other = run_recipe(make({"say": "z"}, {"say": "b"}), tmp_path / "out")
    assert other["stages"][1]["hash"] != second["hash"], "a stage's identity holds its parent's"
    assert not list((tmp_path / "out").glob(".s*")), "nothing is left lying around"


def test_each_seed_is_a_run_of_its_own(make: Callable[..., Recipe], tmp_path: Path) -> None:
    report = run_recipe(make({}, seeds=(1, 2)), tmp_path / "out")
    assert [stage["model"] for stage in report["stages"]] == ["r-s0-seed1", "r-s0-seed2"]
    assert len({stage["hash"] for stage in report["stages"]}) == 2
    assert report["stages"][0]["data"]["sha256"] != report["stages"][1]["data"]["sha256"]


def test_tokens_are_counted_with_the_base_models_tokenizer(
    make: Callable[..., Recipe], tiny_model: Path, tone_file: Path, tmp_path: Path
) -> None:
    recipe = make({}).model_copy(update={"base": str(tiny_model)})
    data = (DataSource(path=str(tone_file), tokens=200),)
    limited = recipe.model_copy(update={"stages": (recipe.stages[0].model_copy(update={"data": data}),)})
    (stage,) = run_recipe(limited, tmp_path / "out")["stages"]
    tokenizer = load_tokenizer(str(tiny_model))
    lines = (tmp_path / "out" / stage["folder"] / "data.jsonl").read_text().splitlines()
    spent = sum(len(part) for line in lines for part in encode(tokenizer, json.loads(line)))
    assert 200 - 26 < spent <= 200 and stage["data"]["rows"] == len(lines) > 5


def test_a_run_can_end_after_a_stage(make: Callable[..., Recipe], tmp_path: Path) -> None:
    report = run_recipe(make({}, {}), tmp_path / "out", until="s0")
    assert len(report["stages"]) == 1 and not report["complete"]
    with pytest.raises(InputError, match="no stage 's9'; it has s0, s1"):
        run_recipe(make({}, {}), tmp_path / "out", until="s9")


def test_the_lineage_says_where_a_checkpoint_comes_from(make: Callable[..., Recipe], tmp_path: Path) -> None:
    report = run_recipe(make({"say": "a"}), tmp_path / "out")
    text = (tmp_path / "out" / report["stages"][0]["folder"] / "lineage.json").read_text()
    lineage = json.loads(text)
    assert lineage["hash"] == identity_hash(lineage["identity"])
    assert lineage["identity"]["config"] == {"say": "a", "fail": "", "times": 10**6}, "defaults are written out"
    assert lineage["identity"]["code"] == code_version("echo") == "finbench-echo 1.2"
    assert lineage["identity"]["parent"].startswith("folder sha256 ") and lineage["parent"] == lineage["base"] == "base"
    assert lineage["data"]["sources"][0] | {"sha256": ""} == {
        "source": "rows.jsonl",
        "kind": "prompt-completion",
        "offered": 48,
        "taken": 5,
        "sha256": "",
        "limit": {"examples": 5, "tokens": None},
        "group": 1,
        "weight": None,
    }
    assert lineage["training"]["steps"] == 5 and lineage["training"]["seconds"] >= 0
    assert "cores of" in lineage["hardware"] and "python" in lineage["versions"]
    assert str(tmp_path) not in text, "no folder of this machine"


@pytest.mark.parametrize(("count", "words"), [(1, "1 thread"), (4, "4 threads")])
def test_the_hardware_counts_threads_in_words(monkeypatch: pytest.MonkeyPatch, count: int, words: str) -> None:
    cuda = SimpleNamespace(device_count=lambda: 0)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, get_num_threads=lambda: count))
    assert hardware().endswith(f", no accelerator, {words}")


def test_verdicts_are_judged_against_the_base_model(
    make: Callable[..., Recipe], tmp_path: Path, scored: dict[str, Any]
) -> None:
    recipe = make({}, {}, evaluate={"suite": "quick"})
    report = run_recipe(recipe, tmp_path / "out")
    assert scored["models"] == ["base", "r-s0", "r-s1"], "the base model is scored once"
    target, guard = report["stages"][1]["verdicts"]
    assert (target["verdict"], guard["verdict"], guard["margin"]) == ("improved", "retained", 0.05)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "statements on this checkpoint" in text and "| +10.0 (+2.0 to +18.0) |" in text
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report


def test_a_stage_may_be_judged_against_the_one_before(
    make: Callable[..., Recipe], tmp_path: Path, scored: dict[str, Any]
) -> None:
    report = run_recipe(make({}, {}, evaluate={"suite": "quick"}, against="previous"), tmp_path / "out")
    assert [stage["against"] for stage in report["stages"]] == ["base", "r-s0"]


@pytest.mark.parametrize(
    ("require", "state", "stops"),
    [
        ("improved", {}, False),
        ("improved", {"change": "no evidence"}, True),
        ("retained", {"change": "no evidence"}, False),
        ("retained", {"retention": "inconclusive"}, True),
    ],
)
def test_a_requirement_that_does_not_hold_stops_the_recipe(
    make: Callable[..., Recipe],
    tmp_path: Path,
    scored: dict[str, Any],
    require: str,
    state: dict[str, Any],
    stops: bool,
) -> None:
    scored |= state
    recipe = make({}, {}, evaluate={"suite": "quick"}, require=require)
    if not stops:
        assert run_recipe(recipe, tmp_path / "out")["complete"]
        return
    with pytest.raises(ClaimFailed, match=f"stage 's0' requires {require}, this checkpoint: fin_"):
        run_recipe(recipe, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["stopped"] and len(report["stages"]) == 1 and report["stages"][0]["verdicts"]
    assert calls(tmp_path / "out") == [1]


@pytest.mark.parametrize(
    ("claim", "change", "low", "retention", "word"),
    [
        ({"improves": "t"}, "better", 0.01, "", "improved"),
        ({"improves": "t", "margin": 2}, "better", 0.01, "", "no evidence"),
        ({"improves": "t", "margin": 2}, "better", 0.03, "", "improved"),
        ({"improves": "t"}, "no evidence", 0.01, "", "no evidence"),
        ({"improves": "t"}, "worse", -0.2, "", "regressed"),
        ({"keeps": "t", "margin": 5}, "better", 0.01, "retained", "retained"),
        ({"keeps": "t", "margin": 5}, "worse", -0.2, "lost", "lost"),
        ({"keeps": "t", "margin": 5}, "no evidence", -0.1, "inconclusive", "inconclusive"),
    ],
)
def test_words_of_verdicts(claim: dict[str, Any], change: str, low: float, retention: str, word: str) -> None:
    entry: Any = SimpleNamespace(
        metric="accuracy", n=50, baseline=0.4, candidate=0.5, difference=0.1, ci_low=low, ci_high=0.2, p=0.03,
        p_holm=0.06 if change == "no evidence" else 0.04, change=change,
        verdict=retention, mde=0.12, n_needed=300, official=True, flags=(),
    )  # fmt: skip
    result = judge.verdict(Hypothesis(**claim), entry)
    assert result.verdict == word
    assert ("12.0 points or more" in result.text) == (word in {"no evidence", "inconclusive"})
    assert result.as_hoped == (word in {"improved", "retained"})
    explained = "p 0.030, but 0.060 after Holm" in result.text
    assert explained == (word == "no evidence" and change == "no evidence"), "an interval off zero is not left alone"


def test_a_small_real_loss_is_called_one_within_the_margin() -> None:
    entry: Any = SimpleNamespace(
        metric="accuracy", n=160, baseline=0.14, candidate=0.09, difference=-0.05, ci_low=-0.09, ci_high=-0.01, p=0.01,
        p_holm=0.02, change="worse", verdict="lost", mde=0.05, n_needed=None, official=True, flags=("within_margin",),
    )  # fmt: skip
    result = judge.verdict(Hypothesis(keeps="t", margin=10), entry)
    assert result.verdict == "lost" and "t lost, within the margin:" in result.text


@pytest.mark.parametrize(
    ("fail", "named"),
    [
        ("stage", "stage 's0': the loss became nan; lower it"),
        ("kill", "was killed .signal 9., most often because memory ran out"),
        ("other", "stage 's0': RuntimeError: first line .see .*traceback.txt."),
        ("empty", "ended without a model"),
    ],
)
def test_a_stage_that_breaks_is_one_sentence_and_goes_on_next_time(
    make: Callable[..., Recipe], tmp_path: Path, fail: str, named: str
) -> None:
    recipe = make({"fail": fail, "times": 1})
    with pytest.raises(StageError, match=named) as caught:
        run_recipe(recipe, tmp_path / "out")
    assert "\n" not in caught.value.message and caught.value.exit_code == 2
    report = run_recipe(recipe, tmp_path / "out")
    assert report["complete"] and calls(tmp_path / "out") == [2], "the same folder is gone on with"


def test_nothing_is_trained_where_another_run_is_at_work(make: Callable[..., Recipe], tmp_path: Path) -> None:
    with locked(tmp_path / "out"), pytest.raises(InputError, match="another run is at work"):
        run_recipe(make({}), tmp_path / "out")


def test_missing_models_and_data_are_found_before_training(make: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe = make({})
    absent = recipe.model_copy(update={"base": str(tmp_path / "absent")})
    with pytest.raises(InputError, match="no model folder"):
        run_recipe(absent, tmp_path / "out")
    with pytest.raises(InputError, match="is not known; there are pypi:smollm2"):
        run_recipe(recipe.model_copy(update={"base": "pypi:smollm3"}), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("broken", r"trainer 'broken' \(finbench_echo_broken:X\) fails to import \(RuntimeError: no such chip\)"),
        ("lacking", "install the module a_module_that_is_not_there"),
        ("odd", "is no trainer"),
        ("sft", "several packages bring a trainer 'sft' .finbench_echo:Echo, trainers.sft:SFT."),
        ("absent", "there is no trainer 'absent'; installed: .*echo"),
    ],
)
def test_a_plug_in_that_fails_is_one_sentence(name: str, named: str) -> None:
    with pytest.raises(InputError, match=named) as caught:
        load_trainer(name)
    assert "\n" not in caught.value.message


def test_launchers_start_the_worker_and_the_number_of_processes_is_checked(
    make: Callable[..., Recipe], tmp_path: Path
) -> None:
    launch = {"command": [sys.executable], "processes": 2}  # a launcher that starts one process only
    with pytest.raises(StageError, match="started 1 processes and the recipe says 2"):
        run_recipe(make({}, launch=launch), tmp_path / "a")
    with pytest.raises(StageError, match="'no-such-launcher' cannot be started"):
        run_recipe(make({}, launch={"command": ["no-such-launcher"], "processes": 1}), tmp_path / "b")


def write_job(tmp_path: Path, model: Path, rows: Path, config: dict[str, Any]) -> Path:
    out = tmp_path / "stage"
    out.mkdir()
    job = {
        "trainer": "echo", "model": str(model), "config": config, "out": str(out), "seed": 1, "processes": 1,
        "data": {"path": str(rows), "rows": 48, "sha256": "", "sources": []},
    }  # fmt: skip
    path = out / "job.json"
    path.write_text(json.dumps(job))
    return path


def test_the_worker_uses_our_package_whatever_is_called_trainers(
    tmp_path: Path, fake_model: Path, tone_file: Path
) -> None:
    foreign = tmp_path / "foreign" / "trainers"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    job = write_job(tmp_path, fake_model, tone_file, {})
    environment = {**os.environ, "PYTHONPATH": f"{foreign.parent}{os.pathsep}{os.environ['PYTHONPATH']}"}
    command = [sys.executable, str(Path(worker.__file__)), str(job)]
    done = subprocess.run(command, cwd=foreign.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads((job.parent / "result.json").read_text())["checkpoint"] == "checkpoint"


def test_the_worker_ends_with_its_parent(tmp_path: Path, fake_model: Path, tone_file: Path) -> None:
    job = write_job(tmp_path, fake_model, tone_file, {"fail": "sleep"})
    script = f"import subprocess, sys; c = subprocess.Popen([sys.executable, {worker.__file__!r}, {str(job)!r}]); "
    parent = subprocess.Popen(
        [sys.executable, "-c", script + "print(c.pid, flush=True); c.wait()"], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_for((job.parent / "calls").exists)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not running(child))


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
