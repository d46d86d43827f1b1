"""Rank intervals of models: Holm over all pairs, on one task or on a capability's mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from finbench.errors import InputError
from finbench.results.boards import Board, Contender, boards_of, labels_of
from finbench.results.pairing import data_flags
from finbench.results.runs import Run
from finbench.results.scores import ScoreInterval, label_set, score_interval
from finbench.results.vectors import vectors
from finbench.stats.aggregate import aggregate_pairs, aggregate_score
from finbench.stats.allpairs import AllPairsJackknife, all_pairs_jackknife
from finbench.stats.distributions import t_isf
from finbench.stats.families import holm_pairs
from finbench.stats.flags import may_claim
from finbench.stats.pairs import AllPairs, all_pairs_binary, all_pairs_t
from finbench.stats.ranks import rank_models
from finbench.stats.validation import FloatArray

ALPHA = 0.05
POWER = 0.8
#: Metrics that rest on a judge alone; no rank does.
_JUDGED = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRank:
    """Where a model stands.

    Attributes:
        model: public name, with the start of the checkpoint's hash where two share one.
        contender: the key that results know it by.
        score: the headline score, or the mean of several tasks' scores.
        ci_low: lower end of its 95 % interval.
        ci_high: upper end of it.
        rank_low: best rank that the pairwise decisions leave it, 1 + the number of significantly better models.
        rank_high: worst such rank.
        tied_first: whether no other model is significantly better.
        n: items, of all tasks together.
        runs: the runs that the score rests on, by task.
    """

    model: str
    contender: Contender
    score: float
    ci_low: float
    ci_high: float
    rank_low: int
    rank_high: int
    tied_first: bool
    n: int
    official: bool
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTest:
    """Two models of a ranking; all numbers are of the first minus the second.

    Attributes:
        p: two-sided, by itself.
        p_holm: after Holm over all pairs of the ranking.
        only_first: items that only the first has right, None where items are not right or wrong.
        only_second: items that only the second has right.
        mde: true difference that would show with 80 % power at the strictest level that Holm asks for (alpha over the
            number of pairs); None where nothing varies.
        better: name of the model that is significantly better, if one is.
    """

    first: str
    second: str
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_holm: float
    only_first: int | None
    only_second: int | None
    mde: float | None
    better: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRanked:
    """A model that a ranking leaves out, and why."""

    model: str
    contender: Contender
    reason: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Models that answered the same questions, with the ranks that the evidence allows.

    Attributes:
        board: the runs behind it.
        name: the capability or task, `all tasks` where none was asked for.
        tasks: the tasks whose scores are averaged.
        metric: headline metric, or `mean of task metrics`.
        official: whether every item set is the card's.
        method: how pairs were tested.
        models: best rank first, then worst rank, score and name.
        pairs: every pair once, in the order of `models`.
        not_ranked: models with a part of the tasks or with incomplete runs.
        no_claim: tasks with too few clusters for any claim; then all models are tied.
        flags: what a reader should know of the intervals and tests, as short words; see `finbench.results.report`.
    """

    board: Board
    name: str
    tasks: tuple[str, ...]
    metric: str
    official: bool
    method: str
    models: tuple[ModelRank, ...]
    pairs: tuple[PairTest, ...]
    not_ranked: tuple[NotRanked, ...]
    no_claim: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    alpha: float = ALPHA

    def as_json(self) -> dict[str, Any]:
        """The ranking as JSON values: the contract's `models`, and beside it what they rest on."""
        keys = ("model", "score", "ci_low", "ci_high", "rank_low", "rank_high", "tied_first", "n", "official")
        return {
            "name": self.name,
            "tasks": list(self.tasks),
            "metric": self.metric,
            "method": self.method,
            "official": self.official,
            "models": [{key: getattr(model, key) for key in keys} for model in self.models],
            "not_ranked": [{"model": one.model, "reason": one.reason} for one in self.not_ranked],
            "flags": list(self.flags),
        }


def rank_models_of(runs: Sequence[Run], *, capability: str | None = None, task: str | None = None) -> Ranking:
    """Rank the models that were run on the same items of the same tasks; the official set counts where there is one.

    Args:
        runs: runs of any models and tasks.
        capability: rank on the unweighted mean over the tasks of this capability.
        task: rank on this task, named with or without its package. With neither, on the mean over all tasks.

    Raises:
        InputError: if nothing can be ranked: no such capability or task, or no complete run.
    """
    found = rankings_of(runs, capability=capability, task=task)
    ranked = [ranking for ranking in found if ranking.models]
    if not ranked:
        reasons = "; ".join(f"{one.model}: {one.reason}" for ranking in found for one in ranking.not_ranked)
        raise InputError(f"nothing can be ranked, since no run is complete ({reasons}); run `finbench eval` again")
    several = [ranking for ranking in ranked if len(ranking.models) > 1]
    return (several or ranked)[0]


