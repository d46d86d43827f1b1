"""Runs as arrays for `finbench.stats`: aligned by item, epochs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from finbench.errors import InputError
from finbench.results.reading import LABEL_METRICS, MEAN_METRICS
from finbench.results.runs import Run, column
from finbench.stats.metrics import CorpusMetric, encode_labels, mean, metric_named
from finbench.stats.validation import FloatArray, IntArray

__all__ = ["LABEL_METRICS", "MEAN_METRICS", "Vectors", "vectors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """Several runs over the same items, as arrays.

    Attributes:
        metric: the headline metric, ready for the statistics.
        rows: item statistics of each run, shape (n_runs, n_items, d), epochs averaged.
        values: item values of each run, shape (n_runs, n_items), epochs averaged; the scores themselves for metrics
            that are means, 0/1 correctness for the others.
        clusters: one label an item, or None where each item is its own.
        binary: whether every value is 0 or 1, and there is one epoch.
        class_counts: items per reference class, for metrics of labels.
        bounds: lowest and highest value seen, where some lie outside of 0 to 1; else None.
    """

    metric: CorpusMetric
    rows: FloatArray
    values: FloatArray
    clusters: tuple[str, ...] | None
    binary: bool
    class_counts: dict[str, int] | None
    bounds: tuple[float, float] | None = None

    @property
    def is_corpus(self) -> bool:
        """Whether the metric is no mean of item values."""
        return self.metric.kind == "corpus"


def vectors(runs: Sequence[Run], *, ids: Sequence[str] | None = None, labels: Sequence[str] | None = None) -> Vectors:
    """Arrays of runs of one task and metric.

    Args:
        runs: runs over the same items.
        ids: only these items, in this order; all items of the first run by default.
        labels: the task's label set, for metrics of labels; by default what references and answers hold.

    Raises:
        InputError: if the metric is one of labels and the runs hold no references, or hardly any twice.
    """
    wanted = list(ids if ids is not None else runs[0].ids)
    places = [_places(run, wanted) for run in runs]
    name = runs[0].metric
    values = np.array(
        [
            np.asarray(column(run.items, "value"), dtype=np.float64)[place].mean(axis=1)
            for run, place in zip(runs, places, strict=True)
        ]
    )
    epochs = max(run.settings.epochs for run in runs)
    binary = epochs == 1 and bool(np.isin(values, (0.0, 1.0)).all())
    gold = _first(runs, places, "gold") if name in LABEL_METRICS else []
    found = list(labels) if labels else sorted({text for text in gold if text is not None})
    if name in LABEL_METRICS and not labels:
        _check_labels(runs[0], found, len(wanted))
    if name == "accuracy" and not binary:
        metric = mean(name="accuracy", low=0.0, high=1.0) if _bounds(values) is None else mean(name="accuracy")
    elif name in MEAN_METRICS and name != "accuracy":
        metric = mean(name=name)
    else:
        metric = metric_named(name, n_labels=max(len(found), 2))
    missed = _all_missed(runs, places) if name == "entity_f1" else []
    rows = [
        _rows(metric, name, run, place, gold, found, missed, own)
        for run, place, own in zip(runs, places, values, strict=True)
    ]
    return Vectors(
        metric=metric,
        rows=np.stack(rows),
        values=values,
        clusters=_clusters(runs, places),
        binary=binary,
        class_counts={label: gold.count(label) for label in found} if name in LABEL_METRICS else None,
        bounds=_bounds(values),
    )


def _bounds(values: FloatArray) -> tuple[float, float] | None:
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return None
    return low, high


def _rows(
    metric: CorpusMetric,
    name: str,
    run: Run,
    places: IntArray,
    gold: Sequence[str | None],
    labels: Sequence[str],
    all_missed: Sequence[tuple[int, int, int]],
    values: FloatArray,
) -> FloatArray:
    if name in LABEL_METRICS:
        said = column(run.items, "pred")
        known = [text if text is not None else labels[0] for text in gold]
        columns = [encode_labels(known, [said[place] for place in epoch], labels) for epoch in places.T]
        return metric.stats(np.stack([c[0] for c in columns], axis=1), np.stack([c[1] for c in columns], axis=1))
    if name == "entity_f1":
        found = column(run.items, "counts")
        counts = np.array(
            [[found[place] or missed for place in item] for item, missed in zip(places, all_missed, strict=True)],
            dtype=float,
        )
        return metric.stats(counts[:, :, 0], counts[:, :, 1], counts[:, :, 2])
    return metric.stats(values)


def _all_missed(runs: Sequence[Run], places: Sequence[IntArray]) -> list[tuple[int, int, int]]:
    """Counts of an answer without any entity; where no run says how many the reference has, one."""
    known = _first(runs, places, "counts")
    return [(0, 0, 1 if counts is None else counts[0] + counts[2]) for counts in known]


def _places(run: Run, wanted: Sequence[str]) -> IntArray:
    """Where the items stand among the run's samples, shape (n_items, n_epochs)."""
    own = list(run.ids)
    count = len(column(run.items, "id"))
    epochs = max(count // max(len(own), 1), 1)
    given = column(run.items, "id")
    if any(list(given[epoch::epochs]) != own for epoch in range(epochs)):
        raise InputError(f"{run.path} does not hold every item equally often; run it again")
    grid = np.arange(count, dtype=np.int64).reshape(len(own), epochs)
    if own == list(wanted):
        return grid
    at = {identity: row for row, identity in enumerate(own)}
    return np.asarray(grid[[at[identity] for identity in wanted]], dtype=np.int64)


def _first(runs: Sequence[Run], places: Sequence[IntArray], name: str) -> list[Any]:
    """What the first run that has it says of each item: a sample that ended in an error says nothing."""
    found: list[Any] = [None] * len(places[0])
    for run, place in zip(runs, places, strict=True):
        said = column(run.items, name)
        for epoch in place.T:
            found = [said[at] if text is None else text for text, at in zip(found, epoch, strict=True)]
            if None not in found:
                return found
    return found


def _check_labels(run: Run, labels: Sequence[str], items: int) -> None:
    if not labels:
        raise InputError(
            f"{run.path} holds no reference of '{run.task}' that is a single label, which {run.metric} needs; "
            "pass --metric mean"
        )
    if run.foreign and len(labels) > 2 and 2 * len(labels) > items:
        raise InputError(
            f"{run.metric} is a metric of labels, and '{run.task}' has {len(labels)} different references among "
            f"{items} items; pass --metric mean"
        )


def _clusters(runs: Sequence[Run], places: Sequence[IntArray]) -> tuple[str, ...] | None:
    labels = _first(runs, places, "cluster")
    known = tuple(label for label in labels if label is not None)
    if len(known) < len(labels):
        return None
    return known if len(set(known)) < len(known) else None
