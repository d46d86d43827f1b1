"""Section of the grid: metrics of the whole set, with and without clusters, jackknife and swap permutation.

Two systems answer the same items. Whether a system is right depends on the item (shared by both), and with clusters on
the document (shared) and on how the system fares with that document (not shared). Chances are built so that an item's
marginal distribution, and with it the true value of the metric, is known in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from grid import Cell, Column, Section, repeated
from scipy.special import ndtr, ndtri
from sections_items import flags_of
from sizes import Sizes

from finbench.stats import metrics as m
from finbench.stats.flags import RARE_CLASS, Flag
from finbench.stats.jackknife import jackknife, jackknife_difference
from finbench.stats.permutation import swap_permutation
from finbench.stats.validation import FloatArray, IntArray

LABELS = np.array([0.6, 0.3, 0.1])
RIGHT, BETTER = 0.80, 0.86
ENTITIES, FALSE_ALARMS = 4.0, 0.8  # expected per document
ALPHA, SWAPS = 0.05, 499
METRICS = {"macro_f1": m.macro_f1(3), "mcc": m.mcc(3), "entity_f1": m.entity_f1()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Shares of the latent variance: the item, its cluster, and the system in that cluster; the rest is chance."""

    item: float
    cluster: float = 0.0
    system: float = 0.0


INDEPENDENT = Spread(item=0.4)
CLUSTERED = Spread(item=0.3, cluster=0.2, system=0.2)
STEADY = {False: Spread(item=0.2), True: Spread(item=0.3, cluster=0.2, system=0.0)}
ERRATIC = {False: Spread(item=0.8), True: Spread(item=0.3, cluster=0.2, system=0.4)}


