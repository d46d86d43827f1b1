"""Progress of an evaluation on stderr: one line a task on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from inspect_ai.hooks import Hooks, SampleEnd, hooks

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

_EVERY_SECONDS = 5.0


class Progress:
    """Counts samples as they end.

    Registered with Inspect as a hook when it is made, so only in a worker process and not in everybody's `inspect`.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._task = ""
        self._total = 0
        self._done = 0
        self._began = time.monotonic()
        self._shown = 0.0
        progress = self

        @hooks(name="finbench_progress", description="Progress of finbench eval on stderr")
        class _Count(Hooks):
            async def on_sample_end(self, data: SampleEnd) -> None:
                progress._advance()

    def start(self, task: str, total: int) -> None:
        """Begin a task of `total` samples."""
        self._task, self._total, self._done = task, total, 0
        self._began, self._shown = time.monotonic(), 0.0
        self._write("starting")

    def finish(self, logs: Iterable[EvalLog]) -> None:
        """End a task with its headline value, as Inspect computed it."""
        from inspect_ai.log import headline_metric

        for log in logs:
            headline = headline_metric(log)
            name = headline.metric.name.rpartition("/")[2] if headline else ""
            value = f"{name} {headline.metric.value:.3f}" if headline else f"no result ({log.status})"
            reused = " (reused)" if self._done == 0 else ""
            self._write(f"{value}{reused}, {time.monotonic() - self._began:.0f} s", last=True)

    def end(self) -> None:
        """End a task whose values mean nothing by themselves."""
        text = f"{self._done} answered" if self._done else "reused"
        self._write(f"{text}, {time.monotonic() - self._began:.0f} s", last=True)

    def _advance(self) -> None:
        self._done += 1
        if time.monotonic() - self._shown >= (0.2 if sys.stderr.isatty() else _EVERY_SECONDS):
            self._write(f"{self._done}/{self._total}")

    def _write(self, text: str, *, last: bool = False) -> None:
        self._shown = time.monotonic()
        line = f"  {self._model} · {self._task}: {text}"
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if last else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
