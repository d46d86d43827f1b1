"""Half of the work in a second process: a large site is mostly text to be put together, which one processor does."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from finbench.errors import InputError


def can_split() -> bool:
    """Whether a second process pays and is safe: a copy of this one, which must have no other threads."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


@contextmanager
def beside(work: Callable[[], int]) -> Iterator[list[int]]:
    """Do some work in a copy of this process while the body of `with` runs, and wait for both.

    The copy sees all that is in memory as it is now; what it changes there is lost, what it writes to disk stays.

    Yields:
        A list that holds what `work` gave once the block has ended.

    Raises:
        InputError: where `work` raised one.
        RuntimeError: where it raised something else, with its traceback, or died.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(inlet)
        _report(outlet, work)
    os.close(outlet)
    given: list[int] = []
    try:
        yield given
    finally:
        with os.fdopen(inlet, "rb") as file:
            told = file.read()
        os.waitpid(child, 0)
    kind, said = json.loads(told or '["died", "the second process ended early"]')
    if kind == "input":
        raise InputError(said)
    if kind != "done":
        raise RuntimeError(said)
    given.append(said)


def _report(outlet: int, work: Callable[[], int]) -> None:
    """Do the work and tell how it went, then end at once: nothing of the copied process may run its clean-up."""
    try:
        told = ("done", work())
    except InputError as error:
        told = ("input", error.message)  # type: ignore[assignment]
    except BaseException:
        told = ("error", traceback.format_exc())  # type: ignore[assignment]
    try:
        with os.fdopen(outlet, "wb") as file:
            file.write(json.dumps(told).encode())
    finally:
        os._exit(0)
