"""What a trainer is: one call from a model folder and prepared rows to a checkpoint folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from finbench.errors import InputError

ENTRY_POINT_GROUP = "finbench.trainers"
#: File below a stage's folder that a trainer may leave rows in, for a later stage's `data: [{stage: NAME}]`; kinds of
#: its rows may stand apart in `pairs/<part>.jsonl`.
ROWS = "rows.jsonl"


class StageError(InputError):
    """A stage's training cannot go on; the message says why, and what is kept."""


class Settings(BaseModel):
    """Base of every trainer's own configuration: unknown keys are refused, nothing changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The rows of one stage, written out as JSON lines: what every trainer reads, in this process or another one.

    Each line is an object with `id` and the fields of its kind (`trainers.data.rows.kind_of` tells which):

    - prompt-completion: `prompt` and `completion`, each a string or a list of chat messages
      (`{"role": ..., "content": ...}`);
    - messages: `messages`, a conversation with turns of the assistant;
    - text: `text`, a document;
    - preference: `prompt`, `chosen` and `rejected`, as prompt and completion.

    The rows of a source follow each other, in the order of `sources`.

    Attributes:
        path: the file.
        rows: how many lines it has.
        sha256: fingerprint of the rows in their canonical form, in order.
        sources: for each source its kind, what was offered and taken, its group and weight; JSON values for the
            lineage.
    """

    path: Path
    rows: int
    sha256: str
    sources: tuple[dict[str, Any], ...] = ()

    def drawn(self) -> dict[str, int]:
        """For each task among the sources, how far its draw of generated problems went, those skipped included."""
        counts: dict[str, int] = {}
        for report in self.sources:
            task = str(report.get("source", "")).partition("/")[0]
            limit = report.get("limit") or {}
            # rows may have been left out since they were drawn, so what was asked for counts
            until = int(limit.get("skip") or 0) + int(limit.get("examples") or report.get("taken", 0))
            counts[task] = max(counts.get(task, 0), until)
        return counts

    def read(self) -> Iterator[dict[str, Any]]:
        """The rows, in order.

        Raises:
            StageError: the file is not the one that was prepared.
        """
        count = 0
        with self.path.open(encoding="utf-8") as lines:
            for line in lines:
                count += 1
                yield json.loads(line)
        if count != self.rows:
            raise StageError(f"{self.path} holds {count} rows, {self.rows} were prepared; remove the stage's folder")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A folder that transformers loads, and what it cost.

    Attributes:
        path: the folder, with config, weights, tokenizer and chat template.
        steps: optimizer steps taken; None where an outside program did not say.
        tokens: tokens seen in training, padding not counted; None where unknown.
        notes: what else belongs into the lineage, such as dropped rows; JSON values.
    """

    path: Path
    steps: int | None = None
    tokens: int | None = None
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a trainer expects to do with a number of examples, before any token was counted.

    Attributes:
        steps: optimizer steps; None where unknown.
        examples_seen: examples read over all epochs; None where unknown.
    """

    steps: int | None = None
    examples_seen: int | None = None


@runtime_checkable
class Trainer(Protocol):
    """What the runner calls; found by its name in the entry point group `finbench.trainers`.

    A trainer may also have
    - `budget(config, examples) -> Budget`, which makes the dry run say more than "unknown";
    - `needs_data = False`, if a stage without `data` makes sense;
    - `one_process = True`, if a stage with `launch` makes no sense;
    - `check(config, sources)`, which raises InputError where the settings and the stage's `data` (as
      `trainers.recipe.DataSource`) contradict each other; it is asked when the recipe is read;
    - `inputs(config) -> tuple[str, ...]`, the checkpoints and files that the settings refer to (`parent`, `base`, names
      of earlier stages, paths). It is then called with `inputs`, a mapping from each of them to where it lies; what
      lies there is part of the stage's identity.

    Attributes:
        settings: the class that the stage's `config` is read into.
    """

    settings: type[BaseModel]

    def __call__(self, model: str, data: Prepared, config: Any, out: Path, *, seed: int) -> Checkpoint:
        """Train the model in folder `model` on `data`, leaving the checkpoint under `out`.

        Called again with the same arguments after a crash, it goes on from what it left in `out`.

        Raises:
            StageError: training cannot go on; the message is one sentence.
            InputError: the model, rows or configuration do not fit.
        """
        ...


def trainer_names() -> list[str]:
    """Names of the trainers installed, sorted; none of them is imported."""
    return sorted(entry_points(group=ENTRY_POINT_GROUP).names)


def load_trainer(name: str) -> Trainer:
    """The trainer of that name, imported only now.

    Raises:
        InputError: no such trainer, or its module fails to import, or it is no trainer.
    """
    found = list(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if not found:
        raise InputError(f"there is no trainer {name!r}; installed: {', '.join(trainer_names()) or 'none'}")
    origins = sorted({entry.value for entry in found})
    if len(origins) > 1:
        raise InputError(f"several packages bring a trainer {name!r} ({', '.join(origins)}); uninstall all but one")
    entry = found[0]
    origin = f"trainer {name!r} ({entry.value})"
    try:
        loaded = entry.load()
        trainer = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:  # a plug-in is foreign code: whatever it raises becomes one sentence
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        way_out = f"install the module {missing}" if missing else "repair or uninstall the package it comes from"
        fault = f"{type(error).__name__}: {first_line(error)}"
        raise InputError(f"{origin} fails to import ({fault}); {way_out}") from error
    if not callable(trainer) or not _is_model_class(getattr(trainer, "settings", None)):
        raise InputError(f"{origin} is no trainer: it needs a pydantic class `settings` and to be callable")
    return trainer  # type: ignore[no-any-return]


def code_version(name: str) -> str:
    """Distribution and version that a trainer comes from, such as `finbench 0.1.0`; part of a stage's identity."""
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=name):
        if entry.dist is not None:
            return f"{entry.dist.name} {entry.dist.version}"
    return "unknown"


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, for messages of one sentence."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no message"


def _is_model_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)
