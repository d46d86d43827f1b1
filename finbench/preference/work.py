"""What a task of preference distillation works on: handed over in this process, or read from a file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finbench.data.rows import read_jsonl
from finbench.errors import InputError
from finbench.preference.schema import Correction, Location, PromptItem, Settings, Solution, digest, item_from


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one task works on.

    Attributes:
        settings: of the run.
        items: by id.
        solutions: by id; empty for sampling.
        locations: by solution.
        corrections: by solution.
        by_genrm: whether a GenRM locates and corrects, and not the program.
        continuation: `continue` or `ask`, for rollouts.
    """

    settings: Settings
    items: dict[str, PromptItem]
    solutions: dict[str, Solution]
    locations: dict[str, Location]
    corrections: dict[str, Correction]
    by_genrm: bool = False
    continuation: str = "ask"

    def lines(self) -> str:
        """The work as JSON lines, each with its `record`; what `read_work` reads."""
        settings = {**asdict(self.settings), "by_genrm": self.by_genrm, "continuation": self.continuation}
        rows: list[tuple[str, Mapping[str, Any]]] = [("settings", settings)]
        rows += [("item", item.document()) for item in self.items.values()]
        for name, records in (
            ("solution", self.solutions.values()),
            ("location", self.locations.values()),
            ("correction", self.corrections.values()),
        ):
            # where a record was read from does not change what is asked of it
            rows += [(name, {**asdict(record), "source": None}) for record in records]
        return "".join(json.dumps({"record": name, **fields}, ensure_ascii=False) + "\n" for name, fields in rows)


#: Work by fingerprint, for the tasks of this process.
WORK: dict[str, Work] = {}


def fingerprint_of(given: str, work: str | None) -> str:
    """The key in `WORK` of what a task was told to work on; a file is read first.

    Args:
        given: fingerprint of work that was handed over in this process.
        work: path of a file of work.

    Raises:
        InputError: if there is neither, or the file cannot be read.
    """
    if work is not None:
        found = read_work(Path(work))
        given = digest(found.lines())
        WORK[given] = found
    elif given not in WORK:
        raise InputError("there is nothing to work on; name a file of it with -T work=FILE.jsonl (docs/preference.md)")
    return given


def read_work(path: Path) -> Work:
    """Work from JSON lines: `settings` (at most one line, every field with its default), `item`, `solution`, ...

    Raises:
        InputError: if the file cannot be read, or a line does not fit; names file and line.
    """
    makers: dict[str, Callable[[dict[str, Any]], Any]] = {
        "item": item_from,
        "solution": lambda fields: Solution(**fields),
        "location": lambda fields: Location(**fields),
        "correction": lambda fields: Correction(**fields),
    }
    found: dict[str, list[Any]] = {name: [] for name in makers}
    settings: dict[str, Any] = {}
    for number, row in enumerate(read_jsonl(path), 1):
        fields = dict(row)
        name = fields.pop("record", None)
        if name == "settings":
            settings |= fields
            continue
        if name not in makers:
            raise InputError(
                f"{path}: row {number} has the record {name!r}; it should be settings, {', '.join(makers)}"
            )
        try:
            found[name].append(makers[name](fields))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise InputError(f"{path}: row {number} is no {name}: {error}") from None
    if not found["item"]:
        raise InputError(f"{path} holds no item; it needs at least one")
    by_genrm, continuation = settings.pop("by_genrm", True), settings.pop("continuation", "ask")
    try:
        told = Settings(**settings)
    except TypeError as error:
        raise InputError(f"{path}: the settings do not fit: {error}") from None
    work = Work(
        settings=told,
        items={item.id: item for item in found["item"]},
        solutions={one.id: one for one in found["solution"]},
        locations={one.solution: one for one in found["location"] if one.step is not None},
        corrections={one.solution: one for one in found["correction"] if one.text},
        by_genrm=bool(by_genrm),
        continuation=str(continuation),
    )
    _check(path, work)
    return work


def _check(path: Path, work: Work) -> None:
    def known(name: str, asked: Iterable[str], there: Mapping[str, Any]) -> None:
        missing = next((one for one in asked if one not in there), None)
        if missing is not None:
            raise InputError(f"{path} names the {name} {missing!r} and does not hold it")

    known("item", (one.item for one in work.solutions.values()), work.items)
    known("solution", work.locations, work.solutions)
    known("item", (identity.rpartition("/")[0] for identity in work.corrections), work.items)
