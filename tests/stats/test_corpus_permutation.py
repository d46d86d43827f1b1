from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn import metrics as sk

from finbench.stats import metrics as m
from finbench.stats.allpairs import all_pairs_jackknife, all_pairs_permutation
from finbench.stats.clustered import paired_clustered_t
from finbench.stats.errors import PairingError, SettingError
from finbench.stats.jackknife import jackknife_difference
from finbench.stats.paired_counts import mcnemar_exact_p
from finbench.stats.permutation import swap_permutation, swapped_differences
from finbench.stats.resamples import all_swap_masks, swap_masks, task_generator
from finbench.stats.validation import clusters_of


def binary_pair(only_a: int, only_b: int, both: int = 5) -> tuple[np.ndarray, np.ndarray]:
    a = np.array([1] * only_a + [0] * only_b + [1] * both)
    b = np.array([0] * only_a + [1] * only_b + [1] * both)
    metric = m.accuracy()
    return metric.stats(a), metric.stats(b)


def label_pair(seed: int, n: int, agree: float = 0.7) -> tuple[m.CorpusMetric, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    metric = m.macro_f1(3)
    a, b = (np.where(rng.random(n) < agree, gold, rng.integers(0, 3, n)) for _ in range(2))
    return metric, metric.stats(gold, a), metric.stats(gold, b)


# exact McNemar = exact sign flips; R: binom.test(3, 15)$p.value, binom.test(1, 10)$p.value
@pytest.mark.parametrize(("only_a", "only_b", "p"), [(12, 3, 0.03515625), (9, 1, 0.021484375)])
def test_binary_enumeration_is_the_exact_mcnemar_test(only_a: int, only_b: int, p: float) -> None:
    result = swap_permutation(m.accuracy(), *binary_pair(only_a, only_b), exact_clusters=15)
    assert result.exact
    assert result.p == p == pytest.approx(scipy_stats.binomtest(only_b, only_a + only_b).pvalue)
    assert result.n_resamples == 2 ** (only_a + only_b)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_closed_and_resampled_forms_agree_for_every_table(only_a: int, only_b: int, both: int) -> None:
    """Swapping answers is McNemar's exact test; sampled swaps come near it; the jackknife of accuracy is the t."""
    a, b = binary_pair(only_a, only_b, both)
    closed = float(mcnemar_exact_p(only_a, only_b))
    assert swap_permutation(m.accuracy(), a, b, exact_clusters=18).p == pytest.approx(closed, abs=1e-12)
    sampled = swap_permutation(m.accuracy(), a, b, exact_clusters=0, n_resamples=2000, seed=1).p
    assert abs(sampled - closed) <= 5 * (closed * (1 - closed) / 2000) ** 0.5 + 1 / 2000
    if only_a + only_b + both > 1:
        jack, t = jackknife_difference(m.accuracy(), a, b), paired_clustered_t(a[:, 0], b[:, 0])
        assert (jack.se, jack.p) == pytest.approx((t.se, t.p), abs=1e-9)


def test_student_sleep_data() -> None:
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    result = swap_permutation(m.mean(), m.mean().stats(first), m.mean().stats(second))
    assert result.p == 0.00390625  # R: all 2^10 sign flips of the differences
    assert result.discordant == 9
    assert result.p_min == result.p


def test_clusters_are_swapped_whole() -> None:
    d = [1, 0, 0, 1, 0, -1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, -1, 0, 1, 0]
    cluster = [0] * 4 + [1] * 3 + [2] * 5 + [3] * 2 + [4] * 4 + [5] * 2
    result = swap_permutation(m.mean(), m.mean().stats(d), m.mean().stats(np.zeros(20)), clusters=cluster)
    assert result.p == 0.375  # R: all sign flips of the cluster sums 2 -1 3 0 0 1
    assert (result.clusters, result.discordant, result.difference) == (6, 4, 0.25)


@pytest.mark.parametrize(("name", "p"), [("macro_f1", 0.5), ("mcc", 0.875)])
def test_reference_pair_and_an_enumeration_through_scikit_learn(name: str, p: float) -> None:
    gold = np.array([0] * 12 + [1] * 6 + [2] * 2)
    a = np.array([0] * 10 + [1, 2] + [1] * 4 + [0, 2] + [2, 1])
    b = np.array([0] * 11 + [1] + [1] * 3 + [0, 0, 2] + [2, 2])
    metric = m.metric_named(name, n_labels=3)
    score = {"macro_f1": lambda g, x: sk.f1_score(g, x, average="macro"), "mcc": sk.matthews_corrcoef}[name]
    where = np.flatnonzero(a != b)
    null = []
    for swap in product([False, True], repeat=len(where)):
        x, y = a.copy(), b.copy()
        x[where[list(swap)]], y[where[list(swap)]] = b[where[list(swap)]], a[where[list(swap)]]
        null.append(score(gold, x) - score(gold, y))
    result = swap_permutation(metric, metric.stats(gold, a), metric.stats(gold, b))
    assert result.p == p == np.mean(np.abs(null) >= abs(null[0]) - 1e-12)
    assert result.discordant == 4
    ours = swapped_differences(
        metric, metric.stats(gold, a), metric.stats(gold, b), clusters_of(None, 20), masks(where)
    )
    assert sorted(ours) == pytest.approx(sorted(null), abs=1e-12)


def masks(where: np.ndarray) -> np.ndarray:
    wide = np.zeros((20, 2 ** len(where)))
    wide[where] = all_swap_masks(len(where))
    return wide


@pytest.mark.parametrize("name", ["mean", "macro_f1"])
def test_equals_scipy_on_the_same_swaps(name: str) -> None:
    rng = np.random.default_rng(4)
    n = 40
    if name == "mean":
        metric = m.mean()
        x, y = metric.stats(rng.random(n)), metric.stats(rng.random(n) + 0.1)
    else:
        metric, x, y = label_pair(8, n)
    groups, both, seen = clusters_of(None, n), np.concatenate([x, y]), []

    def statistic(first: np.ndarray, second: np.ndarray) -> float:
        seen.append(np.asarray(first) >= n)  # where SciPy took system B's item for system A
        return float(metric.value(both[first].sum(axis=0)) - metric.value(both[second].sum(axis=0)))

    theirs = scipy_stats.permutation_test(
        (np.arange(n), np.arange(n, 2 * n)),
        statistic,
        permutation_type="samples",
        n_resamples=500,
        vectorized=False,
        rng=np.random.default_rng(0),
    )
    # SciPy permutes within pairs starting from (a, b); its own first calls are the observed statistic.
    swaps = np.array(seen[-500:]).T.astype(float)
    ours = swapped_differences(metric, x, y, groups, swaps)
    assert ours == pytest.approx(theirs.null_distribution, abs=1e-12)
    assert 0 < swaps.mean() < 1
    two_sided = (np.sum(np.abs(theirs.null_distribution) >= abs(theirs.statistic) - 1e-12) + 1) / 501
    assert (np.sum(np.abs(ours) >= abs(theirs.statistic) - 1e-12) + 1) / 501 == two_sided


def test_enumeration_equals_scipy() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=10), rng.normal(size=10) + 0.4
    theirs = scipy_stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    result = swap_permutation(m.mean(), m.mean().stats(a), m.mean().stats(b))
    assert result.p == theirs.pvalue


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_sampling_approaches_the_enumeration(seed: int) -> None:
    metric, x, y = label_pair(seed, 14)
    exact = swap_permutation(metric, x, y, exact_clusters=14)
    sampled = swap_permutation(metric, x, y, exact_clusters=-1, seed=seed)
    assert exact.exact
    assert not sampled.exact
    # 5 standard errors of a share among 9,999, and the one added resample
    assert abs(sampled.p - exact.p) <= 5 * np.sqrt(exact.p * (1 - exact.p) / 9_999) + 2e-4


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_clusters=st.integers(1, 9))
def test_sign_order_and_names_of_clusters(seed: int, n_clusters: int) -> None:
    metric, x, y = label_pair(seed, 24)
    cluster = np.random.default_rng(seed).integers(0, n_clusters, 24)
    there, back = (swap_permutation(metric, *pair, clusters=cluster) for pair in ((x, y), (y, x)))
    assert back.difference == -there.difference
    assert back.p == there.p >= there.p_min
    order = np.random.default_rng(seed + 1).permutation(24)
    moved = swap_permutation(metric, x[order], y[order], clusters=[f"issuer {c}" for c in cluster[order]])
    assert (moved.p, moved.discordant) == (there.p, there.discordant)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_sampled_p_is_symmetric_too(seed: int) -> None:
    metric, x, y = label_pair(seed, 60)
    there, back = (swap_permutation(metric, *pair, n_resamples=199, exact_clusters=0) for pair in ((x, y), (y, x)))
    assert there.p == back.p


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(-9, 9), min_size=2, max_size=12),
    size=st.sampled_from([1e-6, 1.0, 1e9]),
    level=st.sampled_from([0.0, 0.1]),
)
def test_rounding_hides_no_tie(steps: list[int], size: float, level: float) -> None:
    whole = swap_permutation(m.mean(), m.mean().stats(steps), m.mean().stats([0] * len(steps)))
    scaled = (np.array(steps) / 3 + level) * size
    result = swap_permutation(m.mean(), m.mean().stats(scaled), m.mean().stats(np.full(len(steps), level * size)))
    assert result.p == whole.p >= whole.p_min