class Memory:
    """Scores and tests of runs, each computed once though a task counts for its own board and for its capability's.

    Keyed by identity: runs are large, and equal ones are the same object within one reading of the logs.
    """

    def __init__(self) -> None:
        self._scores: dict[int, tuple[Run, ScoreInterval]] = {}
        self._tests: dict[tuple[int, ...], tuple[Sequence[Run], _TaskTest]] = {}

    def score(self, run: Run) -> ScoreInterval:
        """The score of a run; see `score_interval`."""
        if id(run) not in self._scores:
            self._scores[id(run)] = (run, score_interval(run))
        return self._scores[id(run)][1]

    def know(self, run: Run, score: ScoreInterval) -> None:
        """Take a score that was computed before."""
        self._scores[id(run)] = (run, score)

    def test(self, runs: Sequence[Run]) -> _TaskTest:
        """All pairs of some runs of one task."""
        key = tuple(map(id, runs))
        if key not in self._tests:
            self._tests[key] = (runs, _test(runs))
        return self._tests[key][1]


def rankings_of(
    runs: Sequence[Run], *, capability: str | None = None, task: str | None = None, memory: Memory | None = None
) -> list[Ranking]:
    """All boards of a capability or task, official ones first; a board without complete runs has no ranked models.

    Args:
        runs: runs of any models and tasks.
        capability: see `rank_models_of`.
        task: see `rank_models_of`.
        memory: what several calls on the same runs share.

    Raises:
        InputError: if no run is of the capability or task, or only runs that a judge decides.
    """
    if capability is not None and task is not None:
        raise InputError("a ranking is of a capability or of a task: pass --capability or --task, not both")
    chosen = [run for run in runs if capability in (None, run.capability) and task in (None, *_names(run))]
    if not chosen:
        wanted, known = (
            ("capability", {run.capability or "none" for run in runs})
            if capability
            else ("task", {run.task for run in runs})
        )
        raise InputError(
            f"no log is of the {wanted} '{capability or task}'; the logs are of {', '.join(sorted(known))}"
        )
    if task is None:
        judged = sorted({run.task for run in chosen if is_judged(run)})
        chosen = [run for run in chosen if not is_judged(run)]
        if not chosen:
            raise InputError(
                f"only a judge decides {', '.join(judged)}, and no rank rests on that; pass --task to see one task"
            )
    labels = labels_of(Contender(model=run.model, checkpoint=run.checkpoint or "") for run in runs)
    return [_rank(board, capability or task or "all tasks", labels, memory or Memory()) for board in boards_of(chosen)]


def _names(run: Run) -> tuple[str, str]:
    return run.task, run.task.rpartition("/")[2]


def is_judged(run: Run) -> bool:
    """Whether the run's headline rests on a judge alone."""
    return run.metric == _JUDGED