def section_l(sizes: Sizes) -> Section:
    return Section(
        name="L",
        title="Metrics of the whole set: jackknife t and swap permutation at 5 %",
        headings=("metric", "clusters", "n"),
        columns=(
            Column(name="coverage jackknife t", target="coverage"),
            Column(name="size jackknife t", target="size"),
            Column(name="size swap", target="size"),
            Column(name="size jackknife t, clusters ignored"),
            Column(name="unequal spread: size jackknife t"),
            Column(name="unequal spread: size swap"),
            Column(name="power jackknife t"),
            Column(name="power swap"),
        ),
        cells=tuple(
            Cell(
                setting=(name, "none" if groups is None else groups, n),
                run=repeated(partial(_replicate, name, n, groups)),
                clusters=groups,
                flags=_flags(name, n, groups),
            )
            for name in METRICS
            for clustered in (False, True)
            for n in sizes.corpus
            for groups in [max(n // 8, 4) if clustered else None]
        ),
        group=2,
    )


def _flags(name: str, n: int, groups: int | None) -> tuple[str, ...]:
    rare = name != "entity_f1" and float(LABELS.min()) * n < RARE_CLASS
    labels = None if groups is None else cluster_codes(np.random.default_rng([n, groups]), n, groups)
    return (*flags_of(n, labels), *([Flag.RARE_CLASS.name.lower()] if rare else []))


def _replicate(name: str, n: int, groups: int | None, rng: np.random.Generator) -> list[float]:
    clustered = groups is not None
    codes = None if groups is None else cluster_codes(rng, n, groups)
    spread = CLUSTERED if clustered else INDEPENDENT
    true = truth(name, RIGHT)
    a, b = pair(name, rng, n, codes, (RIGHT, RIGHT), (spread, spread))
    one = jackknife(METRICS[name], a, clusters=codes)
    steady, erratic = pair(name, rng, n, codes, (RIGHT, RIGHT), (STEADY[clustered], ERRATIC[clustered]))
    c, d = pair(name, rng, n, codes, (BETTER, RIGHT), (spread, spread))
    return [
        one.low <= true <= one.high,
        *rejects(name, a, b, codes, rng),
        jackknife_difference(METRICS[name], a, b).p < ALPHA,
        *rejects(name, steady, erratic, codes, rng),
        *rejects(name, c, d, codes, rng),
    ]


def rejects(
    name: str, a: FloatArray, b: FloatArray, codes: IntArray | None, rng: np.random.Generator
) -> tuple[bool, bool]:
    """Whether jackknife t and swap permutation find a difference at ALPHA."""
    swap = swap_permutation(METRICS[name], a, b, clusters=codes, n_resamples=SWAPS, seed=int(rng.integers(2**32)))
    return jackknife_difference(METRICS[name], a, b, clusters=codes).p < ALPHA, swap.p <= ALPHA


def cluster_codes(rng: np.random.Generator, n: int, groups: int) -> IntArray:
    """Clusters of unequal size in order, each with at least one item."""
    cuts = rng.choice(np.arange(1, n), size=groups - 1, replace=False)
    codes = np.zeros(n, dtype=np.int64)
    codes[np.sort(cuts)] = 1
    return np.asarray(codes.cumsum(), dtype=np.int64)


def pair(
    name: str,
    rng: np.random.Generator,
    n: int,
    codes: IntArray | None,
    right: tuple[float, float],
    spreads: tuple[Spread, Spread],
) -> tuple[FloatArray, FloatArray]:
    """Item statistics of two systems on the same n items."""
    groups = np.arange(n) if codes is None else codes
    item, cluster = rng.normal(size=n), rng.normal(size=n)[groups]
    own = [rng.normal(size=n)[groups] for _ in right]
    chances = [
        chance(p, s.item**0.5 * item + s.cluster**0.5 * cluster + s.system**0.5 * u, s)
        for p, s, u in zip(right, spreads, own, strict=True)
    ]
    if name == "entity_f1":
        entities = rng.poisson(ENTITIES, size=n)
        systems = [entity_counts(rng, entities, p, u) for p, u in zip(chances, own, strict=True)]
        return METRICS[name].stats(*systems[0]), METRICS[name].stats(*systems[1])
    gold = labels(rng, n, codes)
    answers = [np.where(rng.random(n) < p, gold, (gold + rng.integers(1, 3, size=n)) % 3) for p in chances]
    return METRICS[name].stats(gold, answers[0]), METRICS[name].stats(gold, answers[1])


def chance(p: float, effect: FloatArray, spread: Spread) -> FloatArray:
    """The chance to be right given the effects; its expectation is p, since the effects are normal."""
    variance = spread.item + spread.cluster + spread.system
    return np.asarray(ndtr((ndtri(p) - effect) / np.sqrt(1 - variance)), dtype=np.float64)


def labels(rng: np.random.Generator, n: int, codes: IntArray | None) -> IntArray:
    """Gold labels; within a cluster they are alike (a Dirichlet mixture with the same expectation)."""
    if codes is None:
        return rng.choice(3, size=n, p=LABELS).astype(np.int64)
    mixture = rng.dirichlet(4 * LABELS, size=codes[-1] + 1)[codes]
    drawn = (rng.random(n)[:, None] > mixture.cumsum(axis=1)).sum(axis=1)
    return np.asarray(np.minimum(drawn, 2), dtype=np.int64)


def entity_counts(
    rng: np.random.Generator, entities: IntArray, found: FloatArray, own: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """True positives, false positives and misses of each document."""
    tp = rng.binomial(entities, found)
    fp = rng.poisson(FALSE_ALARMS * np.exp(0.5 * own - 0.125))  # expectation FALSE_ALARMS
    return tp, fp, entities - tp


def truth(name: str, right: float) -> float:
    """The metric over all items of the kind, from the expected statistics of one item."""
    if name == "entity_f1":
        return float(METRICS[name].value(np.array([right, 0.0, 1 - right]) * ENTITIES + [0.0, FALSE_ALARMS, 0.0]))
    table_of = np.diag(right * LABELS) + (1 - right) / 2 * LABELS[:, None] * (1 - np.eye(3))
    gold, pred = np.nonzero(np.ones((3, 3)))
    return float(METRICS[name].value(table_of.ravel() @ METRICS[name].stats(gold, pred)))
