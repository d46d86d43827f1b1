"""Agreement with R, where `Rscript` is installed: closed forms, corrections, clustered variance, power, e-values."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from finbench.stats.clustered import paired_clustered_t
from finbench.stats.families import benjamini_hochberg, bonferroni, holm
from finbench.stats.means import mean_interval
from finbench.stats.paired import PairedTable, mcnemar_exact, mcnemar_midp, tango_interval, tango_test
from finbench.stats.power import mde, t_power
from finbench.stats.proportions import clopper_pearson, wilson_counts
from finbench.stats.sequential import e_value
from finbench.stats.textbook import beta_interval, mcnemar_chi_square

pytestmark = [
    pytest.mark.r,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not installed"),
]

TABLES = [(0, 7, 40), (3, 11, 30), (12, 12, 80), (25, 6, 164), (1, 0, 20), (40, 61, 300)]
P_VALUES = [0.0004, 0.001, 0.012, 0.03, 0.03, 0.049, 0.2, 0.5, 0.9]
BOTH = {"rtol": 1e-9, "atol": 1e-12}

#: All that R is asked, in one start of it. Tango's interval is solved from its definition by R's own root finder.
SCRIPT = r"""
args <- commandArgs(trailingOnly = TRUE)
data <- read.csv(args[1])
say <- function(name, value) {
  cat(name, "\t", paste(format(value, digits = 16, scientific = TRUE), collapse = ","), "\n", sep = "")
}

tables <- list(c(0, 7, 40), c(3, 11, 30), c(12, 12, 80), c(25, 6, 164), c(1, 0, 20), c(40, 61, 300))
exact <- function(t) binom.test(t[1], t[1] + t[2], 0.5)$p.value
midp <- function(t) {
  least <- min(t[1], t[2]); n <- t[1] + t[2]
  if (t[1] == t[2]) 1 else 2 * pbinom(least, n, 0.5) - dbinom(least, n, 0.5)
}
tango_z <- function(t, delta) {
  b <- t[1]; c <- t[2]; n <- t[3]
  loglik <- function(q) {
    p <- q + delta
    rest <- 1 - p - q
    sum(c(if (b > 0) b * log(p) else 0, if (c > 0) c * log(q) else 0, if (n > b + c) (n - b - c) * log(rest) else 0))
  }
  low <- max(0, -delta); high <- (1 - delta) / 2
  q <- optimize(loglik, c(low, high), maximum = TRUE, tol = 1e-15)$maximum
  (b - c - n * delta) / sqrt(n * (2 * q + delta * (1 - delta)))
}
tango <- function(t) {
  z <- qnorm(0.975); estimate <- (t[1] - t[2]) / t[3]; edge <- 1e-7
  c(uniroot(function(d) tango_z(t, d) - z, c(-1 + edge, estimate), tol = 1e-13)$root,
    uniroot(function(d) tango_z(t, d) + z, c(estimate, 1 - edge), tol = 1e-13)$root)
}
say("exact", sapply(tables, exact))
say("midp", sapply(tables, midp))
say("tango", sapply(tables, tango))
say("tango_z", sapply(tables, tango_z, delta = -0.05))
say("wilson", sapply(tables, function(t) prop.test(t[2], t[3], correct = FALSE)$conf.int))
say("clopper", sapply(tables, function(t) binom.test(t[2], t[3])$conf.int))
square <- function(t) matrix(c(0, t[1], t[2], t[3]), 2)
say("mcnemar_corrected", sapply(tables, function(t) mcnemar.test(square(t))$p.value))
say("jeffreys", sapply(tables, function(t) qbeta(c(0.025, 0.975), t[2] + 0.5, t[3] - t[2] + 0.5)))
say("mcnemar_chi", sapply(tables[1:4], function(t) mcnemar.test(square(t), correct = FALSE)$p.value))

p <- c(0.0004, 0.001, 0.012, 0.03, 0.03, 0.049, 0.2, 0.5, 0.9)
say("holm", p.adjust(p, "holm"))
say("bonferroni", p.adjust(p, "bonferroni"))
say("BH", p.adjust(p, "BH"))
say("BY", p.adjust(p, "BY"))

paired <- t.test(data$a, data$b, paired = TRUE)
say("t", c(paired$estimate, paired$conf.int, paired$p.value))
one <- t.test(data$a)
say("mean", c(one$estimate, one$conf.int))
difference <- data$a - data$b
fit <- lm(difference ~ 1)
sums <- tapply(residuals(fit), data$cluster, sum)
groups <- length(sums)
se <- sqrt(groups / (groups - 1) * sum(sums^2)) / nrow(data)
half <- qt(0.975, groups - 1) * se
say("clustered", c(coef(fit), se, 2 * pt(-abs(coef(fit)) / se, groups - 1), coef(fit) - half, coef(fit) + half))

say("power", sapply(c(0.02, 0.05, 0.1), function(d)
  power.t.test(n = 120, delta = d, sd = 0.4, type = "one.sample", strict = TRUE)$power))
