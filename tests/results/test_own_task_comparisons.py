"""Comparisons of two models on our own tasks, from real logs: the numbers are those of `finbench.stats`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalLog, headline_metric
from own_logs import TASKS, Logs, column, values

from finbench.cli.main import main
from finbench.errors import InputError
from finbench.results.compare import compare
from finbench.results.entries import Comparison, Entry
from finbench.results.reading import read_run
from finbench.stats.clustered import paired_clustered_t
from finbench.stats.families import holm
from finbench.stats.jackknife import jackknife_difference
from finbench.stats.metrics import encode_labels, entity_f1, metric_named
from finbench.stats.paired import paired_binary
from finbench.stats.permutation import swap_permutation
from finbench.stats.retention import retention_binary
from finbench.tasks.catalogue import DEFINITIONS

ENTRY_KEYS = {
    *("name", "metric", "n", "clusters", "baseline", "candidate", "difference", "ci_low", "ci_high", "p", "p_holm"),
    *("method", "verdict", "mde", "official", "flags"),
}
METHODS = {"mcnemar-midp+tango", "clustered-t", "jackknife-t", "swap-permutation", "two-way-t"}


@pytest.fixture(scope="module")
def result(own_logs: Logs) -> Comparison:
    return compare([own_logs.folder], "base", "better")


# --- the numbers


def test_right_or_wrong_items_are_tested_by_mcnemar_with_tangos_interval(own_logs: Logs, result: Comparison) -> None:
    a, b = values(own_logs.full["better", "fin_terms"]), values(own_logs.full["base", "fin_terms"])
    expected = paired_binary([a[i] for i in sorted(a)], [b[i] for i in sorted(a)])
    entry = result.entry("fin_terms")
    assert entry.method == "mcnemar-midp+tango" and entry.n == 160 and entry.clusters is None
    assert (entry.p, entry.difference) == pytest.approx((expected.p, expected.difference))
    assert (entry.ci_low, entry.ci_high) == pytest.approx((expected.ci_low, expected.ci_high))
    assert entry.candidate == pytest.approx(np.mean(list(a.values())))
    assert entry.official and "intersect" not in entry.flags


def test_items_of_one_document_are_tested_as_a_cluster(own_logs: Logs, result: Comparison) -> None:
    a, b = values(own_logs.full["better", "finqa"]), values(own_logs.full["base", "finqa"])
    documents = {str(s.id): s.metadata["document"] for s in own_logs.full["base", "finqa"].samples or []}
    ids = sorted(a)
    expected = paired_clustered_t([a[i] for i in ids], [b[i] for i in ids], [documents[i] for i in ids])
    entry = result.entry("finqa")
    assert (entry.method, entry.n, entry.clusters) == ("clustered-t", 36, 12)
    assert (entry.p, entry.difference) == pytest.approx((expected.p, expected.difference))
    assert (entry.ci_low, entry.ci_high) == pytest.approx((expected.ci_low, expected.ci_high))


@pytest.mark.parametrize(("task", "metric"), [("fomc", "macro_f1"), ("german_credit", "mcc")])
def test_metrics_of_labels_are_permuted_and_jackknifed(
    own_logs: Logs, result: Comparison, task: str, metric: str
) -> None:
    labels = list(DEFINITIONS[task].card.labels or ())
    known = metric_named(metric, n_labels=len(labels))
    ids = sorted(values(own_logs.full["base", task]))
    stats = []
    for model in ("better", "base"):
        gold, pred = (column(own_logs.full[model, task], key) for key in ("gold", "pred"))
        stats.append(known.stats(*encode_labels([gold[i] for i in ids], [pred[i] for i in ids], labels)))
    jack = jackknife_difference(known, *stats)
    swap = swap_permutation(known, *stats, seed=0, task=task)
    entry = result.entry(task)
    assert (entry.metric, entry.method) == (metric, swap.method)
    assert (entry.p, entry.difference) == pytest.approx((swap.p, jack.difference))
    assert (entry.ci_low, entry.ci_high) == pytest.approx((jack.ci_low, jack.ci_high))


def test_entities_are_tested_on_their_counts(own_logs: Logs, result: Comparison) -> None:
    known = entity_f1()
    ids = sorted(values(own_logs.full["base", "ner"]))
    stats = []
    for model in ("better", "base"):
        counts = column(own_logs.full[model, "ner"], "counts")
        stats.append(known.stats(*([counts[i][key] for i in ids] for key in ("tp", "fp", "fn"))))
    jack, swap = jackknife_difference(known, *stats), swap_permutation(known, *stats, seed=0, task="ner")
    entry = result.entry("ner")
    assert (entry.metric, entry.p, entry.difference) == (
        "entity_f1",
        pytest.approx(swap.p),
        pytest.approx(jack.difference),
    )
    assert (entry.baseline, entry.candidate) == pytest.approx((jack.estimate_b, jack.estimate_a))


@pytest.mark.parametrize("task", ["fin_terms", "finqa", "fomc", "german_credit", "ner"])
def test_scores_are_those_of_the_logs_headers(own_logs: Logs, result: Comparison, task: str) -> None:
    for model, value in (("base", result.entry(task).baseline), ("better", result.entry(task).candidate)):
        headline = headline_metric(own_logs.full[model, task])
        assert headline is not None and headline.metric.value == pytest.approx(value)


def test_summaries_tell_the_same_as_whole_logs(own_logs: Logs) -> None:
    for (_, task), log in own_logs.full.items():
        run = read_run(Path(log.location))
        assert {item.id: item.value for item in run.items} == pytest.approx(values(log))
        for key in ("outcome", "gold", "pred"):
            assert {item.id: getattr(item, key) for item in run.items} == column(log, key), (task, key)
        assert (run.input_tokens, run.output_tokens) == (20 * len(run.items), 2 * len(run.items))
        assert run.complete and run.official is (task == "fin_terms")


# --- families, verdicts, the contract


def test_p_values_are_corrected_by_holm_over_the_list(result: Comparison) -> None:
    for entries in (result.tasks, result.capabilities):
        assert [entry.p_holm for entry in entries] == pytest.approx(list(holm([entry.p for entry in entries])))
        assert all(entry.p_holm >= entry.p for entry in entries)


def test_a_capability_is_the_mean_of_its_tasks(result: Comparison) -> None:
    assert [entry.name for entry in result.capabilities] == ["concepts", "reasoning", "tasks"]
    parts = [result.entry(name) for name in ("fomc", "german_credit", "ner")]
    whole = result.entry("tasks")
    assert whole.difference == pytest.approx(np.mean([part.difference for part in parts]))
    assert (whole.n, whole.metric) == (sum(part.n for part in parts), "mean of task metrics")
    assert not whole.official and result.entry("concepts").official


def test_the_other_way_round_mirrors_every_number(own_logs: Logs, result: Comparison) -> None:
    mirrored = compare([own_logs.folder], "better", "base")
    opposite = {"better": "worse", "worse": "better"}
    for entry in (*result.tasks, *result.capabilities):
        other = mirrored.entry(entry.name)
        assert (other.difference, other.p, other.p_holm) == pytest.approx((-entry.difference, entry.p, entry.p_holm))
        assert (other.ci_low, other.ci_high) == pytest.approx((-entry.ci_high, -entry.ci_low))
        assert other.verdict == opposite.get(entry.verdict, entry.verdict)


def test_a_verdict_needs_a_difference_that_holms_p_supports(result: Comparison) -> None:
    assert result.entry("fin_terms").verdict == "better"
    for entry in (*result.tasks, *result.capabilities):
        assert entry.ci_low <= entry.difference <= entry.ci_high
        if entry.verdict == "no evidence":
            assert entry.p_holm >= 0.05
        else:
            assert entry.p_holm < 0.05 and (entry.verdict == "better") is (entry.difference > 0)
        assert entry.mde is not None and 0 < entry.mde < 1


@pytest.mark.parametrize(("baseline", "candidate"), [("base", "better"), ("better", "base")])
@pytest.mark.parametrize("margin", [0.01, 0.1, 0.5])
def test_with_a_margin_verdicts_are_of_what_was_kept(
    own_logs: Logs, baseline: str, candidate: str, margin: float
) -> None:
    found = compare([own_logs.folder], baseline, candidate, margin=margin)
    for task in ("fin_terms", "finqa"):
        a, b = values(own_logs.full[candidate, task]), values(own_logs.full[baseline, task])
        documents = {str(s.id): s.metadata.get("document") for s in own_logs.full["base", task].samples or []}
        ids = sorted(a)
        clusters = [documents[i] for i in ids] if task == "finqa" else None
        kept = retention_binary([a[i] for i in ids], [b[i] for i in ids], clusters, margin=margin)
        expected = "lost" if kept.lost else ("retained" if kept.retained else "inconclusive")
        assert found.entry(task).verdict == expected
        assert found.entry(task).n_needed == kept.n_needed
        assert (found.entry(task).ci_low, found.entry(task).ci_high) == (kept.low, kept.high)
    assert found.entry("finqa").interval_method == "tango-clustered"
    for entry in (*found.tasks, *found.capabilities):  # what is printed is what decided
        expected = "lost" if entry.ci_high < 0 else ("retained" if entry.ci_low > -margin else "inconclusive")
        assert entry.verdict == expected
    for entry in found.capabilities:
        assert entry.interval_method == "suite-tango"
    for task in ("fomc", "german_credit", "ner"):
        entry = found.entry(task)
        expected = "lost" if entry.ci_high < 0 else ("retained" if entry.ci_low > -margin else "inconclusive")
        assert entry.verdict == expected
    assert {entry.change for entry in found.tasks} <= {"better", "worse", "no evidence"}


def test_a_wide_margin_is_kept_by_a_model_that_is_better(own_logs: Logs) -> None:
    found = compare([own_logs.folder], "base", "better", margin=0.5)
    assert {entry.verdict for entry in (*found.tasks, *found.capabilities)} == {"retained"}


@pytest.mark.parametrize("margin", [0.0, -0.1, 1.0, 5.0])
def test_a_margin_that_makes_no_sense_is_refused(own_logs: Logs, margin: float) -> None:
    with pytest.raises(InputError, match="percentage points makes no sense"):
        compare([own_logs.folder], "base", "better", margin=margin)


def test_equal_answers_are_no_evidence(own_logs: Logs, copied: Callable[..., Path]) -> None:
    def rename(log: EvalLog) -> None:
        log.eval.metadata = {**(log.eval.metadata or {}), "finbench.model_name": "twin"}

    folder = copied("fomc", "base", rename, also=True)
    entry: Entry = compare([folder], "base", "twin").entry("fomc")
    assert (entry.difference, entry.p, entry.verdict) == (0.0, 1.0, "no evidence")
    assert compare([folder], "base", "twin", margin=0.01).entry("fomc").verdict in ("retained", "inconclusive")


def test_the_json_has_the_contracts_keys(own_logs: Logs) -> None:
    ran = CliRunner().invoke(
        main, ["compare", str(own_logs.folder), "--baseline", "base", "--candidate", "better", "--json"]
    )
    assert ran.exit_code == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert {"tasks", "capabilities"} <= set(found)
    for entry in (*found["tasks"], *found["capabilities"]):
        assert set(entry) >= ENTRY_KEYS
        assert entry["method"] in METHODS
    assert [entry["name"] for entry in found["tasks"]] == sorted(TASKS)
    assert all(line.startswith("finbench: ") for line in ran.stderr.strip().splitlines())
    assert "fin_terms: " in ran.stderr, "which logs counted is said"


def test_the_table_for_people_says_the_same(own_logs: Logs, result: Comparison) -> None:
    ran = CliRunner().invoke(main, ["compare", str(own_logs.folder), "--baseline", "base", "--candidate", "better"])
    assert ran.exit_code == 0
    line = next(line for line in ran.stdout.splitlines() if line.startswith("fin_terms"))
    entry = result.entry("fin_terms")
    assert f"{100 * entry.difference:+.1f}" in line and entry.verdict in line
    assert any("unofficial" in line for line in ran.stdout.splitlines() if line.startswith("fomc"))


# --- ranking, through the command


def test_a_ranking_has_the_contracts_keys_and_agrees_with_the_comparison(own_logs: Logs, result: Comparison) -> None:
    ran = CliRunner().invoke(main, ["rank", str(own_logs.folder), "--task", "fin_terms", "--json"])
    assert ran.exit_code == 0, ran.stderr
    first, second = json.loads(ran.stdout)["models"]
    assert set(first) >= {"model", "score", "ci_low", "ci_high", "rank_low", "rank_high", "tied_first", "n", "official"}
    assert (first["model"], second["model"]) == ("better", "base")
    assert first["score"] - second["score"] == pytest.approx(result.entry("fin_terms").difference)
    assert first["ci_low"] <= first["score"] <= first["ci_high"]
    assert (first["rank_low"], second["rank_low"], second["tied_first"]) == (1, 2, False)
    assert first["official"] is True
