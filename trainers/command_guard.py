"""Runs an outside program and ends it, with all that it started, as soon as the process that asked for it is gone.

`python .../trainers/command_guard.py PROGRAM ARGUMENT ...`, with a pipe as standard input: the pipe's other end is
held by the asking process and closes however that one ends, by `kill -9` too. Started by file path and without the
package, since the environment is the program's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

#: Seconds that a program has to end by itself, after it was asked to.
GRACE = 5.0
#: Exit codes of the guard where the program has none of its own.
NOT_STARTED, ENDED_BY_US = 127, 125
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main(arguments: list[str]) -> int:
    """Run the program; gives its exit code, 128 and more where a signal ended it."""
    asked = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: asked.append(number))
    kernel(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        # should the guard itself be killed, the kernel ends the program; a guard has one thread, so preexec_fn is safe
        child = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: kernel(_PR_SET_PDEATHSIG, signal.SIGKILL),
        )
    except OSError as error:
        sys.stderr.write(f"{arguments[0]} cannot be started: {error.strerror or error}\n")
        return NOT_STARTED
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = child.wait(timeout=0.2)
            end_all(child)  # what it left behind would go on writing into the stage's folder
            return code if code >= 0 else 128 - code
        if asked or asker_is_gone():
            end_all(child)
            return ENDED_BY_US


def kernel(option: int, value: int) -> None:
    """Set an option of this process on Linux (`prctl`): to adopt orphans of the program, or to end with the parent."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def asker_is_gone() -> bool:
    """Whether the other end of our standard input is closed."""
    ready, _, _ = select.select([0], [], [], 0)
    return bool(ready) and not os.read(0, 1)


def end_all(child: subprocess.Popen[bytes]) -> None:
    """End the program's session and every other descendant: first asked, then forced."""
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 2.0)):
        end = time.monotonic() + patience
        with contextlib.suppress(OSError):
            os.killpg(child.pid, number)
        for process in descendants():
            with contextlib.suppress(OSError):
                os.kill(process, number)
        while time.monotonic() < end:
            child.poll()
            collect(child.pid)
            if child.returncode is not None and not descendants():
                return
            time.sleep(0.05)


def collect(but: int) -> None:
    """Take the exit codes of adopted processes, which would otherwise stay as zombies."""
    for process in descendants():
        if process != but:
            with contextlib.suppress(OSError):
                os.waitpid(process, os.WNOHANG)


def descendants() -> list[int]:
    """Ids of all processes below this one that still run; empty where the system has no /proc."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
    found: list[int] = []
    layer = [os.getpid()]
    while layer:
        layer = [process for process, parent in parents.items() if parent in layer]
        found += layer
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
