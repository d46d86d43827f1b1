"""The test that a pair of runs calls for: the decision table of docs/statistics.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finbench.results.runs import Run
from finbench.results.scores import label_set
from finbench.results.vectors import Vectors, vectors
from finbench.stats.aggregate import TaskPart, difference_part
from finbench.stats.clustered import paired_clustered_t
from finbench.stats.corpus_retention import retention_jackknife
from finbench.stats.flags import effective_clusters, may_claim
from finbench.stats.flags import flags as warnings
from finbench.stats.jackknife import JackknifeDifference, jackknife_difference
from finbench.stats.paired import paired_binary
from finbench.stats.permutation import swap_permutation
from finbench.stats.power import mde
from finbench.stats.retention import Retention, retention_binary, retention_t
from finbench.stats.suite_retention import MarginPart, margin_part

#: Resampling is seeded by this and the task's name: the same logs give the same p.
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPart:
    """The pieces of a two-way variance of one task; see `finbench.stats.seeds`.

    Attributes:
        arms: scores of each checkpoint of the arms that are draws from a recipe.
        variance_items: variance from the choice of items.
        variance_residual: variance from the interaction of seeds and items.
        units: independent units (items or clusters).
    """

    arms: tuple[tuple[float, ...], ...]
    variance_items: float
    variance_residual: float
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A tested difference, candidate minus baseline, in shares; see `finbench.results.compare.Entry`.

    Attributes:
        retained: whether the loss is smaller than the margin, None without a margin.
        lost: whether there is a loss.
        n_needed: items that would settle an inconclusive retention.
        interval_method: how the interval was made where a margin asks for another one than the test's, else empty.
        part: what the task brings to its capability.
        margin_part: what it brings to the capability's retention, None without a margin.
        seeds: what it brings where several checkpoints of a recipe were compared, else None.
        may_claim: whether there are enough clusters to call a difference significant.
    """

    metric: str
    n: int
    clusters: int | None
    baseline: float
    candidate: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    method: str
    mde: float | None
    retained: bool | None
    lost: bool | None
    n_needed: int | None
    may_claim: bool
    official: bool
    flags: tuple[str, ...]
    part: TaskPart
    seeds: SeedPart | None = None
    margin_part: MarginPart | None = None
    interval_method: str = ""


