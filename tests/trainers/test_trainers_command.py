"""Outside programs as trainers: what they are given, how they end, what becomes of their result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from finbench.errors import InputError
from trainers import worker
from trainers.base import Prepared, StageError
from trainers.command import Command, CommandSettings
from trainers.command_rows import write_rows
from trainers.data.sources import prepare
from trainers.reading import load_recipe
from trainers.recipe import DataSource
from trainers.run import run_recipe

COPY = """
import json, os, shutil, sys
from pathlib import Path
model, out, seed, *more = sys.argv[1:]
print("hello on stdout")
print("a warning", file=sys.stderr)
target = Path(out)
(target / "seen.json").write_text(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}))
shutil.copytree(model, target / "checkpoint-9", dirs_exist_ok=True)
shutil.copytree(model, target / "checkpoint-10", dirs_exist_ok=True)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "copy.py"
    path.write_text(COPY)
    return path


@pytest.fixture
def nothing(tmp_path: Path) -> Prepared:
    return Prepared(path=tmp_path / "none.jsonl", rows=0, sha256="")


def run(command: list[str], out: Path, *, model: Path | str = "m", data: Prepared | None = None, **more: Any) -> Any:
    out.mkdir(exist_ok=True)
    config = CommandSettings.model_validate({"command": [sys.executable, *command], **more})
    inputs = {name: name for name in Command().inputs(config)}
    rows = data or Prepared(path=out / "none.jsonl", rows=0, sha256="")
    return Command()(str(model), rows, config, out, seed=7, inputs=inputs)


def test_a_program_gets_what_it_is_named_and_nothing_else(
    tiny_model: Path, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "do not tell")
    monkeypatch.setenv("WANTED", "yes")
    odd = '; touch hacked $(touch hacked) `touch hacked` {data-like} {"json": 1} *'
    out = tmp_path / "out"
    done = run(
        [str(script), "{model}", "{out}", "{seed}", odd, "--lr={seed}e-5"],
        out,
        model=tiny_model,
        result="checkpoint-*",
        environment=["WANTED"],
        variables={"OWN": "value {seed}"},
    )
    assert done.path == (out / "program" / "checkpoint-10").resolve(), "10 comes after 9"
    seen = json.loads((out / "program" / "seen.json").read_text())
    assert seen["argv"] == [str(tiny_model), str(out / "program"), "7", odd, "--lr=7e-5"]
    assert "SECRET_TOKEN" not in seen["env"] and seen["env"]["WANTED"] == "yes"
    assert seen["env"]["OWN"] == "value {seed}" and seen["env"]["PATH"] == os.environ["PATH"]
    assert seen["cwd"] == str(out / "program")
    assert (out / "stdout.log").read_text() == "hello on stdout\n"
    assert (out / "stderr.log").read_text() == "a warning\n"
    assert not list(tmp_path.rglob("hacked"))
    assert done.notes["result"] == "loaded" and done.steps is None


def test_what_a_placeholder_stands_for_is_not_filled_again(tiny_model: Path, script: Path, tmp_path: Path) -> None:
    folder = tmp_path / "{seed}"
    folder.symlink_to(tiny_model)
    run([str(script), "{model}", "{out}", "x"], tmp_path / "out", model=folder, result="checkpoint-9")
    seen = json.loads((tmp_path / "out" / "program" / "seen.json").read_text())
    assert seen["argv"][0] == str(folder)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; print('out of luck', file=sys.stderr); sys.exit(3)", "ended with code 3.*out of luck.*go on"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("pass", "ended well, but left no model that loads: .* no config.json"),
    ],
)
def test_a_program_that_fails_is_one_sentence(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=message) as caught:
        run(["-c", code], tmp_path / "out")
    assert "\n" not in caught.value.message


def test_programs_that_are_not_there_and_results_that_are_none(
    tiny_model: Path, script: Path, tmp_path: Path, nothing: Prepared
) -> None:
    absent = CommandSettings(command=("no-such-program-here",))
    with pytest.raises(StageError, match=r"no-such-program-here cannot be started.*installed"):
        Command()("m", nothing, absent, tmp_path, seed=1)
    with pytest.raises(
        StageError, match=r"left no model below \{out\}, where there is checkpoint-10, checkpoint-9, seen"
    ):
        run([str(script), "{model}", "{out}", "x"], tmp_path / "a", model=tiny_model, result="model")
    lacking = (
        "import sys; from safetensors.torch import load_file, save_file; import shutil; m, o = sys.argv[1:];"
        "shutil.copytree(m, o, dirs_exist_ok=True); w = load_file(o + '/model.safetensors');"
        "w.pop('model.norm.weight'); save_file(w, o + '/model.safetensors', metadata={'format': 'pt'})"
    )
    with pytest.raises(StageError, match=r"lacks weights that its config.json promises, first model.norm.weight"):
        run(["-c", lacking, "{model}", "{out}"], tmp_path / "b", model=tiny_model)


def test_the_time_limit_ends_the_program_and_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        "start_new_session=True); open('pid', 'w').write(str(p.pid)); print('epoch 1', flush=True); time.sleep(60)"
    )
    begun = time.monotonic()
    with pytest.raises(StageError, match="time limit of 2 s; its last words: epoch 1"):
        run(["-c", code], tmp_path / "out", time_limit=2)
    assert time.monotonic() - begun < 20
    assert not alive(int((tmp_path / "out" / "program" / "pid").read_text()))