def test_identical_systems_do_not_differ() -> None:
    metric, x, _ = label_pair(0, 30)
    result = swap_permutation(metric, x, x)
    assert (result.p, result.p_min, result.exact, result.discordant) == (1.0, 1.0, True, 0)


def test_blocks_and_seeds() -> None:
    metric, x, y = label_pair(2, 80, agree=0.5)
    kwargs = {"n_resamples": 2_000, "seed": 7, "task": "fomc"}
    whole = swap_permutation(metric, x, y, **kwargs)
    assert whole.p == swap_permutation(metric, x, y, memory_mb=0.02, **kwargs).p
    others = {swap_permutation(metric, x, y, **(kwargs | change)).p for change in ({"seed": 8}, {"task": "ner"})}
    assert whole.p not in others
    assert whole.p == pytest.approx(max(others), abs=0.08)
    rng, again = task_generator(1, "t"), task_generator(1, "t")
    parts = np.hstack([swap_masks(rng, rows, 70) for rows in (3, 5)])
    assert (parts == swap_masks(again, 8, 70)).all()
    assert set(np.unique(parts)) == {0.0, 1.0}


def test_masks_are_fair_coins() -> None:
    drawn = swap_masks(task_generator(3, "t"), 4_000, 130)
    assert np.abs(drawn.mean(axis=1) - 0.5).max() < 5 * 0.5 / np.sqrt(4_000)
    assert np.abs(np.corrcoef(drawn)[np.triu_indices(130, 1)]).max() < 6 / np.sqrt(4_000)


