"""Size and coverage on the small simulated grid: what is not flagged by the software is held."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from finbench.stats.power import mde, noninferiority_items

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks" / "statistics"


@pytest.fixture(scope="module")
def modules() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The grid's framework and its sections, which are scripts and no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        before = set(sys.modules)
        yield importlib.import_module("grid"), importlib.import_module("simulate")
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
                del sys.modules[name]


def test_counts_grow_by_batches_and_resume(modules: tuple[ModuleType, ModuleType], tmp_path: Path) -> None:
    grid, simulate = modules
    sections = [simulate.section_k(simulate.GRIDS["small"])]
    whole: dict[str, object] = {}
    grid.grow(sections, whole, batches=2, batch=10, seed=1)
    store = tmp_path / "store.json"
    grid.grow(sections, grid.load(store), batches=1, batch=10, seed=1, path=store)
    again = grid.load(store)
    grid.grow(sections, again, batches=2, batch=10, seed=1, path=store)
    assert again == whole == grid.load(store)
    assert {one.replicates for one in again.values()} == {200}


def test_a_rate_outside_is_seen_and_its_flags_are_named(modules: tuple[ModuleType, ModuleType]) -> None:
    grid, _ = modules
    column = grid.Column(name="size", target="size")
    cell = grid.Cell(setting=(30,), run=lambda rng, count: [0.0], clusters=None)
    section = grid.Section(name="X", title="x", headings=("n",), columns=(column,), cells=(cell,))
    slack = 2 * math.sqrt(0.055 * 0.945 / 1000)
    for rate, few, held in ((0.05, False, True), (0.055 + slack + 0.001, False, False), (0.055 + slack, True, True)):
        one = grid.Found(replicates=1000, batches=1, counts=[1000 * rate])
        judged = grid.judge(section, replace(cell, clusters=29 if few else None), one, 0)
        assert judged.held == held
    assert grid.judge(section, replace(cell, flags=("few_seeds",)), grid.Found(1000, 1, [200]), 0).word == (
        "flagged (few_seeds)"
    )


def test_the_documented_tables_are_those_of_the_stored_counts(modules: tuple[ModuleType, ModuleType]) -> None:
    grid, simulate = modules
    page = (BENCHMARKS.parents[1] / "docs" / "statistics.md").read_text(encoding="utf-8")
    sections = [make(simulate.GRIDS["full"]) for make in simulate.SECTIONS.values()]
    found = grid.load(BENCHMARKS / "full_grid.json")
    for section in sections:
        assert "\n".join(grid.condensed_table(section, found)).strip() in page, section.title
    verdicts = grid.verdicts(sections, found)
    flagged = [one for one in verdicts if not one.held and one.flags]
    silent = [one for one in verdicts if not one.held and not one.flags]
    held = len(verdicts) - len(flagged) - len(silent)
    assert f"Of {len(verdicts):,} rates {held:,} are held" in page
    assert f"{len(flagged)} lie outside where the software itself says so by a flag. {len(silent)} lie outside" in page


def test_the_documented_planning_tables_are_those_of_the_software() -> None:
    page = (BENCHMARKS.parents[1] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for discordance in (0.05, 0.10, 0.15, 0.20, 0.30):
        points = (f"{100 * mde(n, discordance=discordance):.1f}" for n in (30, 90, 164, 300, 1000, 3000))
        assert f"| {discordance:.2f} | {' | '.join(points)} |" in page
    for discordance in (0.05, 0.10, 0.20):
        items = (f"{noninferiority_items(one, discordance=discordance):,}" for one in (0.01, 0.02, 0.03, 0.05))
        assert f"| {discordance:.2f} | {' | '.join(items)} |" in page


@pytest.mark.slow
def test_the_small_grid_holds_or_is_flagged(modules: tuple[ModuleType, ModuleType]) -> None:
    grid, simulate = modules
    sections = [make(simulate.GRIDS["small"]) for make in simulate.SECTIONS.values()]
    found: dict[str, object] = {}
    grid.grow(sections, found, batches=1, batch=400, seed=20261122)
    verdicts = grid.verdicts(sections, found)
    assert len(verdicts) > 200
    silent = [one for one in verdicts if not one.held and not one.flags]
    again = grid.confirm(sections, silent, replicates=1600, seed=20261122)
    assert len(silent) < 0.03 * len(verdicts)
    assert [f"{one.key}: {one.column} {one.rate:.3f}" for one in again] == []
    # The same judge finds the usual mistakes: clusters ignored, seeds ignored, the sample's variance at the margin.
    for name, contrast in (("F", 3), ("H", 2), ("J", 6)):
        section = next(one for one in sections if one.name == name)
        columns = list(section.columns)
        columns[contrast] = replace(columns[contrast], target="one-sided" if name == "J" else "size")
        mistaken = replace(section, columns=tuple(columns))
        outside = [one for one in grid.verdicts([mistaken], found) if one.column == columns[contrast].name]
        assert any(not one.held for one in outside), section.title
