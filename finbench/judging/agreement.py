"""How far a judge agrees with labels: share, Cohen's kappa, confusion counts, and where it errs.

Kappa: Cohen 1960, doi:10.1177/001316446002000104, with "no verdict" as a third answer of the judge, so that a judge who
often says nothing is not flattered. Intervals: Wilson's for the share and the jackknife's for kappa, both with the
question as the cluster, since several answers to one question are not independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finbench.stats.errors import StatsError
from finbench.stats.jackknife import jackknife
from finbench.stats.metrics import CorpusMetric
from finbench.stats.proportions import wilson
from finbench.stats.validation import FloatArray

RIGHT, WRONG, UNPARSED = "right", "wrong", "unparsed"
LABELS = (RIGHT, WRONG)
ANSWERS = (RIGHT, WRONG, UNPARSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled answer and what the judge made of it.

    Attributes:
        label: `right` or `wrong`.
        verdict: `right`, `wrong` or `unparsed`.
        kind: what kind of case it is, for example `scale`.
        question: names the question; answers to one question are one cluster.
    """

    label: str
    verdict: str
    kind: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KindAgreement:
    """Agreement on one kind of case.

    Attributes:
        kind: its name.
        n: answers.
        agreement: share on which judge and label agree.
        false_right: wrong answers that the judge let pass.
        false_wrong: right answers that it rejected.
        unparsed: answers without a verdict.
    """

    kind: str
    n: int
    agreement: float
    false_right: int
    false_wrong: int
    unparsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a judge agrees with labels.

    Attributes:
        n: answers.
        questions: clusters.
        agreement: share on which judge and label agree, 0 to 1.
        agreement_low: lower end of its 95 % interval.
        agreement_high: upper end.
        kappa: Cohen's kappa, -1 to 1; nan where chance alone would agree throughout.
        kappa_low: lower end of its 95 % interval.
        kappa_high: upper end.
        confusion: how often each label met each answer of the judge.
        unparsed: share of answers without a verdict.
        kinds: agreement on each kind of case, by name.
    """

    n: int
    questions: int
    agreement: float
    agreement_low: float
    agreement_high: float
    kappa: float
    kappa_low: float
    kappa_high: float
    confusion: dict[str, dict[str, int]]
    unparsed: float
    kinds: tuple[KindAgreement, ...]


def agreement_of(judged: Sequence[Judged]) -> Agreement:
    """Agreement of a judge with labels.

    Raises:
        ValueError: if there is nothing to compare, or a label or verdict is none of those known.
    """
    if not judged:
        raise ValueError("no judged answers to compare")
    unknown = {one.label for one in judged} - set(LABELS) | {one.verdict for one in judged} - set(ANSWERS)
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is none of {', '.join(ANSWERS)}")
    agree = np.array([one.label == one.verdict for one in judged], dtype=np.float64)
    clusters = [one.question for one in judged]
    share_low, share_high = _share_interval(agree, clusters)
    metric = cohen_kappa()
    rows = metric.stats([LABELS.index(one.label) for one in judged], [ANSWERS.index(one.verdict) for one in judged])
    kappa = float(metric.value(rows.sum(axis=0)))
    low, high = _kappa_interval(metric, rows, clusters)
    counts = Counter((one.label, one.verdict) for one in judged)
    return Agreement(
        n=len(judged),
        questions=len(set(clusters)),
        agreement=float(agree.mean()),
        agreement_low=share_low,
        agreement_high=share_high,
        kappa=kappa,
        kappa_low=low,
        kappa_high=high,
        confusion={label: {answer: counts[label, answer] for answer in ANSWERS} for label in LABELS},
        unparsed=sum(one.verdict == UNPARSED for one in judged) / len(judged),
        kinds=tuple(
            _kind(kind, [one for one in judged if one.kind == kind]) for kind in sorted({one.kind for one in judged})
        ),
    )


def cohen_kappa() -> CorpusMetric:
    """Cohen's kappa of two labels and three answers; `stats(labels, answers)` takes codes, shape (n_items,)."""
    return CorpusMetric(name="kappa", kind="corpus", size=6, stats=_cells, value=_kappa, low=-1.0, high=1.0)


def _cells(labels: npt.ArrayLike, answers: npt.ArrayLike) -> FloatArray:
    rows, columns = np.asarray(labels, dtype=np.intp), np.asarray(answers, dtype=np.intp)
    cells = np.zeros((rows.size, 6))
    cells[np.arange(rows.size), 3 * rows + columns] = 1.0
    return cells


def _kappa(sums: FloatArray) -> FloatArray:
    table = sums.reshape(*sums.shape[:-1], 2, 3)
    total = table.sum(axis=(-2, -1))
    observed = (table[..., 0, 0] + table[..., 1, 1]) / total
    expected = (table.sum(axis=-1) * table.sum(axis=-2)[..., :2]).sum(axis=-1) / total**2
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)
    return found


def _share_interval(agree: FloatArray, clusters: Sequence[str]) -> tuple[float, float]:
    try:
        found = wilson(agree, clusters)
    except StatsError:  # all answers are to one question
        return 0.0, 1.0
    return found.low, found.high


def _kappa_interval(metric: CorpusMetric, rows: FloatArray, clusters: Sequence[str]) -> tuple[float, float]:
    """The jackknife's interval; the whole scale where leaving out a question leaves nothing to compute it from."""
    try:
        found = jackknife(metric, rows, clusters=clusters)
    except StatsError:
        return -1.0, 1.0
    return (found.low, found.high) if np.isfinite([found.low, found.high]).all() else (-1.0, 1.0)


def _kind(kind: str, judged: Sequence[Judged]) -> KindAgreement:
    return KindAgreement(
        kind=kind,
        n=len(judged),
        agreement=sum(one.label == one.verdict for one in judged) / len(judged),
        false_right=sum((one.label, one.verdict) == (WRONG, RIGHT) for one in judged),
        false_wrong=sum((one.label, one.verdict) == (RIGHT, WRONG) for one in judged),
        unparsed=sum(one.verdict == UNPARSED for one in judged),
    )
