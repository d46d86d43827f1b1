"""Bad input to `finbench train`: one sentence on stderr, exit code 2, and nothing of what was there is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from finbench.cli.main import main

TINY = {"learning_rate": 1e-3, "batch_size": 8, "max_steps": 4, "save_steps": 2, "log_steps": 1}


def write(folder: Path, base: Path, stages: list[dict[str, Any]], **more: Any) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({"name": "r", "base": str(base), "stages": stages, **more}))
    return path


def stage(**changes: Any) -> dict[str, Any]:
    return {"name": "s", "trainer": "echo", "data": [{"path": "./rows.jsonl"}], **changes}


def run(path: Path, out: Path) -> Result:
    return CliRunner().invoke(main, ["train", str(path), "--out", str(out)])


@pytest.mark.usefixtures("echo_trainer", "tone_file")
@pytest.mark.parametrize(
    ("changes", "more", "named"),
    [
        ({"epoch": 3}, {}, "'epoch' is not a key at stages.0; allowed there: name, trainer, from, data"),
        ({"config": {"sya": "x"}}, {}, "'sya' is not a key"),
        ({}, {"seed": 3}, "'seed' is not a key at the top level"),
        ({"trainer": "cpt", "config": {"epochs": 1, "max_steps": 2}}, {}, "either `epochs` or `max_steps`, not both"),
        ({"data": [{"path": "./rows.jsonl", "tokens": 5, "examples": 5}]}, {}, "by `examples` or by `tokens`"),
        ({"data": [{"path": "./absent.jsonl"}]}, {}, "there is no file or folder"),
        ({"data": []}, {}, "has no data"),
        ({"from": "t"}, {}, "it can start from base"),
        ({"trainer": "broken"}, {}, "trainer 'broken' (finbench_echo_broken:X) fails to import"),
        ({"trainer": "lacking"}, {}, "install the module a_module_that_is_not_there"),
        ({"decontaminate": "maybe"}, {}, "stages.0.decontaminate"),
        ({}, {"track": ["csv"]}, "track.0"),
        ({"evaluate": {"suite": "quick", "server": {"command": ["x"]}}}, {}, "must say where {model} goes"),
    ],
)
def test_is_one_sentence_and_exit_code_2(
    tmp_path: Path, fake_model: Path, changes: dict[str, Any], more: dict[str, Any], named: str
) -> None:
    out = tmp_path / "out"
    good = write(tmp_path, fake_model, [stage()])
    assert run(good, out).exit_code == 0
    before = {
        path: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file() and "report" not in path.name
    }
    done = run(write(tmp_path, fake_model, [{**stage(), **changes}], **more), out)
    assert done.exit_code == 2, done.output
    last = done.stderr.strip().splitlines()[-1]
    assert named in last and len(last) < 600
    assert done.stdout == ""
    assert {path: path.read_bytes() for path in before} == before, "what was trained before is still there"


@pytest.mark.slow
def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, tiny_model: Path, tone_file: Path
) -> None:
    pytest.importorskip("trl")
    out = tmp_path / "out"
    good = stage(name="good", trainer="sft", config=TINY)
    wild = {**TINY, "learning_rate": 1e38, "warmup": 3, "max_grad_norm": 1e38, "max_steps": 12}
    path = write(tmp_path, tiny_model, [good, stage(name="wild", trainer="sft", config=wild)])
    done = run(path, out)
    assert done.exit_code == 2, done.output
    last = done.stderr.strip().splitlines()[-1]
    assert "stage 'wild'" in last and "training is stopped and" in last and "try a lower learning_rate" in last
    report = json.loads((out / "report.json").read_text())
    assert [entry["stage"] for entry in report["stages"]] == ["good"], "the stage before stands"
    assert (out / report["stages"][0]["checkpoint"] / "model.safetensors").is_file()
    assert not list(out.glob("1-wild-*/lineage.json"))
    again = CliRunner().invoke(main, ["train", str(path), "--out", str(out), "--stage", "good", "--json"])
    assert again.exit_code == 0 and json.loads(again.stdout)["stages"][0]["reused"]


@pytest.mark.slow
def test_a_template_without_an_assistants_turn_is_said(tmp_path: Path, tiny_model: Path, tone_file: Path) -> None:
    pytest.importorskip("trl")
    import shutil

    model = tmp_path / "mute"
    shutil.copytree(tiny_model, model)
    template = "{% for m in messages %}{% if m['role'] == 'user' %}{{ m['content'] + ' ' }}{% endif %}{% endfor %}"
    (model / "chat_template.jinja").write_text(template)
    done = run(write(tmp_path, model, [stage(trainer="sft", config=TINY)]), tmp_path / "out")
    assert done.exit_code == 2, done.output
    last = done.stderr.strip().splitlines()[-1]
    assert "stage 's'" in last and "assistant" in last


@pytest.mark.usefixtures("tone_file")
@pytest.mark.parametrize(
    ("stages", "more", "named"),
    [
        ([stage(trainer="joint", config={"tokens": 500, "max_steps": 5})], {}, "either `tokens` or `max_steps`"),
        ([stage(trainer="joint", config={"tokens": [500, 500]})], {}, "names 2 budgets and the data has 1 groups"),
        (
            [stage(trainer="joint", data=[{"path": "./rows.jsonl", "weight": 2}, {"path": "./texts"}])],
            {},
            "texts has no weight and other sources of its group have one",
        ),
        ([stage(trainer="sft", data=[{"path": "./rows.jsonl", "weight": 2}])], {}, "`weight`, which sft without"),
        (
            [stage(trainer="dpo", config={"alpha": 1}, data=[{"path": "./rows.jsonl", "group": 2}])],
            {},
            "`group`, which dpo would not keep to",
        ),
        ([stage(trainer="grpo")], {}, "give `task` in place of rows.jsonl"),
        ([stage(trainer="cpt", data=[{"task": "fin_tone"}])], {}, "fin_tone/train has questions with answers"),
        ([stage(trainer="sft", config={"max_steps": 3, "warmup": 50})], {}, "is longer than `max_steps` 3"),
        (
            [stage(trainer="command", data=[], config={"command": ["x"]}, launch={"config": "ddp", "processes": 2})],
            {},
            "take `launch` away",
        ),
        ([stage(trainer="command", config={"command": ["x"]})], {}, "the stage has `data` that `command` never reads"),
        (
            [
                stage(trainer="sft", config={"lora": {"merge": False}}),
                stage(name="t", trainer="sft", **{"from": "base"}),
            ],
            {},
            None,
        ),
        (
            [stage(trainer="sft", config={"lora": {"merge": False}}), stage(name="t", trainer="sft")],
            {},
            "stages.1: it uses stage 's', which leaves an adapter",
        ),
        ([stage(trainer="sft", decontaminate="drop")], {}, "there is nothing to hold its rows against"),
        ([stage(trainer="sft", against="previous")], {}, "has `against: previous` but no `evaluate`"),
        (
            [stage(trainer="sft", evaluate={"tasks": ["fin_tone"]})],
            {"hypotheses": [{"improves": "fin_tome"}]},
            "no stage evaluates 'fin_tome', which a hypothesis is about; the stages evaluate fin_tone, tasks",
        ),
        (
            [
                stage(trainer="sft", evaluate={"tasks": ["fin_tone"]}, require="retained"),
                stage(name="t", trainer="sft", evaluate={"suite": "quick"}),
            ],
            {"hypotheses": [{"keeps": "fin_terms", "margin": 5}]},
            "has `require: retained`, but evaluates nothing that a hypothesis `keeps`",
        ),
        ([stage(trainer="sft", evaluate={"tasks": ["nope"]})], {}, "there is no task 'nope'"),
    ],
)
def test_options_that_contradict_each_other_are_refused_before_anything_runs(
    tmp_path: Path, stages: list[dict[str, Any]], more: dict[str, Any], named: str | None
) -> None:
    path = write(tmp_path, tmp_path / "no model is looked for", stages, **more)
    done = CliRunner().invoke(main, ["train", str(path), "--dry-run"])
    assert done.exit_code == (0 if named is None else 2), done.output
    last = done.stderr.strip().splitlines()[-1:]
    assert named is None or (named in last[0] and done.stdout == "")
