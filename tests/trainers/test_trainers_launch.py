"""Launch configurations, servers for evaluation, trackers, and what is refused before any training."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from finbench.errors import InputError
from trainers import launching, memory
from trainers.base import StageError
from trainers.memory import Shape, estimate, shape_of
from trainers.reading import load_recipe, recipe_folders, schema
from trainers.recipe import LAUNCHERS, Evaluation, Launch, Server
from trainers.run import run_recipe
from trainers.serving import serving
from trainers.settings import LoopSettings
from trainers.sft import SftSettings


@pytest.mark.parametrize("name", [name for name in LAUNCHERS if name != "torchrun"])
def test_shipped_configurations_are_read_by_accelerate(name: str) -> None:
    pytest.importorskip("accelerate")
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    command = launching.launcher_of(Launch(config=name, processes=4))
    assert command[:3] == [sys.executable, "-m", "accelerate.commands.launch"]
    arguments = launch_command_parser().parse_args([*command[3:], "worker.py", "job.json"])
    assert arguments.num_processes == 4 and arguments.training_script == "worker.py"
    read = load_config_from_file(arguments.config_file)
    kind = {"ddp": "MULTI_GPU", "fsdp2": "FSDP", "zero2": "DEEPSPEED", "zero3": "DEEPSPEED"}[name]
    assert str(read.distributed_type).endswith(kind) and read.mixed_precision == "bf16"
    assert read.deepspeed_config.get("zero_stage") == {"zero2": 2, "zero3": 3}.get(name)
    assert read.fsdp_config.get("fsdp_version") == (2 if name == "fsdp2" else None)


def test_all_launch_files_have_a_name_and_are_no_recipes() -> None:
    files = {path.stem for folder in recipe_folders() for path in (folder / "launch").glob("*.yaml")}
    assert files == set(LAUNCHERS) - {"torchrun"}


def test_torchrun_starts_the_number_of_processes() -> None:
    command = launching.launcher_of(Launch(config="torchrun", processes=3))
    assert command[1:3] == ["-m", "torch.distributed.run"] and command[command.index("--nproc_per_node") + 1] == "3"
    assert launching.launcher_of(Launch(command=("mpirun", "-n", "2"), processes=2)) == ["mpirun", "-n", "2"]
    assert launching.launcher_of(None) == [sys.executable]


@pytest.mark.parametrize(
    ("launch", "named"),
    [
        ({"processes": 2}, "launch by `config`"),
        ({"config": "fsdp2", "command": ["x"], "processes": 2}, "one of the two"),
        ({"config": "fsdp3", "processes": 2}, "'fsdp3' is no launch configuration; there are torchrun, ddp, fsdp2"),
        ({"command": ["x"], "options": ["y"], "processes": 2}, "`options` belong to `config`"),
        ({"config": "fsdp2", "processes": 0}, "processes"),
        ({"config": "fsdp2"}, "'processes' is missing"),
    ],
)
def test_a_faulty_launch_is_one_sentence(tmp_path: Path, launch: dict[str, Any], named: str) -> None:
    path = tmp_path / "r.yaml"
    stage = {"name": "s", "trainer": "sft", "data": [{"task": "fin_tone"}], "launch": launch}
    path.write_text(yaml.safe_dump({"name": "r", "base": "./m", "stages": [stage]}))
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        load_recipe(path)
    assert "\n" not in caught.value.message


def test_a_launch_file_of_ones_own_lies_beside_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    launch = {"config": "./mine.yaml", "processes": 2}
    stage = {"name": "s", "trainer": "sft", "data": [{"task": "fin_tone"}], "launch": launch}
    path.write_text(yaml.safe_dump({"name": "r", "base": "./m", "stages": [stage]}))
    read = load_recipe(path).stages[0].launch
    assert read is not None and read.config == str(tmp_path / "mine.yaml")
    assert read.line == ["mine.yaml"], "a lineage names no folder of this machine"
    with pytest.raises(InputError, match=r"there is no launch configuration .*mine.yaml"):
        launching.launcher_of(read)
    (tmp_path / "mine.yaml").write_text("distributed_type: 'NO'\n")
    assert str(tmp_path / "mine.yaml") in launching.launcher_of(read)


SERVER = """
import http.server, json, sys, time
port, model, name = int(sys.argv[1]), sys.argv[2], sys.argv[3]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"data": [{"id": name, "root": model}]}).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
    def log_message(self, *a): print("asked", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


def server(tmp_path: Path, code: str = SERVER, **more: Any) -> Server:
    script = tmp_path / "server.py"
    script.write_text(code)
    return Server(command=(sys.executable, str(script), "{port}", "{model}", "{name}"), **more)


def test_a_server_is_started_waited_for_and_ended(tmp_path: Path) -> None:
    import urllib.request

    with serving(server(tmp_path), tmp_path / "model", "tuned", tmp_path / "logs" / "server.log") as where:
        with urllib.request.urlopen(f"{where}/models") as answer:
            (served,) = json.loads(answer.read())["data"]
        assert served == {"id": "tuned", "root": str(tmp_path / "model")}
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{where}/models")
    assert "asked" in (tmp_path / "logs" / "server.log").read_text()


@pytest.mark.parametrize(
    ("code", "named"),
    [("raise SystemExit(3)", "ended with code 3 before it answered"), ("import time; time.sleep(60)", "within 1 s")],
)
def test_a_server_that_does_not_come_up_is_one_sentence(tmp_path: Path, code: str, named: str) -> None:
    with (
        pytest.raises(InputError, match=named) as caught,
        serving(server(tmp_path, code, ready=1), tmp_path, "x", tmp_path / "log"),
    ):
        raise AssertionError("it never answered")
    assert str(tmp_path / "log") in caught.value.message
    with (
        pytest.raises(InputError, match="'no-such-server' cannot be started"),
        serving(Server(command=("no-such-server", "{model}{name}{port}")), tmp_path, "x", tmp_path / "log"),
    ):
        raise AssertionError("it never started")


def test_a_server_must_be_told_what_it_serves() -> None:
    with pytest.raises(ValueError, match=r"must say where \{port\} goes"):
        Server(command=("vllm", "{model}", "{name}"))


def test_a_served_checkpoint_is_scored_over_http_under_its_own_fingerprint(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    import finbench.evaluation
    from trainers import judge

    asked: list[Any] = []

    def run(models: Any, tasks: Any, log_dir: Path, **more: Any) -> Any:
        asked.extend(models)
        return SimpleNamespace(exit_code=0, log_dirs={models[0].name: log_dir})

    monkeypatch.setattr(finbench.evaluation, "run", run)
    evaluation = Evaluation(tasks=("fin_tone",), server=server(tmp_path))
    judge.evaluate("tuned", tiny_model, evaluation, tmp_path / "logs")
    judge.evaluate("tuned", tiny_model, Evaluation(tasks=("fin_tone",)), tmp_path / "logs")
    served, local = asked
    assert served.model == "vllm/tuned" and served.base_url.startswith("http://127.0.0.1:")
    assert served.checkpoint is None and served.sha256 == local.sha256
    assert local.model.endswith("/local") and local.base_url is None
    assert not local.args.get("do_sample"), "greedy is greedy"


@pytest.mark.usefixtures("echo_trainer")
def test_a_tracker_that_is_not_installed_is_refused_before_training(
    make: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.tracking.find_spec", lambda name: None)
    recipe = make({}).model_copy(update={"track": ("wandb",)})
    with pytest.raises(InputError, match="tracks with wandb, which is not installed: pip install wandb"):
        run_recipe(recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_trackers_reach_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainers.settings import loop_arguments
    from trainers.tracking import track

    for name in ("FINBENCH_TRACK", "TENSORBOARD_LOGGING_DIR"):
        monkeypatch.setenv(name, "")  # put back afterwards
    arguments: dict[str, Any] = {"seed": 1, "rows": 8, "gpu": False, "checkpointing": False}
    track([], tmp_path)
    assert loop_arguments(LoopSettings(), tmp_path, **arguments)["report_to"] == []
    track(["tensorboard"], tmp_path)
    assert loop_arguments(LoopSettings(), tmp_path, **arguments)["report_to"] == ["tensorboard"]
    assert os.environ["TENSORBOARD_LOGGING_DIR"] == str(tmp_path / "tensorboard")
    assert '"tensorboard"' in schema(), "the recipe's key is in the schema"


def test_the_shape_of_a_model_is_read_from_its_files(tiny_model: Path, fake_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    shape = shape_of(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    assert shape == Shape(
        weights=model.num_parameters(), hidden=64, layers=2, vocabulary=len(model.get_input_embeddings().weight)
    )
    assert shape_of(fake_model) is None, "weights that are no safetensors say nothing"


def test_estimates_follow_what_takes_memory() -> None:
    shape = Shape(weights=10**9, hidden=2048, layers=16, vocabulary=32_000)
    plain = estimate(shape, SftSettings(activation_checkpointing=False))
    assert plain.states == 16 * 10**9
    checkpointed = estimate(shape, SftSettings(activation_checkpointing=True))
    lora = estimate(shape, SftSettings(lora={"rank": 8}))
    longer = estimate(shape, SftSettings(max_length=2048, activation_checkpointing=False))
    assert plain.total and checkpointed.total and lora.total and longer.total
    assert max(lora.total, checkpointed.total) < plain.total < longer.total
    assert 4 * 10**9 < lora.states < 4.3 * 10**9
    assert estimate(shape, SftSettings(), divided=8).states == 2 * 10**9
    assert estimate(Shape(weights=10**9), SftSettings()).total is None


@pytest.mark.usefixtures("echo_trainer")
def test_a_model_that_does_not_fit_is_said_before_anything_is_scored_or_trained(
    tiny_model: Path, tone_file: Path, tmp_path: Path, scored: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers.recipe import Recipe

    stage = {
        "name": "s", "trainer": "cpt", "data": [{"path": str(tone_file)}], "evaluate": {"suite": "quick"}
    }  # fmt: skip
    recipe = Recipe.model_validate({"name": "r", "base": str(tiny_model), "stages": [stage]})
    monkeypatch.setattr("trainers.hf.free_memory", lambda gpu: 100_000)
    monkeypatch.setattr(memory, "accelerator_here", lambda: False)
    with pytest.raises(StageError, match=r"takes about .* GiB .*GiB are free for it; use `lora`") as caught:
        run_recipe(recipe, tmp_path / "out")
    assert caught.value.exit_code == 2 and "\n" not in caught.value.message
    assert scored["models"] == []
    assert not list((tmp_path / "out").glob("0-*"))
