"""Which runs may stand in one table: the same questions, asked in the same way, of several models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from finbench.results.choosing import newest
from finbench.results.runs import Run, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What two runs must share to be ranked together: items, comparability, metric and settings."""

    task: str
    comparability: str
    metric: str
    items_sha256: str
    official: bool
    settings: Settings

    @property
    def order(self) -> tuple[str, ...]:
        """A key that sorts questions the same way whatever the order of the logs."""
        official = "official" if self.official else "unofficial"
        return (self.task, self.comparability, self.metric, self.items_sha256, official, repr(self.settings))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Contender:
    """A model as results know it: its public name and, for local weights, their fingerprint."""

    model: str
    checkpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A model that belongs to a board and cannot be ranked on it.

    Attributes:
        contender: the model.
        runs: its complete runs on questions of the board, by task.
        reason: why it is not ranked, as a clause.
    """

    contender: Contender
    runs: tuple[Run, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Models that answered the same questions.

    Attributes:
        questions: what was asked, sorted by task; one a task.
        official: whether every item set is the card's.
        runs: for each ranked model its complete runs, in the order of `questions`.
        absent: models with a part of the questions, or with incomplete runs, sorted by name.
    """

    questions: tuple[Question, ...]
    official: bool
    runs: dict[Contender, tuple[Run, ...]]
    absent: tuple[Absent, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the questions, sorted."""
        return tuple(question.task for question in self.questions)


_Pool = dict[Contender, dict[Question, Run]]


def question_of(run: Run) -> Question:
    """What a run was asked."""
    return Question(
        task=run.task,
        comparability=run.comparability,
        metric=run.metric,
        items_sha256=run.items_sha256,
        official=run.official,
        settings=run.settings,
    )


def contender_of(run: Run) -> Contender:
    """Whose run it is."""
    return Contender(model=run.model, checkpoint=run.checkpoint or "")


def labels_of(contenders: Iterable[Contender]) -> dict[Contender, str]:
    """What to call each model: its name, with the start of the checkpoint's hash where two share one."""
    known = sorted(set(contenders))
    shared = Counter(one.model for one in known)
    return {
        one: f"{one.model} ({one.checkpoint[:8] or 'no checkpoint'})" if shared[one.model] > 1 else one.model
        for one in known
    }


def boards_of(runs: Iterable[Run]) -> list[Board]:
    """Divide runs into boards; official sets first, and never in one board with others.

    Generated answers come before options weighed by log-likelihood, and never stand in one board with them.

    A board is the largest full block of models and tasks (models times tasks) among the task sets that models were run
    on; models with only a part of its tasks are listed as absent. What is left forms further boards: other item sets,
    settings or versions of the same tasks, and models that no board has yet.
    """
    complete: _Pool = {}
    broken: _Pool = {}
    for run in runs:
        pool = complete if run.complete else broken
        mine = pool.setdefault(contender_of(run), {})
        question = question_of(run)
        mine[question] = newest([run, mine[question]]) if question in mine else run
    boards: list[Board] = []
    for official, weighed in product((True, False), (False, True)):
        whole, part = (_restrict(pool, official=official, weighed=weighed) for pool in (complete, broken))
        boards.extend(_divide(whole, part, official))
    return boards


def _restrict(pool: _Pool, *, official: bool, weighed: bool) -> _Pool:
    def wanted(question: Question) -> bool:
        return question.official is official and question.settings.weighed is weighed

    chosen = {one: {q: run for q, run in mine.items() if wanted(q)} for one, mine in sorted(pool.items())}
    return {one: mine for one, mine in chosen.items() if mine}


def _divide(complete: _Pool, broken: _Pool, official: bool) -> list[Board]:
    boards: list[Board] = []
    seen: set[Contender] = set()
    tasks: set[str] = set()
    pool = complete
    while pool:
        if boards and not any(one not in seen or any(q.task in tasks for q in mine) for one, mine in pool.items()):
            break  # what is left are tasks beyond the board, of models that it has
        block = _best_block(pool)
        ranked = {one: tuple(mine[q] for q in block) for one, mine in pool.items() if all(q in mine for q in block)}
        absent = _absent(block, ranked, complete, broken)
        boards.append(Board(questions=block, official=official, runs=ranked, absent=absent))
        seen.update(ranked, (one.contender for one in absent))
        tasks.update(question.task for question in block)
        pool = {one: {q: run for q, run in mine.items() if q not in block} for one, mine in pool.items()}
        pool = {one: mine for one, mine in pool.items() if mine}
    for one in sorted(set(broken) - seen):
        if one not in seen:
            block = _one_a_task(broken[one], Counter())
            absent = _absent(block, {}, complete, broken)
            boards.append(Board(questions=block, official=official, runs={}, absent=absent))
            seen.update(other.contender for other in absent)
    return boards


def _best_block(pool: _Pool) -> tuple[Question, ...]:
    """The questions of the largest full block, by models times tasks; a block of two models before any of one."""
    support = Counter(question for mine in pool.values() for question in mine)
    whole = {frozenset(_one_a_task(mine, support)) for mine in pool.values()}
    candidates = whole | {first & second for first, second in combinations(sorted(whole, key=_order), 2)}

    def value(block: frozenset[Question]) -> tuple[bool, int, int]:
        models = sum(all(question in mine for question in block) for mine in pool.values())
        return models > 1, models * len(block), models

    best = max(sorted((block for block in candidates if block), key=_order), key=value)
    return tuple(sorted(best, key=lambda question: question.order))


def _one_a_task(mine: Iterable[Question], support: Counter[Question]) -> tuple[Question, ...]:
    """One question a task: the one that most models share."""
    chosen: dict[str, Question] = {}
    for question in sorted(mine, key=lambda question: (-support[question], question.order)):
        chosen.setdefault(question.task, question)
    return tuple(sorted(chosen.values(), key=lambda question: question.order))


def _order(block: Iterable[Question]) -> list[tuple[str, ...]]:
    return sorted(question.order for question in block)


def _absent(
    block: Sequence[Question], ranked: dict[Contender, tuple[Run, ...]], complete: _Pool, broken: _Pool
) -> tuple[Absent, ...]:
    found = []
    for one in sorted({*complete, *broken} - set(ranked)):
        whole, part = complete.get(one, {}), broken.get(one, {})
        done = tuple(whole[question] for question in block if question in whole)
        failed = [part[question] for question in block if question in part and question not in whole]
        if not done and not failed:
            continue
        missing = [q.task for q in block if q not in whole and q not in part]
        reasons = [f"{run.task} is incomplete ({_shortfall(run)})" for run in failed]
        if missing:
            reasons.append(f"not run on {', '.join(missing)}")
        found.append(Absent(contender=one, runs=done, reason="; ".join(reasons)))
    return tuple(found)


def _shortfall(run: Run) -> str:
    errors = run.outcomes["error"]
    return f"{errors} of {len(run.items)} samples are missing or ended in errors" if errors else f"status {run.status}"
