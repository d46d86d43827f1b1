"""A program that serves a checkpoint over HTTP while it is scored: started, waited for, ended with its children."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from finbench.errors import InputError
from finbench.files import writing
from trainers.progress import duration, say
from trainers.recipe import Server


@contextmanager
def serving(server: Server, model: Path, name: str, log: Path) -> Iterator[str]:
    """Run a server for one checkpoint; gives the address that it answers at.

    Args:
        server: of the recipe.
        model: the checkpoint's folder.
        name: what the server is to call it.
        log: file for what it prints.

    Raises:
        InputError: it cannot be started, ends early, or does not answer in time.
    """
    port = _free_port()
    values = {"{model}": str(model), "{name}": name, "{port}": str(port)}
    command = [_filled(part, values) for part in server.command]
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        output = log.open("wb")
    with output:
        try:
            # a group of its own: servers start workers, which must end with them
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            raise InputError(f"the server {command[0]!r} cannot be started ({error.strerror or error})") from error
        try:
            _wait(child, port, server.ready, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            _end(child)


def _wait(child: subprocess.Popen[bytes], port: int, seconds: int, log: Path) -> None:
    say(f"waiting for the server on port {port} (at most {duration(seconds)})")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if child.poll() is not None:
            raise InputError(f"the server ended with code {child.returncode} before it answered; see {log}")
        if _answers(port):
            return
        time.sleep(0.2)
    raise InputError(f"the server did not answer within {duration(seconds)}; see {log}, or raise `ready`")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1/models")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=30)


def _filled(part: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        part = part.replace(name, value)
    return part


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