say("mde", (qnorm(0.975) + qnorm(0.8)) * sqrt(0.15 / c(30, 164, 1000)))
say("evalue", sapply(tables, function(t) 2^(t[1] + t[2]) * beta(t[1] + 0.5, t[2] + 0.5) / beta(0.5, 0.5)))
"""


def _scores() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(5)
    cluster = draw.integers(0, 17, 120)
    shared = draw.normal(size=17)[cluster] / 5
    return draw.random(120) + shared, draw.random(120) + shared / 2, cluster


@pytest.fixture(scope="module")
def r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """R's answers by name."""
    folder = tmp_path_factory.mktemp("r")
    rows = [f"{a!r},{b!r},{int(c)}" for a, b, c in zip(*(column.tolist() for column in _scores()), strict=True)]
    (folder / "data.csv").write_text("a,b,cluster\n" + "\n".join(rows) + "\n", encoding="utf-8")
    script = folder / "ask.R"
    script.write_text(SCRIPT, encoding="utf-8")
    done = _run(["Rscript", "--vanilla", str(script), str(folder / "data.csv")])
    found = (line.split("\t") for line in done.splitlines())
    return {name: np.array(json.loads(f"[{values}]"), dtype=float) for name, values in found}


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _table(cells: tuple[int, int, int]) -> PairedTable:
    only_a, only_b, n = cells
    return PairedTable(both=0, only_a=only_a, only_b=only_b, neither=n - only_a - only_b)


def _vectors(cells: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    only_a, only_b, n = cells
    rest = n - only_a - only_b
    return np.repeat([1, 0, 0], [only_a, only_b, rest]), np.repeat([0, 1, 0], [only_a, only_b, rest])


def test_mcnemar(r: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose([mcnemar_exact(*_vectors(cells)).p for cells in TABLES], r["exact"], **BOTH)
    np.testing.assert_allclose([mcnemar_midp(*_vectors(cells)).p for cells in TABLES], r["midp"], **BOTH)


def test_score_test_at_no_difference_is_mcnemars_chi_square(r: dict[str, np.ndarray]) -> None:
    from scipy.stats import norm

    z = np.array([tango_test(_table(cells), margin=1e-12).z for cells in TABLES[:4]])
    np.testing.assert_allclose(2 * norm.sf(np.abs(z)), r["mcnemar_chi"], rtol=1e-6)
    plain = [mcnemar_chi_square(_table(cells), corrected=False).p for cells in TABLES[:4]]
    np.testing.assert_allclose(plain, r["mcnemar_chi"], **BOTH)
    np.testing.assert_allclose(
        [mcnemar_chi_square(_table(cells)).p for cells in TABLES], r["mcnemar_corrected"], **BOTH
    )


def test_tango(r: dict[str, np.ndarray]) -> None:
    found = [tango_interval(_table(cells)) for cells in TABLES]
    np.testing.assert_allclose([(one.low, one.high) for one in found], r["tango"].reshape(-1, 2), atol=2e-7)
    np.testing.assert_allclose([tango_test(_table(cells), margin=0.05).z for cells in TABLES], r["tango_z"], atol=1e-6)


def test_shares(r: dict[str, np.ndarray]) -> None:
    found = [wilson_counts(right, n) for _, right, n in TABLES]
    np.testing.assert_allclose([(one.low, one.high) for one in found], r["wilson"].reshape(-1, 2), **BOTH)
    found = [beta_interval(right, n) for _, right, n in TABLES]
    np.testing.assert_allclose([(one.low, one.high) for one in found], r["jeffreys"].reshape(-1, 2), **BOTH)
    found = [clopper_pearson(right, n) for _, right, n in TABLES]
    np.testing.assert_allclose([(one.low, one.high) for one in found], r["clopper"].reshape(-1, 2), **BOTH)


def test_corrections(r: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(holm(P_VALUES), r["holm"], **BOTH)
    np.testing.assert_allclose(bonferroni(P_VALUES), r["bonferroni"], **BOTH)
    np.testing.assert_allclose(benjamini_hochberg(P_VALUES), r["BH"], **BOTH)
    np.testing.assert_allclose(benjamini_hochberg(P_VALUES, dependent=True), r["BY"], **BOTH)


def test_t_with_and_without_clusters(r: dict[str, np.ndarray]) -> None:
    a, b, cluster = _scores()
    plain = paired_clustered_t(a, b)
    np.testing.assert_allclose([plain.difference, plain.ci_low, plain.ci_high, plain.p], r["t"], **BOTH)
    one = mean_interval(a)
    np.testing.assert_allclose([one.estimate, one.low, one.high], r["mean"], **BOTH)
    t = paired_clustered_t(a, b, cluster)
    np.testing.assert_allclose([t.difference, t.se, t.p, t.ci_low, t.ci_high], r["clustered"], **BOTH)


def test_power(r: dict[str, np.ndarray]) -> None:
    found = [t_power(difference, 0.4 / np.sqrt(120), 119) for difference in (0.02, 0.05, 0.1)]
    np.testing.assert_allclose(found, r["power"], rtol=1e-7)
    np.testing.assert_allclose([mde(n, discordance=0.15) for n in (30, 164, 1000)], r["mde"], **BOTH)


def test_e_values(r: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose([e_value(only_a, only_b) for only_a, only_b, _ in TABLES], r["evalue"], rtol=1e-9)


def test_script_asks_about_the_same_numbers() -> None:
    numbers = ", ".join(f"c({', '.join(map(str, cells))})" for cells in TABLES)
    assert f"tables <- list({numbers})" in SCRIPT
    assert f"p <- c({', '.join(map(str, P_VALUES))})" in SCRIPT
    assert Path(shutil.which("Rscript") or "").exists()
