"""Published and recomputed numbers, to every digit printed; two or more independent implementations agree on each.

A number stands as text, as it was printed, and ours must round to it. Where R made it, its call stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from scipy import optimize, stats

from finbench.stats import metrics as m
from finbench.stats.aggregate import TaskPart, aggregate_difference, aggregate_score, difference_part
from finbench.stats.clustered import paired_clustered_t
from finbench.stats.families import benjamini_hochberg, holm
from finbench.stats.jackknife import jackknife_difference
from finbench.stats.means import mean_interval
from finbench.stats.over_tasks import friedman_over_tasks, mean_win_rates, nemenyi_distance, wilcoxon_over_tasks
from finbench.stats.paired import (
    PairedTable,
    bonett_price_interval,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    paired_table,
    tango_interval,
    tango_test,
)
from finbench.stats.permutation import swap_permutation
from finbench.stats.power import (
    items_for_difference,
    mcnemar_power,
    mde,
    noninferiority_items,
    paired_variance,
    t_power,
)
from finbench.stats.proportions import clopper_pearson, normal_critical, wilson, wilson_bounds, wilson_counts
from finbench.stats.ranks import rank_models
from finbench.stats.retention import retention_t, tost_t
from finbench.stats.sequential import e_value
from finbench.stats.textbook import beta_interval, mcnemar_chi_square, wald_interval


def same_digits(values: Sequence[float], printed: str) -> None:
    """Each value rounds to the number printed: it is off by half a unit of the last digit at most."""
    texts = printed.split()
    assert len(values) == len(texts)
    for value, text in zip(values, texts, strict=True):
        exponent = Decimal(text).as_tuple().exponent
        assert isinstance(exponent, int)
        assert abs(value - float(text)) <= 0.5 * 10.0**exponent * (1 + 1e-9), f"{value!r} is not {text}"


def split(only_a: int, only_b: int, both: int = 0, neither: int = 0) -> tuple[list[int], list[int]]:
    """Scores of two systems from the four counts."""
    a = [1] * only_a + [0] * only_b + [1] * both + [0] * neither
    return a, [0] * only_a + [1] * only_b + [1] * both + [0] * neither


def table_of(both: int, only_a: int, only_b: int, neither: int) -> PairedTable:
    return PairedTable(both=both, only_a=only_a, only_b=only_b, neither=neither)


# --- 1: approval of the prime minister (Agresti). R: mcnemar.test, binom.test, pbinom


def test_mcnemar_on_many_discordant_items() -> None:
    a, b = split(150, 86, 794, 570)
    table = paired_table(a, b)
    corrected, plain = mcnemar_chi_square(table), mcnemar_chi_square(table, corrected=False)
    same_digits([corrected.statistic, corrected.p], "16.8177966 4.114562e-05")
    same_digits([plain.statistic, plain.p], "17.3559322 3.099293e-05")
    same_digits([mcnemar_exact(a, b).p, mcnemar_midp(a, b).p], "3.715936e-05 2.893390e-05")
    # Tango's statistic for no difference is the root of McNemar's chi-square
    assert tango_test(table, margin=0.0).z ** 2 == pytest.approx(plain.statistic, rel=1e-12)


# --- 2: small discordance. R: binom.test(b, b + c)$p.value; 2 * pbinom(min(b, c), b + c, .5) - dbinom(...)


@pytest.mark.parametrize(
    ("only_a", "only_b", "exact", "midp"),
    [(12, 3, ".03515625", ".02127075"), (9, 1, ".021484375", ".01171875"), (5, 0, ".0625", ".03125")],
)
def test_mcnemar_on_few_discordant_items(only_a: int, only_b: int, exact: str, midp: str) -> None:
    a, b = split(only_a, only_b, 7, 4)
    same_digits([mcnemar_exact(a, b).p, mcnemar_midp(a, b).p], f"{exact} {midp}")
    # All sign flips give McNemar's exact p
    metric = m.accuracy()
    swap = swap_permutation(metric, metric.stats(a), metric.stats(b), exact_clusters=15)
    assert swap.exact
    same_digits([swap.p], exact)


# --- 3, 4: R contingencytables b1fde68; PropCIs::scoreci.mp(40, 20, 160, .95)


def test_bentur_2009() -> None:
    table = table_of(1, 1, 7, 12)
    a, b = split(1, 7, 1, 12)
    chi = [mcnemar_chi_square(table, corrected=corrected).p for corrected in (False, True)]
    same_digits(chi, ".0338949 .0770999")
    same_digits([mcnemar_exact(a, b).p, mcnemar_midp(a, b).p], ".0703125 .0390625")
    same_digits([table.difference], "-.285714")


# Newcombe 1998 prints .0569 and .3404 for (36, 12, 2, 0); the further digits of its upper end are of this formula
@pytest.mark.parametrize(
    ("cells", "tango", "bonett_price", "newcombe", "wald"),
    [
        (
            (1, 1, 7, 12),
            "-.517232 -.026003",
            "-.508359 -.013380",
            "-.506920 -.025559",
            "-.519709 -.051720",
        ),
        ((59, 6, 16, 80), "-.124023 -.005433", "-.119499 -.003201", "-.118621 -.004625", None),
        ((50, 40, 20, 50), ".0308645 .2180642", None, None, None),
        ((36, 12, 2, 0), ".061112 .344709", None, ".056930 .3404", None),
        ((36, 12, 2, 0), ".061112 .344709", None, ".0569296 .3404276", None),
    ],
)
def test_intervals_of_a_paired_difference(
    cells: tuple[int, int, int, int], tango: str, bonett_price: str | None, newcombe: str | None, wald: str | None
) -> None:
    functions = (tango_interval, bonett_price_interval, newcombe_interval, wald_interval)
    for function, printed in zip(functions, (tango, bonett_price, newcombe, wald), strict=True):
        if printed is not None:
            result = function(table_of(*cells))
            same_digits([result.low, result.high], printed)


def test_cavo_2012() -> None:
    a, b = split(6, 16, 59, 80)
    same_digits([mcnemar_midp(a, b).p, mcnemar_exact(a, b).p], ".0346897 .0524788")


# --- 5: R: prop.test(k, n, correct = FALSE)$conf.int; binom.test(k, n)$conf.int; qbeta


@pytest.mark.parametrize(
    ("correct", "n", "printed"),
    [
        (8, 10, ".4901625 .9433178"),
        (81, 263, ".2552885 .3662096"),
        (15, 148, ".0623864 .1604872"),
        (0, 20, "0 .1611252"),
        (29, 30, ".8332961 .9940914"),
        (1, 29, ".0061132 .1717552"),
        (270, 300, ".8608335 .9290521"),
    ],
)
def test_wilson(correct: int, n: int, printed: str) -> None:
    for result in (wilson_counts(correct, n), wilson([1] * correct + [0] * (n - correct))):
        same_digits([result.low, result.high], printed)
    assert wilson_counts(0, 20).low == 0


def test_other_intervals_of_a_share() -> None:
    for correct, n, printed in ((0, 20, "0 .1684335"), (29, 30, ".8278305 .9991564")):
        exact = clopper_pearson(correct, n)
        same_digits([exact.low, exact.high], printed)
    for prior, printed in ((0.5, ".8545822 .9963795"), (1.0, ".8329789 .9920890")):
        posterior = beta_interval(29, 30, prior=prior)
        same_digits([posterior.low, posterior.high], printed)


# --- 6: p-values of Benjamini and Hochberg 1995. R: p.adjust(p, "holm"), p.adjust(p, "BH"), p.adjust(p, "BY")

BH_1995 = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
BH_1995 += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]


def test_families() -> None:
    same_digits(holm(BH_1995), ".0015 .0056 .0247 .114 .2211 .278 .278 .278 .3213 1 1 1 1 1 1")
    same_digits(
        benjamini_hochberg(BH_1995),
        ".0015 .003 .0095 .035625 .0603 .0638571 .0638571 .0645 .0765 .486 .5811818 .714875 .7532308 .8132143 1",
    )
    same_digits(benjamini_hochberg(BH_1995, dependent=True)[:1], ".00497734")
    for adjusted, expected in ((holm, [0.03, 0.06, 0.06, 0.02]), (benjamini_hochberg, [0.02, 0.04, 0.04, 0.02])):
        assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx(expected, abs=1e-15)


# --- 7: Student's sleep data. R: t.test(sleep1, sleep2, paired = TRUE); TOSTER::t_TOST(paired = TRUE, eqb = 3)

SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep_data() -> None:
    result = paired_clustered_t(SLEEP_1, SLEEP_2)
    assert result.df == 9
    assert result.t is not None
    same_digits([result.t, result.p], "-4.0621277 .00283289")
    same_digits([result.ci_low, result.ci_high], "-2.4598858 -.7001142")
    same_digits([tost_t(SLEEP_1, SLEEP_2, margin=3).p], ".00265557")
    same_digits([retention_t(SLEEP_1, SLEEP_2, margin=3).p_retained], ".00265557")
    metric = m.mean()
    flips = swap_permutation(metric, metric.stats(SLEEP_1), metric.stats(SLEEP_2))
    assert flips.exact
    same_digits([flips.p], ".00390625")
    # As two independent groups: Welch's test is Satterthwaite's over two strata
    groups = [difference_part(SLEEP_1, [0.0] * 10), difference_part([-x for x in SLEEP_2], [0.0] * 10)]
    same_digits([aggregate_difference(groups).p], ".0793941")


# --- 8, 9: R: sqrt(sandwich::vcovCL(lm(y ~ 1), g, type = "HC0", cadjust = FALSE)), then cadjust = TRUE; inspect-ai

SIZES = (4, 3, 5, 2, 4, 2)
CLUSTERS = [g for g, size in enumerate(SIZES) for _ in range(size)]
Y = [1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1]
D = [1, 0, 0, 1, 0, -1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, -1, 0, 1, 0]


def test_clustered_mean() -> None:
    naive, cr0, cr1 = (mean_interval(Y, CLUSTERS, method=method) for method in ("naive", "cr0", "cr1"))
    same_digits([naive.se, cr0.se, cr1.se], ".1094243 .1411117 .1545801")
    assert (cr1.estimate, cr1.df) == (0.65, 5)
    same_digits([cr1.low, cr1.high], ".2526393 1.0473607")


def test_clustered_wilson() -> None:
    result = wilson(Y, CLUSTERS)  # inspect-ai 0.3.285: ci_wilson(cluster="g")
    same_digits([result.low, result.high, result.n_effective], ".2771247 .8999660 9.520820")
    same_digits(wilson_bounds(0.65, result.n_effective, normal_critical(0.95)), ".3475271 .8662273")
    # Korn and Graubard's size, by the t quantiles of items and clusters: statsmodels proportion_confint(.65 n, n)
    shrunk = result.n_effective * (stats.t.ppf(0.975, 19) / stats.t.ppf(0.975, 5)) ** 2
    same_digits([shrunk, *wilson_bounds(0.65, shrunk, normal_critical(0.95))], "6.311897 .2944275 .8920694")


def test_clustered_difference() -> None:
    result = paired_clustered_t(D, np.zeros(20), CLUSTERS)
    assert result.difference == 0.25
    same_digits([mean_interval(D, CLUSTERS, method="cr0").se, result.se], ".1468418 .1608571")
    assert np.bincount(CLUSTERS, weights=D).tolist() == [2, -1, 3, 0, 0, 1]
    metric = m.mean()
    flips = swap_permutation(metric, metric.stats(D), metric.stats([0] * 20), clusters=CLUSTERS)
    assert flips.exact
    same_digits([flips.p], ".375")


# --- 10: complete enumeration, and Connor's normal approximation


@pytest.mark.parametrize(
    ("n", "p10", "p01", "exact", "normal"),
    [
        (300, 0.10, 0.05, ".61538", ".60966"),
        (1000, 0.08, 0.05, ".75226", ".74970"),
        (164, 0.12, 0.06, ".42829", ".44023"),
    ],
)
def test_mcnemar_power(n: int, p10: float, p01: float, exact: str, normal: str) -> None:
    for first, second in ((p10, p01), (p01, p10)):
        same_digits([mcnemar_power(n, first, second)], exact)
        same_digits([mcnemar_power(n, first, second, test="normal")], normal)


def test_mcnemar_power_is_the_rate_of_simulated_pairs() -> None:
    draw = np.random.default_rng(11)
    counts = draw.multinomial(300, [0.10, 0.05, 0.85], 200_000)
    p = 2 * stats.binom.cdf(counts[:, :2].min(axis=1), counts[:, :2].sum(axis=1), 0.5)
    p -= stats.binom.pmf(counts[:, :2].min(axis=1), counts[:, :2].sum(axis=1), 0.5)
    assert float((p <= 0.05).mean()) == pytest.approx(mcnemar_power(300, 0.10, 0.05), abs=0.004)


# statsmodels TTestPower, both tails; R's power.t.test(n = 100, delta = .3, type = "paired") gives .8439467, since it
# leaves out the tail on the other side unless strict = TRUE
def test_t_power() -> None:
    same_digits([t_power(0.3, 0.1, 99)], ".8439471")


# --- 11: Miller 2024, arXiv:2411.00640, sec. 5; R for the digits


def test_millers_numbers() -> None:
    quiet, once, ten = (paired_variance(1 / 9, s, s, k, k) for s, k in ((0, 1), (1 / 6, 1), (1 / 6, 10)))
    assert items_for_difference(0.03, discordance=quiet) == 969
    assert items_for_difference(0.03, discordance=once) == 3876
    same_digits([(mde(1, discordance=quiet) / 0.03) ** 2], "968.997")
    by_t = optimize.brentq(lambda n: t_power(0.03, math.sqrt(quiet / n), n - 1) - 0.8, 500, 2000)
    same_digits([by_t], "970.92")
    same_digits([100 * mde(198, discordance=once), 100 * mde(198, discordance=ten)], "13.27 7.57")
    # A single system's share of variance that K samples an item take off: 1/12 between items, 1/6 within
    whole = paired_variance(1 / 12, 1 / 6, 0)
    cut = [1 - paired_variance(1 / 12, 1 / 6, 0, k) / whole for k in (2, 4, 6)]
    assert cut == pytest.approx([1 / 3, 1 / 2, 5 / 9], abs=1e-15)
    assert 1 - paired_variance(1 / 12, 0, 0) / whole == pytest.approx(2 / 3, abs=1e-15)
    same_digits([100 * mean_interval([1.0] * 3275 + [0.0] * 1725).se], ".67")


# (z_.975 + z_.8)^2 discordance / margin^2, and the table of minimum detectable effects in points
def test_planning_tables() -> None:
    for discordance, expected in (
        (0.05, [3925, 982, 437, 157]),
        (0.10, [7849, 1963, 873, 314]),
        (0.20, [15698, 3925, 1745, 628]),
    ):
        assert [noninferiority_items(one, discordance=discordance) for one in (0.01, 0.02, 0.03, 0.05)] == expected
    for discordance, points in (
        (0.05, "11.4 6.6 4.9 3.6 2.0 1.1"),
        (0.10, "16.2 9.3 6.9 5.1 2.8 1.6"),
        (0.15, "19.8 11.4 8.5 6.3 3.4 2.0"),
        (0.20, "22.9 13.2 9.8 7.2 4.0 2.3"),
        (0.30, "28.0 16.2 12.0 8.9 4.9 2.8"),
    ):
        same_digits([100 * mde(n, discordance=discordance) for n in (30, 90, 164, 300, 1000, 3000)], points)


# --- 12: R: example(wilcox.test), depression data of Hollander and Wolfe 1973, p. 29

BEFORE = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
AFTER = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
# R: example(friedman.test), RoundingTimes of Hollander and Wolfe 1973, p. 140
ROUNDING = """
5.40 5.50 5.55 5.85 5.70 5.75 5.20 5.60 5.50 5.55 5.50 5.40 5.90 5.85 5.70 5.45 5.55 5.60 5.40 5.40 5.35
5.45 5.50 5.35 5.25 5.15 5.00 5.85 5.80 5.70 5.25 5.20 5.10 5.65 5.55 5.45 5.60 5.35 5.45 5.05 5.00 4.95
5.50 5.50 5.40 5.45 5.55 5.50 5.55 5.55 5.35 5.45 5.50 5.55 5.50 5.45 5.25 5.65 5.60 5.40 5.70 5.65 5.55
6.30 6.30 6.25
"""


def test_rank_tests_over_tasks() -> None:
    differences = np.subtract(BEFORE, AFTER)
    found = wilcoxon_over_tasks(differences, two_sided=False)
    assert found.statistic == 40
    same_digits([found.p, wilcoxon_over_tasks(differences).p], ".01953125 .0390625")
    rounds = friedman_over_tasks(np.array(ROUNDING.split(), dtype=float).reshape(-1, 3).T)
    assert rounds.tasks == 22
    same_digits([rounds.statistic, rounds.p], "11.142857 .003805041")
    # Demsar 2006, table 5: 2.569
    distance = nemenyi_distance(4, 14)
    same_digits([distance, distance / math.sqrt(4 * 5 / (6 * 14))], "1.253559 2.569032")


# --- 13: scikit-learn, also in a loop that leaves each item out and one that makes each exchange of answers

GOLD = [0] * 12 + [1] * 6 + [2] * 2
FIRST = [0] * 10 + [1, 2] + [1] * 4 + [0, 2] + [2, 1]
SECOND = [0] * 11 + [1] + [1] * 3 + [0, 0, 2] + [2, 2]


@pytest.mark.parametrize(
    ("name", "scores", "difference", "p"),
    [
        ("macro_f1", ".6454106 .76", "-.1145894 .1504879", ".5"),
        ("mcc", ".5604485 .6352495", "-.0748009 .1745507", ".875"),
    ],
)
def test_metrics_of_the_whole_set(name: str, scores: str, difference: str, p: str) -> None:
    metric = m.metric_named(name, n_labels=3)
    a, b = metric.stats(GOLD, FIRST), metric.stats(GOLD, SECOND)
    same_digits([metric.estimate(GOLD, FIRST), metric.estimate(GOLD, SECOND)], scores)
    jack = jackknife_difference(metric, a, b)
    same_digits([jack.difference, jack.se], difference)
    swap = swap_permutation(metric, a, b)
    assert (swap.exact, swap.discordant) == (True, 4)
    same_digits([swap.p], p)
    assert swap.p == float(p)


# --- 14: R csranks 1.3.0: csranks(x, Sigma, coverage = .95, simul = TRUE), x normal with correlation .5


def test_rank_set() -> None:
    x = np.array([0.82, 0.80, 0.79, 0.74, 0.70])
    se = np.sqrt(x * (1 - x) / 400)
    spread = np.sqrt(se[:, None] ** 2 + se[None, :] ** 2 - se[:, None] * se[None, :])
    difference = x[:, None] - x[None, :]
    p = 2 * stats.norm.sf(np.abs(difference) / spread)
    ranks = rank_models(difference, p)
    assert ranks.low == (1, 1, 1, 3, 4)
    assert ranks.high == (3, 3, 4, 5, 5)
    assert ranks.tied_first == (True, True, True, False, False)
    assert ranks.groups == ((0, 1, 2), (3,), (4,))
    same_digits(holm(p[np.triu_indices(5, 1)])[[2, 5, 7]], ".0007816 .0260074 .0915")


# --- 15: numerical integral of the likelihood ratio over Beta(1/2, 1/2)


@pytest.mark.parametrize(("b", "c", "printed"), [(15, 4, "5.3432465"), (20, 5, "19.4852808"), (9, 1, "9.49609375")])
def test_e_value(b: int, c: int, printed: str) -> None:
    same_digits([e_value(b, c)], printed)


# --- 16: a win rate turned by a model that joins


def test_a_model_that_joins_turns_a_win_rate_and_no_mean() -> None:
    a, b, c, d = (0.60, 0.63, 0.52, 0.90), (0.82, 0.51, 0.67, 0.82), (0.90, 0.60, 0.77, 0.73), (0.77, 0.89, 0.62, 0.59)
    same_digits(mean_win_rates([a, b, c]), ".50 .375 .625")
    same_digits(mean_win_rates([a, b, c, d])[:2], ".417 .50")
    same_digits(np.mean([a, b, c], axis=1), ".6625 .705 .75")


# --- 17: by hand: sqrt(.02^2 + .015^2 + .03^2 + .01^2) / 4


def test_aggregate() -> None:
    parts = [TaskPart(estimate=0.5, se=s, df=math.inf, low=0, high=1) for s in (0.02, 0.015, 0.03, 0.01)]
    same_digits([aggregate_score(parts).se, aggregate_difference(parts).se], ".0100778 .0100778")