def test_pair(
    candidate: Run,
    baseline: Run,
    *,
    ids: Sequence[str] | None = None,
    flags: Sequence[str] = (),
    margin: float | None = None,
) -> Tested:
    """Test two runs of one task on the same items.

    Binary scores of independent items: McNemar mid-p with Tango's interval. Clusters, grades or epochs: clustered t.
    Metrics of the whole set: whole-cluster swap permutation with the jackknife's interval. With a margin the interval
    is the one whose ends decide on retention.

    Args:
        candidate: the run whose gain is asked for.
        baseline: the run it is compared with.
        ids: only these items.
        flags: flags that are known already.
        margin: largest loss that counts as retained, as a share; asks for the items that would settle it. Scores that
            are no shares get no verdict on retention.
    """
    pair = vectors([candidate, baseline], ids=ids, labels=label_set(candidate))
    a, b = pair.values
    n = a.size
    margin = None if pair.bounds is not None else margin
    clusters = len(set(pair.clusters)) if pair.clusters else None
    kept: Retention | None = None
    brought: MarginPart | None = None
    still: list[str] = []
    if pair.is_corpus:
        jack = jackknife_difference(pair.metric, pair.rows[0], pair.rows[1], clusters=pair.clusters)
        swap = swap_permutation(
            pair.metric, pair.rows[0], pair.rows[1], clusters=pair.clusters, seed=SEED, task=candidate.task
        )
        scores = (jack.estimate_b, jack.estimate_a)
        found = (jack.difference, jack.ci_low, jack.ci_high, swap.p, swap.method)
        detect = detectable(jack.se, jack.df)
        part = TaskPart(estimate=jack.difference, se=jack.se, df=float(jack.df), low=jack.ci_low, high=jack.ci_high)
        brought = MarginPart(difference=jack.difference, n=n, clusters=clusters, df=float(jack.df), se=_seen(jack))
        kept = retention_jackknife(jack, margin=margin) if margin is not None else None
    elif pair.binary and pair.clusters is None:
        binary = paired_binary(a, b)
        scores = (float(b.mean()), float(a.mean()))
        found = (binary.difference, binary.ci_low, binary.ci_high, binary.p, binary.method)
        detect = mde(n, discordance=max(binary.only_a + binary.only_b, 1) / n)
        part = difference_part(a, b)
        kept = retention_binary(a, b, margin=margin) if margin is not None else None
    else:
        t = paired_clustered_t(a, b, pair.clusters, bounds=pair.bounds)
        scores = (float(b.mean()), float(a.mean()))
        found = (t.difference, t.ci_low, t.ci_high, t.p, t.method)
        still = ["no_variation"] if t.degenerate and t.difference else []
        detect = detectable(t.se, t.df)
        part = difference_part(a, b, pair.clusters, bounds=pair.bounds)
        if margin is not None and pair.binary:
            kept = retention_binary(a, b, pair.clusters, margin=margin)
        elif margin is not None:
            kept = retention_t(a, b, pair.clusters, margin=margin, bounds=pair.bounds)
    if margin is not None and brought is None:
        brought = margin_part(a, b, pair.clusters, bounds=pair.bounds)
    return Tested(
        metric=candidate.metric,
        n=n,
        clusters=clusters,
        baseline=scores[0],
        candidate=scores[1],
        difference=found[0],
        ci_low=kept.low if kept else found[1],
        ci_high=kept.high if kept else found[2],
        p=found[3],
        method=found[4],
        mde=detect,
        retained=None if margin is None else (kept.retained if kept else found[1] > -margin),
        lost=None if margin is None else (kept.lost if kept else found[2] < 0),
        n_needed=kept.n_needed if kept and may_claim(clusters) else None,
        may_claim=may_claim(clusters),
        official=candidate.official and baseline.official and "intersect" not in flags,
        flags=(*flags, *pair_flags([candidate], [baseline], pair), *still),
        part=part,
        margin_part=None if margin is None else brought,
        interval_method=kept.method if kept and kept.method != found[4] else "",
    )


test_pair.__test__ = False  # type: ignore[attr-defined]  # the name is not a test of pytest's


def pair_flags(candidates: Sequence[Run], baselines: Sequence[Run], pair: Vectors) -> list[str]:
    """What a reader should know of the runs of a comparison, as short words."""
    found = data_flags(pair)
    for role, runs in (("baseline", baselines), ("candidate", candidates)):
        if not all(run.complete for run in runs):
            found.append(f"{role}_incomplete")
        if any(run.collapsed is not None for run in runs):
            found.append(f"{role}_collapsed")
    return found


def data_flags(pair: Vectors) -> list[str]:
    """What a reader should know of the items that runs answered, as short words."""
    clusters = len(set(pair.clusters)) if pair.clusters else None
    n = pair.values.shape[1]
    correct = min((int(row.sum()) for row in pair.values), key=lambda k: min(k, n - k)) if pair.binary else None
    distance = None
    if not pair.is_corpus and pair.bounds is None and (clusters is not None or not pair.binary):
        means = pair.values.mean(axis=1)
        distance = float(min(means.min(), (1 - means).min()))
    given = warnings(
        n,
        clusters=clusters,
        class_counts=pair.class_counts,
        correct=correct,
        effective=effective_clusters(pair.clusters) if pair.clusters else None,
        distance=distance,
    )
    found = [flag.name.lower() for flag in given]
    return [*found, *(["scale_not_0_to_1"] if pair.bounds is not None else [])]


def _seen(jack: JackknifeDifference) -> float:
    """The standard error; where nothing varies, half the width of the interval stands in for it."""
    return jack.se or (jack.ci_high - jack.ci_low) / 2


def detectable(se: float, df: float) -> float | None:
    """The difference that a t test with this standard error shows with 80 % power; None where nothing varies."""
    return mde(1, discordance=se**2, df=df) if se > 0 else None
