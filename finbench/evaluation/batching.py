"""Requests of many samples, answered in batches of like length."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")
R = TypeVar("R")

#: A batch begins when no request has come for so long, or there are enough to choose from.
QUIET_SECONDS = 0.1
#: Prompts that a local model continues at once, unless told otherwise.
LOCAL_BATCH = 32
#: Batches are chosen among the requests for so many.
BATCHES_IN_SIGHT = 8


@dataclass(eq=False)
class _Request(Generic[T, R]):
    payload: T
    key: Hashable
    length: int
    results: list[R] = field(default_factory=list)
    error: BaseException | None = None
    wake: anyio.Event = field(default_factory=anyio.Event)

    @property
    def is_answered(self) -> bool:
        return bool(self.results) or self.error is not None


class Batcher(Generic[T, R]):
    """Answers requests in batches: those with equal keys together, the longest first, so that little is padding.

    One of the waiting coroutines leads a batch, which runs in a thread, and hands on when it has its own answer. All
    state is touched by the event loop alone.

    Args:
        work: from the payloads of a batch to their results, in the same order; called in a thread, one call at a time.
        size: most requests in a batch.
        window: among how many requests the batches are chosen.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], *, size: int, window: int) -> None:
        self._work = work
        self._size = size
        self._window = window
        self._waiting: list[_Request[T, R]] = []
        self._is_led = False

    async def ask(self, payload: T, *, key: Hashable, length: int) -> R:
        """The result for one payload.

        Args:
            payload: what `work` gets.
            key: requests share a batch only if their keys are equal.
            length: tokens of the prompt.
        """
        request: _Request[T, R] = _Request(payload, key, length)
        self._waiting.append(request)
        try:
            while not request.is_answered:
                if self._is_led:
                    await request.wake.wait()
                    request.wake = anyio.Event()
                else:
                    await self._lead()
        finally:
            if request in self._waiting:  # cancelled
                self._waiting.remove(request)
            if self._waiting and not self._is_led:  # whoever leaves hands on
                self._waiting[0].wake.set()
        if request.error is not None:
            raise request.error
        return request.results[0]

    async def _lead(self) -> None:
        self._is_led = True
        batch: list[_Request[T, R]] = []
        try:
            await self._gather()
            batch = self._choose()
            try:
                found = await anyio.to_thread.run_sync(self._work, [request.payload for request in batch])
                for request, result in zip(batch, found, strict=True):
                    request.results.append(result)
            except Exception as error:
                for request in batch:
                    request.error = error
        finally:
            self._is_led = False
            # a batch whose leader was cancelled goes back
            self._waiting.extend(request for request in batch if not request.is_answered)
            for request in batch:
                request.wake.set()

    async def _gather(self) -> None:
        seen = -1
        while seen < len(self._waiting) < self._window:
            seen = len(self._waiting)
            await anyio.sleep(QUIET_SECONDS)

    def _choose(self) -> list[_Request[T, R]]:
        """The longest request and those nearest to it in length that can be answered with it."""
        longest = max(self._waiting, key=lambda request: request.length)
        alike = [request for request in self._waiting if request.key == longest.key]
        batch = sorted(alike, key=lambda request: -request.length)[: self._size]
        self._waiting = [request for request in self._waiting if request not in batch]
        return batch
