"""A grid of simulated cells that grows by batches: resumable, written atomically, judged against stated targets.

A cell is a setting (items, clusters, accuracy, ...) with the events that are counted in it. Batch b of a cell draws
from the stream (seed, section and setting, b), so that a cell's counts depend neither on the other cells nor on
how often the program was stopped.
"""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

Target = Literal["size", "one-sided", "coverage", "contrast"]
Setting = tuple[int | float | str, ...]

#: Largest error rate that counts as held, and what is allowed below `MANY_CLUSTERS` clusters; smallest coverage.
LIMIT, LIMIT_FEW, COVERAGE, MANY_CLUSTERS = 0.055, 0.065, 0.94, 30
GRACE = 2.0  # Monte Carlo standard errors


@dataclass(frozen=True, kw_only=True)
class Column:
    """What is counted: its name, and what it is held against. A contrast is shown and not judged."""

    name: str
    target: Target = "contrast"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One setting.

    Attributes:
        setting: Values in the order of the section's headings.
        run: Draws so many replicates and returns how often each column's event happened (a rate where exact).
        clusters: Number of clusters, or None.
        flags: What the software says beside a result of this design.
    """

    setting: Setting
    run: Callable[[np.random.Generator, int], Sequence[float]]
    clusters: int | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table: cells with the same columns.

    Attributes:
        name: One letter.
        title: What is measured.
        headings: Of the settings.
        columns: Of the counts.
        cells: All cells.
        exact: Rates are computed, not drawn.
        factor: Replicates a cell per replicate of the grid; more where they are cheap.
        group: How many of the first headings make a line of the condensed table.
    """

    name: str
    title: str
    headings: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    exact: bool = False
    factor: int = 1
    group: int = 2


@dataclass
class Found:
    """Counts of one cell."""

    replicates: float = 0
    batches: int = 0
    counts: list[float] = field(default_factory=list)

    def rate(self, column: int) -> float:
        """Share of the replicates in which the column's event happened."""
        return self.counts[column] / self.replicates


def repeated(
    draw: Callable[[np.random.Generator], Sequence[float]],
) -> Callable[[np.random.Generator, int], Sequence[float]]:
    """A cell's `run` from what happens in one replicate."""

    def run(rng: np.random.Generator, replicates: int) -> Sequence[float]:
        total = np.asarray(draw(rng), dtype=float)
        for _ in range(replicates - 1):
            total += draw(rng)
        return [float(count) for count in total]

    return run


def key(section: Section, cell: Cell) -> str:
    return f"{section.name}: " + ", ".join(f"{h} {v}" for h, v in zip(section.headings, cell.setting, strict=True))


def load(path: Path | None) -> dict[str, Found]:
    if path is None or not path.exists():
        return {}
    return {name: Found(**found) for name, found in json.loads(path.read_text(encoding="utf-8"))["cells"].items()}


def save(path: Path, cells: dict[str, Found], seed: int, batch: int) -> None:
    """Write through a temporary file, so that a stop in between leaves the last whole state."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(vars(cells[name]))}" for name in sorted(cells))
    text = f'{{"seed": {seed}, "batch": {batch}, "cells": {{\n{lines}\n}}}}'
    part = path.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8", newline="\n")
    part.replace(path)


def grow(
    sections: Sequence[Section],
    found: dict[str, Found],
    *,
    batches: int,
    batch: int,
    seed: int,
    path: Path | None = None,
    seconds: float = math.inf,
) -> bool:
    """Run batch after batch over all cells until each has so many; whether it came to an end within the time."""
    started = saved = time.monotonic()
    for number in range(batches):
        for section in sections:
            for cell in section.cells:
                name = key(section, cell)
                one = found.setdefault(name, Found())
                if one.batches > number or (section.exact and one.batches):
                    continue
                rng = np.random.default_rng([seed, zlib.crc32(name.encode()), number])
                replicates = batch * section.factor
                counts = cell.run(rng, replicates)
                one.counts = [a + b for a, b in zip(one.counts or [0.0] * len(counts), counts, strict=True)]
                one.replicates += 1 if section.exact else replicates
                one.batches += 1
                now = time.monotonic()
                if path is not None and now - saved > 15:
                    save(path, found, seed, batch)
                    saved = now
                if now - started > seconds:
                    if path is not None:
                        save(path, found, seed, batch)
                    return False
    if path is not None:
        save(path, found, seed, batch)
    return True


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A rate against its target: held, or outside and flagged by the software, or outside and not flagged."""

    key: str
    column: str
    rate: float
    limit: float
    held: bool
    flags: tuple[str, ...]

    @property
    def word(self) -> str:
        """The verdict in a word, with what the software says of such a result."""
        if self.held:
            return "held"
        return f"flagged ({', '.join(self.flags)})" if self.flags else "**not held**"


