"""Sections of the grid: right-or-wrong answers to independent items."""

from __future__ import annotations

from functools import partial

import numpy as np
from answers import cells, draw_tables
from grid import Cell, Column, Section
from scipy import stats
from sizes import Sizes

from finbench.stats.flags import effective_clusters, flags
from finbench.stats.paired_counts import bonett_price_bounds, mcnemar_exact_p, mcnemar_midp_p, tango_bounds, tango_z
from finbench.stats.power import mcnemar_power
from finbench.stats.proportions import clopper_pearson, wilson_counts


def flags_of(n: int, labels: np.ndarray | None = None, *, distance: float | None = None) -> tuple[str, ...]:
    """What the software says beside a result on so many items, in these clusters."""
    count = None if labels is None else int(labels.max()) + 1
    effective = None if labels is None else effective_clusters(labels.tolist())
    return tuple(flag.name.lower() for flag in flags(n, clusters=count, effective=effective, distance=distance))


def section_a(sizes: Sizes) -> Section:
    return Section(
        name="A",
        title="One accuracy, independent items: coverage of 95 % intervals over accuracies .5 to .99",
        headings=("n",),
        columns=(
            Column(name="Wilson, mean", target="coverage"),
            Column(name="Wilson, worst accuracy"),
            Column(name="Clopper-Pearson, mean"),
            Column(name="Clopper-Pearson, worst accuracy"),
        ),
        cells=tuple(Cell(setting=(n,), run=partial(_one_accuracy, n), flags=flags_of(n)) for n in sizes.items),
        exact=True,
        group=1,
    )


def _one_accuracy(n: int, rng: np.random.Generator, replicates: int) -> list[float]:
    right, shares, found = np.arange(n + 1), np.arange(0.5, 0.9901, 0.01), []
    for make in (wilson_counts, clopper_pearson):
        intervals = [make(int(k), n) for k in right]
        low, high = np.array([i.low for i in intervals]), np.array([i.high for i in intervals])
        covered = [float(stats.binom.pmf(right, n, p)[(low <= p) & (p <= high)].sum()) for p in shares]
        found += [float(np.mean(covered)), min(covered)]
    return found


def section_c(sizes: Sizes) -> Section:
    return Section(
        name="C",
        title="Two systems, independent items: size and power of McNemar at 5 %",
        headings=("n", "accuracy", "rho"),
        columns=(
            Column(name="size mid-p", target="size"),
            Column(name="size exact test"),
            Column(name="power mid-p at 5 points"),
        ),
        cells=tuple(
            Cell(setting=(n, p, rho), run=partial(_mcnemar, n, p, rho), flags=flags_of(n))
            for n in sizes.items
            for p in sizes.accuracies
            for rho in sizes.rhos
        ),
        exact=True,
        group=1,
    )


def _mcnemar(n: int, p: float, rho: float, rng: np.random.Generator, replicates: int) -> list[float]:
    null, gap = cells(p, p, rho), cells(p, p - 0.05, rho)
    return [
        mcnemar_power(n, float(null[1]), float(null[2])),
        mcnemar_power(n, float(null[1]), float(null[2]), test="exact"),
        mcnemar_power(n, float(gap[1]), float(gap[2])),
    ]


def section_d(sizes: Sizes) -> Section:
    pairs = [(p, p) for p in sizes.accuracies] + [(0.95, 0.85), (0.7, 0.6)]
    return Section(
        name="D",
        title="Difference of two accuracies, independent items: coverage of 95 % intervals",
        headings=("n", "accuracy a", "accuracy b", "rho"),
        columns=(Column(name="Tango", target="coverage"), Column(name="Bonett-Price", target="coverage")),
        cells=tuple(
            Cell(setting=(n, p, q, rho), run=partial(_difference, n, p, q, rho), flags=flags_of(n))
            for n in sizes.items
            for p, q in pairs
            for rho in sizes.rhos
        ),
        factor=10,
        group=1,
    )


def _difference(n: int, p: float, q: float, rho: float, rng: np.random.Generator, replicates: int) -> list[float]:
    b, c, weights = draw_tables(rng, n, cells(p, q, rho), replicates)
    found = []
    for bounds in (tango_bounds, bonett_price_bounds):
        low, high = bounds(b, c, n, level=0.95)
        found.append(replicates * float(weights[(low <= p - q + 1e-12) & (p - q - 1e-12 <= high)].sum()))
    return found


def section_e(sizes: Sizes) -> Section:
    return Section(
        name="E",
        title="Retention on independent items: Tango at the margin, one-sided",
        headings=("n", "accuracy", "rho", "margin"),
        columns=(
            Column(name="size, loss = margin (2.5 %)", target="one-sided"),
            Column(name="power, no loss"),
            Column(name="'p > .05' at loss = margin"),
        ),
        cells=tuple(
            Cell(setting=(n, p, rho, margin), run=partial(_retention, n, p, rho, margin), flags=flags_of(n))
            for n in sizes.items
            for p in sizes.accuracies
            for rho in (0.5, 0.9)
            for margin in (0.02, 0.05)
        ),
        factor=10,
        group=1,
    )


def _retention(n: int, p: float, rho: float, margin: float, rng: np.random.Generator, replicates: int) -> list[float]:
    critical = float(stats.norm.isf(0.025))
    b, c, weights = draw_tables(rng, n, cells(p - margin, p, rho), replicates)
    size = float(weights[tango_z(b, c, n, -margin) > critical].sum())
    silent = float(weights[mcnemar_midp_p(b, c) > 0.05].sum())
    b, c, weights = draw_tables(rng, n, cells(p, p, rho), replicates)
    power = float(weights[tango_z(b, c, n, -margin) > critical].sum())
    return [replicates * rate for rate in (size, power, silent)]


def section_k(sizes: Sizes) -> Section:
    return Section(
        name="K",
        title="McNemar's size simulated, beside the enumeration of table C",
        headings=("n", "discordance"),
        columns=(
            Column(name="size mid-p, simulated", target="size"),
            Column(name="size mid-p, enumerated"),
            Column(name="size exact test, simulated"),
        ),
        cells=tuple(
            Cell(setting=(n, rate), run=partial(_simulated, n, rate), flags=flags_of(n))
            for n in sizes.items
            for rate in (0.05, 0.1, 0.2, 0.3)
        ),
        factor=10,
        group=1,
    )


def _simulated(n: int, rate: float, rng: np.random.Generator, replicates: int) -> list[float]:
    b, c, weights = draw_tables(rng, n, np.array([1 - rate, rate / 2, rate / 2, 0.0]), replicates)
    midp = float(weights[mcnemar_midp_p(b, c) <= 0.05].sum())
    exact = float(weights[mcnemar_exact_p(b, c) <= 0.05].sum())
    return [replicates * found for found in (midp, mcnemar_power(n, rate / 2, rate / 2), exact)]
