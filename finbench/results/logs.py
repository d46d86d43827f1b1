"""Logs, read as far as they are needed: headers first, samples when asked for, in two processes where that pays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from finbench.errors import InputError, tell
from finbench.results import cache, reading
from finbench.results.reading import BadLogError, Head, log_files
from finbench.results.runs import Run

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

#: Samples to read from which on a second process pays for its start (Inspect takes seconds to import).
PARALLEL_SAMPLES = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read logs; see `finbench.results.reading.read_run`."""

    scorer: str | None = None
    metric: str | None = None
    cluster: str | None = None


@dataclass(slots=True)
class Log:
    """One log file.

    Attributes:
        path: where it lies.
        options: how to read it.
    """

    path: Path
    options: Options
    _entry: Path | None = field(default=None, repr=False)
    _head: Head | None = field(default=None, repr=False)
    _header: EvalLog | None = field(default=None, repr=False)
    _run: Run | None = field(default=None, repr=False)
    _kept: bool = field(default=False, repr=False)

    @classmethod
    def holding(cls, run: Run) -> Log:
        """A log that was read already."""
        return cls(run.path, Options(), _head=replace(_head_of(run), finished=run.complete), _run=run)

    @property
    def entry(self) -> Path:
        """Its place in the cache.

        Raises:
            InputError: if the file cannot be read.
        """
        if self._entry is None:
            try:
                self._entry = cache.entry_of(self.path, self.options.scorer, self.options.cluster)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise BadLogError(f"{self.path} cannot be read ({reason}); mend that or leave it out") from None
        return self._entry

    @property
    def head(self) -> Head:
        """Its header, from the cache or the log.

        Raises:
            InputError: if it is no readable log of Inspect.
        """
        if self._head is None:
            kept = cache.load_head(self.entry)
            if kept is not None:
                self._head, self._kept = kept[0], True
            else:
                self._header = reading.read_header(self.path)
                self._head = reading.head_of(self._header)
        return self._head

    def open(self, *, whole: bool = False) -> None:
        """Read its header.

        Args:
            whole: whether all of it will be wanted, so that what the cache has of it is read at once.

        Raises:
            InputError: if it is no readable log of Inspect.
        """
        if whole and self._head is None and self._run is None:
            run = cache.load_run(self.entry, self.path)
            if run is not None:
                self._run, self._head = self._with_metric(run), _head_of(run)
        _ = self.head

    @property
    def cached(self) -> bool:
        """Whether reading it is quick."""
        return self._run is not None or self._kept or cache.load_head(self.entry) is not None

    def run(self) -> Run:
        """All that results need of it, from the cache or the log, which then enters the cache.

        Raises:
            InputError: if it is no readable log of Inspect, holds no samples, or lacks what was asked for.
        """
        if self._run is None:
            self._run = self._with_metric(cache.load_run(self.entry, self.path) or self._read())
        return self._run

    def _with_metric(self, run: Run) -> Run:
        if self.options.metric is not None:
            return replace(run, metric=self.options.metric)
        if run.metric not in reading.METRICS:
            known = ", ".join(sorted(reading.METRICS))
            said = f"'{run.metric}', which is none of {known}"
            raise BadLogError(f"{self.path} is headed by {said}; name one with --metric, leave it out")
        return run

    def _read(self) -> Run:
        header = self._header if self._header is not None else reading.read_header(self.path)
        summaries = reading.read_summaries(self.path)
        run = reading.run_of(header, summaries, self.path, scorer=self.options.scorer, cluster=self.options.cluster)
        self._header = None
        cache.store(self.entry, reading.head_of(header), run)
        return run


def _head_of(run: Run) -> Head:
    return Head(
        model=run.model,
        model_id=run.model_id,
        task=run.task,
        created=run.created,
        finished=run.status == "success",
        foreign=run.foreign,
        checkpoint=run.checkpoint,
        weighed=run.settings.weighed,
    )


def open_logs(
    places: Iterable[str | Path], options: Options | None = None, *, skip_bad: bool = False, whole: bool = False
) -> list[Log]:
    """The logs below some places, headers read, sorted by task, model and time.

    Args:
        places: log files or folders of logs.
        options: how to read them.
        skip_bad: leave logs out that cannot be read, naming them on stderr.
        whole: see `Log.open`.

    Raises:
        InputError: if a log cannot be read, unless `skip_bad`, which names it on stderr and goes on; if the metric is
            unknown.
    """
    given = options or Options()
    reading.check_metric(given.metric)
    logs = []
    for path in log_files(places):
        log = Log(path, given)
        try:
            log.open(whole=whole)
        except BadLogError as error:
            refuse(error, skip_bad=skip_bad)
            continue
        logs.append(log)
    return sorted(logs, key=lambda log: (log.head.task, log.head.model, log.head.created, str(log.path)))


def refuse(error: BadLogError, *, skip_bad: bool) -> None:
    """Name a log that cannot be used on stderr where such logs are skipped.

    Raises:
        BadLogError: where they are not.
    """
    if not skip_bad:
        raise BadLogError(f"{error.message} or pass --skip-bad") from None
    tell(f"skipped: {error.message}")


def read_ahead(logs: Sequence[Log]) -> None:
    """Bring logs into the cache with a second process, where there is so much to read that it pays.

    The other process takes every second log; what it could not read is read, and complained of, by whoever asks.
    """
    todo = [log for log in logs if not log.cached]
    sizes = {log.path: sample_count(log.path) for log in todo}
    if len(todo) < 2 or sum(sizes.values()) < PARALLEL_SAMPLES or (os.cpu_count() or 1) < 2:
        return
    todo.sort(key=lambda log: (-sizes[log.path], str(log.path)))
    options = todo[0].options
    job = {
        "paths": [str(log.path.resolve()) for log in todo[1::2]],
        "scorer": options.scorer,
        "cluster": options.cluster,
    }
    # a module of its own, by name: nothing of the caller's main program is run again, as multiprocessing would
    command = [sys.executable, "-P", "-m", "finbench.results.reading_worker"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as other:
        try:
            assert other.stdin is not None
            other.stdin.write(json.dumps(job).encode())
            other.stdin.close()
            for log in todo[0::2]:
                try:
                    log.run()
                except InputError:
                    continue  # raised again to whoever asks for it
            other.wait()
        except BrokenPipeError:
            pass
        except BaseException:
            other.kill()
            raise


def sample_count(path: Path) -> int:
    """About how many samples a log holds: the members of its archive, from its last bytes; 0 if it is none.

    Archives of more than 65,534 members count as so many.
    """
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65_557))
            tail = file.read()
    except OSError:
        return 0
    place = tail.rfind(b"PK\x05\x06")
    return int.from_bytes(tail[place + 10 : place + 12], "little") if 0 <= place <= len(tail) - 22 else 0