def judge(section: Section, cell: Cell, one: Found, column: int) -> Judged | None:
    """The verdict on a column of a cell, None for a contrast."""
    target, rate = section.columns[column].target, one.rate(column)
    if target == "contrast":
        return None
    if target == "coverage":
        limit, over = COVERAGE, COVERAGE - rate
    else:
        few = cell.clusters is not None and cell.clusters < MANY_CLUSTERS
        limit = (LIMIT_FEW if few else LIMIT) * (0.5 if target == "one-sided" else 1)
        over = rate - limit
    slack = 0.0 if section.exact else GRACE * math.sqrt(limit * (1 - limit) / one.replicates)
    return Judged(
        key=key(section, cell),
        column=section.columns[column].name,
        rate=rate,
        limit=limit,
        held=over <= slack + 1e-12,
        flags=cell.flags,
    )


def verdicts(sections: Sequence[Section], found: dict[str, Found]) -> list[Judged]:
    """All verdicts on cells that were run."""
    return [
        judged
        for section in sections
        for cell in section.cells
        if key(section, cell) in found
        for column in range(len(section.columns))
        if (judged := judge(section, cell, found[key(section, cell)], column)) is not None
    ]


def confirm(sections: Sequence[Section], outside: Sequence[Judged], *, replicates: int, seed: int) -> list[Judged]:
    """Those of some verdicts that stay outside in fresh draws.

    Among thousands of rates at two standard errors of grace some lie outside by chance; a true fault shows again.
    """
    again = []
    for section in sections:
        for cell in section.cells:
            name = key(section, cell)
            if not (columns := {one.column for one in outside if one.key == name}):
                continue
            count = 1 if section.exact else replicates * section.factor
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), 2**31])
            one = Found(replicates=count, batches=1, counts=list(cell.run(rng, replicates * section.factor)))
            judged = [judge(section, cell, one, column) for column in range(len(section.columns))]
            again += [one for one in judged if one is not None and one.column in columns and not one.held]
    return again


def full_table(section: Section, found: dict[str, Found]) -> list[str]:
    """Every cell of a section, as Markdown."""
    lines = _head(section, [*section.headings, *(c.name for c in section.columns)], found)
    for cell in section.cells:
        if (one := found.get(key(section, cell))) is None:
            continue
        shown = []
        for column in range(len(section.columns)):
            judged = judge(section, cell, one, column)
            shown.append(f"{one.rate(column):.3f}" + (f" {judged.word}" if judged and not judged.held else ""))
        lines.append("| " + " | ".join([*(_text(value) for value in cell.setting), *shown]) + " |")
    return lines


def condensed_table(section: Section, found: dict[str, Found]) -> list[str]:
    """A line for each value of the first headings: lowest and highest rate of a column, and the cells outside."""
    groups: dict[Setting, list[Cell]] = {}
    for cell in section.cells:
        if key(section, cell) in found:
            groups.setdefault(cell.setting[: section.group], []).append(cell)
    names = [*section.headings[: section.group], "cells", *(c.name for c in section.columns), "outside, flagged"]
    lines = _head(section, [*names, "outside, unflagged"], found)
    for setting, cells in groups.items():
        ranges = []
        for column in range(len(section.columns)):
            rates = [found[key(section, cell)].rate(column) for cell in cells]
            low, high = f"{min(rates):.3f}", f"{max(rates):.3f}"
            ranges.append(low if low == high else f"{low} to {high}")
        outside = [judged for judged in verdicts([_only(section, cells)], found) if not judged.held]
        flagged = sum(bool(judged.flags) for judged in outside)
        shown = [*(_text(value) for value in setting), str(len(cells)), *ranges, str(flagged)]
        lines.append("| " + " | ".join([*shown, str(len(outside) - flagged)]) + " |")
    return lines


def _only(section: Section, cells: Sequence[Cell]) -> Section:
    return Section(
        name=section.name,
        title=section.title,
        headings=section.headings,
        columns=section.columns,
        cells=tuple(cells),
        exact=section.exact,
        factor=section.factor,
        group=section.group,
    )


def _head(section: Section, names: Sequence[str], found: dict[str, Found]) -> list[str]:
    done = [found[key(section, cell)].replicates for cell in section.cells if key(section, cell) in found]
    how = "exact" if section.exact else f"{int(min(done, default=0)):,} replicates a cell"
    return [f"### {section.name}. {section.title} ({how})", "", f"| {' | '.join(names)} |", "| --- " * len(names) + "|"]


def _text(value: int | float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
