"""Any outside program as a trainer: started with an argument list, watched, and its result checked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from finbench.errors import InputError
from trainers import command_guard
from trainers.base import Checkpoint, Prepared, Settings, StageError
from trainers.command_result import check_result
from trainers.command_rows import write_rows
from trainers.progress import duration, say
from trainers.recipe import DataSource
from trainers.shares import check_no_shares

#: Variables that every program gets, as far as they are set.
COMMON = ("CUDA_VISIBLE_DEVICES", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH", "TMPDIR")
PLACEHOLDERS = ("model", "data", "out", "seed")
#: Below the stage's folder: where the program works, and what it printed.
WORK, STDOUT, STDERR = "program", "stdout.log", "stderr.log"
_SAY_EVERY = 60.0


class CommandSettings(Settings):
    """What a stage with `trainer: command` may set.

    Attributes:
        command: the program and its arguments; no shell reads them. `{model}`, `{data}`, `{out}` and `{seed}` stand
            for the parent's folder, the file with the rows, the folder that the program works and writes in, and the
            seed. An argument that starts with `./` or `../` (from the recipe's folder) or `~/` is a file or folder
            that the program gets the full path of; what lies there is part of the stage's identity. Everything else
            goes to the program as it stands.
        rows: how `{data}` is written: `rows` as they were prepared (JSON lines), `messages` as JSON lines with
            `messages` for chat, or those as parquet.
        result: folder of the finished model below `{out}`; may hold one `*`, of which the last in natural order
            counts (`checkpoint-*`).
        environment: names of variables that the program gets beside `COMMON`; no others are passed on.
        variables: variables with their values, for the program alone.
        time_limit: seconds after which the program is ended; none by default.
    """

    command: tuple[str, ...] = Field(min_length=1)
    rows: Literal["rows", "messages", "messages-parquet"] = "rows"
    result: str = "."
    environment: tuple[str, ...] = ()
    variables: dict[str, str] = Field(default_factory=dict)
    time_limit: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    @field_validator("command")
    @classmethod
    def _placeholders_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value[0]:
            raise ValueError("the first element of `command` is the program")
        for argument in value:
            for name in re.findall(r"\{([A-Za-z_]+)\}", argument):
                if name not in PLACEHOLDERS:
                    known = ", ".join(f"{{{known}}}" for known in PLACEHOLDERS)
                    raise ValueError(f"{{{name}}} in `command` is no placeholder; there are {known}")
            if "\0" in argument:
                raise ValueError("an argument cannot hold a zero byte")
        return value

    @field_validator("result")
    @classmethod
    def _result_lies_below(cls, value: str) -> str:
        if Path(value).is_absolute() or ".." in Path(value).parts or value.count("*") > 1:
            raise ValueError("`result` is a folder below {out}, with at most one *")
        return value

    @model_validator(mode="after")
    def _variables_are_given_once(self) -> CommandSettings:
        for name in (*self.environment, *self.variables):
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"{name!r} is no name of an environment variable")
        both = sorted(set(self.environment) & set(self.variables))
        if both:
            raise ValueError(f"{both[0]} stands in `environment` and in `variables`; keep one")
        return self


class Command:
    """The adapter; see `trainers.base.Trainer`."""

    settings = CommandSettings
    needs_data = False
    one_process = True

    def check(self, config: CommandSettings, sources: Sequence[DataSource]) -> None:
        """Refuse rows that the program is not told of, a program without its rows, and groups and weights."""
        _check_rows(config, has_rows=bool(sources))
        check_no_shares(sources, "command")

    def inputs(self, config: CommandSettings) -> tuple[str, ...]:
        """The arguments that are files or folders."""
        return tuple(part for part in config.command if part.startswith(("./", "../", "~/")))

    def __call__(
        self,
        model: str,
        data: Prepared,
        config: CommandSettings,
        out: Path,
        *,
        seed: int,
        inputs: Mapping[str, str] | None = None,
    ) -> Checkpoint:
        """Run the program to its end; see `trainers.base.Trainer`.

        What it left in `{out}` stays there after a crash, so a program that resumes by itself goes on.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise InputError("a program starts its own processes; take `launch` away and put the launcher in `command`")
        work = out / WORK
        work.mkdir(parents=True, exist_ok=True)
        values = {"model": model, "out": str(work), "seed": str(seed), "data": str(data.path)}
        _check_rows(config, has_rows=data.rows > 0)
        if data.rows:
            values["data"] = str(write_rows(data, config.rows, out))
        arguments = [(inputs or {}).get(part) or _filled(part, values) for part in config.command]
        say(f"command: {arguments[0]} works in {work}; its output is in {out / STDOUT} and {out / STDERR}")
        begun = time.monotonic()
        code = _run(arguments, _environment(config), config.time_limit, work, out)
        seconds = time.monotonic() - begun
        if code != 0:
            raise StageError(_ended(arguments[0], code, config.time_limit, out))
        result = _result_folder(work, config.result)
        notes: dict[str, Any] = {"exit_code": code, "program_seconds": round(seconds, 1)}
        return Checkpoint(path=result, notes=notes | {"result": check_result(result)})


def _check_rows(config: CommandSettings, *, has_rows: bool) -> None:
    """Refuse a program that is to read rows and has none, or that is not told of those there are."""
    named = any("{data}" in argument for argument in config.command)
    if named and not has_rows:
        raise InputError("`command` names {data} and the stage has none; give it `data`, or take {data} away")
    if has_rows and not named:
        raise InputError("the stage has `data` that `command` never reads; put {data} among its arguments")


def _filled(argument: str, values: Mapping[str, str]) -> str:
    """An argument with its placeholders replaced, all at once: what they stand for is not looked at again."""
    return re.sub(r"\{(" + "|".join(PLACEHOLDERS) + r")\}", lambda match: values[match[1]], argument)


def _environment(config: CommandSettings) -> dict[str, str]:
    """The variables that the program gets."""
    missing = [name for name in config.environment if name not in os.environ]
    if missing:
        raise InputError(f"`environment` names {missing[0]}, which is not set; set it, or take it away")
    passed = {name: os.environ[name] for name in (*COMMON, *config.environment) if name in os.environ}
    return passed | config.variables


def _run(
    arguments: list[str], environment: dict[str, str], limit: float | None, work: Path, out: Path
) -> int | Literal["time"]:
    """Run the program under its guard; gives its exit code, or `time` where the limit ended it."""
    guard = [sys.executable, "-I", str(Path(command_guard.__file__).resolve()), *arguments]
    deadline = time.monotonic() + limit if limit else None
    with _appended(out / STDOUT) as stdout, _appended(out / STDERR) as stderr:
        child = subprocess.Popen(
            guard,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            cwd=work,
            start_new_session=True,
        )
        try:
            heard, said = time.monotonic(), ""
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return child.wait(timeout=0.5)
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    return "time"
                if now - heard >= _SAY_EVERY:
                    heard, line = now, _last_line(out / STDOUT) or _last_line(out / STDERR)
                    if line != said:
                        said = line
                        say(f"command: {line}")
        finally:
            if child.stdin is not None:
                child.stdin.close()  # the guard ends the program on this
            child.wait()


@contextmanager
def _appended(path: Path) -> Iterator[Any]:
    with path.open("ab") as file:
        yield file


def _ended(program: str, code: int | Literal["time"], limit: float | None, out: Path) -> str:
    last = _last_line(out / STDERR) or _last_line(out / STDOUT)
    tail = f"; its last words: {last}" if last else ""
    where = f" (all in {out / STDERR})"
    if code == "time":
        return (
            f"{program} was ended after its time limit of {duration(limit or 0)}{tail}{where}; "
            "raise time_limit, or run the same command again if the program resumes"
        )
    if code == command_guard.NOT_STARTED:
        return f"{program} cannot be started{tail}; is it installed and on the PATH?"
    number = -code if code < 0 else code - 128
    how = f"was ended by signal {number}" if number > 0 else f"ended with code {code}"
    return f"{program} {how}{tail}{where}; what it left is kept, run the same command again to go on"


def _last_line(path: Path) -> str:
    """The last line with text, as far as it lies in the last 4 kB; shortened, without control characters."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
        lines = re.split(r"[\r\n]+", file.read().decode("utf-8", errors="replace"))
        shown = ["".join(part for part in line if part.isprintable()).strip() for line in lines]
        return next((line[:300] for line in reversed(shown) if line), "")
    return ""


def _result_folder(work: Path, result: str) -> Path:
    """The folder that the settings call the result.

    Raises:
        StageError: it is not there, or is not below the work folder.
    """
    if "*" not in result:
        found = [work / result]
    else:
        found = [path for path in work.glob(result) if path.is_dir()]
        found.sort(key=lambda path: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(path))])
    if not found or not found[-1].is_dir():
        there = ", ".join(sorted(path.name for path in work.iterdir())[:10]) or "nothing"
        raise StageError(f"the program ended well and left no {result} below {{out}}, where there is {there}")
    folder = found[-1].resolve()
    if not folder.is_relative_to(work.resolve()):
        raise StageError(f"{result} leads out of {{out}}; the program must write its model there")
    return folder