def test_a_program_ends_with_the_worker_that_asked_for_it(tmp_path: Path, tiny_model: Path) -> None:
    code = (
        "import os, subprocess, sys, time; p = subprocess.Popen(['sleep', '60']);"
        "open('pids.tmp', 'w').write(f'{os.getpid()} {p.pid}'); os.rename('pids.tmp', 'pids'); time.sleep(60)"
    )
    out = tmp_path / "out"
    out.mkdir()
    job = {
        "trainer": "command",
        "model": str(tiny_model),
        "data": {"path": str(tmp_path / "none"), "rows": 0, "sha256": "", "sources": []},
        "config": {"command": [sys.executable, "-c", code]},
        "out": str(out),
        "seed": 1,
        "inputs": {},
        "processes": 1,
    }
    (out / "job.json").write_text(json.dumps(job))
    child = subprocess.Popen([sys.executable, worker.__file__, str(out / "job.json")], stdout=2)
    pids = out / "program" / "pids"
    until(lambda: pids.exists() or child.poll() is not None, 60)
    program, grandchild = (int(text) for text in pids.read_text().split())
    assert alive(program) and alive(grandchild)
    child.send_signal(signal.SIGKILL)
    child.wait()
    until(lambda: not alive(program) and not alive(grandchild), 20)
    assert not alive(program) and not alive(grandchild)


def test_a_program_goes_on_by_its_own_means(tiny_model: Path, tmp_path: Path) -> None:
    code = (
        "import shutil, sys; from pathlib import Path; m, o = map(Path, sys.argv[1:]); done = o / 'half';\n"
        "if not done.exists(): done.touch(); sys.exit(1)\n"
        "shutil.copytree(m, o / 'model')"
    )
    arguments = ["-c", code, "{model}", "{out}"]
    with pytest.raises(StageError, match="ended with code 1"):
        run(arguments, tmp_path / "out", model=tiny_model, result="model")
    assert run(arguments, tmp_path / "out", model=tiny_model, result="model").path.name == "model"


def test_rows_are_written_as_messages(tone_file: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    data = prepare([DataSource(path=str(tone_file))], tmp_path / "data.jsonl", seed=1)
    assert write_rows(data, "rows", tmp_path) == data.path
    lines = write_rows(data, "messages", tmp_path).read_text().splitlines()
    chats = [json.loads(line) for line in lines]
    assert len(chats) == 48 and [turn["role"] for turn in chats[0]["messages"]] == ["user", "assistant"]
    assert chats[0]["messages"][1]["content"] == next(data.read())["completion"]
    assert pq.read_table(write_rows(data, "messages-parquet", tmp_path)).to_pylist() == chats


@pytest.mark.slow  # starts two workers
def test_a_recipe_runs_a_script_beside_it_and_notices_its_changes(
    tiny_model: Path, tone_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "train.py").write_text(COPY)
    stage = {
        "name": "outside",
        "trainer": "command",
        "data": [{"path": str(tone_file)}],
        "config": {
            "command": [sys.executable, "./train.py", "{model}", "{out}", "{seed}", "{data}"],
            "rows": "messages",
            "result": "checkpoint-*",
        },
    }
    (folder / "recipe.yaml").write_text(json.dumps({"name": "r", "base": str(tiny_model), "stages": [stage]}))

    def execute() -> dict[str, Any]:
        report = run_recipe(load_recipe(folder / "recipe.yaml"), tmp_path / "out")
        return dict(report["stages"][0])

    first = execute()
    seen = json.loads((tmp_path / "out" / first["folder"] / "program" / "seen.json").read_text())
    assert seen["argv"][3].endswith("/data.messages.jsonl")
    assert execute()["reused"]
    (folder / "train.py").write_text(COPY + "\n")
    changed = execute()
    assert not changed["reused"] and changed["hash"] != first["hash"]
    (folder / "train.py").unlink()
    with pytest.raises(InputError, match=r"there is no file or folder .*train\.py; paths are relative to the recipe"):
        execute()


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"command": []}, "at least 1"),
        ({"command": [""]}, "the first element"),
        ({"command": ["x", "{modle}"]}, r"\{modle\}.*there are \{model\}"),
        ({"command": ["x"], "result": "/tmp"}, "below"),
        ({"command": ["x"], "result": "../x"}, "below"),
        ({"command": ["x"], "environment": ["A=1"]}, "no name of"),
        ({"command": ["x"], "environment": ["A"], "variables": {"A": "1"}}, "keep one"),
        ({"command": ["x"], "time_limit": 0}, "greater than 0"),
        ({"command": "x y"}, "valid tuple"),
    ],
)
def test_settings_that_do_not_fit_are_refused(config: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        CommandSettings.model_validate(config)


def test_rows_and_placeholders_belong_together(tone_file: Path, tmp_path: Path) -> None:
    data = prepare([DataSource(path=str(tone_file))], tmp_path / "data.jsonl", seed=1)
    with pytest.raises(InputError, match="`command` never reads"):
        run(["-c", "pass"], tmp_path / "a", data=data)
    with pytest.raises(InputError, match="the stage has none"):
        run(["-c", "pass", "{data}"], tmp_path / "b")
    with pytest.raises(InputError, match="names NOT_SET_HERE, which is not set"):
        run(["-c", "pass"], tmp_path / "c", environment=["NOT_SET_HERE"])


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