def systems(seed: int, k: int, n: int) -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    gold = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    preds = [np.where(rng.random(n) < 0.5 + 0.1 * i, gold, rng.integers(0, 3, n)) for i in range(k - 1)]
    return gold, [*preds, np.where(np.arange(n) < 6, -1, preds[0])]  # the last differs from the first in few items


@pytest.mark.parametrize(
    "metric", [m.macro_f1(3), m.mcc(3), m.accuracy(), m.balanced_accuracy(3)], ids=lambda x: x.name
)
@pytest.mark.parametrize("clustered", [False, True])
def test_all_pairs_equal_each_pair_alone(metric: m.CorpusMetric, clustered: bool) -> None:
    gold, preds = systems(1, 4, 90)
    x = np.stack([metric.stats(gold == p) if metric.kind == "binary" else metric.stats(gold, p) for p in preds])
    cluster = np.arange(90) // 3 if clustered else None
    kwargs = {"clusters": cluster, "n_resamples": 700, "seed": 5, "task": "fomc"}
    table = all_pairs_permutation(metric, x, memory_mb=1, **kwargs)
    spread = all_pairs_jackknife(metric, x, clusters=cluster)
    assert table.exact[0, 3]
    assert not table.exact[0, 1]
    for i, j in product(range(4), repeat=2):
        alone = swap_permutation(metric, x[i], x[j], **kwargs)
        assert table.p[i, j] == alone.p
        assert (table.exact[i, j], table.discordant[i, j]) == (alone.exact, alone.discordant)
        t = jackknife_difference(metric, x[i], x[j], clusters=cluster)
        assert (spread.difference[i, j], spread.se[i, j], spread.p[i, j]) == (t.difference, t.se, t.p)
        assert spread.degenerate[i, j] == t.degenerate
        if i != j:
            assert (spread.ci_low[i, j], spread.ci_high[i, j]) == (t.ci_low, t.ci_high)
    assert table.difference.tolist() == spread.difference.tolist()


def test_another_system_changes_nothing_for_the_first_ones() -> None:
    gold, preds = systems(2, 5, 60)
    metric = m.macro_f1(3)
    x = np.stack([metric.stats(gold, p) for p in preds])
    few, more = (all_pairs_permutation(metric, part, n_resamples=300) for part in (x[:3], x))
    assert (few.p == more.p[:3, :3]).all()


def test_the_slow_path_gives_the_same() -> None:
    gold, preds = systems(3, 3, 40)
    fast = m.macro_f1(3)
    slow = m.WeightedMetric(
        name="macro_f1", size=2, function=lambda rows, _: float(sk.f1_score(rows[:, 0], rows[:, 1], average="macro"))
    )
    kwargs = {"n_resamples": 20, "clusters": np.arange(40) // 2}
    expected = all_pairs_permutation(fast, np.stack([fast.stats(gold, p) for p in preds[:2]]), **kwargs)
    result = all_pairs_permutation(slow, np.stack([slow.stats(gold, p) for p in preds[:2]]), **kwargs)
    assert result.p.tolist() == expected.p.tolist()
    some = {"n_resamples": 50, "clusters": np.arange(40) // 5}
    alone = swap_permutation(slow, slow.stats(gold, preds[0]), slow.stats(gold, preds[1]), **some)
    assert alone.exact
    assert alone.p == swap_permutation(fast, fast.stats(gold, preds[0]), fast.stats(gold, preds[1]), **some).p


def test_unusable_input_is_named() -> None:
    x, y = binary_pair(3, 1)
    with pytest.raises(PairingError):
        swap_permutation(m.accuracy(), x, y[1:])
    with pytest.raises(SettingError, match="n_resamples must be at least 1, got 0"):
        swap_permutation(m.accuracy(), x, y, n_resamples=0)
    with pytest.raises(SettingError, match="a seed must be 0 or above"):
        swap_permutation(m.accuracy(), x, y, seed=-1, exact_clusters=0)
    with pytest.raises(SettingError, match="memory_mb"):
        swap_permutation(m.accuracy(), x, y, memory_mb=0, exact_clusters=0)
