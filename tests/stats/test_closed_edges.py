"""Degenerate cells, refusals with their messages, flags, verdicts, and that the room stands alone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from finbench.stats import errors
from finbench.stats.aggregate import (
    TaskPart,
    aggregate_difference,
    aggregate_pairs,
    aggregate_score,
    difference_part,
    score_part,
)
from finbench.stats.clustered import paired_clustered_t
from finbench.stats.clustered_tango import clustered_tango
from finbench.stats.families import holm, holm_pairs
from finbench.stats.flags import Flag, effective_clusters, flags, may_claim
from finbench.stats.means import mean_interval
from finbench.stats.paired import PairedTable, mcnemar_midp, paired_binary, tango
from finbench.stats.pairs import all_pairs_binary, all_pairs_t
from finbench.stats.power import design_effect, items_for_difference, mcnemar_power, mde, noninferiority_items, plan
from finbench.stats.proportions import clopper_pearson, plus_four_variance, wilson, wilson_counts
from finbench.stats.ranks import rank_intervals
from finbench.stats.retention import Verdict, retention_aggregate, retention_binary, retention_t, tost_t
from finbench.stats.seeds import two_way_t
from finbench.stats.sequential import e_value, mcnemar_e_value
from finbench.stats.textbook import beta_interval, mcnemar_chi_square, wald_interval
from finbench.stats.validation import clusters_of

Z2 = 1.959963984540054**2


def test_no_discordance_is_no_evidence_and_a_known_interval() -> None:
    result = paired_binary([1] * 300, [1] * 300)
    assert result.p == 1
    assert (result.ci_low, result.ci_high) == pytest.approx((-Z2 / (300 + Z2), Z2 / (300 + Z2)), abs=1e-15)
    assert round(100 * result.ci_high, 2) == 1.26


def test_saturated_shares() -> None:
    right = wilson_counts(20, 20)
    assert (right.low, right.high) == (pytest.approx(20 / (20 + Z2)), 1)
    assert wilson([1, 1, 1, 1], ["a", "a", "b", "b"]).n_effective == 4
    # Every cluster half right: no variance between clusters, so that n itself is used.
    assert wilson([1, 0, 1, 0], ["a", "a", "b", "b"]).n_effective == 4
    assert plus_four_variance(30, 30) == pytest.approx((32 / 34) * (2 / 34) / 34)


def test_t_without_variation_is_exact_instead_of_certain() -> None:
    same = paired_clustered_t([0.3, 0.7, 1.0], [0.3, 0.7, 1.0])
    assert (same.p, same.t, same.se, same.degenerate) == (1, None, 0, True)
    assert same.ci_low == -same.ci_high < 0
    won = paired_clustered_t([1] * 5, [0] * 5)
    assert (won.p, won.difference, won.ci_high) == (0.0625, 1, 1)
    assert won.ci_low < 1
    # 0.1 + 0.2 is not 0.3: rounding is no variation.
    shifted = paired_clustered_t(np.array([0.1, 0.4, 0.7]) + 0.2, [0.1, 0.4, 0.7])
    assert shifted.degenerate
    assert shifted.p == 0.25
    with pytest.raises(errors.DegenerateError, match="pass bounds"):
        paired_clustered_t([7, 7, 7], [5, 5, 5])
    graded = paired_clustered_t([7, 7, 7], [5, 5, 5], bounds=(1, 10))
    assert graded.ci_low >= -9
    assert graded.ci_high <= 9
    mean = mean_interval([1.0, 1.0, 1.0, 1.0])
    assert (mean.estimate, mean.high, mean.degenerate) == (1, 1, True)
    assert mean.low < 0.5
    all_right = mean_interval([1.0] * 40, method="cr0")
    assert all_right.low == pytest.approx(wilson_counts(40, 40).low)


def test_aggregates_of_saturated_tasks() -> None:
    saturated = score_part([1] * 30)
    assert saturated.plus_four
    assert saturated.se == pytest.approx(plus_four_variance(30, 30) ** 0.5)
    assert not score_part([1] * 26 + [0] * 4).plus_four
    assert not score_part([1.0] * 29 + [0.5]).plus_four
    assert aggregate_score([saturated, score_part([0, 1] * 20)]).plus_four == 1
    same = aggregate_difference([difference_part([1] * 30, [1] * 30), difference_part([0] * 9, [0] * 9)])
    assert (same.p, same.degenerate, same.difference) == (1, True, 0)
    assert same.ci_low < 0 < same.ci_high
    won = aggregate_difference([difference_part([1] * 4, [0] * 4), difference_part([0] * 9, [0] * 9)])
    assert won.p == 2**-3
    split = aggregate_difference([difference_part([1] * 4, [0] * 4), difference_part([0] * 4, [1] * 4)])
    assert split.p == 1
    pairs = aggregate_pairs([all_pairs_binary([[1] * 4, [0] * 4]), all_pairs_binary([[0] * 9, [0] * 9])])
    assert pairs.p[0, 1] == won.p
    assert pairs.ci_low[0, 1] < pairs.difference[0, 1] < pairs.ci_high[0, 1]


def test_verdicts() -> None:
    def pair(only_a: int, only_b: int, n: int) -> tuple[list[int], list[int]]:
        rest = [1] * (n - only_a - only_b)
        return [1] * only_a + [0] * only_b + rest, [0] * only_a + [1] * only_b + rest

    assert retention_binary(*pair(20, 20, 3000), margin=0.02).verdict is Verdict.RETAINED
    assert retention_binary(*pair(5, 60, 1000), margin=0.02).verdict is Verdict.LOST
    assert retention_binary(*pair(5, 40, 3000), margin=0.03).verdict is Verdict.LOST_WITHIN_MARGIN
    unsure = retention_binary(*pair(15, 15, 300), margin=0.02)
    assert (unsure.verdict, unsure.n_needed) == (Verdict.INCONCLUSIVE, noninferiority_items(0.02, discordance=0.1))
    none = retention_binary(*pair(0, 0, 100), margin=0.02)
    assert none.verdict is Verdict.INCONCLUSIVE
    assert none.n_needed is not None
    assert retention_binary(*pair(0, 0, none.n_needed), margin=0.02).retained
    assert not retention_binary(*pair(0, 0, none.n_needed - 2), margin=0.02).retained
    same = retention_t([1.0] * 400, [1.0] * 400, margin=0.02)
    assert same.retained
    assert same.p_retained < 0.025
    assert tost_t([1.0] * 400, [1.0] * 400, margin=0.02).equivalent
    part = aggregate_difference([difference_part(*pair(20, 20, 1500)), difference_part(*pair(20, 20, 1500))])
    assert retention_aggregate(part, margin=0.02, n=3000).verdict is Verdict.RETAINED
    flat = aggregate_difference([difference_part([1] * 50, [1] * 50)])
    assert retention_aggregate(flat, margin=0.02, n=50).verdict is Verdict.INCONCLUSIVE
    assert retention_aggregate(flat, margin=0.2, n=50).retained


def test_clustered_tango() -> None:
    a, b = [1] * 12 + [0] * 28 + [1] * 260, [0] * 12 + [1] * 28 + [1] * 260
    single = clustered_tango(a, b, range(300))
    plain = paired_binary(a, b)
    # Single items: no design effect; t with 299 degrees of freedom is all but normal.
    assert single.design_effect == pytest.approx(1)
    assert single.interval() == pytest.approx((plain.ci_low, plain.ci_high), abs=5e-4)
    # Twenty clusters of alike items, by hand: CR1 (14.25^2 + 19 * .75^2) 20 / 19 / 300^2 over .05 * .95 / 299.
    clumped = clustered_tango([1] * 15 + [0] * 285, [0] * 300, [i // 15 for i in range(300)])
    assert clumped.design_effect == pytest.approx(0.0025 / (0.0475 / 299))
    assert clumped.p_above(0) > 0.05 > float(mcnemar_midp([1] * 15 + [0] * 285, [0] * 300).p)
    same = clustered_tango([1] * 60, [1] * 60, [i // 10 for i in range(60)])
    critical = 2.570581835636314**2  # R: qt(.975, 5)
    assert same.interval() == pytest.approx((-critical / (60 + critical), critical / (60 + critical)))
    assert same.p_above(-0.2) + same.p_below(-0.2) == 1
    assert retention_binary(a, b, range(300), margin=0.1).method == "tango-clustered"


def test_flags() -> None:
    assert flags(300) == ()
    assert flags(40, clusters=4, class_counts={"hawkish": 3, "dovish": 37}, correct=39, distance=0.1) == tuple(Flag)
    assert flags(300, clusters=29, class_counts={"a": 10, "b": 290}, correct=296) == (Flag.FEW_CLUSTERS,)
    assert flags(300, clusters=30, correct=3) == (Flag.SATURATED,)
    assert flags(300, clusters=40, effective=29.9, distance=0.15) == (Flag.FEW_CLUSTERS,)
    assert effective_clusters("aabbcc") == 3
    assert effective_clusters([1, 1, 1, 2]) == 1.6
    assert [may_claim(g) for g in (None, 4, 5)] == [True, False, True]


def test_what_a_cluster_is() -> None:
    assert clusters_of([1, "1", 1.0, True], 4).codes.tolist() == [0, 1, 0, 0]
    assert clusters_of(np.array(["b", "a", "b"]), 3).codes.tolist() == [0, 1, 0]
    assert clusters_of(None, 3).count == 3
    assert clusters_of([("ACME", 2020), ("ACME", 2021), ("ACME", 2020)], 3).sizes.tolist() == [2, 1]
    sums = clusters_of(["x", "y", "x"], 3).sums([[1, 2, 3], [4, 5, 6]])
    assert sums.tolist() == [[4, 2], [10, 5]]


def test_seeds_against_a_fixed_checkpoint() -> None:
    rng = np.random.default_rng(1)
    a, base = rng.random((3, 50)) + 0.3, rng.random(50)
    fixed = two_way_t(a, base, fixed_baseline=True)
    assert (fixed.seeds_a, fixed.seeds_b) == (3, 1)
    assert fixed.variance_seeds == pytest.approx(a.mean(axis=1).var(ddof=1) / 3)
    same = two_way_t(np.ones((2, 9)), np.ones((2, 9)))
    assert (same.p, same.se, same.degenerate) == (1, 0, True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mcnemar_midp([1, 0], [1, 0, 1]), errors.PairingError, r"\(2,\) and \(3,\)"),
        (lambda: mcnemar_midp([1, np.nan], [1, 0]), errors.ScoreError, "nan at index"),
        (lambda: mcnemar_midp([1, None], [1, 0]), errors.ScoreError, "nan at index"),
        (lambda: mcnemar_midp([1, 0.5], [1, 0]), errors.ScoreError, "0 or 1, got 0.5"),
        (lambda: mcnemar_midp([], []), errors.ScoreError, "empty"),
        (lambda: mcnemar_midp(["yes"], ["no"]), errors.ScoreError, "no number"),
        (lambda: tango([[1, 0]], [[1, 0]]), errors.ScoreError, "shape"),
        (lambda: tango([1], [0], level=1), errors.SettingError, "level must lie strictly"),
        (lambda: paired_clustered_t([[1, 0], [1]], [1, 0]), errors.ScoreError, "unequal length"),
        (lambda: paired_clustered_t([1, 0, 1], [1, 0]), errors.PairingError, r"\(3,\) and \(2,\)"),
        (lambda: paired_clustered_t([1, 0], [0, 0], ["a", "a"]), errors.NotEnoughClustersError, "1 independent"),
        (lambda: paired_clustered_t([1, 0], [0, 0], ["a", None]), errors.ClusterError, "item 1 has no cluster"),
        (lambda: paired_clustered_t([1, 0], [0, 0], [float("nan"), 1]), errors.ClusterError, "item 0"),
        (lambda: paired_clustered_t([1, 0], [0, 0], ["a"]), errors.ClusterError, "1 cluster labels for 2 items"),
        (lambda: paired_clustered_t([1, 0], [0, 0], [["a"], ["b"]]), errors.ClusterError, "hashed"),
        (lambda: clustered_tango([1, 0], [0, 0], [3, 3]), errors.NotEnoughClustersError, "1 independent"),
        (lambda: clustered_tango([1, 0], [0, 0], [3, 4]).p_above(1), errors.SettingError, "between -1 and 1"),
        (lambda: mean_interval([0.4]), errors.NotEnoughClustersError, "at least 2"),
        (lambda: mean_interval([[[1.0]]]), errors.ScoreError, "epochs"),
        (lambda: wilson([0.2, 1.2]), errors.ScoreError, "between 0 and 1"),
        (lambda: clopper_pearson(3, 2), errors.SettingError, "correct=3 and n=2"),
        (lambda: holm([0.1, 1.2]), errors.ScoreError, "p-values"),
        (lambda: holm([[0.1]]), errors.ScoreError, "shape"),
        (lambda: holm_pairs([[1, 0.1], [0.2, 1]]), errors.ScoreError, "symmetric"),
        (lambda: rank_intervals(np.ones((2, 2), dtype=bool)), errors.ScoreError, "contradict"),
        (lambda: rank_intervals([[0, 1], [0, 0]]), errors.ScoreError, "booleans"),
        (lambda: all_pairs_t([1, 0]), errors.ScoreError, r"\(models, items\)"),
        (lambda: all_pairs_binary([[1, 2]]), errors.ScoreError, "0 or 1"),
        (lambda: aggregate_score([]), errors.NotEnoughItemsError, "0 item"),
        (
            lambda: aggregate_score([TaskPart(estimate=0, se=float("nan"), df=3, low=0, high=1)]),
            errors.ScoreError,
            "standard error",
        ),
        (lambda: aggregate_pairs([]), errors.NotEnoughItemsError, "0 item"),
        (lambda: retention_binary([1], [1], margin=0), errors.SettingError, "margin"),
        (lambda: retention_t([1, 0], [1, 0], margin=-0.1), errors.SettingError, "above 0"),
        (lambda: tost_t([1, 0], [1, 1], margin=0.1, alpha=0.5), errors.SettingError, "0.5"),
        (lambda: two_way_t([[1, 0]], [[1, 0], [1, 1]]), errors.NotEnoughSeedsError, "1 and 2"),
        (lambda: two_way_t([[1, 0], [0, 0]], [[1, 0, 1], [1, 1, 1]]), errors.PairingError, "same items"),
        (lambda: mde(0), errors.SettingError, "at least one item"),
        (lambda: mde(9, power=1), errors.SettingError, "power"),
        (lambda: mde(9, discordance=0), errors.SettingError, "discordance"),
        (lambda: items_for_difference(0), errors.SettingError, "other than 0"),
        (lambda: noninferiority_items(0.02, true_difference=-0.03), errors.SettingError, "no n can show"),
        (lambda: mcnemar_power(9, 0.6, 0.6), errors.SettingError, "at most 1"),
        (lambda: plan(100, difference=0.3, discordance=0.2), errors.SettingError, "discordance must lie"),
        (lambda: plan(100, clusters=101), errors.SettingError, "clusters must number"),
        (lambda: plan(100, icc=0.1), errors.SettingError, "needs the number of clusters"),
        (lambda: design_effect([0.5], 0.1), errors.SettingError, "at least 1"),
        (lambda: e_value(-1, 2), errors.SettingError, "at least 0"),
        (lambda: flags(10, clusters=11), errors.SettingError, "11 clusters"),
    ],
)
def test_refusals_name_the_fault(call, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, errors.StatsError)
    assert isinstance(caught.value, ValueError)


def test_e_value_of_scores_counts_discordant_items() -> None:
    assert mcnemar_e_value([1] * 15 + [0] * 4 + [1], [0] * 15 + [1] * 4 + [1]) == e_value(15, 4)
    assert e_value(0, 0) == pytest.approx(1)
    assert e_value(5000, 0) > 1e300


def test_results_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        wilson_counts(1, 2).low = 0.0  # type: ignore[misc]


def test_exact_size_of_midp_stays_below_its_level() -> None:
    sizes = [mcnemar_power(n, d / 2, d / 2) for n in (30, 90, 300, 1000) for d in np.linspace(0.01, 0.6, 30)]
    assert 0.0497 < max(sizes) <= 0.05


ALONE = """
import importlib, pkgutil, sys

