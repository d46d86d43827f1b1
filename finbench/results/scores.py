"""One run's score with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finbench.cards import cards
from finbench.results.runs import Run
from finbench.results.vectors import LABEL_METRICS, Vectors, vectors
from finbench.stats.aggregate import TaskPart, score_part
from finbench.stats.errors import StatsError
from finbench.stats.jackknife import jackknife
from finbench.stats.means import mean_interval
from finbench.stats.proportions import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInterval:
    """A run's headline score.

    Attributes:
        metric: the headline metric.
        estimate: the score.
        low: lower end of its 95 % interval.
        high: upper end of it.
        n: items.
        clusters: independent units, None where items are independent.
        method: `none`, `wilson`, `wilson-clustered`, `cr1` or `jackknife-t`.
        part: what the run brings to its capability's score.
        bounds: lowest and highest item value, where some lie outside of 0 to 1; else None.
    """

    metric: str
    estimate: float
    low: float
    high: float
    n: int
    clusters: int | None
    method: str
    part: TaskPart
    bounds: tuple[float, float] | None = None


def label_set(run: Run) -> list[str] | None:
    """The task's label set, if it is ours, has one and is scored by it; else what the references hold decides."""
    if run.metric not in LABEL_METRICS or run.foreign:
        return None
    card = cards().get(run.task)
    return list(card.labels) if card is not None and card.labels and card.metric != "entity_f1" else None


def score_interval(run: Run, *, labels: Sequence[str] | None = None) -> ScoreInterval:
    """The score of a run over its full item set, with a 95 % interval.

    Shares get Wilson's interval, clustered where the task has clusters; grades a clustered t interval, cut at the ends
    of their scale; metrics of the whole set the jackknife's. Where there are too few items or clusters for any, the
    interval is the whole scale.
    """
    one = vectors([run], labels=labels if labels is not None else label_set(run))
    try:
        return _interval(run, one)
    except StatsError:
        return _unknown(run, one)


def _interval(run: Run, one: Vectors) -> ScoreInterval:
    clusters = len(set(one.clusters)) if one.clusters else None
    values = one.values[0]
    if one.is_corpus:
        jack = jackknife(one.metric, one.rows[0], clusters=one.clusters)
        part = TaskPart(estimate=jack.estimate, se=jack.se, df=float(jack.df), low=jack.low, high=jack.high)
        return ScoreInterval(
            metric=run.metric,
            estimate=jack.estimate,
            low=jack.low,
            high=jack.high,
            n=jack.n,
            clusters=clusters,
            method="jackknife-t",
            part=part,
        )
    part = score_part(values, one.clusters, bounds=one.bounds)
    if one.binary:
        share = wilson(values, one.clusters)
        return ScoreInterval(
            metric=run.metric,
            estimate=share.estimate,
            low=share.low,
            high=share.high,
            n=share.n,
            clusters=clusters,
            method=share.method,
            part=part,
        )
    mean = mean_interval(values, one.clusters, bounds=one.bounds)
    low, high = mean.low, mean.high
    if one.bounds is None:  # shares: no score lies beyond the ends of their scale
        low, high = max(low, 0.0), min(high, 1.0)
    return ScoreInterval(
        metric=run.metric,
        estimate=mean.estimate,
        low=low,
        high=high,
        n=mean.n,
        clusters=clusters,
        method=mean.method,
        part=part,
        bounds=one.bounds,
    )


def _unknown(run: Run, one: Vectors) -> ScoreInterval:
    """A score about whose error the data say nothing: one item, or one cluster."""
    low, high = one.bounds or (-1.0 if run.metric == "mcc" else 0.0, 1.0)
    estimate = float(one.metric.value(one.rows[0].sum(axis=0)))
    return ScoreInterval(
        metric=run.metric,
        estimate=estimate,
        low=low,
        high=high,
        n=one.values.shape[1],
        clusters=len(set(one.clusters)) if one.clusters else None,
        method="none",
        part=TaskPart(estimate=estimate, se=(high - low) / 2, df=1.0, low=low, high=high),
        bounds=one.bounds,
    )
