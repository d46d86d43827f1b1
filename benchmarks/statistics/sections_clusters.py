"""Sections of the grid: clustered items, right or wrong and graded."""

from __future__ import annotations

from functools import partial

import numpy as np
from answers import cluster_labels, systems
from grid import Cell, Column, Section, repeated
from sections_items import flags_of
from sizes import Sizes

from finbench.stats.clustered import paired_clustered_t
from finbench.stats.clustered_tango import clustered_tango
from finbench.stats.means import mean_interval
from finbench.stats.paired_counts import mcnemar_midp_p
from finbench.stats.proportions import wilson
from finbench.stats.retention import retention_t

#: Mean scores of graded tasks.
GRADED = (0.6, 0.9, 0.97)


def labels_of(n: int, groups: int) -> np.ndarray:
    """The clusters of a setting: the same in all its cells."""
    return cluster_labels(np.random.default_rng([n, groups]), n, groups)


def section_b(sizes: Sizes) -> Section:
    return Section(
        name="B",
        title="One accuracy, clustered items: coverage of 95 % intervals",
        headings=("n", "clusters", "accuracy", "cluster share"),
        columns=(
            Column(name="clustered Wilson", target="coverage"),
            Column(name="CR1 t(G-1)"),
            Column(name="Wilson, clusters ignored"),
        ),
        cells=tuple(
            Cell(
                setting=(n, groups, p, share),
                run=repeated(partial(_one_accuracy, labels_of(n, groups), p, share)),
                clusters=groups,
                flags=flags_of(n, labels_of(n, groups)),
            )
            for n, groups in sizes.clustered
            for p in sizes.accuracies
            for share in (0.0, 0.1, 0.3)
        ),
    )


def _one_accuracy(labels: np.ndarray, p: float, share: float, rng: np.random.Generator) -> list[float]:
    y = systems(rng, labels, [p], item=0.0, cluster=share)[0]
    return [one.low <= p <= one.high for one in (wilson(y, labels), mean_interval(y, labels), wilson(y))]


def section_f(sizes: Sizes) -> Section:
    return Section(
        name="F",
        title="Two systems, clustered items: CR1 t(G-1) at 5 %",
        headings=("n", "clusters", "accuracy", "item share", "model x cluster share"),
        columns=(
            Column(name="size CR1 t", target="size"),
            Column(name="coverage at 8 points", target="coverage"),
            Column(name="power at 8 points"),
            Column(name="size McNemar mid-p, clusters ignored"),
        ),
        cells=tuple(
            Cell(
                setting=(n, groups, p, item, own),
                run=repeated(partial(_pair, labels_of(n, groups), p, item, own)),
                clusters=groups,
                flags=flags_of(n, labels_of(n, groups), distance=1 - p),
            )
            for n, groups in sizes.clustered
            for p in sizes.accuracies
            for item in sizes.shares
            for own in (0.0, 0.2)
        ),
    )


def _pair(labels: np.ndarray, p: float, item: float, own: float, rng: np.random.Generator) -> list[float]:
    a, b, worse = systems(rng, labels, [p, p, p - 0.08], item=item, own=own)
    gap = paired_clustered_t(a, worse, labels)
    return [
        paired_clustered_t(a, b, labels).p <= 0.05,
        gap.ci_low <= 0.08 <= gap.ci_high,
        gap.p <= 0.05,
        float(mcnemar_midp_p((a > b).sum(), (b > a).sum())) <= 0.05,
    ]


def section_g(sizes: Sizes) -> Section:
    return Section(
        name="G",
        title="Retention on clustered items, one-sided (2.5 %): clustered Tango at the margin",
        headings=("n", "clusters", "accuracy", "margin", "item share", "model x cluster share"),
        columns=(
            Column(name="size clustered Tango", target="one-sided"),
            Column(name="power, no loss"),
            Column(name="size CR1 t"),
        ),
        cells=tuple(
            Cell(
                setting=(n, groups, p, margin, item, own),
                run=repeated(partial(_kept, labels_of(n, groups), p, margin, item, own)),
                clusters=groups,
                flags=flags_of(n, labels_of(n, groups)),
            )
            for n, groups in sizes.clustered
            for p in sizes.accuracies
            for margin in ((0.02, 0.05) if p >= 0.9 else (0.05,))
            for item in sizes.shares[1:] or sizes.shares
            for own in (0.0, 0.1)
        ),
    )


def _kept(
    labels: np.ndarray, p: float, margin: float, item: float, own: float, rng: np.random.Generator
) -> list[float]:
    base, lost, kept = systems(rng, labels, [p, p - margin, p], item=item, cluster=0.2, own=own)
    # The test behind `retention_binary`, without its interval, which takes a search.
    return [
        clustered_tango(lost, base, labels).p_above(-margin) < 0.025,
        clustered_tango(kept, base, labels).p_above(-margin) < 0.025,
        retention_t(lost, base, labels, margin=margin).retained,
    ]


def section_n(sizes: Sizes) -> Section:
    return Section(
        name="N",
        title="Graded scores (quarters), or four epochs of right and wrong: clustered t",
        headings=("n", "clusters", "mean score", "cluster share"),
        columns=(
            Column(name="coverage of one mean", target="coverage"),
            Column(name="size of a pair", target="size"),
            Column(name="retention: size at loss = margin = 5 points (2.5 %)", target="one-sided"),
        ),
        cells=tuple(
            Cell(
                setting=(n, groups, p, share),
                run=repeated(partial(_graded, labels_of(n, groups), p, share)),
                clusters=None if groups == n else groups,
                flags=flags_of(n, None if groups == n else labels_of(n, groups), distance=1 - p),
            )
            for n, groups in (*((n, n) for n in sizes.items if n <= 1000), *sizes.clustered)
            for p in sizes.accuracies
            if p in GRADED
            for share in (0.0, 0.2)
        ),
    )


def _graded(labels: np.ndarray, p: float, share: float, rng: np.random.Generator) -> list[float]:
    targets = [p] * 8 + [p - 0.05] * 4
    y = systems(rng, labels, targets, item=0.5, cluster=share).reshape(3, 4, labels.size).mean(axis=1)
    groups = None if int(labels.max()) + 1 == labels.size else labels
    one = mean_interval(y[0], groups)
    return [
        one.low <= p <= one.high,
        paired_clustered_t(y[0], y[1], groups).p <= 0.05,
        retention_t(y[2], y[0], groups, margin=0.05).retained,
    ]