class OnlyNumpyAndScipy:
    def find_spec(self, name, path=None, target=None):
        known = {*sys.stdlib_module_names, "numpy", "scipy", "finbench"}
        if name.partition(".")[0] not in known and not name.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, OnlyNumpyAndScipy())
import finbench.stats
for module in pkgutil.iter_modules(finbench.stats.__path__):
    importlib.import_module(f"finbench.stats.{module.name}")
from finbench.stats import jackknife, macro_f1, mcnemar_midp, plan, tango, wilson
from finbench.stats.over_tasks import friedman_over_tasks
assert 0 < wilson([1, 1, 0]).low and mcnemar_midp([1, 0], [0, 1]).p == 1 and tango([1, 0], [0, 1]).high > 0
assert plan(100).mde > 0 and jackknife(macro_f1(2), macro_f1(2).stats([0, 1, 1], [0, 1, 0])).se > 0
print([name for name in sys.modules if name.startswith("finbench.") and not name.startswith("finbench.stats")])
"""


def test_the_room_stands_alone() -> None:
    """Nothing but the standard library, numpy and scipy can be imported in this process; least of all inspect_ai."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=root, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["[]"], "")


def test_textbook_figures_where_nothing_differs() -> None:
    same = PairedTable(both=1, only_a=0, only_b=0, neither=3)
    assert (mcnemar_chi_square(same).statistic, mcnemar_chi_square(same).p) == (0.0, 1.0)
    assert (wald_interval(same).low, wald_interval(same).high) == (0.0, 0.0)  # the fault that Tango's does not have
    tied = PairedTable(both=1, only_a=2, only_b=2, neither=3)
    assert mcnemar_chi_square(tied).p == mcnemar_chi_square(tied, corrected=False).p == 1.0
    for call in (
        lambda: beta_interval(3, 2),
        lambda: beta_interval(1, 2, prior=0.0),
        lambda: beta_interval(1, 2, level=95),
        lambda: wald_interval(same, level=0.0),
    ):
        with pytest.raises(errors.SettingError):
            call()
