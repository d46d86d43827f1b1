"""Comparisons at the edges: nothing scored, samples missing, few items, few clusters, scales of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finbench.errors import InputError
from finbench.results.compare import compare_runs
from finbench.results.entries import Comparison
from finbench.results.report import report
from finbench.results.runs import ItemResult, Run, Settings
from finbench.results.vectors import vectors
from finbench.scoring.outcome import Outcome
from finbench.stats import corpus_retention
from finbench.stats.jackknife import jackknife_difference
from finbench.stats.metrics import macro_f1

SETTINGS = Settings(
    elicitation=None, fewshot=None, prompt_sha256=None, temperature=None, max_tokens=None, epochs=1, arguments=None
)
#: Scores of one model; None is a sample without a score.
Scores = Sequence[float | None]


def run_of(model: str, scores: Scores, *, metric: str = "accuracy", cluster: Callable[[int], str] | None = None) -> Run:
    """A run of somebody's task `quiz`; labels are a and b by turns, an answer is the label where it is right."""

    def item(place: int, score: float | None) -> ItemResult:
        label, other = "ab"[place % 2], "ba"[place % 2]
        label, other = ("c", "a") if place % 5 == 4 else (label, other)
        if score is None:
            return ItemResult(id=f"i{place:03}", epoch=1, outcome=Outcome.ERROR, value=0.0)
        return ItemResult(
            id=f"i{place:03}",
            epoch=1,
            outcome=Outcome.CORRECT if score >= 1 else Outcome.WRONG,
            value=score,
            gold=label,
            pred=label if score >= 1 else other,
            cluster=cluster(place) if cluster is not None else None,
        )

    return Run(
        path=Path(f"{model}.eval"),
        model=model,
        model_id=f"mockllm/{model}",
        checkpoint=None,
        task="quiz",
        version="0",
        metric=metric,
        capability=None,
        items_sha256="0" * 64,
        official=False,
        complete=None not in scores,
        created="2026-01-01T00:00:00+00:00",
        status="success",
        settings=SETTINGS,
        items=tuple(item(place, score) for place, score in enumerate(scores)),
        scorer="match",
        foreign=True,
    )


def pair(
    base: Scores, cand: Scores, *, margin: float | None = None, intersect: bool = False, **how: object
) -> Comparison:
    runs = [run_of("base", base, **how), run_of("cand", cand, **how)]  # type: ignore[arg-type]
    return compare_runs(runs, "base", "cand", margin=margin, intersect=intersect)


def bits(seed: int, share: float, n: int = 60) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).random(n) < share]


# --- samples without a score


def test_a_run_of_which_nothing_was_scored_is_refused() -> None:
    with pytest.raises(InputError, match=r"no sample of 'quiz' was scored in cand\.eval \(60 of 60 .* run it again"):
        pair(bits(1, 0.5), [None] * 60)
    with pytest.raises(InputError, match=r"in base\.eval"):
        pair([None] * 60, bits(1, 0.5))


def test_missing_samples_count_as_wrong_and_what_they_could_change_is_said() -> None:
    base, cand = bits(1, 0.5), bits(2, 0.7)
    expected = sum(cand[6:]) / 60 - sum(base[3:]) / 60
    found = pair([None] * 3 + base[3:], [None] * 6 + cand[6:])  # type: ignore[list-item]
    entry = found.entry("quiz")
    assert entry.difference == pytest.approx(expected)
    assert {"baseline_incomplete", "candidate_incomplete"} <= set(entry.flags)
    low, high = 100 * (expected - 3 / 60), 100 * (expected + 6 / 60)
    note = next(one for one in found.notes if "without a score" in one)
    assert "6 of 60 of cand, 3 of 60 of base" in note
    assert f"the difference lies between {low:+.1f} and {high:+.1f} points" in note
    assert note in report(found)
    assert not [one for one in pair(base, cand).notes if "without a score" in one]


def test_missing_answers_of_a_metric_of_labels() -> None:
    base, cand = bits(3, 0.6), bits(4, 0.8)
    whole = pair(base, [1.0] * 6 + cand[6:], metric="macro_f1").entry("quiz")
    least = pair(base, [None] * 6 + cand[6:], metric="macro_f1")  # type: ignore[list-item]
    (note,) = [one for one in least.notes if "without a score" in one]
    ends = f"{100 * least.entry('quiz').difference:+.1f} and {100 * whole.difference:+.1f} points"
    assert note.endswith(f"between {ends}")


