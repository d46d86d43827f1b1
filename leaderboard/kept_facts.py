"""Facts of runs from an earlier build: a score with its interval takes as long as all that a page does with it.

They are kept in the cache folder under a hash of the code, each under the name that its log has in the cache of logs,
so that no other log and no other code can be served by them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from finbench.code import code_digest
from finbench.errors import InputError
from finbench.files import cache_folder, write_text
from finbench.results.cache import entry_of
from finbench.results.rank import Memory
from finbench.results.runs import Run
from finbench.results.scores import ScoreInterval
from finbench.stats.aggregate import TaskPart
from leaderboard.run_facts import RunFacts, facts_of
from leaderboard.site import cache_name


class KeptFacts:
    """Facts of the runs of one site."""

    def __init__(self, site: Path | None = None) -> None:
        """Read what was kept.

        Args:
            site: the site that they are for; nothing is kept without one.
        """
        self._file: Path | None = None
        self._known: dict[str, Any] = {}
        self._used: dict[str, Any] = {}
        if site is not None:
            self._file = cache_folder() / "packs" / f"{cache_name(site)}.facts.json"
            with suppress(OSError, ValueError, TypeError, KeyError):
                kept = json.loads(self._file.read_bytes())
                self._known = dict(kept["facts"]) if kept["code"] == _code() else {}

    def of(self, run: Run, memory: Memory) -> RunFacts:
        """The facts of a run, which are computed unless they were kept."""
        name = self._name(run)
        if name is None:
            return facts_of(run, memory)
        with suppress(ValueError, TypeError, KeyError):
            found = _read(run, self._known[name])
            memory.know(run, found.score)
            self._used[name] = self._known[name]
            return found
        found = facts_of(run, memory)
        self._used[name] = _written(found)
        return found

    def store(self) -> None:
        """Keep the facts that were asked for; where that cannot be written, they are computed again."""
        if self._file is not None and self._used.keys() != self._known.keys():
            with suppress(InputError):
                # keys keep their order: pages show outcomes in theirs
                write_text(self._file, json.dumps({"code": _code(), "facts": self._used}))

    def _name(self, run: Run) -> str | None:
        try:
            return entry_of(run.path, None, None).stem if self._file is not None else None
        except OSError:
            return None


def _code() -> str:
    return code_digest("finbench", "leaderboard")


def _written(facts: RunFacts) -> dict[str, Any]:
    kept = {name: getattr(facts, name) for name in facts.__slots__ if name not in ("run", "score")}
    return {**kept, "score": asdict(facts.score)}


def _read(run: Run, kept: dict[str, Any]) -> RunFacts:
    score = dict(kept["score"])
    part, bounds = TaskPart(**score.pop("part")), score.pop("bounds")
    found = ScoreInterval(**score, part=part, bounds=None if bounds is None else (bounds[0], bounds[1]))
    return RunFacts(run=run, score=found, **{name: value for name, value in kept.items() if name != "score"})
