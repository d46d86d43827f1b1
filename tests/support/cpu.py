"""How long a piece of work keeps the processor busy, whatever else this process or the machine does."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def seconds(work: Callable[[], object], *, tries: int = 3) -> float:
    """Seconds of processor of this thread alone, the least of some tries; without the collector, which the heap of the
    whole test run would keep busy."""
    best = float("inf")
    for _ in range(tries):
        gc.disable()
        try:
            began = time.thread_time()
            work()
            best = min(best, time.thread_time() - began)
        finally:
            gc.enable()
    return best
