"""Starting a stage's worker, waiting for it, and saying in a sentence how it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finbench.errors import InputError
from trainers import worker
from trainers.base import Prepared, StageError
from trainers.files import read_json, write_json
from trainers.reading import LAUNCH_FOLDER, recipe_folders
from trainers.recipe import LAUNCHERS, Launch, Stage

JOB = "job.json"


def train_stage(
    stage: Stage,
    *,
    config: dict[str, Any],
    model: Path,
    data: Prepared,
    out: Path,
    seed: int,
    inputs: Mapping[str, Path] | None = None,
    track: Sequence[str] = (),
) -> dict[str, Any]:
    """Train one stage in a process of its own; gives the worker's result.

    Args:
        stage: the stage of the recipe.
        config: its settings, complete.
        model: folder of the model to start from.
        data: its rows.
        out: the stage's folder; a broken run there is gone on with.
        seed: of this run.
        inputs: where each other checkpoint or file lies that the settings refer to.
        track: trackers that the loop's numbers are sent to.

    Raises:
        StageError: the worker ended without a result; the message is its own sentence, or what the exit code says.
    """
    for name in (worker.RESULT, worker.ERROR, worker.TRACEBACK):
        (out / name).unlink(missing_ok=True)
    job = out / JOB
    write_json(
        job,
        {
            "trainer": stage.trainer,
            "model": str(model),
            "data": {"path": str(data.path), "rows": data.rows, "sha256": data.sha256, "sources": list(data.sources)},
            "config": config,
            "out": str(out),
            "seed": seed,
            "inputs": {name: str(path) for name, path in (inputs or {}).items()},
            "processes": stage.launch.processes if stage.launch else 1,
            "track": list(track),
        },
    )
    launcher = launcher_of(stage.launch)
    command = [*launcher, str(Path(worker.__file__).resolve()), str(job)]
    try:
        # file descriptor 2: what trainers print must not end up in a JSON document on our stdout
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2)
    except OSError as error:
        raise StageError(f"{launcher[0]!r} cannot be started ({error.strerror or error}); is it installed?") from error
    code = wait(child)
    if code == 0 and (out / worker.RESULT).is_file():
        result: dict[str, Any] = read_json(out / worker.RESULT)
        return result
    if (out / worker.ERROR).is_file():
        raise StageError(f"stage {stage.name!r}: {read_json(out / worker.ERROR)['message']}")
    raise StageError(f"stage {stage.name!r}: {how_it_ended(code)}")


def launcher_of(launch: Launch | None) -> list[str]:
    """The program and options that start a worker; its path and job follow.

    Raises:
        InputError: the launch configuration is not there.
    """
    if launch is None:
        return [sys.executable]
    if launch.config is None:
        return list(launch.command)
    count = str(launch.processes)
    if launch.config == "torchrun":
        # a free port of its own, so that two runs on one machine do not meet
        rendezvous = [] if launch.options else ["--standalone"]
        return [
            sys.executable, "-m", "torch.distributed.run", *rendezvous, "--nproc_per_node", count, *launch.options
        ]  # fmt: skip
    file = launch_file(launch.config)
    return [
        sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(file), "--num_processes", count,
        *launch.options,
    ]  # fmt: skip


def launch_file(config: str) -> Path:
    """The file of a launch configuration: one that ships, by name, or a path.

    Raises:
        InputError: it is not there.
    """
    shipped = [folder / LAUNCH_FOLDER / f"{config}.yaml" for folder in recipe_folders()]
    for path in [Path(config)] if config not in LAUNCHERS else shipped:
        if path.is_file():
            return path
    raise InputError(f"there is no launch configuration {config}; it is a YAML file of `accelerate config`")


def wait(child: subprocess.Popen[bytes]) -> int:
    """The exit code of a child; an interrupt of ours ends it first, so that it leaves the folder before we do."""
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        try:
            child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise


def how_it_ended(code: int) -> str:
    """An exit code without an error message, in words."""
    number = -code if code < 0 else code - 128 if code > 128 else 0
    if number == signal.SIGKILL:
        return (
            "its training process was killed (signal 9), most often because memory ran out; lower batch_size or "
            "max_length or set activation_checkpointing: true, or run the same command again to go on as it is"
        )
    if number in {signal.SIGINT, signal.SIGTERM}:
        return f"its training process was ended (signal {number}); run the same command again to go on"
    return f"its training process ended with code {code} and no message; what it printed is above"
