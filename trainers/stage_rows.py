"""The rows of a stage: read and drawn, each once, then held against every task that the recipe evaluates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from finbench.errors import InputError
from trainers.base import Prepared, load_trainer
from trainers.data.decontaminate import index_for, without_evaluation
from trainers.data.sources import Row, prepare
from trainers.files import canonical, sha256, write_text
from trainers.progress import say
from trainers.recipe import Recipe, Stage


def stage_rows(stage: Stage, out: Path, *, seed: int, model: Path, name: str) -> Prepared:
    """Write the rows of a stage to `out`.

    Args:
        stage: of the recipe.
        out: the file.
        seed: of this run.
        model: folder of the base model, whose tokenizer counts where a source is limited by tokens.
        name: the base model's public name.

    Raises:
        InputError: rows are missing or not usable.
    """
    if not stage.data and not getattr(load_trainer(stage.trainer), "needs_data", True):
        write_text(out, "")
        return Prepared(path=out, rows=0, sha256=sha256(""))

    @cache
    def tokenizer() -> Any:
        from trainers.hf import load_tokenizer

        return load_tokenizer(str(model))

    def count(row: Row) -> int:
        from trainers.data.template import count_tokens

        return count_tokens(tokenizer(), row, name)

    limited: Callable[[Row], int] | None = count if any(source.tokens for source in stage.data) else None
    data = prepare(stage.data, out, seed=seed, count_tokens=limited)
    return data if stage.deduplicate is None else deduplicated(data, stage.deduplicate.threshold, f"stage {stage.name}")


def deduplicated(data: Prepared, threshold: float, who: str) -> Prepared:
    """Rows without those that come again; each source says how many it had before and after.

    Args:
        data: the rows; their file is written anew.
        threshold: see `trainers.recipe.Deduplicate`.
        who: whose rows these are, for the message.

    Raises:
        InputError: nothing is left of a source, or near-duplicates are asked for and cannot be found.
    """
    from trainers.data.deduplicate import duplicates  # late: most stages ask for none

    with data.path.open("rb") as file:
        lines = list(_lines(file))
        found = duplicates(lines, threshold)
        kept = [line for line in lines if line.number not in found.first]
        begin, sources = 0, []
        for source in data.sources:
            end = begin + int(source["taken"])
            sources.append({**source, "deduplication": found.counts(begin, end)})
            begin = end
        data = replace(data, sources=tuple(sources))
        if found.first:
            again = f"{len(found.first)} of {data.rows} rows come again ({len(found.near)} nearly)"
            say(f"{who}: {again}; left out")
            data = _rewritten(data, kept, "stand in the sources before it or in itself")
    return data


class Decontamination:
    """Holds the rows of a recipe's stages against all tasks that any stage of it evaluates."""

    def __init__(self, recipe: Recipe) -> None:
        self._tasks = evaluated_tasks(recipe)
        self._index: Any = None
        self._missing: list[str] = []

    def apply(self, stage: Stage, data: Prepared) -> tuple[Prepared, dict[str, Any] | None]:
        """The rows that the stage trains on, and what its lineage says of the others; None where nothing is evaluated.

        Raises:
            InputError: rows overlap and the stage says `fail`.
        """
        if not self._tasks or not data.rows:
            return data, None
        if self._index is None:
            self._index, self._missing = index_for(self._tasks)
        with data.path.open("rb") as file:
            lines = _lines(file)
            try:
                kept, found = without_evaluation(
                    lines,
                    self._index,
                    action=stage.decontaminate,
                    names=[source.label for source in stage.data],
                    missing=self._missing,
                )
            except InputError as error:
                raise InputError(f"stage {stage.name!r}: {error.message}") from error
            if found["overlapping"]:
                what = "left out" if stage.decontaminate == "drop" else "kept (decontaminate: report)"
                say(
                    f"stage {stage.name}: {found['overlapping']} of {found['before']} rows overlap with evaluation "
                    f"items; {what}"
                )
            if len(kept) < data.rows:
                data = _rewritten(data, kept, "overlap with evaluation items")
        return data, found


def evaluated_tasks(recipe: Recipe) -> tuple[str, ...]:
    """All tasks that a recipe evaluates after any stage, each once, in its order."""
    from finbench.tasks.catalogue import resolve

    names = [
        name
        for stage in recipe.stages
        if stage.evaluate
        for name in resolve(suite=stage.evaluate.suite, tasks=stage.evaluate.tasks)
    ]
    return tuple(dict.fromkeys(names))


class _File:
    """Rows by their place in an open file; the last one is kept, since it is looked at field by field."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._last: tuple[int, dict[str, Any]] = (-1, {})

    def text(self, offset: int) -> str:
        before = self._file.tell()
        self._file.seek(offset)
        line = self._file.readline()
        self._file.seek(before)
        return line.decode("utf-8").rstrip("\n")

    def row(self, offset: int) -> dict[str, Any]:
        if self._last[0] != offset:
            self._last = (offset, json.loads(self.text(offset)))
        return self._last[1]


class _Line(Mapping[str, Any]):
    """A row that is read from its place in the file whenever it is looked at, so that millions take little memory."""

    __slots__ = ("_file", "number", "offset")

    def __init__(self, file: _File, number: int, offset: int) -> None:
        self._file, self.number, self.offset = file, number, offset

    def text(self) -> str:
        """Its line, without the line end."""
        return self._file.text(self.offset)

    def __getitem__(self, key: str) -> Any:
        return self._file.row(self.offset)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.row(self.offset))

    def __len__(self) -> int:
        return len(self._file.row(self.offset))


def _lines(file: BinaryIO) -> Iterator[_Line]:
    rows = _File(file)
    offset = number = 0
    while file.readline():
        following = file.tell()
        yield _Line(rows, number, offset)
        offset, number = following, number + 1


def _rewritten(data: Prepared, kept: Sequence[_Line], fault: str) -> Prepared:
    """The rows kept, in the same file; the counts of the sources follow, the fingerprint is another one."""
    ends: list[int] = []
    for source in data.sources:
        ends.append((ends[-1] if ends else 0) + int(source["taken"]))
    taken = [0] * len(ends)
    for line in kept:
        taken[next(index for index, end in enumerate(ends) if line.number < end)] += 1
    if 0 in taken:
        empty = data.sources[taken.index(0)]["source"]
        raise InputError(f"all rows of {empty} {fault}; nothing of it is left to train on")
    target = data.path.with_name(f"{data.path.name}.kept")
    with target.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line.text()}\n" for line in kept)
    target.replace(data.path)
    sources = tuple({**source, "taken": count} for source, count in zip(data.sources, taken, strict=True))
    left = canonical([data.sha256, [line.number for line in kept]])
    return replace(data, rows=len(kept), sha256=sha256(left), sources=sources)