def test_a_document_without_a_score_misses_the_entities_that_the_other_run_says_it_has() -> None:
    def documents(model: str, counts: Sequence[tuple[int, int, int] | None]) -> Run:
        run = run_of(model, [None if one is None else 0.5 for one in counts], metric="entity_f1")
        return replace(run, items=tuple(replace(i, counts=one) for i, one in zip(run.items, counts, strict=True)))

    full = documents("base", [(3, 0, 1), (2, 1, 0), (5, 0, 0)])
    found = vectors([documents("cand", [(3, 0, 1), (2, 1, 0), None]), full])
    assert found.rows[0, 2].tolist() == [0, 0, 5]
    assert vectors([documents("cand", [(1, 0, 0), None])]).rows[0, 1].tolist() == [0, 0, 1]


# --- few items, no variation


def test_one_item_is_refused_and_two_are_no_evidence() -> None:
    with pytest.raises(InputError, match=r"task 'quiz' cannot be compared: 1 independent .* score more items"):
        pair([0.0], [1.0])
    entry = pair([0.0, 0.0], [1.0, 1.0]).entry("quiz")
    assert (entry.verdict, entry.p) == ("no evidence", 0.25)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_equal_answers_are_no_certainty(score: float) -> None:
    entry = pair([score] * 20, [score] * 20, margin=0.05).entry("quiz")
    half = 1.959963984540054**2 / (20 + 1.959963984540054**2)
    assert (entry.ci_low, entry.ci_high) == pytest.approx((-half, half))
    assert (entry.p, entry.verdict) == (1.0, "inconclusive")
    assert entry.n_needed is not None and entry.n_needed > 20


# --- few clusters


def test_two_clusters_claim_nothing_and_promise_nothing() -> None:
    entry = pair(bits(1, 0.3), bits(2, 0.9), margin=0.05, cluster=lambda i: f"d{i % 2}").entry("quiz")
    assert entry.clusters == 2 and "no_claim" in entry.flags
    assert (entry.verdict, entry.change, entry.n_needed) == ("inconclusive", "no evidence", None)


def test_one_cluster_of_all_items_is_refused() -> None:
    with pytest.raises(InputError, match=r"1 independent cluster.* declare a finer cluster"):
        pair(bits(1, 0.3), bits(2, 0.9), cluster=lambda _: "the one book")


# --- retention


def test_an_inconclusive_metric_of_labels_says_what_would_settle_it() -> None:
    base, cand = bits(5, 0.7), bits(6, 0.7)
    entry = pair(base, cand, metric="macro_f1", margin=0.02).entry("quiz")
    assert (entry.verdict, entry.interval_method) == ("inconclusive", "jackknife-t")
    runs = vectors([run_of("cand", cand, metric="macro_f1"), run_of("base", base, metric="macro_f1")])
    jack = jackknife_difference(macro_f1(3), runs.rows[0], runs.rows[1])
    assert entry.n_needed == corpus_retention.retention_jackknife(jack, margin=0.02).n_needed
    assert entry.n_needed is not None
    wide = corpus_retention.retention_jackknife(jack, margin=0.9)
    assert (wide.retained, wide.n_needed, wide.clusters) == (True, None, None)
    assert wide.p_retained < 0.025


def test_a_margin_in_points_says_nothing_of_scores_that_are_no_shares() -> None:
    base, cand = ([20 * one + place for place, one in enumerate(bits(seed, 0.5))] for seed in (7, 8))
    found, plain = (pair(base, cand, metric="mean", margin=margin) for margin in (0.05, None))
    entry = found.entry("quiz")
    assert entry.verdict == entry.change == plain.entry("quiz").verdict
    assert "scale_not_0_to_1" in entry.flags
    assert "quiz: scores are no shares, so a margin in points says nothing of them" in found.notes
    text = report(found)
    assert "Inconclusive" not in text and "on a scale of their own: quiz" in text


# --- other sets


def test_what_is_left_out_is_said() -> None:
    runs = [run_of("base", bits(1, 0.5, 50)), run_of("cand", bits(2, 0.5, 44))]
    with pytest.raises(InputError, match="pass --intersect"):
        compare_runs(runs, "base", "cand")
    found = compare_runs(runs, "base", "cand", intersect=True)
    assert found.entry("quiz").n == 44 and "intersect" in found.entry("quiz").flags
    assert any(one.endswith("6 of 50 of base, 0 of 44 of cand") for one in found.notes)


# --- recipes


def test_three_seeds_and_retention() -> None:
    seeds = [run_of(f"tuned-seed{seed}", bits(seed, 0.8, 200)) for seed in (1, 2, 3)]
    runs = [run_of("base", bits(9, 0.5, 200)), *seeds]
    entry = compare_runs(runs, "base", [one.model for one in seeds], margin=0.05).entry("quiz")
    assert (entry.method, entry.verdict) == ("two-way-t", "retained")
    assert "few_seeds" in entry.flags  # three, against one checkpoint
    with pytest.raises(InputError, match="no sample of 'quiz' was scored"):
        compare_runs([run_of("base", [None] * 200), *seeds], "base", [one.model for one in seeds])