def _rank(board: Board, name: str, labels: dict[Contender, str], memory: Memory) -> Ranking:
    contenders = sorted(board.runs, key=lambda one: labels[one])
    metrics = {question.metric for question in board.questions}
    not_ranked = tuple(
        NotRanked(model=labels[one.contender], contender=one.contender, reason=one.reason, runs=one.runs)
        for one in board.absent
    )
    models: tuple[ModelRank, ...] = ()
    pairs: tuple[PairTest, ...] = ()
    method = ""
    few: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    if contenders:
        tests = [memory.test([board.runs[one][index] for one in contenders]) for index in range(len(board.questions))]
        few = tuple(q.task for q, test in zip(board.questions, tests, strict=True) if not may_claim(test.clusters))
        flags = tuple(dict.fromkeys(flag for test in tests for flag in test.flags))
        whole = tests[0].pairs if len(tests) == 1 else aggregate_pairs([test.pairs for test in tests])
        p = np.ones_like(whole.p) if few else whole.p
        method = whole.method
        ranks = rank_models(whole.difference, p, alpha=ALPHA)
        scores = [_score([memory.score(run) for run in board.runs[one]]) for one in contenders]
        order = sorted(
            range(len(contenders)), key=lambda i: (ranks.low[i], ranks.high[i], -scores[i][0], labels[contenders[i]])
        )
        models = tuple(
            ModelRank(
                model=labels[contenders[i]],
                contender=contenders[i],
                score=scores[i][0],
                ci_low=scores[i][1],
                ci_high=scores[i][2],
                rank_low=ranks.low[i],
                rank_high=ranks.high[i],
                tied_first=ranks.tied_first[i],
                n=whole.n,
                official=board.official,
                runs=board.runs[contenders[i]],
            )
            for i in order
        )
        pairs = tuple(_pairs([labels[one] for one in contenders], order, whole, p, tests))
    return Ranking(
        board=board,
        name=name,
        tasks=board.tasks,
        metric=metrics.pop() if len(metrics) == 1 else "mean of task metrics",
        official=board.official,
        method=method,
        models=models,
        pairs=pairs,
        not_ranked=not_ranked,
        no_claim=few,
        flags=flags,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _TaskTest:
    """All pairs on one task; `only` counts the items that the row model alone has right, where items are 0 or 1."""

    pairs: AllPairs
    clusters: int | None
    only: FloatArray | None
    flags: tuple[str, ...]


def _test(runs: Sequence[Run]) -> _TaskTest:
    found = vectors(runs, labels=label_set(runs[0]))
    clusters = len(set(found.clusters)) if found.clusters else None
    only = found.values @ (1 - found.values).T if found.binary else None
    flags = tuple(data_flags(found))
    if found.is_corpus:
        jack = all_pairs_jackknife(found.metric, found.rows, clusters=found.clusters)
        return _TaskTest(pairs=_as_pairs(jack, clusters), clusters=clusters, only=only, flags=flags)
    if found.binary and clusters is None:
        return _TaskTest(pairs=all_pairs_binary(found.values), clusters=None, only=only, flags=flags)
    pairs = all_pairs_t(found.values, found.clusters, bounds=found.bounds)
    return _TaskTest(pairs=pairs, clusters=clusters, only=only, flags=flags)


def _as_pairs(jack: AllPairsJackknife, clusters: int | None) -> AllPairs:
    return AllPairs(
        difference=jack.difference,
        se=jack.se,
        df=np.full_like(jack.se, float(jack.df)),
        p=jack.p,
        ci_low=jack.ci_low,
        ci_high=jack.ci_high,
        degenerate=jack.degenerate,
        level=jack.level,
        n=jack.n,
        clusters=clusters,
        method="jackknife-t",
    )


def _score(found: Sequence[ScoreInterval]) -> tuple[float, float, float]:
    if len(found) == 1:
        return found[0].estimate, found[0].low, found[0].high
    whole = aggregate_score([one.part for one in found])
    return whole.estimate, whole.low, whole.high


def _pairs(
    names: Sequence[str], order: Sequence[int], whole: AllPairs, p: FloatArray, tests: Sequence[_TaskTest]
) -> list[PairTest]:
    adjusted = holm_pairs(p)
    family = max(1, len(order) * (len(order) - 1) // 2)
    only = [test.only for test in tests if test.only is not None]
    counts = np.sum(only, axis=0) if len(only) == len(tests) else None
    factors = _mde_factors(whole, ALPHA / family)
    found = []
    for place, i in enumerate(order):
        for j in order[place + 1 :]:
            difference, p_holm = float(whole.difference[i, j]), float(adjusted[i, j])
            better = None
            if p_holm <= ALPHA and difference != 0:
                better = names[i] if difference > 0 else names[j]
            discordant = None if counts is None else float(counts[i, j] + counts[j, i])
            found.append(
                PairTest(
                    first=names[i],
                    second=names[j],
                    difference=difference,
                    ci_low=float(whole.ci_low[i, j]),
                    ci_high=float(whole.ci_high[i, j]),
                    p=float(p[i, j]),
                    p_holm=p_holm,
                    only_first=None if counts is None else int(counts[i, j]),
                    only_second=None if counts is None else int(counts[j, i]),
                    mde=_detectable(whole, i, j, discordant, float(factors[i, j])),
                    better=better,
                )
            )
    return found


def _mde_factors(whole: AllPairs, alpha: float) -> FloatArray:
    """What standard errors are multiplied with for the difference that shows with 80 % power, shape (models, models).

    As `finbench.stats.power.mde`, for all pairs at once.
    """
    df = np.full_like(whole.se, np.inf) if whole.method == "mcnemar-midp+tango" else whole.df
    return np.asarray(t_isf(alpha / 2, df) + t_isf(1 - POWER, df), dtype=np.float64)


def _detectable(whole: AllPairs, i: int, j: int, discordant: float | None, factor: float) -> float | None:
    """The difference that shows with 80 % power; as in `finbench compare`, but at the level that Holm starts from."""
    if whole.method == "mcnemar-midp+tango" and discordant is not None:
        return factor * math.sqrt(max(discordant, 1.0)) / whole.n
    se = float(whole.se[i, j])
    return factor * se if se > 0 else None
